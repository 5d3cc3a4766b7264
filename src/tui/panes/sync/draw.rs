//! Drawing the plan: who and where, counts, the tree, and beside it the changes of one item.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::tree::{ACTIONS, Node, Sort, place};
use super::words::{come, compare, gone, wrap_pieces};
use super::{Only, Progress, Shown, Stage, SyncPane, Target};
use crate::model::display::{clean, width};
use crate::report::sync::{name_of, sign};
use crate::sync::apply::ItemOutcome;
use crate::sync::session::Step;
use crate::sync::{Action as Change, FieldChange, Item, Outcome};
use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::msg::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::text::{count, counted, cut, span, spread, wrap};

/// From this width on, the changes stand beside the tree and not below it.
const SIDE_BY_SIDE: u16 = 96;
/// A value up to so wide goes on one line with its field.
const SHORT: usize = 40;

impl SyncPane {
    /// What the status bar says.
    pub(crate) fn status(&self, core: &Core, is_narrow: bool) -> Vec<Span<'static>> {
        let theme = &core.theme;
        match &self.target {
            Target::None(_) => Vec::new(),
            Target::Connecting => {
                vec![Span::styled(format!("  {} OpenMetadata", core.spinner()), theme.busy)]
            }
            Target::Failed(_) => {
                vec![Span::styled("  ✗ OpenMetadata not connected", theme.warning)]
            }
            Target::Ready(info) => {
                let version = info.version.split('.').take(2).collect::<Vec<_>>().join(".");
                let who = match (&info.user, info.is_bot) {
                    (_, Some(true)) => " (bot)".to_owned(),
                    (Some(user), _) => format!(" ({})", clean(user)),
                    (None, _) => String::new(),
                };
                let version = clean(&version);
                let text = if is_narrow {
                    format!("  OM {version}")
                } else {
                    format!("  OpenMetadata {version}{who}")
                };
                vec![Span::styled(text, theme.soft)]
            }
        }
    }

    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        (self.area, self.changes_area) = (Rect::ZERO, Rect::ZERO);
        let Some(shown) = &self.shown else {
            self.draw_without_plan(frame, area, core);
            return;
        };
        let mut head = vec![self.first_line(shown, core, usize::from(area.width))];
        head.extend(self.counts(shown, core, usize::from(area.width)));
        head.extend(self.remarks(shown, core, usize::from(area.width)));
        let theme = &core.theme;
        let head_height = u16::try_from(head.len()).unwrap_or(2).min(area.height);
        frame.render_widget(Paragraph::new(head), Rect { height: head_height, ..area });
        let body = Rect { y: area.y + head_height, height: area.height - head_height, ..area };
        if body.height < 3 {
            return;
        }
        let (tree, rule, changes) = if body.width >= SIDE_BY_SIDE {
            let left = body.width * 9 / 20;
            let rule = Rect { x: body.x + left, width: 1, ..body };
            let right = Rect { x: rule.x + 2, width: body.width - left - 2, ..body };
            (Rect { width: left, ..body }, rule, right)
        } else {
            let top = (body.height * 11 / 20).max(2);
            let rule = Rect { y: body.y + top, height: 1, ..body };
            let below = Rect { y: rule.y + 1, height: body.height - top - 1, ..body };
            (Rect { height: top, ..body }, rule, below)
        };
        for place in rule.rows().flat_map(Rect::columns) {
            let sign = if rule.width == 1 { "│" } else { "─" };
            frame.render_widget(Span::styled(sign, theme.border), place);
        }
        self.area = tree;
        self.changes_area = changes;
        self.cursor.resize(usize::from(tree.height), self.rows.len());
        let lines: Vec<Line<'_>> = self
            .cursor
            .window(self.rows.len())
            .map(|row| self.row(shown, core, row, usize::from(tree.width), focused))
            .collect();
        frame.render_widget(Paragraph::new(lines), tree);
        scrollbar(
            frame,
            Rect { width: tree.width + 1, ..tree },
            self.cursor.offset,
            self.rows.len(),
            theme.soft,
        );
        let Some((at, _)) = self.rows.get(self.cursor.at) else { return };
        let lines = shown.explain(*at, usize::from(changes.width), core);
        let height = usize::from(changes.height);
        self.scroll_max = lines.len().saturating_sub(height);
        self.scroll = self.scroll.min(self.scroll_max);
        let len = lines.len();
        let seen: Vec<Line<'_>> = lines.into_iter().skip(self.scroll).take(height).collect();
        frame.render_widget(Paragraph::new(seen), changes);
        scrollbar(
            frame,
            Rect { width: changes.width + 1, ..changes },
            self.scroll,
            len,
            theme.soft,
        );
    }

    fn draw_without_plan(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let global = [Context::Sync, Context::Global];
        let key = |action| core.key(&global, action);
        let (title, look, text) = match (&self.target, &self.stage, &self.failure) {
            (Target::None(why), ..) => (
                "No OpenMetadata to sync to.".to_owned(),
                theme.strong,
                format!(
                    "{why}\n\nSet openmetadata.url and openmetadata.token in the config file \
                     (`dremio-explorer config init` writes one), or OPENMETADATA_URL and \
                     OPENMETADATA_JWT_TOKEN in the environment, and start again. Everything else \
                     works without."
                ),
            ),
            (Target::Failed(why), ..) => (
                "OpenMetadata cannot be reached.".to_owned(),
                theme.warning,
                format!(
                    "{why}\n\n{} tries again. `dremio-explorer doctor` tests each step.",
                    key(Action::Refresh)
                ),
            ),
            (_, Stage::Waiting | Stage::Planning(_), _) => {
                (self.activity(core), theme.busy, format!("{} cancels.", key(Action::CancelJob)))
            }
            (_, _, Some(failure)) => (
                "There is no plan.".to_owned(),
                theme.warning,
                format!("{failure}\n\n{} tries again.", key(Action::MakePlan)),
            ),
            _ => (
                "Compare with OpenMetadata before anything is written.".to_owned(),
                theme.strong,
                format!(
                    "In the catalog, {} marks what takes part; {} compares what is marked, or what \
                     the cursor is on, field by field. Nothing is written until you have seen the \
                     plan and confirmed it.",
                    core.key(&[Context::Catalog], Action::ToggleMark),
                    key(Action::MakePlan),
                ),
            ),
        };
        let cells = usize::from(area.width.saturating_sub(4)).min(76);
        let mut lines = vec![Line::default(), Line::styled(format!("  {title}"), look)];
        lines.push(Line::default());
        lines.extend(
            wrap(&text, cells)
                .into_iter()
                .map(|line| Line::styled(format!("  {line}"), theme.soft)),
        );
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// What is under way, in words.
    fn activity(&self, core: &Core) -> String {
        let spinner = core.spinner();
        match &self.stage {
            Stage::Idle => String::new(),
            Stage::Waiting if core.walk.running => {
                format!("{spinner} waiting for the catalogue to be read")
            }
            Stage::Waiting => format!("{spinner} waiting for a connection"),
            Stage::Planning(None) => format!("{spinner} finding lineage, reading wikis"),
            Stage::Planning(Some(Step::Texts(done, total))) => {
                format!("{spinner} reading wikis {}/{}", count(*done), count(*total))
            }
            Stage::Planning(Some(Step::Current(read))) => format!(
                "{spinner} reading OpenMetadata {}/{}",
                count(read.databases + read.lineages),
                count(read.databases_total + read.lineages_total)
            ),
            Stage::Applying { stopping } => {
                let (done, total) = self.shown.as_ref().map_or((0, 0), Shown::written);
                let word = if *stopping { "stopping" } else { "writing" };
                format!("{spinner} {word} {}/{}", count(done), count(total))
            }
        }
    }

    fn first_line(&self, shown: &Shown, core: &Core, cells: usize) -> Line<'static> {
        let theme = &core.theme;
        let left = vec![
            span(&shown.prepared.plan.service, theme.strong),
            Span::styled(" → ", theme.soft),
            span(&format!("OpenMetadata on {}", shown.server.host), theme.soft),
        ];
        let mut right = Vec::new();
        if self.is_idle() {
            for (on, word) in [(self.prune, "prune"), (self.overwrite, "overwrite")] {
                if on {
                    right.push(Span::styled(format!(" {word} on"), theme.warning));
                }
            }
            if shown.report.is_some() {
                right.push(Span::styled(" applied", theme.strong));
            }
        } else {
            if matches!(self.stage, Stage::Applying { .. }) && cells >= 70 {
                let (done, total) = shown.written();
                let full = (done * 16).checked_div(total).unwrap_or(0);
                right.push(Span::styled("━".repeat(full), theme.good));
                right.push(Span::styled("━".repeat(16 - full), theme.faint));
                right.push(Span::raw(" "));
            }
            right.push(Span::styled(self.activity(core), theme.busy));
        }
        spread(left, right, cells)
    }

    fn counts(&self, shown: &Shown, core: &Core, cells: usize) -> Vec<Line<'static>> {
        let theme = &core.theme;
        let mut totals = [0; 7];
        for item in &shown.prepared.plan.items {
            totals[place(item.action)] += 1;
        }
        let mut lines = vec![Vec::<Span<'static>>::new()];
        let mut used = 0;
        for (action, total) in ACTIONS.into_iter().zip(totals).filter(|(_, total)| *total > 0) {
            let mut style = look(action, theme);
            if self.only == Only::One(action) {
                style = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
            }
            let text = format!("{}{} {}", sign(action), count(total), action.name());
            let text = text.trim_start().to_owned();
            let text_width = width(&text) + 2;
            if used + text_width > cells + 2 {
                lines.push(Vec::new());
                used = 0;
            }
            used += text_width;
            if let Some(line) = lines.last_mut() {
                line.extend([Span::styled(text, style), Span::raw("  ")]);
            }
        }
        lines.into_iter().map(Line::from).collect()
    }

    /// What a reader should know besides: failures, what came of it, what was left out.
    fn remarks(&self, shown: &Shown, core: &Core, cells: usize) -> Vec<Line<'static>> {
        let theme = &core.theme;
        let mut lines = Vec::new();
        if let Some(report) = &shown.report {
            let done = &report.statistics;
            let mut spans = vec![Span::styled(
                format!(
                    "written: {}, {}, {}, {}",
                    counted(done.databases, "database"),
                    counted(done.schemas, "schema"),
                    counted(done.tables, "table"),
                    counted(done.edges, "edge"),
                ),
                theme.good,
            )];
            for (number, word, look) in [
                (done.deleted, "deleted", theme.good),
                (done.excluded, "left out", theme.soft),
                (done.errors, "failed", theme.error),
                (done.not_begun, "not begun", theme.warning),
            ] {
                if number > 0 {
                    spans.push(Span::styled(format!("; {} {word}", count(number)), look));
                }
            }
            lines.push(Line::from(cut(spans, cells)));
        }
        if let Some(failure) = &self.failure {
            let wrapped = wrap(&format!("✗ {failure}"), cells);
            lines.extend(wrapped.into_iter().take(3).map(|line| Line::styled(line, theme.error)));
        }
        if shown.unread > 0 && shown.report.is_none() {
            let text = format!(
                "! {} not read: what is inside takes no part until it is opened in the catalog",
                counted(shown.unread, "folder")
            );
            lines.push(Line::from(cut(vec![Span::styled(text, theme.warning)], cells)));
        }
        let unread = shown.prepared.unread_texts.len();
        if unread > 0 && shown.report.is_none() {
            let text =
                format!("! {} could not be read and stay as they are", counted(unread, "wiki"));
            lines.push(Line::from(cut(vec![Span::styled(text, theme.warning)], cells)));
        }
        let only = match self.only {
            Only::Differences => None,
            Only::One(action) => Some(action.name()),
            Only::Failed => Some("what failed"),
            Only::Everything => Some("everything"),
        };
        if let Some(only) = only {
            let key = core.key(&[Context::Sync], Action::NextAction);
            lines.push(Line::from(vec![
                Span::styled(format!("showing {only}"), theme.strong),
                Span::styled(format!("  {key} shows another sort"), theme.soft),
            ]));
        }
        lines
    }

    fn row(
        &self,
        shown: &Shown,
        core: &Core,
        row: usize,
        cells: usize,
        focused: bool,
    ) -> Line<'static> {
        let theme = &core.theme;
        let (at, depth) = self.rows[row];
        let node = &shown.tree.nodes[at];
        // What a filter hides below a node does not count as something to unfold.
        let has_below = self.rows.get(row + 1).is_some_and(|(_, below)| *below > depth);
        let arrow = match (has_below, self.folded.contains(&at)) {
            (_, true) if !node.children.is_empty() => "▸ ",
            (true, _) => "▾ ",
            (false, _) => "  ",
        };
        let mut left = vec![Span::styled(format!("{}{arrow}", "  ".repeat(depth)), theme.faint)];
        let (chosen, skipped) = shown.choice(at);
        left.push(match (chosen > 0, skipped > 0) {
            (true, false) => Span::styled("☑ ", theme.key),
            (true, true) => Span::styled("◪ ", theme.key),
            (false, true) => Span::styled("☐ ", theme.faint),
            (false, false) => Span::raw("  "),
        });
        let is_left_out = skipped > 0 && chosen == 0;
        let action = node.item.map(|item| shown.prepared.plan.items[item].action);
        if let Some(action) = action {
            left.push(Span::styled(format!("{} ", sign(action)), look(action, theme)));
        }
        let name = match (is_left_out, node.sort) {
            (true, _) => theme.faint,
            (false, Sort::Edge) => theme.soft,
            (false, Sort::Table) => theme.base,
            _ => theme.strong,
        };
        left.push(span(&node.label, name));
        let mut right = shown.state(node, theme, core, is_left_out);
        if right.is_empty() && self.folded.contains(&at) {
            right = counts_below(node, theme);
        }
        let mut line = spread(left, right, cells.saturating_sub(1));
        if row == self.cursor.at {
            let selected = if focused { theme.selected } else { theme.selected_away };
            line.spans.push(Span::raw(" "));
            for span in &mut line.spans {
                span.style = span.style.patch(selected);
            }
        }
        line
    }
}

