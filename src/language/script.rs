//! Letters counted by script.

/// How many letters of each script a text has. Of alphabets only words of two letters and more count: single ones are
/// variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Letters {
    /// Chinese characters.
    pub(super) han: usize,
    /// Japanese syllables.
    pub(super) kana: usize,
    /// Korean syllables.
    pub(super) hangul: usize,
    /// Latin letters.
    pub(super) latin: usize,
    /// All others.
    pub(super) other: usize,
}

impl Letters {
    /// Counts the letters of words separated by spaces.
    pub(super) fn count(words: &str) -> Self {
        let mut letters = Self::default();
        for word in words.split(' ') {
            if word.is_ascii() {
                letters.latin += if word.len() > 1 { word.len() } else { 0 };
                continue;
            }
            let (mut latin, mut other) = (0, 0);
            for c in word.chars() {
                match c {
                    '\u{3400}'..='\u{4DBF}'
                    | '\u{4E00}'..='\u{9FFF}'
                    | '\u{F900}'..='\u{FAFF}'
                    | '\u{20000}'..='\u{3FFFF}' => letters.han += 1,
                    '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9D}' => letters.kana += 1,
                    '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7AF}' => letters.hangul += 1,
                    'a'..='z' | 'A'..='Z' | '\u{AA}' | '\u{BA}' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => {
                        latin += 1;
                    }
                    // Mathematical letters are formulas that were not marked as such.
                    '\u{2100}'..='\u{214F}' | '\u{1D400}'..='\u{1D7FF}' => {}
                    _ => other += usize::from(c.is_alphabetic()),
                }
            }
            if latin + other > 1 {
                letters.latin += latin;
                letters.other += other;
            }
        }
        letters
    }

    /// Chinese, Japanese and Korean letters.
    pub(super) fn cjk(&self) -> usize {
        self.han + self.kana + self.hangul
    }

    /// All letters.
    pub(super) fn all(&self) -> usize {
        self.cjk() + self.latin + self.other
    }
}
