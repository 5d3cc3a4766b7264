//! What changed between two catalogues, for reading.

use std::fmt::Write as _;

use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::snapshots::{CatalogDiff, ColumnChange};

/// The differences, a line for each dataset and each column, with a summary at the end.
pub fn diff_text(diff: &CatalogDiff) -> String {
    diff_text_of(diff, usize::MAX)
}

/// The same, naming only the first `most` datasets of each sort and counting the others.
pub(super) fn diff_text_of(diff: &CatalogDiff, most: usize) -> String {
    let more = |text: &mut String, sign: char, count: usize, word: &str| {
        if count > most {
            let _ = writeln!(text, "{sign} … and {} more {word}", count - most);
        }
    };
    let shown = |path: &DatasetPath| clean(&path.to_string()).into_owned();
    let mut text = String::new();
    for dataset in diff.added.iter().take(most) {
        let _ = writeln!(text, "+ {} ({})", shown(&dataset.path), dataset.kind);
    }
    more(&mut text, '+', diff.added.len(), "added");
    for dataset in diff.removed.iter().take(most) {
        let _ = writeln!(text, "- {} ({})", shown(&dataset.path), dataset.kind);
    }
    more(&mut text, '-', diff.removed.len(), "removed");
    for dataset in diff.changed.iter().take(most) {
        let _ = writeln!(text, "~ {}", shown(&dataset.path));
        if let Some((before, after)) = dataset.kind {
            let _ = writeln!(text, "    {before} → {after}");
        }
        for column in &dataset.columns {
            let _ = writeln!(text, "    {}", column_text(column));
        }
        if dataset.reordered {
            text.push_str("    columns in another order\n");
        }
        if let Some((before, after)) = &dataset.sql {
            text.push_str("    SQL\n");
            for change in similar::TextDiff::from_lines(before, after).iter_all_changes() {
                let sign = match change.tag() {
                    similar::ChangeTag::Equal => continue,
                    similar::ChangeTag::Delete => '-',
                    similar::ChangeTag::Insert => '+',
                };
                let line = change.value().trim_end_matches(['\r', '\n']);
                let _ = writeln!(text, "      {sign} {}", clean(line));
            }
        }
        if let Some((before, after)) = &dataset.sql_context {
            let path =
                |parts: &[String]| shown(&DatasetPath::new(parts.iter().map(String::as_str)));
            let _ = writeln!(text, "    SQL context {} → {}", path(before), path(after));
        }
    }
    more(&mut text, '~', diff.changed.len(), "changed");
    if !diff.not_compared.is_empty() {
        let _ =
            writeln!(text, "{} not compared: not read the second time", diff.not_compared.len());
    }
    if diff.is_empty() {
        text.push_str("nothing changed\n");
    } else {
        let _ = writeln!(
            text,
            "{} added, {} removed, {} changed",
            diff.added.len(),
            diff.removed.len(),
            diff.changed.len()
        );
    }
    text
}

fn column_text(change: &ColumnChange) -> String {
    let text = match change {
        ColumnChange::Added { name, data_type } => format!("+ {name} {data_type}"),
        ColumnChange::Removed { name, data_type } => format!("- {name} {data_type}"),
        ColumnChange::Type { name, before, after } => format!("~ {name} {before} → {after}"),
        ColumnChange::Nullable { name, after: true, .. } => format!("~ {name} may be null now"),
        ColumnChange::Nullable { name, after: false, .. } => format!("~ {name} is never null now"),
        ColumnChange::Renamed { before, after } => format!("~ {before} is spelled {after} now"),
    };
    clean(&text).into_owned()
}
