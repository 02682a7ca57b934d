//! What of the page is shown: the query of its address.

use url::form_urlencoded;

use crate::domains::prefix::Prefix;

/// Which domains are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Show {
    /// Those without a verdict.
    #[default]
    Open,
    /// Those with one.
    Settled,
    /// All.
    All,
}

impl Show {
    pub(super) const ALL: [Self; 3] = [Self::Open, Self::Settled, Self::All];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "judged",
            Self::All => "all",
        }
    }
}

/// What the person looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The domain; none: the first that is open.
    pub(super) domain: Option<String>,
    /// The prefix whose samples are shown; none: all of the domain.
    pub(super) prefix: Option<Prefix>,
    /// The prefix whose parts are shown.
    pub(super) open: Option<Prefix>,
    /// Which domains are listed.
    pub(super) show: Show,
    /// What their names hold.
    pub(super) find: String,
    /// How many are listed.
    pub(super) listed: usize,
}

/// Domains listed before the person asks for more.
pub(super) const LISTED: usize = 100;

impl View {
    /// The view of a query, or of a form that carries one. What makes no sense in it is left out.
    pub(super) fn of(text: &str) -> Self {
        let mut view = Self { listed: LISTED, ..Self::default() };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "domain" => view.domain = Some(value.into_owned()).filter(|name| !name.is_empty()),
                "prefix" => view.prefix = value.parse().ok(),
                "open" => view.open = value.parse().ok(),
                "show" => view.show = Show::ALL.into_iter().find(|show| show.name() == value).unwrap_or_default(),
                "find" => view.find = value.chars().take(100).collect(),
                "listed" => view.listed = value.parse().unwrap_or(LISTED).clamp(LISTED, 10_000),
                _ => {}
            }
        }
        view
    }

    /// Another domain, in the same list.
    pub(super) fn at(&self, domain: &str) -> Self {
        Self { domain: Some(domain.to_owned()), prefix: None, open: None, ..self.clone() }
    }

    /// Another prefix of the domain.
    pub(super) fn on(&self, prefix: &Prefix) -> Self {
        Self { prefix: Some(prefix.clone()), ..self.clone() }
    }

    /// The names and values of the query; what is as usual is left out.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let text = |prefix: &Option<Prefix>| prefix.as_ref().map(|prefix| prefix.as_str().to_owned());
        let fields = [
            ("domain", self.domain.clone()),
            ("prefix", text(&self.prefix)),
            ("open", text(&self.open)),
            ("show", (self.show != Show::default()).then(|| self.show.name().to_owned())),
            ("find", Some(self.find.clone()).filter(|find| !find.is_empty())),
            ("listed", (self.listed != LISTED).then(|| self.listed.to_string())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The address of this view, relative to the page.
    pub(super) fn link(&self) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("./?"), 3);
        for (name, value) in self.fields() {
            query.append_pair(name, &value);
        }
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_its_address() {
        let view = View {
            domain: Some("example.org".to_owned()),
            prefix: "/i.php?t=a".parse().ok(),
            open: "/x".parse().ok(),
            show: Show::All,
            find: "ü&=\"".to_owned(),
            listed: 200,
        };
        let link = view.link();
        assert!(link.is_ascii() && !link.contains('"'), "{link}");
        assert_eq!(View::of(link.strip_prefix("./?").unwrap()), view);
        assert_eq!(View::of("").link(), "./?");
        assert_eq!(View::of("show=x&listed=-3&prefix=javascript:alert(1)&domain="), View::of(""));
    }
}
