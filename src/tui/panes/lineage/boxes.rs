//! Painting the graph as boxes: from glyphs and owners to cells of the screen with a look.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::scene::Scene;
use super::texts::{BoxLine, Tone};
use super::words;
use crate::graph::glyph::{Arms, Cell, Charset, Glyph, Owner};
use crate::graph::layout::{Layout, Rect as Place};
use crate::graph::paint::Highlight;
use crate::lineage::NodeRole;
use crate::tui::lineage_model::LineageModel;
use crate::tui::theme::Theme;

/// A drawing with the texts that it was made for.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) layout: std::sync::Arc<Layout>,
    pub(super) lines: Vec<Vec<BoxLine>>,
}

/// What is to be painted.
pub(super) struct Picture<'a> {
    pub(super) model: &'a LineageModel,
    pub(super) scene: &'a Scene,
    pub(super) drawing: &'a Drawing,
    pub(super) selected: Option<usize>,
    /// The edge under the cursor, by its boxes.
    pub(super) edge: Option<(usize, usize)>,
    /// A box that the next mark makes a path from or to.
    pub(super) marked: Option<usize>,
    /// Boxes that a search has found.
    pub(super) found: &'a [usize],
    pub(super) theme: &'a Theme,
    pub(super) ascii: bool,
    pub(super) focused: bool,
}

