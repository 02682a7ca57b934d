use super::{answer, choice, choices, is_choice, letters, truth};

#[track_caller]
fn check(text: &str, want: &str) {
    assert_eq!(answer(text).as_deref(), Some(want), "{text}");
}

#[test]
fn boxes_come_first() {
    check("So $x=\\boxed{5}$.", "5");
    check("First \\boxed{3}. No wait, then \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}");
    check("The answer is 7, that is \\boxed{8}", "8");
    check("\\boxed{\\text{a \\} b}}", "\\text{a \\} b}");
    check("\\fbox{12} ", "12");
    check("\\boxed {12}", "12");
    check("$\\boxed 5$", "5");
    check("put it within \\boxed{}. The answer is 9.", "9");
    check("\\boxed{28}\\%", "28\\%");
    check("$\\boxed{28}$ percent", "28\\%");
    check("cut off: \\boxed{\\frac{3}{4", "\\frac{3}{4");
}

#[test]
fn boxes_side_by_side_are_one_answer() {
    check("$x=\\boxed{1}$ or $x=\\boxed{-2}$", "1, -2");
    check("\\boxed{(1,4)} \\quad \\text{and} \\quad \\boxed{(5,4)}", "(1,4), (5,4)");
    check("\\boxed{1},\\boxed{2},\\boxed{3}", "1, 2, 3");
    check("\\boxed{143}\n\n**Final Answer**\n\\boxed{143}", "143");
    check("\\boxed{1} papers and \\boxed{2} bins", "1, 2");
    check("\\boxed{(3, 3)} \\text{ for part (a) and } \\boxed{(1, 1)}", "(3, 3), (1, 1)");
    check("$AB=\\boxed{1}$ and $\\theta=\\boxed{2}$", "1, 2");
    check("The first is $\\boxed{1}$ and the total is $\\boxed{2}$.", "2");
    check("We have $a = \\boxed{1}$ and so the answer is $\\boxed{2}$.", "2");
    check("\\boxed{1} was my first try, but no: \\boxed{2}", "2");
}

#[test]
fn a_final_answer_after_a_box_is_meant() {
    check("One is $\\boxed{5}$. Final Answer: The final answer is $12$. I hope it is correct.", "$12$");
    check("One is $\\boxed{5}$.\n\n**Final Answer:** 12", "12");
    check("一步得 \\boxed{5}。最终答案是12。", "12");
    check(
        "So \\boxed{5}. Final Answer: The final answer is \"$12 $ and $13 $\". I hope it is correct.",
        "$12 $ and $13 $",
    );
    check("The final answer is $12$, no, \\boxed{5}.", "5");
    check("The final answer is $\\boxed{5}$. I hope it is correct.", "5");
    check("So \\boxed{5}. The final answer is above.", "5");
    check("So \\boxed{5}. The final answer is correct to 3 places.", "5");
    check("So \\boxed{5}. The answer is $7$.", "5");
    check("\\boxed{5} The final answer is positive since $x > 0$.", "5");
    check("\\boxed{5} This final answer satisfies $x^2 = 25$.", "5");
    check("\\boxed{5} Let me verify the final answer: $5^2 = 25$.", "5");
    check("\\boxed{5} Note: the final answer is an integer because $10$ is even.", "5");
    check("\\boxed{5}\n\nFinal answer: 1 solution", "5");
    check("\\boxed{5}. The final answer is 3 more than 2.", "5");
    check("\\boxed{\\frac13}. The final answer is 1 third.", "\\frac13");
    check("\\boxed{5}. The final answer is $3$ more than $2$.", "5");
    check("\\boxed{5}. The final answer is 3 squared.", "5");
    check("\\boxed{5}. The final answer is $2$ times $3$.", "5");
    check("\\boxed{5}. The final answer is $x$.", "5");
    check("\\boxed{5}. Final answer: **7**", "7");
    check("\\boxed{5}. The final answer is 12 cm.", "12 cm");
    check("\\boxed{5}. The final answer is \\sqrt{2}\\pi.", "\\sqrt{2}\\pi");
    check("\\boxed{5}. The final answer is $12\\text{ men}$.", "$12\\text{ men}$");
    check("\\boxed{5}. The final answer is 12 dollars, because 5 + 7 = 12.", "12 dollars");
    check("\\boxed{5}。最终答案是12元。", "12元");
    check("\\boxed{18}因此最终答案是3盒茶叶共18包，其中$3\\times 6=18$。", "18");
}

