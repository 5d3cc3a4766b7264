//! [`SyncReport`]: a plan, and what became of it, for people and for programs (`docs/sync.md`).

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{SCHEMA_VERSION, change};
use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::openmetadata::ServerInfo;
use crate::sync::FieldChange;
use crate::sync::apply::{ItemOutcome, Report, Statistics};
use crate::sync::plan::{Action, Counts, Item, ItemKey, Plan};

/// New entities named one by one, of each sort; more are counted.
const NAMED_CREATES: usize = 40;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    service: &'a str,
    server: Server<'a>,
    plan: Counts,
    items: Items<'a>,
    result: Option<Outcomes<'a>>,
}

#[derive(Serialize)]
struct Server<'a> {
    host: &'a str,
    version: &'a str,
    user: Option<&'a str>,
    is_bot: Option<bool>,
}

#[derive(Serialize)]
struct Outcomes<'a> {
    #[serde(flatten)]
    statistics: &'a Statistics,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_early: Option<&'a str>,
}

struct Items<'a> {
    plan: &'a Plan,
    result: Option<&'a Report>,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.plan.items.iter().enumerate().map(|(index, item)| {
            let (sort, name) = name_of(&item.key);
            let ends = match &item.key {
                ItemKey::Edge { from, to } => Some((from.as_str(), to.as_str())),
                ItemKey::Entity(..) => None,
            };
            Entry {
                sort,
                name,
                from: ends.map(|(from, _)| from),
                to: ends.map(|(_, to)| to),
                path: item.path.as_ref(),
                action: item.action,
                changes: &item.changes,
                notes: &item.notes,
                result: self.result.and_then(|result| result.outcomes.get(index)),
            }
        }))
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    sort: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a DatasetPath>,
    action: Action,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    changes: &'a [FieldChange],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a ItemOutcome>,
}

/// A plan for a server, and what applying it came to.
#[derive(Clone, Copy, Debug)]
pub struct SyncReport<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The server.
    pub server: &'a ServerInfo,
    /// What became of it; `None` when it was not applied.
    pub result: Option<&'a Report>,
}

