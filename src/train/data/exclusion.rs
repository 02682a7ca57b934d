//! What is measured is not trained on: documents are told by their text, their address and their site.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::source::Source;
use crate::dedup::url::address;

/// What is kept apart from what is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// Nothing.
    Nothing,
    /// Documents of the same text or the same address.
    #[default]
    Documents,
    /// Documents of the same site (registrable domain) too: they share its layout and often its wording.
    Domains,
}

/// What tells a document: hashes, 0 where it has no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Of its text.
    pub text: u64,
    /// Of its normalised address.
    pub address: u64,
    /// Of its registrable domain.
    pub domain: u64,
}

impl Identity {
    /// That of a text which may have an address.
    #[must_use]
    pub fn new(text: &str, url: Option<&str>) -> Self {
        let hash = |text: &str| xxh3_64(text.as_bytes()).max(1);
        let address = url.and_then(address);
        let of =
            |part: fn(&crate::dedup::url::Address) -> &str| address.as_ref().map_or(0, |address| hash(part(address)));
        Self {
            text: if text.is_empty() { 0 } else { hash(text) },
            address: of(|address| &address.normalised),
            domain: of(|address| &address.domain),
        }
    }
}

/// What is not trained on.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    documents: BTreeSet<u64>,
    domains: BTreeSet<u64>,
}

impl Excluded {
    /// What is measured, and what is to stay apart from it.
    #[must_use]
    pub fn of(measured: &[Source], apart: Apart) -> Self {
        let mut excluded = Self::default();
        for identity in measured.iter().flat_map(Source::identities) {
            if apart != Apart::Nothing {
                excluded.documents.extend([identity.text, identity.address].into_iter().filter(|hash| *hash != 0));
            }
            if apart == Apart::Domains && identity.domain != 0 {
                excluded.domains.insert(identity.domain);
            }
        }
        excluded
    }

    /// Whether nothing is excluded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.domains.is_empty()
    }

    /// Whether a document is.
    #[must_use]
    pub fn holds(&self, identity: Identity) -> bool {
        let Identity { text, address, domain } = identity;
        self.documents.contains(&text) || self.documents.contains(&address) || self.domains.contains(&domain)
    }
}
