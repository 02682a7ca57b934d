//! Judged answers → figures, as JSON and as a table.

use std::fmt;

use serde::Serialize;

use super::metrics::{Estimate, majority, pass_at_k};

/// The answers to one question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// The greedy answer: right or not.
    pub greedy: bool,
    /// Samples: what each answers, and whether that is right.
    pub samples: Vec<(Option<String>, bool)>,
}

/// A figure at a number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtK {
    /// The number of samples.
    pub k: usize,
    /// The figure.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// The figures of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskReport {
    /// Its name.
    pub task: String,
    /// Questions answered.
    pub questions: usize,
    /// The share of right greedy answers.
    pub greedy: Estimate,
    /// pass@k for 1, 2, 4, … and the number of samples.
    pub pass: Vec<AtK>,
    /// maj@k for all samples; none where there are none.
    pub majority: Option<AtK>,
    /// The share of greedy answers in which none was found.
    pub unanswered: f64,
    /// The share of greedy answers that a limit cut.
    pub cut: f64,
    /// Tokens of a greedy answer, on average.
    pub tokens_mean: f64,
}

impl TaskReport {
    /// The figures of answers; `seed` is that of the bootstrap. What is not of right and wrong is zero.
    #[must_use]
    pub fn of(task: &str, answered: &[Answered], seed: u64) -> Self {
        let each = |of: &dyn Fn(&Answered) -> f64| -> Estimate {
            Estimate::of(&answered.iter().map(of).collect::<Vec<f64>>(), seed)
        };
        let k = answered.iter().map(|one| one.samples.len()).min().unwrap_or(0);
        let mut ks: Vec<usize> = std::iter::successors(Some(1), |k| Some(k * 2)).take_while(|at| *at < k).collect();
        ks.extend((k > 0).then_some(k));
        let pass = |k: usize| {
            let right = |one: &Answered| one.samples.iter().filter(|(_, right)| *right).count();
            each(&|one| pass_at_k(one.samples.len(), right(one), k))
        };
        let voted = |one: &Answered| {
            let answers: Vec<Option<&str>> = one.samples.iter().map(|(answer, _)| answer.as_deref()).collect();
            f64::from(u8::from(majority(&answers).is_some_and(|first| one.samples[first].1)))
        };
        Self {
            task: task.to_owned(),
            questions: answered.len(),
            greedy: each(&|one| f64::from(u8::from(one.greedy))),
            pass: ks.into_iter().map(|k| AtK { k, estimate: pass(k) }).collect(),
            majority: (k > 0).then(|| AtK { k, estimate: each(&voted) }),
            unanswered: 0.0,
            cut: 0.0,
            tokens_mean: 0.0,
        }
    }
}

/// The figures of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was evaluated, and how.
    pub settings: serde_json::Value,
    /// By benchmark.
    pub tasks: Vec<TaskReport>,
}

impl fmt::Display for Report {
    /// A table: percentages, each with its 95 % interval.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |e: &Estimate| format!("{:.1} [{:.1}, {:.1}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high);
        let mut rows = vec![
            ["task", "questions", "greedy", "pass@1", "pass@k", "maj@k", "no answer", "cut", "tokens"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for task in &self.tasks {
            let first = task.pass.first().map_or_else(|| "-".to_owned(), |at| percent(&at.estimate));
            let last = task.pass.last().filter(|at| at.k > 1);
            let at_k = |name: &str, at: Option<&AtK>| {
                at.map_or_else(|| "-".to_owned(), |at| format!("{name}@{} {}", at.k, percent(&at.estimate)))
            };
            rows.push(vec![
                task.task.clone(),
                task.questions.to_string(),
                percent(&task.greedy),
                first,
                at_k("pass", last),
                at_k("maj", task.majority.as_ref().filter(|at| at.k > 1)),
                format!("{:.1}", 100.0 * task.unanswered),
                format!("{:.1}", 100.0 * task.cut),
                format!("{:.0}", task.tokens_mean),
            ]);
        }
        let widths: Vec<usize> =
            (0..rows[0].len()).map(|i| rows.iter().map(|row| row[i].len()).max().unwrap_or(0)).collect();
        for row in &rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_from_answers() {
        let sample = |answer: &str, right: bool| (Some(answer.to_owned()), right);
        let answered = [
            Answered { greedy: true, samples: vec![sample("1/2", true), sample("3", false), sample("0.5", true)] },
            Answered { greedy: false, samples: vec![sample("7", false), sample("7", false), sample("8", true)] },
        ];
        let report = TaskReport::of("gsm8k", &answered, 1);
        assert_eq!((report.questions, report.greedy.value), (2, 0.5));
        let pass: Vec<(usize, f64)> = report.pass.iter().map(|at| (at.k, at.estimate.value)).collect();
        // By hand: 2 of 3 and 1 of 3 right; of two drawn one is right in 3 of 3 and in 2 of 3 cases.
        assert_eq!(pass.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [1, 2, 3]);
        for ((_, found), want) in pass.iter().zip([0.5, (1.0 + 2.0 / 3.0) / 2.0, 1.0]) {
            assert!((found - want).abs() < 1e-12, "{found} {want}");
        }
        assert_eq!(report.majority.map(|at| (at.k, at.estimate.value)), Some((3, 0.5)));
        let table = Report { settings: serde_json::Value::Null, tasks: vec![report] }.to_string();
        assert!(table.contains("gsm8k  2          50.0 ["), "{table}");
        assert!(table.contains("maj@3 50.0"), "{table}");
    }

    #[test]
    fn greedy_answers_alone_have_no_other_figures() {
        let report = TaskReport::of("math", &[Answered { greedy: true, samples: Vec::new() }], 1);
        assert!(report.pass.is_empty() && report.majority.is_none());
    }
}
