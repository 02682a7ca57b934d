//! Numbers with words after them: what they count, and what multiplies them.

use super::super::expression::node::Node;
use super::super::expression::numerals::{changes, is_measure, multiplier};
use super::super::expression::readings;
use super::super::expression::token::{is_greek, known};
use super::super::expression::units::is_name;

/// Longest text that is looked at, in bytes.
const BYTES_MAX: usize = 200;
/// Fewest Chinese characters of a sentence.
const HAN_MIN: usize = 4;
/// Words after a number that compute with it.
const OPERATORS: [&str; 14] = [
    "plus",
    "minus",
    "times",
    "over",
    "divided",
    "multiplied",
    "squared",
    "cubed",
    "mod",
    "modulo",
    "percent",
    "pct",
    "half",
    "base",
];
/// Words of two letters, and others without a vowel.
const SHORT: [&str; 24] = [
    "in", "of", "to", "an", "at", "by", "on", "up", "so", "no", "my", "we", "he", "it", "if", "as", "me", "us", "go",
    "do", "fps", "rpm", "mph", "pts",
];

/// The number of a text that is a number and words: `18` of `18 per day`, `\$18/\text{hour}`, `9 * 2 = 18 men`. None
/// where the words could be names of variables, or compute or multiply.
pub(super) fn number(text: &str) -> Option<&str> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let (before, last) = text.rsplit_once('=').unwrap_or(("", text));
    if before.contains(char::is_alphabetic) {
        return None;
    }
    let (number, rest) = split(last)?;
    if !rest.starts_with([' ', '/', '~', '\\']) || !multiplier(rest).is_empty() {
        return None;
    }
    let mut plain = rest.to_owned();
    for look in ["\\text{", "\\mbox{", "\\mathrm{", "\\textrm{", "}", "\\ ", "\\,", "\\;", "~", "$"] {
        plain = plain.replace(look, " ");
    }
    if !plain.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '/' | '-' | '\'' | '.'))
        || plain.contains(" -")
        || plain.contains("- ")
    {
        return None;
    }
    if changes(&plain) {
        return None;
    }
    // 18/abc is a quotient.
    let below = plain.split_once('/').map_or("", |(_, below)| below.trim());
    if plain.contains('/') && below.len() < 4 && !is_name(&below.to_lowercase()) {
        return None;
    }
    let mut long = false;
    for word in plain.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        let lower = word.to_lowercase();
        let short = SHORT.contains(&lower.as_str());
        let computes = known(&lower).is_some() || is_greek(&lower) || OPERATORS.contains(&lower.as_str());
        if computes || !multiplier(word).is_empty() {
            return None;
        }
        let variables = word.len() == 3 && lower.bytes().all(|b| b"abcxyz".contains(&b));
        long |= short || word.len() > 2 && !variables && lower.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    }
    long.then_some(number)
}

/// The number of a text before what multiplies it: `7` of `7 dozen eggs`, `1152` of `1152万千克`.
pub(super) fn multiplied(text: &str) -> Option<&str> {
    let last = text.rsplit('=').next().filter(|_| text.len() <= BYTES_MAX)?;
    let (number, rest) = split(last)?;
    let rest = rest.trim_start_matches([' ', '~', '\\']);
    let words = ["text{", "mbox{", "mathrm{"].iter().find_map(|look| rest.strip_prefix(look)).unwrap_or(rest);
    let multiplies = !multiplier(words).is_empty();
    (multiplies && words.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '}'))).then_some(number)
}

