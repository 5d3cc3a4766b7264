//! Tables that the server makes up: `INFORMATION_SCHEMA` (contract §4.4) and `sys` (§4.5).

use std::collections::BTreeSet;
use std::iter;

use serde_json::{Value, json};

use crate::model::{DataType, DatasetPath};
use crate::sandbox::sql::index::Index;
use crate::sandbox::world::{Kind, Node};

/// Which Dremio the sandbox passes for: decides what `sys` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// Community: neither `sys.views` nor `sys."tables"`.
    #[default]
    Community,
    /// Enterprise software.
    Enterprise,
    /// Dremio Cloud: the same tables under `sys.project`.
    Cloud,
}

/// A made-up table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum System {
    Catalogs,
    Schemata,
    Tables,
    Views,
    Columns,
    Version,
    Functions,
    SysViews,
    SysTables,
}

impl System {
    /// The table at this path in this edition.
    pub(super) fn find(path: &DatasetPath, edition: Edition) -> Option<Self> {
        let folded = path.folded();
        let parts: Vec<&str> = folded.parts().iter().map(String::as_str).collect();
        match (parts.as_slice(), edition) {
            (["information_schema", "catalogs"], _) => Some(Self::Catalogs),
            (["information_schema", "schemata"], _) => Some(Self::Schemata),
            (["information_schema", "tables"], _) => Some(Self::Tables),
            (["information_schema", "views"], _) => Some(Self::Views),
            (["information_schema", "columns"], _) => Some(Self::Columns),
            (["sys", "version"], _) => Some(Self::Version),
            (["sys", "user_defined_functions"], _) => Some(Self::Functions),
            (["sys", "views"], Edition::Enterprise)
            | (["sys", "project", "views"], Edition::Cloud) => Some(Self::SysViews),
            (["sys", "tables"], Edition::Enterprise)
            | (["sys", "project", "tables"], Edition::Cloud) => Some(Self::SysTables),
            _ => None,
        }
    }

    /// Names and types of the columns.
    pub(super) fn columns(self) -> Vec<(String, DataType)> {
        const TEXT: DataType = DataType::Varchar;
        const INT: DataType = DataType::Integer;
        const TIME: DataType = DataType::Timestamp;
        let columns: &[(&str, DataType)] = match self {
            Self::Catalogs => {
                &[("CATALOG_NAME", TEXT), ("CATALOG_DESCRIPTION", TEXT), ("CATALOG_CONNECT", TEXT)]
            }
            Self::Schemata => &[
                ("CATALOG_NAME", TEXT),
                ("SCHEMA_NAME", TEXT),
                ("SCHEMA_OWNER", TEXT),
                ("TYPE", TEXT),
                ("IS_MUTABLE", TEXT),
            ],
            Self::Tables => &[
                ("TABLE_CATALOG", TEXT),
                ("TABLE_SCHEMA", TEXT),
                ("TABLE_NAME", TEXT),
                ("TABLE_TYPE", TEXT),
            ],
            Self::Views => &[
                ("TABLE_CATALOG", TEXT),
                ("TABLE_SCHEMA", TEXT),
                ("TABLE_NAME", TEXT),
                ("VIEW_DEFINITION", TEXT),
            ],
            Self::Columns => &[
                ("TABLE_CATALOG", TEXT),
                ("TABLE_SCHEMA", TEXT),
                ("TABLE_NAME", TEXT),
                ("COLUMN_NAME", TEXT),
                ("ORDINAL_POSITION", INT),
                ("COLUMN_DEFAULT", TEXT),
                ("IS_NULLABLE", TEXT),
                ("DATA_TYPE", TEXT),
                ("COLUMN_SIZE", INT),
                ("CHARACTER_MAXIMUM_LENGTH", INT),
                ("CHARACTER_OCTET_LENGTH", INT),
                ("NUMERIC_PRECISION", INT),
                ("NUMERIC_PRECISION_RADIX", INT),
                ("NUMERIC_SCALE", INT),
                ("DATETIME_PRECISION", INT),
                ("INTERVAL_TYPE", TEXT),
                ("INTERVAL_PRECISION", INT),
            ],
            Self::Version => &[
                ("version", TEXT),
                ("commit_id", TEXT),
                ("commit_message", TEXT),
                ("commit_time", TIME),
                ("build_email", TEXT),
                ("build_time", TIME),
            ],
            Self::Functions => &[
                ("id", TEXT),
                ("name", TEXT),
                ("arguments", TEXT),
                ("return_type", TEXT),
                ("body", TEXT),
                ("is_scalar", DataType::Boolean),
            ],
            Self::SysViews => &[
                ("view_id", TEXT),
                ("space_id", TEXT),
                ("view_name", TEXT),
                ("schema_id", TEXT),
                ("path", TEXT),
                ("tag", TEXT),
                ("type", TEXT),
                ("created", TIME),
                ("sql_definition", TEXT),
                ("sql_context", TEXT),
                ("owner_id", TEXT),
                ("owner_type", TEXT),
            ],
            Self::SysTables => &[
                ("table_id", TEXT),
                ("source_id", TEXT),
                ("table_name", TEXT),
                ("schema_id", TEXT),
                ("path", TEXT),
                ("tag", TEXT),
                ("type", TEXT),
                ("format_type", TEXT),
                ("created", TIME),
                ("owner_id", TEXT),
                ("owner_type", TEXT),
            ],
        };
        columns.iter().map(|(name, data_type)| ((*name).to_owned(), data_type.clone())).collect()
    }

