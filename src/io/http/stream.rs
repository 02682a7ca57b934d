//! A body as one unbroken stream, over as many connections as it takes.

use std::io::{self, Read};

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::CONTENT_RANGE;
use url::Url;

use super::client::{Ask, Reply, Span};
use super::gate::Permit;
use super::identity::{Agreement, ContentRange, text};
use super::retry::{Retries, causes};
use super::{Failure, HttpClient, HttpError, Identity};

/// Bytes a connection has to bring before earlier failures are forgotten: a server that breaks off after every few
/// bytes is given up.
pub(super) const PROGRESS_BYTES: u64 = 64 << 10;
const SKIP_BYTES: usize = 64 << 10;

/// The bytes of a file on a server, continued by range requests when the connection breaks.
///
/// The bytes are as stored (never decompressed) and of one version of the file, or the read fails. Reads are not
/// buffered: read in large pieces. After an error every further read fails.
#[derive(Debug)]
pub struct HttpStream {
    client: HttpClient,
    url: Url,
    /// Bytes given to the caller, or had before.
    offset: u64,
    identity: Identity,
    retries: Retries,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No connection; the next byte wanted is at `offset`.
    Idle,
    /// A body is coming.
    Open(Body),
    /// All was read.
    Done,
    /// An error was reported.
    Failed,
}

#[derive(Debug)]
struct Body {
    response: Response,
    /// Bytes to throw away: sent again by a server that knows no ranges.
    skip: u64,
    /// Bytes that this connection has brought.
    brought: u64,
    _permit: Permit,
}

impl HttpStream {
    /// A stream from `offset` on, of the version that `identity` describes. Nothing is sent yet.
    pub(super) fn resume(client: HttpClient, url: Url, offset: u64, identity: Identity) -> Self {
        let retries = Retries::new(client.rules());
        Self { client, url, offset, identity, retries, state: State::Idle }
    }

