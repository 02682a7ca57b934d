//! Presentation and Content MathML by construction, and what holds for any tree.

use proptest::prelude::*;

use super::formula;

/// Markup of a `math` element, or the inside of one.
#[track_caller]
fn check(mathml: &str, want: &str) {
    let whole = if mathml.contains("math") { mathml.to_owned() } else { format!("<math>{mathml}</math>") };
    assert_eq!(formula(&whole).map(|formula| formula.tex).as_deref(), Some(want), "{mathml}");
}

#[test]
fn scripts_and_limits() {
    check(
        "<mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/><mi>a</mi><mi>b</mi></mmultiscripts>",
        r"{}_{a}^{b}C_{6}",
    );
    check("<msup><mi>f</mi><mrow><mo>′</mo><mo>′</mo></mrow></msup>", "f''");
    check("<msup><mi>f</mi><mrow><mo>′</mo><mn>2</mn></mrow></msup>", "f'^{2}");
    check("<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></msup>", "{a+b}^{2}");
    check("<munder><mo>lim</mo><mrow><mi>n</mi><mo>→</mo><mi>∞</mi></mrow></munder>", r"\lim_{n\to\infty}");
    check("<munder><mrow><mi>argmax</mi><mo>&#x2061;</mo></mrow><mi>x</mi></munder>", r"\operatorname*{argmax}_{x}");
    check("<mover><mo>→</mo><mi>f</mi></mover>", r"\xrightarrow{f}");
    check("<munder><munder><mi>a</mi><mo>⏟</mo></munder><mi>n</mi></munder>", r"\underbrace{a}_{n}");
    check("<mn>5</mn><mo>°</mo><msup><mn>7</mn><mo>°</mo></msup>", r"5^{\circ}7^{\circ}");
    check(
        "<munder><mo>∑</mo><mtable><mtr><mtd><mi>i</mi></mtd></mtr><mtr><mtd><mi>j</mi></mtd></mtr></mtable></munder>",
        r"\sum_{\substack{ i \\j}}",
    );
}

#[test]
fn accents() {
    check(
        "<mover><mi>x</mi><mo stretchy='false'>¯</mo></mover><mover><mi>x</mi><mo>¯</mo></mover>",
        r"\bar{x}\overline{x}",
    );
    check(
        "<mover><mi>x</mi><mo stretchy='false'>^</mo></mover><mover><mi>x</mi><mo stretchy='true'>^</mo></mover>",
        r"\hat{x}\widehat{x}",
    );
    check("<mover><mi>x</mi><mo accent='false'>´</mo></mover>", r"\overset{´}{x}");
    check("<mi>x\u{302}</mi><mo>=\u{338}</mo><mo>⊂\u{338}</mo>", r"\hat{x}\neq\not\subset");
    check("<mi>&amp;alpha;</mi>", r"\alpha");
}

#[test]
fn fences() {
    check("<mi>f</mi><mo>(</mo><mfrac><mi>a</mi><mi>b</mi></mfrac><mo>)</mo><mi>g</mi>", r"f\left(\frac{a}{b}\right)g");
    check("<mi>f</mi><mo>(</mo><mi>x</mi><mo>)</mo>", "f(x)");
    check("<mfenced open='[' close=')' separators=';,'><mi>a</mi><mi>b</mi><mi>c</mi></mfenced>", "[a;b,c)");
    check("<mrow><mo fence='true'></mo><mi>f</mi><mo fence='true'>∣</mo></mrow>", r"\left.f\right|");
    check("<mo stretchy='false'>∣</mo><mi>x</mi><mo stretchy='false'>∣</mo><mo>∣</mo><mi>y</mi>", r"|x|\mid y");
    check("<mi>∥</mi><mi>x</mi><mi>∥</mi><mo>∥</mo>", r"\|x\|\parallel");
    check(
        "<mrow><mo>{</mo><mi>x</mi><mo>|</mo><mfrac><mi>a</mi><mi>b</mi></mfrac><mo>}</mo></mrow>",
        r"\left\{x\middle|\frac{a}{b}\right\}",
    );
    check(
        "<mo>(</mo><mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac><mo>)</mo><mo>=</mo><mn>1</mn>",
        r"\binom{n}{k}=1",
    );
    check(
        "<mi>a</mi><mo>≡</mo><mi>b</mi><mspace width='1em'/><mo>(</mo><mi>mod</mi><mspace width='0.33em'/><mi>n</mi><mo>)</mo>",
        r"a\equiv b\pmod{n}",
    );
    check("<mn>0</mn><mo>,</mo><mn>1</mn>", "0, 1");
}

