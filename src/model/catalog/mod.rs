//! [`Catalog`]: everything known of a Dremio instance, in little memory.
//!
//! An arena of nodes with interned names and types. Facts come in through [`Catalog::apply`] only;
//! a clone shares what is behind a node and takes milliseconds even for the largest catalogues, so
//! that a reader on another thread can be given its own. What is not here: how facts are read
//! ([`crate::discovery`]) and what a stored catalogue looks like ([`super::snapshot`]).

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::change::{Applied, Change};
use super::entity::{
    DatasetDetail, Entity, EntityDetail, FunctionDetail, Item, NodeError, NodeKind, SourceDetail,
    TableKind,
};
use super::intern::Interner;
use super::path::{DatasetPath, with_folded};
use super::types::DataType;

pub(super) mod tables;
#[cfg(test)]
pub(super) mod tests;
mod view;

pub use view::{ColumnView, NodeRef, SchemaState, SchemaView};

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
    id: Option<Arc<str>>,
    error: Option<Arc<NodeError>>,
    container: Option<Arc<Container>>,
    details: Option<Arc<Details>>,
}

#[derive(Clone, Debug, Default)]
struct Container {
    children: Vec<NodeId>,
    listing: Listing,
    /// Children seen since the listing now under way began; absent between listings.
    seen: Option<FxHashSet<NodeId>>,
}

#[derive(Clone, Debug, Default)]
struct Details {
    created_at: Option<Box<str>>,
    raw_kind: Option<Box<str>>,
    columns: Option<Box<[StoredColumn]>>,
    sql: Option<Arc<str>>,
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
            container: Some(Arc::default()),
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
            id = self.child_named(id, part.as_ref())?;
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

