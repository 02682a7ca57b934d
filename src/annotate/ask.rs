//! Asking a judge about the domains that nobody has judged, and writing down what it proposes.

use std::thread;

use url::Url;

use super::judge::{self, Bounds, Question};
use super::session::{Session, SessionError};
use crate::domains::annotations::Entry;
use crate::domains::cut::Proposal;
use crate::domains::prefix::Prefix;
use crate::io::http::{HttpClient, HttpError, Secret};

/// Whom to ask, and how much.
pub struct Asking<'a> {
    /// Sends the questions.
    pub client: &'a HttpClient,
    /// The address before `/chat/completions`.
    pub url: &'a Url,
    /// The model.
    pub model: &'a str,
    /// The key, where one is needed.
    pub key: Option<&'a Secret>,
    /// Domains asked about.
    pub domains_max: usize,
    /// How much of each.
    pub bounds: Bounds,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Domains asked about.
    pub domains: usize,
    /// Domains with a proposal now.
    pub proposed: usize,
    /// Questions answered.
    pub answers: usize,
    /// … of those: not sure.
    pub unsure: usize,
    /// … of those: not in the form that was asked for.
    pub bad: usize,
}

/// Why asking ended early.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The judge does not answer. What was proposed before stays.
    #[error("the judge does not answer")]
    Http(#[from] HttpError),
    /// The file cannot be read or written.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The address cannot be added to.
    #[error("{url}: nothing can follow this address")]
    Url {
        /// The address.
        url: String,
    },
}

/// Largest answer, bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Asks about the domains without a verdict and without a judge's proposal, those that promise the most first. Each
/// domain's proposals are written as soon as they are there.
///
/// # Errors
/// The judge does not answer, or the file cannot be written.
pub fn ask(session: &mut Session, asking: &Asking<'_>, at: &str) -> Result<Asked, AskError> {
    let mut url = asking.url.clone();
    let extended = url.path_segments_mut().map(|mut parts| _ = parts.pop_if_empty().extend(["chat", "completions"]));
    extended.map_err(|()| AskError::Url { url: asking.url.to_string() })?;
    let snapshot = session.read()?;
    let open = session.domains.iter().filter(|domain| {
        let said = session.said(&snapshot, &domain.name);
        !said.settled && said.proposal.is_none()
    });
    let names: Vec<String> = open.take(asking.domains_max).map(|domain| domain.name.clone()).collect();
    let mut asked = Asked::default();
    for name in names {
        let questions = judge::questions(session.domain(&name)?, &session.samples(&name)?, asking.bounds);
        if questions.is_empty() {
            continue;
        }
        asked.domains += 1;
        let mut answers = Vec::new();
        for (prefix, answer) in put(&questions, asking, &url)? {
            asked.answers += 1;
            match answer {
                Ok(Some(side)) => answers.push((prefix, side)),
                Ok(None) => asked.unsure += 1,
                Err(judge::BadAnswer) => asked.bad += 1,
            }
        }
        let entry: Option<Entry> = judge::entry(&name, &answers, &format!("judge:{}", asking.model), at);
        asked.proposed += session.propose(entry.into_iter().collect())?;
    }
    Ok(asked)
}

type Answer = (Prefix, Result<Option<Proposal>, judge::BadAnswer>);

/// The answers to the questions of one domain, asked side by side: the client bounds how many at a time.
fn put(questions: &[Question], asking: &Asking<'_>, url: &Url) -> Result<Vec<Answer>, HttpError> {
    let one = |question: &Question| {
        let body = question.body(asking.model);
        let answer = asking.client.post(url, "application/json", &body, asking.key, ANSWER_BYTES_MAX)?;
        Ok((question.prefix.clone(), judge::answer(&answer)))
    };
    let side_by_side = asking.client.rules().connections_max.get();
    let mut all = Vec::new();
    for some in questions.chunks(side_by_side) {
        let answers: Vec<Result<Answer, HttpError>> = thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|question| scope.spawn(|| one(question))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        all.extend(answers.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    Ok(all)
}
