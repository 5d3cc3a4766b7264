//! What GROUP BY asks for: expressions, ROLLUP, CUBE and GROUPING SETS.

use sqlparser::ast::{Expr, GroupByExpr, GroupByWithModifier};

use crate::sandbox::sql::query::{Translator, ordinal, unsupported};
use crate::sandbox::sql::scope::{Scope, Typed};

/// An expression by which an aggregating query groups.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) sql: String,
    /// Left out of the grouping set at hand: the value is null there.
    pub(super) absent: bool,
}

impl Translator<'_> {
    /// What GROUP BY asks for: one entry for each grouping set, each with all expressions.
    pub(super) fn grouping_sets(
        &mut self,
        group_by: &GroupByExpr,
        scope: &Scope<'_>,
        items: &[(String, Typed)],
    ) -> Result<Vec<Vec<Group>>, String> {
        let GroupByExpr::Expressions(exprs, modifiers) = group_by else {
            return Err(unsupported("GROUP BY ALL"));
        };
        let mut sets: Vec<Vec<String>> = vec![Vec::new()];
        for expr in exprs {
            let choices: Vec<Vec<String>> = match expr {
                Expr::Rollup(parts) => {
                    let keys = self.keys(parts, scope, items)?;
                    (0..=keys.len()).rev().map(|length| keys[..length].concat()).collect()
                }
                Expr::Cube(parts) => {
                    let keys = self.keys(parts, scope, items)?;
                    let chosen = |mask: usize| {
                        let in_mask = |(bit, _): &(usize, _)| mask >> bit & 1 == 1;
                        keys.iter()
                            .enumerate()
                            .filter(in_mask)
                            .flat_map(|(_, k)| k.clone())
                            .collect()
                    };
                    (0..1 << keys.len().min(8)).rev().map(chosen).collect()
                }
                Expr::GroupingSets(parts) => self.keys(parts, scope, items)?,
                single => vec![self.keys(&[vec![single.clone()]], scope, items)?.concat()],
            };
            sets = sets
                .iter()
                .flat_map(|set| choices.iter().map(|choice| [set.clone(), choice.clone()].concat()))
                .collect();
        }
        if modifiers.contains(&GroupByWithModifier::Rollup) {
            return Err(unsupported("WITH ROLLUP"));
        }
        if exprs.is_empty() {
            return Ok(Vec::new());
        }
        let mut every: Vec<String> = sets.concat();
        every.sort_unstable();
        every.dedup();
        let with_absent = |set: &Vec<String>| {
            every.iter().map(|sql| Group { sql: sql.clone(), absent: !set.contains(sql) }).collect()
        };
        Ok(sets.iter().map(with_absent).collect())
    }

    fn keys(
        &mut self,
        parts: &[Vec<Expr>],
        scope: &Scope<'_>,
        items: &[(String, Typed)],
    ) -> Result<Vec<Vec<String>>, String> {
        let mut keys = Vec::new();
        for part in parts {
            let mut key = Vec::new();
            for expr in part {
                let ordinal = ordinal(expr).and_then(|ordinal| items.get(ordinal.checked_sub(1)?));
                key.push(match ordinal {
                    Some((_, value)) => value.sql.clone(),
                    None => self.expr(expr, scope)?.sql,
                });
            }
            keys.push(key);
        }
        Ok(keys)
    }
}
