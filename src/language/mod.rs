//! Which language a text is in: English, Chinese, or another.
//!
//! A corpus of mathematics loses its best pages to language detectors: a page of formulas, names and code has few
//! words, and what is left looks like any language. So formulas and code are set aside first, and a page counts as
//! `Other` only on evidence: enough words, a detector that is sure, and none of the words that English cannot do
//! without. Thin evidence falls to English, or to Chinese where there is any, with a low score.
//!
//! The thresholds were set on 4,300 pages of some 300 sites in 40 languages: of the pages really in English or Chinese
//! and with words on them all stay, mathematics included; of the others, all but a few that are half in English go.
//! `whatlang` alone calls one of those English pages in 25 something else, and one of the Chinese in 4.

mod prose;
mod script;

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;
use whatlang::Lang;

use script::Letters;

/// The languages that are told apart.
#[derive(serde::Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English, and text too thin to be anything else.
    #[serde(rename = "en")]
    English,
    /// Chinese, simplified or traditional.
    #[serde(rename = "zh")]
    Chinese,
    /// Any other.
    #[serde(rename = "other")]
    Other,
}

/// A name that is none of `en`, `zh`, `other`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("language {0:?}: expected \"en\", \"zh\" or \"other\"")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// The name as it stands in files and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::English, Self::Chinese, Self::Other]
            .into_iter()
            .find(|language| language.name() == name)
            .ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}

/// Words that every English text is full of and that are rare in other languages: 20 to 40 % of English prose.
static ENGLISH_WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../seeds/lists/english_words.txt").lines().collect());

/// From this share of them a text in Latin letters is English, whatever else it holds. Less have tables of a program's
/// members, and pages in another language that quote English.
const ENGLISH_SHARE_MIN: f32 = 0.1;

/// The share that other languages stay below: Dutch and Polish share the most words with the list.
const ENGLISH_SHARE_FOREIGN: f32 = 0.05;

/// The share at which English is certain.
const ENGLISH_SHARE_SURE: f32 = 0.2;

/// Share of Chinese, Japanese and Korean letters that decides, as for shingles; and where the page declares itself so.
const CJK_SHARE_MIN: f32 = 0.2;
const CJK_SHARE_MIN_DECLARED: f32 = 0.05;

/// Share of kana among Chinese characters and kana from which a text is Japanese (Japanese has 0.3 and more).
const KANA_SHARE_MIN: f32 = 0.1;

/// Letters of another script below which they are symbols and names, not a language.
const OTHER_SCRIPT_LETTERS_MIN: usize = 30;

/// What a page declares its language to be, by the primary tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Nothing,
    English,
    Chinese,
    Other,
}

impl Declared {
    fn of(tag: Option<&str>) -> Self {
        let tag = tag.unwrap_or_default().trim();
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match primary.as_str() {
            "en" => Self::English,
            "zh" | "cmn" | "yue" | "cn" => Self::Chinese,
            // Language tags have two or three letters; anything else is a mistake.
            other if (2..=3).contains(&other.len()) && other.bytes().all(|b| b.is_ascii_lowercase()) => Self::Other,
            _ => Self::Nothing,
        }
    }
}

/// The language of a text in the form of [`Document::text`](crate::page::Document::text), and how sure that is,
/// in [0, 1].
///
/// `declared` is the page's language tag (`<html lang>`), if it has one: pages are often wrong about themselves, so it
/// only tips the balance where there is little text.
#[must_use]
pub fn detect(text: &str, declared: Option<&str>) -> (Language, f32) {
    let declared = Declared::of(declared);
    let words = prose::words(text);
    let letters = Letters::count(&words);
    if letters.all() == 0 {
        let language = if declared == Declared::Chinese { Language::Chinese } else { Language::English };
        return (language, 0.0);
    }
    let share = |part: usize| part as f32 / letters.all() as f32;
    let cjk_min = if declared == Declared::Chinese { CJK_SHARE_MIN_DECLARED } else { CJK_SHARE_MIN };
    if share(letters.cjk()) > cjk_min || letters.cjk() == letters.all() {
        return cjk(&letters);
    }
    if letters.other > letters.latin {
        return if letters.other >= OTHER_SCRIPT_LETTERS_MIN {
            (Language::Other, share(letters.other))
        } else {
            (Language::English, 0.0)
        };
    }
    latin(&words, declared)
}

/// Chinese against Japanese and Korean.
fn cjk(letters: &Letters) -> (Language, f32) {
    let of_all = |part: usize| part as f32 / letters.cjk().max(1) as f32;
    let thin = (letters.cjk() as f32 / 50.0).min(1.0);
    if letters.hangul > letters.han || of_all(letters.kana) > KANA_SHARE_MIN {
        (Language::Other, (of_all(letters.kana + letters.hangul) * 2.0).min(1.0) * thin)
    } else {
        (Language::Chinese, of_all(letters.han) * thin)
    }
}

/// English against the other languages in Latin letters.
fn latin(words: &str, declared: Declared) -> (Language, f32) {
    let (mut count, mut english) = (0_usize, 0_usize);
    for word in words.split(' ').filter(|word| word.len() > 1) {
        count += 1;
        english += usize::from(ENGLISH_WORDS.binary_search(&word).is_ok());
    }
    let english = english as f32 / count.max(1) as f32;
    let thin = (count as f32 / 20.0).min(1.0);
    if english >= ENGLISH_SHARE_MIN {
        return (Language::English, (english / ENGLISH_SHARE_SURE).min(1.0) * thin);
    }
    let Some(guess) = whatlang::detect(words) else { return (Language::English, 0.0) };
    let sure = guess.confidence() as f32;
    if guess.lang() == Lang::Eng {
        return (Language::English, 0.5 * sure * thin);
    }
    let other = match (count, declared) {
        (50.., Declared::Other) if english < ENGLISH_SHARE_FOREIGN => true,
        // A page that says it is English, in names and code, takes more to be proved wrong.
        (50.., Declared::English) => sure >= 0.9 && english < ENGLISH_SHARE_FOREIGN,
        (50.., _) => sure >= 0.9,
        (20..50, Declared::Other) => sure >= 0.8 && english < ENGLISH_SHARE_FOREIGN,
        (20..50, _) => sure >= 0.95 && english == 0.0 && !words.is_ascii(),
        (8..20, Declared::Other) => sure >= 0.9 && english == 0.0,
        _ => false,
    };
    if other { (Language::Other, sure * thin) } else { (Language::English, 0.1 * thin) }
}

#[cfg(test)]
mod tests;
