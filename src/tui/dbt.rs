//! The dbt project that takes part: when it is read, and when it is matched with the catalogue anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;

use super::core::{Core, Server};
use super::msg::{JobSpec, Slot};
use super::sync_target::PresenceRequest;
use super::widgets::text::counted;
use crate::dbt::{ArtifactFiles, MatchStatus, MatchedProject};
use crate::model::DatasetPath;

/// How long matching may lag behind a walk, and behind other changes.
const LAG: Duration = Duration::from_secs(3);
const SHORT_LAG: Duration = Duration::from_millis(300);
/// Paths looked at in one go.
const MOST_ASKED: usize = 200;

/// What is known of the matched datasets in OpenMetadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum InOpenMetadata {
    /// It is looked up once the servers have answered.
    #[default]
    Waiting,
    /// It is being looked up: databases listed, of how many.
    Looking(usize, usize),
    /// These (folded) have no table there.
    Lacks(Arc<FxHashSet<DatasetPath>>),
    /// It is not looked up; why not.
    NotLookedUp(String),
    /// It could not be looked up; why not.
    Failed(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct DbtPart {
    files: Option<Arc<dyn ArtifactFiles>>,
    matched: Option<Arc<MatchedProject>>,
    failure: Option<String>,
    /// Whether the artifacts are to be read again.
    is_stale: bool,
    /// The catalogue that was matched last, and when.
    version: u64,
    matched_at: Option<Instant>,
    /// Paths that were looked for, folded.
    asked: FxHashSet<DatasetPath>,
    in_openmetadata: InOpenMetadata,
    /// The matches whose datasets were looked up in OpenMetadata.
    looked_up: Option<Arc<MatchedProject>>,
}

impl DbtPart {
    /// The part that a project in these files takes.
    pub(crate) fn new(files: Option<Arc<dyn ArtifactFiles>>) -> Self {
        Self { files, ..Self::default() }
    }

    /// The project beside the catalogue, as far as that is known.
    pub(crate) fn matched(&self) -> Option<&Arc<MatchedProject>> {
        self.matched.as_ref()
    }

    /// What OpenMetadata has of the matched datasets.
    pub(crate) fn in_openmetadata(&self) -> &InOpenMetadata {
        &self.in_openmetadata
    }

    /// What looking them up has come to.
    pub(crate) fn take_openmetadata(&mut self, known: InOpenMetadata) {
        self.in_openmetadata = known;
    }

    /// Somebody wants to know anew what OpenMetadata has of them.
    pub(crate) fn forget_openmetadata(&mut self) {
        self.looked_up = None;
        self.in_openmetadata = InOpenMetadata::Waiting;
    }

    /// Why there is none, in words; `None` if there is one.
    pub(crate) fn absence(&self) -> Option<String> {
        match (&self.matched, &self.failure, &self.files) {
            (Some(_), ..) => None,
            (None, Some(why), _) => Some(why.clone()),
            (None, None, Some(_)) => Some("the dbt project is being read".to_owned()),
            (None, None, None) => Some(
                "no dbt project takes part: start with --dbt-project DIR, or set dbt.project_dir and dbt.enabled"
                    .to_owned(),
            ),
        }
    }
}

impl Core {
    /// How long until the project is due to be read or matched; `None` if nothing has changed.
    pub(crate) fn next_dbt(&self) -> Option<Duration> {
        let part = &self.dbt;
        part.files.as_ref()?;
        let is_due = part.is_stale || part.matched_at.is_none() || part.version != self.version;
        // A file that could not be read is looked at again with the catalogue only.
        let is_idle = self.running(Slot::Dbt).is_none() && part.failure.is_none();
        if !is_due || !is_idle {
            return None;
        }
        let lag = if self.walk.running { LAG } else { SHORT_LAG };
        let wait = part.matched_at.map(|at| (at + lag).saturating_duration_since(self.now));
        Some(wait.unwrap_or_default())
    }

    /// Looks at their paths for datasets of dbt that no listing has shown: discovery does not list
    /// the folders of file systems, where most raw tables stand.
    fn look_for_unchecked(&mut self) {
        let may_ask = matches!(self.server, Server::Ready(_)) && self.walk.finished.is_some();
        if !may_ask || self.running(Slot::Resolve).is_some() {
            return;
        }
        let Some(matched) = self.dbt.matched.clone() else { return };
        let unchecked =
            matched.report.nodes.iter().filter(|found| found.status == MatchStatus::Unchecked);
        let paths: Vec<DatasetPath> = unchecked
            .filter_map(|found| found.expected.clone())
            .filter(|path| self.dbt.asked.insert(path.folded()))
            .take(MOST_ASKED)
            .collect();
        if !paths.is_empty() {
            let label = format!("Look for {} that dbt names", counted(paths.len(), "table"));
            self.start(label, JobSpec::Resolve(paths));
        }
    }

    /// Starts what is due.
    pub(crate) fn follow_dbt(&mut self) {
        self.look_for_unchecked();
        if self.next_dbt() != Some(Duration::ZERO) {
            return;
        }
        let Some(files) = self.dbt.files.clone() else { return };
        let known = self.dbt.matched.as_ref().filter(|_| !self.dbt.is_stale);
        let known = known.map(|matched| Arc::clone(&matched.project));
        self.dbt.version = self.version;
        self.dbt.is_stale = false;
        let label = format!("Read the dbt project in {}", files.place());
        self.start(label, JobSpec::Dbt(files, known, Arc::clone(&self.catalog)));
    }

    /// Has the matched datasets looked up in OpenMetadata, unless they were; `instead` is what there
    /// is to say where that cannot be. Says whether anything is another way than before.
    pub(crate) fn follow_openmetadata(&mut self, instead: Option<InOpenMetadata>) -> bool {
        let Some(matched) = self.dbt.matched.clone() else { return false };
        if let Some(instead) = instead {
            let is_news = self.dbt.in_openmetadata != instead;
            self.dbt.in_openmetadata = instead;
            self.dbt.looked_up = None;
            return is_news;
        }
        let is_read = !self.walk.running && !matches!(self.server, Server::Connecting);
        let is_known =
            self.dbt.looked_up.as_ref().is_some_and(|then| then.report == matched.report);
        if !is_read || is_known {
            return false;
        }
        let datasets = matched.report.datasets().into_values().cloned().collect();
        self.dbt.looked_up = Some(matched);
        self.dbt.in_openmetadata = InOpenMetadata::Looking(0, 0);
        let request = PresenceRequest { catalog: Arc::clone(&self.catalog), datasets };
        let label = "Look for dbt's datasets in OpenMetadata";
        self.start(label, JobSpec::Presence(Box::new(request)));
        true
    }

    /// The project is there, or matched anew. Says whether anything is another way than before.
    pub(crate) fn take_dbt(&mut self, matched: Arc<MatchedProject>) -> bool {
        let before = self.dbt.matched.replace(matched);
        let now = self.dbt.matched.as_ref();
        self.dbt.matched_at = Some(self.now);
        self.dbt.failure = None;
        match (before, now) {
            (Some(before), Some(now)) => {
                before.report != now.report || !Arc::ptr_eq(&before.project, &now.project)
            }
            _ => {
                for warning in now.map(|now| now.project.warnings()).unwrap_or_default() {
                    self.warn(format!("dbt: {warning}"));
                }
                true
            }
        }
    }

    /// The project could not be read.
    pub(crate) fn fail_dbt(&mut self, why: &str) {
        self.dbt.failure = Some(why.to_owned());
        self.warn(format!("dbt: {why}"));
        self.complain(format!("dbt: {why}"));
    }

    /// Everything is to be read again, the artifacts too.
    pub(crate) fn forget_dbt(&mut self) {
        self.dbt.is_stale = true;
        self.dbt.failure = None;
    }
}
