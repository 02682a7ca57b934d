//! Buffers that grow as far as asked for: over a source of stored bytes, and for inflated bytes.

use std::io::{self, ErrorKind, Read};

/// Bytes in order, looked at before they are taken.
pub(super) trait Buffer {
    /// The bytes at hand, from the current position.
    fn data(&self) -> &[u8];

    /// Gets at least `want` bytes at hand; says whether there are so many.
    fn fill(&mut self, want: usize) -> io::Result<bool>;

    /// Moves the position on by `n` of the bytes at hand.
    fn consume(&mut self, n: usize);

    /// Bytes before the current position.
    fn position(&self) -> u64;
}

/// A reused allocation: taken bytes, bytes at hand, free space.
#[derive(Default)]
pub(super) struct Stock {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    position: u64,
}

/// The most that a buffer is larger than it must be.
const SPARE: usize = 1 << 20;

impl Stock {
    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.position += n as u64;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Free space of at least `want` bytes after the bytes at hand.
    pub(super) fn space(&mut self, want: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < want && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() - self.end < want {
            // More than asked for, so that moves stay rare; zeroed once, then reused.
            self.bytes.resize(self.end + want + want.min(SPARE), 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Counts the first `n` bytes of the free space as at hand.
    pub(super) fn advance(&mut self, n: usize) {
        self.end = (self.end + n).min(self.bytes.len());
    }

    /// Drops what is at hand, counting it as passed.
    pub(super) fn clear(&mut self) {
        self.consume(self.end - self.start);
    }
}

/// The stored bytes of a file or stream, read ahead in large steps, never sought in.
pub(super) struct Window<R> {
    source: R,
    stock: Stock,
    ended: bool,
}

/// Bytes asked of the source at a time.
const STEP: usize = 1 << 20;

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, stock: Stock::default(), ended: false }
    }

    /// Whether the source has nothing beyond the bytes at hand.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

impl<R: Read> Buffer for Window<R> {
    fn data(&self) -> &[u8] {
        self.stock.data()
    }

    fn fill(&mut self, want: usize) -> io::Result<bool> {
        while self.stock.data().len() < want && !self.ended {
            let missing = want - self.stock.data().len();
            let space = self.stock.space(missing.max(STEP));
            match self.source.read(space) {
                Ok(0) => self.ended = true,
                Ok(n) => self.stock.advance(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.stock.data().len() >= want)
    }

    fn consume(&mut self, n: usize) {
        self.stock.consume(n);
    }

    fn position(&self) -> u64 {
        self.stock.position()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte a call, and an interruption before each.
    struct Dribble(Vec<u8>, bool);

    impl Read for Dribble {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() {
                return Ok(0);
            }
            out[0] = self.0.remove(0);
            Ok(1)
        }
    }

    #[test]
    fn bytes_come_in_order_and_are_counted() {
        let mut window = Window::new(Dribble(b"abcdef".to_vec(), false));
        assert!(window.fill(2).unwrap());
        assert_eq!((window.data(), window.position()), (&b"ab"[..], 0));
        window.consume(1);
        assert!(window.fill(3).unwrap());
        assert_eq!((window.data(), window.position()), (&b"bcd"[..], 1));
        assert!(!window.fill(100).unwrap());
        assert_eq!(window.data(), b"bcdef");
        assert!(window.ended());
        window.consume(100);
        assert_eq!((window.data(), window.position()), (&b""[..], 6));
    }
}
