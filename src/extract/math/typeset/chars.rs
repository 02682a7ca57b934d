//! What single characters are in a formula.

/// The part that a character plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A letter of the Latin or Greek alphabet, or one in a mathematical alphabet.
    Letter,
    /// Another letter or ideograph.
    Other,
    Digit,
    Space,
    /// Stands for something: ∞, ∅.
    Symbol,
    /// Stands before its operand: ∑, √, ∀.
    Prefix,
    /// Between two operands, and hardly anywhere but in formulas: `=`, `+`, `≤`.
    Strong,
    /// Between two operands, in formulas and elsewhere: `-`, `/`, `<`.
    Weak,
    Open,
    Close,
    Bar,
    Comma,
    Colon,
    Ellipsis,
    Prime,
    /// After its operand: `!`, `%`, `°`, `²`.
    Postfix,
    /// Nothing of a formula.
    Stop,
}

#[expect(clippy::match_same_arms, reason = "rare characters come after the common ones")]
pub(super) fn role(c: char) -> Role {
    match c {
        'a'..='z' | 'A'..='Z' => Role::Letter,
        '0'..='9' => Role::Digit,
        '+' | '=' | '＝' | '＋' | '±' | '×' | '∓' | '÷' | '·' | '⋅' | '∙' => Role::Strong,
        '-' | '–' | '−' | '－' | '‐' | '‑' => Role::Weak,
        '/' | '<' | '>' | '*' | '~' | '⁄' | '∕' | '＜' | '＞' | '←' | '→' | '↔' | '⇒' | '⇔' | '⟶' | '↦' | '⟹' | '⟺'
        | '∗' | '^' | '_' => Role::Weak,
        '(' | '[' | '{' | '（' | '⟨' | '〈' | '⌊' | '⌈' => Role::Open,
        ')' | ']' | '}' | '）' | '⟩' | '〉' | '⌋' | '⌉' => Role::Close,
        '|' | '‖' | '∣' | '∥' => Role::Bar,
        ',' | '，' => Role::Comma,
        ':' | ';' | '；' | '：' => Role::Colon,
        '…' | '⋯' | '⋮' | '⋱' => Role::Ellipsis,
        '\'' | '′' | '″' | '‴' | '’' => Role::Prime,
        '!' | '%' | '°' | '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | 'ⁿ' | '⁻' | '₀'..='₉' => Role::Postfix,
        '∞' | '∅' | 'ℵ' | '⊤' | '⊥' | 'ℓ' | 'ℏ' | 'ħ' | '□' => Role::Symbol,
        '∑' | '∏' | '∐' | '∫' | '∬' | '∭' | '∮' | '√' | '∛' | '∜' | '∂' | '∇' | '∆' | '∀' | '∃' | '∄' | '¬' | '∴'
        | '∵' => Role::Prefix,
        '\u{2200}'..='\u{22ff}' | '\u{2a00}'..='\u{2aff}' | '\u{27c0}'..='\u{27ef}' => Role::Strong,
        '\u{2190}'..='\u{21ff}' => Role::Weak,
        '\u{391}'..='\u{3c9}'
        | 'ϑ'
        | 'ϕ'
        | 'ϵ'
        | 'ϖ'
        | 'ϱ'
        | 'µ'
        | 'ℝ'
        | 'ℂ'
        | 'ℕ'
        | 'ℤ'
        | 'ℚ'
        | 'ℙ'
        | 'ℍ'
        | 'ℒ'
        | 'ℱ'
        | 'ℋ'
        | 'ℳ'
        | 'ℬ'
        | 'ℰ'
        | '\u{1d400}'..='\u{1d7cb}' => Role::Letter,
        // White space as editors write it, and the marks by which templates keep a line from breaking.
        c if c.is_whitespace() && c != '\u{2028}' || matches!(c, '\u{2009}' | '\u{200a}' | '\u{202f}' | '\u{2061}') => {
            Role::Space
        }
        c if c.is_alphabetic() => Role::Other,
        _ => Role::Stop,
    }
}

/// Whether a character is written without spaces beside it: text that touches a formula need not belong to it.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{312f}' | '\u{31a0}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether an operator relates its sides rather than joining them.
pub(super) fn is_relation(c: char) -> bool {
    matches!(
        c,
        '=' | '＝'
            | '<'
            | '>'
            | '＜'
            | '＞'
            | '≠'
            | '≈'
            | '≡'
            | '≤'
            | '≥'
            | '∈'
            | '∉'
            | '⊂'
            | '⊆'
            | '⊃'
            | '⊇'
            | '→'
            | '↦'
            | '⇒'
            | '⇔'
            | '∼'
            | '≅'
            | '≃'
            | '≪'
            | '≫'
            | '∝'
            | '≦'
            | '≧'
            | '∣'
    )
}

/// A Greek letter (a lone one is a variable in most languages) or one in a mathematical alphabet.
pub(super) fn is_greek(c: char) -> bool {
    !c.is_ascii() && role(c) == Role::Letter
}

/// The closing bracket of an opening one.
pub(super) fn closes(open: char, close: char) -> bool {
    match open {
        // Half-open intervals.
        '(' | '[' => matches!(close, ')' | ']'),
        '（' => matches!(close, '）' | ')'),
        '{' => close == '}',
        '⟨' => close == '⟩',
        '〈' => close == '〉',
        '⌊' => close == '⌋',
        '⌈' => close == '⌉',
        _ => false,
    }
}

/// Whether a character stands for code or a formula that was found before.
pub(super) fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}
