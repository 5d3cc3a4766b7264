//! The fallback for terminals without line drawing: the finished screen, sign by sign.

use ratatui::buffer::Buffer;

/// Replaces every sign that the UI itself draws by an ASCII one.
pub(crate) fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        if let Some(plain) = plain(symbol) {
            cell.set_symbol(plain);
        }
    }
}

fn plain(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "─" | "━" | "╌" => "-",
        "│" | "┊" | "┃" => "|",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" | "╭" | "╮" | "╰" | "╯" => {
            "+"
        }
        "▸" | "›" | "→" => ">",
        "▾" => "v",
        "·" | "•" => ".",
        "…" => "~",
        "✓" => "+",
        "✗" => "x",
        "●" => "*",
        "○" => "o",
        "◐" => "%",
        "⌂" => "~",
        "◇" => "*",
        "◆" => "@",
        "▪" => "/",
        "▦" => "#",
        "◫" => "=",
        "ƒ" => "f",
        "▫" => "-",
        "☐" => "o",
        "☑" => "x",
        "◪" => "%",
        "⟳" => "*",
        "↑" => "^",
        "↓" => "v",
        "←" => "<",
        "≈" => "~",
        "⠋" | "⠸" => "|",
        "⠙" | "⠴" => "/",
        "⠹" | "⠦" | "⠇" => "-",
        "⠼" | "⠧" | "⠏" => "\\",
        _ => return None,
    })
}

/// The frames of a spinner, one each tenth of a second.
pub(crate) const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
