//! What a server refuses before it looks at what is stored (contract §2.2, §2.6, §2.7).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Refusal, Version};
use crate::openmetadata::entity::EntityType;

const COMMON: [&str; 13] = [
    "name",
    "displayName",
    "description",
    "tags",
    "owners",
    "domains",
    "dataProducts",
    "sourceUrl",
    "sourceHash",
    "retentionPeriod",
    "extension",
    "lifeCycle",
    "style",
];

const TABLE: [&str; 10] = [
    "databaseSchema",
    "columns",
    "tableType",
    "schemaDefinition",
    "tableConstraints",
    "tablePartition",
    "tableProfilerConfig",
    "locationPath",
    "fileFormat",
    "dataModel",
];

const COLUMN: [&str; 16] = [
    "name",
    "displayName",
    "description",
    "dataType",
    "dataLength",
    "precision",
    "scale",
    "dataTypeDisplay",
    "arrayDataType",
    "children",
    "ordinalPosition",
    "constraint",
    "tags",
    "jsonSchema",
    "extension",
    "fullyQualifiedName",
];

const TABLE_TYPES: [&str; 13] = [
    "Regular",
    "External",
    "Dynamic",
    "View",
    "SecureView",
    "MaterializedView",
    "Iceberg",
    "Local",
    "Partitioned",
    "Foreign",
    "Transient",
    "Stream",
    "Stage",
];

const DATA_TYPES: &str = "NUMBER TINYINT SMALLINT INT BIGINT BYTEINT BYTES FLOAT DOUBLE DECIMAL NUMERIC TIMESTAMP \
TIMESTAMPZ TIME DATE DATETIME INTERVAL STRING MEDIUMTEXT TEXT CHAR LONG VARCHAR BOOLEAN BINARY VARBINARY ARRAY BLOB \
LONGBLOB MEDIUMBLOB MAP STRUCT UNION SET GEOGRAPHY ENUM JSON UUID VARIANT GEOMETRY BYTEA AGGREGATEFUNCTION ERROR \
FIXED RECORD NULL SUPER HLLSKETCH PG_LSN PG_SNAPSHOT TSQUERY TXID_SNAPSHOT XML MACADDR TSVECTOR UNKNOWN CIDR INET \
CLOB ROWID LOWCARDINALITY YEAR POINT POLYGON TUPLE SPATIAL TABLE NTEXT IMAGE IPV4 IPV6 DATETIMERANGE HLL LARGEINT \
QUANTILE_STATE AGG_STATE BITMAP UINT BIT MONEY MEASURE KPI HEIRARCHY HIERARCHYID";
/// Those that hold a space.
const SPACED_DATA_TYPES: [&str; 2] = ["MEASURE HIDDEN", "MEASURE VISIBLE"];

/// The property that names the parent in a create body.
pub(super) fn parent_key(entity: EntityType) -> Option<&'static str> {
    match entity {
        EntityType::DatabaseService => None,
        EntityType::Database => Some("service"),
        EntityType::DatabaseSchema => Some("database"),
        EntityType::Table => Some("databaseSchema"),
    }
}

/// Checks a create body by itself.
pub(super) fn create_body(
    entity: EntityType,
    body: &Map<String, Value>,
    version: Version,
) -> Result<(), Refusal> {
    for key in body.keys() {
        let known = match entity {
            EntityType::DatabaseService => {
                ["serviceType", "connection", "ingestionRunner"].contains(&key.as_str())
            }
            EntityType::Database => ["service", "default"].contains(&key.as_str()),
            EntityType::DatabaseSchema => key == "database",
            EntityType::Table => TABLE.contains(&key.as_str()),
        };
        let style_too_early = key == "style" && version != Version::V2_0;
        if !(known || COMMON.contains(&key.as_str())) || style_too_early {
            return Err(Refusal::bad(format!(
                "Unrecognized field \"{key}\" (class Create{})",
                entity.name()
            )));
        }
    }
    name(body.get("name"), version)?;
    if let Some(key) = parent_key(entity)
        && body.get(key).and_then(Value::as_str).is_none_or(str::is_empty)
    {
        return Err(Refusal::bad(format!("[{key} must not be null]")));
    }
    if entity == EntityType::DatabaseService {
        service_type(body, version)?;
    }
    if let Some(hash) = body.get("sourceHash").and_then(Value::as_str)
        && !(1..=32).contains(&hash.len())
    {
        return Err(Refusal::bad("[sourceHash size must be between 1 and 32]".to_owned()));
    }
    if let Some(url) = body.get("sourceUrl").and_then(Value::as_str)
        && url.contains([' ', '"', '<', '>', '\\', '^', '`', '{', '}'])
    {
        return Err(Refusal::bad(format!("Illegal character in sourceUrl: {url}")));
    }
    if entity == EntityType::Table {
        table(body, version)?;
    }
    Ok(())
}

fn name(value: Option<&Value>, version: Version) -> Result<(), Refusal> {
    let Some(name) = value.and_then(Value::as_str) else {
        return Err(Refusal::bad("[name must not be null]".to_owned()));
    };
    let length = name.chars().count();
    if !(1..=256).contains(&length) {
        return Err(Refusal::bad("[name size must be between 1 and 256]".to_owned()));
    }
    refuse_pattern(name, version)
}

