//! Sections that configurations of training share: adapters, and the optimiser with its learning rate.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::train::error::{Result, TrainError};
use crate::train::lora::LoraConfig;
use crate::train::optim::AdamWConfig;
use crate::train::schedule::{Schedule, Shape};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::train) struct RawLora {
    rank: usize,
    alpha: f64,
    targets: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::train) struct RawOptimizer {
    peak_rate: f64,
    schedule: RawSchedule,
    warmup_steps: Option<u64>,
    stairs: Vec<(f64, f64)>,
    floor: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    weight_decay: f64,
}

impl Default for RawOptimizer {
    fn default() -> Self {
        let AdamWConfig { beta1, beta2, eps, weight_decay } = AdamWConfig::default();
        Self {
            peak_rate: 4.2e-4,
            schedule: RawSchedule::MultiStep,
            warmup_steps: None,
            stairs: vec![(0.8, 0.316), (0.9, 0.1)],
            floor: 0.1,
            beta1,
            beta2,
            eps,
            weight_decay,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum RawSchedule {
    MultiStep,
    Cosine,
    Linear,
    Constant,
}

impl RawLora {
    pub(in crate::train) fn checked(self) -> Result<LoraConfig> {
        let Self { rank, alpha, targets } = self;
        LoraConfig { rank, alpha, targets }.checked()
    }
}

impl RawOptimizer {
    /// Optimiser and learning rate of a run of so many steps.
    pub(in crate::train) fn checked(self, steps: u64, path: &Path) -> Result<(AdamWConfig, Schedule)> {
        let wrong = |key: &str, expected: &str, found: String| TrainError::Config {
            path: path.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        let RawOptimizer { peak_rate, schedule, warmup_steps, stairs, floor, beta1, beta2, eps, weight_decay } = self;
        if !(peak_rate > 0.0 && peak_rate.is_finite()) {
            return Err(wrong("optimizer.peak_rate", "a number above 0", peak_rate.to_string()));
        }
        if ![beta1, beta2].iter().all(|beta| (0.0..1.0).contains(beta)) || eps <= 0.0 || weight_decay < 0.0 {
            let found = format!("{beta1}, {beta2}, {eps}, {weight_decay}");
            return Err(wrong("optimizer", "β in [0, 1), eps above 0, weight_decay not below 0", found));
        }
        let ascending = stairs.windows(2).all(|two| two[0].0 < two[1].0);
        let inside =
            stairs.iter().all(|(from, factor)| (0.0..1.0).contains(from) && *factor >= 0.0 && factor.is_finite());
        if !(0.0..=1.0).contains(&floor) || !ascending || !inside {
            let expected = "floor in [0, 1], stairs that ascend in [0, 1) with factors not below 0";
            return Err(wrong("optimizer", expected, format!("{floor}, {stairs:?}")));
        }
        // Nobody said how long: the paper's 2,000 steps, of a short run a fifth.
        let warmup_steps = warmup_steps.unwrap_or(2000.min(steps / 5));
        let shape = match schedule {
            RawSchedule::MultiStep => Shape::MultiStep(stairs),
            RawSchedule::Cosine => Shape::Cosine(floor),
            RawSchedule::Linear => Shape::Linear(floor),
            RawSchedule::Constant => Shape::Constant,
        };
        let schedule = Schedule { peak: peak_rate, warmup_steps, steps, shape };
        Ok((AdamWConfig { beta1, beta2, eps, weight_decay }, schedule))
    }
}
