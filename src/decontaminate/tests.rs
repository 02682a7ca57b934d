//! Tests of what is found and removed, from the items of a benchmark to the text of a page.

use proptest::prelude::*;

use super::*;
use crate::decontaminate::{GramRules, IndexBuilder, Short};

/// An index of questions, one a line of one file.
fn index(questions: &[&str]) -> Index {
    let mut builder = IndexBuilder::new(GramRules::default());
    for (line, text) in (1..).zip(questions) {
        builder.add(text, Origin { file: 0, line, field: 0 }, Short::Whole).unwrap();
    }
    builder.build(None)
}

/// Checks what stays of a text, `None` for all of it.
#[track_caller]
fn check(questions: &[&str], text: &str, want: Option<&str>) {
    let index = index(questions);
    let removal = Scanner::new(&index).removal(text);
    assert_eq!(removal.map(|removal| removal.apply(text)).as_deref(), want, "{text:?}");
}

const FARMER: &str =
    "A farmer has 17 sheep and buys 5 more at the market. How many sheep does the farmer have after that?";
const ROOTS: &str =
    "Find all the real roots of\n\\[x^4 - 7x^3 + 2x^2 = 11x - 5.\\]Give them in rising order, by commas.";

#[test]
fn a_paragraph_with_ten_grams_of_a_benchmark_goes() {
    let page = format!("Before it.\n\nHere is one: {FARMER}\n\nAfter it.");
    check(&[FARMER], &page, Some("Before it.\n\nAfter it."));
    let ten = "He said that 17 sheep and buys 5 more at the market how was";
    check(&[FARMER], &format!("One.\n\n{ten}"), Some("One."));
    let nine = "He said that 17 sheep and buys 5 more at the farm";
    check(&[FARMER], &format!("One.\n\n{nine}"), None);
    check(&[], FARMER, None);
    check(&[FARMER], "", None);
}

