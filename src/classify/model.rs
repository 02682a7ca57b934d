//! One fastText model of two labels, and its linear view.
//!
//! A supervised fastText model averages the rows of its tokens and takes the product with two label rows, so its logit
//! is the mean of one number a row. Scoring by these numbers reads 4 bytes a token instead of a vector, and the logit
//! is exact where fastText's own probability is rounded and clipped.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use fasttext::FastText;
use fasttext::args::{Args, LossName, ModelName};
use fasttext::dictionary::{Dictionary, EOS};
use fasttext::matrix::Matrix;

use super::ClassifyError;
use super::settings::Settings;

/// fastText's label of the positives.
pub const LABEL_MATH: &str = "__label__math";
/// fastText's label of the negatives.
pub const LABEL_OTHER: &str = "__label__other";

/// A line of tokens to train on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) tokens: &'a str,
    pub(super) positive: bool,
}

/// Trains on `lines` in their order, on one thread; the same lines, settings and seed give the same model.
pub(super) fn fit(
    lines: &[Line<'_>],
    settings: &Settings,
    seed: u64,
    scratch: &Path,
) -> Result<FastText, ClassifyError> {
    settings.check()?;
    let mut file = tempfile::Builder::new().prefix("classify-").suffix(".txt").tempfile_in(scratch)?;
    {
        let mut out = std::io::BufWriter::new(&mut file);
        for Line { tokens, positive } in lines {
            writeln!(out, "{} {tokens}", if *positive { LABEL_MATH } else { LABEL_OTHER })?;
        }
        out.flush()?;
    }
    // The defaults are those of word vectors, and how many buckets supervised ones have depends on the n-grams.
    let mut args = Args { word_ngrams: settings.word_ngrams as i32, ..Args::default() };
    args.apply_supervised_defaults();
    let args = Args {
        input: file.path().to_path_buf(),
        dim: settings.dim as i32,
        lr: settings.lr,
        epoch: settings.epochs as i32,
        min_count: settings.min_count as i32,
        bucket: if settings.word_ngrams > 1 { settings.bucket as i32 } else { 0 },
        thread: 1,
        verbose: 0,
        seed: (seed & 0x7fff_ffff) as i32,
        ..args
    };
    // fastText trains on rayon's current pool; a pool of one thread keeps it off everybody else's.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let model = pool.install(|| FastText::train(args))?;
    let words = model.dict().nwords();
    if words == 0 || (words == 1 && model.dict().get_id(EOS).is_some()) {
        return Err(ClassifyError::NoVocabulary { min_count: settings.min_count, examples: lines.len() });
    }
    if model.output_matrix().data().iter().any(|weight| !weight.is_finite()) {
        return Err(ClassifyError::Diverged { lr: settings.lr });
    }
    Ok(model)
}

/// The linear view of a model: one number a row.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    dictionary: Dictionary,
    weights: Vec<f32>,
}

impl Linear {
    /// # Errors
    /// [`ClassifyError::BadModel`] where the model is not one that [`fit`] makes.
    pub(super) fn of(model: &FastText) -> Result<Self, ClassifyError> {
        let (args, dictionary, input, output) =
            (model.args(), model.dict(), model.input_matrix(), model.output_matrix());
        let bad = |what, expected: &str, found: String| {
            Err(ClassifyError::BadModel { what, expected: expected.to_owned(), found })
        };
        if args.model != ModelName::Supervised || args.loss != LossName::Softmax || args.maxn != 0 || model.is_quant() {
            return bad("kind", "supervised, softmax, no subwords, not quantised", format!("{args:?}"));
        }
        let (labels, _) = model.get_labels();
        let label = |name: &str| labels.iter().position(|label| label == name);
        let (Some(math), Some(other), 2) = (label(LABEL_MATH), label(LABEL_OTHER), labels.len()) else {
            return bad("labels", "__label__math and __label__other", labels.join(", "));
        };
        let rows = i64::from(dictionary.nwords()) + i64::from(args.bucket);
        if input.rows() != rows || output.rows() != 2 || input.cols() != output.cols() {
            let found = format!("{}×{} and {}×{}", input.rows(), input.cols(), output.rows(), output.cols());
            return bad("matrices", &format!("{rows} rows and 2 rows of one width"), found);
        }
        let direction: Vec<f32> =
            output.row(math as i64).iter().zip(output.row(other as i64)).map(|(math, other)| math - other).collect();
        let weights = (0..rows).map(|i| input.row(i).iter().zip(&direction).map(|(x, d)| x * d).sum()).collect();
        // Training leaves a hash table for 30 million words (120 MB); a dictionary that was read back fits its words.
        let mut bytes = Vec::new();
        dictionary.save(&mut bytes)?;
        let dictionary = Dictionary::load_from_reader(&mut bytes.as_slice(), Arc::new(args.clone()))?;
        Ok(Self { dictionary, weights })
    }

