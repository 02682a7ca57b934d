use proptest::prelude::*;

use super::*;

fn replaced(range: Range<usize>, by: &str) -> Edit {
    Edit { range, replacement: Some(by.to_owned()) }
}

#[track_caller]
fn check(text: &str, removed: &[Range<usize>], replacements: &[Edit], want: &str) {
    let edits = unite(removed.to_vec(), replacements.to_vec());
    assert_eq!(apply(text, &edits).as_deref(), Some(want), "{edits:?}");
}

#[test]
fn edits_of_all_kinds_are_one_list() {
    let text = "0123456789";
    check(text, &[], &[], text);
    check(text, &[2..4, 3..6], &[], "016789");
    check(text, &[6..8, 2..4, 4..6], &[], "0189");
    check(text, &[2..4], &[replaced(4..5, "x"), replaced(7..9, "yy")], "01x56yy9");
    check(text, &[2..6], &[replaced(3..4, "x")], "016789");
    check(text, &[2..6], &[replaced(5..8, "x")], "0189");
    check(text, &[2..6], &[replaced(1..3, "x")], "06789");
    check(text, &[0..1, 2..6], &[replaced(1..3, "x")], "6789");
    check(text, &[], &[replaced(1..3, "x"), replaced(2..5, "y")], "0x3456789");
    check(text, &[0..10], &[replaced(9..10, "x")], "");
    check(text, &[3..3], &[], text);
    assert_eq!(unite([1..2, 2..3], []).len(), 1);
    assert_eq!(apply("é", &unite([1..2], [])), None);
    assert_eq!(apply("ab", &unite([1..3], [])), None);
}

#[test]
fn ranges_of_the_edited_text_are_found_in_the_text() {
    // "0123456789" → "01" "X" "567" "89" without 5: 01X6789.
    let edits = unite([5..6], [replaced(2..5, "X")]);
    assert_eq!(apply("0123456789", &edits).as_deref(), Some("01X6789"));
    for (edited, want) in
        [(0..2, 0..2), (1..3, 1..5), (2..3, 2..5), (3..5, 6..8), (2..4, 2..7), (6..7, 9..10), (0..7, 0..10)]
    {
        assert_eq!(origin(&edits, &edited), want, "{edited:?}");
    }
    assert_eq!(origin(&[], &(3..5)), 3..5);
}

fn ranges() -> impl Strategy<Value = Vec<Range<usize>>> {
    prop::collection::vec((0..40usize, 0..12usize).prop_map(|(start, length)| start..(start + length).min(40)), 0..6)
}

proptest! {
    /// What is united is in order and apart, all that is to go is gone, and what no edit touches stays.
    #[test]
    fn what_is_united_is_what_was_given(removed in ranges(), replacements in ranges()) {
        let text: String = ('A'..='z').take(40).collect();
        let replacements: Vec<Edit> = replacements.into_iter().map(|range| replaced(range, "#")).collect();
        let edits = unite(removed.clone(), replacements.clone());
        for pair in edits.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start);
            let both_go = pair[0].replacement.is_none() && pair[1].replacement.is_none();
            prop_assert!(!both_go || pair[0].range.end < pair[1].range.start);
        }
        let left = apply(&text, &edits).unwrap();
        for (at, c) in text.char_indices() {
            if removed.iter().any(|range| range.contains(&at)) {
                prop_assert!(!left.contains(c));
            } else if !replacements.iter().any(|edit| edit.range.contains(&at)) {
                prop_assert!(left.contains(c));
            }
        }
    }

    /// Cutting a range of the edited text is the same as one more edit of the text.
    #[test]
    fn a_cut_of_the_edited_text_is_an_edit_of_the_text(removed in ranges(), start in 0..40usize, length in 1..10usize) {
        let text: String = ('A'..='z').take(40).collect();
        let edits = unite(removed.clone(), []);
        let edited = apply(&text, &edits).unwrap();
        let cut = start.min(edited.len())..(start + length).min(edited.len());
        let want = [&edited[..cut.start], &edited[cut.end..]].concat();
        if cut.start < cut.end {
            let all = unite(removed.into_iter().chain([origin(&edits, &cut)]), []);
            prop_assert_eq!(apply(&text, &all).unwrap(), want);
        }
    }
}
