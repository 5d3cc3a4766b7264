//! [`Query`] and what it finds.
//!
//! The words of a query are matched fuzzily, all of them, in any order of the path. For columns the
//! last word (or what follows the last dot) is looked for in the column's name and what comes before
//! it in the dataset's path: `orders cust` and `orders.cust` find `customer_id` of `fct_orders`. SQL is
//! searched for the words as they stand, one after the other.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Matcher, Utf32Str};
use rayon::prelude::*;
use regex::{Regex, RegexBuilder};

use super::index::{Index, Place, Texts, letter_mask};
use crate::model::NodeId;

/// How many texts one task looks at between two checks for cancellation.
const CHUNK: usize = 8_192;
/// The same for SQL, which is longer than a name.
const SQL_CHUNK: usize = 512;
/// Where all is searched, fewer letters than this are not looked for in SQL: they are everywhere in it.
const SHORTEST_IN_SQL: usize = 3;
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

/// A pattern and the letters that any match must have.
#[derive(Clone, Debug)]
struct Needle {
    pattern: Pattern,
    mask: u64,
    /// The letters if they are one word of ASCII, which is looked for roughly first.
    plain: Option<Box<[u8]>>,
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

impl Needle {
    fn new(text: &str) -> Self {
        let pattern =
            Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let bytes = text.as_bytes();
        let is_plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic);
        let plain = is_plain.then(|| bytes.into());
        Self { pattern, mask: letter_mask(text), plain }
    }
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
        let mut paths = Vec::new();
        if matches!(self.scope, Scope::All | Scope::Datasets) {
            let among = previous.map(|matched| &matched.paths[..]);
            paths = scan(&index.paths, &self.whole, among, cancelled)?;
        }
        let mut names = Vec::new();
        if matches!(self.scope, Scope::All | Scope::Columns) {
            let among = previous.map(|matched| &matched.names[..]);
            names = scan(&index.names, last, among, cancelled)?;
        }
        let allowed = match before {
            Some(needle) if !names.is_empty() => Some(scan(&index.paths, needle, None, cancelled)?),
            _ => None,
        };
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
            labels = scan(&index.labels, &self.whole, None, cancelled)?;
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

