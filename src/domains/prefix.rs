//! Where a page stands below its domain, and prefixes of such places.
//!
//! ```text
//! /wiki                   /wiki, /wiki/…, /wiki?… on every host of the domain, not /wikipedia
//! /index.php?topic        /index.php?…topic=…
//! /viewforum.php?f=12     /viewforum.php?…f=12
//! math.example.org/notes  /notes of that host only
//! ```

use std::fmt;
use std::str::FromStr;

use ::url::Url;

use crate::dedup::url;

/// Where a page stands: its address in the spelling of normalised addresses, `www.` and trailing slashes left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: String,
    /// The path, `/` or `/a/b`.
    pub path: String,
    /// The query, `a=1&b=2` by name; empty where there is none.
    pub query: String,
}

impl Place {
    /// The place that an address names; `None` where it is no address of a page.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let address = Url::parse(address).ok().filter(|address| matches!(address.scheme(), "http" | "https"))?;
        let host = address.host_str()?.trim_end_matches('.');
        let (path, query) = url::path_and_query(address.path(), address.query());
        Some(Self { host: url::bare_host(host).to_owned(), path, query })
    }

    /// The place of a host and what follows it in an address.
    #[must_use]
    pub fn new(host: &str, path_and_query: &str) -> Self {
        let text = path_and_query.split('#').next().unwrap_or_default();
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        let (path, query) = url::path_and_query(path, query);
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Self { host: url::bare_host(&host).to_owned(), path, query }
    }

    /// The names and values of the query.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        parts.map(|part| part.split_once('=').unwrap_or((part, "")))
    }
}

/// The segments of a normalised path: none of `/`.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// What a prefix asks of a query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The parameter that must be there.
    pub name: String,
    /// Its value, where that matters.
    pub value: Option<String>,
}

/// A prefix of places: whole segments of a path, a host in front and a key of the query where it names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    text: String,
    host: Option<String>,
    path: String,
    key: Option<Key>,
}

/// A text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// Nothing is there.
    #[error("an empty prefix; \"/\" is the whole domain")]
    Empty,
    /// The host in front is none.
    #[error("{text:?} begins neither with / nor with a host")]
    Host {
        /// What is there.
        text: String,
    },
    /// More than a key.
    #[error("{text:?}: a prefix asks for one key of the query, as in /index.php?topic")]
    Keys {
        /// What is there.
        text: String,
    },
}

/// How long a prefix is: a host outranks any path, and a key what has none.
type Length = (bool, usize, u8);

impl Prefix {
    /// A prefix of these parts, which are in normalised spelling.
    #[must_use]
    pub fn new(host: Option<&str>, path: &str, key: Option<Key>) -> Self {
        let mut text = format!("{}{path}", host.unwrap_or_default());
        if let Some(Key { name, value }) = &key {
            text.push('?');
            text.push_str(name);
            if let Some(value) = value {
                text.push('=');
                text.push_str(value);
            }
        }
        Self { text, host: host.map(str::to_owned), path: path.to_owned(), key }
    }

    /// The same below a host, where it names none.
    #[must_use]
    pub fn below(self, host: &str) -> Self {
        if self.host.is_some() { self } else { Self::new(Some(host), &self.path, self.key) }
    }

    /// The prefix as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host that it is of; `None`: every host of the domain.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The path, `/` or `/a/b`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it asks of the query.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The place that it is itself, on a domain's own host where it names none.
    #[must_use]
    pub fn place(&self, domain: &str) -> Place {
        let host = self.host.clone().unwrap_or_else(|| url::bare_host(domain).to_owned());
        let query = self.key.as_ref().map(|key| format!("{}={}", key.name, key.value.as_deref().unwrap_or_default()));
        Place { host, path: self.path.clone(), query: query.unwrap_or_default() }
    }

    /// Orders the prefixes of one place: the longest wins.
    #[must_use]
    pub fn length(&self) -> Length {
        let key = self.key.as_ref().map_or(0, |key| 1 + u8::from(key.value.is_some()));
        (self.host.is_some(), segments(&self.path).count(), key)
    }

