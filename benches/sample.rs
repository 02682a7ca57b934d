//! Speed of sampling from a small Llama in f32: `cargo bench --bench sample`. The best and the median of `BENCH_REPEAT` runs (5).
//! `benches/sample.py` does the same with transformers' `generate`.
//!
//! `BENCH_ROWS`, `BENCH_GROUP`, `BENCH_PROMPT`, `BENCH_NEW`, `BENCH_WIDTH`, `BENCH_LAYERS`, `BENCH_VOCAB` change what is sampled.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "train")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Instant;

    use corpus_build::train::model::Model;
    use corpus_build::train::model::config::ModelConfig;
    use corpus_build::train::params::Place;
    use corpus_build::train::sample::{Choosing, Limits, Row, Sampler, stream};

    let setting =
        |name: &str, default: usize| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
    let (rows, group) = (setting("BENCH_ROWS", 64), setting("BENCH_GROUP", 8));
    let (prompt, new) = (setting("BENCH_PROMPT", 64), setting("BENCH_NEW", 128));
    let (width, layers, vocab) = (setting("BENCH_WIDTH", 64), setting("BENCH_LAYERS", 4), setting("BENCH_VOCAB", 4096));
    let heads = (width / 32).max(2);
    let config = format!(
        r#"{{"architectures": ["LlamaForCausalLM"], "vocab_size": {vocab}, "hidden_size": {width},
            "intermediate_size": {}, "num_hidden_layers": {layers}, "num_attention_heads": {heads},
            "num_key_value_heads": {}, "max_position_embeddings": {}, "tie_word_embeddings": true}}"#,
        width * 8 / 3 / 16 * 16,
        heads / 2,
        prompt + new
    );
    let model = Model::random(ModelConfig::parse(config.as_bytes(), "bench")?, &Place::cpu(), 1)?;
    let sampler = Sampler::new(&model, None)?;
    let limits = Limits { tokens_max: new, stop_tokens: Vec::new(), stop_texts: Vec::new(), batch_rows: rows };
    let mut rates = Vec::new();
    for run in 0..=setting("BENCH_REPEAT", 5) {
        let tokens = |question: usize| (0..prompt).map(move |i| ((question * 131 + i * 7919) % vocab) as u32).collect();
        let row = |i: usize| Row::new(tokens(i / group), stream(1, run as u64, (i / group) as u64, (i % group) as u64));
        let mut all: Vec<Row> = (0..rows).map(row).collect();
        let clock = Instant::now();
        sampler.run(&mut all, &Choosing::at(1.0), &limits)?;
        let rate = (rows * new) as f64 / clock.elapsed().as_secs_f64();
        if run > 0 {
            rates.push(rate);
        }
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "sample: {} parameters, {rows} rows in groups of {group}, {prompt} + {new} tokens: {:.0} tokens/s at best, {:.0} \
         in the median",
        model.config().parameters(),
        rates.last().copied().unwrap_or(f64::NAN),
        rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
    );
    Ok(())
}

#[cfg(not(feature = "train"))]
fn main() {
    println!("sample: built without the trainer");
}