/// The last number of a Chinese sentence, with what stands around it up to a word, its sign and what multiplies it: `45`
/// of `奇奇摘了45个桃`, `-5` of `零下5度`, `2/3` of `3分之2`. None where words make another number of it.
pub(super) fn of_sentence(text: &str) -> Option<String> {
    if text.len() > BYTES_MAX || text.chars().filter(|c| is_han(*c)).count() < HAN_MIN {
        return None;
    }
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = text[..end].char_indices().rev().find(|(_, c)| is_han(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let end = text[end..].find(is_han).map_or(text.len(), |at| end + at);
    let (before, after) = (&text[..start], &text[end..]);
    let parted = &text[start..end];
    let last = parted.rsplit('=').next()?.trim_matches([' ', '，', ',', '：', ':', '。', '（', '(', '；', ';']);
    if last.contains(char::is_alphabetic) || changes_in_chinese(after) {
        return None;
    }
    // Only what stands right before the number is said of it.
    let before = if parted.starts_with(last) { before } else { "" };
    let words = &before[before
        .rfind(|c: char| !is_han(c))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
    let plain = last.bytes().all(|b| b.is_ascii_digit());
    if let Some(head) = before.strip_suffix("分之") {
        // 3分之2, 5又2分之1, 百分之5
        if let Some(head) = head.strip_suffix('百') {
            return (!computes_before(head)).then(|| format!("{last}%"));
        }
        let digits = |text: &str| text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (head, below) = head.split_at(head.len() - digits(head));
        if below.is_empty() || !plain {
            return None;
        }
        if let Some(head) = head.strip_suffix('又') {
            let (head, whole) = head.split_at(head.len() - digits(head));
            return (!whole.is_empty() && !computes_before(head)).then(|| format!("{whole} {last}/{below}"));
        }
        return (!computes_before(head)).then(|| format!("{last}/{below}"));
    }
    // 3元5角 is one amount.
    let amount = before[..before.len() - words.len()].ends_with(|c: char| c.is_ascii_digit());
    if amount
        && (is_name(words)
            || matches!(
                words,
                "点" | "比"
                    | "到"
                    | "至"
                    | "又"
                    | "时"
                    | "小时"
                    | "分"
                    | "的"
                    | "和"
                    | "与"
                    | "或"
                    | "加"
                    | "减"
                    | "乘"
            ))
    {
        return None;
    }
    if let Some(head) = before.strip_suffix("零下").or_else(|| before.strip_suffix('负')) {
        return (!head.ends_with('正')).then(|| format!("-{last}"));
    }
    (!computes_before(before)).then(|| format!("{last}{}", multiplier(after)))
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}')
}

/// Whether words right before a number compute with it, or are the beginning of it.
fn computes_before(before: &str) -> bool {
    ["负", "零下", "乘", "乘以", "除以", "加上", "减去", "分之", "又", "点"].iter().any(|word| before.ends_with(word))
}

/// Whether words right after a number make another one of it: `5的3倍`, `5的平方`, `5个半`.
fn changes_in_chinese(after: &str) -> bool {
    let words = &after[..after.find(|c| !is_han(c)).unwrap_or(after.len())];
    let part = |rest: &str| {
        let parts =
            ["平方", "立方", "倒数", "相反数", "一半", "阶乘", "几分之", "算术平方根", "平方根", "立方根", "绝对值"];
        parts.iter().any(|part| rest.starts_with(part))
    };
    words.starts_with(['又', '半', '成', '折'])
        || words.starts_with("分之")
        || words.starts_with("次方")
        || words.strip_prefix('的').is_some_and(part)
        || words.char_indices().skip(1).take(2).any(|(at, c)| {
            let unit = &words[..at];
            let half = c == '半' && !words[at..].starts_with("半个") && !words[at..].starts_with("半径");
            half && (is_measure(unit) || is_name(unit))
        })
}

/// The number with which a text begins, signs of money included, and the rest.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let unsigned = text.trim_start_matches(['-', '−', '\\', '$', '￥', '¥', '€', '£', ' ']);
    // \frac is no sign.
    let start = text.len() - unsigned.len();
    let digits = unsigned.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(unsigned.len());
    let digits = unsigned[..digits].trim_end_matches(['.', ',']).len();
    if !unsigned[..digits].contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // 1/2 mile, 5 1/2 miles
    let run = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &unsigned[digits..];
    let above = rest.strip_prefix(' ').map_or(0, |above| if run(above) == 0 { 0 } else { 1 + run(above) });
    let fraction =
        rest[above..].strip_prefix('/').map_or(0, |below| if run(below) == 0 { 0 } else { above + 1 + run(below) });
    Some(text.split_at(start + digits + fraction))
}

/// Whether two answers are amounts of money of different countries.
pub(super) fn is_other_money(found: &str, truth: &str) -> bool {
    matches!((currency(found), currency(truth)), (Some(found), Some(truth)) if found != truth)
}

/// The money that a sign or a name says an amount is of; none where it says none, or several.
fn currency(text: &str) -> Option<usize> {
    const SIGNS: [&[&str]; 4] = [
        &["\\$", "dollar", "usd", "美元"],
        &["€", "euro", "eur", "欧元", "\\texteuro"],
        &["£", "英镑", "gbp", "\\pounds"],
        &["¥", "￥", "yuan", "rmb", "人民币"],
    ];
    if text.len() > BYTES_MAX {
        return None;
    }
    let lower = text.to_lowercase();
    // A dollar that is no delimiter.
    let dollar = lower.starts_with('$') && lower.matches('$').count() == 1;
    let mut said = (0..SIGNS.len()).filter(|i| dollar && *i == 0 || SIGNS[*i].iter().any(|sign| lower.contains(sign)));
    said.next().filter(|_| said.next().is_none())
}

/// Whether a number and an answer are both amounts of money by their sign.
pub(super) fn is_money(number: &str, other: &str) -> bool {
    let unit = |text: &str| {
        let amount = |node: &Node| matches!(node, Node::Quantity(number, _) if is_number(number));
        !text.contains(char::is_alphabetic) && readings(text).first().is_some_and(amount)
    };
    unit(other) && (unit(number) || number.starts_with('$'))
}

/// Whether an answer is a number, and nothing else.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(char::is_alphabetic) && readings(text).first().is_some_and(is_number)
}

