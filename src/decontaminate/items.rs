//! An item of a benchmark, a JSON object → the texts in it that pages must not hold.

use serde_json::Value;

use super::index::Short;

/// Words in the names of fields that hold questions: their texts of few grams are looked for as a whole.
pub const QUESTION_FIELDS: &[&str] = &[
    "content",
    "context",
    "ctx",
    "goal",
    "input",
    "instruction",
    "passage",
    "problem",
    "prompt",
    "query",
    "question",
    "statement",
    "stem",
    "text",
];

/// Words in the names of fields that hold answers: only runs of the full number of grams are looked for.
pub const ANSWER_FIELDS: &[&str] = &[
    "answer",
    "choice",
    "completion",
    "cot",
    "ending",
    "explanation",
    "hint",
    "option",
    "output",
    "proof",
    "rationale",
    "reasoning",
    "response",
    "solution",
    "target",
];

/// Last words of names whose fields tell of an item and are not its text: `question_id`, `answer_type`.
const ABOUT: &[&str] =
    &["category", "id", "idx", "index", "key", "label", "language", "level", "source", "type", "url"];

/// How deep objects and lists may stand in each other.
const DEPTH_MAX: usize = 32;

/// Which fields of an item are read, by words in their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Of fields that hold questions.
    pub questions: Vec<String>,
    /// Of fields that hold answers.
    pub answers: Vec<String>,
}

impl Default for Fields {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { questions: owned(QUESTION_FIELDS), answers: owned(ANSWER_FIELDS) }
    }
}

/// A text of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemText<'v> {
    /// The name of the outermost field that made it one to read.
    pub field: &'v str,
    /// Whether it is looked for where it has few grams.
    pub short: Short,
    /// The text.
    pub text: &'v str,
}

/// The words of a name, in lower case: `problemText_zh` has `problem`, `text` and `zh`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        if c.is_alphabetic() {
            if !last.is_alphabetic() || last.is_lowercase() && c.is_uppercase() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        last = c;
    }
    words
}

impl Fields {
    /// What a field of this name holds; `None` where it is not to be read.
    fn kind(&self, name: &str) -> Option<Short> {
        let (name, whole) = (words(name), name.to_lowercase());
        let is = |known: &[String]| {
            known.iter().any(|known| {
                let known = known.to_lowercase();
                whole == known || name.iter().any(|word| *word == known || word.strip_suffix('s') == Some(&known))
            })
        };
        let about = name.len() > 1 && name.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
        match () {
            () if self.questions.contains(&whole) => Some(Short::Whole),
            () if about => None,
            () if is(&self.answers) => Some(Short::Ignored),
            () if is(&self.questions) => Some(Short::Whole),
            () => None,
        }
    }

    /// The texts of an item, at any depth; `None` where no field of it has a name that is to be read. What stands below
    /// an answer, and what an assistant says, is an answer.
    #[must_use]
    pub fn texts<'v>(&self, item: &'v Value) -> Option<Vec<ItemText<'v>>> {
        let mut texts = Vec::new();
        let mut named = false;
        self.walk(item, None, 0, &mut named, &mut texts);
        named.then_some(texts)
    }

    fn walk<'v>(
        &self,
        value: &'v Value,
        inside: Option<(&'v str, Short)>,
        depth: usize,
        named: &mut bool,
        texts: &mut Vec<ItemText<'v>>,
    ) {
        if depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some((field, short)) = inside {
                    texts.push(ItemText { field, short, text });
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.walk(item, inside, depth + 1, named, texts);
                }
            }
            Value::Object(fields) => {
                let said = fields.get("role").and_then(Value::as_str).is_some_and(|role| role == "assistant");
                for (name, value) in fields {
                    let here = self.kind(name).map(|short| if said { Short::Ignored } else { short });
                    *named |= here.is_some();
                    let inside = match (inside, here) {
                        (Some((field, Short::Whole)), Some(Short::Ignored)) => Some((field, Short::Ignored)),
                        (Some(inside), _) => Some(inside),
                        (None, here) => here.map(|short| (name.as_str(), short)),
                    };
                    self.walk(value, inside, depth + 1, named, texts);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(item: &str, want: &[(&str, Short, &str)]) {
        let item: Value = serde_json::from_str(item).unwrap();
        let texts = Fields::default().texts(&item).unwrap_or_default();
        let mut found: Vec<(&str, Short, &str)> = texts.iter().map(|t| (t.field, t.short, t.text)).collect();
        found.sort_unstable_by_key(|t| (t.2, t.0));
        let mut want = want.to_vec();
        want.sort_unstable_by_key(|t| (t.2, t.0));
        assert_eq!(found, want, "{item}");
    }

    #[test]
    fn texts_are_found_by_the_names_of_their_fields() {
        use Short::{Ignored, Whole};
        check(r#"{"question": "q", "answer": "a", "id": "x"}"#, &[("question", Whole, "q"), ("answer", Ignored, "a")]);
        check(r#"{"Problem": "q", "level": "5", "unique_id": "u"}"#, &[("Problem", Whole, "q")]);
        check(
            r#"{"question_zh": "q", "finalAnswer": "a", "question_id": "i", "answer_type": "t"}"#,
            &[("question_zh", Whole, "q"), ("finalAnswer", Ignored, "a")],
        );
        check(r#"{"stem": null, "options": ["a", "b"]}"#, &[("options", Ignored, "a"), ("options", Ignored, "b")]);
        check(
            r#"{"choices": {"text": ["a"], "label": ["b"]}}"#,
            &[("choices", Ignored, "a"), ("choices", Ignored, "b")],
        );
        check(r#"{"other": {"solution": "s", "source": "o"}}"#, &[("solution", Ignored, "s")]);
        check(
            r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#,
            &[("content", Whole, "q"), ("content", Ignored, "a")],
        );
        check(
            r#"{"options": {"A": "a", "B": {"text": "b"}}}"#,
            &[("options", Ignored, "a"), ("options", Ignored, "b")],
        );
    }

    #[test]
    fn an_item_without_such_a_field_is_told_from_one_without_text() {
        let fields = Fields::default();
        assert_eq!(fields.texts(&serde_json::json!({"golden": "18"})), None);
        assert_eq!(fields.texts(&serde_json::json!({"question": null})), Some(Vec::new()));
        let mine = Fields { questions: vec!["golden".to_owned()], answers: Vec::new() };
        assert_eq!(mine.texts(&serde_json::json!({"golden": "18"})).map(|t| t.len()), Some(1));
    }
}
