//! A shuffle that holds no list: the place of each index is computed.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A pseudo-random order of `0..len`, computed index by index (a Feistel network over the next power of four, walked
/// until the result is in range). The same seed gives the same order on every machine.
#[derive(Clone, Copy, Debug)]
pub struct Permutation {
    len: u64,
    half_bits: u32,
    seed: u64,
}

impl Permutation {
    const ROUNDS: u64 = 4;

    /// An order of `0..len`.
    #[must_use]
    pub fn new(len: u64, seed: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self { len, half_bits: bits.div_ceil(2).max(1), seed }
    }

    /// What stands at `index`, which is below the length.
    #[must_use]
    pub fn at(&self, index: u64) -> u64 {
        let mut at = index;
        // The domain is less than four times the length, so a walk takes few steps.
        loop {
            at = self.scramble(at);
            if at < self.len {
                return at;
            }
        }
    }

    fn scramble(&self, at: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (at >> self.half_bits, at & mask);
        for round in 0..Self::ROUNDS {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&right.to_le_bytes());
            bytes[8..].copy_from_slice(&round.to_le_bytes());
            (left, right) = (right, left ^ (xxh3_64_with_seed(&bytes, self.seed) & mask));
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_comes_once() {
        for len in [1, 2, 3, 5, 16, 17, 100, 1000, 4097] {
            let order = Permutation::new(len, 7);
            let mut seen: Vec<u64> = (0..len).map(|i| order.at(i)).collect();
            let sorted: Vec<u64> = (0..len).collect();
            assert!(len < 16 || seen != sorted, "{len}: not shuffled");
            seen.sort_unstable();
            assert_eq!(seen, sorted, "{len}");
        }
    }

    #[test]
    fn seeds_differ_and_places_are_spread() {
        let len = 10_000;
        let (a, b) = (Permutation::new(len, 1), Permutation::new(len, 2));
        let same = (0..len).filter(|i| a.at(*i) == b.at(*i)).count();
        assert!(same < 20, "{same} places in common");
        let mean = (0..len / 2).map(|i| a.at(i)).sum::<u64>() as f64 / (len / 2) as f64;
        assert!((mean - 5000.0).abs() < 150.0, "the first half is drawn from everywhere, its mean {mean}");
    }
}
