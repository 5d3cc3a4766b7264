//! [`Journal`]: what a run set out to write and what came of it, line by line on disk, so that a run
//! that was killed can say what it did.
//!
//! Most of going on after a kill needs no journal: a new plan finds what is missing. The journal tells
//! which items were written, and which are in doubt because no answer came. What no plan could find
//! out again stands only here: how other people's edges were before the server rewrote them.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::plan::ItemKey;
use super::rescue::{EdgeBefore, Ends};
use crate::model::time::rfc3339;

/// Version of the journal's lines.
const SCHEMA_VERSION: u32 = 2;

/// A journal under way.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Start {
        schema_version: u32,
        /// RFC 3339.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        service: String,
        host: String,
        items: usize,
    },
    Begin {
        key: ItemKey,
    },
    Done {
        key: ItemKey,
    },
    Failed {
        key: ItemKey,
        error: String,
    },
    /// An edge as it is before the server may rewrite it.
    AtRisk(Box<EdgeBefore>),
    /// The edge between these ids is as it should be.
    Safe {
        from: String,
        to: String,
    },
    End,
}

/// What an earlier run left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interrupted {
    /// When the run began to write, as RFC 3339 text; `None` when the journal does not say.
    pub began_at: Option<String>,
    /// When the last line was written, likewise.
    pub last_at: Option<String>,
    /// How many items the run meant to write.
    pub planned: usize,
    /// What was surely written.
    pub written: Vec<ItemKey>,
    /// What failed, and why.
    pub failed: Vec<(ItemKey, String)>,
    /// What was begun without an answer: perhaps written, perhaps not.
    pub in_doubt: Vec<ItemKey>,
    /// Edges that the server may have rewritten and that were not seen put back.
    pub edges: Vec<EdgeBefore>,
    /// The run came to its end, and left nothing but those edges.
    pub ended: bool,
    /// Why the journal could not be read, if so: what the run wrote is not known then.
    pub unreadable: Option<String>,
}

impl Interrupted {
    /// How many items of each sort (`table`, `edge`, …) were surely written.
    pub fn written_by_sort(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for key in &self.written {
            *counts.entry(key.sort()).or_default() += 1;
        }
        counts
    }
}