    /// Takes in a fact. A change to a path that is not (or no longer) here does nothing, with one
    /// exception: details of something below a container that was not listed to its end are placed
    /// there, with the folders on the way, none of which counts as listed by that.
    pub fn apply(&mut self, change: Change) -> Applied {
        match change {
            Change::Children { parent, items, first, last } => {
                self.apply_children(&parent, items, first, last)
            }
            Change::Entity(entity) => {
                let node = self.at(&entity.item.path).map(|node| node.id);
                // The invisible root has no details; an entity without a path is not it.
                let node = node.filter(|id| *id != NodeId::ROOT);
                let node = node.or_else(|| self.place_unlisted(&entity.item));
                if let Some(id) = node {
                    self.apply_entity(id, *entity);
                }
                Applied { node, case_clashes: Vec::new() }
            }
            Change::Failed { path, error } => {
                let node = self.at(&path).map(|node| node.id);
                if let Some(id) = node {
                    self.nodes[id.index()].error = Some(Arc::new(error));
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
        if !self.nodes[id.index()].kind.is_container() {
            // A folder that became a table while its listing was under way.
            return Applied::default();
        }
        let mut applied = Applied { node: Some(id), case_clashes: Vec::new() };
        self.nodes[id.index()].error = None;
        if first {
            let container = self.container(id);
            container.seen = Some(FxHashSet::default());
            container.listing = Listing::Partial;
        }
        for item in items {
            let (child, is_new) = self.place(id, &item);
            let container = self.container(id);
            let is_repeat = container.seen.as_mut().is_some_and(|seen| !seen.insert(child));
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
            // Without a beginning there is no telling what is gone.
            if let Some(seen) = container.seen.take()
                && seen.len() < container.children.len()
            {
                let (mut kept, gone): (Vec<_>, Vec<_>) =
                    container.children.iter().partition(|child| seen.contains(child));
                kept.shrink_to_fit();
                container.children = kept;
                for child in gone {
                    self.remove(child);
                }
            }
        }
        applied
    }

    /// The child of `parent` that `item` names, made if need be.
    fn place(&mut self, parent: NodeId, item: &Item) -> (NodeId, bool) {
        let name = item.path.name();
        let key = with_folded(name, |folded| self.intern_name(folded));
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

    /// A node for something that no listing has shown, if one may still show it: what stands below
    /// a container listed to its end is gone.
    fn place_unlisted(&mut self, item: &Item) -> Option<NodeId> {
        let parts = item.path.parts();
        let mut at = NodeId::ROOT;
        let mut depth = 0;
        while let Some(child) = parts.get(depth).and_then(|part| self.child_named(at, part)) {
            at = child;
            depth += 1;
        }
        let above = NodeRef { catalog: self, id: at };
        let is_open = above.kind().is_container() && above.listing() != Listing::Complete;
        if depth == 0 || depth == parts.len() || !is_open {
            return None;
        }
        for end in depth + 1..=parts.len() {
            let kind = if end == parts.len() { item.kind } else { NodeKind::Folder };
            let path = DatasetPath::new(&parts[..end]);
            let (child, _) = self.place(at, &Item { path, id: None, kind, raw_kind: None });
            self.container(at).children.push(child);
            at = child;
        }
        Some(at)
    }

    /// Takes over what a listing says of a node.
    fn adopt(&mut self, id: NodeId, item: Item) {
        let name = self.intern_name(item.path.name());
        let kind = match (self.nodes[id.index()].kind, item.kind) {
            // Some answers say less of the sort of table than others.
            (known @ NodeKind::Table(_), NodeKind::Table(TableKind::Unknown)) => known,
            (_, kind) => kind,
        };
        let changed_kind = self.nodes[id.index()].kind != kind;
        if changed_kind && !kind.is_container() {
            // A folder that was promoted is a table now; what was listed below it is gone.
            for child in self.child_ids(id).to_vec() {
                self.remove(child);
            }
            self.nodes[id.index()].container = None;
        }
        if changed_kind {
            self.drop_details(id);
            self.nodes[id.index()].error = None;
        }
        let node = &mut self.nodes[id.index()];
        node.name = name;
        node.kind = kind;
        if let Some(server_id) = item.id
            && node.id.as_deref() != Some(&*server_id)
        {
            node.id = Some(server_id.into());
        }
        if let Some(raw) = item.raw_kind {
            let details = Arc::make_mut(node.details.get_or_insert_default());
            details.raw_kind = Some(raw.into());
        }
    }

    fn apply_entity(&mut self, id: NodeId, entity: Entity) {
        self.adopt(id, entity.item);
        let listed = self.nodes[id.index()].details.as_ref();
        let raw_kind = listed.and_then(|details| details.raw_kind.clone());
        self.drop_details(id);
        let mut details = Details {
            created_at: entity.created_at.map(Into::into),
            raw_kind,
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
        node.details = Some(Arc::new(details));
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
            self.columns -= details.columns.as_ref().map_or(0, |columns| columns.len());
        }
    }

    fn remove(&mut self, id: NodeId) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            stack.extend_from_slice(self.child_ids(id));
            let key = with_folded(self.name_of(id), |folded| self.names.find(folded));
            self.drop_details(id);
            let node = &mut self.nodes[id.index()];
            node.removed = true;
            node.container = None;
            node.error = None;
            node.id = None;
            let parent = node.parent;
            if let Some(key) = key {
                self.by_name.remove(&(parent, key));
            }
            self.live -= 1;
        }
    }

    fn intern_name(&mut self, name: &str) -> u32 {
        self.names.intern(name, |name| Arc::from(name))
    }

    fn container(&mut self, id: NodeId) -> &mut Container {
        Arc::make_mut(self.nodes[id.index()].container.get_or_insert_default())
    }

    fn child_named(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        let key = with_folded(name, |folded| self.names.find(folded))?;
        self.by_name.get(&(parent, key)).copied()
    }

    fn child_ids(&self, id: NodeId) -> &[NodeId] {
        self.nodes[id.index()].container.as_ref().map_or(&[], |container| &container.children)
    }

    fn name_of(&self, id: NodeId) -> &str {
        self.names.get(self.nodes[id.index()].name)
    }
}
