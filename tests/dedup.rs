//! Deduplication over files, on made-up pages: chains, floods, one pattern for half of a crawl, files in any order, a
//! second crawl.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit};
use corpus_build::config::{CaptureChoice, Dedup};
use corpus_build::dedup::shingles::{ShingleLengths, jaccard, shingles};
use corpus_build::dedup::stage::run;
use corpus_build::io::table::{Table, TableWriter};
use corpus_build::page::PageId;
use corpus_build::pages::Pages;
use corpus_build::task::Runner;

/// Address and text of a page.
type Made = (String, String);

fn rules() -> Dedup {
    Dedup {
        bands: 14,
        rows: 8,
        jaccard_min: 0.8,
        shingle_words: 5,
        shingle_characters: 5,
        capture: CaptureChoice::Best,
        scores: None,
        buckets: 4,
    }
}

fn write_pages(out: &Path, stem: &str, pages: &[Made]) {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("formulas", DataType::Int32, false),
        Field::new("fetched_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        Field::new("warc", DataType::Utf8, false),
        Field::new("warc_offset", DataType::Int64, false),
    ]));
    let mut writer = TableWriter::create(&out.join(format!("pages/{stem}.parquet")), &schema).unwrap();
    let ids = pages.iter().map(|(url, _)| PageId::of_normalised_url(url).to_string());
    let formulas = pages.iter().map(|(_, text)| text.matches('$').count() as i32 / 2);
    let columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(StringArray::from_iter_values(ids)),
        Arc::new(StringArray::from_iter_values(pages.iter().map(|(_, text)| text))),
        Arc::new(Int32Array::from_iter_values(formulas)),
        Arc::new(TimestampMillisecondArray::from(vec![None; pages.len()]).with_timezone("UTC")),
        // The same place for a page whatever file it is put in here.
        Arc::new(StringArray::from_iter_values(pages.iter().map(|_| "x.warc.gz"))),
        Arc::new(Int64Array::from_iter_values(pages.iter().map(|(url, _)| (url.len() * 1000) as i64))),
    ];
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.finish().unwrap();
}

/// What became of a page: the page that it is dropped for and why, or how many it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Kept(i32),
    Dropped(String, String),
}

/// Fates by id, of a folder whose page files are there.
fn deduplicate(out: &Path, rules: &Dedup, threads: usize) -> BTreeMap<String, Fate> {
    let runner = Runner::open(out, Some(threads), 256 << 20, true).unwrap();
    let pages = Pages::on_disk(out).unwrap();
    run(&runner, rules, &pages, None).unwrap();
    let path = out.join("dedup/survivors.parquet");
    let mut fates = BTreeMap::new();
    for batch in Table::open(&path).unwrap().batches().unwrap() {
        let batch = batch.unwrap();
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (id, of, reason) = (text("id"), text("duplicate_of"), text("reason"));
        let keep = batch.column_by_name("keep").unwrap().as_boolean().clone();
        let size = batch.column_by_name("cluster_size").unwrap().as_primitive::<Int32Type>().clone();
        for i in 0..batch.num_rows() {
            let fate = if keep.value(i) {
                assert!(of.is_null(i) && reason.is_null(i));
                Fate::Kept(size.value(i))
            } else {
                Fate::Dropped(of.value(i).to_owned(), reason.value(i).to_owned())
            };
            fates.insert(id.value(i).to_owned(), fate);
        }
    }
    fates
}

fn of(pages: &[Made]) -> BTreeMap<String, Fate> {
    let folder = tempfile::tempdir().unwrap();
    write_pages(folder.path(), "a", pages);
    deduplicate(folder.path(), &rules(), 2)
}

fn id(url: &str) -> String {
    PageId::of_normalised_url(url).to_string()
}

/// Words `from..to` of an endless text.
fn words(from: usize, to: usize) -> String {
    let word = |n: usize| format!("w{}", n.wrapping_mul(0x9E37_79B9) % 1_000_003);
    (from..to).map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn no_chain_merges_what_is_unlike() {
    // Each is like the next (0.82), none like the one after (0.67): B stands for A and C only if it is the best.
    let chain = |best: usize| -> Vec<Made> {
        (0..3)
            .map(|n| (format!("http://h/{n}"), words(n * 20, 200 + n * 20) + if n == best { " $x$ $y$" } else { "" }))
            .collect()
    };
    let (a, b, c) = (id("http://h/0"), id("http://h/1"), id("http://h/2"));
    let fates = of(&chain(1));
    let to_b = Fate::Dropped(b.clone(), "near_duplicate".into());
    assert_eq!((&fates[&a], &fates[&b], &fates[&c]), (&to_b, &Fate::Kept(3), &to_b));
    let fates = of(&chain(0));
    let to_a = Fate::Dropped(a.clone(), "near_duplicate".into());
    assert_eq!((&fates[&a], &fates[&b], &fates[&c]), (&Fate::Kept(2), &to_a, &Fate::Kept(1)));
}

#[test]
fn of_copies_the_one_with_the_highest_score_stays() {
    let pages: Vec<Made> =
        (0..3).map(|n| (format!("http://h/{n}"), words(n, 200 + n) + &" $x$".repeat(3 - n))).collect();
    let folder = tempfile::tempdir().unwrap();
    write_pages(folder.path(), "a", &pages);
    let kept = |rules: &Dedup| {
        let fates = deduplicate(folder.path(), rules, 2);
        fates.into_iter().find(|(_, fate)| *fate == Fate::Kept(3)).map(|(id, _)| id)
    };
    assert_eq!(kept(&rules()), Some(id("http://h/0")), "without scores: the most formulas");
    let scores = folder.path().join("scores");
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("score", DataType::Float64, true),
    ]));
    let mut writer = TableWriter::create(&scores.join("a.parquet"), &schema).unwrap();
    let ids = StringArray::from_iter_values([id("http://h/1"), id("http://h/2"), id("http://h/0")]);
    let values = Float64Array::from(vec![Some(0.2), Some(0.7), Some(f64::NAN)]);
    writer.write(&RecordBatch::try_new(schema, vec![Arc::new(ids), Arc::new(values)]).unwrap()).unwrap();
    writer.finish().unwrap();
    assert_eq!(kept(&Dedup { scores: Some(scores), ..rules() }), Some(id("http://h/2")));
    let missing = Dedup { scores: Some(folder.path().join("nowhere")), ..rules() };
    let runner = Runner::open(folder.path(), Some(1), 256 << 20, true).unwrap();
    let error = run(&runner, &missing, &Pages::on_disk(folder.path()).unwrap(), None).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("dedup.scores: expected a folder of score tables"), "{source}");
}

