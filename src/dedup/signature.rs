//! MinHash signatures: a few numbers a page, equal at a place with the probability of the pages' Jaccard similarity.
//!
//! The family is SuperMinHash (Ertl 2017, arXiv 1706.05698) as the crate `probminhash` has it. Of the families there
//! OptDensMinHash signs long pages faster, but copies filled places into empty ones on pages with fewer shingles than
//! places, where bands then agree or differ as one: measured in `docs/log.md`.

use std::hash::{BuildHasherDefault, Hasher};

use probminhash::superminhasher::SuperMinHash;

/// What made a signature; signatures and band keys of different families must never meet.
pub const FAMILY: &str = "superminhash-f32-xoshiro256pp/probminhash-0.1";

/// A shingle is a hash already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, shingle: u64) {
        self.0 = shingle;
    }
}

/// Signs one page after another, keeping its memory.
pub struct Signer {
    sketch: SuperMinHash<f32, u64, Identity>,
    signature: Vec<u32>,
}

impl Signer {
    /// A signer of signatures with `places` numbers, at least one.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = places.max(1);
        Self { sketch: SuperMinHash::new(places, BuildHasherDefault::default()), signature: vec![0; places] }
    }

    /// The signature of a set of shingles, whatever their order; `None` for the empty set, which is like no other.
    pub fn sign(&mut self, shingles: &[u64]) -> Option<&[u32]> {
        self.sketch.reinit();
        for shingle in shingles {
            self.sketch.sketch(shingle).ok()?;
        }
        for (place, value) in self.signature.iter_mut().zip(self.sketch.get_hsketch()) {
            *place = value.to_bits();
        }
        (!shingles.is_empty()).then_some(&self.signature)
    }
}

/// The share of places in which two signatures agree: an unbiased estimate of the Jaccard similarity.
#[must_use]
pub fn agreement(a: &[u32], b: &[u32]) -> f64 {
    let equal = a.iter().zip(b).filter(|(x, y)| x == y).count();
    equal as f64 / a.len().max(b.len()).max(1) as f64
}
