//! What one round collected and another did not: pages, tokens, scores, domains.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array, Float64Array, StringArray};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, when};
use datafusion::prelude::{DataFrame, JoinType, col, lit};

use super::ReportError;
use super::figures::{numbers, shards};
use crate::io::query::Engine;
use crate::io::table::{Table, column};

/// Domains that are listed on either side.
const DOMAINS_MAX: usize = 20;
/// Pages named of each.
const SAMPLES_MAX: usize = 3;
/// Steps of the shift of scores, from −1 to 1.
const SHIFT_STEPS: usize = 2_000;

/// One of the two collections.
#[derive(Clone, Debug)]
pub struct Side {
    /// How it is called in the report.
    pub name: String,
    /// The folder of its round, `…/rounds/NN`.
    pub folder: PathBuf,
}

/// Pages and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Pages.
    pub pages: u64,
    /// Tokens of their texts.
    pub tokens: u64,
}

/// A page, for looking at.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// Its score.
    pub score: f64,
}

/// A domain that gained or lost pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Its name.
    pub domain: String,
    /// Pages that only the first has.
    pub lost: u64,
    /// Pages that only the second has.
    pub gained: u64,
    /// Some of those, best first.
    pub samples: Vec<Named>,
}

/// How scores differ on pages that both have: the second's less the first's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shift {
    /// The mean.
    pub mean: f64,
    /// The 5th, 25th, 50th, 75th and 95th of a hundred.
    pub quantiles: [f64; 5],
}

/// Two collections beside each other.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The names of the sides.
    pub names: [String; 2],
    /// What each has.
    pub all: [Amount; 2],
    /// What both have, by the tokens of the second.
    pub both: Amount,
    /// What only the first has.
    pub lost: Amount,
    /// What only the second has.
    pub gained: Amount,
    /// On pages that both have.
    pub shift: Option<Shift>,
    /// Domains that gained the most pages.
    pub gains: Vec<Change>,
    /// Domains that lost the most pages.
    pub losses: Vec<Change>,
}

impl Comparison {
    /// Which share of the second's pages the first has.
    #[must_use]
    pub fn pages_share(&self) -> f64 {
        self.both.pages as f64 / self.all[1].pages.max(1) as f64
    }

    /// Which share of the second's tokens the first has.
    #[must_use]
    pub fn tokens_share(&self) -> f64 {
        self.both.tokens as f64 / self.all[1].tokens.max(1) as f64
    }
}

/// The rows of a side, with names of its own.
fn side(engine: &Engine, folder: &Path, suffix: &str) -> Result<DataFrame, ReportError> {
    let files = shards(folder, 0)?;
    // A shard without rows has no row group to join.
    let mut filled = Vec::new();
    for file in files {
        if Table::open(&file)?.rows() > 0 {
            filled.push(file);
        }
    }
    let names = ["id", "domain", "score", "tokens", "title", "url"];
    let columns: Vec<Expr> = names.iter().map(|name| col(*name).alias(format!("{name}_{suffix}"))).collect();
    engine.table(&filled)?.select(columns).map_err(|source| engine.failed("shards")(source).into())
}

/// Both sides, a row a page that either has.
fn joined(engine: &Engine, sides: &[Side; 2]) -> Result<DataFrame, ReportError> {
    let (a, b) = (side(engine, &sides[0].folder, "a")?, side(engine, &sides[1].folder, "b")?);
    a.join(b, JoinType::Full, &["id_a"], &["id_b"], None)
        .map_err(|source| engine.failed("the join of the shards")(source).into())
}

/// Compares the shards of two rounds.
///
/// # Errors
/// A round is not there, or a file is damaged.
pub fn compare(sides: &[Side; 2], engine: &Engine) -> Result<Comparison, ReportError> {
    let all = joined(engine, sides)?;
    let mut comparison = Comparison { names: [0, 1].map(|at| sides[at].name.clone()), ..Comparison::default() };
    amounts(&mut comparison, &all, engine)?;
    comparison.gains = changes(&all, "gained", engine)?;
    comparison.losses = changes(&all, "lost", engine)?;
    Ok(comparison)
}

