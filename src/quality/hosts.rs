//! Lists of hosts whose pages are not wanted, one host a line.

/// Sorted host names; a name stands for its subdomains too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostList(Vec<String>);

impl HostList {
    /// Adds the hosts of a list: one a line, empty lines and what follows a `#` left out, case of no matter.
    pub fn extend(&mut self, list: &str) {
        let names = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        self.0.extend(names.filter(|name| !name.is_empty()).map(|name| name.trim_matches('.').to_lowercase()));
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// Whether the host or a domain above it is listed.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        let mut rest = Some(host);
        while let Some(name) = rest {
            if self.0.binary_search_by(|listed| listed.as_str().cmp(name)).is_ok() {
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

    #[test]
    fn a_listed_name_stands_for_what_is_below_it() {
        let mut list = HostList::default();
        list.extend("# not wanted\nSpam.example\n\nb.a.example  # why\n");
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
}
