//! A Mermaid flowchart, as Markdown pages show it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::{mermaid, name_in_box};
use super::{LineageReport, class};
use crate::lineage::NodeIndex;
use crate::model::DatasetPath;
use crate::sqlflow::Confidence;

/// The most edges that Mermaid draws unless it is told otherwise.
pub const MERMAID_MOST_EDGES: usize = 500;

const CLASSES: &str = "\
  classDef table fill:#d1fae5,stroke:#059669,color:#064e3b
  classDef view fill:#e0e7ff,stroke:#4f46e5,color:#1e1b4b
  classDef source fill:#fef3c7,stroke:#d97706,color:#451a03
  classDef system fill:#f1f5f9,stroke:#64748b,color:#0f172a
  classDef exposure fill:#fce7f3,stroke:#db2777,color:#500724
  classDef missing fill:#fee2e2,stroke:#dc2626,color:#450a0a,stroke-dasharray:4 3
  classDef unchecked fill:#fef9c3,stroke:#a16207,color:#422006,stroke-dasharray:4 3
  classDef focus stroke-width:3px
  classDef folder fill:transparent,stroke:#94a3b8
";

impl LineageReport<'_> {
    /// The text of a flowchart; folders are its subgraphs.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let mut folders: BTreeMap<DatasetPath, Vec<NodeIndex>> = BTreeMap::new();
        for (index, node) in self.nodes() {
            folders.entry(node.path.parent().unwrap_or_default()).or_default().push(index);
        }
        for (number, (folder, nodes)) in folders.iter().enumerate() {
            if !folder.is_empty() {
                let _ = writeln!(out, "  subgraph f{number}[\"{}\"]", mermaid(&folder.to_string()));
            }
            for index in nodes {
                let node = self.graph.node(*index);
                let mut label = mermaid(&name_in_box(&node.path));
                for column in self.traced_columns(*index) {
                    let _ = write!(label, "<br/>{}", mermaid(&column));
                }
                if label.is_empty() {
                    label.push(' ');
                }
                let _ = writeln!(out, "    n{}[\"{label}\"]:::{}", index.0, class(node));
            }
            if !folder.is_empty() {
                let _ = writeln!(out, "  end\n  class f{number} folder");
            }
        }
        for index in &self.edges {
            let edge = self.graph.edge(*index);
            let arrow = if edge.confidence == Confidence::Low { "-.->" } else { "-->" };
            let _ = writeln!(out, "  n{} {arrow} n{}", edge.from.0, edge.to.0);
        }
        if let Some(NodeIndex(focus)) = self.selection.focus {
            let _ = writeln!(out, "  class n{focus} focus");
        }
        out.push_str(CLASSES);
        out
    }
}
