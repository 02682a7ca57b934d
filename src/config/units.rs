//! Sizes with their units in the value: `"256 MB"`, `"40B"` tokens.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A number of bytes: an integer, or a string with a unit (`kB`, `MB`, `GB` are powers of 1000; `KiB`, `MiB`, `GiB`
/// of 1024).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ByteSize(pub u64);

/// A number of tokens: an integer, or a string with `k` (10³), `M` (10⁶), `B` (10⁹) or `T` (10¹²).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TokenBudget(pub u64);

fn parse(value: &str, units: &[(&str, u64)]) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let unit = unit.trim();
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    let number = number.replace('_', "");
    let amount = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor)?,
        Err(_) => {
            let amount = number.parse::<f64>().ok()? * factor as f64;
            (amount.is_finite() && amount < 1.8e19).then_some(amount.round() as u64)?
        }
    };
    Some(amount)
}

impl ByteSize {
    /// Reads `"256 MB"`; `None` where it has not the form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        const UNITS: &[(&str, u64)] = &[
            ("", 1),
            ("B", 1),
            ("kB", 1000),
            ("KB", 1000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
        ];
        parse(value, UNITS).map(Self)
    }

    /// The size as a count that fits the address space.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TokenBudget {
    /// Reads `"40B"`, `"60k"`, `"1.5M"`; `None` where it has not the form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        const UNITS: &[(&str, u64)] =
            &[("", 1), ("k", 1000), ("K", 1000), ("M", 1_000_000), ("B", 1_000_000_000), ("T", 1_000_000_000_000)];
        parse(value, UNITS).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
            .into_iter()
            .find(|(_, size)| self.0 as f64 >= *size)
            .unwrap_or(("B", 1.0));
        if size > 1.0 { write!(f, "{:.1} {unit}", self.0 as f64 / size) } else { write!(f, "{} B", self.0) }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expected = "expected a number of bytes, such as 1048576 or \"64 MiB\"";
        match NumberOrText::deserialize(from).map_err(|_| serde::de::Error::custom(expected))? {
            NumberOrText::Number(n) => Ok(Self(n)),
            NumberOrText::Text(text) => {
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{expected}, found \"{text}\"")))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TokenBudget {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expected = "expected a number of tokens, such as 60000, \"60k\" or \"40B\"";
        match NumberOrText::deserialize(from).map_err(|_| serde::de::Error::custom(expected))? {
            NumberOrText::Number(n) => Ok(Self(n)),
            NumberOrText::Text(text) => {
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{expected}, found \"{text}\"")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_budgets_read_their_units() {
        assert_eq!(ByteSize::parse("64 MiB"), Some(ByteSize(64 << 20)));
        assert_eq!(ByteSize::parse("1.5kB"), Some(ByteSize(1500)));
        assert_eq!(ByteSize::parse("12"), Some(ByteSize(12)));
        assert_eq!(ByteSize::parse("12 monkeys"), None);
        assert_eq!(TokenBudget::parse("40B"), Some(TokenBudget(40_000_000_000)));
        assert_eq!(TokenBudget::parse("60k"), Some(TokenBudget(60_000)));
        assert_eq!(TokenBudget::parse("-1"), None);
        assert_eq!(TokenBudget::parse("99999999999999T"), None);
    }
}
