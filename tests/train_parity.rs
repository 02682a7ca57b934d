//! The trainer against PyTorch and transformers, and against itself computed in other ways.
//!
//! `tests/fixtures/train/make.py` made the fixtures.

#![cfg(feature = "train")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::float_cmp, reason = "some numbers are to be the very same")]

use std::collections::HashMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use corpus_build::train::backward::{Batch, Checkpointing, gradients, loss_and_grads, trunk};
use corpus_build::train::comm::{Comm, Solo, Threads};
use corpus_build::train::grads::Grads;
use corpus_build::train::head;
use corpus_build::train::lora::{Lora, LoraConfig};
use corpus_build::train::model::Model;
use corpus_build::train::model::cache::Cache;
use corpus_build::train::model::sequence::Sequences;
use corpus_build::train::model::weights::View;
use corpus_build::train::optim::{AdamW, AdamWConfig};
use corpus_build::train::params::save::Stored;
use corpus_build::train::params::{Place, names};

const MODELS: [&str; 5] = ["linear-rope", "llama", "llama3-rope", "qwen2", "qwen3"];
const OFF: Checkpointing = Checkpointing::Off;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/train").join(name)
}

fn load(name: &str) -> Model {
    Model::load(&fixture(name), &Place::cpu()).unwrap()
}

fn expected(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture(name).join("expected.safetensors"), &Device::Cpu).unwrap()
}

fn numbers(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest difference of two tensors, and the norm of the difference over that of the second.
fn differences(a: &Tensor, b: &Tensor) -> (f64, f64) {
    assert_eq!(a.elem_count(), b.elem_count());
    let (a, b) = (numbers(a), numbers(b));
    let (mut largest, mut squares, mut norm) = (0f64, 0f64, 0f64);
    for (a, b) in a.iter().zip(&b) {
        let difference = f64::from(*a) - f64::from(*b);
        assert!(difference.is_finite());
        largest = largest.max(difference.abs());
        squares += difference * difference;
        norm += f64::from(*b) * f64::from(*b);
    }
    (largest, squares.sqrt() / norm.sqrt().max(f64::MIN_POSITIVE))
}

#[track_caller]
fn same_bits(a: &Grads, b: &Grads) {
    assert_eq!(a.iter().count(), b.iter().count());
    for ((name, a), (other, b)) in a.iter().zip(b.iter()) {
        assert_eq!(name, other);
        let bits = |x: &Tensor| numbers(x).iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(a), bits(b), "{name}");
    }
}

#[track_caller]
fn near(a: &Grads, b: &Grads, most: f64) {
    assert_eq!(a.iter().count(), b.iter().count());
    for ((name, a), (other, b)) in a.iter().zip(b.iter()) {
        assert_eq!(name, other);
        let (_, relative) = differences(a, b);
        assert!(relative <= most, "{name}: {relative:e}");
    }
}

/// The fixture's tokens, two rows, each to be followed by the next one.
fn batch(expected: &HashMap<String, Tensor>) -> Batch {
    let tokens = &expected["tokens"];
    let (rows, time) = tokens.dims2().unwrap();
    let tokens = tokens.flatten_all().unwrap().to_vec1::<i32>().unwrap();
    Batch::next_tokens(rows, tokens.iter().map(|t| *t as u32).collect(), &vec![0; rows * time]).unwrap()
}

#[test]
fn logits_loss_gradients_and_steps_are_those_of_pytorch() {
    for name in MODELS {
        let (model, expected) = (load(name), expected(name));
        let batch = batch(&expected);
        let logits = model.forward(&batch.sequences).unwrap();
        let (largest, _) = differences(&logits, &expected["logits"]);
        assert!(largest <= 1e-5, "{name}: logits differ by {largest:e}");
        let config = AdamWConfig { beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1 };
        let mut optimizer = AdamW::new(config, model.trained());
        let mut worst = 0f64;
        for step in 0..3 {
            let (loss, mut grads) = loss_and_grads(&model, &batch, batch.counted(), OFF).unwrap();
            let want = f64::from(numbers(&expected[&format!("loss.{step}")])[0]);
            assert!((loss - want).abs() <= 1e-6, "{name}: loss {loss} for {want} at step {step}");
            if step == 0 {
                assert_eq!(grads.iter().count(), model.params().len());
                for (parameter, gradient) in grads.iter() {
                    let (_, relative) = differences(gradient, &expected[&format!("gradient.{parameter}")]);
                    assert!(relative <= 1e-6, "{name}: gradient of {parameter} differs by {relative:e}");
                    worst = worst.max(relative);
                }
            }
            let norm = grads.clip(1.0).unwrap();
            let want = f64::from(numbers(&expected[&format!("norm.{step}")])[0]);
            assert!((norm / want - 1.0).abs() <= 1e-5, "{name}: norm {norm} for {want}");
            optimizer.step(model.trained(), &grads, 1e-3).unwrap();
        }
        let mut far = 0f64;
        for param in model.params() {
            let (largest, _) = differences(&param.master().unwrap(), &expected[&format!("after.{}", param.name())]);
            assert!(largest <= 1e-5, "{name}: {} differs by {largest:e} after three steps", param.name());
            far = far.max(largest);
        }
        println!("{name}: gradients to {worst:.1e}, parameters to {far:.1e}");
    }
}

