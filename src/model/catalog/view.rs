//! Reading a [`Catalog`]: borrowed views of a node and of its columns.

use std::sync::Arc;

use super::{Catalog, Details, Listing, Node, NodeId, StoredColumn};
use crate::model::entity::{FunctionDetail, Item, NodeError, NodeKind, SourceDetail};
use crate::model::path::DatasetPath;
use crate::model::types::{Column, DataType};

/// The known and the unknown about a dataset's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// The dataset's details were not read yet.
    Unread,
    /// Read, and the server has no schema for it (contract §3.1).
    Unknown,
    /// Read; there may be no columns all the same.
    Known,
}

/// A dataset's columns as borrowed from the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct SchemaView<'a> {
    /// Whether the columns below mean anything.
    pub state: SchemaState,
    pub(super) catalog: &'a Catalog,
    pub(super) columns: &'a [StoredColumn],
}

/// One column as borrowed from the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnView<'a> {
    /// The name.
    pub name: &'a str,
    /// The type.
    pub data_type: &'a DataType,
    /// Whether nulls can occur, where known.
    pub nullable: Option<bool>,
}

/// A node and the catalogue it stands in: the way to read one.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) id: NodeId,
}

impl<'a> NodeRef<'a> {
    fn node(self) -> &'a Node {
        &self.catalog.nodes[self.id.index()]
    }

    fn details(self) -> Option<&'a Details> {
        self.node().details.as_deref()
    }

    /// The handle to keep.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The catalogue it stands in.
    pub fn catalog(self) -> &'a Catalog {
        self.catalog
    }

    /// The name, in the server's spelling.
    pub fn name(self) -> &'a str {
        self.catalog.name_of(self.id)
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.node().kind
    }

    /// The server's own word for what it is, where [`NodeKind::Unknown`].
    pub fn raw_kind(self) -> Option<&'a str> {
        self.details()?.raw_kind.as_deref()
    }

    /// The server's id (contract §2.6).
    pub fn server_id(self) -> Option<&'a str> {
        self.node().id.as_deref()
    }

    /// The node above; `None` for the invisible root.
    pub fn parent(self) -> Option<Self> {
        (self.id != NodeId::ROOT).then(|| Self { catalog: self.catalog, id: self.node().parent })
    }

    /// How many names its path has; 0 for the invisible root.
    pub fn depth(self) -> usize {
        std::iter::successors(self.parent(), |node| node.parent()).count()
    }

    /// The whole path.
    pub fn path(self) -> DatasetPath {
        let mut parts = Vec::new();
        let mut at = self;
        while let Some(parent) = at.parent() {
            parts.push(at.name());
            at = parent;
        }
        parts.reverse();
        DatasetPath::new(parts)
    }

    /// The children in listing order.
    pub fn children(self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + 'a {
        let catalog = self.catalog;
        catalog.child_ids(self.id).iter().map(move |id| Self { catalog, id: *id })
    }

    /// The child of that name, compared without case.
    pub fn child(self, name: &str) -> Option<Self> {
        self.catalog.child_named(self.id, name).map(|id| Self { catalog: self.catalog, id })
    }

    /// What a listing would say of it, owned.
    pub fn item(self) -> Item {
        Item {
            path: self.path(),
            id: self.server_id().map(str::to_owned),
            kind: self.kind(),
            raw_kind: self.raw_kind().map(str::to_owned),
        }
    }

    /// How far the listing of its children has come.
    pub fn listing(self) -> Listing {
        self.node().container.as_ref().map_or(Listing::Unread, |container| container.listing)
    }

    /// Why it could not be read, if it could not.
    pub fn error(self) -> Option<&'a NodeError> {
        self.node().error.as_deref()
    }

    /// Whether its own details (not only a listing's line) have been read.
    pub fn has_details(self) -> bool {
        self.details().is_some_and(|details| details.entity_read)
    }

    /// When it was made, as the server wrote it.
    pub fn created_at(self) -> Option<&'a str> {
        self.details()?.created_at.as_deref()
    }

    /// The columns, and whether they are known.
    pub fn schema(self) -> SchemaView<'a> {
        let columns = self.details().and_then(|details| details.columns.as_deref());
        let state = match columns {
            Some(_) => SchemaState::Known,
            None if self.has_details() => SchemaState::Unknown,
            None => SchemaState::Unread,
        };
        SchemaView { state, catalog: self.catalog, columns: columns.unwrap_or_default() }
    }

    /// A view's SQL, where it may be read.
    pub fn sql(self) -> Option<&'a str> {
        self.details()?.sql.as_deref()
    }

    /// The same, to be kept beside the catalogue without a copy.
    pub fn shared_sql(self) -> Option<Arc<str>> {
        self.details()?.sql.clone()
    }

    /// The path against which the SQL's names are tried first; empty when there is none.
    pub fn sql_context(self) -> impl ExactSizeIterator<Item = &'a str> {
        let context = self.details().map_or(&[][..], |details| &details.sql_context);
        context.iter().map(|part| &**part)
    }

    /// A promoted table's file format.
    pub fn format(self) -> Option<&'a str> {
        self.details()?.format.as_deref()
    }

    /// A source's connector and state.
    pub fn source(self) -> Option<&'a SourceDetail> {
        self.details()?.source.as_deref()
    }

    /// A function's signature and body.
    pub fn function(self) -> Option<&'a FunctionDetail> {
        self.details()?.function.as_deref()
    }

    /// The root (home, space, source) it stands under; itself for a root.
    pub fn top(self) -> Self {
        let mut at = self;
        while let Some(parent) = at.parent() {
            if parent.id == NodeId::ROOT {
                break;
            }
            at = parent;
        }
        at
    }
}

impl<'a> SchemaView<'a> {
    /// How many columns there are; 0 when they are not known.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no columns to show.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The column at a position.
    pub fn get(&self, index: usize) -> Option<ColumnView<'a>> {
        self.columns.get(index).map(|column| self.view(column))
    }

    /// The columns in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ColumnView<'a>> + ExactSizeIterator {
        let view = *self;
        view.columns.iter().map(move |column| view.view(column))
    }

    /// Owned columns; `None` when they are not known.
    pub fn to_columns(&self) -> Option<Vec<Column>> {
        (self.state == SchemaState::Known).then(|| {
            self.iter()
                .map(|column| Column {
                    name: column.name.to_owned(),
                    data_type: column.data_type.clone(),
                    nullable: column.nullable,
                })
                .collect()
        })
    }

    fn view(&self, column: &StoredColumn) -> ColumnView<'a> {
        ColumnView {
            name: self.catalog.names.get(column.name),
            data_type: self.catalog.types.get(column.data_type),
            nullable: column.nullable,
        }
    }
}
