//! Kinds of glyphs, whose they are, and the characters for them.
//!
//! Colours are not here: a front decides them by owner and kind.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Whose a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The border of a box.
    Border(usize),
    /// Text row `line` of a box (or empty space inside it).
    Text {
        /// The box.
        node: usize,
        /// Index into [`super::layout::BoxSpec::lines`]; `None` in rows without text.
        line: Option<usize>,
    },
    /// The start of hidden lines on the left of a box.
    HiddenLeft(usize),
    /// The start of hidden lines on the right of a box.
    HiddenRight(usize),
    /// The line of a source; [`super::layout::Layout::edges_at`] tells which edges run there.
    Line(usize),
}

impl Owner {
    /// The box the cell belongs to, if it is not on a line.
    pub fn node(self) -> Option<usize> {
        match self {
            Self::Border(node)
            | Self::HiddenLeft(node)
            | Self::HiddenRight(node)
            | Self::Text { node, .. } => Some(node),
            Self::Line(_) => None,
        }
    }
}

/// Which neighbours a line joins, and whether it is dashed (an edge that closes a cycle).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent arms of one glyph")]
pub struct Arms {
    /// Joined to the cell on the left.
    pub left: bool,
    /// Joined to the cell on the right.
    pub right: bool,
    /// Joined to the cell above.
    pub up: bool,
    /// Joined to the cell below.
    pub down: bool,
    /// Drawn dashed.
    pub dashed: bool,
}

/// What is drawn in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph<'a> {
    /// Nothing.
    Empty,
    /// A piece of a box border (rounded corners).
    Border(Arms),
    /// The border where the line of the box leaves it.
    Exit,
    /// A piece of a line.
    Line(Arms),
    /// Two lines of different sources that cross without touching.
    Crossing,
    /// The end of a line, in the border of its target.
    Arrow,
    /// A mark on a line that runs back to the left.
    BackArrow,
    /// One grapheme of text.
    Text(&'a str),
    /// The second cell of a wide grapheme.
    WideTail,
}

/// One cell of a viewport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// What is drawn.
    pub glyph: Glyph<'a>,
    /// Whose it is; of a crossing the horizontal line.
    pub owner: Option<Owner>,
    /// The vertical line of a crossing.
    pub under: Option<Owner>,
    /// Whether a highlight given to [`super::layout::Layout::paint`] covers the cell.
    pub lit: bool,
}

impl Cell<'_> {
    pub(super) const EMPTY: Self =
        Cell { glyph: Glyph::Empty, owner: None, under: None, lit: false };
}

/// Which characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// Box-drawing characters.
    #[default]
    Unicode,
    /// ` + - | > < ~ : ` only; a crossing is a `|` between two `-`.
    Ascii,
}

impl<'a> Glyph<'a> {
    /// The character to show; nothing for the second cell of a wide one.
    pub fn symbol(self, charset: Charset) -> &'a str {
        let unicode = charset == Charset::Unicode;
        match self {
            Self::Empty => " ",
            Self::Text(text) => text,
            Self::WideTail => "",
            Self::Arrow => {
                if unicode {
                    "▶"
                } else {
                    ">"
                }
            }
            Self::BackArrow => {
                if unicode {
                    "◀"
                } else {
                    "<"
                }
            }
            Self::Exit => {
                if unicode {
                    "├"
                } else {
                    "+"
                }
            }
            Self::Crossing => {
                if unicode {
                    "┼"
                } else {
                    "|"
                }
            }
            Self::Border(arms) => border_symbol(arms, unicode),
            Self::Line(arms) => line_symbol(arms, unicode),
        }
    }
}

fn border_symbol(arms: Arms, unicode: bool) -> &'static str {
    let symbols = match (arms.left, arms.right, arms.up, arms.down) {
        (false, true, false, true) => ("╭", "+"),
        (true, false, false, true) => ("╮", "+"),
        (false, true, true, false) => ("╰", "+"),
        (true, false, true, false) => ("╯", "+"),
        (_, _, true, true) => ("│", "|"),
        _ => ("─", "-"),
    };
    if unicode { symbols.0 } else { symbols.1 }
}

fn line_symbol(arms: Arms, unicode: bool) -> &'static str {
    let symbols = match (arms.left, arms.right, arms.up, arms.down) {
        (false, true, false, true) => ("┌", "+"),
        (true, false, false, true) => ("┐", "+"),
        (false, true, true, false) => ("└", "+"),
        (true, false, true, false) => ("┘", "+"),
        (false, true, true, true) => ("├", "+"),
        (true, false, true, true) => ("┤", "+"),
        (true, true, false, true) => ("┬", "+"),
        (true, true, true, false) => ("┴", "+"),
        (true, true, true, true) => ("┼", "|"),
        (false, false, _, _) => {
            if arms.dashed {
                ("┆", ":")
            } else {
                ("│", "|")
            }
        }
        _ => {
            if arms.dashed {
                ("┄", "~")
            } else {
                ("─", "-")
            }
        }
    };
    if unicode { symbols.0 } else { symbols.1 }
}

/// Columns that a text takes, grapheme by grapheme as it is painted.
pub(super) fn text_cells(text: &str) -> i32 {
    if text.is_ascii() {
        return super::cells(text.len());
    }
    text.graphemes(true).map(|grapheme| super::cells(grapheme.width())).sum()
}
