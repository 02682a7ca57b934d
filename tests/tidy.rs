//! Checks on the tree itself: what it says of itself is so, and modules keep their places.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use corpus_build::config;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The files at or below a path, relative to the root, sorted.
fn files(below: &str) -> Vec<String> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    walk(&root().join(below), &mut found);
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    let mut names: Vec<String> = found.iter().map(relative).collect();
    names.sort();
    names
}

fn with_extension(files: Vec<String>, extension: &str) -> Vec<String> {
    files.into_iter().filter(|path| Path::new(path).extension().is_some_and(|found| found == extension)).collect()
}

fn sources() -> Vec<String> {
    with_extension(files("src"), "rs")
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

// ---- modules

/// The top-level modules in the order of `src/lib.rs`, which is the order of the flow.
fn flow() -> Vec<String> {
    let declared = |line: &str| {
        let name = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?;
        Some(name.strip_suffix(';')?.to_owned())
    };
    text("src/lib.rs").lines().filter_map(declared).collect()
}

/// The module of a file: `dedup::url::host` for `src/dedup/url/host.rs`.
fn module(file: &str) -> String {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.replace('/', "::")
}

/// The `crate::` paths that the code of a file names, without its comments and its tests.
fn imports(file: &str) -> BTreeSet<String> {
    let text = text(file);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut paths = BTreeSet::new();
    for line in code.lines().map(|line| line.split("//").next().unwrap_or_default()) {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(':');
            assert!(!path.is_empty(), "{file}: write a `use` for each module of the crate: {line}");
            paths.insert(path.to_owned());
        }
    }
    paths
}

/// Whether the code of a file climbs by `super` to the root of the crate, past what [`imports`] sees.
fn climbs_to_the_root(file: &str) -> bool {
    let text = text(file);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.contains(&"super::".repeat(module(file).split("::").count()))
}

