//! What stands above a plan: where it goes, its counts, and what a reader should know besides.

use std::time::Duration;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::draw::look;
use super::list::Only;
use super::shown::{Progress, Shown};
use super::tree::ACTIONS;
use super::words::wrap_pieces;
use super::{Stage, SyncPane};
use crate::model::display::width;
use crate::openmetadata::entity::EntityType;
use crate::report::sync::{name_of, sign};
use crate::sync::apply::{ItemOutcome, Report};
use crate::sync::session::Step;
use crate::sync::{Action as Change, ItemKey};
use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::msg::Action;
use crate::tui::widgets::text::{count, counted, cut, span, spread, wrap};

/// From this width on there is room for a long bar.
const ROOM_FOR_BAR: usize = 70;

/// The server's name in the request log.
const OPENMETADATA: &str = "OpenMetadata";
/// From this time on it is said that nothing comes on.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many requests without an answer are no accident any more.
const SILENT: usize = 3;

/// All lines above the tree.
pub(super) fn lines(
    pane: &SyncPane,
    shown: &Shown,
    core: &Core,
    cells: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![first_line(pane, shown, core, cells)];
    // Once applied, what was to be done is no longer to come: the result tells what was.
    if shown.report.is_none() {
        lines.extend(counts(pane.list.only, shown, core, cells));
    }
    lines.extend(remarks(pane, shown, core, cells));
    lines
}

fn first_line(pane: &SyncPane, shown: &Shown, core: &Core, cells: usize) -> Line<'static> {
    let theme = &core.theme;
    let left = vec![
        span(&shown.plan().service, theme.strong),
        Span::styled(" → ", theme.soft),
        span(&format!("OpenMetadata on {}", shown.server.host), theme.soft),
    ];
    let mut right = Vec::new();
    match pane.stage {
        Stage::Idle if shown.report.is_some() => {
            right.push(match shown.report.as_ref().and_then(|r| r.ended_early.as_deref()) {
                Some("cancelled") => Span::styled("stopped", theme.warning),
                Some(_) => Span::styled("ended early", theme.error),
                None if shown.failed() > 0 => Span::styled("applied in part", theme.error),
                None => Span::styled("applied", theme.strong),
            });
        }
        Stage::Idle => {
            let switches = shown.switches;
            for (on, word, action) in [
                (switches.prune, "prune", Action::TogglePrune),
                (switches.overwrite, "overwrite", Action::ToggleOverwrite),
            ] {
                if on {
                    right.push(Span::styled(format!("  {word} on"), theme.warning));
                } else if cells >= ROOM_FOR_BAR {
                    right.push(Span::styled(
                        format!("  {}", core.key(&[Context::Sync], action)),
                        theme.key,
                    ));
                    right.push(Span::styled(format!(" {word} off"), theme.faint));
                }
            }
        }
        Stage::Applying { .. } => {
            let cells = if cells >= ROOM_FOR_BAR { 16 } else { 6 };
            let (done, total) = shown.written();
            let full = (done.min(total) * cells).checked_div(total).unwrap_or(0);
            right.push(Span::styled("━".repeat(full), theme.good));
            right.push(Span::styled("─".repeat(cells - full), theme.faint));
            right.push(Span::styled(format!(" {}", pane.activity(core)), theme.busy));
        }
        Stage::Waiting | Stage::Planning(_) => {
            right.push(Span::styled(pane.activity(core), theme.busy));
        }
    }
    // As in the rows below, the last cell stays empty.
    spread(left, right, cells.saturating_sub(1))
}

