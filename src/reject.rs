//! Why a page was dropped, and the count of it. A rejection is an outcome, not an error.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a page did not become a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reject {
    /// The record or its compressed member is damaged or cut off.
    DamagedRecord,
    /// The record is larger than the cap on a record.
    RecordTooLarge,
    /// The record holds no readable HTTP response head, or the head is larger than its cap.
    BadHttp,
    /// The HTTP status is not 200.
    HttpStatus,
    /// The payload is not HTML or XHTML.
    NotHtml,
    /// The content encoding is unknown or its bytes are corrupt.
    BadContentEncoding,
    /// The body, after inflating, is larger than the cap.
    BodyTooLarge,
    /// There is no body.
    EmptyBody,
    /// The address is not an absolute http(s) URL.
    BadUrl,
    /// Elements nest deeper, or are more, than the caps allow.
    TooComplex,
    /// Less text came out than the minimum.
    TextTooShort,
    /// The extractor failed on the page: a fault of the program.
    Failed,
    /// The language is none of those to keep.
    Language,
    /// Too few or too many words.
    WordCount,
    /// The mean word is too short or too long.
    WordLength,
    /// Too many number signs and ellipses.
    Symbols,
    /// Too few words have a letter.
    FewLetters,
    /// Too few of the words that English prose cannot do without.
    FewStopWords,
    /// Too many lines are items of lists.
    ListOnly,
    /// Too many lines end with an ellipsis.
    Ellipses,
    /// Too many lines are short.
    ShortLines,
    /// Too few lines end with punctuation.
    NoPunctuation,
    /// Too much of it are lines or paragraphs that stood before.
    RepeatedLines,
    /// Too much of it are runs of words that stood before.
    RepeatedWords,
    /// Too many lines speak of scripts, terms, privacy or cookies.
    Notices,
    /// Too much of it is filler text.
    Filler,
    /// The host is on a list of hosts that are not wanted.
    BlockedHost,
    /// More of the page than the set share is text of benchmarks.
    Contaminated,
    /// The page holds nothing but paragraphs that its site repeats.
    Boilerplate,
}

impl Reject {
    /// The reason as it stands in files: snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DamagedRecord => "damaged_record",
            Self::RecordTooLarge => "record_too_large",
            Self::BadHttp => "bad_http",
            Self::HttpStatus => "http_status",
            Self::NotHtml => "not_html",
            Self::BadContentEncoding => "bad_content_encoding",
            Self::BodyTooLarge => "body_too_large",
            Self::EmptyBody => "empty_body",
            Self::BadUrl => "bad_url",
            Self::TooComplex => "too_complex",
            Self::TextTooShort => "text_too_short",
            Self::Failed => "failed",
            Self::Language => "language",
            Self::WordCount => "word_count",
            Self::WordLength => "word_length",
            Self::Symbols => "symbols",
            Self::FewLetters => "few_letters",
            Self::FewStopWords => "few_stop_words",
            Self::ListOnly => "list_only",
            Self::Ellipses => "ellipses",
            Self::ShortLines => "short_lines",
            Self::NoPunctuation => "no_punctuation",
            Self::RepeatedLines => "repeated_lines",
            Self::RepeatedWords => "repeated_words",
            Self::Notices => "notices",
            Self::Filler => "filler",
            Self::BlockedHost => "blocked_host",
            Self::Contaminated => "contaminated",
            Self::Boilerplate => "boilerplate",
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Pages in, kept and rejected by reason; `seen == kept + Σ rejected` always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Pages that came in.
    pub seen: u64,
    /// Pages that went on.
    pub kept: u64,
    /// Pages dropped, by reason.
    pub rejected: BTreeMap<Reject, u64>,
}

impl Tally {
    /// Counts one page by its outcome.
    pub fn count<T>(&mut self, outcome: &Result<T, Reject>) {
        self.seen += 1;
        match outcome {
            Ok(_) => self.kept += 1,
            Err(reason) => *self.rejected.entry(*reason).or_default() += 1,
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.seen += other.seen;
        self.kept += other.kept;
        for (reason, n) in &other.rejected {
            *self.rejected.entry(*reason).or_default() += n;
        }
    }

    /// Whether every page that came in is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.seen == self.kept + self.rejected.values().sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_accounted_for() {
        let mut tally = Tally::default();
        tally.count(&Ok(()));
        tally.count::<()>(&Err(Reject::NotHtml));
        tally.count::<()>(&Err(Reject::NotHtml));
        let mut total = tally.clone();
        total.add(&tally);
        assert!(total.balances());
        assert_eq!((total.seen, total.kept, total.rejected[&Reject::NotHtml]), (6, 2, 4));
    }

    #[test]
    fn names_are_those_of_serde() {
        for reject in [Reject::DamagedRecord, Reject::BadContentEncoding, Reject::TextTooShort, Reject::Language] {
            assert_eq!(serde_json::to_value(reject).ok(), Some(reject.name().into()));
        }
    }
}