impl SyncReport<'_> {
    /// The document: counts, every item, and the result's statistics.
    pub fn to_json(&self) -> Value {
        // Nothing in it can fail to be written.
        serde_json::to_value(self.document()).unwrap_or_default()
    }

    /// Writes the document item by item: as a whole, that of a big catalogue would take more memory
    /// than the sync itself.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &self.document())?;
        out.write_all(b"\n")
    }

    fn document(&self) -> Document<'_> {
        Document {
            schema_version: SCHEMA_VERSION,
            service: &self.plan.service,
            server: Server {
                host: &self.server.host,
                version: &self.server.version,
                user: self.server.user.as_deref(),
                is_bot: self.server.is_bot,
            },
            plan: self.plan.counts(),
            items: Items { plan: self.plan, result: self.result },
            result: self.result.map(|report| Outcomes {
                statistics: &report.statistics,
                ended_early: report.ended_early.as_deref(),
            }),
        }
    }

    /// The plan for people: counts first, then what differs, field by field.
    pub fn plan_text(&self) -> String {
        let mut text = String::new();
        let who = match (&self.server.user, self.server.is_bot) {
            (Some(user), Some(true)) => format!("as the bot {}", clean(user)),
            (Some(user), _) => format!("as {}", clean(user)),
            (None, _) => "as somebody who may not ask who they are".to_owned(),
        };
        let _ = writeln!(
            text,
            "Service {} on {} (OpenMetadata {}, {who})\n",
            clean(&self.plan.service),
            self.server.host,
            clean(&self.server.version),
        );
        text.push_str(&self.counts_text());
        for action in
            [Action::Conflict, Action::Delete, Action::Restore, Action::Update, Action::Keep]
        {
            for item in self.plan.items.iter().filter(|item| item.action == action) {
                text.push('\n');
                push_item(&mut text, item);
            }
        }
        self.push_creates(&mut text);
        text
    }

    /// One line a sort: `tables  12 create  1 update  38 unchanged`.
    fn counts_text(&self) -> String {
        let counts = self.plan.counts();
        let mut text = String::new();
        for sort in ["service", "database", "schema", "table", "edge"] {
            let Some(actions) = counts.get(sort) else { continue };
            let parts: Vec<String> = [
                Action::Create,
                Action::Update,
                Action::Restore,
                Action::Delete,
                Action::Keep,
                Action::Conflict,
                Action::Unchanged,
            ]
            .iter()
            .filter_map(|action| Some(format!("{} {}", actions.get(action.name())?, action.name())))
            .collect();
            let _ = writeln!(text, "  {:<10} {}", plural(sort), parts.join(", "));
        }
        text
    }

    fn push_creates(&self, text: &mut String) {
        for sort in ["service", "database", "schema", "table", "edge"] {
            let creates: Vec<&Item> = self
                .plan
                .items
                .iter()
                .filter(|item| item.action == Action::Create && name_of(&item.key).0 == sort)
                .collect();
            if creates.is_empty() {
                continue;
            }
            text.push('\n');
            for item in creates.iter().take(NAMED_CREATES) {
                let _ = writeln!(text, "+ {sort:<9} {}", clean(&name_of(&item.key).1));
                push_notes(text, item);
            }
            if creates.len() > NAMED_CREATES {
                let more = creates.len() - NAMED_CREATES;
                let _ = writeln!(text, "+ … and {more} more {}", plural(sort));
            }
        }
    }

    /// What came of it, failures with their reasons.
    pub fn result_text(&self) -> String {
        let Some(result) = self.result else { return String::new() };
        let mut text = String::new();
        for (item, outcome) in self.plan.items.iter().zip(&result.outcomes) {
            let (sort, name) = name_of(&item.key);
            let name = clean(&name).into_owned();
            match outcome {
                ItemOutcome::Failed { reason, in_doubt } => {
                    let doubt = if *in_doubt { " (it may have been written)" } else { "" };
                    let _ = writeln!(text, "✗ {sort:<9} {name}: {}{doubt}", clean(reason));
                }
                ItemOutcome::Skipped { reason } => {
                    let _ = writeln!(text, "- {sort:<9} {name}: skipped: {}", clean(reason));
                }
                ItemOutcome::Done { notes } => {
                    for note in notes {
                        let _ = writeln!(text, "! {sort:<9} {name}: {}", clean(note));
                    }
                }
                ItemOutcome::Untouched | ItemOutcome::Excluded | ItemOutcome::NotBegun => {}
            }
        }
        let statistics = &result.statistics;
        let _ = write!(
            text,
            "written: {} databases, {} schemas, {} tables, {} edges; {} unchanged",
            statistics.databases,
            statistics.schemas,
            statistics.tables,
            statistics.edges,
            statistics.unchanged,
        );
        for (count, word) in [
            (statistics.deleted, "deleted"),
            (statistics.excluded, "left out"),
            (statistics.errors, "failed"),
            (statistics.not_begun, "not begun"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {word}");
            }
        }
        text.push('\n');
        if let Some(why) = &result.ended_early {
            let _ = writeln!(text, "ended early: {}", clean(why));
        }
        text
    }
}

pub(super) fn plural(sort: &str) -> String {
    if sort == "service" { sort.to_owned() } else { format!("{sort}s") }
}

/// The sort of an item and what to call it.
pub fn name_of(key: &ItemKey) -> (&'static str, String) {
    match key {
        ItemKey::Entity(entity, fqn) => (entity.name(), fqn.clone()),
        ItemKey::Edge { from, to } => ("edge", format!("{from} → {to}")),
    }
}

/// The sign of an action.
pub fn sign(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Restore => '↺',
        Action::Unchanged => ' ',
        Action::Keep => '=',
        Action::Conflict => '!',
        Action::Delete => '-',
    }
}

fn push_item(text: &mut String, item: &Item) {
    let (sort, name) = name_of(&item.key);
    let _ =
        writeln!(text, "{} {sort:<9} {}  {}", sign(item.action), clean(&name), item.action.name());
    for line in change::lines(&item.changes) {
        let _ = writeln!(text, "    {line}");
    }
    push_notes(text, item);
}

fn push_notes(text: &mut String, item: &Item) {
    for note in &item.notes {
        let _ = writeln!(text, "    ! {}", clean(note));
    }
}
