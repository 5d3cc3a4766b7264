//! What a dbt project and Dremio have in common and what not: the match report, filterable.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::dbt::{MatchStatus, MatchedProject, NodeMatch};
use crate::lineage::Origin;
use crate::lineage::dbt::Disagreement;
use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::tui::core::Core;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::om::OmState;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{contains, counted, fit, span, spread, wrap};

/// Lines for the reason of the row under the cursor.
const REASON: u16 = 4;

/// How a row is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Good,
    Warning,
    Error,
    Soft,
}

#[derive(Clone, Debug)]
struct Entry {
    section: &'static str,
    look: Look,
    sign: &'static str,
    name: String,
    /// Where it stands or would stand.
    place: Option<DatasetPath>,
    reason: String,
    /// Whether there is a dataset to go to.
    is_there: bool,
}

enum Row<'a> {
    Heading(&'static str, usize),
    Entry(&'a Entry),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Matches {
    project: Arc<MatchedProject>,
    entries: Vec<Entry>,
    input: LineInput,
    cursor: Cursor,
    list: Rect,
}

impl Matches {
    /// The report of a project; `disagreements` as far as the lineage is known.
    pub(crate) fn new(project: Arc<MatchedProject>, disagreements: &[Disagreement]) -> Self {
        let entries = entries(&project, disagreements);
        let cursor = Cursor { at: 1, ..Cursor::default() };
        Self { project, entries, input: LineInput::default(), cursor, list: Rect::ZERO }
    }

    /// The project was matched anew, or more is known of the lineage.
    pub(crate) fn take(&mut self, project: Arc<MatchedProject>, disagreements: &[Disagreement]) {
        self.entries = entries(&project, disagreements);
        self.project = project;
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let needle = self.input.value().trim().to_lowercase();
        let fits = |entry: &&Entry| {
            contains(&entry.name, &needle)
                || contains(entry.section, &needle)
                || entry.place.as_ref().is_some_and(|path| contains(&path.to_string(), &needle))
        };
        let kept: Vec<&Entry> = self.entries.iter().filter(fits).collect();
        let mut rows = Vec::with_capacity(kept.len() + 10);
        for part in kept.chunk_by(|a, b| a.section == b.section) {
            rows.push(Row::Heading(part[0].section, part.len()));
            rows.extend(part.iter().map(|entry| Row::Entry(entry)));
        }
        rows
    }

    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        let rows = self.rows();
        let len = rows.len();
        let place = match rows.get(self.cursor.at) {
            Some(Row::Entry(entry)) => entry.place.clone().map(|path| (path, entry.is_there)),
            _ => None,
        };
        match (action, place) {
            (Action::Accept, Some((path, true))) => return Outcome::Jump(path, None),
            (Action::Accept, _) => {}
            (Action::Copy, Some((path, _))) => core.copy(path.to_string(), &path.to_string()),
            (action, _) => drop(self.cursor.apply(action, len)),
        }
        Outcome::Stay
    }

    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.input.key(key) {
            self.cursor.go(1, usize::MAX);
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        self.input.paste(pasted);
    }

    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) -> Outcome {
        if !self.list.contains((column, row).into()) {
            return Outcome::Stay;
        }
        let at = self.cursor.offset + usize::from(row - self.list.y);
        if at == self.cursor.at {
            return self.handle(Action::Accept, core);
        }
        let len = self.rows().len();
        self.cursor.go(at, len);
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        let len = self.rows().len();
        self.cursor.scroll(lines, len);
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let name = self.project.project.manifest.project_name.as_deref().unwrap_or("?");
        let title = format!("dbt project {}", clean(name));
        let counts = self.project.report.counts();
        let hint = format!(
            "{} matched, {} ambiguous, {} missing",
            counts.matched, counts.ambiguous, counts.missing_in_dremio
        );
        let size = (area.width.saturating_sub(6).min(130), area.height.saturating_sub(2));
        let inside = popup::draw(frame, area, size, &title, &hint, theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, "/ ", theme);
        let reason_lines = REASON.min(inside.height.saturating_sub(6));
        let list = Rect {
            y: inside.y + 2,
            height: inside.height.saturating_sub(3 + reason_lines),
            ..inside
        };
        self.list = list;
        let mut cursor = self.cursor;
        let rows = self.rows();
        cursor.resize(usize::from(list.height), rows.len());
        let cells = usize::from(list.width);
        let names = (cells / 2).min(48);
        for (y, at) in (list.y..).zip(cursor.window(rows.len())) {
            let line = Rect { y, height: 1, ..list };
            let text = match &rows[at] {
                Row::Heading(section, count) => Line::from(vec![
                    Span::styled(*section, theme.heading),
                    Span::styled(format!("  {count}"), theme.soft),
                ]),
                Row::Entry(entry) => {
                    let look: Style = match entry.look {
                        Look::Good => theme.good,
                        Look::Warning => theme.warning,
                        Look::Error => theme.error,
                        Look::Soft => theme.soft,
                    };
                    let place = entry.place.as_ref().map(ToString::to_string).unwrap_or_default();
                    let left = vec![
                        Span::styled(format!("  {} ", entry.sign), look),
                        Span::styled(fit(&entry.name, names), theme.overlay),
                        Span::raw("  "),
                        span(&place, theme.soft),
                    ];
                    spread(left, Vec::new(), cells)
                }
            };
            frame.render_widget(text, line);
            if at == cursor.at {
                frame.buffer_mut().set_style(line, theme.selected);
            }
        }
        if rows.is_empty() {
            let text = Line::from(Span::styled("Nothing like that.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..list });
        }
        if let Some(Row::Entry(entry)) = rows.get(cursor.at) {
            let below = Rect { y: list.bottom() + 1, height: reason_lines, ..inside };
            let lines = said(entry, core, cells).into_iter().take(usize::from(reason_lines));
            let lines: Vec<Line<'_>> = lines.map(Line::from).collect();
            frame.render_widget(Paragraph::new(lines).style(theme.overlay), below);
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, cursor.offset, rows.len(), theme.soft);
        self.cursor = cursor;
    }
}

/// What there is to say of a row, in lines.
fn said(entry: &Entry, core: &Core, cells: usize) -> Vec<String> {
    let mut text = entry.reason.clone();
    let state = entry.place.as_ref().and_then(|path| core.om.states.get(&path.folded()));
    if state == Some(&OmState::Missing) {
        text.push_str("; OpenMetadata does not have it yet");
    }
    wrap(&text, cells)
}

fn entries(project: &MatchedProject, disagreements: &[Disagreement]) -> Vec<Entry> {
    let report = &project.report;
    let mut entries = Vec::new();
    let of_status = |status| report.nodes.iter().filter(move |found| found.status == status);
    for (status, section, look, sign) in [
        (MatchStatus::Ambiguous, "Ambiguous", Look::Warning, "?"),
        (MatchStatus::Missing, "Missing in Dremio", Look::Error, "✗"),
        (MatchStatus::Unchecked, "Not checked", Look::Warning, "?"),
    ] {
        entries.extend(of_status(status).map(|found| {
            let mut reason = with_rule(found);
            if found.found.len() > 1 {
                let all: Vec<String> = found.found.iter().map(ToString::to_string).collect();
                reason.push_str(&format!("; it could be {}", all.join(", ")));
            }
            let place = found.expected.clone();
            entry(section, (look, sign), &found.unique_id, place, reason, false)
        }));
    }
    let stale = report.nodes.iter().filter(|found| !found.out_of_date.is_empty());
    entries.extend(stale.map(|found| {
        let reason = found.out_of_date.join("; ");
        let place = found.dataset().cloned();
        entry("Out of date", (Look::Warning, "!"), &found.unique_id, place, reason, true)
    }));
    entries.extend(failed_tests(project));
    entries.extend(disagreements.iter().map(|found| {
        let reason = match found.known_to {
            Origin::Dbt => "dbt lists this edge, and the view's SQL does not read it",
            _ => "the view's SQL reads it, and dbt does not list it",
        };
        let name = format!("{} → {}", found.from, found.to);
        let section = "Lineage on which dbt and SQL disagree";
        let place = Some(found.to.clone());
        entry(section, (Look::Warning, "≠"), &name, place, reason.to_owned(), true)
    }));
    entries.extend(report.unknown.iter().map(|found| {
        let (section, look) = ("In Dremio, unknown to dbt", (Look::Soft, "○"));
        let place = Some(found.path.clone());
        entry(section, look, found.path.name(), place, found.reason.clone(), true)
    }));
    entries.extend(report.twins.iter().map(|(path, id)| {
        let reason = format!("dbt-dremio keeps it beside the table of {id}");
        let look = (Look::Soft, "○");
        entry("Twin views", look, path.name(), Some(path.clone()), reason, true)
    }));
    entries.extend(of_status(MatchStatus::Matched).map(|found| {
        let place = found.dataset().cloned();
        entry("Matched", (Look::Good, "✓"), &found.unique_id, place, with_rule(found), true)
    }));
    entries.extend(of_status(MatchStatus::NotADataset).map(|found| {
        let look = (Look::Soft, "·");
        entry("Not a dataset", look, &found.unique_id, None, found.reason.clone(), false)
    }));
    entries
}

fn entry(
    section: &'static str,
    (look, sign): (Look, &'static str),
    name: &str,
    place: Option<DatasetPath>,
    reason: String,
    is_there: bool,
) -> Entry {
    Entry { section, look, sign, name: name.to_owned(), place, reason, is_there }
}

fn with_rule(found: &NodeMatch) -> String {
    match found.rule {
        Some(rule) => format!("{} (by {})", found.reason, rule.name()),
        None => found.reason.clone(),
    }
}

fn failed_tests(project: &MatchedProject) -> Vec<Entry> {
    let mut failed = Vec::new();
    for found in &project.report.nodes {
        for test in project.tests_of(&found.unique_id) {
            if !test.is_failed() {
                continue;
            }
            let result = test.result.as_ref();
            let message = result.and_then(|result| result.message.as_deref());
            let rows = result.and_then(|result| result.failures).unwrap_or(0);
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            let reason = match message {
                Some(message) => format!("{}: {message}", test.status()),
                None => format!("{}: {}", test.status(), counted(rows, "row")),
            };
            let place = found.dataset().cloned();
            let is_there = place.is_some();
            let look =
                if test.status() == "warn" { (Look::Warning, "!") } else { (Look::Error, "✗") };
            let section = "Tests that did not pass";
            failed.push(entry(section, look, &test.name, place, reason, is_there));
        }
    }
    failed
}
