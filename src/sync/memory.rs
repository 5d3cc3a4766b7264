//! Where a sync keeps what it must remember between runs: the journal of the last one, and which
//! edges are settled. One folder for each pair of server and service.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::journal;
use super::settled::SettledEdges;

/// The folder of one server and service.
#[derive(Clone, Debug)]
pub struct SyncMemory {
    folder: PathBuf,
}

impl SyncMemory {
    /// Below `data_dir`; nothing is made yet.
    pub fn new(data_dir: &Path, host: &str, service: &str) -> Self {
        let plain = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
                .collect()
        };
        // Different names may look alike once plain; the hash keeps them apart.
        let digest = <md5::Md5 as md5::Digest>::digest(format!("{host}\n{service}"));
        let hash = super::desired::hex(&digest);
        let name = format!("{}-{}-{}", plain(host), plain(service), &hash[..8]);
        Self { folder: data_dir.join("sync").join(name) }
    }

    /// The journal's file.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    /// Puts away the journal of a run that was cut off. Edges count as unverified from here on, since
    /// that run may have left some as the server rewrote them (quirk 15).
    pub fn forget_interrupted(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join("settled.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        journal::forget(&self.journal())
    }

    /// Which edges are settled; nothing when that is not known.
    pub fn settled(&self) -> SettledEdges {
        fs::read(self.folder.join("settled.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Remembers which edges are settled.
    pub fn store_settled(&self, settled: &SettledEdges) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(settled)?)?;
        file.persist(self.folder.join("settled.json")).map_err(|error| error.error)?;
        Ok(())
    }
}
