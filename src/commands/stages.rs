//! The stages as commands of their own, each over the files that the contract names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::boilerplate;
use super::{all_sources, configure, configure_for, out_set, runner, set, store};
use crate::classify::draw::Eligible;
use crate::classify::seed;
use crate::classify::stage::{CLASSIFIER_FILES, Classifying, Training, negative_files};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::{Config, TokenBudget};
use crate::decontaminate::stage::Decontaminating;
use crate::dedup;
use crate::edits::stage::Editing;
use crate::extract;
use crate::io::store::Store;
use crate::pages::Pages;
use crate::quality;
use crate::rank::{self, Ranking};
use crate::reject::Tally;
use crate::task::{Artifact, Input, Row, Runner};

/// `extract`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build extract                                     the crawl of ./pipeline.toml
  corpus-build extract a.warc.gz 'more/*.warc.gz' --out out

Each WARC file becomes pages/NAME.parquet and pages/NAME.rejects.parquet, in the output folder. \
Pages of other files that were extracted into the folder before stay beside them, for the stages after; \
iterate removes those of files that its crawl does not name.")]
pub(crate) struct Extract {
    /// WARC files, folders, globs, addresses or .paths lists, in place of crawl.paths [default: the crawl of the
    /// configuration].
    #[arg(value_name = "IN")]
    inputs: Vec<String>,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Extract {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let mut sets = out_set(self.out.as_ref());
        if !self.inputs.is_empty() {
            sets.push(set("crawl.paths", self.inputs.clone()));
        }
        let config = configure_for(global, &sets, !self.inputs.is_empty())?;
        let store = store(&config);
        let sources = all_sources(&config, &store)?;
        let runner = runner(global, &config)?;
        // Beside others: pages of other files that were extracted into the folder before stay.
        let rows = runner.run_beside_others(&extract::stage::stage(&runner, &config, &sources, &store))?;
        let mut tally = Tally::default();
        for row in &rows {
            tally.add(&row.tally);
        }
        writeln!(out, "{} files: {} pages in, {} kept", rows.len(), tally.seen, tally.kept)?;
        for (reason, n) in &tally.rejected {
            writeln!(out, "  {reason}: {n}")?;
        }
        writeln!(out, "pages are in {}", runner.out.join("pages").display())?;
        Ok(())
    }
}

/// `dedup`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  corpus-build dedup --out out

Reads pages/ and, where `quality` has run, quality/; writes dedup/survivors.parquet: a row a page, whether it is kept, \
and for which page it was dropped. No page is rewritten.")]
pub(crate) struct Dedup {
    /// Output folder, with `pages/` in it [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Dedup {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let verdicts = runner.rows(&quality::stage::stage(&runner, &config.quality, &pages));
        if verdicts.is_none() {
            tracing::info!("quality has not run on these pages: all of them are taken");
        }
        let row = dedup::stage::run(&runner, &config.dedup, &pages, verdicts.as_deref())?;
        writeln!(out, "{} pages kept; dropped: {}", row.facts["kept"], row.facts["dropped"])?;
        writeln!(out, "survivors are in {}", runner.out.join("dedup/survivors.parquet").display())?;
        Ok(())
    }
}

/// `seed`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  corpus-build seed import seeds/openwebmath.toml --out out")]
pub(crate) struct SeedCommand {
    #[command(subcommand)]
    command: SeedSubcommand,
}

