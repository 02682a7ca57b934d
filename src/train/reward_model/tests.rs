use super::examples::{Example, Reading};
use super::fit::{FitRules, gradients, step};
use super::*;
use crate::train::comm::Solo;
use crate::train::data::template::Template;
use crate::train::data::vocabulary::tests::letters;
use crate::train::model::config::ModelConfig;
use crate::train::params::names;

fn scalar(tied: bool) -> ScalarModel {
    let config = format!(
        r#"{{"architectures": ["LlamaForCausalLM"], "vocab_size": 128, "hidden_size": 16, "intermediate_size": 24,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 64, "tie_word_embeddings": {tied}, "initializer_range": 0.2}}"#
    );
    let model = Model::random(ModelConfig::parse(config.as_bytes(), "test").unwrap(), &Place::cpu(), 3).unwrap();
    ScalarModel::with_head(model, |width| Ok((0..width).map(|i| (i as f32 * 0.7).sin()).collect())).unwrap()
}

const RULES: FitRules = FitRules { micro_tokens: 12, keep: Checkpointing::Off, clip_norm: 1.0 };

fn examples() -> Vec<Example> {
    vec![
        Example::Pair { prompt: vec![0, 5, 6], chosen: vec![7, 8, 1], rejected: vec![9, 1] },
        Example::Labelled { prompt: vec![0, 9], output: vec![4, 5, 6, 1], labels: vec![(1, 1.0), (3, 0.25)] },
        Example::Labelled { prompt: vec![0], output: vec![4, 1], labels: vec![(1, 0.0)] },
    ]
}

#[test]
fn gradients_are_derivatives() {
    let model = scalar(false);
    let examples = examples();
    let list: Vec<&Example> = examples.iter().collect();
    let (_, grads) = gradients(&model, &list, &RULES, &Solo).unwrap();
    assert!(model.model.params().get(names::HEAD).is_none(), "the logits' head is gone");
    let loss = || gradients(&model, &list, &RULES, &Solo).unwrap().0.loss;
    let params = model.model.trained().iter().chain(&model.head);
    for param in params {
        let was = param.master().unwrap().copy().unwrap();
        let gradient = grads.get(param.name()).unwrap();
        // Along the gradient the loss grows by its norm.
        let norm = f64::from(gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap()).sqrt();
        let at = |h: f64| {
            param.set(&(&was + (gradient * (h / norm)).unwrap()).unwrap()).unwrap();
            loss()
        };
        let slope = (at(5e-3) - at(-5e-3)) / 1e-2;
        param.set(&was).unwrap();
        assert!((slope - norm).abs() < 2e-3 * norm.max(0.05), "{}: {slope} for {norm}", param.name());
    }
}

#[test]
fn parts_make_no_difference_and_a_fit_learns() {
    let examples = examples();
    let list: Vec<&Example> = examples.iter().collect();
    let model = scalar(true);
    let (parts, _) = gradients(&model, &list, &RULES, &Solo).unwrap();
    let (whole, _) = gradients(&model, &list, &FitRules { micro_tokens: 1000, ..RULES }, &Solo).unwrap();
    assert!((parts.loss - whole.loss).abs() < 1e-6, "{} {}", parts.loss, whole.loss);
    let mut optimizer = ScalarOptimizer::new(AdamWConfig::default(), &model);
    for _ in 0..60 {
        step(&model, &mut optimizer, &list, &RULES, 0.01, &Solo).unwrap();
    }
    let (after, _) = gradients(&model, &list, &RULES, &Solo).unwrap();
    // The label of 1/4 cannot be fitted below its entropy, 0.56, a quarter of which counts.
    assert!(after.loss < 0.25 && after.right > 0.99, "{after:?}");
}

#[test]
fn a_model_is_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let model = scalar(false);
    let path = folder.path().join("reward");
    model.save(&path).unwrap();
    let again = ScalarModel::load(&path, &Place::cpu()).unwrap();
    let sequences = Sequences::plain(1, vec![0, 5, 6, 7]).unwrap();
    assert_eq!(model.scores(&sequences).unwrap(), again.scores(&sequences).unwrap());
    // With its optimiser, as a checkpoint has it.
    let mut optimizer = ScalarOptimizer::new(AdamWConfig::default(), &model);
    let examples = examples();
    let list: Vec<&Example> = examples.iter().collect();
    step(&model, &mut optimizer, &list, &RULES, 0.01, &Solo).unwrap();
    optimizer.write(&model, &folder.path().join("checkpoint")).unwrap();
    let mut restored =
        ScalarOptimizer::restore(AdamWConfig::default(), &again, &folder.path().join("checkpoint")).unwrap();
    assert_eq!(restored.steps(), 1);
    step(&model, &mut optimizer, &list, &RULES, 0.01, &Solo).unwrap();
    step(&again, &mut restored, &list, &RULES, 0.01, &Solo).unwrap();
    assert_eq!(model.scores(&sequences).unwrap(), again.scores(&sequences).unwrap());
}

