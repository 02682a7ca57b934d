use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domains::prefix::Place;

const RULES: TreeRules =
    TreeRules { pages_min: 2, nodes_max: 100, depth_max: 4, key_values_min: 3, samples: 2, seed: 1 };

/// The tree of these addresses; those with `good` in them are collected.
fn tree(urls: &[String], rules: TreeRules) -> Vec<Node> {
    let mut rows: Vec<(Place, String, &String)> = urls
        .iter()
        .map(|url| {
            let place = Place::of(url).unwrap();
            let key = path_key(&place.path);
            (place, key, url)
        })
        .collect();
    rows.sort_by(|a, b| (&a.0.host, &a.1, &a.0.query, a.2).cmp(&(&b.0.host, &b.1, &b.0.query, b.2)));
    let mut builder = TreeBuilder::new(rules);
    for (n, (place, path, url)) in rows.iter().enumerate() {
        let counted = Counted { collected: url.contains("good"), tokens: 1, score: Some(0.5) };
        let page = Some(n as u64);
        builder.push(&UrlRow { host: &place.host, path, query: &place.query, id: url, page, counted });
    }
    builder.finish()
}

fn addresses(list: &[&str]) -> Vec<String> {
    list.iter().map(|url| format!("https://{url}")).collect()
}

#[track_caller]
fn check(urls: &[String], want: &[(&str, usize, u64, u64)]) {
    let nodes = tree(urls, RULES);
    let found: Vec<(&str, usize, u64, u64)> = nodes
        .iter()
        .map(|node| (node.prefix.as_str(), node.depth, node.figures.pages, node.figures.collected))
        .collect();
    assert_eq!(found, want);
}

#[test]
fn a_domain_of_one_host_has_paths_alone() {
    check(
        &addresses(&["a.org/", "a.org/x/1", "a.org/x/2-good", "a.org/x-y/1", "a.org/x", "www.a.org/z/good"]),
        &[("/", 0, 6, 2), ("/x", 1, 3, 1)],
    );
    check(&[], &[("/", 0, 0, 0)]);
}

#[test]
fn hosts_are_told_apart() {
    check(
        &addresses(&["a.org/x/1", "a.org/x/2", "m.a.org/x/good1", "m.a.org/x/good2", "n.a.org/x"]),
        &[("/", 0, 5, 2), ("a.org/", 1, 2, 0), ("a.org/x", 2, 2, 0), ("m.a.org/", 1, 2, 2), ("m.a.org/x", 2, 2, 2)],
    );
}

#[test]
fn keys_that_route_are_nodes() {
    let mut urls: Vec<String> = (0..4).map(|n| format!("https://a.org/index.php?good={n}&lang=en")).collect();
    urls.extend((0..4).map(|_| "https://a.org/index.php?lang=en".to_owned()));
    urls.push("https://a.org/index.php".to_owned());
    urls.push("https://a.org/index.php/more".to_owned());
    check(&urls, &[("/", 0, 10, 4), ("/index.php", 1, 10, 4), ("/index.php?good", 2, 4, 4)]);
}

#[test]
fn depth_is_capped() {
    let urls = addresses(&["a.org/1/2/3/4/5/6", "a.org/1/2/3/4/5/7", "a.org/1/2/3/4/8", "a.org/1/2/3/4/8?x=1"]);
    let depths: Vec<usize> = tree(&urls, RULES).iter().map(|node| node.depth).collect();
    assert_eq!(depths, [0, 1, 2, 3, 4]);
    let deep: Vec<String> = (0..3).map(|n| format!("https://a.org/{}{n}", "a/".repeat(5000))).collect();
    assert_eq!(tree(&deep, RULES).len(), 5);
}

/// Counts the pages below each prefix without a tree.
fn counted(urls: &[String], prefix: &Prefix) -> (u64, u64) {
    let covered = urls.iter().filter(|url| prefix.covers(&Place::of(url).unwrap()));
    covered.fold((0, 0), |(pages, good), url| (pages + 1, good + u64::from(url.contains("good"))))
}

fn urls() -> impl Strategy<Value = Vec<String>> {
    let host = prop::sample::select(vec!["a.org", "www.a.org", "m.a.org", "a-b.a.org"]);
    let segment = prop::sample::select(vec!["x", "x-y", "xy", "good", "1", "x.html"]);
    let path = prop::collection::vec(segment, 0..7);
    let query = prop::option::of((prop::sample::select(vec!["t", "u"]), 0u32..12));
    let url = (host, path, query).prop_map(|(host, path, query)| {
        let query = query.map(|(key, value)| format!("?{key}={value}")).unwrap_or_default();
        format!("https://{host}/{}{query}", path.join("/"))
    });
    prop::collection::vec(url, 0..120)
}

proptest! {
    #[test]
    fn nodes_count_what_their_prefixes_cover(urls in urls(), nodes_max in 1usize..20, pages_min in 1u64..6) {
        let rules = TreeRules { pages_min, nodes_max, ..RULES };
        let nodes = tree(&urls, rules);
        prop_assert!(nodes.len() <= nodes_max);
        let mut below: BTreeMap<usize, u64> = BTreeMap::new();
        for (n, node) in nodes.iter().enumerate() {
            prop_assert_eq!((node.figures.pages, node.figures.collected), counted(&urls, &node.prefix), "{}", node.prefix);
            prop_assert_eq!(node.parent.is_none(), n == 0);
            if let Some(parent) = node.parent {
                prop_assert!(parent < n && node.figures.pages >= pages_min);
                prop_assert_eq!(nodes[parent].depth + 1, node.depth);
                *below.entry(parent).or_default() += node.figures.pages;
            }
            prop_assert!(node.picks.pages(4).len() as u64 <= node.figures.pages.min(4));
        }
        // What is in none of the nodes below is the rest, never less than nothing.
        prop_assert!(below.iter().all(|(parent, pages)| nodes[*parent].figures.pages >= *pages));
    }

    #[test]
    fn the_cap_keeps_the_largest(urls in urls(), nodes_max in 2usize..12) {
        let all = tree(&urls, RULES);
        let some = tree(&urls, TreeRules { nodes_max, ..RULES });
        let least = some.iter().map(|node| node.figures.pages).min().unwrap_or_default();
        // A host that says nothing takes a place.
        prop_assert!(some.len() + 1 >= nodes_max.min(all.len()));
        for node in &all {
            let kept = some.iter().any(|other| other.prefix == node.prefix);
            prop_assert!(kept || node.figures.pages <= least, "{}", node.prefix);
        }
    }

    #[test]
    fn the_order_of_the_pages_does_not_matter(urls in urls(), seed in any::<u64>()) {
        let mut other = urls.clone();
        other.sort_by_key(|url| draw(url, seed));
        let without_places = |urls: &[String]| -> Vec<Node> { tree(urls, RULES) };
        prop_assert_eq!(without_places(&urls), without_places(&other));
    }
}
