//! Changing a file of annotations in place: what a person wrote around an entry stays, comments and order too.

use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::annotations::{AnnotationError, Annotations, Entry};
use super::prefix::Prefix;

/// One change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This entry stands in the file, in the place of one of its name.
    Set(Entry),
    /// No entry of this name stands in it.
    Remove(String),
}

/// The text with the changes made.
///
/// # Errors
/// The text is no file of annotations.
pub fn edit(text: &str, path: &Path, changes: &[Change]) -> Result<String, AnnotationError> {
    Annotations::parse(text, path)?;
    let failed = |message: String| AnnotationError { path: path.to_owned(), line: 1, message };
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| failed(e.message().to_owned()))?;
    // What stands in a file without entries is said before the first one, not after it.
    let mut head = document.is_empty().then(|| document.trailing().as_str().unwrap_or_default().to_owned());
    if head.is_some() && changes.iter().any(|change| matches!(change, Change::Set(_))) {
        document.set_trailing("");
    }
    let item = document.entry("domain").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    // A list written inline, `domain = [{…}]`, becomes one of tables.
    if !item.is_array_of_tables() {
        let list = std::mem::take(item).into_array_of_tables().map_err(|_| failed("domain is no list".to_owned()))?;
        *item = Item::ArrayOfTables(list);
    }
    let list = item.as_array_of_tables_mut().ok_or_else(|| failed("domain is no list".to_owned()))?;
    for change in changes {
        let name = match change {
            Change::Set(entry) => &entry.name,
            Change::Remove(name) => name,
        };
        let found = list.iter().position(|table| table.get("name").and_then(Item::as_str) == Some(name));
        match (change, found) {
            (Change::Set(entry), Some(at)) => {
                if let Some(table) = list.get_mut(at) {
                    write(table, entry);
                }
            }
            (Change::Set(entry), None) => {
                let mut table = Table::new();
                write(&mut table, entry);
                if let Some(head) = head.take() {
                    table.decor_mut().set_prefix(head);
                }
                list.push(table);
            }
            (Change::Remove(_), Some(at)) => drop(list.remove(at)),
            (Change::Remove(_), None) => {}
        }
    }
    Ok(document.to_string())
}

/// A file of these entries.
#[must_use]
pub fn text(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let mut table = Table::new();
        write(&mut table, entry);
        text.push_str(if text.is_empty() { "[[domain]]\n" } else { "\n[[domain]]\n" });
        text.push_str(&table.to_string());
    }
    text
}

/// Sets the keys of an entry that differ, so that comments beside the others stay.
fn write(table: &mut Table, entry: &Entry) {
    set_text(table, "name", Some(&entry.name));
    let accepted = if table.contains_key("accepted") { "accepted" } else { "prefixes" };
    set_prefixes(table, accepted, &entry.accepted, true);
    set_prefixes(table, "refused", &entry.refused, false);
    set_prefixes(table, "open", &entry.open, false);
    set_text(table, "by", entry.by.as_deref());
    set_text(table, "at", entry.at.as_deref());
    if entry.proposed {
        table.insert("proposed", value(true));
    } else {
        table.remove("proposed");
    }
}

fn set_text(table: &mut Table, key: &str, text: Option<&str>) {
    match text {
        None => _ = table.remove(key),
        Some(text) if table.get(key).and_then(Item::as_str) == Some(text) => {}
        Some(text) => replace(table, key, value(text)),
    }
}

