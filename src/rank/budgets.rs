//! Several budgets to choose among: a smaller one is the first shards of a larger one, so no text is written twice.
//! `rounds/NN/budgets.json` names the shards of each and tells what they hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Int32Array, Int64Array, StringArray};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::lit;
use datafusion::prelude::{Expr, col};
use serde_json::{Value, json};

use super::{BudgetPlan, Error, Ranking};
use crate::io::query::Engine;
use crate::io::table::{column, write_file};
use crate::task::{Done, Input, Progress, Row, SPILL, Stage, Task, TaskError, TaskResult};

/// Raised when the same shards would give another file.
const VERSION: u32 = 1;
/// Domains that are named, those with the most tokens.
const DOMAINS_NAMED: usize = 20;

impl Ranking<'_> {
    /// One task; none where the configuration has no budgets to choose among.
    pub(super) fn budgets_stage(&self, cut: &Row, shards: &[Row]) -> Result<Stage<'_>, TaskError> {
        let mut tasks = Vec::new();
        if !self.rules.budgets.is_empty() {
            let plans: Vec<BudgetPlan> = serde_json::from_value(cut.facts["budgets"].clone()).map_err(|source| {
                TaskError::Failed { stage: cut.stage.clone(), task: cut.task.clone(), source: Box::new(source) }
            })?;
            let inputs = BTreeMap::from([("shards".to_owned(), Input::rows(shards))]);
            let files: Vec<PathBuf> =
                shards.iter().flat_map(|row| &row.outputs).map(|output| self.runner.out.join(&output.path)).collect();
            let run = Box::new(move |progress: &Progress| self.compose(&plans, &files, progress));
            tasks.push(Task { name: "budgets".to_owned(), inputs, run });
        }
        Ok(Stage::new(self.stage_name("budgets"), VERSION, &self.budgets(), tasks))
    }

    fn compose(&self, plans: &[BudgetPlan], files: &[PathBuf], progress: &Progress) -> TaskResult {
        let folder = self.folder();
        let engine = Engine::start(self.runner.memory, self.runner.threads, &self.runner.out.join(SPILL))?;
        let mut budgets = Vec::new();
        for plan in plans {
            let files = files.get(..plan.shards).unwrap_or(files);
            let names: Vec<String> = files
                .iter()
                .map(|file| file.strip_prefix(&folder).unwrap_or(file).to_string_lossy().into_owned())
                .collect();
            let mut told = json!({
                "token_budget": plan.token_budget, "pages": plan.pages, "tokens": plan.tokens,
                "last_score": plan.last_score, "shards": names,
            });
            if !files.is_empty() {
                composition(&engine, files, &mut told)?;
            }
            budgets.push(told);
            progress.items(1);
        }
        let text = serde_json::to_vec_pretty(&json!({ "round": self.round, "budgets": budgets }))?;
        let written = write_file(&folder.join("budgets.json"), &text, 0)?;
        Ok(Done { outputs: vec![written], facts: json!({ "budgets": budgets.len() }), ..Done::default() })
    }
}

/// Adds what some shards hold: pages, tokens and formulas by language, the round that first collected them, domains.
fn composition(engine: &Engine, files: &[PathBuf], told: &mut Value) -> Result<(), Error> {
    let path = Path::new("the shards of a budget");
    let by = |key: &str, order: Vec<Expr>| -> Result<_, Error> {
        let table = engine.table(files)?;
        let key = key.to_owned();
        Ok(engine.rows("what shards hold", move || {
            let sums = vec![
                count(lit(1)).alias("pages"),
                sum(col("tokens")).alias("tokens_sum"),
                sum(col("formulas")).alias("formulas_sum"),
            ];
            let order = order.into_iter().map(|by| by.sort(false, false));
            let order = order.chain([col(&key).sort(true, false)]).collect();
            table.select_columns(&[&key, "tokens", "formulas"])?.aggregate(vec![col(&key)], sums)?.sort(order)
        })?)
    };
    let figures = |batch: &arrow::array::RecordBatch, i: usize| -> Result<Value, Error> {
        let number = |name: &str| Ok::<i64, Error>(column::<Int64Array>(batch, name, path)?.value(i));
        let (pages, tokens, formulas) = (number("pages")?, number("tokens_sum")?, number("formulas_sum")?);
        Ok(json!({ "pages": pages, "tokens": tokens, "formulas": formulas }))
    };
    let mut languages = serde_json::Map::new();
    for batch in by("language", Vec::new())? {
        let batch = batch?;
        let language: &StringArray = column(&batch, "language", path)?;
        for i in 0..batch.num_rows() {
            languages.insert(language.value(i).to_owned(), figures(&batch, i)?);
        }
    }
    let mut rounds = serde_json::Map::new();
    for batch in by("round_collected", Vec::new())? {
        let batch = batch?;
        let round: &Int32Array = column(&batch, "round_collected", path)?;
        for i in 0..batch.num_rows() {
            rounds.insert(round.value(i).to_string(), figures(&batch, i)?);
        }
    }
    let (mut domains, mut named) = (0u64, Vec::new());
    for batch in by("domain", vec![col("tokens_sum")])? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        domains += batch.num_rows() as u64;
        for i in 0..batch.num_rows().min(DOMAINS_NAMED - named.len()) {
            let mut of_domain = figures(&batch, i)?;
            of_domain["domain"] = domain.value(i).into();
            named.push(of_domain);
        }
    }
    told["languages"] = languages.into();
    told["round_collected"] = rounds.into();
    told["domains"] = domains.into();
    told["top_domains"] = named.into();
    Ok(())
}
