//! What numbers a tree is evaluated in: exact rationals, or complex numbers of double precision.

use num_bigint::BigInt;
use num_complex::Complex64;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::node::{Constant, Function};

/// Bits of a numerator or denominator at most; a larger number is not exact any more.
const BITS_MAX: u64 = 4096;
/// Largest number whose factorial is taken exactly.
const FACTORIAL_MAX: i64 = 500;

/// Numbers that a tree can be evaluated in. Each operation gives none where the result is not one of them.
pub(crate) trait Field: Clone {
    fn literal(value: &BigRational) -> Option<Self>;
    fn constant(constant: Constant) -> Option<Self>;
    fn add(&self, other: &Self) -> Option<Self>;
    fn multiply(&self, other: &Self) -> Option<Self>;
    fn inverse(&self) -> Option<Self>;
    fn power(&self, exponent: &Self) -> Option<Self>;
    fn root(&self, index: &Self) -> Option<Self>;
    fn call(function: &Function, arguments: &[Self]) -> Option<Self>;
    fn is_zero(&self) -> bool;
    /// The bits that an exact number takes; none of double precision.
    fn bits(&self) -> u64 {
        0
    }

    fn integer(value: i64) -> Option<Self> {
        Self::literal(&BigRational::from_integer(value.into()))
    }
}

fn small(value: BigRational) -> Option<BigRational> {
    (value.numer().bits() <= BITS_MAX && value.denom().bits() <= BITS_MAX).then_some(value)
}

impl Field for BigRational {
    fn literal(value: &BigRational) -> Option<Self> {
        small(value.clone())
    }

    fn constant(_: Constant) -> Option<Self> {
        None
    }

    fn add(&self, other: &Self) -> Option<Self> {
        small(self + other)
    }

    fn multiply(&self, other: &Self) -> Option<Self> {
        small(self * other)
    }

    fn inverse(&self) -> Option<Self> {
        (!Zero::is_zero(self)).then(|| self.recip())
    }

    fn power(&self, exponent: &Self) -> Option<Self> {
        if !exponent.is_integer() {
            let whole = Self::from_integer(exponent.numer().clone());
            return self.root(&Self::from_integer(exponent.denom().clone()))?.power(&whole);
        }
        let times = exponent.numer().to_i64()?;
        let bits = self.numer().bits().max(self.denom().bits());
        if Zero::is_zero(self) && times <= 0 || bits.saturating_mul(times.unsigned_abs()) > BITS_MAX {
            return (Zero::is_zero(self) && times > 0).then(Self::zero).or_else(|| {
                // ±1 to whatever power.
                (self.abs().is_one()).then(|| if times % 2 == 0 { Self::one() } else { self.clone() })
            });
        }
        let power = num_traits::pow(self.clone(), usize::try_from(times.unsigned_abs()).ok()?);
        if times < 0 { power.inverse() } else { Some(power) }
    }

    fn root(&self, index: &Self) -> Option<Self> {
        let index = if index.is_integer() { index.numer().to_u32()? } else { return None };
        if index == 0 || index > 64 || (self.is_negative() && index % 2 == 0) {
            return None;
        }
        let (above, below) = (self.numer().nth_root(index), self.denom().nth_root(index));
        let exact = num_traits::pow(above.clone(), index as usize) == *self.numer()
            && num_traits::pow(below.clone(), index as usize) == *self.denom();
        exact.then(|| Self::new(above, below))
    }

    fn call(function: &Function, arguments: &[Self]) -> Option<Self> {
        let whole = |at: usize| arguments.get(at).filter(|n| n.is_integer()).map(|n| n.numer().clone());
        let first = arguments.first()?;
        match function {
            Function::Abs if arguments.len() == 1 => Some(first.abs()),
            Function::Floor => Some(first.floor()),
            Function::Ceiling => Some(first.ceil()),
            Function::Max => arguments.iter().max().cloned(),
            Function::Min => arguments.iter().min().cloned(),
            Function::Factorial => factorial(whole(0)?.to_i64()?).map(Self::from_integer),
            Function::Binomial => {
                let (from, taken) = (whole(0)?.to_i64()?, whole(1)?.to_i64()?);
                (0 <= taken && taken <= from).then_some(())?;
                let below = factorial(taken)? * factorial(from - taken)?;
                Some(Self::from_integer(factorial(from)? / below))
            }
            Function::Gcd => fold(arguments, Integer::gcd),
            Function::Lcm => fold(arguments, Integer::lcm),
            _ => None,
        }
    }

