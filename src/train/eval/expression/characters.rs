//! Characters that stand for LaTeX or for ASCII: full-width forms, Chinese punctuation, superscripts, signs.

/// The text with every such character written as LaTeX or ASCII writes it.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = script(c) {
            out.push_str(if is_superscript(c) { "^{" } else { "_{" });
            out.push(digit);
            while let Some(next) =
                chars.next_if(|next| script(*next).is_some() && is_superscript(*next) == is_superscript(c))
            {
                out.extend(script(next));
            }
            out.push('}');
        } else if let Some(latex) = latex(c) {
            out.push_str(latex);
        } else {
            match c {
                '\u{FF01}'..='\u{FF5E}' => out.extend(char::from_u32(c as u32 - 0xFEE0)),
                '\u{2460}'..='\u{2473}' => out.push_str(&format!("\\textcircled{{{}}}", c as u32 - 0x2460 + 1)),
                '\u{200B}'..='\u{200D}' | '\u{FEFF}' | '\u{2060}' => {}
                c if c.is_whitespace() => out.push(if c == '\n' { '\n' } else { ' ' }),
                c => out.push(c),
            }
        }
    }
    out
}

fn is_superscript(c: char) -> bool {
    !matches!(c, '\u{2080}'..='\u{208E}' | '\u{2090}'..='\u{209C}')
}

/// What a raised or lowered character is on the line.
fn script(c: char) -> Option<char> {
    Some(match c {
        '⁰' | '₀' => '0',
        '¹' | '₁' => '1',
        '²' | '₂' => '2',
        '³' | '₃' => '3',
        '⁴' | '₄' => '4',
        '⁵' | '₅' => '5',
        '⁶' | '₆' => '6',
        '⁷' | '₇' => '7',
        '⁸' | '₈' => '8',
        '⁹' | '₉' => '9',
        '⁺' | '₊' => '+',
        '⁻' | '₋' => '-',
        'ⁿ' | 'ₙ' => 'n',
        'ⁱ' | 'ᵢ' => 'i',
        'ˣ' | 'ₓ' => 'x',
        _ => return None,
    })
}

fn latex(c: char) -> Option<&'static str> {
    Some(match c {
        '−' | '–' | '—' | '‐' | '‑' | '‒' => "-",
        '×' | '✕' => "\\times ",
        '·' | '⋅' | '∙' | '•' | '∗' => "\\cdot ",
        '÷' | '∕' | '⁄' => "/",
        '≤' | '⩽' | '≦' => "\\le ",
        '≥' | '⩾' | '≧' => "\\ge ",
        '≠' => "\\ne ",
        '≈' | '≅' | '≃' | '≒' => "\\approx ",
        '±' => "\\pm ",
        '∓' => "\\mp ",
        '∞' => "\\infty ",
        '√' => "\\sqrt ",
        '∛' => "\\sqrt[3] ",
        '∪' => "\\cup ",
        '∩' => "\\cap ",
        '∈' => "\\in ",
        '∉' => "\\notin ",
        '∅' => "\\emptyset ",
        '∖' => "\\setminus ",
        '°' | '˚' | 'º' => "^\\circ ",
        '℃' => "^\\circ C",
        '℉' => "^\\circ F",
        '¢' => "\\text{¢}",
        '′' | '’' | '‘' => "'",
        '″' => "''",
        '“' | '”' => "\"",
        '∠' => "\\angle ",
        '△' | '∆' => "\\triangle ",
        '⊥' => "\\perp ",
        '∥' => "\\parallel ",
        '→' => "\\to ",
        '⇒' => "\\Rightarrow ",
        '∴' => "\\therefore ",
        '…' | '⋯' => "\\ldots ",
        '。' => ".",
        '、' => ",",
        '【' | '〔' => "[",
        '】' | '〕' => "]",
        '⟨' | '〈' => "\\langle ",
        '⟩' | '〉' => "\\rangle ",
        '∣' => "|",
        // Which money it is, is passed over.
        '£' | '€' | '¥' | '￥' => " ",
        '½' => "\\frac{1}{2}",
        '⅓' => "\\frac{1}{3}",
        '⅔' => "\\frac{2}{3}",
        '¼' => "\\frac{1}{4}",
        '¾' => "\\frac{3}{4}",
        '⅕' => "\\frac{1}{5}",
        '⅖' => "\\frac{2}{5}",
        '⅗' => "\\frac{3}{5}",
        '⅘' => "\\frac{4}{5}",
        '⅙' => "\\frac{1}{6}",
        '⅛' => "\\frac{1}{8}",
        '⅜' => "\\frac{3}{8}",
        '⅝' => "\\frac{5}{8}",
        '⅞' => "\\frac{7}{8}",
        'ℝ' => "\\mathbb{R}",
        'ℤ' => "\\mathbb{Z}",
        'ℕ' => "\\mathbb{N}",
        'ℚ' => "\\mathbb{Q}",
        'ℂ' => "\\mathbb{C}",
        'π' => "\\pi ",
        'α' => "\\alpha ",
        'β' => "\\beta ",
        'γ' => "\\gamma ",
        'δ' => "\\delta ",
        'ε' => "\\epsilon ",
        'ζ' => "\\zeta ",
        'η' => "\\eta ",
        'θ' => "\\theta ",
        'λ' => "\\lambda ",
        'μ' | 'µ' => "\\mu ",
        'ξ' => "\\xi ",
        'ρ' => "\\rho ",
        'σ' => "\\sigma ",
        'τ' => "\\tau ",
        'φ' | 'ϕ' => "\\phi ",
        'χ' => "\\chi ",
        'ψ' => "\\psi ",
        'ω' => "\\omega ",
        'Δ' => "\\Delta ",
        'Γ' => "\\Gamma ",
        'Θ' => "\\Theta ",
        'Λ' => "\\Lambda ",
        'Σ' => "\\Sigma ",
        'Φ' => "\\Phi ",
        'Ω' => "\\Omega ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn characters_become_latex_or_ascii() {
        assert_eq!(plain("３．５"), "3.5");
        assert_eq!(plain("（１，２）"), "(1,2)");
        assert_eq!(plain("x²+y¹⁰"), "x^{2}+y^{10}");
        assert_eq!(plain("a₁₂"), "a_{12}");
        assert_eq!(plain("2√3"), "2\\sqrt 3");
        assert_eq!(plain("−5"), "-5");
        assert_eq!(plain("①③"), "\\textcircled{1}\\textcircled{3}");
    }
}
