//! Numbers that words write: Chinese numerals, and words after a number that multiply it.

use super::token::Token;
use super::units::{is_name, is_unit};

/// Words that multiply the number before them.
const MULTIPLIERS: [(&str, u64); 10] = [
    ("dozen", 12),
    ("hundred", 100),
    ("thousand", 1000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
    ("百", 100),
    ("千", 1000),
    ("万", 10_000),
    ("亿", 100_000_000),
];
/// Words that things are counted by, after a numeral.
const MEASURES: &str = "个只本人支枝条张辆棵颗头匹间名位次倍种组份岁页层瓶袋箱盒件套双对台把粒座艘架";
/// Words after a number that compute with it, where another number follows in words.
const OPERATORS: [&str; 14] = [
    "over",
    "times",
    "plus",
    "minus",
    "mod",
    "modulo",
    "by",
    "than",
    "the",
    "to",
    "divided",
    "multiplied",
    "less",
    "more",
];
/// Numbers in words.
const NUMBERS: [&str; 28] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "half",
];
/// Names of parts and of ranks.
const RANKS: [&str; 15] = [
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "twentieth",
    "hundredth",
    "thousandth",
    "millionth",
    "half",
];
/// Longest numeral, in characters; the largest stays far below 2⁶⁴.
const NUMERAL_MAX: usize = 20;

/// What a word that stands first multiplies by, and the rest of the text; none where that is no word of its own.
fn first(text: &str) -> Option<(u64, &str)> {
    let text = text.trim_start();
    MULTIPLIERS.iter().find_map(|(word, factor)| {
        let head = text.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
        let rest = &text[head.len()..];
        let ends = !word.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphabetic());
        ends.then_some((*factor, rest))
    })
}

/// By how much words after a number multiply it, and the unit that is left: `million dollars`, `万人`.
pub(crate) fn multiplied(words: &str) -> (u64, &str) {
    let (mut factor, mut rest) = (1u64, words.trim());
    // 千克 and 万元 are units themselves.
    while let Some((by, after)) = first(rest).filter(|_| !is_unit(rest)) {
        let Some(product) = factor.checked_mul(by) else { break };
        (factor, rest) = (product, after.trim());
    }
    (factor, rest)
}

/// The part of a text right after a number that multiplies it.
pub(crate) fn multiplier(rest: &str) -> &str {
    let word: usize =
        rest.chars().skip_while(|c| *c == ' ').take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    let run = &rest[spaces..spaces + word];
    // 45千克桃子
    let unit = run.char_indices().nth(2).is_some_and(|(at, _)| run[..at] != *"万元" && is_unit(&run[..at]));
    match first(run).filter(|_| !is_unit(run) && (run.is_ascii() || !unit)) {
        Some((_, after)) => &rest[..spaces + run.len() - after.len()],
        None => "",
    }
}

/// Whether words after a number make it another one, rather than say what it counts: `squared`, `tenths`, `over four`.
pub(crate) fn changes(words: &str) -> bool {
    let lower = words.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let second = words.next();
    match first {
        "factorial" | "halves" => return true,
        // Square meters are so written too.
        "squared" | "cubed" => return second.is_none_or(|word| OPERATORS.contains(&word)),
        _ => {}
    }
    // Third graders are counted.
    if first.strip_suffix('s').is_some_and(|part| RANKS.contains(&part))
        || RANKS.contains(&first) && second.is_none_or(|word| word == "of")
    {
        return true;
    }
    if first == "to" && second == Some("the") {
        return words.next().is_some_and(|word| RANKS.contains(&word) || word == "power");
    }
    let operand = second.into_iter().chain(words).find(|word| !OPERATORS.contains(word));
    OPERATORS.contains(&first) && operand.is_some_and(|word| NUMBERS.contains(&word) || word.len() == 1 && word != "a")
}