/// `+3 ~1` of everything below a folded node.
fn counts_below(node: &Node, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (action, number) in ACTIONS.into_iter().zip(node.counts) {
        if number > 0 && action != Change::Unchanged {
            spans.push(Span::styled(
                format!(" {}{}", sign(action), count(number)),
                look(action, theme),
            ));
        }
    }
    spans
}

/// How an action looks.
fn look(action: Change, theme: &Theme) -> Style {
    match action {
        Change::Create => theme.good,
        Change::Update => theme.busy,
        Change::Restore => theme.view,
        Change::Delete | Change::Conflict => theme.error,
        Change::Keep => theme.warning,
        Change::Unchanged => theme.soft,
    }
}

impl Shown {
    /// How many of the chosen items are through, and how many there are.
    fn written(&self) -> (usize, usize) {
        let chosen = self.chosen();
        let ended =
            chosen.iter().filter(|index| matches!(self.progress[**index], Progress::Ended(_)));
        (ended.count(), chosen.len())
    }

    /// Of the items below that would be written: how many are in, how many left out.
    fn choice(&self, at: usize) -> (usize, usize) {
        let items = self.tree.items(at);
        let writes =
            items.into_iter().filter(|index| self.prepared.plan.items[*index].action.writes());
        writes.fold((0, 0), |(chosen, skipped), index| {
            if self.excluded.contains(&index) {
                (chosen, skipped + 1)
            } else {
                (chosen + 1, skipped)
            }
        })
    }

