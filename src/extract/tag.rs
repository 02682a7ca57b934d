//! What an element is to extraction: its name, reduced to the distinctions that content and text make.

/// An element's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A block without a meaning of its own: `div`, `section`, `form`, `center`, …
    Block,
    /// `body`.
    Body,
    /// `p`.
    Paragraph,
    /// `main`.
    Main,
    /// `article`.
    Article,
    /// `header`.
    Header,
    /// `footer`.
    Footer,
    /// `nav` and `menu`.
    Nav,
    /// `aside`.
    Aside,
    /// `h1` to `h6`.
    Heading(u8),
    /// `ul`.
    List,
    /// `ol`.
    OrderedList,
    /// `li`.
    Item,
    /// `dt`.
    Term,
    /// `dd`.
    Definition,
    /// `table`.
    Table,
    /// `thead`, `tbody`, `tfoot`.
    RowGroup,
    /// `tr`.
    Row,
    /// `td`.
    Cell,
    /// `th`.
    HeaderCell,
    /// `pre`, `listing`, `xmp`, `plaintext`.
    Pre,
    /// `blockquote`.
    Quote,
    /// `figure`.
    Figure,
    /// `figcaption` and `caption`.
    Caption,
    /// `hr`.
    Rule,
    /// `a`.
    Link,
    /// `code`, `kbd`, `samp`.
    Code,
    /// `br`.
    Break,
    /// `sup`.
    Superscript,
    /// `sub`.
    Subscript,
    /// Any other inline element, known or not.
    Inline,
    /// `noscript`: what the page shows where its scripts do not run.
    Noscript,
    /// Never content: scripts, styles, controls, embedded media.
    Skip,
}

impl Tag {
    /// The kind of an element of this local name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.as_bytes() {
            b"div" | b"section" | b"form" | b"center" | b"fieldset" | b"details" | b"summary" | b"address" | b"dl"
            | b"dir" | b"hgroup" | b"html" | b"frameset" | b"noframes" | b"legend" | b"optgroup" | b"multicol"
            | b"search" => Self::Block,
            b"body" => Self::Body,
            b"p" => Self::Paragraph,
            b"main" => Self::Main,
            b"article" => Self::Article,
            b"header" => Self::Header,
            b"footer" => Self::Footer,
            b"nav" | b"menu" => Self::Nav,
            b"aside" => Self::Aside,
            b"h1" => Self::Heading(1),
            b"h2" => Self::Heading(2),
            b"h3" => Self::Heading(3),
            b"h4" => Self::Heading(4),
            b"h5" => Self::Heading(5),
            b"h6" => Self::Heading(6),
            b"ul" => Self::List,
            b"ol" => Self::OrderedList,
            b"li" => Self::Item,
            b"dt" => Self::Term,
            b"dd" => Self::Definition,
            b"table" => Self::Table,
            b"thead" | b"tbody" | b"tfoot" => Self::RowGroup,
            b"tr" => Self::Row,
            b"td" => Self::Cell,
            b"th" => Self::HeaderCell,
            b"pre" | b"listing" | b"xmp" | b"plaintext" => Self::Pre,
            b"blockquote" => Self::Quote,
            b"figure" => Self::Figure,
            b"figcaption" | b"caption" => Self::Caption,
            b"hr" => Self::Rule,
            b"a" => Self::Link,
            b"code" | b"kbd" | b"samp" => Self::Code,
            b"br" => Self::Break,
            b"sup" => Self::Superscript,
            b"sub" => Self::Subscript,
            b"script" | b"style" | b"template" | b"head" | b"svg" | b"canvas" | b"iframe" | b"object" | b"embed"
            | b"audio" | b"video" | b"button" | b"select" | b"textarea" | b"input" | b"map" | b"datalist"
            | b"dialog" | b"meta" | b"link" | b"title" | b"rp" | b"rt" | b"noembed" | b"applet" | b"progress"
            | b"meter" | b"param" | b"source" | b"track" | b"colgroup" | b"col" | b"frame" | b"base" => Self::Skip,
            b"noscript" => Self::Noscript,
            _ => Self::Inline,
        }
    }

    /// Whether the element breaks the line before and after itself.
    #[must_use]
    pub fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Link | Self::Code | Self::Break | Self::Superscript | Self::Subscript | Self::Inline | Self::Skip
        )
    }
}
