//! When a page was published: what its parts state, the most trustworthy first.

use ego_tree::NodeRef;
use scraper::Node;
use scraper::node::Element;
use url::Url;

use super::{attr, date, json_ld, text};
use crate::page::Capture;

/// 1990-01-01: the web has no older pages.
const EARLIEST_MS: i64 = 631_152_000_000;
/// 2100-01-01, for captures without a date of their own.
const LATEST_MS: i64 = 4_102_444_800_000;
const DAY_MS: i64 = 86_400_000;
/// JSON-LD blocks, `time` elements, and elements that name themselves a date, looked at.
const LOOKS_MAX: usize = 64;
/// More dates of publication than this are those of other pages.
const ITEMS_MAX: usize = 2;

/// Where a date is stated, the most trustworthy first.
#[derive(Clone, Copy, Debug)]
enum Source {
    JsonLd,
    Meta,
    Item,
    DublinCore,
    Citation,
    /// Names that are the habit of one tool or site.
    Habit,
    /// A `time` element that is marked as the publication's.
    MarkedTime,
    /// A `time` element at the head of the article, or the only one of the page.
    Time,
}

const SOURCES: usize = Source::Time as usize + 1;

/// Dates of which one alone says something.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Lone {
    #[default]
    None,
    One(i64),
    Several,
}

/// The first date of each source.
#[derive(Default)]
pub(super) struct Published<'a> {
    dates: [Option<i64>; SOURCES],
    looks: usize,
    /// Whether `time` elements stand in several articles: the page is a list of them.
    listing: bool,
    /// Different dates that elements of the body state as the publication's.
    items: Vec<i64>,
    /// The date of an unmarked `time` element that stands in nothing telling.
    lone: Lone,
    /// The `article` around the first unmarked `time`.
    article: Option<NodeRef<'a, Node>>,
}

impl<'a> Published<'a> {
    fn state(&mut self, source: Source, raw: &str) {
        let slot = &mut self.dates[source as usize];
        *slot = slot.or_else(|| date::parse(raw));
    }

    /// A `meta` element; the key is in lower case.
    pub(super) fn meta(&mut self, key: &str, content: &str) {
        let source = match key {
            "article:published_time"
            | "og:article:published_time"
            | "article:published"
            | "og:published_time"
            | "article.published" => Source::Meta,
            "datepublished" => Source::Item,
            "dc.date" | "dc.date.issued" | "dc.date.created" | "dcterms.date" | "dcterms.issued"
            | "dcterms.created" | "dc.issued" | "dc.created" => Source::DublinCore,
            "citation_publication_date" | "citation_date" | "citation_online_date" | "prism.publicationdate" => {
                Source::Citation
            }
            "parsely-pub-date"
            | "sailthru.date"
            | "pubdate"
            | "publishdate"
            | "publish_date"
            | "publish-date"
            | "publication_date"
            | "publication-date"
            | "bt:pubdate"
            | "date"
            | "cxenseparse:recs:publishtime" => Source::Habit,
            _ => return,
        };
        self.state(source, content);
    }

    /// An element whose `itemprop` or microformat class may name it the date.
    pub(super) fn item(&mut self, node: NodeRef<'a, Node>, element: &'a Element) {
        let said = attr(element, "itemprop").is_some_and(|properties| names(properties, "datePublished"));
        let microformat = &*element.name.local == "abbr"
            && attr(element, "class").is_some_and(|class| class.split_ascii_whitespace().any(|c| c == "published"));
        if !said && !microformat || self.items.len() > ITEMS_MAX {
            return;
        }
        self.looks += 1;
        if self.looks > LOOKS_MAX || in_comments(node) {
            return;
        }
        let stated = attr(element, "content").or_else(|| attr(element, "datetime")).or_else(|| attr(element, "title"));
        let date = match stated {
            Some(stated) => date::parse(stated),
            None => date::parse(&text(node, 64)),
        };
        if let Some(date) = date.filter(|date| !self.items.contains(date)) {
            self.items.push(date);
        }
    }

