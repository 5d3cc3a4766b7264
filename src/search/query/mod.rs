//! [`Query`] and what it finds.
//!
//! The words of a query are matched fuzzily, all of them, in any order of the path. For columns the
//! last word (or what follows the last dot) is looked for in the column's name and what comes before
//! it in the dataset's path: `orders cust` and `orders.cust` find `customer_id` of `fct_orders`. SQL is
//! searched for the words as they stand, one after the other.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use nucleo_matcher::{Matcher, Utf32Str};
use regex::Regex;

use super::index::{Index, Place};
use super::matching::{Needle, Scorer, Top, best, scan};
use super::sql::{in_sql, scan_sql};
use crate::model::NodeId;

#[cfg(test)]
mod tests;

/// Of how many times the hits wanted an exact score is made.
const FINALISTS: usize = 4;
/// What a match within a dataset's own name is worth over one spread along its path.
const OWN_NAME_BONUS: u32 = 24;

/// What to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything: names first, then labels, then SQL.
    #[default]
    All,
    /// Datasets only.
    Datasets,
    /// Columns only.
    Columns,
    /// Labels only.
    Labels,
    /// The SQL of views only.
    Sql,
}

/// A text to look for.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    scope: Scope,
    whole: Needle,
    /// For columns: what the dataset's path must match, and what the name must.
    split: (Option<Needle>, Needle),
    /// For SQL; absent if that is not looked through.
    sql: Option<Regex>,
}

/// Which part of a dataset was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its path.
    Path,
    /// The column at this position.
    Column(usize),
    /// A label, see [`Index::label`].
    Label(usize),
    /// Its SQL, on this line (from 0).
    Sql(usize),
}

/// One thing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The dataset.
    pub node: NodeId,
    /// What of it.
    pub part: Part,
    /// How well it matches; higher is better.
    pub score: u32,
}

/// What a search found, best first.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best hits.
    pub hits: Vec<Hit>,
    /// How many datasets match in all.
    pub datasets: usize,
    /// How many columns match in all.
    pub columns: usize,
    /// How many labels match in all.
    pub labels: usize,
    /// How many views' SQL matches in all.
    pub sqls: usize,
    matched: Matched,
}

/// The texts that matched, so that a longer query need look at no others.
#[derive(Clone, Debug, Default)]
struct Matched {
    query: Option<Query>,
    paths: Vec<u32>,
    names: Vec<u32>,
    sqls: Vec<u32>,
}

