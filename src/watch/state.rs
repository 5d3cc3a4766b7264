//! What a watcher knows across restarts: the last reading, and what it has said of OpenMetadata. One
//! folder for each server and profile, in which one watcher works at a time.
//!
//! The lineage of the last reading is not stored: it follows from the catalogue, and another version
//! of this program may read the same SQL better.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::discovery::DiscoveryOptions;
use crate::model::snapshot::{Snapshot, SnapshotError};
use crate::model::time::rfc3339;

/// What a reading's file name begins and ends with; between them stands its scope.
const BASELINE: (&str, &str) = ("baseline-", ".json.zst");

/// Why the folder of a watcher cannot be used, naming the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another watcher works in it.
    #[error(
        "another watcher of this server and profile is at work{}: end it, or give this one a \
         --data-dir of its own (the lock is {})", who.as_deref().unwrap_or_default(), path.display()
    )]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Which process, since when, where the lock says it.
        who: Option<String>,
    },
    /// A file or folder could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The last reading cannot be used.
    #[error("the last reading, {}, cannot be used: {source}", path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
}

/// What was said of OpenMetadata.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    #[serde(default)]
    drift: Option<String>,
}

/// A watcher's folder.
#[derive(Clone, Debug)]
pub struct Memory {
    folder: PathBuf,
    scope: String,
}

/// The right to work in a folder; the system takes it back when the process ends, however it does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What is known of earlier rounds.
#[derive(Debug, Default)]
pub struct Earlier {
    /// The last reading.
    pub baseline: Option<Snapshot>,
    /// There is one, but other parts of the catalogue were read then.
    pub has_other_scope: bool,
    /// What was last said of OpenMetadata, as a fingerprint.
    pub drift: Option<String>,
}

impl Memory {
    /// The folder below `data_dir` for a server, a profile and what is read of it. Nothing is made yet.
    pub fn new(
        data_dir: &Path,
        server: &str,
        profile: Option<&str>,
        read: &DiscoveryOptions,
    ) -> Self {
        let plain = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
                .take(80)
                .collect()
        };
        // Different names may look alike once plain; the hash keeps them apart.
        let hash = hash(&format!("{server}\n{}", profile.unwrap_or_default()));
        let name = match profile {
            Some(profile) => format!("{}-{}-{hash}", plain(server), plain(profile)),
            None => format!("{}-{hash}", plain(server)),
        };
        Self { folder: data_dir.join("watch").join(name), scope: scope(read) }
    }

    /// Takes the folder for this process, or says who has it.
    pub fn lock(&self) -> Result<Lock, StateError> {
        fs::create_dir_all(&self.folder).map_err(io_error("cannot create", &self.folder))?;
        let path = self.folder.join("lock");
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(io_error("cannot write", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                // Some systems do not let a locked file be read; the message does without.
                let _ = file.read_to_string(&mut who);
                let who = Some(who.trim().to_owned()).filter(|who| !who.is_empty());
                return Err(StateError::Locked { path, who: who.map(|who| format!(" ({who})")) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(StateError::Io { action: "cannot lock", path, source });
            }
        }
        let who = format!("process {}, since {}", std::process::id(), rfc3339(SystemTime::now()));
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(who.as_bytes()));
        written.map_err(io_error("cannot write", &path))?;
        Ok(Lock { _file: file })
    }

    /// What earlier rounds have left. A reading that cannot be used is an error; going on without it
    /// is the caller's to decide.
    pub fn load(&self) -> Result<Earlier, StateError> {
        let told: Option<Told> = fs::read(self.folder.join("told.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let drift = told.and_then(|told| told.drift);
        let path = self.baseline();
        let baseline = match File::open(&path) {
            Ok(file) => Some(
                Snapshot::read_from(io::BufReader::new(file))
                    .map_err(|source| StateError::Baseline { path, source })?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error("cannot read", &path)(error)),
        };
        let has_other_scope = baseline.is_none() && !self.other_baselines().is_empty();
        Ok(Earlier { baseline, has_other_scope, drift })
    }

    /// Stores a reading for the next round to compare with: whole or not at all. Readings of other
    /// parts of the catalogue go.
    pub fn store_baseline(&self, snapshot: &Snapshot) -> Result<(), StateError> {
        let path = self.baseline();
        self.store(&path, |file| match snapshot.write_to(file) {
            Ok(()) => Ok(()),
            Err(SnapshotError::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(other)),
        })?;
        for other in self.other_baselines() {
            let _ = fs::remove_file(other);
        }
        Ok(())
    }

    /// Remembers what was said of OpenMetadata.
    pub fn store_drift(&self, fingerprint: Option<&str>) -> Result<(), StateError> {
        let told = Told { drift: fingerprint.map(str::to_owned) };
        let path = self.folder.join("told.json");
        self.store(&path, |file| serde_json::to_writer(file, &told).map_err(io::Error::from))
    }

    fn baseline(&self) -> PathBuf {
        self.folder.join(format!("{}{}{}", BASELINE.0, self.scope, BASELINE.1))
    }

    fn other_baselines(&self) -> Vec<PathBuf> {
        let own = self.baseline();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.path()).filter(|path| *path != own);
        let is_baseline = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.starts_with(BASELINE.0) && name.ends_with(BASELINE.1))
        };
        names.filter(is_baseline).collect()
    }

    fn store(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), StateError> {
        let failed = io_error("cannot write", path);
        let stored = (|| {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::Builder::new().prefix(".saving-").tempfile_in(&self.folder)?;
            write(file.as_file_mut())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        })();
        stored.map_err(failed)
    }
}