#[test]
fn groups() {
    check("<mn>2</mn><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>", "2{a+b}");
    check("<mn>2</mn><mrow><mi>a</mi></mrow><mrow><mo>(</mo><mi>b</mi><mo>)</mo></mrow>", "2a(b)");
    // MathJax marks the author's groups, so others are none.
    check(
        "<mn>2</mn><mrow><mi>a</mi><mo>+</mo></mrow><mrow data-mjx-texclass='ORD'><mi>b</mi><mo>!</mo></mrow>",
        "2a+{b!}",
    );
    check("<mo>=</mo><mrow class='MJX-TeXAtom-ORD'></mrow>", "={}");
    check("<semantics><mi>x</mi><annotation encoding='MathType-MTEF'>@@</annotation></semantics>", "x");
    check("<maction actiontype='toggle' selection='2'><mi>a</mi><mi>b</mi></maction>", "b");
}

#[test]
fn tables() {
    let cells =
        "<mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr><mtr><mtd><mi>c</mi></mtd><mtd><mi>d</mi></mtd></mtr>";
    check(&format!("<mtable>{cells}</mtable>"), r"\begin{matrix} a & b \\c & d \end{matrix}");
    check(&format!("<mo>[</mo><mtable>{cells}</mtable><mo>]</mo>"), r"\begin{bmatrix} a & b \\c & d \end{bmatrix}");
    check(
        &format!("<mi>A</mi><mo>=</mo><mo>|</mo><mtable>{cells}</mtable><mo>|</mo>"),
        r"A=\begin{vmatrix} a & b \\c & d \end{vmatrix}",
    );
    check(
        &format!("<mo>{{</mo><mtable columnalign='left left'>{cells}</mtable>"),
        r"\begin{cases} a & b \\c & d \end{cases}",
    );
    check(
        &format!("<mtable columnalign='right left' columnspacing='0em'>{cells}</mtable>"),
        r"\begin{aligned} a & b \\c & d \end{aligned}",
    );
    check(
        &format!("<mtable columnalign='right left' rowspacing='0.7em 0.3em' displaystyle='true'>{cells}</mtable>"),
        r"\begin{aligned} a & b \\[4pt] c & d \end{aligned}",
    );
    check(
        &format!("<mtable columnalign='left right' columnlines='solid' rowlines='solid'>{cells}</mtable>"),
        r"\begin{array}{l|r} a & b \\\hline c & d \end{array}",
    );
    check(
        &format!("<menclose notation='left right'><mtable>{cells}</mtable></menclose>"),
        r"\begin{array}{|cc|} a & b \\c & d \end{array}",
    );
    check("<mtable><mlabeledtr><mtd><mtext>(2)</mtext></mtd><mtd><mi>E</mi></mtd></mlabeledtr></mtable>", r"E\tag{2}");
}

#[test]
fn the_rest_of_presentation() {
    check("<menclose notation='updiagonalstrike'><mi>x</mi></menclose>", r"\cancel{x}");
    check("<menclose notation='box'><mi>x</mi></menclose>", r"\boxed{x}");
    check("<mpadded width='0'><mphantom><mi>x</mi></mphantom></mpadded>", r"\vphantom{x}");
    check(
        "<mstack><mn>42</mn><msrow><mo>+</mo><mn>3</mn></msrow><msline/><mn>45</mn></mstack>",
        r"\begin{array}{r} 42 \\ +3 \\ \hline 45 \end{array}",
    );
    check(
        "<mlongdiv><mn>3</mn><mn>145</mn><mn>435</mn></mlongdiv>",
        r"\begin{array}{r} 145 \\ \hline 3)\,435 \end{array}",
    );
    check("<mtext>if </mtext><mi>x</mi><mtext>\n  two\n</mtext>", r"\text{if }x\text{two}");
    check(
        "<mi mathvariant='double-struck'>R</mi><mi>𝔤</mi><mi mathvariant='bold'>α</mi>",
        r"\mathbb{R}\mathfrak{g}\boldsymbol{\alpha}",
    );
    check("<ms>a</ms>", r"\text{“a”}");
    check("<mi>a</mi><mspace width='0.1667em'/><mi>b</mi><mspace width='2em'/><mi>c</mi>", r"a\,b\qquad c");
    check("<mi><msup><mi>β</mi><mn>2</mn></msup></mi>", r"\beta^{2}");
    check(
        "<m:math><m:mi>a</m:mi><m:mspace width='1em'/><m:mmultiscripts><m:mi>C</m:mi><m:none/><m:mn>1</m:mn></m:mmultiscripts></m:math>",
        r"a\quad C^{1}",
    );
}

