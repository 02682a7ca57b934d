//! A text as grams: words of letters and digits, single Chinese characters; each with a hash and its place.

use unicode_normalization::UnicodeNormalization;

use super::fold::{ASCII, Fold, WIDE, class, fold};

/// One gram of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gram {
    /// Of its folded characters: equal grams have equal hashes.
    pub(super) hash: u64,
    /// Where it begins in the text, bytes.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
}

/// The grams of a text, in order; buffers are kept from text to text.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    pub(super) list: Vec<Gram>,
    /// Which of them a backslash stands before: names of TeX commands.
    pub(super) commands: Vec<u32>,
    /// Grams whose place does not give their folded characters: which gram, and where in `folded` they are.
    odd: Vec<(u32, u32, u32)>,
    folded: String,
}

const SEED: u64 = 0x243F_6A88_85A3_08D3;
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn step(hash: u64, code: u32) -> u64 {
    (hash ^ u64::from(code)).wrapping_mul(STEP)
}

/// Spreads what the steps leave in the high bits.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    hash ^ (hash >> 32)
}

/// The hash of a gram of ASCII letters and digits.
pub(super) fn hash_of(word: &[u8]) -> u64 {
    finish(word.iter().fold(SEED, |hash, byte| step(hash, u32::from(byte.to_ascii_lowercase()))))
}