#[test]
fn what_explains_an_answer_is_no_part_of_it() {
    check("The answer is 18, which is 9 * 2.", "18");
    check("The answer is 18 apples, and 3 are left.", "18 apples");
    check("The answer is 20, minus 5, which is 15.", "15");
    check("The answer is 20, times 2, which is 40.", "40");
    check("The answer is 20, plus 5 for tax, which is 25.", "25");
    check("The answer is 20 dollars, reduced by 5, which is 15.", "15");
    check("The answer is 20, and then minus 5 is 15.", "15");
    check("The answer is 20, then add 5 to get 25.", "25");
    check("The answer is 18, more or less.", "18");
    check("答案是20，减去5，是15。", "15");
    check("The answer is 18 (9 x 2).", "18");
    check("The answer is 18 dollars (9 * 2 = 18).", "18 dollars");
    check("The answer is $18 (9 eggs * $2).", "$18");
    check("The answer is 6, because 36/6 is 6 and 7 is odd.", "6");
    check("The answer is 18 since 9*2 = 18.", "18");
    check("The answer is $\\frac12$, where $2$ is even and 7 is odd.", "$\\frac12$");
    check("答案是10，因为5加5等于10，3加7也是10。", "10");
    check("答案是4500千克，即4.5吨。", "4500千克");
    check("所以答案为 10 元（因为5×2=10，还剩3元）。", "10 元");
    check("The answer is 20 + 80 = 100", "20 + 80 = 100");
    check("The answer is 3, 5, and 7", "3, 5, and 7");
    check("The answer is 2(x+1).", "2(x+1)");
    check("The answer is 10 percent of 50, which is 5.", "5");
    check("The answer is 3 more than 15, which is 18.", "18");
    check("The answer is $f(2)$, which is 5.", "5");
    check("The answer is 18, i.e. 9*2.", "18");
    check("The answer is 1/2 (or 0.5).", "1/2");
    check("The answer is 12 cm (3 cm * 4).", "12 cm");
    check("The answer is 12 cm^2, as 3*4 = 12.", "12 cm^2");
    check("The answer is 2\\sqrt{x}, because 2 = 2.", "2\\sqrt{x}");
    check("The answer is x = 5, because 2x = 10.", "x = 5");
    check("The answer is 2 log(8).", "2 log(8)");
    check("The answer is 2 a (3+4).", "2 a (3+4)");
    check("The answer is \\frac{1}{2}, because 3 + 4 = 7.", "\\frac{1}{2}");
    check("The answer is 2x + 1 (since 3 + 4 = 7).", "2x + 1");
    check("The answer is even, because 3 + 3 = 6.", "even");
    check("The answer is the $x$ for which 3 + 4 = 7.", "7");
    check("答案是x+1，因为3+4=7。", "x+1");
    check("答案：7（3+4=7）", "7");
    check("答案是10因为5加5等于10。", "10");
    check("The answer is 5, 7 and x+2.", "5, 7 and x+2");
    check("The answer is 3 (x+1).", "3 (x+1)");
    check("The answer is 45（个）.", "45（个）");
}

#[test]
fn not_all_that_names_an_answer_announces_it() {
    check("To find the answer, we add 3 and 5 to get 8. Then we double it: 16.", "16");
    check("The answer is 18. You can check the answer by adding 16 and 2.", "18");
    check("The answer is 18. I hope the answer is correct.", "18");
    check("The total is 18. I hope the answer helps!", "18");
    check("为了得到答案，我们先算3×5=15。再加3，一共是18。", "18");
    check("#### Step 2\nThe total distance is 40 * 4 = 160 miles.", "160");
    check("#### 2. Multiply\n40 * 4 = 160 miles", "160");
    check("【答案】D", "D");
    check("So the answer: 7 apples for 2 men", "7 apples for");
    check("So the answer **$7$**", "7");
    check("#### even", "even");
    check("**Final Answer**\n\nEvelyn", "Evelyn");
    check("This final answer satisfies the rule. So we have 5.", "5");
    check("Final Answer\n\n$$x = 5$$", "$$x = 5$$");
}

#[test]
fn chinese_sentences_are_no_expressions() {
    check("奇奇摘了45个桃。", "45");
    check("32+8+5=45（个）\n答：奇奇摘了45个桃。", "45");
    check("32+8=40（个），40+5=45（个）。\n答：奇奇摘了45个桃。", "45");
    check("他一共花了2125美元。", "2125");
    check("答：占40%。", "40\\%");
    check("答案是奇奇摘了45个桃。", "45");
    check("\\boxed{第3个}", "第3个");
    check("\\boxed{5}元和\\boxed{7}元", "5, 7");
    check("3.6÷4=0.9（米）", "3.6÷4=0.9（米）");
    check("答案是x>3或x<1。", "x>3或x<1");
    check("答案是三分之一。", "三分之一");
    check("答：气温是零下5度。", "零下5");
    check("答案是负5。", "负5");
    check("答：他有3分之2的苹果。", "3分之2");
    check("答：卖了5又2分之1个。", "5又2分之1");
    check("答：占百分之5。", "百分之5");
    check("那是正负5。", "5");
    check("答：他花了3元5角钱。", "3元5角");
    check("答：他用了6小时30分钟。", "6小时30分钟");
    check("答：3米布要5元钱。", "5");
    check("答：一个3元5元都可以。", "5");
}

