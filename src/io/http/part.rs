//! Parts of a file: a range of its bytes, or its last ones, whole and of one version, or an error.

use std::io::{self, Read};
use std::ops::Range;

use reqwest::StatusCode;
use reqwest::header::CONTENT_RANGE;
use url::Url;

use super::client::{Ask, Reply, Span};
use super::identity::{Agreement, ContentRange, text};
use super::retry::Retries;
use super::stream::{PROGRESS_BYTES, failure_of};
use super::{Failure, HttpClient, HttpError, Identity};

/// Bytes passed over to reach a part, where a server sends whole files only.
const PASS_BYTES_MAX: u64 = 4 << 20;
/// Times a part is begun anew because the file changed under it.
const RESTARTS_MAX: u32 = 3;
const STEP_BYTES: u64 = 64 << 10;

/// A part of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Where in the file it begins.
    pub first: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Bytes of the whole file, where the server says.
    pub total: Option<u64>,
}

impl HttpClient {
    /// The bytes of a file in `range`; fewer where the file ends before. They are all held: ask for what fits memory.
    ///
    /// # Errors
    /// When attempts are used up, or the server sends something else.
    pub fn range(&self, url: &Url, range: Range<u64>) -> Result<Part, HttpError> {
        if range.is_empty() {
            return Ok(Part { first: range.start, ..Part::default() });
        }
        self.part(url, Span::Range(range))
    }

    /// The last `count` bytes of a file, at least 1; all of a shorter one.
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub fn tail(&self, url: &Url, count: u64) -> Result<Part, HttpError> {
        self.part(url, Span::Last(count.max(1)))
    }

    fn part(&self, url: &Url, span: Span) -> Result<Part, HttpError> {
        let mut filling = Filling { part: Part::default(), wanted: None, identity: Identity::default() };
        let mut retries = Retries::new(self.rules());
        let mut restarts = 0;
        loop {
            let had = filling.part.bytes.len() as u64;
            let span = match &filling.wanted {
                Some(wanted) if had > 0 => Span::Range(wanted.start + had..wanted.end),
                _ => span.clone(),
            };
            let if_range = filling.identity.strong_etag().filter(|_| had > 0).map(str::to_owned);
            let ask = Ask { span: span.clone(), if_range, ..Ask::default() };
            let Reply { mut response, permit } = self.send(url, &ask, &mut retries)?;
            let range = ContentRange::of(response.headers());
            let begin = match response.status() {
                StatusCode::PARTIAL_CONTENT => {
                    let found = Identity::of_part(response.headers());
                    filling.begin(&span, range.and_then(|range| range.first), &found)
                }
                StatusCode::RANGE_NOT_SATISFIABLE if had == 0 => {
                    let first = if let Span::Range(range) = &span { range.start } else { 0 };
                    return Ok(Part { first, bytes: Vec::new(), total: range.and_then(|range| range.total) });
                }
                StatusCode::RANGE_NOT_SATISFIABLE => Begin::Changed,
                status if status.is_success() => {
                    let found = Identity::of_whole(response.headers());
                    if found.bytes.is_none_or(|bytes| bytes > PASS_BYTES_MAX) {
                        return Err(HttpError::NoParts { url: url.to_string() });
                    }
                    filling.begin(&span, Some(0), &found)
                }
                status => return Err(HttpError::Status { url: url.to_string(), status: status.as_u16() }),
            };
            let pass = match begin {
                Begin::After(pass) => pass,
                Begin::Elsewhere => {
                    let found = text(response.headers(), CONTENT_RANGE).unwrap_or_default();
                    return Err(HttpError::BadRange { url: url.to_string(), asked: filling.next(), found });
                }
                Begin::Changed if restarts < RESTARTS_MAX => {
                    restarts += 1;
                    filling = Filling { part: Part::default(), wanted: None, identity: Identity::default() };
                    continue;
                }
                Begin::Changed => {
                    let (expected, found) = ("one version".to_owned(), "others".to_owned());
                    return Err(HttpError::Changed { url: url.to_string(), offset: filling.next(), expected, found });
                }
            };
            let read = filling.fill(&mut response, pass);
            drop(permit);
            match read {
                Ok(()) => return Ok(filling.part),
                Err((brought, failure)) => {
                    if brought >= PROGRESS_BYTES {
                        retries.reset();
                    }
                    retries.wait_or_give_up(url, filling.next(), failure, None)?;
                }
            }
        }
    }
}

/// How an answer goes on from what is there.
enum Begin {
    /// With so many bytes to pass over before.
    After(u64),
    /// It is of other bytes.
    Elsewhere,
    /// It is of another version of the file.
    Changed,
}

/// A part on its way.
struct Filling {
    part: Part,
    /// What of the file is wanted, as far as it goes: known with the first answer.
    wanted: Option<Range<u64>>,
    identity: Identity,
}

impl Filling {
    /// The next byte wanted.
    fn next(&self) -> u64 {
        self.part.first + self.part.bytes.len() as u64
    }

    /// Takes an answer that begins at byte `first` of the file.
    fn begin(&mut self, span: &Span, first: Option<u64>, found: &Identity) -> Begin {
        let had = !self.part.bytes.is_empty();
        if had && self.identity.compare(found) != Agreement::Same {
            return Begin::Changed;
        }
        let total = found.bytes;
        if !had {
            let wanted = match (span, total) {
                (Span::Range(range), total) => range.start..total.map_or(range.end, |total| range.end.min(total)),
                (Span::Last(count), Some(total)) => total.saturating_sub(*count)..total,
                (Span::From(_) | Span::Last(_), _) => return Begin::Elsewhere,
            };
            self.part.first = wanted.start;
            self.part.total = total;
            self.wanted = Some(wanted);
            self.identity = found.clone();
        }
        match first {
            // The file ends before.
            _ if self.wanted.as_ref().is_some_and(Range::is_empty) => Begin::After(0),
            Some(first) if first == self.next() => Begin::After(0),
            // A whole file in place of a part.
            Some(0) => Begin::After(self.next()),
            _ => Begin::Elsewhere,
        }
    }

    /// Reads what is missing; else says how many bytes came, and what went wrong.
    fn fill(&mut self, body: &mut impl Read, pass: u64) -> Result<(), (u64, Failure)> {
        let end = self.wanted.as_ref().map_or(0, |wanted| wanted.end);
        let failed = |brought, error: &io::Error| (brought, failure_of(error));
        let early = |brought| (brought, Failure::Broken("the body ended early".to_owned()));
        let passed = io::copy(&mut body.by_ref().take(pass), &mut io::sink()).map_err(|e| failed(0, &e))?;
        if passed < pass {
            return Err(early(0));
        }
        let mut brought = 0;
        while self.next() < end {
            let step = (end - self.next()).min(STEP_BYTES);
            // In steps, so that a length that is a lie takes no memory before its bytes come.
            match body.by_ref().take(step).read_to_end(&mut self.part.bytes) {
                Ok(0) => return Err(early(brought)),
                Ok(n) => brought += n as u64,
                // What came before the error is there already.
                Err(error) => return Err(failed(brought, &error)),
            }
        }
        Ok(())
    }
}
