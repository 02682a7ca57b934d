//! Selected content → text: blocks split by blank lines, formulas between dollar signs, structure kept.
//!
//! | in the page | in the text |
//! |---|---|
//! | inline, display formula | `$…$`, `$$…$$` as a block of its own |
//! | heading | `# ` to `###### ` |
//! | list item | `- ` or `1. `, nested lists indented; the items of a list are one block |
//! | data table | a line a row, cells joined by ` \| ` |
//! | `pre` | fenced with its language where known; prose in `pre` keeps its lines without a fence |
//! | `code` | between backticks, so that a shell variable is not taken for a formula |
//! | italic variables, `sup` and `sub` that are clearly mathematics | `$…$` |
//! | `br` | line break; two of them end the block |
//! | `blockquote`, a quotation in a posting | `> ` before each line |
//! | `dt`, `dd` | the term, then `: ` and the definition on the next line |
//! | a posting after another one | `---` between them |
//! | a footnote's mark | `[1]` |
//! | literal `$` that could be taken for a delimiter | `\$` |

mod code;
mod inline;
mod note;
mod styles;
mod table;

pub use inline::fold_line;

use inline::{Line, Piece};

use super::content::Selection;
use super::content::hints::Hints;
use super::math::{PageMath, typeset};
use super::outline::{Kind, Outline};
use super::tag::Tag;
use crate::forms::{Form, Forms};

/// A document's text and the formulas in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Delimited formulas in it, by the form in which the page has them.
    pub forms: Forms,
}

/// Writes what is selected.
#[must_use]
pub fn write(outline: &Outline<'_>, selection: &Selection, page: &PageMath) -> Written {
    let mut writer = Writer {
        outline,
        selection,
        page,
        blocks: Blocks::default(),
        line: Line::default(),
        lists: Vec::new(),
        open: Vec::new(),
        posted: false,
        term: None,
    };
    writer.subtree();
    writer.blocks.finish()
}

/// An open list: the number of the next item, where items are numbered.
struct List {
    next: Option<u32>,
}

struct Writer<'o, 'a> {
    outline: &'o Outline<'a>,
    selection: &'o Selection,
    page: &'o PageMath,
    blocks: Blocks,
    line: Line<'a>,
    lists: Vec<List>,
    /// Open elements: kind and end of the subtree.
    open: Vec<(Tag, usize)>,
    /// Whether a posting of the discussion has begun.
    posted: bool,
    /// The parent of the last term of a definition list, and the length of the text at its end.
    term: Option<(u32, usize)>,
}

impl Writer<'_, '_> {
    fn subtree(&mut self) {
        let root = self.selection.root;
        let end = self.outline.entries.get(root).map_or(0, |entry| entry.end as usize);
        let mut at = root;
        while at < end {
            self.line.reach(at);
            while let Some(&(tag, _)) = self.open.last().filter(|(_, end)| *end <= at) {
                self.open.pop();
                self.close(tag);
            }
            at = self.enter(at);
        }
        self.line.reach(end);
        while let Some((tag, _)) = self.open.pop() {
            self.close(tag);
        }
        self.flush();
    }

    /// Writes an entry or opens it; the entry to go on with.
    fn enter(&mut self, at: usize) -> usize {
        let entry = &self.outline.entries[at];
        let end = entry.end as usize;
        if self.selection.dropped(at) {
            // A dropped block still parts what stands around it.
            if entry.tag().is_some_and(Tag::is_block) {
                self.flush();
            }
            return end;
        }
        match entry.kind {
            Kind::Text(text) => self.line.push_text(text),
            Kind::Formula(formula) => self.line.push_formula(formula),
            Kind::Element(tag, _) => return self.element(at, tag, end),
        }
        end
    }

    fn element(&mut self, at: usize, tag: Tag, end: usize) -> usize {
        if tag.is_block() {
            self.flush();
        }
        let entry = &self.outline.entries[at];
        let posts = self.posts(at, end);
        if self.selection.postings.binary_search(&at).is_ok() {
            if self.posted && !self.blocks.text.is_empty() {
                self.blocks.push("---", Forms::default());
            }
            self.posted = true;
        }
        let mut as_tag = tag;
        match tag {
            Tag::Pre => {
                code::write(self.outline, self.selection, at, &mut self.blocks);
                return end;
            }
            _ if entry.hints.has(Hints::LISTING) && tag.is_block() => {
                code::write(self.outline, self.selection, at, &mut self.blocks);
                return end;
            }
            Tag::Table if !posts && table::is_data(self.outline, at) => {
                table::write(self.outline, self.selection, at, self.page, &mut self.blocks);
                return end;
            }
            Tag::Code => {
                self.line.push_code(code::inline(self.outline, at));
                return end;
            }
            Tag::Break => {
                self.line.push_break();
                return end;
            }
            Tag::Superscript | Tag::Subscript | Tag::Inline => {
                if tag != Tag::Inline
                    && let Some(number) = note::number(self.outline, at)
                {
                    self.line.push_text(&format!("[{number}]"));
                    return end;
                }
                if self.line.style(self.outline, at, self.page) {
                    return end;
                }
            }
            Tag::Link if note::is_mark(self.outline, at) => return end,
            Tag::Heading(level) => self.blocks.mark(&format!("{} ", "#".repeat(usize::from(level)))),
            // A list of postings is no list of the text.
            Tag::List | Tag::OrderedList | Tag::Item if posts => as_tag = Tag::Block,
            Tag::List => self.lists.push(List { next: None }),
            Tag::OrderedList => self.lists.push(List { next: Some(self.first_number(at)) }),
            Tag::Item => self.item(),
            Tag::Term => self.term = Some((entry.parent, 0)),
            Tag::Definition => self.definition(entry.parent),
            Tag::Quote if self.quotes(at) => self.blocks.quotes += 1,
            Tag::Block if entry.hints.has(Hints::QUOTE) && self.blocks.quotes == 0 && self.quotes(at) => {
                self.blocks.quotes += 1;
                as_tag = Tag::Quote;
            }
            Tag::Quote => as_tag = Tag::Block,
            _ => {}
        }
        self.open.push((as_tag, end));
        at + 1
    }

