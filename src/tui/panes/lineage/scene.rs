//! [`Scene`]: what a look shows, computed once for each change: the boxes with their neighbours, the
//! trace of a column, and the rows of tree and table. No places on the screen and no colours.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{Filters, Look, Place};
use crate::graph::digraph::Side;
use crate::graph::focus::{FocusedGraph, Subject};
use crate::graph::outline::{self, TableRow, TreeRow};
use crate::graph::paths;
use crate::lineage::origins::DISPUTED;
use crate::lineage::{ColumnAt, Edge, LineageGraph, NodeIndex, Origin, trace_column};
use crate::model::path::fold;
use crate::tui::lineage_model::LineageModel;

/// A row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TreeItem {
    /// A word above one side.
    Heading(&'static str),
    /// A box.
    Box(TreeRow),
}

/// A column's way through the graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// The node where it starts.
    pub(super) start: usize,
    /// The column there, folded.
    pub(super) column: String,
    /// Folded columns on the trace, by node.
    pub(super) columns: BTreeMap<usize, BTreeSet<String>>,
    /// Edges on the trace, with the folded pairs that they carry.
    pub(super) edges: BTreeMap<(usize, usize), Vec<(String, String)>>,
}

impl Trace {
    fn new(model: &LineageModel, start: usize, column: &str) -> Self {
        let graph = model.graph();
        let at = ColumnAt {
            node: NodeIndex(u32::try_from(start).unwrap_or(u32::MAX)),
            column: fold(column),
        };
        let found = trace_column(graph, &at, None, None);
        let mut trace = Self { start, column: at.column, ..Self::default() };
        for at in found.columns.into_keys() {
            trace.columns.entry(at.node.index()).or_default().insert(at.column);
        }
        for (edge, pairs) in found.edges {
            let edge = graph.edge(edge);
            trace.edges.insert((edge.from.index(), edge.to.index()), pairs);
        }
        trace
    }

    /// Nodes on the trace.
    pub(super) fn nodes(&self) -> BTreeSet<usize> {
        self.columns.keys().copied().collect()
    }

    /// Columns on the trace upstream and downstream of its start, itself not counted.
    pub(super) fn len(&self) -> usize {
        self.columns.values().map(BTreeSet::len).sum::<usize>().saturating_sub(1)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) graph: FocusedGraph,
    /// The box in focus.
    pub(super) focus: Option<usize>,
    pub(super) trace: Option<Trace>,
    /// Whether a box is on the trace or the path; empty when nothing is to stand out.
    pub(super) lit: Vec<bool>,
    pub(super) lit_edges: Vec<(usize, usize)>,
    pub(super) tree: Vec<TreeItem>,
    pub(super) table: Vec<TableRow>,
    /// Nodes that hang together with the focus at all.
    pub(super) reachable: usize,
}

impl Scene {
    /// What `look` shows of the model; `None` if its focus is not there.
    pub(super) fn new(model: &LineageModel, look: &Look, filters: &Filters) -> Option<Self> {
        let outline = model.outline();
        let focus = outline.find(look.focus())?;
        let view = look.view(outline, filters)?;
        let mut graph = FocusedGraph::new(outline, &view);
        let trace = look.traced.as_ref().and_then(|traced| {
            Some(Trace::new(model, outline.find(&traced.node)?, &traced.column))
        });
        if let Some(trace) = &trace {
            let shown = graph.nodes.iter().flat_map(|node| node.subject.nodes());
            let nodes: BTreeSet<usize> = shown.copied().chain(trace.nodes()).collect();
            graph = FocusedGraph::new(outline, &Look::with_nodes(view, nodes));
        }
        let upstream = hops(model, focus, Side::Upstream);
        let downstream = hops(model, focus, Side::Downstream);
        let reachable = upstream.len() + downstream.len() - 1;
        // A cut of given nodes knows no hops, but rows and headings are made from them.
        for node in &mut graph.nodes {
            let of = |hops: &BTreeMap<usize, usize>| {
                node.subject.nodes().iter().filter_map(|node| hops.get(node)).min().copied()
            };
            (node.upstream, node.downstream) = (of(&upstream), of(&downstream));
            node.focus = node.subject.nodes().contains(&focus);
        }
        let (mut lit, mut lit_edges) = (Vec::new(), Vec::new());
        let light = match (&trace, &look.place) {
            (Some(trace), _) => Some((trace.nodes(), trace.edges.keys().copied().collect())),
            (None, Place::Between(from, _)) => shortest(model, outline.find(from)?, focus),
            _ => None,
        };
        if let Some((nodes, edges)) = light {
            let (boxes, pairs) = graph.lit(outline, &nodes, &edges);
            lit = vec![false; graph.nodes.len()];
            for at in boxes {
                lit[at] = true;
            }
            lit_edges = pairs;
        }
        let focus = graph.shown(focus);
        let root = trace.as_ref().and_then(|trace| graph.shown(trace.start)).or(focus);
        let tree = tree(&graph, root);
        let table = outline::table(&graph);
        Some(Self { graph, focus, trace, lit, lit_edges, tree, table, reachable })
    }

