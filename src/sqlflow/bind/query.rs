//! Queries: WITH, recursion, set operations, VALUES.

use std::cell::Cell;
use std::rc::Rc;

use sqlparser::ast::{Cte as CteAst, Expr, Query, SetExpr, SetQuantifier, Statement, Values, With};

use super::super::lineage::{Influence, RowInfluence};
use super::super::names::Name;
use super::scope::{Cte, Env, Scope};
use super::{Acc, Binder, Column, Lin};

/// How often a recursive query is read before its lineage must stand still.
const MAX_ROUNDS: usize = 16;

impl Binder<'_> {
    /// The columns of a subquery inside an expression.
    pub(super) fn subquery(&mut self, query: &Query, scope: &Scope<'_>) -> Rc<[Column]> {
        self.query(query, &scope.env, Some(scope))
    }

    /// One expression as a relation of one column: a function's body.
    pub(in crate::sqlflow) fn expression(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
    ) -> Rc<[Column]> {
        let lin = self.lineage(expr, scope);
        let name = self.names.intern("EXPR$0");
        Rc::from([Column { name, lin, star: None, item: None }])
    }

    /// All columns of a base table.
    pub(in crate::sqlflow) fn all_columns(&mut self, table: super::TableId) -> Vec<Column> {
        let columns = self.tables[table as usize].columns.clone();
        self.columns_of(&super::scope::Rel {
            qualifier: super::scope::Qualifier::Unnamed,
            content: super::scope::Content::Base { table, columns },
        })
    }

    /// The columns a query gives, in order.
    pub(in crate::sqlflow) fn query(
        &mut self,
        query: &Query,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Rc<[Column]> {
        let env = match &query.with {
            Some(with) => self.with(with, env, parent),
            None => env.clone(),
        };
        match query.body.as_ref() {
            SetExpr::Select(select) => {
                self.select(select, query.order_by.as_ref(), &env, parent).into()
            }
            body => {
                let columns = self.set_expr(body, &env, parent);
                if let Some(order) = &query.order_by {
                    self.order_outputs(order, &columns, &env, parent);
                }
                columns
            }
        }
    }

    pub(super) fn with(&mut self, with: &With, env: &Env, parent: Option<&Scope<'_>>) -> Env {
        let mut env = env.clone();
        for cte in &with.cte_tables {
            let name = self.name(&cte.alias.name);
            let outer_rows = std::mem::take(&mut self.rows);
            let recursive = with.recursive || self.flavour.recursive_without_keyword();
            let columns = if recursive && is_union(&cte.query) {
                self.recursive_cte(cte, name, &env, parent)
            } else {
                let columns = self.query(&cte.query, &env, parent);
                self.renamed(columns, &cte.alias.columns)
            };
            let rows = std::mem::replace(&mut self.rows, outer_rows).list;
            env = Some(self.bound(name, columns, rows, env));
        }
        env
    }

    fn bound(
        &self,
        name: Name,
        columns: Rc<[Column]>,
        rows: Vec<(u32, RowInfluence)>,
        outer: Env,
    ) -> Rc<Cte> {
        let name = self.names.folded(name);
        Rc::new(Cte { name, columns, rows, used: Cell::new(false), outer })
    }

    /// Reads a recursive query again with what it gave until that no longer grows.
    fn recursive_cte(
        &mut self,
        cte: &CteAst,
        name: Name,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Rc<[Column]> {
        let mut anchor = cte.query.body.as_ref();
        while let SetExpr::SetOperation { left, .. } = anchor {
            anchor = left;
        }
        let inner = match &cte.query.with {
            Some(with) => self.with(with, env, parent),
            None => env.clone(),
        };
        let columns = self.set_expr(anchor, &inner, parent);
        let mut columns = self.renamed(columns, &cte.alias.columns);
        for _ in 0..MAX_ROUNDS {
            let own = self.bound(name, Rc::clone(&columns), Vec::new(), env.clone());
            let next = self.query(&cte.query, &Some(Rc::clone(&own)), parent);
            let next = self.renamed(next, &cte.alias.columns);
            let settled = !own.used.get() || same_lineage(&next, &columns);
            columns = next;
            if settled {
                break;
            }
        }
        columns
    }

    /// Gives columns the names of a column list.
    pub(super) fn renamed(
        &mut self,
        columns: Rc<[Column]>,
        list: &[sqlparser::ast::TableAliasColumnDef],
    ) -> Rc<[Column]> {
        if list.is_empty() {
            return columns;
        }
        let names: Vec<Name> = list.iter().map(|def| self.name(&def.name)).collect();
        Self::renamed_to(&columns, &names)
    }

    pub(in crate::sqlflow) fn renamed_to(columns: &[Column], names: &[Name]) -> Rc<[Column]> {
        if let [star] = columns
            && star.star.is_some()
            && !names.is_empty()
        {
            // A list over an unknown star: the names are certain, their sources are not.
            return names
                .iter()
                .map(|name| Column { name: *name, star: None, ..star.clone() })
                .collect();
        }
        columns
            .iter()
            .enumerate()
            .map(|(index, column)| match names.get(index) {
                Some(name) => Column { name: *name, ..column.clone() },
                None => column.clone(),
            })
            .collect()
    }

    pub(super) fn set_expr(
        &mut self,
        body: &SetExpr,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Rc<[Column]> {
        match body {
            SetExpr::Select(select) => self.select(select, None, env, parent).into(),
            SetExpr::Query(query) => self.query(query, env, parent),
            SetExpr::SetOperation { .. } => self.set_operation(body, env, parent),
            SetExpr::Values(values) => self.values(values, env, parent),
            SetExpr::Table(table) => {
                let mut parts = Vec::new();
                for ident in table.schema_name.iter().chain(&table.table_name) {
                    let name = self.name(ident);
                    parts.push(name);
                }
                let rel =
                    self.named_relation(&parts, None, sqlparser::tokenizer::Span::empty(), env);
                self.columns_of(&rel).into()
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                if let Statement::Insert(insert) = statement
                    && let Some(query) = &insert.source
                {
                    return self.query(query, env, parent);
                }
                // `WITH gone AS (DELETE … RETURNING *)` gives rows of its target.
                let Some(target) = self.dml_in(statement, env).target else { return Rc::from([]) };
                self.read(target);
                self.all_columns(target).into()
            }
        }
    }

    /// `a UNION b UNION c …` leans left as deep as it is long, so it is read in a loop.
    fn set_operation(
        &mut self,
        body: &SetExpr,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Rc<[Column]> {
        let mut rights = Vec::new();
        let mut next = body;
        while let SetExpr::SetOperation { left, right, set_quantifier, .. } = next {
            rights.push((right.as_ref(), *set_quantifier));
            next = left;
        }
        let first = self.set_expr(next, env, parent);
        let mut names: Vec<Column> = first.to_vec();
        let mut accs: Vec<Acc> = first
            .iter()
            .map(|column| {
                let mut acc = Acc::new();
                acc.add(&column.lin, Influence::Identity);
                acc
            })
            .collect();
        for (right, quantifier) in rights.into_iter().rev() {
            let columns = self.set_expr(right, env, parent);
            let by_name = matches!(
                quantifier,
                SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
            );
            if by_name {
                self.unite_by_name(&mut names, &mut accs, &columns);
            } else {
                unite(&mut names, &mut accs, &columns);
            }
        }
        names
            .into_iter()
            .zip(accs)
            .map(|(column, acc)| Column { lin: acc.finish(), ..column })
            .collect()
    }

    fn unite_by_name(&mut self, names: &mut Vec<Column>, accs: &mut Vec<Acc>, right: &[Column]) {
        for column in right {
            let known = names.iter().position(|known| self.names.same(known.name, column.name));
            let index = known.unwrap_or_else(|| {
                names.push(column.clone());
                accs.push(Acc::new());
                names.len() - 1
            });
            accs[index].add(&column.lin, Influence::Identity);
        }
    }

    fn values(&mut self, values: &Values, env: &Env, parent: Option<&Scope<'_>>) -> Rc<[Column]> {
        let scope = Scope::new(parent, env.clone());
        let width = values.rows.iter().map(|row| row.content.len()).max().unwrap_or(0);
        let mut accs: Vec<Acc> = (0..width).map(|_| Acc::new()).collect();
        for row in &values.rows {
            for (expr, acc) in row.content.iter().zip(&mut accs) {
                if !matches!(expr, Expr::Value(_)) {
                    self.walk(expr, &scope, Influence::Identity, acc);
                }
            }
        }
        accs.into_iter()
            .enumerate()
            .map(|(index, acc)| Column {
                name: self.names.intern(&format!("EXPR${index}")),
                lin: acc.finish(),
                star: None,
                item: None,
            })
            .collect()
    }

    /// Adds the row influences of a CTE where it is read.
    pub(super) fn merge_rows(&mut self, cte: &Cte) {
        cte.used.set(true);
        for (column, influence) in &cte.rows {
            self.rows.add(*column, *influence);
        }
    }
}

/// Adds the columns of a further branch by position.
fn unite(names: &mut [Column], accs: &mut [Acc], right: &[Column]) {
    let open_left = names.iter().any(|column| column.star.is_some());
    let open_right = right.iter().any(|column| column.star.is_some());
    if names.len() == right.len() || (!open_left && !open_right) {
        for (acc, column) in accs.iter_mut().zip(right) {
            acc.add(&column.lin, Influence::Identity);
        }
        return;
    }
    // Positions are lost behind a star of unknown width: certain up to the first one.
    let certain = names
        .iter()
        .zip(right)
        .take_while(|(left, right)| left.star.is_none() && right.star.is_none())
        .count();
    for (acc, column) in accs.iter_mut().zip(right).take(certain) {
        acc.add(&column.lin, Influence::Identity);
    }
    for (index, acc) in accs.iter_mut().enumerate().skip(certain) {
        let to_star = names[index].star.is_some();
        for column in &right[certain.min(right.len())..] {
            if to_star || column.star.is_some() {
                acc.add(&column.lin, Influence::Identity);
            }
        }
    }
}

fn same_lineage(a: &[Column], b: &[Column]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.lin.kind == b.lin.kind && {
                let (a, b) = (a.lin.edges.as_slice(), b.lin.edges.as_slice());
                a.len() == b.len() && a.iter().all(|edge| b.contains(edge))
            }
        })
}

fn is_union(query: &Query) -> bool {
    matches!(query.body.as_ref(), SetExpr::SetOperation { .. })
}

impl Lin {
    /// Whether anything flows.
    pub(super) fn is_sourceless(&self) -> bool {
        self.edges.as_slice().is_empty()
    }
}
