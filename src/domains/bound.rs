//! Exact bounds of a share of which only a sample was seen (Clopper and Pearson, one-sided).
//!
//! The normal approximations, Wilson's too, are too hopeful for a handful of pages: at 90 % they put the share behind
//! 1 of 3 at 10.6 % at least, where the exact bound is 3.5 %. 2 of 3 give 19.6 %, 3 of 3 46.4 %, 10 of 10 79.4 %.

/// Pages from which on the normal approximation is as good and quicker.
const MANY: u64 = 100_000;
/// Halvings of the interval, down to about 1e-15.
const HALVINGS: u32 = 50;
const STEPS_MAX: u32 = 10_000;

/// The share is at least this, with this confidence; 0 where nothing was seen.
#[must_use]
pub fn lower(hits: u64, of: u64, confidence: f64) -> f64 {
    if hits == 0 || of == 0 {
        return 0.0;
    }
    let hits = hits.min(of);
    if of > MANY {
        return wilson(hits, of, -normal_quantile(confidence));
    }
    // The share at which so many hits or more are as rare as 1 - confidence.
    let (a, b) = (hits as f64, (of - hits + 1) as f64);
    solve(|share| incomplete_beta(a, b, share), 1.0 - confidence)
}

/// The share is at most this, with this confidence; 1 where nothing was seen.
#[must_use]
pub fn upper(hits: u64, of: u64, confidence: f64) -> f64 {
    1.0 - lower(of.saturating_sub(hits), of, confidence)
}

fn wilson(hits: u64, of: u64, z: f64) -> f64 {
    let (n, share) = (of as f64, hits as f64 / of as f64);
    let z2 = z * z;
    let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (share + z2 / (2.0 * n) + spread) / (1.0 + z2 / n)
}

/// The value below which a standard normal variable falls with probability `p`, by halving its distribution.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0f64, 9.0f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if normal(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The standard normal distribution, by its series (|x| < 9).
fn normal(x: f64) -> f64 {
    let (mut sum, mut term, mut n) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() && n < 400.0 {
        term *= x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Where the rising function reaches `wanted` between 0 and 1.
fn solve(rising: impl Fn(f64) -> f64, wanted: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if rising(middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// ln Γ(x) for x > 0, by Lanczos's series.
fn ln_gamma(x: f64) -> f64 {
    const SERIES: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.001_208_650_973_866_179,
        -0.000_005_395_239_384_953,
    ];
    let base = x + 5.5;
    let sum: f64 = SERIES.iter().enumerate().map(|(n, c)| c / (x + 1.0 + n as f64)).sum();
    (x + 0.5) * base.ln() - base + (2.506_628_274_631_000_5 * (1.000_000_000_190_015 + sum) / x).ln()
}

/// The regularised incomplete beta function: the chance of `a` hits or more in `a + b - 1` trials of chance `x`.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x) / a
    } else {
        1.0 - front * continued_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    // Lentz's ratios of neighbouring numerators and of denominators.
    let mut above = 1.0;
    let mut below = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = below;
    for step in 1..=STEPS_MAX {
        let step = f64::from(step);
        let even = step * (b - step) * x / ((a + 2.0 * step - 1.0) * (a + 2.0 * step));
        let odd = -(a + step) * (a + b + step) * x / ((a + 2.0 * step) * (a + 2.0 * step + 1.0));
        for term in [even, odd] {
            below = 1.0 / away(1.0 + term * below);
            above = away(1.0 + term / above);
            result *= below * above;
        }
        if (below * above - 1.0).abs() < 1e-14 {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(hits: u64, of: u64, confidence: f64, want: f64) {
        let found = lower(hits, of, confidence);
        assert!((found - want).abs() < 5e-5, "{hits} of {of} at {confidence}: {found}, not {want}");
    }

    #[test]
    fn known_bounds() {
        // All of n: (1 - confidence)^(1/n); one of n: 1 - confidence^(1/n).
        check(1, 1, 0.9, 0.1);
        check(3, 3, 0.9, 0.1f64.powf(1.0 / 3.0));
        check(50, 50, 0.95, 0.05f64.powf(1.0 / 50.0));
        check(1, 3, 0.9, 1.0 - 0.9f64.powf(1.0 / 3.0));
        check(1, 1000, 0.975, 1.0 - 0.975f64.powf(1.0 / 1000.0));
        // Tables of Clopper and Pearson, 95 % two-sided.
        check(5, 10, 0.975, 0.1871);
        check(20, 100, 0.975, 0.1267);
        check(0, 10, 0.9, 0.0);
        check(0, 0, 0.9, 0.0);
        assert!((upper(0, 10, 0.9) - (1.0 - 0.1f64.powf(0.1))).abs() < 1e-9);
        assert!((upper(0, 0, 0.9) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_approximation_takes_over_without_a_step() {
        for hits in [1u64, 100, 9_000, 50_000, 99_000] {
            let (exact, normal) = (lower(hits, MANY, 0.9), wilson(hits, MANY, -normal_quantile(0.9)));
            assert!((exact - normal).abs() < 2e-5, "{hits}: {exact} {normal}");
        }
        assert!((normal_quantile(0.9) - 1.281_551_565_545).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn shares_lie_within_their_bounds(of in 1u64..3000, part in 0.0f64..=1.0, confidence in 0.5f64..0.999) {
            let hits = (of as f64 * part) as u64;
            let share = hits as f64 / of as f64;
            let (low, high) = (lower(hits, of, confidence), upper(hits, of, confidence));
            prop_assert!(0.0 <= low && low <= share + 1e-9 && share <= high + 1e-9 && high <= 1.0);
            // More confidence is a wider interval; more pages of the same share a narrower one.
            prop_assert!(lower(hits, of, f64::midpoint(confidence, 1.0)) <= low + 1e-9);
            prop_assert!(lower(hits * 4, of * 4, confidence) >= low - 1e-9);
        }

        #[test]
        fn the_bound_is_exact(of in 1u64..40, part in 0.0f64..=1.0, confidence in 0.6f64..0.99) {
            let hits = 1 + (part * (of - 1) as f64) as u64;
            let low = lower(hits, of, confidence);
            // The chance of so many hits or more at the bound, term by term.
            let mut term = (1.0 - low).powi(of as i32);
            let mut fewer = term;
            for n in 1..hits {
                term *= (of - n + 1) as f64 / n as f64 * low / (1.0 - low);
                fewer += term;
            }
            prop_assert!((1.0 - fewer - (1.0 - confidence)).abs() < 1e-6, "{}", 1.0 - fewer);
        }
    }
}
