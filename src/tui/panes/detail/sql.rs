//! The SQL tab: a view's SQL as written or laid out anew, and the datasets that it names.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::references::{Reference, references};
use super::scroll::Scroll;
use crate::model::display::{clean_lines, width};
use crate::model::{DatasetPath, NodeId, NodeRef};
use crate::sqlflow::classify;
use crate::tui::core::Core;
use crate::tui::theme::ThemeName;
use crate::tui::widgets::sql;

/// What the lines are made from; while that is the same, so are they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MadeFor {
    node: NodeId,
    version: u64,
    theme: ThemeName,
    is_formatted: bool,
}

/// A reference with its place on the page.
#[derive(Clone, Debug)]
struct Link {
    reference: Reference,
    line: usize,
    /// First cell and cells, beside the line numbers.
    cell: usize,
    cells: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SqlView {
    made_for: Option<MadeFor>,
    /// The SQL as shown.
    text: String,
    lines: Vec<Line<'static>>,
    /// Cells for the line numbers.
    gutter: usize,
    links: Vec<Link>,
    /// The reference under the cursor.
    at: Option<usize>,
    /// Whether SQL is to be laid out anew, of this view and of all others.
    wants_format: bool,
    /// Why this one is shown as written all the same.
    refusal: Option<&'static str>,
}

impl SqlView {
    /// Forgets the cursor; another node is looked at.
    pub(super) fn leave(&mut self) {
        self.at = None;
    }

    /// Lays out anew what is shown as written, or the reverse.
    pub(super) fn toggle_format(&mut self) {
        self.wants_format = !self.wants_format;
    }

    pub(super) fn is_formatted(&self) -> bool {
        self.wants_format && self.refusal.is_none()
    }

    /// Why the SQL is not laid out anew although that is wanted.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        self.refusal
    }

    /// Makes the lines anew, unless they are what they would be.
    pub(super) fn refresh(&mut self, node: NodeRef<'_>, core: &Core) {
        let made_for = MadeFor {
            node: node.id(),
            version: core.version,
            theme: core.theme.name,
            is_formatted: self.wants_format,
        };
        if self.made_for == Some(made_for) {
            return;
        }
        self.made_for = Some(made_for);
        self.refusal = None;
        let written = node.sql().unwrap_or_default();
        written.clone_into(&mut self.text);
        if self.wants_format {
            match sql::formatted(written) {
                Ok(text) => self.text = text,
                Err(why) => self.refusal = Some(why),
            }
        }
        let shown = clean_lines(self.text.trim_end()).into_owned();
        let tokens = classify(&shown);
        let context: Vec<&str> = node.sql_context().collect();
        let mut references = references(&shown, &tokens, &context, &core.catalog);
        references.retain(|reference| reference.node != Some(node.id()));
        let ranges: Vec<_> = references.iter().map(|r| r.range.clone()).collect();
        let lines = sql::coloured(&shown, &tokens, &ranges, &core.theme);
        let digits = lines.len().to_string().len().max(2);
        self.gutter = digits + 2;
        self.lines = lines
            .into_iter()
            .enumerate()
            .map(|(index, line)| {
                let number = format!("{:>digits$}  ", index + 1);
                let mut spans = vec![Span::styled(number, core.theme.faint)];
                spans.extend(line.spans);
                Line::from(spans)
            })
            .collect();
        self.links = references.into_iter().map(|reference| link(reference, &shown)).collect();
        self.at = self.at.filter(|at| *at < self.links.len());
    }

    /// The lines with their numbers.
    pub(super) fn lines(&self) -> &[Line<'static>] {
        &self.lines
    }

    /// The SQL as shown.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the SQL names, each once, in the order of the text.
    pub(super) fn targets(&self) -> Vec<(DatasetPath, Option<NodeId>)> {
        let mut targets: Vec<(DatasetPath, Option<NodeId>)> = Vec::new();
        for link in &self.links {
            let Reference { path, node, .. } = &link.reference;
            if !targets.iter().any(|(known, _)| known.is_same(path)) {
                targets.push((path.clone(), *node));
            }
        }
        targets
    }

    /// What the reference under the cursor names.
    pub(super) fn selected(&self) -> Option<(DatasetPath, Option<NodeId>)> {
        let link = self.links.get(self.at?)?;
        Some((link.reference.path.clone(), link.reference.node))
    }

    /// Puts the cursor on the next reference or the one before, from what is in view on. `false` if
    /// there is none.
    pub(super) fn step(&mut self, forward: bool, scroll: &mut Scroll) -> bool {
        let count = self.links.len();
        if count == 0 {
            return false;
        }
        let at = match self.at {
            Some(at) if forward => (at + 1) % count,
            Some(at) => (at + count - 1) % count,
            None => self.links.iter().position(|link| link.line >= scroll.top).unwrap_or(0),
        };
        self.at = Some(at);
        scroll.show(self.links[at].line, self.gutter + self.links[at].cell);
        true
    }

    /// Brings the first line with this text into view.
    pub(super) fn show_text(&self, needle: &str, scroll: &mut Scroll) {
        let needle = needle.to_lowercase();
        if let Some(line) = self.text.lines().position(|line| line.to_lowercase().contains(&needle))
        {
            scroll.show(line, 0);
        }
    }

    /// Puts the cursor on the reference at a cell of the page; `true` if there is one.
    pub(super) fn click(&mut self, line: usize, cell: usize) -> bool {
        let Some(cell) = cell.checked_sub(self.gutter) else { return false };
        let hit = self.links.iter().position(|link| {
            link.line == line && (link.cell..link.cell + link.cells).contains(&cell)
        });
        self.at = hit.or(self.at);
        hit.is_some()
    }

    /// Marks the reference under the cursor, on a page drawn from line `top` and cell `left` on.
    pub(super) fn mark(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        top: usize,
        scroll: &Scroll,
        core: &Core,
    ) {
        let Some(link) = self.at.and_then(|at| self.links.get(at)) else { return };
        let line = (top + link.line).checked_sub(scroll.top);
        let first = (self.gutter + link.cell).checked_sub(scroll.left);
        let (Some(line), Some(first)) = (line, first) else { return };
        let at = u16::try_from(first).ok().zip(u16::try_from(line).ok());
        let Some((x, y)) = at else { return };
        let cells = u16::try_from(link.cells).unwrap_or(u16::MAX);
        let place = Rect {
            x: area.x.saturating_add(x),
            y: area.y.saturating_add(y),
            width: cells,
            height: 1,
        };
        frame.buffer_mut().set_style(place.intersection(area), core.theme.selected);
    }
}

fn link(reference: Reference, shown: &str) -> Link {
    let before = &shown[..reference.range.start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    // A name that goes on on the next line is marked on its first.
    let named = &shown[reference.range.clone()];
    let named = named.split('\n').next().unwrap_or(named);
    Link {
        line: before.matches('\n').count(),
        cell: width(&before[line_start..]),
        cells: width(named),
        reference,
    }
}
