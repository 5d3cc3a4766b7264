//! Aggregates that Dremio has and the engine lacks.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};

use crate::sandbox::sql::runtime::{Collect, argument_number, argument_text};

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

type Finish = fn(Numbers) -> Option<f64>;

#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    separator: String,
}

#[derive(Default)]
struct Numbers {
    numbers: Vec<f64>,
    share: f64,
}

pub(super) fn register(connection: &Connection) -> Result<()> {
    for (name, distinct) in [("dx_listagg", false), ("dx_listagg_distinct", true)] {
        let finish: fn(Texts) -> Option<String> = if distinct { join_distinct } else { join };
        connection.create_aggregate_function(
            name,
            2,
            FLAGS,
            Collect {
                step: |all: &mut Texts, context| {
                    if let Some(text) = argument_text(context, 0) {
                        all.texts.push(text);
                        all.separator = argument_text(context, 1).unwrap_or_default();
                    }
                    Ok(())
                },
                finish,
            },
        )?;
    }
    connection.create_aggregate_function(
        "dx_percentile",
        2,
        FLAGS,
        Collect {
            step: |all: &mut Numbers, context| {
                all.numbers.extend(argument_number(context, 0)?);
                all.share = argument_number(context, 1)?.unwrap_or(0.5);
                Ok(())
            },
            finish: percentile,
        },
    )?;
    let spreads: [(&str, Finish); 4] = [
        ("dx_var_pop", |all| variance(&all.numbers, 0.0)),
        ("dx_var_samp", |all| variance(&all.numbers, 1.0)),
        ("dx_stddev_pop", |all| variance(&all.numbers, 0.0).map(f64::sqrt)),
        ("dx_stddev_samp", |all| variance(&all.numbers, 1.0).map(f64::sqrt)),
    ];
    for (name, finish) in spreads {
        connection.create_aggregate_function(
            name,
            1,
            FLAGS,
            Collect {
                step: |all: &mut Numbers, context| {
                    all.numbers.extend(argument_number(context, 0)?);
                    Ok(())
                },
                finish,
            },
        )?;
    }
    connection.create_aggregate_function(
        "dx_corr",
        2,
        FLAGS,
        Collect {
            step: |all: &mut Vec<(f64, f64)>, context| {
                let pair = (argument_number(context, 0)?, argument_number(context, 1)?);
                if let (Some(x), Some(y)) = pair {
                    all.push((x, y));
                }
                Ok(())
            },
            finish: |pairs: Vec<(f64, f64)>| correlation(&pairs),
        },
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the end of an aggregate takes it all")]
fn join(all: Texts) -> Option<String> {
    (!all.texts.is_empty()).then(|| all.texts.join(&all.separator))
}

fn join_distinct(all: Texts) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in all.texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    join(Texts { texts: seen, separator: all.separator })
}

#[expect(clippy::cast_precision_loss, reason = "there are never 2^52 rows")]
fn count(length: usize) -> f64 {
    length as f64
}

/// The continuous percentile: between two values, the point between.
fn percentile(mut all: Numbers) -> Option<f64> {
    all.numbers.sort_by(f64::total_cmp);
    let last = all.numbers.len().checked_sub(1)?;
    let position = all.share.clamp(0.0, 1.0) * count(last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of rows"
    )]
    let below = position as usize;
    let (low, high) = (all.numbers[below], all.numbers[(below + 1).min(last)]);
    Some(low + (high - low) * position.fract())
}

fn variance(numbers: &[f64], correction: f64) -> Option<f64> {
    let length = count(numbers.len());
    if length <= correction {
        return None;
    }
    let mean = numbers.iter().sum::<f64>() / length;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    Some(squares / (length - correction))
}

fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let length = count(pairs.len());
    let mean = |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / length;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |part: &dyn Fn(f64, f64) -> f64| {
        pairs.iter().map(|(x, y)| part(x - mean_x, y - mean_y)).sum::<f64>()
    };
    let spread = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (spread > 0.0).then(|| sum(&|x, y| x * y) / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_spread_and_place() {
        let numbers = vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(variance(&numbers, 0.0), Some(4.0));
        assert_eq!(variance(&[1.0], 1.0), None);
        assert_eq!(percentile(Numbers { numbers, share: 0.5 }), Some(4.5));
        assert_eq!(percentile(Numbers::default()), None);
        let line = [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)];
        assert!((correlation(&line).expect("a line") - 1.0).abs() < 1e-12);
    }
}