#[test]
fn a_flood_of_copies_and_pages_without_words() {
    let mut pages: Vec<Made> = (0..100_000).map(|n| (format!("http://flood/{n}"), words(0, 30))).collect();
    pages.extend((0..50).map(|n| (format!("http://empty/{n}"), "…".to_owned())));
    pages.extend((0..50).map(|n| (format!("http://one/{n}"), ["one", "two"][n % 2].to_owned())));
    let fates = of(&pages);
    let kept: Vec<i32> = fates.values().filter_map(|f| if let Fate::Kept(n) = f { Some(*n) } else { None }).collect();
    // Pages without a word are no evidence of being the same; those of one word are.
    assert_eq!(kept.iter().filter(|n| **n == 1).count(), 50);
    assert!(kept.contains(&100_000));
    assert_eq!(kept.iter().filter(|n| **n == 25).count(), 2);
    assert_eq!(kept.len(), 53);
}

#[test]
fn half_a_crawl_of_one_pattern() {
    // A long common part and a few words of its own: all share most band keys, which makes groups of 1,500 pages.
    let common = words(0, 400);
    let mut pages: Vec<Made> = (0..1500)
        .map(|n| (format!("http://form/{n}"), format!("{common} {}", words(9000 + 7 * n, 9005 + 7 * n))))
        .collect();
    pages.extend((0..1500).map(|n| (format!("http://other/{n}"), words(100_000 + 60 * n, 100_050 + 60 * n))));
    let fates = of(&pages);
    let kept: BTreeMap<&String, i32> =
        fates.iter().filter_map(|(id, f)| if let Fate::Kept(n) = f { Some((id, *n)) } else { None }).collect();
    assert_eq!(kept.len(), 1501);
    assert_eq!(kept.values().copied().max(), Some(1500));
    // Every page is similar to the one that it is dropped for.
    let text: BTreeMap<String, &String> = pages.iter().map(|(url, text)| (id(url), text)).collect();
    let set = |id: &String| shingles(text[id], ShingleLengths::default());
    for (page, fate) in &fates {
        if let Fate::Dropped(to, _) = fate {
            assert!(kept.contains_key(to) && jaccard(&set(page), &set(to)) >= 0.8);
        }
    }
}

/// Families of near-duplicates, equal texts and equal addresses.
fn mixed() -> Vec<Made> {
    let mut pages = Vec::new();
    for family in 0..60 {
        let start = family * 1000;
        for member in 0..=family % 5 {
            let text = format!("{} {}", words(start, start + 150), words(start + 500 + member, start + 505 + member));
            pages.push((format!("http://m/{family}/{member}"), text.clone()));
            if family % 7 == 0 {
                pages.push((format!("http://copy/{family}/{member}"), text.clone()));
            }
            if family % 9 == 0 {
                pages.push((format!("http://m/{family}/{member}"), text + " and something more"));
            }
        }
    }
    pages
}

#[test]
fn the_same_whatever_the_files_and_threads_and_when_a_crawl_is_added() {
    let pages = mixed();
    let (first, second) = pages.split_at(pages.len() / 2);
    let folder = || tempfile::tempdir().unwrap();
    let both = folder();
    write_pages(both.path(), "b", first);
    write_pages(both.path(), "c", second);
    let want = deduplicate(both.path(), &rules(), 1);
    assert!(want.values().any(|fate| matches!(fate, Fate::Dropped(_, why) if why == "near_duplicate")));
    let bytes = |folder: &Path| std::fs::read(folder.join("dedup/survivors.parquet")).unwrap();

    // Four threads, other buckets: the same bytes.
    let again = folder();
    write_pages(again.path(), "b", first);
    write_pages(again.path(), "c", second);
    deduplicate(again.path(), &Dedup { buckets: 9, ..rules() }, 4);
    assert_eq!(bytes(again.path()), bytes(both.path()));

    // Files in another order: the same fates.
    let swapped = folder();
    write_pages(swapped.path(), "x", first);
    write_pages(swapped.path(), "c", second);
    assert_eq!(deduplicate(swapped.path(), &rules(), 2), want);

    // The second crawl comes later, and its file before that of the first: the first is not signed again.
    let grown = folder();
    write_pages(grown.path(), "c", second);
    deduplicate(grown.path(), &rules(), 2);
    let row = grown.path().join("manifest/dedup/sign/c.json");
    let signed = std::fs::metadata(&row).unwrap().modified().unwrap();
    write_pages(grown.path(), "b", first);
    assert_eq!(deduplicate(grown.path(), &rules(), 2), want);
    assert_eq!(bytes(grown.path()), bytes(both.path()));
    assert_eq!(std::fs::metadata(&row).unwrap().modified().unwrap(), signed);
}
