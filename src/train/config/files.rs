//! The paths of a configuration, and the files that they stand for.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::config::merge;
use crate::io::documents::Form;
use crate::train::error::{Result, TrainError};

/// Reads a file of settings: `rebase` makes its relative paths relative to the working folder, then `--set` arguments are laid
/// over it. `what` names its form in an error.
pub(in crate::train) fn read<T: DeserializeOwned>(
    (text, path): (&str, &Path),
    sets: &[String],
    what: &'static str,
    rebase: impl FnOnce(&mut toml::Table, &Path),
) -> Result<T> {
    let form = |e: toml::de::Error| TrainError::format(path, what, e);
    let mut table: toml::Table = toml::from_str(text).map_err(form)?;
    rebase(&mut table, path.parent().unwrap_or(Path::new("")));
    for set in sets {
        merge(&mut table, toml::from_str(set).map_err(form)?);
    }
    table.try_into().map_err(form)
}

/// Makes the relative paths that a file names relative to the working folder, as those of `--set` are.
pub(super) fn rebase(table: &mut toml::Table, base: &Path) {
    let join = |value: &mut toml::Value| {
        if let toml::Value::String(path) = value {
            *path = base.join(&*path).to_string_lossy().into_owned();
        }
    };
    let keys = [("model", "path"), ("model", "tokenizer"), ("data", "cache"), ("output", "dir")];
    for (section, key) in keys {
        table.get_mut(section).and_then(|section| section.get_mut(key)).into_iter().for_each(join);
    }
    for section in ["data", "measure"] {
        let sources = table.get_mut(section).and_then(|section| section.get_mut("source")?.as_array_mut());
        let files = sources.into_iter().flatten().filter_map(|source| source.get_mut("files")?.as_array_mut());
        files.flatten().for_each(join);
    }
}

/// The files of a path: itself, those of known forms in a folder (lists of rejected pages left out), those of a glob;
/// sorted. Where there is none, the path itself: a plan needs no data, and a run says that it is missing.
pub(crate) fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let text = path.to_string_lossy();
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(TrainError::read(path))?;
        for entry in entries {
            let file = entry.map_err(TrainError::read(path))?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let wanted = !name.starts_with('.') && !name.ends_with(".rejects.parquet") && Form::of(&file).is_some();
            if wanted && file.is_file() {
                files.push(file);
            }
        }
    } else if !path.exists() && text.contains(['*', '?', '[']) {
        let listed = glob::glob(&text).map_err(|e| TrainError::format(path, "a glob", e))?;
        files.extend(listed.filter_map(std::result::Result::ok));
    }
    files.sort();
    if files.is_empty() {
        files.push(path.to_owned());
    }
    Ok(files)
}