    /// Bytes read so far, those before a resumed start included.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What the server said of the file.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Reads some bytes; 0 at the end of the file (or for an empty buffer).
    ///
    /// # Errors
    /// When attempts are used up, or the file changed between two connections.
    pub fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, HttpError> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let result = self.read_on(buffer);
        if result.is_err() {
            self.state = State::Failed;
        }
        result
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize, HttpError> {
        loop {
            self.connect()?;
            let body = match &mut self.state {
                State::Open(body) => body,
                State::Done => return Ok(0),
                State::Idle | State::Failed => {
                    let reason = "the stream failed before".to_owned();
                    return Err(HttpError::Request { url: self.url.to_string(), reason });
                }
            };
            let failure = match body.read(buffer) {
                Ok(0) if self.identity.bytes.is_none_or(|bytes| self.offset >= bytes) && body.skip == 0 => {
                    self.state = State::Done;
                    return Ok(0);
                }
                Ok(0) => Failure::Broken("the body ended early".to_owned()),
                Ok(n) => {
                    self.offset += n as u64;
                    if body.brought >= PROGRESS_BYTES {
                        self.retries.reset();
                    }
                    if self.identity.bytes == Some(self.offset) {
                        // Frees the connection before the caller asks for the end.
                        self.state = State::Done;
                    }
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => failure_of(&e),
            };
            self.state = State::Idle;
            self.retries.wait_or_give_up(&self.url, self.offset, failure, None)?;
        }
    }

    /// Asks for the body from `offset` on, where none is open.
    pub(super) fn connect(&mut self) -> Result<(), HttpError> {
        if !matches!(self.state, State::Idle) {
            return Ok(());
        }
        if self.offset > 0 && self.identity == Identity::default() {
            return Err(HttpError::CannotResume { url: self.url.to_string(), offset: self.offset });
        }
        if self.identity.bytes == Some(self.offset) && self.offset > 0 {
            self.state = State::Done;
            return Ok(());
        }
        let ask = Ask {
            span: Span::From(self.offset),
            if_range: self.identity.strong_etag().filter(|_| self.offset > 0).map(str::to_owned),
            ..Ask::default()
        };
        let Reply { response, permit } = self.client.send(&self.url, &ask, &mut self.retries)?;
        let status = response.status();
        let partial = status == StatusCode::PARTIAL_CONTENT;
        let found = match (status, self.offset) {
            (StatusCode::PARTIAL_CONTENT, _) => Identity::of_part(response.headers()),
            (StatusCode::RANGE_NOT_SATISFIABLE, 1..) => return self.judge_end(&response),
            _ if status.is_success() => Identity::of_whole(response.headers()),
            _ => return Err(HttpError::Status { url: self.url.to_string(), status: status.as_u16() }),
        };
        if partial && ContentRange::of(response.headers()).and_then(|range| range.first) != Some(self.offset) {
            let header = text(response.headers(), CONTENT_RANGE).unwrap_or_default();
            return Err(HttpError::BadRange { url: self.url.to_string(), asked: self.offset, found: header });
        }
        self.agree(&found)?;
        let skip = if partial { 0 } else { self.offset };
        self.state = State::Open(Body { response, skip, brought: 0, _permit: permit });
        Ok(())
    }

    /// No bytes from `offset` on: the end, where the length was unknown and the file is exactly that long.
    fn judge_end(&mut self, response: &Response) -> Result<(), HttpError> {
        self.agree(&Identity { bytes: None, ..Identity::of_whole(response.headers()) }).or_else(
            |error| match error {
                // A 416 answer need not repeat the ETag.
                HttpError::CannotResume { .. } => Ok(()),
                error => Err(error),
            },
        )?;
        let total = ContentRange::of(response.headers()).and_then(|range| range.total);
        if self.identity.bytes.is_none() && total == Some(self.offset) {
            self.state = State::Done;
            return Ok(());
        }
        let expected =
            self.identity.bytes.map_or_else(|| format!("more than {} bytes", self.offset), |n| format!("length {n}"));
        let found = total.map_or_else(|| "no such range".to_owned(), |n| format!("length {n}"));
        Err(HttpError::Changed { url: self.url.to_string(), offset: self.offset, expected, found })
    }

    /// Checks a further answer against the first, whose identity this takes.
    fn agree(&mut self, found: &Identity) -> Result<(), HttpError> {
        let (url, offset) = (self.url.to_string(), self.offset);
        match self.identity.compare(found) {
            Agreement::Different { expected, found } if offset > 0 => {
                Err(HttpError::Changed { url, offset, expected, found })
            }
            Agreement::Unknown if offset > 0 => Err(HttpError::CannotResume { url, offset }),
            Agreement::Same if offset > 0 => {
                self.identity.bytes = self.identity.bytes.or(found.bytes);
                Ok(())
            }
            // Nothing was given out yet: a new version is as good.
            _ => {
                self.identity = found.clone();
                Ok(())
            }
        }
    }
}

impl Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut scratch = Vec::new();
        while self.skip > 0 {
            scratch.resize(SKIP_BYTES, 0);
            let wanted = self.skip.min(SKIP_BYTES as u64) as usize;
            let n = self.response.read(&mut scratch[..wanted])?;
            if n == 0 {
                return Ok(0);
            }
            self.skip -= n as u64;
        }
        let n = self.response.read(buffer)?;
        self.brought += n as u64;
        Ok(n)
    }
}

impl Read for HttpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(io::Error::other)
    }
}

pub(super) fn failure_of(error: &io::Error) -> Failure {
    let request = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
    if error.kind() == io::ErrorKind::TimedOut || request.is_some_and(reqwest::Error::is_timeout) {
        return Failure::Silent;
    }
    let cause = match request {
        Some(request) => causes(request).last().map(ToString::to_string),
        None => causes(error).last().map(ToString::to_string),
    };
    Failure::Broken(cause.unwrap_or_default())
}
