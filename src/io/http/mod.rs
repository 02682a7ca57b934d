//! Reading over HTTP from servers that fail: URL in, bytes out, whole and unmixed.
//!
//! Every request waits for a free connection and for its host's turn ([`HttpRules`]), and is tried again after
//! answers that mean "later" (403, 429, 5xx), broken connections and timeouts. A body that breaks off is continued
//! by a range request, after a check that it is still the same file. Nothing here decompresses.
//!
//! The client blocks: call it from ordinary threads, not from inside an async runtime.

mod client;
mod fetch;
mod gate;
mod identity;
mod part;
mod retry;
mod stream;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use thiserror::Error;

use crate::io::atomic::AtomicError;

pub use client::{HttpClient, Secret};
pub use fetch::{Fetched, Freshness};
pub use identity::Identity;
pub use part::Part;
pub use retry::Failure;
pub use stream::HttpStream;

/// How to behave towards servers.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRules {
    /// The `User-Agent` sent; operators want to know whom to ask.
    pub user_agent: String,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long a server may stay silent, before its answer or within a body.
    pub idle_timeout: Duration,
    /// Attempts in a row without progress before giving up.
    pub attempts_max: NonZeroU32,
    /// Pause before the second attempt; it doubles with each, plus up to as much again of jitter.
    pub backoff_first: Duration,
    /// Longest pause that doubling leads to, before jitter.
    pub backoff_max: Duration,
    /// Longest pause that a server may ask for by `Retry-After`; longer ones are cut to this.
    pub retry_after_max: Duration,
    /// Requests and open bodies at one time, over all hosts.
    pub connections_max: NonZeroUsize,
    /// Requests started per second and host; `None` sets no limit.
    pub requests_per_second: Option<f64>,
    /// Whether proxies named in the environment are used.
    pub proxy: ProxyRule,
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            user_agent: concat!("corpus-build/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_mins(1),
            attempts_max: NonZeroU32::MIN.saturating_add(7),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_mins(1),
            retry_after_max: Duration::from_mins(10),
            connections_max: NonZeroUsize::MIN.saturating_add(3),
            requests_per_second: Some(4.0),
            proxy: ProxyRule::Environment,
        }
    }
}

/// Which proxy requests go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyRule {
    /// Those that `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` or the system's settings name.
    Environment,
    /// None.
    Direct,
}

/// Why bytes did not come.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client could not be set up.
    #[error("the HTTP client cannot be set up: {reason}")]
    Setup {
        /// What the TLS or HTTP library said.
        reason: String,
    },
    /// The request can't be made or followed: redirects without end, or a certificate
    /// that is not trusted.
    #[error("{url}: {reason}")]
    Request {
        /// The address asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered with a status that a further attempt would not change.
    #[error("{url}: the server answered {}", retry::status_text(*status))]
    Status {
        /// The address asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Every attempt failed.
    #[error("{url}: gave up at byte {offset} after {attempts} attempts, the last of which failed: {failure}")]
    GaveUp {
        /// The address asked for.
        url: String,
        /// Bytes of the body received before.
        offset: u64,
        /// Attempts made since the last progress.
        attempts: u32,
        /// How the last one failed.
        failure: Failure,
    },
    /// The file on the server is no longer the one whose first bytes were read.
    #[error(
        "{url}: the file changed on the server while it was read, at byte {offset}: expected {expected}, found {found}; \
         read it again from the start"
    )]
    Changed {
        /// The address asked for.
        url: String,
        /// Bytes received before.
        offset: u64,
        /// What identified the file first.
        expected: String,
        /// What identifies it now.
        found: String,
    },
    /// The connection broke and nothing tells whether the rest would be of the same file.
    #[error(
        "{url}: the connection broke at byte {offset}, and the server gives neither ETag nor Last-Modified nor length \
         by which to continue safely; fetch the file first"
    )]
    CannotResume {
        /// The address asked for.
        url: String,
        /// Bytes received before.
        offset: u64,
    },
    /// The server sent another range than the one asked for.
    #[error("{url}: asked for the bytes from {asked} on, the server sent Content-Range {found:?}")]
    BadRange {
        /// The address asked for.
        url: String,
        /// First byte asked for.
        asked: u64,
        /// The header, empty where missing.
        found: String,
    },
    /// The server sends whole files only, and this one is large.
    #[error("{url}: the server sends no parts of files, only the whole; expected an answer 206 to a range request")]
    NoParts {
        /// The address asked for.
        url: String,
    },
    /// The local copy can't be written.
    #[error(transparent)]
    File(#[from] AtomicError),
    /// Another process is fetching to the same place.
    #[error("{path}: another process is fetching this file; wait for it or stop it")]
    Locked {
        /// The partial file both want to write.
        path: String,
    },
}
