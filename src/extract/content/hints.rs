//! What an element's attributes say of its role: class and id words, ARIA roles, microdata, hiding.
//!
//! Words are whole: `sub-header` has the words `sub` and `header`, `subheader` has neither.

use scraper::node::Element;

use crate::extract::tag::Tag;

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints(u32);

impl Hints {
    /// Navigation, advertising, sharing, forms: furniture whatever page it stands on.
    pub const BOILERPLATE: Self = Self(1);
    /// Readers' comments.
    pub const COMMENTS: Self = Self(1 << 1);
    /// Not shown.
    pub const HIDDEN: Self = Self(1 << 2);
    /// The main text.
    pub const CONTENT: Self = Self(1 << 3);
    /// About the text: author, date, tags.
    pub const META: Self = Self(1 << 4);
    /// A posting of a discussion, a question or an answer.
    pub const POSTING: Self = Self(1 << 5);
    /// A link with an address.
    pub const LINK: Self = Self(1 << 6);
    /// A table that is declared to be layout.
    pub const LAYOUT: Self = Self(1 << 7);
    /// A note, hint or warning inside the text.
    pub const NOTE: Self = Self(1 << 8);
    /// Microdata or ARIA name this very element as the main text.
    pub const MAIN_TEXT: Self = Self(1 << 9);
    /// A mark that only helps reading on screen: line numbers, permalinks, edit links.
    pub const MARKER: Self = Self(1 << 10);
    /// A picture's caption or credit.
    pub const CAPTION: Self = Self(1 << 11);
    /// Line numbers beside code.
    pub const GUTTER: Self = Self(1 << 12);
    /// The page says by its markup that it is a thread: a forum's topic, a question with its answers.
    pub const THREAD: Self = Self(1 << 13);
    /// About who wrote a posting, votes, and what can be done with it.
    pub const USER: Self = Self(1 << 14);
    /// What someone else wrote, in a posting.
    pub const QUOTE: Self = Self(1 << 15);
    /// A part of a forum.
    pub const FORUM: Self = Self(1 << 17);
    /// Code that is laid out without `pre`.
    pub const LISTING: Self = Self(1 << 16);

    /// Whether all of `other` is in the set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn only(self, of: Self) -> Self {
        Self(self.0 & of.0)
    }

    fn without(self, of: Self) -> Self {
        Self(self.0 & !of.0)
    }

    fn add(&mut self, other: Self) {
        *self = self.union(other);
    }
}

/// The roles of an element.
#[must_use]
pub fn of(tag: Tag, element: &Element) -> Hints {
    let mut hints = Hints::default();
    for (name, value) in element.attrs() {
        match name.as_bytes() {
            b"class" | b"id" => {
                let mut hook = false;
                each_word(value, |previous, word, modifier| {
                    // Page builders call every part of a page a widget.
                    let of_builder = previous == b"elementor" && word == b"widget";
                    // What scripts do with an element is not what it is.
                    hook = if previous.is_empty() { word == b"js" } else { hook };
                    if !is_state(previous) && !of_builder {
                        let said = of_pair(previous, word).union(of_word(word));
                        // `section--ads` is a section that holds advertisements.
                        let of_ads = modifier && matches!(word, b"ad" | b"ads" | b"advert" | b"adverts");
                        let said = if of_ads { said.without(Hints::BOILERPLATE) } else { said };
                        hints.add(if hook { said.only(Hints::POSTING.union(Hints::USER)) } else { said });
                    }
                });
            }
            b"role" => hints.add(of_role(value.trim())),
            b"hidden" if !value.eq_ignore_ascii_case("until-found") => hints.add(Hints::HIDDEN),
            b"aria-hidden" if value == "true" => hints.add(Hints::HIDDEN),
            b"style" if hides(value) => hints.add(Hints::HIDDEN),
            b"href" if tag == Tag::Link && !value.is_empty() => hints.add(Hints::LINK),
            b"itemprop" => hints.add(of_property(value)),
            b"itemtype" => hints.add(of_type(value)),
            _ => {}
        }
    }
    match tag {
        Tag::Nav => hints.add(Hints::BOILERPLATE),
        Tag::Main => hints.add(Hints::MAIN_TEXT),
        Tag::Article => hints.add(Hints::CONTENT),
        _ => {}
    }
    hints
}

/// Whether inline style hides the element.
fn hides(style: &str) -> bool {
    style.split(';').filter_map(|rule| rule.split_once(':')).any(|(property, value)| {
        let (property, value) = (property.trim(), value.trim());
        property.eq_ignore_ascii_case("display") && starts_with(value, "none")
            || property.eq_ignore_ascii_case("visibility") && starts_with(value, "hidden")
    })
}

