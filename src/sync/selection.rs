//! [`Selection`]: which part of a catalogue takes part in a sync.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::model::DatasetPath;

/// Which part of the catalogue takes part.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Roots, folders and datasets chosen, with all below them; empty = everything.
    pub within: Vec<DatasetPath>,
    /// Left out with all below them, though inside something chosen.
    pub without: Vec<DatasetPath>,
    /// Only datasets whose displayed path matches one of these; empty = all.
    pub include: Vec<Regex>,
    /// Not datasets or folders whose displayed path matches one of these.
    pub exclude: Vec<Regex>,
    /// Names in OpenMetadata to take and to leave, as the settings have them.
    pub names: NameFilters,
}

impl Selection {
    /// Whether nothing is chosen or left out.
    pub fn is_everything(&self) -> bool {
        self.within.is_empty()
            && self.without.is_empty()
            && self.include.is_empty()
            && self.exclude.is_empty()
            && self.names == NameFilters::default()
    }

    /// Whether a container or dataset takes part by itself.
    pub fn holds(&self, path: &DatasetPath, is_dataset: bool) -> bool {
        if !self.within.is_empty() && !self.within.iter().any(|chosen| path.is_within(chosen)) {
            return false;
        }
        if self.without.iter().any(|left_out| path.is_within(left_out)) {
            return false;
        }
        if !self.names.hold(path, is_dataset) {
            return false;
        }
        if self.include.is_empty() && self.exclude.is_empty() {
            return true;
        }
        let text = path.to_string();
        if self.exclude.iter().any(|pattern| pattern.is_match(&text)) {
            return false;
        }
        // Only datasets are asked for by name; a container comes along when it holds one.
        self.include.is_empty() || (is_dataset && self.include.iter().any(|p| p.is_match(&text)))
    }

    /// Whether a root takes part although it was not named: `$scratch` and internal roots do not.
    pub(super) fn holds_root(&self, root: &DatasetPath) -> bool {
        let hidden = root.name() == "$scratch" || root.name().starts_with("__");
        !hidden || self.within.iter().any(|chosen| chosen.folded() == root.folded())
    }
}

/// Names to take and to leave.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NameFilter {
    /// Only these; empty = all.
    #[serde(with = "patterns")]
    pub include: Vec<Regex>,
    /// Not these.
    #[serde(with = "patterns")]
    pub exclude: Vec<Regex>,
}

impl NameFilter {
    fn takes(&self, name: &str) -> bool {
        let matches = |pattern: &Regex| pattern.is_match(name);
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

impl PartialEq for NameFilter {
    fn eq(&self, other: &Self) -> bool {
        let texts = |filter: &Self| {
            let text = |pattern: &Regex| pattern.as_str().to_owned();
            (
                filter.include.iter().map(text).collect::<Vec<_>>(),
                filter.exclude.iter().map(text).collect::<Vec<_>>(),
            )
        };
        texts(self) == texts(other)
    }
}

impl Eq for NameFilter {}

/// Filters by what things will be called in OpenMetadata (contract §2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameFilters {
    /// Homes, spaces and sources.
    pub databases: NameFilter,
    /// Folder paths joined by dots. Datasets right under a root have none, and are not asked for one.
    pub schemas: NameFilter,
    /// Tables and views.
    pub tables: NameFilter,
}

impl NameFilters {
    fn hold(&self, path: &DatasetPath, is_dataset: bool) -> bool {
        let Some((root, below)) = path.parts().split_first() else { return true };
        let (folders, table) = match below.split_last() {
            Some((name, folders)) if is_dataset => (folders, Some(name)),
            _ => (below, None),
        };
        // A container is not taken for itself where only some of what it may hold is wanted.
        let is_wanted = match table {
            Some(name) => self.tables.takes(name),
            None => {
                self.tables.include.is_empty()
                    && (!folders.is_empty() || self.schemas.include.is_empty())
            }
        };
        is_wanted
            && self.databases.takes(root)
            && (folders.is_empty() || self.schemas.takes(&folders.join(".")))
    }
}

/// Regular expressions as their texts.
mod patterns {
    use regex::Regex;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        patterns: &[Regex],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(patterns.iter().map(Regex::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Regex>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| Regex::new(text).map_err(de::Error::custom)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_openmetadata_will_have_them() {
        let only = |text: &str| NameFilter {
            include: vec![Regex::new(text).expect("a pattern")],
            exclude: Vec::new(),
        };
        let holds = |names: &NameFilters, text: &str, is_dataset: bool| {
            let selection = Selection { names: names.clone(), ..Selection::default() };
            selection.holds(&text.parse().expect("a path"), is_dataset)
        };
        let schemas = NameFilters { schemas: only("^a\\.b$"), ..NameFilters::default() };
        assert!(holds(&schemas, "s.a.b.t", true));
        assert!(holds(&schemas, "s.a.b", false));
        assert!(!holds(&schemas, "s.a", false) && !holds(&schemas, "s", false));
        assert!(!holds(&schemas, "s.a.t", true));
        assert!(holds(&schemas, "s.t", true), "right under a root there is no folder to judge by");
        let tables = NameFilters { tables: only("^fct"), ..NameFilters::default() };
        assert!(holds(&tables, "s.a.fct_x", true));
        assert!(!holds(&tables, "s.a.dim_x", true) && !holds(&tables, "s.a", false));
        let exclude = vec![Regex::new("^lake").expect("a pattern")];
        let databases = NameFilter { exclude, ..NameFilter::default() };
        let databases = NameFilters { databases, ..NameFilters::default() };
        assert!(!holds(&databases, "lake", false) && !holds(&databases, "lake.a.t", true));
        assert!(holds(&databases, "s", false) && holds(&databases, "s.a.t", true));
        let text = serde_json::to_string(&schemas).expect("JSON");
        let back: NameFilters = serde_json::from_str(&text).expect("the same");
        assert_eq!(back, schemas);
        assert_ne!(back, tables);
    }
}
