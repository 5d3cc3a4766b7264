//! The catalogue's answers as they come over the wire, and how they become model values.
//!
//! Everything is optional and unknown fields are ignored (contract, general JSON rules). Lists are
//! taken apart one element at a time, so that one odd element costs itself and not the list.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::types::{FieldWire, columns};
use crate::model::{
    DatasetDetail, DatasetPath, Entity, EntityDetail, FunctionDetail, Item, NodeKind, SourceDetail,
    SourceHealth, TableKind,
};

/// `{"data":[…],"errors":[…]}`: the root listing, batch reads, reflections.
#[derive(Debug, Deserialize)]
pub(super) struct ListWire<'a> {
    #[serde(borrow)]
    pub(super) data: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) errors: Option<Vec<&'a RawValue>>,
}

/// One message of a batch read's `errors`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorWire {
    pub(super) error_message: Option<String>,
}

/// An element of a listing (contract §2.3).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemWire {
    id: Option<String>,
    path: Option<Vec<String>>,
    name: Option<String>,
    entity_type: Option<String>,
    r#type: Option<String>,
    dataset_type: Option<String>,
    container_type: Option<String>,
}

/// An entity as read by id or path (contract §2.4, §3.1).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntityWire<'a> {
    id: Option<String>,
    path: Option<Vec<String>>,
    name: Option<String>,
    entity_type: Option<String>,
    r#type: Option<String>,
    dataset_type: Option<String>,
    container_type: Option<String>,
    created_at: Option<Value>,
    state: Option<Value>,
    fields: Option<Vec<FieldWire>>,
    sql: Option<String>,
    sql_context: Option<Value>,
    format: Option<Value>,
    function_arg_list: Option<String>,
    function_body: Option<String>,
    return_type: Option<String>,
    #[serde(borrow)]
    children: Option<Vec<&'a RawValue>>,
    next_page_token: Option<String>,
}

impl ItemWire {
    /// `None` for an element that does not say where it stands.
    pub(super) fn into_item(self) -> Option<Item> {
        let path = stands_at(self.path, self.name)?;
        let (kind, raw_kind) = Words {
            entity_type: self.entity_type.as_deref(),
            r#type: self.r#type.as_deref(),
            dataset_type: self.dataset_type.as_deref(),
            container_type: self.container_type.as_deref(),
            has_format: false,
        }
        .kind();
        Some(Item { path, id: self.id, kind, raw_kind })
    }
}

/// The elements that can be understood; the others are left to the log.
pub(super) fn items(raw: Option<Vec<&RawValue>>) -> Vec<Item> {
    raw.unwrap_or_default()
        .into_iter()
        .filter_map(|raw| {
            let item =
                serde_json::from_str::<ItemWire>(raw.get()).ok().and_then(ItemWire::into_item);
            if item.is_none() {
                tracing::warn!(element = raw.get().get(..200), "a listed element without a path");
            }
            item
        })
        .collect()
}

