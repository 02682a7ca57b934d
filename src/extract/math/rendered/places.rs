//! MathJax 2's SVG output → MathML. It names no elements: glyphs, rules and groups of them stand where they stand, and
//! their places, sizes and order are all that tells a fraction from a script.

use scraper::node::Element;

use super::super::Formula;
use super::super::node::{Budget, NodeRef, attr, element};
use super::dialect::Token;
use super::glyph::{self, Alphabet, Glyph};
use super::tree::{self, Ml};
use super::{boxes, style, tokens};

/// Nesting of groups beyond which the rest is left out.
const DEPTH_MAX: usize = 96;
/// What stands further from the line than this (in units of 1/1000 em) does not stand on it.
const OFF_LINE: f32 = 120.0;
/// Rows of a table are further apart than the parts of a fraction are from its bar.
const ROW_TOLERANCE: f32 = 150.0;

/// The formula that an SVG drawing of version 2 shows; `None` where it shows none.
pub(in super::super) fn formula(root: NodeRef<'_>, display: bool, budget: &Budget) -> Option<Formula> {
    let mut items = Vec::new();
    collect(root, 0, budget, &mut items);
    while let [Item { shape: Shape::Group(_), .. }] = items.as_slice() {
        let Some(Item { shape: Shape::Group(inside), .. }) = items.pop() else { break };
        items = inside;
    }
    tree::formula(row(items), display)
}

#[derive(Debug)]
enum Shape {
    Glyph(Glyph),
    Text(String),
    Rule,
    /// A stroke from one corner to another: whether it rises.
    Stroke(Option<bool>),
    Group(Vec<Item>),
}

/// Something drawn, with its place in the group around it.
#[derive(Debug)]
struct Item {
    x: f32,
    y: f32,
    small: bool,
    /// Whether it says where it stands; the first glyph of a token does not.
    placed: bool,
    shape: Shape,
}

fn collect(parent: NodeRef<'_>, depth: usize, budget: &Budget, items: &mut Vec<Item>) {
    if depth > DEPTH_MAX {
        return;
    }
    for node in parent.children() {
        let Some(tag) = element(node) else { continue };
        if !budget.spend() {
            return;
        }
        let number = |name| attr(tag, name).and_then(|value| value.parse::<f32>().ok()).filter(|n| n.is_finite());
        let (x, y) = style::translation(tag);
        let scale = scale(tag);
        let placed = number("x").is_some();
        let at = |shape| Item {
            x: x + scale * number("x").unwrap_or(0.0),
            y: y + scale * number("y").unwrap_or(0.0),
            small: scale < 0.95,
            placed,
            shape,
        };
        match &*tag.name.local {
            "use" => items.extend(reference(tag).map(|glyph| at(Shape::Glyph(glyph)))),
            "rect" => items.push(at(Shape::Rule)),
            "text" => {
                let words: String = super::super::node::text(node, budget, 4096).unwrap_or_default();
                items.push(at(Shape::Text(words)));
            }
            "line" => {
                let (dx, dy) = (
                    number("x2").unwrap_or(0.0) - number("x1").unwrap_or(0.0),
                    number("y2").unwrap_or(0.0) - number("y1").unwrap_or(0.0),
                );
                let oblique = dx.abs() > 50.0 && dy.abs() > 50.0;
                items.push(at(Shape::Stroke(oblique.then_some(dx * dy > 0.0))));
            }
            "g" | "svg" | "span" | "a" => {
                if attr(tag, "id").is_some_and(|id| id.starts_with("mjx-eqn")) {
                    continue;
                }
                let mut inside = Vec::new();
                collect(node, depth + 1, budget, &mut inside);
                if !inside.is_empty() {
                    let mut group = at(Shape::Group(inside));
                    group.small = false;
                    items.push(group);
                }
            }
            _ => {}
        }
    }
}

fn scale(tag: &Element) -> f32 {
    let said = attr(tag, "transform").and_then(|transform| transform.split("scale(").nth(1));
    said.and_then(|inside| inside.split([',', ')', ' ']).next()?.parse().ok()).unwrap_or(1.0)
}

