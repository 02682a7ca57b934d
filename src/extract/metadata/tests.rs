use super::*;

const FETCHED: &str = "2020-01-01T00:00:00Z";

fn metadata(url: &str, markup: &str) -> Metadata {
    let capture = Capture {
        url: url.into(),
        fetched_at_ms: date::parse(FETCHED),
        warc: "x.warc.gz".into(),
        warc_offset: 0,
        warc_length: 0,
    };
    read(&Html::parse_document(markup), &capture)
}

#[track_caller]
fn canonical(markup: &str, want: Option<&str>) {
    assert_eq!(metadata("https://example.org/a/b?c=d", markup).canonical_url.as_deref(), want, "{markup}");
}

/// The date is checked as a day.
#[track_caller]
fn published(markup: &str, want: Option<&str>) {
    let got = metadata("https://example.org/a", markup).published_at_ms;
    assert_eq!(got, want.and_then(date::parse), "{markup}");
}

#[test]
fn the_canonical_address_is_absolute() {
    canonical("<link rel=canonical href=/x>", Some("https://example.org/x"));
    canonical("<link rel='shortlink CANONICAL' href='y#part'>", Some("https://example.org/a/y"));
    canonical("<base href='//cdn.example.com/z/'><link rel=canonical href=y>", Some("https://cdn.example.com/z/y"));
    canonical(
        "<link rel=alternate href=/x><meta property=og:url content=http://example.org/o>",
        Some("http://example.org/o"),
    );
    canonical("<link rel=canonical href=''><meta name=og:url content=/o>", Some("https://example.org/o"));
    canonical("<link rel=canonical href=/1><link rel=canonical href=/2>", Some("https://example.org/1"));
    canonical("<p>none", None);
}

#[test]
fn only_web_addresses_of_a_sane_length_are_canonical() {
    canonical("<link rel=canonical href='javascript:void(0)'>", None);
    canonical("<link rel=canonical href='file:///c:/x.html'>", None);
    canonical("<link rel=canonical href='https://user@example.org/'>", None);
    canonical("<link rel=canonical href='http://'>", None);
    canonical("<link rel=canonical href='//page/17'><meta property=og:url content=/o>", Some("https://example.org/o"));
    canonical(&format!("<link rel=canonical href='/{}'>", "x".repeat(BYTES_MAX)), None);
}

#[test]
fn dates_by_trust() {
    let parts = [
        (
            "<script type=application/ld+json>{\"@type\":\"Article\",\"datePublished\":\"2011-01-01\"}</script>",
            "2011-01-01",
        ),
        ("<meta property=article:published_time content=2012-01-01>", "2012-01-01"),
        ("<span itemprop=datePublished content=2013-01-01></span>", "2013-01-01"),
        ("<meta name=DC.Date.Issued content=2014-01-01>", "2014-01-01"),
        ("<meta name=citation_publication_date content=2015/01/01>", "2015-01-01"),
        ("<meta name=parsely-pub-date content=2016-01-01>", "2016-01-01"),
        ("<time class=entry-date datetime=2017-01-01>x</time>", "2017-01-01"),
        ("<article><time datetime=2018-01-01>x</time></article>", "2018-01-01"),
    ];
    for first in 0..parts.len() {
        let page: String = parts[first..].iter().rev().map(|(markup, _)| *markup).collect();
        published(&page, Some(parts[first].1));
    }
}

#[test]
fn times_of_other_things_are_not_the_pages() {
    published("<time datetime=2018-01-01>", Some("2018-01-01"));
    published("<time datetime=2018-01-01></time> <time datetime=2018-02-01></time>", None);
    published("<ul><li><time datetime=2018-01-01></ul>", None);
    published("<article><aside><time datetime=2018-01-01>x</time></aside></article>", None);
    published("<article><time class=updated datetime=2018-01-01>x</time></article>", None);
    published("<main><div class=comment-body><time datetime=2018-01-01>x</time></div></main>", None);
    published("<div id=comments><time itemprop=datePublished datetime=2018-01-01>x</time></div>", None);
    let teaser = "<article><time class=published datetime=2018-01-01>x</time></article>";
    published(&teaser.repeat(5), None);
    let items: String =
        (1..5).map(|n| format!("<i>post</i><span itemprop=datePublished content=2018-01-0{n}></span>")).collect();
    published(&items, None);
    let posts = (1..5).map(|n| {
        format!("<article><time itemprop='dateCreated datePublished' datetime=2018-01-0{n}>x</time></article>")
    });
    published(&posts.collect::<String>(), None);
    published("<time itemprop='dateCreated datePublished' datetime=2018-01-01>x</time>", Some("2018-01-01"));
    published(
        &format!("{teaser}<article class=comment><time datetime=2019-01-01>x</time></article>"),
        Some("2018-01-01"),
    );
}

#[test]
fn implausible_dates_give_way() {
    published("<meta name=date content=1970-01-01>", None);
    published("<meta name=date content=2020-01-03>", None);
    published("<meta name=date content=2020-01-02>", Some("2020-01-02"));
    published(
        "<meta property=article:published_time content=0001-01-01><meta name=date content=2019-01-01>",
        Some("2019-01-01"),
    );
    let path = |url| metadata(url, "<meta name=date content=1970-01-01>").published_at_ms;
    assert_eq!(path("https://example.org/2019/05/03/limits"), date::parse("2019-05-03"));
    assert_eq!(path("https://example.org/2029/05/03/limits"), None);
}

#[test]
fn a_title_from_elsewhere() {
    let title = |markup: &str| metadata("https://example.org/a", markup).title;
    assert_eq!(title("<h1> On <i>limits</i>\n</h1>").as_deref(), Some("On limits"));
    assert_eq!(title("<meta property=og:title content=' On  sums '><h1>x</h1>").as_deref(), Some("On sums"));
    assert_eq!(title("<h1> </h1>"), None);
    assert!(title(&format!("<h1>{}</h1>", "数".repeat(1_000_000))).is_some_and(|title| title.len() <= BYTES_MAX));
}
