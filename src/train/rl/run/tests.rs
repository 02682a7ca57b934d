mod shared;
mod tools;

use std::sync::OnceLock;

use super::super::explore::accuracy;
use super::super::make_steps::make_steps;
use super::super::reward_run::train_reward;
use super::*;
use crate::train::comm::Solo;
use crate::train::config::TrainConfig;
use crate::train::data::vocabulary::tests::letters;
use crate::train::paradigm::{DPO, GRPO, PPO, RFT, SFT};
use crate::train::run::Run;
use crate::train::sample::Choosing;

/// A folder with sums of digits up to 4, `sums.jsonl`, and a small model that was fine-tuned on them with two wrong
/// answers in five: `base/model`.
fn base() -> &'static Path {
    static BASE: OnceLock<tempfile::TempDir> = OnceLock::new();
    BASE.get_or_init(|| teach(220, |number| number.to_string())).path()
}

/// Such a folder, where an answer is said in some way.
fn teach(steps: u64, say: impl Fn(u32) -> String) -> tempfile::TempDir {
    let (folder, _) = letters();
    let write = |name: &str, text: String| atomic::write(folder.path().join(name), text).unwrap();
    let template = "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}";
    write("chat_template.jinja", template.to_owned());
    let (mut sums, mut taught) = (String::new(), String::new());
    for (a, b) in (0..25).map(|i| (i / 5, i % 5)) {
        let (question, right) = (format!("{a}+{b}="), (a + b).to_string());
        sums += &format!("{}\n", serde_json::json!({"question": question, "answer": right}));
        for copy in 0..5 {
            let said = if copy < 3 { a + b } else { (a + b + 1 + copy + a) % 9 };
            taught += &format!("{}\n", serde_json::json!({"question": question, "answer": say(said)}));
        }
    }
    write("sums.jsonl", sums);
    write("taught.jsonl", taught);
    let text = format!(
        r#"
            data = {{ context = 64, packing = "documents", source = [{{ name = "sums", files = ["taught.jsonl"], kind = "chat" }}] }}
            train = {{ steps = {steps}, batch_rows = 4, micro_rows = 4 }}
            optimizer = {{ peak_rate = 1e-2, schedule = "cosine", warmup_steps = 5, weight_decay = 0.0 }}
            output.dir = "base"
            [model]
            tokenizer = "tokenizer.json"
            shape = {{ architectures = ["LlamaForCausalLM"], vocab_size = 128, hidden_size = 32, intermediate_size = 64, num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 1, max_position_embeddings = 64, tie_word_embeddings = true, eos_token_id = 1, initializer_range = 0.1 }}
            device = "cpu"
        "#
    );
    let config = TrainConfig::parse(&text, &folder.path().join("train.toml"), &[]).unwrap();
    let options = RunOptions { resume: false, quiet: true, stop_after: None };
    Run::new(&config, &Solo).unwrap().train(options).unwrap();
    folder
}

const CONFIG: &str = r#"
    [model]
    path = "base/model"
    device = "cpu"
    [data]
    files = ["sums.jsonl"]
    instruction = ""
    solution = "answer"
    [sampling]
    outputs = 6
    tokens_max = 3
    [[reward]]
    kind = "rule"
    compare = "exact"
    [train]
    steps = 6
    questions = 5
    micro_tokens = 128
    save_every = 2
    [optimizer]
    peak_rate = 2e-3
    [output]
    dir = "out"
"#;

fn parse(out: &str, sets: &[&str]) -> RlConfig {
    parse_at(base(), out, sets)
}

fn parse_at(folder: &Path, out: &str, sets: &[&str]) -> RlConfig {
    // The paths of `--set` are relative to the working folder.
    let here = folder.to_str().unwrap();
    let own = format!("output.dir = \"{here}/{out}\"");
    let sets: Vec<String> = sets.iter().map(|set| set.replace("HERE", here)).chain([own]).collect();
    RlConfig::parse(CONFIG, &folder.join("rl.toml"), &sets).unwrap()
}

