//! What a model is asked: the paper's zero-shot prompts, and worked examples for base models.

use serde::Deserialize;

use super::task::{Item, Task};

/// How a question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// With the paper's instruction.
    ZeroShot {
        /// To write programs, too.
        tools: bool,
    },
    /// After so many worked examples.
    FewShot(usize),
}

/// A worked example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    question: String,
    #[serde(default)]
    options: Vec<String>,
    answer: String,
}

/// The instruction that the paper puts after an English question: to reason, or to write programs too.
#[must_use]
pub fn english(tools: bool) -> &'static str {
    if tools {
        "Please integrate natural language reasoning with programs to solve the problem above, and put your final \
         answer within \\boxed{}."
    } else {
        "Please reason step by step, and put your final answer within \\boxed{}."
    }
}

/// How examples are laid out: before the question, before the answer.
struct Layout {
    question: &'static str,
    answer: &'static str,
}

impl Task {
    /// How many worked examples a base model is usually shown: as in the paper GSM8K 8, MATH 4, CMATH 6. What the paper
    /// leaves open is what the file of examples has.
    #[must_use]
    pub fn shots(self) -> usize {
        self.examples().lines().count()
    }

    fn examples(self) -> &'static str {
        match self {
            Self::Gsm8k => include_str!("shots/gsm8k.jsonl"),
            Self::Math | Self::Ocw => include_str!("shots/math.jsonl"),
            Self::Cmath | Self::MgsmZh => include_str!("shots/cmath.jsonl"),
            Self::Sat | Self::MmluStem => include_str!("shots/choice-en.jsonl"),
            Self::GaokaoMathqa => include_str!("shots/choice-zh.jsonl"),
            Self::GaokaoMathcloze => include_str!("shots/cloze-zh.jsonl"),
        }
    }

    fn layout(self) -> Layout {
        match self {
            Self::Math | Self::Ocw => Layout { question: "Problem:\n", answer: "Solution:\n" },
            Self::Gsm8k | Self::Sat | Self::MmluStem => Layout { question: "Question: ", answer: "Answer: " },
            Self::Cmath | Self::MgsmZh | Self::GaokaoMathqa | Self::GaokaoMathcloze => {
                Layout { question: "问题：", answer: "解答：" }
            }
        }
    }

    /// The instruction that the paper puts after a question.
    #[must_use]
    pub fn instruction(self, tools: bool) -> &'static str {
        match (self.is_chinese(), tools) {
            (false, tools) => english(tools),
            (true, false) => "请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
            // The paper gives no Chinese one for tools.
            (true, true) => "请把自然语言推理与程序结合起来解答上面的问题，并把最终答案放置于\\boxed{}中。",
        }
    }

    /// What a user says, with the instruction: for a chat model's own template.
    #[must_use]
    pub fn turn(self, item: &Item, tools: bool) -> String {
        format!("{}\n{}", asked(&item.question, &item.options), self.instruction(tools))
    }

    /// The whole text that a model continues, in the paper's plain form or after worked examples.
    #[must_use]
    pub fn text(self, item: &Item, how: Asked) -> String {
        let shots = match how {
            Asked::ZeroShot { tools } => return format!("User: {}\n\nAssistant:", self.turn(item, tools)),
            Asked::FewShot(shots) => shots,
        };
        let Layout { question, answer } = self.layout();
        let mut text = String::new();
        for line in self.examples().lines().take(shots) {
            // The files are part of the program, and a test reads them all.
            let Ok(example) = serde_json::from_str::<Example>(line) else { continue };
            let asked = asked(&example.question, &example.options);
            text.push_str(&format!("{question}{asked}\n{answer}{}\n\n", example.answer));
        }
        text + &format!("{question}{}\n{}", asked(&item.question, &item.options), answer.trim_end())
    }

    /// Texts at which an answer ends: where a model that was shown examples goes on to ask itself the next question.
    #[must_use]
    pub fn stops(self, how: Asked) -> Vec<String> {
        match how {
            Asked::ZeroShot { .. } => vec!["\nUser:".to_owned()],
            Asked::FewShot(_) => vec![format!("\n{}", self.layout().question.trim_end())],
        }
    }
}

/// A question with its options below it.
fn asked(question: &str, options: &[String]) -> String {
    let letters = 'A'..='Z';
    let lines = letters.zip(options).map(|(letter, option)| format!("\n({letter}) {option}"));
    std::iter::once(question.to_owned()).chain(lines).collect()
}

/// The completion up to the first text that ends an answer.
#[must_use]
pub fn cut<'t>(completion: &'t str, stops: &[String]) -> &'t str {
    let end = stops.iter().filter_map(|stop| completion.find(stop.as_str())).min();
    &completion[..end.unwrap_or(completion.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::eval::equal::equal;
    use crate::train::eval::extract::{answer, choice};

    fn item(options: &[&str]) -> Item {
        let options = options.iter().map(|o| (*o).to_owned()).collect();
        Item { id: "1".to_owned(), question: "What is 1+1?".to_owned(), options, truth: "2".to_owned() }
    }

    #[test]
    fn zero_shot_prompts_are_the_papers() {
        let how = Asked::ZeroShot { tools: false };
        assert_eq!(
            Task::Gsm8k.text(&item(&[]), how),
            "User: What is 1+1?\nPlease reason step by step, and put your final answer within \\boxed{}.\n\nAssistant:"
        );
        assert_eq!(
            Task::Cmath.text(&item(&[]), how),
            "User: What is 1+1?\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。\n\nAssistant:"
        );
        let tools = Task::Math.text(&item(&[]), Asked::ZeroShot { tools: true });
        assert!(tools.contains("\nPlease integrate natural language reasoning with programs to solve the problem above, and put your final answer within \\boxed{}.\n\n"));
        assert!(Task::Sat.text(&item(&["1", "2"]), how).starts_with("User: What is 1+1?\n(A) 1\n(B) 2\nPlease"));
    }

    #[test]
    fn examples_come_before_the_question() {
        let text = Task::Gsm8k.text(&item(&[]), Asked::FewShot(2));
        assert_eq!(text.matches("Question: ").count(), 3);
        assert!(text.ends_with("The answer is 120.\n\nQuestion: What is 1+1?\nAnswer:"), "{text}");
        assert!(
            Task::Math.text(&item(&[]), Asked::FewShot(4)).ends_with("correct.\n\nProblem:\nWhat is 1+1?\nSolution:")
        );
        let stops = Task::Gsm8k.stops(Asked::FewShot(8));
        assert_eq!(cut(" It is 2. The answer is 2.\n\nQuestion: And 2+2?", &stops), " It is 2. The answer is 2.\n");
    }

    /// Each example's own answer is one that the extraction finds.
    #[test]
    fn examples_are_well_formed() {
        for (task, count) in [(Task::Gsm8k, 8), (Task::Math, 4), (Task::Cmath, 6), (Task::Sat, 4)] {
            assert_eq!(task.shots(), count);
        }
        for task in Task::ALL {
            for line in task.examples().lines() {
                let example: Example = serde_json::from_str(line).unwrap();
                let options: Vec<&str> = example.options.iter().map(String::as_str).collect();
                assert_eq!(task.has_options(), !options.is_empty());
                if task.has_options() {
                    assert!(choice(&example.answer, &options).is_some(), "{line}");
                } else {
                    let found = answer(&example.answer).unwrap();
                    assert!(!equal(&found, "no number"), "{found}");
                    assert!(found.len() < 12, "{line}: {found}");
                }
            }
        }
    }
}
