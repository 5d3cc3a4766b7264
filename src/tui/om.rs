//! [`OmFacts`]: what is known of how Dremio's things stand in OpenMetadata.

use rustc_hash::FxHashMap;

use crate::model::DatasetPath;

/// How something of Dremio's stands in OpenMetadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OmState {
    InSync,
    Differs,
    Missing,
}

/// See the module. All paths are folded.
#[derive(Clone, Debug, Default)]
pub(crate) struct OmFacts {
    /// How paths stand there, as the last plan for each told.
    pub(crate) states: FxHashMap<DatasetPath, OmState>,
    /// What OpenMetadata says of columns: by the dataset's path and the column's name.
    pub(crate) columns: FxHashMap<DatasetPath, FxHashMap<String, String>>,
}