    fn is_zero(&self) -> bool {
        Zero::is_zero(self)
    }

    fn bits(&self) -> u64 {
        self.numer().bits() + self.denom().bits()
    }
}

fn fold(arguments: &[BigRational], with: impl Fn(&BigInt, &BigInt) -> BigInt) -> Option<BigRational> {
    let whole: Vec<&BigInt> = arguments.iter().map(|n| n.is_integer().then(|| n.numer())).collect::<Option<_>>()?;
    let (first, rest) = whole.split_first()?;
    small(BigRational::from_integer(rest.iter().fold((*first).clone(), |a, b| with(&a, b))))
}

fn factorial(n: i64) -> Option<BigInt> {
    (0..=FACTORIAL_MAX).contains(&n).then(|| (2..=n).fold(BigInt::one(), |product, k| product * k))
}

/// A real number of double precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Real(pub f64);

fn finite(value: f64) -> Option<Real> {
    value.is_finite().then_some(Real(value))
}

impl Field for Real {
    fn literal(value: &BigRational) -> Option<Self> {
        value.to_f64().and_then(finite)
    }

    fn constant(constant: Constant) -> Option<Self> {
        match constant {
            Constant::Pi => Some(Self(std::f64::consts::PI)),
            Constant::E => Some(Self(std::f64::consts::E)),
            Constant::I | Constant::Infinity => None,
        }
    }

    fn add(&self, other: &Self) -> Option<Self> {
        finite(self.0 + other.0)
    }

    fn multiply(&self, other: &Self) -> Option<Self> {
        finite(self.0 * other.0)
    }

    fn inverse(&self) -> Option<Self> {
        finite(1.0 / self.0)
    }

    fn power(&self, exponent: &Self) -> Option<Self> {
        finite(self.0.powf(exponent.0))
    }

    fn root(&self, index: &Self) -> Option<Self> {
        if self.0 < 0.0 && index.0 % 2.0 == 1.0 {
            return finite(-(-self.0).powf(1.0 / index.0));
        }
        finite(if index.0 == 2.0 { self.0.sqrt() } else { self.0.powf(1.0 / index.0) })
    }

    fn call(function: &Function, arguments: &[Self]) -> Option<Self> {
        let x = arguments.first()?.0;
        finite(match function {
            Function::Sin => x.sin(),
            Function::Cos => x.cos(),
            Function::Tan => x.tan(),
            Function::Cot => 1.0 / x.tan(),
            Function::Sec => 1.0 / x.cos(),
            Function::Csc => 1.0 / x.sin(),
            Function::Arcsin => x.asin(),
            Function::Arccos => x.acos(),
            Function::Arctan => x.atan(),
            Function::Sinh => x.sinh(),
            Function::Cosh => x.cosh(),
            Function::Tanh => x.tanh(),
            Function::Ln => x.ln(),
            Function::Lg => x.log10(),
            Function::LogBase => arguments.get(1)?.0.ln() / x.ln(),
            Function::Exp => x.exp(),
            Function::Abs => x.abs(),
            Function::Floor => x.floor(),
            Function::Ceiling => x.ceil(),
            Function::Max => arguments.iter().map(|a| a.0).fold(f64::NEG_INFINITY, f64::max),
            Function::Min => arguments.iter().map(|a| a.0).fold(f64::INFINITY, f64::min),
            Function::Factorial => gamma(x + 1.0),
            Function::Binomial => {
                let taken = arguments.get(1)?.0;
                gamma(x + 1.0) / gamma(taken + 1.0) / gamma(x - taken + 1.0)
            }
            Function::Gcd => named("gcd", arguments),
            Function::Lcm => named("lcm", arguments),
            Function::Named(name) => named(name, arguments),
        })
    }

    fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

/// A function of which nothing is known: smooth, so that it does not magnify errors, and different for each name.
fn named(name: &str, arguments: &[Real]) -> f64 {
    let mut state = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        1.0 + (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut value = next();
    for Real(x) in arguments {
        value = value * next() + next() * x + next() * (x * next()).sin();
    }
    value
}

/// Γ by Lanczos' approximation: relative error below 1e-13 for the arguments that occur.
fn gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const COEFFICIENTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return std::f64::consts::PI / ((std::f64::consts::PI * x).sin() * gamma(1.0 - x));
    }
    let x = x - 1.0;
    let series = COEFFICIENTS.iter().enumerate().skip(1).fold(COEFFICIENTS[0], |sum, (i, c)| sum + c / (x + i as f64));
    let t = x + G + 0.5;
    (2.0 * std::f64::consts::PI).sqrt() * t.powf(x + 0.5) * (-t).exp() * series
}

