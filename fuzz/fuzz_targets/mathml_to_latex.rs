//! Markup with `math` elements → LaTeX: no panic, braces balanced, and tidied a formula.

#![no_main]

use corpus_build_fuzz::extract::ExtractRules;
use corpus_build_fuzz::extract::dom::{Scripting, parse};
use corpus_build_fuzz::extract::math::mathml::to_latex;
use corpus_build_fuzz::extract::math::tidy;
use corpus_build_fuzz::{assert_balanced, assert_formula};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|markup: &str| {
    let Ok(html) = parse(markup, Scripting::On, &ExtractRules::default()) else { return };
    let mut converted = 0;
    for node in html.tree.nodes() {
        let math = node.value().as_element().is_some_and(|element| element.name() == "math");
        // Nested `math` elements would be read once a level.
        if !math || converted > 16 {
            continue;
        }
        converted += 1;
        let tex = to_latex(node);
        assert_balanced(&tex);
        assert!(tex.len() <= 4096 + markup.len() * 64, "{} bytes of LaTeX", tex.len());
        assert_eq!(tex, to_latex(node), "two conversions differ");
        if let Some(tidied) = tidy(&tex) {
            assert_formula(&tidied.tex);
        }
    }
});
