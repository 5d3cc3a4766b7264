//! [`Changes`]: everything about one line of the plan: what would change in it, why, and what has
//! become of it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::draw::{counts_below, look};
use super::shown::{Progress, Shown, is_replaced_text};
use super::tree::Sort;
use super::words::{Marks, come, compare, gone, wrap_hanging, wrap_pieces};
use crate::model::display::{clean_lines, width};
use crate::report::sync::{name_of, sign};
use crate::sync::apply::ItemOutcome;
use crate::sync::{Action as Change, FieldChange, Item, ItemKey, Outcome};
use crate::tui::core::Core;
use crate::tui::msg::Action;
use crate::tui::theme::{Theme, ThemeName};
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::text::{counted, cut, span};

/// A value up to so wide goes on one line with its field.
const SHORT: usize = 40;
/// So many lines of a name are shown at most; copying gives it whole.
const NAME_LINES: usize = 3;
/// So many lines of a value are shown at most.
const MOST: usize = 1_000;

/// What the lines of an item's fields depend on. Comparing long texts takes time, so it is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    node: usize,
    cells: usize,
    theme: ThemeName,
    marks: Marks,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Lines that are scrolled away, and how many can be.
    scroll: usize,
    scroll_max: usize,
    pub(super) area: Rect,
    /// They have the whole pane.
    pub(super) is_alone: bool,
    fields: Option<(Made, Vec<Line<'static>>)>,
}

impl Changes {
    /// Forgets what was made for another plan.
    pub(super) fn reset(&mut self) {
        (self.scroll, self.fields, self.is_alone) = (0, None, false);
    }

    /// Scrolls to the beginning.
    pub(super) fn go_home(&mut self) {
        self.scroll = 0;
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        self.scroll = self.scroll.saturating_add_signed(lines).min(self.scroll_max);
    }

    /// Scrolls as `action` says; tells whether it did.
    pub(super) fn step(&mut self, action: Action) -> bool {
        let page = isize::from(u8::try_from(self.area.height.max(2)).unwrap_or(u8::MAX)) - 1;
        self.scroll(match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::HalfPageUp => -(page + 1) / 2,
            Action::HalfPageDown => (page + 1) / 2,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::Top => isize::MIN,
            Action::Bottom => isize::MAX,
            _ => return false,
        });
        true
    }

    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        shown: &Shown,
        node: usize,
        core: &Core,
    ) {
        self.area = area;
        let cells = usize::from(area.width).saturating_sub(1).max(8);
        let theme = &core.theme;
        let made = Made { node, cells, theme: theme.name, marks: Marks::of(core) };
        let fields = match self.fields.take() {
            Some((of, fields)) if of == made => fields,
            _ => shown
                .item_at(node)
                .map_or_else(Vec::new, |item| field_lines(shown, item, cells, theme, made.marks)),
        };
        let mut lines = about(shown, node, cells, core);
        let height = usize::from(area.height);
        if !fields.is_empty() && lines.len() + 1 < height {
            lines.push(Line::default());
        }
        let len = lines.len() + fields.len();
        self.scroll_max = len.saturating_sub(height);
        self.scroll = self.scroll.min(self.scroll_max);
        let seen: Vec<Line<'_>> =
            lines.iter().chain(&fields).skip(self.scroll).take(height).cloned().collect();
        frame.render_widget(Paragraph::new(seen), area);
        let beside = Rect { width: area.width + 1, ..area };
        scrollbar(frame, beside, self.scroll, len, theme.soft);
        self.fields = Some((made, fields));
    }
}

