//! Jobs, the request log, and what was left out or warned of.

mod draw;
mod troubles;

use std::time::{SystemTime, UNIX_EPOCH};

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

pub(crate) use self::draw::footer_counts;
use self::troubles::{Trouble, Troubles};
use crate::http::RequestRecord;
use crate::model::NodeId;
use crate::tui::core::{Core, JobRecord, JobState};
use crate::tui::msg::{Action, Slot};
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::text::{bytes, contains, duration};

/// A tab of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Jobs,
    Requests,
    Warnings,
}

const TABS: [Tab; 3] = [Tab::Jobs, Tab::Requests, Tab::Warnings];

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
    /// The requests that the filter lets through, newest first, and what they were made from.
    requests: Vec<RequestRecord>,
    requests_for: Option<(u64, String)>,
    troubles: Troubles,
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

    /// Makes the lists of requests and troubles anew, if they are others now.
    fn refresh(&mut self, core: &Core) {
        let needle = self.needle();
        match self.tab {
            Tab::Jobs => {}
            Tab::Requests => {
                let made_for = (core.log.total(), needle);
                if self.requests_for.as_ref() != Some(&made_for) {
                    let mut records = core.log.since(0);
                    records.retain(|record| {
                        let status = record.status.map_or_else(String::new, |s| s.to_string());
                        let text = format!("{} {} {status}", record.method, record.path);
                        contains(&text, &made_for.1)
                    });
                    records.reverse();
                    self.requests = records;
                    self.requests_for = Some(made_for);
                }
            }
            Tab::Warnings => self.troubles.refresh(core, &needle),
        }
    }

    fn needle(&self) -> String {
        self.filter.value().trim().to_lowercase()
    }

    fn lets(&self, text: &str) -> bool {
        contains(text, &self.needle())
    }

    fn len(&self, core: &Core) -> usize {
        match self.tab {
            Tab::Jobs => self.jobs(core).len(),
            Tab::Requests => self.requests.len(),
            Tab::Warnings => self.troubles.list().len(),
        }
    }

    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        self.refresh(core);
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
            Tab::Requests => match self.requests.get(at) {
                Some(record) => {
                    let title = format!("{} request {}", record.server, record.number);
                    Outcome::Tell(title, described(record))
                }
                None => Outcome::Done,
            },
            Tab::Warnings => match self.troubles.list().get(at) {
                Some(Trouble { node: Some(node), .. }) if *node != NodeId::ROOT => {
                    Outcome::GoTo(*node)
                }
                Some(trouble) => {
                    let text = format!("{}\n\n{}", trouble.what, trouble.why);
                    Outcome::Tell(trouble.word.to_owned(), text.trim_end().to_owned())
                }
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
                if let Some(record) = self.requests.get(at) {
                    if long {
                        core.copy(curl(record), "the request as curl");
                    } else {
                        core.copy(record.path.clone(), &record.path);
                    }
                }
            }
            Tab::Warnings => {
                if let Some(trouble) = self.troubles.list().get(at) {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
