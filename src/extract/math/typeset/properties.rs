//! What holds for any small page of typeset text.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::tests::text;

/// Some text with styles in it.
fn markup() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "x",
        "n",
        "xy",
        "dx",
        "sin",
        "log",
        "word",
        "where",
        "H",
        "CO",
        "m",
        "kg",
        "th",
        "2",
        "10",
        "3.5",
        "1,000",
        "α",
        "π",
        "ℝ",
        "∑",
        "√",
        "∞",
        "中文",
        " ",
        " ",
        " ",
        "\n",
        "+",
        " + ",
        "=",
        " = ",
        " ≤ ",
        "-",
        " − ",
        " - ",
        "/",
        "*",
        "·",
        "^",
        "_",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "（",
        "）",
        "|",
        ",",
        ", ",
        ":",
        ": ",
        ";",
        ".",
        ". ",
        "…",
        "...",
        "'",
        "′",
        "!",
        "²",
        "$5",
        "$",
        "US$ 3 ",
        "\\",
        "%",
        "#",
        "&amp;",
        "&lt;",
        "<br>",
        "<code>f(x)</code>",
        "<code>a_1</code>",
        "<a href='#n'>1</a>",
        "\\(y\\)",
    ]);
    let name = prop::sample::select(vec![
        "i",
        "em",
        "var",
        "b",
        "sup",
        "sub",
        "span",
        "span class='texhtml'",
        "span class='math display'",
        "span class='sfrac'",
        "span class='num'",
        "span class='den'",
        "span style='border-top:1px solid'",
        "span style='vertical-align:super'",
        "code",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    let tree = leaf.prop_recursive(4, 48, 6, move |inner| {
        let name = name.clone();
        (name, prop::collection::vec(inner, 0..6)).prop_map(|(name, inside)| {
            let end = name.split(' ').next().unwrap_or(name);
            format!("<{name}>{}</{end}>", inside.concat())
        })
    });
    prop::collection::vec(tree, 1..12).prop_map(|parts| parts.concat())
}

/// Letters and digits, raised and lowered ones too.
fn characters(text: &str) -> Vec<char> {
    let digit = |c: char| match c {
        '⁰' | '₀' => '0',
        '¹' | '₁' => '1',
        '²' | '₂' => '2',
        '³' | '₃' => '3',
        '⁴'..='⁹' => char::from_digit(c as u32 - '⁰' as u32, 10).unwrap_or(c),
        '₄'..='₉' => char::from_digit(c as u32 - '₀' as u32, 10).unwrap_or(c),
        _ => c,
    };
    text.chars().map(digit).filter(char::is_ascii_alphanumeric).collect()
}

/// Letters and digits that a reader of markup sees.
fn shown(markup: &str) -> Vec<char> {
    let parts = markup.split('<').map(|part| part.split_once('>').map_or(part, |(_, after)| after));
    characters(&parts.collect::<String>().replace("&amp;", "").replace("&lt;", ""))
}

/// Whether all of some characters come in the same order.
fn holds(whole: &[char], part: &[char]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|c| whole.any(|have| have == c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_kept_and_its_dollars_pair(markup in markup()) {
        let text = text(&format!("<p>some text here {markup} and its end</p><p>where <i>x</i> = <i>n</i> + 1</p>"));
        // Beside those of prices, which the page brings itself.
        let dollars = |text: &str| text.matches('$').count() % 2;
        prop_assert_eq!(dollars(&text), dollars(&markup), "{} gives {}", markup, text);
        prop_assert!(holds(&characters(&text), &shown(&markup)), "{} gives {}", markup, text);
        prop_assert!(!text.contains(['\u{e000}', '\u{e001}', '\u{e002}', '\u{e003}']), "{} gives {}", markup, text);
    }
}

#[test]
fn many_runs_take_linear_time() {
    const RUNS: usize = 50_000;
    for unit in
        ["<i>x</i> ", "<i>x</i>(<i>n</i> ", "(", "a<sub>1</sub>", "<i>x</i> - ", "<i>f</i>, ", "= <i>x</i> <i>y</i> "]
    {
        let mut body = String::from("<p>some text ");
        for _ in 0..RUNS {
            body.push_str(unit);
        }
        let _ = write!(body, "the end");
        assert!(text(&body).ends_with("the end"), "{unit}");
    }
}