fn amounts(comparison: &mut Comparison, all: &DataFrame, engine: &Engine) -> Result<(), ReportError> {
    let path = Path::new("shards");
    let mut steps = vec![0u64; 2 * SHIFT_STEPS + 1];
    let mut shifts = 0i64;
    let columns = ["id_a", "id_b", "tokens_a", "tokens_b", "score_a", "score_b"];
    for batch in engine.rows("pages of both", || all.clone().select_columns(&columns))? {
        let batch = batch?;
        let id = ["id_a", "id_b"].map(|name| column::<StringArray>(&batch, name, path));
        let [id_a, id_b] = id;
        let (id_a, id_b) = (id_a?, id_b?);
        let tokens = [numbers(&batch, "tokens_a", path)?, numbers(&batch, "tokens_b", path)?];
        let score_a: &Float64Array = column(&batch, "score_a", path)?;
        let score_b: &Float64Array = column(&batch, "score_b", path)?;
        for row in 0..batch.num_rows() {
            let has = [id_a.is_valid(row), id_b.is_valid(row)];
            let of = |at: usize| tokens[at].value(row).max(0).cast_unsigned();
            for at in [0, 1].into_iter().filter(|at| has[*at]) {
                comparison.all[at].pages += 1;
                comparison.all[at].tokens += of(at);
            }
            let amount = match has {
                [true, true] => &mut comparison.both,
                [true, false] => &mut comparison.lost,
                _ => &mut comparison.gained,
            };
            amount.pages += 1;
            amount.tokens += of(usize::from(has[1]));
            if has == [true, true] {
                let shift = (score_b.value(row) - score_a.value(row)).clamp(-1.0, 1.0);
                let step = (shift * SHIFT_STEPS as f64).round() as i64;
                steps[(step + SHIFT_STEPS as i64) as usize] += 1;
                shifts += step;
            }
        }
    }
    let total = comparison.both.pages;
    if total > 0 {
        let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| {
            let wanted = ((total - 1) as f64 * share).round() as u64;
            let mut seen = 0;
            let step = steps.iter().position(|n| {
                seen += n;
                seen > wanted
            });
            (step.unwrap_or(SHIFT_STEPS) as f64 - SHIFT_STEPS as f64) / SHIFT_STEPS as f64
        });
        comparison.shift = Some(Shift { mean: shifts as f64 / SHIFT_STEPS as f64 / total as f64, quantiles });
    }
    Ok(())
}

/// The domains with the most pages gained or lost.
fn changes(all: &DataFrame, by: &str, engine: &Engine) -> Result<Vec<Change>, ReportError> {
    let (other, own) = if by == "gained" { ("a", "b") } else { ("b", "a") };
    let path = Path::new("shards");
    let grouped = || -> Result<DataFrame, DataFusionError> {
        let one_where = |missing: &str| when(col(missing).is_null(), lit(1i64)).otherwise(lit(0i64));
        let domain = when(col("domain_b").is_null(), col("domain_a")).otherwise(col("domain_b"))?;
        let rows = all.clone().select(vec![
            domain.alias("domain"),
            one_where("id_a")?.alias("gains"),
            one_where("id_b")?.alias("losses"),
        ])?;
        let sums = vec![sum(col("gains")).alias("gained"), sum(col("losses")).alias("lost")];
        let grouped = rows.aggregate(vec![col("domain")], sums)?.filter(col(by).gt(lit(0i64)))?;
        grouped.sort(vec![col(by).sort(false, false), col("domain").sort(true, false)])?.limit(0, Some(DOMAINS_MAX))
    };
    let mut changes = Vec::new();
    for batch in engine.rows("domains gained and lost", grouped)? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        let (gained, lost) = (numbers(&batch, "gained", path)?, numbers(&batch, "lost", path)?);
        changes.extend((0..batch.num_rows()).map(|row| Change {
            domain: domain.value(row).to_owned(),
            gained: gained.value(row).max(0).cast_unsigned(),
            lost: lost.value(row).max(0).cast_unsigned(),
            samples: Vec::new(),
        }));
    }
    let name = |column: &str| format!("{column}_{own}");
    let wanted: Vec<Expr> = changes.iter().map(|change| lit(change.domain.clone())).collect();
    if wanted.is_empty() {
        return Ok(changes);
    }
    let only = || -> Result<DataFrame, DataFusionError> {
        let rows = all.clone().filter(col(format!("id_{other}")).is_null())?;
        let rows = rows.filter(col(name("domain")).in_list(wanted, false))?;
        let rows =
            rows.select(["domain", "score", "title", "url"].map(|column| col(name(column)).alias(column)).to_vec())?;
        rows.sort(vec![col("score").sort(false, false), col("url").sort(true, false)])
    };
    let mut places: BTreeMap<String, &mut Change> =
        changes.iter_mut().map(|change| (change.domain.clone(), change)).collect();
    for batch in engine.rows("pages gained or lost", only)? {
        let batch = batch?;
        let text = |name: &str| column::<StringArray>(&batch, name, path);
        let (domain, title, url) = (text("domain")?, text("title")?, text("url")?);
        let score: &Float64Array = column(&batch, "score", path)?;
        for row in 0..batch.num_rows() {
            let Some(change) = places.get_mut(domain.value(row)) else { continue };
            if change.samples.len() < SAMPLES_MAX {
                change.samples.push(Named {
                    title: title.value(row).to_owned(),
                    url: url.value(row).to_owned(),
                    score: score.value(row),
                });
            }
        }
    }
    drop(places);
    Ok(changes)
}