/// What stands above the fields.
fn about(shown: &Shown, node: usize, cells: usize, core: &Core) -> Vec<Line<'static>> {
    let theme = &core.theme;
    let tree_node = &shown.tree.nodes[node];
    let inside = || {
        let mut pieces = vec![("inside".to_owned(), theme.soft)];
        for span in counts_below(&tree_node.counts, theme, true) {
            pieces.push((span.content.into_owned(), span.style));
        }
        wrap_pieces(&pieces, cells)
    };
    let Some(index) = tree_node.item else {
        let mut lines = vec![
            Line::from(cut(vec![span(&tree_node.label, theme.strong)], cells)),
            Line::styled(tree_node.sort.name(), theme.soft),
        ];
        if tree_node.sort == Sort::Conflicts {
            lines.push(Line::styled("Each says why. Nothing is written for them.", theme.soft));
        }
        lines.extend(inside());
        return lines;
    };
    let item = shown.item(index);
    let (sort, name) = name_of(&item.key);
    let mut lines = wrap_pieces(&[(name, theme.strong)], cells);
    // A name may be longer than the pane is high; what is to be said of it comes first.
    if lines.len() > NAME_LINES {
        lines.truncate(NAME_LINES);
        if let Some(last) = lines.last_mut() {
            last.spans.push(Span::styled("…", theme.strong));
            last.spans = cut(std::mem::take(&mut last.spans), cells);
        }
    }
    let word = if item.action == Change::Delete { "soft-delete" } else { item.action.name() };
    let what = format!("{} {word}", sign(item.action));
    lines.push(Line::from(cut(
        vec![
            Span::styled(what.trim_start().to_owned(), look(item.action, theme)),
            Span::styled(format!(" · {sort}"), theme.soft),
        ],
        cells,
    )));
    if shown.choice.is_out(index) && shown.report.is_none() {
        let text = match shown.needed_by(index) {
            None => "☐ left out of this sync by hand".to_owned(),
            Some(other) if item.action == Change::Delete => {
                format!("☐ left out, because {other} in it stays")
            }
            Some(other) => format!("☐ left out, because it needs {other}, which is left out"),
        };
        lines.extend(wrap_pieces(&[(text, theme.warning)], cells));
    }
    lines.extend(outcome_lines(&shown.progress[index], item.action, cells, theme));
    for note in &item.notes {
        lines.extend(wrap_pieces(&[(format!("! {note}"), theme.warning)], cells));
    }
    let replaced = item.changes.iter().filter(|change| is_replaced_text(change)).count();
    if shown.switches.overwrite && replaced > 0 && item.action.writes() {
        let text =
            format!("! replaces {} that OpenMetadata has now", counted(replaced, "description"));
        lines.extend(wrap_pieces(&[(text, theme.warning)], cells));
    }
    // What was written is no longer to come.
    let is_open = matches!(
        shown.progress[index],
        Progress::Open | Progress::Begun | Progress::Ended(ItemOutcome::Untouched)
    );
    if let (true, Some(text)) = (is_open && item.changes.is_empty(), nothing_to_tell(item)) {
        lines.extend(wrap_pieces(&[(text.to_owned(), theme.soft)], cells));
    }
    if !tree_node.children.is_empty()
        && matches!(tree_node.sort, Sort::Service | Sort::Database | Sort::Schema)
    {
        lines.extend(inside());
    }
    lines
}

fn nothing_to_tell(item: &Item) -> Option<&'static str> {
    Some(match item.action {
        Change::Unchanged => "OpenMetadata has it as it is in Dremio.",
        Change::Restore => "It was deleted softly; it comes back with what is below it.",
        Change::Create => "It will be new in OpenMetadata.",
        _ => return None,
    })
}

fn outcome_lines(
    progress: &Progress,
    action: Change,
    cells: usize,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let (text, style) = match progress {
        Progress::Ended(ItemOutcome::Failed { reason, in_doubt }) => {
            let doubt = if *in_doubt {
                " It may have been written all the same: a new plan looks."
            } else {
                ""
            };
            (format!("✗ failed: {reason}{doubt}"), theme.error)
        }
        Progress::Ended(ItemOutcome::Skipped { reason }) => {
            (format!("✗ not tried: {reason}"), theme.error)
        }
        Progress::Ended(ItemOutcome::NotBegun) => {
            ("the sync ended before its turn".to_owned(), theme.warning)
        }
        Progress::Ended(ItemOutcome::Excluded) => ("☐ was left out".to_owned(), theme.warning),
        Progress::Ended(ItemOutcome::Done { notes }) => {
            let mut text = match action {
                // What the plan said of it before is said again, since that is to be done now.
                Change::Delete => "✓ soft-deleted",
                _ => "✓ written",
            }
            .to_owned();
            for note in notes {
                text.push_str("; ");
                text.push_str(note);
            }
            (text, if notes.is_empty() { theme.good } else { theme.warning })
        }
        Progress::Open | Progress::Begun | Progress::Ended(ItemOutcome::Untouched) => {
            return Vec::new();
        }
    };
    wrap_pieces(&[(text, style)], cells)
}

fn field_lines(
    shown: &Shown,
    item: &Item,
    cells: usize,
    theme: &Theme,
    marks: Marks,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if item.action == Change::Delete {
        gone_lines(&mut lines, shown, item, cells, theme);
    }
    // The address says little, the fingerprint nothing to a person, so they come last.
    let (plain, hashes): (Vec<_>, Vec<_>) =
        item.changes.iter().partition(|change| change.field != "sourceHash");
    let (addresses, plain): (Vec<_>, Vec<_>) =
        plain.into_iter().partition(|change| change.field == "sourceUrl");
    for change in plain.into_iter().chain(addresses) {
        change_lines(&mut lines, change, cells, theme, marks);
    }
    if !hashes.is_empty() && item.action != Change::Create {
        lines.push(Line::styled("sourceHash: the mark of this state, renewed", theme.faint));
    }
    lines
}