    /// Whether a place is below it.
    #[must_use]
    pub fn covers(&self, place: &Place) -> bool {
        if self.host.as_ref().is_some_and(|host| *host != place.host) {
            return false;
        }
        if let Some(key) = &self.key {
            let asked = |(name, value): (&str, &str)| name == key.name && key.value.as_ref().is_none_or(|v| v == value);
            return self.path == place.path && place.parameters().any(asked);
        }
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.path == "/" || place.path.strip_prefix(self.path.as_str()).is_some_and(below)
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let text = text.trim();
        let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        if bare.is_empty() {
            return Err(PrefixError::Empty);
        }
        let bare = bare.split('#').next().unwrap_or_default();
        let end = bare.find(['/', '?']).unwrap_or(bare.len());
        let (host, rest) = bare.split_at(end);
        let host = match host {
            "" if bare.starts_with('/') => None,
            // As an address's host: in lower case, international names in ASCII.
            _ => match Url::parse(&format!("https://{host}/")) {
                Ok(address) if address.host_str().is_some_and(|host| host.contains('.')) => {
                    address.host_str().map(|host| url::bare_host(host.trim_end_matches('.')).to_owned())
                }
                _ => return Err(PrefixError::Host { text: text.to_owned() }),
            },
        };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let (path, query) = url::path_and_query(path, query);
        let key = match query.split_once('=') {
            _ if query.trim_end_matches('=').is_empty() => None,
            _ if query.contains('&') => return Err(PrefixError::Keys { text: text.to_owned() }),
            Some((name, value)) if !value.is_empty() => {
                Some(Key { name: name.to_owned(), value: Some(value.to_owned()) })
            }
            _ => Some(Key { name: query.trim_end_matches('=').to_owned(), value: None }),
        };
        Ok(Self::new(host.as_deref(), &path, key))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn covers(prefix: &str, url: &str, want: bool) {
        let place = Place::of(url).unwrap();
        assert_eq!(prefix.parse::<Prefix>().unwrap().covers(&place), want, "{prefix} {place:?}");
        // The parts of an address make the same place.
        let rest = url.split_once("://").unwrap().1;
        let (host, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        assert_eq!(Place::new(host, rest), place);
    }

    #[test]
    fn a_prefix_covers_whole_segments() {
        covers("/wiki", "https://example.org/wiki", true);
        covers("/wiki/", "https://example.org/wiki", true);
        covers("/wiki", "https://example.org/wiki/Ring", true);
        covers("/wiki", "https://example.org/wiki?title=Ring", true);
        covers("/wiki", "https://example.org/wikipedia", false);
        covers("/", "https://example.org/", true);
        covers("/", "https://example.org/a/b?c=d", true);
        covers("/a//b", "http://Example.org/a/b/#top", true);
        covers("/数学", "https://example.org/%e6%95%b0%E5%AD%A6/1", true);
    }

    #[test]
    fn a_host_in_front_is_that_host_only() {
        covers("math.example.org/", "https://math.example.org/x", true);
        covers("math.example.org", "https://math.example.org/x", true);
        covers("https://math.example.org/notes/", "https://math.example.org/notes/1", true);
        covers("math.example.org/notes", "https://example.org/notes/1", false);
        covers("math.example.org/", "https://new.math.example.org/x", false);
        covers("www.example.org/", "https://example.org/x", true);
        covers("example.org/", "https://www.example.org/x", true);
    }

    #[test]
    fn a_key_asks_for_a_parameter_of_that_very_path() {
        covers("/index.php?topic", "https://example.org/index.php?topic=5.0", true);
        covers("/index.php?topic=", "https://example.org/index.php?action=print&topic=5.0", true);
        covers("/index.php?topic", "https://example.org/index.php?action=help", false);
        covers("/index.php?topic", "https://example.org/index.php/x?topic=5.0", false);
        covers("/viewforum.php?f=12", "https://example.org/viewforum.php?f=12&start=50", true);
        covers("/viewforum.php?f=12", "https://example.org/viewforum.php?f=121", false);
        covers("/?p", "https://example.org/?p=123", true);
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for (text, want) in [
            ("", PrefixError::Empty),
            (" ", PrefixError::Empty),
            ("notes/", PrefixError::Host { text: "notes/".to_owned() }),
            ("?topic", PrefixError::Host { text: "?topic".to_owned() }),
            ("/a?b&c", PrefixError::Keys { text: "/a?b&c".to_owned() }),
        ] {
            assert_eq!(text.parse::<Prefix>(), Err(want));
        }
    }

    #[test]
    fn a_prefix_is_written_as_it_is_read() {
        for text in ["/", "/a/b", "math.example.org/", "math.example.org/a", "/index.php?topic", "/viewforum.php?f=12"]
        {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!((prefix.to_string().as_str(), prefix.as_str()), (text, text));
        }
        for text in
            ["/i.php?t=a b", "/i.php?t=a%20b", "/a b/c%2f", "/a?=", "www.www.a.org/x", "www.gov.uk/x", "/a?b=%26"]
        {
            let once: Prefix = text.parse().unwrap();
            assert_eq!(once.as_str().parse::<Prefix>().unwrap(), once, "{text}");
        }
        let lengths = ["/", "/a", "/a?b", "/a?b=1", "/a/c", "math.example.org/"].map(|text| {
            let prefix: Prefix = text.parse().unwrap();
            prefix.length()
        });
        assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
    }

    proptest! {
        #[test]
        fn reading_a_prefix_again_changes_nothing(
            host in "(|a\\.org|www\\.www\\.a\\.org|B.example.co.uk|é\\.org)",
            path in "(/[a-c%+ ;=~&é.()0-9A-F|\"\\\\:$,@!'-]{0,6}){0,4}/?",
            query in "(\\?[a-c%+ ;=~é./?()0-9A-F|\"\\\\:$,@!'-]{0,12})?",
        ) {
            if let Ok(once) = format!("{host}{path}{query}").parse::<Prefix>() {
                prop_assert_eq!(once.as_str().parse::<Prefix>(), Ok(once.clone()), "{}", once);
            }
        }

        #[test]
        fn a_prefix_covers_the_place_that_it_is(
            path in "(/[a-c%+ ;=~&é0-9A-F]{0,6}){0,4}",
            query in "(\\?[a-c%+ ;~é0-9A-F]{1,8}=[a-c%+ ;=~é0-9A-F]{1,8})?",
        ) {
            let text = format!("{path}{query}");
            if let Ok(prefix) = text.parse::<Prefix>() {
                prop_assert!(prefix.covers(&Place::new("a.org", text.trim())), "{}", prefix);
            }
        }
    }
}