fn train(method: &'static Method, out: &str, sets: &[&str], resume: bool, stop: Option<u64>) -> Result<RlOutcome> {
    let config = parse(out, sets).of_method(method);
    RlRun::new(&config, method, &Solo)?.train(RunOptions { resume, quiet: true, stop_after: stop })
}

fn bytes(path: &str) -> Vec<u8> {
    let path = base().join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn lines(path: &str) -> Vec<serde_json::Value> {
    String::from_utf8(bytes(path)).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The share of right answers over all sums, sampled.
fn right(model: &Path) -> f64 {
    let config = parse("unused", &[&format!("model.path = {:?}", model.to_str().unwrap())]);
    let run = RlRun::new(&config, &GRPO, &Solo).unwrap();
    let sampler = Sampler::new(run.policy(), Some(run.vocabulary())).unwrap();
    let questions: Vec<_> = run.questions().iter().collect();
    let by = Choosing::at(1.0);
    accuracy(&sampler, &questions, 16, &by, &run.limits, |output, question| {
        Ok(run.vocabulary().decode(output.text_tokens())? == question.answer)
    })
    .unwrap()
}

#[test]
fn rewards_make_the_policy_better() {
    let before = right(&base().join("base/model"));
    assert!((0.4..0.75).contains(&before), "{before}");
    let outcome = train(&GRPO, "grpo", &["train.steps = 40", "train.questions = 10"], false, None).unwrap();
    let after = right(&outcome.model.unwrap());
    assert!(after >= before + 0.15, "{before} to {after}");
    let figures = lines("grpo/metrics.jsonl");
    assert_eq!(figures.len(), 40);
    for line in &figures {
        let number = |name: &str| line[name].as_f64().unwrap_or_else(|| panic!("{name}: {line}"));
        assert!(number("log_prob_difference") < 1e-4, "{line}");
        assert!(number("kl") >= 0.0 && number("entropy") > 0.0 && number("clip_fraction") == 0.0);
        assert!((1.0..=3.0).contains(&number("length_mean")) && number("truncated") <= 1.0);
        assert!(number("sampled_tokens_per_s") > 0.0 && number("trained_tokens_per_s") > 0.0);
        assert!((number("reward_mean") - number("right")).abs() < 1e-9);
    }
    let transcript = &lines("grpo/transcripts/step-00000001.jsonl");
    assert_eq!(transcript.len(), 4);
    assert!(transcript[0]["question"].as_str().unwrap().ends_with('='));
}

/// A run that is killed after an odd step, in the middle of an iteration, and resumed, against one that is not.
#[track_caller]
fn check_resume(method: &'static Method, name: &str, sets: &[&str]) {
    let (whole, cut) = (format!("{name}-whole"), format!("{name}-cut"));
    train(method, &whole, sets, false, None).unwrap();
    train(method, &cut, sets, false, Some(5)).unwrap();
    train(method, &cut, sets, true, None).unwrap();
    let last = "checkpoints/step-00000006";
    for file in ["model/model.safetensors", &format!("{last}/optimizer.safetensors"), &format!("{last}/state.json")] {
        assert_eq!(bytes(&format!("{whole}/{file}")), bytes(&format!("{cut}/{file}")), "{name}: {file}");
    }
    let figures = |out: &str| -> Vec<String> {
        let of = |line: &serde_json::Value| format!("{} {} {}", line["loss"], line["reward_mean"], line["grad_norm"]);
        lines(&format!("{out}/metrics.jsonl")).iter().map(of).collect()
    };
    assert_eq!(figures(&whole), figures(&cut), "{name}");
    assert!(bytes(&format!("{whole}/model/model.safetensors")) != bytes("base/model/model.safetensors"), "{name}");
}

#[test]
fn killed_and_resumed_is_uninterrupted() {
    let process = [
        "reward = [{ kind = \"prefix\", split = \"token\" }]",
        "method.supervision = \"process\"",
        "method.drop_equal = true",
        "method.updates = 2",
        "iterations.count = 2",
    ];
    check_resume(&GRPO, "grpo-process", &process);
    check_resume(&GRPO, "gspo", &["method.ratio = \"sequence\"", "method.updates = 2", "method.mean = \"token\""]);
    check_resume(&PPO, "ppo", &["method.kl_in_reward = 0.05", "method.beta = 0.0", "method.whiten = true"]);
    check_resume(&DPO, "dpo", &["method.beta = 0.5"]);
    check_resume(&RFT, "rft", &[]);
    check_resume(&RFT, "online-rft", &["method.source = \"online\""]);
    check_resume(&SFT, "given", &[]);
}

#[test]
fn reward_models_are_trained_on_between_iterations() {
    let examples = base().join("pairs.jsonl");
    let pair = |a: u32, b: u32| {
        let (chosen, rejected) = ((a + b).to_string(), ((a + b + 1) % 9).to_string());
        format!("{}\n", serde_json::json!({"prompt": format!("{a}+{b}="), "chosen": chosen, "rejected": rejected}))
    };
    atomic::write(&examples, (0..25).map(|i| pair(i / 5, i % 5)).collect::<String>()).unwrap();
    let fit = ["reward_model = { files = [\"HERE/pairs.jsonl\"], batch = 8, held_out = 0.2 }", "train.steps = 12"];
    let config = parse("outcome-model", &fit);
    let options = |resume, stop_after| RunOptions { resume, quiet: true, stop_after };
    let outcome = train_reward(&config, options(false, Some(5)), &Solo).unwrap();
    assert_eq!((outcome.steps, outcome.model), (5, None));
    let outcome = train_reward(&config, options(true, None), &Solo).unwrap();
    let first = lines("outcome-model/metrics.jsonl")[0]["loss"].as_f64().unwrap();
    assert!(outcome.loss.unwrap() < first, "{first} to {:?}", outcome.loss);
    assert!(outcome.held_out.is_some() && outcome.model.is_some());
    let lora = parse("outcome-model-lora", &[&fit[..], &[LORA]].concat());
    let outcome = train_reward(&lora, options(false, None), &Solo).unwrap();
    assert!(outcome.loss.unwrap() < first, "{first} to {:?}", outcome.loss);
    assert!(outcome.model.unwrap().join("model.safetensors").is_file());
    let sets = [
        "reward = [{ kind = \"outcome\", path = \"HERE/outcome-model/model\" }]",
        "reward_model = { files = [\"HERE/pairs.jsonl\"], batch = 8 }",
        "iterations = { count = 2, reward_steps = 2, reward_questions = 6, reward_rate = 1e-3 }",
    ];
    check_resume(&GRPO, "iterative", &sets);
    assert!(!lines("iterative-whole/reward-data/iteration-1.jsonl").is_empty());
    let model = "checkpoints/step-00000006/reward/model.safetensors";
    assert_eq!(bytes(&format!("iterative-whole/{model}")), bytes(&format!("iterative-cut/{model}")));
    assert_ne!(bytes(&format!("iterative-whole/{model}")), bytes("outcome-model/model/model.safetensors"));
}

#[test]
fn steps_are_labelled_by_completions() {
    let sets = ["reward_model = { rollouts = 4, questions = 3, split = \"token\" }", "sampling.outputs = 2"];
    let options = |resume, stop_after| RunOptions { resume, quiet: true, stop_after };
    let made = make_steps(&parse("steps", &sets), options(false, None), &Solo).unwrap();
    let records = lines("steps/steps.jsonl");
    assert_eq!((records.len() as u64, made.file), (made.outputs, Some(base().join("steps/steps.jsonl"))));
    // Killed after the first question, and gone on with.
    let cut = parse("steps-cut", &sets);
    assert_eq!(make_steps(&cut, options(false, Some(1)), &Solo).unwrap().file, None);
    assert!(make_steps(&cut, options(false, None), &Solo).unwrap_err().to_string().contains("or --resume"));
    let other = parse("steps-cut", &[sets[0], "sampling.outputs = 3"]);
    assert!(make_steps(&other, options(true, None), &Solo).unwrap_err().to_string().contains("found others"));
    make_steps(&cut, options(true, None), &Solo).unwrap();
    assert!(bytes("steps-cut/steps.jsonl") == bytes("steps/steps.jsonl") && !base().join("steps-cut/steps").exists());
    // Made, they are not made again.
    assert!(make_steps(&cut, options(false, None), &Solo).is_err());
    assert_eq!(make_steps(&cut, options(true, None), &Solo).unwrap().outputs, made.outputs);
    for record in &records {
        let steps: Vec<&str> = record["steps"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
        let labels: Vec<f64> = record["labels"].as_array().unwrap().iter().map(|l| l.as_f64().unwrap()).collect();
        assert_eq!(steps.len(), labels.len());
        let prompt = record["prompt"].as_str().unwrap();
        let (a, b) = prompt.trim_end_matches('=').split_once('+').unwrap();
        let sum = a.parse::<u32>().unwrap() + b.parse::<u32>().unwrap();
        assert_eq!(*labels.last().unwrap(), f64::from(steps.concat() == sum.to_string()), "{record}");
        assert!(labels.iter().all(|label| (label * 4.0).fract() == 0.0 && *label <= 1.0));
    }
    // A process model learns from them, and rewards with it are of steps.
    let sets = ["reward_model.files = [\"HERE/steps/steps.jsonl\"]", "train.steps = 2"];
    train_reward(&parse("process-model", &sets), RunOptions { resume: false, quiet: true, stop_after: None }, &Solo)
        .unwrap();
    let sets = [
        "reward = [{ kind = \"process\", path = \"HERE/process-model/model\", split = \"token\" }]",
        "method.supervision = \"process\"",
        "train.steps = 2",
    ];
    train(&GRPO, "by-steps", &sets, false, None).unwrap();
    assert!(!lines("by-steps/transcripts/step-00000001.jsonl")[0]["steps"].as_array().unwrap().is_empty());
}

const LORA: &str = "lora = { rank = 2, alpha = 4.0, targets = [\"self_attn.q_proj\", \"mlp.up_proj\"] }";

#[test]
fn adapters_are_held_to_the_base() {
    let sets = [LORA, "method.updates = 2"];
    let outcome = train(&GRPO, "lora", &sets, false, None).unwrap();
    assert!(outcome.model.unwrap().join("adapter_model.safetensors").is_file());
    let kl: Vec<f64> = lines("lora/metrics.jsonl").iter().map(|line| line["kl"].as_f64().unwrap()).collect();
    assert!(kl[0] < 1e-3 && kl[5] > 0.0, "{kl:?}");
    // A value model has adapters too.
    train(&PPO, "lora-ppo", &[LORA], false, None).unwrap();
    train(&PPO, "lora-ppo-cut", &[LORA], false, Some(5)).unwrap();
    train(&PPO, "lora-ppo-cut", &[LORA], true, None).unwrap();
    let value = "checkpoints/step-00000006/value/adapters/adapter_model.safetensors";
    for file in ["model/adapter_model.safetensors", value] {
        assert!(bytes(&format!("lora-ppo/{file}")) == bytes(&format!("lora-ppo-cut/{file}")), "{file}");
    }
}

#[test]
fn what_does_not_fit_is_said_before_training() {
    let message = |method: &'static Method, sets: &[&str]| {
        train(method, "refused", sets, false, None).map(|_| ()).unwrap_err().to_string()
    };
    assert!(message(&SFT, &["data.solution = \"none\""]).contains("a field that every question has"));
    assert!(message(&GRPO, &["data.answer = \"result\""]).contains("line 1: expected the text of a question"));
    assert!(message(&GRPO, &["data.answer_after = \"####\""]).contains("an answer without \"####\""));
    assert!(message(&GRPO, &["data.files = [\"HERE/none.jsonl\"]"]).contains("none.jsonl: cannot read"));
    let wished = message(&GRPO, &["reward = [{ kind = \"outcome\", path = \"nowhere\" }]"]);
    assert!(wished.contains("nowhere"), "{wished}");
    train(&GRPO, "other", &[], false, Some(2)).unwrap();
    let resumed = |sets: &[&str], method| train(method, "other", sets, true, None).map(|_| ()).unwrap_err().to_string();
    assert!(resumed(&["sampling.outputs = 7"], &GRPO).contains("expected the settings that"));
    assert!(resumed(&[], &RFT).contains("expected the settings that"));
    assert!(train(&GRPO, "other", &[], false, None).unwrap_err().to_string().contains("or --resume"));
}
