//! When the next round begins: the interval, a back-off after failures, and a wait that a suspended
//! machine does not stretch. Rounds never overlap, since one is awaited before the next is planned.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The first wait after a failure, unless the interval is shorter.
const FIRST_RETRY: Duration = Duration::from_secs(60);
/// No server is obeyed that asks to wait longer.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);
/// The monotonic clock stands still while a machine sleeps, so the wall clock is looked at so often.
const GLANCE: Duration = Duration::from_secs(15);

/// How often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the beginning of one round to that of the next.
    pub interval: Duration,
    /// The longest wait between two tries of a server that fails; the interval, if that is longer.
    pub longest_pause: Duration,
}

/// How a round went, as far as the next one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every server answered.
    Good,
    /// A server failed.
    Failed {
        /// How long it asks to wait, if it does.
        asked: Option<Duration>,
    },
    /// There is to be no next round.
    Over,
}

/// Counts failures and says how long to wait.
#[derive(Clone, Debug)]
pub struct Schedule {
    pace: Pace,
    failures: u32,
    random: fastrand::Rng,
}

impl Schedule {
    /// A schedule; `random` gives the jitter, which keeps watchers that were started together from
    /// asking together.
    pub fn new(pace: Pace, random: fastrand::Rng) -> Self {
        Self { pace, failures: 0, random }
    }

    /// Failed rounds in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How long to wait after a round that took so long; `None` when there is no next one.
    pub fn pause(&mut self, verdict: Verdict, took: Duration) -> Option<Duration> {
        let Pace { interval, longest_pause } = self.pace;
        let pause = match verdict {
            Verdict::Over => return None,
            Verdict::Good => {
                self.failures = 0;
                // A round that takes longer than the interval leaves the server some peace.
                interval.saturating_sub(took).max(interval / 10)
            }
            Verdict::Failed { .. } => {
                let doublings = self.failures.min(20);
                self.failures = self.failures.saturating_add(1);
                let first = interval.min(FIRST_RETRY);
                first.saturating_mul(1 << doublings).min(longest_pause.max(interval))
            }
        };
        let asked = match verdict {
            Verdict::Failed { asked } => asked.unwrap_or_default().min(LONGEST_ASKED),
            Verdict::Good | Verdict::Over => Duration::ZERO,
        };
        Some(pause.mul_f64(1.0 + self.random.f64() / 10.0).max(asked))
    }
}

/// Waits until `pause` has gone by on either clock; false when cancelled before. A machine that was
/// suspended meanwhile begins its round when it wakes, and not once for every round it missed.
pub async fn wait(
    pause: Duration,
    wall_clock: impl Fn() -> SystemTime,
    cancel: &CancellationToken,
) -> bool {
    let due = Instant::now() + pause;
    let wall_due = wall_clock().checked_add(pause);
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() || wall_due.is_some_and(|wall_due| wall_clock() >= wall_due) {
            return !cancel.is_cancelled();
        }
        tokio::select! {
            () = sleep(left.min(GLANCE)) => {}
            () = cancel.cancelled() => return false,
        }
    }
}

