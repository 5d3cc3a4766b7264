//! What the parts of a lineage are called and what they look like: signs, words and roles.

use ratatui::style::{Modifier, Style};

use crate::lineage::{LineageGraph, LineageNode, NodeIndex, NodeRole, ReadingStatus};
use crate::model::display::{clean, truncate_middle, width};
use crate::model::path::fold;
use crate::sqlflow::{Confidence, Kind};
use crate::tui::theme::Theme;

/// The sign of a role, one cell wide.
pub(super) fn sign(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Table => "▦",
        NodeRole::View => "◫",
        NodeRole::Source => "◆",
        NodeRole::System => "▪",
        NodeRole::Missing => "?",
        NodeRole::Exposure => "●",
    }
}

/// The head of an arrow that stands for an edge which only dbt tells, and the same in ASCII.
pub(super) const DBT_ONLY: (&str, &str) = ("▷", "o");

/// The word for a role.
pub(super) fn word(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Missing => "not in the catalogue",
        role => role.name(),
    }
}

/// The look of a role.
pub(super) fn style(role: NodeRole, theme: &Theme) -> Style {
    match role {
        NodeRole::Table => theme.table,
        NodeRole::View => theme.view,
        NodeRole::Source => theme.root,
        NodeRole::System => theme.function,
        NodeRole::Missing => theme.soft,
        // Not underlined: borders have this look too.
        NodeRole::Exposure => theme.link.remove_modifier(Modifier::UNDERLINED),
    }
}

/// What is wrong with how a view was read, in a few words, and whether that is grave.
pub(super) fn trouble(node: &LineageNode) -> Option<(&'static str, bool)> {
    let reading = node.reading.as_ref()?;
    match reading.status {
        ReadingStatus::Parsed if reading.diagnostics.is_empty() => None,
        ReadingStatus::Parsed => Some(("remarks", false)),
        ReadingStatus::Partial => Some(("read in part", false)),
        ReadingStatus::Failed => Some(("SQL not understood", true)),
        ReadingStatus::Hidden => Some(("SQL hidden", false)),
        ReadingStatus::Unread => Some(("not read", false)),
    }
}

/// A kind of step in a word that is short enough to stand beside a column.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Constant => "const",
        Kind::Identity => "copy",
        Kind::Expression => "expr",
        Kind::Aggregation => "aggr",
        Kind::Window => "window",
    }
}

/// How a column comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Made {
    /// By a step of this kind.
    By(Kind),
    /// Its value is only chosen by what it comes from.
    Chosen,
}

impl Made {
    /// Every way, for the legend.
    pub(super) const ALL: [Self; 6] = [
        Self::By(Kind::Identity),
        Self::By(Kind::Expression),
        Self::By(Kind::Aggregation),
        Self::By(Kind::Window),
        Self::By(Kind::Constant),
        Self::Chosen,
    ];

    /// A short word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::By(kind) => self::kind(kind),
            Self::Chosen => "cond",
        }
    }

    /// A sign of one cell, where there is no room for the word.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::By(Kind::Constant) => "c",
            Self::By(Kind::Identity) => "→",
            Self::By(Kind::Expression) => "ƒ",
            Self::By(Kind::Aggregation) => "Σ",
            Self::By(Kind::Window) => "w",
            Self::Chosen => "?",
        }
    }

    /// What the sign means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::By(Kind::Constant) => "constant",
            Self::By(Kind::Identity) => "copied",
            Self::By(Kind::Expression) => "computed",
            Self::By(Kind::Aggregation) => "aggregated",
            Self::By(Kind::Window) => "window",
            Self::Chosen => "chosen by",
        }
    }
}

/// How a column of a node is made, as far as its sources tell.
pub(super) fn column_kind(graph: &LineageGraph, node: NodeIndex, folded: &str) -> Option<Made> {
    let mut strongest = None;
    let mut flows = false;
    for (_, edge) in graph.upstream(node) {
        for step in edge.columns.iter().filter(|step| fold(&step.to) == folded) {
            strongest = strongest.max(Some(step.kind));
            flows |= step.influence.is_direct();
        }
    }
    if flows { strongest.map(Made::By) } else { strongest.map(|_| Made::Chosen) }
}

/// How sure an edge is, in words.
pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "a guess: the SQL was not understood",
        Confidence::Assumed => "as written: not in the catalogue",
        Confidence::Found => "certain",
    }
}

/// A path in `cells`: where all of it has no room, its name and the folders nearest to it.
pub(super) fn path(whole: &str, parts: &[String], cells: usize) -> String {
    let whole = clean(whole);
    if width(&whole) <= cells {
        return whole.into_owned();
    }
    let mut near = parts.iter().rev();
    let mut short = near.next().map(|name| clean(name).into_owned()).unwrap_or_default();
    for part in near {
        let longer = format!("{}.{short}", clean(part));
        if width(&longer) + 1 > cells {
            break;
        }
        short = longer;
    }
    if width(&short) < cells {
        format!("…{short}")
    } else {
        truncate_middle(&short, cells).into_owned()
    }
}

/// The folder of a path, each part fit to be shown.
pub(super) fn folder(parts: &[String]) -> String {
    let above = parts.split_last().map_or(&[][..], |(_, above)| above);
    above.iter().map(|part| clean(part)).collect::<Vec<_>>().join(".")
}
