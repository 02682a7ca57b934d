//! Streaming inflation of one gzip member or zstd frame: for those too large, cut off or damaged for libdeflate.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::deflate::crc32;
use super::magic::gzip_head;

/// The compressed bytes make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Corrupt;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Compressed bytes taken.
    pub(super) read: usize,
    /// Inflated bytes given.
    pub(super) written: usize,
    /// The member or frame is at its end and, as far as it says, right.
    pub(super) ended: bool,
}

/// The state between two steps.
pub(super) enum Inflater {
    Gzip(Box<Gzip>),
    Zstd(Decoder<'static>),
}

impl Inflater {
    /// For a gzip member, from its first byte.
    pub(super) fn gzip() -> Self {
        Self::Gzip(Box::new(Gzip { part: Part::Head, deflate: Decompress::new(false), crc: 0, length: 0 }))
    }

    /// For a zstd frame, from its first byte, under the file's dictionary (empty: none).
    pub(super) fn zstd(dictionary: &[u8]) -> std::io::Result<Self> {
        Decoder::with_dictionary(dictionary).map(Self::Zstd)
    }

    /// Makes ready for the next frame of the same file; `false` where only a new one will do.
    pub(super) fn restart(&mut self) -> bool {
        match self {
            Self::Gzip(_) => false,
            Self::Zstd(decoder) => decoder.reinit().is_ok(),
        }
    }

    /// Inflates what it can of `input` into `output`. Neither read nor written: it needs more input.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Corrupt> {
        match self {
            Self::Gzip(gzip) => gzip.step(input, output),
            Self::Zstd(decoder) => {
                let mut from = InBuffer::around(input);
                let mut to = OutBuffer::around(output);
                let hint = decoder.run(&mut from, &mut to).map_err(|_| Corrupt)?;
                Ok(Step { read: from.pos(), written: to.pos(), ended: hint == 0 })
            }
        }
    }
}

enum Part {
    Head,
    Body,
    Trailer,
}

/// A gzip member under way.
pub(super) struct Gzip {
    part: Part,
    deflate: Decompress,
    crc: u32,
    length: u32,
}

impl Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Corrupt> {
        let mut read = 0;
        if matches!(self.part, Part::Head) {
            match gzip_head(input)? {
                Some(length) => read = length,
                None => return Ok(Step { read: 0, written: 0, ended: false }),
            }
            self.part = Part::Body;
        }
        let mut written = 0;
        if matches!(self.part, Part::Body) {
            let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.decompress(&input[read..], output, FlushDecompress::None).map_err(|_| Corrupt)?;
            read += (self.deflate.total_in() - before_in) as usize;
            written = (self.deflate.total_out() - before_out) as usize;
            self.crc = crc32(self.crc, &output[..written]);
            self.length = self.length.wrapping_add(written as u32);
            if status == Status::StreamEnd {
                self.part = Part::Trailer;
            }
        }
        if matches!(self.part, Part::Trailer)
            && let Some(trailer) = input[read..].first_chunk::<8>()
        {
            let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
            if u32::from_le_bytes([c0, c1, c2, c3]) != self.crc || u32::from_le_bytes([l0, l1, l2, l3]) != self.length {
                return Err(Corrupt);
            }
            return Ok(Step { read: read + 8, written, ended: true });
        }
        Ok(Step { read, written, ended: false })
    }
}

#[cfg(test)]
mod tests {
    use super::super::deflate::Compressor;
    use super::*;

    /// Feeds `stored` in pieces of `piece` bytes, keeping what a step leaves.
    fn feed(mut inflater: Inflater, stored: &[u8], piece: usize) -> Result<(Vec<u8>, usize, bool), Corrupt> {
        let (mut out, mut used, mut shown) = (Vec::new(), 0, piece.min(stored.len()));
        loop {
            let mut room = [0; 37];
            let step = inflater.step(&stored[used..shown], &mut room)?;
            out.extend_from_slice(&room[..step.written]);
            used += step.read;
            if step.ended {
                return Ok((out, used, true));
            }
            if step.read == 0 && step.written == 0 {
                if shown == stored.len() {
                    return Ok((out, used, false));
                }
                shown = (shown + piece).min(stored.len());
            }
        }
    }

    #[test]
    fn both_formats_in_pieces_of_any_size() {
        let text = b"sine, cosine, tangent; ".repeat(50);
        let mut gzip = Vec::new();
        Compressor::new(6).unwrap().member(&text, &mut gzip);
        let zstd = zstd::encode_all(&text[..], 3).unwrap();
        for piece in [1, 2, 7, 19, 1000] {
            assert_eq!(feed(Inflater::gzip(), &gzip, piece), Ok((text.clone(), gzip.len(), true)), "gzip by {piece}");
            let read = feed(Inflater::zstd(&[]).unwrap(), &zstd, piece);
            assert_eq!(read, Ok((text.clone(), zstd.len(), true)), "zstd by {piece}");
        }
    }

    #[test]
    fn damage_is_seen_and_a_cut_is_no_damage() {
        let text = b"sine, cosine, tangent; ".repeat(50);
        let mut gzip = Vec::new();
        Compressor::new(6).unwrap().member(&text, &mut gzip);
        let (out, used, ended) = feed(Inflater::gzip(), &gzip[..gzip.len() - 3], 1000).unwrap();
        assert_eq!((out, used, ended), (text, gzip.len() - 8, false));
        let crc = gzip.len() - 8;
        gzip[crc] ^= 1;
        assert_eq!(feed(Inflater::gzip(), &gzip, 1000), Err(Corrupt));
    }
}
