//! The seed of the next round: that of this one, and a draw of pages that it missed under accepted prefixes.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::caps::{Bounds, cap};
use super::roles::Role;
use super::texts::each_text;
use super::{Error, Recalling, VERSION};
use crate::classify::seed::{Recalled as Origin, SeedDocument, SeedWriter, read};
use crate::dedup::exchange::PageRef;
use crate::dedup::url::address;
use crate::domains::annotations::Verdict;
use crate::task::{Artifact, Done, Progress, Stage, Task, TaskResult};

/// Domains that the facts name.
const DOMAINS_NAMED: usize = 20;

/// Pages of each domain, drawn by a hash: those with the lowest ones.
#[derive(Default)]
struct Draw {
    by_domain: BTreeMap<String, BinaryHeap<(u64, PageRef)>>,
}

impl Draw {
    fn push(&mut self, domain: &str, most: usize, hash: u64, page: PageRef) {
        if most == 0 {
            return;
        }
        if !self.by_domain.contains_key(domain) {
            self.by_domain.insert(domain.to_owned(), BinaryHeap::new());
        }
        if let Some(heap) = self.by_domain.get_mut(domain) {
            heap.push((hash, page));
            if heap.len() > most {
                heap.pop();
            }
        }
    }

    /// The pages drawn, in their order: at most so many.
    fn pages(self, most: usize) -> Vec<PageRef> {
        let mut all: Vec<(u64, PageRef)> = self.by_domain.into_values().flatten().collect();
        all.sort_unstable();
        all.truncate(most);
        let mut pages: Vec<PageRef> = all.into_iter().map(|(_, page)| page).collect();
        pages.sort_unstable();
        pages
    }
}