/// Names what is read, so that a reading of another part of the catalogue is not compared with.
fn scope(read: &DiscoveryOptions) -> String {
    let DiscoveryOptions {
        max_depth, include, exclude, kinds, list_storage_folders, details, ..
    } = read;
    hash(&format!(
        "{max_depth:?} {include:?} {exclude:?} {kinds:?} {list_storage_folders} {details}"
    ))
}

/// The first eight digits of the MD5.
pub(super) fn hash(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    format!("{:08x}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> StateError + 'a {
    move |source| StateError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Catalog, ServerInfo};

    fn memory(folder: &Path, read: &DiscoveryOptions) -> Memory {
        Memory::new(folder, "localhost:9047", None, read)
    }

    fn snapshot(taken_at: &str) -> Snapshot {
        Snapshot {
            taken_at: taken_at.to_owned(),
            server: ServerInfo::default(),
            complete: true,
            catalog: Catalog::new(),
            absent: Vec::new(),
        }
    }

    #[test]
    fn what_was_stored_comes_back_and_other_settings_begin_anew() {
        let folder = tempfile::tempdir().unwrap();
        let all = DiscoveryOptions::default();
        let some = DiscoveryOptions { max_depth: Some(2), ..DiscoveryOptions::default() };
        let ours = memory(folder.path(), &all);
        assert!(ours.load().unwrap().baseline.is_none());
        ours.store_baseline(&snapshot("then")).unwrap();
        ours.store_drift(Some("abc")).unwrap();
        let earlier = ours.load().unwrap();
        assert_eq!(earlier.baseline.unwrap().taken_at, "then");
        assert_eq!(earlier.drift.as_deref(), Some("abc"));
        let other = memory(folder.path(), &some);
        let earlier = other.load().unwrap();
        assert!(earlier.baseline.is_none() && earlier.has_other_scope);
        other.store_baseline(&snapshot("now")).unwrap();
        assert!(ours.load().unwrap().baseline.is_none(), "only one reading is kept");
    }

    #[test]
    fn a_damaged_reading_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path(), &DiscoveryOptions::default());
        memory.store_baseline(&snapshot("then")).unwrap();
        let bytes = fs::read(memory.baseline()).unwrap();
        fs::write(memory.baseline(), &bytes[..bytes.len() / 2]).unwrap();
        let error = memory.load().unwrap_err().to_string();
        assert!(error.contains("baseline-") && error.contains("cut off"), "{error}");
    }

    #[test]
    fn one_watcher_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path(), &DiscoveryOptions::default());
        let lock = memory.lock().unwrap();
        // A lock is of an open file, so a second opening in the same process is turned away too.
        let error = memory.lock().unwrap_err().to_string();
        assert!(error.contains("another watcher") && error.contains("process "), "{error}");
        let other = Memory::new(
            folder.path(),
            "localhost:9047",
            Some("prod"),
            &DiscoveryOptions::default(),
        );
        assert!(other.lock().is_ok(), "another profile has a folder of its own");
        drop(lock);
        assert!(memory.lock().is_ok());
    }
}