    /// Whether a box stands back behind what is lit.
    pub(super) fn is_dimmed(&self, at: usize) -> bool {
        self.lit.get(at).is_some_and(|lit| !lit)
    }

    /// The box with this key.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.graph.nodes.binary_search_by(|node| node.key.as_str().cmp(key)).ok()
    }

    /// The one node of a box; `None` for a folder.
    pub(super) fn node(&self, at: usize) -> Option<usize> {
        match self.graph.nodes.get(at)?.subject {
            Subject::Node(node) => Some(node),
            Subject::Folder { .. } => None,
        }
    }

    /// Whether the edge between two boxes is one that dbt alone tells.
    pub(super) fn is_dbt_only(&self, graph: &LineageGraph, from: usize, to: usize) -> bool {
        let index = |at: usize| self.node(at).and_then(|node| u32::try_from(node).ok());
        let (Some(from), Some(to)) = (index(from), index(to)) else { return false };
        let edge = graph.between(NodeIndex(from), NodeIndex(to));
        edge.is_some_and(|edge| edge.origins == [Origin::Dbt])
    }

    /// The edges of the lineage that the one between two boxes stands for; none where it leads
    /// through something hidden.
    pub(super) fn edges_between<'g>(
        &self,
        graph: &'g LineageGraph,
        from: usize,
        to: usize,
    ) -> impl Iterator<Item = &'g Edge> {
        let nodes = |at: usize| -> &[usize] {
            self.graph.nodes.get(at).map_or(&[], |node| node.subject.nodes())
        };
        let (from, to) = (nodes(from), nodes(to));
        let index = |node: usize| NodeIndex(u32::try_from(node).unwrap_or(u32::MAX));
        let edges = to.iter().flat_map(move |node| graph.upstream(index(*node)));
        edges.map(|(_, edge)| edge).filter(|edge| from.contains(&edge.from.index()))
    }

    /// Where the edges between some pairs of boxes are known from: one word, or that it is not the
    /// same of all; and whether dbt and the SQL disagree on one of them.
    pub(super) fn told_by(
        &self,
        graph: &LineageGraph,
        pairs: impl IntoIterator<Item = (usize, usize)>,
    ) -> (String, bool) {
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut is_disputed = false;
        for (from, to) in pairs {
            for edge in self.edges_between(graph, from, to) {
                is_disputed |= graph.is_disputed(edge);
                words.insert(graph.told_by(edge));
            }
        }
        let word = match words.len() {
            0 | 1 => words.into_iter().next().unwrap_or_default(),
            _ if is_disputed => format!("mixed {DISPUTED}"),
            _ => "mixed".to_owned(),
        };
        (word, is_disputed)
    }

    /// The edges of a box, as pairs of boxes: what it reads, then what reads it.
    pub(super) fn edges_of(&self, at: usize) -> Vec<(usize, usize)> {
        let up = self.graph.neighbours(at, Side::Upstream).iter().map(|from| (*from, at));
        let down = self.graph.neighbours(at, Side::Downstream).iter().map(|to| (at, *to));
        up.chain(down).collect()
    }

    /// Boxes left and right of what is shown that are not shown.
    pub(super) fn hidden(&self) -> usize {
        let shown: usize = self.graph.nodes.iter().map(|node| node.subject.nodes().len()).sum();
        self.reachable.saturating_sub(shown)
    }
}

fn hops(model: &LineageModel, focus: usize, side: Side) -> BTreeMap<usize, usize> {
    paths::reach(model.outline(), &[focus], side, usize::MAX).into_iter().collect()
}

type Light = (BTreeSet<usize>, BTreeSet<(usize, usize)>);

fn shortest(model: &LineageModel, from: usize, to: usize) -> Option<Light> {
    let path = paths::shortest(model.outline(), from, to)?;
    let edges = path.windows(2).map(|pair| (pair[0], pair[1])).collect();
    Some((path.into_iter().collect(), edges))
}

