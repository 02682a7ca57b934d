//! Pages by domain and host: counted a page file at a time, then added up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::prelude::col;
use xxhash_rust::xxh3::Xxh3;

use super::tables::{COUNTS, CountsBuilder, DOMAINS, HOSTS, SUMS, SharesBuilder};
use super::{Analysis, Error, Ranked, VERSION};
use crate::domains::bound;
use crate::domains::figures::Figures;
use crate::io::query::{Descending, Engine};
use crate::io::table::{TableWriter, Written, column};
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Row, SCRATCH, Stage, Task, TaskResult};

/// Rows a batch.
const BATCH_ROWS: usize = 8192;

/// What is known of the domain whose hosts come.
#[derive(Default)]
struct Domain {
    name: String,
    figures: Figures,
    hosts: u64,
    /// Whether one of its hosts is mathematical by itself.
    host_related: bool,
}

impl Analysis<'_> {
    pub(super) fn count_stage<'s>(&'s self, ranked: &'s Ranked) -> Stage<'s> {
        let tasks = self.first_rows().into_iter().enumerate().map(|(file, first_row)| Task {
            name: self.pages.stem(file).to_owned(),
            inputs: self.inputs(ranked, file),
            run: Box::new(move |progress: &Progress| self.count(ranked, (file, first_row), progress)),
        });
        Stage::new(self.stage_name("domains"), VERSION, &self.config.rules.denominator, tasks.collect())
    }

    fn count(&self, ranked: &Ranked, file: (usize, u64), progress: &Progress) -> TaskResult {
        let mut domains: BTreeMap<String, BTreeMap<String, Figures>> = BTreeMap::new();
        let mut tally = Tally::default();
        self.walk(ranked, file, progress, &mut |seen| {
            let hosts = match domains.get_mut(seen.domain) {
                Some(hosts) => hosts,
                None => domains.entry(seen.domain.to_owned()).or_default(),
            };
            let figures = match hosts.get_mut(seen.host) {
                Some(figures) => figures,
                None => hosts.entry(seen.host.to_owned()).or_default(),
            };
            figures.count(seen.counted);
            tally.seen += 1;
            tally.kept += 1;
            Ok(())
        })?;
        let mut writer = TableWriter::create(&self.part("domains", self.pages.stem(file.0)), &COUNTS)?;
        let mut rows = CountsBuilder::default();
        for (domain, hosts) in &domains {
            for (host, figures) in hosts {
                rows.push(domain, host, figures);
            }
        }
        writer.write(&rows.finish()?)?;
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }

    pub(super) fn all_stage<'s>(&'s self, counted: &[Row]) -> Stage<'s> {
        let files = self.parts("domains", counted);
        let rules = &self.config.rules;
        let task = Task {
            name: "all".to_owned(),
            inputs: BTreeMap::from([("domains".to_owned(), Input::rows(counted))]),
            run: Box::new(move |_: &Progress| self.add_up(&files)),
        };
        let knobs = (rules.share_min, rules.pages_min, rules.confidence);
        Stage::new(self.stage_name("domains/all"), VERSION, &knobs, vec![task])
    }

    /// The lower bound of the share, and whether that makes what is counted mathematical.
    fn judge(&self, figures: &Figures) -> (f64, bool) {
        let rules = &self.config.rules;
        let low = bound::lower(figures.collected, figures.pages, rules.confidence);
        (low, low >= rules.share_min && figures.pages >= rules.pages_min)
    }

    fn add_up(&self, files: &[PathBuf]) -> TaskResult {
        let scratch = self.runner.out.join(SCRATCH).join(self.stage_name("domains"));
        let unsorted = ["domains", "hosts"].map(|name| scratch.join(format!("{name}.parquet")));
        let mut writers = (TableWriter::create(&unsorted[0], &DOMAINS)?, TableWriter::create(&unsorted[1], &HOSTS)?);
        let (mut domains, mut hosts) = (SharesBuilder::default(), SharesBuilder::default());
        let mut facts = (0u64, 0u64, 0u64);
        let mut related_names = Xxh3::new();
        let mut close = |domain: &Domain, domains: &mut SharesBuilder| {
            if domain.name.is_empty() {
                return;
            }
            let (low, related) = self.judge(&domain.figures);
            let related = related || domain.host_related;
            domains.push([&domain.name, ""], &domain.figures, low, related, domain.hosts);
            facts.0 += 1;
            facts.1 += domain.hosts;
            if related {
                facts.2 += 1;
                related_names.update(domain.name.as_bytes());
                related_names.update(b"\n");
            }
        };
        let engine = self.engine()?;
        let mut open = Domain::default();
        let mut tally = Tally::default();
        if !files.is_empty() {
            let table = engine.table(files)?;
            let path = Path::new("domains");
            let rows = engine.rows("pages by domain and host", || {
                let sums = SUMS.iter().map(|name| sum(col(*name)).alias(*name)).collect();
                let keys = vec![col("domain"), col("host")];
                let by = keys.iter().map(|key| key.clone().sort(true, false)).collect();
                table.aggregate(keys, sums)?.sort(by)
            })?;
            for batch in rows {
                let batch = batch?;
                let domain: &StringArray = column(&batch, "domain", path)?;
                let host: &StringArray = column(&batch, "host", path)?;
                let mut sums: Vec<&Int64Array> = Vec::new();
                for name in SUMS {
                    sums.push(column(&batch, name, path)?);
                }
                for i in 0..batch.num_rows() {
                    let sum = |n: usize| sums[n].value(i).max(0) as u64;
                    let figures = Figures {
                        pages: sum(0),
                        collected: sum(1),
                        tokens: sum(2),
                        collected_tokens: sum(3),
                        scored: sum(4),
                        score_units: sums[5].value(i),
                        collected_score_units: sums[6].value(i),
                    };
                    if open.name != domain.value(i) {
                        close(&open, &mut domains);
                        open = Domain { name: domain.value(i).to_owned(), ..Domain::default() };
                    }
                    let (low, related) = self.judge(&figures);
                    hosts.push([host.value(i), domain.value(i)], &figures, low, related, 1);
                    open.figures.add(&figures);
                    open.hosts += 1;
                    open.host_related |= related;
                    tally.seen += figures.pages;
                    tally.kept += figures.pages;
                }
                if hosts.rows() >= BATCH_ROWS {
                    writers.1.write(&hosts.finish(&HOSTS)?)?;
                }
                if domains.rows() >= BATCH_ROWS {
                    writers.0.write(&domains.finish(&DOMAINS)?)?;
                }
            }
        }
        close(&open, &mut domains);
        writers.0.write(&domains.finish(&DOMAINS)?)?;
        writers.1.write(&hosts.finish(&HOSTS)?)?;
        writers.0.finish()?;
        writers.1.finish()?;
        let outputs = vec![
            sorted(&engine, &unsorted[0], &self.domains_file(), "domain", &DOMAINS)?,
            sorted(&engine, &unsorted[1], &self.folder().join("hosts.parquet"), "host", &HOSTS)?,
        ];
        let _ = std::fs::remove_dir_all(&scratch);
        let facts = serde_json::json!({
            "domains": facts.0, "hosts": facts.1, "math_related": facts.2,
            "math_related_hash": format!("{:032x}", related_names.digest128()),
        });
        Ok(Done { tally, outputs, facts, ..Done::default() })
    }
}

/// The rows of a table, those with most pages first, then by name.
fn sorted(engine: &Engine, from: &Path, to: &Path, name: &str, schema: &SchemaRef) -> Result<Written, Error> {
    let mut writer = TableWriter::create(to, schema)?;
    if crate::io::table::Table::open(from)?.rows() > 0 {
        let order = [("pages", Descending(true)), (name, Descending(false)), ("domain", Descending(false))];
        let order = if name == "domain" { &order[..2] } else { &order[..] };
        for batch in engine.sorted(&[from.to_owned()], order)? {
            writer.write(&RecordBatch::try_new(Arc::clone(schema), batch?.columns().to_vec())?)?;
        }
    }
    Ok(writer.finish()?)
}
