//! A page's bytes → its text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| corpus_build_fuzz::extract::properties::page(body));
