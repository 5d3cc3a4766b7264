//! The SQL that a column comes through: not only the item of the outermost select, but also those of CTEs,
//! of subqueries in FROM and of the branches of a UNION.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::bind::{Binder, Column, Step, Via};
use super::lineage::Fragment;
use super::text::LineIndex;

/// So many select items are followed for one column.
const MOST: usize = 64;
/// So many pairs of a select item and a source are looked at for one column.
const PAIRS: usize = 16_384;

/// The fragments of a column, outermost first, its sources by position; none if the item that defines it is all.
/// `place` tells where a select item stands in the text.
pub(super) fn fragments(
    binder: &Binder<'_>,
    column: &Column,
    text: &LineIndex<'_>,
    place: &mut dyn FnMut((u32, u32)) -> Option<Range<usize>>,
) -> Vec<Fragment> {
    let steps = steps(binder, column);
    if let [] | [OnWay { step: Step { via: None, .. }, .. }] = steps[..]
        && steps.iter().all(|on_way| Some(on_way.step.item) == column.item)
    {
        return Vec::new();
    }
    let sources = column.lin.edges.as_slice();
    let columns_in = |on_way: &OnWay<'_>| -> FxHashSet<u32> {
        on_way.step.edges.as_slice().iter().map(|edge| edge.column).collect()
    };
    let columns: Vec<FxHashSet<u32>> =
        steps.iter().take(PAIRS / sources.len().max(1)).map(columns_in).collect();
    let mut told: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (position, source) in sources.iter().enumerate() {
        let on_way: Vec<usize> =
            (0..columns.len()).filter(|at| columns[*at].contains(&source.column)).collect();
        let is_any = on_way.iter().any(|at| steps[*at].is_telling);
        for (nth, at) in on_way.into_iter().enumerate() {
            if steps[at].is_telling || !is_any && nth == 0 {
                told.entry(at).or_default().push(position);
            }
        }
    }
    let mut places: Vec<Range<usize>> = Vec::with_capacity(told.len());
    let mut fragments = Vec::with_capacity(told.len());
    for (at, on_way) in steps.iter().enumerate() {
        let Some((sources, range)) = told.remove(&at).zip(place(on_way.step.item)) else {
            continue;
        };
        // A subquery inside an expression is seen there.
        let is_inside =
            places.iter().any(|other| other.start <= range.start && range.end <= other.end);
        if !is_inside {
            fragments.push(Fragment { expression: Arc::from(text.slice(range.clone())), sources });
            places.push(range);
        }
    }
    let mut is_own =
        |range: &Range<usize>| column.item.and_then(&mut *place).as_ref() == Some(range);
    if let [only] = &places[..]
        && fragments[0].sources.len() == sources.len()
        && is_own(only)
    {
        fragments.clear();
    }
    fragments
}

/// A select item on the way.
struct OnWay<'b> {
    step: &'b Step,
    /// What only hands a column on says nothing beside what computes it, before or after it.
    is_telling: bool,
}

/// The select items on the way, outermost first, each once.
fn steps<'b>(binder: &'b Binder<'_>, column: &Column) -> Vec<OnWay<'b>> {
    let mut steps: Vec<OnWay<'b>> = Vec::new();
    let mut computed: FxHashSet<u32> = FxHashSet::default();
    let all = walk(binder, &column.lin.via);
    for (number, step) in &all {
        let is_computed = computed.contains(number);
        if is_computed || !step.is_plain {
            computed.extend(step.via.as_deref().unwrap_or_default());
        }
        // A recursive query is read several times, the last time with all that flows.
        if !steps.iter().any(|other| other.step.item == step.item) {
            let is_end = step.via.is_none() && !is_computed;
            steps.push(OnWay { step, is_telling: !step.is_plain || is_end });
        }
    }
    steps
}