#[test]
fn adapters_are_trained_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        LoraConfig { rank: 2, alpha: 4.0, targets: ["self_attn.q_proj", "mlp.up_proj"].map(str::to_owned).to_vec() };
    let adapted = || scalar(true).with_lora(&config, 3).unwrap();
    let model = adapted();
    let sequences = Sequences::plain(1, vec![0, 5, 6, 7]).unwrap();
    let examples = examples();
    let list: Vec<&Example> = examples.iter().collect();
    let mut optimizer = ScalarOptimizer::new(AdamWConfig::default(), &model);
    let (before, _) = gradients(&model, &list, &RULES, &Solo).unwrap();
    for _ in 0..3 {
        step(&model, &mut optimizer, &list, &RULES, 0.01, &Solo).unwrap();
    }
    let (after, grads) = gradients(&model, &list, &RULES, &Solo).unwrap();
    assert!(after.loss < before.loss, "{before:?} to {after:?}");
    assert!(grads.iter().all(|(name, _)| name.contains("lora") || name == SCORE));
    let checkpoint = folder.path().join("checkpoint");
    optimizer.write(&model, &checkpoint).unwrap();
    let again = adapted();
    let restored = ScalarOptimizer::restore(AdamWConfig::default(), &again, &checkpoint).unwrap();
    assert_eq!((restored.steps(), again.scores(&sequences).unwrap()), (3, model.scores(&sequences).unwrap()));
    let scores = model.scores(&sequences).unwrap();
    let path = folder.path().join("merged");
    model.merged().unwrap().save(&path).unwrap();
    let merged = ScalarModel::load(&path, &Place::cpu()).unwrap().scores(&sequences).unwrap();
    assert!(scores.iter().zip(&merged).all(|(a, b)| (a - b).abs() < 1e-5), "{scores:?} {merged:?}");
}

#[test]
fn records_become_examples() {
    let (folder, vocabulary) = letters();
    let template = Template::plain("</s>");
    let reading = Reading { vocabulary: &vocabulary, template: &template, instruction: "" };
    let path = folder.path().join("examples.jsonl");
    let read = |text: &str| {
        crate::io::atomic::write(&path, text).unwrap();
        reading.file(&path).map_err(|e| e.to_string())
    };
    let found = read(concat!(
        "{\"prompt\": \"1+1\", \"chosen\": \"2\", \"rejected\": \"33\"}\n",
        "{\"question\": \"1+1\", \"response\": \"2\", \"label\": 1}\n",
        "{\"prompt\": \"1+1\", \"steps\": [\"a\\n\", \"bc\"], \"labels\": [1, 0.5]}\n",
    ))
    .unwrap();
    let prompt = reading.prompt("1+1").unwrap();
    assert_eq!(vocabulary.decode(&prompt).unwrap(), "User: 1+1\n\nAssistant:");
    assert_eq!(prompt[0], 0);
    let letter = |c: char| c as u32 - 32 + 3;
    // An answer begins as the policy writes it.
    let (lead, two, three) = (letter(' '), letter('2'), letter('3'));
    assert_eq!(
        found[0],
        Example::Pair { prompt: prompt.clone(), chosen: vec![lead, two, 1], rejected: vec![lead, three, three, 1] }
    );
    assert_eq!(
        found[1],
        Example::Labelled { prompt: prompt.clone(), output: vec![lead, two, 1], labels: vec![(2, 1.0)] }
    );
    assert_eq!(reading.answer(" 2").unwrap(), reading.answer("2").unwrap());
    let Example::Labelled { output, labels, .. } = &found[2] else { panic!("{found:?}") };
    assert_eq!((output.len(), labels.as_slice()), (5, [(2, 1.0), (4, 0.5)].as_slice()));
    assert!(read("{\"prompt\": \"x\"}").unwrap_err().contains("line 1: expected \"prompt\" with"));
    assert!(read("{\"prompt\": \"x\", \"response\": \"\", \"label\": 2}").unwrap_err().contains("a label of 2"));
    assert!(read("{\"prompt\": \"x\", \"steps\": [\"a\"], \"labels\": []}").unwrap_err().contains("1 steps with 0"));
}
