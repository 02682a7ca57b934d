use super::super::comm::{Solo, Threads};
use super::super::data::vocabulary::tests::letters;
use super::*;
use crate::train::model::config::ModelConfig;

/// A folder with a tokenizer of letters, two sources, and the text of a configuration.
pub(in crate::train) struct Lab {
    pub(in crate::train) folder: tempfile::TempDir,
}

const CONFIG: &str = r#"
    [model]
    tokenizer = "tokenizer.json"
    shape = { architectures = ["LlamaForCausalLM"], model_type = "llama", vocab_size = 128, hidden_size = 16, intermediate_size = 24, num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 1, max_position_embeddings = 32, rms_norm_eps = 1e-5, rope_theta = 10000.0, tie_word_embeddings = false, hidden_act = "silu", eos_token_id = 1 }
    device = "cpu"
    [data]
    context = 16
    packing = "documents"
    [[data.source]]
    name = "sums"
    weight = 0.75
    files = ["sums.jsonl"]
    held_out = 0.2
    [[data.source]]
    name = "words"
    weight = 0.25
    files = ["words.jsonl"]
    [train]
    steps = 12
    batch_rows = 4
    micro_rows = 3
    save_every = 4
    [optimizer]
    peak_rate = 0.01
    schedule = "cosine"
    warmup_steps = 2
    [measure]
    every = 6
    rows = 8
    [output]
    dir = "out"
"#;

impl Lab {
    pub(in crate::train) fn new() -> Self {
        let (folder, _) = letters();
        let write = |name: &str, texts: Vec<String>| {
            let line = |text: &String| format!("{}\n", serde_json::json!({"text": text}));
            crate::io::atomic::write(folder.path().join(name), texts.iter().map(line).collect::<String>()).unwrap();
        };
        write("sums.jsonl", (0..60).map(|i| format!("{} + {} = {}", i % 7, i % 5, i % 7 + i % 5)).collect());
        write("words.jsonl", (0..20).map(|i| "let x be a number ".repeat(i % 4 + 1)).collect());
        Self { folder }
    }

    pub(in crate::train) fn config(&self, sets: &[&str]) -> TrainConfig {
        // Paths of `--set` are relative to the working folder; here all stay in this one.
        let here = format!("output.dir = \"{}/", self.folder.path().display());
        let sets: Vec<String> = sets.iter().map(|set| set.replace("output.dir = \"", &here)).collect();
        TrainConfig::parse(CONFIG, &self.folder.path().join("train.toml"), &sets).unwrap()
    }

    fn train(&self, sets: &[&str], resume: bool, stop_after: Option<u64>) -> Result<Outcome> {
        Run::new(&self.config(sets), &Solo)?.train(RunOptions { resume, quiet: true, stop_after })
    }

    /// The bytes of a file of the output.
    fn bytes(&self, path: &str) -> Vec<u8> {
        let path = self.folder.path().join(path);
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    fn losses(&self, out: &str) -> Vec<(u64, String)> {
        let text = String::from_utf8(self.bytes(&format!("{out}/metrics.jsonl"))).unwrap();
        let line = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
        let lines = text.lines().map(line).filter(|line| line["loss"].is_number());
        lines.map(|line| (line["step"].as_u64().unwrap(), line["loss"].to_string())).collect()
    }
}

#[test]
fn a_run_learns_and_leaves_a_model() {
    let lab = Lab::new();
    let outcome = lab.train(&["train.steps = 60"], false, None).unwrap();
    let losses = lab.losses("out");
    let first: f64 = losses[0].1.parse().unwrap();
    assert_eq!(losses.len(), 60);
    let loss = outcome.loss.unwrap();
    assert!(loss < 0.6 * first, "{first} to {loss}");
    let place = Where::cpu();
    let model = Model::load(&outcome.model.unwrap(), &place).unwrap();
    assert!(model.companions().contains_key("tokenizer.json"));
    assert_eq!(outcome.measured.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), ["sums"]);
    // The best of the steps that were measured has a checkpoint, though none was asked for there.
    let checkpoints = lab.folder.path().join("out/checkpoints");
    let kept = checkpoint::steps(&checkpoints).unwrap();
    let (_, best) = checkpoint::state(&checkpoint::folder(&checkpoints, 60)).unwrap().best.unwrap();
    assert!(kept.contains(&best) && kept.len() <= 3, "{kept:?}, best {best}");
}

