//! A page's own TeX macros: read where the page defines them, expanded in its formulas, so that the text stands on its
//! own.
//!
//! Definitions come from formulas (often in a hidden block) by [`definitions`] and from the settings of MathJax and
//! KaTeX by [`settings`]. Expanded is what a reader cannot know: a macro that bears the name of a [`standard`] command
//! and takes as many arguments mostly restyles it, and stays as it is.

mod definitions;
mod expand;
mod settings;
mod standard;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;

use super::{Formula, Tidied, tidy};

/// Macros that a page may define.
const MACROS_MAX: usize = 1000;
/// The longest body of a macro, in bytes.
const BODY_BYTES_MAX: usize = 4096;
/// What expansion may write for one page, in bytes.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// A macro.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Macro {
    /// Number of arguments.
    pub(super) parameters: usize,
    /// The first argument where it is left out, if that may be.
    pub(super) default: Option<String>,
    /// What stands before, between and after the arguments (`\def\at(#1){…}`); empty for ordinary macros.
    pub(super) delimiters: Vec<String>,
    /// What it stands for, arguments as `#1`.
    pub(super) body: String,
}

impl Macro {
    /// A macro whose arguments are those that its body names.
    pub(super) fn of_body(body: String) -> Self {
        let bytes = body.as_bytes();
        let parameters = memchr::memchr_iter(b'#', bytes)
            .filter_map(|at| bytes.get(at + 1).filter(|digit| (b'1'..=b'9').contains(digit)))
            .map(|digit| usize::from(digit - b'0'))
            .max()
            .unwrap_or(0);
        Self { parameters, body, ..Self::default() }
    }

    /// Whether the macro only gives a standard command another look.
    fn restyles(&self, name: &str) -> bool {
        // `\newcommand{\div}{\operatorname{div}}` does more: the command is a sign of division.
        let upright = ["\\operatorname", "\\mathrm{", "\\text{", "\\mathop{", "\\rm"];
        let word = upright.iter().any(|start| self.body.trim_start_matches('{').starts_with(start));
        standard::is_standard(name)
            && self.parameters == standard::arguments(name)
            && (!word || standard::is_named_operator(name) || self.parameters > 0)
            // A command that takes an argument may be another such command: `\renewcommand{\vec}{\boldsymbol}`.
            || standard::arguments(name) > 0 && self.parameters == 0 && definitions::is_one_command(&self.body)
    }
}

/// The macros of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Macros {
    named: BTreeMap<String, Macro>,
    /// Whether formulas of the page hold definitions, which are to be taken out.
    definitions: bool,
    /// Bytes that expansion has written.
    written: Cell<usize>,
}

impl Macros {
    /// Reads the macros that a script sets up.
    pub(super) fn read_script(&mut self, script: &str) {
        for (name, definition) in settings::read(script) {
            self.define(name, definition);
        }
    }

    /// Reads the definitions in the formulas of a page: `formulas` of one block after another.
    ///
    /// Within a block the last definition of a name holds; of two blocks the first does. A block's definitions win
    /// over those of scripts.
    pub(super) fn read_blocks<'f>(&mut self, blocks: impl Iterator<Item = Vec<&'f str>>) {
        let mut of_text: BTreeMap<String, Macro> = BTreeMap::new();
        for block in blocks {
            let mut of_block = BTreeMap::new();
            for tex in block {
                let Some(read) = definitions::read(tex) else { continue };
                self.definitions = true;
                of_block.extend(read.macros);
            }
            for (name, definition) in of_block {
                of_text.entry(name).or_insert(definition);
            }
        }
        for (name, definition) in of_text {
            self.define(name, definition);
        }
    }

    fn define(&mut self, name: String, definition: Macro) {
        let sound = definition.body.len() <= BODY_BYTES_MAX && definitions::is_balanced(&definition.body);
        if self.named.len() < MACROS_MAX && sound && !name.is_empty() {
            if definition.restyles(&name) {
                self.named.remove(&name);
            } else {
                self.named.insert(name, definition);
            }
        }
    }

    /// The macro of a name. One that is another name for a macro is that macro.
    fn get(&self, name: &str) -> Option<&Macro> {
        let mut found = self.named.get(name)?;
        for _ in 0..8 {
            let alias = found.parameters == 0 && definitions::is_one_command(&found.body);
            match alias.then(|| self.named.get(&found.body[1..])).flatten() {
                Some(next) => found = next,
                None => break,
            }
        }
        Some(found)
    }

    fn left(&self) -> usize {
        PAGE_BYTES_MAX.saturating_sub(self.written.get())
    }

    fn spend(&self, bytes: usize) {
        self.written.set(self.written.get().saturating_add(bytes));
    }

    /// A formula without definitions and with the page's macros expanded; `None` where it held definitions alone.
    ///
    /// A formula whose macros call each other without end, want for arguments or grow out of bounds stays as it is.
    #[must_use]
    pub fn apply(&self, formula: Formula) -> Option<Formula> {
        if self.named.is_empty() && !self.definitions {
            return Some(formula);
        }
        let (mut tex, mut own) = (None, None);
        if let Some(read) = definitions::read(&formula.tex) {
            // The formula's own definitions hold in it, whatever other blocks say.
            let known = |(name, definition): &(String, Macro)| {
                definition.restyles(name) || self.named.get(name).is_some_and(|have| have == definition)
            };
            if !read.macros.iter().all(known) && self.left() > 0 {
                self.spend(self.named.len() * 64);
                let mut macros = self.clone();
                read.macros.into_iter().for_each(|(name, definition)| macros.define(name, definition));
                own = Some(macros);
            }
            tex = Some(read.rest);
        }
        let before = tex.as_deref().unwrap_or(&formula.tex);
        let (expanded, work) = expand::expand(own.as_ref().unwrap_or(self), before, self.left());
        self.spend(work);
        let tex = expanded.or(tex);
        let Some(tex) = tex else { return Some(formula) };
        let Tidied { tex, .. } = tidy(&tex)?;
        Some(Formula { tex, ..formula })
    }
}

/// Whether text holds the name of a command that defines macros.
pub(super) fn mentions_definition(text: &str) -> bool {
    memchr::memchr_iter(b'\\', text.as_bytes()).any(|at| definitions::definer(&text[at + 1..]).is_some())
}