/// Whether a module path is `of` or below it.
fn within(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Imports against the flow, each of a leaf or a type that has no way back: (who, what).
const UPWARD: &[(&str, &str)] = &[
    ("cli", "commands"),
    ("config", "crawl::BASE_URL"),
    ("config", "decontaminate"),
    ("config", "extract::ExtractRules"),
    ("config", "io::http::HttpRules"),
    ("config", "io::warc::ReadCaps"),
    ("config", "language"),
    ("config", "quality"),
    ("config", "tokens"),
    ("extract", "dedup::url"),
    ("extract", "language"),
    ("pages", "io"),
    ("pages", "task"),
];

#[test]
fn modules_import_only_what_stands_before_them() {
    let flow = flow();
    let place = |path: &str| {
        let top = path.split("::").next().unwrap_or_default();
        flow.iter().position(|name| name == top)
    };
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for file in sources().iter().filter(|file| !["src/lib.rs", "src/main.rs"].contains(&file.as_str())) {
        let module = module(file);
        let own = place(&module).unwrap_or_else(|| panic!("{file}: not a module of src/lib.rs"));
        if climbs_to_the_root(file) {
            wrong.push(format!("{file} names a module of the crate by super::, not by crate::"));
        }
        for path in imports(file) {
            let Some(other) = place(&path) else { continue };
            if other <= own {
                continue;
            }
            match UPWARD.iter().position(|(who, what)| within(&module, who) && within(&path, what)) {
                Some(exception) => _ = used.insert(exception),
                None => wrong.push(format!("{file} imports crate::{path}, which comes after it in src/lib.rs")),
            }
        }
    }
    none("imports against the flow", &wrong);
    let stale = (0..UPWARD.len()).filter(|i| !used.contains(i)).map(|i| format!("{:?}", UPWARD[i]));
    none("exceptions that nothing needs any more", &stale.collect::<Vec<_>>());
}

#[test]
fn the_foundations_know_no_stage() {
    let mut wrong = Vec::new();
    for (foundation, may) in [("io", &["io", "page", "reject"][..]), ("task", &["io", "reject", "task"])] {
        for file in sources().iter().filter(|file| within(&module(file), foundation)) {
            let others = imports(file).into_iter().filter(|path| !may.iter().any(|name| within(path, name)));
            wrong.extend(others.map(|path| format!("{file} imports crate::{path}")));
        }
    }
    none("io and task know only bytes and tasks", &wrong);
}

/// The files of the stages' modules that read and write: all others there are pure.
const DRIVERS: &[&str] = &[
    "src/annotate/ask.rs",
    "src/annotate/load.rs",
    "src/annotate/serve/mod.rs",
    "src/annotate/session.rs",
    "src/annotate/terminal.rs",
    "src/boilerplate/stage.rs",
    "src/boilerplate/table.rs",
    "src/classify/draw.rs",
    "src/classify/seed.rs",
    "src/classify/stage.rs",
    "src/decontaminate/benchmarks.rs",
    "src/decontaminate/files.rs",
    "src/decontaminate/stage.rs",
    "src/decontaminate/table.rs",
    "src/dedup/exchange.rs",
    "src/dedup/stage/exact.rs",
    "src/dedup/stage/mod.rs",
    "src/dedup/stage/pairs.rs",
    "src/dedup/stage/sign.rs",
    "src/dedup/stage/survivors.rs",
    "src/dedup/stage/tables.rs",
    "src/domains/files.rs",
    "src/domains/stage/count.rs",
    "src/domains/stage/mod.rs",
    "src/domains/stage/samples.rs",
    "src/domains/stage/tables.rs",
    "src/domains/stage/tree.rs",
    "src/edits/stage.rs",
    "src/edits/table.rs",
    "src/extract/stage.rs",
    "src/quality/stage.rs",
];

#[test]
fn leaves_are_pure() {
    const OTHERS: &[&str] = &["cli", "commands", "config", "crawl", "io", "pages", "rank", "rounds", "task"];
    let mut wrong = Vec::new();
    for file in sources() {
        const LEAVES: &[&str] = &[
            "annotate",
            "extract",
            "language",
            "quality",
            "dedup",
            "boilerplate",
            "decontaminate",
            "masking",
            "edits",
            "classify",
            "domains",
        ];
        let leaf = LEAVES.iter().any(|stage| within(&module(&file), stage));
        if !leaf || DRIVERS.contains(&file.as_str()) {
            continue;
        }
        for path in imports(&file) {
            if OTHERS.iter().any(|other| within(&path, other)) || path.ends_with("::stage") {
                wrong.push(format!("{file} imports crate::{path}"));
            }
        }
        let text = text(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let clock = ["std::time", "Instant::now", "SystemTime"].into_iter().filter(|name| code.contains(name));
        wrong.extend(clock.map(|name| format!("{file} uses {name}")));
    }
    none("leaves read, write and ask for nothing", &wrong);
    none("drivers that are gone", &missing(DRIVERS.iter().copied()));
}

/// Files over the limit, which are tables.
const TABLES: &[&str] = &["src/extract/math/mathml/symbols.rs"];

#[test]
fn no_source_file_is_too_long() {
    let long = |file: &String| text(file).lines().count() > 600;
    let found: Vec<String> = sources().into_iter().filter(long).collect();
    let unknown: Vec<String> = found.iter().filter(|file| !TABLES.contains(&file.as_str())).cloned().collect();
    none("files over 600 lines: split them by concept", &unknown);
    let short = TABLES.iter().filter(|file| !found.iter().any(|f| f == *file)).map(|file| (*file).to_owned());
    none("exceptions that nothing needs any more", &short.collect::<Vec<_>>());
}

// ---- lists

#[test]
fn lists_are_sorted_and_say_nothing_twice() {
    let mut lists = files("seeds/lists");
    lists.extend(with_extension(files("src"), "txt"));
    assert!(lists.len() >= 4, "{lists:?}");
    let mut wrong = Vec::new();
    for list in &lists {
        let text = text(list);
        let lines: Vec<&str> = text.lines().collect();
        let pairs = lines.windows(2).filter(|pair| pair[0] >= pair[1]);
        wrong.extend(pairs.map(|pair| format!("{list}: {:?} stands before {:?}", pair[0], pair[1])));
        let odd = lines.iter().filter(|line| line.trim() != **line || line.is_empty());
        wrong.extend(odd.map(|line| format!("{list}: {line:?} is blank or has space around it")));
        if !text.ends_with('\n') {
            wrong.push(format!("{list}: the last line is not ended"));
        }
    }
    none("lists are searched by halving, so they must be in byte order", &wrong);
}

// ---- documents

const DOCUMENTS: &[&str] = &["ARCHITECTURE.md", "CHANGELOG.md", "README.md", "models/README.md", "seeds/README.md"];

fn missing<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    paths.filter(|path| !root().join(path).exists()).map(str::to_owned).collect()
}

/// The lines of a document outside (or inside) its fences.
fn lines(document: &str, fenced: bool) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text(document).lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside == fenced {
            found.push(line.to_owned());
        }
    }
    found
}

