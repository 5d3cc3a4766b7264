//! A lineage for reading: coverage, findings, then the table asked for as a tree or as boxes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::drawing::node_of;
use super::escape::{one_line, shown};
use super::select::digraph;
use super::{LineageReport, fold_eq};
use crate::graph::digraph::{Graph, Node, Side};
use crate::graph::focus::{FocusedGraph, View};
use crate::graph::glyph::Charset;
use crate::graph::layout::layout;
use crate::graph::outline::{TreeRow, tree};
use crate::lineage::{
    Broken, BrokenKind, ColumnAt, ColumnEdge, Coverage, Edge, LineageNode, NodeIndex, NodeRole,
    ReadingStatus,
};
use crate::model::NodeRef;
use crate::model::display::clean;

/// How a table's lineage is drawn in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Draw {
    /// As boxes where the terminal is wide enough for them, else as a tree.
    #[default]
    Auto,
    /// As boxes joined by lines.
    Boxes,
    /// As indented lines.
    Tree,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextOptions {
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Columns of the terminal, if it is one.
    pub width: Option<usize>,
    /// Boxes or a tree.
    pub draw: Draw,
    /// Draw the selection though no table was asked for.
    pub all: bool,
}

impl LineageReport<'_> {
    /// The checks, then what was asked for.
    pub fn to_text(&self, options: TextOptions) -> String {
        let mut out = String::new();
        if self.incomplete {
            out.push_str(
                "The catalogue was not read to its end: what follows is a part of it.\n\n",
            );
        }
        write_coverage(&self.check.coverage, &mut out);
        self.write_findings(&mut out);
        if let Some(focus) = self.selection.focus {
            self.write_focus(focus, options, &mut out);
        } else if options.all {
            let _ = writeln!(
                out,
                "\n{}, {}",
                counted(self.node_count(), "dataset"),
                counted(self.edge_count(), "edge")
            );
            match options.draw {
                Draw::Tree => self.write_list(&mut out),
                Draw::Boxes => out.push_str(&self.boxes(options)),
                Draw::Auto => match self.fitting_boxes(options) {
                    Some(drawing) => out.push_str(&drawing),
                    None => self.write_list(&mut out),
                },
            }
        }
        out
    }

    fn write_findings(&self, out: &mut String) {
        let check = &self.check;
        let path = |index: NodeIndex| shown(&self.graph.node(index).path);
        if !check.unreadable.is_empty() {
            let _ = writeln!(out, "\nNot read wholly ({})", check.unreadable.len());
            for index in &check.unreadable {
                self.write_unreadable(*index, out);
            }
        }
        let (unchecked, broken): (Vec<&Broken>, Vec<&Broken>) =
            check.broken.iter().partition(|broken| broken.kind == BrokenKind::Unchecked);
        for (words, list) in [("Broken references", broken), ("Not found, may exist", unchecked)] {
            if list.is_empty() {
                continue;
            }
            let _ = writeln!(out, "\n{words} ({})", list.len());
            for broken in list {
                let at = broken.at.map(|at| format!(":{}:{}", at.line, at.column));
                let at = at.unwrap_or_default();
                let _ = writeln!(out, "  {}{at}  {}", path(broken.view), clean(&broken.message));
            }
        }
        if !check.cycles.is_empty() {
            let _ = writeln!(out, "\nCycles ({})", check.cycles.len());
            for group in &check.cycles {
                let names: Vec<String> = group.iter().map(|index| path(*index)).collect();
                let _ = writeln!(out, "  {}", names.join(", "));
            }
        }
        if !self.differences.is_empty() {
            let _ =
                writeln!(out, "\nDifferent in Dremio's own lineage ({})", self.differences.len());
            for difference in &self.differences {
                let _ = writeln!(out, "  {}", shown(&difference.view));
                for path in &difference.only_in_sql {
                    let _ = writeln!(out, "    only in the SQL: {}", shown(path));
                }
                for path in &difference.only_in_graph {
                    let _ = writeln!(out, "    only in Dremio's: {}", shown(path));
                }
            }
        }
        self.write_held(out);
    }

    fn write_unreadable(&self, index: NodeIndex, out: &mut String) {
        let node = self.graph.node(index);
        let Some(reading) = &node.reading else { return };
        let path = shown(&node.path);
        let status = reading.status.name();
        if reading.diagnostics.is_empty() {
            let error = self.in_catalog(node).and_then(NodeRef::error);
            let why = match (error, reading.status) {
                (Some(error), _) => format!(": {}", clean(&error.message)),
                (None, ReadingStatus::Partial) => {
                    ": it reads a table of unknown columns".to_owned()
                }
                _ => String::new(),
            };
            let _ = writeln!(out, "  {path}  {status}{why}");
        }
        for told in &reading.diagnostics {
            let message = clean(&told.message);
            let _ = writeln!(out, "  {path}:{}:{}  {status}: {message}", told.line, told.column);
        }
    }

    fn write_focus(&self, focus: NodeIndex, options: TextOptions, out: &mut String) {
        let node = self.graph.node(focus);
        let _ = writeln!(out, "\n{}  ({})", shown(&node.path), describe(node));
        if let Some((column, _)) = &self.selection.column {
            let _ = writeln!(out, "column {}", clean(column));
        }
        let drawing = match options.draw {
            Draw::Tree => None,
            Draw::Boxes => Some(self.boxes(options)),
            Draw::Auto => self.fitting_boxes(options),
        };
        if let Some(drawing) = drawing {
            let _ = write!(out, "\n{drawing}");
            return;
        }
        if self.selection.column.is_some() {
            self.write_column_trees(options, out);
            return;
        }
        let focused = self.focused();
        let Some(root) = focused.shown(focus.index()) else { return };
        for (side, words) in [(Side::Upstream, "Upstream"), (Side::Downstream, "Downstream")] {
            let rows = tree(&focused, root, side);
            let mut others: Vec<usize> = rows.iter().skip(1).map(|row| row.node).collect();
            others.sort_unstable();
            others.dedup();
            let _ = writeln!(out, "\n{words}: {}", counted(others.len(), "dataset"));
            let mut above = Above::new(root);
            for row in rows.iter().skip(1) {
                let index = node_of(&focused.nodes[row.node]);
                let parent = node_of(&focused.nodes[above.of(row)]);
                let node = self.graph.node(index);
                let ends = match side {
                    Side::Upstream => (index, parent),
                    Side::Downstream => (parent, index),
                };
                let told_by = self.told_by(self.graph.between(ends.0, ends.1));
                let again = if row.repeated { "  (see above)" } else { "" };
                let prefix = row.prefix(charset(options));
                let remark = remark(node);
                let _ = writeln!(out, "{prefix}{}{remark}{told_by}{again}", shown(&node.path));
            }
        }
    }

    /// Where an edge is known from, as the end of its line, if not all are from the views' SQL.
    fn told_by(&self, edge: Option<&Edge>) -> String {
        match edge.filter(|_| self.has_several_origins) {
            Some(edge) => format!("  {}", self.graph.told_by_in_words(edge)),
            None => String::new(),
        }
    }

    /// What comes from where, as trees of columns.
    fn write_column_trees(&self, options: TextOptions, out: &mut String) {
        let Some((column, trace)) = &self.selection.column else { return };
        let Some(focus) = self.selection.focus else { return };
        let columns: Vec<&ColumnAt> = trace.columns.keys().collect();
        let place: BTreeMap<&ColumnAt, usize> =
            columns.iter().enumerate().map(|(at, column)| (*column, at)).collect();
        let nodes = columns
            .iter()
            .map(|at| {
                let path = shown(&self.graph.node(at.node).path);
                let key = format!("{path}.{}", clean(&self.spelled(at.node, &at.column)));
                Node { key, ..Node::default() }
            })
            .collect();
        let mut steps: BTreeMap<(usize, usize), (&ColumnEdge, &Edge)> = BTreeMap::new();
        for (index, pairs) in &trace.edges {
            let edge = self.graph.edge(*index);
            for (from, to) in pairs {
                let upstream = ColumnAt { node: edge.from, column: from.clone() };
                let downstream = ColumnAt { node: edge.to, column: to.clone() };
                let step = edge
                    .columns
                    .iter()
                    .find(|step| fold_eq(&step.from, from) && fold_eq(&step.to, to));
                let ends = (place.get(&upstream), place.get(&downstream));
                if let ((Some(from), Some(to)), Some(step)) = (ends, step) {
                    steps.insert((*from, *to), (step, edge));
                }
            }
        }
        let graph = Graph::new(nodes, steps.keys().copied());
        let start = ColumnAt { node: focus, column: crate::model::path::fold(column) };
        let Some(start) = place.get(&start) else { return };
        let focused = FocusedGraph::new(&graph, &View::nodes((0..columns.len()).collect()));
        let Some(root) = focused.shown(*start) else { return };
        for (side, words) in [(Side::Upstream, "Comes from"), (Side::Downstream, "Flows into")] {
            let rows = tree(&focused, root, side);
            let mut others: Vec<usize> = rows.iter().skip(1).map(|row| row.node).collect();
            others.sort_unstable();
            others.dedup();
            let _ = writeln!(out, "\n{words} {}", counted(others.len(), "column"));
            let mut above = Above::new(root);
            for row in rows.iter().skip(1) {
                let parent = above.of(row);
                let number = |at: usize| node_of(&focused.nodes[at]).index();
                let ends = match side {
                    Side::Upstream => (number(row.node), number(parent)),
                    Side::Downstream => (number(parent), number(row.node)),
                };
                let step = steps.get(&ends);
                let how = step.map(|(step, _)| how(step)).unwrap_or_default();
                let told_by = self.told_by(step.map(|(_, edge)| *edge));
                let again = if row.repeated { "  (see above)" } else { "" };
                let key = &focused.nodes[row.node].key;
                let _ = writeln!(out, "{}{key}{how}{told_by}{again}", row.prefix(charset(options)));
            }
        }
    }

    /// Every dataset with what it reads.
    fn write_list(&self, out: &mut String) {
        let mut reads: BTreeMap<NodeIndex, Vec<&Edge>> = BTreeMap::new();
        for index in &self.edges {
            let edge = self.graph.edge(*index);
            reads.entry(edge.to).or_default().push(edge);
        }
        for (index, node) in self.nodes() {
            let _ = writeln!(out, "{}  ({})", shown(&node.path), describe(node));
            for edge in reads.get(&index).into_iter().flatten() {
                let from = self.graph.node(edge.from);
                let told_by = self.told_by(Some(edge));
                let _ = writeln!(out, "  reads {}{}{told_by}", shown(&from.path), remark(from));
            }
        }
    }

    fn boxes(&self, options: TextOptions) -> String {
        let focused = self.focused();
        let nodes: Vec<NodeIndex> = focused.nodes.iter().map(node_of).collect();
        let mut diagram = focused.diagram(|focused| {
            let index = node_of(focused);
            let path = &self.graph.node(index).path;
            let mut lines = vec![shown(path)];
            lines.extend(self.columns_in_box(index));
            lines
        });
        diagram.edges.retain(|(from, to)| self.is_drawn(nodes[*from], nodes[*to]));
        // Nobody cancels.
        layout(diagram, &|| false)
            .map_or_else(|_| String::new(), |drawn| drawn.to_text(charset(options)))
    }

    fn fitting_boxes(&self, options: TextOptions) -> Option<String> {
        /// More boxes than this are no longer read as a picture.
        const MOST: usize = 60;
        let width = options.width.filter(|_| self.node_count() <= MOST)?;
        let drawing = self.boxes(options);
        let widest = drawing.lines().map(crate::model::display::width).max().unwrap_or(0);
        (widest <= width).then_some(drawing)
    }

    /// The graph as selectors see it.
    pub fn digraph(&self) -> Graph {
        digraph(self.graph)
    }
}