fn refuse_pattern(name: &str, version: Version) -> Result<(), Refusal> {
    let refused = name.contains("::")
        || name.contains(['\n', '\r'])
        || (version == Version::V2_0
            && name.contains(|c: char| c == '>' || c == '"' || u32::from(c) < 0x20));
    if refused || name.contains('"') {
        return Err(Refusal::bad(format!("[name must match pattern] Invalid name {name}")));
    }
    Ok(())
}

fn service_type(body: &Map<String, Value>, version: Version) -> Result<(), Refusal> {
    let word = body.get("serviceType").and_then(Value::as_str).unwrap_or_default();
    let known = word == "CustomDatabase" || (word == "Dremio" && version != Version::V1_12);
    if known {
        Ok(())
    } else {
        Err(Refusal::bad(format!(
            "Cannot deserialize value of type `DatabaseServiceType` from String \"{word}\""
        )))
    }
}

fn table(body: &Map<String, Value>, version: Version) -> Result<(), Refusal> {
    if let Some(word) = body.get("tableType").and_then(Value::as_str) {
        let new = word == "SemanticView" && version == Version::V2_0;
        if !new && !TABLE_TYPES.contains(&word) {
            return Err(Refusal::bad(format!("Cannot deserialize TableType from \"{word}\"")));
        }
    }
    let Some(columns) = body.get("columns").and_then(Value::as_array) else {
        return Err(Refusal::bad("[columns must not be null]".to_owned()));
    };
    self::columns(columns, version)?;
    let names: HashSet<String> = columns
        .iter()
        .filter_map(|column| column.get("name").and_then(Value::as_str))
        .map(str::to_lowercase)
        .collect();
    primary_keys(columns, body.get("tableConstraints"))?;
    let constraints = body.get("tableConstraints").and_then(Value::as_array);
    for constraint in constraints.into_iter().flatten() {
        let columns = constraint.get("columns").and_then(Value::as_array);
        for column in columns.into_iter().flatten().filter_map(Value::as_str) {
            if !names.contains(&column.to_lowercase()) {
                return Err(Refusal::bad(format!(
                    "Invalid column name found in constraint: {column}"
                )));
            }
        }
    }
    let partition = body.get("tablePartition").and_then(|partition| partition.get("columns"));
    for column in partition.and_then(Value::as_array).into_iter().flatten() {
        let column = column.get("columnName").and_then(Value::as_str).unwrap_or_default();
        if !names.contains(&column.to_lowercase()) {
            return Err(Refusal::bad(format!("Invalid partition column name {column}")));
        }
    }
    Ok(())
}

/// At most one column says that it is the primary key, and not beside a key of the table.
fn primary_keys(columns: &[Value], constraints: Option<&Value>) -> Result<(), Refusal> {
    let says = |value: &Value, field: &str| {
        value.get(field).and_then(Value::as_str) == Some("PRIMARY_KEY")
    };
    let of_columns = columns.iter().filter(|column| says(column, "constraint")).count();
    let constraints = constraints.and_then(Value::as_array).into_iter().flatten();
    let of_table = constraints.filter(|constraint| says(constraint, "constraintType")).count();
    if of_columns > 1 || (of_columns == 1 && of_table > 0) {
        return Err(Refusal::bad("Multiple primary keys found".to_owned()));
    }
    Ok(())
}

fn columns(columns: &[Value], version: Version) -> Result<(), Refusal> {
    let mut names = HashSet::new();
    for column in columns {
        let Some(column) = column.as_object() else {
            return Err(Refusal::bad("a column must be an object".to_owned()));
        };
        for key in column.keys() {
            if !COLUMN.contains(&key.as_str()) {
                return Err(Refusal::bad(format!("Unrecognized field \"{key}\" (class Column)")));
            }
        }
        let text = |key: &str| column.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::bad("[columns[].name must not be null]".to_owned()));
        }
        refuse_pattern(name, version)?;
        if !names.insert(name) {
            return Err(Refusal::bad(format!("Column name {name} is repeated")));
        }
        let data_type = text("dataType").unwrap_or_default();
        let mut known = DATA_TYPES.split_whitespace().chain(SPACED_DATA_TYPES);
        if !known.any(|known| known == data_type) {
            return Err(Refusal::bad(format!(
                "Cannot deserialize ColumnDataType from \"{data_type}\""
            )));
        }
        let needs_length = ["CHAR", "VARCHAR", "BINARY", "VARBINARY"].contains(&data_type);
        if needs_length && column.get("dataLength").is_none() {
            return Err(Refusal::bad(format!(
                "For column data types char, varchar, binary, varbinary, dataLength must not be null: {name}"
            )));
        }
        if data_type == "ARRAY" && text("arrayDataType").is_none() {
            return Err(Refusal::bad(format!(
                "For column data type array, arrayDataType must not be null: {name}"
            )));
        }
        let children = column.get("children").and_then(Value::as_array);
        if data_type == "STRUCT" && children.is_none() {
            return Err(Refusal::bad(format!(
                "For column data type struct, children must not be null: {name}"
            )));
        }
        let number = |key: &str| column.get(key).and_then(Value::as_i64);
        match (number("precision"), number("scale")) {
            (None, Some(_)) => {
                return Err(Refusal::bad(format!("scale is set without precision: {name}")));
            }
            (Some(precision), Some(scale)) if scale > precision => {
                return Err(Refusal::bad(format!("scale is larger than precision: {name}")));
            }
            _ => {}
        }
        if let Some(children) = children {
            self::columns(children, version)?;
        }
    }
    Ok(())
}