#[test]
fn every_trained_parameter_gets_a_gradient_that_is_not_zero() {
    for name in MODELS {
        let (model, expected) = (load(name), expected(name));
        let batch = batch(&expected);
        let (_, grads) = loss_and_grads(&model, &batch, batch.counted(), OFF).unwrap();
        for param in model.trained() {
            let gradient = grads.get(param.name()).unwrap();
            assert_eq!(gradient.dims(), param.dims());
            assert!(numbers(gradient).iter().any(|n| *n != 0.0), "{name}: {}", param.name());
        }
    }
}

#[test]
fn checkpointed_is_plain_bit_for_bit() {
    for name in MODELS {
        let (model, expected) = (load(name), expected(name));
        let batch = batch(&expected);
        let run = |keep| loss_and_grads(&model, &batch, batch.counted(), keep).unwrap();
        let (loss, plain) = run(OFF);
        for blocks in [1, 2, 5] {
            let (again, grads) = run(Checkpointing::Every(NonZero::new(blocks).unwrap()));
            assert_eq!(loss.to_bits(), again.to_bits());
            same_bits(&grads, &plain);
        }
    }
}

#[test]
fn packed_documents_are_separate_ones() {
    for name in MODELS {
        let model = load(name);
        let documents: [&[u32]; 3] = [&[5, 9, 2, 40, 7], &[11, 3], &[8, 8, 30, 1, 2, 6, 21]];
        let tokens: Vec<u32> = documents.concat();
        let segments: Vec<u32> =
            documents.iter().enumerate().flat_map(|(i, d)| std::iter::repeat_n(i as u32, d.len())).collect();
        let packed = Batch::next_tokens(1, tokens, &segments).unwrap();
        let counted = packed.counted();
        assert_eq!(counted, 11);
        let logits = model.forward(&packed.sequences).unwrap();
        let (loss, grads) = loss_and_grads(&model, &packed, counted, OFF).unwrap();
        let (mut total, mut sum, mut at) = (0.0, Grads::default(), 0);
        for document in documents {
            let alone = Batch::next_tokens(1, document.to_vec(), &vec![0; document.len()]).unwrap();
            let own = logits.narrow(0, at, document.len()).unwrap();
            let (largest, _) = differences(&model.forward(&alone.sequences).unwrap(), &own);
            assert!(largest <= 1e-5, "{name}: {largest:e}");
            let (loss, grads) = loss_and_grads(&model, &alone, counted, OFF).unwrap();
            total += loss;
            sum.accumulate(&grads).unwrap();
            at += document.len();
        }
        assert!((total - loss).abs() < 1e-6, "{name}: {total} {loss}");
        near(&grads, &sum, 2e-6);
    }
}

