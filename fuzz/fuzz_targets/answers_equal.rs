#![no_main]

use corpus_build_fuzz::eval::{equal::equal, extract};
use libfuzzer_sys::fuzz_target;

// A text and an answer, parted by a NUL: whatever they are, there is a verdict, and an answer is equal to itself.
fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (text, truth) = text.split_once('\0').unwrap_or((&text, &text));
    let truth = extract::truth(truth);
    assert!(equal(&truth, &truth), "{truth:?}");
    if let Some(found) = extract::answer(text) {
        let _ = equal(&found, &truth);
    }
    let _ = extract::choice(text, &["1", &truth, "x+1"]);
});
