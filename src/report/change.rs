//! One field of a plan, old and new, for reading.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::model::display::{clean, truncate_to_width, width};
use crate::sync::{FieldChange, Outcome};

/// Cells for a value in a line.
const VALUE_WIDTH: usize = 60;
/// Lines of a text's difference; more are counted.
const MOST_LINES: usize = 24;
/// Equal lines around those that differ.
const CONTEXT: usize = 1;
/// Characters kept before the first one that differs.
const LEAD: usize = 12;

/// The field that tells programs whether anything differs; people see what does.
const HASH: &str = "sourceHash";

/// The lines of a change of several fields, without indentation.
pub(super) fn lines(changes: &[FieldChange]) -> Vec<String> {
    let is_told = |change: &&FieldChange| change.field != HASH || changes.len() == 1;
    changes.iter().filter(is_told).flat_map(one).collect()
}

fn one(change: &FieldChange) -> Vec<String> {
    let field = clean(&change.field);
    let outcome = match change.outcome {
        Outcome::Written => "",
        Outcome::KeptByServer => "   kept by the server",
        Outcome::KeptForPeople => "   kept: somebody may have written it",
    };
    match (&change.old, &change.new) {
        (None, None) => vec![format!("{field}{outcome}")],
        (None, Some(new)) => vec![format!("{field}: + {}{outcome}", shortened(&flat(new), 0))],
        (Some(old), None) => vec![format!("{field}: - {}{outcome}", shortened(&flat(old), 0))],
        (Some(old), Some(new)) if is_text(old) && is_text(new) => {
            let mut lines = vec![format!("{field}:{outcome}")];
            text_difference(old, new, &mut lines);
            lines
        }
        (Some(old), Some(new)) => {
            let (old, new) = (flat(old), flat(new));
            let skip =
                if width(&old).max(width(&new)) > VALUE_WIDTH { equal(&old, &new) } else { 0 };
            let (old, new) = (shortened(&old, skip), shortened(&new, skip));
            vec![format!("{field}: {old} → {new}{outcome}")]
        }
    }
}

/// SQL and descriptions: several lines, of which a few differ.
fn is_text(value: &str) -> bool {
    value.trim_end().contains('\n')
}

fn text_difference(old: &str, new: &str, lines: &mut Vec<String>) {
    // The end of a line, and whether the last one has any, is nothing to look at.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.lines().map(str::trim_end).collect(), new.lines().map(str::trim_end).collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut found = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            found.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            // Indentation is part of what a reader recognises.
            let line = clean(change.value()).replace('\t', "    ");
            found.push(format!("  {sign} {line}").trim_end().to_owned());
        }
    }
    if found.is_empty() {
        found.push("  only the ends of lines differ".to_owned());
    }
    let more = found.len().saturating_sub(MOST_LINES);
    // One line more takes no more room than saying so.
    let shown = if more > 1 { MOST_LINES } else { found.len() };
    lines.extend(found.drain(..shown));
    if more > 1 {
        lines.push(format!("  … {more} more lines"));
    }
}

fn flat(value: &str) -> String {
    clean(&value.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// How many characters to leave out in front, since both have them.
fn equal(old: &str, new: &str) -> usize {
    let same = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    same.saturating_sub(LEAD)
}

fn shortened(value: &str, skip: usize) -> String {
    let mut text = String::new();
    if skip > 0 {
        text.push('…');
    }
    let rest: String = value.chars().skip(skip).collect();
    let _ = write!(text, "{}", truncate_to_width(&rest, VALUE_WIDTH));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: &str, old: Option<&str>, new: Option<&str>) -> FieldChange {
        FieldChange {
            field: field.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
            outcome: Outcome::Written,
        }
    }

    #[test]
    fn of_a_text_the_lines_that_differ_are_shown() {
        let old = "SELECT\n  a,\n  b\nFROM t\nWHERE x\n";
        let new = "SELECT\n  a,\n  b,\n  c\nFROM t\nWHERE x\n";
        let told = lines(&[
            change("sourceHash", Some("0"), Some("1")),
            change("schemaDefinition", Some(old), Some(new)),
        ]);
        assert_eq!(
            told,
            ["schemaDefinition:", "      a,", "  -   b", "  +   b,", "  +   c", "    FROM t"]
        );
        let many: String = (0..100).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
        let told = lines(&[change("description", Some("a\nb\n"), Some(&many))]);
        assert_eq!(told.len(), 1 + MOST_LINES + 1);
        assert_eq!(told.last().map(String::as_str), Some("  … 78 more lines"));
    }

    #[test]
    fn of_a_long_line_the_place_that_differs_is_shown() {
        let same = "word ".repeat(40);
        let told = lines(&[change(
            "description",
            Some(&format!("{same}before")),
            Some(&format!("{same}after")),
        )]);
        assert_eq!(told, ["description: …d word word before → …d word word after"]);
    }

    #[test]
    fn the_hash_is_told_only_when_nothing_else_differs() {
        let told = lines(&[change("sourceHash", Some("0"), Some("1"))]);
        assert_eq!(told, ["sourceHash: 0 → 1"]);
        let told =
            lines(&[change("x", None, Some("\u{1b}[2J\u{202e}")), change("y", Some("1"), None)]);
        assert_eq!(told.len(), 2);
        assert!(!told[0].contains('\u{1b}') && !told[0].contains('\u{202e}'));
    }
}
