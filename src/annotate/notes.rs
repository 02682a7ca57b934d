//! Notes on domains: comments in the file of annotations, `# note on example.org: …`, a line each.

use std::collections::BTreeMap;

/// What begins the line of a note.
const MARK: &str = "# note on ";
/// Longest note, in characters.
const CHARS_MAX: usize = 500;

/// The domain and the note of a line.
fn read(line: &str) -> Option<(&str, &str)> {
    let (domain, note) = line.trim_end().strip_prefix(MARK)?.split_once(':')?;
    Some((domain, note.trim()))
}

/// The notes in a text, by domain.
#[must_use]
pub(super) fn of(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(read).map(|(domain, note)| (domain.to_owned(), note.to_owned())).collect()
}

/// The text with this note on a domain; an empty one takes the note away.
#[must_use]
pub(super) fn set(text: &str, domain: &str, note: &str) -> String {
    // A comment is one line, and TOML allows no control characters in it.
    let note: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS_MAX).collect();
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("{MARK}{domain}: {note}\n");
    let (mut found, mut edited) = (false, String::with_capacity(text.len() + line.len()));
    for old in text.split_inclusive('\n') {
        if read(old).is_none_or(|(of, _)| of != domain) {
            edited.push_str(old);
        } else if !found && !note.is_empty() {
            edited.push_str(&line);
            found = true;
        }
    }
    if found || note.is_empty() {
        return edited;
    }
    // Before the entry, where there is one; at the end otherwise.
    let name = format!("\"{domain}\"");
    let mut at = edited.len();
    let (mut header, mut begun) = (None, 0);
    for old in edited.split_inclusive('\n') {
        if old.trim_start().starts_with("[[domain]]") {
            header = Some(begun);
        } else if old.trim_start().starts_with("name") && old.contains(&name) {
            at = header.unwrap_or(at);
            break;
        }
        begun += old.len();
    }
    if at == edited.len() && !edited.is_empty() && !edited.ends_with('\n') {
        edited.push('\n');
        at += 1;
    }
    edited.insert_str(at, &line);
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# by hand\n[[domain]]\nname = \"a.org\"\nprefixes = []\n\n[[domain]]\nname = \"b.org\"\n";

    #[test]
    fn a_note_is_a_comment_before_its_entry() {
        let noted = set(FILE, "b.org", "half of it\nis  Latin\u{1b}[2J");
        assert!(
            noted.contains("\n\n# note on b.org: half of it is Latin [2J\n[[domain]]\nname = \"b.org\"\n"),
            "{noted}"
        );
        assert_eq!(of(&noted)["b.org"], "half of it is Latin [2J");
        assert!(set(&noted, "b.org", "other").contains("# note on b.org: other\n[[domain]]"));
        assert_eq!(set(&noted, "b.org", " "), FILE);
        assert!(toml::from_str::<toml::Table>(&noted).is_ok());
    }

    #[test]
    fn a_domain_without_an_entry_is_noted_at_the_end() {
        assert_eq!(set("", "c.org", "later"), "# note on c.org: later\n");
        assert_eq!(set("# x", "c.org", "later"), "# x\n# note on c.org: later\n");
        let noted = set(FILE, "c.org", "later");
        assert_eq!(noted, format!("{FILE}# note on c.org: later\n"));
        assert_eq!(of(&noted).len(), 1);
    }
}
