//! [`Handles`]: which tables there are on the server, with what edges need to know of them.

use std::collections::HashMap;

use super::plan::Current;
use crate::model::path::fold;
use crate::openmetadata::entity::{ColumnLineage, StoredColumn, StoredTable};
use crate::openmetadata::names;

/// Tables that exist, with what edges need of them.
#[derive(Debug, Default)]
pub(super) struct Handles(HashMap<String, Handle>);

#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) id: String,
    /// Column FQNs in the server's spelling, by folded name below the table.
    pub(super) columns: HashMap<String, String>,
}

impl Handles {
    pub(super) fn of(current: &Current) -> Self {
        let mut handles = Self::default();
        for table in &current.tables {
            handles.add(table);
        }
        handles
    }

    pub(super) fn add(&mut self, table: &StoredTable) {
        let mut columns = HashMap::new();
        add_columns(&mut columns, "", &table.columns);
        let handle = Handle { id: table.common.id.clone(), columns };
        self.0.insert(table.common.fully_qualified_name.clone(), handle);
    }

    pub(super) fn get(&self, fqn: &str) -> Option<&Handle> {
        self.0.get(fqn)
    }

    pub(super) fn id(&self, fqn: &str) -> Option<String> {
        self.0.get(fqn).map(|handle| handle.id.clone())
    }

    /// Column mappings with the columns as they are now: those of columns that are gone are left
    /// out, those of columns that are spelt otherwise name them so.
    pub(super) fn mappings_now(&self, mappings: &[ColumnLineage]) -> Vec<ColumnLineage> {
        let now = mappings.iter().filter_map(|mapping| {
            let from = mapping.from_columns.iter();
            let from_columns: Vec<String> =
                from.filter_map(|column| self.column_now(column)).collect();
            let to_column = self.column_now(&mapping.to_column)?;
            let function = mapping.function.clone();
            (!from_columns.is_empty()).then_some(ColumnLineage {
                from_columns,
                to_column,
                function,
            })
        });
        now.collect()
    }

    /// A column's FQN as the table has it now: `None` if it is gone, unchanged if nothing is known
    /// of its table.
    fn column_now(&self, fqn: &str) -> Option<String> {
        let Ok(parts) = names::split_fqn(fqn) else { return Some(fqn.to_owned()) };
        let table = parts.get(..4).and_then(|parts| names::build_fqn(parts).ok());
        match table.and_then(|table| self.0.get(&table)) {
            Some(handle) if parts.len() > 4 => {
                handle.columns.get(&fold(&parts[4..].join("."))).cloned()
            }
            _ => Some(fqn.to_owned()),
        }
    }
}

fn add_columns(into: &mut HashMap<String, String>, prefix: &str, columns: &[StoredColumn]) {
    for column in columns {
        let name = format!("{prefix}{}", fold(&column.name));
        if let Some(children) = &column.children {
            add_columns(into, &format!("{name}."), children);
        }
        if let Some(fqn) = &column.fully_qualified_name {
            into.insert(name, fqn.clone());
        }
    }
}
