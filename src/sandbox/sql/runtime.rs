//! Functions that Dremio has and the engine lacks, registered under names that start with `dx_`.

use std::fmt::Write;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use crate::sandbox::calendar::{self, Unit};

type Result<T> = rusqlite::Result<T>;

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

fn failed(message: String) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(message.into())
}

/// Text of an argument; numbers as the engine writes them.
fn text(context: &Context<'_>, index: usize) -> Option<String> {
    match context.get_raw(index) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "SQL's implicit conversion loses it as well")]
fn number(context: &Context<'_>, index: usize) -> Result<Option<f64>> {
    match context.get_raw(index) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number as f64)),
        ValueRef::Real(number) => Ok(Some(number)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            text.trim().parse().map(Some).map_err(|_| {
                failed(format!("DATA_READ ERROR: failed to parse number value {text}"))
            })
        }
    }
}

fn whole(context: &Context<'_>, index: usize) -> Result<Option<i64>> {
    match context.get_raw(index) {
        ValueRef::Integer(number) => Ok(Some(number)),
        _ => Ok(number(context, index)?.map(rounded)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn rounded(number: f64) -> i64 {
    number.round() as i64
}

fn moment(context: &Context<'_>, index: usize) -> Result<Option<i64>> {
    let Some(text) = text(context, index) else { return Ok(None) };
    calendar::parse(&text)
        .map(Some)
        .ok_or_else(|| failed(format!("DATA_READ ERROR: {text:?} is not a date or timestamp")))
}

fn unit(context: &Context<'_>) -> Result<Unit> {
    let name = text(context, 0).unwrap_or_default();
    Unit::parse(&name).ok_or_else(|| failed(format!("unknown unit {name:?}")))
}

/// Moments keep their form: a date stays a date.
fn in_form_of(context: &Context<'_>, index: usize, millis: i64) -> String {
    match text(context, index) {
        Some(text) if text.len() > 10 => calendar::timestamp_text(millis),
        _ => calendar::date_text(millis),
    }
}

/// Registers everything on a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    conversions(connection)?;
    moments(connection)?;
    strings(connection)?;
    numbers(connection)?;
    super::aggregates::register(connection)
}

fn conversions(connection: &Connection) -> Result<()> {
    connection.create_scalar_function("dx_integer", 1, FLAGS, |c| whole(c, 0))?;
    connection.create_scalar_function("dx_double", 1, FLAGS, |c| number(c, 0))?;
    connection.create_scalar_function("dx_boolean", 1, FLAGS, |c| match c.get_raw(0) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number != 0)),
        _ => match text(c, 0).unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok(Some(true)),
            "false" | "f" | "0" => Ok(Some(false)),
            other => Err(failed(format!("DATA_READ ERROR: {other:?} is not a boolean"))),
        },
    })?;
    connection.create_scalar_function("dx_date", 1, FLAGS, |c| {
        Ok(moment(c, 0)?.map(calendar::date_text))
    })?;
    connection.create_scalar_function("dx_timestamp", 1, FLAGS, |c| {
        Ok(moment(c, 0)?.map(calendar::timestamp_text))
    })?;
    connection.create_scalar_function("dx_time", 1, FLAGS, |c| {
        let Some(text) = text(c, 0) else { return Ok(None) };
        let millis = calendar::parse_time(&text)
            .or_else(|| calendar::parse(&text).map(|millis| millis.rem_euclid(calendar::DAY)));
        let wrong = || failed(format!("DATA_READ ERROR: {text:?} is not a time"));
        Ok(Some(calendar::time_text(millis.ok_or_else(wrong)?)))
    })?;
    connection.create_scalar_function("dx_decimal_text", 2, FLAGS, |c| {
        let scale = usize::try_from(whole(c, 1)?.unwrap_or(0)).unwrap_or(0);
        Ok(number(c, 0)?.map(|number| format!("{number:.scale$}")))
    })
}

