//! What is wanted of an index in a round: what its annotations accept, in the domains where they hold.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{BooleanArray, StringArray};

use super::wanted::Wanted;
use crate::config::{Annotated, Domains};
use crate::domains::files::{self, FileError};
use crate::io::table::{Table, TableError, column};

/// What is wanted of an index cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum VerdictsError {
    /// A file of annotations cannot be used.
    #[error(transparent)]
    Annotations(#[from] FileError),
    /// The table of domains cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What is wanted after a round; `None` where nothing is annotated. Annotations hold in the round's mathematical domains,
/// unless `domains.annotated` says in all, or the domains were not analysed.
///
/// # Errors
/// Annotations or the table of domains cannot be read.
pub fn of_round(rules: &Domains, out: &Path, round: u32) -> Result<Option<Wanted>, VerdictsError> {
    if files::held(rules, out, round).is_empty() {
        return Ok(None);
    }
    let annotations = files::read_held(rules, out, round)?;
    let domains = match rules.annotated {
        Annotated::MathRelated => math_related(&out.join(format!("rounds/{round:02}/domains.parquet")))?,
        Annotated::All => None,
    };
    Ok(Some(Wanted::new(annotations, domains)))
}

/// The mathematical domains of a round; `None` where they are not known.
fn math_related(path: &Path) -> Result<Option<BTreeSet<String>>, TableError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut found = BTreeSet::new();
    for batch in Table::open(path)?.columns(&["domain", "math_related"])?.batches()? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        let related: &BooleanArray = column(&batch, "math_related", path)?;
        let names = domain.iter().zip(related).filter(|(_, related)| *related == Some(true));
        found.extend(names.filter_map(|(name, _)| name.map(str::to_owned)));
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::RecordBatch;

    use super::*;
    use crate::config::parse;
    use crate::io::atomic;
    use crate::io::table::TableWriter;

    #[test]
    fn annotations_hold_in_mathematical_domains_or_in_all() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let rules = |annotated: &str| {
            let sets = ["output.dir = \"o\"".to_owned(), format!("domains.annotated = \"{annotated}\"")];
            parse(toml::Table::new(), &sets).unwrap().domains
        };
        let entries =
            |annotated, round| of_round(&rules(annotated), out, round).unwrap().map(|wanted| wanted.entries());
        assert_eq!(entries("all", 1), None);
        let text =
            "[[domain]]\nname = \"a.org\"\nprefixes = [\"/\"]\n[[domain]]\nname = \"b.org\"\nprefixes = [\"/\"]\n";
        atomic::write(files::path(out, 1), text).unwrap();
        assert_eq!(entries("math_related", 1), Some(2), "the domains are not known");
        let batch = RecordBatch::try_from_iter([
            ("domain", Arc::new(StringArray::from(vec!["a.org", "b.org"])) as _),
            ("math_related", Arc::new(BooleanArray::from(vec![true, false])) as _),
        ]);
        let batch = batch.unwrap();
        let mut writer = TableWriter::create(&out.join("rounds/01/domains.parquet"), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        assert_eq!((entries("math_related", 1), entries("all", 1)), (Some(1), Some(2)));
        assert_eq!(entries("math_related", 2), Some(2));
    }
}
