//! [`SnapshotStore`]: the files.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::model::ServerInfo;
use crate::model::snapshot::{Snapshot, SnapshotError, SnapshotHeader};
use crate::model::time::rfc3339;

/// What a snapshot's file name ends in.
const EXTENSION: &str = ".json.zst";
/// Snapshots taken within one millisecond get a number; nobody takes this many.
const MAX_TWINS: u32 = 1_000;

/// The snapshots in one data directory.
#[derive(Clone, Debug)]
pub struct SnapshotStore {
    root: PathBuf,
}

/// A stored snapshot, not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotEntry {
    /// The server's directory name, from [`SnapshotStore::slug`].
    pub server: String,
    /// The file's name without its ending; sorts by time.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Why the store could not do something, naming the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is not a usable snapshot.
    #[error("{}: {source}", path.display())]
    Snapshot {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
}

impl SnapshotStore {
    /// The store in a data directory, which need not be there yet.
    pub fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("snapshots") }
    }

    /// The directory name for a server: its host and port, with everything else made `-`.
    pub fn slug(server: &ServerInfo) -> String {
        let mut slug: String = server
            .host
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
            .take(120)
            .collect();
        // A name of dots would be another directory.
        if slug.trim_matches('.').is_empty() {
            "unnamed".clone_into(&mut slug);
        }
        slug
    }

    /// Saves a snapshot under the present time: to a temporary name, made durable, then renamed, so
    /// that a crash leaves either nothing or all of it.
    pub fn save(&self, snapshot: &Snapshot) -> Result<SnapshotEntry, StoreError> {
        self.save_at(snapshot, SystemTime::now())
    }

    fn save_at(&self, snapshot: &Snapshot, now: SystemTime) -> Result<SnapshotEntry, StoreError> {
        let server = Self::slug(&snapshot.server);
        let directory = self.root.join(&server);
        fs::create_dir_all(&directory).map_err(io_error("cannot create", &directory))?;
        let mut file = tempfile::Builder::new()
            .prefix(".saving-")
            .tempfile_in(&directory)
            .map_err(io_error("cannot write in", &directory))?;
        snapshot
            .write_to(file.as_file_mut())
            .map_err(|source| StoreError::Snapshot { path: file.path().to_owned(), source })?;
        file.as_file().sync_all().map_err(io_error("cannot write", file.path()))?;
        // `:` is not allowed in names everywhere.
        let stamp = rfc3339(now).replace([':', '-'], "");
        let mut twin = 0;
        loop {
            let name = if twin == 0 { stamp.clone() } else { format!("{stamp}-{twin:03}") };
            let path = directory.join(format!("{name}{EXTENSION}"));
            match file.persist_noclobber(&path) {
                Ok(saved) => {
                    let bytes = saved.metadata().map_or(0, |metadata| metadata.len());
                    return Ok(SnapshotEntry { server, name, path, bytes });
                }
                Err(error)
                    if error.error.kind() == io::ErrorKind::AlreadyExists && twin < MAX_TWINS =>
                {
                    file = error.file;
                    twin += 1;
                }
                Err(error) => return Err(io_error("cannot name", &path)(error.error)),
            }
        }
    }

    /// What is stored, newest first; of one server (by [`SnapshotStore::slug`]) or of all.
    pub fn list(&self, server: Option<&str>) -> Result<Vec<SnapshotEntry>, StoreError> {
        let servers = match server {
            Some(server) => vec![server.to_owned()],
            None => names(&self.root)?,
        };
        let mut entries = Vec::new();
        for server in servers {
            let directory = self.root.join(&server);
            if !directory.is_dir() {
                continue;
            }
            for file in names(&directory)? {
                let Some(name) = file.strip_suffix(EXTENSION) else { continue };
                let path = directory.join(&file);
                let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
                let (server, name) = (server.clone(), name.to_owned());
                entries.push(SnapshotEntry { server, name, path, bytes });
            }
        }
        entries.sort_by(|a, b| b.name.cmp(&a.name).then_with(|| a.server.cmp(&b.server)));
        Ok(entries)
    }

    /// The newest snapshot of a server, if there is one.
    pub fn latest(&self, server: &ServerInfo) -> Result<Option<SnapshotEntry>, StoreError> {
        Ok(self.list(Some(&Self::slug(server)))?.into_iter().next())
    }

    /// Deletes all but the newest `keep` of a server's snapshots and tells which are gone. Nothing
    /// else ever deletes one.
    pub fn prune(&self, server: &str, keep: usize) -> Result<Vec<SnapshotEntry>, StoreError> {
        let old: Vec<_> = self.list(Some(server))?.into_iter().skip(keep).collect();
        for entry in &old {
            fs::remove_file(&entry.path).map_err(io_error("cannot delete", &entry.path))?;
        }
        Ok(old)
    }
}

impl SnapshotEntry {
    /// An entry for a file anywhere, such as one named on the command line.
    pub fn of_file(path: &Path) -> Result<Self, StoreError> {
        let metadata = fs::metadata(path).map_err(io_error("cannot read", path))?;
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let name = file.strip_suffix(EXTENSION).unwrap_or(&file).to_owned();
        Ok(Self { server: String::new(), name, path: path.to_owned(), bytes: metadata.len() })
    }

