//! Figures as people read them.

use super::tree::Gain;

/// A count with its thousands set apart: `12,345`.
#[must_use]
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in short: `999`, `1.2k`, `34M`.
#[must_use]
pub(super) fn short(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["", "k", "M", "B"] {
        if value < 999.5 {
            return if unit.is_empty() || value >= 9.95 {
                format!("{value:.0}{unit}")
            } else {
                format!("{value:.1}{unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1}T")
}

/// A share in per cent.
#[must_use]
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 { "<1%".to_owned() } else { format!("{percent:.0}%") }
}

/// Pages, in words.
#[must_use]
pub(super) fn pages(n: u64) -> String {
    if n == 1 { "1 page".to_owned() } else { format!("{} pages", count(n)) }
}

/// A gain in words: `1,204 pages, 3.1M tokens`.
#[must_use]
pub(super) fn gain(gain: Gain) -> String {
    format!("{}, {} tokens", pages(gain.pages), short(gain.tokens))
}

/// Text for a terminal: nothing in it moves the cursor, and nothing turns its direction.
#[must_use]
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' => '\n',
        c if c.is_control() => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        c => c,
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        let counts = [0, 999, 1000, 12_345, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "12,345", "1,234,567"]);
        let shorts = [0, 999, 1000, 1249, 9_949, 12_345, 999_499, 999_600, 34_000_000, 2_500_000_000].map(short);
        assert_eq!(shorts, ["0", "999", "1.0k", "1.2k", "9.9k", "12k", "999k", "1.0M", "34M", "2.5B"]);
        assert_eq!([0.0, 0.001, 0.126, 1.0].map(percent), ["0%", "<1%", "13%", "100%"]);
        assert_eq!(gain(Gain { pages: 1, tokens: 1200 }), "1 page, 1.2k tokens");
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(plain("a\u{1b}[2Jb\rc\nd\u{202e}e\u{9b}"), "a [2Jb c\nd e ");
    }
}