fn moments(connection: &Connection) -> Result<()> {
    connection.create_scalar_function("dx_extract", 2, FLAGS, |c| {
        let unit = unit(c)?;
        Ok(moment(c, 1)?.map(|millis| calendar::extract(unit, millis)))
    })?;
    connection.create_scalar_function("dx_truncate_to", 2, FLAGS, |c| {
        let unit = unit(c)?;
        Ok(moment(c, 1)?.map(|millis| in_form_of(c, 1, calendar::truncate(unit, millis))))
    })?;
    connection.create_scalar_function("dx_add", 3, FLAGS, |c| {
        let unit = unit(c)?;
        let (Some(amount), Some(millis)) = (whole(c, 1)?, moment(c, 2)?) else { return Ok(None) };
        Ok(Some(in_form_of(c, 2, calendar::add(unit, amount, millis))))
    })?;
    connection.create_scalar_function("dx_diff", 3, FLAGS, |c| {
        let unit = unit(c)?;
        let (Some(from), Some(to)) = (moment(c, 1)?, moment(c, 2)?) else { return Ok(None) };
        Ok(Some(calendar::difference(unit, from, to)))
    })?;
    connection.create_scalar_function("dx_months_between", 2, FLAGS, |c| {
        let (Some(to), Some(from)) = (moment(c, 0)?, moment(c, 1)?) else { return Ok(None) };
        let days = f64::from(i32::try_from(calendar::difference(Unit::Day, from, to)).unwrap_or(0));
        Ok(Some(days / 30.436_875))
    })?;
    connection.create_scalar_function("dx_format", 2, FLAGS, |c| {
        let (Some(millis), Some(pattern)) = (moment(c, 0)?, text(c, 1)) else { return Ok(None) };
        Ok(Some(calendar::format(millis, &pattern)))
    })?;
    connection.create_scalar_function("dx_parse", 2, FLAGS, |c| {
        let (Some(text), Some(pattern)) = (text(c, 0), text(c, 1)) else { return Ok(None) };
        let millis = calendar::parse_pattern(&text, &pattern).ok_or_else(|| {
            failed(format!("FUNCTION ERROR: Input text {text:?} does not match format {pattern:?}"))
        })?;
        Ok(Some(calendar::timestamp_text(millis)))
    })?;
    connection.create_scalar_function("dx_from_seconds", 1, FLAGS, |c| {
        let seconds = number(c, 0)?;
        Ok(seconds.map(|seconds| calendar::timestamp_text(rounded(seconds * 1000.0))))
    })
}

fn strings(connection: &Connection) -> Result<()> {
    type OfText = fn(&str) -> String;
    let simple: [(&str, OfText); 4] = [
        ("dx_upper", |text| text.to_uppercase()),
        ("dx_lower", |text| text.to_lowercase()),
        ("dx_reverse", |text| text.chars().rev().collect()),
        ("dx_initcap", initcap),
    ];
    for (name, function) in simple {
        connection.create_scalar_function(name, 1, FLAGS, move |c| {
            Ok(text(c, 0).map(|text| function(&text)))
        })?;
    }
    connection.create_scalar_function("dx_md5", 1, FLAGS, |c| {
        use md5::Digest;
        let hex = |text: String| {
            let bytes = md5::Md5::digest(text);
            bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        };
        Ok(text(c, 0).map(hex))
    })?;
    connection.create_scalar_function("dx_right", 2, FLAGS, |c| {
        let (Some(text), Some(length)) = (text(c, 0), whole(c, 1)?) else { return Ok(None) };
        let skip = text.chars().count().saturating_sub(usize::try_from(length).unwrap_or(0));
        Ok(Some(text.chars().skip(skip).collect::<String>()))
    })?;
    for (name, left) in [("dx_lpad", true), ("dx_rpad", false)] {
        connection.create_scalar_function(name, 3, FLAGS, move |c| {
            let (Some(text), Some(length), Some(fill)) = (text(c, 0), whole(c, 1)?, text(c, 2))
            else {
                return Ok(None);
            };
            // Dremio limits text to 32 KB; so does this.
            let length = usize::try_from(length.clamp(0, 32_000)).unwrap_or(0);
            let missing = length.saturating_sub(text.chars().count());
            let padding: String = fill.chars().cycle().take(missing).collect();
            let padding = if fill.is_empty() { String::new() } else { padding };
            let kept: String = text.chars().take(length).collect();
            Ok(Some(if left { padding + &kept } else { kept + &padding }))
        })?;
    }
    connection.create_scalar_function("dx_split_part", 3, FLAGS, |c| {
        let (Some(text), Some(separator), Some(part)) = (text(c, 0), text(c, 1), whole(c, 2)?)
        else {
            return Ok(None);
        };
        let index = usize::try_from(part - 1).ok();
        let part = index.and_then(|index| text.split(separator.as_str()).nth(index));
        Ok(Some(part.unwrap_or_default().to_owned()))
    })?;
    connection.create_scalar_function("dx_similar", 2, FLAGS, |c| {
        let (Some(text), Some(pattern)) = (text(c, 0), text(c, 1)) else { return Ok(None) };
        let pattern = pattern.replace('%', ".*").replace('_', ".");
        Ok(Some(regex(&format!("^(?:{pattern})$"))?.is_match(&text)))
    })?;
    connection.create_scalar_function("dx_regexp_like", 2, FLAGS, |c| {
        let (Some(text), Some(pattern)) = (text(c, 0), text(c, 1)) else { return Ok(None) };
        Ok(Some(regex(&pattern)?.is_match(&text)))
    })?;
    connection.create_scalar_function("dx_regexp_replace", 3, FLAGS, |c| {
        let (Some(text), Some(pattern), Some(new)) = (text(c, 0), text(c, 1), text(c, 2)) else {
            return Ok(None);
        };
        Ok(Some(regex(&pattern)?.replace_all(&text, new.as_str()).into_owned()))
    })?;
    connection.create_scalar_function("dx_regexp_extract", 3, FLAGS, |c| {
        let (Some(text), Some(pattern)) = (text(c, 0), text(c, 1)) else { return Ok(None) };
        let group = usize::try_from(whole(c, 2)?.unwrap_or(0)).unwrap_or(0);
        let captures = regex(&pattern)?;
        let found = captures.captures(&text).and_then(|captures| captures.get(group));
        Ok(found.map(|found| found.as_str().to_owned()))
    })
}

