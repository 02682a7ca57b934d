//! Which pages of the crawl may be drawn as negatives: tables with a row a page, in the order of the page files.

use std::path::PathBuf;

use arrow::array::{Array, BooleanArray, StringArray};

use crate::io::table::{Batches, Table, column};
use crate::page::PageId;
use crate::task::{Artifact, Input};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Which pages may be drawn.
#[derive(Clone, Copy, Debug)]
pub enum Eligible<'a> {
    /// All of them.
    All,
    /// Those that deduplication keeps: one table, the column `keep`.
    Survivors(&'a Artifact),
    /// Those that the round before leaves: a table a page file, the column `negative`, which is null for pages that take
    /// no part.
    Left(&'a [Artifact]),
}

impl Eligible<'_> {
    /// The tables as an input of a task.
    pub(super) fn input(&self) -> Option<(String, Input)> {
        match self {
            Self::All => None,
            Self::Survivors(table) => Some(("survivors".to_owned(), table.input.clone())),
            Self::Left(tables) => Some(("eligible".to_owned(), Artifact::all(tables))),
        }
    }

    /// Reads them page by page.
    pub(super) fn open(&self) -> Keep {
        let (tables, flag) = match self {
            Self::All => return Keep { paths: None, flag: "keep", batches: None, batch: None, at: 0 },
            Self::Survivors(table) => (std::slice::from_ref(*table), "keep"),
            Self::Left(tables) => (*tables, "negative"),
        };
        let mut paths: Vec<PathBuf> = tables.iter().map(|table| table.path.clone()).collect();
        paths.reverse();
        Keep { paths: Some(paths), flag, batches: None, batch: None, at: 0 }
    }
}

/// The columns `id` and the flag, row by row; all kept where there is no table.
pub(super) struct Keep {
    /// Those to come, the next one last.
    paths: Option<Vec<PathBuf>>,
    flag: &'static str,
    batches: Option<(PathBuf, Batches)>,
    batch: Option<(StringArray, BooleanArray)>,
    at: usize,
}

impl Keep {
    pub(super) fn misaligned(&self) -> Error {
        let path = self.batches.as_ref().map(|(path, _)| path.display().to_string()).unwrap_or_default();
        format!("{path}: not of these pages; run what makes it again").into()
    }

    /// Makes the next batch the current one; false where there is none.
    fn advance(&mut self) -> Result<bool, Error> {
        let Some(paths) = &mut self.paths else { return Ok(false) };
        loop {
            if let Some((path, batches)) = &mut self.batches
                && let Some(batch) = batches.next()
            {
                let batch = batch?;
                let ids: &StringArray = column(&batch, "id", path)?;
                self.batch = Some((ids.clone(), column::<BooleanArray>(&batch, self.flag, path)?.clone()));
                self.at = 0;
                return Ok(true);
            }
            let Some(path) = paths.pop() else { return Ok(false) };
            let batches = Table::open(&path)?.columns(&["id", self.flag])?.batches()?;
            self.batches = Some((path, batches));
        }
    }

    /// Whether the next page, which has this id, may be drawn; `None` where it takes no part.
    pub(super) fn next(&mut self, id: PageId) -> Result<Option<bool>, Error> {
        if self.paths.is_none() {
            return Ok(Some(true));
        }
        while self.batch.as_ref().is_none_or(|(ids, _)| self.at >= ids.len()) {
            if !self.advance()? {
                return Err(self.misaligned());
            }
        }
        let Some((ids, keep)) = &self.batch else { return Err(self.misaligned()) };
        self.at += 1;
        let same = ids.value(self.at - 1).parse() == Ok(id);
        if !same {
            return Err(self.misaligned());
        }
        let (valid, value) = (keep.is_valid(self.at - 1), keep.value(self.at - 1));
        // A page that deduplication drops takes no part.
        Ok((valid && (value || self.flag != "keep")).then_some(value))
    }

    /// Whether all rows were taken.
    pub(super) fn ended(&mut self) -> Result<bool, Error> {
        loop {
            if self.batch.as_ref().is_some_and(|(ids, _)| self.at < ids.len()) {
                return Ok(false);
            }
            if !self.advance()? {
                return Ok(true);
            }
        }
    }
}