    /// Whether a posting begins inside the subtree.
    fn posts(&self, at: usize, end: usize) -> bool {
        let postings = &self.selection.postings;
        postings.get(postings.partition_point(|&posting| posting < at)).is_some_and(|&posting| posting < end)
    }

    /// Whether a quotation is one: pages of another time are indented as a whole.
    fn quotes(&self, at: usize) -> bool {
        let stats = &self.outline.entries[at].stats;
        stats.headings == 0 && stats.text * 2 < self.outline.entries[self.selection.root].stats.text
    }

    /// A definition stands on the line after its term.
    fn definition(&mut self, parent: u32) {
        if let Some((of, length)) = self.term.filter(|(of, _)| *of == parent) {
            self.blocks.tight = length == self.blocks.text.len();
            self.blocks.mark(": ");
            self.term = Some((of, 0));
        }
    }

    fn first_number(&self, at: usize) -> u32 {
        match self.outline.entries[at].kind {
            Kind::Element(_, element) => element.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1),
            _ => 1,
        }
    }

    fn item(&mut self) {
        let depth = self.lists.len().saturating_sub(1);
        let marker = match self.lists.last_mut() {
            Some(List { next: Some(number) }) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        self.blocks.item(depth, &marker);
    }

    fn close(&mut self, tag: Tag) {
        if !tag.is_block() {
            return;
        }
        self.flush();
        match tag {
            Tag::Heading(_) => self.blocks.unmark(),
            Tag::Term => self.term = self.term.map(|(parent, _)| (parent, self.blocks.text.len())),
            Tag::Definition => {
                self.blocks.unmark();
                self.blocks.tight = false;
            }
            Tag::Quote => self.blocks.quotes = self.blocks.quotes.saturating_sub(1),
            Tag::Item => self.blocks.end_item(),
            Tag::List | Tag::OrderedList => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.blocks.end_lists();
                }
            }
            _ => {}
        }
    }

    /// Writes the run of inline content that ends here.
    fn flush(&mut self) {
        for piece in self.line.take(self.page) {
            match piece {
                Piece::Text { text, forms } => self.blocks.push(&text, forms),
                Piece::Display { tex, form } => self.blocks.push(&format!("$${tex}$$"), Forms::one(form)),
            }
        }
    }
}

/// Spaces a nested list is indented by.
const INDENT: usize = 2;

/// The text so far: separates blocks, indents what is in lists.
#[derive(Default)]
pub(crate) struct Blocks {
    text: String,
    forms: Forms,
    /// What the next block begins with.
    marker: String,
    indent: usize,
    /// Indents of the open items around the current one.
    items: Vec<usize>,
    /// Whether the last block belongs to the list that is open.
    in_list: bool,
    /// Open quotations.
    quotes: usize,
    /// Whether the next block stands directly under the last one.
    tight: bool,
}

impl Blocks {
    fn mark(&mut self, marker: &str) {
        self.marker.push_str(marker);
    }

    fn unmark(&mut self) {
        self.marker.clear();
    }

    fn item(&mut self, depth: usize, marker: &str) {
        self.items.push(self.indent);
        self.indent = depth * INDENT;
        // An item that holds nothing but a list lends its place to the first item of it.
        self.marker.clear();
        self.marker.push_str(marker);
    }

    fn end_item(&mut self) {
        self.marker.clear();
        self.indent = self.items.pop().unwrap_or(0);
    }

    fn end_lists(&mut self) {
        self.in_list = false;
        self.marker.clear();
    }

    /// Adds a block; its lines are not empty.
    fn push(&mut self, block: &str, forms: Forms) {
        if block.is_empty() {
            return;
        }
        let starts_item = !self.items.is_empty() && !self.marker.is_empty();
        let tight = std::mem::take(&mut self.tight) || starts_item && self.in_list;
        if !self.text.is_empty() {
            self.text.push_str(if tight { "\n" } else { "\n\n" });
        }
        self.in_list = self.in_list || starts_item;
        let hanging = if self.items.is_empty() { 0 } else { self.indent + INDENT };
        // A formula of several lines is not cut by marks of quotation.
        let every_line = !block.starts_with("$$");
        for (number, line) in block.split('\n').enumerate() {
            if number > 0 {
                self.text.push('\n');
            }
            if number == 0 || every_line {
                self.text.extend(std::iter::repeat_n("> ", self.quotes));
            }
            let indent = if number == 0 && starts_item { self.indent } else { hanging };
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', indent));
            }
            if number == 0 {
                self.text.push_str(&self.marker);
                self.marker.clear();
            }
            self.text.push_str(line);
        }
        self.forms += forms;
    }

    fn finish(mut self) -> Written {
        self.forms.count(Form::Typeset, typeset::settle(&mut self.text));
        Written { text: self.text, forms: self.forms }
    }
}

#[cfg(test)]
mod tests;