    /// The end of a row: what will be done, or what has become of it.
    fn state(
        &self,
        node: &Node,
        theme: &Theme,
        core: &Core,
        is_left_out: bool,
    ) -> Vec<Span<'static>> {
        let Some(item) = node.item else { return Vec::new() };
        let action = self.prepared.plan.items[item].action;
        let (text, style) = match &self.progress[item] {
            Progress::Begun => (format!("{} sending", core.spinner()), theme.busy),
            Progress::Ended(ItemOutcome::Done { notes }) if notes.is_empty() => {
                ("✓ done".to_owned(), theme.good)
            }
            Progress::Ended(ItemOutcome::Done { .. }) => ("✓ done, see".to_owned(), theme.warning),
            Progress::Ended(ItemOutcome::Failed { .. }) => ("✗ failed".to_owned(), theme.error),
            Progress::Ended(ItemOutcome::Skipped { .. }) => ("✗ not tried".to_owned(), theme.error),
            Progress::Ended(ItemOutcome::NotBegun) => ("not begun".to_owned(), theme.warning),
            Progress::Open | Progress::Ended(ItemOutcome::Untouched | ItemOutcome::Excluded)
                if is_left_out =>
            {
                ("left out".to_owned(), theme.faint)
            }
            // The box tells of creation and the like; only what is not plain takes words.
            Progress::Open | Progress::Ended(_) => match action {
                Change::Unchanged if node.children.is_empty() => {
                    ("in sync".to_owned(), theme.faint)
                }
                Change::Unchanged => return Vec::new(),
                _ if node.children.is_empty() || node.sort == Sort::Table => {
                    (action.name().to_owned(), look(action, theme))
                }
                _ => return Vec::new(),
            },
        };
        vec![Span::styled(text, style)]
    }

    /// Everything about one node: what would change in it, why, and what has become of it.
    fn explain(&self, at: usize, cells: usize, core: &Core) -> Vec<Line<'static>> {
        let theme = &core.theme;
        let cells = cells.saturating_sub(1).max(8);
        let node = &self.tree.nodes[at];
        let Some(index) = node.item else {
            return vec![
                Line::from(vec![span(&node.label, theme.strong)]),
                Line::styled(node.sort.name(), theme.soft),
                Line::from(counts_below(node, theme)),
            ];
        };
        let item = &self.prepared.plan.items[index];
        let (sort, name) = name_of(&item.key);
        let mut lines = wrap_pieces(&[(name, theme.strong)], cells);
        lines.push(Line::from(cut(
            vec![
                Span::styled(
                    format!("{} {}", sign(item.action), item.action.name()),
                    look(item.action, theme),
                ),
                Span::styled(format!(" · {sort}"), theme.soft),
            ],
            cells,
        )));
        if self.excluded.contains(&index) {
            lines.push(Line::styled("☐ left out of this sync by hand", theme.warning));
        }
        lines.extend(outcome_lines(&self.progress[index], cells, theme));
        for note in &item.notes {
            lines.extend(wrap_pieces(&[(format!("! {note}"), theme.warning)], cells));
        }
        if item.changes.is_empty() {
            lines.extend(nothing_to_tell(item, theme));
        }
        lines.push(Line::default());
        // The fingerprint says nothing to a person, so it comes last.
        let (plain, hashes): (Vec<_>, Vec<_>) =
            item.changes.iter().partition(|change| change.field != "sourceHash");
        for change in plain {
            change_lines(&mut lines, change, cells, theme);
        }
        if !hashes.is_empty() {
            lines.push(Line::styled("sourceHash: the mark of this state, renewed", theme.faint));
        }
        lines
    }
}

