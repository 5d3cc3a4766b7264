//! What stands in a box: its lines, piece by piece with what each piece is.

use super::scene::{Scene, Trace};
use super::words;
use crate::graph::digraph::Graph;
use crate::graph::focus::Subject;
use crate::lineage::{LineageGraph, LineageNode, NodeIndex, NodeRole};
use crate::model::display::{clean, truncate_middle, truncate_to_width, width};
use crate::model::path::fold;
use crate::tui::lineage_model::LineageModel;
use crate::tui::widgets::text::counted;

/// Columns listed in a box before the rest is counted.
const COLUMNS: usize = 8;
/// The same for columns on a trace.
const TRACED: usize = 16;

/// How much a box says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// The name.
    Names,
    /// The name and its folder.
    #[default]
    Folders,
    /// Columns too.
    Columns,
    /// Columns, and how each is made.
    Kinds,
}

impl Level {
    /// The one after it.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Names => Self::Folders,
            Self::Folders => Self::Columns,
            Self::Columns => Self::Kinds,
            Self::Kinds => Self::Names,
        }
    }

    /// The word for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Folders => "folders",
            Self::Columns => "columns",
            Self::Kinds => "kinds",
        }
    }
}

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The sign of a role.
    Sign(NodeRole),
    /// A folder's sign.
    Folder,
    Name,
    Soft,
    Warning,
    Error,
    Column,
    /// A column on the trace.
    Traced,
    /// The column that is traced.
    Start,
    /// How a column is made.
    Kind,
}

/// A line of a box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BoxLine {
    pub(super) text: String,
    /// Where each piece ends, in cells, and what it is.
    pieces: Vec<(usize, Tone)>,
}

impl BoxLine {
    fn with(mut self, text: &str, tone: Tone) -> Self {
        self.text.push_str(text);
        self.pieces.push((width(&self.text), tone));
        self
    }

    /// What stands in a cell.
    pub(super) fn tone(&self, cell: usize) -> Tone {
        let piece = self.pieces.iter().find(|(end, _)| cell < *end);
        piece.map_or(Tone::Soft, |(_, tone)| *tone)
    }
}

/// A column line of a box names this column.
pub(super) fn column_at<'a>(
    model: &'a LineageModel,
    scene: &'a Scene,
    at: usize,
    level: Level,
    line: &BoxLine,
) -> Option<&'a str> {
    let node = model.graph().nodes().get(scene.node(at)?)?;
    let (shown, _) = columns(node, scene.trace.as_ref(), scene.node(at)?, level)?;
    // A sign and a space stand in front.
    let text = line.text.split_at_checked(line.text.chars().next()?.len_utf8() + 1)?.1;
    shown.into_iter().find(|name| {
        let cleaned = clean(name);
        text == cleaned || text.starts_with(&*cleaned) && text[cleaned.len()..].starts_with(' ')
    })
}

/// The lines of every box, names no wider than `cells`.
pub(super) fn lines(
    model: &LineageModel,
    scene: &Scene,
    level: Level,
    cells: usize,
) -> Vec<Vec<BoxLine>> {
    let nodes = scene.graph.nodes.iter();
    nodes
        .map(|shown| match &shown.subject {
            Subject::Node(node) => dataset(model.graph(), scene, *node, level, cells),
            Subject::Folder { group, members } => {
                folder(model.outline(), *group, members.len(), cells)
            }
        })
        .collect()
}

fn folder(outline: &Graph, group: usize, members: usize, cells: usize) -> Vec<BoxLine> {
    let parts = &outline.groups()[group].parts;
    let name = parts.iter().map(|part| clean(part)).collect::<Vec<_>>().join(".");
    let name = BoxLine::default()
        .with("▪ ", Tone::Folder)
        .with(&truncate_middle(&name, cells), Tone::Name);
    vec![name, BoxLine::default().with(&counted(members, "dataset"), Tone::Soft)]
}

fn dataset(
    graph: &LineageGraph,
    scene: &Scene,
    index: usize,
    level: Level,
    cells: usize,
) -> Vec<BoxLine> {
    let node = &graph.nodes()[index];
    let name = clean(node.path.name());
    let mut first = BoxLine::default()
        .with(words::sign(node.role), Tone::Sign(node.role))
        .with(" ", Tone::Name)
        .with(&truncate_middle(&name, cells), Tone::Name);
    let trouble = words::trouble(node);
    if let Some((_, is_grave)) = trouble.filter(|_| level == Level::Names) {
        first = first.with(" !", if is_grave { Tone::Error } else { Tone::Warning });
    }
    let mut lines = vec![first];
    if level > Level::Names {
        let above = words::folder(node.path.parts());
        if node.role == NodeRole::Missing {
            lines.push(
                BoxLine::default()
                    .with(&truncate_to_width("not in the catalogue", cells + 2), Tone::Warning),
            );
        }
        if !above.is_empty() {
            lines.push(BoxLine::default().with(&truncate_middle(&above, cells + 2), Tone::Soft));
        }
        if let Some((word, is_grave)) = trouble {
            let tone = if is_grave { Tone::Error } else { Tone::Warning };
            let text = format!("! {word}");
            lines.push(BoxLine::default().with(&truncate_to_width(&text, cells + 2), tone));
        }
    }
    lines.extend(column_lines(graph, scene, node, index, level, cells));
    lines
}

