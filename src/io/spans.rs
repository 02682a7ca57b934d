//! A column of byte ranges: a list of `begin` and `end` a row.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use arrow::error::ArrowError;

fn fields() -> Fields {
    Fields::from(vec![Field::new("begin", DataType::Int64, false), Field::new("end", DataType::Int64, false)])
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(fields()), false))
}

/// The type of such a column.
#[must_use]
pub fn data_type() -> DataType {
    DataType::List(item())
}

/// Gathers the ranges of rows.
#[derive(Debug, Default)]
pub struct SpansBuilder {
    lengths: Vec<usize>,
    begin: Vec<i64>,
    end: Vec<i64>,
}

impl SpansBuilder {
    /// Adds those of a row.
    pub fn push(&mut self, spans: &[Range<usize>]) {
        self.lengths.push(spans.len());
        self.begin.extend(spans.iter().map(|span| span.start as i64));
        self.end.extend(spans.iter().map(|span| span.end as i64));
    }

    /// The column, leaving the builder empty.
    ///
    /// # Errors
    /// Never for columns within Arrow's limits.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let take = |values: &mut Vec<i64>| Arc::new(Int64Array::from(std::mem::take(values))) as ArrayRef;
        let spans = StructArray::try_new(fields(), vec![take(&mut self.begin), take(&mut self.end)], None)?;
        let offsets = OffsetBuffer::from_lengths(std::mem::take(&mut self.lengths));
        Ok(Arc::new(ListArray::try_new(item(), offsets, Arc::new(spans), None)?))
    }
}

/// The ranges of a row.
#[must_use]
pub fn of_row(column: &ListArray, row: usize) -> Vec<Range<usize>> {
    let spans = column.value(row);
    let Some(spans) = spans.as_any().downcast_ref::<StructArray>() else { return Vec::new() };
    let numbers = |i: usize| spans.column(i).as_primitive::<Int64Type>().values().to_vec();
    numbers(0).into_iter().zip(numbers(1)).map(|(begin, end)| begin as usize..end as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_back() {
        let rows: [&[Range<usize>]; 3] = [&[1..4, 9..12], &[], &[0..1]];
        let mut builder = SpansBuilder::default();
        rows.iter().for_each(|spans| builder.push(spans));
        let column = builder.finish().unwrap();
        assert_eq!(column.data_type(), &data_type());
        let lists = column.as_list::<i32>();
        let found: Vec<Vec<Range<usize>>> = (0..lists.len()).map(|row| of_row(lists, row)).collect();
        assert_eq!(found, rows);
        assert_eq!(builder.finish().unwrap().len(), 0);
    }
}
