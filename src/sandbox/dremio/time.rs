//! Timestamps and tags. They follow from a node's UUID, so that answers are the same on every run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

const DAY: u64 = 86_400_000;
/// 2023-01-18T18:49:09.669Z
const EPOCH: u64 = 1_674_067_749_669;

/// `2023-01-18T18:49:09.669Z` for milliseconds since 1970.
pub(super) fn iso8601(millis: u64) -> String {
    let (days, time) = (millis / DAY, millis % DAY);
    // Days to a civil date in eras of 400 years that begin in March, by Howard Hinnant.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        time / 3_600_000,
        time / 60_000 % 60,
        time / 1_000 % 60,
        time % 1_000
    )
}

/// Milliseconds since 1970, for the starts and ends of jobs.
pub(super) fn now_millis() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

pub(super) fn created_at(uuid: Uuid) -> String {
    iso8601(EPOCH + uuid.as_u64_pair().1 % (400 * DAY))
}

pub(super) fn modified_at(uuid: Uuid) -> String {
    iso8601(EPOCH + 400 * DAY + uuid.as_u64_pair().1 % (200 * DAY))
}

/// The optimistic lock of a thing in the store.
pub(super) fn store_tag(uuid: Uuid) -> String {
    STANDARD.encode(&uuid.as_bytes()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso8601(EPOCH), "2023-01-18T18:49:09.669Z");
        assert_eq!(iso8601(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
        assert_eq!(iso8601(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
    }
}
