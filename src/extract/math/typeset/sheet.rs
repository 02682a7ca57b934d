//! Classes that a page's own style sheet makes italic, raised or lowered: how office programs publish documents.

use super::style::{Style, of_css};

/// Longest style sheet that is read, in bytes.
const SHEET_BYTES_MAX: usize = 256 * 1024;
/// Most classes that are kept.
const CLASSES_MAX: usize = 512;

/// The style of each class that a style sheet sets so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassStyles {
    classes: Vec<(String, Style)>,
}

impl ClassStyles {
    /// Reads a style sheet: rules for one class alone, nothing else.
    pub(crate) fn read(&mut self, sheet: &str) {
        if sheet.len() > SHEET_BYTES_MAX || memchr::memmem::find(sheet.as_bytes(), b"vertical-align").is_none() {
            return;
        }
        for rule in sheet.split('}') {
            let Some((selector, declarations)) = rule.split_once('{') else { continue };
            let Some(class) = selector.trim().trim_start_matches("span").strip_prefix('.') else { continue };
            let name = class.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            let style = of_css(declarations)
                .filter(|style| matches!(style, Style::Italic | Style::Superscript | Style::Subscript));
            if let Some(style) = style.filter(|_| name && self.classes.len() < CLASSES_MAX) {
                self.classes.push((class.to_owned(), style));
            }
        }
    }

    /// The style of an element with these classes; a script before italics.
    pub(super) fn of(&self, classes: &str) -> Option<Style> {
        if self.classes.is_empty() {
            return None;
        }
        let styles = classes
            .split_ascii_whitespace()
            .filter_map(|class| self.classes.iter().find(|(name, _)| name == class).map(|(_, style)| *style));
        styles.reduce(|best, style| if best == Style::Italic { style } else { best })
    }
}