#[test]
fn documents_name_files_that_are_there() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for document in DOCUMENTS {
        let prose = lines(document, false).join("\n");
        let spans = prose.split('`').skip(1).step_by(2);
        let paths = spans.filter(|span| {
            ["src/", "seeds/", "tests/", "docs/", "models/"].iter().any(|folder| span.starts_with(folder))
                && !span.contains([' ', '*', '<', '{'])
        });
        let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
        let folder = Path::new(document).parent().unwrap();
        let links: Vec<String> = links.map(|link| folder.join(link).to_str().unwrap().to_owned()).collect();
        let all: Vec<&str> = paths.chain(links.iter().map(String::as_str)).collect();
        seen += all.len();
        wrong.extend(missing(all.into_iter()).iter().map(|path| format!("{document}: {path}")));
    }
    assert!(seen > 20, "{seen} paths found: is this still reading the documents?");
    none("named in a document, but not there", &wrong);
}

#[test]
fn nothing_points_into_somebodys_machine() {
    let mut all: Vec<String> = ["src", "tests", "benches", ".ci", "seeds/lists"].into_iter().flat_map(files).collect();
    all.extend(DOCUMENTS.iter().map(|document| (*document).to_owned()));
    let single = ["Cargo.toml", "clippy.toml", "deny.toml", "rustfmt.toml", "pipeline.toml", "seeds/openwebmath.toml"];
    all.extend(single.map(str::to_owned));
    let homes = ["home", "root", "Users", "mnt", "work", "tmp", "private", "opt"].map(|name| format!("/{name}/"));
    let mut wrong = Vec::new();
    for file in all {
        // A binary fixture holds no path of ours.
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let absolute = homes.iter().any(|home| {
                line.match_indices(home.as_str())
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "./>}_-*~".contains(c)))
            });
            if absolute {
                wrong.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    none("paths of one machine", &wrong);
}

// ---- commands

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corpus-build")).args(args).output().unwrap()
}

#[track_caller]
fn help(command: &[&str]) -> String {
    let output = run(&[command, &["--help"]].concat());
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let section = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = section.take_while(|line| !line.is_empty()).filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name != "help").then(|| name.to_owned())
    });
    names.collect()
}

/// All commands, those with commands of their own included: `["seed"]`, `["seed", "import"]`.
fn commands() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for name in listed(&help(&[])) {
        let inner = listed(&help(&[&name]));
        all.push(vec![name.clone()]);
        all.extend(inner.into_iter().map(|inner| vec![name.clone(), inner]));
    }
    assert!(all.len() > 10, "{all:?}");
    all
}

#[test]
fn the_readme_names_every_command() {
    let readme = text("README.md");
    let commands = commands();
    let inner = |command: &[String]| commands.iter().any(|c| c.len() > command.len() && c.starts_with(command));
    let absent = |command: &&Vec<String>| {
        let name = command.join(" ");
        !inner(command) && !["`", " "].iter().any(|end| readme.contains(&format!("| `{name}{end}")))
    };
    let absent: Vec<String> = commands.iter().filter(absent).map(|command| command.join(" ")).collect();
    none("commands without a row in the table of README.md", &absent);
}

/// The words of a command line as a shell splits it, without variables and the like.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands in lines that begin with the program's name: what follows two spaces or a `#` is a remark.
fn examples<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in lines {
        let line = line.trim().trim_start_matches("$ ").trim_start_matches("cargo run --release -- ");
        let line = line.split("  ").next().unwrap_or_default().split(" # ").next().unwrap_or_default();
        for part in line.split(" && ").map(|part| part.split(" > ").next().unwrap_or_default()) {
            let words = words(part);
            if words.first().is_some_and(|word| word == "corpus-build" || word == "iterate") {
                found.push(words.into_iter().filter(|word| word != "corpus-build").collect());
            }
        }
    }
    found
}