#[test]
fn accumulated_parts_are_one_batch_and_threads_are_one_process() {
    let (model, expected) = (load("llama"), expected("llama"));
    let whole = batch(&expected);
    let counted = whole.counted();
    let (loss, grads) = loss_and_grads(&model, &whole, counted, OFF).unwrap();
    let time = whole.sequences.time;
    let parts: Vec<Batch> = whole
        .sequences
        .tokens
        .chunks(time)
        .map(|row| Batch::next_tokens(1, row.to_vec(), &vec![0; time]).unwrap())
        .collect();
    // What a process does with its parts of a batch.
    let process = |comm: &dyn Comm, model: &Model, parts: &[Batch]| {
        let own: usize = parts.iter().map(Batch::counted).sum();
        let all = comm.sum_numbers(&[own as f64]).unwrap()[0] as usize;
        let (mut loss, mut sum) = (0.0, Grads::default());
        for part in parts {
            let (part_loss, grads) = loss_and_grads(model, part, all, OFF).unwrap();
            loss += part_loss;
            sum.accumulate(&grads).unwrap();
        }
        comm.sum_grads(&mut sum).unwrap();
        (comm.sum_numbers(&[loss]).unwrap()[0], sum)
    };
    let (solo_loss, solo) = process(&Solo, &model, &parts);
    assert!((solo_loss - loss).abs() < 1e-6);
    near(&solo, &grads, 2e-6);
    let shared: Vec<(f64, Grads)> = std::thread::scope(|scope| {
        let run = |end: Threads| process(&end, &load("llama"), &parts[end.rank()..=end.rank()]);
        let handles: Vec<_> = Threads::new(2).into_iter().map(|end| scope.spawn(move || run(end))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    for (loss, grads) in shared {
        assert_eq!(loss.to_bits(), solo_loss.to_bits());
        same_bits(&grads, &solo);
    }
}

#[test]
fn a_chunked_head_is_a_whole_one() {
    let model = load("qwen2");
    let expected = expected("qwen2");
    let batch = batch(&expected);
    let weights = model.weights(View::Detached).unwrap();
    let hidden = model.decoder().hidden(&weights, &batch.sequences).unwrap();
    let slope = |token: usize, log_p: f32| 0.1 * (token as f32) - log_p;
    let run = |chunk| head::gradients(&hidden, &weights.head, batch.wanted(), true, chunk, slope).unwrap();
    let whole = run(1000);
    for chunk in [1, 5, 22] {
        let parts = run(chunk);
        assert!(parts.log_probs.iter().zip(&whole.log_probs).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(differences(&parts.hidden, &whole.hidden).1 < 1e-6);
        assert!(differences(&parts.head.unwrap(), whole.head.as_ref().unwrap()).1 < 1e-6);
    }
    // The same bits, so that ratios of probabilities of one policy are 1.
    let without = head::log_probs(&hidden, &weights.head, batch.wanted(), 1000).unwrap();
    assert_eq!(without, whole.log_probs);
    let without = head::log_probs(&hidden, &weights.head, batch.wanted(), 7).unwrap();
    assert!(without.iter().zip(&whole.log_probs).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn any_objective_on_log_probabilities_has_its_gradient() {
    // Σ c·(log p)² by finite differences of one weight of each parameter.
    let model = load("qwen3");
    let expected = expected("qwen3");
    let batch = batch(&expected);
    let value = || {
        let weights = model.weights(View::Detached).unwrap();
        let hidden = model.decoder().hidden(&weights, &batch.sequences).unwrap();
        let log_probs = head::log_probs(&hidden, &weights.head, batch.wanted(), 100).unwrap();
        log_probs.iter().map(|l| f64::from(*l).powi(2)).sum::<f64>() / 100.0
    };
    let (_, grads) = gradients(&model, &batch, OFF, |_, log_p| 2.0 * log_p / 100.0).unwrap();
    for param in model.trained() {
        let master = param.master().unwrap().copy().unwrap();
        let (flat, gradient) = (numbers(&master), numbers(grads.get(param.name()).unwrap()));
        let at = (0..flat.len()).max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs())).unwrap();
        let shifted = |by: f32| {
            let mut flat = flat.clone();
            flat[at] += by;
            param.set(&Tensor::from_vec(flat, master.dims(), &Device::Cpu).unwrap()).unwrap();
            value()
        };
        let slope = (shifted(3e-3) - shifted(-3e-3)) / 6e-3;
        param.set(&master).unwrap();
        let error = (slope / f64::from(gradient[at]) - 1.0).abs();
        assert!(error < 5e-3, "{}: {slope} for {}", param.name(), gradient[at]);
    }
}

#[test]
fn decoding_with_a_cache_gives_the_logits_of_the_whole() {
    for name in MODELS {
        let (model, expected) = (load(name), expected(name));
        let tokens = batch(&expected).sequences.tokens;
        let (left, right) = (&tokens[..12], &tokens[24..36]);
        let weights = model.weights(View::Detached).unwrap();
        // The second row is shorter by three, padded on the left.
        let mut cache = Cache::new(vec![0, 3]);
        let mut found = Vec::new();
        for (from, to) in [(0, 5), (5, 6), (6, 11), (11, 12)] {
            let mut row = vec![0; 3];
            row.extend(&right[3..]);
            let step = [&left[from..to], &row[from..to]].concat();
            let hidden = model.decoder().advance(&weights, &step, &mut cache).unwrap();
            found.push(model.decoder().logits(&weights, &hidden).unwrap().reshape((2, to - from, ())).unwrap());
        }
        let found = Tensor::cat(&found, 1).unwrap();
        let rows = [(left, 0), (&right[3..], 3)];
        for (i, (row, padding)) in rows.into_iter().enumerate() {
            let want = model.forward(&Sequences::plain(1, row.to_vec()).unwrap()).unwrap();
            let own = found.get(i).unwrap().narrow(0, padding, row.len()).unwrap();
            let (largest, _) = differences(&own, &want);
            assert!(largest <= 1e-5, "{name}: {largest:e}");
        }
    }
}

#[test]
fn adapters_merge_into_what_they_were() {
    let (model, expected) = (load("qwen2"), expected("qwen2"));
    let batch = batch(&expected);
    let base = model.forward(&batch.sequences).unwrap();
    let targets = names::PROJECTIONS.map(ToOwned::to_owned).to_vec();
    let config = LoraConfig { rank: 3, alpha: 6.0, targets };
    let lora = Lora::new(config, model.config(), &Place::cpu(), 1).unwrap();
    let model = model.with_lora(lora);
    assert_eq!(differences(&model.forward(&batch.sequences).unwrap(), &base).0, 0.0);
    let mut optimizer = AdamW::new(AdamWConfig::default(), model.trained());
    let mut losses = Vec::new();
    for _ in 0..8 {
        let (loss, grads) = loss_and_grads(&model, &batch, batch.counted(), OFF).unwrap();
        let (_, again) =
            loss_and_grads(&model, &batch, batch.counted(), Checkpointing::Every(NonZero::new(1).unwrap())).unwrap();
        same_bits(&grads, &again);
        assert!(grads.iter().all(|(name, _)| name.contains("lora_")));
        optimizer.step(model.trained(), &grads, 0.02).unwrap();
        losses.push(loss);
    }
    assert!(losses[7] < losses[0] - 0.3, "{losses:?}");
    let unmerged = model.forward(&batch.sequences).unwrap();
    let merged = model.merged().unwrap();
    assert!(merged.lora().is_none());
    let (largest, _) = differences(&merged.forward(&batch.sequences).unwrap(), &unmerged);
    assert!(largest <= 2e-5, "{largest:e}");
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let (model, expected) = (load("qwen3"), expected("qwen3"));
    let batch = batch(&expected);
    let mut optimizer = AdamW::new(AdamWConfig::default(), model.trained());
    let step = |model: &Model, optimizer: &mut AdamW| {
        let (loss, grads) = loss_and_grads(model, &batch, batch.counted(), OFF).unwrap();
        optimizer.step(model.trained(), &grads, 1e-2).unwrap();
        loss
    };
    step(&model, &mut optimizer);
    let saved = folder.path().join("saved");
    model.save(&saved, Stored::F32).unwrap();
    optimizer.save(&folder.path().join("optimizer.safetensors"), model.trained()).unwrap();
    let again = Model::load(&saved, &Place::cpu()).unwrap();
    let file = folder.path().join("optimizer.safetensors");
    let mut again_optimizer = AdamW::load(AdamWConfig::default(), &file, again.trained()).unwrap();
    assert_eq!(again_optimizer.steps(), 1);
    for _ in 0..2 {
        let losses = (step(&model, &mut optimizer), step(&again, &mut again_optimizer));
        assert_eq!(losses.0.to_bits(), losses.1.to_bits());
    }
    for (a, b) in model.params().iter().zip(again.params()) {
        assert_eq!(numbers(&a.master().unwrap()), numbers(&b.master().unwrap()), "{}", a.name());
    }
    assert!(saved.join("generation_config.json").exists());
    let error = AdamW::load(AdamWConfig::default(), &file, load("llama").trained()).unwrap_err().to_string();
    assert!(error.contains("mean.lm_head.weight: expected [48, 16], found nothing"), "{error}");
}

#[test]
fn the_top_of_the_model_is_anybodys() {
    // A value head: the gradient of Σ of the last norm's output.
    let (model, expected) = (load("llama"), expected("llama"));
    let batch = batch(&expected);
    let ones = |hidden: &Tensor| hidden.ones_like().unwrap();
    let result = trunk(&model, &batch.sequences, OFF, |_, hidden, grads| {
        grads.add(names::HEAD, &hidden.matmul(&hidden.t()?)?)?;
        Ok((hidden.dims().to_vec(), ones(hidden)))
    });
    let (dims, grads) = result.unwrap();
    assert_eq!(dims, [48, 16]);
    assert!(grads.get(names::NORM).is_some());
}
