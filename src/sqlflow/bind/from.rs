//! FROM: tables, subqueries, joins, table functions.

use std::rc::Rc;

use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, JsonTableColumn, LateralView, TableAlias,
    TableFactor, TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::super::lineage::{Influence, RowInfluence};
use super::super::names::Name;
use super::scope::{Content, Env, Merged, Qualifier, Rel, Scope, find_cte};
use super::{Acc, Binder, Column, Lin};

impl Binder<'_> {
    /// Adds the relations of one comma-separated item of FROM.
    pub(super) fn add_item(&mut self, item: &TableWithJoins, scope: &mut Scope<'_>) {
        let start = scope.rels.len();
        self.factor(&item.relation, scope);
        for join in &item.joins {
            self.join(join, start, scope);
        }
    }

    fn join(&mut self, join: &Join, start: usize, scope: &mut Scope<'_>) {
        use JoinOperator as J;
        if matches!(join.join_operator, J::ArrayJoin | J::LeftArrayJoin | J::InnerArrayJoin) {
            // What is joined is a column of the left side, under its own name.
            return;
        }
        let right = scope.rels.len();
        self.factor(&join.relation, scope);
        let constraint = match &join.join_operator {
            J::Join(c)
            | J::Inner(c)
            | J::Left(c)
            | J::LeftOuter(c)
            | J::Right(c)
            | J::RightOuter(c)
            | J::FullOuter(c)
            | J::CrossJoin(c)
            | J::Semi(c)
            | J::LeftSemi(c)
            | J::RightSemi(c)
            | J::Anti(c)
            | J::LeftAnti(c)
            | J::RightAnti(c)
            | J::StraightJoin(c) => c,
            J::AsOf { match_condition, constraint } => {
                self.decides(match_condition, scope, RowInfluence::Join);
                constraint
            }
            J::CrossApply | J::OuterApply | J::ArrayJoin | J::LeftArrayJoin | J::InnerArrayJoin => {
                return;
            }
        };
        let semi =
            matches!(join.join_operator, J::Semi(_) | J::LeftSemi(_) | J::Anti(_) | J::LeftAnti(_));
        match constraint {
            JoinConstraint::On(condition) => self.decides(condition, scope, RowInfluence::Join),
            JoinConstraint::Using(names) | JoinConstraint::UsingAlias(names, _) => {
                for name in names {
                    let Some(name) = self.last_part(name) else { continue };
                    if semi {
                        for (from, to) in [(start, right), (right, scope.rels.len())] {
                            let rels = scope.rels[from..to].to_vec();
                            let (lin, _) = self.side(&rels, from, name);
                            self.rows.add_all(lin.edges.as_slice(), RowInfluence::Join);
                        }
                    } else {
                        self.merge(name, start, right, scope);
                    }
                }
            }
            JoinConstraint::Natural => {
                for name in self.common_names(start, right, scope) {
                    self.merge(name, start, right, scope);
                }
            }
            JoinConstraint::None => {}
        }
        // The right side of a semi join gives no columns.
        if semi {
            for rel in &mut scope.rels[right..] {
                rel.content = Content::Derived(Rc::from([]));
            }
        }
    }

    /// Merges the columns called `name` left and right of a join.
    fn merge(&mut self, name: Name, start: usize, right: usize, scope: &mut Scope<'_>) {
        let right_rels = scope.rels[right..].to_vec();
        let (right_lin, mut rels) = self.side(&right_rels, right, name);
        let known = scope.merged.iter().position(|merged| self.names.same(merged.name, name));
        self.rows.add_all(right_lin.edges.as_slice(), RowInfluence::Join);
        if let Some(index) = known {
            for side in scope.merged[index].sides.clone() {
                self.rows.add_all(side.edges.as_slice(), RowInfluence::Join);
            }
            let merged = &mut scope.merged[index];
            if !merged.sides.contains(&right_lin) {
                merged.sides.push(right_lin);
            }
            merged.rels.append(&mut rels);
            return;
        }
        let left_rels = scope.rels[start..right].to_vec();
        let (left_lin, left) = self.side(&left_rels, start, name);
        self.rows.add_all(left_lin.edges.as_slice(), RowInfluence::Join);
        rels.extend(left);
        scope.merged.push(Merged { name, sides: vec![left_lin, right_lin], rels });
    }

    fn common_names(&mut self, start: usize, right: usize, scope: &Scope<'_>) -> Vec<Name> {
        let names_of = |binder: &mut Self, rels: &[Rel]| -> Vec<Name> {
            rels.iter()
                .flat_map(|rel| binder.columns_of(rel))
                .filter(|column| column.star.is_none())
                .map(|column| column.name)
                .collect()
        };
        let left = names_of(self, &scope.rels[start..right]);
        let right = names_of(self, &scope.rels[right..]);
        let mut common: Vec<Name> = Vec::new();
        for name in left {
            if right.iter().any(|other| self.names.same(*other, name))
                && !common.iter().any(|other| self.names.same(*other, name))
            {
                common.push(name);
            }
        }
        common
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. }
            | TableFactor::SemanticView { name, alias, .. } => {
                let parts = self.parts(name);
                let rel =
                    self.named_relation(&parts, alias.as_ref(), Self::last_span(name), &scope.env);
                scope.rels.push(rel);
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.called(name, &args.args, alias.as_ref(), scope);
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.called(name, args, alias.as_ref(), scope);
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let columns = if *lateral || self.flavour.derived_tables_see_siblings() {
                    self.query(subquery, &scope.env, Some(scope))
                } else {
                    self.query(subquery, &scope.env, scope.parent)
                };
                self.push_derived(columns, alias.as_ref(), scope);
            }
            TableFactor::TableFunction { expr, alias } => {
                self.table_function(expr, alias.as_ref(), scope);
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset_alias, .. } => {
                let values: Vec<Lin> = array_exprs
                    .iter()
                    .map(|expr| self.lineage(expr, scope).transformed())
                    .collect();
                self.push_values(&values, alias.as_ref(), scope);
                if let Some(offset) = with_offset_alias {
                    let name = self.name(offset);
                    let column = Column { name, lin: Lin::CONSTANT, star: None, item: None };
                    scope.rels.push(Rel {
                        qualifier: Qualifier::Unnamed,
                        content: Content::Derived(Rc::from([column])),
                    });
                }
            }
            TableFactor::NestedJoin { table_with_joins, alias } => match alias {
                None => self.add_item(table_with_joins, scope),
                Some(alias) => {
                    let mut inner = Scope::new(scope.parent, scope.env.clone());
                    self.add_item(table_with_joins, &mut inner);
                    let columns = self.star(&inner);
                    self.push_derived(columns.into(), Some(alias), scope);
                }
            },
            TableFactor::JsonTable { json_expr, columns, alias, .. } => {
                let lin = self.lineage(json_expr, scope).transformed();
                let mut names = Vec::new();
                json_columns(columns, &mut names);
                self.push_fields(&lin, names, alias.as_ref(), scope);
            }
            TableFactor::OpenJsonTable { json_expr, columns, alias, .. } => {
                let lin = self.lineage(json_expr, scope).transformed();
                let names = columns.iter().map(|column| &column.name).collect();
                self.push_fields(&lin, names, alias.as_ref(), scope);
            }
            TableFactor::XmlTable { passing, columns, alias, .. } => {
                let mut acc = Acc::new();
                for argument in &passing.arguments {
                    self.walk(&argument.expr, scope, Influence::Transformation, &mut acc);
                }
                let lin = acc.finish().transformed();
                let names = columns.iter().map(|column| &column.name).collect();
                self.push_fields(&lin, names, alias.as_ref(), scope);
            }
            TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::UnpivotExpr { .. }
            | TableFactor::MatchRecognize { .. } => self.reshaped(factor, scope),
        }
    }

    /// The relation of a single factor, in a scope of its own.
    pub(super) fn isolated(&mut self, factor: &TableFactor, outer: &Scope<'_>) -> Vec<Rel> {
        let mut scope = Scope::new(outer.parent, outer.env.clone());
        self.factor(factor, &mut scope);
        scope.rels
    }

    /// A CTE or base table by name.
    pub(super) fn named_relation(
        &mut self,
        parts: &[Name],
        alias: Option<&TableAlias>,
        span: Span,
        env: &Env,
    ) -> Rel {
        let (qualifier, content) = match parts {
            [one] if let Some(cte) = find_cte(env, self.names.folded(*one)) => {
                self.merge_rows(&cte);
                (Qualifier::Alias(*one), Content::Derived(Rc::clone(&cte.columns)))
            }
            _ if let Some((path, columns)) = self.read_through(parts) => {
                (Qualifier::Path(path.into()), Content::Derived(columns))
            }
            _ => {
                let table = self.table(parts, span);
                self.read(table);
                let known = &self.tables[table as usize];
                let content = Content::Base { table, columns: known.columns.clone() };
                (Qualifier::Path(known.parts.as_slice().into()), content)
            }
        };
        let Some(alias) = alias else { return Rel { qualifier, content } };
        let qualifier = Qualifier::Alias(self.name(&alias.name));
        if alias.columns.is_empty() {
            return Rel { qualifier, content };
        }
        let columns: Rc<[Column]> =
            self.columns_of(&Rel { qualifier: qualifier.clone(), content }).into();
        let columns = self.renamed(columns, &alias.columns);
        Rel { qualifier, content: Content::Derived(columns) }
    }

    pub(super) fn push_derived(
        &mut self,
        columns: Rc<[Column]>,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        let columns = match alias {
            Some(alias) => self.renamed(columns, &alias.columns),
            None => columns,
        };
        let qualifier = self.alias_qualifier(alias);
        scope.rels.push(Rel { qualifier, content: Content::Derived(columns) });
    }

    pub(super) fn alias_qualifier(&mut self, alias: Option<&TableAlias>) -> Qualifier {
        match alias {
            Some(alias) => Qualifier::Alias(self.name(&alias.name)),
            None => Qualifier::Unnamed,
        }
    }

    /// UNNEST and its like: one column per value, then what ORDINALITY adds.
    pub(super) fn push_values(
        &mut self,
        values: &[Lin],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        let qualifier = self.alias_qualifier(alias);
        let list = alias.map(|alias| alias.columns.as_slice()).unwrap_or_default();
        if list.is_empty() {
            let mut acc = Acc::new();
            for lin in values {
                acc.add(lin, Influence::Transformation);
            }
            scope.rels.push(Rel { qualifier, content: Content::Opaque(acc.finish()) });
            return;
        }
        // One array of rows spreads over several columns; several arrays give one column each.
        let columns: Rc<[Column]> = list
            .iter()
            .enumerate()
            .map(|(index, def)| {
                let name = self.name(&def.name);
                let lin = values.get(index).cloned().unwrap_or(Lin::CONSTANT);
                Column { name, lin, star: None, item: None }
            })
            .collect();
        scope.rels.push(Rel { qualifier, content: Content::Derived(columns) });
    }

    fn push_fields(
        &mut self,
        lin: &Lin,
        names: Vec<&Ident>,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        let columns: Rc<[Column]> = names
            .into_iter()
            .map(|ident| Column {
                name: self.name(ident),
                lin: lin.clone(),
                star: None,
                item: None,
            })
            .collect();
        if columns.is_empty() {
            let qualifier = self.alias_qualifier(alias);
            scope.rels.push(Rel { qualifier, content: Content::Opaque(lin.clone()) });
        } else {
            self.push_derived(columns, alias, scope);
        }
    }

    /// `LATERAL VIEW EXPLODE(x) t AS a, b`.
    pub(super) fn lateral_view(&mut self, view: &LateralView, scope: &mut Scope<'_>) {
        let lin = self.lineage(&view.lateral_view, scope).transformed();
        let qualifier = match self.last_part(&view.lateral_view_name) {
            Some(name) => Qualifier::Alias(name),
            None => Qualifier::Unnamed,
        };
        let content = if view.lateral_col_alias.is_empty() {
            Content::Opaque(lin)
        } else {
            let columns = view.lateral_col_alias.iter().map(|ident| Column {
                name: self.name(ident),
                lin: lin.clone(),
                star: None,
                item: None,
            });
            Content::Derived(columns.collect())
        };
        scope.rels.push(Rel { qualifier, content });
    }
}

fn json_columns<'c>(columns: &'c [JsonTableColumn], names: &mut Vec<&'c Ident>) {
    for column in columns {
        match column {
            JsonTableColumn::Named(column) => names.push(&column.name),
            JsonTableColumn::ForOrdinality(name) => names.push(name),
            JsonTableColumn::Nested(nested) => json_columns(&nested.columns, names),
        }
    }
}
