//! Dates and timestamps as the sandbox's rows hold them: text in Dremio's result form (contract
//! §4.3), read into days and milliseconds since 1970-01-01 for arithmetic. No time zones: Dremio's
//! TIMESTAMP has none.

/// Milliseconds in a day.
pub const DAY: i64 = 86_400_000;

/// Days since 1970-01-01 of a day of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of days since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn month_length(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

/// Milliseconds since 1970-01-01 of `2024-01-31`, `2024-01-31 12:34:56.789` or the form with a `T`.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let in_range = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_length(year, month)).contains(&day);
    if !in_range {
        return None;
    }
    Some(days(year, month, day) * DAY + time.map_or(Some(0), parse_time)?)
}

/// Milliseconds since midnight of `12:34`, `12:34:56` or `12:34:56.789`.
pub fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let (seconds, fraction) = match parts.next().unwrap_or("0").split_once('.') {
        Some((seconds, fraction)) => (seconds.to_owned(), fraction.to_owned()),
        None => (text.splitn(3, ':').nth(2).unwrap_or("0").to_owned(), String::new()),
    };
    let seconds: i64 = seconds.parse().ok()?;
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let in_range = (0..24).contains(&hours)
        && (0..60).contains(&minutes)
        && (0..60).contains(&seconds)
        && (0..1000).contains(&millis);
    in_range.then_some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

