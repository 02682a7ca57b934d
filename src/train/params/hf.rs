//! Checkpoints as transformers stores them: safetensors, in one file or in shards with an index.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::names;
use crate::train::error::{Result, TrainError};

const FORM: &str = "safetensors";
/// Buffers that old checkpoints hold beside the weights.
const BUFFERS: [&str; 2] = [".rotary_emb.inv_freq", ".attn.masked_bias"];

/// Where a tensor is.
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// The tensors of a checkpoint, read as they are asked for.
pub struct HfFiles {
    folder: PathBuf,
    maps: Vec<Mmap>,
    metadata: BTreeMap<String, String>,
    entries: BTreeMap<String, Entry>,
}

impl HfFiles {
    /// Opens `model.safetensors`, or the shards of `model.safetensors.index.json`, and reads their headers.
    ///
    /// # Errors
    /// There is neither, or a file is truncated or not safetensors, or the index names a tensor that its file lacks.
    pub fn open(folder: &Path) -> Result<Self> {
        let index = folder.join("model.safetensors.index.json");
        let mut files =
            Self { folder: folder.to_owned(), maps: Vec::new(), metadata: BTreeMap::new(), entries: BTreeMap::new() };
        if !index.exists() {
            files.add(&folder.join("model.safetensors"))?;
            return Ok(files);
        }
        let bytes = std::fs::read(&index).map_err(TrainError::read(&index))?;
        let form = "an index of safetensors shards";
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| TrainError::format(&index, form, e))?;
        let Some(map) = value.get("weight_map").and_then(Value::as_object) else {
            return Err(TrainError::format(&index, form, "it has no table weight_map"));
        };
        let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, file) in map {
            let file = file.as_str().filter(|f| !f.contains(['/', '\\']));
            let file = file.ok_or_else(|| TrainError::format(&index, form, format!("{name} is in no file")))?;
            by_file.entry(file).or_default().push(name);
        }
        for (file, tensors) in by_file {
            let path = folder.join(file);
            files.add(&path)?;
            if let Some(name) = tensors.iter().find(|name| !files.entries.contains_key(**name)) {
                return Err(TrainError::format(
                    &path,
                    FORM,
                    format!("the index says that it holds {name}, it does not"),
                ));
            }
        }
        Ok(files)
    }

    /// Opens a single file.
    ///
    /// # Errors
    /// It is missing, truncated or not safetensors.
    pub fn open_file(path: &Path) -> Result<Self> {
        let mut files =
            Self { folder: path.to_owned(), maps: Vec::new(), metadata: BTreeMap::new(), entries: BTreeMap::new() };
        files.add(path)?;
        Ok(files)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(TrainError::read(path))?;
        // SAFETY: the file is only read; that nobody truncates it meanwhile is what any reader of weights relies on.
        let map = unsafe { Mmap::map(&file) }.map_err(TrainError::read(path))?;
        let (head, metadata) = SafeTensors::read_metadata(&map).map_err(|e| TrainError::format(path, FORM, e))?;
        for (name, info) in metadata.tensors().into_iter().collect::<BTreeMap<_, _>>() {
            let (from, to) = info.data_offsets;
            let bytes = head + 8 + from..head + 8 + to;
            let entry = Entry { file: self.maps.len(), dtype: info.dtype, shape: info.shape.clone(), bytes };
            if self.entries.insert(name.clone(), entry).is_some() {
                return Err(TrainError::format(path, FORM, format!("{name} is in an earlier shard too")));
            }
        }
        self.metadata.extend(metadata.metadata().clone().unwrap_or_default());
        self.maps.push(map);
        Ok(())
    }

    /// Checks that the tensors are those wanted: none missing, none more, all of their shapes, all of a type that can be
    /// read. All problems are listed.
    ///
    /// # Errors
    /// They are not.
    pub fn check(&self, wanted: &[(String, Vec<usize>)]) -> Result<()> {
        let mut problems = Vec::new();
        for (name, shape) in wanted {
            match self.entries.get(name) {
                None => problems.push(format!("{name}: expected {shape:?}, found nothing")),
                Some(entry) if entry.shape != *shape => {
                    problems.push(format!("{name}: expected {shape:?}, found {:?}", entry.shape));
                }
                Some(entry) if !matches!(entry.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) => {
                    problems.push(format!("{name}: expected F32, F16 or BF16, found {:?}", entry.dtype));
                }
                Some(_) => {}
            }
        }
        let tied = !wanted.iter().any(|(name, _)| name == names::HEAD);
        for (name, entry) in &self.entries {
            let known = wanted.binary_search_by(|(wanted, _)| wanted.cmp(name)).is_ok();
            // A tied head may be stored too; it is the embedding.
            let spare = BUFFERS.iter().any(|buffer| name.ends_with(buffer)) || (tied && name == names::HEAD);
            if !known && !spare {
                problems.push(format!("{name}: expected no such tensor, found {:?}", entry.shape));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(TrainError::Tensors { path: self.folder.clone(), problems }) }
    }

    /// The numbers of a tensor in f32.
    ///
    /// # Errors
    /// There is no such tensor, or its type is none of f32, f16, bf16.
    pub fn read(&self, name: &str) -> Result<Vec<f32>> {
        let problem = |found: String| TrainError::Tensors {
            path: self.folder.clone(),
            problems: vec![format!("{name}: {found}")],
        };
        let entry = self.entries.get(name).ok_or_else(|| problem("not there".to_owned()))?;
        let bytes = &self.maps[entry.file][entry.bytes.clone()];
        match entry.dtype {
            Dtype::F32 => Ok(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
            Dtype::F16 => Ok(bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()),
            Dtype::BF16 => Ok(bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect()),
            other => Err(problem(format!("expected F32, F16 or BF16, found {other:?}"))),
        }
    }

    /// A note of the header.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A file of tensors of two numbers each: name, type, bytes.
    fn file(tensors: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let (mut header, mut body) = (serde_json::Map::new(), Vec::new());
        for (name, dtype, bytes) in tensors {
            let from = body.len();
            body.extend_from_slice(bytes);
            let place = json!({"dtype": dtype, "shape": [2], "data_offsets": [from, body.len()]});
            header.insert((*name).to_owned(), place);
        }
        let header = Value::Object(header).to_string();
        [(header.len() as u64).to_le_bytes().as_slice(), header.as_bytes(), &body].concat()
    }

    fn bytes<const N: usize>(numbers: [[u8; N]; 2]) -> Vec<u8> {
        numbers.concat()
    }

    #[test]
    fn shards_of_all_types_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| crate::io::atomic::write(folder.path().join(name), bytes).unwrap();
        let numbers = [1.5f32, -2.0];
        let half = bytes(numbers.map(|n| f16::from_f32(n).to_le_bytes()));
        let brain = bytes(numbers.map(|n| bf16::from_f32(n).to_le_bytes()));
        let whole = bytes(numbers.map(f32::to_le_bytes));
        write("a.safetensors", &file(&[("f16", "F16", &half), ("bf16", "BF16", &brain)]));
        write("b.safetensors", &file(&[("f32", "F32", &whole), ("i64", "I64", &[0; 16])]));
        let index =
            |map: Value| write("model.safetensors.index.json", json!({"weight_map": map}).to_string().as_bytes());
        let (a, b) = ("a.safetensors", "b.safetensors");
        index(json!({"f16": a, "bf16": a, "f32": b, "i64": b}));
        let files = HfFiles::open(folder.path()).unwrap();
        for name in ["f16", "bf16", "f32"] {
            assert_eq!(files.read(name).unwrap(), numbers, "{name}");
        }
        let wanted = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), vec![2])).collect::<Vec<_>>();
        let message = files.check(&wanted(&["bf16", "f16", "f32", "i64", "more"])).unwrap_err().to_string();
        assert!(message.contains("i64: expected F32, F16 or BF16, found I64"), "{message}");
        assert!(message.contains("more: expected [2], found nothing"), "{message}");
        index(json!({"f16": a, "f32": a}));
        let message = HfFiles::open(folder.path()).err().unwrap().to_string();
        assert!(message.contains("a.safetensors") && message.contains("the index says that it holds f32"), "{message}");
        index(json!({"f16": "c.safetensors"}));
        assert!(HfFiles::open(folder.path()).err().unwrap().to_string().contains("c.safetensors: cannot read"));
        write("b.safetensors", &file(&[("f16", "F16", &half)]));
        index(json!({"f16": a, "bf16": b}));
        assert!(HfFiles::open(folder.path()).err().unwrap().to_string().contains("f16 is in an earlier shard too"));
    }
}
