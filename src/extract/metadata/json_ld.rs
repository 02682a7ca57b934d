//! JSON-LD: the publication date that a page's own description states.

use serde_json::Value;

/// Blocks longer than this are no description of one page.
pub(super) const BYTES_MAX: usize = 256 * 1024;
/// More descriptions of articles than this are a list of other pages.
const ARTICLES_MAX: usize = 3;

/// The `datePublished` of the page in a block of JSON-LD: an article's, else that of the page or work.
pub(super) fn date_published(block: &str) -> Option<String> {
    if block.len() > BYTES_MAX || memchr::memmem::find(block.as_bytes(), b"datePublished").is_none() {
        return None;
    }
    let value: Value = serde_json::from_str(unwrapped(block)).ok()?;
    let mut descriptions = Vec::new();
    match &value {
        Value::Array(items) => descriptions.extend(items),
        other => descriptions.push(other),
    }
    let graphs: Vec<&Value> = descriptions.iter().filter_map(|item| item.get("@graph")?.as_array()).flatten().collect();
    descriptions.extend(graphs);
    let dated: Vec<(Kind, &str)> = descriptions.into_iter().filter_map(dated).collect();
    if dated.iter().filter(|(kind, _)| *kind == Kind::Article).count() > ARTICLES_MAX {
        return None;
    }
    let article = dated.iter().find(|(kind, _)| *kind == Kind::Article);
    article.or(dated.first()).map(|(_, date)| (*date).to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Article,
    Other,
}

/// The date of a description, where it is one of a page or work.
fn dated(item: &Value) -> Option<(Kind, &str)> {
    let main = item.get("mainEntity").filter(|_| item.get("datePublished").is_none());
    let item = main.unwrap_or(item);
    let date = item.get("datePublished")?.as_str()?;
    let named = |of: &Value| of.as_str().map(|name| name.rsplit(['/', ':']).next().unwrap_or(name).to_owned());
    let kinds: Vec<String> = match item.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(named).collect(),
        Some(kind) => named(kind).into_iter().collect(),
        None => Vec::new(),
    };
    // What other people wrote below the page.
    if kinds.iter().any(|kind| matches!(kind.as_str(), "Comment" | "Review" | "Answer" | "UserReview")) {
        return None;
    }
    let article = kinds.iter().any(|kind| {
        kind.ends_with("Article")
            || kind.ends_with("Posting")
            || matches!(kind.as_str(), "Report" | "QAPage" | "Question")
    });
    Some((if article { Kind::Article } else { Kind::Other }, date))
}

/// The block without the comment or CDATA marks that templates put around scripts.
fn unwrapped(block: &str) -> &str {
    let mut rest = block.trim();
    for open in ["<!--", "//<![CDATA[", "// <![CDATA[", "/*<![CDATA[*/", "<![CDATA["] {
        rest = rest.strip_prefix(open).unwrap_or(rest).trim_start();
    }
    for close in ["-->", "//]]>", "// ]]>", "/*]]>*/", "]]>", ";"] {
        rest = rest.strip_suffix(close).unwrap_or(rest).trim_end();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(block: &str, want: Option<&str>) {
        assert_eq!(date_published(block).as_deref(), want, "{block}");
    }

    #[test]
    fn the_article_of_the_page_is_dated() {
        check(r#"{"@type":"BlogPosting","datePublished":"2019-05-03"}"#, Some("2019-05-03"));
        check(
            r#" {"@graph":[{"@type":"WebPage","datePublished":"2018-01-01"},{"@type":["Thing","https://schema.org/NewsArticle"],"datePublished":"2019-05-03"}]}"#,
            Some("2019-05-03"),
        );
        check(r#"[{"@type":"Organization"},{"@type":"WebPage","datePublished":"2019-05-03"}]"#, Some("2019-05-03"));
        check(r#"<!-- {"@type":"Book","datePublished":"2019"} -->"#, Some("2019"));
        check(
            r#"{"@type":"QAPage","mainEntity":{"@type":"Question","datePublished":"2019-05-03"}}"#,
            Some("2019-05-03"),
        );
    }

    #[test]
    fn other_pages_comments_and_broken_blocks_are_not() {
        check(r#"{"@type":"Comment","datePublished":"2019-05-03"}"#, None);
        check(r#"{"@type":"Blog","blogPost":[{"@type":"BlogPosting","datePublished":"2019-05-03"}]}"#, None);
        check(&format!("[{}1]", r#"{"@type":"Article","datePublished":"2019-05-03"},"#.repeat(9)), None);
        check(r#"{"datePublished":{"@value":1}}"#, None);
        check(r#"{"datePublished":"#, None);
        check(&format!("{}\"datePublished\"", "[".repeat(100_000)), None);
        check(&format!("{}\"datePublished\"", "[".repeat(200_000 * 2)), None);
    }
}
