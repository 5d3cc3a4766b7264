//! [`Catalog`]: everything known of a Dremio instance, in little memory.
//!
//! An arena of nodes with interned names and types. Facts come in through [`Catalog::apply`] only.
//! What is not here: how facts are read ([`crate::discovery`]) and how they are stored
//! ([`super::snapshot`](crate::model)).

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::change::{Applied, Change};
use super::entity::{
    DatasetDetail, Entity, EntityDetail, FunctionDetail, Item, NodeError, NodeKind, SourceDetail,
};
use super::intern::Interner;
use super::path::{DatasetPath, fold};
use super::types::{Column, DataType};

/// Names a node of one [`Catalog`]; stays valid (though perhaps removed) as long as that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The invisible node above homes, spaces and sources.
    pub const ROOT: Self = Self(0);

    /// A dense index, for side tables of the reader's own.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How far a container's listing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Never listed.
    #[default]
    Unread,
    /// Some pages are there, more may come.
    Partial,
    /// Listed to the end.
    Complete,
}

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
    catalog: &'a Catalog,
    columns: &'a [StoredColumn],
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

/// A catalogue: a tree of nodes below [`NodeId::ROOT`].
#[derive(Clone, Debug)]
pub struct Catalog {
    nodes: Vec<Node>,
    names: Interner<str>,
    types: Interner<DataType>,
    by_name: FxHashMap<(NodeId, u32), NodeId>,
    live: usize,
    columns: usize,
}

#[derive(Clone, Debug)]
struct Node {
    name: u32,
    parent: NodeId,
    kind: NodeKind,
    removed: bool,
    id: Option<Box<str>>,
    error: Option<Box<NodeError>>,
    container: Option<Box<Container>>,
    details: Option<Box<Details>>,
}

#[derive(Clone, Debug, Default)]
struct Container {
    children: Vec<NodeId>,
    listing: Listing,
    /// Children seen since the listing now under way began; empty between listings.
    seen: FxHashSet<NodeId>,
}

#[derive(Clone, Debug, Default)]
struct Details {
    created_at: Option<Box<str>>,
    raw_kind: Option<Box<str>>,
    columns: Option<Box<[StoredColumn]>>,
    sql: Option<Box<str>>,
    sql_context: Box<[Box<str>]>,
    format: Option<Box<str>>,
    source: Option<Box<SourceDetail>>,
    function: Option<Box<FunctionDetail>>,
    entity_read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StoredColumn {
    name: u32,
    data_type: u32,
    nullable: Option<bool>,
}

impl Default for Catalog {
    fn default() -> Self {
        let mut names = Interner::default();
        let empty = names.intern("", |name: &str| Arc::from(name));
        let root = Node {
            name: empty,
            parent: NodeId::ROOT,
            kind: NodeKind::Folder,
            removed: false,
            id: None,
            error: None,
            container: Some(Box::default()),
            details: None,
        };
        Self {
            nodes: vec![root],
            names,
            types: Interner::default(),
            by_name: FxHashMap::default(),
            live: 0,
            columns: 0,
        }
    }
}

/// A node and the catalogue it stands in: the way to read one.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    catalog: &'a Catalog,
    id: NodeId,
}

impl Catalog {
    /// An empty catalogue: nothing below the root, and that unread.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes there are below the root.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many columns all datasets have together.
    pub fn column_count(&self) -> usize {
        self.columns
    }

    /// One more than the largest [`NodeId::index`], removed nodes included: the size of a side table.
    pub fn index_bound(&self) -> usize {
        self.nodes.len()
    }

