//! What KaTeX draws as paths: delimiters, wide accents, arrows and braces, told by how their outlines begin.

use scraper::node::Element;

use super::super::super::node::{NodeRef, attr, element};

/// The delimiter that a path draws.
pub(super) fn delimiter(path: &Element) -> Option<char> {
    let outline = attr(path, "d")?;
    let starts = |with: &str| outline.starts_with(with);
    Some(if starts("M863,9") {
        '('
    } else if starts("M76,0") {
        ')'
    } else if starts("M403 1759") {
        if outline.contains("h347") { '[' } else { '⌈' }
    } else if starts("M347 1759") {
        if outline.contains("H0 v84") { ']' } else { '⌉' }
    } else if starts("M319 602") {
        if outline.contains("v-84") { '⌋' } else { '⌊' }
    } else if starts("M145 15") {
        if outline.contains("M367 15") { '‖' } else { '|' }
    } else {
        return None;
    })
}

/// The mark over or under a formula that the paths of a subtree draw.
pub(super) fn mark(root: NodeRef<'_>) -> Option<char> {
    let mut drawn = root.descendants().take(64).filter_map(element).filter(|tag| &*tag.name.local == "path");
    let first = outline_mark(attr(drawn.next()?, "d")?)?;
    let second = drawn.next().and_then(|path| outline_mark(attr(path, "d")?));
    Some(match (first, second) {
        ('←' | '→', Some(other @ ('←' | '→'))) if other != first => '↔',
        ('⇐' | '⇒', Some(other @ ('⇐' | '⇒'))) if other != first => '⇔',
        ('↼' | '↽', Some('⇁' | '⇀')) => '⇋',
        ('⇀' | '⇁', Some('↽' | '↼')) => '⇌',
        (mark, _) => mark,
    })
}

fn outline_mark(outline: &str) -> Option<char> {
    const OUTLINES: [(&str, char); 42] = [
        ("M377 20c0-5.333", '→'),
        ("M529 0h5l519 115", '^'),
        ("M1181 0h2l1171", '^'),
        ("M529,159h5l519", 'ˇ'),
        ("M1181,2", 'ˇ'),
        ("M1181,3", 'ˇ'),
        ("M200 55.538", '~'),
        ("M344 55.266", '~'),
        ("M786 59C457", '~'),
        ("M786 58C457", '~'),
        ("M0 241v40h399891c-47.3 35.3", '→'),
        ("M400000 241H110l3-3", '←'),
        ("M262 157", '⇐'),
        ("M399738 392", '⇒'),
        ("M6 548l-6-6", '⏞'),
        ("M400000 542", '⏞'),
        ("M200428 334", '⏞'),
        ("M0 6l6-6h17", '⏟'),
        ("M399994 0l6 6", '⏟'),
        ("M199572 214", '⏟'),
        ("M400000 80", '⏠'),
        ("M0 80h399565", '⏠'),
        ("M400000 262", '⏡'),
        ("M0 262h399565", '⏡'),
        ("M0 267c.7 5.3", '↼'),
        ("M7 241c-4 4", '↽'),
        ("M0 241v40h399993", '⇀'),
        ("M399747 511", '⇁'),
        ("M7 435c-4 4", '↽'),
        ("M399747 705", '⇁'),
        ("M400000 281", '↩'),
        ("M399859 241c-764", '↪'),
        ("M40 281 V448", '↦'),
        ("M50 50", '='),
        ("M0 50", '='),
        ("M0 167c68 40", '↞'),
        ("M400000 167c-70.7", '⇄'),
        ("M400000 167", '↠'),
        ("M0 147h400000", '⇄'),
        ("M5 0h", '―'),
        ("M55 134", '↩'),
        ("M0 241", '→'),
    ];
    OUTLINES.iter().find(|(start, _)| outline.starts_with(start)).map(|(_, mark)| *mark)
}
