//! Which paragraphs of a page go, once it is known which are repeated over its site.

use super::read::{Kind, Paragraph};

/// What becomes of a page's paragraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Which go, in their order.
    pub gone: Vec<bool>,
    /// Repeated paragraphs with mathematics.
    pub with_formulas: usize,
    /// Whether nothing but headings stays of a page that loses something.
    pub emptied: bool,
}

/// Which paragraphs go, of those for which `repeated` holds.
///
/// Words go; those that bear mathematics only where `formulas` says so. A paragraph that ends with a colon goes with the
/// one after it, or where none follows. A heading goes with all that is below it, and only where there was something:
/// alone it is structure.
#[must_use]
pub fn gone(paragraphs: &[Paragraph], repeated: impl Fn(usize) -> bool, formulas: bool) -> Gone {
    let mut found = Gone { gone: vec![false; paragraphs.len()], ..Gone::default() };
    // The next paragraph that stays, and the next heading of each level or a higher one.
    let mut stays = paragraphs.len();
    let mut headings = [paragraphs.len(); 7];
    for (i, paragraph) in paragraphs.iter().enumerate().rev() {
        let goes = match paragraph.kind {
            Kind::Fixed => false,
            Kind::Words => true,
            Kind::Lead => i + 1 == paragraphs.len() || found.gone[i + 1],
            Kind::Heading(level) => {
                let end = headings[usize::from(level)];
                end > i + 1 && stays >= end
            }
        };
        let repeated = paragraph.kind != Kind::Fixed && repeated(i);
        let mathematics = repeated && paragraph.formulas;
        found.with_formulas += usize::from(mathematics);
        if goes && repeated && (!mathematics || formulas) {
            found.gone[i] = true;
        } else {
            stays = i;
        }
        if let Kind::Heading(level) = paragraph.kind {
            headings[usize::from(level)..].fill(i);
        }
    }
    let left = paragraphs.iter().zip(&found.gone).filter(|(_, gone)| !**gone);
    let only_headings = left.into_iter().all(|(paragraph, _)| matches!(paragraph.kind, Kind::Heading(_)));
    found.emptied = only_headings && found.gone.contains(&true);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paragraphs::{cut, spans};
    use crate::spans::commands;

    /// Lines that begin with `!` are repeated.
    #[track_caller]
    fn check(marked: &str, formulas: bool, want: &str) -> Gone {
        let repeated: Vec<bool> = marked.split("\n\n").map(|part| part.starts_with('!')).collect();
        let text = marked.replace("\n\n!", "\n\n");
        let text = text.strip_prefix('!').unwrap_or(&text);
        let paragraphs = super::super::read(text, "a.example", 4, &commands());
        let found = gone(&paragraphs, |i| repeated[i], formulas);
        let ranges: Vec<_> = paragraphs.iter().map(|p| p.range.clone()).collect();
        assert_eq!(cut(text, &spans(text, &ranges, &found.gone)), want, "{marked:?}");
        found
    }

    const NOTE: &str = "!All rights are reserved by us.";

    #[test]
    fn words_go_and_structure_stays() {
        check(&format!("# A\n\nSome words of its own.\n\n{NOTE}"), false, "# A\n\nSome words of its own.");
        check(&format!("!## Proof\n\nSome words of its own.\n\n{NOTE}"), false, "## Proof\n\nSome words of its own.");
        check("!## Proof\n\n!## Exercises", false, "## Proof\n\n## Exercises");
        check("!Proof.\n\n!```\nx\n```", false, "Proof.\n\n```\nx\n```");
    }

    #[test]
    fn a_heading_goes_with_all_that_is_below_it() {
        check(&format!("Words of its own are here.\n\n!## Licence\n\n{NOTE}"), false, "Words of its own are here.");
        check(&format!("Its own.\n\n## Licence\n\n{NOTE}"), false, "Its own.\n\n## Licence");
        check(&format!("!## A\n\n!### B\n\n{NOTE}\n\n## C\n\nIts own."), false, "## C\n\nIts own.");
        check(&format!("!## A\n\n!### B\n\n{NOTE}\n\n### C\n\nIts own."), false, "## A\n\n### C\n\nIts own.");
        check(&format!("!### A\n\n{NOTE}\n\n!## B"), false, "## B");
    }

    #[test]
    fn what_leads_to_the_next_goes_with_it() {
        check(&format!("Its own.\n\n!You may also like these:\n\n{NOTE}"), false, "Its own.");
        check(
            "Its own.\n\n!These statements are all equivalent:\n\nOther words.",
            false,
            "Its own.\n\nThese statements are all equivalent:\n\nOther words.",
        );
        check("Its own.\n\n!Share this page with others:", false, "Its own.");
    }

    #[test]
    fn mathematics_stays_unless_asked_for_and_is_counted() {
        let marked = format!("!Here we write $x$ for it.\n\n{NOTE}\n\nIts own words.");
        let found = check(&marked, false, "Here we write $x$ for it.\n\nIts own words.");
        assert_eq!((found.with_formulas, found.emptied), (1, false));
        let found = check(&marked, true, "Its own words.");
        assert_eq!((found.with_formulas, found.emptied), (1, false));
    }

    #[test]
    fn a_page_of_headings_alone_is_empty() {
        assert!(check(&format!("# Cookies\n\n{NOTE}"), false, "# Cookies").emptied);
        assert!(!check("# Cookies", false, "# Cookies").emptied);
        assert!(check(NOTE, false, "").emptied);
    }

    #[test]
    fn many_headings_take_no_longer() {
        let text: String = (0..50_000).map(|n| format!("{} a\n\n", "#".repeat(n % 6 + 1))).collect();
        let paragraphs = super::super::read(&format!("{text}All rights are reserved."), "a.example", 4, &[]);
        let found = gone(&paragraphs, |_| true, false);
        // The last heading has something below it, and the ones above it that it is all of.
        assert_eq!(found.gone.iter().filter(|gone| **gone).count(), 3);
        assert!(found.emptied);
    }
}