    fn add_columns(
        &self,
        index: &Index,
        names: &[(u32, u32)],
        allowed: Option<Vec<(u32, u32)>>,
        limit: usize,
        scorer: &mut Scorer,
        found: &mut Found,
    ) {
        let (before, last) = &self.split;
        let (Some(before), Some(allowed)) = (before, allowed) else {
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
        let mut path_scores = vec![0_u32; index.nodes.len()];
        for (at, score) in allowed {
            path_scores[at as usize] = score.max(1);
        }
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

/// What is looked for in SQL: the words with any white space between them.
fn in_sql(text: &str, scope: Scope) -> Option<Regex> {
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
fn scan_sql(
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

fn column_hit(index: &Index, place: Place, score: u32) -> Hit {
    let part = Part::Column(place.column as usize);
    Hit { node: index.nodes[place.dataset as usize], part, score }
}

/// The best so many of what is pushed, without keeping the rest.
struct Top<T> {
    limit: usize,
    /// What scores less cannot get in any more.
    bar: u32,
    kept: Vec<(T, u32)>,
}

impl<T: Copy + Ord> Top<T> {
    fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), bar: 0, kept: Vec::new() }
    }

    fn push(&mut self, entry: T, score: u32) {
        if score < self.bar {
            return;
        }
        self.kept.push((entry, score));
        if self.kept.len() >= self.limit * 4 {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > self.limit {
            let key = |(entry, score): &(T, u32)| (Reverse(*score), *entry);
            self.kept.select_nth_unstable_by_key(self.limit, key);
            self.kept.truncate(self.limit);
            self.bar = self.kept.iter().map(|(_, score)| *score).min().unwrap_or(0);
        }
    }

    /// Best first, equals in their own order.
    fn into_sorted(mut self) -> Vec<(T, u32)> {
        self.prune();
        self.kept.sort_unstable_by_key(|(entry, score)| (Reverse(*score), *entry));
        self.kept
    }
}

/// The best `limit` of these, best first, equals in index order.
fn best(scored: impl Iterator<Item = (u32, u32)>, limit: usize) -> Vec<(u32, u32)> {
    let mut top = Top::new(limit);
    for (at, score) in scored {
        top.push(at, score);
    }
    top.into_sorted()
}

/// Scores exactly, one text at a time.
#[derive(Default)]
struct Scorer {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Scorer {
    fn score(&mut self, needle: &Needle, text: &str) -> Option<u32> {
        needle.pattern.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }
}

/// All texts that match, with their scores: rough ones where a rough look is much cheaper. An exact
/// score for the best of them is made afterwards.
fn scan(
    texts: &Texts,
    needle: &Needle,
    among: Option<&[u32]>,
    cancelled: &AtomicBool,
) -> Option<Vec<(u32, u32)>> {
    let count = among.map_or(texts.len(), <[u32]>::len);
    let chunks: Vec<Vec<(u32, u32)>> = (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(Scorer::default, |scorer, chunk| {
            let mut hits = Vec::new();
            if cancelled.load(Ordering::Relaxed) {
                return hits;
            }
            for position in chunk * CHUNK..count.min((chunk + 1) * CHUNK) {
                let at = among.map_or(position, |among| among[position] as usize);
                if !texts.may_match(at, needle.mask) {
                    continue;
                }
                let text = texts.get(at);
                let score = match &needle.plain {
                    Some(letters) if text.is_ascii() => rough_score(text, letters),
                    _ => scorer.score(needle, text),
                };
                if let (Some(score), Ok(at)) = (score, u32::try_from(at)) {
                    hits.push((at, score));
                }
            }
            hits
        })
        .collect();
    (!cancelled.load(Ordering::Relaxed)).then(|| chunks.concat())
}

/// How well letters match, roughly and cheaply: together at the start, at the start of a word, anywhere;
/// apart as initials of words; apart. Short texts first. The same texts match as in a fuzzy search.
fn rough_score(text: &str, letters: &[u8]) -> Option<u32> {
    let bytes = text.as_bytes();
    let (first, rest) = letters.split_first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let starts_word = |at: usize| at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    let mut place = 0;
    for at in 0..(bytes.len() + 1).saturating_sub(letters.len()) {
        let byte = bytes[at];
        if (byte == lower || byte == upper)
            && bytes[at + 1..at + letters.len()].eq_ignore_ascii_case(rest)
        {
            place = 12;
            if starts_word(at) {
                place = if at == 0 { 30 } else { 22 };
                break;
            }
        }
    }
    if place == 0 {
        let mut left = letters;
        let mut are_initials = true;
        for (at, byte) in bytes.iter().enumerate() {
            let Some((letter, rest)) = left.split_first() else { break };
            if byte.eq_ignore_ascii_case(letter) {
                are_initials &= starts_word(at);
                left = rest;
            }
        }
        if !left.is_empty() {
            return None;
        }
        place = if are_initials { 16 } else { 4 };
    }
    let shortness = 8_u32.saturating_sub(u32::try_from(bytes.len() / 4).unwrap_or(u32::MAX));
    Some(place + shortness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
        NodeKind,
    };
    use crate::search::Labels;

    fn item(path: DatasetPath, kind: NodeKind) -> Item {
        Item { path, id: None, kind, raw_kind: None }
    }

    fn catalog(datasets: &[(&str, &[&str])]) -> Catalog {
        let mut catalog = Catalog::new();
        let space = DatasetPath::new(["sales"]);
        catalog.apply(Change::Children {
            parent: DatasetPath::default(),
            items: vec![item(space.clone(), NodeKind::Space)],
            first: true,
            last: true,
        });
        catalog.apply(Change::Children {
            parent: space.clone(),
            items: datasets
                .iter()
                .map(|(name, _)| item(space.join(*name), NodeKind::View))
                .collect(),
            first: true,
            last: true,
        });
        for (name, columns) in datasets {
            let columns = columns
                .iter()
                .map(|name| Column {
                    name: (*name).to_owned(),
                    data_type: DataType::Varchar,
                    nullable: None,
                })
                .collect();
            catalog.apply(Change::Entity(Box::new(Entity {
                item: item(space.join(*name), NodeKind::View),
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(columns),
                    ..DatasetDetail::default()
                }),
            })));
        }
        catalog
    }

    fn names(catalog: &Catalog, found: &Found) -> Vec<String> {
        found
            .hits
            .iter()
            .map(|hit| {
                let node = catalog.get(hit.node).expect("the node is there");
                match hit.part {
                    Part::Path => node.name().to_owned(),
                    Part::Column(at) => {
                        let column = node.schema().get(at).expect("the column is there");
                        format!("{}.{}", node.name(), column.name)
                    }
                    Part::Label(at) => format!("{} #{at}", node.name()),
                    Part::Sql(line) => format!("{}:{line}", node.name()),
                }
            })
            .collect()
    }

    fn search(catalog: &Catalog, text: &str) -> Vec<String> {
        let index = Index::build(catalog, &Labels::default());
        let found = Query::new(text, Scope::All)
            .search(&index, None, 100, &AtomicBool::new(false))
            .expect("not cancelled");
        names(catalog, &found)
    }

    const SHOP: &[(&str, &[&str])] = &[
        ("fct_orders", &["order_id", "customer_id", "amount"]),
        ("dim_customers", &["customer_id", "Größe"]),
        ("orders", &["order_id"]),
    ];

    #[test]
    fn finds_datasets_and_every_column_of_a_name() {
        let catalog = catalog(SHOP);
        assert_eq!(
            search(&catalog, "customer_id"),
            ["fct_orders.customer_id", "dim_customers.customer_id"]
        );
        assert_eq!(search(&catalog, "orders")[..2], ["orders", "fct_orders"]);
        assert_eq!(search(&catalog, "gros"), ["dim_customers.Größe"]);
        assert!(search(&catalog, "zzz").is_empty());
        assert!(search(&catalog, "").is_empty());
    }

    #[test]
    fn words_before_the_last_narrow_the_dataset() {
        let catalog = catalog(SHOP);
        assert_eq!(search(&catalog, "dim cust_id"), ["dim_customers.customer_id"]);
        assert!(search(&catalog, "fct_orders.amo").contains(&"fct_orders.amount".to_owned()));
        assert!(
            !search(&catalog, "dim_customers.amount").contains(&"fct_orders.amount".to_owned())
        );
    }

    #[test]
    fn narrowing_finds_what_a_fresh_search_finds() {
        let catalog = catalog(SHOP);
        let index = Index::build(&catalog, &Labels::default());
        let open = AtomicBool::new(false);
        let mut previous = None;
        for text in ["o", "or", "ord", "orde", "order_", "order_i"] {
            let query = Query::new(text, Scope::All);
            let fresh = query.search(&index, None, 100, &open).expect("not cancelled");
            let found = query.search(&index, previous.as_ref(), 100, &open).expect("not cancelled");
            assert_eq!(names(&catalog, &found), names(&catalog, &fresh), "for {text:?}");
            previous = Some(found);
        }
    }

    #[test]
    fn counts_what_the_limit_leaves_out() {
        let catalog = catalog(SHOP);
        let index = Index::build(&catalog, &Labels::default());
        let found = Query::new("order_id", Scope::Columns)
            .search(&index, None, 1, &AtomicBool::new(false))
            .expect("not cancelled");
        assert_eq!((found.hits.len(), found.columns, found.datasets), (1, 2, 0));
    }

    #[test]
    fn a_rough_look_finds_what_a_fuzzy_search_matches() {
        for text in ["order_customer", "Customer", "product", "oc", "c", "", "x_o_c"] {
            for letters in ["c", "oc", "co", "ord", "xyz"] {
                let pattern = Needle::new(letters).pattern;
                let mut matcher = Matcher::default();
                let fuzzy = pattern.score(Utf32Str::Ascii(text.as_bytes()), &mut matcher);
                let rough = rough_score(text, letters.as_bytes());
                assert_eq!(rough.is_some(), fuzzy.is_some(), "{letters:?} in {text:?}");
            }
        }
        assert!(rough_score("order_customer", b"cus") > rough_score("discus", b"cus"));
        assert!(rough_score("order_customer", b"oc") > rough_score("orbiting_basic", b"oc"));
    }

    #[test]
    fn finds_labels_and_pieces_of_sql() {
        let mut catalog = catalog(SHOP);
        let path = DatasetPath::new(["sales", "orders"]);
        let sql = "SELECT order_id\nFROM lake.raw\n  LEFT  JOIN x ON Kundengröße > 1";
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(path.clone(), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(Vec::new()),
                sql: Some(sql.to_owned()),
                ..DatasetDetail::default()
            }),
        })));
        let node = catalog.at(&path).expect("it is there").id();
        let labels = Labels::from_iter([(node, vec!["gold".to_owned(), "pii".to_owned()])]);
        let index = Index::build(&catalog, &labels);
        let find = |text: &str, scope| {
            Query::new(text, scope)
                .search(&index, None, 10, &AtomicBool::new(false))
                .expect("not cancelled")
        };
        assert_eq!(names(&catalog, &find("gol", Scope::All)), ["orders #0"]);
        assert_eq!(names(&catalog, &find("pi", Scope::Labels)), ["orders #1"]);
        assert_eq!(index.label(1), "pii");
        assert_eq!(names(&catalog, &find("left join", Scope::All)), ["orders:2"]);
        assert_eq!(names(&catalog, &find("KUNDENGRÖSSE", Scope::Sql)), [""; 0]);
        assert_eq!(names(&catalog, &find("kundengröße", Scope::Sql)), ["orders:2"]);
        // Everything is named `order…` first; what the SQL says comes last.
        let all = names(&catalog, &find("order_id", Scope::All));
        assert_eq!(all.last().map(String::as_str), Some("orders:0"));
        assert!(find("or", Scope::All).sqls == 0 && find("or", Scope::Sql).sqls == 1);
        assert_eq!(find("left join", Scope::Datasets).sqls, 0);
        let query = Query::new("left join", Scope::Sql);
        assert_eq!(query.matched_sql(sql).map(|range| &sql[range]), Some("LEFT  JOIN"));
    }

    #[test]
    fn narrowing_in_sql_finds_what_a_fresh_search_finds() {
        let mut catalog = catalog(SHOP);
        for (name, sql) in [("orders", "SELECT customer_id"), ("fct_orders", "SELECT 1 AS cust")] {
            catalog.apply(Change::Entity(Box::new(Entity {
                item: item(DatasetPath::new(["sales", name]), NodeKind::View),
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(Vec::new()),
                    sql: Some(sql.to_owned()),
                    ..DatasetDetail::default()
                }),
            })));
        }
        let index = Index::build(&catalog, &Labels::default());
        let open = AtomicBool::new(false);
        let mut previous = None;
        let mut counts = Vec::new();
        for text in ["cu", "cus", "cust", "custo"] {
            let query = Query::new(text, Scope::All);
            let found = query.search(&index, previous.as_ref(), 10, &open).expect("not cancelled");
            counts.push(found.sqls);
            previous = Some(found);
        }
        assert_eq!(counts, [0, 2, 2, 1]);
    }

    #[test]
    fn stops_when_cancelled() {
        let catalog = catalog(SHOP);
        let index = Index::build(&catalog, &Labels::default());
        let query = Query::new("o", Scope::All);
        assert!(query.search(&index, None, 10, &AtomicBool::new(true)).is_none());
    }
}