fn regex(pattern: &str) -> Result<regex::Regex> {
    regex::Regex::new(pattern)
        .map_err(|error| failed(format!("FUNCTION ERROR: invalid pattern {pattern:?}: {error}")))
}

fn initcap(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        start = !c.is_alphanumeric();
    }
    out
}

fn numbers(connection: &Connection) -> Result<()> {
    for (name, up) in [("dx_ceil", true), ("dx_floor", false)] {
        connection.create_scalar_function(name, 1, FLAGS, move |c| match c.get_raw(0) {
            ValueRef::Integer(number) => Ok(Value::Integer(number)),
            _ => Ok(match number(c, 0)? {
                Some(number) => Value::Real(if up { number.ceil() } else { number.floor() }),
                None => Value::Null,
            }),
        })?;
    }
    for (name, cut) in [("dx_truncate", true), ("dx_round", false)] {
        connection.create_scalar_function(name, 2, FLAGS, move |c| {
            let digits = i32::try_from(whole(c, 1)?.unwrap_or(0)).unwrap_or(0).clamp(-18, 18);
            if let (ValueRef::Integer(number), true) = (c.get_raw(0), digits >= 0) {
                return Ok(Value::Integer(number));
            }
            let factor = 10_f64.powi(digits);
            Ok(match number(c, 0)? {
                Some(number) if cut => Value::Real((number * factor).trunc() / factor),
                Some(number) => Value::Real((number * factor).round() / factor),
                None => Value::Null,
            })
        })?;
    }
    connection.create_scalar_function("dx_mod", 2, FLAGS, |c| {
        let (Some(left), Some(right)) = (number(c, 0)?, number(c, 1)?) else { return Ok(None) };
        Ok(Some(left % right))
    })?;
    connection.create_scalar_function("dx_power", 2, FLAGS, |c| {
        let (Some(base), Some(power)) = (number(c, 0)?, number(c, 1)?) else { return Ok(None) };
        Ok(Some(base.powf(power)))
    })?;
    connection.create_scalar_function("dx_math", 2, FLAGS, |c| {
        let function: fn(f64) -> f64 = match text(c, 0).unwrap_or_default().as_str() {
            "SQRT" => f64::sqrt,
            "LN" => f64::ln,
            "LOG10" => f64::log10,
            "EXP" => f64::exp,
            "RADIANS" => f64::to_radians,
            "DEGREES" => f64::to_degrees,
            "SIN" => f64::sin,
            "COS" => f64::cos,
            _ => f64::tan,
        };
        Ok(number(c, 1)?.map(function).filter(|result| result.is_finite()))
    })?;
    connection.create_scalar_function("dx_number_text", 2, FLAGS, |c| {
        let (Some(number), Some(pattern)) = (number(c, 0)?, text(c, 1)) else { return Ok(None) };
        let digits = pattern.split_once('.').map_or(0, |(_, fraction)| {
            fraction.chars().filter(|c| matches!(c, '0' | '#' | '9')).count()
        });
        let written = format!("{number:.digits$}");
        Ok(Some(if pattern.contains(',') { grouped(&written) } else { written }))
    })?;
    connection.create_scalar_function("dx_geo_distance", 4, FLAGS, |c| {
        let mut degrees = [0.0_f64; 4];
        for (index, degree) in degrees.iter_mut().enumerate() {
            match number(c, index)? {
                Some(number) => *degree = number.to_radians(),
                None => return Ok(None),
            }
        }
        let [lat1, lon1, lat2, lon2] = degrees;
        let half = |difference: f64| (difference / 2.0).sin().powi(2);
        let h = half(lat2 - lat1) + lat1.cos() * lat2.cos() * half(lon2 - lon1);
        // Metres on a sphere of the Earth's mean radius.
        Ok(Some(2.0 * 6_371_008.8 * h.sqrt().asin()))
    })
}

/// `1234567.8` → `1,234,567.8`
fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// Collects what an aggregate is given.
pub(super) struct Collect<A, T> {
    pub(super) step: fn(&mut A, &Context<'_>) -> Result<()>,
    pub(super) finish: fn(A) -> T,
}

impl<A, T> Aggregate<A, Option<T>> for Collect<A, Option<T>>
where
    A: Default + std::panic::UnwindSafe + std::panic::RefUnwindSafe + Send,
    Option<T>: rusqlite::functions::SqlFnOutput,
{
    fn init(&self, _: &mut Context<'_>) -> Result<A> {
        Ok(A::default())
    }

    fn step(&self, context: &mut Context<'_>, collected: &mut A) -> Result<()> {
        (self.step)(collected, context)
    }

    fn finalize(&self, _: &mut Context<'_>, collected: Option<A>) -> Result<Option<T>> {
        Ok(collected.and_then(self.finish))
    }
}

pub(super) fn argument_text(context: &Context<'_>, index: usize) -> Option<String> {
    text(context, index)
}

pub(super) fn argument_number(context: &Context<'_>, index: usize) -> Result<Option<f64>> {
    number(context, index)
}
