//! MathML → LaTeX, a formula a line.
//!
//! Reads JSONL rows with a field `mathml`, or plain lines of MathML, from a file or from standard input, and writes rows
//! `{"mathml_index": …, "tex": …}`. The index is the row's own `mathml_index` where it has one, else the line's number
//! from 0. `tex` is `null` where there is no formula.
//!
//! ```text
//! cargo run --example mathml -- formulas.jsonl > latex.jsonl
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use corpus_build::extract::math::mathml;
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let input: Box<dyn BufRead> = match std::env::args_os().nth(1) {
        Some(path) => Box::new(BufReader::new(File::open(path)?)),
        None => Box::new(io::stdin().lock()),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let row: Value = serde_json::from_str(&line).unwrap_or_default();
        let markup = row.get("mathml").and_then(Value::as_str).unwrap_or(&line);
        let index = row.get("mathml_index").cloned().unwrap_or_else(|| json!(number));
        let tex = mathml::formula(markup).map(|formula| formula.tex);
        writeln!(out, "{}", json!({ "mathml_index": index, "tex": tex }))?;
    }
    out.flush()
}
