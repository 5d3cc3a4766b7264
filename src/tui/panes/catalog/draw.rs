//! Drawing the tree.
//!
//! tui-tree-widget draws every row that it is given, so it is given the window alone: the rows on the
//! screen and, for the indentation, the nodes above the first of them. Those are drawn above the
//! visible part of a buffer of our own.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, StatefulWidget};
use tui_tree_widget::{Tree, TreeItem, TreeState};

use super::rows::Row;
use super::{CatalogPane, Mark, ancestors, matched_letters};
use crate::model::{Listing, NodeId, NodeRef};
use crate::tui::core::{Core, Server};
use crate::tui::keymap::Context;
use crate::tui::msg::Action;
use crate::tui::om::OmState;
use crate::tui::panes::kinds;
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::text::{count, counted, marked, spans_width, spread, wrap};

/// From this width on, a row says its kind in words too.
const WIDTH_FOR_WORDS: u16 = 34;

impl CatalogPane {
    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        self.refresh(core);
        let has_filter = self.is_typing || !self.filter.value().is_empty();
        let filter_height = u16::from(has_filter && area.height > 2);
        let tree_area = Rect { height: area.height - filter_height, ..area };
        self.area = tree_area;
        let selected_before = self.cursor.at;
        self.cursor.resize(usize::from(tree_area.height), self.rows.len());
        if self.cursor.at != selected_before {
            self.selected = self.rows.get(self.cursor.at).map(|row| row.id);
        }
        if self.rows.is_empty() {
            self.draw_empty(frame, tree_area, core);
        } else {
            self.draw_tree(frame, tree_area, core, focused);
            let beside = Rect { width: area.width + 1, ..tree_area };
            scrollbar(frame, beside, self.cursor.offset, self.rows.len(), core.theme.soft);
        }
        if filter_height > 0 {
            let line = Rect { y: area.bottom() - 1, height: 1, ..area };
            self.draw_filter(frame, line, core);
        }
    }

    /// What the frame says beside the title.
    pub(crate) fn summary(core: &Core) -> String {
        let found = core.walk.stats.datasets;
        if found > 0 { counted(found, "dataset") } else { String::new() }
    }

    /// The open filter in the pane's last line.
    fn draw_filter(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let matches = match &self.filtered {
            Some(filtered) if filtered.matches == 1 => "1 match".to_owned(),
            Some(filtered) => format!("{} matches", count(filtered.matches)),
            None => String::new(),
        };
        let right = Line::from(Span::styled(matches, theme.soft)).right_aligned();
        frame.render_widget(right, area);
        if self.is_typing {
            self.filter.draw(frame, area, "/", theme);
        } else {
            let spans = vec![
                Span::styled("/", theme.key),
                Span::styled(
                    crate::model::display::clean(self.filter.value()).into_owned(),
                    theme.strong,
                ),
            ];
            frame.render_widget(Line::from(spans), area);
        }
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let global = [Context::Catalog, Context::Global];
        let text = if !self.filter.value().trim().is_empty() {
            "No name known so far has these letters in it.".to_owned()
        } else if core.catalog.root().error().is_some() && !core.walk.running {
            "The catalogue could not be read.".to_owned()
        } else if matches!(core.server, Server::Connecting) {
            format!("{} connecting …", core.spinner())
        } else if core.catalog.root().listing() == Listing::Complete {
            "Nothing here that you may see.".to_owned()
        } else if core.walk.stopped {
            format!(
                "Nothing was read.\n\n{} reads the catalogue.",
                core.key(&global, Action::RefreshAll)
            )
        } else if matches!(core.server, Server::Ready(_)) {
            format!("{} reading …", core.spinner())
        } else {
            String::new()
        };
        let lines: Vec<Line<'_>> = wrap(&text, usize::from(area.width.saturating_sub(2)))
            .into_iter()
            .map(|line| Line::from(Span::styled(format!(" {line}"), theme.soft)))
            .collect();
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn draw_tree(&self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let catalog = &core.catalog;
        let window = &self.rows[self.cursor.window(self.rows.len())];
        let Some(first) = window.first() else { return };
        let above = ancestors(catalog, first.id);
        let looks = Looks {
            pane: self,
            core,
            width: usize::from(area.width),
            words: area.width >= WIDTH_FOR_WORDS,
            filter: self.filter.value().trim().to_lowercase(),
        };
        let mut chain: Vec<Row> =
            (0..).zip(&above).map(|(depth, id)| Row { id: *id, depth }).collect();
        let hidden = u16::try_from(chain.len()).unwrap_or(0);
        chain.extend_from_slice(window);
        let mut state = TreeState::default();
        let mut path = Vec::new();
        let mut at = 0;
        let items = looks.items(&chain, &mut at, 0, &mut path, &mut state);
        if let Some(selected) = self.selected.filter(|_| !chain.is_empty()) {
            let mut path = ancestors(catalog, selected);
            path.push(selected);
            state.select(path);
        }
        // Siblings are different nodes, so the widget has no reason to refuse them.
        let Ok(tree) = Tree::new(&items) else { return };
        let look = if focused { core.theme.selected } else { core.theme.selected_away };
        let tree = tree
            .style(core.theme.base)
            .highlight_style(look)
            .node_closed_symbol("▸ ")
            .node_open_symbol("▾ ")
            .node_no_children_symbol("  ");
        let mut buffer =
            Buffer::empty(Rect { x: 0, y: 0, width: area.width, height: area.height + hidden });
        StatefulWidget::render(tree, buffer.area, &mut buffer, &mut state);
        let target = frame.buffer_mut();
        for y in 0..area.height {
            for x in 0..area.width {
                if let (Some(from), Some(to)) =
                    (buffer.cell((x, y + hidden)), target.cell_mut((area.x + x, area.y + y)))
                {
                    *to = from.clone();
                }
            }
        }
    }
}

