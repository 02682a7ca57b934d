//! When to try again: which failures pass, how long to wait, when to give up.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::iter;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::StatusCode;
use tracing::warn;
use url::Url;

use super::{HttpError, HttpRules};

/// How one attempt failed, of the kinds that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with a status that means "later".
    Status(u16),
    /// No connection came to stand.
    Connect(String),
    /// The server was silent for longer than allowed.
    Silent,
    /// The connection broke, or the body ended early.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the server answered {}", status_text(*status)),
            Self::Connect(reason) => write!(f, "no connection: {reason}"),
            Self::Silent => f.write_str("the server was silent for longer than the timeout"),
            Self::Broken(reason) => write!(f, "the connection broke: {reason}"),
        }
    }
}

/// A status with its usual name, as `404 Not Found`.
pub(super) fn status_text(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// Whether a status may be another one later. 403 is how Common Crawl's servers say "slow down".
pub(super) fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::FORBIDDEN | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
        || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// Sorts a failed request into one to repeat or one to give up.
pub(super) fn classify(url: &str, error: &reqwest::Error) -> Result<Failure, HttpError> {
    if error.is_redirect() || error.is_builder() {
        return Err(HttpError::Request { url: url.to_owned(), reason: innermost(error) });
    }
    if let Some(problem) = untrusted(error) {
        return Err(HttpError::Request { url: url.to_owned(), reason: problem });
    }
    Ok(if error.is_timeout() {
        Failure::Silent
    } else if error.is_connect() {
        Failure::Connect(innermost(error))
    } else {
        Failure::Broken(innermost(error))
    })
}

/// The cause at the end of the chain, which says most.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// What is wrong with the server's certificate, where that is why there is no connection.
fn untrusted(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|mut cause| {
        // An io::Error's source is the source of what it wraps, so the wrappings are taken off here.
        while let Some(wrapped) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            cause = wrapped;
        }
        match cause.downcast_ref() {
            Some(error @ rustls::Error::InvalidCertificate(_)) => Some(error.to_string()),
            _ => None,
        }
    })
}

/// An error and what caused it, outermost first.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

/// The attempts left for one file.
#[derive(Debug)]
pub(super) struct Retries {
    policy: ExponentialBuilder,
    pauses: ExponentialBackoff,
    retry_after_max: Duration,
    failed: u32,
}

impl Retries {
    pub(super) fn new(rules: &HttpRules) -> Self {
        // Jitter only spreads clients over time and reaches no output, so it may be random.
        let seed = RandomState::new().hash_one(std::process::id());
        let policy = ExponentialBuilder::new()
            .with_min_delay(rules.backoff_first)
            .with_max_delay(rules.backoff_max)
            .with_max_times(rules.attempts_max.get() as usize - 1)
            .with_jitter()
            .with_jitter_seed(seed);
        Self { policy, pauses: policy.build(), retry_after_max: rules.retry_after_max, failed: 0 }
    }

    /// Forgets past failures: there was progress.
    pub(super) fn reset(&mut self) {
        if self.failed > 0 {
            self.pauses = self.policy.build();
            self.failed = 0;
        }
    }

    /// Counts a failure and says how long to wait before the next attempt; `None` after the last.
    fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.failed += 1;
        let pause = self.pauses.next()?;
        Some(pause.max(asked.unwrap_or_default().min(self.retry_after_max)))
    }

    /// Sleeps before the next attempt, or fails where there is none.
    pub(super) fn wait_or_give_up(
        &mut self,
        url: &Url,
        offset: u64,
        failure: Failure,
        asked: Option<Duration>,
    ) -> Result<(), HttpError> {
        let Some(pause) = self.pause(asked) else {
            return Err(HttpError::GaveUp { url: url.to_string(), offset, attempts: self.failed, failure });
        };
        warn!(%url, offset, %failure, ?pause, "trying again");
        thread::sleep(pause);
        Ok(())
    }
}

/// The pause that a `Retry-After` header asks for: seconds, or an HTTP date (RFC 9110, 10.2.3).
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = UNIX_EPOCH + Duration::from_secs(http_date(header)?);
    Some(then.duration_since(now).unwrap_or_default())
}

/// Seconds since the Unix epoch of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of date that servers may still send.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let [hour, minute, second] = time.split(':').map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?[..] else {
        return None;
    };
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years and months counted from March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_to_year = 365 * year + year / 4 - year / 100 + year / 400;
    let days = days_to_year + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        #[track_caller]
        fn check(header: &str, want: Option<u64>) {
            let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
            assert_eq!(retry_after(header, now), want.map(Duration::from_secs));
        }
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(0));
        check("Sun, 06 Nov 1994 08:50:07 GMT", Some(30));
        check("Sun, 06 Nov 1994 08:49:07 GMT", Some(0));
        check("Tue, 07 Nov 1995 08:49:37 GMT", Some(366 * 86_400));
        check("Thu, 07 Mar 1996 00:00:00 GMT", Some(826_156_800 - 784_111_777));
        check("-1", None);
        check("soon", None);
        check("Sun, 99 Nov 1994 08:49:37 GMT", None);
        check("Sun, 06 Nov 1994 08:49 GMT", None);
    }

    #[test]
    fn pauses_grow_are_capped_and_end() {
        let ms = Duration::from_millis;
        let rules = HttpRules {
            attempts_max: NonZeroU32::new(5).unwrap(),
            backoff_first: ms(10),
            backoff_max: ms(20),
            retry_after_max: ms(300),
            ..HttpRules::default()
        };
        let mut retries = Retries::new(&rules);
        for (asked, least, most) in
            [(None, 10, 20), (None, 20, 40), (Some(ms(200)), 200, 200), (Some(ms(900)), 300, 300)]
        {
            let pause = retries.pause(asked).unwrap();
            assert!((ms(least)..=ms(most)).contains(&pause), "{pause:?}");
        }
        assert_eq!(retries.pause(None), None);
        retries.reset();
        assert!(retries.pause(None).unwrap() <= ms(20));
    }

    #[test]
    fn a_bad_certificate_is_found_in_the_chain() {
        let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let error = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, certificate));
        assert_eq!(untrusted(&error).unwrap(), "invalid peer certificate: Expired");
        assert_eq!(untrusted(&io::Error::other(rustls::Error::DecryptError)), None);
    }

    #[test]
    fn what_may_pass_and_what_not() {
        let passing: Vec<u16> = (400..600).filter(|n| may_pass(StatusCode::from_u16(*n).unwrap())).collect();
        assert_eq!(passing[..5], [403, 408, 429, 500, 502]);
        assert_eq!(status_text(404), "404 Not Found");
        assert_eq!(status_text(799), "799");
    }
}
