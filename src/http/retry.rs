//! What is sent again, and after which pause. Who judges an answer says whether repeating helps.

use std::time::{Duration, SystemTime};

use super::failure::Reason;
use super::options::HttpOptions;

/// The longest pause before a retry. A server that asks for more is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How much longer the pauses are after [`Again::Later`].
const LATER_FACTOR: u32 = 4;
/// How much shorter they are while the server answers others.
const AMONG_ANSWERS_DIVISOR: u32 = 4;

/// Whether an answer is worth asking for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It will not get better.
    No,
    /// One more try.
    Once,
    /// Up to the configured number of tries.
    Yes,
    /// As [`Again::Yes`], with longer pauses: the server is full.
    Later,
}

impl Again {
    /// What HTTP says of a status for a request that may be repeated.
    pub fn after_status(status: u16) -> Self {
        match status {
            408 | 429 | 502 | 503 | 504 => Self::Yes,
            500 => Self::Once,
            _ => Self::No,
        }
    }
}

/// An answer made sense of.
#[derive(Debug)]
pub struct Judged<T> {
    /// What the caller gets if it is not asked for again.
    pub outcome: T,
    /// Whether to ask again.
    pub again: Again,
    /// What the request log should say is wrong with it.
    pub complaint: Option<String>,
}

/// After which failures without an answer a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// The connection could not be made.
    pub unconnected: bool,
    /// The connection broke before the answer was complete.
    pub broken: bool,
    /// No answer in time.
    pub timeout: bool,
}

impl Resend {
    /// For requests that change nothing.
    pub const ALWAYS: Self = Self { unconnected: true, broken: true, timeout: true };
    /// For the first request of a session, where a person waits to hear of a wrong URL.
    pub const IF_BROKEN: Self = Self { unconnected: false, broken: true, timeout: false };
    /// For requests that should not run twice although that would change nothing.
    pub const UNLESS_SLOW: Self = Self { unconnected: true, broken: true, timeout: false };
    /// For requests that must not run twice.
    pub const NEVER: Self = Self { unconnected: false, broken: false, timeout: false };

    pub(super) fn allows(self, reason: Reason) -> bool {
        match reason {
            Reason::Refused | Reason::Connect | Reason::Proxy | Reason::ConnectTimeout => {
                self.unconnected
            }
            Reason::Broken => self.broken,
            Reason::Timeout => self.timeout,
            // A wrong name or certificate stays wrong.
            Reason::Dns
            | Reason::Certificate
            | Reason::Tls
            | Reason::NotHttp
            | Reason::TooLarge
            | Reason::Request => false,
        }
    }
}

/// What a failure says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// Other requests were answered meanwhile: it is this one that failed.
    AmongAnswers,
    /// Nothing was answered lately: the server, or the way to it, is down.
    Silence,
    /// The server asks everybody to slow down.
    Crowd,
}

/// Counts the tries of one request.
#[derive(Debug)]
pub(super) struct Tries<'a> {
    options: &'a HttpOptions,
    /// Of the try under way; 1 for the first.
    pub(super) attempt: u32,
    once_spent: bool,
}

impl<'a> Tries<'a> {
    pub(super) fn new(options: &'a HttpOptions) -> Self {
        Self { options, attempt: 1, once_spent: false }
    }

    /// The pause before the next try, or `None` when this was the last one.
    pub(super) fn next(
        &mut self,
        again: Again,
        retry_after: Option<Duration>,
        setting: Setting,
    ) -> Option<Duration> {
        match again {
            Again::No => return None,
            Again::Once if self.once_spent => return None,
            Again::Once => self.once_spent = true,
            Again::Yes | Again::Later => {}
        }
        if self.attempt > self.options.retries {
            return None;
        }
        let jitter = 1.0 + fastrand::f64() / 4.0;
        let pause = match retry_after {
            Some(asked) if asked > LONGEST_PAUSE => return None,
            Some(asked) => asked + self.options.retry_pause.mul_f64(jitter - 1.0),
            None => {
                let doubled = 2_u32.saturating_pow(self.attempt - 1);
                let factor = if again == Again::Later {
                    doubled.saturating_mul(LATER_FACTOR)
                } else {
                    doubled
                };
                let divisor = match setting {
                    Setting::AmongAnswers => AMONG_ANSWERS_DIVISOR,
                    Setting::Silence | Setting::Crowd => 1,
                };
                let pause = self.options.retry_pause.saturating_mul(factor) / divisor;
                pause.min(LONGEST_PAUSE).mul_f64(jitter)
            }
        };
        self.attempt += 1;
        Some(pause)
    }
}

/// Reads a `Retry-After` header: seconds or an HTTP date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> HttpOptions {
        HttpOptions { retries: 4, retry_pause: Duration::from_secs(1), ..HttpOptions::default() }
    }

    #[test]
    fn pauses_double_with_jitter_and_end() {
        let options = options();
        let mut tries = Tries::new(&options);
        for expected in [1.0, 2.0, 4.0, 8.0] {
            let pause =
                tries.next(Again::Yes, None, Setting::Silence).expect("a retry").as_secs_f64();
            assert!((expected..=expected * 1.25).contains(&pause), "{pause} for {expected}");
        }
        assert_eq!(tries.next(Again::Yes, None, Setting::Silence), None);
    }

    #[test]
    fn one_failure_among_answers_is_tried_again_sooner() {
        let options = options();
        let mut tries = Tries::new(&options);
        for (setting, expected) in
            [(Setting::AmongAnswers, 0.25), (Setting::AmongAnswers, 0.5), (Setting::Silence, 4.0)]
        {
            let pause = tries.next(Again::Yes, None, setting).expect("a retry").as_secs_f64();
            assert!((expected..=expected * 1.25).contains(&pause), "{pause} for {expected}");
        }
    }

    #[test]
    fn a_full_server_gets_longer_pauses() {
        let options = options();
        let pause = Tries::new(&options).next(Again::Later, None, Setting::Crowd).expect("a retry");
        assert!(pause >= Duration::from_secs(4), "{pause:?}");
    }

    #[test]
    fn once_means_once() {
        let options = options();
        let mut tries = Tries::new(&options);
        assert!(tries.next(Again::Once, None, Setting::Silence).is_some());
        assert_eq!(tries.next(Again::Once, None, Setting::Silence), None);
        assert!(tries.next(Again::Yes, None, Setting::Silence).is_some());
    }

    #[test]
    fn waits_as_long_as_the_server_asks_but_not_for_ever() {
        let options = options();
        let asked = Duration::from_secs(7);
        let pause = Tries::new(&options)
            .next(Again::Yes, Some(asked), Setting::AmongAnswers)
            .expect("a retry");
        assert!(pause >= asked && pause < asked + Duration::from_secs(1), "{pause:?}");
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(Tries::new(&options).next(Again::Yes, hour, Setting::Silence), None);
    }

    #[test]
    fn reads_both_forms_of_retry_after() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
            Some(Duration::ZERO),
            "a date in the past"
        );
        assert_eq!(retry_after("soon", now), None);
    }
}
