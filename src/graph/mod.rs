//! Graphs in character cells: what to show of a lineage graph, where the boxes go, how the lines run.
//!
//! The steps are [`digraph`] (nodes, folders, edges) → [`focus`] and [`select`] (a readable part of it) → [`layout`]
//! (boxes and routed lines in integer cells) → [`paint`] (glyph kinds with owners for a viewport), or [`outline`]
//! (the same part as tree and table rows). Everything is a pure function of its input.
//!
//! Deliberately absent: colours, terminal types, files, and any knowledge of Dremio or SQL.
//!
//! ```
//! use dremio_explorer::graph::{
//!     digraph::{Graph, Node, Side},
//!     focus::{FocusedGraph, View},
//!     glyph::Charset,
//!     layout::layout,
//! };
//!
//! let nodes = vec![Node::new(["raw", "orders"]), Node::new(["stg", "orders"]), Node::new(["mart", "sales"])];
//! let graph = Graph::new(nodes, [(0, 1), (1, 2)]);
//! let mut view = View::around(1, 1, 0);
//! let shown = FocusedGraph::new(&graph, &view);
//! let drawing = layout(shown.diagram(|node| vec![node.key.clone()]), &|| false).unwrap();
//! assert_eq!(
//!     drawing.to_text(Charset::Ascii),
//!     "+------------+    +------------+\n\
//!      | raw.orders +----> stg.orders +-> +1\n\
//!      +------------+    +------------+\n"
//! );
//! view.expand(1, Side::Downstream);
//! assert_eq!(FocusedGraph::new(&graph, &view).nodes.len(), 3);
//! ```

pub mod digraph;
pub mod drawing;
pub mod focus;
pub mod glyph;
pub mod layout;
pub mod outline;
pub mod paint;
pub mod paths;
pub mod route;
pub mod select;

mod channel;
mod csr;
mod cycles;
mod layers;
mod order;
mod place;

/// No item: the missing value of the dense index arrays in this module.
const NONE: usize = usize::MAX;

/// A count of cells as a coordinate; counts past `i32::MAX` cannot be drawn and saturate.
fn cells(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A coordinate as an index; what lies before the first cell has index 0.
fn index(coordinate: i32) -> usize {
    usize::try_from(coordinate).unwrap_or(0)
}