/// `2024-01-31` of milliseconds since 1970-01-01.
pub fn date_text(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2024-01-31 12:34:56.789` of milliseconds since 1970-01-01.
pub fn timestamp_text(millis: i64) -> String {
    format!("{} {}", date_text(millis), time_text(millis.rem_euclid(DAY)))
}

/// `12:34:56.789` of milliseconds since midnight.
pub fn time_text(millis: i64) -> String {
    let seconds = millis / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, millis % 1000)
}

/// A unit of time as SQL names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the units' names")]
pub enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    DayOfWeek,
    DayOfYear,
    Epoch,
}

impl Unit {
    /// The unit of this name, without case, singular or plural, with or without `SQL_TSI_`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let name = name.strip_prefix("SQL_TSI_").unwrap_or(&name);
        let name = if name == "DOW" || name == "DOY" { name } else { name.trim_end_matches('S') };
        Some(match name {
            "MILLISECOND" => Self::Millisecond,
            "SECOND" => Self::Second,
            "MINUTE" => Self::Minute,
            "HOUR" => Self::Hour,
            "DAY" | "DAYOFMONTH" => Self::Day,
            "WEEK" => Self::Week,
            "MONTH" => Self::Month,
            "QUARTER" => Self::Quarter,
            "YEAR" => Self::Year,
            "DECADE" => Self::Decade,
            "CENTURY" => Self::Century,
            "DOW" | "DAYOFWEEK" => Self::DayOfWeek,
            "DOY" | "DAYOFYEAR" => Self::DayOfYear,
            "EPOCH" => Self::Epoch,
            _ => return None,
        })
    }

    /// Milliseconds, for the units that always last as long.
    fn fixed(self) -> Option<i64> {
        Some(match self {
            Self::Millisecond => 1,
            Self::Second | Self::Epoch => 1000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day | Self::DayOfWeek | Self::DayOfYear => DAY,
            Self::Week => 7 * DAY,
            _ => return None,
        })
    }

    fn months(self) -> i64 {
        match self {
            Self::Quarter => 3,
            Self::Year => 12,
            Self::Decade => 120,
            Self::Century => 1200,
            _ => 1,
        }
    }
}

/// `millis` moved by `amount` units; a day past the end of a month becomes its last.
pub fn add(unit: Unit, amount: i64, millis: i64) -> i64 {
    if let Some(length) = unit.fixed() {
        return millis.saturating_add(length.saturating_mul(amount));
    }
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let months = (year * 12 + month - 1).saturating_add(amount.saturating_mul(unit.months()));
    let (year, month) = (months.div_euclid(12).clamp(0, 9999), months.rem_euclid(12) + 1);
    days(year, month, day.min(month_length(year, month))) * DAY + millis.rem_euclid(DAY)
}

/// Whole units from `from` to `to`, cut towards zero.
pub fn difference(unit: Unit, from: i64, to: i64) -> i64 {
    if let Some(length) = unit.fixed() {
        return (to - from) / length;
    }
    let month_number = |millis: i64| {
        let (year, month, _) = civil(millis.div_euclid(DAY));
        year * 12 + month
    };
    let mut months = month_number(to) - month_number(from);
    // A month counts once its day and time have come round.
    if months > 0 && add(Unit::Month, months, from) > to {
        months -= 1;
    } else if months < 0 && add(Unit::Month, months, from) < to {
        months += 1;
    }
    months / unit.months()
}

/// The start of the unit that holds `millis`; weeks start on Monday.
pub fn truncate(unit: Unit, millis: i64) -> i64 {
    let day = millis.div_euclid(DAY);
    let (year, month, _) = civil(day);
    match unit {
        Unit::Week => (day - (day + 3).rem_euclid(7)) * DAY,
        Unit::Month => days(year, month, 1) * DAY,
        Unit::Quarter => days(year, (month - 1) / 3 * 3 + 1, 1) * DAY,
        Unit::Year => days(year, 1, 1) * DAY,
        Unit::Decade => days(year / 10 * 10, 1, 1) * DAY,
        Unit::Century => days((year - 1) / 100 * 100 + 1, 1, 1) * DAY,
        fixed => {
            let length = fixed.fixed().unwrap_or(DAY);
            millis.div_euclid(length) * length
        }
    }
}

/// A field of `millis` as SQL's EXTRACT gives it; weeks are ISO weeks, Sunday is day 1.
pub fn extract(unit: Unit, millis: i64) -> i64 {
    let day = millis.div_euclid(DAY);
    let of_day = millis.rem_euclid(DAY);
    let (year, month, of_month) = civil(day);
    match unit {
        Unit::Millisecond => of_day % 60_000,
        Unit::Second => of_day / 1000 % 60,
        Unit::Minute => of_day / 60_000 % 60,
        Unit::Hour => of_day / 3_600_000,
        Unit::Day => of_month,
        Unit::Week => iso_week(day),
        Unit::Month => month,
        Unit::Quarter => (month - 1) / 3 + 1,
        Unit::Year => year,
        Unit::Decade => year / 10,
        Unit::Century => (year + 99) / 100,
        Unit::DayOfWeek => (day + 4).rem_euclid(7) + 1,
        Unit::DayOfYear => day - days(year, 1, 1) + 1,
        Unit::Epoch => millis.div_euclid(1000),
    }
}

fn iso_week(day: i64) -> i64 {
    // The week belongs to the year of its Thursday.
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let (year, _, _) = civil(thursday);
    (thursday - days(year, 1, 1)) / 7 + 1
}

/// The name of a month, from 1.
pub fn month_name(month: i64) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(month - 1).ok().and_then(|index| NAMES.get(index)).unwrap_or(&"")
}

/// The name of the weekday of days since 1970-01-01.
pub fn day_name(day: i64) -> &'static str {
    const NAMES: [&str; 7] =
        ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    usize::try_from(day.rem_euclid(7)).ok().and_then(|index| NAMES.get(index)).unwrap_or(&"")
}

/// Patterns of `TO_CHAR` and `TO_DATE`, longest first, so that `MONTH` is not read as `MON`.
const PATTERNS: [&str; 19] = [
    "YYYY", "MONTH", "HH24", "HH12", "MON", "DDD", "DAY", "MM", "DD", "DY", "YY", "HH", "MI", "SS",
    "FFF", "AM", "WW", "D", "Q",
];

/// `millis` by a `TO_CHAR` pattern: `YYYY-MM-DD HH24:MI:SS`, `Mon YYYY`, `"Q"Q`.
pub fn format(millis: i64, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (literal, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            out.push_str(literal);
            rest = after;
            continue;
        }
        let upper = rest.to_ascii_uppercase();
        if let Some(token) = PATTERNS.iter().find(|token| upper.starts_with(**token)) {
            out.push_str(&format_token(millis, token, &rest[..token.len()]));
            rest = &rest[token.len()..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn format_token(millis: i64, token: &str, written: &str) -> String {
    let field = |unit| extract(unit, millis);
    let day = millis.div_euclid(DAY);
    let cased = |name: &str| {
        if written.chars().nth(1).is_some_and(char::is_lowercase) {
            name.to_owned()
        } else {
            name.to_uppercase()
        }
    };
    match token {
        "YYYY" => format!("{:04}", field(Unit::Year)),
        "YY" => format!("{:02}", field(Unit::Year) % 100),
        "MONTH" => cased(month_name(field(Unit::Month))),
        "MON" => cased(&month_name(field(Unit::Month))[..3]),
        "MM" => format!("{:02}", field(Unit::Month)),
        "DDD" => format!("{:03}", field(Unit::DayOfYear)),
        "DAY" => cased(day_name(day)),
        "DY" => cased(&day_name(day)[..3]),
        "DD" => format!("{:02}", field(Unit::Day)),
        "D" => field(Unit::DayOfWeek).to_string(),
        "WW" => format!("{:02}", field(Unit::Week)),
        "Q" => field(Unit::Quarter).to_string(),
        "HH24" => format!("{:02}", field(Unit::Hour)),
        "HH" | "HH12" => format!("{:02}", (field(Unit::Hour) + 11) % 12 + 1),
        "MI" => format!("{:02}", field(Unit::Minute)),
        "SS" => format!("{:02}", field(Unit::Second)),
        "FFF" => format!("{:03}", millis.rem_euclid(1000)),
        _ => if field(Unit::Hour) < 12 { "AM" } else { "PM" }.to_owned(),
    }
}

/// Milliseconds of a text by a `TO_DATE` or `TO_TIMESTAMP` pattern of numeric fields.
pub fn parse_pattern(text: &str, pattern: &str) -> Option<i64> {
    let (mut year, mut month, mut day, mut time) = (1970, 1, 1, [0_i64; 4]);
    let (mut text, mut rest) = (text.trim(), pattern);
    while let Some(c) = rest.chars().next() {
        let upper = rest.to_ascii_uppercase();
        let Some(token) = PATTERNS.iter().find(|token| upper.starts_with(**token)) else {
            text = text.strip_prefix(c)?;
            rest = &rest[c.len_utf8()..];
            continue;
        };
        rest = &rest[token.len()..];
        if matches!(*token, "MON" | "MONTH") {
            let number = (1..=12).find(|number| {
                let name = month_name(*number);
                let name = if *token == "MON" { &name[..3] } else { name };
                text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            })?;
            let length = if *token == "MON" { 3 } else { month_name(number).len() };
            (month, text) = (number, &text[length..]);
            continue;
        }
        let width = match *token {
            "YYYY" => 4,
            "FFF" => 3,
            _ => 2,
        };
        let digits = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
        let value: i64 = text.get(..digits)?.parse().ok()?;
        text = &text[digits..];
        match *token {
            "YYYY" => year = value,
            "YY" => year = 2000 + value,
            "MM" => month = value,
            "DD" => day = value,
            "HH24" | "HH" | "HH12" => time[0] = value,
            "MI" => time[1] = value,
            "SS" => time[2] = value,
            "FFF" => time[3] = value,
            _ => return None,
        }
    }
    let [hours, minutes, seconds, millis] = time;
    parse(&format!("{year}-{month}-{day} {hours}:{minutes}:{seconds}.{millis:03}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        parse(text).expect("a timestamp")
    }

    #[test]
    fn reads_and_writes_what_results_hold() {
        assert_eq!(timestamp_text(at("2024-02-29T23:59:59Z")), "2024-02-29 23:59:59.000");
        assert_eq!(date_text(at("1969-12-31 12:00")), "1969-12-31");
        for wrong in ["2023-02-29", "2024-13-01", "today", "", "2024-01-01 25:00:00"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn counts_in_calendar_units() {
        let (from, to) = (at("2024-01-31"), at("2024-03-30"));
        assert_eq!(date_text(add(Unit::Month, 1, from)), "2024-02-29");
        assert_eq!(difference(Unit::Month, from, to), 1);
        assert_eq!(difference(Unit::Day, from, to), 59);
        assert_eq!(difference(Unit::Year, to, from), 0);
        assert_eq!(date_text(truncate(Unit::Week, at("2026-01-01"))), "2025-12-29");
        assert_eq!(extract(Unit::Week, at("2026-01-01")), 1);
        assert_eq!(extract(Unit::DayOfWeek, at("2026-01-04")), 1);
    }

    #[test]
    fn formats_by_pattern_and_back() {
        let moment = at("2025-07-04 15:06:07.089");
        assert_eq!(format(moment, "YYYY-MM-DD HH24:MI:SS.FFF"), "2025-07-04 15:06:07.089");
        assert_eq!(format(moment, "Dy, DD Mon YYYY HH:MI AM"), "Fri, 04 Jul 2025 03:06 PM");
        assert_eq!(format(moment, "YYYY-\"Q\"Q"), "2025-Q3");
        assert_eq!(parse_pattern("04.07.2025", "DD.MM.YYYY"), Some(at("2025-07-04")));
        assert_eq!(
            parse_pattern("4/Jul/25 15:06", "DD/MON/YY HH24:MI"),
            Some(at("2025-07-04 15:06"))
        );
        assert_eq!(parse_pattern("soon", "YYYY"), None);
    }

    proptest! {
        #[test]
        fn days_and_civil_are_inverse(day in -700_000_i64..2_900_000) {
            let (year, month, of_month) = civil(day);
            prop_assert_eq!(days(year, month, of_month), day);
        }

        #[test]
        fn reading_never_panics(text in any::<String>(), pattern in any::<String>()) {
            let _ = parse(&text);
            let _ = parse_pattern(&text, &pattern);
            let _ = format(0, &pattern);
        }
    }
}
