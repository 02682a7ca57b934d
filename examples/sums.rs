//! Learning to add by reward: the methods of reinforcement learning on one small task.
//!
//! A Llama of about 0.2 million parameters is fine-tuned on sums with wrong answers mixed in, so that it knows the right
//! one but says it only about every other time. From this start each method trains on for as many steps, with three seeds.
//! Accuracy is that of sampled answers (temperature 1) over all sums. Figures go to the standard output, curves to
//! `OUT/curves.csv` and `OUT/curves.svg`.
//!
//! ```text
//! cargo run --release --example sums -- OUT [digits|tens] [STEPS]
//! ```
//!
//! `digits`: sums of two digits, all 100 of them, two of five answers wrong. `tens`: sums of numbers of two digits, of
//! which a fixed 400 are taught, so that process supervision has digits to judge.

#![expect(clippy::print_stdout, reason = "an example prints its figures")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "train")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    sums::main()
}

#[cfg(not(feature = "train"))]
fn main() {
    println!("sums: built without the trainer");
}

#[cfg(feature = "train")]
mod sums {
    use std::error::Error;
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};
    use std::time::Instant;

    use corpus_build::io::atomic;
    use corpus_build::train::comm::Solo;
    use corpus_build::train::config::TrainConfig;
    use corpus_build::train::model::Model;
    use corpus_build::train::paradigm::{DPO, GRPO, Method, PPO, RFT};
    use corpus_build::train::params::Place;
    use corpus_build::train::rl::config::RlConfig;
    use corpus_build::train::rl::explore::accuracy;
    use corpus_build::train::rl::run::RlRun;
    use corpus_build::train::run::{Run, RunOptions};
    use corpus_build::train::sample::{Choosing, Sampler};
    use serde_json::json;

    const SEEDS: [u64; 3] = [1, 2, 3];
    const QUIET: RunOptions = RunOptions { resume: false, quiet: true, stop_after: None };

    /// A method with its settings.
    struct Entry {
        name: &'static str,
        method: &'static Method,
        sets: &'static [&'static str],
        colour: &'static str,
    }

    const PREFIX: &str = "reward = [{ kind = \"prefix\", split = \"token\" }]";
    const PROCESS: &str = "method.supervision = \"process\"";
    const ENTRIES: [Entry; 6] = [
        Entry { name: "RFT", method: &RFT, sets: &["method.mean = \"token\""], colour: "#888888" },
        Entry {
            name: "online RFT",
            method: &RFT,
            sets: &["method.source = \"online\"", "method.mean = \"token\""],
            colour: "#1b7837",
        },
        Entry { name: "DPO", method: &DPO, sets: &["method.beta = 0.5"], colour: "#b35806" },
        Entry {
            name: "PPO",
            method: &PPO,
            sets: &["method.beta = 0.0", "method.kl_in_reward = 0.01", "method.whiten = true", "value.rate = 2e-3"],
            colour: "#762a83",
        },
        Entry { name: "GRPO, outcome", method: &GRPO, sets: &[], colour: "#2166ac" },
        Entry { name: "GRPO, process", method: &GRPO, sets: &[PREFIX, PROCESS], colour: "#b2182b" },
    ];

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let out = PathBuf::from(args.first().ok_or("name the folder to write to: sums OUT [digits|tens] [STEPS]")?);
        let tens = args.get(1).is_some_and(|task| task == "tens");
        let steps: u64 = args.get(2).map_or(Ok(60), |steps| steps.parse())?;
        let only = std::env::var("SUMS_ONLY").ok();
        for old in ["runs", "base"].map(|name| out.join(name)).iter().filter(|old| old.exists()) {
            std::fs::remove_dir_all(old)?;
        }
        write_task(&out, tens)?;
        let begun = Instant::now();
        let base = teach(&out, tens)?;
        let parameters = Model::load(&base, &Place::cpu())?.config().parameters();
        let config = configuration(&out, &[])?;
        let start = accuracy_of(&RlRun::new(&config, &GRPO, &Solo)?)?;
        println!(
            "start           {parameters} parameters, accuracy {start:.3}, {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        println!("method          accuracy after {steps} steps, by seed            mean    gain   seconds a run");
        let mut curves = String::from("method,seed,step,accuracy\n");
        let mut lines = Vec::new();
        for entry in ENTRIES.iter().filter(|entry| only.as_ref().is_none_or(|only| entry.name.contains(only))) {
            let (mut found, mut seconds, mut mean) = (Vec::new(), 0.0, Vec::new());
            for seed in SEEDS {
                let name = format!("{}-{seed}", entry.name.replace([' ', ','], "-"));
                let sets = settings(entry, &out, seed, steps, &name);
                let config = configuration(&out, &sets)?;
                let mut run = RlRun::new(&config, entry.method, &Solo)?;
                let mut curve = vec![(0, start)];
                for stop in (0..=steps).step_by((steps / 10).max(1) as usize).skip(1) {
                    let clock = Instant::now();
                    run.train(RunOptions { resume: true, stop_after: Some(stop), ..QUIET })?;
                    seconds += clock.elapsed().as_secs_f64() / SEEDS.len() as f64;
                    curve.push((stop, accuracy_of(&run)?));
                }
                for (step, accuracy) in &curve {
                    writeln!(curves, "{},{seed},{step},{accuracy:.4}", entry.name.replace(',', ""))?;
                }
                found.push(curve.last().map_or(0.0, |(_, accuracy)| *accuracy));
                mean.push(curve);
            }
            let average = found.iter().sum::<f64>() / found.len() as f64;
            let shown: Vec<String> = found.iter().map(|accuracy| format!("{accuracy:.3}")).collect();
            println!("{:<15} {:<46} {average:.3}  {:+.3}  {seconds:.1}", entry.name, shown.join("  "), average - start);
            let points = (0..mean[0].len()).map(|i| {
                let sum: f64 = mean.iter().map(|curve| curve[i].1).sum();
                (mean[0][i].0, sum / mean.len() as f64)
            });
            lines.push((entry, points.collect::<Vec<_>>()));
            atomic::write(out.join("curves.csv"), &curves)?;
        }
        Ok(atomic::write(out.join("curves.svg"), plot(&lines, steps))?)
    }

    fn settings(entry: &Entry, out: &Path, seed: u64, steps: u64, name: &str) -> Vec<String> {
        let own = [format!("train.seed = {seed}"), format!("data.seed = {seed}"), format!("train.steps = {steps}")];
        let place = [
            format!("output.dir = {:?}", out.join("runs").join(name).to_string_lossy()),
            format!("train.save_every = {}", (steps / 10).max(1)),
        ];
        let sets = entry.sets.iter().map(|set| (*set).to_owned());
        own.into_iter().chain(place).chain(sets).collect()
    }

    /// The sums, taught and asked, and a tokenizer of single characters.
    fn write_task(out: &Path, tens: bool) -> Result<(), Box<dyn Error>> {
        let pairs: Vec<(u64, u64)> = if tens {
            (0..400).map(|i: u64| (10 + i * 37 % 90, 10 + i * 53 / 7 * 29 % 90)).collect()
        } else {
            (0..100).map(|i| (i / 10, i % 10)).collect()
        };
        let (mut asked, mut taught) = (String::new(), String::new());
        for (number, (a, b)) in pairs.iter().enumerate() {
            let (question, sum) = (format!("{a}+{b}="), a + b);
            writeln!(asked, "{}", json!({"question": question, "answer": sum.to_string()}))?;
            for copy in 0..10u64 {
                // Four of ten are wrong, each by another amount.
                let off = 1 + (number as u64 + copy * 3) % if tens { 60 } else { 15 };
                let said = if copy < 6 { sum } else { (sum + off) % if tens { 199 } else { 19 } };
                writeln!(taught, "{}", json!({"question": question, "answer": said.to_string()}))?;
            }
        }
        atomic::write(out.join("sums.jsonl"), asked)?;
        atomic::write(out.join("taught.jsonl"), taught)?;
        let template =
            "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}";
        atomic::write(out.join("chat_template.jinja"), template)?;
        let mut vocabulary = json!({"<s>": 0, "</s>": 1, "<unk>": 2});
        for (i, letter) in "0123456789+=".chars().enumerate() {
            vocabulary[letter.to_string()] = (i + 3).into();
        }
        let special = |id: u32, content: &str| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        };
        let sequence = json!({"Sequence": {"id": "A", "type_id": 0}});
        let begin = json!({"SpecialToken": {"id": "<s>", "type_id": 0}});
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
            "added_tokens": [special(0, "<s>"), special(1, "</s>")],
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": false},
            "post_processor": {"type": "TemplateProcessing", "single": [begin, sequence],
                "pair": [sequence, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
            "decoder": {"type": "Fuse"},
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
        });
        Ok(atomic::write(out.join("tokenizer.json"), tokenizer.to_string())?)
    }

    /// Fine-tunes a new model on what is taught.
    fn teach(out: &Path, tens: bool) -> Result<PathBuf, Box<dyn Error>> {
        let steps = if tens { 1500 } else { 600 };
        let text = format!(
            r#"
            train = {{ steps = {steps}, batch_rows = 8, micro_rows = 8, seed = 1 }}
            optimizer = {{ peak_rate = 3e-3, schedule = "cosine", warmup_steps = 20 }}
            output.dir = "base"
            [data]
            context = 120
            packing = "documents"
            source = [{{ name = "sums", files = ["taught.jsonl"], kind = "chat" }}]
            [model]
            tokenizer = "tokenizer.json"
            device = "cpu"
            [model.shape]
            architectures = ["LlamaForCausalLM"]
            vocab_size = 16
            hidden_size = 64
            intermediate_size = 176
            num_hidden_layers = 4
            num_attention_heads = 4
            num_key_value_heads = 2
            max_position_embeddings = 128
            tie_word_embeddings = true
            eos_token_id = 1
            initializer_range = 0.05
            "#
        );
        let config = TrainConfig::parse(&text, &out.join("train.toml"), &[])?;
        let outcome = Run::new(&config, &Solo)?.train(QUIET)?;
        Ok(outcome.model.ok_or("the model is not finished")?)
    }

    fn configuration(out: &Path, sets: &[String]) -> Result<RlConfig, Box<dyn Error>> {
        let text = r#"
            reward = [{ kind = "rule", compare = "exact" }]
            model = { path = "base/model", device = "cpu" }
            data = { files = ["sums.jsonl"], instruction = "" }
            sampling = { outputs = 8, tokens_max = 5, batch_rows = 256 }
            method = { beta = 0.01 }
            optimizer = { peak_rate = 5e-4 }
            train = { steps = 60, questions = 32, transcripts = 2 }
            output = { dir = "runs" }
        "#;
        Ok(RlConfig::parse(text, &out.join("rl.toml"), sets)?)
    }

    /// The share of right answers over all sums, 16 samples each.
    fn accuracy_of(run: &RlRun<'_>) -> Result<f64, Box<dyn Error>> {
        let sampler = Sampler::new(run.policy(), Some(run.vocabulary()))?;
        let questions: Vec<_> = run.questions().iter().collect();
        let by = Choosing::at(1.0);
        Ok(accuracy(&sampler, &questions, 16, &by, run.limits(), |output, question| {
            Ok(run.vocabulary().decode(output.text_tokens())? == question.answer)
        })?)
    }

    /// The curves as a picture.
    fn plot(lines: &[(&Entry, Vec<(u64, f64)>)], steps: u64) -> String {
        let (width, height, left, top) = (640.0, 400.0, 50.0, 20.0);
        let x = |step: u64| left + (width - left - 150.0) * step as f64 / steps.max(1) as f64;
        let y = |accuracy: f64| top + (height - top - 40.0) * (1.0 - accuracy);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        for tenth in 0..=10 {
            let (at, label) = (y(f64::from(tenth) / 10.0), f64::from(tenth) / 10.0);
            svg +=
                &format!("<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>", x(steps));
            svg += &format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label:.1}</text>\n", left - 6.0, at + 4.0);
        }
        for tenth in 0..=10 {
            let step = steps * tenth / 10;
            svg +=
                &format!("<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{step}</text>\n", x(step), height - 22.0);
        }
        svg += &format!("<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">steps</text>\n", x(steps / 2), height - 6.0);
        for (i, (entry, points)) in lines.iter().enumerate() {
            let path: Vec<String> = points.iter().map(|(step, a)| format!("{:.1},{:.1}", x(*step), y(*a))).collect();
            let (colour, at) = (entry.colour, top + 16.0 * i as f64 + 10.0);
            svg += &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            svg += &format!("<text x=\"{:.1}\" y=\"{at}\" fill=\"{colour}\">{}</text>\n", x(steps) + 12.0, entry.name);
        }
        svg + "</svg>\n"
    }
}
