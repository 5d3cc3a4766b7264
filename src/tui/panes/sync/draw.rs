//! Drawing the plan: what stands above it, the tree, and beside it the changes of one item.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::list::PlanList;
use super::shown::{Progress, Shown};
use super::tree::{ACTIONS, Counts, Node, Sort};
use super::{SyncPane, head};
use crate::report::sync::sign;
use crate::sync::Action as Change;
use crate::sync::apply::ItemOutcome;
use crate::tui::core::Core;
use crate::tui::theme::Theme;
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::text::{count, counted, marked, occurrence, spread, wrap};

/// From this width on, the changes stand beside the tree and not below it.
const SIDE_BY_SIDE: u16 = 96;
/// From this width on, they share it evenly.
const ROOMY: u16 = 120;

impl SyncPane {
    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        (self.area, self.changes.area) = (Rect::ZERO, Rect::ZERO);
        let Some(shown) = &self.shown else {
            self.draw_without_plan(frame, area, core);
            return;
        };
        let head = head::lines(self, shown, core, usize::from(area.width));
        let head_height = u16::try_from(head.len()).unwrap_or(2).min(area.height);
        frame.render_widget(Paragraph::new(head), Rect { height: head_height, ..area });
        let body = Rect { y: area.y + head_height, height: area.height - head_height, ..area };
        if body.height < 3 {
            return;
        }
        if let (true, Some(node)) = (self.changes.is_alone, self.list.node()) {
            let rule = Rect { height: 1, ..body };
            draw_rule(frame, rule, "─", &core.theme);
            let below = Rect { y: body.y + 1, height: body.height - 1, ..body };
            self.changes.draw(frame, below, shown, node, core);
            return;
        }
        let (tree, changes) = if body.width >= SIDE_BY_SIDE {
            // Where there is plenty of room, names in the tree need it more than changes do.
            let left = if body.width >= ROOMY { body.width / 2 } else { body.width * 9 / 20 };
            draw_rule(frame, Rect { x: body.x + left, width: 1, ..body }, "│", &core.theme);
            let right = body.x + left + 2;
            (Rect { width: left, ..body }, Rect { x: right, width: body.right() - right, ..body })
        } else {
            let top = body.height / 2;
            draw_rule(frame, Rect { y: body.y + top, height: 1, ..body }, "─", &core.theme);
            let below = body.y + top + 1;
            (Rect { height: top, ..body }, Rect { y: below, height: body.bottom() - below, ..body })
        };
        self.area = draw_list(frame, tree, &mut self.list, shown, core, focused);
        if let Some(node) = self.list.node() {
            self.changes.draw(frame, changes, shown, node, core);
        }
    }
}

fn draw_rule(frame: &mut Frame<'_>, area: Rect, sign: &'static str, theme: &Theme) {
    for place in area.rows().flat_map(Rect::columns) {
        frame.render_widget(Span::styled(sign, theme.border), place);
    }
}

/// Draws the tree with the line of its filters below; tells where the rows are.
fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    list: &mut PlanList,
    shown: &Shown,
    core: &Core,
    focused: bool,
) -> Rect {
    let theme = &core.theme;
    let has_filter = list.is_typing || list.is_searching() || list.only.name().is_some();
    let filter_height = u16::from(has_filter && area.height > 2);
    let rows = Rect { height: area.height - filter_height, ..area };
    let len = list.rows().len();
    list.cursor.resize(usize::from(rows.height), len);
    if len == 0 {
        let text = if list.is_searching() {
            "Nothing shown has these letters in its name."
        } else {
            "There is nothing of this sort in the plan."
        };
        let lines: Vec<Line<'_>> = wrap(text, usize::from(rows.width.saturating_sub(2)))
            .into_iter()
            .map(|line| Line::styled(format!(" {line}"), theme.soft))
            .collect();
        frame.render_widget(Paragraph::new(lines), rows);
    }
    let lines: Vec<Line<'_>> = list
        .cursor
        .window(len)
        .map(|row| draw_row(list, shown, core, row, usize::from(rows.width), focused))
        .collect();
    frame.render_widget(Paragraph::new(lines), rows);
    let beside = Rect { width: rows.width + 1, ..rows };
    scrollbar(frame, beside, list.cursor.offset, len, theme.soft);
    if filter_height > 0 {
        draw_filter(frame, Rect { y: rows.bottom(), height: 1, ..area }, list, core);
    }
    rows
}

/// What is searched for, and which sort is shown.
fn draw_filter(frame: &mut Frame<'_>, area: Rect, list: &PlanList, core: &Core) {
    let theme = &core.theme;
    let mut right = Vec::new();
    if list.is_searching() {
        let matches = if list.matches == 1 {
            "1 match".to_owned()
        } else {
            format!("{} matches", count(list.matches))
        };
        right.push(Span::styled(matches, theme.soft));
    }
    if let Some(only) = list.only.name() {
        let between = if right.is_empty() { "" } else { " · " };
        right.push(Span::styled(format!("{between}showing "), theme.soft));
        right.push(Span::styled(only, theme.strong));
    }
    right.push(Span::raw(" "));
    if list.is_typing {
        frame.render_widget(Line::from(right).right_aligned(), area);
        list.search.draw(frame, area, "/", theme);
        return;
    }
    let mut left = Vec::new();
    if list.is_searching() {
        left.push(Span::styled("/", theme.key));
        left.push(crate::tui::widgets::text::span(list.search.value(), theme.strong));
    }
    frame.render_widget(spread(left, right, usize::from(area.width)), area);
}

