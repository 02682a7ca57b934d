use serde_json::Value;

use super::policy::{Kl, Mean, Output, PolicyRules, Ratio, output, surrogate, token};
use super::preference::{PreferenceRules, Reduction, Side, pair};
use super::value::{bradley_terry, clipped, cross_entropy};
use crate::train::advantage::gae;

/// What `tests/fixtures/train/losses.py` had TRL and NumPy compute.
fn fixture() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/train/losses.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn the_losses_are_those_of_trl() {
    let fixture = fixture();
    let cases = fixture["policy"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let rules = PolicyRules {
            clip_low: 0.2,
            clip_high: case["clip_high"].as_f64().unwrap(),
            beta: case["beta"].as_f64().unwrap(),
            kl: Kl::K3,
            ratio: if case["sequence"].as_bool().unwrap() { Ratio::Sequence } else { Ratio::Token },
            mean: match case["loss_type"].as_str().unwrap() {
                "grpo" => Mean::Output,
                "dapo" | "bnpo" => Mean::Token,
                "dr_grpo" => Mean::Constant(case["constant"].as_u64().unwrap() as usize),
                other => panic!("{other}"),
            },
        };
        let of = |key: &str| rows(&case[key]);
        let (log_p, old, reference, advantages) = (of("log_p"), of("old"), of("reference"), of("advantages"));
        let lengths: Vec<usize> = log_p.iter().map(Vec::len).collect();
        let weights = rules.mean.weights(&lengths);
        let mut loss = 0.0;
        for (i, gradient) in of("gradient").iter().enumerate() {
            let of = Output { log_p: &log_p[i], old: &old[i], reference: &reference[i], advantages: &advantages[i] };
            let tokens = output(&rules, &of);
            loss += tokens.iter().map(|t| t.loss).sum::<f64>() * weights[i];
            for (token, want) in tokens.iter().zip(gradient) {
                assert!((token.slope * weights[i] - want).abs() <= 1e-9, "{name}: {token:?} for {want}");
            }
        }
        assert!((loss - case["loss"].as_f64().unwrap()).abs() <= 1e-9, "{name}: {loss} for {}", case["loss"]);
    }
}

#[test]
fn advantages_and_value_losses_are_those_of_numpy() {
    for case in fixture()["gae"].as_array().unwrap() {
        let of = |key: &str| numbers(&case[key]);
        let number = |key: &str| case[key].as_f64().unwrap();
        let (rewards, values) = (of("rewards"), of("values"));
        let (advantages, targets) = gae(&rewards, &values, number("gamma"), number("weight"));
        for (found, want) in advantages.iter().chain(&targets).zip(of("advantages").iter().chain(&of("targets"))) {
            assert!((found - want).abs() < 1e-12, "{found} for {want}");
        }
        let (new, losses, slopes) = (of("new"), of("losses"), of("slopes"));
        for (i, value) in new.iter().enumerate() {
            let (loss, slope) = clipped(*value, values[i], targets[i], number("clip"));
            assert!((loss - losses[i]).abs() < 1e-12 && (slope - slopes[i]).abs() < 1e-6, "{loss} {slope}");
        }
    }
}

/// The derivative of `f` at `x` by central differences.
fn derivative(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    (f(x + 1e-6) - f(x - 1e-6)) / 2e-6
}

