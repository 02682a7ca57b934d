//! Stored bytes between members: where a record begins after damage, and a zstd file's dictionary.

use std::io::{self, Read};

use super::magic::Magic;
use super::window::{Buffer, Window};

/// Stored bytes at hand before a member is opened: most members fit, so that libdeflate sees them whole, and so does a
/// zstd block.
pub(super) const LOOKAHEAD: usize = 256 << 10;

/// The largest dictionary that is read.
pub(super) const DICTIONARY_MAX: usize = 64 << 20;

/// Moves on to the next place where a record begins; `false` at the end of the file.
pub(super) fn seek_start<R: Read>(stored: &mut Window<R>, dictionary: &[u8]) -> io::Result<bool> {
    loop {
        stored.fill(LOOKAHEAD)?;
        let data = stored.data();
        let mut pass = data.len();
        // The first bytes of gzip, zstd and plain records.
        for at in memchr::memchr3_iter(0x1f, 0x28, b'W', data) {
            if data.len() - at < LOOKAHEAD && !stored.ended() {
                pass = at;
                break;
            }
            let on_line = data[at] != b'W' || at == 0 || data[at - 1] == b'\n';
            if on_line && Magic::opens_a_record(&data[at..], dictionary) {
                stored.consume(at);
                return Ok(true);
            }
        }
        let at_end = stored.ended() && pass == data.len();
        stored.consume(pass);
        if at_end {
            return Ok(false);
        }
    }
}

/// The dictionary that a frame holds, itself compressed or not; `None` where it can't be inflated.
pub(super) fn dictionary(held: &[u8]) -> Option<Vec<u8>> {
    if Magic::of(held) != Magic::Zstd {
        return Some(held.to_vec());
    }
    let mut dictionary = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(held).ok()?;
    decoder.take(DICTIONARY_MAX as u64).read_to_end(&mut dictionary).ok()?;
    Some(dictionary)
}
