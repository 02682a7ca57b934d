//! What a page says of itself beside its text: its canonical address, when it was published, and a title where the
//! `title` element has none.
//!
//! One scan over the array of nodes, not a walk: these statements stand anywhere, and most nodes are none.

mod date;
mod json_ld;
mod published;

use ego_tree::NodeRef;
use scraper::node::Element;
use scraper::{Html, Node};
use url::Url;

use super::text::fold_line;
use crate::page::Capture;
use published::Published;

/// Most bytes of an address or title that is taken over.
const BYTES_MAX: usize = 2048;

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The address that the page names as its own, absolute.
    pub canonical_url: Option<String>,
    /// When the page says that it was published, in milliseconds since the Unix epoch (UTC).
    pub published_at_ms: Option<i64>,
    /// A title from elsewhere than the `title` element, white space folded.
    pub title: Option<String>,
}

/// Reads what the page says of itself.
#[must_use]
pub fn read(html: &Html, capture: &Capture) -> Metadata {
    let mut found = Found::default();
    for node in html.tree.nodes() {
        if let Node::Element(element) = node.value() {
            found.look(node, element);
        }
    }
    Metadata {
        canonical_url: found.canonical(&capture.url),
        published_at_ms: found.published.choose(capture),
        title: found.title(),
    }
}

/// An attribute's value; compares bytes, where [`Element::attr`] interns the name on each call.
fn attr<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attrs.iter().find(|(key, _)| &*key.local == name).map(|(_, value)| &**value)
}

fn is_json_ld(script: &Element) -> bool {
    attr(script, "type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/ld+json"))
}

/// The first statement of each kind.
#[derive(Default)]
struct Found<'a> {
    base: Option<&'a str>,
    canonical: Option<&'a str>,
    og_url: Option<&'a str>,
    /// Titles that metadata state, the most telling first.
    titles: [Option<&'a str>; 3],
    heading: Option<NodeRef<'a, Node>>,
    published: Published<'a>,
}

impl<'a> Found<'a> {
    fn look(&mut self, node: NodeRef<'a, Node>, element: &'a Element) {
        match &*element.name.local {
            "meta" => self.meta(element),
            "link" => {
                let canonical = |rel: &str| rel.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("canonical"));
                if self.canonical.is_none() && attr(element, "rel").is_some_and(canonical) {
                    self.canonical = attr(element, "href").filter(|href| !href.trim().is_empty());
                }
            }
            "base" => self.base = self.base.or_else(|| attr(element, "href")),
            "h1" => self.heading = self.heading.or(Some(node)),
            "script" if is_json_ld(element) => self.published.json_ld(node),
            "time" => self.published.time(node, element),
            "span" | "abbr" | "p" | "div" => self.published.item(node, element),
            _ => {}
        }
    }

    fn meta(&mut self, element: &'a Element) {
        let Some(content) = attr(element, "content").map(str::trim).filter(|content| !content.is_empty()) else {
            return;
        };
        // `property` and `name` are confused everywhere; the keys tell themselves apart.
        for (name, value) in &element.attrs {
            if !matches!(&*name.local, "property" | "name" | "itemprop") {
                continue;
            }
            let key = value.trim().to_ascii_lowercase();
            match key.as_str() {
                "og:url" => self.og_url = self.og_url.or(Some(content)),
                "og:title" => self.titles[0] = self.titles[0].or(Some(content)),
                "citation_title" | "twitter:title" => self.titles[1] = self.titles[1].or(Some(content)),
                "dc.title" | "dcterms.title" | "title" => self.titles[2] = self.titles[2].or(Some(content)),
                key => self.published.meta(key, content),
            }
        }
    }

    /// The canonical address, against the page's base as browsers resolve it.
    fn canonical(&self, page: &str) -> Option<String> {
        let page = Url::parse(page).ok()?;
        let base = self.base.and_then(|href| page.join(href.trim()).ok());
        let resolve = |href: &str| {
            if href.len() > BYTES_MAX {
                return None;
            }
            let mut url = base.as_ref().unwrap_or(&page).join(href.trim()).ok()?;
            url.set_fragment(None);
            // `https://paths/17` comes of a lost host.
            let host = url.host_str().is_some_and(|host| host.contains('.'));
            let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
            (host && web && url.as_str().len() <= BYTES_MAX).then(|| url.into())
        };
        self.canonical.and_then(resolve).or_else(|| self.og_url.and_then(resolve))
    }

    fn title(&self) -> Option<String> {
        let stated = self.titles.into_iter().flatten().map(cut).map(fold_line).find(|title| !title.is_empty());
        stated.or_else(|| {
            let heading = fold_line(cut(&text(self.heading?, BYTES_MAX)));
            (!heading.is_empty()).then_some(heading)
        })
    }
}

/// At most [`BYTES_MAX`] bytes of a text, whole characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(BYTES_MAX)]
}

/// The text of a subtree; what follows `bytes` bytes is left out.
fn text(node: NodeRef<'_, Node>, bytes: usize) -> String {
    let mut out = String::new();
    for piece in node.descendants().filter_map(|inner| inner.value().as_text()) {
        out.push_str(&piece[..piece.floor_char_boundary(bytes)]);
        if out.len() > bytes {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests;
