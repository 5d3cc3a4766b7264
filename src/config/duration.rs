//! Lengths of time as people write them: `20ms`, `1.5s`, `2m`, `1h`.

use std::time::Duration;

/// Reads a length of time; a bare number is seconds. The error says what is accepted.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is not a length of time: write 20ms, 1.5s, 2m or 1h");
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "ms" => number / 1_000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// The shortest text that reads back as the same length of time (to the millisecond).
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "0s".to_owned(),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1_000) => format!("{}s", millis / 1_000),
        _ => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("20ms", 20, "20ms")]
    #[case("1.5s", 1_500, "1500ms")]
    #[case(" 2 m ", 120_000, "2m")]
    #[case("10", 10_000, "10s")]
    #[case("1h", 3_600_000, "1h")]
    #[case("0", 0, "0s")]
    fn reads_and_writes(#[case] text: &str, #[case] millis: u64, #[case] written: &str) {
        let duration = parse_duration(text).unwrap();
        assert_eq!(duration, Duration::from_millis(millis));
        assert_eq!(format_duration(duration), written);
        assert_eq!(parse_duration(written).unwrap(), duration);
    }

    #[rstest]
    #[case("")]
    #[case("fast")]
    #[case("-1s")]
    #[case("1.2.3s")]
    #[case("5 parsecs")]
    #[case("999999999999999999999999999s")]
    fn refuses(#[case] text: &str) {
        assert!(parse_duration(text).unwrap_err().contains("20ms"));
    }
}