/// The rows above a row of a tree, one a level: the last is the other end of the row's edge.
struct Above(Vec<usize>);

impl Above {
    fn new(root: usize) -> Self {
        Self(vec![root])
    }

    /// The box above a row; rows come in their order.
    fn of(&mut self, row: &TreeRow) -> usize {
        self.0.truncate(row.depth.max(1));
        let above = self.0.last().copied().unwrap_or(row.node);
        self.0.push(row.node);
        above
    }
}

fn charset(options: TextOptions) -> Charset {
    if options.ascii { Charset::Ascii } else { Charset::Unicode }
}

fn write_coverage(coverage: &Coverage, out: &mut String) {
    if coverage.views == 0 {
        out.push_str("No views.\n");
        return;
    }
    // Rounded down, so that 100 % means all.
    let percent = |value: f64| (value * 10.0).floor() / 10.0;
    let mut rest = String::new();
    for (count, words) in [
        (coverage.partial, "partly"),
        (coverage.failed, "only their tables"),
        (coverage.unreadable, "not at all"),
    ] {
        if count > 0 {
            let _ = write!(rest, ", {count} {words}");
        }
    }
    let _ = writeln!(
        out,
        "Views    {} of {} read wholly ({:.1} %){rest}",
        coverage.parsed,
        coverage.views,
        percent(coverage.views_percent()),
    );
    let _ = writeln!(
        out,
        "Columns  {} of {} traced to their origin ({:.1} %)",
        coverage.traced_columns,
        coverage.columns,
        percent(coverage.columns_percent()),
    );
}

