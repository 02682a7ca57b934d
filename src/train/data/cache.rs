//! Tokens on disk: a file of tokens for a file of text, mapped into memory.
//!
//! ```text
//! "CBTOKENS"  u32 tokens …  (u32 0 to an even number)  documents …  footer
//! document: u64 its end among the tokens, u64 hashes of its text, address and domain (0 for none)
//! footer: documents u64, tokens u64, trained u64, key 32 hex digits, version u32, "CBTOKENS"
//! ```
//! All numbers are little-endian. A token's highest bit says that it is not to be learnt: a prompt, a tool's output.

use std::io::Write;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::exclusion::Identity;
use crate::io::atomic::AtomicFile;
use crate::train::error::{Result, TrainError};

const MAGIC: &[u8; 8] = b"CBTOKENS";
/// Raised when the form of the file changes.
pub const VERSION: u32 = 3;
/// Bytes of a document's entry.
const ENTRY: usize = 8 + 3 * 8;
const FOOTER: usize = 8 + 8 + 8 + 32 + 4 + 8;
/// The bit of a token that is read, not learnt.
pub const UNTRAINED: u32 = 1 << 31;
const EXPECTED: &str = "a file of tokens";

/// Writes a file of tokens, whole or not at all.
pub struct CacheWriter {
    file: AtomicFile,
    path: PathBuf,
    key: String,
    entries: Vec<(u64, Identity)>,
    tokens: u64,
    trained: u64,
}

impl CacheWriter {
    /// Begins a file. `key`, 32 hex digits, stands for all that its contents depend on.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path, key: &str) -> Result<Self> {
        let file = AtomicFile::create(path)?;
        let mut writer =
            Self { file, path: path.to_owned(), key: key.to_owned(), entries: Vec::new(), tokens: 0, trained: 0 };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(TrainError::append(&self.path))
    }

    /// Adds a document that nothing tells from others.
    ///
    /// # Errors
    /// The disk is full.
    pub fn push(&mut self, tokens: &[u32]) -> Result<()> {
        self.push_identified(tokens, Identity::default())
    }

    /// Adds a document.
    ///
    /// # Errors
    /// The disk is full.
    pub fn push_identified(&mut self, tokens: &[u32], identity: Identity) -> Result<()> {
        for token in tokens {
            self.put(&token.to_le_bytes())?;
        }
        self.tokens += tokens.len() as u64;
        self.trained += tokens.iter().filter(|token| **token & UNTRAINED == 0).count() as u64;
        self.entries.push((self.tokens, identity));
        Ok(())
    }

    /// Ends the file and puts it in its place.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> Result<()> {
        if self.tokens % 2 == 1 {
            self.put(&[0; 4])?;
        }
        let entries = std::mem::take(&mut self.entries);
        for (end, Identity { text, address, domain }) in &entries {
            for number in [end, text, address, domain] {
                self.put(&number.to_le_bytes())?;
            }
        }
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend((entries.len() as u64).to_le_bytes());
        footer.extend(self.tokens.to_le_bytes());
        footer.extend(self.trained.to_le_bytes());
        footer.extend(self.key.as_bytes());
        footer.extend(VERSION.to_le_bytes());
        footer.extend(MAGIC);
        self.put(&footer)?;
        Ok(self.file.commit()?)
    }
}

/// A file of tokens, mapped into memory.
#[derive(Debug)]
pub struct Cache {
    map: Mmap,
    documents: usize,
    tokens: u64,
    trained: u64,
    entries_at: usize,
    key: String,
}

