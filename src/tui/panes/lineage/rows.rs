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
use crate::model::display::{clean, truncate_middle, width};
use crate::model::path::fold;
use crate::tui::lineage_model::LineageModel;
use crate::tui::theme::Theme;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{counted, fit, spans_width, spread};

/// Narrower tables do not count what is read and what reads.
const WIDTH_FOR_COUNTS: u16 = 70;
/// The same for tables with a column at the end.
const WIDTH_FOR_BOTH: u16 = 104;

/// The heading above where edges are known from.
const TOLD_BY: &str = "told by";

/// A column of the table.
#[derive(Clone, Copy)]
enum Fact {
    Where,
    Kind,
    Dataset,
    ToldBy,
    Reads,
    ReadBy,
    Hidden,
    Traced,
    Remarks,
}

impl Fact {
    /// Cells of its own; 0 if it takes what is left.
    fn width(self) -> usize {
        match self {
            Self::Where | Self::Kind | Self::ReadBy => 7,
            Self::Hidden => 6,
            Self::Reads => 5,
            Self::Dataset | Self::ToldBy | Self::Traced | Self::Remarks => 0,
        }
    }
}

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

    /// The path of a box in `cells`.
    fn path(&self, at: usize, cells: usize) -> String {
        let key = &self.scene.graph.nodes[at].key;
        match self.dataset(at) {
            Some(node) => words::path(key, node.path.parts(), cells),
            None => truncate_middle(&clean(key), cells).into_owned(),
        }
    }

    fn folder(&self, at: usize) -> String {
        match self.dataset(at) {
            Some(node) => words::folder(node.path.parts()),
            None => counted(self.scene.graph.nodes[at].subject.nodes().len(), "dataset"),
        }
    }

    /// Cells for where edges are known from; `None` if all are from the views' SQL.
    fn told_by_cells(&self) -> Option<usize> {
        self.model.origin_cells().map(|cells| cells.max(TOLD_BY.len()))
    }

    /// Where the edges between these boxes are known from.
    fn told_by(&self, pairs: impl IntoIterator<Item = (usize, usize)>) -> (String, Style) {
        let (word, is_disputed) = self.scene.told_by(self.model.graph(), pairs);
        let look = match word.as_str() {
            _ if is_disputed => self.theme.warning,
            "SQL" => self.theme.soft,
            _ => self.theme.call,
        };
        (word, look)
    }

    /// The box above a row of the tree: the other end of its edge.
    fn above(&self, at: usize, row: &TreeRow) -> Option<usize> {
        let is_above = |item: &TreeItem| match item {
            TreeItem::Box(above) if above.depth + 1 == row.depth => Some(above.node),
            _ => None,
        };
        self.scene.tree[..at].iter().rev().find_map(is_above)
    }

    /// The word at the end of a row of the tree: where the edge to the row above is known from.
    fn tree_edge(&self, at: usize, row: &TreeRow, side: Option<Side>) -> Vec<Span<'static>> {
        let Some(cells) = self.told_by_cells() else { return Vec::new() };
        let pair = match (side, self.above(at, row)) {
            (Some(Side::Upstream), Some(above)) => Some((row.node, above)),
            (Some(Side::Downstream), Some(above)) => Some((above, row.node)),
            _ => None,
        };
        let (word, look) = self.told_by(pair);
        let look = if self.scene.is_dimmed(row.node) { self.theme.faint } else { look };
        vec![Span::styled(format!("{} ", fit(&word, cells)), look)]
    }

    /// The edges of a box on the side of the focus; of the focus itself those into it.
    fn edges_inward(&self, at: usize, relation: Relation) -> impl Iterator<Item = (usize, usize)> {
        let is_up = relation == Relation::Upstream;
        let edges = self.scene.edges_of(at).into_iter();
        edges.filter(move |(from, to)| if is_up { *from == at } else { *to == at })
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
                    let left = vec![Span::styled(format!(" {word}"), self.theme.header)];
                    let right = self.told_by_cells().map(|cells| {
                        Span::styled(format!("{} ", fit(TOLD_BY, cells)), self.theme.header)
                    });
                    let right = right.into_iter().collect();
                    spread(left, right, usize::from(area.width))
                }
                TreeItem::Box(row) => {
                    let side = self.side_of(at);
                    let edge = self.tree_edge(at, row, side);
                    self.tree_line(row, side, names, edge, usize::from(area.width))
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
            TreeItem::Box(row) => {
                let hidden = if row.hidden > 0 { 6 } else { 0 };
                3 * row.guides.len() + width(&self.name(row.node)[1].content) + 4 + hidden
            }
        };
        let widest = self.scene.tree.iter().map(width_of).max().unwrap_or(0);
        widest.min(cells / 2) + 2
    }

    fn tree_line(
        &self,
        row: &TreeRow,
        side: Option<Side>,
        names: usize,
        edge: Vec<Span<'static>>,
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
            return spread(left, edge, cells);
        }
        // On a trace the columns matter; the folder stands where it is in nobody's way.
        let room = cells.saturating_sub(spans_width(&left) + spans_width(&edge) + 2);
        let mut right = Vec::new();
        if room >= spans_width(&beside) {
            right = beside;
            right.push(Span::raw(if edge.is_empty() { " " } else { "  " }));
        }
        right.extend(edge);
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
        let has_trace = self.scene.trace.is_some();
        let has_last = has_trace || rows.iter().any(|row| self.trouble(row.node).is_some());
        let mut facts = vec![Fact::Where, Fact::Kind, Fact::Dataset];
        // Names and columns need the room more.
        let for_counts = if has_last { WIDTH_FOR_BOTH } else { WIDTH_FOR_COUNTS };
        if area.width >= for_counts {
            facts.extend([Fact::Reads, Fact::ReadBy]);
        }
        facts.push(Fact::Hidden);
        let told_by = self.told_by_cells();
        let fixed: usize = facts.iter().map(|fact| fact.width() + 2).sum();
        let fixed = fixed + told_by.map_or(0, |cells| cells + 2);
        let room = usize::from(area.width).saturating_sub(fixed).max(16);
        let names = if has_last { room / 2 } else { room };
        if told_by.is_some() {
            // Beside the names, where it stays in sight.
            facts.insert(3, Fact::ToldBy);
        }
        if has_last {
            facts.push(if has_trace { Fact::Traced } else { Fact::Remarks });
        }
        let columns: Vec<Column> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Dataset => Column::new("Dataset", names),
                Fact::ToldBy => Column::new("Told by", told_by.unwrap_or_default()),
                Fact::Traced => Column::new("Traced columns", room - names),
                Fact::Remarks => Column::new("Remarks", room - names),
                Fact::Where => Column::new("Where", fact.width()),
                Fact::Kind => Column::new("Kind", fact.width()),
                Fact::Reads => Column::new("Reads", fact.width()).right(),
                Fact::ReadBy => Column::new("Read by", fact.width()).right(),
                Fact::Hidden => Column::new("Hidden", fact.width()).right(),
            })
            .collect();
        let spec =
            Spec { columns: &columns, left: 0, rows: rows.len(), focused: self.focused, theme };
        table::draw(frame, area, &spec, cursor, |at, column| {
            let row = &rows[at];
            let plain = |style: Style| {
                if self.scene.is_dimmed(row.node) { theme.faint } else { style }
            };
            match facts[column] {
                Fact::Where => {
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
                Fact::Kind => match self.dataset(row.node) {
                    Some(node) => {
                        (Cow::Borrowed(node.role.name()), plain(words::style(node.role, theme)))
                    }
                    None => (Cow::Borrowed("folder"), theme.folder),
                },
                Fact::Dataset => {
                    let text = self.path(row.node, names);
                    let [_, name] = self.name(row.node);
                    (Cow::Owned(fit(&text, names)), name.style)
                }
                Fact::ToldBy => {
                    let (word, look) = self.told_by(self.edges_inward(row.node, row.relation));
                    (Cow::Owned(word), plain(look))
                }
                Fact::Reads => (Cow::Owned(row.incoming.to_string()), plain(theme.base)),
                Fact::ReadBy => (Cow::Owned(row.outgoing.to_string()), plain(theme.base)),
                Fact::Hidden => {
                    let hidden = row.hidden_upstream + row.hidden_downstream;
                    let text = if hidden > 0 { format!("+{hidden}") } else { String::new() };
                    (Cow::Owned(text), theme.key)
                }
                Fact::Traced => {
                    let names: Vec<String> =
                        self.traced(row.node).into_iter().map(|(name, ..)| name).collect();
                    (Cow::Owned(names.join(", ")), theme.busy)
                }
                Fact::Remarks => match self.trouble(row.node) {
                    Some(span) => (span.content, span.style),
                    None => (Cow::Borrowed(""), theme.base),
                },
            }
        })
    }
}
