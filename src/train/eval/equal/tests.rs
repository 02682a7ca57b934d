mod shapes;

use super::{Verdict, equal, verdict};

#[track_caller]
fn same(pairs: &[(&str, &str)]) {
    let wrong: Vec<String> = pairs
        .iter()
        .flat_map(|(a, b)| [(a, b), (b, a)])
        .filter(|(found, truth)| !equal(found, truth))
        .map(|(found, truth)| format!("{found}  should be  {truth}: {:?}", verdict(found, truth)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[track_caller]
fn different(pairs: &[(&str, &str)]) {
    let wrong: Vec<String> = pairs
        .iter()
        .flat_map(|(a, b)| [(a, b), (b, a)])
        .filter(|(found, truth)| equal(found, truth))
        .map(|(found, truth)| format!("{found}  should not be  {truth}: {:?}", verdict(found, truth)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn numbers_are_exact() {
    same(&[
        ("72", "72.0"),
        ("\\dfrac{3}{4}", "0.75"),
        ("\\frac34", "\\tfrac{3}{4}"),
        ("\\frac{3}4", "3/4"),
        ("-\\frac{1}{2}", "\\frac{-1}{2}"),
        ("-\\frac12", "\\frac{1}{-2}"),
        ("2^{10}", "1024"),
        ("2^10", "1024"),
        ("2**10", "1024"),
        ("5!", "120"),
        ("\\binom{10}{3}", "120"),
        ("{10 \\choose 3}", "120"),
        ("C_{10}^{3}", "120"),
        ("3 \\times 10^{-4}", "0.0003"),
        ("3e-4", "0.0003"),
        ("1.5 \\cdot 10^3", "1500"),
        ("１２．５", "12.5"),
        ("−3", "-3"),
        ("½", "0.5"),
        ("3½", "3.5"),
        ("2\\frac{1}{3}", "\\frac{7}{3}"),
        ("2 1/3", "7/3"),
        ("0.\\overline{3}", "\\frac13"),
        ("0.1\\overline{6}", "1/6"),
        ("0.\\dot{1}\\dot{2}", "4/33"),
        ("0.333...", "1/3"),
        ("\\left\\lfloor 3.7 \\right\\rfloor", "3"),
        ("\\gcd(12, 18)", "6"),
        ("+7", "7"),
        ("-1\\frac12", "-\\frac{3}{2}"),
        ("-2 1/3", "-7/3"),
        ("-3\\frac{8}{9}", "-\\frac{35}{9}"),
        ("6 - 1\\frac12", "9/2"),
        ("6 + -1\\frac12", "9/2"),
        ("2 \\cdot -1\\frac12", "-3"),
        ("7/2\\frac12", "\\frac{14}{5}"),
        ("-2\\frac{7}{3}", "-14/3"),
        ("007", "7"),
        ("\\sqrt{49}", "7"),
        ("\\sqrt[3]{-8}", "-2"),
        ("8^{2/3}", "4"),
        ("|{-3}|", "3"),
        ("2 \\cdot 3 + 4", "10"),
        ("100 - 25 \\div 5", "95"),
    ]);
    different(&[
        ("1000", "1001"),
        ("31700", "31701"),
        ("\\sqrt{1001}", "\\sqrt{1000}"),
        ("412.38", "412.3"),
        ("2.758", "2.75"),
        ("2 \\cdot 4/5", "14/5"),
        ("-1\\frac12", "-\\frac12"),
        ("3", "-3"),
        ("0", "1e-9"),
        ("10^{400}", "10^{401}"),
        ("1/3", "3"),
        ("12", "1 2"),
        ("2^3^2", "8^2"),
        ("2^3^2", "2^9"),
    ]);
    same(&[
        ("(2^3)^2", "64"),
        ("十二", "12"),
        ("十二个", "12"),
        ("三公斤", "3 kg"),
        ("三分之一", "1/3"),
        ("3分之2", "2/3"),
        ("5又2分之1", "5.5"),
        ("5又1/2", "5.5"),
        ("负5", "-5"),
        ("零下5度", "-5"),
        ("百分之5", "5%"),
        ("百分之五", "5%"),
    ]);
}

#[test]
fn decimals_round() {
    same(&[
        ("0.667", "2/3"),
        ("0.6667", "\\frac{2}{3}"),
        ("7.78", "\\frac{70}{9}"),
        ("1.414", "\\sqrt{2}"),
        ("78.5", "25\\pi"),
        ("6.28", "2\\pi"),
        ("2.778 \\times 10^{-4}", "2.78e-4"),
        ("0.33333333", "1/3"),
        ("3.14*25", "25\\pi"),
    ]);
    different(&[
        ("0.67", "2/3"),
        ("0.666", "2/3"),
        ("17.27", "\\frac{691}{40}"),
        ("1.4", "\\sqrt{2}"),
        ("1", "0.9996"),
        ("1000", "\\sqrt{1000001}"),
    ]);
    // As a program prints them.
    same(&[("17.999999999999996", "18"), ("5.000000000000001", "5"), ("0.30000000000000004", "0.3")]);
    same(&[("5.551115123125783e-17", "0"), ("7.35 \\times 10^{14} \\text{ Hz}", "7.353e14")]);
    different(&[("17.999", "18"), ("0.9999999", "1"), ("1000000000001.5", "1000000000002"), ("17.9999996", "18")]);
    assert_eq!(verdict("0.667", "2/3"), Verdict::Rounded);
    assert_eq!(verdict("4/6", "2/3"), Verdict::Equal);
    assert_eq!(verdict("$ 2 / 3 $", "2/3"), Verdict::Same);
}

#[test]
fn separators_of_thousands() {
    same(&[
        ("1,234,567", "1234567"),
        ("1{,}000", "1000"),
        ("40,\\!320", "40320"),
        ("23,\\! 456,\\! 700", "23456700"),
        ("1 000", "1000"),
        ("12\\,345", "12345"),
        ("1,000.50", "1000.5"),
        ("2,74", "2.74"),
        ("1，234", "1234"),
    ]);
    different(&[("41, 205", "41205"), ("1,27", "1,2"), ("61,3007", "61,300"), ("(1,200)", "(1,201)")]);
}

#[test]
fn units_and_money() {
    same(&[
        ("21\\mbox{ cm}^2", "21"),
        ("21 cm^2", "21\\text{ cm}^2"),
        ("21 square centimeters", "21\\text{ cm}^{2}"),
        ("5\\text{ m}", "500\\text{ cm}"),
        ("\\$36", "36"),
        ("$36", "36 dollars"),
        ("\\$27,\\!150", "27150"),
        ("6.3 \\text{ cents}", "6.3"),
        ("18元", "18"),
        ("3.5千克", "3500克"),
        ("5平方米", "5\\text{ m}^2"),
        ("72 km/h", "20 m/s"),
        ("60 \\text{ miles per hour}", "60"),
        ("\\frac{47}{3}\\text{ pounds}", "47/3"),
        ("9\\text{ lessons}", "9"),
        ("90^\\circ", "90"),
        ("90^{\\circ}", "90 degrees"),
        ("90°", "90度"),
        ("90^\\circ", "\\frac{\\pi}{2}"),
        ("2\\sqrt{5} \\text{ cm}", "2\\sqrt5"),
        ("1\\frac12 \\text{ hours}", "90 minutes"),
        ("5 1/2 hours", "5.5"),
        ("3 1/2 inches", "3.5 inches"),
        ("5 1/2 feet", "5.5 feet"),
        ("-1 1/2 hours", "-90 minutes"),
        ("1 1/2\\%", "1.5\\%"),
        ("1 1/2 million", "1500000"),
        ("1\\frac12 \\text{ million}", "1500000"),
        ("2 1/2 \\text{ cm}^2", "2.5 square centimeters"),
        ("22 1/2^\\circ", "22.5^{\\circ}"),
        ("2\\frac12^2", "1/2"),
        ("1\\frac12 \\text{ m}", "150 cm"),
        ("\\sin 30^\\circ", "1/2"),
        ("5^{\\text{th}}", "5"),
        ("€20", "20"),
        ("\\$5", "500 cents"),
        ("\\$0.05", "5 cents"),
        ("\\$5+\\$6", "11"),
        ("-\\$5", "-5"),
        ("3万", "30000"),
        ("1.5万元", "15000元"),
        ("1.2亿", "120000000"),
        ("3 \\text{ dozen}", "36"),
        ("2.5 million", "2500000"),
        ("2\\pi \\text{ hundred}", "200\\pi"),
        ("3 apples", "3"),
    ]);
    different(&[
        ("5\\text{ m}", "5\\text{ cm}"),
        ("5 kg", "5 m"),
        ("5 1/2 hours", "1/2"),
        ("5 1/2 hours", "5"),
        ("2 1/2^2", "6.25"),
        ("21\\mbox{ cm}^2 - 1", "21\\mbox{ cm}^2"),
        ("90^\\circ - 1", "90^\\circ"),
        ("18元", "19元"),
        ("\\$5", "5 cents"),
        ("90^\\circ", "\\pi"),
        ("25^\\circ C", "25^\\circ F"),
        ("25^\\circ C", "26"),
    ]);
}

#[test]
fn what_multiplies_may_be_left_out_of_a_bare_number_only() {
    for (found, truth) in [
        ("3万", "3"),
        ("21.22万册", "21.22"),
        ("1152万千克", "1152"),
        ("7 \\text{ dozen}", "7"),
        ("7 dozen eggs", "7"),
        ("3 million", "3"),
        ("奇奇摘了45个桃", "45"),
        ("小明有45万个桃子", "45"),
        ("小明有45万个桃子", "450000"),
        ("气温是零下5度左右", "-5"),
        ("他有3分之2的苹果", "2/3"),
        ("第二天卖了5又2分之1个", "5.5"),
    ] {
        assert!(equal(found, truth), "{found} {truth}");
        assert!(!equal(truth, found), "{truth} {found}");
    }
    different(&[
        ("气温是零下5度左右", "5"),
        ("答案是负5元钱", "5"),
        ("他有3分之2的苹果", "2"),
        ("第二天卖了5又2分之1个", "1"),
        ("他花了3元5角钱", "5"),
    ]);
    different(&[("3万", "4"), ("7 dozen", "12"), ("3 m", "3万")]);
}

#[test]
fn words_after_a_number_are_what_it_counts() {
    same(&[
        ("18 years old", "18"),
        ("$18 per day", "18"),
        ("\\$18 per day", "\\$18"),
        ("18 men", "18"),
        ("18 third graders", "18"),
        ("18 squared units", "18"),
        ("18 times", "18"),
        ("18 \\text{ north}", "18"),
        ("5 pm", "5:00 p.m."),
        ("3元5角", "3.5元"),
        ("4\\text{ hours }30\\text{ minutes}", "4.5"),
        ("4 hours 30 minutes", "270 minutes"),
        ("1小时30分钟20秒", "5420 seconds"),
        ("￥5", "5元"),
        ("18 a day", "18"),
        ("18 in all", "18"),
        ("18 hot dogs", "18"),
        ("$18 an hour", "18"),
        ("$18/hour", "18"),
        ("\\$25/\\text{hour}", "25"),
        ("9 * 2 = $18 per day", "18"),
        ("45（个）", "45"),
        ("3.6÷4=0.9（米）", "0.9"),
        ("80(千克)", "80"),
        ("5 (cm)", "50 mm"),
        ("5.4¢", "5.4 \\text{ cents}"),
        ("25^\\circ C", "25"),
        ("25°C", "25^{\\circ}\\text{C}"),
        ("25℃", "25 degrees Celsius"),
        ("25^\\circ C", "25^\\circ"),
        ("3:30 \\text{ p.m.}", "3:30"),
        ("\\text{3:30 PM}", "3:30 \\text{ p.m.}"),
    ]);
    different(&[
        ("18 men", "19"),
        ("5 squared", "5"),
        ("3元5角", "5"),
        ("30 minutes 4 hours", "4.5 hours"),
        ("2 m \\cdot 3 cm", "2.03 m"),
        ("3 m 5 kg", "3"),
        ("5 cubed", "5"),
        ("5 \\text{ factorial}", "5"),
        ("3 over four", "3"),
        ("12 modulo five", "12"),
        ("3 tenths", "3"),
        ("7 \\text{ hundredths}", "7"),
        ("2 to the tenth", "2"),
        ("3 less than ten", "3"),
        ("10\\text{ a.m.}", "10\\text{ p.m.}"),
        ("5 \\text{ north}", "5 \\text{ south}"),
        ("5 \\text{ miles north}", "5 \\text{ miles west}"),
        ("€5", "\\$5"),
        ("£5", "5 dollars"),
        ("1.2:30", "12:30"),
        ("5x", "5"),
        ("2ab", "2"),
        ("2 sin x", "2"),
        ("3 pi", "3"),
        ("12 mod 5", "12"),
        ("3 cm", "3 m"),
        ("3 cm per day", "3 m"),
        ("2(x)", "2"),
        ("3:30 p.m.", "3:30 a.m."),
    ]);
}

#[test]
fn percentages() {
    same(&[
        ("28\\%", "28%"),
        ("28 percent", "28\\%"),
        ("28\\%", "28"),
        ("28\\%", "0.28"),
        ("27.3％", "27.3%"),
        ("12\\frac12\\%", "12.5\\%"),
        ("\\frac15 \\times 100\\%", "0.2"),
    ]);
    different(&[("28\\%", "0.28\\%"), ("28", "0.28"), ("28%", "29%")]);
}

#[test]
fn roots_and_constants() {
    same(&[
        ("\\sqrt{8}", "2\\sqrt{2}"),
        ("\\sqrt3", "\\sqrt{3}"),
        ("2√3", "2\\sqrt{3}"),
        ("sqrt(3)", "\\sqrt{3}"),
        ("\\frac{1}{\\sqrt{3}}", "\\frac{\\sqrt{3}}{3}"),
        ("3π", "3\\pi"),
        ("pi/4", "\\frac{\\pi}{4}"),
        ("\\frac94\\pi", "\\frac{9\\pi}{4}"),
        ("e^{2}", "\\mathrm{e}^2"),
        ("\\ln 8", "3\\ln 2"),
        ("\\log_2 8", "3"),
        ("\\lg 100", "2"),
        ("\\cos\\frac{\\pi}{3}", "0.5"),
        ("\\sin^2 x + \\cos^2 x", "1"),
        ("3-4i", "-4i+3"),
        ("(1+i)^2", "2i"),
        ("2-7\\mathrm{i}", "2 - 7i"),
        ("\\sqrt{-4}", "2i"),
        ("\\infty", "+\\infty"),
        ("\\frac{1+\\sqrt5}{2}", "\\frac12 + \\frac{\\sqrt 5}{2}"),
        ("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"),
    ]);
    different(&[
        ("\\sqrt{3}", "3"),
        ("\\pi", "3"),
        ("3-4i", "3+4i"),
        ("\\infty", "-\\infty"),
        ("2\\sqrt{3}", "2\\sqrt{5}"),
        ("\\sqrt{x^2}", "x"),
        ("1-\\frac1e", "1+\\frac1e"),
    ]);
}

#[test]
fn expressions() {
    same(&[
        ("(a+3)(b+4)", "ab+4a+3b+12"),
        ("x(x-1)", "x^2-x"),
        ("\\frac{x+2}{7}", "\\frac{x}{7}+\\frac{2}{7}"),
        ("\\tan^2 y+1", "\\sec^2 y"),
        ("2 \\sin b \\cos a", "\\sin(a+b)-\\sin(a-b)"),
        ("\\frac{1}{3\\sqrt[3]{x}^2}", "\\frac{1}{3x^{2/3}}"),
        ("x^{-1}", "\\frac1x"),
        ("e^{2x}", "(e^x)^2"),
        ("\\frac{3n}{n+1}", "3 - \\frac{3}{n+1}"),
        ("5R^2", "5 R^{2}"),
        ("x_1+x_2", "x_{2}+x_{1}"),
        ("2xy", "2yx"),
        ("\\ln(2x)", "\\ln 2+\\ln x"),
        ("|x-1|", "|1-x|"),
        ("\\sum_{k=1}^{n} k a_k", "\\sum_{k=1}^n a_k k"),
        ("f(x+1)", "f(1+x)"),
        ("y' + ry - rx(t) = 0", "y^{\\prime}+r y-r x(t)=0"),
        ("f'(x)", "f^\\prime(x)"),
        ("2^{n+1}", "2\\cdot 2^n"),
        ("\\alpha+\\beta", "β+α"),
        ("x²-1", "(x-1)(x+1)"),
        ("\\frac{\\pi k}{m+k}", "\\frac{k\\pi}{k+m}"),
        ("\\frac{e^{2 i t}}{2+2 i}", "\\frac{(1-i)e^{2it}}{4}"),
        ("I(0) e^{-\\frac{t}{RC}}", "I(0)\\exp(-t/(RC))"),
    ]);
    different(&[
        ("(a+3)(b+4)", "(a+3)(b+5)"),
        ("x+3n+2", "x+2"),
        ("\\cot x", "\\tan x"),
        ("I(0) e^{-t}", "I(1) e^{-t}"),
        ("2k", "2"),
        ("\\sum_{k=0}^{n-1} k", "\\sum_{k=0}^{n-2} k"),
        ("f(x)", "g(x)"),
        ("x", "y"),
        ("x^2", "2x"),
        ("|x|", "x"),
    ]);
}

#[test]
fn hostile_texts_end() {
    let deep = "{".repeat(900) + &"}".repeat(900);
    let texts = [
        "(".repeat(1900),
        deep,
        "\\frac".repeat(300),
        "\\sqrt".repeat(300) + "2",
        "x^".repeat(500) + "x",
        "9".repeat(1999),
        "9!".repeat(300),
        "((9!)!)!".to_owned(),
        "9^9^9^9^9".to_owned(),
        "{9^{9^{9^{9}}}}".to_owned(),
        "1/0".to_owned(),
        "0^0".to_owned(),
        "\\pm".repeat(200) + "1",
        "(1+x)^".to_owned() + "99999999999999999999",
        "a,".repeat(900),
        "\\{".repeat(200) + &"1,".repeat(200) + &"\\}".repeat(200),
        "|".repeat(1500),
        "x_".repeat(700),
        "\\begin{pmatrix}".repeat(100),
        "1&".repeat(700),
        "\\text{".repeat(300),
        "e^{e^{e^{e^{e^{e}}}}}".to_owned(),
        "\\binom{500}{250}".repeat(100),
        "1e400".to_owned(),
        "\u{0}\u{ffff}\u{10ffff}".to_owned(),
        "-".repeat(1999),
        "\\\\".repeat(999),
        "18 men ".repeat(250),
        "7 dozen ".repeat(20),
        "18/".to_owned() + &"hour/".repeat(30),
        "-1\\frac12".repeat(150),
        "2\\frac{".repeat(200),
        "1 1/2 ".repeat(200),
        "25^\\circ C".repeat(150),
        "x'".repeat(700),
        "x^{\\prime".repeat(150),
        "5(个)".repeat(300),
        "奇奇摘了45个桃".repeat(8),
        "0.".to_owned() + &"9".repeat(390),
        "9:99".to_owned(),
        "1:é".to_owned(),
    ];
    for found in &texts {
        for truth in texts[..3].iter().map(String::as_str).chain(["5", "x+1", "(1,2)", "3:30 p.m.", "6-5i", found]) {
            let _ = equal(found, truth);
        }
    }
}

#[test]
fn work_is_bounded_by_the_size_of_numbers() {
    let list = |unit: &str, order: &dyn Fn(usize) -> usize| {
        (0..200).map(|i| format!("x^{{{}}}{unit}", order(i))).collect::<Vec<_>>().join(",")
    };
    assert_eq!(verdict(&list("\\%", &|i| i), &list("\\%", &|i| 199 - i)), Verdict::GaveUp);
    assert_eq!(verdict(&list("", &|i| i), &list("", &|i| 199 - i)), Verdict::Equal);
    let numbers = |numbers: &mut dyn Iterator<Item = u32>| {
        numbers.map(|n| format!("\\frac{{{n}}}{{7}}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(verdict(&numbers(&mut (1..100)), &numbers(&mut (1..100).rev())), Verdict::Equal);
    assert_eq!(verdict(&numbers(&mut (1..100)), &numbers(&mut (2..101).rev())), Verdict::Different);
    // What is too large for exact arithmetic is compared in double precision.
    let sum = |power: u32| vec![format!("x^{{{power}}}"); 250].join("+");
    assert_eq!(verdict(&sum(99), &format!("250x^{{{}}}", 99)), Verdict::Equal);
    assert!(!equal(&sum(99), &sum(98)));
    // Of a text of any length no more is looked at than its length.
    assert_eq!(verdict(&"²".repeat(500_000), &"①".repeat(500_000)), Verdict::Unreadable);
}