impl Journal {
    /// Begins a journal, replacing a finished or interrupted one in one go: `edges`, which that one
    /// left, stand in the new one when the old one is gone.
    pub fn start(
        path: &Path,
        service: &str,
        host: &str,
        items: usize,
        edges: &[&EdgeBefore],
    ) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("new");
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(&fresh)?;
        let mut journal = Self { file, path: path.to_owned() };
        journal.write(&Line::Start {
            schema_version: SCHEMA_VERSION,
            at: Some(rfc3339(SystemTime::now())),
            service: service.to_owned(),
            host: host.to_owned(),
            items,
        })?;
        for edge in edges {
            journal.at_risk(edge)?;
        }
        fs::rename(&fresh, path)?;
        Ok(journal)
    }

    /// Notes that an item is about to be sent.
    pub fn begin(&mut self, key: &ItemKey) -> io::Result<()> {
        self.write(&Line::Begin { key: key.clone() })
    }

    /// Notes that an item was written.
    pub fn done(&mut self, key: &ItemKey) -> io::Result<()> {
        self.write(&Line::Done { key: key.clone() })
    }

    /// Notes that an item was refused.
    pub fn failed(&mut self, key: &ItemKey, error: &str) -> io::Result<()> {
        self.write(&Line::Failed { key: key.clone(), error: error.to_owned() })
    }

    /// Notes how an edge is before a table at one of its ends is sent with other columns.
    pub fn at_risk(&mut self, edge: &EdgeBefore) -> io::Result<()> {
        self.write(&Line::AtRisk(Box::new(edge.clone())))
    }

    /// Notes that an edge is as it was, or was put back.
    pub fn safe(&mut self, (from, to): &Ends) -> io::Result<()> {
        self.write(&Line::Safe { from: from.clone(), to: to.clone() })
    }

    /// Notes that the run came to its end, whatever became of its items.
    pub fn end(mut self) -> io::Result<()> {
        self.write(&Line::End)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One line in one system call: what is written survives the process.
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

/// What an interrupted run left behind; `None` when there is no journal, or its run ended and left
/// nothing.
pub fn interrupted(path: &Path) -> io::Result<Option<Interrupted>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let last_write = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let mut found = Interrupted { last_at: last_write.map(rfc3339), ..Interrupted::default() };
    let (mut begun, mut settled) = (Vec::new(), HashSet::new());
    let mut edges: BTreeMap<Ends, EdgeBefore> = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        // The last line may be cut off in the middle, even inside a character.
        let Ok(line) = line else { break };
        let Ok(line) = serde_json::from_str::<Line>(&line) else { break };
        match line {
            Line::Start { items, at, .. } => {
                found.planned = items;
                found.began_at = at;
            }
            Line::Begin { key } => begun.push(key),
            Line::Done { key } => {
                edges.retain(|_, edge| edge.key() != key);
                settled.insert(key.clone());
                found.written.push(key);
            }
            Line::Failed { key, error } => {
                settled.insert(key.clone());
                found.failed.push((key, error));
            }
            // What was noted first is how people had it; the rest is what a server made of it.
            Line::AtRisk(edge) => {
                edges.entry(edge.ends()).or_insert(*edge);
            }
            Line::Safe { from, to } => {
                edges.remove(&(from, to));
            }
            Line::End => {
                found.ended = true;
                break;
            }
        }
    }
    found.edges = edges.into_values().collect();
    if found.ended && found.edges.is_empty() {
        return Ok(None);
    }
    // What a bulk request was begun with may be begun again alone.
    let mut told = HashSet::new();
    begun.retain(|key| !settled.contains(key) && told.insert(key.clone()));
    found.in_doubt = begun;
    Ok(Some(found))
}

/// Takes away the journal of an interrupted run of which nothing is left to do.
pub fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openmetadata::entity::EntityType;

    fn key(name: &str) -> ItemKey {
        ItemKey::Entity(EntityType::Table, name.to_owned())
    }

    #[test]
    fn a_cut_off_journal_tells_written_from_doubtful() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/journal.jsonl");
        let mut journal = Journal::start(&path, "Dremio", "localhost", 3, &[]).expect("starts");
        // In a bulk request first, then alone, since the server had no such thing.
        for name in ["a", "b", "c", "a", "b", "c"] {
            journal.begin(&key(name)).expect("writes");
        }
        journal.done(&key("a")).expect("writes");
        journal.failed(&key("b"), "403").expect("writes");
        let text = fs::read_to_string(&path).expect("reads");
        fs::write(&path, format!("{text}{{\"event\":\"done\",\"key\":{{\"ent")).expect("writes");
        let found = interrupted(&path).expect("reads").expect("was interrupted");
        assert_eq!(found.planned, 3);
        assert_eq!(found.written, [key("a")]);
        assert_eq!(found.failed, [(key("b"), "403".to_owned())]);
        assert_eq!(found.in_doubt, [key("c")]);
        assert_eq!(found.written_by_sort(), BTreeMap::from([("table", 1)]));
        let (began, last) = (found.began_at.expect("is told"), found.last_at.expect("is told"));
        assert!(began.starts_with("20") && began <= last, "{began} {last}");

        forget(&path).expect("is removed");
        assert_eq!(interrupted(&path).expect("reads"), None);
        forget(&path).expect("nothing to remove is fine");
    }

    #[test]
    fn a_run_that_ended_left_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.jsonl");
        assert_eq!(interrupted(&path).expect("reads"), None);
        let journal = Journal::start(&path, "Dremio", "localhost", 0, &[]).expect("starts");
        journal.end().expect("writes");
        assert_eq!(interrupted(&path).expect("reads"), None);
    }
}
