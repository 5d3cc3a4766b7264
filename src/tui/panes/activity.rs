//! Jobs, the request log, and what was left out or warned of.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::http::RequestRecord;
use crate::model::display::{clean, truncate_middle};
use crate::model::{NodeId, NodeRef};
use crate::tui::core::{Core, JobRecord, JobState};
use crate::tui::keymap::Context;
use crate::tui::msg::{Action, Slot};
use crate::tui::theme::Theme;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{bytes, contains, count, duration, spread};

/// A tab of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Jobs,
    Requests,
    Warnings,
}

const TABS: [Tab; 3] = [Tab::Jobs, Tab::Requests, Tab::Warnings];

/// Something wrong, with the node that it is about where there is one.
struct Trouble {
    word: &'static str,
    what: String,
    why: String,
    node: Option<NodeId>,
}

/// What the App is to do after an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was none of ours.
    Ignored,
    /// It is done.
    Done,
    /// Go to a node.
    GoTo(NodeId),
    /// Show a text that is too long for a line.
    Tell(String, String),
    /// Stop what runs in a slot.
    Stop(Slot),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct ActivityPane {
    tab: Tab,
    cursors: [Cursor; 3],
    filter: LineInput,
    is_typing: bool,
    tab_places: Vec<(Rect, Tab)>,
    body: Rect,
}

impl ActivityPane {
    pub(crate) fn is_typing(&self) -> bool {
        self.is_typing
    }

    fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursors[self.tab as usize]
    }

    /// Jobs, newest first.
    fn jobs<'a>(&self, core: &'a Core) -> Vec<&'a JobRecord> {
        core.jobs.iter().rev().filter(|job| job.is_shown() && self.lets(&job.label)).collect()
    }

    /// Requests, newest first.
    fn requests(&self, core: &Core) -> Vec<RequestRecord> {
        let mut records = core.log.since(0);
        records.retain(|record| {
            let status = record.status.map_or_else(String::new, |status| status.to_string());
            self.lets(&format!("{} {} {status}", record.method, record.path))
        });
        records.reverse();
        records
    }

    fn troubles(&self, core: &Core) -> Vec<Trouble> {
        let mut all: Vec<Trouble> = core
            .walk
            .warnings
            .iter()
            .map(|text| Trouble {
                word: "warning",
                what: text.clone(),
                why: String::new(),
                node: None,
            })
            .collect();
        all.extend(core.catalog.walk().chain([core.catalog.root()]).filter_map(|node| {
            let error = node.error()?;
            let what = if node.path().is_empty() {
                "the catalogue".to_owned()
            } else {
                node.path().to_string()
            };
            Some(Trouble {
                word: "failed",
                what,
                why: error.message.clone(),
                node: Some(node.id()),
            })
        }));
        all.extend(core.walk.skipped.iter().map(|skipped| Trouble {
            word: "left out",
            what: skipped.path.to_string(),
            why: skipped.reason.clone(),
            node: core.catalog.at(&skipped.path).map(NodeRef::id),
        }));
        all.retain(|trouble| self.lets(&trouble.what) || self.lets(&trouble.why));
        all
    }

    fn lets(&self, text: &str) -> bool {
        contains(text, &self.filter.value().trim().to_lowercase())
    }

    fn len(&self, core: &Core) -> usize {
        match self.tab {
            Tab::Jobs => self.jobs(core).len(),
            Tab::Requests => self.requests(core).len(),
            Tab::Warnings => self.troubles(core).len(),
        }
    }

    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        let len = self.len(core);
        if self.cursor().apply(action, len) {
            return Outcome::Done;
        }
        let at = self.cursor().at;
        match action {
            Action::NextTab | Action::Right => self.turn(1),
            Action::PreviousTab | Action::Left => self.turn(TABS.len() - 1),
            Action::Filter => self.is_typing = true,
            Action::Back if !self.filter.value().is_empty() => self.filter.clear(),
            Action::CancelJob if self.tab == Tab::Jobs => {
                let Some(job) = self.jobs(core).get(at).copied().cloned() else {
                    return Outcome::Done;
                };
                if job.state != JobState::Running {
                    core.complain("this job has ended already");
                    return Outcome::Done;
                }
                return Outcome::Stop(job.slot);
            }
            Action::Open => return self.open(at, core),
            Action::Copy | Action::CopyLong => self.copy(at, action == Action::CopyLong, core),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn open(&self, at: usize, core: &Core) -> Outcome {
        match self.tab {
            Tab::Jobs => match self.jobs(core).get(at) {
                Some(JobRecord { state: JobState::Failed(message), label, .. }) => {
                    Outcome::Tell(label.clone(), message.clone())
                }
                Some(JobRecord { node: Some(node), .. }) => Outcome::GoTo(*node),
                _ => Outcome::Done,
            },
            Tab::Requests => match self.requests(core).get(at) {
                Some(record) => {
                    let title = format!("{} request {}", record.server, record.number);
                    Outcome::Tell(title, described(record))
                }
                None => Outcome::Done,
            },
            Tab::Warnings => match self.troubles(core).get(at) {
                Some(Trouble { node: Some(node), .. }) if *node != NodeId::ROOT => {
                    Outcome::GoTo(*node)
                }
                Some(trouble) => Outcome::Tell(
                    trouble.word.to_owned(),
                    format!("{}\n\n{}", trouble.what, trouble.why),
                ),
                None => Outcome::Done,
            },
        }
    }

    fn copy(&self, at: usize, long: bool, core: &mut Core) {
        match self.tab {
            Tab::Jobs => {
                if let Some(job) = self.jobs(core).get(at) {
                    let text = match &job.state {
                        JobState::Failed(message) => format!("{}: {message}", job.label),
                        _ => job.label.clone(),
                    };
                    core.copy(text, "the job");
                }
            }
            Tab::Requests => {
                if let Some(record) = self.requests(core).get(at) {
                    if long {
                        core.copy(curl(record), "the request as curl");
                    } else {
                        core.copy(record.path.clone(), &record.path);
                    }
                }
            }
            Tab::Warnings => {
                if let Some(trouble) = self.troubles(core).get(at) {
                    let text = if long || trouble.why.is_empty() {
                        format!("{} {}", trouble.what, trouble.why).trim_end().to_owned()
                    } else {
                        trouble.what.clone()
                    };
                    core.copy(text, "the line");
                }
            }
        }
    }

    fn turn(&mut self, step: usize) {
        let tab = TABS[(self.tab as usize + step) % TABS.len()];
        self.select(tab);
    }

    fn select(&mut self, tab: Tab) {
        self.tab = tab;
        self.filter.clear();
        self.is_typing = false;
    }

    /// Takes a key while the filter is being typed.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        self.filter.key(key);
    }

    /// Takes pasted text while the filter is being typed.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.filter.paste(pasted);
    }

    /// Does what `action` says while the filter is being typed.
    pub(crate) fn typing(&mut self, action: Action, core: &mut Core) {
        match action {
            Action::Accept => self.is_typing = false,
            Action::Close => {
                self.is_typing = false;
                self.filter.clear();
            }
            action => {
                self.handle(action, core);
            }
        }
    }

    /// Takes a click.
    pub(crate) fn click(&mut self, column: u16, row: u16) {
        let place = (column, row).into();
        if let Some((_, tab)) = self.tab_places.iter().find(|(area, _)| area.contains(place)) {
            self.select(*tab);
        } else if self.body.contains(place) {
            let body = self.body;
            let cursor = self.cursor();
            cursor.at = cursor.offset + usize::from(row - body.y);
        }
    }

    /// Scrolls by wheel.
    pub(crate) fn wheel(&mut self, lines: isize) {
        self.cursor().scroll(lines, usize::MAX);
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self) -> Vec<(Action, &'static str)> {
        let mut hints = match self.tab {
            Tab::Jobs => vec![(Action::CancelJob, "cancel"), (Action::Open, "show")],
            Tab::Requests => vec![(Action::Open, "show"), (Action::CopyLong, "copy as curl")],
            Tab::Warnings => vec![(Action::Open, "go there"), (Action::Copy, "copy")],
        };
        hints.extend([(Action::NextTab, "next tab"), (Action::Filter, "filter")]);
        hints.extend([(Action::ShowDetail, "details"), (Action::Palette, "actions")]);
        hints
    }

    /// Draws the pane's inside.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.draw_tabs(frame, Rect { height: 1, ..area }, core);
        let has_filter = self.is_typing || !self.filter.value().is_empty();
        let taken = 2 + u16::from(has_filter);
        let body = Rect { y: area.y + 2, height: area.height.saturating_sub(taken), ..area };
        match self.tab {
            Tab::Jobs => self.draw_jobs(frame, body, core, focused),
            Tab::Requests => self.draw_requests(frame, body, core, focused),
            Tab::Warnings => self.draw_warnings(frame, body, core, focused),
        }
        if has_filter && area.height > 3 {
            let line = Rect { y: area.bottom() - 1, height: 1, ..area };
            if self.is_typing {
                self.filter.draw(frame, line, "/", &core.theme);
            } else {
                let value = clean(self.filter.value()).into_owned();
                let spans =
                    vec![Span::styled("/", core.theme.key), Span::styled(value, core.theme.strong)];
                frame.render_widget(Line::from(spans), line);
            }
        }
    }

    fn draw_tabs(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        self.tab_places.clear();
        let troubles = core.walk.warnings.len() + core.walk.stats.failed;
        let mut x = area.x;
        for tab in TABS {
            let title = match tab {
                Tab::Jobs => "Jobs".to_owned(),
                Tab::Requests => {
                    format!("Requests {}", count(usize::try_from(core.log.total()).unwrap_or(0)))
                }
                Tab::Warnings if troubles > 0 => format!("Warnings {}", count(troubles)),
                Tab::Warnings => "Warnings".to_owned(),
            };
            let look = if tab == self.tab { core.theme.tab_active } else { core.theme.tab };
            let cells = u16::try_from(title.len()).unwrap_or(0);
            let place = Rect { x, width: cells, ..area }.intersection(area);
            frame.render_widget(Line::from(Span::styled(title, look)), place);
            self.tab_places.push((place, tab));
            x = x.saturating_add(cells + 2);
        }
    }

    fn empty(frame: &mut Frame<'_>, area: Rect, text: &'static str, theme: &Theme) {
        frame.render_widget(Line::from(Span::styled(text, theme.soft)), Rect { height: 1, ..area });
    }

    fn draw_jobs(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let jobs: Vec<JobRecord> = self.jobs(core).into_iter().cloned().collect();
        let theme = &core.theme;
        if jobs.is_empty() {
            Self::empty(frame, area, "No job has run yet.", theme);
            return;
        }
        let fixed = 1 + 2 + 12 + 2;
        let room = usize::from(area.width).saturating_sub(fixed);
        let label = (room * 3 / 5).min(60);
        let columns = [
            Column::new("", 1),
            Column::new("Job", label),
            Column::new("Time", 12).right(),
            Column::new("Result", room.saturating_sub(label + 4)),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: jobs.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[0], |row, column| {
            let job = &jobs[row];
            match column {
                0 => state_sign(job, core),
                1 => (Cow::Borrowed(job.label.as_str()), theme.base),
                2 => (Cow::Owned(duration(time(job, core))), theme.soft),
                _ => result(job, core),
            }
        });
    }

    fn draw_requests(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let requests = self.requests(core);
        let theme = &core.theme;
        if requests.is_empty() {
            Self::empty(frame, area, "No request has been sent yet.", theme);
            return;
        }
        let fixed = 8 + 6 + 6 + 6 + 8 + 3 + 2 * 6;
        let room = usize::from(area.width).saturating_sub(fixed).max(10);
        let columns = [
            Column::new("Time", 8),
            Column::new("Method", 6),
            Column::new("Path", room),
            Column::new("Status", 6).right(),
            Column::new("ms", 6).right(),
            Column::new("Size", 8).right(),
            Column::new("Try", 3).right(),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: requests.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[1], |row, column| {
            let request = &requests[row];
            match column {
                0 => (Cow::Owned(clock(request.at)), theme.soft),
                1 => (Cow::Borrowed(request.method), theme.soft),
                2 => {
                    let path = clean(&request.path).into_owned();
                    (Cow::Owned(truncate_middle(&path, columns[2].width).into_owned()), theme.base)
                }
                3 => status(request, theme),
                4 => (
                    Cow::Owned(count(usize::try_from(request.elapsed.as_millis()).unwrap_or(0))),
                    theme.base,
                ),
                5 => (Cow::Owned(bytes(request.bytes)), theme.soft),
                _ if request.attempt > 1 => {
                    (Cow::Owned(request.attempt.to_string()), theme.warning)
                }
                _ => (Cow::Borrowed("1"), theme.faint),
            }
        });
    }

    fn draw_warnings(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core, focused: bool) {
        let troubles = self.troubles(core);
        let theme = &core.theme;
        if troubles.is_empty() {
            Self::empty(frame, area, "Nothing to complain about.", theme);
            return;
        }
        let room = usize::from(area.width).saturating_sub(9 + 4);
        let what = (room * 2 / 5).max(16);
        let columns = [
            Column::new("", 9),
            Column::new("What", what),
            Column::new("Why", room.saturating_sub(what)),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: troubles.len(), focused, theme };
        self.body = table::draw(frame, area, &spec, &mut self.cursors[2], |row, column| {
            let trouble = &troubles[row];
            match column {
                0 => {
                    let look = if trouble.word == "failed" { theme.error } else { theme.warning };
                    (Cow::Borrowed(trouble.word), look)
                }
                1 => (Cow::Borrowed(trouble.what.as_str()), theme.base),
                _ => (Cow::Borrowed(trouble.why.as_str()), theme.soft),
            }
        });
    }
}

