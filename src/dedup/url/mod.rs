//! An address as an identity: two spellings of one page's URL become the same string, in every crawl.
//!
//! What the normalisation does, and where it had to choose:
//!
//! - **Scheme** `http` and `https` are one; the normalised form is written with `https`. Others have no address.
//! - **Host** in lower case, international names in Punycode, no trailing dot, user and password dropped. A leading
//!   `www.` does not tell pages apart (crawl indexes drop it too) and goes from the normalised form, unless what is
//!   left would be a public suffix (`www.gov.uk`); [`Address::host`] keeps it. Ports 80 and 443 go, others stay.
//! - **Path**: dot segments resolved, repeated and trailing slashes removed, session ids in it removed
//!   (`;jsessionid=…`, its signs encoded or not, `/(S(…))/`), case kept. Default documents (`index.html`, …) become their folder where no query
//!   is left.
//! - **Query**: tracking parameters and session ids removed by the lists in `seeds/lists/`, also where parameters are
//!   divided by `;` or `&amp;`, empty pieces removed, `%20` written `+`, the rest sorted by name; equal names keep their
//!   order, for there the last may win. Names that others use for content (`sid`, `s`) are removed where their value
//!   looks like a session.
//! - **Percent-encoding**: unreserved characters, `!'()*` and those decoded that divide nothing in their place (`$,:@`,
//!   in a query also `/?`), everything that RFC 3986 does not allow encoded, hex digits in upper case; other encoded
//!   characters (`%2F` in a path, `%26`, `%2B`) stay as they are.
//! - **Fragment** dropped, except `#!…`, which names a page of its own.

mod host;
mod path;
mod percent;
mod query;

use ::url::Url;

use crate::page::PageId;

/// Where a page lives, and the identity this gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Identity of the page: the hash of `normalised`.
    pub id: PageId,
    /// The URL in its normalised form, always `https://…`; an identity, not necessarily an address that answers.
    pub normalised: String,
    /// The host as the URL states it, in lower case and ASCII, without a trailing dot; IPv6 in brackets.
    pub host: String,
    /// The registrable domain by the public suffix list (`a.b.co.uk` → `b.co.uk`, `me.github.io` as it is);
    /// below a suffix that the list lacks, the last two labels (`a.b.test` → `b.test`); the host itself where it is an
    /// IP address, a single label or a public suffix.
    pub domain: String,
}

/// The address of an absolute http(s) URL; `None` for anything else.
#[must_use]
pub fn address(url: &str) -> Option<Address> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host::Host { stated: host, identity, domain } = host::normalise(&url)?;
    let query = url.query().map(query::normalise).unwrap_or_default();
    let hashbang = url.fragment().filter(|f| f.len() > 1 && f.starts_with('!')).map(percent::normalise_fragment);

    let mut normalised = String::with_capacity(url.as_str().len() + 8);
    normalised.push_str("https://");
    normalised.push_str(&identity);
    if let Some(port) = url.port().filter(|port| !matches!(port, 80 | 443)) {
        normalised.push(':');
        normalised.push_str(&port.to_string());
    }
    path::push_normalised(&mut normalised, url.path(), query.is_empty() && hashbang.is_none());
    if !query.is_empty() {
        normalised.push('?');
        normalised.push_str(&query);
    }
    if let Some(hashbang) = hashbang {
        normalised.push('#');
        normalised.push_str(&hashbang);
    }
    Some(Address { id: PageId::of_normalised_url(&normalised), normalised, host, domain })
}

/// A path and a query spelled as in normalised addresses, default documents kept: `/a//b/?x=1&utm_source=y` → `/a/b`,
/// `x=1`.
#[must_use]
pub fn path_and_query(path: &str, query: Option<&str>) -> (String, String) {
    let mut spelled = String::with_capacity(path.len());
    path::push_normalised(&mut spelled, path, false);
    (spelled, query.map(query::normalise).unwrap_or_default())
}

/// A host without `www.`, where that leaves a name of its own: what tells pages apart.
#[must_use]
pub fn bare_host(host: &str) -> &str {
    host::without_www(host)
}

/// Whether a list, one entry a line, sorted, holds `name`.
fn listed(list: &[&str], name: &str) -> bool {
    list.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests;