/// The glyph that a reference such as `#MJMATHI-78` names.
fn reference(tag: &Element) -> Option<Glyph> {
    let (_, href) = tag.attrs.iter().find(|(name, _)| matches!(&*name.local, "href" | "xlink:href"))?;
    let (font, code) = href.trim_start_matches('#').rsplit_once('-')?;
    let font = &font[font.find("MJ")?..];
    let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
    let alphabet = match font.trim_start_matches("MJ") {
        "MATHI" | "MAINI" => Alphabet::Italic,
        "MAINB" => Alphabet::Bold,
        "MATHBI" => Alphabet::BoldItalic,
        "AMS" => Alphabet::DoubleStruck,
        "CAL" | "CALB" => Alphabet::Calligraphic,
        "SCR" => Alphabet::Script,
        "FRAK" | "FRAKB" => Alphabet::Fraktur,
        "SS" | "SSB" | "SSI" => Alphabet::SansSerif,
        "TT" => Alphabet::Monospace,
        name if name.starts_with("SZ") => Alphabet::Size,
        _ => Alphabet::Normal,
    };
    Some(glyph::glyph(c, alphabet))
}

/// A row of items in the order in which they were drawn.
fn row(items: Vec<Item>) -> Vec<Ml> {
    let items = match composed(items) {
        Ok(ml) => return vec![ml],
        Err(items) => items,
    };
    let mut out: Vec<Ml> = Vec::new();
    let mut strokes = Vec::new();
    let mut index: Option<Vec<Ml>> = None;
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        if is_surd(&item) {
            while items.peek().is_some_and(|next| matches!(next.shape, Shape::Rule)) {
                items.next();
            }
            let radicand = items.next().map(|item| single(item.shape)).unwrap_or_default();
            out.push(match index.take() {
                Some(index) => Ml::new("mroot", vec![Ml::row(radicand), Ml::row(index)]),
                None => Ml::new("msqrt", radicand),
            });
            continue;
        }
        let off = item.y.abs() > OFF_LINE && !is_delimiter(&item.shape);
        match item.shape {
            // A name or a number whose group was dissolved: its first glyph does not say where it stands.
            Shape::Glyph(first) if !off && !item.placed && (first.c.is_ascii_alphanumeric() || first.c == '\\') => {
                let mut run = vec![first];
                while let Some(next) = items.next_if(|next| goes_on(first, next)) {
                    if let Shape::Glyph(glyph) = next.shape {
                        run.push(glyph);
                    }
                }
                out.push(token(run));
            }
            Shape::Rule => {}
            Shape::Stroke(rises) => strokes.push(rises),
            shape if off && items.peek().is_some_and(is_surd) => index = Some(single(shape)),
            shape => {
                if let Some(mark) = mark(&shape).filter(|_| !out.is_empty()) {
                    let base = out.pop().unwrap_or_default();
                    let over = item.y > -400.0 || mark.text != "⏟";
                    let whole = std::mem::take(&mut out);
                    // An accent's group holds its base and nothing else.
                    let mut base = [whole, vec![base]].concat();
                    tokens::apply(super::Dialect::Svg, &mut base);
                    out.push(Ml::new(if over { "mover" } else { "munder" }, vec![Ml::row(base), mark]));
                } else if off {
                    let content = single(shape);
                    let base = out.pop().unwrap_or_else(|| Ml::atom(Vec::new()));
                    out.push(attach(base, content, item.y > 0.0));
                } else {
                    out.extend(single(shape));
                }
            }
        }
    }
    if !strokes.is_empty() {
        let notation = match (strokes.contains(&Some(true)), strokes.contains(&Some(false))) {
            (true, true) => "updiagonalstrike downdiagonalstrike",
            (true, false) => "updiagonalstrike",
            (false, true) => "downdiagonalstrike",
            _ => "box",
        };
        return vec![Ml::new("menclose", out).with("notation", notation)];
    }
    tokens::apply(super::Dialect::Svg, &mut out);
    out
}

/// Hangs a script on a base, beside one that it may have.
fn attach(base: Ml, script: Vec<Ml>, up: bool) -> Ml {
    let free = if up { "msub" } else { "msup" };
    if base.name == free && base.children.len() == 2 {
        let mut parts = base.children.into_iter();
        let (Some(base), Some(other)) = (parts.next(), parts.next()) else { return Ml::default() };
        let (lower, upper) = if up { (vec![other], script) } else { (script, vec![other]) };
        return boxes::scripts(base, Some(lower), Some(upper));
    }
    if up { boxes::scripts(base, None, Some(script)) } else { boxes::scripts(base, Some(script), None) }
}

