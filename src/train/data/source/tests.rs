use super::super::vocabulary::tests::letters;
use super::*;

/// A source of the texts, each with its first letter as its tokens' mark, in two files.
pub(in crate::train::data) fn source(
    folder: &Path,
    texts: &[&str],
    change: impl Fn(&mut SourceRules),
) -> Result<Source> {
    source_without(folder, texts, change, &Excluded::default())
}

/// The texts have the addresses `https://site<number / 2>.org/<number>`.
fn source_without(
    folder: &Path,
    texts: &[&str],
    change: impl Fn(&mut SourceRules),
    excluded: &Excluded,
) -> Result<Source> {
    let (_vocabulary, vocabulary) = letters();
    let files: Vec<PathBuf> = ["a.jsonl", "b.jsonl"].iter().map(|name| folder.join(name)).collect();
    let (first, second) = texts.split_at(texts.len() / 2);
    let mut number = 0;
    for (path, texts) in files.iter().zip([first, second]) {
        let line = |text: &&str| {
            number += 1;
            let url = format!("https://www.site{}.org/{}", (number - 1) / 2, number - 1);
            format!("{}\n", serde_json::json!({"text": text, "url": url}))
        };
        crate::io::atomic::write(path, texts.iter().map(line).collect::<String>()).unwrap();
    }
    let mut rules = SourceRules {
        name: "letters".to_owned(),
        weight: 1.0,
        files,
        kind: Kind::Text("text".to_owned()),
        order: Order::Rank,
        token_budget: None,
        held_out: 0.0,
    };
    change(&mut rules);
    let template = Template::plain("</s>");
    let tokens = folder.join("tokens");
    let making =
        Making { vocabulary: &vocabulary, template: &template, folder: &tokens, seed: 1, progress: &|_, _| {} };
    Source::open_without(rules, &making, excluded)
}

fn all(source: &Source, epoch: u64) -> Vec<Vec<u32>> {
    let tokens = |document: Document<'_>| (0..document.len()).filter_map(|i| document.get(i)).collect();
    (0..source.documents()).filter_map(|i| source.document(epoch, i)).map(tokens).collect()
}

#[test]
fn documents_come_in_rank_order_up_to_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let texts = ["a", "bb", "", "ccc", "d"];
    let whole = source(folder.path(), &texts, |_| {}).unwrap();
    let letter = |c: char| c as u32 - 32 + 3;
    let first = vec![UNTRAINED, letter('a'), 1];
    assert_eq!((whole.documents(), whole.tokens()), (5, 15));
    assert_eq!(all(&whole, 0).len(), 4, "the empty one is passed over");
    assert_eq!(all(&whole, 0)[0], first);
    for (budget, documents, tokens) in [(1, 1, 3), (3, 1, 3), (4, 2, 7), (8, 4, 12), (99, 5, 15)] {
        let part = source(folder.path(), &texts, |rules| rules.token_budget = Some(budget)).unwrap();
        assert_eq!((part.documents(), part.tokens()), (documents, tokens), "budget {budget}");
    }
}

#[test]
fn shuffled_documents_are_the_same_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..40).map(|i| format!("document {i}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ranked = source(folder.path(), &texts, |_| {}).unwrap();
    let shuffled = source(folder.path(), &texts, |rules| rules.order = Order::Shuffled).unwrap();
    let (first, second) = (all(&shuffled, 0), all(&shuffled, 1));
    assert_ne!(first, second);
    assert_ne!(first, all(&ranked, 0));
    let sorted = |mut tokens: Vec<Vec<u32>>| {
        tokens.sort();
        tokens
    };
    assert_eq!(sorted(first.clone()), sorted(second));
    assert_eq!(sorted(first), sorted(all(&ranked, 0)));
}

#[test]
fn what_is_held_out_is_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..200).map(|i| format!("document {i}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let source = source(folder.path(), &texts, |rules| rules.held_out = 0.2).unwrap();
    let (held, trained) = (source.held_out().count(), all(&source, 0).len());
    assert_eq!(held + trained, 200);
    assert!((20..60).contains(&held), "{held}");
}

#[test]
fn what_is_measured_is_not_trained_on() {
    use super::super::exclusion::Apart;
    let (measured, trained) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // The second has the text of the first's third document at another address.
    let measured = vec![source(measured.path(), &["a", "b", "cc"], |_| {}).unwrap()];
    let texts = ["w", "x", "y", "z", "cc", "v"];
    let open = |apart, budget| {
        let rules = |rules: &mut SourceRules| rules.token_budget = budget;
        source_without(trained.path(), &texts, rules, &Excluded::of(&measured, apart)).unwrap()
    };
    let numbers = |apart| {
        let source = open(apart, None);
        (0..6).filter(|number| source.document(0, *number).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(Apart::Nothing), [0, 1, 2, 3, 4, 5]);
    // The first three by their addresses, the fifth by its text.
    assert_eq!(numbers(Apart::Documents), [3, 5]);
    // The fourth is of the third's site.
    assert_eq!(numbers(Apart::Domains), [5]);
    let part = open(Apart::Documents, Some(1));
    assert_eq!((part.documents(), part.excluded(), part.tokens()), (4, 3, 3));
    assert_ne!(open(Apart::Documents, None).key(), open(Apart::Nothing, None).key());
    let all = Excluded::of(&measured, Apart::Domains);
    let message = source_without(trained.path(), &["a", "b"], |_| {}, &all).unwrap_err().to_string();
    assert!(message.contains("none in 2 files, and 2 documents that are measured"), "{message}");
}

#[test]
fn files_are_tokenised_once_and_anew_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = || std::fs::read_dir(folder.path().join("tokens/letters")).unwrap().count();
    source(folder.path(), &["a", "b"], |_| {}).unwrap();
    assert_eq!(tokens(), 2);
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("tokens/letters")).unwrap().collect();
    let changed = source(folder.path(), &["a", "cc"], |_| {}).unwrap();
    assert_eq!(all(&changed, 0)[1].len(), 4);
    assert!(tokens() > kept.len());
}

#[test]
fn sources_of_another_form_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = |texts: &[&str], change: &dyn Fn(&mut SourceRules)| {
        source(folder.path(), texts, change).unwrap_err().to_string()
    };
    assert!(message(&["", ""], &|_| {}).contains("documents in the files of \"letters\", found none in 2 files"));
    let field = |rules: &mut SourceRules| rules.kind = Kind::Text("body".to_owned());
    assert!(message(&["a", "b"], &field).contains("a.jsonl: line 1: expected a field \"body\", found the fields"));
    let chat = |rules: &mut SourceRules| rules.kind = Kind::Chat;
    assert!(message(&["a", "b"], &chat).contains("a.jsonl: line 1: expected a conversation"));
    let other = |rules: &mut SourceRules| rules.files = vec![folder.path().join("none.jsonl")];
    let missing = message(&["a", "b"], &other);
    assert!(missing.contains("for \"letters\", found none at") && missing.ends_with("none.jsonl"), "{missing}");
    let other = |rules: &mut SourceRules| rules.files = vec![folder.path().to_owned()];
    assert!(message(&["a", "b"], &other).contains("expected .parquet, .jsonl or .jsonl.gz files for \"letters\""));
}
