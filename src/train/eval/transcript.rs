//! Transcripts on disk: a line an answer, written as they come, so that a run that was ended goes on where it was.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::{Result, TrainError};
use crate::io::atomic;
use crate::io::documents::lines;

/// An answer, with what was asked and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The question's place in its file, from 0.
    pub item: usize,
    /// Its name in the benchmark.
    pub id: String,
    /// Which sample of it; null for the greedy answer.
    pub sample: Option<usize>,
    /// All that the model was given.
    pub prompt: String,
    /// What it wrote.
    pub completion: String,
    /// Tokens of that.
    pub tokens: usize,
    /// Whether it was cut by a limit.
    pub cut: bool,
    /// The answer found.
    pub found: Option<String>,
    /// The answer wanted.
    pub truth: String,
    /// Whether they are equal.
    pub correct: bool,
}

/// The answers of one benchmark: by question and sample.
pub struct Transcripts {
    path: PathBuf,
    file: File,
    done: BTreeMap<(usize, Option<usize>), Transcript>,
}

impl Transcripts {
    /// Opens the answers in a folder, made under just these `settings`; what a killed run left half written is dropped.
    ///
    /// # Errors
    /// The folder holds answers made under other settings, or cannot be read or written.
    pub fn open(folder: &Path, settings: &Value) -> Result<Self> {
        let said = folder.join("settings.json");
        match std::fs::read(&said) {
            Ok(bytes) => {
                let before: Value = serde_json::from_slice(&bytes).map_err(|e| TrainError::format(&said, "JSON", e))?;
                if let Some((key, expected, found)) = differing(&before, settings) {
                    let expected = format!("{expected}, as the answers there were made (or another --out)");
                    return Err(TrainError::Config { path: said, key, expected, found });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                atomic::write(&said, format!("{settings:#}\n"))?;
            }
            Err(error) => return Err(TrainError::read(&said)(error)),
        }
        let path = folder.join("transcripts.jsonl");
        let mut done = BTreeMap::new();
        if path.exists() {
            let mut whole = Vec::new();
            lines::<TrainError>(&path, &mut |_, line| {
                // A line that the end of a run cut in two is made again.
                if let Ok(transcript) = serde_json::from_slice::<Transcript>(line) {
                    whole.extend_from_slice(line);
                    whole.push(b'\n');
                    done.insert((transcript.item, transcript.sample), transcript);
                }
                Ok(())
            })?;
            if std::fs::metadata(&path).map_err(TrainError::read(&path))?.len() != whole.len() as u64 {
                atomic::write(&path, &whole)?;
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(TrainError::append(&path))?;
        Ok(Self { path, file, done })
    }

    /// The answer to a question, where there is one.
    #[must_use]
    pub fn get(&self, item: usize, sample: Option<usize>) -> Option<&Transcript> {
        self.done.get(&(item, sample))
    }

    /// Adds answers, and has them on disk when it returns.
    ///
    /// # Errors
    /// The disk is full.
    pub fn extend(&mut self, transcripts: Vec<Transcript>) -> Result<()> {
        let mut text = Vec::new();
        for transcript in &transcripts {
            serde_json::to_writer(&mut text, transcript).map_err(|e| TrainError::format(&self.path, "JSON", e))?;
            text.push(b'\n');
        }
        self.file.write_all(&text).and_then(|()| self.file.flush()).map_err(TrainError::append(&self.path))?;
        self.done.extend(transcripts.into_iter().map(|one| ((one.item, one.sample), one)));
        Ok(())
    }
}

/// The first key whose values differ: the key, the one before, the one now.
fn differing(before: &Value, now: &Value) -> Option<(String, String, String)> {
    let (Value::Object(before), Value::Object(now)) = (before, now) else {
        return (before != now).then(|| (String::new(), before.to_string(), now.to_string()));
    };
    before.keys().chain(now.keys()).find_map(|key| {
        let (before, now) = (before.get(key).unwrap_or(&Value::Null), now.get(key).unwrap_or(&Value::Null));
        (before != now).then(|| (key.clone(), before.to_string(), now.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(item: usize, sample: Option<usize>) -> Transcript {
        Transcript {
            item,
            id: item.to_string(),
            sample,
            prompt: "1+1?\n".to_owned(),
            completion: "é \\boxed{2}".to_owned(),
            tokens: 3,
            cut: false,
            found: Some("2".to_owned()),
            truth: "2".to_owned(),
            correct: true,
        }
    }

    #[test]
    fn answers_survive_and_torn_lines_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let settings = serde_json::json!({"seed": 1});
        let mut transcripts = Transcripts::open(folder.path(), &settings).unwrap();
        transcripts.extend(vec![transcript(0, None), transcript(0, Some(1))]).unwrap();
        drop(transcripts);
        let path = folder.path().join("transcripts.jsonl");
        let whole = std::fs::read(&path).unwrap();
        atomic::write(&path, [&whole[..], b"{\"item\": 1, \"id\": \"1"].concat()).unwrap();
        let mut again = Transcripts::open(folder.path(), &settings).unwrap();
        assert_eq!(again.get(0, Some(1)), Some(&transcript(0, Some(1))));
        assert_eq!(again.get(1, None), None);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        again.extend(vec![transcript(1, None)]).unwrap();
        assert!(Transcripts::open(folder.path(), &settings).unwrap().get(1, None).is_some());
    }

    #[test]
    fn other_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        Transcripts::open(folder.path(), &serde_json::json!({"seed": 1, "shots": 0})).unwrap();
        let error =
            Transcripts::open(folder.path(), &serde_json::json!({"seed": 2, "shots": 0})).map(|_| ()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("seed: expected 1, as the answers there were made (or another --out), found 2"),
            "{message}"
        );
    }
}
