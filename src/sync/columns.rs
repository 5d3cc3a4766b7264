//! Dremio columns as OpenMetadata columns (contract §2.5, quirks 13, 21, 23).

use std::collections::HashSet;

use crate::model::path::fold;
use crate::model::{DataType, SchemaView};
use crate::openmetadata::entity::CreateColumn;
use crate::openmetadata::names;

/// Length given to text and binary columns, whose length Dremio does not say.
const UNKNOWN_LENGTH: u32 = 65_536;

/// Columns made fit for sending, and what had to be bent for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectedColumns {
    /// The columns in order.
    pub columns: Vec<CreateColumn>,
    /// For each of `columns`, the name as Dremio spells it.
    pub dremio_names: Vec<String>,
    /// What a reader should know: renamed duplicates, stripped characters, unknown types.
    pub warnings: Vec<String>,
}

/// Projects a dataset's columns; none when they are not known.
pub fn project(schema: &SchemaView<'_>) -> ProjectedColumns {
    // A catalogue's columns are most of what a sync holds: their lists have no room to spare.
    let mut projected = ProjectedColumns {
        columns: Vec::with_capacity(schema.len()),
        dremio_names: Vec::with_capacity(schema.len()),
        warnings: Vec::new(),
    };
    let mut taken = HashSet::new();
    for (index, column) in schema.iter().enumerate() {
        let mut sent = typed(column.data_type);
        name_column(&mut sent, column.name, index, &mut taken, &mut projected.warnings);
        sent.ordinal_position = u32::try_from(index + 1).ok();
        projected.columns.push(sent);
        projected.dremio_names.push(column.name.to_owned());
    }
    projected
}

/// Gives a column a name that the server takes and that no sibling has.
fn name_column(
    column: &mut CreateColumn,
    name: &str,
    index: usize,
    taken: &mut HashSet<String>,
    warnings: &mut Vec<String>,
) {
    let mut sent = match names::encode(name) {
        Ok(encoded) => {
            if encoded.stripped {
                warnings.push(format!("column {name:?}: control characters left out of its name"));
            }
            if encoded.changed {
                column.display_name = Some(name.to_owned());
            }
            encoded.name
        }
        Err(error) => {
            let stand_in = format!("column_{}", index + 1);
            warnings.push(format!("column {}: {error}; sent as {stand_in}", index + 1));
            column.display_name = (!name.is_empty()).then(|| name.to_owned());
            stand_in
        }
    };
    // Servers match columns without case: two that differ only so would never settle (§2.6).
    if !taken.insert(fold(&sent)) {
        let base = sent.clone();
        let mut number = 2;
        while !taken.insert(fold(&sent)) {
            sent = format!("{base}__{number}");
            number += 1;
        }
        warnings.push(format!("column {name:?} occurs twice; the second is sent as {sent}"));
        column.display_name = Some(name.to_owned());
    }
    column.name = sent;
}

/// A column of this type, still without a name.
fn typed(data_type: &DataType) -> CreateColumn {
    let mut column = CreateColumn {
        data_type: word(data_type).to_owned(),
        // Stored lower-cased by the server, so sent that way.
        data_type_display: Some(data_type.to_string().to_lowercase()),
        ..CreateColumn::default()
    };
    match data_type {
        DataType::Varchar | DataType::Varbinary => column.data_length = Some(UNKNOWN_LENGTH),
        DataType::Decimal { precision: Some(precision), scale } => {
            column.precision = Some(*precision);
            column.scale =
                scale.and_then(|scale| u32::try_from(scale).ok()).filter(|s| s <= precision);
        }
        DataType::Struct(_) => column.children = Some(children(data_type)),
        DataType::List(element) => {
            column.array_data_type =
                Some(element.as_deref().map_or("UNKNOWN", |element| word(element)).to_owned());
            if let Some(DataType::Struct(_)) = element.as_deref() {
                column.children = element.as_deref().map(children);
            }
        }
        _ => {}
    }
    column
}

/// A struct's fields as child columns.
fn children(data_type: &DataType) -> Vec<CreateColumn> {
    let DataType::Struct(Some(fields)) = data_type else { return Vec::new() };
    let mut taken = HashSet::new();
    // What had to be bent inside a struct is seen from its display type; one warning per column.
    let mut ignored = Vec::new();
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let mut column = typed(&field.data_type);
            name_column(&mut column, &field.name, index, &mut taken, &mut ignored);
            column
        })
        .collect()
}

/// The server's word for a type.
fn word(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::TinyInt => "TINYINT",
        DataType::SmallInt => "SMALLINT",
        DataType::Integer => "INT",
        DataType::BigInt => "BIGINT",
        DataType::Float => "FLOAT",
        DataType::Double => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::Varchar => "VARCHAR",
        DataType::Varbinary => "VARBINARY",
        DataType::Date => "DATE",
        DataType::Time => "TIME",
        DataType::Timestamp => "TIMESTAMP",
        DataType::IntervalDay | DataType::IntervalYear => "INTERVAL",
        DataType::Struct(_) => "STRUCT",
        DataType::List(_) => "ARRAY",
        DataType::Map(_) => "MAP",
        DataType::Union(_) => "UNION",
        DataType::Null | DataType::Unknown(_) => "UNKNOWN",
    }
}
