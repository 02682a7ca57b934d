//! Examples for fine-tuning: a record of a conversation → pieces of text, each to be learnt or only read.
//!
//! What the assistant says is learnt. A prompt is only read; so is what a tool printed inside an answer, since the model
//! is not to invent it (section 3: chain of thought, program of thought, tool-integrated reasoning).

use serde_json::Value;

use super::template::{Message, Template};
use crate::io::documents::Record;

/// A piece of an example's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is to be learnt.
    pub trained: bool,
}

/// The names that prompts and answers go by.
const PROMPTS: [&str; 5] = ["prompt", "question", "query", "instruction", "problem"];
const ANSWERS: [&str; 5] = ["response", "solution", "output", "completion", "answer"];

/// The conversation of a record: `messages` (`role`, `content`), or a prompt and a response by one of their usual names.
///
/// # Errors
/// It is neither; the text says what was expected and found.
pub fn messages(record: &Record) -> Result<Vec<Message>, String> {
    if let Some(value) = record.get("messages").filter(|value| !value.is_null()) {
        let calls = |message: &Value| message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty());
        if value.as_array().is_some_and(|messages| messages.iter().any(calls)) {
            return Err("expected what the assistant calls as text in its message, found \"tool_calls\"".to_owned());
        }
        let expected = "expected \"messages\" to be a list of objects with the strings \"role\" and \"content\"";
        let messages: Vec<Message> =
            serde_json::from_value(value.clone()).map_err(|error| format!("{expected}: {error}"))?;
        return if messages.iter().any(|message| message.role == "assistant") {
            Ok(messages)
        } else {
            Err("expected a message of the assistant, found none".to_owned())
        };
    }
    let text = |names: &[&str]| names.iter().find_map(|name| record.get(*name).and_then(Value::as_str));
    match (text(&PROMPTS), text(&ANSWERS)) {
        (Some(prompt), Some(answer)) => {
            // An instruction may have what it is about beside it.
            let prompt = match text(&["input"]).filter(|input| !input.trim().is_empty()) {
                Some(input) => format!("{prompt}\n\n{input}"),
                None => prompt.to_owned(),
            };
            Ok(vec![Message::new("user", prompt), Message::new("assistant", answer)])
        }
        _ => {
            let found: Vec<&String> = record.keys().collect();
            Err(format!("expected \"messages\", or \"prompt\" and \"response\", found the fields {found:?}"))
        }
    }
}

/// The pieces of a conversation. Joined they are what the template makes of it.
///
/// # Errors
/// The template refuses it, or changes what stands before an answer when the answer is added.
pub fn pieces(messages: &[Message], template: &Template) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut done = String::new();
    for (i, message) in messages.iter().enumerate().filter(|(_, message)| message.role == "assistant") {
        let prompt = template.render(&messages[..i], true)?;
        let whole = template.render(&messages[..=i], false)?;
        let changed =
            || "the template changes earlier turns when an answer is added; the prompt cannot be masked".to_owned();
        let before = prompt.strip_prefix(done.as_str()).ok_or_else(changed)?;
        let answer = whole.strip_prefix(prompt.as_str()).ok_or_else(changed)?;
        push(&mut pieces, before, false);
        // The part of the answer that is said, then what the template ends it with.
        match message.content.find("```output").and_then(|_| answer.find(message.content.trim())) {
            Some(at) => {
                let said = message.content.trim();
                push(&mut pieces, &answer[..at], true);
                without_outputs(&mut pieces, said);
                push(&mut pieces, &answer[at + said.len()..], true);
            }
            // The template wrote it otherwise.
            None => without_outputs(&mut pieces, answer),
        }
        done = whole;
    }
    Ok(pieces)
}

fn push(pieces: &mut Vec<Piece>, text: &str, trained: bool) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.trained == trained => last.text.push_str(text),
        _ => pieces.push(Piece { text: text.to_owned(), trained }),
    }
}