impl Query {
    /// A query for what somebody typed.
    pub fn new(text: &str, scope: Scope) -> Self {
        let text = text.trim();
        let (before, last) = match text.rsplit_once(char::is_whitespace) {
            Some((before, last)) => (before.trim(), last),
            None => text.rsplit_once('.').unwrap_or(("", text)),
        };
        let before = (!before.is_empty()).then(|| Needle::new(before));
        Self {
            text: text.to_owned(),
            scope,
            whole: Needle::new(text),
            split: (before, Needle::new(last)),
            sql: in_sql(text, scope),
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text looked for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything that matches `self` also matches `shorter`.
    fn narrows(&self, shorter: &Self) -> bool {
        // Only a letter added at the end of the last word narrows the words on both sides alike.
        self.scope == shorter.scope
            && !shorter.text.is_empty()
            && self.text.starts_with(&shorter.text)
            && !self.text[shorter.text.len()..].contains(|c: char| c.is_whitespace() || c == '.')
    }

    /// Looks for the best `limit` hits. `previous` is what a shorter query found in the same index;
    /// it saves work where it applies. `None` when `cancelled` was set meanwhile.
    pub fn search(
        &self,
        index: &Index,
        previous: Option<&Found>,
        limit: usize,
        cancelled: &AtomicBool,
    ) -> Option<Found> {
        if self.is_empty() {
            return Some(Found::default());
        }
        let previous = previous
            .map(|found| &found.matched)
            .filter(|matched| matched.query.as_ref().is_some_and(|shorter| self.narrows(shorter)));
        let (before, last) = &self.split;
        // The words before the last come first: few datasets have them, and only these and their
        // columns need be looked at.
        let allowed = match before {
            Some(needle) if matches!(self.scope, Scope::All | Scope::Columns) => {
                Some(scan(&index.paths, needle, None, |_| true, cancelled)?)
            }
            _ => None,
        };
        let mut paths = Vec::new();
        if matches!(self.scope, Scope::All | Scope::Datasets) {
            let with_before: Option<Vec<u32>> = match &allowed {
                // Before a blank it makes one word of two.
                Some(allowed) if !self.text.contains('\\') => {
                    Some(allowed.iter().map(|(at, _)| *at).collect())
                }
                _ => None,
            };
            let among = previous.map(|matched| &matched.paths[..]).or(with_before.as_deref());
            paths = scan(&index.paths, &self.whole, among, |_| true, cancelled)?;
        }
        let allowed = allowed.map(|allowed| {
            let mut path_scores = vec![0_u32; index.nodes.len()];
            for (at, score) in allowed {
                path_scores[at as usize] = score.max(1);
            }
            path_scores
        });
        let mut names = Vec::new();
        if matches!(self.scope, Scope::All | Scope::Columns) {
            let among = previous.map(|matched| &matched.names[..]);
            let is_somewhere = |name: usize| {
                allowed.as_ref().is_none_or(|path_scores| {
                    let places = index.places_of(name);
                    places.iter().any(|place| path_scores[place.dataset as usize] > 0)
                })
            };
            names = scan(&index.names, last, among, is_somewhere, cancelled)?;
        }
        let sqls = match &self.sql {
            Some(pattern) => {
                // The shorter query may have been too short to look through SQL.
                let among = previous.filter(|matched| {
                    matched.query.as_ref().is_some_and(|shorter| shorter.sql.is_some())
                });
                scan_sql(index, pattern, among.map(|matched| &matched.sqls[..]), cancelled)?
            }
            None => Vec::new(),
        };
        let mut labels = Vec::new();
        if matches!(self.scope, Scope::All | Scope::Labels) {
            labels = scan(&index.labels, &self.whole, None, |_| true, cancelled)?;
        }
        let mut found = Found {
            datasets: paths.len(),
            matched: Matched {
                query: Some(self.clone()),
                paths: paths.iter().map(|(at, _)| *at).collect(),
                names: names.iter().map(|(at, _)| *at).collect(),
                sqls,
            },
            ..Found::default()
        };
        let mut scorer = Scorer::default();
        self.add_datasets(index, &paths, limit, &mut scorer, &mut found);
        self.add_columns(index, &names, allowed, limit, &mut scorer, &mut found);
        self.add_labels(index, &labels, limit, &mut scorer, &mut found);
        self.add_sql(index, limit, &mut found);
        // Stable: among equals, datasets stay before columns and both in catalogue order.
        found.hits.sort_by_key(|hit| Reverse(hit.score));
        found.hits.truncate(limit);
        Some(found)
    }

    fn add_datasets(
        &self,
        index: &Index,
        paths: &[(u32, u32)],
        limit: usize,
        scorer: &mut Scorer,
        found: &mut Found,
    ) {
        for (at, _) in best(paths.iter().copied(), limit * FINALISTS) {
            let at = at as usize;
            let path = index.paths.get(at);
            let own = &path[index.name_starts[at] as usize..];
            let mut score = scorer.score(&self.whole, path).unwrap_or(0);
            if scorer.score(&self.split.1, own).is_some() {
                score += OWN_NAME_BONUS;
            }
            if own.eq_ignore_ascii_case(&self.text) {
                score += OWN_NAME_BONUS;
            }
            found.hits.push(Hit { node: index.nodes[at], part: Part::Path, score });
        }
    }

    fn add_labels(
        &self,
        index: &Index,
        labels: &[(u32, u32)],
        limit: usize,
        scorer: &mut Scorer,
        found: &mut Found,
    ) {
        for (label, _) in labels {
            let label = *label as usize;
            let places = index.labelled(label);
            found.labels += places.len();
            let score = scorer.score(&self.whole, index.label(label)).unwrap_or(0);
            found.hits.extend(places.iter().take(limit).map(|dataset| Hit {
                node: index.nodes[*dataset as usize],
                part: Part::Label(label),
                score,
            }));
        }
    }

    /// The matches in SQL that `found` has taken down, after everything that has a score.
    fn add_sql(&self, index: &Index, limit: usize, found: &mut Found) {
        let Some(pattern) = &self.sql else { return };
        found.sqls = found.matched.sqls.len();
        for at in found.matched.sqls.iter().take(limit) {
            let (dataset, sql) = &index.sqls[*at as usize];
            let Some(place) = pattern.find(sql) else { continue };
            let line = sql[..place.start()].matches('\n').count();
            let node = index.nodes[*dataset as usize];
            found.hits.push(Hit { node, part: Part::Sql(line), score: 0 });
        }
    }

    /// `path_scores` says for each dataset how well the words before the last match, 0 for not at
    /// all; absent where there are none.
    fn add_columns(
        &self,
        index: &Index,
        names: &[(u32, u32)],
        path_scores: Option<Vec<u32>>,
        limit: usize,
        scorer: &mut Scorer,
        found: &mut Found,
    ) {
        let (before, last) = &self.split;
        let (Some(before), Some(path_scores)) = (before, path_scores) else {
            found.columns = names.iter().map(|(at, _)| index.places_of(*at as usize).len()).sum();
            // Every name has at least one column, so the best names are enough.
            let finalists = best(names.iter().copied(), limit * FINALISTS);
            let rescored = finalists
                .into_iter()
                .map(|(at, _)| (at, scorer.score(last, index.names.get(at as usize)).unwrap_or(0)));
            let mut left = limit;
            for (at, score) in best(rescored, limit) {
                for place in index.places_of(at as usize).iter().take(left) {
                    found.hits.push(column_hit(index, *place, score));
                    left -= 1;
                }
            }
            return;
        };
        let mut top = Top::new(limit * FINALISTS);
        for (name, score) in names {
            for place in index.places_of(*name as usize) {
                let path_score = path_scores[place.dataset as usize];
                if path_score > 0 {
                    found.columns += 1;
                    top.push((*name, place.dataset, place.column), score + path_score);
                }
            }
        }
        for ((name, dataset, column), _) in top.into_sorted() {
            let name = scorer.score(last, index.names.get(name as usize));
            let path = scorer.score(before, index.paths.get(dataset as usize));
            let place = Place { dataset, column };
            found.hits.push(column_hit(index, place, name.unwrap_or(0) + path.unwrap_or(0)));
        }
    }

    /// Which bytes of a piece of SQL matched first.
    pub fn matched_sql(&self, sql: &str) -> Option<Range<usize>> {
        Some(self.sql.as_ref()?.find(sql)?.range())
    }

    /// Which characters (counted from 0) of a dataset's, column's or label's name matched.
    pub fn matched_chars(&self, text: &str, of_column: bool) -> Vec<u32> {
        let mut matcher = Matcher::default();
        let mut buffer = Vec::new();
        let mut indices = Vec::new();
        let text = Utf32Str::new(text, &mut buffer);
        let in_whole =
            !of_column && self.whole.pattern.indices(text, &mut matcher, &mut indices).is_some();
        if !in_whole {
            indices.clear();
            self.split.1.pattern.indices(text, &mut matcher, &mut indices);
        }
        indices.sort_unstable();
        indices.dedup();
        indices
    }
}

fn column_hit(index: &Index, place: Place, score: u32) -> Hit {
    let part = Part::Column(place.column as usize);
    Hit { node: index.nodes[place.dataset as usize], part, score }
}
