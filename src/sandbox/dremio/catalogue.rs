//! [`Catalogue`]: everything a sandbox Dremio holds, as an arena of nodes that is quick to look up.
//!
//! Built once from a catalogue file or by a generator. It knows names, kinds and ids; how they are
//! worded in an answer is the business of `entity`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use uuid::Uuid;

use super::jobs::QueryEngine;
use crate::model::path::fold;
use crate::model::{Column, DatasetPath, TypeParseError};
use crate::sandbox::world::{Backend, FunctionSpec, Kind, State};

/// A node's place in its [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIx(u32);

/// The only user, and what login says of the server.
#[derive(Clone, Debug)]
pub struct Account {
    /// Login name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Product version.
    pub version: String,
}

/// What the server knows of a dataset's columns.
#[derive(Clone, Debug, Default)]
pub enum Schema {
    /// Nothing yet: answers have no `fields` (contract §3.1).
    #[default]
    Unknown,
    /// These columns, shared by whoever has the same.
    Known(Arc<[Column]>),
    /// Columns made up on demand from a number, so that a big catalogue need not hold them.
    Made(fn(u32) -> Vec<Column>, u32),
}

/// Who gets to see a root in the root listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    #[default]
    Listed,
    /// Nobody, though it can be opened: `sys`, `INFORMATION_SCHEMA` (contract §2.2).
    System,
    /// Made by a Software login, so absent from Cloud.
    SoftwareOnly,
}

/// What only some nodes have.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the words of the catalogue file, see `world::Node`")]
pub struct Detail {
    pub wiki: Option<String>,
    pub labels: Vec<String>,
    pub connector: Option<String>,
    pub state: Option<State>,
    pub format: Option<String>,
    pub sql: Option<String>,
    pub context: Vec<String>,
    pub sql_hidden: bool,
    pub forbidden: bool,
    pub reflections: Vec<serde_json::Value>,
    pub function: Option<FunctionSpec>,
}

/// A node to be added.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// Its name, as the server spells it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// For roots, how everything in it is listed; taken from the parent elsewhere.
    pub backend: Backend,
    /// Columns of a dataset.
    pub schema: Schema,
    /// The rest.
    pub detail: Option<Arc<Detail>>,
    /// For roots, who sees it.
    pub visibility: Visibility,
}

impl NewNode {
    /// A node without anything but a name and a kind.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            backend: Backend::Stored,
            schema: Schema::Unknown,
            detail: None,
            visibility: Visibility::Listed,
        }
    }
}

#[derive(Debug)]
struct Entry {
    name: Box<str>,
    folded: Option<Box<str>>,
    parent: u32,
    kind: Kind,
    backend: Backend,
    visibility: Visibility,
    /// Whether Dremio's own store has it, and with it a UUID; it can come to have it later.
    stored: AtomicBool,
    uuid: Uuid,
    children: Vec<NodeIx>,
    /// The next sibling whose name differs by case only.
    twin: u32,
    schema: Schema,
    /// Columns of a view whose file leaves them to its SQL.
    learned: OnceLock<Arc<[Column]>>,
    detail: Option<Arc<Detail>>,
}

const NONE: u32 = u32::MAX;
const NAMESPACE: Uuid = Uuid::from_u128(0x5f2c_7a1e_0d3b_4c68_9e47_d1b0_a6c5_3e21);

/// Why a catalogue file cannot be served.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A column has a type that cannot be read.
    #[error("column {column:?} of {path}: {source}")]
    Type {
        /// The dataset.
        path: String,
        /// The column.
        column: String,
        /// What is wrong with it.
        source: TypeParseError,
    },
    /// More nodes than can be numbered.
    #[error("a catalogue holds at most {} nodes", NONE - 1)]
    TooBig,
}

/// A catalogue, ready to be served.
#[derive(Debug)]
pub struct Catalogue {
    account: Account,
    nodes: Vec<Entry>,
    roots: Vec<NodeIx>,
    names: FxHashMap<(u32, Box<str>), u32>,
    uuids: FxHashMap<Uuid, NodeIx>,
}

impl Catalogue {
    /// An empty catalogue. Add nodes, parents first, then call [`Catalogue::finish`].
    pub fn new(account: Account) -> Self {
        Self {
            account,
            nodes: Vec::new(),
            roots: Vec::new(),
            names: FxHashMap::default(),
            uuids: FxHashMap::default(),
        }
    }