fn nothing_to_tell(item: &Item, theme: &Theme) -> Option<Line<'static>> {
    let text = match item.action {
        Change::Unchanged => "OpenMetadata has it as it is in Dremio.",
        Change::Restore => "It was deleted softly; it comes back with what is below it.",
        Change::Create => "It will be new in OpenMetadata.",
        _ => return None,
    };
    Some(Line::styled(text, theme.soft))
}

fn outcome_lines(progress: &Progress, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let (text, style) = match progress {
        Progress::Ended(ItemOutcome::Failed { reason, in_doubt }) => {
            let doubt = if *in_doubt { " It may have been written all the same." } else { "" };
            (format!("✗ failed: {reason}{doubt}"), theme.error)
        }
        Progress::Ended(ItemOutcome::Skipped { reason }) => {
            (format!("✗ not tried: {reason}"), theme.error)
        }
        Progress::Ended(ItemOutcome::NotBegun) => {
            ("the sync ended before its turn".to_owned(), theme.warning)
        }
        Progress::Ended(ItemOutcome::Done { notes }) => {
            let mut text = "✓ written".to_owned();
            for note in notes {
                text.push_str("; ");
                text.push_str(note);
            }
            (text, if notes.is_empty() { theme.good } else { theme.warning })
        }
        _ => return Vec::new(),
    };
    wrap_pieces(&[(text, style)], cells)
}

fn change_lines(lines: &mut Vec<Line<'static>>, change: &FieldChange, cells: usize, theme: &Theme) {
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
        let mut pieces = vec![(format!("{field}  "), theme.header)];
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
        title.push((format!("  {kept}"), theme.warning));
    }
    lines.extend(wrap_pieces(&title, cells));
    let inner = cells.saturating_sub(2);
    let body = match (old, new) {
        (Some(old), Some(new)) => compare(old, new, inner, theme),
        (None, Some(text)) => paragraphs(text, inner, theme.good),
        (Some(text), None) => paragraphs(text, inner, gone(theme)),
        (None, None) => Vec::new(),
    };
    lines.extend(body.into_iter().map(|mut line| {
        line.spans.insert(0, Span::styled("│ ", theme.faint));
        line
    }));
}

fn paragraphs(text: &str, cells: usize, style: Style) -> Vec<Line<'static>> {
    text.trim_end()
        .split('\n')
        .flat_map(|line| wrap_pieces(&[(line.to_owned(), style)], cells))
        .collect()
}