    /// The invisible root.
    pub fn root(&self) -> NodeRef<'_> {
        NodeRef { catalog: self, id: NodeId::ROOT }
    }

    /// A node, unless it has been removed since.
    pub fn get(&self, id: NodeId) -> Option<NodeRef<'_>> {
        let node = self.nodes.get(id.index())?;
        (!node.removed).then_some(NodeRef { catalog: self, id })
    }

    /// The node at a path, compared without case; the empty path is the root.
    pub fn lookup<S: AsRef<str>>(&self, parts: &[S]) -> Option<NodeRef<'_>> {
        let mut id = NodeId::ROOT;
        for part in parts {
            let name = self.names.find(&fold(part.as_ref()))?;
            id = *self.by_name.get(&(id, name))?;
        }
        Some(NodeRef { catalog: self, id })
    }

    /// The node at `path`, compared without case.
    pub fn at(&self, path: &DatasetPath) -> Option<NodeRef<'_>> {
        self.lookup(path.parts())
    }

    /// Every node below the root, parents before children, siblings in listing order.
    pub fn walk(&self) -> impl Iterator<Item = NodeRef<'_>> {
        let mut stack = vec![NodeId::ROOT];
        std::iter::from_fn(move || {
            let id = stack.pop()?;
            stack.extend(self.child_ids(id).iter().rev());
            Some(NodeRef { catalog: self, id })
        })
        .skip(1)
    }

    /// Takes in a fact. A change to a path that is not (or no longer) here does nothing.
    pub fn apply(&mut self, change: Change) -> Applied {
        match change {
            Change::Children { parent, items, first, last } => {
                self.apply_children(&parent, items, first, last)
            }
            Change::Entity(entity) => {
                let node = self.at(&entity.item.path).map(|node| node.id);
                if let Some(id) = node {
                    self.apply_entity(id, *entity);
                }
                Applied { node, case_clashes: Vec::new() }
            }
            Change::Failed { path, error } => {
                let node = self.at(&path).map(|node| node.id);
                if let Some(id) = node {
                    self.nodes[id.index()].error = Some(Box::new(error));
                }
                Applied { node, case_clashes: Vec::new() }
            }
        }
    }

    fn apply_children(
        &mut self,
        parent: &DatasetPath,
        items: Vec<Item>,
        first: bool,
        last: bool,
    ) -> Applied {
        let Some(id) = self.at(parent).map(|node| node.id) else { return Applied::default() };
        let mut applied = Applied { node: Some(id), case_clashes: Vec::new() };
        self.nodes[id.index()].error = None;
        if first {
            let container = self.container(id);
            container.seen.clear();
            container.listing = Listing::Partial;
        }
        for item in items {
            let (child, is_new) = self.place(id, &item);
            let container = self.container(id);
            let is_repeat = !container.seen.insert(child);
            if is_new {
                container.children.push(child);
            } else if is_repeat {
                // A page shifted by a concurrent change repeats an entry letter by letter; another
                // spelling of the same key is a second thing that Dremio cannot name.
                if self.name_of(child) != item.path.name() {
                    applied.case_clashes.push(item.path);
                }
                continue;
            }
            self.adopt(child, item);
        }
        if last {
            let container = self.container(id);
            container.listing = Listing::Complete;
            let seen = std::mem::take(&mut container.seen);
            let (kept, gone): (Vec<_>, Vec<_>) =
                container.children.iter().partition(|child| seen.contains(child));
            container.children = kept;
            for child in gone {
                self.remove(child);
            }
        }
        applied
    }

    /// The child of `parent` that `item` names, made if need be.
    fn place(&mut self, parent: NodeId, item: &Item) -> (NodeId, bool) {
        let name = item.path.name();
        let key = self.intern_name(&fold(name));
        if let Some(id) = self.by_name.get(&(parent, key)) {
            return (*id, false);
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let name = self.intern_name(name);
        self.nodes.push(Node {
            name,
            parent,
            kind: item.kind,
            removed: false,
            id: None,
            error: None,
            container: None,
            details: None,
        });
        self.by_name.insert((parent, key), id);
        self.live += 1;
        (id, true)
    }

    /// Takes over what a listing says of a node.
    fn adopt(&mut self, id: NodeId, item: Item) {
        let name = self.intern_name(item.path.name());
        let changed_kind = self.nodes[id.index()].kind != item.kind;
        if changed_kind && !item.kind.is_container() {
            // A folder that was promoted is a table now; what was listed below it is gone.
            for child in self.child_ids(id).to_vec() {
                self.remove(child);
            }
            self.nodes[id.index()].container = None;
        }
        if changed_kind {
            self.drop_details(id);
        }
        let node = &mut self.nodes[id.index()];
        node.name = name;
        node.kind = item.kind;
        node.id = item.id.map(Into::into);
        if let Some(raw) = item.raw_kind {
            node.details.get_or_insert_default().raw_kind = Some(raw.into());
        }
    }

    fn apply_entity(&mut self, id: NodeId, entity: Entity) {
        let kind = entity.item.kind;
        // Details by id may say less about the kind of table than the listing did.
        let kind = match (self.nodes[id.index()].kind, kind) {
            (NodeKind::Table(known), NodeKind::Table(super::TableKind::Unknown)) => {
                NodeKind::Table(known)
            }
            (_, kind) => kind,
        };
        self.drop_details(id);
        let listed_id = self.nodes[id.index()].id.take().map(String::from);
        let item = Item { kind, id: entity.item.id.or(listed_id), ..entity.item };
        self.adopt(id, item);
        let mut details = Details {
            created_at: entity.created_at.map(Into::into),
            raw_kind: self.nodes[id.index()].details.take().and_then(|details| details.raw_kind),
            entity_read: true,
            ..Details::default()
        };
        match entity.detail {
            EntityDetail::Container | EntityDetail::Plain => {}
            EntityDetail::Source(source) => details.source = Some(Box::new(source)),
            EntityDetail::Function(function) => details.function = Some(Box::new(function)),
            EntityDetail::Dataset(dataset) => self.fill_dataset(&mut details, dataset),
        }
        let node = &mut self.nodes[id.index()];
        node.details = Some(Box::new(details));
        if !node.kind.is_container() {
            node.error = None;
        }
    }

    fn fill_dataset(&mut self, details: &mut Details, dataset: DatasetDetail) {
        details.columns = dataset.columns.map(|columns| {
            self.columns += columns.len();
            columns
                .iter()
                .map(|column| StoredColumn {
                    name: self.intern_name(&column.name),
                    data_type: self
                        .types
                        .intern(&column.data_type, |data_type| Arc::new(data_type.clone())),
                    nullable: column.nullable,
                })
                .collect()
        });
        details.sql = dataset.sql.map(Into::into);
        details.sql_context = dataset.sql_context.into_iter().map(Into::into).collect();
        details.format = dataset.format.map(Into::into);
    }

    fn drop_details(&mut self, id: NodeId) {
        if let Some(details) = self.nodes[id.index()].details.take() {
            self.columns -= details.columns.map_or(0, |columns| columns.len());
        }
    }

    fn remove(&mut self, id: NodeId) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            stack.extend_from_slice(self.child_ids(id));
            let key = fold(self.name_of(id));
            let key = self.intern_name(&key);
            self.drop_details(id);
            let node = &mut self.nodes[id.index()];
            node.removed = true;
            node.container = None;
            node.error = None;
            node.id = None;
            let parent = node.parent;
            self.by_name.remove(&(parent, key));
            self.live -= 1;
        }
    }

    fn intern_name(&mut self, name: &str) -> u32 {
        self.names.intern(name, |name| Arc::from(name))
    }

    fn container(&mut self, id: NodeId) -> &mut Container {
        self.nodes[id.index()].container.get_or_insert_default()
    }

    fn child_ids(&self, id: NodeId) -> &[NodeId] {
        self.nodes[id.index()].container.as_ref().map_or(&[], |container| &container.children)
    }

    fn name_of(&self, id: NodeId) -> &str {
        self.names.get(self.nodes[id.index()].name)
    }
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
