//! Scalars as TensorBoard reads them: a file of records, each a length, its checksum, an event, its checksum.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::{Result, TrainError};

/// An event file being written. It grows with the run: a log, not a result.
pub struct Events {
    file: File,
    path: PathBuf,
}

impl Events {
    /// Begins a file in `folder`; each start of a run has its own, from the step that it begins at.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(folder: &Path, step: u64) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(TrainError::append(folder))?;
        let seconds = now() as u64;
        let path = folder.join(format!("events.out.tfevents.{seconds}.{step:08}"));
        let file = File::options().create(true).append(true).open(&path).map_err(TrainError::append(&path))?;
        let mut events = Self { file, path };
        // Event { wall_time: 1, file_version: 3 }
        let mut event = double(1, now());
        event.extend(bytes(3, b"brain.Event:2"));
        events.record(&event)?;
        Ok(events)
    }

    /// Writes the values of a step.
    ///
    /// # Errors
    /// The disk is full.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in values {
            // Summary.Value { tag: 1, simple_value: 2 }
            let mut one = bytes(1, tag.as_bytes());
            one.push(2 << 3 | 5);
            one.extend((*value as f32).to_le_bytes());
            summary.extend(bytes(1, &one));
        }
        // Event { wall_time: 1, step: 2, summary: 5 }
        let mut event = double(1, now());
        event.push(2 << 3);
        event.extend(varint(step));
        event.extend(bytes(5, &summary));
        self.record(&event)
    }

    fn record(&mut self, event: &[u8]) -> Result<()> {
        let length = (event.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(event);
        record.extend(masked(event).to_le_bytes());
        self.file.write_all(&record).map_err(TrainError::append(&self.path))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The checksum of a record, turned and shifted as the format asks.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

fn double(field: u8, value: f64) -> Vec<u8> {
    let mut out = vec![field << 3 | 1];
    out.extend(value.to_le_bytes());
    out
}

fn bytes(field: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    out.extend(varint(data.len() as u64));
    out.extend(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_their_lengths_and_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = Events::create(folder.path(), 3).unwrap();
        events.scalars(300, &[("loss", 2.5), ("rate", 1e-4)]).unwrap();
        let data = std::fs::read(&events.path).unwrap();
        let (mut at, mut records) = (0, Vec::new());
        while at < data.len() {
            let length: [u8; 8] = data[at..at + 8].try_into().unwrap();
            let size = u64::from_le_bytes(length) as usize;
            assert_eq!(masked(&length).to_le_bytes(), data[at + 8..at + 12]);
            let event = &data[at + 12..at + 12 + size];
            assert_eq!(masked(event).to_le_bytes(), data[at + 12 + size..at + 16 + size]);
            records.push(event.to_vec());
            at += 16 + size;
        }
        assert_eq!(records.len(), 2);
        assert!(records[0].ends_with(b"brain.Event:2"));
        // Field 2, the step, 300 as a varint.
        assert_eq!(records[1][9..12], [0x10, 0xac, 0x02]);
        assert!(records[1].windows(4).any(|window| window == b"loss"));
        assert!(records[1].windows(4).any(|window| window == 2.5f32.to_le_bytes()));
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    }
}