impl Grams {
    /// Reads the grams of a text. Texts are up to 4 GiB long; what is beyond that is not read.
    pub(super) fn read(&mut self, text: &str) {
        self.clear();
        let text = &text[..text.floor_char_boundary(u32::MAX as usize)];
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let mut code = ASCII[usize::from(bytes[at])];
            if code == 0 {
                at += 1;
                continue;
            }
            let start = at;
            let mut hash = SEED;
            while code != 0 && code != WIDE {
                hash = step(hash, u32::from(code));
                at += 1;
                code = bytes.get(at).map_or(0, |byte| ASCII[usize::from(*byte)]);
            }
            if code == 0 {
                if start > 0 && bytes[start - 1] == b'\\' {
                    self.commands.push(self.list.len() as u32);
                }
                self.list.push(Gram { hash: finish(hash), start: start as u32, end: at as u32 });
            } else {
                at = self.wide(text, start, at, hash);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.odd.clear();
        self.folded.clear();
        self.commands.clear();
    }

    /// Goes on from a character beyond ASCII at `at`, in a gram that began at `start` or at none, to the next ASCII
    /// gap or the end; gives where it stopped.
    fn wide(&mut self, text: &str, mut start: usize, mut at: usize, mut hash: u64) -> usize {
        let mut open = start < at;
        if open && start > 0 && text.as_bytes()[start - 1] == b'\\' {
            self.commands.push(self.list.len() as u32);
        }
        for c in text[at..].chars() {
            let place = at;
            at += c.len_utf8();
            let folded = if c.is_ascii() {
                match ASCII[c as usize] {
                    0 => Fold::Gap,
                    letter => Fold::Letter(char::from(letter)),
                }
            } else {
                fold(c)
            };
            if let (Fold::Letter(letter), false) = (folded, open) {
                (start, hash, open) = (place, step(SEED, u32::from(letter)), true);
                continue;
            }
            match folded {
                Fold::Letter(letter) => hash = step(hash, u32::from(letter)),
                Fold::Nothing => {}
                Fold::Several => return self.run(text, if open { start } else { place }, place),
                Fold::Gap | Fold::Ideograph(_) => {
                    if std::mem::take(&mut open) {
                        self.list.push(Gram { hash: finish(hash), start: start as u32, end: place as u32 });
                    }
                    if let Fold::Ideograph(character) = folded {
                        let hash = finish(step(SEED, u32::from(character)));
                        self.list.push(Gram { hash, start: place as u32, end: at as u32 });
                    } else if c.is_ascii() {
                        return at;
                    }
                }
            }
        }
        if open {
            self.list.push(Gram { hash: finish(hash), start: start as u32, end: at as u32 });
        }
        at
    }

    /// The grams from `start` to the first ASCII gap after `at`, normalised as a whole: each has the place of the run.
    fn run(&mut self, text: &str, start: usize, at: usize) -> usize {
        let rest = &text.as_bytes()[at..];
        let end = at + rest.iter().position(|byte| ASCII[usize::from(*byte)] == 0).unwrap_or(rest.len());
        let mut hash = SEED;
        let mut from = self.folded.len();
        let mut close = |grams: &mut Self, hash: &mut u64| {
            if grams.folded.len() > from {
                grams.odd.push((grams.list.len() as u32, from as u32, grams.folded.len() as u32));
                grams.list.push(Gram { hash: finish(*hash), start: start as u32, end: end as u32 });
                (from, *hash) = (grams.folded.len(), SEED);
            }
        };
        for c in text[start..end].nfkc().flat_map(char::to_lowercase) {
            match class(c) {
                Fold::Letter(letter) => {
                    hash = step(hash, u32::from(letter));
                    self.folded.push(letter);
                }
                Fold::Ideograph(character) => {
                    close(self, &mut hash);
                    hash = step(hash, u32::from(character));
                    self.folded.push(character);
                    close(self, &mut hash);
                }
                Fold::Nothing => {}
                Fold::Gap | Fold::Several => close(self, &mut hash),
            }
        }
        close(self, &mut hash);
        end
    }

    fn odd(&self, gram: usize) -> Option<&str> {
        let i = self.odd.binary_search_by_key(&(gram as u32), |odd| odd.0).ok()?;
        let (_, from, to) = self.odd[i];
        Some(&self.folded[from as usize..to as usize])
    }

    /// Appends the folded characters of a gram.
    pub(super) fn fold_into(&self, text: &str, gram: usize, out: &mut String) {
        if let Some(odd) = self.odd(gram) {
            return out.push_str(odd);
        }
        let Gram { start, end, .. } = self.list[gram];
        out.extend(text[start as usize..end as usize].chars().filter_map(letter));
    }

    /// Whether the folded characters of a gram are these.
    pub(super) fn is(&self, text: &str, gram: usize, folded: &[u8]) -> bool {
        if let Some(odd) = self.odd(gram) {
            return odd.as_bytes() == folded;
        }
        let Gram { start, end, .. } = self.list[gram];
        let piece = &text[start as usize..end as usize];
        if piece.is_ascii() {
            return piece.as_bytes().eq_ignore_ascii_case(folded);
        }
        let mut rest = folded;
        let mut buffer = [0; 4];
        for c in piece.chars().filter_map(letter) {
            match rest.strip_prefix(c.encode_utf8(&mut buffer).as_bytes()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// Adds a gram of another reading of the same text.
    pub(super) fn copy(&mut self, from: &Self, gram: usize) {
        if let Some(odd) = from.odd(gram) {
            let start = self.folded.len() as u32;
            self.folded.push_str(odd);
            self.odd.push((self.list.len() as u32, start, self.folded.len() as u32));
        }
        self.list.push(from.list[gram]);
    }

    /// Keeps the grams that `keep` passes.
    pub(super) fn retain(&mut self, keep: impl Fn(&Gram) -> bool) {
        let mut kept = 0;
        let mut odd = 0;
        for gram in 0..self.list.len() {
            let is_odd = self.odd.get(odd).is_some_and(|o| o.0 as usize == gram);
            if keep(&self.list[gram]) {
                if is_odd {
                    self.odd[odd].0 = kept as u32;
                    odd += 1;
                }
                self.list[kept] = self.list[gram];
                kept += 1;
            } else if is_odd {
                self.odd.remove(odd);
            }
        }
        self.list.truncate(kept);
    }
}

/// The folded character of one that stands in a gram.
fn letter(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    match fold(c) {
        Fold::Letter(c) | Fold::Ideograph(c) => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut grams = Grams::default();
        grams.read(text);
        (0..grams.list.len())
            .map(|i| {
                let mut word = String::new();
                grams.fold_into(text, i, &mut word);
                assert!(grams.is(text, i, word.as_bytes()), "{word}");
                assert!(!grams.is(text, i, format!("{word}x").as_bytes()), "{word}");
                word
            })
            .collect()
    }

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(words(text), want, "{text:?}");
    }

    #[test]
    fn words_and_characters_are_grams_and_punctuation_is_none() {
        check("Tom's 3 apples, $2.50!", &["tom", "s", "3", "apples", "2", "50"]);
        check("", &[]);
        check(" -- ", &[]);
        check("小明有3个苹果，x=１２。", &["小", "明", "有", "3", "个", "苹", "果", "x", "12"]);
        check("\\frac{1}{2}x_3", &["frac", "1", "2", "x", "3"]);
        check("CAFÉ Ｆｕｌｌ\u{3000}width", &["café", "full", "width"]);
        check("中a文b", &["中", "a", "文", "b"]);
    }

    #[test]
    fn forms_of_the_same_text_are_the_same_grams() {
        check("cafe\u{301} 1", &["café", "1"]);
        check("e\u{301}t\u{e9}", &["été"]);
        check("x²+½", &["x2", "1", "2"]);
        check("eﬃcient 𝑥𝑦", &["efficient", "xy"]);
        check("con\u{AD}vert joi\u{200D}ned", &["convert", "joined"]);
        check("zero\u{200B}width", &["zero", "width"]);
        check("㈠题…", &["一", "题"]);
    }

    #[test]
    fn equal_grams_have_equal_hashes_whichever_way_they_were_read() {
        let hashes = |text: &str| {
            let mut grams = Grams::default();
            grams.read(text);
            grams.list.iter().map(|gram| gram.hash).collect::<Vec<_>>()
        };
        assert_eq!(hashes("Caf\u{e9} one TWO"), hashes("cafe\u{301} ONE ｔｗｏ"));
        assert_eq!(hashes("一 ﬁ 中文"), hashes("㈠FI中文"));
        assert_eq!(hashes("Frac"), [hash_of(b"fRAC")]);
        assert_ne!(hashes("ab c"), hashes("a bc"));
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "Ab 中 c\u{301}d";
        let mut grams = Grams::default();
        grams.read(text);
        let pieces: Vec<&str> = grams.list.iter().map(|g| &text[g.start as usize..g.end as usize]).collect();
        assert_eq!(pieces, ["Ab", "中", "c\u{301}d"]);
        grams.retain(|gram| gram.start > 0);
        let mut last = String::new();
        grams.fold_into(text, 1, &mut last);
        assert_eq!(last, "ćd");
    }
}