fn walk<'b>(binder: &'b Binder<'_>, from: &Via) -> Vec<(u32, &'b Step)> {
    let mut found: Vec<(u32, &Step)> = Vec::new();
    let mut queue: VecDeque<u32> = from.as_deref().unwrap_or_default().iter().copied().collect();
    while let Some(number) = queue.pop_front().filter(|_| found.len() < MOST) {
        if let Some(step) = binder.steps.get(number as usize)
            && !found.iter().any(|(other, _)| *other == number)
        {
            queue.extend(step.via.as_deref().unwrap_or_default());
            found.push((number, step));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::model::DatasetPath;
    use crate::sqlflow::{SchemaMap, analyze};

    /// The fragments of the first column, each with the columns in it.
    fn told(sql: &str) -> Vec<String> {
        let mut schema = SchemaMap::default();
        schema.insert(&DatasetPath::new(["t"]), ["a", "b", "c"]);
        schema.insert(&DatasetPath::new(["u"]), ["a", "d"]);
        let analysis = analyze(sql, &[], &schema);
        let column = &analysis.statements[0].columns[0];
        let name = |at: &usize| column.sources[*at].column.column.as_str();
        let mut told: Vec<String> = Vec::new();
        for fragment in &column.fragments {
            let mut names: Vec<&str> = fragment.sources.iter().map(name).collect();
            names.dedup();
            told.push(format!("{}: {}", fragment.expression, names.join(" ")));
        }
        told
    }

    #[test]
    fn one_select_needs_no_fragments() {
        assert_eq!(told("SELECT a + b AS x FROM t"), [] as [&str; 0]);
        assert_eq!(told("SELECT * FROM t"), [] as [&str; 0]);
        assert_eq!(told("SELECT COUNT(*) AS n FROM t"), [] as [&str; 0]);
        assert_eq!(told("SELECT (SELECT MAX(a) FROM t) AS x FROM u"), [] as [&str; 0]);
    }

    #[test]
    fn each_branch_of_a_union_makes_its_own() {
        let sql = "SELECT 'x', 1 UNION ALL SELECT a, 2 FROM t UNION ALL SELECT UPPER(d), 3 FROM u";
        assert_eq!(told(sql), ["a: a", "UPPER(d): d"]);
        assert_eq!(told("SELECT a FROM t UNION SELECT d FROM u"), ["a: a", "d: d"]);
    }

    #[test]
    fn ctes_and_subqueries_are_followed_where_they_compute() {
        let sql = "WITH s AS (SELECT a * 2 AS p, b * 3 AS q, c FROM t) SELECT ROUND(p, 1) + c AS x FROM s";
        assert_eq!(told(sql), ["ROUND(p, 1) + c: a c", "a * 2: a"]);
        let sql = "SELECT x.p FROM (SELECT y.p FROM (SELECT SUM(a) AS p FROM t) y) x";
        assert_eq!(told(sql), ["SUM(a): a"]);
        let sql = "WITH s AS (SELECT a + b AS p FROM t) SELECT * FROM s";
        assert_eq!(told(sql), ["a + b: a b"]);
        let sql = "SELECT a + 1 AS one, one * 2 AS two FROM t";
        assert_eq!(told(sql), [] as [&str; 0]);
    }

    #[test]
    fn coalesce_and_recursion_keep_the_way() {
        let sql = "WITH s AS (SELECT a * 2 AS p FROM t) SELECT COALESCE(p, 0) AS x FROM s";
        assert_eq!(told(sql), ["COALESCE(p, 0): a", "a * 2: a"]);
        let sql = "WITH RECURSIVE r AS (SELECT a AS n FROM t UNION ALL SELECT n + 1 FROM r) SELECT n FROM r";
        assert_eq!(told(sql), ["a: a", "n + 1: a"]);
        let sql = "SELECT a FROM t UNION ALL SELECT a + 1 FROM t";
        assert_eq!(told(sql), ["a: a", "a + 1: a"]);
    }
}