fn is_number(node: &Node) -> bool {
    match node {
        Node::Number(_) => true,
        Node::Quotient(above, below) => is_number(above) && is_number(below),
        Node::Negative(inner) => is_number(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{multiplied, number, of_sentence};

    #[test]
    fn words_after_a_number_count() {
        for text in ["18 per day", "18 men", "18 a day", "18 in all", "18 hot dogs", "18 for two", "18 eggs / day"] {
            assert_eq!(number(text), Some("18"), "{text}");
        }
        assert_eq!(number("$18/hour"), Some("$18"));
        assert_eq!(number("\\$25/\\text{hour}"), Some("\\$25"));
        assert_eq!(number("9 * 2 = 18 men"), Some("18"));
        assert_eq!(number("1/2 of it"), Some("1/2"));
        assert_eq!(number("5 1/2 miles per day"), Some("5 1/2"));
        for text in [
            "18",
            "5x",
            "18 - abc",
            "18/abc",
            "2 abc",
            "2ab",
            "5 x",
            "2 ab",
            "12 mod 5",
            "3 pi",
            "2 sin x",
            "3 million men",
            "18 and more",
            "x = 18 men",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn multipliers_may_be_left_out() {
        for text in ["7 dozen", "7 \\text{ dozen}", "7 dozen eggs", "7万吨", "84/12 = 7 dozen"] {
            assert_eq!(multiplied(text), Some("7"), "{text}");
        }
        assert_eq!(multiplied("7千克"), None);
        assert_eq!(multiplied("7 eggs"), None);
    }

    #[test]
    fn sentences_have_a_last_number() {
        for (text, want) in [
            ("奇奇摘了45个桃", Some("45")),
            ("小红有3个，奇奇摘了 32+8+5=45 个桃", Some("45")),
            ("他花了$x$元，共5x元", None),
            ("第3个", None),
            ("气温是零下5度左右", Some("-5")),
            ("答案是负5元钱", Some("-5")),
            ("答案是正负5元", None),
            ("他有3分之2的苹果", Some("2/3")),
            ("第二天卖了5又2分之1个", Some("5 1/2")),
            ("他吃了百分之5的苹果", Some("5%")),
            ("他有5分之一的苹果", None),
            ("他花了3元5角钱", None),
            ("他用了2小时30分钟", None),
            ("现在的时间是5点30分", None),
            ("小明有45万个桃子", Some("45万")),
            ("小明有45千克桃子", Some("45")),
            ("他一共用了5个半小时", None),
            ("他一共用了5小时半", None),
            ("答案应该是5的平方", None),
            ("答案应该是3的2倍", None),
            ("他们是3和5岁", None),
            ("答案应该是2的5次方", None),
            ("他买了3个5元的桃", Some("5")),
        ] {
            assert_eq!(of_sentence(text).as_deref(), want, "{text}");
        }
        assert_eq!(of_sentence("没有一个数"), None);
    }
}
