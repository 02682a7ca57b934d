//! The trees of the mathematical domains: their pages sorted by place, a domain at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBuilder, Float64Array, Float64Builder, Int64Array, Int64Builder, RecordBatch,
    StringArray, StringBuilder, UInt64Array, UInt64Builder,
};

use super::tables::{PICKS, PLACES, PREFIXES, TREE, TreeRows, signed};
use super::{Analysis, Error, Ranked, VERSION, math_related};
use crate::domains::annotations::{Entry, Verdict};
use crate::domains::auto::{self, AutoRules};
use crate::domains::cut::{CutRules, Proposal};
use crate::domains::edit;
use crate::domains::figures::Counted;
use crate::domains::files;
use crate::domains::prefix::{Place, Prefix};
use crate::domains::tree::{Node, TreeBuilder, TreeRules, UrlRow, path_key};
use crate::io::query::Descending;
use crate::io::table::{Table, TableWriter, column, write_file};
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Row, Stage, Task, TaskResult};

/// Rows a batch.
const BATCH_ROWS: usize = 8192;
/// Prefixes of a domain whose pages are sampled: the largest.
const SAMPLED_PREFIXES_MAX: usize = 50;

/// Gathers rows of [`PLACES`].
#[derive(Default)]
struct PlaceRows {
    texts: [StringBuilder; 5],
    page: UInt64Builder,
    collected: BooleanBuilder,
    tokens: Int64Builder,
    score: Float64Builder,
    rows: usize,
}

impl PlaceRows {
    fn finish(&mut self) -> Result<RecordBatch, Error> {
        self.rows = 0;
        let texts = self.texts.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let mut columns: Vec<ArrayRef> = texts.into();
        columns.push(Arc::new(self.page.finish()));
        columns.push(Arc::new(self.collected.finish()));
        columns.push(Arc::new(self.tokens.finish()));
        columns.push(Arc::new(self.score.finish()));
        Ok(RecordBatch::try_new(Arc::clone(&PLACES), columns)?)
    }
}

/// What the trees are written to.
struct Trees {
    tree: (TableWriter, TreeRows),
    picks: TableWriter,
    entries: Vec<Entry>,
    proposed: BTreeMap<&'static str, u64>,
    prefixes: u64,
}