    /// When, where and how much, without reading the rest.
    pub fn header(&self) -> Result<SnapshotHeader, StoreError> {
        SnapshotHeader::read_from(self.open()?).map_err(|source| self.broken(source))
    }

    /// The snapshot.
    pub fn load(&self) -> Result<Snapshot, StoreError> {
        Snapshot::read_from(self.open()?).map_err(|source| self.broken(source))
    }

    fn open(&self) -> Result<BufReader<File>, StoreError> {
        let file = File::open(&self.path).map_err(io_error("cannot read", &self.path))?;
        Ok(BufReader::with_capacity(1 << 17, file))
    }

    fn broken(&self, source: SnapshotError) -> StoreError {
        StoreError::Snapshot { path: self.path.clone(), source }
    }
}

fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { action, path: path.to_owned(), source }
}

/// The names in a directory, none if it is not there. Names beyond UTF-8 are not ours.
fn names(directory: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("cannot read", directory)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io_error("cannot read", directory))?;
        names.extend(entry.file_name().into_string().ok());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::model::{Catalog, Change, DatasetPath, Item, NodeKind};

    fn snapshot(host: &str, names: &[&str]) -> Snapshot {
        let mut catalog = Catalog::new();
        let item = |name: &&str| Item {
            path: DatasetPath::new([*name]),
            id: None,
            kind: NodeKind::Space,
            raw_kind: None,
        };
        catalog.apply(Change::Children {
            parent: DatasetPath::default(),
            items: names.iter().map(item).collect(),
            first: true,
            last: true,
        });
        let server = ServerInfo { host: host.to_owned(), ..ServerInfo::default() };
        let taken_at = rfc3339(UNIX_EPOCH);
        Snapshot { taken_at, server, complete: true, catalog, absent: Vec::new() }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn saved_snapshots_are_listed_newest_first_and_load() {
        let directory = tempfile::tempdir().unwrap();
        let store = SnapshotStore::new(&directory.path().join("not there yet"));
        assert_eq!(store.list(None).unwrap(), []);
        let first = store.save_at(&snapshot("a:9047", &["x"]), at(1_000)).unwrap();
        let second = store.save_at(&snapshot("a:9047", &["x", "y"]), at(2_000)).unwrap();
        let twin = store.save_at(&snapshot("a:9047", &["z"]), at(2_000)).unwrap();
        let other = store.save_at(&snapshot("b", &["q"]), at(1_500)).unwrap();
        assert_eq!(first.name, "19700101T001640.000Z");
        assert_eq!(
            store.list(None).unwrap(),
            [twin.clone(), second.clone(), other.clone(), first.clone()]
        );
        assert_eq!(store.list(Some("b")).unwrap(), [other]);
        let server = ServerInfo { host: "A:9047".to_owned(), ..ServerInfo::default() };
        assert_eq!(store.latest(&server).unwrap(), Some(twin));
        assert_eq!(second.header().unwrap().nodes, 2);
        assert_eq!(second.load().unwrap().catalog.len(), 2);
        assert_eq!(SnapshotEntry::of_file(&first.path).unwrap().load().unwrap().catalog.len(), 1);
        assert!(first.bytes > 0);
    }

    #[test]
    fn pruning_keeps_the_newest_of_that_server() {
        let directory = tempfile::tempdir().unwrap();
        let store = SnapshotStore::new(directory.path());
        for second in 0..4 {
            store.save_at(&snapshot("a", &["x"]), at(second)).unwrap();
        }
        store.save_at(&snapshot("b", &["x"]), at(0)).unwrap();
        let gone = store.prune("a", 2).unwrap();
        assert_eq!(gone.len(), 2);
        assert!(gone.iter().all(|entry| !entry.path.exists()));
        assert_eq!(store.list(None).unwrap().len(), 3);
    }

    #[test]
    fn what_a_crash_leaves_and_foreign_files_are_not_snapshots() {
        let directory = tempfile::tempdir().unwrap();
        let store = SnapshotStore::new(directory.path());
        let saved = store.save(&snapshot("a", &["x"])).unwrap();
        let folder = saved.path.parent().unwrap();
        fs::write(folder.join(".saving-x"), b"half").unwrap();
        fs::write(folder.join("notes.txt"), b"mine").unwrap();
        assert_eq!(store.list(None).unwrap(), std::slice::from_ref(&saved));
        let text = fs::read(&saved.path).unwrap();
        fs::write(&saved.path, &text[..text.len() / 2]).unwrap();
        let error = saved.load().expect_err("a cut file").to_string();
        assert!(error.contains(&saved.name) && error.contains("cut off"), "{error}");
    }

    #[test]
    fn a_host_makes_one_plain_directory_name() {
        let slug = |host: &str| {
            SnapshotStore::slug(&ServerInfo { host: host.to_owned(), ..ServerInfo::default() })
        };
        assert_eq!(slug("Dremio.Example.com:9047"), "dremio.example.com-9047");
        assert_eq!(slug("../../etc"), "..-..-etc");
        assert_eq!(slug(".."), "unnamed");
        assert_eq!(slug("[::1]:9047"), "---1--9047");
    }
}