#[test]
fn sentences_announce_answers() {
    check("The answer is 350.", "350");
    check("the ANSWER IS: **42**\n", "42");
    check("Therefore, the answer is $2\\sqrt{5}$ cm. I hope it is correct.", "$2\\sqrt{5}$ cm");
    check("The answer is 3.14. Really.", "3.14");
    check("The answer is $12$ and $13$.", "$12$ and $13$");
    check("The answer is that they are $12$ and $13$, as said.", "12, 13");
    check("Final Answer: Jane has 3 apples left. I hope it is correct.", "3");
    check("Final Answer: The final answer is $28 \\%$. I hope it is correct.", "$28 \\%$");
    check("He sold 5.\n#### 72\n", "72");
    check("The answer is 5. The answer is 6", "6");
    check("答案是18。", "18");
    check("所以答案为：$\\frac{3}{4}$。", "$\\frac{3}{4}$");
    check("综上，答案：(1, 2)", "(1, 2)");
    check("The answer is (-2, 1).", "(-2, 1)");
    check("The answer is\n\\[ \\frac{1}{2}. \\]", "\\[ \\frac{1}{2}. \\]");
    check("So 9 + 9 = 18. The answer is", "18");
    check("The answer is $5,000.", "$5,000");
    check("The answer is 5 1/2 hours.", "5 1/2 hours");
    check("The answer is 5 1/2 cups, because 5 + 1 = 6.", "5 1/2 cups");
    check("Thus the answer is x = 3 or x = 4.", "x = 3 or x = 4");
    check("The answer is \"12\".", "12");
    check("The answer is “12.”", "12");
}

#[test]
fn the_output_of_a_tool_is_an_answer() {
    check("```python\nprint(3)\n```\n```output\n3\n```\n", "3");
    check("```output\n1\n```\nthen\n```output\nx\n7/2\n```", "7/2");
    check("```output\n[-2, 1]\n```", "-2, 1");
    check("```output\n[[1, 2], [3, 4]]\n```", "[[1, 2], [3, 4]]");
    check("```output\n{x: 5, y: 1/2}\n```", "x = 5, y = 1/2");
    check("```output\n{1, 2}\n```", "{1, 2}");
    // No round was left, and the last block is open.
    check("```output\n3\n```\n```python\nprint(1)\n```\n```output\n", "3");
}

#[test]
fn else_the_last_formula_or_number() {
    check("So she has 18 - 3 = 15 eggs left", "15");
    check("So we get $21\\mbox{ cm}^2$.", "21\\mbox{ cm}^2");
    check("Since $x<2$, the total is 1,234.5 dollars.", "1,234.5");
    check("He pays $5 and $7, so $12 in all.", "12");
    check("That makes $10 + $20 = $30.", "30");
    check("Thus -7 is the value of $x$.", "-7");
    check("a loss of 28%", "28%".replace('%', "\\%").as_str());
    check("We find \\( x+1 \\).", "x+1");
    check("一共有24个苹果，还剩 8 个。", "8");
    check("那么一共有24万人，一半是女生。", "24万");
    check("x = 3/4", "x = 3/4");
    check("He needs 5 1/2.", "5 1/2");
    check("He needs -5 123/456 cups of it.", "-5 123/456");
    check("It was 3 5/2 then", "5/2");
    check("He came on day 5 1/2/2020", "2020");
    check("pages 10-12", "12");
    check("So the train comes at 3:30.", "3:30");
    check("The ratio of the two is 2:3 then.", "2:3");
    check("Yes.", "Yes");
    assert_eq!(answer("I do not know what to say"), None);
    assert_eq!(answer(""), None);
}

#[test]
fn truths_come_in_their_benchmarks_forms() {
    assert_eq!(truth("36/2 = <<36/2=18>>18 pens.\n#### 54"), "54");
    assert_eq!(truth("Therefore $x = \\boxed{\\frac{1}{2}}.$"), "\\frac{1}{2}");
    assert_eq!(truth("(5,8]"), "(5,8]");
    assert_eq!(truth("$\\left(4,0\\right)$;$\\sqrt{2}$"), "$\\left(4,0\\right)$;$\\sqrt{2}$");
    assert_eq!(truth(" 18\n"), "18");
    assert_eq!(truth("\\text{Mirabel}"), "\\text{Mirabel}");
}