/// What a node is, in words.
fn describe(node: &LineageNode) -> String {
    let mut words = match node.role {
        NodeRole::Missing if node.unchecked.is_some() => "not found, may exist".to_owned(),
        NodeRole::Missing => "does not exist".to_owned(),
        role => role.name().to_owned(),
    };
    if !node.columns.is_empty() {
        let _ = write!(words, ", {}", counted(node.columns.len(), "column"));
    }
    if let Some(reading) = node.reading.as_ref().filter(|it| it.status != ReadingStatus::Parsed) {
        let _ = write!(words, ", {}", reading.status.name());
    }
    words
}

/// What is unusual about a node in a tree.
fn remark(node: &LineageNode) -> String {
    let words = match (node.role, &node.reading) {
        (NodeRole::Missing, _) if node.unchecked.is_some() => "not found, may exist",
        (NodeRole::Missing, _) => "does not exist",
        (NodeRole::View, Some(reading)) if reading.status != ReadingStatus::Parsed => {
            reading.status.name()
        }
        (NodeRole::Source, _) => "whole source",
        (NodeRole::Exposure, _) => "exposure",
        _ => return String::new(),
    };
    format!("  ({words})")
}

/// How a column flows, in a few words.
fn how(step: &ColumnEdge) -> String {
    const WIDEST: usize = 60;
    let name = if step.influence.is_direct() {
        step.kind.as_str().to_lowercase()
    } else {
        format!("by {}", step.influence.subtype_name().to_lowercase())
    };
    if name == "identity" {
        return String::new();
    }
    format!("  [{name}: {}]", one_line(&step.expression, WIDEST))
}

pub(super) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
