//! The client: one request, tried until it is answered.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::{Client, Response};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, RETRY_AFTER,
};
use reqwest::{Method, StatusCode};
use url::Url;

use super::gate::{Gate, Permit};
use super::identity::text;
use super::retry::{Retries, classify, may_pass, retry_after};
use super::{Failure, HttpError, HttpRules, HttpStream, Identity, ProxyRule};

/// An HTTP client that waits its turn and tries again. Cheap to clone; clones share connections and limits.
///
/// Nothing is set up and nothing sent before the first request.
#[derive(Clone, Debug)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

struct Shared {
    rules: HttpRules,
    gate: Arc<Gate>,
    requests: AtomicU64,
    client: OnceLock<Result<Client, String>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// A key that a server asks for; nothing prints it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    fn header(&self) -> Result<HeaderValue, ()> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).map_err(|_| ())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A request: what is asked for and on which condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    /// Headers only.
    pub(super) head: bool,
    /// The bytes wanted.
    pub(super) span: Span,
    /// The strong ETag of which the range must be.
    pub(super) if_range: Option<String>,
    /// The ETag that needs no answer.
    pub(super) if_none_match: Option<String>,
}

/// Bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// All from this one on.
    From(u64),
    /// Those of a range, which is not empty.
    Range(Range<u64>),
    /// So many at its end.
    Last(u64),
}

impl Default for Span {
    fn default() -> Self {
        Self::From(0)
    }
}

impl Span {
    /// The first byte, as far as it is known.
    fn first(&self) -> u64 {
        match self {
            Self::From(first) => *first,
            Self::Range(range) => range.start,
            Self::Last(_) => 0,
        }
    }

    /// The `Range` header that asks for it; none for the whole file.
    fn header(&self) -> Option<String> {
        match self {
            Self::From(0) => None,
            Self::From(first) => Some(format!("bytes={first}-")),
            Self::Range(range) => Some(format!("bytes={}-{}", range.start, range.end - 1)),
            Self::Last(count) => Some(format!("bytes=-{count}")),
        }
    }
}

/// An answer whose body is still to be read, and the connection that it occupies.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) permit: Permit,
}

/// An attempt's failure that may pass, and the pause the server asked for.
type Setback = (Failure, Option<Duration>);

impl HttpClient {
    /// A client that keeps these rules.
    #[must_use]
    pub fn new(rules: HttpRules) -> Self {
        let gate = Arc::new(Gate::new(rules.connections_max, rules.requests_per_second));
        Self { shared: Arc::new(Shared { rules, gate, requests: AtomicU64::new(0), client: OnceLock::new() }) }
    }

    /// The rules it keeps.
    #[must_use]
    pub fn rules(&self) -> &HttpRules {
        &self.shared.rules
    }

    /// Requests sent so far, those that failed included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Opens a file for reading from its first byte. The stream holds one connection until its end or its drop: don't
    /// open more streams in one thread than connections are allowed.
    ///
    /// # Errors
    /// When the server refuses, or no attempt gets an answer.
    pub fn open(&self, url: &Url) -> Result<HttpStream, HttpError> {
        let mut stream = HttpStream::resume(self.clone(), url.clone(), 0, Identity::default());
        stream.connect()?;
        Ok(stream)
    }

    /// What the server says of a file, without its bytes.
    ///
    /// # Errors
    /// As [`HttpClient::open`].
    pub fn head(&self, url: &Url) -> Result<Identity, HttpError> {
        Ok(self.head_unless(url, None)?.unwrap_or_default())
    }

    /// As [`HttpClient::head`], or `None` where the file's ETag is still this one.
    pub(super) fn head_unless(&self, url: &Url, etag: Option<&str>) -> Result<Option<Identity>, HttpError> {
        let ask = |head| {
            let ask = Ask { head, if_none_match: etag.map(str::to_owned), ..Ask::default() };
            self.send(url, &ask, &mut Retries::new(self.rules()))
        };
        let reply = match ask(true) {
            // Servers that know no HEAD still say it all before the body.
            Err(HttpError::Status { status: 405 | 501, .. }) => ask(false)?,
            reply => reply?,
        };
        let unchanged = reply.response.status() == StatusCode::NOT_MODIFIED;
        Ok((!unchanged).then(|| Identity::of_whole(reply.response.headers())))
    }

    /// Sends a request until it is answered by 2xx, 304 or 416, or for good by something else.
    pub(super) fn send(&self, url: &Url, ask: &Ask, retries: &mut Retries) -> Result<Reply, HttpError> {
        let client = self.client()?;
        let host = host_of(url);
        loop {
            let permit = self.shared.gate.pass(&host);
            self.shared.requests.fetch_add(1, Ordering::Relaxed);
            let (failure, asked) = match attempt(client, url, ask)? {
                Ok(response) => return Ok(Reply { response, permit }),
                Err(setback) => setback,
            };
            // Others may use the connection while this one waits.
            drop(permit);
            if let Some(asked) = asked {
                self.shared.gate.hold_back(&host, Instant::now(), asked.min(self.rules().retry_after_max));
            }
            retries.wait_or_give_up(url, ask.span.first(), failure, asked)?;
        }
    }

