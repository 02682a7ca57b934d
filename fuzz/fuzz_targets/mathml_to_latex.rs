//! Markup with `math` elements → LaTeX.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|markup: &str| corpus_build_fuzz::extract::properties::mathml(markup));