/// Repeats `round` until it says that it is over, or until cancelled. `on_wait` hears how long the
/// wait is and how many rounds in a row have failed.
pub async fn keep(
    mut schedule: Schedule,
    mut round: impl AsyncFnMut() -> Verdict,
    mut on_wait: impl FnMut(Duration, u32),
    wall_clock: impl Fn() -> SystemTime,
    cancel: &CancellationToken,
) {
    while !cancel.is_cancelled() {
        let began = Instant::now();
        let verdict = round().await;
        let Some(pause) = schedule.pause(verdict, began.elapsed()) else { return };
        if cancel.is_cancelled() {
            return;
        }
        on_wait(pause, schedule.failures());
        if !wait(pause, &wall_clock, cancel).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const FAILED: Verdict = Verdict::Failed { asked: None };

    fn schedule(interval: Duration) -> Schedule {
        let pace = Pace { interval, longest_pause: 30 * MINUTE };
        Schedule::new(pace, fastrand::Rng::with_seed(7))
    }

    /// Runs the verdicts on a paused clock; gives the times of the rounds.
    async fn times(interval: Duration, verdicts: &[Verdict]) -> Vec<Duration> {
        let start = Instant::now();
        let (times, next) = (RefCell::new(Vec::new()), Cell::new(0));
        let round = async || {
            times.borrow_mut().push(start.elapsed());
            let verdict = verdicts.get(next.get()).copied().unwrap_or(Verdict::Over);
            next.set(next.get() + 1);
            verdict
        };
        let cancel = CancellationToken::new();
        let stopped = SystemTime::UNIX_EPOCH;
        keep(schedule(interval), round, |_, _| {}, || stopped, &cancel).await;
        times.into_inner()
    }

    fn gaps(times: &[Duration]) -> Vec<Duration> {
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
    }

    #[track_caller]
    fn about(found: Duration, wanted: Duration) {
        let most = wanted.mul_f64(1.1) + Duration::from_millis(2);
        assert!((wanted..=most).contains(&found), "{found:?} is not {wanted:?} with jitter");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_retried_sooner_then_later_up_to_the_cap() {
        let verdicts = [Verdict::Good, FAILED, FAILED, FAILED, FAILED, FAILED, FAILED, FAILED];
        let gaps = gaps(&times(15 * MINUTE, &verdicts).await);
        let minutes = [15, 1, 2, 4, 8, 16, 30, 30];
        assert_eq!(gaps.len(), minutes.len());
        for (gap, minutes) in gaps.into_iter().zip(minutes) {
            about(gap, minutes * MINUTE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_good_round_ends_the_back_off() {
        let verdicts = [FAILED, FAILED, Verdict::Good, FAILED];
        let gaps = gaps(&times(15 * MINUTE, &verdicts).await);
        for (gap, minutes) in gaps.into_iter().zip([1, 2, 15, 1]) {
            about(gap, minutes * MINUTE);
        }
    }

    #[test]
    fn a_short_interval_grows_too_and_a_long_one_is_never_cut() {
        let mut short = schedule(Duration::from_secs(10));
        for seconds in [10, 20, 40, 80] {
            about(short.pause(FAILED, MINUTE).unwrap(), Duration::from_secs(seconds));
        }
        let mut daily = schedule(24 * 60 * MINUTE);
        let last = (0..40).filter_map(|_| daily.pause(FAILED, MINUTE)).last().unwrap();
        about(last, 24 * 60 * MINUTE);
    }

    #[test]
    fn a_server_that_names_a_time_is_given_it() {
        let asked = Some(7 * MINUTE);
        let pause = schedule(MINUTE).pause(Verdict::Failed { asked }, MINUTE).unwrap();
        assert_eq!(pause, 7 * MINUTE);
    }

    #[test]
    fn a_round_counts_towards_the_interval_and_a_long_one_is_followed_by_a_breath() {
        let mut schedule = schedule(10 * MINUTE);
        about(schedule.pause(Verdict::Good, 4 * MINUTE).unwrap(), 6 * MINUTE);
        about(schedule.pause(Verdict::Good, 25 * MINUTE).unwrap(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_begins_when_it_wakes() {
        let start = Instant::now();
        // The wall clock runs eight hours ahead from the second look on, the monotonic one does not.
        let looks = Cell::new(0_u32);
        let wall_clock = || {
            looks.set(looks.get() + 1);
            SystemTime::UNIX_EPOCH + if looks.get() > 2 { 480 * MINUTE } else { Duration::ZERO }
        };
        assert!(wait(60 * MINUTE, wall_clock, &CancellationToken::new()).await);
        assert!(start.elapsed() < MINUTE, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_set_back_does_not_stop_the_watch() {
        let looks = Cell::new(0_u32);
        let wall_clock = || {
            looks.set(looks.get() + 1);
            SystemTime::UNIX_EPOCH + if looks.get() > 1 { Duration::ZERO } else { 480 * MINUTE }
        };
        let start = Instant::now();
        assert!(wait(60 * MINUTE, wall_clock, &CancellationToken::new()).await);
        about(start.elapsed(), 60 * MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_once_when_cancelled() {
        let cancel = CancellationToken::new();
        let start = Instant::now();
        let stop = async {
            sleep(Duration::from_secs(1)).await;
            cancel.cancel();
        };
        let (waited, ()) = tokio::join!(wait(MINUTE, SystemTime::now, &cancel), stop);
        assert!(!waited);
        about(start.elapsed(), Duration::from_secs(1));
    }
}
