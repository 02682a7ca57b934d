//! Logits and greedy continuation of a text, for comparison with another engine: `scripts/against_transformers.py`.
//!
//! ```text
//! cargo run --release --example logits -- MODEL OUT.safetensors [--adapters DIR] [--new TOKENS] TEXT
//! ```
//!
//! OUT holds `tokens` [time], `logits` [time, vocab] and `greedy` [new tokens], all in f32.

use std::error::Error;
use std::path::PathBuf;

use candle_core::{Device, Tensor};
use corpus_build::train::lora::Lora;
use corpus_build::train::model::Model;
use corpus_build::train::model::sequence::Sequences;
use corpus_build::train::params::save::{Stored, write_safetensors};
use corpus_build::train::params::{Place, companions, peft};
use corpus_build::train::run::language;
use corpus_build::train::sample::{Choosing, Limits, Row, Sampler, stream};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut plain, mut adapters, mut new) = (Vec::new(), None, 24);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--adapters" => adapters = args.next().map(PathBuf::from),
            "--new" => new = args.next().ok_or("--new TOKENS")?.parse()?,
            _ => plain.push(arg),
        }
    }
    let [path, out, text] = plain.as_slice() else { return Err("expected MODEL OUT.safetensors TEXT".into()) };
    let (path, out) = (PathBuf::from(path), PathBuf::from(out));
    let mut model = Model::load(&path, &Place::cpu())?;
    if let Some(folder) = adapters {
        let config = peft::read_config(&folder)?;
        let numbers = peft::open(&folder, model.config(), &config)?;
        let lora = Lora::from_numbers(config.clone(), model.config(), &Place::cpu(), numbers)?;
        model = model.with_lora(lora);
    }
    let tokenizer = companions::tokenizer_of(&path, model.config().vocab_size);
    let (vocabulary, _) = language(&model, &tokenizer)?;
    let tokens: Vec<u32> = vocabulary.begin().into_iter().chain(vocabulary.encode(text, true)?).collect();
    let logits = model.forward(&Sequences::plain(1, tokens.clone())?)?;
    let limits = Limits { tokens_max: new, stop_tokens: Vec::new(), stop_texts: Vec::new(), batch_rows: 1 };
    let mut rows = [Row::new(tokens.clone(), stream(0, 0, 0, 0))];
    Sampler::new(&model, None)?.run(&mut rows, &Choosing::greedy(), &limits)?;
    let numbers = |tokens: &[u32]| {
        let numbers: Vec<f32> = tokens.iter().map(|token| *token as f32).collect();
        Tensor::new(numbers, &Device::Cpu)
    };
    let tensors = [("tokens", numbers(&tokens)?), ("logits", logits), ("greedy", numbers(&rows[0].output.tokens)?)];
    let tensors = tensors.map(|(name, tensor)| (name.to_owned(), tensor));
    Ok(write_safetensors(&out, &tensors, Stored::F32)?)
}
