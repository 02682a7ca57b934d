//! The reader: from stored bytes to items, over every format and past every damage.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

use super::deflate::{self, Decompressor};
use super::inflate::Inflater;
use super::magic::{Magic, SKIPPABLE_HEAD};
use super::plain::{End, Inflated, Plain};
use super::record::{Defect, Found, Frame, frame, seek_record};
use super::response::{Place, State, item};
use super::stored::{DICTIONARY_MAX, LOOKAHEAD, dictionary, seek_start};
use super::window::{Buffer, Window};
use super::{Damage, Item, ReadCaps, ReadError, RecordKind};
use crate::reject::Reject;

/// Reads a WARC file from any source of bytes; `name` is what its captures and errors call it.
pub fn read<R: Read>(source: R, name: Arc<str>, caps: ReadCaps) -> Reader<R> {
    Reader {
        name,
        caps,
        stored: Window::new(source),
        plain: Plain::new(),
        decompressor: None,
        dictionary: Vec::new(),
        at: At::Boundary,
        items: VecDeque::new(),
        done: false,
        records: 0,
        responses: 0,
        first_bytes: String::new(),
    }
}

/// Gives the [`Item`]s of a WARC file in order; after an error it gives no more.
pub struct Reader<R> {
    name: Arc<str>,
    caps: ReadCaps,
    stored: Window<R>,
    plain: Plain,
    decompressor: Option<Decompressor>,
    dictionary: Vec<u8>,
    at: At,
    items: VecDeque<Item>,
    done: bool,
    records: u64,
    responses: u64,
    first_bytes: String,
}

/// What the reader is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Between members: anything may begin here.
    Boundary,
    /// In a gzip member or zstd frame.
    Member,
    /// At an uncompressed record.
    Record,
}

/// First guess at what a member inflates to.
const MEMBER_BYTES: usize = 256 << 10;

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(Ok(item));
            }
            if self.done {
                return None;
            }
            let advanced = match self.at {
                At::Boundary => self.open(),
                At::Member => self.in_member(),
                At::Record => self.at_record(),
            };
            if let Err(error) = advanced {
                self.done = true;
                return Some(Err(error));
            }
        }
    }
}

