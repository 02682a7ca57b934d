//! Each fused operation against the composed one: values, and gradients of a random combination of them.

use candle_core::{Device, Result, Tensor, Var};

use super::attention::Heads;
use super::seed::seed;
use super::{attention, linear, norm, swiglu};
use crate::train::model::attention::composed as composed_attention;
use crate::train::model::config::ModelConfig;
use crate::train::model::norm::composed as composed_norm;
use crate::train::model::rope::RopeTable;
use crate::train::model::sequence::{Sequences, Shared};
use crate::train::params::init::Normal;

fn random(name: &str, shape: &[usize]) -> Tensor {
    let mut normal = Normal::new(3, name);
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| normal.draw() as f32).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

#[track_caller]
fn near(what: &str, a: &Tensor, b: &Tensor, most: f32) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let far = (a - b).unwrap().sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
    let norm = b.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
    assert!(far <= most * norm, "{what}: {far:e} of {norm:e}");
}

/// Compares two functions of the same inputs, and their gradients by each of them.
#[track_caller]
fn same(
    inputs: &[Tensor],
    fused: impl Fn(&[Tensor]) -> Result<Tensor>,
    composed: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    let vars: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let (a, b) = (fused(&tensors).unwrap(), composed(&tensors).unwrap());
    near("value", &a, &b, 1e-6);
    let slope = random("slope", b.dims());
    let by_fused = seed(&a, &slope).unwrap().backward().unwrap();
    let by_composed = (b * slope).unwrap().sum_all().unwrap().backward().unwrap();
    for (i, var) in vars.iter().enumerate() {
        near(&format!("gradient {i}"), by_fused.get(var).unwrap(), by_composed.get(var).unwrap(), 2e-6);
    }
}

#[test]
fn norms() {
    for (rows, width) in [(1, 4), (3, 24), (150, 40)] {
        let inputs = [random("x", &[rows, width]), random("w", &[width])];
        same(&inputs, |x| norm::rms_norm(&x[0], &x[1], 1e-5), |x| composed_norm(&x[0], &x[1], 1e-5));
    }
}

#[test]
fn gates() {
    for shape in [[1, 1], [70, 333]] {
        let inputs = [(random("gate", &shape) * 4.0).unwrap(), random("up", &shape)];
        same(&inputs, |x| swiglu::swiglu(&x[0], &x[1]), |x| x[0].silu()? * &x[1]);
    }
}

#[test]
fn linear_maps() {
    for (tokens, from, to) in [(1, 1, 1), (5, 7, 3), (64, 48, 80)] {
        let inputs = [random("x", &[tokens, from]), random("w", &[to, from])];
        same(&inputs, |x| linear::linear(&x[0], &x[1]), |x| x[0].matmul(&x[1].t()?));
        // Of inputs that are not contiguous.
        let inputs = [random("x", &[from, tokens]), random("w", &[from, to])];
        same(&inputs, |x| linear::linear(&x[0].t()?, &x[1].t()?), |x| x[0].t()?.matmul(&x[1]));
    }
    let error = linear::linear(&random("x", &[2, 3]), &random("w", &[2, 4])).unwrap_err();
    assert!(error.to_string().contains("linear: 2 × 3 by the transpose of 2 × 4"), "{error}");
}

#[test]
fn frozen_weights_get_no_gradient() {
    let (x, w) = (Var::from_tensor(&random("x", &[2, 3])).unwrap(), Var::from_tensor(&random("w", &[4, 3])).unwrap());
    let y = linear::linear(x.as_tensor(), &w.as_detached_tensor()).unwrap();
    let store = seed(&y, &random("g", &[2, 4])).unwrap().backward().unwrap();
    assert!(store.get(&x).is_some() && store.get(&w).is_none());
}

#[test]
fn heads() {
    let config = r#"{"model_type": "llama", "vocab_size": 9, "hidden_size": 24, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
        "max_position_embeddings": 512}"#;
    let config = ModelConfig::parse(config.as_bytes(), "test").unwrap();
    let rope = RopeTable::new(&config.rope, config.head_dim);
    let all = Heads { queries: 4, keys: 2, width: 6 };
    for (rows, segments) in [(1, vec![0]), (2, vec![0; 14]), (1, vec![0, 0, 0, 1, 1, 2, 3, 3, 3, 3]), (1, vec![0; 150])]
    {
        let tokens = segments.len();
        let sequences = Sequences::packed(rows, vec![0; tokens], &segments).unwrap();
        let shared = Shared::new(&sequences, &rope);
        let inputs = [random("q", &[tokens, 24]), random("k", &[tokens, 12]), random("v", &[tokens, 12])];
        same(
            &inputs,
            |x| attention::attention(&x[0], &x[1], &x[2], all, &shared),
            |x| composed_attention(&config, [&x[0], &x[1], &x[2]], &shared),
        );
    }
    let segments: Vec<u32> = (0..200).map(|i| i / 70).collect();
    let sequences = Sequences::packed(1, vec![0; 200], &segments).unwrap();
    let shared = Shared::new(&sequences, &rope);
    let short = random("q", &[199, 24]);
    let error = attention::attention(&short, &random("k", &[200, 12]), &random("v", &[200, 12]), all, &shared);
    assert!(error.unwrap_err().to_string().contains("for 200 tokens"));
}