    /// Adds a node below `parent`, or a root.
    pub fn add(&mut self, parent: Option<NodeIx>, node: NewNode) -> Result<NodeIx, CatalogueError> {
        let number = u32::try_from(self.nodes.len())
            .ok()
            .filter(|number| *number < NONE)
            .ok_or(CatalogueError::TooBig)?;
        let ix = NodeIx(number);
        let backend = match parent {
            Some(parent) => self.entry(parent).backend,
            None if node.kind == Kind::Source => node.backend,
            None => Backend::Stored,
        };
        let stored = match backend {
            Backend::Stored => true,
            Backend::Storage => parent.is_none() || !matches!(node.kind, Kind::Folder | Kind::File),
            Backend::Versioned => parent.is_none(),
        };
        let folded = fold(&node.name);
        self.nodes.push(Entry {
            folded: (folded != node.name).then(|| folded.into()),
            name: node.name.into(),
            parent: parent.map_or(NONE, |parent| parent.0),
            kind: node.kind,
            backend,
            visibility: node.visibility,
            stored: AtomicBool::new(stored),
            uuid: Uuid::nil(),
            children: Vec::new(),
            twin: NONE,
            schema: node.schema,
            learned: OnceLock::new(),
            detail: node.detail,
        });
        match parent {
            Some(parent) => self.nodes[parent.0 as usize].children.push(ix),
            None => self.roots.push(ix),
        }
        Ok(ix)
    }

