//! What to read, and how.

use regex::Regex;

use crate::model::{DatasetPath, NodeKind};

/// What to read, and how.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings, named where they are set")]
pub struct DiscoveryOptions {
    /// How many levels below the root to list; `None` = all, 1 = only homes, spaces and sources.
    /// Deeper containers are shown and their listing is skipped.
    pub max_depth: Option<usize>,
    /// Only what one of these matches, everything below a match, and the containers that lead to
    /// one; empty = all. A pattern is tried on the path as displayed (`lake."a-b".t`) and on the
    /// bare parts joined by dots (`lake.a-b.t`), unanchored. Containers that no pattern can match
    /// below are not listed, which a leading `^` makes possible; those that turn out to lead
    /// nowhere are taken out of the catalogue again at the end.
    pub include: Vec<Regex>,
    /// Not what one of these matches, nor anything below it; stronger than `include`.
    pub exclude: Vec<Regex>,
    /// Kinds wanted in the result, whatever sort of table; empty = all. Containers on the way are
    /// read all the same.
    pub kinds: Vec<NodeKind>,
    /// Requests under way at once, at most 16; `None` = what the client advises.
    pub max_workers: Option<usize>,
    /// How dataset details are read.
    pub strategy: Strategy,
    /// Whether [`Strategy::Auto`] may use SQL. Off where a query costs money (contract §4.1: an
    /// engine of Dremio Cloud is started for it).
    pub auto_sql: bool,
    /// List all folders of file-system sources, live and slow (contract §2.5). The top level of
    /// such a source is listed always.
    pub list_storage_folders: bool,
    /// List those folders of file-system sources that Dremio has stored, which is what it does with
    /// folders on the way to a table (contract §2.6: they have a real id, others `dremio:/…`).
    pub list_stored_folders: bool,
    /// Read details (columns, SQL, function bodies) at all, or only the tree.
    pub details: bool,
}

impl Default for DiscoveryOptions {
    fn default() -> Self {
        Self {
            max_depth: None,
            include: Vec::new(),
            exclude: Vec::new(),
            kinds: Vec::new(),
            max_workers: None,
            strategy: Strategy::Auto,
            auto_sql: true,
            list_storage_folders: false,
            list_stored_folders: true,
            details: true,
        }
    }
}

impl DiscoveryOptions {
    /// Whether a dataset at this path would be read, as far as paths decide it.
    pub fn reads(&self, path: &DatasetPath) -> bool {
        let forms = [path.to_string(), path.parts().join(".")];
        let matches = |pattern: &Regex| forms.iter().any(|form| pattern.is_match(form));
        self.max_depth.is_none_or(|depth| path.len() <= depth)
            && (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

/// How dataset details are read (contract §4.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Batches where offered, else SQL where it pays, else one by one.
    #[default]
    Auto,
    /// REST only.
    Rest,
    /// Columns of tables by SQL, whatever else is offered. Types are flat then.
    Sql,
}