fn starts_with(value: &str, start: &str) -> bool {
    value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn of_role(role: &str) -> Hints {
    match role.as_bytes() {
        b"navigation" | b"banner" | b"contentinfo" | b"complementary" | b"search" | b"dialog" | b"alertdialog"
        | b"menu" | b"menubar" | b"toolbar" | b"tooltip" => Hints::BOILERPLATE,
        b"main" => Hints::MAIN_TEXT,
        b"article" => Hints::CONTENT,
        b"presentation" | b"none" => Hints::LAYOUT,
        b"note" => Hints::NOTE,
        _ => Hints::default(),
    }
}

fn of_property(property: &str) -> Hints {
    match property {
        "articleBody" => Hints::MAIN_TEXT,
        "author" | "datePublished" | "dateModified" | "publisher" | "keywords" => Hints::META,
        "comment" => Hints::COMMENTS,
        "acceptedAnswer" | "suggestedAnswer" => Hints::POSTING,
        _ => Hints::default(),
    }
}

fn of_type(address: &str) -> Hints {
    match address.rsplit('/').next() {
        Some("QAPage" | "DiscussionForumPosting") => Hints::THREAD,
        Some("Question" | "Answer") => Hints::POSTING,
        _ => Hints::default(),
    }
}

/// Longest word looked at; longer ones are generated names.
const WORD_BYTES_MAX: usize = 20;

/// Calls `each` with the words of a class or id, the word before, and whether two dashes stand between them, in lower
/// case: runs of letters, split before an inner capital.
fn each_word(value: &str, mut each: impl FnMut(&[u8], &[u8], bool)) {
    let (mut word, mut previous) = ([0u8; WORD_BYTES_MAX], [0u8; WORD_BYTES_MAX]);
    let (mut length, mut previous_length) = (0, 0);
    let (mut after_lower, mut dashes, mut modifier) = (false, 0, false);
    for byte in value.bytes().chain([b' ']) {
        let upper = byte.is_ascii_uppercase();
        if (!byte.is_ascii_alphabetic() || upper && after_lower) && length > 0 {
            if length <= WORD_BYTES_MAX {
                each(&previous[..previous_length], &word[..length], modifier);
                (previous, previous_length) = (word, length);
            }
            length = 0;
        }
        if byte.is_ascii_alphabetic() {
            if length == 0 {
                modifier = dashes >= 2;
            }
            if length < WORD_BYTES_MAX {
                word[length] = byte.to_ascii_lowercase();
            }
            length += 1;
        }
        dashes = if byte == b'-' { dashes + 1 } else { 0 };
        if byte.is_ascii_whitespace() {
            previous_length = 0;
        }
        after_lower = byte.is_ascii_lowercase();
    }
}

/// Whether the word before makes of a word a state of the element (`has-sidebar`, `no-ads`), not what it is.
fn is_state(previous: &[u8]) -> bool {
    matches!(
        previous,
        b"has"
            | b"no"
            | b"not"
            | b"with"
            | b"without"
            | b"enable"
            | b"enabled"
            | b"disable"
            | b"is"
            | b"show"
            | b"hide"
    )
}

/// Roles that two words have only together.
fn of_pair(previous: &[u8], word: &[u8]) -> Hints {
    if is_posting(previous, word) {
        return Hints::POSTING;
    }
    if is_user(previous, word) {
        return Hints::USER;
    }
    if matches!((previous, word), (b"line", b"number" | b"numbers" | b"nos") | (b"ln", b"numbers") | (b"blob", b"num"))
    {
        return Hints::GUTTER;
    }
    if matches!((previous, word), (b"footnote" | b"fn", b"back" | b"backref" | b"return") | (b"cite", b"backlink")) {
        return Hints::MARKER;
    }
    if matches!((previous, word), (b"quote", b"container" | b"text") | (b"bbcode", b"quote")) {
        return Hints::QUOTE;
    }
    if matches!((previous, word), (b"line", b"container")) {
        return Hints::LISTING;
    }
    if matches!((previous, word), (b"question", b"page") | (b"thread" | b"topic", b"view")) {
        return Hints::THREAD;
    }
    let furniture = match previous {
        b"more" => matches!(word, b"news" | b"stories" | b"posts" | b"articles" | b"from" | b"links" | b"on" | b"in"),
        b"most" => matches!(word, b"read" | b"popular" | b"viewed" | b"shared" | b"commented"),
        b"top" => matches!(word, b"stories" | b"news" | b"posts" | b"bar" | b"menu" | b"nav"),
        b"latest" | b"recent" | b"breaking" => {
            matches!(word, b"news" | b"posts" | b"stories" | b"articles" | b"comments" | b"entries")
        }
        b"read" => matches!(word, b"next" | b"more" | b"also"),
        b"also" => matches!(word, b"like" | b"read"),
        b"up" => word == b"next",
        b"see" => word == b"also",
        b"next" | b"prev" | b"previous" | b"other" => matches!(word, b"post" | b"posts" | b"article" | b"articles"),
        b"site" | b"page" | b"global" => matches!(word, b"header" | b"head" | b"footer" | b"nav"),
        b"right" | b"left" => matches!(word, b"rail" | b"nav"),
        b"call" => word == b"to",
        _ => false,
    };
    if furniture { Hints::BOILERPLATE } else { Hints::default() }
}

/// Parts of a posting that hold what was posted.
fn is_posting(previous: &[u8], word: &[u8]) -> bool {
    match previous {
        b"post" => matches!(word, b"stream" | b"item" | b"body" | b"message" | b"html" | b"content" | b"text"),
        b"message" => matches!(word, b"body" | b"content" | b"text"),
        b"crawler" => word == b"post",
        b"usertext" => word == b"body",
        _ => false,
    }
}

/// Parts of a posting that are about its author, its votes, or what readers can do with it.
fn is_user(previous: &[u8], word: &[u8]) -> bool {
    match previous {
        b"user" => matches!(
            word,
            b"info"
                | b"card"
                | b"details"
                | b"profile"
                | b"name"
                | b"panel"
                | b"meta"
                | b"stats"
                | b"title"
                | b"avatar"
        ),
        b"post" => matches!(
            word,
            b"author"
                | b"menu"
                | b"signature"
                | b"buttons"
                | b"time"
                | b"date"
                | b"likes"
                | b"controls"
                | b"meta"
                | b"infos"
                | b"taglist"
                | b"actions"
                | b"stats"
                | b"username"
                | b"links"
                | b"count"
                | b"number"
                | b"footer"
                | b"notice"
                | b"edited"
                | b"header"
        ),
        b"comment" => matches!(
            word,
            b"user"
                | b"date"
                | b"score"
                | b"actions"
                | b"meta"
                | b"author"
                | b"form"
                | b"info"
                | b"header"
                | b"footer"
                | b"links"
                | b"metadata"
                | b"time"
        ),
        b"message" => {
            matches!(word, b"user" | b"attribution" | b"meta" | b"footer" | b"signature" | b"avatar" | b"edit")
        }
        b"topic" => matches!(word, b"meta" | b"map" | b"category" | b"stats" | b"actions"),
        b"answer" | b"question" | b"content" => {
            matches!(word, b"actions" | b"stats" | b"author" | b"user" | b"time")
        }
        b"author" => matches!(word, b"info" | b"card" | b"box" | b"name"),
        b"vote" | b"votes" => matches!(word, b"count" | b"buttons" | b"arrows" | b"button"),
        b"item" => matches!(word, b"actions" | b"time" | b"meta"),
        b"reply" => matches!(word, b"tail" | b"actions" | b"author" | b"user" | b"time"),
        b"number" => word == b"board",
        b"action" => word == b"bar",
        b"tail" => word == b"info",
        _ => false,
    }
}

fn of_word(word: &[u8]) -> Hints {
    match word {
        // Ways around the site.
        b"nav" | b"navi" | b"navbar" | b"navigation" | b"navbox" | b"navlinks" | b"navheader" | b"navfooter"
        | b"navpath" | b"menu" | b"menus" | b"submenu" | b"topmenu" | b"menubar" | b"breadcrumb" | b"breadcrumbs"
        | b"crumb" | b"crumbs" | b"sidebar" | b"sidenav" | b"sidemenu" | b"sphinxsidebar" | b"toolbar" | b"topbar"
        | b"pagination" | b"pager" | b"paginate" | b"pagenav" | b"prevnext" | b"catlinks" | b"sitemap" | b"masthead"
        | b"footer" | b"pagefooter" | b"printfooter" | b"colophon" | b"skiplink" | b"skip" | b"jumplinks"
        | b"searchbox" | b"searchform"
        // Other pages.
        | b"related" | b"recommended" | b"recommend" | b"recommendation" | b"recommendations" | b"recirc"
        | b"trending" | b"popular" | b"mostread" | b"teaser" | b"teasers" | b"readmore" | b"seealso" | b"widget"
        | b"widgets" | b"gallery" | b"slideshow" | b"tagcloud" | b"taglist" | b"tags" | b"blogroll" | b"carousel"
        // Sharing, accounts, money.
        | b"share" | b"sharing" | b"sharebar" | b"sharedaddy" | b"social" | b"socials" | b"addthis" | b"addtoany"
        | b"sharethis" | b"newsletter" | b"newsletters" | b"subscribe" | b"subscription" | b"signup" | b"signin"
        | b"login" | b"promo" | b"promos" | b"promotion" | b"sponsor" | b"sponsored" | b"sponsors"
        | b"advert" | b"adverts" | b"advertisement" | b"advertising" | b"ad" | b"ads" | b"adsbygoogle" | b"adsense"
        | b"adunit" | b"dfp" | b"taboola" | b"outbrain" | b"donate" | b"cta"
        // Over the page.
        | b"cookie" | b"cookies" | b"consent" | b"gdpr" | b"popup" | b"modal" | b"lightbox" | b"offcanvas"
        | b"tooltip" | b"noprint" | b"workflowr" | b"feedback" | b"ratings" | b"toc" => Hints::BOILERPLATE,
        b"comments" | b"commentlist" | b"disqus" | b"respond" | b"livefyre" => Hints::COMMENTS,
        b"byline" | b"copyright" | b"dateline" | b"timestamp" | b"author" | b"authors" | b"postmeta" | b"metadata" | b"pubdate"
        | b"published" | b"credits" | b"bio" => Hints::META,
        b"headerlink" | b"permalink" | b"editsection" | b"viewcode" | b"toctogglelabel" | b"jumplink" | b"backlink" | b"reversefootnote" => Hints::MARKER,
        b"admonition" | b"note" | b"warning" | b"tip" | b"callout" | b"theorem" | b"proof" | b"definition"
        | b"remark" | b"lemma" | b"exercise" | b"solution" | b"example" | b"marginnote" | b"sidenote"
        | b"footnote" | b"footnotes" | b"embed" | b"embedded" | b"tweet" => Hints::NOTE,
        b"caption" | b"captions" | b"credit" | b"imagecaption" | b"photocredit" => Hints::CAPTION,
        b"content" | b"contents" | b"story" | b"post" | b"entry" | b"maincontent" | b"articlebody" | b"mainbody"
        | b"document" | b"markdown" => Hints::CONTENT,
        b"answer" | b"question" | b"postcell" | b"answercell" | b"postrow" | b"postbit" | b"postcontainer" | b"message"
        | b"usertext" => Hints::POSTING,
        b"postbody" | b"postcontent" | b"messagetext" => Hints::CONTENT.union(Hints::POSTING),
        b"forum" | b"forums" => Hints::FORUM,
        b"viewtopic" | b"showthread" | b"viewthread" => Hints::THREAD,
        b"bigusername" | b"postmenu" | b"thead" | b"userinfo" | b"username" | b"usercard" | b"postprofile" | b"postauthor" | b"postdetails" | b"posthead"
        | b"postfoot" | b"postcontrols" | b"poststats" | b"postdate" | b"postbuttons" | b"postlinking" | b"avatar" | b"signature" | b"reputation"
        | b"votecell" | b"voting" | b"votelinks" | b"comhead" | b"tagline" | b"midcol" | b"flair" | b"lastedited"
        | b"upvote" | b"downvote" | b"likes" | b"reactions" | b"voter" | b"votecount" => Hints::USER,
        b"gutter" | b"linenodiv" | b"linenos" | b"lineno" | b"linenumber" | b"linenumbers" => Hints::GUTTER,
        b"quotecontent" | b"quote" => Hints::QUOTE,
        b"syntaxhighlighter" => Hints::LISTING,
        _ => Hints::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(value: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(value, |_, word, _| words.push(String::from_utf8_lossy(word).into_owned()));
        words
    }

    #[test]
    fn words_are_split_at_signs_digits_and_inner_capitals() {
        assert_eq!(words("main-nav articleBody  x2_y"), ["main", "nav", "article", "body", "x", "y"]);
        assert_eq!(words("HTML NavBar"), ["html", "nav", "bar"]);
        assert!(words(&"a".repeat(30)).is_empty());
        assert!(words("").is_empty());
    }

    #[test]
    fn some_words_mean_something_only_together() {
        let of = |value: &str| {
            let mut hints = Hints::default();
            each_word(value, |previous, word, _| hints.add(of_pair(previous, word)));
            hints
        };
        assert!(of("c-most-read").has(Hints::BOILERPLATE) && of("mostRead").has(Hints::BOILERPLATE));
        assert_eq!(of("most read"), Hints::default());
        assert_eq!(of("read-most"), Hints::default());
    }

    #[test]
    fn style_hides_by_display_and_visibility_only() {
        assert!(hides("color:red; DISPLAY : none !important"));
        assert!(hides("visibility:hidden"));
        assert!(!hides("display:block;overflow:hidden"));
    }
}
