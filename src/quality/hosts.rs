//! Lists of hosts whose pages are not wanted, in the forms in which such lists are passed around.

use std::net::IpAddr;

use xxhash_rust::xxh3::xxh3_128;

/// Hosts, as sorted hashes of their names (xxh3-128, 16 bytes each); a name stands for its subdomains too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostList(Vec<u128>);

/// Gathers the lines of lists.
#[derive(Clone, Debug, Default)]
pub struct HostListBuilder(Vec<u128>);

/// Names that hosts files give to the machine itself.
const OWN_NAMES: [&str; 6] =
    ["broadcasthost", "ip6-localhost", "ip6-loopback", "local", "localhost", "localhost.localdomain"];

fn hash(name: &str) -> u128 {
    xxh3_128(name.as_bytes())
}

/// A host as pages have it: lower case, ASCII; `None` for what is none.
fn host(name: &str) -> Option<String> {
    let name = name.strip_prefix("*.").unwrap_or(name).trim_matches('.');
    let of_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '[' | ']' | ':');
    if name.is_empty() || !name.chars().all(of_host) {
        return None;
    }
    if name.is_ascii() {
        return Some(name.to_ascii_lowercase());
    }
    url::Host::parse(name).ok().map(|host| host.to_string())
}

impl HostListBuilder {
    /// Adds a line of a list:
    ///
    /// - `host`, `.host` or `*.host`;
    /// - a line of a hosts file: `0.0.0.0 host`, several hosts too;
    /// - `||host^`, of an ad blocker's list. Other rules of such lists, of paths and exceptions, name no host.
    ///
    /// Empty lines, remarks (`#`, `!`) and headers (`[…]`) are passed over. `false` where the line is none of these.
    pub fn add(&mut self, line: &str) -> bool {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.starts_with(['!', '[']) {
            return true;
        }
        // A remark begins a word: `a.example##.ad`, of an ad blocker's list, is none and names no host.
        let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
        let Some(first) = words.next() else { return true };
        if let Some(rule) = first.strip_prefix("||") {
            return rule.strip_suffix('^').is_some_and(|name| self.push(name));
        }
        let mut rest = words.peekable();
        if rest.peek().is_none() {
            return self.push(first);
        }
        let of_hosts_file = first.parse::<IpAddr>().is_ok();
        of_hosts_file && rest.all(|name| OWN_NAMES.contains(&name) || self.push(name))
    }

    fn push(&mut self, name: &str) -> bool {
        let host = host(name);
        self.0.extend(host.as_deref().map(hash));
        host.is_some()
    }

    /// The list.
    #[must_use]
    pub fn build(self) -> HostList {
        let Self(mut hashes) = self;
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        HostList(hashes)
    }
}

impl HostList {
    /// Whether the host or a domain above it is listed.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut rest = Some(host);
        while let Some(name) = rest {
            if self.0.binary_search(&hash(name)).is_ok() {
                return true;
            }
            rest = name.split_once('.').map(|(_, above)| above);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> HostList {
        let mut builder = HostListBuilder::default();
        for line in text.lines() {
            assert!(builder.add(line), "{line}");
        }
        builder.build()
    }

    #[test]
    fn a_listed_name_stands_for_what_is_below_it() {
        let list = list("# not wanted\nSpam.example\n\nb.a.example  # why\n");
        for (host, held) in [
            ("spam.example", true),
            ("www.spam.example", true),
            ("notspam.example", false),
            ("example", false),
            ("a.example", false),
            ("x.b.a.example", true),
        ] {
            assert_eq!(list.holds(host), held, "{host}");
        }
        assert!(!HostList::default().holds("spam.example"));
    }

    #[test]
    fn every_form_of_list_is_read() {
        let all = list(
            "[Adblock Plus 2.0]\n! Title: a list\n||a.example^\n0.0.0.0 b.example\n127.0.0.1 localhost\n::1 ip6-localhost\n\
             0.0.0.0 c.example d.example # two\n.e.example\n*.f.example\n192.0.2.9\nbücher.example\n\u{feff}g.example",
        );
        for host in ["a", "b", "c", "d", "e", "f", "g", "www.a"] {
            assert!(all.holds(&format!("{host}.example")), "{host}");
        }
        assert!(all.holds("192.0.2.9") && all.holds("xn--bcher-kva.example") && !all.holds("localhost"));
        assert_eq!(all.0.len(), 9);
    }

    #[test]
    fn what_names_no_host_is_told() {
        let mut builder = HostListBuilder::default();
        for line in [
            "||a.example/path^",
            "@@||a.example^",
            "||a.example^$third-party",
            "a.example/b",
            "two words",
            "##.ad",
            "a.example##.ad",
            "a.example#@#.ad",
            "a.example#?#p",
        ] {
            assert_eq!(builder.add(line), line.starts_with('#'), "{line}");
        }
        assert!(builder.build().0.is_empty());
    }
}
