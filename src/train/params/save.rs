//! Checkpoints out, in the layout of transformers: shards, index, `config.json`, tokenizer files.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;

use candle_core::{DType, Tensor};
use half::bf16;
use serde_json::{Map, Value, json};

use super::companions::Companions;
use crate::io::atomic::{self, AtomicError, AtomicFile};
use crate::train::error::{Result, TrainError};
use crate::train::model::config::ModelConfig;

/// Largest shard, bytes.
pub const SHARD_BYTES: usize = 5_000_000_000;

/// The type that numbers are stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Two bytes a number: what is published.
    Bf16,
    /// Four bytes a number: nothing is lost.
    F32,
}

impl Stored {
    fn bytes(self) -> usize {
        match self {
            Self::Bf16 => 2,
            Self::F32 => 4,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
        }
    }

    fn torch_name(self) -> &'static str {
        match self {
            Self::Bf16 => "bfloat16",
            Self::F32 => "float32",
        }
    }
}

/// Writes a safetensors file: the tensors in the order given, metadata format "pt".
///
/// # Errors
/// The disk is full.
pub fn write_safetensors(path: &Path, tensors: &[(String, Tensor)], stored: Stored) -> Result<()> {
    let shapes: Vec<(String, Vec<usize>)> =
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.dims().to_vec())).collect();
    write_safetensors_with(path, &shapes, stored, &[], |at, write| {
        write(&tensors[at].1.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?)
    })
}

/// The same, with metadata of our own: `give` hands the numbers of each tensor in turn to the function that writes them.
///
/// # Errors
/// The disk is full.
pub fn write_safetensors_with(
    path: &Path,
    tensors: &[(String, Vec<usize>)],
    stored: Stored,
    metadata: &[(&str, &str)],
    mut give: impl FnMut(usize, &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut notes = Map::new();
    notes.insert("format".to_owned(), json!("pt"));
    notes.extend(metadata.iter().map(|(key, value)| ((*key).to_owned(), json!(value))));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), Value::Object(notes));
    let mut at = 0;
    for (name, shape) in tensors {
        let end = at + shape.iter().product::<usize>() * stored.bytes();
        header.insert(name.clone(), json!({"dtype": stored.name(), "shape": shape, "data_offsets": [at, end]}));
        at = end;
    }
    let mut header = Value::Object(header).to_string();
    // The data begin at a multiple of eight.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut out = AtomicFile::create(path)?;
    let failed = |source| AtomicError { path: path.to_owned(), action: "write the file", source };
    out.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
    out.write_all(header.as_bytes()).map_err(failed)?;
    let mut write = |numbers: &[f32]| {
        for chunk in numbers.chunks(1 << 16) {
            let bytes: Vec<u8> = match stored {
                Stored::Bf16 => chunk.iter().flat_map(|n| bf16::from_f32(*n).to_le_bytes()).collect(),
                Stored::F32 => chunk.iter().flat_map(|n| n.to_le_bytes()).collect(),
            };
            out.write_all(&bytes).map_err(failed)?;
        }
        Ok(())
    };
    (0..tensors.len()).try_for_each(|tensor| give(tensor, &mut write))?;
    out.commit()?;
    Ok(())
}

/// Writes a folder whole or not at all: `fill` writes into a hidden folder beside it, which then takes its name.
///
/// # Errors
/// What `fill` says, or the folder cannot be put in its place.
pub fn write_folder(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let failed = |action| move |source| TrainError::Write(AtomicError { path: folder.to_owned(), action, source });
    let name =
        folder.file_name().ok_or_else(|| TrainError::argument("a folder", "a path with a name", folder.display()))?;
    let beside = |suffix: &str| {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(suffix);
        folder.with_file_name(hidden)
    };
    let (new, old) = (beside(".new"), beside(".old"));
    for left in [&new, &old] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(failed("remove what a killed run left of the folder"))?;
        }
    }
    fs::create_dir_all(&new).map_err(failed("create the folder"))?;
    if let Err(error) = fill(&new) {
        _ = fs::remove_dir_all(&new);
        return Err(error);
    }
    if folder.exists() {
        fs::rename(folder, &old).map_err(failed("move the old folder aside"))?;
    }
    fs::rename(&new, folder).map_err(failed("put the folder in its place"))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(failed("remove the old folder"))?;
    }
    Ok(())
}

