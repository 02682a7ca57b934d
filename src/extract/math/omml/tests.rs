use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(inside: &str, want: &str) {
    let comment = format!("[if gte msEquation 12]><m:oMath>{inside}</m:oMath><![endif]");
    assert_eq!(read_comment(&comment).map(|formula| formula.tex).as_deref(), Some(want), "{inside}");
}

/// A run as the word processor writes it, in its formatting.
fn r(text: &str) -> String {
    format!(
        "<i style='mso-bidi-font-style:normal'><span lang=EN-US style='font-family:\"Cambria Math\",serif'><m:r>{text}</m:r></span></i>"
    )
}

#[test]
fn constructions() {
    let (x, y, n) = (r("x"), r("y"), r("n"));
    check(&r("a+2b=sin"), "a+2b=sin");
    check(
        &format!(
            "<m:f><m:fPr><span style='x'><m:ctrlPr></m:ctrlPr></span></m:fPr><m:num>{x}</m:num><m:den>{y}</m:den></m:f>"
        ),
        "\\frac{x}{y}",
    );
    check(
        &format!("<m:f><m:fPr><m:type m:val=\"lin\"/></m:fPr><m:num>{x}</m:num><m:den>{y}</m:den></m:f>"),
        "\\frac{x}{y}",
    );
    check(&format!("<m:sSup><m:e>{x}</m:e><m:sup>{}</m:sup></m:sSup>", r("2")), "x^{2}");
    check(&format!("<m:sSubSup><m:e>{x}</m:e><m:sub>{n}</m:sub><m:sup>{}</m:sup></m:sSubSup>", r("2")), "x_{n}^{2}");
    check(&format!("<m:rad><m:radPr><m:degHide m:val=\"on\"/></m:radPr><m:deg/><m:e>{x}</m:e></m:rad>"), "\\sqrt{x}");
    check(&format!("<m:rad><m:deg>{n}</m:deg><m:e>{x}</m:e></m:rad>"), "\\sqrt[n]{x}");
    check(
        &format!(
            "<m:nary><m:naryPr><m:chr m:val=\"∑\"/><m:limLoc m:val=\"undOvr\"/></m:naryPr><m:sub>{}</m:sub><m:sup>{n}</m:sup><m:e>{x}</m:e></m:nary>",
            r("i=1")
        ),
        "\\sum_{i=1}^{n}x",
    );
    check(&format!("<m:d><m:e>{x}</m:e></m:d>"), "(x)");
    check(
        &format!(
            "<m:d><m:dPr><m:begChr m:val=\"[\"/><m:endChr m:val=\"]\"/></m:dPr><m:e><m:m><m:mr><m:e>{x}</m:e><m:e>{y}</m:e></m:mr></m:m></m:e></m:d>"
        ),
        "\\begin{bmatrix} x & y \\end{bmatrix}",
    );
    check(
        &format!(
            "<m:d><m:dPr><m:begChr m:val=\"{{\"/><m:endChr m:val=\"\"/></m:dPr><m:e><m:eqArr><m:e>{x}</m:e><m:e>{y}</m:e></m:eqArr></m:e></m:d>"
        ),
        "\\begin{cases} x \\\\y \\end{cases}",
    );
    check(
        &format!("<m:func><m:fName><m:r><m:rPr><m:sty m:val=\"p\"/></m:rPr>cos</m:r></m:fName><m:e>{x}</m:e></m:func>"),
        "\\cos x",
    );
    check(&format!("<m:acc><m:accPr><m:chr m:val=\"⃗\"/></m:accPr><m:e>{x}</m:e></m:acc>"), "\\vec{x}");
    check(&format!("<m:bar><m:barPr><m:pos m:val=\"top\"/></m:barPr><m:e>{x}</m:e></m:bar>"), "\\overline{x}");
    check("<m:r><m:rPr><m:scr m:val=\"double-struck\"/><m:sty m:val=\"p\"/></m:rPr>R</m:r>", "\\mathbb{R}");
    check("<m:r><m:rPr><m:nor/></m:rPr>if so</m:r>", "\\text{if so}");
}

#[test]
fn hostile_markup_ends() {
    for piece in ["<m:f>", "<m:d><m:e>", "<m:r>x", "<span>", "<m:deg/>", "<m:eqArr><m:e>&"] {
        let comment = format!("[if gte msEquation 12]><m:oMath>{}", piece.repeat(3000));
        let _ = read_comment(&comment);
    }
}

#[test]
fn translators_leave_tex() {
    let tex = |comment: &str| read_comment(comment).map(|formula| formula.tex);
    assert_eq!(tex(" MathType@Translator@5@5@LaTeX@ \\[ \\frac{1}{2} \\] ").as_deref(), Some("\\frac{1}{2}"));
    assert_eq!(tex(" MathType@Translator@5@5@MathML2.tdl@MathML 2.0@ "), None);
}

/// Elements of Office Math, whether or not they stand where they may.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "<m:r>x</m:r>",
        "<m:r>ab=2</m:r>",
        "<m:r>{</m:r>",
        "<m:r>$5</m:r>",
        "<m:r>\\</m:r>",
        "<m:r>&amp;%#</m:r>",
        "<m:r><m:rPr><m:nor/></m:rPr>if $ so</m:r>",
        "<m:deg/>",
        "<m:sup></m:sup>",
        "<span>y</span>",
    ]);
    let name = prop::sample::select(vec![
        "m:f",
        "m:num",
        "m:den",
        "m:sSup",
        "m:sSub",
        "m:sSubSup",
        "m:sPre",
        "m:e",
        "m:sub",
        "m:sup",
        "m:rad",
        "m:deg",
        "m:nary",
        "m:d",
        "m:m",
        "m:mr",
        "m:eqArr",
        "m:func",
        "m:fName",
        "m:acc",
        "m:bar",
        "m:groupChr",
        "m:limLow",
        "m:limUpp",
        "m:lim",
        "m:borderBox",
        "m:box",
        "i",
        "span",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 4, move |inner| {
        (name.clone(), prop::collection::vec(inner, 0..4))
            .prop_map(|(name, inside)| format!("<{name}>{}</{name}>", inside.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_tree_ends_in_balanced_tex(inside in prop::collection::vec(tree(), 1..4)) {
        let comment = format!("[if gte msEquation 12]><m:oMath>{}</m:oMath><![endif]", inside.concat());
        let tex = read_comment(&comment).map(|formula| formula.tex).unwrap_or_default();
        let (mut depth, mut escaped) = (0_i32, false);
        for c in tex.chars() {
            match c {
                '\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                '{' if !escaped => depth += 1,
                '}' if !escaped => depth -= 1,
                '$' => prop_assert!(escaped, "{comment} gives {tex}"),
                _ => {}
            }
            escaped = false;
            prop_assert!(depth >= 0, "{comment} gives {tex}");
        }
        prop_assert_eq!(depth, 0, "{} gives {}", comment, tex);
    }
}
