//! The inflated bytes of one gzip member or zstd frame, buffered as far as asked for.

use std::io::{self, Read};

use super::inflate::Inflater;
use super::magic::Magic;
use super::window::{Buffer, Stock, Window};

/// How far inflation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There may be more.
    Open,
    /// The member is whole and its checksum right.
    Clean,
    /// The compressed bytes are corrupt.
    Corrupt,
    /// The file ends within the member.
    Cut,
}

/// A member or frame: what it inflates to, and how much of the stored bytes it took.
pub(super) struct Plain {
    pub(super) stock: Stock,
    pub(super) inflater: Option<Inflater>,
    pub(super) end: End,
    /// Where the member begins in the file.
    pub(super) offset: u64,
    /// Bytes of the window that it took.
    pub(super) used: usize,
    /// Records found in it.
    pub(super) records: u64,
    /// Members that it went on with.
    joined: u32,
}

/// Stored bytes kept from a member's start on, to look for another start in them should it prove corrupt.
const HOLD: usize = 4 << 20;

/// Inflated bytes asked for at a time.
const STEP: usize = 128 << 10;

/// Stored bytes that must have let inflation go on: more than a zstd block or a sane gzip head.
const STUCK: usize = 1 << 20;

/// Members that one record may be spread over: each costs another look at all of it.
const JOINED_MAX: u32 = 4096;

impl Plain {
    pub(super) fn new() -> Self {
        Self { stock: Stock::default(), inflater: None, end: End::Clean, offset: 0, used: 0, records: 0, joined: 0 }
    }

    /// Makes ready for the member that begins at the stored `offset`.
    pub(super) fn open(&mut self, offset: u64) {
        self.stock.clear();
        (self.end, self.offset, self.used, self.records, self.joined) = (End::Open, offset, 0, 0, 0);
    }

    /// Goes on with another gzip member that begins no record, if one follows: some writers spread a
    /// record over several members.
    pub(super) fn goes_on<R: Read>(&mut self, stored: &mut Window<R>, lookahead: usize) -> io::Result<bool> {
        stored.fill(self.used + lookahead)?;
        let next = stored.data().get(self.used..).unwrap_or_default();
        let goes_on = self.end == End::Clean
            && self.joined < JOINED_MAX
            && Magic::of(next) == Magic::Gzip
            && !Magic::opens_a_record(next, &[]);
        if goes_on {
            self.inflater = Some(Inflater::gzip());
            self.end = End::Open;
            self.joined += 1;
        }
        Ok(goes_on)
    }

    fn inflate<R: Read>(&mut self, stored: &mut Window<R>) -> io::Result<()> {
        let Some(inflater) = &mut self.inflater else {
            self.end = End::Corrupt;
            return Ok(());
        };
        if self.used > HOLD {
            stored.consume(self.used);
            self.used = 0;
        }
        let input = stored.data().get(self.used..).unwrap_or_default();
        let room = self.stock.space(STEP);
        let Ok(step) = inflater.step(input, room) else {
            self.end = End::Corrupt;
            return Ok(());
        };
        self.used += step.read;
        self.stock.advance(step.written);
        if step.ended {
            self.end = End::Clean;
        } else if step.read == 0 && step.written == 0 {
            if input.len() > STUCK {
                self.end = End::Corrupt;
            } else if !stored.fill(stored.data().len() + 1)? {
                self.end = End::Cut;
            }
        }
        Ok(())
    }
}

/// A [`Plain`] with the window that it inflates from.
pub(super) struct Inflated<'a, R> {
    pub(super) plain: &'a mut Plain,
    pub(super) stored: &'a mut Window<R>,
}

impl<R: Read> Buffer for Inflated<'_, R> {
    fn data(&self) -> &[u8] {
        self.plain.stock.data()
    }

    fn fill(&mut self, want: usize) -> io::Result<bool> {
        while self.plain.stock.data().len() < want && self.plain.end == End::Open {
            self.plain.inflate(self.stored)?;
        }
        Ok(self.plain.stock.data().len() >= want)
    }

    fn consume(&mut self, n: usize) {
        self.plain.stock.consume(n);
    }

    fn position(&self) -> u64 {
        self.plain.stock.position()
    }
}
