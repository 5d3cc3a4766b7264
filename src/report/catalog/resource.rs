//! The nodes of a catalogue in the form in which a document holds them.

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use crate::model::path::fold;
use crate::model::{
    Catalog, ColumnView, DataType, DatasetPath, FunctionDetail, Listing, NodeError, NodeId,
    NodeKind, NodeRef, SchemaState, SourceDetail, TableKind,
};

/// The nodes written, parents before children, siblings by name: the same whatever the order in
/// which a server lists.
#[derive(Debug)]
pub(super) struct Resources<'a> {
    catalog: &'a Catalog,
    /// Whether levels are left out.
    pub(super) is_partial: bool,
    order: Vec<NodeId>,
}

#[derive(Serialize)]
struct Resource<'a> {
    path: DatasetPath,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_kind: Option<TableKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_kind: Option<&'a str>,
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<&'a str>,
    /// How far a container was listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<&'static str>,
    /// Why a dataset has no columns: `unread`, `unknown`, or `known` when it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    columns: Option<Vec<ColumnEntry<'a>>>,
    sql: Option<&'a str>,
    sql_context: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a FunctionDetail>,
    error: Option<&'a NodeError>,
}

#[derive(Serialize)]
struct ColumnEntry<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nullable: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<PartEntry>,
}

/// A part of a nested type.
#[derive(Serialize)]
struct PartEntry {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<PartEntry>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(catalog: &'a Catalog, kinds: &[NodeKind]) -> Self {
        let is_wanted = |node: &NodeRef<'_>| {
            kinds.is_empty() || kinds.iter().any(|kind| kind.name() == node.kind().name())
        };
        let mut order = Vec::with_capacity(catalog.len());
        let mut stack = vec![catalog.root()];
        while let Some(node) = stack.pop() {
            let mut children: Vec<_> =
                node.children().map(|child| (fold(child.name()), child)).collect();
            // Names that are equal without case cannot stand beside one another.
            children.sort_unstable_by(|a, b| b.0.cmp(&a.0));
            stack.extend(children.into_iter().map(|(_, child)| child));
            if node.id() != NodeId::ROOT && is_wanted(&node) {
                order.push(node.id());
            }
        }
        Self { catalog, is_partial: !kinds.is_empty(), order }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeRef<'a>> + use<'a, '_> {
        self.order.iter().filter_map(|id| self.catalog.get(*id))
    }
}

impl Serialize for Resources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.order.len()))?;
        for node in self.nodes() {
            sequence.serialize_element(&Resource::of(node))?;
        }
        sequence.end()
    }
}

impl<'a> Resource<'a> {
    fn of(node: NodeRef<'a>) -> Self {
        let kind = node.kind();
        let schema = node.schema();
        let columns = (schema.state == SchemaState::Known)
            .then(|| (0..schema.len()).filter_map(|index| schema.get(index)).map(column).collect());
        Self {
            path: node.path(),
            kind: kind.name(),
            table_kind: match kind {
                NodeKind::Table(kind) => Some(kind),
                _ => None,
            },
            raw_kind: node.raw_kind(),
            id: node.server_id(),
            created_at: node.created_at(),
            listing: kind.is_container().then(|| match node.listing() {
                Listing::Unread => "unread",
                Listing::Partial => "partial",
                Listing::Complete => "complete",
            }),
            schema: kind.is_dataset().then_some(match schema.state {
                SchemaState::Unread => "unread",
                SchemaState::Unknown => "unknown",
                SchemaState::Known => "known",
            }),
            columns,
            sql: node.sql(),
            sql_context: node.sql_context().collect(),
            format: node.format(),
            source: node.source(),
            function: node.function(),
            error: node.error(),
        }
    }
}

fn column(column: ColumnView<'_>) -> ColumnEntry<'_> {
    ColumnEntry {
        name: column.name,
        data_type: column.data_type.to_string(),
        nullable: column.nullable,
        children: parts(column.data_type),
    }
}

fn parts(data_type: &DataType) -> Vec<PartEntry> {
    data_type
        .children()
        .into_iter()
        .map(|(name, data_type)| PartEntry {
            name,
            data_type: data_type.to_string(),
            children: parts(data_type),
        })
        .collect()
}