impl Cache {
    /// Opens a file of tokens.
    ///
    /// # Errors
    /// It cannot be read, is of another version, or was cut.
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(TrainError::read(path))?;
        // SAFETY: the file is ours and never changed in place: it is written under another name, then renamed.
        let map = unsafe { Mmap::map(&file) }.map_err(TrainError::read(path))?;
        let wrong = |reason: String| TrainError::format(path, EXPECTED, reason);
        let footer = map.len().checked_sub(FOOTER).filter(|at| *at >= MAGIC.len()).and_then(|at| map.get(at..));
        let footer = footer.ok_or_else(|| wrong(format!("it has {} bytes only", map.len())))?;
        if !map.starts_with(MAGIC) || !footer.ends_with(MAGIC) {
            return Err(wrong("it does not begin and end as one: was it cut?".to_owned()));
        }
        let version = u32::from_le_bytes(footer[56..60].try_into().unwrap_or_default());
        if version != VERSION {
            return Err(wrong(format!("version {version}, this program reads {VERSION}")));
        }
        let (documents, tokens, trained) = (number(&footer[..8]), number(&footer[8..16]), number(&footer[16..24]));
        let key = String::from_utf8_lossy(&footer[24..56]).into_owned();
        let entries_at = tokens.checked_add(tokens % 2).and_then(|n| n.checked_mul(4)).and_then(|n| n.checked_add(8));
        let entries = documents.checked_mul(ENTRY as u64);
        let size = entries_at.and_then(|at| at.checked_add(entries?)?.checked_add(FOOTER as u64));
        if size != Some(map.len() as u64) {
            let said = size.map_or_else(|| "more".to_owned(), |n| n.to_string());
            return Err(wrong(format!("its counts ask for {said} bytes, it has {}", map.len())));
        }
        let entries_at = entries_at.unwrap_or_default() as usize;
        Ok(Self { documents: documents as usize, tokens, trained, entries_at, key, map })
    }

    /// What its contents were made of.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Documents in it.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// Tokens in it, and those of them to be learnt.
    #[must_use]
    pub fn tokens(&self) -> (u64, u64) {
        (self.tokens, self.trained)
    }

    /// Where document `index` ends, counted in tokens from the beginning.
    #[must_use]
    pub fn end(&self, index: usize) -> u64 {
        self.number(index, 0).map_or(self.tokens, |end| end.min(self.tokens))
    }

    /// What tells document `index` from others.
    #[must_use]
    pub fn identity(&self, index: usize) -> Identity {
        let hash = |place| self.number(index, place).unwrap_or_default();
        Identity { text: hash(1), address: hash(2), domain: hash(3) }
    }

    fn number(&self, index: usize, place: usize) -> Option<u64> {
        let at = self.entries_at + ENTRY * index + 8 * place;
        self.map.get(at..at + 8).map(number)
    }

    /// The tokens of a document, with their highest bits.
    #[must_use]
    pub fn document(&self, index: usize) -> Document<'_> {
        let begin = if index == 0 { 0 } else { self.end(index - 1) };
        let end = self.end(index).max(begin);
        let bytes = self.map.get(8 + 4 * begin as usize..8 + 4 * end as usize).unwrap_or_default();
        Document { bytes, len: bytes.len() / 4 }
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// The tokens of a document, or of a piece of one, as they stand in the file.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Document<'a> {
    /// Tokens in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The token at `index`, with its highest bit; of a piece also those that come after it in the document.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<u32> {
        let bytes = self.bytes.get(4 * index..4 * index + 4)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    }

    /// The piece of up to `len` tokens from `from` on.
    #[must_use]
    pub fn piece(&self, from: usize, len: usize) -> Document<'a> {
        let from = from.min(self.len);
        Document { bytes: self.bytes.get(4 * from..).unwrap_or_default(), len: len.min(self.len - from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(documents: &[&[u32]]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tokens");
        let mut writer = CacheWriter::create(&path, &"0123456789abcdef".repeat(2)).unwrap();
        for document in documents {
            let text = document.iter().map(|token| (token % 64 + 64) as u8 as char).collect::<String>();
            writer.push_identified(document, Identity::new(&text, Some("https://a.example.org/b"))).unwrap();
        }
        writer.finish().unwrap();
        (folder, path)
    }

    #[test]
    fn documents_come_back() {
        for documents in [&[][..], &[&[1, 2, 3][..]], &[&[1], &[], &[5 | UNTRAINED, 6]], &[&[], &[]]] {
            let (_folder, path) = written(documents);
            let cache = Cache::open(&path).unwrap();
            assert_eq!(cache.documents(), documents.len());
            for (i, want) in documents.iter().enumerate() {
                let found = cache.document(i);
                assert_eq!((0..found.len()).filter_map(|at| found.get(at)).collect::<Vec<_>>(), *want);
                let identity = cache.identity(i);
                assert_eq!(identity.domain, Identity::new("", Some("http://example.org")).domain);
                assert_eq!(identity.text == 0, want.is_empty());
            }
            let all = documents.iter().map(|d| d.len() as u64).sum::<u64>();
            assert_eq!(cache.tokens().0, all);
            assert_eq!(cache.key().len(), 32);
        }
        let (_folder, path) = written(&[&[1], &[5 | UNTRAINED, 6]]);
        assert_eq!(Cache::open(&path).unwrap().tokens(), (3, 2));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let (folder, path) = written(&[&[1, 2, 3], &[4]]);
        let whole = std::fs::read(&path).unwrap();
        let bad = folder.path().join("bad.tokens");
        let check = |bytes: &[u8], want: &str| {
            crate::io::atomic::write(&bad, bytes).unwrap();
            let message = Cache::open(&bad).unwrap_err().to_string();
            assert!(message.contains("bad.tokens: expected a file of tokens") && message.contains(want), "{message}");
        };
        check(b"", "0 bytes");
        for cut in [1, 20, whole.len() - 1] {
            check(&whole[..cut], if cut < FOOTER { "bytes only" } else { "was it cut" });
        }
        let mut other = whole.clone();
        let at = other.len() - 12;
        other[at] = 9;
        check(&other, "version 9, this program reads 3");
        let mut counts = whole.clone();
        let at = counts.len() - FOOTER;
        counts[at] = 3;
        check(&counts, "its counts ask for");
        counts[at..at + 8].fill(255);
        check(&counts, "its counts ask for more");
    }
}
