//! Which verdicts hold for a round, and whether somebody is still to be asked.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{BooleanArray, StringArray};

use super::{RoundError, Rounds};
use crate::config::{Annotate, Annotated, Unsettled};
use crate::domains::annotations::Annotations;
use crate::domains::files;
use crate::io::table::{Table, TableError, column};
use crate::recall::Verdicts;

/// Domains that a message names.
const NAMED_MAX: usize = 5;

/// The math-related domains of a round, those with most pages first.
fn math_related(path: &Path) -> Result<Vec<String>, TableError> {
    let mut found = Vec::new();
    for batch in Table::open(path)?.columns(&["domain", "math_related"])?.batches()? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        let related: &BooleanArray = column(&batch, "math_related", path)?;
        found.extend((0..batch.num_rows()).filter(|i| related.value(*i)).map(|i| domain.value(i).to_owned()));
    }
    Ok(found)
}

impl Rounds<'_> {
    /// The verdicts that hold for a round whose domains are known.
    pub(super) fn verdicts(&self, round: u32) -> Result<Verdicts, RoundError> {
        let (config, out) = (&self.config.domains, &self.runner.out);
        if !self.config.recall.enabled {
            return Ok(Verdicts::of(&Annotations::default(), None));
        }
        let annotations = files::read_held(config, out, round)?;
        let related = math_related(&self.folder(round).join("domains.parquet"))?;
        let file = files::path(out, round);
        let stops = match (config.annotate, self.config.rounds.unsettled) {
            (Annotate::Auto, _) | (_, Unsettled::Ignore) => false,
            (Annotate::Manual, Unsettled::Stop) => true,
            (Annotate::Manual, Unsettled::Ask) => config.annotations.is_empty() && !file.exists(),
        };
        let unsettled: Vec<&str> =
            related.iter().map(String::as_str).filter(|domain| stops && !annotations.settled(domain)).collect();
        if !unsettled.is_empty() {
            let mut named = unsettled[..unsettled.len().min(NAMED_MAX)].join(", ");
            if unsettled.len() > NAMED_MAX {
                named.push_str(", …");
            }
            return Err(RoundError::Unsettled { round, unsettled: unsettled.len(), named, file });
        }
        let within: BTreeSet<String> = related.into_iter().collect();
        Ok(Verdicts::of(&annotations, (config.annotated == Annotated::MathRelated).then_some(&within)))
    }
}
