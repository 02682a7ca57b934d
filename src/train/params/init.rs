//! New weights: normal draws for matrices, ones for norms, zeros for biases.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Draws from the normal distribution, by Box and Muller.
///
/// The draws are our own, so that a seed gives the same weights with any version of any crate.
pub struct Normal {
    random: ChaCha8Rng,
    spare: Option<f64>,
}

/// 53 random bits as a number in [0, 1).
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

impl Normal {
    /// A stream of draws for `name` under `seed`.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(xxh3_64_with_seed(name.as_bytes(), seed)), spare: None }
    }

    /// A draw that is uniform in [−1, 1).
    pub fn uniform(&mut self) -> f64 {
        unit(self.random.next_u64()) * 2.0 - 1.0
    }

    /// The next draw, of mean 0 and deviation 1.
    pub fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // The first in (0, 1], so that its logarithm is finite.
        let radius = (-2.0 * (1.0 - unit(self.random.next_u64())).ln()).sqrt();
        let angle = std::f64::consts::TAU * unit(self.random.next_u64());
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

/// The first value of the tensor `name`: normal draws of this deviation for matrices, ones for norms, zeros for biases.
#[must_use]
pub fn first(name: &str, shape: &[usize], deviation: f64, seed: u64) -> Vec<f32> {
    let numbers = shape.iter().product();
    match shape.len() {
        1 if name.rsplit('.').next() == Some("bias") => vec![0.0; numbers],
        1 => vec![1.0; numbers],
        _ => {
            let mut normal = Normal::new(seed, name);
            (0..numbers).map(|_| (normal.draw() * deviation) as f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_mean_and_deviation() {
        let draws = first("a.weight", &[300, 1000], 0.02, 7);
        let n = draws.len() as f64;
        let mean = draws.iter().map(|d| f64::from(*d)).sum::<f64>() / n;
        let square = draws.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>() / n;
        let fourth = draws.iter().map(|d| f64::from(*d).powi(4)).sum::<f64>() / n;
        assert!(mean.abs() < 2e-4, "{mean}");
        assert!((square.sqrt() - 0.02).abs() < 1e-4, "{square}");
        assert!((fourth / (square * square) - 3.0).abs() < 0.05, "{fourth}");
    }

    #[test]
    fn names_and_seeds_have_streams_of_their_own() {
        let draw = |name: &str, seed| first(name, &[2, 2], 1.0, seed);
        assert_eq!(draw("a", 1), draw("a", 1));
        assert_ne!(draw("a", 1), draw("b", 1));
        assert_ne!(draw("a", 1), draw("a", 2));
        assert_eq!(first("n.weight", &[2], 1.0, 1), [1.0, 1.0]);
        assert_eq!(first("n.bias", &[2], 1.0, 1), [0.0, 0.0]);
    }
}
