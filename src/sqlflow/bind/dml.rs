//! UPDATE, DELETE and MERGE: assignments as columns of the target.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Merge, MergeAction, MergeInsertKind,
    MergeUpdateKind, Query, SetExpr, Statement, TableFactor, TableWithJoins, Update,
    UpdateTableFromKind,
};

use super::super::lineage::{Influence, RowInfluence};
use super::super::names::Name;
use super::scope::{Content, Env, Qualifier, Rel, Scope};
use super::{Acc, Binder, Column, Lin, TableId};

/// What a DML statement writes.
pub(in crate::sqlflow) struct Written {
    pub(in crate::sqlflow) target: Option<TableId>,
    pub(in crate::sqlflow) columns: Vec<Column>,
}

/// Columns of the target, gathered over branches.
#[derive(Default)]
struct Assigned {
    names: Vec<Name>,
    accs: Vec<Acc>,
}

impl Binder<'_> {
    /// Binds an UPDATE, DELETE or MERGE, bare or behind WITH.
    pub(in crate::sqlflow) fn dml(&mut self, statement: &Statement) -> Written {
        match statement {
            Statement::Query(query) => self.dml_query(query),
            other => self.dml_in(other, &None),
        }
    }

    fn dml_query(&mut self, query: &Query) -> Written {
        let env = self.with_env(query);
        match query.body.as_ref() {
            SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement)
            | SetExpr::Insert(statement) => self.dml_in(statement, &env),
            _ => Written { target: None, columns: self.query(query, &None, None).to_vec() },
        }
    }

    fn with_env(&mut self, query: &Query) -> Env {
        match &query.with {
            Some(with) => self.with(with, &None, None),
            None => None,
        }
    }

    pub(super) fn dml_in(&mut self, statement: &Statement, env: &Env) -> Written {
        match statement {
            Statement::Update(update) => self.update(update, env),
            Statement::Delete(delete) => self.delete(delete, env),
            Statement::Merge(merge) => self.merge_statement(merge, env),
            _ => Written { target: None, columns: Vec::new() },
        }
    }

    /// The target as a relation: it is written, not read.
    fn target(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Option<TableId> {
        let TableFactor::Table { name, alias, .. } = factor else { return None };
        let parts = self.parts(name);
        // `UPDATE t SET … FROM real AS t` names an alias of its FROM clause.
        if let [alias_name] = parts.as_slice() && let Some(Rel {
            content: Content::Base { table, .. },
            ..
        }) = scope.rels.iter().find(|rel| {
            matches!(&rel.qualifier, Qualifier::Alias(a) if self.names.same(*a, *alias_name))
                || (matches!(&rel.qualifier, Qualifier::Path(_))
                    && self.qualifies(rel, &[*alias_name]))
        }) {
            return Some(*table);
        }
        let table = self.table(&parts, Self::last_span(name));
        let known = &self.tables[table as usize];
        let content = Content::Base { table, columns: known.columns.clone() };
        let qualifier = match alias {
            Some(alias) => Qualifier::Alias(self.name(&alias.name)),
            None => Qualifier::Path(known.parts.as_slice().into()),
        };
        scope.rels.insert(0, Rel { qualifier, content });
        Some(table)
    }

    fn update(&mut self, update: &Update, env: &Env) -> Written {
        let mut scope = Scope::new(None, env.clone());
        match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                for item in from {
                    self.add_item(item, &mut scope);
                }
            }
            None => {}
        }
        let target = self.target(&update.table.relation, &mut scope);
        self.joins_of(&update.table, &mut scope);
        if let Some(target) = target
            && let Some(table) = self.tables.get_mut(target as usize)
        {
            // Named in FROM only to be written.
            table.read = table.read && !target_only(&scope, target);
        }
        let mut assigned = Assigned::default();
        self.assign(&update.assignments, &scope, &mut assigned);
        if let Some(filter) = &update.selection {
            self.decides(filter, &scope, RowInfluence::Filter);
        }
        Written { target, columns: assigned.columns() }
    }

    fn joins_of(&mut self, table: &TableWithJoins, scope: &mut Scope<'_>) {
        if !table.joins.is_empty() {
            let joined = TableWithJoins {
                relation: TableFactor::NestedJoin {
                    table_with_joins: Box::new(TableWithJoins {
                        relation: table.relation.clone(),
                        joins: table.joins.clone(),
                    }),
                    alias: None,
                },
                joins: Vec::new(),
            };
            let target = scope.rels.first().cloned();
            let was_read = target_read(self, target.as_ref());
            scope.rels.clear();
            self.add_item(&joined, scope);
            if let (Some(Rel { content: Content::Base { table, .. }, .. }), false) =
                (target, was_read)
                && let Some(table) = self.tables.get_mut(table as usize)
            {
                table.read = false;
            }
        }
    }

    fn assign(&mut self, assignments: &[Assignment], scope: &Scope<'_>, assigned: &mut Assigned) {
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) => {
                    if let Some(name) = self.last_part(name) {
                        let lin = self.lineage(&assignment.value, scope);
                        assigned.add(self, name, &lin);
                    }
                }
                AssignmentTarget::Tuple(names) => {
                    let lins = self.tuple_values(&assignment.value, scope, names.len());
                    for (name, lin) in names.iter().zip(lins) {
                        if let Some(name) = self.last_part(name) {
                            assigned.add(self, name, &lin);
                        }
                    }
                }
            }
        }
    }

    fn tuple_values(&mut self, value: &Expr, scope: &Scope<'_>, width: usize) -> Vec<Lin> {
        match value {
            Expr::Tuple(items) => items.iter().map(|item| self.lineage(item, scope)).collect(),
            Expr::Nested(inner) => self.tuple_values(inner, scope, width),
            Expr::Subquery(query) => {
                self.subquery(query, scope).iter().map(|column| column.lin.clone()).collect()
            }
            other => vec![self.lineage(other, scope); width],
        }
    }

    fn delete(&mut self, delete: &Delete, env: &Env) -> Written {
        let mut scope = Scope::new(None, env.clone());
        for item in delete.using.iter().flatten() {
            self.add_item(item, &mut scope);
        }
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let mut target = None;
        if delete.tables.is_empty() {
            for item in from {
                target = target.or(self.target(&item.relation, &mut scope));
                self.joins_of(item, &mut scope);
            }
        } else {
            for item in from {
                self.add_item(item, &mut scope);
            }
            if let Some(name) = delete.tables.first() {
                let parts = self.parts(name);
                let found = scope.rels.iter().find(|rel| self.qualifies(rel, &parts)).cloned();
                target = match found {
                    Some(Rel { content: Content::Base { table, .. }, .. }) => {
                        if target_only(&scope, table)
                            && let Some(known) = self.tables.get_mut(table as usize)
                        {
                            known.read = false;
                        }
                        Some(table)
                    }
                    _ => Some(self.table(&parts, Self::last_span(name))),
                };
            }
        }
        if let Some(filter) = &delete.selection {
            self.decides(filter, &scope, RowInfluence::Filter);
        }
        Written { target, columns: Vec::new() }
    }

    fn merge_statement(&mut self, merge: &Merge, env: &Env) -> Written {
        let mut scope = Scope::new(None, env.clone());
        let wrapped = TableWithJoins { relation: merge.source.clone(), joins: Vec::new() };
        self.add_item(&wrapped, &mut scope);
        let source: Vec<Rel> = scope.rels.clone();
        let target = self.target(&merge.table, &mut scope);
        self.decides(&merge.on, &scope, RowInfluence::Join);
        let mut assigned = Assigned::default();
        for clause in &merge.clauses {
            if let Some(predicate) = &clause.predicate {
                self.decides(predicate, &scope, RowInfluence::Filter);
            }
            match &clause.action {
                MergeAction::Update(update) => {
                    match &update.kind {
                        MergeUpdateKind::Set(set) => self.assign(set, &scope, &mut assigned),
                        MergeUpdateKind::Wildcard => self.assign_all(&source, &mut assigned),
                    }
                    for filter in update.update_predicate.iter().chain(&update.delete_predicate) {
                        self.decides(filter, &scope, RowInfluence::Filter);
                    }
                }
                MergeAction::Insert(insert) => {
                    match &insert.kind {
                        MergeInsertKind::Values(values) => {
                            let names: Vec<Name> = if insert.columns.is_empty() {
                                self.target_columns(target)
                            } else {
                                insert.columns.iter().filter_map(|c| self.last_part(c)).collect()
                            };
                            let inner = Scope::new(None, env.clone());
                            let from_source = Scope { rels: source.clone(), ..inner };
                            for row in &values.rows {
                                for (index, expr) in row.content.iter().enumerate() {
                                    let lin = self.lineage(expr, &from_source);
                                    let name = match names.get(index) {
                                        Some(name) => *name,
                                        None => self.value_name(expr, index),
                                    };
                                    assigned.add(self, name, &lin);
                                }
                            }
                        }
                        MergeInsertKind::Row | MergeInsertKind::Wildcard => {
                            self.assign_all(&source, &mut assigned);
                        }
                    }
                    if let Some(filter) = &insert.insert_predicate {
                        self.decides(filter, &scope, RowInfluence::Filter);
                    }
                }
                MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => {}
            }
        }
        Written { target, columns: assigned.columns() }
    }

    fn value_name(&mut self, expr: &Expr, index: usize) -> Name {
        match expr {
            Expr::Identifier(ident) => self.name(ident),
            Expr::CompoundIdentifier(parts) if !parts.is_empty() => {
                self.name(&parts[parts.len() - 1])
            }
            _ => self.names.intern(&format!("EXPR${index}")),
        }
    }

    /// The known columns of the target.
    pub(in crate::sqlflow) fn target_columns(&self, target: Option<TableId>) -> Vec<Name> {
        target
            .and_then(|target| self.tables.get(target as usize))
            .and_then(|table| table.columns.as_ref())
            .map(|columns| columns.to_vec())
            .unwrap_or_default()
    }

    /// `UPDATE SET *` and `INSERT *`: every column of the source, by name.
    fn assign_all(&mut self, source: &[Rel], assigned: &mut Assigned) {
        for rel in source {
            for column in self.columns_of(rel) {
                assigned.add(self, column.name, &column.lin);
            }
        }
    }
}

impl Assigned {
    fn add(&mut self, binder: &Binder<'_>, name: Name, lin: &Lin) {
        let known = self.names.iter().position(|known| binder.names.same(*known, name));
        let index = known.unwrap_or_else(|| {
            self.names.push(name);
            self.accs.push(Acc::new());
            self.names.len() - 1
        });
        self.accs[index].add(lin, Influence::Identity);
    }

    fn columns(self) -> Vec<Column> {
        self.names
            .into_iter()
            .zip(self.accs)
            .map(|(name, acc)| Column { name, lin: acc.finish(), star: None, item: None })
            .collect()
    }
}

fn target_only(scope: &Scope<'_>, target: TableId) -> bool {
    let uses = scope
        .rels
        .iter()
        .filter(|rel| matches!(&rel.content, Content::Base { table, .. } if *table == target))
        .count();
    uses <= 1
}

fn target_read(binder: &Binder<'_>, rel: Option<&Rel>) -> bool {
    match rel {
        Some(Rel { content: Content::Base { table, .. }, .. }) => {
            binder.tables.get(*table as usize).is_some_and(|table| table.read)
        }
        _ => false,
    }
}