#[test]
fn content_with_precedence() {
    let sum = "<apply><plus/><ci>a</ci><ci>b</ci></apply>";
    check(&format!("<apply><power/>{sum}<cn>2</cn></apply>"), "(a+b)^{2}");
    check(&format!("<apply><times/><cn>2</cn>{sum}</apply>"), "2(a+b)");
    check(&format!("<apply><divide/>{sum}<cn>3</cn></apply>"), r"\frac{a+b}{3}");
    check(&format!("<apply><minus/><ci>c</ci>{sum}</apply>"), "c-(a+b)");
    check("<apply><plus/><ci>x</ci><apply><minus/><ci>z</ci></apply></apply>", "x-z");
    check("<apply><times/><ci>a</ci><cn>3</cn></apply>", r"a\cdot 3");
    check("<apply><power/><cn>-2</cn><ci>n</ci></apply>", "(-2)^{n}");
    check(
        "<apply><implies/><apply><and/><ci>p</ci><ci>q</ci></apply><apply><not/><ci>r</ci></apply></apply>",
        r"p\land q\implies\neg r",
    );
    check("<apply><sin/><ci>x</ci></apply><apply><ci>f</ci><ci>x</ci><ci>y</ci></apply>", r"\sin xf(x, y)");
    check("<apply><csymbol cd='arith1'>plus</csymbol><ci>x</ci><cn>1</cn></apply>", "x+1");
}

#[test]
fn content_that_binds() {
    let x = "<bvar><ci>x</ci></bvar>";
    check(
        &format!("<apply><int/>{x}<lowlimit><cn>0</cn></lowlimit><uplimit><infinity/></uplimit><ci>f</ci></apply>"),
        r"\int_{0}^{\infty}f\,dx",
    );
    check(
        &format!("<apply><sum/>{x}<lowlimit><cn>1</cn></lowlimit><uplimit><ci>n</ci></uplimit><ci>x</ci></apply>"),
        r"\sum_{x=1}^{n}x",
    );
    check(&format!("<apply><limit/>{x}<lowlimit><cn>0</cn></lowlimit><ci>f</ci></apply>"), r"\lim_{x\to0}f");
    check(
        "<apply><diff/><bvar><ci>x</ci><degree><cn>2</cn></degree></bvar><ci>f</ci></apply>",
        r"\frac{d^{2}f}{dx^{2}}",
    );
    check(
        &format!("<apply><partialdiff/>{x}<bvar><ci>y</ci></bvar><ci>f</ci></apply>"),
        r"\frac{\partial^{2}f}{\partial x\partial y}",
    );
    check(&format!("<lambda>{x}<apply><plus/><ci>x</ci><cn>1</cn></apply></lambda>"), r"x\mapsto x+1");
    check(&format!("<apply><exists/>{x}<apply><eq/><ci>x</ci><cn>0</cn></apply></apply>"), r"\exists x: x=0");
    check(&format!("<set>{x}<condition><apply><lt/><ci>x</ci><cn>5</cn></apply></condition></set>"), r"\{x\mid x<5\}");
}

#[test]
fn content_leaves_and_containers() {
    check("<cn type='rational'>3<sep/>4</cn>", r"\frac{3}{4}");
    check("<cn type='e-notation'>1.5<sep/>-3</cn>", r"1.5\times10^{-3}");
    check("<cn type='complex-cartesian'>1<sep/>2</cn>", "1+2i");
    check("<interval closure='open-closed'><ci>a</ci><ci>b</ci></interval>", "(a, b]");
    check("<apply><root/><degree><cn>3</cn></degree><ci>x</ci></apply>", r"\sqrt[3]{x}");
    check(
        "<matrix><matrixrow><cn>1</cn><cn>0</cn></matrixrow><matrixrow><cn>0</cn><cn>1</cn></matrixrow></matrix>",
        r"\begin{pmatrix} 1 & 0 \\0 & 1 \end{pmatrix}",
    );
    check(
        "<piecewise><piece><cn>0</cn><apply><lt/><ci>x</ci><cn>0</cn></apply></piece><otherwise><ci>x</ci></otherwise></piecewise>",
        r"\begin{cases} 0 & \text{if }x<0 \\x & \text{otherwise} \end{cases}",
    );
    check("<m:math><m:apply><m:plus/><m:ci>x</m:ci><m:ci>y</m:ci></m:apply></m:math>", "x+y");
}