/// What goes out of sight with something that is deleted.
fn gone_lines(
    lines: &mut Vec<Line<'static>>,
    shown: &Shown,
    item: &Item,
    cells: usize,
    theme: &Theme,
) {
    let ItemKey::Entity(_, fqn) = &item.key else { return };
    let Some((common, columns)) = shown.stored(fqn) else { return };
    let inner = cells.saturating_sub(2);
    let mut add = |title: &str, body: Vec<Line<'static>>| {
        lines.push(Line::styled(title.to_owned(), theme.header));
        lines.extend(body.into_iter().map(beside_bar(theme)));
    };
    let text = common.description.as_deref().unwrap_or_default();
    if !text.trim().is_empty() {
        add("description", paragraphs(text, (inner, 0), gone(theme)));
    }
    if !columns.is_empty() {
        let names: Vec<&str> = columns
            .iter()
            .map(|column| column.display_name.as_ref().unwrap_or(&column.name).as_str())
            .collect();
        let text = names.join(", ");
        add(&counted(columns.len(), "column"), paragraphs(&text, (inner, 0), gone(theme)));
    }
    let people: Vec<&str> =
        common.owners.iter().filter_map(|owner| owner.name.as_deref()).collect();
    if !people.is_empty() {
        add("owners", paragraphs(&people.join(", "), (inner, 0), gone(theme)));
    }
    if let Some(who) = &common.updated_by {
        let text = format!("last changed by {who}");
        lines.extend(wrap_pieces(&[(text, theme.soft)], cells));
    }
}

fn beside_bar(theme: &Theme) -> impl Fn(Line<'static>) -> Line<'static> {
    let look = theme.faint;
    move |mut line| {
        line.spans.insert(0, Span::styled("│ ", look));
        line
    }
}

fn change_lines(
    lines: &mut Vec<Line<'static>>,
    change: &FieldChange,
    cells: usize,
    theme: &Theme,
    marks: Marks,
) {
    let kept = match change.outcome {
        Outcome::Written => None,
        Outcome::KeptByServer => Some("kept: the server does not let a bot replace it"),
        Outcome::KeptForPeople => Some("kept: somebody may have written it"),
    };
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    let is_short =
        |text: Option<&str>| text.is_none_or(|text| !text.contains('\n') && width(text) <= SHORT);
    let field = change.field.clone();
    if kept.is_none() && is_short(old) && is_short(new) {
        let mut pieces = vec![(field, theme.header), ("  ".to_owned(), theme.base)];
        match (old, new) {
            (None, Some(new)) => pieces.push((format!("+ {new}"), theme.good)),
            (old, new) => {
                pieces.push((old.unwrap_or("—").to_owned(), gone(theme)));
                pieces.push((" → ".to_owned(), theme.soft));
                pieces.push((new.unwrap_or("nothing").to_owned(), come(theme)));
            }
        }
        lines.extend(wrap_pieces(&pieces, cells));
        return;
    }
    let mut title = vec![(field, theme.header)];
    if let Some(kept) = kept {
        title.extend([("  ".to_owned(), theme.base), (kept.to_owned(), theme.warning)]);
    }
    lines.extend(wrap_pieces(&title, cells));
    // Code is indented; what goes on below is to be seen as such.
    let hang = if change.field == "schemaDefinition" { 2 } else { 0 };
    let inner = (cells.saturating_sub(2), hang);
    let body = match (old, new) {
        // Nothing goes and nothing comes, so nothing looks like it.
        (Some(old), Some(new)) if kept.is_some() => {
            let mut lines = vec![Line::styled("OpenMetadata, stays:", theme.soft)];
            lines.extend(paragraphs(old, inner, theme.base));
            lines.push(Line::styled("Dremio, not taken over:", theme.soft));
            lines.extend(paragraphs(new, inner, theme.soft));
            lines
        }
        (Some(old), Some(new)) => compare(old, new, inner, theme, marks),
        (None, Some(text)) => paragraphs(text, inner, theme.good),
        (Some(text), None) => paragraphs(text, inner, gone(theme)),
        (None, None) => Vec::new(),
    };
    lines.extend(body.into_iter().map(beside_bar(theme)));
}

fn paragraphs(text: &str, (cells, hang): (usize, usize), style: Style) -> Vec<Line<'static>> {
    let text = clean_lines(text.trim_end());
    let all = text.split('\n').count();
    let mut lines: Vec<Line<'static>> = text
        .split('\n')
        .take(MOST)
        .flat_map(|line| wrap_hanging(&[(line.to_owned(), style)], cells, hang))
        .collect();
    if let Some(more) = all.checked_sub(MOST).filter(|more| *more > 0) {
        lines.push(Line::raw(format!("⋯ {} more", counted(more, "line"))));
    }
    lines
}