fn state_sign(job: &JobRecord, core: &Core) -> (Cow<'static, str>, Style) {
    let theme = &core.theme;
    match &job.state {
        JobState::Running if job.slot == Slot::Discovery && !core.walk.running => {
            (Cow::Borrowed("✓"), theme.good)
        }
        JobState::Running => (Cow::Borrowed(core.spinner()), theme.busy),
        JobState::Done => (Cow::Borrowed("✓"), theme.good),
        JobState::Failed(_) => (Cow::Borrowed("✗"), theme.error),
        JobState::Cancelled => (Cow::Borrowed("○"), theme.soft),
    }
}

/// How long a job has run; the walk has only read for a part of the time that it has been there.
fn time(job: &JobRecord, core: &Core) -> Duration {
    if job.slot == Slot::Discovery && job.state == JobState::Running && !core.walk.running {
        core.walk.stats.elapsed
    } else {
        job.elapsed(core.now)
    }
}

fn result<'a>(job: &'a JobRecord, core: &Core) -> (Cow<'a, str>, Style) {
    let theme = &core.theme;
    match &job.state {
        JobState::Running if job.slot == Slot::Discovery => {
            let stats = &core.walk.stats;
            let rest = match (core.walk.running, stats.pending) {
                (true, pending) => format!(", about {} to go", count(pending)),
                (false, _) => "; reads on demand".to_owned(),
            };
            let text = format!(
                "{} containers, {} datasets{rest}",
                count(stats.containers),
                count(stats.datasets)
            );
            (Cow::Owned(text), theme.soft)
        }
        JobState::Running => (Cow::Borrowed("running"), theme.soft),
        JobState::Done => (Cow::Borrowed("done"), theme.soft),
        JobState::Failed(message) => (Cow::Borrowed(message.as_str()), theme.error),
        JobState::Cancelled => (Cow::Borrowed("cancelled"), theme.soft),
    }
}