/// Prefixes that stay are left as they are written, with the comments around them.
fn set_prefixes(table: &mut Table, key: &str, prefixes: &[Prefix], always: bool) {
    if prefixes.is_empty() && !always {
        table.remove(key);
        return;
    }
    let same = |text: &str, prefix: &Prefix| text.parse::<Prefix>().is_ok_and(|written| written == *prefix);
    let Some(list) = table.get_mut(key).and_then(Item::as_array_mut) else {
        let list: Array = prefixes.iter().map(Prefix::as_str).collect();
        table.insert(key, value(list));
        return;
    };
    let name = |item: &toml_edit::Value, prefix: &Prefix| item.as_str().is_some_and(|text| same(text, prefix));
    // What stands before an item may be a comment on the one above it: it outlives the item.
    let mut before = String::new();
    let mut kept = Array::new();
    for mut item in list.iter().cloned() {
        before.push_str(item.decor().prefix().and_then(|text| text.as_str()).unwrap_or_default());
        if prefixes.iter().any(|prefix| name(&item, prefix)) {
            item.decor_mut().set_prefix(std::mem::take(&mut before));
            kept.push_formatted(item);
        }
    }
    for prefix in prefixes.iter().filter(|prefix| !list.iter().any(|item| name(item, prefix))) {
        let mut item = toml_edit::Value::from(prefix.as_str());
        let space = if kept.is_empty() { "" } else { " " };
        let before = std::mem::take(&mut before);
        item.decor_mut().set_prefix(if before.is_empty() { space.to_owned() } else { before });
        kept.push_formatted(item);
    }
    before.push_str(list.trailing().as_str().unwrap_or_default());
    kept.set_trailing(before);
    kept.set_trailing_comma(list.trailing_comma());
    *list = kept;
}

/// A new value with the old one's surroundings.
fn replace(table: &mut Table, key: &str, new: Item) {
    match (table.get_mut(key).and_then(Item::as_value_mut), new) {
        (Some(old), Item::Value(mut new)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        (_, new) => _ = table.insert(key, new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, accepted: &[&str], refused: &[&str]) -> Entry {
        let prefixes = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Entry {
            name: name.to_owned(),
            accepted: prefixes(accepted),
            refused: prefixes(refused),
            by: Some("anna".to_owned()),
            ..Entry::default()
        }
    }

    #[track_caller]
    fn check(text: &str, changes: &[Change], want: &str) {
        let edited = edit(text, Path::new("a.toml"), changes).unwrap();
        assert_eq!(edited, want);
        Annotations::parse(&edited, Path::new("a.toml")).unwrap();
    }

    #[test]
    fn a_new_file_and_a_new_entry() {
        let one = "[[domain]]\nname = \"a.org\"\nprefixes = [\"/x\"]\nby = \"anna\"\n";
        check("", &[Change::Set(entry("a.org", &["/x"], &[]))], one);
        assert_eq!(text(&[entry("a.org", &["/x"], &[])]), one);
        let two =
            format!("# ours\n{one}\n[[domain]]\nname = \"b.org\"\nprefixes = []\nrefused = [\"/y\"]\nby = \"anna\"\n");
        check(&format!("# ours\n{one}"), &[Change::Set(entry("b.org", &[], &["/y"]))], &two);
        assert_eq!(text(&[entry("a.org", &["/x"], &[]), entry("b.org", &[], &["/y"])]), two[7..]);
        check(&two, &[Change::Remove("b.org".to_owned())], &format!("# ours\n{one}"));
    }

    #[test]
    fn comments_and_spelling_stay() {
        let text = "# seen twice\n[[domain]]\nname = \"a.org\" # a friend's\nprefixes = [\n  \"/x/\", # good\n  \"/y/\",\n]\n\
                    proposed = true\n# the end\n";
        let want = "# seen twice\n[[domain]]\nname = \"a.org\" # a friend's\nprefixes = [\n  \"/x/\", # good\n  \"/z\",\n]\n\
                    by = \"anna\"\n# the end\n";
        let edited = edit(text, Path::new("a.toml"), &[Change::Set(entry("a.org", &["/x", "/z"], &[]))]).unwrap();
        assert_eq!(edited, want);
        let entries = Annotations::parse(&edited, Path::new("a.toml")).unwrap();
        assert_eq!(entries.get("a.org"), Some(&entry("a.org", &["/x", "/z"], &[])));
    }

    #[test]
    fn an_edit_changes_nothing_else_and_is_no_edit_the_second_time() {
        let text = "[[domain]]\nname = \"a.org\"\naccepted = ['/x']\n\n[[domain]]\nname = \"b.org\"\nprefixes = []\n";
        let change = [Change::Set(entry("b.org", &["/q"], &[]))];
        let once = edit(text, Path::new("a.toml"), &change).unwrap();
        assert!(once.starts_with("[[domain]]\nname = \"a.org\"\naccepted = ['/x']\n"));
        assert_eq!(edit(&once, Path::new("a.toml"), &change).unwrap(), once);
        assert!(edit("[[domain]]\nnam = 1", Path::new("a.toml"), &change).is_err());
    }
}