impl Recalling<'_> {
    pub(super) fn seed_stage<'s>(&'s self, roles: &[Artifact]) -> Stage<'s> {
        let mut inputs = BTreeMap::from([self.pages.all()]);
        inputs.insert("roles".to_owned(), Artifact::all(roles));
        inputs.insert("positives".to_owned(), self.positives.input.clone());
        inputs.insert("verdicts".to_owned(), self.verdicts.input());
        if let Some(clean) = self.clean {
            inputs.insert("decontaminate".to_owned(), Artifact::all(clean));
        }
        let run = Box::new(move |progress: &Progress| self.seed(progress));
        let task = Task { name: "seed".to_owned(), inputs, run };
        Stage::new(self.stage_name("seed"), VERSION, &(self.rules, self.random_seed), vec![task])
    }

    /// Memory: the ids of the seed, and the references of what is drawn.
    fn seed(&self, progress: &Progress) -> TaskResult {
        let mut writer = SeedWriter::create(&self.seed_file("seed"))?;
        let mut ids = BTreeSet::new();
        let mut of_domain: BTreeMap<String, usize> = BTreeMap::new();
        let (mut seed, mut before, mut withdrawn) = (0usize, 0usize, 0u64);
        read(&self.positives.path, &mut |document| {
            let recalled = document.is_recalled();
            if let Some(address) = address(&document.url) {
                let verdict = self.verdicts.on(&address.domain, &document.url);
                if recalled && verdict.is_some_and(|(verdict, _)| verdict == Verdict::Refused) {
                    withdrawn += 1;
                    return Ok(());
                }
                ids.insert(address.id);
                *of_domain.entry(address.domain).or_default() += 1;
            }
            seed += 1;
            before += usize::from(recalled);
            writer.push(document)
        })?;

        let (may_join, may_not): (BTreeSet<&str>, &str) =
            (self.joining().iter().map(|role| role.name()).collect(), Role::Refused.name());
        let mut candidates: BTreeMap<String, usize> = BTreeMap::new();
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        self.each_placed(&mut |placed| {
            let counts = match placed.role {
                role if may_join.contains(role) && !ids.contains(&placed.id) => &mut candidates,
                role if role == may_not && self.rules.hard_negatives && !ids.contains(&placed.id) => &mut refused,
                _ => return Ok(()),
            };
            *counts.entry(placed.domain.to_owned()).or_default() += 1;
            Ok(())
        })?;
        let room = self.rules.pages_max.saturating_sub(before);
        let bounds = Bounds {
            domain_pages_max: self.rules.domain_pages_max,
            domain_share_max: self.rules.domain_share_max,
            seed,
            room,
        };
        let there = |domain: &String| of_domain.get(domain).copied().unwrap_or_default();
        let sizes: Vec<(usize, usize)> = candidates.iter().map(|(domain, n)| (*n, there(domain))).collect();
        let most = cap(&sizes, &bounds);
        let of_refused: Vec<(usize, usize)> = refused.values().map(|n| (*n, 0)).collect();
        let most_refused = cap(
            &of_refused,
            &Bounds { domain_share_max: 1.0, seed: usize::MAX >> 12, room: self.rules.pages_max, ..bounds },
        );

        let (mut joining, mut not_joining) = (Draw::default(), Draw::default());
        let mut prefixes: BTreeMap<PageRef, String> = BTreeMap::new();
        self.each_placed(&mut |placed| {
            let hash = xxh3_64_with_seed(&placed.id.0.to_le_bytes(), self.random_seed);
            if may_join.contains(placed.role) && !ids.contains(&placed.id) {
                let most = most.saturating_sub(of_domain.get(placed.domain).copied().unwrap_or_default());
                joining.push(placed.domain, most, hash, placed.page);
            } else if placed.role == may_not && self.rules.hard_negatives && !ids.contains(&placed.id) {
                not_joining.push(placed.domain, most_refused, hash, placed.page);
            }
            Ok(())
        })?;
        let joining = joining.pages(room);
        let not_joining = not_joining.pages(self.rules.pages_max);
        let drawn: BTreeSet<PageRef> = joining.iter().chain(&not_joining).copied().collect();
        let mut by_domain: BTreeMap<String, u64> = BTreeMap::new();
        let recalled: BTreeSet<PageRef> = joining.iter().copied().collect();
        self.each_placed(&mut |placed| {
            if drawn.contains(&placed.page) {
                prefixes.insert(placed.page, placed.prefix.to_owned());
            }
            if recalled.contains(&placed.page) {
                *by_domain.entry(placed.domain.to_owned()).or_default() += 1;
            }
            Ok(())
        })?;

        self.write(&joining, &prefixes, "recalled", &mut writer, progress)?;
        let mut refusals = SeedWriter::create(&self.seed_file("negatives"))?;
        self.write(&not_joining, &prefixes, "refused", &mut refusals, progress)?;
        let outputs = vec![writer.finish()?, refusals.finish()?];
        let mut named: Vec<(&String, &u64)> = by_domain.iter().collect();
        named.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        named.truncate(DOMAINS_NAMED);
        let named: Vec<_> = named.iter().map(|(name, n)| serde_json::json!({ "domain": name, "pages": n })).collect();
        let facts = serde_json::json!({
            "documents": outputs[0].rows, "recalled": joining.len(), "recalled_before": before,
            "withdrawn": withdrawn, "candidates": candidates.values().sum::<usize>(), "domains": by_domain.len(),
            "domain_pages_cap": most, "top_domains": named, "refused": outputs[1].rows,
        });
        Ok(Done { outputs, facts, ..Done::default() })
    }

    fn joining(&self) -> &'static [Role] {
        match (self.rules.enabled, self.rules.collected) {
            (false, _) => &[],
            (true, false) => &[Role::Recalled],
            (true, true) => &[Role::Recalled, Role::Accepted],
        }
    }

    fn write(
        &self,
        pages: &[PageRef],
        prefixes: &BTreeMap<PageRef, String>,
        source: &str,
        writer: &mut SeedWriter,
        progress: &Progress,
    ) -> Result<(), Error> {
        each_text(self.pages, self.clean, pages, &mut |page, found| {
            let prefix = prefixes.get(&page).cloned().unwrap_or_default();
            let origin = Origin { source: source.to_owned(), round: self.round, prefix };
            let (url, text) = (found.url.to_owned(), found.text.to_owned());
            progress.items(1);
            writer.push(SeedDocument { url, text, date: found.date, metadata: serde_json::to_string(&origin)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_keeps_the_lowest_hashes_of_each_domain() {
        let mut draw = Draw::default();
        for (n, hash) in [7, 3, 9, 1].into_iter().enumerate() {
            draw.push("a", 2, hash, PageRef::new(0, n as u32));
        }
        draw.push("b", 2, 5, PageRef::new(0, 9));
        draw.push("c", 0, 0, PageRef::new(0, 10));
        let rows = |pages: Vec<PageRef>| pages.into_iter().map(PageRef::row).collect::<Vec<_>>();
        assert_eq!(rows(draw.pages(10)), [1, 3, 9]);
    }
}