fn status(request: &RequestRecord, theme: &Theme) -> (Cow<'static, str>, Style) {
    match request.status {
        Some(status) if status < 300 => (Cow::Owned(status.to_string()), theme.good),
        Some(status) if status < 500 => (Cow::Owned(status.to_string()), theme.warning),
        Some(status) => (Cow::Owned(status.to_string()), theme.error),
        None => (Cow::Borrowed("✗"), theme.error),
    }
}

/// The time of day in UTC.
fn clock(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn described(record: &RequestRecord) -> String {
    let status = record.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let mut text = format!(
        "{} {}{}\n\n{status} after {} · {} · attempt {} · {} UTC",
        record.method,
        record.origin,
        record.path,
        duration(record.elapsed),
        bytes(record.bytes),
        record.attempt,
        clock(record.at),
    );
    if let Some(error) = &record.error {
        text.push_str("\n\n");
        text.push_str(error);
    }
    text
}

/// The request for a shell, with the token left to the environment.
fn curl(record: &RequestRecord) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    format!(
        "curl -X {} -H \"Authorization: Bearer $DREMIO_TOKEN\" {}",
        record.method,
        quoted(&format!("{}{}", record.origin, record.path)),
    )
}

/// What the footer says of warnings and running jobs.
pub(crate) fn footer_counts(core: &Core) -> Line<'static> {
    let theme = &core.theme;
    let mut right = Vec::new();
    let warnings = core.walk.warnings.len() + core.walk.stats.failed;
    let key = core.key(&[Context::Global], Action::ShowActivity);
    if warnings > 0 {
        let plural = if warnings == 1 { "" } else { "s" };
        right.push(Span::styled(format!("! {} warning{plural}", count(warnings)), theme.warning));
    }
    let jobs = core.busy_jobs()
        - usize::from(!core.walk.running && core.running(Slot::Discovery).is_some());
    if jobs > 0 {
        if !right.is_empty() {
            right.push(Span::raw("  "));
        }
        let plural = if jobs == 1 { "" } else { "s" };
        right.push(Span::styled(format!("{} {jobs} job{plural}", core.spinner()), theme.busy));
    }
    if !right.is_empty() {
        right.push(Span::styled(format!(" ({key})"), theme.soft));
    }
    let cells = crate::tui::widgets::text::spans_width(&right);
    spread(right, Vec::new(), cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_holds_no_secret_and_survives_quotes() {
        let record = RequestRecord {
            number: 1,
            at: UNIX_EPOCH + Duration::from_secs(3_723),
            server: "Dremio",
            method: "GET",
            path: "/api/v3/catalog/by-path/a'b".to_owned(),
            origin: "http://localhost:9047".to_owned(),
            status: Some(200),
            error: None,
            elapsed: Duration::from_millis(12),
            bytes: 2_048,
            attempt: 1,
        };
        assert_eq!(
            curl(&record),
            r#"curl -X GET -H "Authorization: Bearer $DREMIO_TOKEN" 'http://localhost:9047/api/v3/catalog/by-path/a'\''b'"#
        );
        assert_eq!(clock(record.at), "01:02:03");
    }
}
