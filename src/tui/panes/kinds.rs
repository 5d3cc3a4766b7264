//! What each kind of node looks like: a sign, a role, words.

use ratatui::style::Style;

use crate::model::{NodeErrorKind, NodeKind, NodeRef, SourceHealth};
use crate::tui::theme::Theme;

/// The sign in front of a name. Each is one cell wide in every terminal.
pub(crate) fn sign(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Home => "⌂",
        NodeKind::Space => "◇",
        NodeKind::Source => "◆",
        NodeKind::Folder => "▪",
        NodeKind::File => "▫",
        NodeKind::Table(_) => "▦",
        NodeKind::View => "◫",
        NodeKind::Function => "ƒ",
        NodeKind::Unknown => "?",
    }
}

/// The look of the sign.
pub(crate) fn style(kind: NodeKind, theme: &Theme) -> Style {
    match kind {
        NodeKind::Home | NodeKind::Space | NodeKind::Source => theme.root,
        NodeKind::Folder => theme.folder,
        NodeKind::Table(_) => theme.table,
        NodeKind::View => theme.view,
        NodeKind::Function => theme.function,
        NodeKind::File | NodeKind::Unknown => theme.soft,
    }
}

/// What is wrong with a node, in a word or two; `None` if nothing is.
pub(crate) fn trouble(node: NodeRef<'_>) -> Option<(&'static str, bool)> {
    let from_error = node.error().map(|error| match error.kind {
        NodeErrorKind::SourceDown => "down",
        NodeErrorKind::Forbidden => "no access",
        NodeErrorKind::NotFound => "gone",
        NodeErrorKind::Unavailable => "failed",
        NodeErrorKind::Malformed => "unreadable",
        NodeErrorKind::Other => "error",
    });
    match node.source().map(|source| source.health) {
        Some(SourceHealth::Bad) => Some(("down", true)),
        Some(SourceHealth::Warn) if from_error.is_none() => Some(("warns", false)),
        _ => from_error.map(|word| (word, true)),
    }
}