/// The columns to list and how many more there are; `None` if columns are not shown here.
fn columns<'a>(
    node: &'a LineageNode,
    trace: Option<&'a Trace>,
    index: usize,
    level: Level,
) -> Option<(Vec<&'a str>, usize)> {
    let names: Vec<&str> = node.columns.iter().map(|name| &**name).collect();
    if let Some(trace) = trace {
        let traced = trace.columns.get(&index)?;
        let mut shown: Vec<&str> =
            names.iter().copied().filter(|name| traced.contains(&fold(name))).collect();
        // What the catalogue does not show, the trace knows all the same.
        let unknown = traced.iter().filter(|name| !names.iter().any(|known| fold(known) == **name));
        shown.extend(unknown.map(String::as_str));
        let total = names.len().max(shown.len());
        shown.truncate(TRACED);
        let more = total - shown.len();
        return Some((shown, more));
    }
    if level < Level::Columns {
        return None;
    }
    // One more line says no less than a line that says there is one more.
    let count = if names.len() == COLUMNS + 1 { names.len() } else { names.len().min(COLUMNS) };
    Some((names[..count].to_vec(), names.len() - count))
}

fn column_lines(
    graph: &LineageGraph,
    scene: &Scene,
    node: &LineageNode,
    index: usize,
    level: Level,
    cells: usize,
) -> Vec<BoxLine> {
    let trace = scene.trace.as_ref();
    let Some((shown, more)) = columns(node, trace, index, level) else { return Vec::new() };
    let (has_signs, has_words) = (trace.is_some(), level == Level::Kinds);
    let at = NodeIndex(u32::try_from(index).unwrap_or(u32::MAX));
    let widest = shown.iter().map(|name| width(&clean(name))).max().unwrap_or(0).min(cells);
    let mut lines: Vec<BoxLine> = shown
        .iter()
        .map(|name| {
            let folded = fold(name);
            let tone = match trace {
                Some(trace) if trace.start == index && trace.column == folded => Tone::Start,
                Some(_) => Tone::Traced,
                None => Tone::Column,
            };
            let made = words::column_kind(graph, at, &folded);
            let sign = made.filter(|_| has_signs).map_or(" ", words::Made::sign);
            let text = clean(name);
            let text = truncate_to_width(&text, cells);
            let line =
                BoxLine::default().with(sign, Tone::Kind).with(" ", Tone::Column).with(&text, tone);
            match made.filter(|_| has_words) {
                Some(made) => {
                    let air = " ".repeat(widest - width(&text) + 2);
                    line.with(&air, Tone::Kind).with(made.word(), Tone::Kind)
                }
                None => line,
            }
        })
        .collect();
    if more > 0 {
        lines.push(BoxLine::default().with(&format!("  … {more} more"), Tone::Soft));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::look::{Filters, Look, Traced};
    use super::super::scene::tests::model;
    use super::*;

    fn texts(look: &Look, level: Level) -> Vec<Vec<String>> {
        let model = model();
        let scene = Scene::new(&model, look, &Filters::default()).expect("a scene");
        let lines = lines(&model, &scene, level, 20);
        lines.into_iter().map(|lines| lines.into_iter().map(|line| line.text).collect()).collect()
    }

    #[test]
    fn each_level_says_more() {
        let look = Look::around("s.mart".to_owned(), 0, 0);
        assert_eq!(texts(&look, Level::Names), [["◫ mart"]]);
        assert_eq!(texts(&look, Level::Folders), [["◫ mart", "s"]]);
        assert_eq!(texts(&look, Level::Columns), [["◫ mart", "s", "  id", "  total"]]);
        assert_eq!(texts(&look, Level::Kinds), [["◫ mart", "s", "  id     copy", "  total  aggr"]]);
    }

    #[test]
    fn a_trace_lists_its_columns_and_counts_the_rest() {
        let mut look = Look::around("s.stg".to_owned(), 0, 0);
        look.traced = Some(Traced { node: "s.stg".to_owned(), column: "net".to_owned() });
        assert_eq!(
            texts(&look, Level::Folders),
            [
                vec!["◫ mart", "s", "Σ total", "  … 1 more"],
                vec!["▦ raw", "s", "  Amount", "  … 2 more"],
                vec!["◫ stg", "s", "ƒ net", "  … 2 more"],
            ]
        );
    }

    #[test]
    fn a_line_knows_its_column_and_its_tones() {
        let model = model();
        let look = Look::around("s.mart".to_owned(), 0, 0);
        let scene = Scene::new(&model, &look, &Filters::default()).expect("a scene");
        let lines = lines(&model, &scene, Level::Kinds, 20);
        let column = |line: usize| column_at(&model, &scene, 0, Level::Kinds, &lines[0][line]);
        assert_eq!((column(0), column(2), column(3)), (None, Some("id"), Some("total")));
        let line = &lines[0][0];
        assert_eq!((line.tone(0), line.tone(2)), (Tone::Sign(NodeRole::View), Tone::Name));
        assert_eq!(line.tone(40), Tone::Soft);
    }
}