/// What the lines of one drawing have in common.
struct Looks<'a> {
    pane: &'a CatalogPane,
    core: &'a Core,
    width: usize,
    words: bool,
    filter: String,
}

impl Looks<'_> {
    /// The items at `depth` from `rows[*at]` on, with those below them.
    fn items(
        &self,
        rows: &[Row],
        at: &mut usize,
        depth: u16,
        path: &mut Vec<NodeId>,
        state: &mut TreeState<NodeId>,
    ) -> Vec<TreeItem<'static, NodeId>> {
        let mut items = Vec::new();
        while let Some(row) = rows.get(*at).copied().filter(|row| row.depth == depth) {
            *at += 1;
            path.push(row.id);
            let mut children = self.items(rows, at, depth + 1, path, state);
            let node = self.core.catalog.get(row.id);
            let can_open = node.is_some_and(|node| {
                node.kind().is_container()
                    && !(node.listing() == Listing::Complete && node.children().len() == 0)
            });
            if !children.is_empty() {
                state.open(path.clone());
            } else if can_open {
                // The widget shows the arrow of a node only when it has something inside.
                children.push(TreeItem::new_leaf(NodeId::ROOT, ""));
                if *at == rows.len()
                    && self.pane.openness.is_open(row.id, self.pane.filtered.as_ref())
                    && node.is_some_and(|node| node.children().len() > 0)
                {
                    state.open(path.clone());
                }
            }
            path.pop();
            let room = self.width.saturating_sub(usize::from(depth) * 2 + 2);
            let line = node.map_or_else(Line::default, |node| self.line(node, room));
            if let Ok(item) = TreeItem::new(row.id, line, children) {
                items.push(item);
            }
        }
        items
    }

    fn line(&self, node: NodeRef<'_>, room: usize) -> Line<'static> {
        let theme = &self.core.theme;
        let kind = node.kind();
        let mut left = Vec::new();
        if !self.pane.marked.is_empty() {
            left.push(match self.pane.mark(node) {
                Mark::On => Span::styled("☑ ", theme.key),
                Mark::Partly => Span::styled("◪ ", theme.key),
                Mark::Off => Span::styled("☐ ", theme.faint),
            });
        }
        left.push(Span::styled(kinds::sign(kind), kinds::style(kind, theme)));
        left.push(Span::raw(" "));
        let letters = matched_letters(node.name(), &self.filter);
        let name_style = if kind.is_container() { theme.strong } else { theme.base };
        left.extend(marked(node.name(), &letters, name_style, name_style.patch(theme.matched)));
        // Signs say kind and trouble too, so the words give way to a long name.
        let left_width = spans_width(&left);
        let right = [(self.words, true), (false, true), (false, false)]
            .map(|(kind, trouble)| self.right(node, kind, trouble));
        let fits = |right: &&Vec<Span<'_>>| left_width + spans_width(right) < room;
        let shortest = right.len() - 1;
        let right = right.iter().find(fits).unwrap_or(&right[shortest]).clone();
        spread(left, right, room)
    }

    /// The end of a line: what is wrong, what kind it is, how much is inside.
    fn right(&self, node: NodeRef<'_>, words: bool, trouble_words: bool) -> Vec<Span<'static>> {
        let theme = &self.core.theme;
        let mut right = Vec::new();
        if let Some((word, is_bad)) = kinds::trouble(node) {
            let look = if is_bad { theme.error } else { theme.warning };
            let sign = if is_bad { "✗" } else { "!" };
            let word = if trouble_words { word } else { "" };
            right.push(Span::styled(format!("{} ", format!("{sign} {word}").trim_end()), look));
        }
        if words {
            right.push(Span::styled(format!("{:<8}", node.kind().name()), theme.soft));
        }
        let is_read = self.core.reading.contains(&node.id())
            || node.listing() == Listing::Partial && self.core.walk.running;
        // Where there is little room, nothing keeps a place for a number that is not there.
        let digits = if words { 6 } else { 0 };
        let count = if is_read {
            Span::styled(format!("{:>digits$}", self.core.spinner()), theme.busy)
        } else if !node.kind().is_container() {
            Span::raw(" ".repeat(digits))
        } else {
            let children = node.children().len();
            let text = match node.listing() {
                Listing::Unread => String::new(),
                Listing::Complete if children == 0 => "empty".to_owned(),
                Listing::Complete => count(children),
                Listing::Partial => format!("{}+", count(children)),
            };
            Span::styled(format!("{text:>digits$}"), theme.soft)
        };
        right.push(count);
        if !self.core.om.states.is_empty() {
            right.push(match self.core.om.states.get(&node.path().folded()) {
                Some(OmState::InSync) => Span::styled(" ✓", theme.good),
                Some(OmState::Differs) => Span::styled(" ●", theme.warning),
                Some(OmState::Missing) => Span::styled(" ○", theme.busy),
                None => Span::raw("  "),
            });
        }
        right.push(Span::raw(" "));
        right
    }
}
