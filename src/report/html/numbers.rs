//! Numbers as people read them.

use crate::config::ByteSize;

/// A count with a comma every three digits.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A large count in millions or billions.
pub(super) fn short(n: u64) -> String {
    let of = |unit: f64, name: &str| {
        let x = n as f64 / unit;
        let digits = if x < 10.0 { 2 } else { usize::from(x < 100.0) };
        format!("{x:.digits$}\u{202f}{name}")
    };
    match n {
        0..10_000 => count(n),
        10_000..1_000_000 => of(1e3, "k"),
        1_000_000..1_000_000_000 => of(1e6, "M"),
        1_000_000_000..1_000_000_000_000 => of(1e9, "B"),
        _ => of(1e12, "T"),
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = usize::from(!(percent >= 99.95 || percent == 0.0));
    if percent > 0.0 && percent < 0.05 { "< 0.1\u{202f}%".to_owned() } else { format!("{percent:.digits$}\u{202f}%") }
}

/// The share that `part` is of `whole`.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A score.
pub(super) fn score(score: f64) -> String {
    match score {
        0.0 => "0".to_owned(),
        s if s < 0.001 => format!("{s:.1e}"),
        // Near the top three digits would make all scores one.
        s if s > 0.99 && s < 0.999_995 => format!("{s:.5}"),
        s if s > 0.99 && s < 1.0 => "> 0.99999".to_owned(),
        s => format!("{s:.3}"),
    }
}

/// Seconds.
pub(super) fn seconds(s: f64) -> String {
    match s {
        s if s < 10.0 => format!("{s:.2}\u{202f}s"),
        s if s < 120.0 => format!("{s:.0}\u{202f}s"),
        s if s < 7200.0 => format!("{:.0}\u{202f}min", s / 60.0),
        s => format!("{:.1}\u{202f}h", s / 3600.0),
    }
}

/// Bytes.
pub(super) fn bytes(n: u64) -> String {
    ByteSize(n).to_string()
}

/// A name of the program's, in words.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [9_999, 10_000, 1_998_504, 120_000_000_000].map(short),
            ["9,999", "10.0\u{202f}k", "2.00\u{202f}M", "120\u{202f}B"]
        );
        assert_eq!(
            [0.0, 0.0001, 0.1234, 1.0].map(percent),
            ["0\u{202f}%", "< 0.1\u{202f}%", "12.3\u{202f}%", "100\u{202f}%"]
        );
        let scores = [0.5, 0.00002, 0.99993, 0.999_997, 1.0].map(score);
        assert_eq!(scores, ["0.500", "2.0e-5", "0.99993", "> 0.99999", "1.000"]);
        assert_eq!(
            [3.0, 60.0, 600.0, 9000.0].map(seconds),
            ["3.00\u{202f}s", "60\u{202f}s", "10\u{202f}min", "2.5\u{202f}h"]
        );
    }
}
