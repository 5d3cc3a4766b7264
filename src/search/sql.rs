//! Looking through the SQL of views.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use regex::{Regex, RegexBuilder};

use super::index::Index;
use super::query::Scope;

/// How many texts one task looks at between two checks for cancellation.
const SQL_CHUNK: usize = 512;
/// Where all is searched, fewer letters than this are not looked for in SQL: they are everywhere in it.
const SHORTEST_IN_SQL: usize = 3;

/// What is looked for in SQL: the words with any white space between them.
pub(super) fn in_sql(text: &str, scope: Scope) -> Option<Regex> {
    let shortest = match scope {
        Scope::All => SHORTEST_IN_SQL,
        Scope::Sql => 1,
        Scope::Datasets | Scope::Columns | Scope::Labels => return None,
    };
    if text.chars().count() < shortest {
        return None;
    }
    let words: Vec<String> = text.split_whitespace().map(regex::escape).collect();
    let mut pattern = RegexBuilder::new(&words.join(r"\s+"));
    // Without Unicode's cases the search is several times as fast, and for ASCII they add nothing
    // but oddities such as the Kelvin sign.
    pattern.case_insensitive(true).unicode(!text.is_ascii()).build().ok()
}

/// The views whose SQL matches, in catalogue order.
pub(super) fn scan_sql(
    index: &Index,
    pattern: &Regex,
    among: Option<&[u32]>,
    cancelled: &AtomicBool,
) -> Option<Vec<u32>> {
    let count = among.map_or(index.sqls.len(), <[u32]>::len);
    let chunks: Vec<Vec<u32>> = (0..count.div_ceil(SQL_CHUNK))
        .into_par_iter()
        .map(|chunk| {
            if cancelled.load(Ordering::Relaxed) {
                return Vec::new();
            }
            (chunk * SQL_CHUNK..count.min((chunk + 1) * SQL_CHUNK))
                .filter_map(|at| among.map_or_else(|| u32::try_from(at).ok(), |m| Some(m[at])))
                .filter(|at| pattern.is_match(&index.sqls[*at as usize].1))
                .collect()
        })
        .collect();
    (!cancelled.load(Ordering::Relaxed)).then(|| chunks.concat())
}
