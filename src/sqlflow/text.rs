//! From the tokenizer's lines and columns (counted in characters) to byte offsets.

use sqlparser::tokenizer::{Location, Span};

/// Where each line of a text starts, to turn a [`Location`] into a byte offset.
pub(super) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    ascii: bool,
}

impl<'t> LineIndex<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        Self { text, starts, ascii: text.is_ascii() }
    }

    /// The byte offset of `location`, clamped to the text; an empty location is the start.
    pub(super) fn offset(&self, location: Location) -> usize {
        if location.line == 0 {
            return 0;
        }
        let line = usize::try_from(location.line - 1).unwrap_or(usize::MAX);
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(usize::MAX);
        if self.ascii {
            return start.saturating_add(column).min(self.text.len());
        }
        let rest = &self.text[start..];
        rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The byte range of `span`, never inverted.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    /// The text of a byte range; empty if the range is none of the text's.
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or("")
    }

    /// The line and column (both from 1, in characters) of a byte offset.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let start = self.starts[line];
        let end = offset.min(self.text.len());
        let column = self.text.get(start..end).map_or(end - start, |head| head.chars().count());
        (line + 1, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_finds_bytes() {
        let text = "é = 1\n  ü\n";
        let index = LineIndex::new(text);
        assert_eq!(index.offset(Location { line: 1, column: 3 }), 3);
        assert_eq!(index.offset(Location { line: 2, column: 3 }), 9);
        assert_eq!(index.position(9), (2, 3));
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.offset(Location { line: 9, column: 1 }), text.len());
        assert_eq!(index.offset(Location { line: 0, column: 0 }), 0);
        assert_eq!(index.slice(3..4), "=");
    }
}