    /// Sends a body and gives back the answer's, of at most `answer_bytes_max` bytes. What may pass is tried again, so
    /// only send what may arrive twice. The key is told to nobody but the server.
    ///
    /// # Errors
    /// When the server refuses, no attempt gets an answer, or the answer is longer.
    pub fn post(
        &self,
        url: &Url,
        content_type: &'static str,
        body: &[u8],
        key: Option<&Secret>,
        answer_bytes_max: u64,
    ) -> Result<Vec<u8>, HttpError> {
        let client = self.client()?;
        let host = host_of(url);
        let mut retries = Retries::new(self.rules());
        let wrong = |reason: &str| HttpError::Request { url: url.to_string(), reason: reason.to_owned() };
        let key = key.map(Secret::header).transpose().map_err(|()| wrong("the key is no text for a header"))?;
        loop {
            let permit = self.shared.gate.pass(&host);
            let mut request = client.post(url.clone()).header(CONTENT_TYPE, content_type).body(body.to_vec());
            if let Some(key) = &key {
                request = request.header(AUTHORIZATION, key.clone());
            }
            let (failure, asked) = match request.send() {
                Ok(response) if response.status().is_success() => {
                    let mut answer = Vec::new();
                    match response.take(answer_bytes_max + 1).read_to_end(&mut answer) {
                        Ok(_) if answer.len() as u64 > answer_bytes_max => {
                            return Err(wrong("the answer is longer than anything that was asked for"));
                        }
                        Ok(_) => return Ok(answer),
                        Err(error) => (Failure::Broken(error.to_string()), None),
                    }
                }
                // Who may not ask now may not ask later.
                Ok(response) if response.status() == StatusCode::FORBIDDEN || !may_pass(response.status()) => {
                    return Err(HttpError::Status { url: url.to_string(), status: response.status().as_u16() });
                }
                Ok(response) => {
                    let header = text(response.headers(), RETRY_AFTER);
                    let asked = header.and_then(|header| retry_after(&header, SystemTime::now()));
                    (Failure::Status(response.status().as_u16()), asked)
                }
                Err(error) => (classify(url.as_str(), &error)?, None),
            };
            drop(permit);
            retries.wait_or_give_up(url, 0, failure, asked)?;
        }
    }

    fn client(&self) -> Result<&Client, HttpError> {
        let client = self.shared.client.get_or_init(|| set_up(&self.shared.rules));
        client.as_ref().map_err(|reason| HttpError::Setup { reason: reason.clone() })
    }
}

fn set_up(rules: &HttpRules) -> Result<Client, String> {
    // Fails where the program has installed a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(&rules.user_agent)
        .connect_timeout(rules.connect_timeout)
        // For the blocking client this is the longest wait for the head and for each piece of the body.
        .timeout(rules.idle_timeout)
        .pool_max_idle_per_host(rules.connections_max.get());
    let builder = match rules.proxy {
        ProxyRule::Environment => builder,
        ProxyRule::Direct => builder.no_proxy(),
    };
    builder.build().map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    })
}

/// One request and its answer. The outer error is for good, the inner one may pass.
fn attempt(client: &Client, url: &Url, ask: &Ask) -> Result<Result<Response, Setback>, HttpError> {
    let method = if ask.head { Method::HEAD } else { Method::GET };
    // Bytes as stored: offsets and checks are of those.
    let mut request = client.request(method, url.clone()).header(ACCEPT_ENCODING, "identity");
    if let Some(range) = ask.span.header() {
        request = request.header(RANGE, range);
    }
    for (name, value) in [(IF_RANGE, &ask.if_range), (IF_NONE_MATCH, &ask.if_none_match)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let response = match request.send() {
        Ok(response) => response,
        Err(error) => return classify(url.as_str(), &error).map(|failure| Err((failure, None))),
    };
    let status = response.status();
    if status.is_success() || matches!(status, StatusCode::NOT_MODIFIED | StatusCode::RANGE_NOT_SATISFIABLE) {
        return Ok(Ok(response));
    }
    if !may_pass(status) {
        return Err(HttpError::Status { url: url.to_string(), status: status.as_u16() });
    }
    let header = text(response.headers(), RETRY_AFTER);
    let asked = header.and_then(|header| retry_after(&header, SystemTime::now()));
    Ok(Err((Failure::Status(status.as_u16()), asked)))
}

fn host_of(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