impl<'a> EntityWire<'a> {
    /// The entity, its raw children and the token of the next page. `asked` is where it was asked
    /// for, used when the answer does not say where it stands.
    pub(super) fn take_apart(
        self,
        asked: &DatasetPath,
    ) -> (Entity, Option<Vec<&'a RawValue>>, Option<String>) {
        // Spaces, sources and homes have a name and no path (contract §2.4).
        let path = stands_at(self.path, self.name).unwrap_or_else(|| asked.clone());
        let format = self.format.as_ref().and_then(|format| text(format.get("type")?));
        let (kind, raw_kind) = Words {
            entity_type: self.entity_type.as_deref(),
            r#type: self.r#type.as_deref(),
            dataset_type: self.dataset_type.as_deref(),
            container_type: self.container_type.as_deref(),
            has_format: self.format.as_ref().is_some_and(Value::is_object),
        }
        .kind();
        let detail = match kind {
            NodeKind::Home | NodeKind::Space | NodeKind::Folder => EntityDetail::Container,
            NodeKind::Source => EntityDetail::Source(source(self.r#type, self.state.as_ref())),
            NodeKind::Table(_) | NodeKind::View => EntityDetail::Dataset(DatasetDetail {
                columns: self.fields.map(columns),
                sql: self.sql,
                sql_context: self.sql_context.as_ref().map(texts).unwrap_or_default(),
                format,
            }),
            NodeKind::Function => EntityDetail::Function(FunctionDetail {
                arguments: self.function_arg_list,
                body: self.function_body,
                returns: self.return_type,
            }),
            NodeKind::File | NodeKind::Unknown => EntityDetail::Plain,
        };
        let entity = Entity {
            item: Item { path, id: self.id, kind, raw_kind },
            created_at: self.created_at.as_ref().and_then(text),
            detail,
        };
        (entity, self.children, self.next_page_token.filter(|token| !token.is_empty()))
    }
}

fn stands_at(path: Option<Vec<String>>, name: Option<String>) -> Option<DatasetPath> {
    match (path, name) {
        (Some(path), _) if !path.is_empty() => Some(DatasetPath::new(path)),
        (_, Some(name)) => Some(DatasetPath::new([name])),
        _ => None,
    }
}

fn source(connector: Option<String>, state: Option<&Value>) -> SourceDetail {
    let state = state.filter(|state| state.is_object());
    let status = state.and_then(|state| text(state.get("status")?));
    let health = match status.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("good") => SourceHealth::Good,
        Some("warn") => SourceHealth::Warn,
        Some("bad") => SourceHealth::Bad,
        _ => SourceHealth::Unknown,
    };
    let mut messages: Vec<(u8, String)> = state
        .and_then(|state| state.get("messages")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(|message| {
            let level = message.get("level").and_then(Value::as_str).unwrap_or_default();
            let rank = match level.to_ascii_uppercase().as_str() {
                "ERROR" => 0,
                "WARN" => 1,
                _ => 2,
            };
            Some((rank, text(message.get("message")?)?))
        })
        .collect();
    messages.sort_by_key(|(rank, _)| *rank);
    SourceDetail {
        connector,
        health,
        messages: messages.into_iter().map(|(_, message)| message).collect(),
        suggestion: state
            .and_then(|state| text(state.get("suggestedUserAction")?))
            .filter(|text| !text.trim().is_empty()),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

/// The words from which the kind is read. An entity's own `type` means something else than an
/// item's (contract §2.3).
struct Words<'a> {
    entity_type: Option<&'a str>,
    r#type: Option<&'a str>,
    dataset_type: Option<&'a str>,
    container_type: Option<&'a str>,
    has_format: bool,
}

impl Words<'_> {
    fn kind(&self) -> (NodeKind, Option<String>) {
        let word = |word: Option<&str>| word.map(str::to_ascii_uppercase);
        let kind = match word(self.entity_type).as_deref() {
            Some("DATASET") => self.dataset_kind(self.r#type.or(self.dataset_type)),
            Some(other) => simple_kind(other),
            None => match word(self.r#type).as_deref() {
                Some("CONTAINER") => word(self.container_type).as_deref().and_then(simple_kind),
                Some("DATASET") => self.dataset_kind(self.dataset_type),
                Some(other) => simple_kind(other).or_else(|| self.dataset_kind(Some(other))),
                None => word(self.container_type)
                    .as_deref()
                    .and_then(simple_kind)
                    .or_else(|| self.dataset_kind(self.dataset_type)),
            },
        };
        match kind {
            Some(kind) => (kind, None),
            None => (NodeKind::Unknown, Some(self.raw())),
        }
    }

    fn dataset_kind(&self, word: Option<&str>) -> Option<NodeKind> {
        let word = word?.to_ascii_uppercase();
        match word.as_str() {
            "PROMOTED" => Some(NodeKind::Table(TableKind::Promoted)),
            "DIRECT" => Some(NodeKind::Table(TableKind::Direct)),
            // Only promoted files and folders have a format (contract §3.1).
            _ if word.starts_with("PHYSICAL") && self.has_format => {
                Some(NodeKind::Table(TableKind::Promoted))
            }
            _ if word.starts_with("PHYSICAL") => Some(NodeKind::Table(TableKind::Unknown)),
            _ if word.starts_with("VIRTUAL") => Some(NodeKind::View),
            _ => None,
        }
    }

    fn raw(&self) -> String {
        let words: Vec<&str> =
            [self.entity_type, self.r#type, self.container_type, self.dataset_type]
                .into_iter()
                .flatten()
                .collect();
        words.join(" ")
    }
}

fn simple_kind(word: &str) -> Option<NodeKind> {
    Some(match word {
        "HOME" => NodeKind::Home,
        "SPACE" => NodeKind::Space,
        "SOURCE" => NodeKind::Source,
        "FOLDER" => NodeKind::Folder,
        "FILE" => NodeKind::File,
        "FUNCTION" => NodeKind::Function,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn entity(json: &str) -> Entity {
        let wire: EntityWire<'_> = serde_json::from_str(json).expect("an entity");
        wire.take_apart(&DatasetPath::new(["asked"])).0
    }

    fn item(json: &str) -> Option<Item> {
        serde_json::from_str::<ItemWire>(json).ok().and_then(ItemWire::into_item)
    }

    #[rstest]
    #[case(r#"{"path":["s"],"type":"CONTAINER","containerType":"SPACE"}"#, NodeKind::Space)]
    #[case(r#"{"path":["s"],"type":"CONTAINER","containerType":"SOURCE"}"#, NodeKind::Source)]
    #[case(r#"{"path":["s","f"],"type":"CONTAINER","containerType":"FOLDER"}"#, NodeKind::Folder)]
    #[case(r#"{"path":["@a"],"type":"CONTAINER","containerType":"HOME"}"#, NodeKind::Home)]
    #[case(r#"{"path":["f"],"type":"CONTAINER","containerType":"FUNCTION"}"#, NodeKind::Function)]
    #[case(r#"{"path":["s","v"],"type":"DATASET","datasetType":"VIRTUAL"}"#, NodeKind::View)]
    #[case(
        r#"{"path":["s","t"],"type":"DATASET","datasetType":"PROMOTED"}"#,
        NodeKind::Table(TableKind::Promoted)
    )]
    #[case(
        r#"{"path":["s","t"],"type":"DATASET","datasetType":"DIRECT"}"#,
        NodeKind::Table(TableKind::Direct)
    )]
    #[case(r#"{"path":["s","x"],"type":"FILE"}"#, NodeKind::File)]
    #[case(r#"{"path":["s","n"],"type":"CONTAINER","containerType":"MODEL"}"#, NodeKind::Unknown)]
    #[case(r#"{"path":["s","n"],"type":"STREAM"}"#, NodeKind::Unknown)]
    fn kinds_of_items(#[case] json: &str, #[case] kind: NodeKind) {
        let item = item(json).expect("an item");
        assert_eq!(item.kind, kind);
        assert_eq!(item.raw_kind.is_some(), kind == NodeKind::Unknown);
    }

    #[rstest]
    #[case(r#"{"entityType":"space","name":"s"}"#, NodeKind::Space)]
    #[case(r#"{"entityType":"home","name":"@ada"}"#, NodeKind::Home)]
    #[case(r#"{"entityType":"source","name":"s","type":"S3"}"#, NodeKind::Source)]
    #[case(r#"{"entityType":"FOLDER","path":["s","f"]}"#, NodeKind::Folder)]
    #[case(r#"{"entityType":"file","path":["s","f"]}"#, NodeKind::File)]
    #[case(r#"{"entityType":"function","path":["s","f"]}"#, NodeKind::Function)]
    #[case(r#"{"entityType":"dataset","type":"VIRTUAL_DATASET","path":["s","v"]}"#, NodeKind::View)]
    #[case(
        r#"{"entityType":"dataset","type":"PHYSICAL_DATASET","path":["s","t"]}"#,
        NodeKind::Table(TableKind::Unknown)
    )]
    #[case(r#"{"entityType":"dataset","type":"PHYSICAL_DATASET","format":{"type":"Parquet"},"path":["s","t"]}"#, NodeKind::Table(TableKind::Promoted))]
    #[case(
        r#"{"entityType":"dataset","type":"NEW_DATASET","sql":"SELECT 1","path":["s","t"]}"#,
        NodeKind::Unknown
    )]
    #[case(r#"{"entityType":"model","path":["s","t"]}"#, NodeKind::Unknown)]
    fn kinds_of_entities(#[case] json: &str, #[case] kind: NodeKind) {
        assert_eq!(entity(json).item.kind, kind);
    }

    #[test]
    fn a_name_stands_in_for_a_missing_path() {
        assert_eq!(entity(r#"{"entityType":"home","name":"@ada"}"#).item.path.parts(), ["@ada"]);
        assert_eq!(entity(r#"{"entityType":"file"}"#).item.path.parts(), ["asked"]);
    }

    #[test]
    fn unknown_schema_is_not_an_empty_one() {
        let columns = |fields: &str| {
            let json = format!(
                r#"{{"entityType":"dataset","type":"PHYSICAL_DATASET","path":["t"]{fields}}}"#
            );
            match entity(&json).detail {
                EntityDetail::Dataset(detail) => detail.columns,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(columns(""), None);
        assert_eq!(columns(r#","fields":[]"#), Some(Vec::new()));
    }

    #[test]
    fn a_source_puts_the_worst_message_first() {
        let bad = entity(
            r#"{"entityType":"source","name":"pg","type":"POSTGRES","config":{"password":"$DREMIO_EXISTING_VALUE$"},
                "state":{"status":"bad","suggestedUserAction":" ","messages":[
                {"level":"INFO","message":"i"},{"level":"ERROR","message":"e"},{"level":"WARN","message":"w"}]}}"#,
        );
        let EntityDetail::Source(source) = bad.detail else { panic!("{bad:?}") };
        assert_eq!(source.health, SourceHealth::Bad);
        assert_eq!(source.messages, ["e", "w", "i"]);
        assert_eq!(source.suggestion, None);
        assert_eq!(source.connector.as_deref(), Some("POSTGRES"));
    }

    #[test]
    fn odd_timestamps_and_contexts_cost_nothing() {
        let view = entity(
            r#"{"entityType":"dataset","type":"VIRTUAL_DATASET","path":["s","v"],"tag":"null",
                "createdAt":17,"sqlContext":null,"sql":"SELECT 1;\n","novel":{"a":1}}"#,
        );
        assert_eq!(view.created_at, None);
        let EntityDetail::Dataset(detail) = view.detail else { panic!("a dataset") };
        assert_eq!(detail.sql_context, Vec::<String>::new());
        assert_eq!(detail.sql.as_deref(), Some("SELECT 1;\n"));
        let odd = entity(r#"{"entityType":"space","name":"s","createdAt":"ERROR"}"#);
        assert_eq!(odd.created_at.as_deref(), Some("ERROR"));
    }

    #[test]
    fn an_element_without_a_path_costs_only_itself() {
        let listing: ListWire<'_> = serde_json::from_str(
            r#"{"data":[{"id":"1"},{"path":["ok"],"type":"FILE"},{"path":"x"},7]}"#,
        )
        .expect("a listing");
        let items = items(listing.data);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].path.parts(), ["ok"]);
    }
}
