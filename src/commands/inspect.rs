//! `inspect`: what is in a file of ours: schema, counts, quantiles, a few rows.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;

use crate::cli::{CommandResult, Failure};
use crate::io::table::Table;
use crate::io::warc::{self, Item, ReadCaps};

/// `inspect`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build inspect out/rounds/01/shards/part-00000.parquet --rows 1
  corpus-build inspect out/pages/crawl.rejects.parquet --rows 20
  corpus-build inspect out/rounds/01/classifier.bin    the classifier's card
  corpus-build inspect x.warc.gz                       records by type, first pages, damaged places")]
pub(crate) struct Inspect {
    /// A file named *.warc, *.warc.gz, *.warc.zst, *.json, *.jsonl, *.toml or *.bin (a classifier), or any Parquet file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Rows (pages of a WARC, lines of JSONL) to show.
    #[arg(long, default_value_t = 3)]
    rows: usize,
    /// Characters to show of each value; a longer one ends in "…", and line breaks are shown as "⏎".
    #[arg(long, default_value_t = 200)]
    width: usize,
}

/// Values of a column that quantiles are computed on; of a longer one, those of its first row groups.
const QUANTILE_VALUES_MAX: usize = 4 << 20;

impl Inspect {
    pub(crate) fn run(self, out: &mut dyn Write) -> CommandResult {
        let path = &self.file;
        let mut magic = [0u8; 4];
        let read = File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut magic));
        read.map_err(|e| Failure::Usage(format!("{}: cannot open: {e}", path.display()).into()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ends = |ending: &str| name.ends_with(ending);
        if &magic == b"PAR1" {
            self.parquet(out)
        } else if ends(".warc") || ends(".warc.gz") || ends(".warc.zst") {
            self.warc(out)
        } else if ends(".bin") {
            self.classifier(out)
        } else if ends(".json") || ends(".toml") || ends(".jsonl") {
            let text = std::fs::read_to_string(path)?;
            let lines = if ends(".jsonl") { self.rows } else { usize::MAX };
            writeln!(out, "{}: {} bytes, {} lines", path.display(), text.len(), text.lines().count())?;
            for line in text.lines().take(lines) {
                writeln!(out, "{}", clip(line, if ends(".jsonl") { self.width } else { usize::MAX }))?;
            }
            Ok(())
        } else {
            let message = format!("{}: expected a Parquet, WARC, JSON, TOML or classifier.bin file", path.display());
            Err(Failure::Usage(message.into()))
        }
    }

    fn parquet(&self, out: &mut dyn Write) -> CommandResult {
        let table = Table::open(&self.file)?;
        let metadata = table.metadata();
        let schema = Arc::clone(table.schema());
        writeln!(out, "{}", self.file.display())?;
        let by = metadata.file_metadata().created_by().unwrap_or("unknown");
        let groups = metadata.num_row_groups();
        writeln!(out, "{} rows, {groups} row groups, written by {by}", table.rows())?;
        for (i, field) in schema.fields().iter().enumerate() {
            let (mut packed, mut raw) = (0, 0);
            for group in metadata.row_groups().iter().filter(|g| g.num_columns() > i) {
                packed += group.column(i).compressed_size();
                raw += group.column(i).uncompressed_size();
            }
            let null = if field.is_nullable() { ", may be null" } else { "" };
            writeln!(out, "  {:<16} {}{null}: {raw} bytes, {packed} compressed", field.name(), field.data_type())?;
        }
        for field in schema.fields().iter().filter(|f| f.data_type().is_numeric()) {
            self.quantiles(out, field.name())?;
        }
        let mut left = self.rows;
        for batch in Table::open(&self.file)?.range(0, self.rows as u64).batches()? {
            let batch = batch?;
            for row in 0..batch.num_rows().min(left) {
                writeln!(out, "row {}", self.rows - left)?;
                left -= 1;
                for (field, array) in schema.fields().iter().zip(batch.columns()) {
                    writeln!(out, "  {:<16} {}", field.name(), clip(&show(array, row), self.width))?;
                }
            }
        }
        Ok(())
    }

    fn quantiles(&self, out: &mut dyn Write, name: &str) -> CommandResult {
        let mut values: Vec<f64> = Vec::new();
        for batch in Table::open(&self.file)?.columns(&[name])?.batches()? {
            let Ok(array) = cast(batch?.column(0), &DataType::Float64) else { return Ok(()) };
            values.extend(array.as_primitive::<Float64Type>().iter().flatten());
            if values.len() > QUANTILE_VALUES_MAX {
                break;
            }
        }
        values.sort_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else { return Ok(()) };
        let at = |share: f64| values[(share * last as f64).round() as usize];
        let [min, p10, p50, p90, max] = [0.0, 0.1, 0.5, 0.9, 1.0].map(at);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        writeln!(
            out,
            "  {name:<16} min {min:.6}, 10 % {p10:.6}, median {p50:.6}, 90 % {p90:.6}, max {max:.6}, mean {mean:.6}"
        )?;
        Ok(())
    }

    fn warc(&self, out: &mut dyn Write) -> CommandResult {
        let file = File::open(&self.file)?;
        let name: Arc<str> = Arc::from(self.file.to_string_lossy().as_ref());
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        let mut shown = 0;
        for item in warc::read(file, name, ReadCaps::default()) {
            let kind = match item? {
                Item::Page(page) => {
                    if shown < self.rows {
                        shown += 1;
                        let capture = &page.capture;
                        let (at, length) = (capture.warc_offset, capture.warc_length);
                        writeln!(
                            out,
                            "  at {at}, {length} bytes: {} ({} bytes of body)",
                            capture.url,
                            page.body.len()
                        )?;
                    }
                    "pages".to_owned()
                }
                Item::Rejected { reject, .. } => format!("responses rejected: {reject}"),
                Item::Damaged { offset, length, what } => {
                    writeln!(out, "  damaged at {offset}, {length} bytes: {what}")?;
                    "damaged places".to_owned()
                }
                Item::Other(kind) => format!("{kind:?} records").to_lowercase(),
            };
            *counts.entry(kind).or_default() += 1;
        }
        writeln!(out, "{}", self.file.display())?;
        for (kind, n) in counts {
            writeln!(out, "  {kind}: {n}")?;
        }
        Ok(())
    }

    fn classifier(&self, out: &mut dyn Write) -> CommandResult {
        let card: &Path = &self.file.with_extension("json");
        writeln!(out, "{}: {} bytes, a fastText model", self.file.display(), std::fs::metadata(&self.file)?.len())?;
        match std::fs::read_to_string(card) {
            Ok(text) => writeln!(out, "{text}")?,
            Err(error) => writeln!(out, "its card {} cannot be read: {error}", card.display())?,
        }
        Ok(())
    }
}

fn show(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array.as_ref(), &options) {
        Ok(formatter) if array.is_valid(row) => formatter.value(row).to_string(),
        Ok(_) => "null".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn clip(text: &str, width: usize) -> String {
    let line = text.replace('\n', "⏎");
    match line.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
