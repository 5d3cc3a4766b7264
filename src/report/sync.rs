//! [`SyncReport`]: a plan, and what became of it, for people and for programs (`docs/sync.md`).

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{SCHEMA_VERSION, change};
use crate::model::display::clean;
use crate::openmetadata::ServerInfo;
use crate::sync::apply::{ItemOutcome, Report};
use crate::sync::plan::{Action, Item, ItemKey, Plan};

/// New entities named one by one, of each sort; more are counted.
const NAMED_CREATES: usize = 40;

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
        let items: Vec<Value> = self
            .plan
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let mut entry = Map::new();
                let (sort, name) = name_of(&item.key);
                entry.insert("type".to_owned(), json!(sort));
                entry.insert("name".to_owned(), json!(name));
                if let ItemKey::Edge { from, to } = &item.key {
                    entry.insert("from".to_owned(), json!(from));
                    entry.insert("to".to_owned(), json!(to));
                }
                if let Some(path) = &item.path {
                    entry.insert("path".to_owned(), json!(path));
                }
                entry.insert("action".to_owned(), json!(item.action));
                if !item.changes.is_empty() {
                    entry.insert("changes".to_owned(), json!(item.changes));
                }
                if !item.notes.is_empty() {
                    entry.insert("notes".to_owned(), json!(item.notes));
                }
                if let Some(result) = self.result {
                    entry.insert("result".to_owned(), json!(result.outcomes[index]));
                }
                Value::Object(entry)
            })
            .collect();
        json!({
            "schema_version": SCHEMA_VERSION,
            "service": self.plan.service,
            "server": {
                "host": self.server.host,
                "version": self.server.version,
                "user": self.server.user,
                "is_bot": self.server.is_bot,
            },
            "plan": self.plan.counts(),
            "items": items,
            "result": self.result.map(|result| {
                let mut statistics = json!(result.statistics);
                if let Some(why) = &result.ended_early {
                    statistics["ended_early"] = json!(why);
                }
                statistics
            }),
        })
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

fn plural(sort: &str) -> String {
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