#[test]
fn examples_are_accepted() {
    let mut wrong = Vec::new();
    let mut check = |place: &str, examples: &[Vec<String>]| {
        for example in examples {
            let mut args: Vec<&str> = example.iter().map(String::as_str).collect();
            // With --help nothing runs, but what stands before it must be known.
            args.push("--help");
            let output = run(&args);
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                wrong.push(format!("{place}: {}: {}", example.join(" "), said.lines().next().unwrap_or_default()));
            }
        }
    };
    for command in commands() {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let help = help(&args);
        let after = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
        let examples = examples(after);
        let own = examples.iter().any(|example| args.iter().all(|name| example.iter().any(|word| word == name)));
        assert!(own, "{command:?}: its help has no example of it");
        check(&format!("help of {}", command.join(" ")), &examples);
    }
    for document in DOCUMENTS {
        let lines = lines(document, true);
        check(document, &examples(lines.iter().map(String::as_str)));
    }
    let help = help(&[]);
    let examples = examples(help.lines());
    assert!(examples.len() > 5, "{examples:?}");
    check("help", &examples);
    none("examples that the program refuses", &wrong);
}

// ---- configuration

/// The keys that the raw structs read: section and key.
fn keys_read() -> BTreeSet<(String, String)> {
    let text: String = files("src/config/sections").iter().map(|file| text(file)).collect();
    let mut keys = BTreeSet::new();
    let mut section = None;
    for line in text.lines() {
        if let Some(name) =
            line.strip_prefix("pub(in crate::config) struct Raw").and_then(|rest| rest.strip_suffix(" {"))
        {
            section = Some(name.to_lowercase());
        } else if line == "}" {
            section = None;
        } else if let (Some(section), Some((key, _))) = (&section, line.trim().split_once(": Option<")) {
            keys.insert((section.clone(), key.to_owned()));
        }
    }
    assert!(keys.len() > 30, "{keys:?}");
    keys
}

/// The keys of `pipeline.toml`, those in comments too, with the text of their lines.
fn keys_shown() -> Vec<((String, String), String)> {
    let text = text("pipeline.toml");
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let line = line.strip_prefix("# ").unwrap_or(line);
        let Some((key, _)) = line.split_once(" = ") else { continue };
        if !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            keys.push(((section.clone(), key.to_owned()), line.to_owned()));
        }
    }
    keys
}

#[test]
fn the_sample_configuration_shows_every_key_and_no_other() {
    let loaded = config::load(Some(&root().join("pipeline.toml")), &[]).unwrap();
    assert!(loaded.crawl().is_ok() && loaded.rank().is_ok() && loaded.positives().is_ok());
    let shown = keys_shown();
    let shown_keys: BTreeSet<(String, String)> = shown.iter().map(|(key, _)| key.clone()).collect();
    let hidden = keys_read().into_iter().filter(|key| !shown_keys.contains(key));
    none("keys that pipeline.toml does not show", &hidden.map(|(s, k)| format!("[{s}] {k}")).collect::<Vec<_>>());
    // A key in a comment is one that works when the comment is taken away.
    let mut tables = toml::Table::new();
    for ((section, key), line) in &shown {
        let value: toml::Table = toml::from_str(line).unwrap_or_else(|e| panic!("pipeline.toml: {line:?}: {e}"));
        let table = tables.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        table.as_table_mut().unwrap().insert(key.clone(), value[key].clone());
    }
    config::parse(tables, &[]).unwrap();
}

#[test]
fn a_new_configuration_is_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    let wanted = ["init", "--crawl", "CC-MAIN-2025-05", "--files", "7", "--output", path.to_str().unwrap()];
    assert!(run(&wanted).status.success());
    let config = config::load(Some(&path), &[]).unwrap();
    let crawl = config.crawl().unwrap();
    assert_eq!((crawl.id.as_deref(), crawl.files_max, crawl.paths.len()), (Some("CC-MAIN-2025-05"), Some(7), 0));
    let positives = config.positives().unwrap();
    assert!(positives.iter().all(|path| Path::new(path).exists()), "{positives:?}");
    assert!(!run(&wanted).status.success(), "a file that is there was replaced");
}
