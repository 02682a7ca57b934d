//! What a converter of formulas wrote, checked: known elements in order, known attributes with plain values.
//!
//! The converter is trusted with layout, not with safety: markup that is not as expected is refused as a whole.

use super::{ATTRIBUTES, ELEMENTS};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 160;
/// Longest value of an attribute, bytes.
const VALUE_BYTES_MAX: usize = 40;
/// Elements that are not of MathML but may stand in a text within a formula.
const IN_TEXT: [&str; 4] = ["b", "code", "i", "span"];
/// Elements that are left out, their content kept: targets of references within a page that is not ours.
const DROPPED: [&str; 2] = ["a", "semantics"];

/// `markup` with styles turned into classes, or nothing where it holds what we do not know.
pub(super) fn checked(markup: &str) -> Option<String> {
    let mut html = String::with_capacity(markup.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        text(&rest[..at], &mut html)?;
        let end = at + tag_end(&rest[at..])?;
        tag(&rest[at + 1..end], &mut open, &mut html)?;
        rest = &rest[end + 1..];
    }
    (open.is_empty() && rest.is_empty() && html.starts_with("<math")).then_some(html)
}

/// The place of the `>` that ends the tag in front.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

/// Escaped text, as it stands.
fn text(text: &str, html: &mut String) -> Option<()> {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let end = at + rest[at..].find(';')?;
        let name = &rest[at + 1..end];
        let known = matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "nbsp");
        let number =
            name.strip_prefix('#').is_some_and(|n| n.len() < 8 && n.bytes().all(|b| b.is_ascii_alphanumeric()));
        (known || number).then_some(())?;
        rest = &rest[end..];
    }
    let plain = !text.contains('>') && !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t'));
    plain.then(|| html.push_str(text))
}

fn tag<'a>(inner: &'a str, open: &mut Vec<&'a str>, html: &mut String) -> Option<()> {
    if let Some(name) = inner.strip_prefix('/') {
        (open.pop()? == name).then_some(())?;
        if !DROPPED.contains(&name) {
            html.extend(["</", name, ">"]);
        }
        return Some(());
    }
    let (inner, alone) = match inner.strip_suffix('/') {
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
    let dropped = DROPPED.contains(&name);
    let in_text = IN_TEXT.contains(&name);
    let known = dropped || ELEMENTS.binary_search(&name).is_ok() && (in_text || name.starts_with('m'));
    let placed = if in_text { open.contains(&"mtext") } else { !open.contains(&"mtext") || dropped };
    let first = (name == "math") == open.is_empty();
    (known && placed && first && open.len() < DEPTH_MAX).then_some(())?;
    if dropped {
        if !alone {
            open.push(name);
        }
        return Some(());
    }
    html.extend(["<", name]);
    self::attributes(attributes, html)?;
    html.push('>');
    if alone {
        html.extend(["</", name, ">"]);
    } else {
        open.push(name);
    }
    Some(())
}

/// Attributes as `name="value"`, parted by spaces.
fn attributes(mut rest: &str, html: &mut String) -> Option<()> {
    let mut classes: Vec<&str> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        match name {
            "style" => classes.extend(value.split(';').filter_map(|declaration| class_of(declaration.trim()))),
            "class" => classes.extend(value.split(' ').filter_map(renamed)),
            "id" | "href" => {}
            name => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b' ' | b'%');
                let known = ATTRIBUTES.binary_search(&name).is_ok();
                (known && value.len() <= VALUE_BYTES_MAX && value.bytes().all(plain)).then_some(())?;
                html.extend([" ", name, "=\"", value, "\""]);
            }
        }
    }
    if !classes.is_empty() {
        html.extend([" class=\"", &classes.join(" "), "\""]);
    }
    Some(())
}

/// The class that stands for a declaration; colours and the like are left out.
fn class_of(declaration: &str) -> Option<&'static str> {
    let (property, value) = declaration.split_once(':')?;
    let (value, side) = (value.trim(), property.trim());
    Some(match side {
        "text-align" if value == "left" => "left",
        "text-align" if value == "right" => "right",
        "padding-left" if value == "0" => "tight-left",
        "padding-left" => "wide-left",
        "padding-right" if value == "0" => "tight-right",
        "padding-top" if value == "0" => "tight-rows",
        "padding-top" => "fraction",
        "margin-left" if value.starts_with('-') => "closer",
        "width" if value == "100%" => "full",
        "width" if value == "50%" => "half",
        "border-left" => "line-left",
        "border-right" => "line-right",
        "border-top" => "line-top",
        "border-bottom" => "line-bottom",
        _ => return None,
    })
}

/// Our name of a class of the converter's.
fn renamed(class: &str) -> Option<&'static str> {
    Some(match class {
        "math-core-sans-serif-font" => "sans",
        "math-core-serif-font" => "serif",
        "menclose-updiagonalstrike" => "strike-up",
        "menclose-downdiagonalstrike" => "strike-down",
        "menclose-horizontalstrike" => "strike-through",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[track_caller]
    fn check(markup: &str, want: Option<&str>) {
        assert_eq!(checked(markup).as_deref(), want);
    }

    #[test]
    fn formulas_pass() {
        check("<math><mi>x</mi></math>", Some("<math><mi>x</mi></math>"));
        check(
            r#"<math display="block"><mspace width="1em"/></math>"#,
            Some(r#"<math display="block"><mspace width="1em"></mspace></math>"#),
        );
        check("<math><mtext>a &lt; <b>b</b></mtext></math>", Some("<math><mtext>a &lt; <b>b</b></mtext></math>"));
        let styled =
            r#"<math><mtd style="text-align: right;justify-items: end;padding-right: 0;color:#f00"></mtd></math>"#;
        check(styled, Some(r#"<math><mtd class="right tight-right"></mtd></math>"#));
        check(r##"<math><mtext><a href="#x">(1)</a></mtext></math>"##, Some("<math><mtext>(1)</mtext></math>"));
    }

    #[test]
    fn anything_else_is_refused() {
        for markup in [
            "",
            "x",
            "<mi>x</mi>",
            "<math><mi>x</math></mi>",
            "<math><mi>x</mi>",
            "<math><script>x</script></math>",
            "<math><b>x</b></math>",
            "<math><mtext><p>x</p></mtext></math>",
            "<math><mtext><math></math></mtext></math>",
            "<math><mi onclick=\"x\">x</mi></math>",
            "<math><mi mathvariant=\"a&quot;\">x</mi></math>",
            "<math><mi mathvariant=bold>x</mi></math>",
            "<math><mi>a & b</mi></math>",
            "<math><mi>a > b</mi></math>",
            "<math><mi>x</mi></math>x",
            "<math><mi",
        ] {
            check(markup, None);
        }
        check(&format!("<math>{}{}</math>", "<mrow>".repeat(1000), "</mrow>".repeat(1000)), None);
    }
}
