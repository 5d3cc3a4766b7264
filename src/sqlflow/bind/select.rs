//! SELECT: its clauses in the order in which names become known.

use std::rc::Rc;

use sqlparser::ast::{
    ConnectByKind, Distinct, Expr, GroupByExpr, GroupByWithModifier, NamedWindowExpr, OrderBy,
    OrderByKind, Select, SelectItem, Value,
};

use super::super::lineage::{Influence, Kind, RowInfluence};
use super::super::names::Name;
use super::scope::{Alias, AliasUse, Content, Env, Qualifier, Rel, Scope};
use super::{Acc, Binder, Column, Lin, Step};

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        select: &Select,
        order: Option<&OrderBy>,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) -> Vec<Column> {
        let mut scope = Scope::new(parent, env.clone());
        for item in &select.from {
            self.add_item(item, &mut scope);
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
        scope.alias_use = if self.flavour.prefers_lateral_aliases() {
            AliasUse::BeforeOpen
        } else {
            AliasUse::Last
        };
        let mut columns = Vec::with_capacity(select.projection.len());
        for (index, item) in select.projection.iter().enumerate() {
            let first = columns.len();
            let place = (number, u32::try_from(index).unwrap_or(u32::MAX));
            self.select_item(item, place, &mut scope, &mut columns);
            columns[first..].iter_mut().for_each(|column| column.item = Some(place));
        }
        if columns.is_empty() && select.projection.is_empty() {
            columns = self.star(&scope);
        }
        scope.alias_use = AliasUse::Last;
        for filter in select.prewhere.iter().chain(&select.selection) {
            self.decides(filter, &scope, RowInfluence::Filter);
        }
        for clause in &select.connect_by {
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
        place: (u32, u32),
        scope: &mut Scope<'_>,
        columns: &mut Vec<Column>,
    ) {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let lin = self.item_lineage(expr, place, scope);
                let name = self.implied_name(expr, place.1 as usize);
                columns.push(Column { name, lin, star: None, item: None });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let lin = self.item_lineage(expr, place, scope);
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
                let lin = self.item_lineage(expr, place, scope);
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

    /// The lineage of a select item, which is noted as a step on the way.
    fn item_lineage(&mut self, expr: &Expr, place: (u32, u32), scope: &Scope<'_>) -> Lin {
        let mut lin = self.lineage(expr, scope);
        // The items of a function's body stand in another text.
        if self.function_depth == 0 && !lin.is_sourceless() {
            let step = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
            let is_plain = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            let via = lin.via.replace(Rc::from([step]));
            self.steps.push(Step { item: place, is_plain, edges: lin.edges.clone(), via });
        }
        lin
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
    pub(super) fn order_outputs(
        &mut self,
        order: &OrderBy,
        columns: &Rc<[Column]>,
        env: &Env,
        parent: Option<&Scope<'_>>,
    ) {
        let mut scope = Scope::new(parent, env.clone());
        scope.rels.push(Rel {
            qualifier: Qualifier::Unnamed,
            content: Content::Derived(Rc::clone(columns)),
        });
        self.order_by(order, columns, &scope);
    }
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
