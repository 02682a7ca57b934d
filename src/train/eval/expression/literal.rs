//! Digits → exact numbers.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::node::Literal;

/// Most digits of a number, and the largest exponent, that are read exactly.
const DIGITS_MAX: usize = 400;

impl Literal {
    /// The number that digits with or without a point and an exponent write: `1234`, `.5`, `6.02e23`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once('e') {
            Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i32>().ok()?)),
            None => (text, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() > DIGITS_MAX || exponent.is_some_and(|e| e.unsigned_abs() as usize > DIGITS_MAX)
        {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let value: BigInt = digits.parse().ok()?;
        let place = exponent.unwrap_or(0) - fraction.len() as i32;
        let written = exponent.is_some() || !fraction.is_empty();
        Some(Self { value: BigRational::from_integer(value) * power_of_ten(place), place: written.then_some(place) })
    }

    /// The number of `head` (which ends with a point or digits after one) and digits that repeat for ever: `0.1` and `6`
    /// make 1/6.
    pub(crate) fn repeating(head: &str, repeated: &str) -> Option<Self> {
        if repeated.is_empty() || !repeated.bytes().all(|b| b.is_ascii_digit()) || repeated.len() > DIGITS_MAX {
            return None;
        }
        let places = head.split_once('.')?.1.len() as i32;
        let start = Self::read(head.trim_end_matches('.'))?.value;
        let nines = power_of_ten(repeated.len() as i32) - BigRational::one();
        let cycle = BigRational::from_integer(repeated.parse::<BigInt>().ok()?) / nines;
        Some(Self { value: start + cycle * power_of_ten(-places), place: None })
    }

    /// Whether the number is a whole one, written without a point.
    pub(crate) fn is_integer(&self) -> bool {
        self.place.is_none() && self.value.is_integer()
    }

    /// This number times ten to a power that is written out: `3.0 \times 10^{-4}`.
    pub(crate) fn scaled(&self, exponent: i32) -> Option<Self> {
        let place = self.place.unwrap_or(0).checked_add(exponent)?;
        let bounded = |power: i32| power.unsigned_abs() as usize <= 2 * DIGITS_MAX;
        (bounded(exponent) && bounded(place))
            .then(|| Self { value: &self.value * power_of_ten(exponent), place: Some(place) })
    }

    /// Whether this number, with the places it was written with, is what `exact` is rounded to: half up or half to even.
    pub(crate) fn rounds(&self, exact: &BigRational) -> bool {
        let Some(place) = self.place else { return false };
        let unit = power_of_ten(place);
        let half = &unit / BigRational::from_integer(2.into());
        let difference = exact - &self.value;
        let distance = if difference < BigRational::zero() { -difference.clone() } else { difference.clone() };
        if distance != half {
            return distance < half;
        }
        let away = (difference < BigRational::zero()) == (self.value > BigRational::zero());
        let even = (&self.value / &unit).to_integer() % BigInt::from(2) == BigInt::zero();
        away || even
    }
}

/// Ten to a power.
pub(crate) fn power_of_ten(exponent: i32) -> BigRational {
    let power = BigRational::from_integer(num_traits::pow(BigInt::from(10), exponent.unsigned_abs() as usize));
    if exponent < 0 { power.recip() } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(above: i64, below: i64) -> BigRational {
        BigRational::new(above.into(), below.into())
    }

    #[test]
    fn digits_are_exact() {
        for (text, above, below, place) in [
            ("12", 12, 1, None),
            (".25", 1, 4, Some(-2)),
            ("1.50", 3, 2, Some(-2)),
            ("2e3", 2000, 1, Some(3)),
            ("2.5e-1", 1, 4, Some(-2)),
            ("004", 4, 1, None),
        ] {
            assert_eq!(Literal::read(text), Some(Literal { value: ratio(above, below), place }), "{text}");
        }
        assert_eq!(Literal::read("1e999999999"), None);
        assert_eq!(Literal::repeating("0.", "3").unwrap().value, ratio(1, 3));
        assert_eq!(Literal::repeating("0.1", "6").unwrap().value, ratio(1, 6));
        assert_eq!(Literal::repeating("2.", "45").unwrap().value, ratio(27, 11));
    }

    #[test]
    fn a_decimal_rounds_what_lies_within_half_a_place() {
        let rounds = |text: &str, exact: BigRational| Literal::read(text).unwrap().rounds(&exact);
        assert!(rounds("0.667", ratio(2, 3)) && !rounds("0.666", ratio(2, 3)));
        assert!(rounds("15.98", ratio(639, 40)) && !rounds("15.97", ratio(639, 40)));
        assert!(rounds("0.12", ratio(1, 8)) && rounds("0.13", ratio(1, 8)) && !rounds("0.14", ratio(3, 20)));
        assert!(rounds("-0.3", ratio(-1, 4)) && rounds("-0.2", ratio(-1, 4)) && !rounds("-0.4", ratio(-1, 4)));
        assert!(!rounds("3", ratio(10, 3)));
    }
}
