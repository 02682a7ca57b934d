use super::*;
use crate::train::data::vocabulary::tests::letters;
use crate::train::head;
use crate::train::model::config::ModelConfig;
use crate::train::model::sequence::Sequences;
use crate::train::params::Place;

/// A model of random weights whose distributions are neither flat nor sharp.
fn model(context: usize) -> Model {
    let config = format!(
        r#"{{"architectures": ["LlamaForCausalLM"], "vocab_size": 128, "hidden_size": 16, "intermediate_size": 24,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": {context}, "tie_word_embeddings": true, "initializer_range": 0.25}}"#
    );
    Model::random(ModelConfig::parse(config.as_bytes(), "test").unwrap(), &Place::cpu(), 3).unwrap()
}

fn limits(tokens_max: usize, batch_rows: usize) -> Limits {
    Limits { tokens_max, stop_tokens: vec![1, 5, 9], stop_texts: Vec::new(), batch_rows }
}

/// Groups of four rows on prompts of different lengths.
fn groups() -> Vec<Row> {
    let prompts = [vec![0, 40, 41], vec![0, 50], vec![0, 60, 61, 62, 63, 64, 65], vec![7]];
    let rows = prompts.iter().enumerate().flat_map(|(prompt, tokens)| {
        (0..4).map(move |sample| Row::new(tokens.clone(), stream(5, 2, prompt as u64, sample)))
    });
    rows.collect()
}

fn sample(model: &Model, rows: &[Row], by: &Choosing, limits: &Limits) -> Vec<Row> {
    let mut rows = rows.to_vec();
    Sampler::new(model, None).unwrap().run(&mut rows, by, limits).unwrap();
    rows
}

