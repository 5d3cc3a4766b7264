//! [`Journal`]: what a run set out to write and what came of it, line by line on disk, so that a run
//! that was killed can say what it did.
//!
//! Going on after a kill needs no journal: a new plan finds what is missing. The journal tells which
//! items were written, and which are in doubt because no answer came.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::ItemKey;

/// A journal under way.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Start { schema_version: u32, service: String, host: String, items: usize },
    Begin { key: ItemKey },
    Done { key: ItemKey },
    Failed { key: ItemKey, error: String },
    End,
}

/// What an earlier run left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupted {
    /// How many items the run meant to write.
    pub planned: usize,
    /// What was surely written.
    pub written: Vec<ItemKey>,
    /// What failed, and why.
    pub failed: Vec<(ItemKey, String)>,
    /// What was begun without an answer: perhaps written, perhaps not.
    pub in_doubt: Vec<ItemKey>,
}

impl Journal {
    /// Begins a journal, replacing a finished or interrupted one.
    pub fn start(path: &Path, service: &str, host: &str, items: usize) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        let mut journal = Self { file, path: path.to_owned() };
        journal.write(&Line::Start {
            schema_version: 1,
            service: service.to_owned(),
            host: host.to_owned(),
            items,
        })?;
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

/// What an interrupted run left behind; `None` when there is no journal or its run ended.
pub fn interrupted(path: &Path) -> io::Result<Option<Interrupted>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found = Interrupted::default();
    for line in BufReader::new(file).lines() {
        // The last line may be cut off in the middle, even inside a character.
        let Ok(line) = line else { break };
        let Ok(line) = serde_json::from_str::<Line>(&line) else { break };
        match line {
            Line::Start { items, .. } => found.planned = items,
            Line::Begin { key } => found.in_doubt.push(key),
            Line::Done { key } => {
                found.in_doubt.retain(|doubtful| *doubtful != key);
                found.written.push(key);
            }
            Line::Failed { key, error } => {
                found.in_doubt.retain(|doubtful| *doubtful != key);
                found.failed.push((key, error));
            }
            Line::End => return Ok(None),
        }
    }
    Ok(Some(found))
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
        let mut journal = Journal::start(&path, "Dremio", "localhost", 3).expect("starts");
        for name in ["a", "b", "c"] {
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
    }

    #[test]
    fn a_run_that_ended_left_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.jsonl");
        assert_eq!(interrupted(&path).expect("reads"), None);
        let journal = Journal::start(&path, "Dremio", "localhost", 0).expect("starts");
        journal.end().expect("writes");
        assert_eq!(interrupted(&path).expect("reads"), None);
    }
}
