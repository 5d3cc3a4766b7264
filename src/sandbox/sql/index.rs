//! Finds datasets by the names that SQL uses (contract §7.1). Knows paths, not rows.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::DatasetPath;
use crate::sandbox::sql::system::{Edition, System};
use crate::sandbox::world::{Kind, Node, World};

/// Every node of a world by its path.
pub(super) struct Index {
    world: Arc<World>,
    entries: Vec<Entry>,
    by_path: HashMap<DatasetPath, usize>,
}

struct Entry {
    path: DatasetPath,
    /// Child positions from the root down.
    route: Box<[u32]>,
}

/// What a name in FROM stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Found {
    /// A table or view of the catalogue.
    Dataset(usize),
    /// A table that the server makes up.
    System(System),
}

impl Index {
    pub(super) fn new(world: Arc<World>) -> Self {
        let mut index = Self { world, entries: Vec::new(), by_path: HashMap::new() };
        let world = Arc::clone(&index.world);
        index.add(&DatasetPath::default(), &[], &world.catalog);
        index
    }

    fn add(&mut self, parent: &DatasetPath, route: &[u32], nodes: &[Node]) {
        for (position, node) in (0..).zip(nodes) {
            let path = parent.join(node.name.as_str());
            let route: Box<[u32]> = route.iter().copied().chain([position]).collect();
            // Of two names that differ by case only the first is the one that SQL sees (§8).
            self.by_path.entry(path.folded()).or_insert(self.entries.len());
            self.entries.push(Entry { path: path.clone(), route: route.clone() });
            self.add(&path, &route, &node.children);
        }
    }

    /// The number of nodes; each is known by its position.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn path(&self, entry: usize) -> &DatasetPath {
        &self.entries[entry].path
    }

    pub(super) fn node(&self, entry: usize) -> &Node {
        let mut nodes = &self.world.catalog;
        let (last, parents) = self.entries[entry].route.split_last().expect("routes have a step");
        for position in parents {
            nodes = &nodes[*position as usize].children;
        }
        &nodes[*last as usize]
    }

    /// The home, space or source that holds an entry.
    pub(super) fn root(&self, entry: usize) -> &Node {
        &self.world.catalog[self.entries[entry].route[0] as usize]
    }

    pub(super) fn find(&self, path: &DatasetPath) -> Option<usize> {
        self.by_path.get(&path.folded()).copied()
    }

    /// The dataset that `parts` names: under the context first, then as written.
    pub(super) fn dataset(
        &self,
        context: &[String],
        parts: &[String],
        edition: Edition,
    ) -> Result<Found, String> {
        for path in candidates(context, parts) {
            if let Some(system) = System::find(&path, edition) {
                return Ok(Found::System(system));
            }
            let Some(entry) = self.find(&path) else { continue };
            let node = self.node(entry);
            if !matches!(node.kind, Kind::Table | Kind::View) {
                continue;
            }
            let root = self.root(entry);
            if root.state.as_ref().is_some_and(|state| state.status == "bad") {
                return Err(format!(
                    "The source [{}] is currently unavailable. Metadata is not accessible; please \
                     check node health (or external storage) and permissions.",
                    root.name
                ));
            }
            if node.forbidden {
                let path = self.path(entry);
                return Err(format!("PERMISSION ERROR: Access denied reading dataset {path}."));
            }
            return Ok(Found::Dataset(entry));
        }
        Err(self.not_found(parts))
    }

    /// The function that `parts` names.
    pub(super) fn function(&self, context: &[String], parts: &[String]) -> Option<usize> {
        candidates(context, parts).into_iter().find_map(|path| {
            self.find(&path).filter(|entry| self.node(*entry).kind == Kind::Function)
        })
    }

    fn not_found(&self, parts: &[String]) -> String {
        let known = (1..parts.len())
            .rev()
            .find(|length| self.find(&DatasetPath::new(&parts[..*length])).is_some())
            .unwrap_or(0);
        let missing = &parts[known];
        if known == 0 {
            return format!("VALIDATION ERROR: Object '{missing}' not found");
        }
        let within = parts[..known].join(".");
        format!("VALIDATION ERROR: Object '{missing}' not found within '{within}'")
    }
}

fn candidates(context: &[String], parts: &[String]) -> Vec<DatasetPath> {
    let mut paths = Vec::with_capacity(2);
    if !context.is_empty() {
        paths.push(context.iter().chain(parts).map(String::as_str).collect());
    }
    paths.push(DatasetPath::new(parts));
    paths
}