/// Whether an item can be the next character of a token.
fn goes_on(first: Glyph, next: &Item) -> bool {
    let Shape::Glyph(glyph) = &next.shape else { return false };
    let alike = if first.c.is_ascii_digit() {
        glyph.c.is_ascii_digit() || glyph.c == '.'
    } else {
        glyph.c.is_ascii_alphabetic()
    };
    alike && glyph.alphabet == first.alphabet && next.placed && next.y.abs() < OFF_LINE
}

/// Whether a group is a delimiter built of pieces; it hangs from its top.
fn is_delimiter(shape: &Shape) -> bool {
    let Shape::Group(inside) = shape else { return false };
    let pieces: Option<Vec<char>> = inside.iter().map(piece).collect();
    pieces.and_then(|pieces| glyph::assembled(&pieces)).is_some_and(|c| "()[]{}|‖⌊⌋⌈⌉".contains(c))
}

fn is_surd(item: &Item) -> bool {
    match &item.shape {
        Shape::Glyph(glyph) => glyph.c == '√',
        Shape::Group(inside) => {
            let pieces: Option<Vec<char>> = inside.iter().map(piece).collect();
            pieces.and_then(|pieces| glyph::assembled(&pieces)) == Some('√')
        }
        _ => false,
    }
}

/// The glyph in an item, through a group that only scales it.
fn piece(item: &Item) -> Option<char> {
    match &item.shape {
        Shape::Glyph(glyph) => Some(glyph.c),
        Shape::Group(inside) => match inside.as_slice() {
            [only] => piece(only),
            [Item { shape: Shape::Glyph(glyph), .. }, ..] if ('\u{e000}'..='\u{e1ff}').contains(&glyph.c) => {
                Some(glyph.c)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The accent, bar or brace that something is, when it follows its base.
fn mark(shape: &Shape) -> Option<Ml> {
    let (c, wide) = match shape {
        Shape::Glyph(glyph) => (glyph.c, glyph.alphabet == Alphabet::Size),
        Shape::Group(inside) => {
            let pieces: Vec<char> = inside.iter().map(piece).collect::<Option<_>>()?;
            (glyph::assembled(&pieces)?, true)
        }
        _ => return None,
    };
    let is_mark = matches!(
        c,
        '^' | '~'
            | 'ˆ'
            | '˜'
            | '¯'
            | '―'
            | '\u{20d7}'
            | '˙'
            | '¨'
            | 'ˇ'
            | '˘'
            | '´'
            | 'ˊ'
            | '`'
            | 'ˋ'
            | '˚'
            | '⏞'
            | '⏟'
    );
    is_mark.then(|| Ml::token("mo", c).with("stretchy", if wide { "true" } else { "false" }))
}

/// What one item shows.
fn single(shape: Shape) -> Vec<Ml> {
    match shape {
        Shape::Glyph(glyph) => vec![token(vec![glyph])],
        Shape::Text(words) => vec![Ml::token("mtext", words)],
        Shape::Rule | Shape::Stroke(_) => Vec::new(),
        Shape::Group(inside) => group(inside),
    }
}

fn group(inside: Vec<Item>) -> Vec<Ml> {
    let glyphs: Option<Vec<Glyph>> = inside
        .iter()
        .map(|item| match item.shape {
            Shape::Glyph(glyph) if item.y.abs() < OFF_LINE => Some(glyph),
            _ => None,
        })
        .collect();
    let first = inside.first().is_some_and(|first| !first.placed);
    if let Some(glyphs) = glyphs.filter(|glyphs| first && is_word(glyphs)) {
        return vec![token(glyphs)];
    }
    let pieces: Option<Vec<char>> = inside.iter().map(piece).collect();
    if let Some(c) = pieces.filter(|pieces| pieces.len() > 1).and_then(|pieces| glyph::assembled(&pieces)) {
        return vec![Ml::token("mo", c).with("stretchy", "true")];
    }
    row(inside)
}

/// Whether glyphs are one token: a name, a number, primes, or words.
fn is_word(glyphs: &[Glyph]) -> bool {
    let alphabet = glyphs.first().map(|glyph| glyph.alphabet);
    glyphs.iter().all(|glyph| {
        Some(glyph.alphabet) == alphabet
            && (glyph.c.is_alphanumeric() || matches!(glyph.c, '′' | '.' | ',' | '-' | '\\' | '\u{a0}'))
    })
}

fn token(glyphs: Vec<Glyph>) -> Ml {
    let letters = glyphs.iter().filter(|glyph| glyph.c.is_alphabetic()).count();
    let digits = glyphs.iter().all(|glyph| glyph.c.is_ascii_digit() || matches!(glyph.c, '.' | ','));
    let kind = if digits && glyphs.iter().any(|glyph| glyph.c.is_ascii_digit()) {
        "mn"
    } else if letters == glyphs.len() {
        "mi"
    } else if glyphs.len() > 2 && letters > 0 {
        "mtext"
    } else {
        "mo"
    };
    tokens::finish(kind, &Token { glyphs, stretched: false })
}

/// A group that is one construction: a fraction, a pair one over the other, a table.
fn composed(mut items: Vec<Item>) -> Result<Ml, Vec<Item>> {
    let part = |item: Item| Ml::row(single(item.shape));
    match items.as_slice() {
        [rule, over, under] if matches!(rule.shape, Shape::Rule) && over.y > 0.0 && under.y < 0.0 => {
            let under = items.pop().map(part).unwrap_or_default();
            let over = items.pop().map(part).unwrap_or_default();
            return Ok(Ml::new("mfrac", vec![over, under]));
        }
        [over, under] if over.y > 150.0 && under.y < -150.0 && over.y - under.y < 1380.0 => {
            let under = items.pop().map(part).unwrap_or_default();
            let over = items.pop().map(part).unwrap_or_default();
            return Ok(Ml::new("mfrac", vec![over, under]).with("linethickness", "0"));
        }
        _ => {}
    }
    let one_column = Item { x: 0.0, y: 0.0, small: false, placed: true, shape: Shape::Group(items) };
    items = match one_column {
        column if is_column(&column) && is_tall(&column) => vec![column],
        Item { shape: Shape::Group(inside), .. } => inside,
        other => vec![other],
    };
    if items.is_empty() || !items.iter().all(is_column) || !items.iter().any(is_tall) {
        return Err(items);
    }
    let mut baselines: Vec<f32> = items
        .iter()
        .filter_map(|column| match &column.shape {
            Shape::Group(cells) => Some(cells.iter().map(|cell| cell.y)),
            _ => None,
        })
        .flatten()
        .collect();
    baselines.sort_by(|a, b| b.total_cmp(a));
    baselines.dedup_by(|a, b| (*a - *b).abs() < ROW_TOLERANCE);
    let mut rows: Vec<Vec<Ml>> = baselines.iter().map(|_| Vec::new()).collect();
    let mut alignment = Vec::new();
    for (n, column) in items.into_iter().enumerate() {
        let Shape::Group(cells) = column.shape else { continue };
        let flush = cells.len() > 1 && cells.windows(2).all(|pair| (pair[0].x - pair[1].x).abs() < 1.0);
        alignment.push(if flush { "left" } else { "center" });
        for cell in cells {
            let at = baselines.partition_point(|baseline| *baseline - cell.y >= ROW_TOLERANCE);
            let Some(row) = rows.get_mut(at) else { continue };
            while row.len() < n.min(64) {
                row.push(Ml::new("mtd", Vec::new()));
            }
            row.push(Ml::new("mtd", single(cell.shape)));
        }
    }
    // Aligned equations: the first column ends where the second begins.
    if alignment.get(1) == Some(&"left") {
        alignment[0] = "right";
    } else {
        alignment.fill("center");
    }
    let rows = rows.into_iter().map(|cells| Ml::new("mtr", cells)).collect();
    Ok(Ml::new("mtable", rows).with("columnalign", alignment.join(" ")))
}

/// Whether an item can be a column of a table: cells one under the other.
fn is_column(item: &Item) -> bool {
    let Shape::Group(cells) = &item.shape else { return false };
    item.y.abs() < OFF_LINE
        && (cells.len() == 1 || cells.first().is_some_and(|top| top.y > 200.0))
        && cells.windows(2).all(|pair| pair[0].y - pair[1].y > 600.0)
        && cells.iter().all(|cell| !cell.small && !matches!(cell.shape, Shape::Rule | Shape::Stroke(_)))
}

fn is_tall(item: &Item) -> bool {
    matches!(&item.shape, Shape::Group(cells) if cells.len() > 1)
}
