//! Adapters in the layout of PEFT: `adapter_model.safetensors` and `adapter_config.json`.

use std::path::Path;

use serde_json::json;

use super::hf::HfFiles;
use super::save::{Stored, write_safetensors};
use crate::io::atomic;
use crate::train::error::{Result, TrainError};
use crate::train::lora::{Lora, LoraConfig};
use crate::train::model::config::ModelConfig;

/// What PEFT puts before a tensor's name.
const PREFIX: &str = "base_model.model.";
const WEIGHTS: &str = "adapter_model.safetensors";

/// Writes the files of an adapter into an existing folder. `base` names the model that it is for.
///
/// # Errors
/// The disk is full.
pub fn write(folder: &Path, lora: &Lora, base: &str) -> Result<()> {
    let tensors = lora.params().iter().map(|p| Ok((format!("{PREFIX}{}", p.name()), p.master()?)));
    write_safetensors(&folder.join(WEIGHTS), &tensors.collect::<Result<Vec<_>>>()?, Stored::F32)?;
    let LoraConfig { rank, alpha, targets } = lora.config();
    let short = |target: &String| target.rsplit('.').next().unwrap_or_default().to_owned();
    let config = json!({
        "base_model_name_or_path": base, "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
        "init_lora_weights": true, "lora_alpha": alpha, "lora_dropout": 0.0, "modules_to_save": null, "peft_type": "LORA",
        "r": rank, "target_modules": targets.iter().map(short).collect::<Vec<_>>(), "task_type": "CAUSAL_LM",
        "use_dora": false, "use_rslora": false,
    });
    atomic::write(folder.join("adapter_config.json"), format!("{config:#}\n"))?;
    Ok(())
}

/// Reads an adapter that [`write`], or PEFT, wrote: its settings and its numbers by tensor.
///
/// # Errors
/// A file is missing or damaged, or says something that is not supported.
pub fn read_config(folder: &Path) -> Result<LoraConfig> {
    let path = folder.join("adapter_config.json");
    let bytes = std::fs::read(&path).map_err(TrainError::read(&path))?;
    let form = "PEFT's adapter_config.json";
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| TrainError::format(&path, form, e))?;
    let bad = |key: &str, expected: &str| TrainError::Config {
        path: path.clone(),
        key: key.to_owned(),
        expected: expected.to_owned(),
        found: value.get(key).map_or_else(|| "nothing".to_owned(), ToString::to_string),
    };
    for (key, plain) in [("use_dora", false), ("use_rslora", false), ("fan_in_fan_out", false)] {
        if value.get(key).and_then(serde_json::Value::as_bool).unwrap_or(plain) != plain {
            return Err(bad(key, "false"));
        }
    }
    for key in ["alpha_pattern", "rank_pattern"] {
        if value.get(key).and_then(serde_json::Value::as_object).is_some_and(|pattern| !pattern.is_empty()) {
            return Err(bad(key, "nothing: all adapters are of one rank and alpha"));
        }
    }
    if value.get("bias").is_some_and(|bias| bias != "none") {
        return Err(bad("bias", "\"none\""));
    }
    let rank = value["r"].as_u64().filter(|r| *r > 0).ok_or_else(|| bad("r", "a positive whole number"))?;
    let alpha = value["lora_alpha"].as_f64().ok_or_else(|| bad("lora_alpha", "a number"))?;
    let named = value["target_modules"].as_array().ok_or_else(|| bad("target_modules", "a list of projections"))?;
    let mut targets = Vec::new();
    for name in named {
        let known = super::names::PROJECTIONS.iter().find(|p| p.rsplit('.').next() == name.as_str());
        targets.push((*known.ok_or_else(|| bad("target_modules", "a list of projections"))?).to_owned());
    }
    LoraConfig { rank: rank as usize, alpha, targets }.checked()
}

/// Opens the tensors of an adapter and checks them against the model; the second part gives a tensor's numbers.
///
/// # Errors
/// A tensor is missing or misshapen.
pub fn open(folder: &Path, config: &ModelConfig, lora: &LoraConfig) -> Result<impl Fn(&str) -> Result<Vec<f32>>> {
    let files = HfFiles::open_file(&folder.join(WEIGHTS))?;
    let mut wanted: Vec<_> =
        lora.shapes(config).into_iter().map(|(name, shape)| (format!("{PREFIX}{name}"), shape)).collect();
    wanted.sort();
    files.check(&wanted)?;
    Ok(move |name: &str| files.read(&format!("{PREFIX}{name}")))
}
