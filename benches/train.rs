//! Speed of training: forward, backward and step of a small Llama in f32, plain and with checkpointing:
//! `cargo bench --bench train`. The best and the median of `BENCH_REPEAT` steps (8), by the clock and by CPU time, and the
//! peak of memory. `benches/train.py` does the same with PyTorch.
//!
//! `BENCH_ROWS`, `BENCH_TIME`, `BENCH_WIDTH`, `BENCH_LAYERS`, `BENCH_VOCAB`, `BENCH_KEEP` (off or blocks) change what is
//! trained.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "train")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::num::NonZero;
    use std::time::Instant;

    use corpus_build::train::backward::{Batch, Checkpointing, loss_and_grads};
    use corpus_build::train::model::Model;
    use corpus_build::train::model::config::ModelConfig;
    use corpus_build::train::optim::{AdamW, AdamWConfig};
    use corpus_build::train::params::Place;

    let setting =
        |name: &str, default: usize| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
    let (rows, time) = (setting("BENCH_ROWS", 8), setting("BENCH_TIME", 256));
    let (width, layers, vocab) =
        (setting("BENCH_WIDTH", 256), setting("BENCH_LAYERS", 6), setting("BENCH_VOCAB", 4096));
    let heads = width / 32;
    let config = format!(
        r#"{{"architectures": ["LlamaForCausalLM"], "vocab_size": {vocab}, "hidden_size": {width},
            "intermediate_size": {}, "num_hidden_layers": {layers}, "num_attention_heads": {heads},
            "num_key_value_heads": {}, "max_position_embeddings": {time}, "tie_word_embeddings": true}}"#,
        width * 8 / 3 / 16 * 16,
        heads / 2
    );
    let model = Model::random(ModelConfig::parse(config.as_bytes(), "bench")?, &Place::cpu(), 1)?;
    let tokens: Vec<u32> = (0..rows * time).map(|i| (i * 7919 % vocab) as u32).collect();
    let batch = Batch::next_tokens(rows, tokens, &vec![0; rows * time])?;
    let keep = match std::env::var("BENCH_KEEP").as_deref() {
        Ok("blocks") => Checkpointing::Every(NonZero::<usize>::MIN),
        _ => Checkpointing::Off,
    };
    let mut optimizer = AdamW::new(AdamWConfig::default(), model.trained());
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for step in 0..=setting("BENCH_REPEAT", 8) {
        let (before, clock) = (cpu_seconds(), Instant::now());
        let (loss, mut grads) = loss_and_grads(&model, &batch, batch.counted(), keep)?;
        grads.clip(1.0)?;
        optimizer.step(model.trained(), &grads, 1e-3)?;
        if step > 0 {
            wall.push(clock.elapsed().as_secs_f64());
            cpu.push(cpu_seconds() - before);
        }
        if step < 2 {
            println!("train: step {step}: loss {loss:.5}");
        }
    }
    let rate = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        let of = |s: Option<&f64>| (rows * time) as f64 / s.copied().unwrap_or(f64::NAN);
        (of(seconds.first()), of(seconds.get(seconds.len() / 2)))
    };
    let ((best, median), (cpu_best, cpu_median)) = (rate(wall), rate(cpu));
    println!(
        "train: {} parameters, {rows} × {time} tokens, {keep:?}: {best:.0} tokens/s at best, {median:.0} in the median; \
         by CPU time {cpu_best:.0} and {cpu_median:.0} a core; {} MB at the peak",
        model.config().parameters(),
        peak_megabytes()
    );
    Ok(())
}

#[cfg(not(feature = "train"))]
fn main() {
    println!("train: built without the trainer");
}

/// CPU seconds of this process so far, all threads.
#[cfg(feature = "train")]
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The most memory that this process has held, where the system tells.
#[cfg(feature = "train")]
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default() / 1000
}
