//! Queries: WITH, set operations, SELECT with its clauses, VALUES.

use std::cell::Cell;
use std::rc::Rc;

use sqlparser::ast::{
    Cte as CteAst, Distinct, Expr, GroupByExpr, GroupByWithModifier, NamedWindowExpr, OrderBy,
    OrderByKind, Query, Select, SelectItem, SetExpr, Statement, Value, Values, With,
};

use super::super::lineage::{Influence, Kind, RowInfluence};
use super::super::names::Name;
use super::scope::{Alias, AliasUse, Cte, Env, Scope};
use super::{Acc, Binder, Column, Lin, Rows};

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
            env = self.bound(name, columns, rows, env);
        }
        env
    }

    fn bound(
        &self,
        name: Name,
        columns: Rc<[Column]>,
        rows: Vec<(u32, RowInfluence)>,
        outer: Env,
    ) -> Env {
        let name = self.names.folded(name);
        Some(Rc::new(Cte { name, columns, rows, used: Cell::new(false), outer }))
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
            let next = self.query(&cte.query, &own, parent);
            let next = self.renamed(next, &cte.alias.columns);
            let used = own.as_ref().is_some_and(|cte| cte.used.get());
            let settled = !used || same_lineage(&next, &columns);
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
        self.renamed_to(&columns, &names)
    }

    pub(in crate::sqlflow) fn renamed_to(
        &mut self,
        columns: &[Column],
        names: &[Name],
    ) -> Rc<[Column]> {
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
                Rc::from([])
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
            use sqlparser::ast::SetQuantifier as Q;
            if matches!(quantifier, Q::ByName | Q::AllByName | Q::DistinctByName) {
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
            match names.iter().position(|known| self.names.same(known.name, column.name)) {
                Some(index) => accs[index].add(&column.lin, Influence::Identity),
                None => {
                    names.push(column.clone());
                    let mut acc = Acc::new();
                    acc.add(&column.lin, Influence::Identity);
                    accs.push(acc);
                }
            }
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

    fn select(
        &mut self,
        select: &Select,
        order: Option<&OrderBy>,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Vec<Column> {
        let mut scope = Scope::new(parent, env.clone());
        for item in &select.from {
            self.from_item(item, &mut scope);
        }
        for view in &select.lateral_views {
            self.lateral_view(view, &mut scope);
        }
        for definition in &select.named_window {
            let mut acc = Acc::new();
            match &definition.1 {
                NamedWindowExpr::NamedWindow(ident) => {
                    self.named_window(&ident.value, &scope, Influence::Identity, &mut acc);
                }
                NamedWindowExpr::WindowSpec(spec) => {
                    self.window_spec(spec, &scope, Influence::Identity, &mut acc);
                }
            }
            let name = self.name(&definition.0);
            scope.windows.push((name, acc.finish()));
        }
        let number = u32::try_from(self.selects.len()).unwrap_or(u32::MAX);
        self.selects.push(select.select_token.0.span.start);
        scope.alias_use = AliasUse::BeforeOpen;
        let mut columns = Vec::with_capacity(select.projection.len());
        for (index, item) in select.projection.iter().enumerate() {
            let first = columns.len();
            self.select_item(item, index, &mut scope, &mut columns);
            let item = u32::try_from(index).unwrap_or(u32::MAX);
            columns[first..].iter_mut().for_each(|column| column.item = Some((number, item)));
        }
        if columns.is_empty() && select.projection.is_empty() {
            columns = self.star(&scope);
        }
        scope.alias_use = AliasUse::Last;
        for filter in select.prewhere.iter().chain(&select.selection) {
            self.decides(filter, &scope, RowInfluence::Filter);
        }
        for clause in &select.connect_by {
            use sqlparser::ast::ConnectByKind;
            match clause {
                ConnectByKind::ConnectBy { relationships, .. } => {
                    for expr in relationships {
                        self.decides(expr, &scope, RowInfluence::Filter);
                    }
                }
                ConnectByKind::StartWith { condition, .. } => {
                    self.decides(condition, &scope, RowInfluence::Filter);
                }
            }
        }
        self.group_by(&select.group_by, &columns, &mut scope);
        if let Some(Distinct::On(keys)) = &select.distinct {
            for key in keys {
                self.key(key, &columns, &scope, RowInfluence::GroupBy, false);
            }
        }
        scope.alias_use = AliasUse::First;
        for filter in select.having.iter().chain(&select.qualify) {
            self.decides(filter, &scope, RowInfluence::Filter);
        }
        if let Some(order) = order {
            self.order_by(order, &columns, &scope);
        }
        for key in &select.sort_by {
            self.key(&key.expr, &columns, &scope, RowInfluence::Sort, true);
        }
        columns
    }

    fn select_item(
        &mut self,
        item: &SelectItem,
        index: usize,
        scope: &mut Scope<'_>,
        columns: &mut Vec<Column>,
    ) {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let lin = self.lineage(expr, scope);
                let name = self.implied_name(expr, index);
                columns.push(Column { name, lin, star: None, item: None });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let lin = self.lineage(expr, scope);
                let name = self.name(alias);
                let shadows_column = lin
                    .edges
                    .as_slice()
                    .iter()
                    .any(|edge| self.names.same(self.columns[edge.column as usize].1, name));
                scope.aliases.push(Alias { name, lin: lin.clone(), shadows_column });
                columns.push(Column { name, lin, star: None, item: None });
            }
            SelectItem::ExprWithAliases { expr, aliases } => {
                let lin = self.lineage(expr, scope);
                for alias in aliases {
                    let name = self.name(alias);
                    columns.push(Column { name, lin: lin.clone(), star: None, item: None });
                }
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                let mut given = self.qualified_star(kind, scope);
                self.star_options(&mut given, options, scope);
                columns.append(&mut given);
            }
            SelectItem::Wildcard(options) => {
                let mut given = self.star(scope);
                self.star_options(&mut given, options, scope);
                columns.append(&mut given);
            }
        }
    }

    /// The name of a select item without alias.
    fn implied_name(&mut self, expr: &Expr, index: usize) -> Name {
        let ident = match expr {
            Expr::Identifier(ident) => Some(ident),
            Expr::CompoundIdentifier(parts) => parts.last(),
            Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
                Some(sqlparser::ast::AccessExpr::Dot(Expr::Identifier(ident))) => Some(ident),
                _ => None,
            },
            Expr::Nested(inner) => return self.implied_name(inner, index),
            Expr::Cast { expr, .. } if self.flavour.names_casts() => {
                return self.implied_name(expr, index);
            }
            _ => None,
        };
        match ident {
            Some(ident) => self.name(ident),
            None if self.flavour.names_expressions_by_text() => {
                self.names.intern(&expr.to_string())
            }
            None => self.names.intern(&format!("EXPR${index}")),
        }
    }

    fn group_by(&mut self, group: &GroupByExpr, columns: &[Column], scope: &mut Scope<'_>) {
        scope.alias_use = AliasUse::First;
        let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) = group;
        match group {
            GroupByExpr::All(_) => {
                for column in columns {
                    if column.lin.kind < Kind::Aggregation {
                        self.rows.add_all(column.lin.edges.as_slice(), RowInfluence::GroupBy);
                    }
                }
            }
            GroupByExpr::Expressions(keys, _) => {
                for key in keys {
                    self.group_key(key, columns, scope);
                }
            }
        }
        for modifier in modifiers {
            if let GroupByWithModifier::GroupingSets(expr) = modifier {
                self.group_key(expr, columns, scope);
            }
        }
    }

    fn group_key(&mut self, key: &Expr, columns: &[Column], scope: &Scope<'_>) {
        match key {
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                for key in sets.iter().flatten() {
                    self.group_key(key, columns, scope);
                }
            }
            Expr::Tuple(keys) => {
                for key in keys {
                    self.group_key(key, columns, scope);
                }
            }
            Expr::Nested(key) => self.group_key(key, columns, scope),
            _ => self.key(key, columns, scope, RowInfluence::GroupBy, false),
        }
    }

    /// A key of GROUP BY or ORDER BY: an ordinal, an alias or an expression.
    fn key(
        &mut self,
        key: &Expr,
        columns: &[Column],
        scope: &Scope<'_>,
        how: RowInfluence,
        alias_first: bool,
    ) {
        if let Some(column) = ordinal(key).and_then(|number| columns.get(number)) {
            self.rows.add_all(column.lin.edges.as_slice(), how);
            return;
        }
        if alias_first && let Expr::Identifier(ident) = key {
            let name = self.name(ident);
            if let Some(column) =
                columns.iter().find(|c| c.star.is_none() && self.names.same(c.name, name))
            {
                self.rows.add_all(column.lin.edges.as_slice(), how);
                return;
            }
        }
        self.decides(key, scope, how);
    }

    fn order_by(&mut self, order: &OrderBy, columns: &[Column], scope: &Scope<'_>) {
        match &order.kind {
            OrderByKind::All(_) => {
                for column in columns {
                    self.rows.add_all(column.lin.edges.as_slice(), RowInfluence::Sort);
                }
            }
            OrderByKind::Expressions(keys) => {
                for key in keys {
                    self.key(&key.expr, columns, scope, RowInfluence::Sort, true);
                }
            }
        }
    }

    /// ORDER BY behind a set operation sees its output columns only.
    fn order_outputs(
        &mut self,
        order: &OrderBy,
        columns: &Rc<[Column]>,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) {
        let mut scope = Scope::new(parent, env.clone());
        scope.rels.push(super::scope::Rel {
            qualifier: super::scope::Qualifier::Unnamed,
            content: super::scope::Content::Derived(Rc::clone(columns)),
        });
        self.order_by(order, columns, &scope);
    }

    /// Adds the row influences of a CTE where it is read.
    pub(super) fn merge_rows(&mut self, cte: &Cte) {
        cte.used.set(true);
        for (column, influence) in &cte.rows {
            self.rows.add(*column, *influence);
        }
    }

    /// Takes the rows collected so far.
    pub(super) fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
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

/// `ORDER BY 2` means the second column: its index.
fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        Expr::Nested(inner) => ordinal(inner),
        _ => None,
    }
}

impl Lin {
    /// Whether anything flows.
    pub(super) fn is_sourceless(&self) -> bool {
        self.edges.as_slice().is_empty()
    }
}
