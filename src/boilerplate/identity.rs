//! Which pages of a site are versions of one page.

use xxhash_rust::xxh3::Xxh3;

/// A number for what a page is about, by its title and the last part of its address: versions of one page, as in
/// `/v1.2/limits.html` and `/stable/limits.html`, have the same. Digits of the title make no difference.
#[must_use]
pub fn identity(url: &str, title: &str) -> u64 {
    let mut hash = Xxh3::new();
    let mut buffer = [0; 4];
    for c in title.chars().flat_map(char::to_lowercase).filter(|c| !c.is_numeric()) {
        hash.update(c.encode_utf8(&mut buffer).as_bytes());
    }
    hash.update(b"\0");
    hash.update(last_part(url).as_bytes());
    hash.digest()
}

/// The last part of an address's path, names of default documents left out, with the query.
fn last_part(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let Some(path) = url[after_scheme..].find('/').map(|at| after_scheme + at) else { return "" };
    let query = url[path..].find('?').map_or(url.len(), |at| path + at);
    let mut end = query;
    loop {
        let trimmed = url[path..end].trim_end_matches('/');
        let start = path + trimmed.rfind('/').map_or(0, |at| at + 1);
        let name = &url[start..path + trimmed.len()];
        let default = name.starts_with("index.") || name.starts_with("default.");
        if default && query == url.len() && start > path {
            end = start;
            continue;
        }
        return &url[start..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(a: (&str, &str), b: (&str, &str), want: bool) {
        assert_eq!(identity(a.0, a.1) == identity(b.0, b.1), want, "{a:?} {b:?}");
    }

    #[test]
    fn versions_of_a_page_are_one() {
        same(
            ("https://a.example/v1/limits.html", "Limits 1.2"),
            ("https://a.example/v2/limits.html", "limits 3.4"),
            true,
        );
        same(("https://a.example/v9/x.html", "Manual 9.0"), ("https://a.example/v10/x.html", "Manual 10.0"), true);
        same(("https://a.example/v1/x.html", "T"), ("https://a.example/v1/y.html", "T"), false);
        same(("https://a.example/1/view", "One"), ("https://a.example/2/view", "Two"), false);
        same(("https://a.example/q?id=1", "T"), ("https://a.example/q?id=2", "T"), false);
    }

    #[test]
    fn the_last_part_is_found_in_any_address() {
        for (url, want) in [
            ("https://a.example", ""),
            ("https://a.example/", "/"),
            ("https://a.example/b/c#d", "c"),
            ("https://a.example/b/c/", "c/"),
            ("https://a.example/b/index.html", "b/index.html"),
            ("https://a.example/b/index.php?p=3", "index.php?p=3"),
            ("no address", ""),
            ("", ""),
        ] {
            assert_eq!(last_part(url), want, "{url}");
        }
    }
}
