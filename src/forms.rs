//! The forms of markup that a formula comes in, and how many formulas of a page came in each.

use std::ops::AddAssign;

/// What a page writes a formula with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// TeX between delimiters of running text: `\(…\)`, `$…$`, or the page's own.
    #[default]
    Inline,
    /// TeX between delimiters of display math, or a bare environment: `\[…\]`, `$$…$$`, `\begin{align}`.
    Display,
    /// TeX between tags of a forum or a wiki: `[tex]…[/tex]`.
    Tags,
    /// AsciiMath, between delimiters or in a script.
    AsciiMath,
    /// TeX in a script element.
    Script,
    /// A `math` element.
    MathMl,
    /// What KaTeX renders, with its source or without.
    Katex,
    /// What MathJax renders, with its source or without.
    MathJax,
    /// What MediaWiki renders.
    MediaWiki,
    /// What LaTeXML renders, its tables of equations.
    LateXml,
    /// TeX in an attribute, or in an element that a class or a name says to be math.
    Element,
    /// TeX in the text or the address of a picture.
    Image,
    /// Equations of a word processor.
    Office,
    /// Text that is set as mathematics: italic letters with `sup` and `sub`.
    Typeset,
}

impl Form {
    /// All forms, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Inline,
        Self::Display,
        Self::Tags,
        Self::AsciiMath,
        Self::Script,
        Self::MathMl,
        Self::Katex,
        Self::MathJax,
        Self::MediaWiki,
        Self::LateXml,
        Self::Element,
        Self::Image,
        Self::Office,
        Self::Typeset,
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline_delimiters",
            Self::Display => "display_delimiters",
            Self::Tags => "tags",
            Self::AsciiMath => "asciimath",
            Self::Script => "script",
            Self::MathMl => "mathml",
            Self::Katex => "katex",
            Self::MathJax => "mathjax",
            Self::MediaWiki => "mediawiki",
            Self::LateXml => "latexml",
            Self::Element => "element",
            Self::Image => "image",
            Self::Office => "office",
            Self::Typeset => "typeset",
        }
    }
}

/// Formulas by the form that they came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms([u32; Form::ALL.len()]);

impl Forms {
    /// One formula of a form.
    #[must_use]
    pub fn one(form: Form) -> Self {
        let mut forms = Self::default();
        forms.count(form, 1);
        forms
    }

    /// Counts more formulas of a form.
    pub fn count(&mut self, form: Form, formulas: u32) {
        let of = &mut self.0[form as usize];
        *of = of.saturating_add(formulas);
    }

    /// Formulas of a form.
    #[must_use]
    pub fn of(&self, form: Form) -> u32 {
        self.0[form as usize]
    }

    /// Formulas of all forms.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().fold(0, |total, of| total.saturating_add(*of))
    }
}

impl AddAssign for Forms {
    fn add_assign(&mut self, other: Self) {
        for form in Form::ALL {
            self.count(form, other.of(form));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_counted_by_name() {
        let mut forms = Forms::one(Form::Typeset);
        forms += Forms::one(Form::MathMl);
        forms.count(Form::MathMl, 2);
        assert_eq!((forms.of(Form::MathMl), forms.of(Form::Inline), forms.total()), (3, 0, 4));
        let names = Form::ALL.map(Form::name);
        assert!(Form::ALL.is_sorted() && names.iter().all(|name| names.iter().filter(|n| *n == name).count() == 1));
    }
}
