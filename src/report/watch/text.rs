//! A round for people: what changed, who depends on it, what it means for OpenMetadata.

use std::fmt::Write as _;

use super::{WatchReport, is_told_to_stop};
use crate::lineage::Coverage;
use crate::model::display::clean;
use crate::report::diff::diff_text_of;
use crate::report::sync::{name_of, plural, sign};
use crate::watch::{
    Affected, Applied, Breakage, Cause, Comparison, Drift, EdgeEnds, LineageChanges,
};

/// Datasets, edges and items named one by one, of each sort; more are counted.
const NAMED: usize = 20;
/// Dependants of one thing that are named.
const DEPENDANTS: usize = 8;

impl WatchReport<'_> {
    /// The block of a round with news.
    pub fn to_text(&self) -> String {
        let round = self.round;
        let mut text = format!("{}  {}", time(&round.began_at), clean(&round.server.host));
        match &round.comparison {
            Some(comparison) if !comparison.is_empty() => {
                let _ = writeln!(text, ", compared with {}", time(&comparison.since));
                push_changes(&mut text, comparison);
            }
            Some(_) => text.push_str(": nothing has changed\n"),
            None => text.push_str(": first reading\n"),
        }
        if let Some(Ok(drift)) = &round.drift
            && (drift.is_news || round.has_changes())
        {
            push_drift(&mut text, drift);
        }
        text
    }

    /// One line that says how a round went without news.
    pub fn summary(&self) -> String {
        let round = self.round;
        let since = match &round.comparison {
            Some(comparison) if comparison.is_empty() => {
                format!("nothing has changed since {}", time(&comparison.since))
            }
            Some(comparison) => format!("compared with {}", time(&comparison.since)),
            None => "first reading, which later ones are compared with".to_owned(),
        };
        let mut text = format!(
            "{}: {since}; {} datasets, {} of {} views read wholly",
            clean(&round.server.host),
            round.datasets,
            round.coverage.parsed,
            round.coverage.views,
        );
        match &round.drift {
            Some(Ok(drift)) if drift.pending() == 0 => {
                text.push_str("; OpenMetadata is up to date");
            }
            Some(Ok(drift)) => {
                let _ = write!(text, "; OpenMetadata differs in {} items", drift.pending());
            }
            Some(Err(error)) if !is_told_to_stop(error) => {
                text.push_str("; OpenMetadata could not be compared");
            }
            Some(Err(_)) | None => {}
        }
        text
    }
}

/// To the second: `2026-01-31T09:05:00Z`.
fn time(rfc3339: &str) -> String {
    let text = clean(rfc3339);
    text.split_once('.').map_or_else(|| text.to_string(), |(seconds, _)| format!("{seconds}Z"))
}

fn push_changes(text: &mut String, comparison: &Comparison) {
    if !comparison.diff.is_empty() {
        text.push_str(&diff_text_of(&comparison.diff, NAMED));
    }
    push_lineage(text, comparison);
    for breakage in &comparison.breakages.told {
        push_breakage(text, breakage);
    }
    if comparison.breakages.left_out > 0 {
        let _ = writeln!(text, "… and {} more that others use", comparison.breakages.left_out);
    }
}

fn push_lineage(text: &mut String, comparison: &Comparison) {
    let lineage = &comparison.lineage;
    if lineage.is_empty() {
        return;
    }
    let counts = [
        (lineage.edges_added.len(), "edges added"),
        (lineage.edges_removed.len(), "edges removed"),
        (lineage.edges_changed.len(), "edges with other columns"),
        (lineage.broken.len(), "references broken"),
        (lineage.mended.len(), "references mended"),
    ];
    let mut parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| match words.split_once(' ') {
            Some((noun, rest)) if *count == 1 => {
                format!("1 {} {rest}", noun.trim_end_matches('s'))
            }
            _ => format!("{count} {words}"),
        })
        .collect();
    parts.extend(coverage(lineage));
    let _ = writeln!(text, "lineage: {}", parts.join(", "));
    // Edges of what came or went go without saying.
    let diff = &comparison.diff;
    let is_told = |ends: &&EdgeEnds| {
        let states = diff.added.iter().chain(&diff.removed);
        let mut paths = states.map(|state| &state.path);
        !paths.any(|path| path.is_same(&ends.from) || path.is_same(&ends.to))
    };
    push_edges(text, '+', lineage.edges_added.iter().filter(is_told));
    push_edges(text, '-', lineage.edges_removed.iter().filter(is_told));
    push_edges(text, '~', lineage.edges_changed.iter().map(|change| &change.ends));
    for view in lineage.views.iter().take(NAMED) {
        let sign = if view.is_worse() { '!' } else { '✓' };
        let (before, after) = (view.before.name(), view.after.name());
        let _ =
            writeln!(text, "  {sign} {}: SQL {before} → {after}", clean(&view.path.to_string()));
    }
    for broken in lineage.broken.iter().take(NAMED) {
        let at = broken.at.map(|at| format!(" (line {}, column {})", at.line, at.column));
        let _ = writeln!(
            text,
            "  ✗ {}: {}{}",
            clean(&broken.view.to_string()),
            clean(&broken.message),
            at.unwrap_or_default(),
        );
    }
    push_more(text, lineage.broken.len());
    for mended in lineage.mended.iter().take(NAMED) {
        let (view, message) = (mended.view.to_string(), &mended.message);
        let _ = writeln!(text, "  ✓ {}: no longer “{}”", clean(&view), clean(message));
    }
    push_more(text, lineage.mended.len());
}

