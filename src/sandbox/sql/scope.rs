//! Which column a name in an expression means, and with what type.

use sqlparser::ast::Ident;

use crate::model::DataType;
use crate::model::path::fold;

/// A piece of the engine's SQL with its Dremio type.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) sql: String,
    pub(super) data_type: DataType,
}

impl Typed {
    pub(super) fn new(sql: impl Into<String>, data_type: DataType) -> Self {
        Self { sql: sql.into(), data_type }
    }
}

/// A column of a relation in FROM.
#[derive(Clone, Debug)]
pub(super) struct ScopeColumn {
    pub(super) name: String,
    pub(super) value: Typed,
    /// Merged away by USING: reachable by its table's name only.
    pub(super) merged: bool,
}

/// A table, view, subquery or join member in FROM.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// The alias, or the whole path where there is none.
    pub(super) name: Vec<String>,
    pub(super) columns: Vec<ScopeColumn>,
}

impl Relation {
    /// Whether `prefix` names it: the alias, or the end of the path.
    fn is_called(&self, prefix: &[Ident]) -> bool {
        prefix.len() <= self.name.len()
            && self
                .name
                .iter()
                .rev()
                .zip(prefix.iter().rev())
                .all(|(name, ident)| fold(name) == fold(&ident.value))
    }

    fn column(&self, name: &str) -> Option<&ScopeColumn> {
        let name = fold(name);
        self.columns.iter().find(|column| fold(&column.name) == name)
    }
}

/// What a name means.
pub(super) struct Resolved<'n> {
    pub(super) value: Typed,
    /// Field names after the column.
    pub(super) fields: &'n [Ident],
    /// Whether it is a column of this very FROM, not of an outer query or an alias.
    pub(super) local: bool,
}

/// The relations that an expression sees.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub(super) relations: Vec<Relation>,
    /// The select list's names, for the clauses that may use them.
    pub(super) aliases: Vec<(String, Typed)>,
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn within(outer: Option<&'a Scope<'a>>) -> Self {
        Self { outer, ..Self::default() }
    }

    /// The column that `name` means: table.column.fields by the longest table name that fits, then
    /// column.fields, here first and then in the outer queries.
    pub(super) fn resolve<'n>(&self, name: &'n [Ident]) -> Result<Resolved<'n>, String> {
        let mut problem = None;
        let mut scope = Some(self);
        let mut local = true;
        while let Some(here) = scope {
            match here.resolve_here(name, local) {
                Ok(Some(resolved)) => return Ok(resolved),
                Ok(None) => {}
                Err(error) => problem = problem.or(Some(error)),
            }
            local = false;
            scope = here.outer;
        }
        Err(problem.unwrap_or_else(|| {
            let first = name.first().map_or("", |ident| ident.value.as_str());
            if name.len() > 1 {
                format!("VALIDATION ERROR: Table '{first}' not found")
            } else {
                format!("VALIDATION ERROR: Column '{first}' not found in any table")
            }
        }))
    }

    fn resolve_here<'n>(
        &self,
        name: &'n [Ident],
        local: bool,
    ) -> Result<Option<Resolved<'n>>, String> {
        let mut problem = None;
        for length in (1..name.len()).rev() {
            let (prefix, rest) = name.split_at(length);
            for relation in self.relations.iter().filter(|relation| relation.is_called(prefix)) {
                if let Some(column) = relation.column(&rest[0].value) {
                    let value = column.value.clone();
                    return Ok(Some(Resolved { value, fields: &rest[1..], local }));
                }
                problem = Some(format!(
                    "VALIDATION ERROR: Column '{}' not found in table '{}'",
                    rest[0].value,
                    prefix.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".")
                ));
            }
        }
        let (first, fields) = name.split_first().ok_or("an empty name")?;
        let mut found = self
            .relations
            .iter()
            .filter_map(|relation| relation.column(&first.value).filter(|column| !column.merged));
        if let Some(column) = found.next() {
            if found.next().is_some() {
                return Err(format!("VALIDATION ERROR: Column '{}' is ambiguous", first.value));
            }
            return Ok(Some(Resolved { value: column.value.clone(), fields, local }));
        }
        let key = fold(&first.value);
        if let Some((_, value)) = self.aliases.iter().find(|(alias, _)| fold(alias) == key) {
            return Ok(Some(Resolved { value: value.clone(), fields, local: false }));
        }
        problem.map_or(Ok(None), Err)
    }

    /// The columns that `*`, or `table.*`, stands for.
    pub(super) fn star(&self, table: Option<&[Ident]>) -> Result<Vec<&ScopeColumn>, String> {
        match table {
            None => Ok(self
                .relations
                .iter()
                .flat_map(|relation| relation.columns.iter().filter(|column| !column.merged))
                .collect()),
            Some(name) => {
                let relation = self.relations.iter().find(|relation| relation.is_called(name));
                let relation = relation.ok_or_else(|| {
                    let table = name.last().map_or("", |ident| ident.value.as_str());
                    format!("VALIDATION ERROR: Table '{table}' not found")
                })?;
                Ok(relation.columns.iter().collect())
            }
        }
    }
}