    /// The rows, values in column order. `id` gives the id under which the server knows a path.
    ///
    /// One at a time: a big catalogue has millions of columns.
    pub(super) fn rows<'a>(
        self,
        index: &'a Index,
        id: &'a dyn Fn(&DatasetPath) -> String,
    ) -> Box<dyn Iterator<Item = Vec<Value>> + 'a> {
        match self {
            Self::Catalogs => {
                one(vec![json!("DREMIO"), json!("The internal metadata used by Dremio"), json!("")])
            }
            Self::Schemata => Box::new(schemata(index).into_iter()),
            Self::Tables => Box::new(tables(index)),
            Self::Views => Box::new(
                datasets(index)
                    .filter(|(_, node)| node.kind == Kind::View && !node.sql_hidden)
                    .map(|(path, node)| {
                        [json!("DREMIO"), json!(schema(path)), json!(path.name()), json!(node.sql)]
                            .to_vec()
                    }),
            ),
            Self::Columns => {
                Box::new(datasets(index).flat_map(|(path, node)| column_rows(path, node)))
            }
            Self::Version => one(vec![
                json!(index.world().version),
                json!("a963b970f1c54d0e"),
                json!("Release"),
                json!("2024-10-24 14:28:10.000"),
                Value::Null,
                json!("2024-10-24 15:02:41.000"),
            ]),
            Self::Functions => Box::new(functions(index, id)),
            Self::SysViews => Box::new(
                datasets(index)
                    .filter(|(_, node)| node.kind == Kind::View)
                    .map(|(path, node)| view_row(path, node, id)),
            ),
            Self::SysTables => Box::new(
                datasets(index)
                    .filter(|(_, node)| node.kind == Kind::Table)
                    .map(|(path, node)| table_row(path, node, id)),
            ),
        }
    }
}

const CREATED: &str = "2024-01-15 09:00:00.000";
const OWNER: &str = "d8c66b12-5c4f-4a5e-9a8e-0b2f5a3f7a10";
const SYSTEM_TABLES: &[(&str, &[&str])] = &[
    ("INFORMATION_SCHEMA", &["CATALOGS", "COLUMNS", "SCHEMATA", "TABLES", "VIEWS"]),
    ("sys", &["user_defined_functions", "version"]),
];

/// Tables and views that the user may see, in path order.
fn datasets(index: &Index) -> impl Iterator<Item = (&DatasetPath, &Node)> {
    let mut entries: Vec<usize> = (0..index.len())
        .filter(|entry| {
            let node = index.node(*entry);
            matches!(node.kind, Kind::Table | Kind::View)
                && !node.forbidden
                && !index.root(*entry).name.starts_with("__")
        })
        .collect();
    entries.sort_by_cached_key(|entry| index.path(*entry).folded());
    entries.into_iter().map(|entry| (index.path(entry), index.node(entry)))
}

fn one(row: Vec<Value>) -> Box<dyn Iterator<Item = Vec<Value>>> {
    Box::new(iter::once(row))
}

fn tables(index: &Index) -> impl Iterator<Item = Vec<Value>> + '_ {
    let row = |schema: &str, name: &str, word: &str| {
        vec![json!("DREMIO"), json!(schema), json!(name), json!(word)]
    };
    let own = datasets(index).map(move |(path, node)| {
        let word = if node.kind == Kind::View { "VIEW" } else { "TABLE" };
        row(&schema(path), path.name(), word)
    });
    let system = SYSTEM_TABLES.iter().flat_map(move |(schema, names)| {
        names.iter().map(move |name| row(schema, name, "SYSTEM_TABLE"))
    });
    own.chain(system)
}

fn functions<'a>(
    index: &'a Index,
    id: &'a dyn Fn(&DatasetPath) -> String,
) -> impl Iterator<Item = Vec<Value>> + 'a {
    (0..index.len()).filter_map(move |entry| {
        let function = index.node(entry).function.as_ref()?;
        let path = index.path(entry);
        Some(vec![
            json!(id(path)),
            json!(path.to_string()),
            json!(function.arguments),
            json!(function.returns),
            json!(function.body),
            json!(function.scalar),
        ])
    })
}

fn view_row(path: &DatasetPath, node: &Node, id: &dyn Fn(&DatasetPath) -> String) -> Vec<Value> {
    let [root, parent] = ids_above(path, id);
    let context = (!node.context.is_empty()).then(|| bracketed(&node.context));
    vec![
        json!(id(path)),
        root,
        json!(path.name()),
        parent,
        json!(bracketed(path.parts())),
        json!("1"),
        json!("VIRTUAL_DATASET"),
        json!(CREATED),
        json!(node.sql.as_ref().filter(|_| !node.sql_hidden)),
        json!(context),
        json!(OWNER),
        json!("USER"),
    ]
}