impl Analysis<'_> {
    pub(super) fn places_stage<'s>(&'s self, ranked: &'s Ranked, domains: &Row) -> Stage<'s> {
        let related = domains.facts["math_related_hash"].as_str().unwrap_or_default().to_owned();
        let tasks = self.first_rows().into_iter().enumerate().map(|(file, first_row)| {
            let mut inputs = self.inputs(ranked, file);
            inputs.insert("math_related".to_owned(), Input::Ours(related.clone()));
            Task {
                name: self.pages.stem(file).to_owned(),
                inputs,
                run: Box::new(move |progress: &Progress| self.places(ranked, (file, first_row), progress)),
            }
        });
        Stage::new(self.stage_name("places"), VERSION, &self.config.rules.denominator, tasks.collect())
    }

    /// Memory: the names of the mathematical domains.
    fn places(&self, ranked: &Ranked, file: (usize, u64), progress: &Progress) -> TaskResult {
        let related = math_related(&self.domains_file())?;
        let mut writer = TableWriter::create(&self.part("places", self.pages.stem(file.0)), &PLACES)?;
        let mut rows = PlaceRows::default();
        let mut tally = Tally::default();
        self.walk(ranked, file, progress, &mut |seen| {
            if !related.contains(seen.domain) {
                return Ok(());
            }
            let place = Place::of(seen.url).unwrap_or_default();
            let texts = [seen.domain, seen.host, &path_key(&place.path), &place.query, seen.id];
            rows.texts.iter_mut().zip(texts).for_each(|(builder, text)| builder.append_value(text));
            rows.page.append_option(seen.page.map(|page| page.0));
            rows.collected.append_value(seen.counted.collected);
            rows.tokens.append_value(signed(seen.counted.tokens));
            rows.score.append_option(seen.counted.score);
            rows.rows += 1;
            if rows.rows >= BATCH_ROWS {
                writer.write(&rows.finish()?)?;
            }
            tally.seen += 1;
            tally.kept += 1;
            Ok(())
        })?;
        writer.write(&rows.finish()?)?;
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }

    fn picks_file(&self) -> PathBuf {
        self.work().join("picks.parquet")
    }

    pub(super) fn tree_stage<'s>(&'s self, domains: &Row, places: &[Row]) -> Stage<'s> {
        let files = self.parts("places", places);
        let task = Task {
            name: "tree".to_owned(),
            inputs: BTreeMap::from([
                ("domains".to_owned(), Input::rows([domains])),
                ("places".to_owned(), Input::rows(places)),
            ]),
            run: Box::new(move |progress: &Progress| self.trees(&files, progress)),
        };
        Stage::new(self.stage_name("tree"), VERSION, &(&self.config.rules, self.random_seed), vec![task])
    }

    fn auto_rules(&self) -> AutoRules {
        let rules = &self.config.rules;
        let cut = CutRules {
            accept_share: rules.accept_share,
            refuse_share: rules.refuse_share,
            confidence: rules.confidence,
        };
        AutoRules { cut, auto_share: rules.auto_share, auto_score: rules.auto_score }
    }

    /// The mathematical domains with most to gain: those with most pages that are not collected.
    fn sampled(&self) -> Result<BTreeSet<String>, Error> {
        let path = self.domains_file();
        let mut gains: Vec<(i64, String)> = Vec::new();
        for batch in Table::open(&path)?.columns(&["domain", "pages", "collected", "math_related"])?.batches()? {
            let batch = batch?;
            let domain: &StringArray = column(&batch, "domain", &path)?;
            let pages: &Int64Array = column(&batch, "pages", &path)?;
            let collected: &Int64Array = column(&batch, "collected", &path)?;
            let related: &BooleanArray = column(&batch, "math_related", &path)?;
            let related = (0..batch.num_rows()).filter(|i| related.value(*i));
            gains.extend(related.map(|i| (collected.value(i) - pages.value(i), domain.value(i).to_owned())));
        }
        gains.sort();
        gains.truncate(self.config.rules.sampled_domains_max);
        Ok(gains.into_iter().map(|(_, domain)| domain).collect())
    }

    fn trees(&self, files: &[PathBuf], progress: &Progress) -> TaskResult {
        let rules = &self.config.rules;
        let sampled = self.sampled()?;
        let tree_rules = |domain: &str| TreeRules {
            pages_min: rules.prefix_pages_min,
            nodes_max: rules.prefixes_max,
            depth_max: rules.depth_max,
            key_values_min: rules.key_values_min,
            samples: if sampled.contains(domain) { rules.samples } else { 0 },
            seed: self.random_seed,
        };
        let mut trees = Trees {
            tree: (TableWriter::create(&self.work().join("tree.parquet"), &TREE)?, TreeRows::default()),
            picks: TableWriter::create(&self.picks_file(), &PICKS)?,
            entries: Vec::new(),
            proposed: BTreeMap::new(),
            prefixes: 0,
        };
        let mut open: Option<(String, TreeBuilder)> = None;
        let mut tally = Tally::default();
        if !files.is_empty() {
            let order = ["domain", "host", "path", "query", "id", "page"].map(|name| (name, Descending(false)));
            let path = Path::new("places");
            for batch in self.engine()?.sorted(files, &order)? {
                let batch = batch?;
                let text = |name: &str| column::<StringArray>(&batch, name, path);
                let (domain, host, url_path, query, id) =
                    (text("domain")?, text("host")?, text("path")?, text("query")?, text("id")?);
                let page: &UInt64Array = column(&batch, "page", path)?;
                let collected: &BooleanArray = column(&batch, "collected", path)?;
                let tokens: &Int64Array = column(&batch, "tokens", path)?;
                let score: &Float64Array = column(&batch, "score", path)?;
                for i in 0..batch.num_rows() {
                    if open.as_ref().is_none_or(|(name, _)| name != domain.value(i)) {
                        if let Some((name, builder)) = open.take() {
                            self.write_tree(&mut trees, &name, &builder.finish())?;
                        }
                        let name = domain.value(i);
                        open = Some((name.to_owned(), TreeBuilder::new(tree_rules(name))));
                    }
                    let Some((_, builder)) = &mut open else { continue };
                    builder.push(&UrlRow {
                        host: host.value(i),
                        path: url_path.value(i),
                        query: query.value(i),
                        id: id.value(i),
                        page: page.is_valid(i).then(|| page.value(i)),
                        counted: Counted {
                            collected: collected.value(i),
                            tokens: tokens.value(i).max(0) as u64,
                            score: score.is_valid(i).then(|| score.value(i)),
                        },
                    });
                }
                tally.seen += batch.num_rows() as u64;
                tally.kept += batch.num_rows() as u64;
                progress.items(batch.num_rows() as u64);
            }
        }
        if let Some((name, builder)) = open {
            self.write_tree(&mut trees, &name, &builder.finish())?;
        }
        let Trees { tree: (mut writer, mut rows), picks, entries, proposed, prefixes } = trees;
        writer.write(&rows.finish()?)?;
        let proposals = edit::text(&entries);
        let path = files::proposals_path(&self.runner.out, self.round);
        let outputs =
            vec![writer.finish()?, picks.finish()?, write_file(&path, proposals.as_bytes(), entries.len() as u64)?];
        let facts = serde_json::json!({ "domains": entries.len(), "prefixes": prefixes, "proposed": proposed });
        Ok(Done { tally, outputs, facts, ..Done::default() })
    }

    fn write_tree(&self, trees: &mut Trees, domain: &str, nodes: &[Node]) -> Result<(), Error> {
        let rules = self.auto_rules();
        let (regions, proposals) = auto::propose(nodes, &rules.cut);
        let (writer, rows) = &mut trees.tree;
        for (node, proposal) in nodes.iter().zip(&proposals) {
            rows.push([domain, node.prefix.as_str()], node.depth, &node.figures, *proposal);
            if let Some(name) = proposal.map(Proposal::name) {
                *trees.proposed.entry(name).or_default() += 1;
            }
        }
        trees.prefixes += nodes.len() as u64;
        if rows.rows() >= BATCH_ROWS {
            writer.write(&rows.finish()?)?;
        }
        let mut largest: Vec<usize> = (0..nodes.len()).collect();
        largest.sort_by_key(|node| (std::cmp::Reverse(nodes[*node].figures.pages), *node));
        largest.truncate(SAMPLED_PREFIXES_MAX);
        largest.sort_unstable();
        let mut place = 0;
        let (mut prefix, mut places) = (StringBuilder::new(), Int64Builder::new());
        let (mut page, mut collected) = (UInt64Builder::new(), BooleanBuilder::new());
        for node in largest {
            for (at, is_collected) in nodes[node].picks.pages(self.config.rules.samples) {
                prefix.append_value(nodes[node].prefix.as_str());
                places.append_value(place);
                page.append_value(at);
                collected.append_value(is_collected);
                place += 1;
            }
        }
        let domains = StringArray::from_iter_values((0..place).map(|_| domain));
        trees.picks.write(&RecordBatch::try_new(
            Arc::clone(&PICKS),
            vec![
                Arc::new(domains),
                Arc::new(prefix.finish()),
                Arc::new(places.finish()),
                Arc::new(page.finish()),
                Arc::new(collected.finish()),
            ],
        )?)?;
        trees.entries.push(auto::entry(domain, nodes, &regions, &rules));
        Ok(())
    }

    pub(super) fn prefixes_stage<'s>(&'s self, tree: &Row) -> Stage<'s> {
        let mut inputs = BTreeMap::from([("tree".to_owned(), Input::rows([tree]))]);
        let annotations = files::held(self.config, &self.runner.out, self.round).into_iter().enumerate();
        inputs.extend(annotations.map(|(n, path)| (format!("annotations_{n:03}"), Input::File(path))));
        let task = Task { name: "prefixes".to_owned(), inputs, run: Box::new(move |_: &Progress| self.prefixes()) };
        Stage::new(self.stage_name("prefixes"), VERSION, &self.config.annotate, vec![task])
    }

    fn prefixes(&self) -> TaskResult {
        let annotations = files::read_held(self.config, &self.runner.out, self.round)?;
        let path = self.work().join("tree.parquet");
        let mut writer = TableWriter::create(&self.folder().join("prefixes.parquet"), &PREFIXES)?;
        let mut tally = Tally::default();
        for batch in Table::open(&path)?.batches()? {
            let batch = batch?;
            let domain: &StringArray = column(&batch, "domain", &path)?;
            let prefix: &StringArray = column(&batch, "prefix", &path)?;
            let mut verdicts = StringBuilder::new();
            for i in 0..batch.num_rows() {
                let prefix: Prefix = prefix.value(i).parse()?;
                let found = annotations.of_place(domain.value(i), &prefix.place(domain.value(i)));
                verdicts.append_option(found.map(|(verdict, _)| Verdict::name(verdict)));
            }
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(verdicts.finish()));
            writer.write(&RecordBatch::try_new(Arc::clone(&PREFIXES), columns)?)?;
            tally.seen += batch.num_rows() as u64;
            tally.kept += batch.num_rows() as u64;
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }
}
