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
    check("Thus the answer is x = 3 or x = 4.", "x = 3 or x = 4");
    check("The answer is \"12\".", "12");
    check("The answer is “12.”", "12");
}

#[test]
fn the_output_of_a_tool_is_an_answer() {
    check("```python\nprint(3)\n```\n```output\n3\n```\n", "3");
    check("```output\n1\n```\nthen\n```output\nx\n7/2\n```", "7/2");
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
    check("pages 10-12", "12");
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