fn draw_row(
    list: &PlanList,
    shown: &Shown,
    core: &Core,
    row: usize,
    cells: usize,
    focused: bool,
) -> Line<'static> {
    let theme = &core.theme;
    let (at, depth) = list.rows()[row];
    let node = &shown.tree.nodes[at];
    let is_folded = list.is_folded(at) && !node.children.is_empty();
    // What a filter hides below a node does not count as something to unfold.
    let has_below = list.rows().get(row + 1).is_some_and(|(_, below)| *below > depth);
    let arrow = match (has_below, is_folded) {
        (_, true) => "▸ ",
        (true, _) => "▾ ",
        (false, _) => "  ",
    };
    let mut left = vec![Span::styled(format!("{}{arrow}", "  ".repeat(depth)), theme.faint)];
    let share = shown.choice.share(at);
    let is_left_out = share.out > 0 && share.taken == 0;
    left.push(match (share.taken > 0, share.out > 0) {
        // Once applied there is nothing to choose any more.
        _ if shown.report.is_some() => Span::raw("  "),
        (true, false) => Span::styled("☑ ", theme.key),
        (true, true) => Span::styled("◪ ", theme.key),
        (false, true) => Span::styled("☐ ", theme.faint),
        (false, false) => Span::raw("  "),
    });
    if let Some(item) = node.item {
        let action = shown.item(item).action;
        left.push(Span::styled(format!("{} ", sign(action)), look(action, theme)));
    }
    let name = match (is_left_out, node.sort) {
        (true, _) => theme.faint,
        (false, Sort::Edge) => theme.soft,
        (false, Sort::Table) => theme.base,
        _ => theme.strong,
    };
    let letters = if list.is_searching() {
        occurrence(&node.label, list.needle()).unwrap_or_default()
    } else {
        Vec::new()
    };
    left.extend(marked(&node.label, &letters, name, name.patch(theme.matched)));
    let mut right = state(shown, node, theme, core);
    if is_folded {
        let gap = if right.is_empty() { "" } else { "  " };
        let mut below = counts_below(&node.counts, theme, false);
        below.push(Span::raw(gap));
        below.append(&mut right);
        right = below;
    }
    let mut line = spread(left, right, cells.saturating_sub(1));
    if row == list.cursor.at {
        let selected = if focused { theme.selected } else { theme.selected_away };
        line.spans.push(Span::raw(" "));
        for span in &mut line.spans {
            span.style = span.style.patch(selected);
        }
    }
    line
}

/// `+3 ~1` of a node and everything below it.
pub(super) fn counts_below(counts: &Counts, theme: &Theme, in_words: bool) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (action, number) in ACTIONS.into_iter().zip(*counts) {
        if number == 0 || (action == Change::Unchanged && !in_words) {
            continue;
        }
        let sign = sign(action).to_string();
        let text = if in_words {
            format!("  {}{} {}", sign.trim(), count(number), action.name())
        } else {
            format!(" {sign}{}", count(number))
        };
        spans.push(Span::styled(text, look(action, theme)));
    }
    spans
}

/// How an action looks.
pub(super) fn look(action: Change, theme: &Theme) -> Style {
    match action {
        Change::Create => theme.good,
        Change::Update => theme.busy,
        Change::Restore => theme.view,
        Change::Delete | Change::Conflict => theme.error,
        Change::Keep => theme.warning,
        Change::Unchanged => theme.soft,
    }
}

/// The end of a row: what will be done, or what has become of it.
fn state(shown: &Shown, node: &Node, theme: &Theme, core: &Core) -> Vec<Span<'static>> {
    let Some(item) = node.item else { return Vec::new() };
    let action = shown.item(item).action;
    let is_plain = node.children.is_empty() || node.sort == Sort::Table;
    let (text, style) = match &shown.progress[item] {
        Progress::Begun => (format!("{} sending", core.spinner()), theme.busy),
        Progress::Ended(ItemOutcome::Done { notes }) if notes.is_empty() => {
            ("✓ done".to_owned(), theme.good)
        }
        Progress::Ended(ItemOutcome::Done { notes }) => {
            (format!("✓ done, {}", counted(notes.len(), "note")), theme.warning)
        }
        Progress::Ended(ItemOutcome::Failed { .. }) => ("✗ failed".to_owned(), theme.error),
        Progress::Ended(ItemOutcome::Skipped { .. }) => ("✗ not tried".to_owned(), theme.error),
        Progress::Ended(ItemOutcome::NotBegun) => ("not begun".to_owned(), theme.warning),
        Progress::Ended(ItemOutcome::Excluded) => ("left out".to_owned(), theme.faint),
        Progress::Open if shown.choice.is_out(item) => ("left out".to_owned(), theme.faint),
        // The sign tells of creation and the like; only what is not plain takes words.
        Progress::Open | Progress::Ended(ItemOutcome::Untouched) => match action {
            Change::Unchanged if node.children.is_empty() => ("in sync".to_owned(), theme.faint),
            Change::Delete => ("delete".to_owned(), look(action, theme)),
            Change::Unchanged => return Vec::new(),
            _ if is_plain => (action.name().to_owned(), look(action, theme)),
            _ => return Vec::new(),
        },
    };
    vec![Span::styled(text, style)]
}
