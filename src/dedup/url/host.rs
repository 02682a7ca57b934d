//! The host of a URL, the form of it that counts as identity, and its registrable domain.

use url::Url;

/// What an [`Address`](super::Address) needs of a host.
pub(super) struct Host {
    /// As stated, without a trailing dot.
    pub(super) stated: String,
    /// Without `www.`, where that leaves a name of its own.
    pub(super) identity: String,
    /// Registrable domain, or the host where it has none.
    pub(super) domain: String,
}

/// The longest name that DNS can hold.
const HOST_BYTES_MAX: usize = 253;

/// The parts of a URL's host; `None` where it has none, or one with an empty label or too long for DNS.
pub(super) fn normalise(url: &Url) -> Option<Host> {
    let stated = match url.host()? {
        ::url::Host::Domain(name) => name,
        ip => {
            let ip = ip.to_string();
            return Some(Host { stated: ip.clone(), identity: ip.clone(), domain: ip });
        }
    };
    let name = stated.strip_suffix('.').unwrap_or(stated);
    if name.len() > HOST_BYTES_MAX || name.split('.').any(str::is_empty) {
        return None;
    }
    let identity = without_www(name);
    let domain = registrable(name).unwrap_or(name);
    Some(Host { stated: name.to_owned(), identity: identity.to_owned(), domain: domain.to_owned() })
}

/// A host without `www.`, which does not tell pages apart, where that leaves a name of its own.
pub(super) fn without_www(host: &str) -> &str {
    let mut bare = host;
    while let Some(rest) = bare.strip_prefix("www.").filter(|rest| registrable(rest).is_some()) {
        bare = rest;
    }
    bare
}

/// The registrable domain of a host in ASCII; `None` for a public suffix or a single label.
fn registrable(host: &str) -> Option<&str> {
    // The list is kept in Unicode; a name in Punycode is looked up as such and cut by its number of labels.
    let labels = if host.contains("xn--") {
        psl::domain_str(&url::quirks::domain_to_unicode(host))?.split('.').count()
    } else {
        return psl::domain_str(host);
    };
    host.rmatch_indices('.').nth(labels - 1).map_or(Some(host), |(dot, _)| host.get(dot + 1..))
}