    /// The logit of math for a line of tokens; `None` where it knows none of them.
    pub(super) fn logit(&self, tokens: &str, scratch: &mut Scratch) -> Option<f64> {
        let Scratch { line, ids, labels } = scratch;
        line.clear();
        // fastText's own `predict` puts the end of the sentence after the n-grams, unlike training.
        let _ = write!(line, "{tokens} {EOS}");
        self.dictionary.get_line_from_str(line, ids, labels);
        let (end, words) = (self.dictionary.get_id(EOS), self.dictionary.nwords());
        if ids.iter().all(|id| Some(*id) == end || *id >= words) {
            return None;
        }
        let sum: f64 =
            ids.iter().filter_map(|id| self.weights.get(usize::try_from(*id).ok()?)).map(|w| f64::from(*w)).sum();
        Some(sum / ids.len() as f64)
    }
}

/// Buffers that one thread reuses between texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    line: String,
    ids: Vec<i32>,
    labels: Vec<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::tokens::TokenRules;

    fn toy() -> Vec<Line<'static>> {
        let line = |tokens, positive| Line { tokens, positive };
        [line("let <m> \\frac be prime", true), line("news of the day in town", false)].repeat(20)
    }

    fn settings() -> Settings {
        Settings { min_count: 1, epochs: 20, tokens: TokenRules::IN_ORDER, ..Settings::small() }
    }

    #[test]
    fn the_linear_view_is_fasttexts_own_probability() {
        for word_ngrams in [1, 3] {
            let settings = Settings { word_ngrams, bucket: 1000, ..settings() };
            let model = fit(&toy(), &settings, 1, &std::env::temp_dir()).unwrap();
            let linear = Linear::of(&model).unwrap();
            for tokens in ["let <m> be prime", "the news", "unknown the"] {
                let mut ids = Vec::new();
                model.dict().get_line_from_str(&format!("{tokens} </s>"), &mut ids, &mut Vec::new());
                let predicted = model.predict_on_words(&ids, 2, 0.0);
                let want = predicted.iter().find(|p| p.label == LABEL_MATH).unwrap().prob;
                let logit = linear.logit(tokens, &mut Scratch::default()).unwrap();
                assert!((1.0 / (1.0 + (-logit).exp()) - f64::from(want)).abs() < 2e-5, "{tokens}: {logit} {want}");
            }
            assert!(linear.logit("nothing known", &mut Scratch::default()).is_none());
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let bytes = |seed| {
            let mut out = Vec::new();
            fit(&toy(), &settings(), seed, &std::env::temp_dir()).unwrap().save(&mut out).unwrap();
            out
        };
        assert_eq!(bytes(7), bytes(7));
        assert_ne!(bytes(7), bytes(8));
    }

    #[test]
    fn a_vocabulary_is_needed() {
        let settings = Settings { min_count: 1000, ..settings() };
        let found = fit(&toy(), &settings, 1, &std::env::temp_dir());
        assert!(found.is_err(), "{found:?}");
    }
}
