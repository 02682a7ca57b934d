//! Signatures cut into bands: pages that agree in a whole band become candidates.

use std::num::NonZeroUsize;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

/// How a signature is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banding {
    /// Number of bands; the more, the more pairs are found.
    pub bands: NonZeroUsize,
    /// Places in a band; the more, the fewer unlike pairs are compared.
    pub rows: NonZeroUsize,
}

/// A number of bands or rows that makes no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{bands} bands of {rows} rows: both must be at least 1 and their product at most {PLACES_MAX}")]
pub struct BandingError {
    /// Bands asked for.
    pub bands: usize,
    /// Rows asked for.
    pub rows: usize,
}

/// The longest signature, in places: longer ones cost more than comparing all pages of a bucket.
pub const PLACES_MAX: usize = 4096;

impl Banding {
    /// A checked banding.
    ///
    /// # Errors
    /// Where either number is 0 or the signature would be longer than [`PLACES_MAX`].
    pub fn new(bands: usize, rows: usize) -> Result<Self, BandingError> {
        match (NonZeroUsize::new(bands), NonZeroUsize::new(rows), bands.checked_mul(rows)) {
            (Some(bands), Some(rows), Some(places)) if places <= PLACES_MAX => Ok(Self { bands, rows }),
            _ => Err(BandingError { bands, rows }),
        }
    }

    /// Length of the signature that is cut, in places.
    #[must_use]
    pub fn places(self) -> usize {
        self.bands.get().saturating_mul(self.rows.get())
    }

    /// The key of each band of a signature, in order of the bands: xxh3-64 over the band's index and its places, so
    /// that equal rows in different bands have different keys.
    pub fn keys(self, signature: &[u32]) -> impl Iterator<Item = u64> {
        let mut bytes = Vec::with_capacity(8 + 4 * self.rows.get());
        signature.chunks_exact(self.rows.get()).take(self.bands.get()).zip(0_u64..).map(move |(rows, band)| {
            bytes.clear();
            bytes.extend_from_slice(&band.to_le_bytes());
            for row in rows {
                bytes.extend_from_slice(&row.to_le_bytes());
            }
            xxh3_64(&bytes)
        })
    }

    /// The probability that a pair at Jaccard similarity `s` shares a band key.
    #[must_use]
    pub fn match_probability(self, s: f64) -> f64 {
        match_probability(s, self.bands.get(), self.rows.get())
    }
}

/// The probability that a pair at Jaccard similarity `s` becomes a candidate: 1 − (1 − s^rows)^bands.
///
/// | s | 0.5 | 0.6 | 0.7 | 0.75 | 0.8 | 0.85 | 0.9 |
/// |---|---|---|---|---|---|---|---|
/// | 14 × 8 | 0.053 | 0.211 | 0.565 | 0.772 | 0.924 | 0.988 | 0.9996 |
/// | 32 × 8 | 0.118 | 0.418 | 0.851 | 0.966 | 0.997 | 1.000 | 1.000 |
#[must_use]
pub fn match_probability(s: f64, bands: usize, rows: usize) -> f64 {
    let power = |base: f64, n: usize| base.powi(i32::try_from(n).unwrap_or(i32::MAX));
    1.0 - power(1.0 - power(s.clamp(0.0, 1.0), rows), bands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_probabilities() {
        let rows = [
            (14, 8, [0.053, 0.211, 0.565, 0.772, 0.924, 0.988, 1.0]),
            (32, 8, [0.118, 0.418, 0.851, 0.966, 0.997, 1.0, 1.0]),
        ];
        for (bands, rows, want) in rows {
            for (s, want) in [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].into_iter().zip(want) {
                assert!((match_probability(s, bands, rows) - want).abs() < 6e-4, "{bands} x {rows} at {s}");
            }
        }
        assert_eq!((match_probability(0.0, 14, 8), match_probability(1.0, 14, 8)), (0.0, 1.0));
    }

    #[test]
    fn keys_tell_bands_apart() {
        let banding = Banding::new(3, 2).unwrap();
        let keys = |signature: &[u32]| banding.keys(signature).collect::<Vec<u64>>();
        let same = keys(&[1, 2, 1, 2, 1, 2]);
        assert_eq!(same.len(), banding.bands.get());
        assert!(same[0] != same[1] && same[1] != same[2]);
        let other = keys(&[1, 2, 9, 2, 1, 2]);
        assert_eq!((same[0], same[2]), (other[0], other[2]));
        assert_ne!(same[1], other[1]);
    }

    #[test]
    fn impossible_bandings() {
        for (bands, rows) in [(0, 8), (14, 0), (4097, 1), (usize::MAX, 2)] {
            assert_eq!(Banding::new(bands, rows), Err(BandingError { bands, rows }));
        }
        assert!(Banding::new(1, 1).is_ok());
    }
}
