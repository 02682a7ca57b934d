use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, declared: Option<&str>, want: Language) -> f32 {
    let (got, score) = detect(text, declared);
    assert!((0.0..=1.0).contains(&score), "{score}: {text}");
    assert_eq!(got, want, "{score}: {text}");
    score
}

const ENGLISH: &str = "A group is a set together with an operation that is associative, has an identity element and \
    gives each element an inverse; these are the axioms from which all of the theory follows.";
const CHINESE: &str = "设函数在闭区间上连续，在开区间内可导，则至少存在一点使得函数在该点的导数等于两端点函数值之差的商，这就是拉格朗日中值定理的内容。";
const GERMAN: &str = "Eine Gruppe ist eine Menge zusammen mit einer Verknüpfung, die assoziativ ist, ein neutrales \
    Element besitzt und zu jedem Element ein inverses Element liefert. Aus diesen Axiomen folgt die ganze Theorie, und \
    viele Beispiele finden sich in der Geometrie, in der Zahlentheorie und in der Physik der Kristalle wieder.";
const FRENCH: &str = "Un groupe est un ensemble muni d'une loi de composition interne associative admettant un élément \
    neutre et, pour chaque élément de l'ensemble, un élément symétrique. La notion est apparue avec l'étude des \
    équations algébriques, et elle occupe depuis une place centrale dans les mathématiques du siècle dernier.";

#[test]
fn prose_of_each_language() {
    assert!(check(ENGLISH, None, Language::English) > 0.9);
    assert!(check(CHINESE, None, Language::Chinese) > 0.9);
    assert!(check(GERMAN, None, Language::Other) > 0.9);
    assert!(check(FRENCH, Some("fr"), Language::Other) > 0.9);
    check("Группой называется множество с ассоциативной операцией, в котором есть единица.", None, Language::Other);
    check("群とは、結合法則を満たす演算をもつ集合で、単位元と逆元が存在するものをいう。", None, Language::Other);
    check("군은 결합 법칙을 만족하는 연산을 갖춘 집합으로 항등원과 역원이 존재한다", None, Language::Other);
}

#[test]
fn formulas_and_code_are_no_language() {
    let formulas = "$$\\int_0^1 f(x)\\,dx = \\sum_{n=1}^\\infty \\frac{a_n}{n}$$\n\n".repeat(30);
    check(&formulas, None, Language::English);
    check(&formulas, Some("de"), Language::English);
    check(&formulas, Some("zh-CN"), Language::Chinese);
    check(&format!("{formulas}证明：显然。{formulas}"), None, Language::Chinese);
    check("α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ τ υ φ χ ψ ω ∑ ∏ ∫ 𝛼𝛽𝛾 ℝℂ", None, Language::English);
    check("```\nfn eigenvalues(matrix: &Matrix) -> Vec<f64> { todo() }\n```\n\neigenvalues", None, Language::English);
    check("sin cos tan arcsin arccos arctan sinh cosh tanh log ln exp det tr rank ker im dim", None, Language::English);
    check("Gauss Euler Riemann Weierstraß Poincaré Erdős Gödel Möbius Hölder Schrödinger", None, Language::English);
    let code =
        "```\nwenn der Wert kleiner ist als die Grenze dann ist das Ergebnis nicht mehr gültig\n```\n\n".repeat(9);
    check(&format!("{code}{ENGLISH}"), None, Language::English);
    let german = format!("{GERMAN} $\\text{{the and of to that this with from which}}$ ");
    check(&german.repeat(4), None, Language::Other);
}

#[test]
fn thin_text_is_english_with_a_low_score() {
    for text in ["", "index i", "Lemma", "x", "\\\\", "$", "```", "Cauchy Folge"] {
        assert!(check(text, None, Language::English) < 0.3, "{text}");
    }
    check("数学", None, Language::Chinese);
}

#[test]
fn mixed_pages() {
    check(
        &format!("{CHINESE} {}", "const let return function module import export".repeat(12)),
        Some("zh"),
        Language::Chinese,
    );
    check(&format!("{ENGLISH} {ENGLISH} 东京 京都"), None, Language::English);
    check(
        "Prices from $5 to $10, and the rest of this page is about shipping to you by mail.",
        None,
        Language::English,
    );
    // A stray dollar sign swallows no page: the paragraph ends it.
    check(&format!("It costs $5.\n\n{GERMAN}\n\nUnd $6 mehr."), None, Language::Other);
}

#[test]
fn long_texts_are_sampled_all_over() {
    let long = format!("{}\n\n{}", ENGLISH.repeat(40), GERMAN.repeat(400));
    check(&long, None, Language::English);
    let mostly = format!("{}\n\n{}", "x ".repeat(3000), GERMAN.repeat(400));
    check(&mostly, None, Language::Other);
    check(&CHINESE.repeat(2000), None, Language::Chinese);
}

#[test]
fn names_round_trip() {
    for language in [Language::English, Language::Chinese, Language::Other] {
        assert_eq!(language.name().parse(), Ok(language));
    }
    assert_eq!("de".parse::<Language>(), Err(UnknownLanguage("de".to_owned())));
}

#[test]
fn the_word_list_is_sorted_unique_and_lower_case() {
    assert!(ENGLISH_WORDS.is_sorted_by(|a, b| a < b));
    assert!(ENGLISH_WORDS.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase())));
}

proptest! {
    #[test]
    fn any_text_has_a_language(parts in prop::collection::vec("(\\$|\\$\\$|`|```|\\\\[(]|\\\\[)]|\\\\|\n\n|é|数|ß |[a-z]{1,6} |\\PC{0,4})", 0..40), times in 1_usize..400) {
        let (_, score) = detect(&parts.concat().repeat(times), None);
        prop_assert!((0.0..=1.0).contains(&score));
    }
}
