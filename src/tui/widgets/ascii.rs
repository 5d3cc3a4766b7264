//! The fallback for terminals without line drawing: the finished screen, sign by sign.

use ratatui::buffer::Buffer;

/// ASCII signs, each with the signs that the UI draws and that it stands for.
const PLAIN: &[(&str, &str)] = &[
    ("-", "─╌▫⠹⠦⠇–—"),
    ("|", "│┊┃╎⠋⠸"),
    ("+", "┌┐└┘├┤┬┴┼╭╮╰╯✓"),
    (">", "▸›→▶"),
    ("v", "▾↓"),
    (".", "·•⋯"),
    ("~", "…⌂≈┄"),
    ("x", "✗☑×"),
    ("*", "●◇⟳"),
    ("o", "○☐"),
    ("%", "◐◪"),
    ("@", "◆"),
    ("/", "▪⠙⠴"),
    ("#", "▦┏┓┗┛┠"),
    ("=", "◫━"),
    (":", "┆"),
    ("!", "≠"),
    ("f", "ƒ"),
    ("S", "Σ"),
    ("^", "↑↺"),
    ("<", "←◀"),
    ("\\", "⠼⠧⠏"),
];

/// The frames of a spinner, one each tenth of a second.
pub(crate) const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Replaces every sign that the UI itself draws by an ASCII one.
pub(crate) fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let plain = PLAIN.iter().find(|(_, signs)| signs.contains(symbol));
        if let Some((plain, _)) = plain {
            cell.set_symbol(plain);
        }
    }
}