fn counts(only: Only, shown: &Shown, core: &Core, cells: usize) -> Vec<Line<'static>> {
    let theme = &core.theme;
    let mut pieces: Vec<(String, Style)> = Vec::new();
    for action in ACTIONS {
        let number = shown.choice.taken(action);
        if number == 0 {
            continue;
        }
        let mut style = look(action, theme);
        if only == Only::One(action) {
            style = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        let text = format!("{}{} {}", sign(action), count(number), action.name());
        pieces.push((text.trim_start().to_owned(), style));
    }
    let out = shown.choice.total().out;
    if out > 0 {
        let mut style = theme.warning;
        if only == Only::LeftOut {
            style = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        pieces.push((format!("☐ {} left out", count(out)), style));
    }
    let mut lines = vec![Vec::<Span<'static>>::new()];
    let mut used = 0;
    for (text, style) in pieces {
        let text_width = width(&text) + 2;
        if used > 0 && used + text_width > cells + 2 {
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

fn remarks(pane: &SyncPane, shown: &Shown, core: &Core, cells: usize) -> Vec<Line<'static>> {
    let theme = &core.theme;
    let key = |action| core.key(&[Context::Sync, Context::Global], action);
    let mut lines = Vec::new();
    let mut one = |text: String, style: Style| {
        lines.push(Line::from(cut(vec![span(&text, style)], cells)));
    };
    let is_new = shown.report.is_none() && pane.is_idle();
    if let Stage::Applying { .. } = pane.stage {
        let latest = shown.latest.map(|at| name_of(&shown.item(at).key));
        let now = latest.map_or_else(String::new, |(sort, name)| format!("now: {sort} {name}"));
        let silent = shown.heard.map(|heard| core.now.saturating_duration_since(heard));
        match silent.filter(|silent| *silent >= PATIENCE) {
            Some(silent) => {
                one(format!("{} s without an answer; {now}", silent.as_secs()), theme.warning);
            }
            None => one(now, theme.soft),
        }
    }
    if is_new && shown.is_in_sync() {
        let has = |action| shown.choice.taken(action);
        let (kept, conflicts) = (has(Change::Keep), has(Change::Conflict));
        if kept + conflicts == 0 {
            one("✓ All in sync: there is nothing to write.".to_owned(), theme.good);
        } else {
            let mut why = Vec::new();
            if kept > 0 {
                why.push(format!("{} kept as OpenMetadata has it", count(kept)));
            }
            if conflicts > 0 {
                why.push(format!("{} cannot be brought over", count(conflicts)));
            }
            one(format!("✓ Nothing to write: {}.", why.join(", ")), theme.warning);
        }
    }
    if is_new
        && shown.switches.prune
        && shown.choice.taken(Change::Delete) + shown.choice.total().out == 0
    {
        one("✓ Nothing to delete: Dremio has all that is there.".to_owned(), theme.soft);
    }
    if let Stage::Applying { .. } = pane.stage {
        lines.extend(silence(core, cells));
    }
    if let Some(report) = &shown.report {
        lines.extend(result_lines(shown, report, core, cells));
    }
    if let Some(failure) = &pane.failure {
        let wrapped = wrap(&format!("✗ {failure}"), cells);
        lines.extend(wrapped.into_iter().take(4).map(|line| Line::styled(line, theme.error)));
    }
    if let Some(report) = &shown.report
        && pane.is_idle()
        && report.statistics.not_begun > 0
    {
        let text = format!("{} plans what is left", key(Action::Refresh));
        lines.push(Line::styled(text, theme.warning));
    }
    if !is_new {
        return lines;
    }
    let mut warn = |text: String| {
        let wrapped = wrap(&format!("! {text}"), cells);
        lines.extend(wrapped.into_iter().take(2).map(|line| Line::styled(line, theme.warning)));
    };
    if let Some(interrupted) = pane.interrupted_text() {
        warn(interrupted);
        let rest = if shown.is_in_sync() {
            "This plan finds nothing missing"
        } else {
            "This plan has what is missing"
        };
        warn(format!("{rest}; {} puts this away", key(Action::ForgetInterrupted)));
    }
    if shown.unread > 0 {
        warn(format!(
            "{} not read: what is inside takes no part until it is opened in the catalog",
            counted(shown.unread, "folder")
        ));
    }
    if shown.unread_texts() > 0 {
        warn(format!(
            "{} could not be read and stay as they are",
            counted(shown.unread_texts(), "wiki")
        ));
    }
    let replaced = shown.replaced_texts();
    if replaced > 0 {
        warn(format!(
            "{} in OpenMetadata will be replaced; {} keeps them",
            counted(replaced, "description"),
            key(Action::ToggleOverwrite)
        ));
    } else if shown.kept_texts > 0 {
        let (stay, them) = if shown.kept_texts == 1 { ("stays", "it") } else { ("stay", "them") };
        warn(format!(
            "{} of others {stay} as OpenMetadata has {them}; {} replaces {them}",
            counted(shown.kept_texts, "description"),
            key(Action::ToggleOverwrite)
        ));
    }
    lines
}

/// That the server is not there just now, if so: items that are tried again and again would look as
/// if nothing happened.
fn silence(core: &Core, cells: usize) -> Vec<Line<'static>> {
    let Some((times, last)) =
        core.log.unanswered(OPENMETADATA).filter(|(times, _)| *times >= SILENT)
    else {
        return Vec::new();
    };
    let why = last.error.or_else(|| last.status.map(|code| format!("HTTP {code}")));
    let text = format!(
        "! OpenMetadata has not answered {} in a row; trying again. The last: {}",
        counted(times, "request"),
        why.unwrap_or_default()
    );
    let wrapped = wrap(&text, cells).into_iter().take(3);
    wrapped.map(|line| Line::styled(line, core.theme.warning)).collect()
}

/// What applying came to.
fn result_lines(shown: &Shown, report: &Report, core: &Core, cells: usize) -> Vec<Line<'static>> {
    let theme = &core.theme;
    let done = &report.statistics;
    // It is the first of all items, and the statistics do not speak of it.
    let services =
        shown.plan().items.iter().zip(&shown.progress).take(1).filter(|(item, progress)| {
            matches!(item.key, ItemKey::Entity(EntityType::DatabaseService, _))
                && matches!(progress, Progress::Ended(ItemOutcome::Done { .. }))
        });
    let written: Vec<String> = [
        (services.count(), "service"),
        (done.databases, "database"),
        (done.schemas, "schema"),
        (done.tables, "table"),
        (done.edges, "edge"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, sort)| counted(number, sort))
    .collect();
    let written = if written.is_empty() { "nothing".to_owned() } else { written.join(", ") };
    let mut pieces = vec![(format!("written: {written}"), theme.good)];
    let conflicts = shown.choice.taken(Change::Conflict);
    let not_tried = shown.not_tried();
    for (number, word, look) in [
        (done.deleted, "deleted", theme.good),
        (done.excluded, "left out", theme.soft),
        (shown.failed().saturating_sub(not_tried), "failed", theme.error),
        (not_tried, "not tried", theme.error),
        (shown.noted(), "with a note", theme.warning),
        (conflicts, "cannot be brought over", theme.error),
        (done.not_begun, "not begun", theme.warning),
    ] {
        if number > 0 {
            if let Some((before, _)) = pieces.last_mut() {
                before.push(';');
            }
            pieces.push((format!(" {} {word}", count(number)), look));
        }
    }
    wrap_pieces(&pieces, cells)
}

impl SyncPane {
    /// What is under way, in words.
    pub(super) fn activity(&self, core: &Core) -> String {
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
            Stage::Applying { stopping, leaving } => {
                let (done, total) = self.shown.as_ref().map_or((0, 0), Shown::written);
                let word = match (stopping, leaving) {
                    (_, true) => "leaving",
                    (true, _) => "stopping",
                    _ => "writing",
                };
                format!("{spinner} {word} {}/{}", count(done), count(total))
            }
        }
    }
}
