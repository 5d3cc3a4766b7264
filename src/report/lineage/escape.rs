//! How names and SQL are written in each form, so that none of them can get out of its place.
//!
//! Forms without escapes of their own show text as [`clean`] makes it: nothing hidden, nothing that
//! steers a terminal or turns the reading direction.

use std::fmt::Write as _;

use crate::model::DatasetPath;
use crate::model::display::{clean, truncate_middle, truncate_to_width};

/// Longer names are cut in drawings.
const LONGEST_NAME: usize = 48;

/// A path for reading.
pub(super) fn shown(path: &DatasetPath) -> String {
    clean(&path.to_string()).into_owned()
}

/// The name of a node in a drawing.
pub(super) fn name_in_box(path: &DatasetPath) -> String {
    truncate_to_width(&clean(path.name()), LONGEST_NAME).into_owned()
}

/// The folders of a node in a drawing; nothing for a root.
pub(super) fn folder_in_box(path: &DatasetPath) -> String {
    let folder = path.parent().unwrap_or_default().to_string();
    truncate_middle(&clean(&folder), LONGEST_NAME).into_owned()
}

/// SQL on one line, at most so wide.
pub(super) fn one_line(sql: &str, cells: usize) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    truncate_to_width(&clean(&words.join(" ")), cells).into_owned()
}

/// A cell that no spreadsheet takes for a formula.
pub(super) fn csv_cell(text: &str) -> String {
    let text = clean(text);
    let first = text.trim_start().chars().next();
    // The full-width forms count as well in some spreadsheets.
    let acts = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '|' | '%' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}')
    );
    if acts { format!("'{text}") } else { text.into_owned() }
}

/// Text between the quotes of a Mermaid label.
pub(super) fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            // All that Mermaid, its Markdown or HTML give a meaning to.
            '"' | '#' | '&' | '<' | '>' | ';' | '`' | '\\' | '*' | '_' | '~' | '{' | '}' | '['
            | ']' | '(' | ')' | '|' | '$' | '%' | ':' | '/' | '@' => {
                let _ = write!(out, "#{};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text in an HTML-like label of Graphviz, or in XML.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text in a double-quoted string of Graphviz.
pub(super) fn dot(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\u{FF1D}1", "|cmd"] {
            assert!(csv_cell(text).starts_with('\''), "{text}");
        }
        assert_eq!(csv_cell("\t=1"), "␉=1");
        assert_eq!(csv_cell("a-b"), "a-b");
        assert_eq!(csv_cell("a\u{1b}[31m\nb"), "a␛[31m␊b");
    }

    #[test]
    fn nothing_gets_out_of_its_place() {
        let evil = "\"]; --> </script><!-- `x` \\ & #quot; \u{202e}";
        assert!(!mermaid(evil).contains(['"', '<', '`', '\\', ']', '&']));
        assert!(!xml(evil).contains(['<', '"', '\u{202e}']));
        assert_eq!(dot("a\"\\"), "a\\\"\\\\");
        assert_eq!(dot("a\nb"), "a␊b");
    }
}