/// The shards of tensors of these sizes: as many a shard as fit, in order.
fn shards(sizes: &[usize], bytes_max: usize) -> Vec<std::ops::Range<usize>> {
    let mut all: Vec<std::ops::Range<usize>> = Vec::new();
    let mut filled = 0;
    for (i, size) in sizes.iter().enumerate() {
        match all.last_mut() {
            Some(shard) if filled + size <= bytes_max => {
                shard.end = i + 1;
                filled += size;
            }
            _ => {
                all.push(i..i + 1);
                filled = *size;
            }
        }
    }
    all
}

/// Writes the files of a checkpoint into an existing folder.
///
/// # Errors
/// The disk is full, or a parameter can't be copied from its device.
pub fn write_checkpoint<'a>(
    folder: &Path,
    config: &ModelConfig,
    tensors: impl Iterator<Item = Result<(&'a str, Tensor)>>,
    companions: &Companions,
    stored: Stored,
    shard_bytes: usize,
) -> Result<()> {
    let tensors: Vec<(String, Tensor)> =
        tensors.map(|t| t.map(|(name, tensor)| (name.to_owned(), tensor))).collect::<Result<_>>()?;
    let sizes: Vec<usize> = tensors.iter().map(|(_, tensor)| tensor.elem_count() * stored.bytes()).collect();
    let shards = shards(&sizes, shard_bytes);
    let name = |shard: usize| match shards.len() {
        1 => "model.safetensors".to_owned(),
        n => format!("model-{:05}-of-{n:05}.safetensors", shard + 1),
    };
    let mut map = Map::new();
    for (i, shard) in shards.iter().enumerate() {
        write_safetensors(&folder.join(name(i)), &tensors[shard.clone()], stored)?;
        map.extend(tensors[shard.clone()].iter().map(|(tensor, _)| (tensor.clone(), json!(name(i)))));
    }
    if shards.len() > 1 {
        let index = json!({"metadata": {"total_size": sizes.iter().sum::<usize>()}, "weight_map": map});
        atomic::write(folder.join("model.safetensors.index.json"), format!("{index:#}\n"))?;
    }
    let mut config = config.clone();
    // The key's first name, and its name since transformers 5 where the file has that.
    let key = if config.rest.contains_key("dtype") { "dtype" } else { "torch_dtype" };
    config.rest.insert(key.to_owned(), json!(stored.torch_name()));
    atomic::write(folder.join("config.json"), config.to_json())?;
    if !companions.contains_key("generation_config.json") {
        let mut generation = Map::new();
        for key in ["bos_token_id", "eos_token_id", "pad_token_id"] {
            if let Some(value) = config.rest.get(key).filter(|v| !v.is_null()) {
                generation.insert(key.to_owned(), value.clone());
            }
        }
        generation.insert("_from_model_config".to_owned(), json!(true));
        atomic::write(folder.join("generation_config.json"), format!("{:#}\n", Value::Object(generation)))?;
    }
    for (name, bytes) in companions {
        atomic::write(folder.join(name), bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_hold_what_fits() {
        assert_eq!(shards(&[3, 3, 3, 9, 1], 6), [0..2, 2..3, 3..4, 4..5]);
        assert_eq!(shards(&[3, 3], 6).len(), 1);
        assert!(shards(&[], 6).is_empty());
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("step-1");
        write_folder(&folder, |new| Ok(atomic::write(new.join("a"), "1")?)).unwrap();
        let failed = write_folder(&folder, |new| {
            atomic::write(new.join("b"), "2")?;
            Err(TrainError::Exchange("lost".to_owned()))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "1");
        write_folder(&folder, |new| Ok(atomic::write(new.join("c"), "3")?)).unwrap();
        assert!(!folder.join("a").exists() && folder.join("c").exists());
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
    }
}
