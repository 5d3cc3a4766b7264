//! The graph as an indented tree and as a table, for narrow terminals and for reading line by line.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::scene::{Scene, TreeItem};
use super::words::{self, Made};
use crate::graph::digraph::Side;
use crate::graph::focus::Subject;
use crate::graph::glyph::Charset;
use crate::graph::outline::{Relation, TreeRow};
use crate::lineage::{LineageNode, NodeIndex};
use crate::model::display::{clean, width};
use crate::model::path::fold;
use crate::tui::lineage_model::LineageModel;
use crate::tui::theme::Theme;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{counted, fit, spans_width, spread};

/// What both need to be drawn.
pub(super) struct Rows<'a> {
    pub(super) model: &'a LineageModel,
    pub(super) scene: &'a Scene,
    pub(super) found: &'a [usize],
    pub(super) theme: &'a Theme,
    pub(super) ascii: bool,
    pub(super) focused: bool,
}

impl Rows<'_> {
    fn dataset(&self, at: usize) -> Option<&LineageNode> {
        self.model.graph().nodes().get(self.scene.node(at)?)
    }

    /// Sign and name of a box, and the looks of both.
    fn name(&self, at: usize) -> [Span<'static>; 2] {
        let theme = self.theme;
        let (sign, sign_look, name) = match (self.dataset(at), &self.scene.graph.nodes[at].subject)
        {
            (Some(node), _) => (
                words::sign(node.role),
                words::style(node.role, theme),
                clean(node.path.name()).into_owned(),
            ),
            (None, Subject::Folder { group, .. }) => {
                let parts = &self.model.outline().groups()[*group].parts;
                let name = parts.iter().map(|part| clean(part)).collect::<Vec<_>>().join(".");
                ("▪", theme.folder, format!("{name}/"))
            }
            (None, Subject::Node(_)) => ("?", theme.soft, String::new()),
        };
        if self.scene.is_dimmed(at) {
            return [Span::styled(sign, theme.faint), Span::styled(name, theme.faint)];
        }
        let look = if self.found.contains(&at) {
            theme.matched
        } else if Some(at) == self.scene.focus {
            theme.title_focus
        } else {
            theme.base
        };
        [Span::styled(sign, sign_look), Span::styled(name, look)]
    }

    /// The traced columns of a box, each with how it is made.
    fn traced(&self, at: usize) -> Vec<(String, Option<Made>, bool)> {
        let (Some(trace), Some(node)) = (&self.scene.trace, self.scene.node(at)) else {
            return Vec::new();
        };
        let Some(columns) = trace.columns.get(&node) else { return Vec::new() };
        let index = NodeIndex(u32::try_from(node).unwrap_or(u32::MAX));
        let spelled = &self.model.graph().node(index).columns;
        let of = |folded: &String| {
            let name = spelled.iter().find(|name| fold(name) == *folded);
            let name = name.map_or(folded.as_str(), |name| name);
            let is_start = trace.start == node && trace.column == *folded;
            let kind = words::column_kind(self.model.graph(), index, folded);
            (clean(name).into_owned(), kind, is_start)
        };
        columns.iter().map(of).collect()
    }

    fn folder(&self, at: usize) -> String {
        match self.dataset(at) {
            Some(node) => words::folder(node.path.parts()),
            None => counted(self.scene.graph.nodes[at].subject.nodes().len(), "dataset"),
        }
    }

    fn trouble(&self, at: usize) -> Option<Span<'static>> {
        let node = self.dataset(at)?;
        let (word, is_grave) = words::trouble(node)?;
        let look = if is_grave { self.theme.error } else { self.theme.warning };
        Some(Span::styled(format!("! {word}"), look))
    }

    /// Draws the tree; gives the area of its rows.
    pub(super) fn draw_tree(&self, frame: &mut Frame<'_>, area: Rect, cursor: &mut Cursor) -> Rect {
        let items = &self.scene.tree;
        cursor.resize(usize::from(area.height), items.len());
        let names = self.name_column(usize::from(area.width));
        for (y, at) in (area.y..).zip(cursor.window(items.len())) {
            let line_area = Rect { y, height: 1, ..area };
            let line = match &items[at] {
                TreeItem::Heading(word) => {
                    Line::from(Span::styled(format!(" {word}"), self.theme.header))
                }
                TreeItem::Box(row) => {
                    let side = self.side_of(at);
                    self.tree_line(row, side, names, usize::from(area.width))
                }
            };
            frame.render_widget(line, line_area);
            if at == cursor.at {
                let look =
                    if self.focused { self.theme.selected } else { self.theme.selected_away };
                frame.buffer_mut().set_style(line_area, look);
            }
        }
        let beside = Rect { width: area.width + 1, ..area };
        scrollbar(frame, beside, cursor.offset, items.len(), self.theme.soft);
        area
    }

    /// The side that a row of the tree stands on; `None` for the root.
    fn side_of(&self, at: usize) -> Option<Side> {
        self.scene.tree[..at].iter().rev().find_map(|item| match item {
            TreeItem::Heading("reads") => Some(Side::Upstream),
            TreeItem::Heading(_) => Some(Side::Downstream),
            TreeItem::Box(_) => None,
        })
    }

    /// Where the text beside the names begins.
    fn name_column(&self, cells: usize) -> usize {
        let width_of = |item: &TreeItem| match item {
            TreeItem::Heading(_) => 0,
            TreeItem::Box(row) => 3 * row.guides.len() + width(&self.name(row.node)[1].content) + 4,
        };
        let widest = self.scene.tree.iter().map(width_of).max().unwrap_or(0);
        widest.min(cells / 2) + 2
    }

    fn tree_line(
        &self,
        row: &TreeRow,
        side: Option<Side>,
        names: usize,
        cells: usize,
    ) -> Line<'static> {
        let theme = self.theme;
        let at = row.node;
        let charset = if self.ascii { Charset::Ascii } else { Charset::Unicode };
        let [sign, name] = self.name(at);
        let mut left = vec![
            Span::styled(format!(" {}", row.prefix(charset)), theme.faint),
            sign,
            Span::raw(" "),
            name,
        ];
        let shown = &self.scene.graph.nodes[at];
        let (up, down) = match side {
            Some(Side::Upstream) => (shown.hidden_upstream, 0),
            Some(Side::Downstream) => (0, shown.hidden_downstream),
            None => (shown.hidden_upstream, shown.hidden_downstream),
        };
        for (hidden, arrow) in [(up, "↑"), (down, "↓")] {
            if hidden > 0 && !row.repeated {
                left.push(Span::styled(format!("  {arrow}+{hidden}"), theme.key));
            }
        }
        let used = spans_width(&left);
        left.push(Span::raw(" ".repeat(names.saturating_sub(used).max(2))));
        let traced = self.traced(at);
        for (index, (column, kind, is_start)) in traced.iter().enumerate() {
            if index > 0 {
                left.push(Span::styled(", ", theme.soft));
            }
            let look =
                if *is_start { Modifier::BOLD | Modifier::UNDERLINED } else { Modifier::empty() };
            left.push(Span::styled(column.clone(), theme.busy.add_modifier(look)));
            if let Some(kind) = kind {
                left.push(Span::styled(format!(" {}", kind.word()), theme.call));
            }
        }
        let mut beside = Vec::new();
        if let Some(trouble) = self.trouble(at) {
            beside.push(trouble);
        }
        if row.repeated {
            beside.push(Span::styled("(see above)", theme.soft));
        }
        let look = if self.scene.is_dimmed(at) { theme.faint } else { theme.soft };
        if traced.is_empty() || beside.is_empty() {
            beside.push(Span::styled(self.folder(at), look));
        }
        let beside: Vec<Span<'static>> = beside
            .into_iter()
            .enumerate()
            .flat_map(|(at, span)| [Span::raw(if at == 0 { "" } else { "  " }), span])
            .collect();
        if self.scene.trace.is_none() {
            left.extend(beside);
            return spread(left, Vec::new(), cells);
        }
        // On a trace the columns matter; the folder stands where it is in nobody's way.
        let room = cells.saturating_sub(spans_width(&left) + 2);
        let mut right = Vec::new();
        if room >= spans_width(&beside) {
            right = beside;
            right.push(Span::raw(" "));
        }
        spread(left, right, cells)
    }

    /// Draws the table; gives the area of its rows.
    pub(super) fn draw_table(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        cursor: &mut Cursor,
    ) -> Rect {
        let rows = &self.scene.table;
        let theme = self.theme;
        let fixed = 7 + 7 + 5 + 7 + 6 + 2 * 6;
        let room = usize::from(area.width).saturating_sub(fixed).max(16);
        let has_trace = self.scene.trace.is_some();
        let has_last = has_trace || rows.iter().any(|row| self.trouble(row.node).is_some());
        let names = if has_last { room / 2 } else { room };
        let mut columns = vec![
            Column::new("Where", 7),
            Column::new("Kind", 7),
            Column::new("Dataset", names),
            Column::new("Reads", 5).right(),
            Column::new("Read by", 7).right(),
            Column::new("Hidden", 6).right(),
        ];
        if has_last {
            let title = if has_trace { "Traced columns" } else { "Remarks" };
            columns.push(Column::new(title, room.saturating_sub(names)));
        }
        let spec =
            Spec { columns: &columns, left: 0, rows: rows.len(), focused: self.focused, theme };
        table::draw(frame, area, &spec, cursor, |at, column| {
            let row = &rows[at];
            let plain = |style: Style| {
                if self.scene.is_dimmed(row.node) { theme.faint } else { style }
            };
            match column {
                0 => {
                    let word = match row.relation {
                        Relation::Upstream => "up",
                        Relation::Downstream => "down",
                        other => other.as_str(),
                    };
                    let hops = row.hops.filter(|hops| *hops > 0);
                    let text = hops.map_or(word.to_owned(), |hops| format!("{word} {hops}"));
                    let is_focus = row.relation == Relation::Focus;
                    (Cow::Owned(text), if is_focus { theme.title_focus } else { plain(theme.soft) })
                }
                1 => match self.dataset(row.node) {
                    Some(node) => {
                        (Cow::Borrowed(node.role.name()), plain(words::style(node.role, theme)))
                    }
                    None => (Cow::Borrowed("folder"), theme.folder),
                },
                2 => {
                    let key = clean(&self.scene.graph.nodes[row.node].key).into_owned();
                    let text = crate::model::display::truncate_middle(&key, names).into_owned();
                    let [_, name] = self.name(row.node);
                    (Cow::Owned(fit(&text, names)), name.style)
                }
                3 => (Cow::Owned(row.incoming.to_string()), plain(theme.base)),
                4 => (Cow::Owned(row.outgoing.to_string()), plain(theme.base)),
                5 => {
                    let hidden = row.hidden_upstream + row.hidden_downstream;
                    let text = if hidden > 0 { format!("+{hidden}") } else { String::new() };
                    (Cow::Owned(text), theme.key)
                }
                _ if has_trace => {
                    let names: Vec<String> =
                        self.traced(row.node).into_iter().map(|(name, ..)| name).collect();
                    (Cow::Owned(names.join(", ")), theme.busy)
                }
                _ => match self.trouble(row.node) {
                    Some(span) => (span.content, span.style),
                    None => (Cow::Borrowed(""), theme.base),
                },
            }
        })
    }
}