impl Field for Complex64 {
    fn literal(value: &BigRational) -> Option<Self> {
        Real::literal(value).map(|x| Self::new(x.0, 0.0))
    }

    fn constant(constant: Constant) -> Option<Self> {
        match constant {
            Constant::I => Some(Self::new(0.0, 1.0)),
            constant => Real::constant(constant).map(|x| Self::new(x.0, 0.0)),
        }
    }

    fn add(&self, other: &Self) -> Option<Self> {
        whole(self + other)
    }

    fn multiply(&self, other: &Self) -> Option<Self> {
        whole(self * other)
    }

    fn inverse(&self) -> Option<Self> {
        whole(self.inv())
    }

    fn power(&self, exponent: &Self) -> Option<Self> {
        if exponent.im == 0.0 && exponent.re.fract() == 0.0 && exponent.re.abs() <= 1024.0 {
            return whole(self.powi(exponent.re as i32));
        }
        whole(self.powc(*exponent))
    }

    fn root(&self, index: &Self) -> Option<Self> {
        if self.im == 0.0 && self.re < 0.0 && index.re % 2.0 == 1.0 {
            return whole(Self::new(-(-self.re).powf(1.0 / index.re), 0.0));
        }
        whole(if index.re == 2.0 { self.sqrt() } else { self.powf(1.0 / index.re) })
    }

    fn call(function: &Function, arguments: &[Self]) -> Option<Self> {
        let x = *arguments.first()?;
        whole(match function {
            Function::Sin => x.sin(),
            Function::Cos => x.cos(),
            Function::Tan => x.tan(),
            Function::Cot => x.tan().inv(),
            Function::Sec => x.cos().inv(),
            Function::Csc => x.sin().inv(),
            Function::Arcsin => x.asin(),
            Function::Arccos => x.acos(),
            Function::Arctan => x.atan(),
            Function::Sinh => x.sinh(),
            Function::Cosh => x.cosh(),
            Function::Tanh => x.tanh(),
            Function::Ln => x.ln(),
            Function::Lg => x.ln() / std::f64::consts::LN_10,
            Function::LogBase => arguments.get(1)?.ln() / x.ln(),
            Function::Exp => x.exp(),
            Function::Abs => Self::new(x.norm(), 0.0),
            other => {
                // The rest is of reals; of others each part goes its own way.
                let part = |part: fn(&Self) -> f64| {
                    let reals: Vec<Real> = arguments.iter().map(|a| Real(part(a))).collect();
                    Real::call(other, &reals).map(|x| x.0)
                };
                let real = part(|a| a.re)?;
                let imaginary = if arguments.iter().all(|a| a.im == 0.0) { 0.0 } else { part(|a| a.im)? };
                Self::new(real, imaginary)
            }
        })
    }

    fn is_zero(&self) -> bool {
        Zero::is_zero(self)
    }
}

fn whole(value: Complex64) -> Option<Complex64> {
    (value.re.is_finite() && value.im.is_finite()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rationals_stay_exact_or_give_up() {
        let n = |above: i64, below: i64| BigRational::new(above.into(), below.into());
        assert_eq!(n(8, 27).root(&n(3, 1)), Some(n(2, 3)));
        assert_eq!(n(-8, 1).root(&n(3, 1)), Some(n(-2, 1)));
        assert_eq!(n(2, 1).root(&n(2, 1)), None);
        assert_eq!(n(4, 1).power(&n(-3, 2)), Some(n(1, 8)));
        assert_eq!(n(0, 1).power(&n(0, 1)), None);
        assert_eq!(n(2, 1).power(&n(1_000_000_000, 1)), None);
        assert_eq!(n(-1, 1).power(&n(1_000_000_001, 1)), Some(n(-1, 1)));
        assert_eq!(BigRational::call(&Function::Binomial, &[n(10, 1), n(3, 1)]), Some(n(120, 1)));
        assert_eq!(BigRational::call(&Function::Factorial, &[n(1_000_000, 1)]), None);
    }

    #[test]
    fn gamma_is_the_factorial() {
        for (n, want) in [(0.0, 1.0), (5.0, 120.0), (10.0, 3_628_800.0)] {
            assert!((gamma(n + 1.0) / want - 1.0f64).abs() < 1e-12, "{n}");
        }
        assert!((gamma(0.5) - std::f64::consts::PI.sqrt()).abs() < 1e-12);
    }
}
