//! A conversation as text, by the template that a chat model brings along, or in the paper's plain form.

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value as Jinja, context};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::train::error::{Result, TrainError};
use crate::train::params::companions::{self, Companions};

/// A turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool` or what the template knows.
    pub role: String,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A turn.
    #[must_use]
    pub fn new(role: &str, content: impl Into<String>) -> Self {
        Self { role: role.to_owned(), content: content.into() }
    }
}

/// Makes text of conversations.
pub struct Template {
    jinja: Option<Environment<'static>>,
    source: String,
    begin: String,
    end: String,
}

const NAME: &str = "chat";
const CONFIG: &str = "tokenizer_config.json";
const FUEL: u64 = 2_000_000;

impl Template {
    /// The paper's form, `User: …` and `Assistant: …` parted by a blank line; the model's end token ends an answer.
    #[must_use]
    pub fn plain(end: &str) -> Self {
        Self { jinja: None, source: "plain".to_owned(), begin: String::new(), end: end.to_owned() }
    }

    /// The `chat_template` of a `tokenizer_config.json`, or of `chat_template.jinja` beside it; the plain form where
    /// there is none.
    ///
    /// # Errors
    /// A file cannot be read, or the template is no Jinja template.
    pub fn load(folder: &Path, end: &str) -> Result<Self> {
        Self::of(&companions::read(folder)?, &folder.join(CONFIG), end)
    }

    /// As [`load`](Self::load), of files that were read already; `path` is what errors name.
    ///
    /// # Errors
    /// The template is no Jinja template.
    pub fn of(files: &Companions, path: &Path, end: &str) -> Result<Self> {
        let config: Value = match files.get(CONFIG) {
            Some(bytes) => serde_json::from_slice(bytes).map_err(|e| TrainError::format(path, "JSON", e))?,
            None => Value::Null,
        };
        let own = files.get("chat_template.jinja").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let token = |key: &str| {
            let value = &config[key];
            value.as_str().or_else(|| value["content"].as_str()).unwrap_or_default().to_owned()
        };
        let Some(source) = own.or_else(|| chat_template(&config)) else { return Ok(Self::plain(end)) };
        let named = token("eos_token");
        let end = if named.is_empty() { end.to_owned() } else { named };
        Self::jinja(source, token("bos_token"), end).map_err(|e| TrainError::format(path, "a chat template", e))
    }

    pub(super) fn jinja(source: String, begin: String, end: String) -> std::result::Result<Self, Error> {
        let mut jinja = Environment::new();
        jinja.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        jinja.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        jinja.add_function("raise_exception", |message: String| -> std::result::Result<Jinja, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        jinja.set_fuel(Some(FUEL));
        jinja.add_template_owned(NAME, source.clone())?;
        Ok(Self { jinja: Some(jinja), source, begin, end })
    }

    /// Whether it is the paper's plain form.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.jinja.is_none()
    }

    /// What the template's outcome depends on.
    #[must_use]
    pub fn identity(&self) -> String {
        [&self.source, &self.begin, &self.end].map(String::as_str).join("\0")
    }

    /// The text of a conversation; with `open` also what stands before the next answer.
    ///
    /// # Errors
    /// The template refuses the conversation.
    pub fn render(&self, messages: &[Message], open: bool) -> std::result::Result<String, String> {
        let Some(jinja) = &self.jinja else { return self.render_plain(messages, open) };
        let template = jinja.get_template(NAME).map_err(|e| e.to_string())?;
        let given = context! {
            messages => Jinja::from(Serde(messages)), add_generation_prompt => open, bos_token => self.begin.as_str(), eos_token => self.end.as_str(),
        };
        template.render(given).map_err(|e| e.to_string())
    }

    /// What stands between the opening of an answer and what is said, and what ends it; none where the template refuses a
    /// plain turn or rewrites it.
    #[must_use]
    pub fn around_answer(&self) -> Option<(String, String)> {
        const SAID: &str = "☃";
        let turns = [Message::new("user", "?"), Message::new("assistant", SAID)];
        let prompt = self.render(&turns[..1], true).ok()?;
        let whole = self.render(&turns, false).ok()?;
        let (lead, end) = whole.strip_prefix(prompt.as_str())?.split_once(SAID)?;
        Some((lead.to_owned(), end.to_owned()))
    }

    fn render_plain(&self, messages: &[Message], open: bool) -> std::result::Result<String, String> {
        let mut text = String::new();
        for message in messages {
            let content = &message.content;
            match message.role.as_str() {
                "system" => text.push_str(&format!("{content}\n\n")),
                "user" => text.push_str(&format!("User: {content}\n\n")),
                "assistant" => text.push_str(&format!("Assistant: {content}{}", self.end)),
                "tool" => text.push_str(&format!("```output\n{content}\n```\n")),
                role => return Err(format!("expected a role of system, user, assistant or tool, found {role:?}")),
            }
        }
        if open {
            text.push_str("Assistant:");
        }
        Ok(text)
    }
}

/// The template of a configuration: a text, or of a list of named ones that called `default`.
fn chat_template(config: &Value) -> Option<String> {
    match &config["chat_template"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(named) => {
            let default = named.iter().find(|one| one["name"] == "default").or_else(|| named.first())?;
            default["template"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{%- for m in messages %}\n    {{- '<|im_start|>' + m.role + '\\n' + m.content.strip() + '<|im_end|>\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    fn conversation() -> Vec<Message> {
        vec![Message::new("user", " 1+1? "), Message::new("assistant", "2")]
    }

    #[test]
    fn the_plain_form_is_the_papers() {
        let plain = Template::plain("</s>");
        assert_eq!(plain.render(&conversation()[..1], true).unwrap(), "User:  1+1? \n\nAssistant:");
        assert_eq!(plain.render(&conversation(), false).unwrap(), "User:  1+1? \n\nAssistant: 2</s>");
        assert_eq!(plain.around_answer(), Some((" ".to_owned(), "</s>".to_owned())));
        assert!(plain.render(&[Message::new("wizard", "")], false).unwrap_err().contains("found \"wizard\""));
    }

    #[test]
    fn a_models_own_template_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| crate::io::atomic::write(folder.path().join(name), text).unwrap();
        assert_eq!(Template::load(folder.path(), "</s>").unwrap().source, "plain");
        write("tokenizer_config.json", serde_json::json!({"chat_template": CHATML}).to_string());
        let template = Template::load(folder.path(), "</s>").unwrap();
        let want = "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n";
        assert_eq!(template.render(&conversation(), false).unwrap(), want);
        assert!(template.render(&conversation()[..1], true).unwrap().ends_with("<|im_start|>assistant\n"));
        assert_eq!(template.around_answer(), Some((String::new(), "<|im_end|>\n".to_owned())));
        write("chat_template.jinja", "{{ bos_token }}{{ raise_exception('no ' ~ messages[0].role) }}".to_owned());
        let message = Template::load(folder.path(), "</s>").unwrap().render(&conversation(), false).unwrap_err();
        assert!(message.contains("no user"), "{message}");
        write("chat_template.jinja", "{% for".to_owned());
        assert!(Template::load(folder.path(), "").map(|_| ()).unwrap_err().to_string().contains("a chat template"));
    }

    #[test]
    fn a_template_cannot_run_for_ever() {
        let source = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
        let template = Template::jinja(source.to_owned(), String::new(), String::new()).unwrap();
        assert!(template.render(&[], false).is_err());
    }
}
