//! [`Remembered`]: the few things that the UI keeps from one time to the next.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The catalog's share of the width in percent: least, first, most, and one step.
const SHARES: (u16, u16, u16, u16) = (16, 34, 70, 4);

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// The catalog's share of the width, in percent.
    pub catalog_share: u16,
    /// Whether the mouse was on; `None` before anybody has chosen.
    pub mouse: Option<bool>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { catalog_share: SHARES.1, mouse: None }
    }
}

impl Remembered {
    const FILE: &'static str = "ui.json";

    /// What was kept in `dir`; the defaults if there is nothing that can be read.
    pub fn load(dir: &Path) -> Self {
        let mut kept: Self = std::fs::read(dir.join(Self::FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        kept.catalog_share = kept.catalog_share.clamp(SHARES.0, SHARES.2);
        kept
    }

    /// Keeps it in `dir`, wholly or not at all.
    pub fn save(&self, dir: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        file.persist(dir.join(Self::FILE))?;
        Ok(())
    }

    pub(crate) fn narrow(&mut self) {
        self.catalog_share = self.catalog_share.saturating_sub(SHARES.3).max(SHARES.0);
    }

    pub(crate) fn widen(&mut self) {
        self.catalog_share = (self.catalog_share + SHARES.3).min(SHARES.2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip_and_nonsense() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(Remembered::load(dir.path()), Remembered::default());
        let mut kept = Remembered::default();
        kept.widen();
        kept.save(dir.path()).expect("written");
        assert_eq!(Remembered::load(dir.path()), kept);
        std::fs::write(dir.path().join("ui.json"), "{\"catalog_share\": 9999}").expect("written");
        assert_eq!(Remembered::load(dir.path()).catalog_share, SHARES.2);
    }
}