/// An answer with the output of tools: the model writes the fence that opens it, the tool the lines up to the fence
/// that closes it.
fn without_outputs(pieces: &mut Vec<Piece>, said: &str) {
    let mut output = false;
    for line in said.split_inclusive('\n') {
        match line.trim_start().strip_prefix("```") {
            // What stands behind the fence is the answer's again, as the token that ends it.
            Some(behind) if output => {
                let behind = if behind.trim().is_empty() { "" } else { behind };
                push(pieces, &line[..line.len() - behind.len()], false);
                push(pieces, behind, true);
                output = false;
            }
            fence => {
                push(pieces, line, !output);
                output |= fence.is_some_and(|info| info.trim() == "output");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: Value) -> Record {
        value.as_object().unwrap().clone()
    }

    fn shown(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| if piece.trained { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect()
    }

    #[track_caller]
    fn check(value: Value, want: &str) {
        let messages = messages(&record(value)).unwrap();
        assert_eq!(shown(&pieces(&messages, &Template::plain("<end>")).unwrap()), want);
    }

    #[test]
    fn answers_are_learnt_and_prompts_are_read() {
        let want = "User: 1+1?\n\nAssistant:[ 2<end>]";
        check(serde_json::json!({"prompt": "1+1?", "response": "2"}), want);
        check(serde_json::json!({"question": "1+1?", "answer": "2", "id": 7}), want);
        check(
            serde_json::json!({"messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"},
                {"role": "assistant", "content": "2"}, {"role": "user", "content": "+1?"}, {"role": "assistant", "content": "3"}]}),
            "Be brief.\n\nUser: 1+1?\n\nAssistant:[ 2<end>]User: +1?\n\nAssistant:[ 3<end>]",
        );
    }

    #[test]
    fn what_a_tool_printed_is_read() {
        check(
            serde_json::json!({"prompt": "2^5?", "response": "```python\nprint(2**5)\n```\n```output\n32\n```\nSo 32."}),
            "User: 2^5?\n\nAssistant:[ ```python\nprint(2**5)\n```\n```output\n]32\n```\n[So 32.<end>]",
        );
        check(
            serde_json::json!({"messages": [{"role": "user", "content": "2^5?"}, {"role": "assistant", "content": "print(2**5)"},
                {"role": "tool", "content": "32"}, {"role": "assistant", "content": "32"}]}),
            "User: 2^5?\n\nAssistant:[ print(2**5)<end>]```output\n32\n```\nAssistant:[ 32<end>]",
        );
    }

    #[test]
    fn outputs_are_found_however_they_are_written() {
        check(
            serde_json::json!({"prompt": "2^5?", "response": "- so\n  ```python\n  print(32)\n  ```\n  ```output\n  32\n  ```\n  32."}),
            "User: 2^5?\n\nAssistant:[ - so\n  ```python\n  print(32)\n  ```\n  ```output\n]  32\n  ```\n[  32.<end>]",
        );
        // A template that changes what is said.
        let source = "{% for m in messages %}<{{ m.role }}>{{ m.content.replace('\n\n', '\n') }}<end>{% endfor %}\
                      {% if add_generation_prompt %}<assistant>{% endif %}";
        let template = Template::jinja(source.to_owned(), String::new(), String::new()).unwrap();
        let said = "```output\n32\n```\n\nSo 32.";
        let turns = [Message::new("user", "2^5?"), Message::new("assistant", said)];
        assert_eq!(
            shown(&pieces(&turns, &template).unwrap()),
            "<user>2^5?<end><assistant>[```output\n]32\n```\n[So 32.<end>]"
        );
        let turns = [Message::new("user", "2^5?"), Message::new("assistant", "so\n\n```output\n32\n```")];
        assert_eq!(
            shown(&pieces(&turns, &template).unwrap()),
            "<user>2^5?<end><assistant>[so\n```output\n]32\n```[<end>]"
        );
    }

    #[test]
    fn the_longer_answer_is_learnt_and_what_an_instruction_is_about_read() {
        check(
            serde_json::json!({"problem": "1+1?", "solution": "It is 2.", "answer": "2"}),
            "User: 1+1?\n\nAssistant:[ It is 2.<end>]",
        );
        check(
            serde_json::json!({"instruction": "Add.", "input": "1, 1", "output": "2"}),
            "User: Add.\n\n1, 1\n\nAssistant:[ 2<end>]",
        );
        check(
            serde_json::json!({"messages": null, "prompt": "1+1?", "response": "2"}),
            "User: 1+1?\n\nAssistant:[ 2<end>]",
        );
    }

    #[test]
    fn records_of_another_form_are_refused() {
        for (value, want) in [
            (serde_json::json!({"text": "x"}), "found the fields [\"text\"]"),
            (serde_json::json!({"messages": "x"}), "a list of objects"),
            (
                serde_json::json!({"messages": [{"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}]}),
                "found \"tool_calls\"",
            ),
            (serde_json::json!({"messages": [{"role": "user", "content": "x"}]}), "found none"),
            (serde_json::json!({"prompt": "x", "response": 3}), "found the fields"),
        ] {
            let message = messages(&record(value)).unwrap_err();
            assert!(message.contains(want), "{message}");
        }
    }
}