#[test]
fn tokens_do_not_depend_on_the_batch() {
    let model = model(64);
    let rows = groups();
    let whole = sample(&model, &rows, &Choosing::at(1.0), &limits(24, 16));
    let lengths: Vec<usize> = whole.iter().map(|row| row.output.tokens.len()).collect();
    assert!(lengths.iter().max() > lengths.iter().min(), "rows end at different places: {lengths:?}");
    assert!(whole.iter().any(|row| row.output.end == Some(End::Token)));
    for batch_rows in [1, 3, 7] {
        let parts = sample(&model, &rows, &Choosing::at(1.0), &limits(24, batch_rows));
        for (a, b) in whole.iter().zip(&parts) {
            assert_eq!((&a.output.tokens, a.output.end), (&b.output.tokens, b.output.end));
            assert!(a.output.log_probs.iter().zip(&b.output.log_probs).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }
    // The samples of a prompt are not all alike, and the same seed gives the same.
    assert!(whole[..4].iter().any(|row| row.output.tokens != whole[0].output.tokens));
    assert_eq!(whole, sample(&model, &rows, &Choosing::at(1.0), &limits(24, 16)));
}

#[test]
fn log_probs_are_those_of_a_whole_forward() {
    let model = model(64);
    let few = Choosing { temperature: 1.3, top_k: Some(9), top_p: 0.8 };
    for by in [Choosing::at(1.0), Choosing::at(0.7), few] {
        for row in sample(&model, &groups(), &by, &limits(24, 16)) {
            let tokens: Vec<u32> = row.tokens().collect();
            let targets: Vec<Option<u32>> = tokens[1..].iter().copied().map(Some).chain([None]).collect();
            let weights = model.weights(View::Detached).unwrap();
            let sequences = Sequences::plain(1, tokens).unwrap();
            let hidden = model.decoder().hidden(&weights, &sequences).unwrap();
            let hidden = (hidden / by.temperature).unwrap();
            let before = std::iter::repeat_n(Vec::new(), row.prompt.len() - 1);
            let among: Vec<Vec<u32>> = before.chain(row.output.kept.iter().cloned()).collect();
            assert!(row.output.kept.iter().all(|kept| kept.is_empty() == by.is_whole() && kept.len() <= 9));
            let wanted = head::Wanted { targets: &targets, among: &among };
            let whole = head::log_probs(&hidden, &weights.head, wanted, 64).unwrap();
            let found = &whole[row.prompt.len() - 1..][..row.output.tokens.len()];
            for (a, b) in row.output.log_probs.iter().zip(found) {
                assert!((a - b).abs() <= 1e-5, "{a} {b}");
            }
        }
    }
}

#[test]
fn an_ended_row_does_not_leave_the_context() {
    let model = model(12);
    let free = Limits { tokens_max: 100, stop_tokens: Vec::new(), stop_texts: Vec::new(), batch_rows: 16 };
    let greedy = |rows: &[Row], limits: &Limits| sample(&model, rows, &Choosing::greedy(), limits);
    let long = Row::new((40..50).collect(), 0);
    let stop = greedy(std::slice::from_ref(&long), &free)[0].output.tokens[0];
    // Eight that go on to the end of the context without the token that ends the long one at once.
    let others: Vec<Row> = (20..120).map(|token| Row::new(vec![token], 0)).collect();
    let others = greedy(&others, &free).into_iter().filter(|row| !row.output.tokens.contains(&stop));
    let shorts: Vec<Row> = others.take(8).map(|row| Row::new(row.prompt, 0)).collect();
    assert_eq!(shorts.len(), 8);
    let found = greedy(&[&[long], &shorts[..]].concat(), &Limits { stop_tokens: vec![stop], ..free });
    assert_eq!((found[0].output.tokens.len(), found[0].output.end), (1, Some(End::Token)));
    assert!(found[1..].iter().all(|row| (row.length(), row.output.end) == (12, Some(End::Context))));
}

#[test]
fn outputs_end_where_they_should() {
    let model = model(12);
    let rows = groups();
    let free = Limits { stop_tokens: vec![], ..limits(100, 16) };
    for row in sample(&model, &rows, &Choosing::at(1.0), &free) {
        assert_eq!((row.length(), row.output.end), (12, Some(End::Context)));
    }
    let short = Limits { tokens_max: 3, ..free.clone() };
    for row in sample(&model, &rows, &Choosing::greedy(), &short) {
        assert_eq!((row.output.tokens.len(), row.output.end), (3, Some(End::Length)));
        assert!(row.output.end.unwrap().is_cut());
    }
    let sampler = Sampler::new(&model, None).unwrap();
    let refused = |prompt: Vec<u32>, limits: &Limits| {
        sampler.run(&mut [Row::new(prompt, 0)], &Choosing::greedy(), limits).unwrap_err().to_string()
    };
    assert!(refused(vec![], &short).contains("1 to 12 tokens"));
    assert!(refused(vec![3; 13], &short).contains("found 13"));
    assert!(refused(vec![500], &short).contains("below the vocabulary's 128"));
    assert!(refused(vec![3], &Limits { stop_texts: vec!["x".into()], ..short.clone() }).contains("a vocabulary"));
}

#[test]
fn a_stopped_row_goes_on_after_forced_tokens() {
    let (_folder, vocabulary) = letters();
    let model = model(64);
    let free = Limits { stop_tokens: vec![], ..limits(40, 8) };
    let plain = sample(&model, &groups(), &Choosing::at(1.0), &free);
    // Two letters that one of the outputs has, but not as its first.
    let text = vocabulary.decode(&plain[0].output.tokens).unwrap();
    let stop: String = text.chars().skip(6).take(2).collect();
    let limits = Limits { stop_texts: vec![stop.clone()], ..free };
    let sampler = Sampler::new(&model, Some(&vocabulary)).unwrap();
    let mut row = [Row::new(plain[0].prompt.clone(), plain[0].stream)];
    sampler.run(&mut row, &Choosing::at(1.0), &limits).unwrap();
    let stopped = row[0].output.tokens.len();
    assert_eq!(row[0].output.end, Some(End::Text));
    assert_eq!(row[0].output.tokens, plain[0].output.tokens[..stopped]);
    assert!(vocabulary.decode(&row[0].output.tokens).unwrap().ends_with(&stop));
    // What a tool printed holds the stop text; it does not stop the row at once.
    let printed = vocabulary.encode(&format!("{stop}42"), false).unwrap();
    row[0].force(&printed);
    sampler.run(&mut row, &Choosing::at(1.0), &limits).unwrap();
    let output = &row[0].output;
    assert!(output.tokens.len() > stopped + printed.len());
    assert_eq!(output.tokens[stopped..stopped + printed.len()], printed);
    let learnt: Vec<bool> = (0..output.tokens.len()).map(|i| i < stopped || i >= stopped + printed.len()).collect();
    assert_eq!(output.chosen, learnt);
    assert_eq!(output.log_probs[stopped], 0.0);
}

#[test]
fn greedy_is_the_largest_logit() {
    let model = model(32);
    let row = &sample(&model, &groups()[..1], &Choosing::greedy(), &limits(8, 1))[0];
    let tokens: Vec<u32> = row.tokens().collect();
    let logits = model.forward(&Sequences::plain(1, tokens.clone()).unwrap()).unwrap().to_vec2::<f32>().unwrap();
    for (i, token) in row.output.tokens.iter().enumerate() {
        let logits = &logits[row.prompt.len() - 1 + i];
        assert!(logits.iter().all(|logit| *logit <= logits[*token as usize] + 1e-5));
    }
}
