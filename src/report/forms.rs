//! Formulas by the form in which pages have them.

use std::path::Path;

use arrow::array::{Int32Array, RecordBatch, StringArray};

use super::ReportError;
use super::data::FormLine;
use crate::forms::Form;
use crate::io::table::column;

/// A line a form, with nothing counted.
pub(super) fn none() -> Vec<FormLine> {
    Form::ALL.iter().map(|form| FormLine { form: form.name().to_owned(), ..FormLine::default() }).collect()
}

/// Counts rows of a table of forms that belong to pages which could be collected, each with whether it is.
pub(super) fn add(
    lines: &mut [FormLine],
    batch: &RecordBatch,
    ids: &StringArray,
    rows: &[(usize, bool)],
    path: &Path,
) -> Result<(), ReportError> {
    if column::<StringArray>(batch, "id", path)? != ids {
        return Err(ReportError::form(path, "its rows are not those of the page file"));
    }
    for line in lines {
        let counts: &Int32Array = column(batch, &line.form, path)?;
        for (row, collected) in rows {
            let formulas = u64::from(counts.value(*row).max(0).cast_unsigned());
            let pages = u64::from(formulas > 0);
            line.pages += pages;
            line.formulas += formulas;
            if *collected {
                line.collected += pages;
                line.collected_formulas += formulas;
            }
        }
    }
    Ok(())
}

/// The forms that there are, those with the most collected formulas first.
pub(super) fn told(mut lines: Vec<FormLine>) -> Vec<FormLine> {
    lines.retain(|line| line.formulas > 0);
    lines.sort_by_key(|line| std::cmp::Reverse((line.collected_formulas, line.formulas)));
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;

    use super::*;

    #[test]
    fn forms_are_counted_over_pages_that_take_part() {
        let ids = StringArray::from(vec!["a", "b", "c"]);
        let columns = Form::ALL.iter().map(|form| {
            let counts = match form {
                Form::MathMl => vec![5, 0, 7],
                Form::Inline => vec![0, 2, 9],
                _ => vec![0; 3],
            };
            (form.name(), Arc::new(Int32Array::from(counts)) as ArrayRef)
        });
        let id = ("id", Arc::new(ids.clone()) as ArrayRef);
        let batch = RecordBatch::try_from_iter([id].into_iter().chain(columns)).unwrap();
        let mut lines = none();
        add(&mut lines, &batch, &ids, &[(0, false), (1, true)], Path::new("forms")).unwrap();
        let told = told(lines);
        let line =
            |line: &FormLine| (line.form.clone(), line.pages, line.formulas, line.collected, line.collected_formulas);
        let want = [("inline_delimiters".to_owned(), 1, 2, 1, 2), ("mathml".to_owned(), 1, 5, 0, 0)];
        assert_eq!(told.iter().map(line).collect::<Vec<_>>(), want);
        let others = StringArray::from(vec!["a", "c", "b"]);
        assert!(add(&mut none(), &batch, &others, &[], Path::new("forms")).is_err());
    }
}
