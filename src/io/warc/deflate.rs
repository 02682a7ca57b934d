//! libdeflate, made safe: whole gzip members in one call, several times as fast as streaming.

use std::ptr::NonNull;

use libdeflate_sys as ffi;

/// What one attempt at a gzip member came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    /// The whole member: compressed bytes it took, bytes it gave. Its checksum is right.
    Whole {
        /// Compressed bytes taken.
        read: usize,
        /// Inflated bytes given.
        written: usize,
    },
    /// The member holds more than the output has room for.
    NoRoom,
    /// Corrupt, or its end is not in the input.
    Bad,
}

/// A reusable decompressor of gzip members.
pub(super) struct Decompressor(NonNull<ffi::libdeflate_decompressor>);

// SAFETY: the pointer is owned by this value alone and libdeflate keeps no thread-local state.
unsafe impl Send for Decompressor {}

impl Decompressor {
    /// `None` when there is no memory for it.
    pub(super) fn new() -> Option<Self> {
        // SAFETY: takes no arguments; a null result is handled.
        NonNull::new(unsafe { ffi::libdeflate_alloc_decompressor() }).map(Self)
    }

    /// Inflates the gzip member at the start of `input`.
    pub(super) fn member(&mut self, input: &[u8], output: &mut [u8]) -> Inflated {
        let (mut read, mut written) = (0, 0);
        // SAFETY: both buffers are valid for the lengths given, the decompressor lives, the out-pointers are valid.
        let result = unsafe {
            ffi::libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
                &raw mut read,
                &raw mut written,
            )
        };
        match result {
            ffi::libdeflate_result_LIBDEFLATE_SUCCESS => Inflated::Whole { read, written },
            ffi::libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE => Inflated::NoRoom,
            _ => Inflated::Bad,
        }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: allocated by libdeflate, freed once.
        unsafe { ffi::libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}

/// A reusable compressor of gzip members; the same input gives the same bytes, without time or file name.
pub(super) struct Compressor(NonNull<ffi::libdeflate_compressor>);

// SAFETY: as for `Decompressor`.
unsafe impl Send for Compressor {}

impl Compressor {
    /// `None` when there is no memory for it. `level` runs from 0 (stored) to 12 (smallest).
    pub(super) fn new(level: i32) -> Option<Self> {
        // SAFETY: an invalid level gives null, which is handled.
        NonNull::new(unsafe { ffi::libdeflate_alloc_compressor(level) }).map(Self)
    }

    /// Writes `input` as one gzip member into `output`, replacing what it held.
    pub(super) fn member(&mut self, input: &[u8], output: &mut Vec<u8>) {
        // SAFETY: the compressor lives.
        let bound = unsafe { ffi::libdeflate_gzip_compress_bound(self.0.as_ptr(), input.len()) };
        output.clear();
        output.resize(bound, 0);
        // SAFETY: both buffers are valid for the lengths given; with `bound` bytes the call cannot run out of room.
        let written = unsafe {
            ffi::libdeflate_gzip_compress(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
            )
        };
        output.truncate(written);
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: allocated by libdeflate, freed once.
        unsafe { ffi::libdeflate_free_compressor(self.0.as_ptr()) }
    }
}

/// The CRC-32 of gzip, carried on from `crc` (0 at the start).
pub(super) fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    // SAFETY: the buffer is valid for its length.
    unsafe { ffi::libdeflate_crc32(crc, bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_comes_back_and_its_end_is_known() {
        let text = b"to be or not to be, that is the question: to be".repeat(20);
        let mut member = Vec::new();
        Compressor::new(6).unwrap().member(&text, &mut member);
        let whole = Inflated::Whole { read: member.len(), written: text.len() };
        let mut decompressor = Decompressor::new().unwrap();
        let mut output = vec![0; text.len()];
        let mut stored = member.clone();
        stored.extend_from_slice(b"what follows");
        assert_eq!(decompressor.member(&stored, &mut output), whole);
        assert_eq!(output, text);
        assert_eq!(decompressor.member(&stored, &mut output[..100]), Inflated::NoRoom);
        assert_eq!(decompressor.member(&member[..member.len() - 1], &mut output), Inflated::Bad);
        stored[member.len() - 6] ^= 1;
        assert_eq!(decompressor.member(&stored, &mut output), Inflated::Bad);
    }

    #[test]
    fn crc_is_that_of_gzip() {
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }
}