/// What the root reads, the root, what reads it.
fn tree(graph: &FocusedGraph, root: Option<usize>) -> Vec<TreeItem> {
    let mut items = Vec::new();
    let Some(root) = root.filter(|root| *root < graph.nodes.len()) else { return items };
    let mut sides = [(Side::Upstream, "reads"), (Side::Downstream, "is read by")].into_iter();
    let mut head = None;
    let mut below = Vec::new();
    for (side, word) in sides.by_ref() {
        let mut rows = outline::tree(graph, root, side).into_iter();
        let first = rows.next();
        let count = rows.len();
        head = head.or(first);
        if count > 0 {
            below.push(TreeItem::Heading(word));
            below.extend(rows.map(TreeItem::Box));
        }
    }
    items.extend(head.map(TreeItem::Box));
    items.extend(below);
    items
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{
        Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
        NodeKind, TableKind,
    };
    use crate::tui::lineage_model::Looked;

    /// `s.raw` → `s.stg` → `s.mart`, and `s.raw` → `s.other`.
    pub(in super::super) fn model() -> Arc<LineageModel> {
        let mut catalog = Catalog::new();
        let item = |path: DatasetPath, kind| Item { path, id: None, kind, raw_kind: None };
        let root = DatasetPath::new(["s"]);
        let list = |parent: DatasetPath, items| Change::Children {
            parent,
            items,
            first: true,
            last: true,
        };
        catalog.apply(list(DatasetPath::default(), vec![item(root.clone(), NodeKind::Space)]));
        let table = NodeKind::Table(TableKind::Direct);
        let datasets = [
            ("raw", table, None, &["id", "Amount", "note"][..]),
            (
                "stg",
                NodeKind::View,
                Some("SELECT id, amount * 2 AS net, note FROM s.raw"),
                &["id", "net", "note"],
            ),
            (
                "mart",
                NodeKind::View,
                Some("SELECT id, SUM(net) AS total FROM s.stg GROUP BY id"),
                &["id", "total"],
            ),
            ("other", NodeKind::View, Some("SELECT note FROM s.raw"), &["note"]),
        ];
        let items = datasets.iter().map(|(name, kind, ..)| item(root.join(*name), *kind));
        catalog.apply(list(root.clone(), items.collect()));
        for (name, kind, sql, columns) in datasets {
            let columns = columns
                .iter()
                .map(|name| Column {
                    name: (*name).to_owned(),
                    data_type: DataType::BigInt,
                    nullable: None,
                })
                .collect();
            catalog.apply(Change::Entity(Box::new(Entity {
                item: item(root.join(name), kind),
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(columns),
                    sql: sql.map(str::to_owned),
                    ..DatasetDetail::default()
                }),
            })));
        }
        Arc::new(LineageModel::read(&catalog, None, &Looked::default(), None))
    }

    fn keys(scene: &Scene) -> Vec<&str> {
        scene.graph.nodes.iter().map(|node| node.key.as_str()).collect()
    }

    #[test]
    fn a_trace_brings_its_nodes_into_view_and_dims_the_rest() {
        let model = model();
        let mut look = Look::around("s.raw".to_owned(), 1, 1);
        let scene = Scene::new(&model, &look, &Filters::default()).expect("a scene");
        assert_eq!(keys(&scene), ["s.other", "s.raw", "s.stg"]);
        assert_eq!((scene.hidden(), scene.lit.len()), (1, 0));
        look.traced = Some(super::super::look::Traced {
            node: "s.raw".to_owned(),
            column: "amount".to_owned(),
        });
        let scene = Scene::new(&model, &look, &Filters::default()).expect("a scene");
        assert_eq!(keys(&scene), ["s.mart", "s.other", "s.raw", "s.stg"]);
        assert_eq!(scene.lit, [true, false, true, true]);
        assert!(scene.is_dimmed(1) && !scene.is_dimmed(0));
        assert_eq!(scene.lit_edges, [(2, 3), (3, 0)]);
        let trace = scene.trace.as_ref().expect("a trace");
        assert_eq!(trace.len(), 2);
        assert!(trace.columns[&scene.node(0).expect("a node")].contains("total"));
    }

    #[test]
    fn the_tree_starts_at_the_focus_with_one_side_after_the_other() {
        let look = Look::around("s.stg".to_owned(), 1, 1);
        let scene = Scene::new(&model(), &look, &Filters::default()).expect("a scene");
        let rows: Vec<String> = scene
            .tree
            .iter()
            .map(|item| match item {
                TreeItem::Heading(word) => (*word).to_owned(),
                TreeItem::Box(row) => scene.graph.nodes[row.node].key.clone(),
            })
            .collect();
        assert_eq!(rows, ["s.stg", "reads", "s.raw", "is read by", "s.mart"]);
        assert_eq!(scene.edges_of(scene.position("s.stg").expect("shown")).len(), 2);
    }

    #[test]
    fn a_path_shows_what_lies_between() {
        let look = Look::between("s.raw".to_owned(), "s.mart".to_owned());
        let scene = Scene::new(&model(), &look, &Filters::default()).expect("a scene");
        assert_eq!(keys(&scene), ["s.mart", "s.raw", "s.stg"]);
        assert!(scene.lit.iter().all(|lit| *lit));
    }
}
