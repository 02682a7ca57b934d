//! How well a model foresees texts.

use std::path::Path;

use super::backward::Batch;
use super::data::vocabulary::Vocabulary;
use super::error::{Result, TrainError};
use super::model::Model;
use super::run::negative_log_likelihood;
use crate::io::documents::{self, Form};

/// Sums over texts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// Texts.
    pub texts: u64,
    /// Tokens that were foreseen: all but the first of each window, where nothing stands before it.
    pub targets: u64,
    /// Bytes of the texts.
    pub bytes: u64,
    /// −log p of all targets, nats.
    pub sum: f64,
}

impl Foreseen {
    /// −log p of a token, nats.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.sum / self.targets.max(1) as f64
    }

    /// The exponential of the loss.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        self.loss().exp()
    }

    /// Bits for a byte of text: comparable between tokenizers.
    #[must_use]
    pub fn bits_per_byte(&self) -> f64 {
        self.sum / std::f64::consts::LN_2 / self.bytes.max(1) as f64
    }

    /// Takes a text in, cut into windows of `context` tokens that do not see each other.
    ///
    /// # Errors
    /// The context is longer than the model's.
    pub fn add(&mut self, model: &Model, vocabulary: &Vocabulary, text: &str, context: usize) -> Result<()> {
        if context < 2 || context > model.config().context {
            let expected = format!("2 to the model's context, {}", model.config().context);
            return Err(TrainError::argument("the tokens of a window", expected, context));
        }
        self.texts += 1;
        self.bytes += text.len() as u64;
        let tokens: Vec<u32> = vocabulary.begin().into_iter().chain(vocabulary.encode(text, false)?).collect();
        for window in tokens.chunks(context).filter(|window| window.len() > 1) {
            let batch = Batch::next_tokens(1, window.to_vec(), &vec![0; window.len()])?;
            self.targets += batch.counted() as u64;
            self.sum += negative_log_likelihood(model, &batch)?;
        }
        Ok(())
    }

    /// Takes the texts of a file in: the field `text` of each record of a `.jsonl` or `.parquet` file, or else the whole
    /// file.
    ///
    /// # Errors
    /// It cannot be read, or a record has no text.
    pub fn add_file(&mut self, model: &Model, vocabulary: &Vocabulary, path: &Path, context: usize) -> Result<()> {
        match Form::of(path) {
            Some(form) => documents::records(path, form, Some(&["text"]), &mut |at, record| {
                self.add(model, vocabulary, documents::text(path, at, &record)?, context)
            }),
            None => {
                let text = std::fs::read_to_string(path).map_err(TrainError::read(path))?;
                self.add(model, vocabulary, &text, context)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::tests::letters;
    use crate::train::model::config::ModelConfig;
    use crate::train::params::Place;

    #[test]
    fn texts_of_files_are_foreseen_window_by_window() {
        let (folder, vocabulary) = letters();
        let shape = r#"{"architectures": ["LlamaForCausalLM"], "vocab_size": 100, "hidden_size": 8,
            "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 4}"#;
        let shape = ModelConfig::parse(shape.as_bytes(), "shape").unwrap();
        let model = Model::random(shape, &Place::cpu(), 1).unwrap();
        let jsonl = folder.path().join("x.jsonl");
        crate::io::atomic::write(&jsonl, "{\"text\": \"a + b = c\"}\n{\"text\": \"\"}\n").unwrap();
        let text = folder.path().join("x.txt");
        crate::io::atomic::write(&text, "a + b = c").unwrap();
        let measure = |path: &Path, context| {
            let mut foreseen = Foreseen::default();
            foreseen.add_file(&model, &vocabulary, path, context).map(|()| foreseen)
        };
        let found = measure(&jsonl, 4).unwrap();
        // Ten tokens with the first: windows of 4, 4 and 2.
        assert_eq!((found.texts, found.targets, found.bytes), (2, 7, 9));
        // A new model knows nothing.
        assert!((found.perplexity() / 100.0 - 1.0).abs() < 0.1, "{found:?}");
        assert_eq!(measure(&text, 4).unwrap().sum, found.sum);
        let message = measure(&text, 5).unwrap_err().to_string();
        assert!(message.contains("expected 2 to the model's context, 4, found 5"), "{message}");
    }
}