impl<R: Read> Reader<R> {
    /// Records found so far, of any kind.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// `response` records found so far, whatever became of them.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.responses
    }

    /// Bytes read from the source and passed so far.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.stored.position()
    }

    /// Opens what begins at a boundary.
    fn open(&mut self) -> Result<(), ReadError> {
        self.fill_stored(LOOKAHEAD)?;
        let data = self.stored.data();
        if self.stored.position() == 0 {
            self.first_bytes = data[..data.len().min(16)].escape_ascii().to_string();
        }
        let blank = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.stored.consume(blank);
            return Ok(());
        }
        if data.is_empty() {
            return self.finish();
        }
        let offset = self.stored.position();
        match Magic::of(data) {
            Magic::Gzip => self.open_gzip(),
            Magic::Zstd => {
                self.plain.open(offset);
                if !self.plain.inflater.as_mut().is_some_and(Inflater::restart) {
                    let inflater = Inflater::zstd(&self.dictionary);
                    self.plain.inflater = Some(inflater.map_err(|_| ReadError::OutOfMemory { name: self.name() })?);
                }
                self.at = At::Member;
                Ok(())
            }
            Magic::Skippable { nibble, length } => self.skippable(nibble, length as usize),
            Magic::Warc => {
                self.at = At::Record;
                Ok(())
            }
            Magic::Lz4 if offset == 0 => Err(ReadError::Unsupported { name: self.name(), format: "LZ4" }),
            Magic::Arc if offset == 0 => Err(ReadError::Unsupported { name: self.name(), format: ARC }),
            _ => self.lost(),
        }
    }

    /// Inflates a gzip member in one go where it is at hand and fits, else gets ready to stream it.
    fn open_gzip(&mut self) -> Result<(), ReadError> {
        self.plain.open(self.stored.position());
        self.at = At::Member;
        if self.decompressor.is_none() {
            self.decompressor = Decompressor::new();
        }
        let Some(decompressor) = &mut self.decompressor else {
            return Err(ReadError::OutOfMemory { name: self.name() });
        };
        let mut room = MEMBER_BYTES;
        loop {
            let output = self.plain.stock.space(room);
            match decompressor.member(self.stored.data(), output) {
                deflate::Inflated::Whole { read, written } => {
                    self.plain.stock.advance(written);
                    (self.plain.used, self.plain.end) = (read, End::Clean);
                    return Ok(());
                }
                deflate::Inflated::NoRoom if output.len() < self.caps.record_bytes_max => {
                    room = (output.len() * 2).min(self.caps.record_bytes_max);
                }
                _ => {
                    self.plain.inflater = Some(Inflater::gzip());
                    return Ok(());
                }
            }
        }
    }

    /// Passes over a skippable zstd frame; the one that a file may begin with holds its dictionary.
    fn skippable(&mut self, nibble: u8, length: usize) -> Result<(), ReadError> {
        let first = self.stored.position() == 0;
        self.stored.consume(SKIPPABLE_HEAD);
        if first && nibble == 13 {
            let held = if length <= DICTIONARY_MAX && self.fill_stored(length)? {
                self.stored.data().get(..length)
            } else {
                None
            };
            let Some(dictionary) = held.and_then(dictionary) else {
                return Err(ReadError::BadDictionary { name: self.name(), bytes: length as u64 });
            };
            self.dictionary = dictionary;
        }
        let mut left = length;
        while left > 0 && self.fill_stored(1)? {
            let step = left.min(self.stored.data().len());
            self.stored.consume(step);
            left -= step;
        }
        Ok(())
    }

    /// Takes the next record of a member.
    fn in_member(&mut self) -> Result<(), ReadError> {
        let mut buffer = Inflated { plain: &mut self.plain, stored: &mut self.stored };
        let framed = frame(&mut buffer, &self.caps);
        match framed.map_err(|source| self.io_error(source))? {
            Frame::End => self.close(),
            Frame::Record(found) => self.member_record(found),
            Frame::Lost => {
                if self.records == 0 && self.plain.stock.data().starts_with(b"filedesc://") {
                    return Err(ReadError::Unsupported { name: self.name(), format: ARC });
                }
                self.seek_in_member(Damage::NoRecord)
            }
        }
    }

    /// Goes on at the next record of a member, or its end.
    fn seek_in_member(&mut self, what: Damage) -> Result<(), ReadError> {
        let mut buffer = Inflated { plain: &mut self.plain, stored: &mut self.stored };
        let offset = buffer.position();
        let length = seek_record(&mut buffer).map_err(|source| self.io_error(source))?;
        let told_at_close = self.plain.stock.data().is_empty() && self.plain.end != End::Clean;
        if !told_at_close {
            self.items.push_back(Item::Damaged { offset, length, what });
        }
        Ok(())
    }

    fn member_record(&mut self, found: Found) -> Result<(), ReadError> {
        if found.defect == Some(Defect::Cut) && self.plain.end == End::Clean {
            let goes_on = self.plain.goes_on(&mut self.stored, LOOKAHEAD);
            if goes_on.map_err(|source| self.io_error(source))? {
                // Framed again, with more of it.
                return Ok(());
            }
        }
        let data = self.plain.stock.data();
        let last = found.next >= data.len() && self.plain.end != End::Open;
        let only = last && self.plain.records == 0;
        let broken = matches!(self.plain.end, End::Corrupt | End::Cut);
        self.plain.records += 1;
        self.tally(found.head.kind);
        if last && broken && (only || found.defect == Some(Defect::Cut)) {
            return self.broken_record(&found, only);
        }

        let place = if only {
            Place { offset: self.plain.offset, length: self.member_length() }
        } else {
            Place { offset: self.plain.stock.position(), length: found.next as u64 }
        };
        let data = self.plain.stock.data();
        if found.defect == Some(Defect::TooLarge) {
            self.items.push_back(item(data, &found, place, TOO_LARGE, &self.name, &self.caps));
            self.plain.stock.consume(found.next);
            return self.seek_in_member(Damage::RecordTooLarge);
        }
        let at_end = self.stored.ended() && self.plain.used >= self.stored.data().len();
        let (state, what) = match found.defect {
            None => (State::Whole, None),
            Some(Defect::Cut) if at_end => (State::Cut, Some(Damage::Truncated)),
            Some(_) => (State::Whole, Some(Damage::WrongLength)),
        };
        self.items.push_back(item(data, &found, place, state, &self.name, &self.caps));
        if let Some(what) = what {
            let Place { offset, length } = place;
            self.items.push_back(Item::Damaged { offset, length, what });
        }
        self.plain.stock.consume(found.next);
        Ok(())
    }

    /// Gives what can be given of a record in which inflation broke off, and goes on behind it.
    fn broken_record(&mut self, found: &Found, only: bool) -> Result<(), ReadError> {
        let inflated = Place { offset: self.plain.stock.position(), length: self.plain.stock.data().len() as u64 };
        let (damaged, what) = self.leave_broken_member()?;
        let place = if only { damaged } else { inflated };
        let state = if what == Damage::Truncated { State::Cut } else { State::Unusable(Reject::DamagedRecord) };
        self.items.push_back(item(self.plain.stock.data(), found, place, state, &self.name, &self.caps));
        self.items.push_back(Item::Damaged { offset: damaged.offset, length: damaged.length, what });
        Ok(())
    }

    /// Leaves a member at its end.
    fn close(&mut self) -> Result<(), ReadError> {
        if self.plain.end == End::Clean {
            self.stored.consume(self.plain.used);
            self.at = At::Boundary;
        } else {
            let (Place { offset, length }, what) = self.leave_broken_member()?;
            self.items.push_back(Item::Damaged { offset, length, what });
        }
        Ok(())
    }

    /// Goes from a broken member to the next place where a record begins; says what was passed over and why.
    fn leave_broken_member(&mut self) -> Result<(Place, Damage), ReadError> {
        let held = self.stored.position();
        let reached = held + self.plain.used as u64;
        let offset = if self.plain.records > 1 { reached } else { self.plain.offset };
        let cut = self.plain.end == End::Cut;
        // Looked for from the start: what is corrupt may have been inflated beyond its end.
        let found = self.resync(usize::from(held == self.plain.offset))?;
        let length = self.stored.position().saturating_sub(offset);
        self.at = At::Boundary;
        Ok((Place { offset, length }, if cut && !found { Damage::Truncated } else { Damage::Corrupt }))
    }

    /// Takes an uncompressed record.
    fn at_record(&mut self) -> Result<(), ReadError> {
        self.at = At::Boundary;
        let framed = frame(&mut self.stored, &self.caps);
        let found = match framed.map_err(|source| self.io_error(source))? {
            Frame::End => return Ok(()),
            Frame::Lost => return self.lost(),
            Frame::Record(found) => found,
        };
        self.tally(found.head.kind);
        let offset = self.stored.position();
        let place = Place { offset, length: found.next as u64 };
        let (state, what) = match found.defect {
            None => (State::Whole, None),
            Some(Defect::WrongLength) => (State::Whole, Some(Damage::WrongLength)),
            Some(Defect::Cut) => (State::Cut, Some(Damage::Truncated)),
            Some(Defect::TooLarge) => (TOO_LARGE, Some(Damage::RecordTooLarge)),
        };
        self.items.push_back(item(self.stored.data(), &found, place, state, &self.name, &self.caps));
        self.stored.consume(found.next);
        if found.defect == Some(Defect::TooLarge) {
            self.resync(0)?;
        }
        if let Some(what) = what {
            self.items.push_back(Item::Damaged { offset, length: self.stored.position() - offset, what });
        }
        Ok(())
    }

    /// Goes on from where no record begins.
    fn lost(&mut self) -> Result<(), ReadError> {
        let offset = self.stored.position();
        self.resync(1)?;
        let length = self.stored.position() - offset;
        self.items.push_back(Item::Damaged { offset, length, what: Damage::NoRecord });
        Ok(())
    }

    /// Moves on, by `skip` bytes at least, to the next place where a record begins; `false` at the end of the file.
    fn resync(&mut self, skip: usize) -> Result<bool, ReadError> {
        self.stored.consume(skip);
        seek_start(&mut self.stored, &self.dictionary).map_err(|source| self.io_error(source))
    }

    /// Says at the end of a file that there was nothing in it.
    fn finish(&mut self) -> Result<(), ReadError> {
        self.done = true;
        let bytes = self.stored.position();
        if bytes == 0 {
            self.items.push_back(Item::Damaged { offset: 0, length: 0, what: Damage::Empty });
        } else if self.records == 0 {
            let found = std::mem::take(&mut self.first_bytes);
            return Err(ReadError::NotWarc { name: self.name(), bytes, found });
        }
        Ok(())
    }

    /// Stored bytes of the member at hand, once inflated to its end.
    fn member_length(&self) -> u64 {
        (self.stored.position() + self.plain.used as u64).saturating_sub(self.plain.offset)
    }

    fn tally(&mut self, kind: RecordKind) {
        self.records += 1;
        self.responses += u64::from(kind == RecordKind::Response);
    }

    fn fill_stored(&mut self, want: usize) -> Result<bool, ReadError> {
        self.stored.fill(want).map_err(|source| self.io_error(source))
    }

    fn io_error(&self, source: std::io::Error) -> ReadError {
        let offset = self.stored.position() + self.stored.data().len() as u64;
        ReadError::Io { name: self.name(), offset, source }
    }

    fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

const ARC: &str = "ARC, the format before WARC,";

const TOO_LARGE: State = State::Unusable(Reject::RecordTooLarge);

#[cfg(test)]
mod tests;
