//! Linear memories.

use std::sync::{Arc, Mutex, MutexGuard};

use wasmparser::MemoryType;

const PAGE: u64 = 65536;

/// A memory. Clones have the same bytes; a shared memory has clones in other threads.
#[derive(Clone)]
pub struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// The maximum number of pages, whatever the memory's type says.
    limit: u64,
    pub maximum: Option<u64>,
    pub is_64: bool,
    pub is_shared: bool,
}

/// The error for a range that is not inside a memory or segment.
pub struct OutOfBounds;

impl Memory {
    /// Makes a memory that may never have more than `limit` pages. None if its initial
    /// size is larger.
    pub fn new(of: &MemoryType, limit: u64) -> Option<Memory> {
        if of.initial > limit {
            return None;
        }
        Some(Memory {
            bytes: Arc::new(Mutex::new(vec![0; (of.initial * PAGE) as usize])),
            limit,
            maximum: of.maximum,
            is_64: of.memory64,
            is_shared: of.shared,
        })
    }

    /// Each operation holds the lock while it runs, so it is atomic for other threads.
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().expect("no operation panics")
    }

    /// The size in pages.
    pub fn size(&self) -> u64 {
        self.bytes().len() as u64 / PAGE
    }

    /// Grows the memory, and returns its old size. None if it cannot grow that much.
    pub fn grow(&self, pages: u64) -> Option<u64> {
        let mut bytes = self.bytes();
        let before = bytes.len() as u64 / PAGE;
        let after = before.checked_add(pages)?;
        if after > self.maximum.unwrap_or(self.limit).min(self.limit) {
            return None;
        }
        let more = (pages * PAGE) as usize;
        bytes.try_reserve_exact(more).ok()?;
        let length = bytes.len() + more;
        bytes.resize(length, 0);
        Some(before)
    }

    /// Reads the bytes of a number at an address plus an offset.
    pub fn load<const N: usize>(&self, at: u64, offset: u64) -> Result<[u8; N], OutOfBounds> {
        let at = at.checked_add(offset).ok_or(OutOfBounds)?;
        let bytes = self.bytes();
        let range = range(bytes.len(), at, N as u64)?;
        Ok(bytes[range].try_into().expect("N bytes"))
    }

    pub fn store(&self, at: u64, offset: u64, value: &[u8]) -> Result<(), OutOfBounds> {
        let at = at.checked_add(offset).ok_or(OutOfBounds)?;
        self.write(at, value)
    }

    pub fn write(&self, at: u64, value: &[u8]) -> Result<(), OutOfBounds> {
        let mut bytes = self.bytes();
        let range = range(bytes.len(), at, value.len() as u64)?;
        bytes[range].copy_from_slice(value);
        Ok(())
    }

    pub fn fill(&self, at: u64, value: u8, count: u64) -> Result<(), OutOfBounds> {
        let mut bytes = self.bytes();
        let range = range(bytes.len(), at, count)?;
        bytes[range].fill(value);
        Ok(())
    }

    /// Copies from another memory, or within this one.
    pub fn copy(
        &self,
        at: u64,
        from: &Memory,
        from_at: u64,
        count: u64,
    ) -> Result<(), OutOfBounds> {
        if Arc::ptr_eq(&self.bytes, &from.bytes) {
            let mut bytes = self.bytes();
            let source = range(bytes.len(), from_at, count)?;
            let target = range(bytes.len(), at, count)?;
            bytes.copy_within(source, target.start);
            return Ok(());
        }
        // One lock at a time: another thread may copy in the opposite direction.
        let source = {
            let bytes = from.bytes();
            bytes[range(bytes.len(), from_at, count)?].to_vec()
        };
        self.write(at, &source)
    }

    /// Calls `see` with all bytes of the memory.
    pub fn with_bytes<T>(&self, see: impl FnOnce(&[u8]) -> T) -> T {
        see(&self.bytes())
    }
}

/// The range of `count` items from `at`, as indices into `length` items.
pub fn range(length: usize, at: u64, count: u64) -> Result<std::ops::Range<usize>, OutOfBounds> {
    let end = at.checked_add(count).ok_or(OutOfBounds)?;
    if end > length as u64 {
        return Err(OutOfBounds);
    }
    Ok(at as usize..end as usize)
}