#[test]
fn case_width_space_and_punctuation_make_no_difference() {
    for altered in [
        FARMER.to_uppercase(),
        FARMER.replace(' ', "\u{A0} \n"),
        FARMER.replace(['.', '?'], " — "),
        FARMER
            .chars()
            .map(|c| if c.is_ascii_digit() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
            .collect(),
        FARMER.replace("farmer", "far\u{AD}mer"),
    ] {
        check(&[FARMER], &format!("{altered}\n\nIt stays."), Some("It stays."));
    }
    check(&["小红有３７颗糖，分给弟弟８颗，还剩多少颗？"], "小红有37颗糖 分给弟弟8颗 还剩多少颗\n\n留下", Some("留下"));
}

#[test]
fn tex_spacing_makes_no_difference() {
    let question =
        "Let $f(x) = \\frac{3x+1}{2}$ and $g(x) = \\left(x^2 - 1\\right)$. Find $f(g(2)) \\leq y$ in $5\\,\\text{cm}$.";
    let respaced = "Let $f(x)=\\dfrac{3x+1}2$ and \\[g(x)=(x^{2}-1).\\] Find $f(g(2))\\le y$ in $5~\\mathrm{cm}$.";
    check(&[question], &format!("{respaced}\n\nIt stays."), Some("It stays."));
    check(&[respaced], &format!("{question}\n\nIt stays."), Some("It stays."));
}

#[test]
fn a_text_that_extraction_parted_is_found_and_goes_whole() {
    let page = "Some exercises.\n\nFind all the real roots of\n\n$$x^4-7x^3+2x^2=11x-5.$$\n\nGive them in rising order, by \
                commas.\n\nThe next exercise is about something else.";
    check(&[ROOTS], page, Some("Some exercises.\n\nThe next exercise is about something else."));
}

#[test]
fn a_paragraph_that_lends_a_word_at_its_edge_stays() {
    let page = "We speak of what everybody sees when a\n\nfarmer has 17 sheep and buys 5 more at the market, says he.";
    check(&[FARMER], page, Some("We speak of what everybody sees when a"));
}

#[test]
fn short_questions_are_found_whole_and_shorter_ones_not_at_all() {
    check(&["Compute $\\sin 60^\\circ$."], "Now compute sin 60 circ!\n\nDone", Some("Done"));
    check(&["Compute $\\sin 60^\\circ$."], "Now compute sin 60 degrees.\n\nDone", None);
    check(&["Compute it."], "Compute it.\n\nDone", None);
    check(&["小明几岁"], "请问小明几岁了？\n\n好", Some("好"));
}

#[test]
fn short_answers_are_not_looked_for() {
    let mut builder = IndexBuilder::new(GramRules::default());
    builder.add("\\frac{1}{2} of it", Origin { file: 0, line: 1, field: 0 }, Short::Ignored).unwrap();
    builder.add(FARMER, Origin { file: 0, line: 1, field: 1 }, Short::Ignored).unwrap();
    assert_eq!(builder.ignored_short(), 1);
    let index = builder.build(None);
    assert_eq!(Scanner::new(&index).removal("\\frac{1}{2} of it"), None);
    assert_eq!(Scanner::new(&index).removal(FARMER).map(|r| (r.share, r.matches[0].origin.field)), Some((1.0, 1)));
}

#[test]
fn marks_of_a_calculator_need_not_be_quoted() {
    let answer = "She has 3*4 = <<3*4=12>>12 eggs.\nThen she sells 12-5 = <<12-5=7>>7 of them.";
    check(&[answer], "She has 3*4 = 12 eggs. Then she sells 12-5 = 7 of them.\n\nSo", Some("So"));
    check(&[answer], &format!("{answer}\n\nSo"), Some("So"));
    check(&["if a << b then c, and 1 2 3 4 5 6 7"], "a b then c and 1 2 3 4 5 6\n\nSo", Some("So"));
}

#[test]
fn what_the_cut_brings_together_is_looked_at_again() {
    let (head, tail) = ("A farmer has 17 sheep and", "buys 5 more at the market. And so on it goes, for ever.");
    let other = "Of apples and pears and plums there are 3, 4 and 5 in the basket on the table.";
    let page = format!("Once more:\n\n{head}\n\n{other}\n\n{tail}\n\nIt stays.");
    check(&[FARMER, other], &page, Some("Once more:\n\nIt stays."));
}

#[test]
fn matches_name_the_item_the_grams_and_the_place() {
    let index = index(&[ROOTS, FARMER]);
    let text = format!("# Sheep\n\nA question: {FARMER}\n\nEnd.");
    let removal = Scanner::new(&index).removal(&text).unwrap();
    let [found] = removal.matches.as_slice() else { panic!("{:?}", removal.matches) };
    assert_eq!((found.origin.line, found.grams), (2, 21));
    assert!(found.text.starts_with("a farmer has 17 sheep and"), "{}", found.text);
    assert_eq!(&text[found.paragraph.clone()], format!("A question: {FARMER}"));
    assert_eq!((removal.paragraphs, removal.spans.len()), (1, 1));
    assert!((removal.share - 23.0 / 25.0).abs() < 1e-9, "{}", removal.share);
}

#[test]
fn every_file_that_has_a_text_is_named_and_of_a_file_the_first_item() {
    let mut builder = IndexBuilder::new(GramRules::default());
    for (file, line, text) in [(0, 1, ROOTS), (0, 2, FARMER), (0, 3, FARMER), (1, 7, FARMER), (2, 1, FARMER)] {
        builder.add(text, Origin { file, line, field: 0 }, Short::Whole).unwrap();
    }
    let index = builder.build(None);
    let removal = Scanner::new(&index).removal(FARMER).unwrap();
    let found: Vec<(u32, u32, usize)> =
        removal.matches.iter().map(|m| (m.origin.file, m.origin.line, m.grams)).collect();
    assert_eq!(found, [(0, 2, 21), (1, 7, 21), (2, 1, 21)]);
}

#[test]
fn what_is_allowed_is_no_match() {
    let common = "let f be a function from the set of real numbers to itself";
    let question = format!("{common}. Find every f with f(2x) = 3 f(x) + 4 for all real numbers x.");
    let mut allowed = IndexBuilder::new(GramRules::default());
    allowed.add(common, Origin { file: 0, line: 1, field: 0 }, Short::Whole).unwrap();
    let allowed = allowed.build(None);
    let mut builder = IndexBuilder::new(GramRules::default());
    builder.add(&question, Origin { file: 0, line: 1, field: 0 }, Short::Whole).unwrap();
    let index = builder.build(Some(&allowed));
    assert_eq!(Scanner::new(&index).removal(&format!("Now {common}; it is even.")), None);
    assert!(Scanner::new(&index).removal(&question).is_some());
}

#[test]
fn a_page_that_loses_too_much_goes_whole() {
    let index = index(&[FARMER]);
    let mut scanner = Scanner::new(&index);
    let page = format!("{FARMER}\n\nNow, what do you make of that?");
    assert_eq!(scanner.clean(&page, 0.5), None);
    assert_eq!(scanner.clean(&page, 0.9).as_deref(), Some("Now, what do you make of that?"));
    assert_eq!(scanner.clean("Nothing.", 0.5).as_deref(), Some("Nothing."));
}

#[test]
fn hostile_texts_end_soon() {
    let index = index(&[FARMER, "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"]);
    let mut scanner = Scanner::new(&index);
    let ones = "1 ".repeat(200_000);
    assert_eq!(scanner.removal(&ones).map(|r| r.paragraphs), Some(1));
    let parts = format!("{FARMER}\n\n").repeat(5_000);
    assert_eq!(scanner.removal(&parts).map(|r| (r.paragraphs, r.spans.len())), Some((5_000, 1)));
    let marks = "e\u{301}\u{302}".repeat(100_000);
    assert_eq!(scanner.removal(&marks), None);
    assert_eq!(scanner.removal(&"\\frac".repeat(100_000)), None);
}

/// Texts of few different words, so that runs repeat: the words are one letter, one character, digits.
fn small_texts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["a", "b", "C", "中", "1", "\\frac12", "é", ". ", "\n\n", "$", " x "]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

/// Texts with TeX that the second reading changes here and there.
fn tex_texts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "\\frac12",
        "\\frac 1 23",
        "\\left(",
        "\\leq",
        "\\alpha",
        "\\sqrt2x",
        "12",
        "3",
        "中",
        "é",
        "\n\n",
        "d e f",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    /// The scan finds a match exactly where comparing all windows finds one, and leaves none.
    #[test]
    fn the_scan_is_the_comparison_of_all_windows(questions in prop::collection::vec(small_texts(), 1..4), page in small_texts()) {
        let rules = GramRules { length: 4, short_min: 2 };
        let mut builder = IndexBuilder::new(rules);
        let mut windows = std::collections::BTreeSet::new();
        for (line, text) in (1..).zip(&questions) {
            builder.add(text, Origin { file: 0, line, field: 0 }, Short::Whole).unwrap();
            for grams in readings(text) {
                let n = grams.len().min(rules.length);
                if n >= rules.short_min {
                    windows.extend(grams.windows(n).map(<[String]>::to_vec));
                }
            }
        }
        let holds = |text: &str| readings(text).iter().any(|grams| {
            (rules.short_min..=rules.length).any(|n| grams.windows(n).any(|window| windows.contains(window)))
        });
        let index = builder.build(None);
        let removal = Scanner::new(&index).removal(&page);
        prop_assert_eq!(removal.is_some(), holds(&page));
        if let Some(removal) = removal {
            let left = removal.apply(&page);
            prop_assert!(!holds(&left), "{:?} leaves {:?}", page, left);
            prop_assert!(removal.share > 0.0 && removal.share <= 1.0);
            prop_assert!(!removal.matches.is_empty());
        }
    }

    /// Looking again only near what layout changes finds what two readings in full find.
    #[test]
    fn the_quick_look_is_both_readings(questions in prop::collection::vec(tex_texts(), 1..4), page in tex_texts(), length in 3..6usize) {
        let mut builder = IndexBuilder::new(GramRules { length, short_min: 2 });
        for (line, text) in (1..).zip(&questions) {
            builder.add(text, Origin { file: 0, line, field: 0 }, Short::Whole).unwrap();
        }
        let index = builder.build(None);
        let mut scanner = Scanner::new(&index);
        let quick = scanner.removal(&page);
        scanner.first.read(&page);
        prop_assert_eq!(quick, scanner.removal_of_read(&page));
    }
}

/// The grams of a text in both readings.
fn readings(text: &str) -> Vec<Vec<String>> {
    let (mut first, mut second) = (Grams::default(), Grams::default());
    first.read(text);
    let words = |grams: &Grams| {
        let word = |i| {
            let mut word = String::new();
            grams.fold_into(text, i, &mut word);
            word
        };
        (0..grams.list.len()).map(word).collect::<Vec<String>>()
    };
    let mut all = vec![words(&first)];
    if reread(text, &first, &mut second) {
        all.push(words(&second));
    }
    all
}
