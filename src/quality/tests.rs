use super::*;
use crate::language::Language;
use crate::reject::Reject;
use crate::spans::commands;

fn figures(text: &str, language: Language) -> Measures {
    measure(text, language, &commands())
}

#[track_caller]
fn check(text: &str, language: Language, want: Option<Reject>) {
    let measures = figures(text, language);
    let broken = QualityRules::default().broken(&measures);
    assert_eq!(broken.as_ref().map(|check| check.reject), want, "{broken:?} {measures:?}");
}

const PROSE: &str = "The sum of two even numbers is even, and the product of an even number with any other is even. \
    To see this, write both of them as twice a number, and take the factor out.";

#[test]
fn prose_passes_and_formulas_are_no_noise() {
    check(PROSE, Language::English, None);
    let formulas = r"$$\sum_{i=1}^{n} \{ a_{i} \} = \frac{1}{2} \#\#\# \ldots$$".to_owned() + "\n\n";
    let page = format!("{PROSE}\n\n{}", formulas.repeat(40));
    let measures = figures(&page, Language::English);
    assert_eq!(measures.words, figures(PROSE, Language::English).words + 40);
    assert!(measures.symbols_per_word.abs() < 1e-12 && measures.duplicate_lines.abs() < 1e-12);
    check(&page, Language::English, None);
    // A page of nothing but formulas is short of words for none of them.
    assert_eq!(figures(&formulas.repeat(40), Language::English).words, 40);
}

#[test]
fn each_rule_drops_its_kind() {
    use Language::{Chinese, English, Other};
    check("Two words.", English, Some(Reject::WordCount));
    check(&"Donaudampfschifffahrtsgesellschaft ".repeat(30), Other, Some(Reject::WordLength));
    check(&"some # words # here # ".repeat(30), English, Some(Reject::Symbols));
    check(&"1200 3400 5600 7800 of the 99 ".repeat(30), English, Some(Reject::FewLetters));
    check(&(0..40).map(|n| format!("name{n} ")).collect::<String>(), English, Some(Reject::FewStopWords));
    check(
        &(0..40)
            .map(|n| format!("Here you can read all about the subject that has the number a{n} …\n"))
            .collect::<String>(),
        English,
        Some(Reject::Ellipses),
    );
    check(&format!("{PROSE}\n").repeat(5), English, Some(Reject::RepeatedLines));
    let again = "buy the best shoes now ".repeat(30);
    check(&again, English, Some(Reject::RepeatedWords));
    check(&"我们证明这个定理对所有整数成立。".repeat(20), Chinese, Some(Reject::RepeatedWords));
    check("设函数在闭区间上连续，则它在该区间上有界，并且能取到最大值与最小值，这是分析学的基本结论。", Chinese, None);
}

#[test]
fn code_is_left_out_and_lists_are_told() {
    let page = format!("{PROSE}\n\n```python\n{}```", "x = x # x\n".repeat(50));
    assert_eq!(figures(&page, Language::English).words, figures(PROSE, Language::English).words);
    let measures = figures(
        "- The first item of it\n- and the second…\n\nThe end of the list, which has 2 items.",
        Language::English,
    );
    assert!((measures.bullet_lines - 2.0 / 3.0).abs() < 1e-12, "{measures:?}");
    assert!((measures.ellipsis_lines - 1.0 / 3.0).abs() < 1e-12);
    assert!((measures.punctuated_lines - 2.0 / 3.0).abs() < 1e-12);
    assert!((measures.short_lines - 2.0 / 3.0).abs() < 1e-12);
}
