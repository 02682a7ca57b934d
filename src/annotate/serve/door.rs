//! Who may come in: the guard of the local page, before anything else looks at a request.
//!
//! The address holds a random token, and nothing answers without it; no cookie, so that no other page's request carries
//! a right of the browser's. The host that a request names must be this machine's, or a foreign name that was pointed
//! here could read the answers. What changes something must come from a page of ours.

use std::fmt;
use std::hint::black_box;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 24;

/// The secret in the address.
#[derive(Clone)]
pub(super) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// A token of random bytes; `None` where the system has none to give.
    #[must_use]
    pub(super) fn new() -> Option<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
        Some(Self(data_encoding::BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The token as it stands in the address.
    #[must_use]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the token; the time it takes does not tell how much of it is right.
    #[must_use]
    pub(super) fn is(&self, other: &str) -> bool {
        let (own, other) = (self.0.as_bytes(), other.as_bytes());
        if own.len() != other.len() {
            return false;
        }
        let differ = own.iter().zip(other).fold(0, |differ, (a, b)| black_box(differ | (a ^ b)));
        black_box(differ) == 0
    }
}

/// What of a request decides whether it comes in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Knock<'a> {
    /// Whether it may change something.
    pub(super) changes: bool,
    /// The path, as sent.
    pub(super) path: &'a str,
    /// The header `Host`, or the host of the request line.
    pub(super) host: Option<&'a str>,
    /// The header `Origin`.
    pub(super) origin: Option<&'a str>,
    /// The header `Sec-Fetch-Site`, which no page can forge.
    pub(super) site: Option<&'a str>,
}

/// Why a request does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names a host that is not this machine.
    Host,
    /// It lacks the token.
    Token,
    /// It comes from a page that is not ours.
    Origin,
}

impl Refusal {
    /// What the answer says.
    #[must_use]
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Host => "The address must name 127.0.0.1 or localhost.\n",
            Self::Token => "The token of the address is missing or wrong: open the whole address that was printed.\n",
            Self::Origin => "Only the annotation page itself may send this.\n",
        }
    }
}

/// Whether a `Host` header names this machine. The port may be another where the page is reached through a tunnel.
fn is_local(host: &str) -> bool {
    let port = |rest: &str| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host.strip_prefix(name).is_some_and(port))
}

/// The rest of the path after the token, for a request that may come in.
///
/// # Errors
/// It may not.
pub(super) fn pass<'a>(token: &Token, knock: Knock<'a>) -> Result<&'a str, Refusal> {
    let host = knock.host.filter(|host| is_local(host)).ok_or(Refusal::Host)?;
    let rest = knock.path.strip_prefix("/t/").ok_or(Refusal::Token)?;
    let (given, rest) = rest.split_once('/').ok_or(Refusal::Token)?;
    if !token.is(given) {
        return Err(Refusal::Token);
    }
    let own = format!("http://{host}");
    let foreign = knock.origin.is_some_and(|origin| origin != "null" && origin != own);
    // A form of ours sends the origin `null`, because pages here send no referrer; the browser then vouches for it.
    let vouched = knock.origin == Some(own.as_str()) || knock.site == Some("same-origin");
    if foreign || (knock.changes && !vouched) {
        return Err(Refusal::Origin);
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_compared_whole() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert!(one.as_str().len() >= 32 && one.as_str() != other.as_str());
        assert!(one.is(one.as_str()) && !one.is(other.as_str()) && !one.is("") && !one.is(&one.as_str()[1..]));
        assert!(!format!("{one:?}").contains(one.as_str()));
    }

    #[track_caller]
    fn check(knock: Knock<'_>, want: Result<&str, Refusal>) {
        assert_eq!(pass(&Token("secret".to_owned()), knock), want, "{knock:?}");
    }

    #[test]
    fn only_whole_addresses_of_this_machine_come_in() {
        let knock = Knock { path: "/t/secret/", host: Some("127.0.0.1:8000"), ..Knock::default() };
        check(knock, Ok(""));
        check(Knock { host: Some("localhost:9000"), ..knock }, Ok(""));
        check(Knock { path: "/t/secret/act", ..knock }, Ok("act"));
        for host in
            ["evil.test", "evil.test:8000", "127.0.0.1.evil.test:8000", "127.0.0.1:", "127.0.0.1:x", "localhostx", ""]
        {
            check(Knock { host: Some(host), ..knock }, Err(Refusal::Host));
        }
        check(Knock { host: None, ..knock }, Err(Refusal::Host));
        for path in ["", "/", "/t/", "/t/secret", "/t//", "/t/wrong/", "/t/secreT/", "/x/secret/", "/t/secret%2F"] {
            check(Knock { path, ..knock }, Err(Refusal::Token));
        }
    }

    #[test]
    fn changes_come_from_a_page_of_ours() {
        let knock = Knock { changes: true, path: "/t/secret/act", host: Some("127.0.0.1:8000"), ..Knock::default() };
        let own = Some("http://127.0.0.1:8000");
        check(knock, Err(Refusal::Origin));
        check(Knock { origin: own, ..knock }, Ok("act"));
        check(Knock { origin: Some("null"), ..knock }, Err(Refusal::Origin));
        check(Knock { origin: Some("null"), site: Some("same-origin"), ..knock }, Ok("act"));
        check(Knock { origin: Some("null"), site: Some("cross-site"), ..knock }, Err(Refusal::Origin));
        check(Knock { site: Some("none"), ..knock }, Err(Refusal::Origin));
        for origin in ["http://evil.test", "http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://localhost:8000"] {
            check(Knock { origin: Some(origin), site: Some("same-origin"), ..knock }, Err(Refusal::Origin));
            check(Knock { origin: Some(origin), changes: false, ..knock }, Err(Refusal::Origin));
        }
    }
}