fn table_row(path: &DatasetPath, node: &Node, id: &dyn Fn(&DatasetPath) -> String) -> Vec<Value> {
    let [root, parent] = ids_above(path, id);
    vec![
        json!(id(path)),
        root,
        json!(path.name()),
        parent,
        json!(bracketed(path.parts())),
        json!("1"),
        json!("PHYSICAL_DATASET"),
        json!(node.format),
        json!(CREATED),
        json!(OWNER),
        json!("USER"),
    ]
}

/// The parent path joined by dots without quotes, ambiguous as the server has it.
fn schema(path: &DatasetPath) -> String {
    path.parts().split_last().map_or_else(String::new, |(_, parents)| parents.join("."))
}

fn schemata(index: &Index) -> Vec<Vec<Value>> {
    let mut schemas = BTreeSet::from(["INFORMATION_SCHEMA".to_owned(), "sys".to_owned()]);
    for entry in 0..index.len() {
        let node = index.node(entry);
        let container = matches!(node.kind, Kind::Home | Kind::Space | Kind::Source | Kind::Folder);
        if container && !index.root(entry).name.starts_with("__") {
            schemas.insert(index.path(entry).parts().join("."));
        }
    }
    schemas
        .into_iter()
        .map(|name| {
            vec![json!("DREMIO"), json!(name), json!("<owner>"), json!("SIMPLE"), json!("NO")]
        })
        .collect()
}

fn column_rows(path: &DatasetPath, node: &Node) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (ordinal, column) in (1..).zip(node.columns.iter().flatten()) {
        let data_type = column.data_type.parse().unwrap_or(DataType::Null);
        let (word, facts) = flat(&data_type);
        let mut row = vec![
            json!("DREMIO"),
            json!(schema(path)),
            json!(path.name()),
            json!(column.name),
            json!(ordinal),
            Value::Null,
            json!("YES"),
            json!(word),
        ];
        row.extend(facts);
        rows.push(row);
    }
    rows
}

/// The lossy type name of `INFORMATION_SCHEMA` and the nine facts that follow it.
fn flat(data_type: &DataType) -> (&str, [Value; 9]) {
    let mut facts = [const { Value::Null }; 9];
    let number = |facts: &mut [Value; 9], bits: u32, precision: u32, radix: u32| {
        facts[0] = json!(bits);
        facts[3] = json!(precision);
        facts[4] = json!(radix);
        facts[5] = json!(0);
    };
    let word = match data_type {
        DataType::Varchar => {
            facts[..3].fill(json!(65536));
            "CHARACTER VARYING"
        }
        DataType::Varbinary => {
            facts[..3].fill(json!(65536));
            "BINARY VARYING"
        }
        DataType::Struct(_) => "ROW",
        DataType::List(_) => "ARRAY",
        DataType::IntervalDay | DataType::IntervalYear => {
            facts[7] = json!(data_type.base_name().trim_start_matches("INTERVAL "));
            facts[8] = json!(2);
            "INTERVAL"
        }
        DataType::TinyInt => {
            number(&mut facts, 8, 8, 2);
            "TINYINT"
        }
        DataType::SmallInt => {
            number(&mut facts, 16, 16, 2);
            "SMALLINT"
        }
        DataType::Integer => {
            number(&mut facts, 32, 32, 2);
            "INTEGER"
        }
        DataType::BigInt => {
            number(&mut facts, 64, 64, 2);
            "BIGINT"
        }
        DataType::Float => {
            number(&mut facts, 24, 24, 2);
            facts[5] = Value::Null;
            "FLOAT"
        }
        DataType::Double => {
            number(&mut facts, 53, 53, 2);
            facts[5] = Value::Null;
            "DOUBLE"
        }
        DataType::Decimal { precision, scale } => {
            let precision = precision.unwrap_or(38);
            number(&mut facts, precision, precision, 10);
            facts[5] = json!(scale.unwrap_or(0));
            "DECIMAL"
        }
        DataType::Date => {
            facts[0] = json!(10);
            facts[6] = json!(10);
            "DATE"
        }
        DataType::Time | DataType::Timestamp => {
            facts[0] = json!(23);
            facts[6] = json!(3);
            data_type.base_name()
        }
        other => other.base_name(),
    };
    (word, facts)
}

/// `[a, b, c]`, without any escaping, as `sys` prints paths.
fn bracketed(parts: &[String]) -> String {
    format!("[{}]", parts.join(", "))
}

fn ids_above(path: &DatasetPath, id: &dyn Fn(&DatasetPath) -> String) -> [Value; 2] {
    let root = path.root().map(|root| id(&DatasetPath::new([root])));
    let parent = path.parent().filter(|parent| parent.len() > 1).map(|parent| id(&parent));
    [json!(root), json!(parent)]
}
