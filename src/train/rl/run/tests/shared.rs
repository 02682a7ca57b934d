//! Runs of several processes against runs of one.

use super::*;
use crate::train::comm::Threads;
use crate::train::params::hf::HfFiles;

fn run_on<T: Send>(world: usize, one: impl Fn(&dyn Comm) -> Result<T> + Sync) -> Vec<T> {
    let run = &|comm: Threads| one(&comm).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = Threads::new(world).into_iter().map(|comm| scope.spawn(move || run(comm))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Three processes sample what one does, and their weights are as close as sums in another order are.
#[track_caller]
fn check(method: &'static Method, name: &str, sets: &[&str]) {
    let (alone, shared) = (format!("{name}-alone"), format!("{name}-shared"));
    train(method, &alone, sets, false, None).unwrap();
    let config = parse(&shared, sets).of_method(method);
    let options = RunOptions { resume: false, quiet: true, stop_after: None };
    let outcomes = run_on(3, |comm| RlRun::new(&config, method, comm)?.train(options));
    assert_eq!(outcomes.iter().map(|outcome| outcome.model.is_some()).collect::<Vec<_>>(), [true, false, false]);
    for (one, other) in lines(&format!("{alone}/metrics.jsonl")).iter().zip(lines(&format!("{shared}/metrics.jsonl"))) {
        for key in
            ["reward_mean", "right", "equal_groups", "asked", "length_mean", "kl", "entropy", "loss", "clip_fraction"]
        {
            let (a, b) = (one[key].as_f64().unwrap_or(-1.0), other[key].as_f64().unwrap_or(-1.0));
            assert!((a - b).abs() < 1e-4, "{name}: {key}: {one} {other}");
        }
        assert!(other["log_prob_difference"].as_f64().is_none_or(|d| d < 1e-4), "{name}: {other}");
    }
    close(&format!("{alone}/model/model.safetensors"), &format!("{shared}/model/model.safetensors"));
    let transcripts = |out: &str| bytes(&format!("{out}/transcripts/step-00000001.jsonl"));
    assert!(transcripts(&alone) == transcripts(&shared), "{name}");
}

#[track_caller]
fn close(a: &str, b: &str) {
    let open = |path: &str| HfFiles::open_file(&base().join(path)).unwrap();
    let (one, other) = (open(a), open(b));
    let base = open("base/model/model.safetensors");
    let mut moved = 0f32;
    for name in
        ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.up_proj.weight"]
    {
        let [x, y, z] = [&one, &other, &base].map(|files| files.read(name).unwrap());
        let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        // Adam's first steps take the sign of a gradient, whatever its size.
        assert!(distance(&x, &y) < 2e-4, "{a}: {name}: {}", distance(&x, &y));
        moved = moved.max(distance(&x, &z));
    }
    assert!(moved > 5e-3, "{a}: {moved}");
}

#[test]
fn processes_share_a_run() {
    check(&GRPO, "three-grpo", &["method.updates = 2", "method.mean = \"token\"", "method.drop_equal = true"]);
    check(&GRPO, "three-gspo", &["method.ratio = \"sequence\"", "method.updates = 2", "method.kl_in_reward = 0.02"]);
    check(
        &PPO,
        "three-ppo",
        &["method.kl_in_reward = 0.05", "method.beta = 0.0", "method.whiten = true", "method.updates = 2"],
    );
    check(&DPO, "three-dpo", &["method.beta = 0.5"]);
    let few = ["sampling.top_k = 6", "sampling.top_p = 0.9", "sampling.renormalise = true", "method.updates = 2"];
    check(&GRPO, "three-few", &few);
    // Fewer parts than processes.
    check(&RFT, "three-rft", &["train.micro_tokens = 4096"]);
}

#[test]
fn processes_share_the_making_of_steps() {
    let sets = ["reward_model = { rollouts = 2, questions = 5, split = \"token\" }", "sampling.outputs = 2"];
    let options = RunOptions { resume: false, quiet: true, stop_after: None };
    let alone = make_steps(&parse("steps-alone", &sets), options, &Solo).unwrap();
    let config = parse("steps-shared", &sets);
    let shared = run_on(3, |comm| make_steps(&config, options, comm));
    assert_eq!((shared[0].outputs, shared.iter().filter(|made| made.file.is_some()).count()), (alone.outputs, 1));
    assert!(bytes("steps-alone/steps.jsonl") == bytes("steps-shared/steps.jsonl"));
}

#[test]
fn processes_share_reward_models() {
    let pair = |a: u32, b: u32| {
        let (chosen, rejected) = ((a + b).to_string(), ((a + b + 1) % 9).to_string());
        format!("{}\n", serde_json::json!({"prompt": format!("{a}+{b}="), "chosen": chosen, "rejected": rejected}))
    };
    atomic::write(base().join("shared-pairs.jsonl"), (0..25).map(|i| pair(i / 5, i % 5)).collect::<String>()).unwrap();
    let fit =
        ["reward_model = { files = [\"HERE/shared-pairs.jsonl\"], batch = 8, held_out = 0.2 }", "train.steps = 8"];
    let options = RunOptions { resume: false, quiet: true, stop_after: None };
    let alone = train_reward(&parse("shared-reward-alone", &fit), options, &Solo).unwrap();
    let config = parse("shared-reward", &fit);
    let three = run_on(3, |comm| train_reward(&config, options, comm));
    assert!(
        three.iter().all(|one| (one.loss.unwrap() - alone.loss.unwrap()).abs() < 1e-5 && one.held_out.is_some()),
        "{three:?}"
    );
    let sets = [
        "reward = [{ kind = \"outcome\", path = \"HERE/shared-reward-alone/model\" }]",
        "reward_model = { files = [\"HERE/shared-pairs.jsonl\"], batch = 8 }",
        "iterations = { count = 2, reward_steps = 2, reward_questions = 6, reward_rate = 1e-3 }",
    ];
    check(&GRPO, "shared-iterative", &sets);
    let data = |out: &str| bytes(&format!("{out}/reward-data/iteration-1.jsonl"));
    assert!(!data("shared-iterative-alone").is_empty());
    assert!(data("shared-iterative-alone") == data("shared-iterative-shared"));
}