#[derive(Subcommand, Debug)]
enum SeedSubcommand {
    /// Import positives into seed/positives.parquet.
    #[command(after_help = "\
Examples:
  corpus-build seed import                                       seed.positives of ./pipeline.toml
  corpus-build seed import seeds/openwebmath.toml --out out      a dataset, fetched on the first run
  corpus-build seed import mine.jsonl more.parquet --out out

A document has text, and may have url, date and metadata (OpenWebMath's schema). \
Of more than seed.positives_max documents a sample is drawn with seed.random_seed.")]
    Import {
        /// .parquet, .jsonl or .jsonl.gz files, their addresses, or a dataset's .toml [default: seed.positives].
        #[arg(value_name = "FILE")]
        files: Vec<String>,
        /// Output folder [default: output.dir].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

fn import(runner: &Runner, config: &Config, store: &Store, name: &str, files: &[String]) -> Result<Row, Failure> {
    let files = seed::resolve(files, store).map_err(Failure::run)?;
    let max = if name == "positives" { config.seed.positives_max } else { config.seed.negatives_max };
    let stage = seed::stage(runner, store, name, &files, max, config.seed.random_seed);
    let mut rows = runner.run(&stage)?;
    Ok(rows.remove(0))
}

impl SeedCommand {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let SeedSubcommand::Import { files, out: folder } = self.command;
        let mut sets = out_set(folder.as_ref());
        if !files.is_empty() {
            sets.push(set("seed.positives", files));
        }
        let config = configure(global, &sets)?;
        let runner = runner(global, &config)?;
        let row = import(&runner, &config, &store(&config), "positives", config.positives()?)?;
        writeln!(out, "{} documents; {}", row.facts["documents"], row.facts)?;
        Ok(())
    }
}

/// `classify`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  corpus-build classify train --round 1\n  corpus-build classify score --round 1")]
pub(crate) struct Classify {
    #[command(subcommand)]
    command: ClassifySubcommand,
}

#[derive(Args, Debug)]
struct OfRound {
    /// Which round: names the folder rounds/NN.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum ClassifySubcommand {
    /// Train rounds/NN/classifier.bin from the seed and the pages.
    #[command(after_help = "\
Example:
  corpus-build classify train --round 1

Imports the seed first where that is not done. Negatives are drawn from dedup/survivors.parquet where it is \
there, else from all pages. What was tried, and how it does on domains held out, stands in rounds/NN/classifier.json.")]
    Train(OfRound),
    /// Score every page with rounds/NN/classifier.bin.
    #[command(after_help = "\
Example:
  corpus-build classify score --round 1

Reads pages/ and the classifier, writes rounds/NN/scores/: a row a page, a probability in each.")]
    Score(OfRound),
}

/// The survivors, where deduplication has run.
fn survivors(runner: &Runner) -> Result<Option<Artifact>, Failure> {
    let path = runner.out.join("dedup/survivors.parquet");
    if path.exists() { Ok(Some(Artifact::on_disk(&path)?)) } else { Ok(None) }
}

/// What the recall of the round before left: the seed, pages that were refused, which pages may be negatives.
fn recalled(
    runner: &Runner,
    pages: &Pages,
    round: u32,
) -> Result<(Artifact, Option<Artifact>, Vec<Artifact>), Failure> {
    let before = round - 1;
    let folder = runner.out.join(format!("rounds/{before:02}"));
    if !folder.join("seed.parquet").exists() {
        let message = format!(
            "{}: round {round} is trained on what round {before} recalls; run `corpus-build iterate --round {round}`",
            folder.join("seed.parquet").display()
        );
        return Err(Failure::run(message.into()));
    }
    let refused = Artifact::on_disk(&folder.join("negatives.parquet"))?;
    let roles = runner.out.join(format!("work/rounds/{before:02}/recall"));
    let roles = pages.stems().iter().map(|stem| Artifact::on_disk(&roles.join(format!("{stem}.parquet"))));
    Ok((
        Artifact::on_disk(&folder.join("seed.parquet"))?,
        Some(refused).filter(|refused| refused.rows > 0),
        roles.collect::<Result<_, _>>()?,
    ))
}

impl Classify {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let (args, training) = match self.command {
            ClassifySubcommand::Train(args) => (args, true),
            ClassifySubcommand::Score(args) => (args, false),
        };
        let config = configure(global, &out_set(args.out.as_ref()))?;
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let classifying = Classifying {
            runner: &runner,
            pages: &pages,
            seed: &config.seed,
            rules: &config.classifier,
            round: args.round,
        };
        let folder = runner.out.join(format!("rounds/{:02}", args.round));
        if training {
            let store = store(&config);
            let artifact = |row: &Row, name: &str| {
                Artifact::of(&runner, row, &format!("{name}.parquet"))
                    .ok_or_else(|| Failure::run(format!("the seed's {name} were not written").into()))
            };
            let negatives = match negative_files(&config.seed) {
                Some(files) => Some(artifact(&import(&runner, &config, &store, "negatives", files)?, "negatives")?),
                None => None,
            };
            let (positives, refused, roles);
            let survivors = survivors(&runner)?;
            let eligible = if args.round == 1 {
                let row = import(&runner, &config, &store, "positives", config.positives()?)?;
                (positives, refused) = (artifact(&row, "positives")?, None);
                survivors.as_ref().map_or(Eligible::All, Eligible::Survivors)
            } else {
                (positives, refused, roles) = recalled(&runner, &pages, args.round)?;
                Eligible::Left(&roles)
            };
            let training =
                Training { positives: &positives, negatives: negatives.as_ref(), refused: refused.as_ref(), eligible };
            let rows = runner.run(&classifying.train_stage(training))?;
            let card = serde_json::to_string_pretty(&rows[0].facts["validation"]).unwrap_or_default();
            writeln!(out, "validation: {card}")?;
            writeln!(out, "classifier is in {}", folder.display())?;
        } else {
            let inputs = CLASSIFIER_FILES.map(|name| (name.to_owned(), Input::File(folder.join(name))));
            let rows = runner.run(&classifying.score_stage(&BTreeMap::from(inputs)))?;
            let scored: u64 = rows.iter().map(|row| row.tally.seen).sum();
            writeln!(out, "{scored} pages scored; scores are in {}", folder.join("scores").display())?;
        }
        Ok(())
    }
}

/// `rank`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build --set 'rank.token_budget=\"1M\"' rank --round 1
  corpus-build rank --round 1 --budgets 40B,80B,120B,160B

Reads pages/, dedup/survivors.parquet, rounds/NN/scores/ and, where decontaminate.benchmarks names any, \
decontaminate/; finds boilerplate where that is not done, gathers what goes and what is masked in edits/, and writes \
rounds/NN/shards/. Pages are taken best first; the first that does not fit into rank.token_budget ends the ranking.

With --budgets the ranking is that of the largest of them. A smaller one is its first shards, so no text is written \
twice: rounds/NN/budgets.json names the shards of each budget, with its pages, tokens, languages and domains. Train \
on each, and set rank.token_budget to the one that does best.")]
pub(crate) struct RankCommand {
    #[command(flatten)]
    args: OfRound,
    /// Budgets to choose among, in place of rank.token_budget.
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', value_parser = token_budget)]
    budgets: Vec<TokenBudget>,
}

fn token_budget(text: &str) -> Result<TokenBudget, String> {
    TokenBudget::parse(text).ok_or_else(|| "expected a number of tokens such as 60000, \"60k\" or \"40B\"".to_owned())
}

/// What decontamination removes, where the configuration names benchmarks.
fn clean_tables(runner: &Runner, pages: &Pages, config: &Config) -> Result<Option<Vec<Artifact>>, Failure> {
    let decontaminating = Decontaminating::new(runner, pages, &config.decontaminate, config.extract.tokenizer)?;
    if let (_, Some(rows)) = decontaminating.plan() {
        return Ok(decontaminating.tables(&rows));
    }
    let folder = runner.out.join("decontaminate");
    let tables: Vec<PathBuf> = pages.stems().iter().map(|stem| folder.join(format!("{stem}.parquet"))).collect();
    // Tables that others made, without rows of ours, are taken as they are.
    let ours = !runner.manifest().rows("decontaminate").is_empty();
    if ours || !tables.iter().all(|path| path.exists()) {
        let message = format!(
            "{}: not of these pages, benchmarks and settings; run `corpus-build decontaminate` first",
            folder.display()
        );
        return Err(Failure::run(message.into()));
    }
    Ok(Some(tables.iter().map(|path| Artifact::on_disk(path)).collect::<Result<_, _>>()?))
}

impl RankCommand {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let OfRound { round, out: folder } = self.args;
        let mut sets = out_set(folder.as_ref());
        if let Some(most) = self.budgets.iter().max() {
            let number = |budget: &TokenBudget| toml::Value::Integer(budget.0.try_into().unwrap_or(i64::MAX));
            sets.push(set("rank.token_budget", number(most)));
            sets.push(set("rank.budgets", self.budgets.iter().map(number).collect::<Vec<_>>()));
        }
        let config = configure(global, &sets)?;
        let rules = config.rank()?;
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let survivors = Artifact::on_disk(&runner.out.join("dedup/survivors.parquet"))?;
        let scores = pages
            .stems()
            .iter()
            .map(|stem| Artifact::on_disk(&runner.out.join(format!("rounds/{round:02}/scores/{stem}.parquet"))))
            .collect::<Result<Vec<_>, _>>()?;
        let by: BTreeSet<Vec<String>> = runner
            .manifest()
            .rows(&format!("rounds/{round:02}/score"))
            .iter()
            .map(|row| CLASSIFIER_FILES.iter().filter_map(|name| Some(row.inputs.get(*name)?.hash.clone())).collect())
            .collect();
        if by.len() > 1 {
            let message = format!(
                "the scores of round {round} are of {} classifiers; run `corpus-build classify score` first",
                by.len()
            );
            return Err(Failure::run(message.into()));
        }
        let clean = clean_tables(&runner, &pages, &config)?;
        let searching = boilerplate::searching(&runner, &pages, &config);
        let (repeated, _) = searching.run(&survivors)?;
        let editing = Editing {
            runner: &runner,
            pages: &pages,
            masking: config.masking,
            tokenizer: config.extract.tokenizer,
            boilerplate: searching.tables(&repeated),
            clean,
            decontaminating: &Decontaminating::new(&runner, &pages, &config.decontaminate, config.extract.tokenizer)?,
        };
        let edits = editing.tables(&editing.run()?);
        let earlier = rank::earlier(&runner.out, round)?;
        let ranking = Ranking { runner: &runner, pages: &pages, rules, round, edits, earlier };
        let ranked = ranking.run(&survivors, &scores)?;
        let facts = &ranked.cut.facts;
        writeln!(out, "{} pages, {} tokens, {} shards", facts["pages"], facts["tokens"], ranked.shards.len())?;
        let folder = runner.out.join(format!("rounds/{round:02}"));
        writeln!(out, "shards are in {}", folder.join("shards").display())?;
        if ranked.budgets.is_some() {
            for budget in facts["budgets"].as_array().into_iter().flatten() {
                writeln!(
                    out,
                    "  {:>15}: {} pages, {} tokens, the first {} shards, last score {}",
                    budget["token_budget"], budget["pages"], budget["tokens"], budget["shards"], budget["last_score"]
                )?;
            }
            writeln!(out, "budgets are in {}", folder.join("budgets.json").display())?;
        }
        Ok(())
    }
}
