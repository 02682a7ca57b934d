//! A large set of page files from a small one, to measure deduplication at size.
//!
//! Of the pages made, 88 % are fresh: a given page with 85 % of its words and Chinese characters replaced, so that no two
//! are alike. 10 % are a fresh page made before, anywhere in the set, with 0.5 to 8 % of its words replaced, and 2 % are
//! a fresh page as it is. Each has an address of its own. The same arguments give the same files.
//!
//! ```text
//! cargo run --release --example copies -- OUT GB PAGES.parquet…
//! ```
//!
//! `GB` counts bytes of text; the files OUT/pages/NNNNN.parquet hold 200 MB of it each.

use std::error::Error;
use std::path::PathBuf;

use arrow::array::StringArray;
use corpus_build::dedup::url::address;
use corpus_build::extract::table::{Kept, PAGES, PagesBuilder};
use corpus_build::io::table::{Table, TableWriter, column};
use corpus_build::language::Language;
use corpus_build::page::{Capture, Document};

const FILE_BYTES: u64 = 200_000_000;
/// Pages to start from.
const SOURCES_MAX: usize = 4000;
/// Shares of words that are replaced in pages that are nearly the same.
const NEAR_SHARES: [f64; 6] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08];

/// The next of a sequence of random numbers (splitmix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn below(state: &mut u64, end: usize) -> usize {
    (random(state) % end.max(1) as u64) as usize
}

fn chance(state: &mut u64) -> f64 {
    (random(state) >> 11) as f64 / (1_u64 << 53) as f64
}

fn is_chinese(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

/// Calls `each` with the parts of a text: words, Chinese characters, and what stands between; names of TeX commands count
/// as that.
fn parts<'t>(text: &'t str, mut each: impl FnMut(&'t str, bool)) {
    let mut rest = text;
    let mut command = false;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphabetic() && !is_chinese(c);
        let end = match first {
            c if is_chinese(c) => c.len_utf8(),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ => rest.find(char::is_alphabetic).unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at(end);
        each(part, first.is_alphabetic() && !command && (part.len() > 1));
        command = part.ends_with('\\');
        rest = after;
    }
}

struct Sources {
    texts: Vec<String>,
    words: Vec<String>,
    characters: Vec<String>,
}

impl Sources {
    fn read(files: &[PathBuf]) -> Result<Self, Box<dyn Error>> {
        let mut texts = Vec::new();
        for path in files {
            for batch in Table::open(path)?.columns(&["text"])?.batches()? {
                let batch = batch?;
                let column: &StringArray = column(&batch, "text", path)?;
                // Only those that are nearly all words: then fresh copies are not alike.
                let of_words = |text: &&str| {
                    let mut bytes = 0;
                    parts(text, |part, free| bytes += if free { part.len() } else { 0 });
                    (200..60_000).contains(&text.len()) && bytes * 10 > text.len() * 7
                };
                texts.extend(column.iter().flatten().filter(of_words).map(str::to_owned));
            }
        }
        texts.truncate(SOURCES_MAX);
        let (mut words, mut characters) = (Vec::new(), Vec::new());
        for text in texts.iter().take(400) {
            parts(text, |part, free| {
                if free {
                    let chinese = part.starts_with(is_chinese);
                    if chinese { &mut characters } else { &mut words }.push(part.to_owned());
                }
            });
        }
        for list in [&mut words, &mut characters] {
            list.sort();
            list.dedup();
            if list.is_empty() {
                list.push("x".to_owned());
            }
        }
        Ok(Self { texts, words, characters })
    }

    fn replaced(&self, text: &str, share: f64, state: &mut u64) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 4);
        parts(text, |part, free| {
            let list = if part.starts_with(is_chinese) { &self.characters } else { &self.words };
            out.push_str(if free && chance(state) < share { &list[below(state, list.len())] } else { part });
        });
        out
    }

    fn fresh(&self, number: u64) -> String {
        let mut state = number.wrapping_mul(0xD134_2543_DE82_EF95);
        let source = &self.texts[below(&mut state, self.texts.len())];
        self.replaced(source, 0.85, &mut state)
    }

    /// The text of a page by its number.
    fn page(&self, number: u64) -> String {
        let mut state = number ^ 0x5851_F42D_4C95_7F2D;
        let kind = draw(number);
        if number == 0 || kind >= 0.12 {
            return self.fresh(number);
        }
        let mut parent = random(&mut state) % number;
        while parent > 0 && draw(parent) < 0.12 {
            parent -= 1;
        }
        let text = self.fresh(parent);
        if kind < 0.02 {
            return text;
        }
        let share = NEAR_SHARES[below(&mut state, NEAR_SHARES.len())];
        self.replaced(&text, share, &mut state)
    }
}

/// What kind of page a number is: under 0.02 an exact copy, under 0.12 a near one.
fn draw(number: u64) -> f64 {
    let mut state = !number;
    chance(&mut state)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [out, gigabytes, files @ ..] = args.as_slice() else {
        return Err("expected OUT GB PAGES.parquet…".into());
    };
    let total = (gigabytes.parse::<f64>()? * 1e9) as u64;
    let sources = Sources::read(&files.iter().map(PathBuf::from).collect::<Vec<_>>())?;
    let (mut number, mut bytes) = (0, 0);
    for file in 0.. {
        if bytes >= total {
            break;
        }
        let end = total.min(bytes + FILE_BYTES);
        let name = format!("{file:05}");
        let mut writer = TableWriter::create(&PathBuf::from(out).join(format!("pages/{name}.parquet")), &PAGES)?;
        let mut builder = PagesBuilder::default();
        while bytes < end {
            let text = sources.page(number);
            bytes += text.len() as u64;
            let url = format!("https://site{}.example/{number:09}", number % 997);
            let kept = Kept {
                address: address(&url).ok_or("no address")?,
                tokens: text.len() as u64 / 4,
                document: Document { title: format!("Page {number}"), text, ..Document::default() },
                language: Language::English,
                language_score: 1.0,
            };
            let capture = Capture {
                url,
                fetched_at_ms: Some(1_760_000_000_000 + number.cast_signed()),
                warc: name.as_str().into(),
                warc_offset: number,
                warc_length: 1,
            };
            builder.push(&capture, &kept);
            if builder.text_bytes() > 4 << 20 {
                writer.write(&builder.finish()?)?;
            }
            number += 1;
        }
        writer.write(&builder.finish()?)?;
        writer.finish()?;
    }
    Ok(())
}
