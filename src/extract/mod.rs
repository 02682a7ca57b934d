//! A page's bytes → its title and main text, with the formulas as LaTeX.
//!
//! ```text
//! bytes ─encoding─▶ text ─dom─▶ tree ─math─▶ formulas ─┐
//!                                └──outline──▶ flat ───┴─content─▶ what to keep ─text─▶ Document
//! ```
//!
//! One parse; then every step is a pass over one array in document order.

use ego_tree::NodeRef;
use scraper::{Html, Node};

use self::dom::Scripting;
use crate::page::{Capture, Document, Page};
use crate::reject::Reject;

pub mod content;
pub mod dom;
pub mod encoding;
pub mod math;
pub mod metadata;
pub mod outline;
#[cfg(any(test, fuzzing))]
pub mod properties;
// The fuzz targets take this module's leaves without the crate around them.
#[cfg(not(fuzzing))]
pub mod stage;
#[cfg(not(fuzzing))]
pub mod table;
pub mod tag;
pub mod text;

/// The limits of extraction. All bound work or size, none is a time: a page has the same fate on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractRules {
    /// Most elements of a page.
    pub body_nodes_max: u64,
    /// Most elements inside each other (in steps of 64).
    pub depth_max: usize,
    /// Most attributes of one tag.
    pub tag_attributes_max: usize,
    /// Most questions that the parser may ask about open elements: its quadratic part. An ordinary page asks about 20
    /// an element.
    pub parser_steps_max: u64,
    /// Least UTF-8 bytes of text.
    pub text_bytes_min: usize,
}

impl Default for ExtractRules {
    fn default() -> Self {
        Self {
            body_nodes_max: 300_000,
            depth_max: 512,
            tag_attributes_max: 1000,
            parser_steps_max: 40_000_000,
            text_bytes_min: 64,
        }
    }
}

/// Less text than this may be the shell of a page that scripts fill.
const LITTLE_TEXT_BYTES: usize = 400;

/// Extracts a page.
///
/// # Errors
/// [`Reject::EmptyBody`], [`Reject::TooComplex`] for pages beyond the caps, [`Reject::TextTooShort`].
pub fn extract(page: &Page, rules: &ExtractRules) -> Result<Document, Reject> {
    if page.body.trim_ascii().is_empty() {
        return Err(Reject::EmptyBody);
    }
    let decoded = encoding::decode(&page.body, page.http_charset.as_deref(), top_level_domain(&page.capture.url));
    let mut document = read(&decoded, &page.capture, Scripting::On, rules)?;
    if document.text.len() < LITTLE_TEXT_BYTES && memchr::memmem::find(decoded.as_bytes(), b"<noscript").is_some() {
        // Pages built by scripts often carry their text for readers that run none.
        let without = read(&decoded, &page.capture, Scripting::Off, rules)?;
        if without.text.len() > document.text.len() * 2 {
            document = without;
        }
    }
    if document.text.len() < rules.text_bytes_min {
        return Err(Reject::TextTooShort);
    }
    Ok(document)
}

fn read(decoded: &str, capture: &Capture, scripting: Scripting, rules: &ExtractRules) -> Result<Document, Reject> {
    let html = dom::parse(decoded, scripting, rules)?;
    let Some(unframed) = without_frames(&html) else { return Ok(read_tree(&html, capture, scripting)) };
    let inner = dom::parse(&unframed, scripting, rules)?;
    let stated = metadata::read(&html, capture);
    let document = read_tree(&inner, capture, scripting);
    let title = title(&html).or(stated.title).unwrap_or(document.title);
    Ok(Document { title, canonical_url: stated.canonical_url, published_at_ms: stated.published_at_ms, ..document })
}

/// What a page of frames shows where there are none: markup that the parser leaves as text.
fn without_frames(html: &Html) -> Option<String> {
    let frames = child_named(child_named(html.tree.root(), "html")?, "frameset")?;
    let without = child_named(frames, "noframes")?;
    Some(without.children().filter_map(|child| child.value().as_text().map(|text| &**text)).collect())
}

fn read_tree(html: &Html, capture: &Capture, scripting: Scripting) -> Document {
    let settings = math::PageMath::read(html);
    let found = math::find(html, &settings);
    let written = body(html).map(|body| {
        let outline = outline::Outline::build(body, &found, scripting);
        let selection = content::select(&outline);
        text::write(&outline, &selection, &settings)
    });
    let text::Written { text, forms } = written.unwrap_or_default();
    let stated = metadata::read(html, capture);
    Document {
        title: title(html).or(stated.title).unwrap_or_default(),
        text,
        forms,
        declared_language: declared_language(html),
        canonical_url: stated.canonical_url,
        published_at_ms: stated.published_at_ms,
    }
}

/// The last label of the URL's host, where it is one that hints at a language.
fn top_level_domain(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    let label = host.rsplit('.').next()?;
    (label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')).then_some(label)
}

fn child_named<'a>(of: NodeRef<'a, Node>, name: &str) -> Option<NodeRef<'a, Node>> {
    of.children().find(|child| child.value().as_element().is_some_and(|element| element.name() == name))
}

