//! Dremio's own schemas: not in the root listing, yet there by path and in SQL (contract §2.2, §8).

use std::sync::Arc;

use super::catalogue::{Catalogue, CatalogueError, Detail, NewNode, Schema, Visibility};
use crate::model::{Column, DataType};
use crate::sandbox::world::Kind;

const TEXT: DataType = DataType::Varchar;
const NUMBER: DataType = DataType::Integer;

/// The columns of `INFORMATION_SCHEMA` by table (contract §4.4).
pub(crate) const INFORMATION_SCHEMA: [(&str, &[(&str, DataType)]); 4] = [
    (
        "COLUMNS",
        &[
            ("TABLE_CATALOG", TEXT),
            ("TABLE_SCHEMA", TEXT),
            ("TABLE_NAME", TEXT),
            ("COLUMN_NAME", TEXT),
            ("ORDINAL_POSITION", NUMBER),
            ("COLUMN_DEFAULT", TEXT),
            ("IS_NULLABLE", TEXT),
            ("DATA_TYPE", TEXT),
            ("COLUMN_SIZE", NUMBER),
            ("CHARACTER_MAXIMUM_LENGTH", NUMBER),
            ("CHARACTER_OCTET_LENGTH", NUMBER),
            ("NUMERIC_PRECISION", NUMBER),
            ("NUMERIC_PRECISION_RADIX", NUMBER),
            ("NUMERIC_SCALE", NUMBER),
            ("DATETIME_PRECISION", NUMBER),
            ("INTERVAL_TYPE", TEXT),
            ("INTERVAL_PRECISION", NUMBER),
        ],
    ),
    (
        "SCHEMATA",
        &[
            ("CATALOG_NAME", TEXT),
            ("SCHEMA_NAME", TEXT),
            ("SCHEMA_OWNER", TEXT),
            ("TYPE", TEXT),
            ("IS_MUTABLE", TEXT),
        ],
    ),
    (
        "TABLES",
        &[
            ("TABLE_CATALOG", TEXT),
            ("TABLE_SCHEMA", TEXT),
            ("TABLE_NAME", TEXT),
            ("TABLE_TYPE", TEXT),
        ],
    ),
    (
        "VIEWS",
        &[
            ("TABLE_CATALOG", TEXT),
            ("TABLE_SCHEMA", TEXT),
            ("TABLE_NAME", TEXT),
            ("VIEW_DEFINITION", TEXT),
        ],
    ),
];

const SYS: [(&str, &[(&str, DataType)]); 1] = [("version", &[("version", TEXT)])];

pub(crate) fn add_to(catalogue: &mut Catalogue) -> Result<(), CatalogueError> {
    add_schema(catalogue, "INFORMATION_SCHEMA", "INFORMATION_SCHEMA", &INFORMATION_SCHEMA)?;
    add_schema(catalogue, "sys", "SYS", &SYS)
}

fn add_schema(
    catalogue: &mut Catalogue,
    name: &str,
    connector: &str,
    tables: &[(&str, &[(&str, DataType)])],
) -> Result<(), CatalogueError> {
    let mut source = NewNode::new(name, Kind::Source);
    source.visibility = Visibility::System;
    source.detail =
        Some(Arc::new(Detail { connector: Some(connector.to_owned()), ..Detail::default() }));
    let source = catalogue.add(None, source)?;
    for (table, columns) in tables {
        let mut node = NewNode::new(*table, Kind::Table);
        let columns = columns.iter().map(|(name, data_type)| Column {
            name: (*name).to_owned(),
            data_type: data_type.clone(),
            nullable: None,
        });
        node.schema = Schema::Known(columns.collect());
        catalogue.add(Some(source), node)?;
    }
    Ok(())
}