    /// A script of JSON-LD.
    pub(super) fn json_ld(&mut self, node: NodeRef<'a, Node>) {
        self.looks += 1;
        if self.dates[Source::JsonLd as usize].is_some() || self.looks > LOOKS_MAX {
            return;
        }
        let block = text(node, json_ld::BYTES_MAX);
        if let Some(date) = json_ld::date_published(&block) {
            self.state(Source::JsonLd, &date);
        }
    }

    /// A `time` element.
    pub(super) fn time(&mut self, node: NodeRef<'a, Node>, element: &'a Element) {
        self.item(node, element);
        let Some(stated) = attr(element, "datetime").filter(|stated| stated.len() >= 8) else { return };
        self.looks += 1;
        if self.looks > LOOKS_MAX || self.listing {
            return;
        }
        let class = attr(element, "class").unwrap_or_default();
        let property = attr(element, "itemprop").unwrap_or_default();
        let marked = attr(element, "pubdate").is_some()
            || names(property, "dateCreated")
            || class.split_ascii_whitespace().any(|c| matches!(c, "published" | "entry-date" | "dt-published"));
        let changed = names(property, "dateModified") || class.contains("updated");
        if !marked && changed {
            return;
        }
        match place(node) {
            Place::Head(article) => {
                if let (Some(first), Some(this)) = (self.article, article)
                    && first.id() != this.id()
                {
                    self.listing = true;
                    return;
                }
                self.article = self.article.or(article);
                self.state(if marked { Source::MarkedTime } else { Source::Time }, stated);
            }
            Place::Body if marked => self.state(Source::MarkedTime, stated),
            Place::Body => {
                self.lone = match (date::parse(stated), self.lone) {
                    (Some(date), Lone::None) => Lone::One(date),
                    (Some(date), Lone::One(other)) if date == other => Lone::One(date),
                    _ => Lone::Several,
                };
            }
            Place::Aside => {}
        }
    }

    /// The best date that can be right, else that of the address.
    pub(super) fn choose(&self, capture: &Capture) -> Option<i64> {
        let latest = capture.fetched_at_ms.map_or(LATEST_MS, |fetched| fetched.saturating_add(DAY_MS));
        let plausible = |date: &i64| (EARLIEST_MS..=latest).contains(date);
        let path = || date::in_path(Url::parse(&capture.url).ok()?.path());
        let mut dates = self.dates;
        let items_max = if self.listing { 1 } else { ITEMS_MAX };
        if let Some(first) = self.items.first().filter(|_| self.items.len() <= items_max) {
            dates[Source::Item as usize].get_or_insert(*first);
        }
        match self.lone {
            _ if self.listing => {
                dates[Source::MarkedTime as usize] = None;
                dates[Source::Time as usize] = None;
            }
            Lone::One(date) => _ = dates[Source::Time as usize].get_or_insert(date),
            Lone::None | Lone::Several => {}
        }
        dates.into_iter().flatten().find(plausible).or_else(|| path().filter(plausible))
    }
}

/// Whether a list of words has this one, whatever its case.
fn names(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|named| named.eq_ignore_ascii_case(word))
}

/// Where a `time` element stands.
enum Place<'a> {
    /// In an article, main element or header; the outermost `article` around it.
    Head(Option<NodeRef<'a, Node>>),
    /// In nothing that says what it is.
    Body,
    /// In what is not the page's own: navigation, comments, lists.
    Aside,
}

fn place(node: NodeRef<'_, Node>) -> Place<'_> {
    let (mut article, mut head) = (None, false);
    for ancestor in node.ancestors() {
        let Some(element) = ancestor.value().as_element() else { continue };
        match &*element.name.local {
            "nav" | "aside" | "footer" | "li" | "table" => return Place::Aside,
            "article" => article = Some(ancestor),
            "main" | "header" => head = true,
            _ => {}
        }
        if names_comments(element) {
            return Place::Aside;
        }
    }
    if head || article.is_some() { Place::Head(article) } else { Place::Body }
}

fn in_comments(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().filter_map(|ancestor| ancestor.value().as_element()).any(names_comments)
}

/// Whether an element's class, id or type says that comments are in it.
fn names_comments(element: &Element) -> bool {
    ["class", "id", "itemtype"].into_iter().filter_map(|name| attr(element, name)).any(|value| {
        value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            matches!(word, "comment" | "comments" | "commentlist" | "Comment" | "Answer" | "answer" | "related")
        })
    })
}