#[test]
fn slopes_are_derivatives() {
    let near = |found: f64, want: f64, what: &str| assert!((found - want).abs() < 1e-7, "{what}: {found} for {want}");
    for kl in [Kl::K1, Kl::K2, Kl::K3] {
        near(kl.at(-1.0, -1.7).1, derivative(|x| kl.at(x, -1.7).0, -1.0), &format!("{kl:?}"));
        for (old, advantage) in [(-1.0, 2.0), (-0.4, 2.0), (-0.4, -2.0), (-1.6, 2.0), (-1.6, -2.0)] {
            let rules = PolicyRules { kl, clip_high: 0.3, ..PolicyRules::default() };
            let loss = |x| token(&rules, x, old, Some(-1.5), advantage).loss;
            near(token(&rules, -1.0, old, Some(-1.5), advantage).slope, derivative(loss, -1.0), "token");
        }
    }
    // The sequence's ratio with an advantage a token, as under process supervision.
    let rules = PolicyRules { ratio: Ratio::Sequence, ..PolicyRules::default() };
    let (log_p, old, reference, advantages) = ([-1.0, -2.0, -0.5], [-1.1, -1.9, -0.6], [-1.0; 3], [1.0, -3.0, 0.5]);
    let at =
        |log_p: &[f64]| output(&rules, &Output { log_p, old: &old, reference: &reference, advantages: &advantages });
    let sum = |log_p: &[f64]| at(log_p).iter().map(|t| t.loss).sum::<f64>();
    for i in 0..3 {
        let moved = |x: f64| {
            let mut log_p = log_p;
            log_p[i] = x;
            sum(&log_p)
        };
        near(at(&log_p)[i].slope, derivative(moved, log_p[i]), "sequence");
    }
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let rules = PreferenceRules { beta: 0.3, reduction };
        let loss = |a: f64, b: f64| {
            let chosen = Side { log_p: &[a, -1.0], reference: &[-1.0, -2.0] };
            pair(&rules, &chosen, &Side { log_p: &[-1.0, b, -3.0], reference: &[-2.0, -1.0, -1.0] })
        };
        let found = loss(-1.0, -2.0);
        near(found.chosen, derivative(|x| loss(x, -2.0).loss, -1.0), "chosen");
        near(found.rejected, derivative(|x| loss(-1.0, x).loss, -2.0), "rejected");
    }
    for x in [-40.0, -1.0, 0.0, 2.0, 40.0] {
        near(bradley_terry(x, 1.0).1, derivative(|x| bradley_terry(x, 1.0).0, x), "Bradley–Terry");
        near(cross_entropy(x, 0.3).1, derivative(|x| cross_entropy(x, 0.3).0, x), "cross-entropy");
    }
}

#[test]
fn corners_by_hand() {
    let rules = PolicyRules { clip_low: 0.2, clip_high: 0.5, beta: 0.0, ..PolicyRules::default() };
    let at = |ratio: f64, advantage| surrogate(&rules, ratio.ln(), advantage);
    // A good token that is already more probable is not pushed on, a bad one that already is less probable neither;
    // the other two still are.
    assert_eq!(at(1.0, 3.0), (-3.0, -3.0, false));
    assert_eq!((at(2.0, 3.0).0, at(2.0, 3.0).1, at(2.0, 3.0).2), (-4.5, 0.0, true));
    assert_eq!((at(0.5, -3.0).0, at(0.5, -3.0).1), (0.8 * 3.0, 0.0));
    assert!((at(2.0, -3.0).1 - 6.0).abs() < 1e-12 && (at(0.5, 3.0).1 + 1.5).abs() < 1e-12);
    // ρ = 1 gives the paper's coefficient of ∇log π: Â + β(π_ref/π_θ − 1), here 2 + 0.1·(2 − 1).
    let rules = PolicyRules { beta: 0.1, ..PolicyRules::default() };
    assert!((token(&rules, -1.0, -1.0, Some(-1.0 + 2f64.ln()), 2.0).slope + 2.1).abs() < 1e-12);
    // Two outputs of 1 and 3 tokens.
    assert_eq!(Mean::Output.weights(&[1, 3]), [0.5, 1.0 / 6.0]);
    assert_eq!(Mean::Token.weights(&[1, 3]), [0.25, 0.25]);
    assert_eq!(Mean::Constant(5).weights(&[1, 3]), [0.1, 0.1]);
    // A pair that the policy does not tell apart: log 2, and β/2 each way, over the lengths.
    let rules = PreferenceRules { beta: 0.5, reduction: Reduction::Mean };
    let side = |log_p| Side { log_p, reference: log_p };
    let found = pair(&rules, &side(&[-1.0, -2.0]), &side(&[-4.0]));
    assert_eq!((found.loss, found.margin, found.chosen, found.rejected), (2f64.ln(), 0.0, -0.125, 0.25));
}
