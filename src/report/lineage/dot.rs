//! A Graphviz digraph: folders as clusters, columns as ports where a column was asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::{dot, name_in_box, xml};
use super::{LineageReport, class};
use crate::lineage::{EdgeIndex, LineageNode, NodeIndex};
use crate::model::path::fold;
use crate::sqlflow::Confidence;

/// Folders below a folder, and the nodes right in it.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    nodes: Vec<NodeIndex>,
}

impl LineageReport<'_> {
    /// The text of a digraph.
    pub fn to_dot(&self) -> String {
        let mut out = String::from(
            "digraph lineage {\n  \
             graph [rankdir=LR, fontname=\"Helvetica\", fontsize=11, color=\"#cbd5e1\", \
             fontcolor=\"#475569\", style=\"rounded\", nodesep=0.18, ranksep=0.9, charset=\"UTF-8\"]\n  \
             node [shape=plain, fontname=\"Helvetica\", fontsize=11]\n  \
             edge [color=\"#64748b\", arrowsize=0.6]\n",
        );
        let _ = writeln!(out, "  label=\"{}\"\n  labelloc=t", dot(&self.title()));
        let mut root = Folder::default();
        for (index, node) in self.nodes() {
            let parent = node.path.parent().unwrap_or_default();
            let folder = parent
                .parts()
                .iter()
                .fold(&mut root, |folder, part| folder.folders.entry(part.clone()).or_default());
            folder.nodes.push(index);
        }
        let mut number = 0;
        self.write_folder(&root, &mut number, 1, &mut out);
        for index in &self.edges {
            self.write_dot_edge(*index, &mut out);
        }
        out.push_str("}\n");
        out
    }

    fn write_folder(&self, folder: &Folder, number: &mut usize, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for index in &folder.nodes {
            let node = self.graph.node(*index);
            let _ = writeln!(
                out,
                "{indent}n{} [label=<{}>, tooltip=\"{}\"]",
                index.0,
                self.label(*index, node),
                dot(&node.path.to_string())
            );
        }
        for (name, below) in &folder.folders {
            *number += 1;
            let _ = writeln!(
                out,
                "{indent}subgraph cluster_{number} {{\n{indent}  label=\"{}\"",
                dot(name)
            );
            self.write_folder(below, number, depth + 1, out);
            let _ = writeln!(out, "{indent}}}");
        }
    }

    fn label(&self, index: NodeIndex, node: &LineageNode) -> String {
        let (fill, line, ink) = colors(class(node));
        let is_focus = self.selection.focus == Some(index);
        let name = xml(&name_in_box(&node.path));
        // Graphviz takes no empty text.
        let name = if name.is_empty() { "&#160;".to_owned() } else { name };
        let mut label = format!(
            "<table border=\"{}\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"5\" style=\"rounded\" \
             color=\"{line}\" bgcolor=\"{fill}\"><tr><td><font color=\"{ink}\"><b>{name}</b></font></td></tr>",
            if is_focus { 3 } else { 1 },
        );
        for (at, column) in self.traced_columns(index).iter().enumerate() {
            let column = xml(column);
            let column = if column.is_empty() { "&#160;" } else { &column };
            let _ = write!(
                label,
                "<hr/><tr><td port=\"c{at}\" align=\"left\"><font color=\"{ink}\">{column}</font></td></tr>"
            );
        }
        label.push_str("</table>");
        label
    }

    fn write_dot_edge(&self, index: EdgeIndex, out: &mut String) {
        let edge = self.graph.edge(index);
        let style = if edge.confidence == Confidence::Low { " [style=dashed]" } else { "" };
        let (from, to) = (edge.from.0, edge.to.0);
        let Some((_, trace)) = &self.selection.column else {
            let _ = writeln!(out, "  n{from} -> n{to}{style}");
            return;
        };
        let port = |node: NodeIndex, folded: &str| {
            self.traced_columns(node).iter().position(|column| fold(column) == *folded)
        };
        let mut pairs = trace.edges.get(&index).cloned().unwrap_or_default();
        pairs.sort();
        for (upstream, downstream) in pairs {
            let ends = (port(edge.from, &upstream), port(edge.to, &downstream));
            if let (Some(a), Some(b)) = ends {
                let _ = writeln!(out, "  n{from}:c{a}:e -> n{to}:c{b}:w{style}");
            }
        }
    }
}

/// Fill, line and ink.
fn colors(class: &str) -> (&'static str, &'static str, &'static str) {
    match class {
        "table" => ("#d1fae5", "#059669", "#064e3b"),
        "view" => ("#e0e7ff", "#4f46e5", "#1e1b4b"),
        "source" => ("#fef3c7", "#d97706", "#451a03"),
        "missing" => ("#fee2e2", "#dc2626", "#450a0a"),
        "unchecked" => ("#fef9c3", "#a16207", "#422006"),
        "exposure" => ("#fce7f3", "#db2777", "#500724"),
        _ => ("#f1f5f9", "#64748b", "#0f172a"),
    }
}
