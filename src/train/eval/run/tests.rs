use super::*;
use crate::train::data::vocabulary::tests::letters;
use crate::train::eval::completer::{Completion, ModelCompleter};
use crate::train::model::Model;
use crate::train::model::config::ModelConfig;
use crate::train::params::Place;
use crate::train::sample::Limits;

/// Answers every question with what its script says for the stream of the prompt, and counts.
struct Scripted {
    asked: usize,
    fails_at: usize,
}

impl Completer for Scripted {
    fn complete(&mut self, prompts: &[Prompt], by: &Choosing, _: &[String]) -> Result<Vec<Completion>> {
        self.asked += prompts.len();
        if self.asked > self.fails_at {
            return Err(TrainError::argument("a script", "to go on", "its end"));
        }
        let complete = |prompt: &Prompt| {
            // What is a + b? The greedy answer is right, samples are off by one every other time.
            let asked = prompt.text.split("What is ").nth(1).unwrap().split('?').next().unwrap();
            let sum: u64 = asked.split(" + ").map(|n| n.parse::<u64>().unwrap()).sum();
            let off = if by.temperature > 0.0 { prompt.stream % 2 } else { 0 };
            Completion { text: format!(" It is \\boxed{{{}}}.", sum + off), tokens: 7, cut: false }
        };
        Ok(prompts.iter().map(complete).collect())
    }
}

fn questions(folder: &Path, count: usize) -> PathBuf {
    let path = folder.join("gsm8k-test.jsonl");
    let row =
        |i: usize| json!({"question": format!("What is {i} + 5?"), "answer": format!("#### {}", i + 5)}).to_string();
    atomic::write(&path, (0..count).map(|i| row(i) + "\n").collect::<String>()).unwrap();
    path
}

fn evaluation(folder: &Path, count: usize) -> Evaluation {
    Evaluation {
        tasks: vec![(Task::Gsm8k, questions(folder, count))],
        out: folder.join("out"),
        limit: None,
        shots: None,
        tools: false,
        template: None,
        k: 4,
        sampled: Choosing::at(0.7),
        seed: 3,
        tokens_max: 20,
        batch: 2,
        model: json!("scripted"),
        quiet: true,
    }
}

#[test]
fn an_evaluation_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let evaluation = evaluation(folder.path(), 5);
    let mut killed = Scripted { asked: 0, fails_at: 11 };
    assert!(evaluation.run(&mut killed).is_err());
    let mut rest = Scripted { asked: 0, fails_at: 1000 };
    let report = evaluation.run(&mut rest).unwrap();
    // 5 questions, greedy and 4 samples; a batch of two was lost.
    assert_eq!(rest.asked, 25 - 10);
    let other = tempfile::tempdir().unwrap();
    let mut whole = Scripted { asked: 0, fails_at: 1000 };
    let again =
        Evaluation { out: other.path().join("out"), ..self::evaluation(folder.path(), 5) }.run(&mut whole).unwrap();
    assert_eq!(report, again);
    let text = |folder: &Path, name: &str| std::fs::read_to_string(folder.join("out").join(name)).unwrap();
    for name in ["report.json", "report.txt", "gsm8k/transcripts.jsonl"] {
        assert_eq!(text(folder.path(), name), text(other.path(), name), "{name}");
    }
    assert_eq!(report.tasks[0].greedy.value, 1.0);
    assert!(report.tasks[0].pass[0].estimate.value < 1.0);
    // Nothing is left to ask.
    let mut none = Scripted { asked: 0, fails_at: 0 };
    assert_eq!(evaluation.run(&mut none).unwrap(), report);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = |evaluation: Evaluation| {
        evaluation.run(&mut Scripted { asked: 0, fails_at: 1000 }).map(|_| ()).unwrap_err().to_string()
    };
    let many = Evaluation { shots: Some(Shots::Number(9)), ..evaluation(folder.path(), 2) };
    assert!(message(many).contains("up to 8 for gsm8k, found 9"));
    let path = folder.path().join("other.jsonl");
    atomic::write(&path, "{\"question\": \"x\", \"answer\": \"1\"}\n{\"text\": \"y\"}\n").unwrap();
    let other = Evaluation { tasks: vec![(Task::Gsm8k, path)], ..evaluation(folder.path(), 2) };
    let said = message(other);
    assert!(said.contains("line 2: expected a question of gsm8k, found the fields"), "{said}");
    let mut twice = evaluation(folder.path(), 1);
    twice.tasks.push(twice.tasks[0].clone());
    assert!(message(twice).contains("expected each once, found gsm8k"));
}

/// A model of random weights says nothing right, but all of it is kept, and the same whatever the batch.
#[test]
fn a_model_is_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let (_kept, vocabulary) = letters();
    let config = r#"{"architectures": ["LlamaForCausalLM"], "vocab_size": 128, "hidden_size": 16, "intermediate_size": 24,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 256, "tie_word_embeddings": true, "initializer_range": 0.25}"#;
    let model = Model::random(ModelConfig::parse(config.as_bytes(), "test").unwrap(), &Place::cpu(), 3).unwrap();
    let run = |name: &str, batch: usize| {
        let evaluation = Evaluation { out: folder.path().join(name), k: 2, batch, ..evaluation(folder.path(), 3) };
        {
            let limits = Limits { tokens_max: 20, stop_tokens: vec![1], stop_texts: Vec::new(), batch_rows: batch };
            evaluation.run(&mut ModelCompleter::new(&model, &vocabulary, limits, None)).unwrap()
        }
    };
    let report = run("a", 1);
    assert_eq!(report.tasks[0].questions, 3);
    assert_eq!(report.tasks[0].pass.iter().map(|at| at.k).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(run("b", 3), report);
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.path().join(name).join("gsm8k/transcripts.jsonl")).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("a"), lines("b"));
    let first: Transcript = serde_json::from_str(&lines("a")[0]).unwrap();
    assert!(first.prompt.starts_with("User: What is 0 + 5?\nPlease reason") && !first.completion.is_empty());
}