fn coverage(lineage: &LineageChanges) -> Option<String> {
    let (before, after) = (lineage.coverage_before, lineage.coverage);
    let words = |coverage: Coverage| format!("{} of {}", coverage.parsed, coverage.views);
    if (before.parsed, before.views) != (after.parsed, after.views) {
        return Some(format!("views read wholly {} → {}", words(before), words(after)));
    }
    let words = |coverage: Coverage| format!("{} of {}", coverage.traced_columns, coverage.columns);
    (before != after).then(|| format!("columns traced {} → {}", words(before), words(after)))
}

fn push_edges<'a>(text: &mut String, sign: char, edges: impl Iterator<Item = &'a EdgeEnds>) {
    let mut count = 0;
    for EdgeEnds { from, to } in edges {
        count += 1;
        if count <= NAMED {
            let (from, to) = (from.to_string(), to.to_string());
            let _ = writeln!(text, "  {sign} {} → {}", clean(&from), clean(&to));
        }
    }
    push_more(text, count);
}

fn push_more(text: &mut String, count: usize) {
    if count > NAMED {
        let _ = writeln!(text, "  … and {} more", count - NAMED);
    }
}

fn push_breakage(text: &mut String, breakage: &Breakage) {
    let path = clean(&breakage.path.to_string()).into_owned();
    let what = match &breakage.cause {
        Cause::DatasetRemoved => format!("{path} is gone"),
        Cause::ColumnRemoved { column } => format!("{path}: column {} is gone", clean(column)),
        Cause::ColumnRetyped { column, before, after } => {
            format!("{path}: column {} was {}, is {}", clean(column), clean(before), clean(after))
        }
    };
    let count = breakage.affected.len();
    let _ =
        writeln!(text, "{what}; {count} {} on it:", if count == 1 { "depends" } else { "depend" });
    for one in breakage.affected.iter().take(DEPENDANTS) {
        push_affected(text, one);
    }
    if count > DEPENDANTS {
        let _ = writeln!(text, "    … and {} more", count - DEPENDANTS);
    }
}

fn push_affected(text: &mut String, one: &Affected) {
    let sign = if one.broken.is_some() { '✗' } else { ' ' };
    let _ = write!(text, "  {sign} {}", clean(&one.path.to_string()));
    match (&one.broken, one.whole) {
        (Some(_), _) => text.push_str(", broken"),
        (None, false) if !one.columns.is_empty() => {
            let _ = write!(text, " ({})", clean(&one.columns.join(", ")));
        }
        (None, _) => {}
    }
    if one.hops > 1 {
        let _ = write!(text, ", {} hops away", one.hops);
    }
    text.push('\n');
}

fn push_drift(text: &mut String, drift: &Drift) {
    let mut sorts = Vec::new();
    for sort in ["service", "database", "schema", "table", "edge"] {
        let Some(actions) = drift.counts.get(sort) else { continue };
        let counts: Vec<String> = ["create", "update", "restore", "delete", "conflict"]
            .iter()
            .filter_map(|action| Some(format!("{} {action}", actions.get(*action)?)))
            .collect();
        if !counts.is_empty() {
            sorts.push(format!("{} {}", plural(sort), counts.join(", ")));
        }
    }
    let (host, service) = (clean(&drift.server.host), clean(&drift.service));
    if sorts.is_empty() {
        let _ = writeln!(text, "OpenMetadata {host}, service {service}: up to date");
        return;
    }
    let _ = writeln!(text, "OpenMetadata {host}, service {service}: {}", sorts.join("; "));
    for item in drift.items.iter().take(NAMED) {
        let (sort, name) = name_of(&item.key);
        let _ = writeln!(text, "  {} {sort:<9} {}", sign(item.action), clean(&name));
    }
    push_more(text, drift.items.len());
    if let Some(why) = &drift.held_back {
        let _ = writeln!(text, "{}", clean(why));
    }
    match &drift.applied {
        Some(applied) => push_applied(text, drift, applied),
        None if drift.held_back.is_none() && drift.pending() > 0 => {
            text.push_str("nothing of this may be written unseen; `sync` shows it and writes it\n");
        }
        None => {}
    }
}

fn push_applied(text: &mut String, drift: &Drift, applied: &Applied) {
    let mut failed = 0;
    for (key, reason) in drift.failures() {
        failed += 1;
        if failed <= NAMED {
            let (sort, name) = name_of(key);
            let _ = writeln!(text, "  ✗ {sort:<9} {}: {}", clean(&name), clean(reason));
        }
    }
    push_more(text, failed);
    let statistics = &applied.statistics;
    let _ = write!(
        text,
        "written: {} databases, {} schemas, {} tables, {} edges",
        statistics.databases, statistics.schemas, statistics.tables, statistics.edges,
    );
    let counts = [
        (statistics.deleted, "deleted"),
        (failed, "failed"),
        (statistics.excluded, "not permitted"),
        (statistics.not_begun, "not begun"),
    ];
    for (count, word) in counts.iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {count} {word}");
    }
    text.push('\n');
    if let Some(why) = &applied.ended_early {
        let _ = writeln!(text, "ended early: {}", clean(why));
    }
}