/// The `body`; of a frameset page, the `frameset` with its `noframes`.
#[must_use]
pub fn body(html: &Html) -> Option<NodeRef<'_, Node>> {
    let root = child_named(html.tree.root(), "html")?;
    child_named(root, "body").or_else(|| child_named(root, "frameset"))
}

/// What the `html` element says of the page's language.
fn declared_language(html: &Html) -> Option<String> {
    let root = child_named(html.tree.root(), "html")?;
    let language = root.value().as_element()?.attr("lang")?.trim();
    (!language.is_empty()).then(|| language.chars().take(35).collect())
}

/// Most bytes of a title.
const TITLE_BYTES_MAX: usize = 2048;

/// The document's title (not that of an embedded drawing), white space folded; `None` where it is empty.
fn title(html: &Html) -> Option<String> {
    let root = child_named(html.tree.root(), "html");
    let title = root.and_then(|root| {
        let inside = |name| child_named(root, name).and_then(|parent| child_named(parent, "title"));
        inside("head").or_else(|| inside("body"))
    });
    let raw: String = title
        .into_iter()
        .flat_map(|title| title.children())
        .filter_map(|child| child.value().as_text().map(|text| &**text))
        .collect();
    let title = text::fold_line(&raw[..raw.floor_char_boundary(TITLE_BYTES_MAX)]);
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        let capture = Capture {
            url: "https://example.org/a".into(),
            fetched_at_ms: None,
            warc: "x.warc.gz".into(),
            warc_offset: 0,
            warc_length: 0,
        };
        Page { capture, http_charset: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_page_becomes_title_and_text() {
        let body = "<html><head><title> On \n limits </title></head><body><nav><a href=/>Home</a> <a href=/b>Blog</a></nav>\
            <main><h1>Limits</h1><p>The limit of $f$ at the point is the number that its values come near to.</p></main>\
            <svg><title>drawing</title></svg></body></html>";
        let document = extract(&page(body), &ExtractRules::default()).expect("text enough");
        assert_eq!(document.title, "On limits");
        assert_eq!(
            document.text,
            "# Limits\n\nThe limit of $f$ at the point is the number that its values come near to."
        );
        assert_eq!(document.forms.total(), 1);
    }

    #[test]
    fn a_shell_filled_by_scripts_gives_what_it_shows_without_them() {
        let prose = "The sum of the angles of a triangle is two right angles, as Euclid shows. ".repeat(4);
        let shell = format!("<title>t</title><body><noscript><p>{prose}</p></noscript><div id=app></div>");
        let document = extract(&page(&shell), &ExtractRules::default()).expect("the text inside noscript");
        assert_eq!(document.text, prose.trim());
        let filled = format!("<body><p>{prose}{prose}</p><noscript>Turn on scripts, please. {prose}</noscript>");
        let document = extract(&page(&filled), &ExtractRules::default()).expect("the text beside noscript");
        assert!(!document.text.contains("Turn on"));
    }

    #[test]
    fn pages_without_text_are_rejected() {
        let outcome = |body: &str| extract(&page(body), &ExtractRules::default()).err();
        assert_eq!(outcome(" \n"), Some(Reject::EmptyBody));
        assert_eq!(outcome("<p>short"), Some(Reject::TextTooShort));
        assert_eq!(outcome(&"<div>".repeat(100_000)), Some(Reject::TooComplex));
    }

    #[test]
    fn no_page_takes_long() {
        let deep = |open: &str, close: &str| format!("{}x{}", open.repeat(400), close.repeat(400));
        for body in [
            "<ul><li><a href=x>a</a> <li><a href=y>b</a></ul>".repeat(25_000),
            "<div><p></p></div>".repeat(100_000) + "<ul><li><a href=x>a</a><li><a href=x>b</a></ul>",
            deep("<main><h1>t</h1>", "</main>") + &"<p>text, text.".repeat(100_000),
            deep("<table><tr><td>", "</table>").repeat(100),
            deep("<div class=related>", "</div>").repeat(300),
            deep("<aside><figure><figcaption>", "</figcaption></figure></aside>").repeat(60),
            deep("<pre><code>", "</code></pre>").repeat(60),
            "<table>".to_owned() + &"<tr><td>1<td>2".repeat(90_000),
            "<p>$ \\( \\[ ".repeat(60_000),
            "$ ".repeat(500_000),
            "\u{2028}\u{e000} \n".repeat(300_000),
        ] {
            let started = std::time::Instant::now();
            let _ = extract(&page(&body), &ExtractRules::default());
            let seconds = started.elapsed().as_secs_f64();
            // Far more than an optimised build takes, far less than anything quadratic would.
            assert!(seconds < 15.0, "{seconds} s: {}", &body[..40]);
        }
    }

    #[test]
    fn the_top_level_domain_is_the_hosts_last_label() {
        for (url, want) in [
            ("https://a.b.ru/x.y", Some("ru")),
            ("http://u@example.cn:80?q", Some("cn")),
            ("http://127.0.0.1/", None),
            ("nonsense", None),
        ] {
            assert_eq!(top_level_domain(url), want, "{url}");
        }
    }
}
