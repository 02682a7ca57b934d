//! Answers that run programs, in the loop.

use super::super::super::steps::StepMaker;
use super::*;
use crate::train::reward::rule::math;
use crate::train::tool::attacks::sandbox;
use crate::train::tool::complete::Rollouts;

/// A model that prints a number and says it, or another, again.
fn base() -> Option<&'static Path> {
    static BASE: OnceLock<tempfile::TempDir> = OnceLock::new();
    sandbox("")?;
    let say = |number| format!("```py\nprint({number})\n```\n```output\n{number}\n```\n{number}");
    Some(BASE.get_or_init(|| teach(300, say)).path())
}

const SETS: [&str; 7] = [
    "tool = { wall_seconds = 120 }",
    "sampling.tokens_max = 50",
    "sampling.outputs = 3",
    "reward = [{ kind = \"rule\" }]",
    "train.questions = 4",
    "train.steps = 3",
    "train.transcripts = 12",
];

fn run(out: &str, method: &'static Method, more: &[&str], resume: bool, stop_after: Option<u64>) -> RlOutcome {
    let config = parse_at(base().unwrap(), out, &[&SETS, more].concat()).of_method(method);
    RlRun::new(&config, method, &Solo).unwrap().train(RunOptions { resume, quiet: true, stop_after }).unwrap()
}

fn read(path: &str) -> String {
    let path = base().unwrap().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn records(path: &str) -> Vec<serde_json::Value> {
    read(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The numbers that the programs of an answer print, and what stands in their blocks of output.
fn printed(text: &str) -> Option<(Vec<u32>, Vec<&str>)> {
    let block = |part: &str| part.split_once(")\n```\n```output\n")?.0.parse().ok();
    let parts: Vec<&str> = text.split("```py\nprint(").skip(1).collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| block(part)).collect();
    let outputs: Option<Vec<&str>> =
        parts.iter().map(|part| Some(part.split_once("```output\n")?.1.split_once("\n```\n")?.0)).collect();
    Some((numbers?, outputs?))
}

#[test]
fn programs_are_run_and_what_they_print_is_not_learnt() {
    if base().is_none() {
        return;
    }
    for (method, name, sets) in [
        (&GRPO, "grpo", ["method.updates = 2", "method.mean = \"token\""]),
        (&PPO, "ppo", ["method.whiten = true", "method.kl_in_reward = 0.05"]),
        (&DPO, "dpo", ["method.beta = 0.5", "sampling.outputs = 4"]),
    ] {
        run(name, method, &sets, false, None);
        let mut ran = 0;
        for transcript in (1..=3).flat_map(|step| records(&format!("{name}/transcripts/step-{step:08}.jsonl"))) {
            let text = transcript["output"].as_str().unwrap();
            let Some((numbers, outputs)) = printed(text) else { continue };
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            assert_eq!(numbers, outputs, "{text}");
            ran += numbers.len();
        }
        assert!(ran >= 12, "{name}: {ran} programs");
        for figures in records(&format!("{name}/metrics.jsonl")) {
            // The sampler has no log-probability of a token that was put in: were one learnt, this would be large.
            assert!(figures["log_prob_difference"].as_f64().is_none_or(|d| d < 1e-4), "{figures}");
            assert!(figures["loss"].as_f64().unwrap().is_finite() && figures["grad_norm"].as_f64().unwrap() > 0.0);
        }
        let (whole, cut) = (format!("{name}/model/model.safetensors"), format!("{name}-cut"));
        run(&cut, method, &sets, false, Some(2));
        run(&cut, method, &sets, true, None);
        let bytes = |path: &str| std::fs::read(base().unwrap().join(path)).unwrap();
        assert!(bytes(&whole) == bytes(&format!("{cut}/model/model.safetensors")), "{name}");
    }
}

#[test]
fn steps_hold_the_outputs_of_their_programs() {
    let Some(folder) = base() else { return };
    let config = parse_at(folder, "steps", &SETS);
    let loaded = load(&config, 0).unwrap();
    let tools = tools(&config).unwrap();
    let limits = limits(&config, &loaded.policy, &loaded.vocabulary, &loaded.template);
    let sampler = Sampler::new(&loaded.policy, Some(&loaded.vocabulary)).unwrap();
    let (vocabulary, choosing, limits) = (&*loaded.vocabulary, config.sampling.choosing, &limits);
    let run = RlRun::new(&config, &GRPO, &Solo).unwrap();
    let rules = crate::train::rl::config::RewardModelRules { rollouts: 2, ..config.reward_model.clone() };
    let maker = StepMaker {
        rollouts: Rollouts { sampler: &sampler, vocabulary, choosing, limits, tools: tools.as_ref() },
        outputs: 4,
        rules: &rules,
        check: math,
        seed: 3,
    };
    let mut whole = 0;
    for record in (0..2).flat_map(|place| maker.records(run.questions().at(place), 0).unwrap()) {
        let steps: Vec<&str> = record["steps"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
        let labels: Vec<f64> =
            record["labels"].as_array().unwrap().iter().map(|label| label.as_f64().unwrap()).collect();
        let text = steps.concat();
        let Some((numbers, _)) = printed(&text).filter(|(numbers, _)| numbers.len() == 1) else { continue };
        let output = format!("```output\n{}\n```\n", numbers[0]);
        assert_eq!(steps.iter().filter(|step| **step == output).count(), 1, "{steps:?}");
        assert_eq!(steps.len(), labels.len());
        let right = math(&text, record["prompt"].as_str().and_then(answer).as_deref().unwrap());
        assert_eq!(labels.last(), Some(&f64::from(right)));
        whole += 1;
    }
    assert!(whole >= 4, "{whole}");
}

/// The sum that a question asks for.
fn answer(question: &str) -> Option<String> {
    let (a, b) = question.trim_end_matches('=').split_once('+')?;
    Some((a.parse::<u32>().ok()? + b.parse::<u32>().ok()?).to_string())
}