#[test]
fn stopped_at_any_step_and_resumed_is_uninterrupted_bit_for_bit() {
    let lab = Lab::new();
    lab.train(&[], false, None).unwrap();
    for stop in [1, 4, 5, 11] {
        let out = format!("output.dir = \"stop{stop}\"");
        lab.train(&[&out], false, Some(stop)).unwrap();
        lab.train(&[&out], true, None).unwrap();
        for file in [
            "model/model.safetensors",
            "checkpoints/step-00000012/optimizer.safetensors",
            "checkpoints/step-00000012/state.json",
        ] {
            assert_eq!(lab.bytes(&format!("out/{file}")), lab.bytes(&format!("stop{stop}/{file}")), "{stop}: {file}");
        }
        assert_eq!(lab.losses("out"), lab.losses(&format!("stop{stop}")), "{stop}");
    }
}

#[test]
fn a_batch_of_prompts_alone_is_passed_over() {
    let lab = Lab::new();
    let record = |prompt: String| format!("{}\n", serde_json::json!({"prompt": prompt, "response": "2"}));
    crate::io::atomic::write(
        lab.folder.path().join("chat.jsonl"),
        record("1+1?".to_owned()) + &record("x".repeat(200)),
    )
    .unwrap();
    let source = "data.source = [{ name = \"chat\", files = [\"CHAT\"], kind = \"chat\", order = \"rank\" }]";
    let source = source.replace("CHAT", &lab.folder.path().join("chat.jsonl").to_string_lossy());
    let sets = [
        source.as_str(),
        "train.batch_rows = 1",
        "train.micro_rows = 1",
        "train.steps = 40",
        "train.loss_spike_max = 2.0",
    ];
    let outcome = lab.train(&sets, false, None).unwrap();
    let text = String::from_utf8(lab.bytes("out/metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let nothing = lines.iter().filter(|line| line["targets"] == 0).count();
    assert!(nothing > 5 && lines.iter().all(|line| line["loss"] != 0.0), "{nothing}");
    assert!(outcome.model.is_some());
}

#[test]
fn a_run_does_not_go_on_from_another() {
    let lab = Lab::new();
    lab.train(&[], false, Some(5)).unwrap();
    let message = |sets: &[&str], resume| lab.train(sets, resume, None).unwrap_err().to_string();
    assert!(message(&[], false).contains("expected one without checkpoints, or --resume"));
    assert!(message(&["train.clip_norm = 2.0"], true).contains("expected the settings that"));
    crate::io::atomic::write(
        lab.folder.path().join("sums.jsonl"),
        "{\"text\": \"1\"}\n{\"text\": \"2\"}\n{\"text\": \"3\"}\n",
    )
    .unwrap();
    assert!(message(&[], true).contains("expected the data that"));
}

#[test]
fn parts_of_a_batch_and_kept_inputs_make_no_difference() {
    let lab = Lab::new();
    let loss = |name: &str, sets: &[&str]| {
        let out = format!("output.dir = \"{name}\"");
        lab.train(&[&[out.as_str()], sets].concat(), false, Some(3)).unwrap().loss.unwrap()
    };
    let whole = loss("whole", &["train.micro_rows = 4"]);
    assert!((loss("ones", &["train.micro_rows = 1"]) - whole).abs() < 1e-6);
    assert_eq!(loss("kept", &["train.micro_rows = 4", "train.checkpoint_blocks = 1"]).to_bits(), whole.to_bits());
}

#[test]
fn two_threads_train_as_one() {
    let lab = Lab::new();
    let solo = lab.train(&["train.micro_rows = 2"], false, Some(3)).unwrap();
    let losses: Vec<f64> = std::thread::scope(|scope| {
        let run = |comm: Threads| {
            let config = lab.config(&["train.micro_rows = 2", "output.dir = \"threads\""]);
            let options = RunOptions { resume: false, quiet: true, stop_after: Some(3) };
            Run::new(&config, &comm).unwrap().train(options).unwrap().loss.unwrap()
        };
        let handles: Vec<_> = Threads::new(2).into_iter().map(|comm| scope.spawn(move || run(comm))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert_eq!(losses[0].to_bits(), losses[1].to_bits());
    assert!((losses[0] - solo.loss.unwrap()).abs() < 1e-6, "{losses:?} and {:?}", solo.loss);
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_with_its_batch() {
    let lab = Lab::new();
    let sets = ["optimizer.peak_rate = 1e30", "optimizer.warmup_steps = 0", "train.save_every = 1"];
    let message = lab.train(&sets, false, None).unwrap_err().to_string();
    assert!(message.contains("NaN") || message.contains("inf") || message.contains("over the mean"), "{message}");
    assert!(message.contains("the last good checkpoint is"), "{message}");
    let dump = std::fs::read_dir(lab.folder.path().join("out")).unwrap();
    assert!(dump.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("failed-step-")));
}

#[test]
fn adapters_alone_are_trained_and_saved() {
    let lab = Lab::new();
    let base = lab.train(&["output.dir = \"base\""], false, None).unwrap().model.unwrap();
    let sets = [
        format!("model = {{ path = {:?} }}", base.to_string_lossy()),
        "lora = { rank = 2, alpha = 4.0, targets = [\"self_attn.q_proj\", \"mlp.down_proj\"] }".to_owned(),
        "train.steps = 8".to_owned(),
    ];
    let text = CONFIG.replace("[model]", "[unused]").replace("[unused]\n", "");
    let begin = text.find("tokenizer =").unwrap();
    let end = text.find("[data]").unwrap();
    let text = format!("{}{}", &text[..begin], &text[end..]);
    let config = TrainConfig::parse(&text, &lab.folder.path().join("train.toml"), &sets).unwrap();
    let options = RunOptions { resume: false, quiet: true, stop_after: None };
    let outcome = Run::new(&config, &Solo).unwrap().train(options).unwrap();
    let adapters = outcome.model.unwrap();
    assert!(adapters.join("adapter_model.safetensors").is_file());
    assert!(!adapters.join("model.safetensors").exists());
}

#[test]
fn what_does_not_fit_is_said_before_training() {
    let lab = Lab::new();
    let message = |set: &str| lab.train(&[set], false, None).unwrap_err().to_string();
    assert!(message("data.context = 33").contains("data.context: expected at most the model's context, 32, found 33"));
    assert!(message("model.shape.vocab_size = 64").contains("below the model's vocab_size, 64"));
    assert!(message("model.shape.eos_token_id = 127").contains("eos_token_id: expected a token of the vocabulary"));
    let two = lab.config(&["train.batch_rows = 3"]);
    let comm = Threads::new(2).remove(0);
    assert!(Run::new(&two, &comm).map(|_| ()).unwrap_err().to_string().contains("a multiple of the 2 processes"));
}

/// A configuration that begins with the checkpoint of a folder.
fn from_checkpoint(lab: &Lab, base: &Path, sets: &[&str]) -> TrainConfig {
    let (begin, end) = (CONFIG.find("tokenizer =").unwrap(), CONFIG.find("[data]").unwrap());
    let text = format!("{}path = {base:?}\n{}", &CONFIG[..begin], &CONFIG[end..]);
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    TrainConfig::parse(&text, &lab.folder.path().join("train.toml"), &sets).unwrap()
}

#[test]
fn a_checkpoint_that_does_not_fit_is_told_before_training() {
    let lab = Lab::new();
    let base = lab.train(&["train.steps = 1", "output.dir = \"base\""], false, None).unwrap().model.unwrap();
    let config = base.join("config.json");
    let (good, weights) = (std::fs::read_to_string(&config).unwrap(), base.join("model.safetensors"));
    let begun = |sets: &[&str]| {
        let config = from_checkpoint(&lab, &base, sets);
        let outcome = Run::new(&config, &Solo).map(|_| ());
        assert!(!config.output.exists() || outcome.is_ok(), "nothing is written before all fits");
        outcome
    };
    begun(&[]).unwrap();
    std::fs::remove_dir_all(lab.folder.path().join("out")).unwrap();
    let check = |from: &str, to: &str, sets: &[&str], want: &[&str]| {
        assert!(good.contains(from), "{from}");
        crate::io::atomic::write(&config, good.replace(from, to)).unwrap();
        let message = begun(sets).unwrap_err().to_string();
        for want in want {
            assert!(message.contains(want), "{from} → {to}: {message}");
        }
        crate::io::atomic::write(&config, &good).unwrap();
    };
    let layers = "\"num_hidden_layers\": 2";
    check(
        layers,
        "\"num_hidden_layers\": 3",
        &[],
        &["model.layers.2.mlp.up_proj.weight: expected [24, 16], found nothing"],
    );
    check(layers, "\"num_hidden_layers\": 1", &[], &["model.layers.1.mlp.up_proj.weight: expected no such tensor"]);
    let width = "\"intermediate_size\": 24";
    check(width, "\"intermediate_size\": 32", &[], &["mlp.up_proj.weight: expected [32, 16], found [24, 16]"]);
    let scaling = "\"rope_scaling\": null";
    let yarn = "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}";
    check(scaling, yarn, &[], &["rope_scaling.type: expected one of default, linear, llama3, found \"yarn\""]);
    check("LlamaForCausalLM", "MixtralForCausalLM", &[], &["architectures: expected one of LlamaForCausalLM"]);
    let context = "data.context: expected at most the model's context, 32, found 64";
    check(layers, layers, &["data.context = 64"], &[context]);
    let shape = "model.shape = { architectures = [\"LlamaForCausalLM\"], vocab_size = 128, hidden_size = 16, intermediate_size = 24, num_hidden_layers = 4, num_attention_heads = 2, num_key_value_heads = 1, max_position_embeddings = 32 }";
    check(layers, layers, &[shape], &["model.shape.num_hidden_layers: expected 2, as the checkpoint has it, found 4"]);
    let bytes = std::fs::read(&weights).unwrap();
    for (cut, want) in
        [(bytes.len() - 1, "model.safetensors: expected safetensors"), (5, "model.safetensors: expected safetensors")]
    {
        crate::io::atomic::write(&weights, &bytes[..cut]).unwrap();
        let message = begun(&[]).unwrap_err().to_string();
        assert!(message.contains(want), "{message}");
    }
    std::fs::remove_file(&weights).unwrap();
    assert!(begun(&[]).unwrap_err().to_string().contains("model.safetensors: cannot read"));
}

#[test]
fn measured_texts_are_not_trained_on_and_resume_knows_it() {
    let lab = Lab::new();
    let measured = |apart: &str| {
        let files = lab.folder.path().join("words.jsonl");
        format!(
            "measure = {{ every = 6, rows = 8, apart = {apart:?}, source = [{{ name = \"held\", files = [{files:?}] }}] }}"
        )
    };
    // All words are measured, so that nothing of that source is left.
    let message = lab.train(&[&measured("documents")], false, None).unwrap_err().to_string();
    assert!(message.contains("of \"words\"") && message.contains("20 documents that are measured"), "{message}");
    lab.train(&[&measured("nothing")], false, Some(5)).unwrap();
    let outcome = lab.train(&[&measured("nothing")], true, None).unwrap();
    assert_eq!(outcome.measured.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), ["sums", "held"]);
}

#[test]
fn answers_end_as_the_template_says() {
    let (_folder, vocabulary) = letters();
    let model = |rest: &str, generation: Option<&str>| {
        let config = format!(
            r#"{{"architectures": ["LlamaForCausalLM"], "vocab_size": 128, "hidden_size": 16, "intermediate_size": 24,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 16{rest}}}"#
        );
        let config = ModelConfig::parse(config.as_bytes(), "test").unwrap();
        let mut model = Model::random(config, &Where::cpu(), 1).unwrap();
        let file = generation.map(|text| ("generation_config.json".to_owned(), text.as_bytes().to_vec()));
        model.set_companions(file.into_iter().collect());
        model
    };
    let template = |source: &str| {
        let files = [("chat_template.jinja".to_owned(), source.as_bytes().to_vec())];
        Template::of(&files.into(), Path::new("test"), "</s>").unwrap()
    };
    let plain = Template::plain("</s>");
    let ends = |model: &Model, template: &Template| end_tokens(model, &vocabulary, template);
    assert_eq!(ends(&model("", None), &plain), [1]);
    assert_eq!(ends(&model(r#", "eos_token_id": [1, 7]"#, Some(r#"{"eos_token_id": 9}"#)), &plain), [1, 7, 9]);
    // <s> ends a turn here.
    let turns = template(
        "{% for m in messages %}{{ m.role }}: {{ m.content }}<s>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
    );
    let mut chat = model(r#", "eos_token_id": 1"#, Some(r#"{"eos_token_id": 1, "top_p": 0.9}"#));
    let found = ends(&chat, &turns);
    assert_eq!(found, [0, 1]);
    chat.set_ends(&found);
    assert_eq!(chat.config().rest["eos_token_id"], serde_json::json!([0, 1]));
    let settings: serde_json::Value = serde_json::from_slice(&chat.companions()["generation_config.json"]).unwrap();
    assert_eq!(settings, serde_json::json!({"eos_token_id": [0, 1], "top_p": 0.9}));
}