    /// Gives ids to everything and makes it ready for look-ups.
    #[expect(clippy::missing_panics_doc, reason = "`add` keeps every number in range")]
    pub fn finish(mut self) -> Self {
        let uuids: Vec<Uuid> =
            self.all().collect::<Vec<_>>().par_iter().map(|ix| self.make_uuid(*ix)).collect();
        for (entry, uuid) in self.nodes.iter_mut().zip(&uuids) {
            entry.uuid = *uuid;
        }
        self.uuids = self.all().rev().map(|ix| (self.entry(ix).uuid, ix)).collect();
        let mut names: FxHashMap<(u32, Box<str>), u32> =
            FxHashMap::with_capacity_and_hasher(self.nodes.len(), rustc_hash::FxBuildHasher);
        // Backwards, so that the first of several twins ends up at the head of its chain.
        for number in (0..self.nodes.len()).rev() {
            let entry = &mut self.nodes[number];
            let key = (entry.parent, entry.folded.as_ref().unwrap_or(&entry.name).clone());
            let number = u32::try_from(number).expect("`add` keeps numbers below u32::MAX");
            entry.twin = names.insert(key, number).unwrap_or(NONE);
        }
        self.names = names;
        for number in 0..self.nodes.len() {
            if self.nodes[number].backend == Backend::Stored {
                let mut children = std::mem::take(&mut self.nodes[number].children);
                children.sort_by(|a, b| self.order_key(*a).cmp(&self.order_key(*b)));
                self.nodes[number].children = children;
            }
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by(|a, b| {
            let rank = |ix: NodeIx| match self.kind(ix) {
                Kind::Home => 0,
                Kind::Space => 1,
                Kind::Source => 2,
                _ => 3,
            };
            (rank(*a), self.order_key(*a)).cmp(&(rank(*b), self.order_key(*b)))
        });
        self.roots = roots;
        self
    }

    fn make_uuid(&self, ix: NodeIx) -> Uuid {
        let mut bytes = Vec::with_capacity(64);
        for part in self.path(ix) {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Uuid::new_v5(&NAMESPACE, &bytes)
    }

    fn entry(&self, ix: NodeIx) -> &Entry {
        &self.nodes[ix.0 as usize]
    }

    /// The user and the version.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Every node, parents before their children.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = NodeIx> + use<> {
        let end = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        (0..end).map(NodeIx)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All roots: homes, spaces, sources, functions, each group by name; hidden ones too.
    pub fn roots(&self) -> &[NodeIx] {
        &self.roots
    }

    /// A node's name.
    pub fn name(&self, ix: NodeIx) -> &str {
        &self.entry(ix).name
    }

    /// What a node is.
    pub fn kind(&self, ix: NodeIx) -> Kind {
        self.entry(ix).kind
    }

    /// How the root of a node lists.
    pub fn backend(&self, ix: NodeIx) -> Backend {
        self.entry(ix).backend
    }

    /// Who sees a root.
    pub fn visibility(&self, ix: NodeIx) -> Visibility {
        self.entry(ix).visibility
    }

    /// A node's parent; roots have none.
    pub fn parent(&self, ix: NodeIx) -> Option<NodeIx> {
        Some(self.entry(ix).parent).filter(|parent| *parent != NONE).map(NodeIx)
    }

    /// The root above a node, or itself.
    pub fn root_of(&self, ix: NodeIx) -> NodeIx {
        let mut root = ix;
        while let Some(parent) = self.parent(root) {
            root = parent;
        }
        root
    }

    /// The names from the root down.
    pub fn path(&self, ix: NodeIx) -> Vec<&str> {
        let mut parts = vec![self.name(ix)];
        let mut at = ix;
        while let Some(parent) = self.parent(at) {
            parts.push(self.name(parent));
            at = parent;
        }
        parts.reverse();
        parts
    }

    /// A container's children in the order in which its backend lists them.
    pub fn children(&self, ix: NodeIx) -> &[NodeIx] {
        &self.entry(ix).children
    }

    /// The columns, as far as the server knows them.
    pub fn columns(&self, ix: NodeIx) -> Option<std::borrow::Cow<'_, [Column]>> {
        match &self.entry(ix).schema {
            Schema::Unknown => self.entry(ix).learned.get().map(|columns| columns.as_ref().into()),
            Schema::Known(columns) => Some(columns.as_ref().into()),
            Schema::Made(make, number) => Some(make(*number).into()),
        }
    }

    /// Asks `engine` for the columns of every view that has none, as Dremio learns them when a view
    /// is saved. Views that do not run stay without; they come back with the engine's message.
    pub fn learn_views(&self, engine: &dyn QueryEngine) -> Vec<(NodeIx, String)> {
        let is_untold = |ix: &NodeIx| self.kind(*ix) == Kind::View && self.columns(*ix).is_none();
        let mut failed = Vec::new();
        for ix in self.all().filter(is_untold) {
            let path: DatasetPath = self.path(ix).into_iter().collect();
            match engine.run(&format!("SELECT * FROM {} LIMIT 0", path.to_sql()), &[]) {
                Ok(answer) => {
                    let columns = answer.columns.into_iter().map(|(name, data_type)| Column {
                        name,
                        data_type,
                        nullable: None,
                    });
                    // Nobody else can have been first with other columns: they follow from the SQL.
                    let _ = self.entry(ix).learned.set(columns.collect());
                }
                Err(message) => failed.push((ix, message)),
            }
        }
        failed
    }

    /// The number from which a node's columns are made, if they are.
    pub fn schema_seed(&self, ix: NodeIx) -> Option<u32> {
        match &self.entry(ix).schema {
            Schema::Made(_, seed) => Some(*seed),
            _ => None,
        }
    }

    /// What only some nodes have.
    pub fn detail(&self, ix: NodeIx) -> Option<&Detail> {
        self.entry(ix).detail.as_deref()
    }

    /// The UUID that a node has if it [is stored](Catalogue::is_stored).
    pub fn uuid(&self, ix: NodeIx) -> Uuid {
        self.entry(ix).uuid
    }

    /// Whether Dremio's own store has it.
    pub fn is_stored(&self, ix: NodeIx) -> bool {
        self.entry(ix).stored.load(Ordering::Relaxed)
    }

    /// Makes the store have a folder or file of a file system, as a query over it would: from now
    /// on it has a UUID (contract §2.6).
    pub fn store(&self, ix: NodeIx) {
        self.entry(ix).stored.store(true, Ordering::Relaxed);
    }

    /// The stored node with this UUID.
    pub fn by_uuid(&self, uuid: Uuid) -> Option<NodeIx> {
        self.uuids.get(&uuid).copied().filter(|ix| self.is_stored(*ix))
    }

    /// Roots or children called `name` but for case, the first in listing order first.
    pub fn twins(&self, parent: Option<NodeIx>, name: &str) -> impl Iterator<Item = NodeIx> {
        let key = (parent.map_or(NONE, |parent| parent.0), fold(name).into());
        let first = self.names.get(&key).copied();
        let next = |number: &u32| Some(self.nodes[*number as usize].twin).filter(|at| *at != NONE);
        std::iter::successors(first, next).map(NodeIx)
    }

    /// The key by which stored children are listed: folded name, then the name itself.
    pub fn order_key(&self, ix: NodeIx) -> (&str, &str) {
        let entry = self.entry(ix);
        (entry.folded.as_ref().unwrap_or(&entry.name), &entry.name)
    }

    /// Whether a node is a table or view.
    pub fn is_dataset(&self, ix: NodeIx) -> bool {
        matches!(self.kind(ix), Kind::Table | Kind::View)
    }

    /// Tables and views under `ix` (itself included), counted up to `limit`.
    pub fn count_datasets(&self, ix: NodeIx, limit: usize) -> usize {
        let mut stack = vec![ix];
        let mut count = 0;
        while let Some(at) = stack.pop() {
            count += usize::from(self.is_dataset(at));
            if count >= limit {
                break;
            }
            stack.extend(self.children(at));
        }
        count
    }

    /// The node at exactly this path, without case; the first of several.
    pub fn find<S: AsRef<str>>(&self, path: &[S]) -> Option<NodeIx> {
        let mut at = None;
        for part in path {
            at = Some(self.twins(at, part.as_ref()).next()?);
        }
        at
    }
}
