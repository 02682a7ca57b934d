use super::*;

#[test]
fn corpora_are_named_by_their_files() {
    let name = |text: &str| Corpus::parse(text).name;
    assert_eq!(name("math=out/rounds/01/shards"), "math");
    assert_eq!(Corpus::parse("math=a=b").files, Path::new("a=b"));
    assert_eq!(name("out/pages/"), "pages");
    assert_eq!(name("x/part-*.parquet"), "part-");
    assert_eq!(name("*.jsonl"), "corpus");
}

#[test]
fn spreads_are_of_samples() {
    assert_eq!(Spread::of(&[1.0, 2.0, 3.0]), Spread { mean: 2.0, deviation: 1.0 });
    assert_eq!(Spread::of(&[5.0]), Spread { mean: 5.0, deviation: 0.0 });
}

fn run(seed: u64, perplexities: &[f64]) -> SeedRun {
    let one = |(i, perplexity): (usize, &f64)| Measurement {
        step: 10 * (i as u64 + 1),
        source: "held".to_owned(),
        held_out_loss: perplexity.ln(),
        perplexity: *perplexity,
        targets: 7,
    };
    let measured = perplexities.iter().enumerate().map(one).collect();
    SeedRun { seed, corpus_tokens: 400, excluded_documents: 2, measured }
}

#[test]
fn differences_are_taken_seed_by_seed() {
    let corpora = vec![
        CorpusRuns { name: "ranked".to_owned(), runs: vec![run(0, &[50.0, 20.0]), run(1, &[60.0, 30.0])] },
        CorpusRuns { name: "crawl".to_owned(), runs: vec![run(0, &[50.0, 22.0]), run(1, &[62.0, 32.0])] },
    ];
    let table = table(&corpora);
    assert_eq!(table[0].perplexities, [20.0, 30.0]);
    assert_eq!(table[0].over_first, None);
    assert_eq!(table[1].over_first, Some(Spread { mean: 2.0, deviation: 0.0 }));
    let text = Comparison { steps: 20, step_tokens: 40, corpora, table }.to_string();
    for want in [
        "20 steps of 40 tokens: 800 tokens a run",
        "ranked: 400 tokens (2.00 epochs), 2 documents left out",
        "corpus     seed 0     seed 1       mean  deviation         over the first",
        "crawl      22.000     32.000     27.000      7.071         +2.000 ± 0.000",
        "crawl      56.0     27.0",
    ] {
        assert!(text.contains(want), "{want}\n{text}");
    }
}

#[test]
fn the_corpus_that_is_like_what_is_measured_is_worth_more() {
    let lab = crate::train::run::tests::Lab::new();
    let write = |name: &str, texts: Vec<String>| {
        let line = |text: &String| format!("{}\n", serde_json::json!({"text": text}));
        crate::io::atomic::write(lab.folder.path().join(name), texts.iter().map(line).collect::<String>()).unwrap();
    };
    write("held.jsonl", (0..9).map(|i| format!("{} + {} = {}", i + 2, i, 2 * i + 2)).collect());
    let file = |name: &str| lab.folder.path().join(name);
    let corpora = vec![
        Corpus { name: "sums".to_owned(), files: file("sums.jsonl") },
        Corpus { name: "words".to_owned(), files: file("words.jsonl") },
    ];
    let sets =
        ["data.source = [{ name = \"any\", files = [\"x\"] }]", "output.dir = \"compared\"", "measure.every = 6"];
    let config = lab.config(&sets);
    let held_out = vec![Corpus { name: "held".to_owned(), files: file("held.jsonl") }];
    let mut rules = CompareRules { corpora, held_out, source: None, seeds: 2, quiet: true };
    let mut told = Vec::new();
    let found = compare(&config, &rules, &mut |corpus, run| told.push(format!("{corpus} {}", run.seed))).unwrap();
    assert_eq!(told, ["sums 0", "words 0", "sums 1", "words 1"]);
    let [sums, words] = found.table.as_slice() else { panic!("{:?}", found.table) };
    assert_eq!((sums.held_out.as_str(), sums.perplexities.len()), ("held", 2));
    assert!(words.over_first.unwrap().mean > 1.0, "{found}");
    // Each run begins as the other corpus's of its seed does, and unlike that of another seed.
    let first = |corpus: usize, nth: u64| {
        let config = run_config(&config, &rules, &rules.corpora[corpus], nth).unwrap();
        let (model, _) = crate::train::run::model(&config).unwrap();
        model.params().iter().next().unwrap().master().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    assert_eq!(first(0, 1), first(1, 1));
    assert_ne!(first(0, 0), first(0, 1));
    // What is finished is read, not trained again.
    let before = std::fs::metadata(file("compared/sums-0/model/model.safetensors")).unwrap().len();
    let again = compare(&config, &rules, &mut |_, _| {}).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&found).unwrap());
    assert_eq!(std::fs::metadata(file("compared/sums-0/model/model.safetensors")).unwrap().len(), before);
    // Figures of other texts under the same name are not taken for these.
    let held = std::fs::read(file("held.jsonl")).unwrap();
    write("held.jsonl", (0..9).map(|i| format!("let x be {i}")).collect());
    let message = compare(&config, &rules, &mut |_, _| {}).map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("expected the settings that"), "{message}");
    crate::io::atomic::write(file("held.jsonl"), held).unwrap();
    rules.corpora[1].files = file("none.jsonl");
    assert!(compare(&config, &rules, &mut |_, _| {}).unwrap_err().to_string().contains("none.jsonl"));
    rules.corpora.truncate(1);
    assert!(compare(&config, &rules, &mut |_, _| {}).unwrap_err().to_string().contains("two or more"));
    rules.source = Some("other".to_owned());
    let message = run_config(&config, &rules, &rules.corpora[0], 0).unwrap_err().to_string();
    assert!(message.contains("the source that a corpus replaces: expected one of any"), "{message}");
}