#[test]
fn letters_are_chosen() {
    let options = ["2", "\\frac{1}{2}", "9", "10"];
    let check = |text: &str, want: Option<char>| assert_eq!(choice(text, &options), want, "{text}");
    check("The answer is B.", Some('B'));
    check("The answer is (C) 9", Some('C'));
    check("So \\boxed{D}", Some('D'));
    check("So \\boxed{\\text{(A)}}", Some('A'));
    check("\\boxed{0.5}", Some('B'));
    check("\\boxed{B. \\frac12}", Some('B'));
    check("故选：C．", Some('C'));
    check("所以选 D。", Some('D'));
    check("答案是(A)", Some('A'));
    check("The value is 10", Some('D'));
    check("Thus option (B) holds, not (A), so (B)", Some('B'));
    check("A circle is round.", None);
    check("The answer is E.", None);
    check("The correct option is **C**.", Some('C'));
    assert_eq!(is_choice("\\text{(B)}"), Some('B'));
    assert_eq!(is_choice("BC"), None);
}

#[test]
fn any_text_has_an_end() {
    for text in [
        "\\boxed{".repeat(5000),
        "$".repeat(5001),
        "the answer is ".repeat(3000),
        "1,".repeat(9000),
        "\\[".repeat(5000),
        "\\boxed{}".repeat(12_500),
        "\\boxed{ \n".repeat(10_000),
        "the answer ".repeat(3000),
        "#### 1. a\n".repeat(3000),
        "The answer is 18 ".to_owned() + &"(9 x 2), ".repeat(4000),
        "The answer is ".to_owned() + &"$".repeat(9000),
        "答案是".to_owned() + &"奇奇摘了45个，".repeat(3000),
        "1:".repeat(9000),
        "\\boxed{1} and ".repeat(3000),
        "The answer is 1, α".to_owned(),
        "```output\n[".repeat(3000),
        "the answer is \\[".to_owned() + &"a\n".repeat(50_000),
    ] {
        let _ = (answer(&text), truth(&text), choice(&text, &["1", "2"]));
    }
}

#[test]
fn options_are_chosen_in_many_words() {
    let four = ["1/6", "2/3", "5", "x+1"];
    for (text, want) in [
        ("Choice D is correct. Since $k=3$, choices $\\mathrm{A}$ and $\\mathrm{B}$ are incorrect.", 'D'),
        ("Choice A is correct.", 'A'),
        ("So D is the correct answer.", 'D'),
        ("Option B is correct. Option (C) is wrong since it is negative.", 'B'),
        ("option **A** is the right one", 'A'),
        ("正确答案是D选项。", 'D'),
        ("答案是 A 选项。", 'A'),
        ("所以选项D正确", 'D'),
        ("所以，应该选择A。", 'A'),
        ("\\boxed{D\\ \\frac{2}{3}}", 'D'),
        ("The answer is A because it is the only one left.", 'A'),
        ("The answer is A $\\frac16$.", 'A'),
        ("\\boxed{A \\frac{1}{6}}", 'A'),
        ("P(A) = 1/2 and P(B) = 1/3, so the answer is 1/6", 'A'),
        ("Suppose option A is correct: then x=3, a contradiction. So it must be (B).", 'B'),
        ("If A is correct, then 2=3. Therefore (C).", 'C'),
        ("It is false that A is correct. So (D).", 'D'),
        ("Students may think that B is correct, but (C) is.", 'C'),
        ("不应选择A，应选择B", 'B'),
        ("We conclude that B is correct.", 'B'),
        ("By independence P(A and B) = P(A) * P(B) = 1/6.", 'A'),
        ("$P(A) = 1/2$ and $P(B) = 1/3$, so it is (D)", 'D'),
    ] {
        assert_eq!(choice(text, &four), Some(want), "{text}");
    }
    // The options said again are no choice.
    let again = "(A) 1/6\n(B) 2/3\n(C) 5\n(D) x+1";
    assert_eq!(choice(again, &["1", "2", "3", "4"]), None);
    assert_eq!(choice(&format!("{again}\nIt can only be (B) then"), &four), Some('B'));
    // The order of an option's items counts where another has them too.
    let ordered = ["True, True", "False, False", "True, False", "False, True"];
    assert_eq!(choice("The answer is True, False.", &ordered), Some('C'));
    assert_eq!(choice("\\boxed{True, False}", &ordered), Some('C'));
}

#[test]
fn options_may_be_several() {
    let four = ["1", "2", "3", "4"];
    for (text, want) in [
        ("故选：A、C、D。", "ACD"),
        ("\\boxed{AD}", "AD"),
        ("The answer is (A) and (D).", "AD"),
        ("\\boxed{\\text{D, A}}", "AD"),
        ("The answer is B.", "B"),
    ] {
        assert_eq!(choices(text, &four).as_deref(), Some(want), "{text}");
    }
    assert_eq!(
        (letters("A B D").as_deref(), letters("AND").as_deref(), letters("a")),
        (Some("ABD"), Some("ADN"), None)
    );
}