impl Picture<'_> {
    /// Paints the part of the drawing that begins at `offset` into `area`.
    pub(super) fn paint(&self, buffer: &mut Buffer, area: Rect, (left, top): (i32, i32)) {
        let viewport =
            Place { x: left, y: top, width: i32::from(area.width), height: i32::from(area.height) };
        let light = self.light();
        let cells = self.drawing.layout.paint(viewport, Some(&light));
        let charset = if self.ascii { Charset::Ascii } else { Charset::Unicode };
        for (y, row) in (area.y..area.bottom()).zip(cells.rows()) {
            for (index, (x, cell)) in (area.x..area.right()).zip(row).enumerate() {
                let Some(owner) = cell.owner else { continue };
                let at = (left + i32::from(x - area.x), top + i32::from(y - area.y));
                let Some(target) = buffer.cell_mut((x, y)) else { continue };
                let mut symbol = self.symbol(cell, owner, charset);
                let is_dbt_only = cell.glyph == Glyph::Arrow
                    && self.ends_dbt_edge(owner, row.get(index + 1).and_then(|cell| cell.owner));
                if is_dbt_only {
                    symbol = if self.ascii { words::DBT_ONLY.1 } else { words::DBT_ONLY.0 };
                }
                if !symbol.is_empty() {
                    target.set_symbol(symbol);
                }
                let style = self.style(cell, owner, at);
                let is_loud = is_dbt_only && !cell.lit && self.scene.lit.is_empty();
                target.set_style(if is_loud { self.theme.call } else { style });
            }
        }
    }

    /// Whether an arrow ends an edge that only dbt tells; `beyond` is what stands right of it.
    fn ends_dbt_edge(&self, owner: Owner, beyond: Option<Owner>) -> bool {
        match (owner, beyond) {
            (Owner::Line(from), Some(Owner::Text { node: to, .. } | Owner::Border(to))) => {
                self.scene.is_dbt_only(self.model.graph(), from, to)
            }
            _ => false,
        }
    }

    /// What stands out: a trace or a path; or else the lines of the box under the cursor.
    fn light(&self) -> Highlight {
        let layout = &self.drawing.layout;
        let boxes = 0..self.scene.graph.nodes.len();
        if let Some(edge) = self.edge {
            return layout.highlight(boxes.filter(|at| !self.scene.is_dimmed(*at)), [edge]);
        }
        if !self.scene.lit.is_empty() {
            return layout.highlight(
                boxes.filter(|at| !self.scene.is_dimmed(*at)),
                self.scene.lit_edges.iter().copied(),
            );
        }
        let edges = self.selected.map(|at| self.scene.edges_of(at)).unwrap_or_default();
        layout.highlight(boxes, edges)
    }

    fn role(&self, at: usize) -> Option<NodeRole> {
        let node = self.scene.node(at)?;
        self.model.graph().nodes().get(node).map(|node| node.role)
    }

    fn symbol<'c>(&self, cell: &Cell<'c>, owner: Owner, charset: Charset) -> &'c str {
        let symbol = cell.glyph.symbol(charset);
        let Owner::Border(at) = owner else { return symbol };
        let arms = match cell.glyph {
            Glyph::Border(arms) => Some(arms),
            Glyph::Exit => None,
            _ => return symbol,
        };
        if Some(at) == self.scene.focus {
            return heavy(arms, charset);
        }
        match (self.role(at), arms) {
            (Some(NodeRole::Missing), Some(arms)) => dashed(arms, charset).unwrap_or(symbol),
            _ => symbol,
        }
    }

    fn style(&self, cell: &Cell<'_>, owner: Owner, at: (i32, i32)) -> Style {
        let theme = self.theme;
        match owner {
            Owner::Line(_) => {
                let is_lit = cell.lit;
                if is_lit {
                    theme.border_focus.add_modifier(Modifier::BOLD)
                } else if !self.scene.lit.is_empty() || self.edge.is_some() {
                    theme.border
                } else {
                    theme.soft
                }
            }
            Owner::Border(node) => self.border(node),
            Owner::HiddenLeft(node) | Owner::HiddenRight(node) => match cell.glyph {
                Glyph::Text(_) if !self.scene.is_dimmed(node) => theme.key,
                _ => theme.soft,
            },
            Owner::Text { node, line } => {
                let style = self.text(node, line, at.0);
                if Some(node) != self.selected {
                    return style;
                }
                style.patch(if self.focused { theme.selected } else { theme.selected_away })
            }
        }
    }

    fn border(&self, at: usize) -> Style {
        let theme = self.theme;
        if Some(at) == self.selected && self.focused {
            return theme.border_focus.add_modifier(Modifier::BOLD);
        }
        if self.scene.is_dimmed(at) {
            return theme.border;
        }
        if Some(at) == self.marked || self.found.contains(&at) {
            return theme.warning.add_modifier(Modifier::BOLD);
        }
        match self.role(at) {
            Some(role) => words::style(role, theme),
            None => theme.folder,
        }
    }

    fn text(&self, at: usize, line: Option<usize>, x: i32) -> Style {
        let theme = self.theme;
        let Some(line) = line.and_then(|line| self.drawing.lines.get(at)?.get(line)) else {
            return Style::new();
        };
        if self.scene.is_dimmed(at) {
            return theme.faint;
        }
        let start = self.drawing.layout.rect(at).x + 2;
        match line.tone(usize::try_from(x - start).unwrap_or(0)) {
            Tone::Sign(role) => words::style(role, theme),
            Tone::Folder => theme.folder,
            Tone::Name if self.found.contains(&at) => theme.matched,
            Tone::Name => theme.strong,
            Tone::Soft => theme.soft,
            Tone::Warning => theme.warning,
            Tone::Error => theme.error,
            Tone::Column => theme.base,
            Tone::Traced => theme.busy,
            Tone::Start => theme.busy.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Kind => theme.call,
        }
    }
}

/// A border that tells the focus from all others; `None` is where a line leaves it.
fn heavy(arms: Option<Arms>, charset: Charset) -> &'static str {
    let symbols = match arms.map(|arms| (arms.left, arms.right, arms.up, arms.down)) {
        None => ("┠", "#"),
        Some((false, true, false, true)) => ("┏", "#"),
        Some((true, false, false, true)) => ("┓", "#"),
        Some((false, true, true, false)) => ("┗", "#"),
        Some((true, false, true, false)) => ("┛", "#"),
        Some((_, _, true, true)) => ("┃", "#"),
        Some(_) => ("━", "="),
    };
    if charset == Charset::Unicode { symbols.0 } else { symbols.1 }
}

/// A border that tells what is not in the catalogue from what is; corners stay.
fn dashed(arms: Arms, charset: Charset) -> Option<&'static str> {
    let symbols = match (arms.left, arms.right, arms.up, arms.down) {
        (true, true, false, false) => ("╌", "."),
        (false, false, true, true) => ("╎", ":"),
        _ => return None,
    };
    Some(if charset == Charset::Unicode { symbols.0 } else { symbols.1 })
}