/// A Chinese numeral that begins here, and how many characters it has: `十二`, `三分之一`, `百分之五`; what it counts may
/// follow (`十二个`). Words that only begin with one (`三角形`) are none.
pub(crate) fn numeral(chars: &[char]) -> Option<(usize, Vec<Token>)> {
    let run: String = chars.iter().take(NUMERAL_MAX + 1).take_while(|c| c.is_alphabetic() && !c.is_ascii()).collect();
    let length = run.chars().count();
    if length > NUMERAL_MAX {
        return None;
    }
    let number = |text: &str| value(text).map(|value| Token::Number(value.to_string()));
    let tokens = match run.split_once("分之") {
        Some(("百", above)) => vec![number(above)?, Token::Sign('%')],
        Some((below, above)) => {
            vec![Token::Sign('('), number(above)?, Token::Sign('/'), number(below)?, Token::Sign(')')]
        }
        None => match number(&run) {
            Some(number) => vec![number],
            None => {
                let cuts = run.char_indices().map(|(at, _)| at).rev();
                let (cut, number) =
                    cuts.filter(|at| is_measure(&run[*at..])).find_map(|at| Some((at, number(&run[..at])?)))?;
                return Some((run[..cut].chars().count(), vec![number]));
            }
        },
    };
    Some((length, tokens))
}

/// Whether a numeral may count this. 三角 is a triangle's beginning, and no money.
pub(crate) fn is_measure(word: &str) -> bool {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => MEASURES.contains(only) || only != '角' && is_name(word),
        _ => is_unit(word),
    }
}

/// The value of a numeral of digits and places.
fn value(text: &str) -> Option<u64> {
    let (mut total, mut section, mut digit) = (0u64, 0u64, None);
    let mut smallest = u64::MAX;
    for c in text.chars() {
        if let Some(value) = "零一二三四五六七八九".chars().position(|known| known == c) {
            // 二〇二四 and the like are written digit by digit, and are no numerals of places.
            if digit.is_some_and(|before| before != 0) {
                return None;
            }
            digit = Some(value as u64);
            continue;
        }
        let place = match c {
            '两' if digit.is_none() => {
                digit = Some(2);
                continue;
            }
            '十' => 10,
            '百' => 100,
            '千' => 1000,
            '万' => 10_000,
            '亿' => 100_000_000,
            _ => return None,
        };
        if place >= 10_000 {
            section += digit.take().unwrap_or(0);
            if section == 0 || total != 0 && place >= smallest {
                return None;
            }
            total += section * place;
            (section, smallest) = (0, place);
        } else {
            // 十二 is twelve; other places have a digit before them.
            let count = digit.take().or((place == 10).then_some(1))?;
            section += count * place;
        }
    }
    let any = !text.is_empty();
    any.then(|| total + section + digit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_have_values() {
        for (text, want) in [
            ("十二", Some(12)),
            ("二十", Some(20)),
            ("一百零五", Some(105)),
            ("三千", Some(3000)),
            ("两万", Some(20_000)),
            ("一亿二千万", Some(120_000_000)),
            ("零", Some(0)),
            ("万", None),
            ("一二", None),
            ("三角形", None),
            ("", None),
        ] {
            assert_eq!(value(text), want, "{text}");
        }
        let length = |text: &str| numeral(&text.chars().collect::<Vec<_>>()).map(|(length, _)| length);
        assert_eq!((length("三分之一"), length("百分之五"), length("三角形")), (Some(4), Some(4), None));
        assert_eq!(
            [length("十二个"), length("五米"), length("三公斤"), length("三角")],
            [Some(2), Some(1), Some(1), None]
        );
        assert_eq!(length(&"一百".repeat(20)), None);
    }

    #[test]
    fn words_change_a_number() {
        for words in [
            "squared",
            "cubed",
            "factorial",
            "tenths",
            "Hundredths",
            "third",
            "third of it",
            "over four",
            "modulo five",
            "to the tenth",
            "to the fourth power",
            "less than ten",
            "divided by two",
            "times three",
            "less than x",
        ] {
            assert!(changes(words), "{words}");
        }
        for words in [
            "",
            "apples",
            "third graders",
            "squared units",
            "times",
            "times a day",
            "more than him",
            "to go",
            "the",
            "seconds",
        ] {
            assert!(!changes(words), "{words}");
        }
    }

    #[test]
    fn words_multiply_a_number() {
        assert_eq!(multiplied("万"), (10_000, ""));
        assert_eq!(multiplied("万人"), (10_000, "人"));
        assert_eq!(multiplied("hundred thousand dollars"), (100_000, "dollars"));
        assert_eq!(multiplied("Dozen"), (12, ""));
        assert_eq!(multiplied("千克"), (1, "千克"));
        assert_eq!(multiplied("millions"), (1, "millions"));
        assert_eq!((multiplier(" million people"), multiplier("万人"), multiplier("千克")), (" million", "万", ""));
        assert_eq!((multiplier("千克桃子"), multiplier("万元钱"), multiplier("千个人")), ("", "万", "千"));
    }
}