/// A random tree, with the letters and digits that its tokens hold.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,3}".prop_map(|name| format!("<mi>{name}</mi>")),
        "[0-9]{1,3}".prop_map(|digits| format!("<mn>{digits}</mn>")),
        r"[-+=(){}\[\]|,%#&_^~\\∑∫→¯‖′]".prop_map(|sign| format!("<mo>{}</mo>", sign.replace('&', "&amp;"))),
        "[a-z]".prop_map(|name| format!("<ci>{name}</ci>")),
        r"[a-z \\{}$%]{0,4}".prop_map(|words| format!("<mtext>{words}</mtext>")),
        Just("<mspace width='1em'/>".to_owned()),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        let names = prop::sample::select(vec![
            "mrow",
            "mfrac",
            "msqrt",
            "mroot",
            "msub",
            "msup",
            "msubsup",
            "munder",
            "mover",
            "munderover",
            "mfenced",
            "menclose",
            "mmultiscripts",
            "mtable",
            "mtr",
            "mtd",
            "mphantom",
            "mpadded",
            "mstyle",
            "mstack",
            "apply",
            "mrow data-mjx-texclass='ORD'",
            "set",
            "vector",
        ]);
        (names, prop::collection::vec(inner, 0..5)).prop_map(|(name, children)| {
            let tag = name.split(' ').next().unwrap_or_default();
            format!("<{name}>{}</{tag}>", children.concat())
        })
    })
}

/// Letters and digits of the tokens in document order, as a renderer would show them.
fn shown(mathml: &str) -> Vec<char> {
    let mut characters: Vec<char> = Vec::new();
    for piece in mathml.split("<mi>").skip(1).chain(mathml.split("<mn>").skip(1)) {
        characters.extend(piece.split('<').next().unwrap_or_default().chars());
    }
    characters.sort_unstable();
    characters
}

fn balances(tex: &str) -> bool {
    let (mut depth, mut escaped) = (0_i32, false);
    for c in tex.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0 && !escaped
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_tree_is_balanced_and_loses_nothing(inside in prop::collection::vec(tree(), 1..4)) {
        let inside = inside.concat();
        let html = scraper::Html::parse_fragment(&format!("<math>{inside}</math>"));
        let tex = super::to_latex(html.tree.root());
        prop_assert!(balances(&tex), "{tex}");
        prop_assert_eq!(tex.matches("\\left").count() - tex.matches("\\leftarrow").count(), tex.matches("\\right").count() - tex.matches("\\rightarrow").count(), "{}", tex);
        prop_assert_eq!(tex.matches("\\begin{").count(), tex.matches("\\end{").count(), "{}", tex);
        let mut written: Vec<char> = tex.chars().filter(char::is_ascii_alphanumeric).collect();
        written.sort_unstable();
        // Every letter and digit that is shown is written, whatever commands add.
        let mut left = written.into_iter();
        for c in shown(&inside) {
            prop_assert!(left.any(|have| have == c), "{c} of {inside} is not in {tex}");
        }
    }

    #[test]
    fn any_content_is_balanced(inside in r"(<(apply|bind|lambda|bvar|condition|degree|lowlimit|uplimit|logbase|piecewise|piece|otherwise|set|list|matrix|matrixrow|vector|interval|ci|cn type='rational'|cn base='2'|cn|csymbol|semantics|mrow|mfrac)>|<(plus|minus|times|divide|power|root|int|sum|diff|partialdiff|limit|forall|eq|sin|log|abs|selector|sep|pi)/>|</(apply|bvar|ci|cn|piece|matrixrow|lowlimit|set)>|[a-z0-9{}\\\\$%^_()-]){0,30}") {
        let html = scraper::Html::parse_fragment(&format!("<math>{inside}</math>"));
        let tex = super::to_latex(html.tree.root());
        prop_assert!(balances(&tex), "{inside}: {tex}");
    }
}
