//! Free memory, in lists by size: segregated fits (Wilson, Johnstone, Neely, Boles:
//! "Dynamic Storage Allocation: A Survey and Critical Review", IWMM 1995).
//!
//! A free block says in its header how large it is, and after that which block comes
//! next in its list. Small blocks have a list for each size; larger ones share a list
//! up to twice a size. The block at the end of the heap is in no list: it is used last,
//! and grows with the heap (the wilderness of Lea's allocator).
//!
//! Blocks are not merged as they are given, which would need to know what is before each,
//! but all at once: when none is large enough, and by a full collection. A block's header
//! says that it may be merged; free memory that is not given yet has no such mark.
//!
//! What is read from a block is checked: whoever overwrites the heap can lose memory,
//! but not have the heap hand out what is in use elsewhere as an address.

use crate::error::{Error, Result};
use crate::heap::{GRANULE, Kind, ObjectHeader, Region};

/// The least block that is in a list: a header and a link.
pub(super) const LEAST_BLOCK: u64 = 16;

/// Blocks of so many granules and fewer have lists of their own.
const SMALL: u64 = 64;

/// So many blocks of a list are looked at before a larger one is taken.
const LOOKED_AT: usize = 32;

/// The lists: of small sizes, and for each power of two beyond.
const LISTS: usize = SMALL as usize + 1 + 32;

/// In the header of a free block: it was given.
const GIVEN: u32 = 1;

/// In that header too, while blocks are merged: the one before is free.
const FOLLOWS: u32 = 2;

/// Free blocks.
#[derive(Debug)]
pub(super) struct FreeLists {
    /// The offset of the first block of each list, or 0.
    first: [u64; LISTS],
    /// Bytes in all lists.
    bytes: u64,
    /// No block of a list is followed by one that was given.
    merged: bool,
}

/// Where lists end while blocks are appended.
#[derive(Debug)]
pub(super) struct Ends([u64; LISTS]);

impl Ends {
    /// Of empty lists.
    pub(super) const fn new() -> Ends {
        Ends([0; LISTS])
    }
}

/// The list for blocks of this size.
fn list_of(bytes: u64) -> usize {
    let granules = bytes / GRANULE;
    if granules <= SMALL {
        return granules as usize;
    }
    SMALL as usize + (granules / SMALL).ilog2() as usize + 1
}

impl FreeLists {
    /// No block.
    pub(super) const fn new() -> FreeLists {
        FreeLists {
            first: [0; LISTS],
            bytes: 0,
            merged: true,
        }
    }

    /// Bytes in all lists.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As [`FreeLists::give_back`], where neighbours may be free.
    pub(super) fn give(&mut self, space: &Region, offset: u64, bytes: u64) -> Result<()> {
        self.merged = false;
        self.give_back(space, offset, bytes)
    }

    /// Marks memory between objects as free, and lists it if it is large enough for that.
    ///
    /// Errors: [`Error::Internal`] for what is not in the heap.
    pub(super) fn give_back(&mut self, space: &Region, offset: u64, bytes: u64) -> Result<()> {
        write_header(space, offset, bytes, GIVEN)?;
        if bytes < LEAST_BLOCK {
            return Ok(());
        }
        let list = &mut self.first[list_of(bytes)];
        space.store_u64(offset + GRANULE, *list)?;
        *list = offset;
        self.bytes += bytes;
        Ok(())
    }

    /// As [`FreeLists::give`], at the end of the list: for blocks that come in order, so
    /// that low ones are used first and memory at the end can go back. `last` has where
    /// each list ends, and 0 of an empty one.
    pub(super) fn append(
        &mut self,
        space: &Region,
        offset: u64,
        bytes: u64,
        last: &mut Ends,
    ) -> Result<()> {
        write_header(space, offset, bytes, GIVEN)?;
        if bytes < LEAST_BLOCK {
            return Ok(());
        }
        let list = list_of(bytes);
        space.store_u64(offset + GRANULE, 0)?;
        match last.0[list] {
            0 => self.first[list] = offset,
            end => space.store_u64(end + GRANULE, offset)?,
        }
        last.0[list] = offset;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes a block of at least `bytes`: where it is, and how large.
    ///
    /// Errors: [`Error::Internal`] if a list leads to what is no free block.
    pub(super) fn take(&mut self, space: &Region, bytes: u64) -> Result<Option<(u64, u64)>> {
        let own = list_of(bytes);
        // Of a list that several sizes share not every block is large enough.
        if let Some(found) = self.take_from(space, own, bytes, LOOKED_AT)? {
            return Ok(Some(found));
        }
        if let Some(larger) = (own + 1..LISTS).find(|&list| self.first[list] != 0) {
            return self.take_from(space, larger, bytes, 1);
        }
        self.take_from(space, own, bytes, usize::MAX)
    }

    /// Takes the first block that is large enough of the first ones of a list.
    fn take_from(
        &mut self,
        space: &Region,
        list: usize,
        bytes: u64,
        first_ones: usize,
    ) -> Result<Option<(u64, u64)>> {
        let (mut before, mut offset) = (None, self.first[list]);
        for _ in 0..first_ones {
            if offset == 0 {
                break;
            }
            let (found, next) = self.block(space, offset)?;
            if found >= bytes {
                match before {
                    None => self.first[list] = next,
                    Some(before) => space.store_u64(before + GRANULE, next)?,
                }
                self.bytes = self.bytes.saturating_sub(found);
                return Ok(Some((offset, found)));
            }
            (before, offset) = (Some(offset), next);
        }
        Ok(None)
    }

    /// The block before unused memory may be free from now on.
    pub(super) fn note_neighbours(&mut self) {
        self.merged = false;
    }

    /// Whether [`FreeLists::merge`] may find something.
    pub(super) fn may_merge(&self) -> bool {
        !self.merged
    }

    /// Merges free neighbours. Returns where unused memory begins, which was at `tail`.
    ///
    /// Errors: [`Error::Internal`] if a list leads to what is no free block.
    pub(super) fn merge(&mut self, space: &Region, tail: u64) -> Result<u64> {
        self.each(space, |offset, bytes| {
            mark_following(space, offset + bytes, tail)
        })?;
        let mut first = FreeLists::new();
        let mut end = tail;
        self.each(space, |offset, bytes| {
            let header = ObjectHeader::from_bits(space.load_u64(offset)?);
            if header.collector_bits() & FOLLOWS != 0 {
                return Ok(());
            }
            let mut bytes = bytes;
            while let Some(next) = given(space, offset + bytes, tail)? {
                bytes += next;
            }
            if offset + bytes == tail {
                end = offset;
                return Ok(());
            }
            first.give_back(space, offset, bytes)
        })?;
        *self = first;
        Ok(end)
    }

    /// Calls `visit` with each block of a list and its size; it may put that block into
    /// another list.
    fn each(&self, space: &Region, mut visit: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
        let mut left = self.bytes;
        for mut offset in self.first {
            while offset != 0 {
                let (bytes, next) = self.block(space, offset)?;
                // Lists that lead in a circle have an end too.
                left = left
                    .checked_sub(bytes)
                    .ok_or(Error::internal("a wrong number of free bytes", offset))?;
                visit(offset, bytes)?;
                offset = next;
            }
        }
        Ok(())
    }

    /// The size of the block at `offset`, and the next of its list.
    fn block(&self, space: &Region, offset: u64) -> Result<(u64, u64)> {
        let header = ObjectHeader::from_bits(space.load_u64(offset)?);
        let next = space.load_u64(offset + GRANULE)?;
        let bytes = u64::from(header.type_index()) * GRANULE;
        let sound = header.kind() == Some(Kind::Free)
            && bytes >= LEAST_BLOCK
            && bytes <= space.committed_end().saturating_sub(offset)
            && next.is_multiple_of(GRANULE);
        if !sound {
            return Err(Error::internal("a free list with a wrong link", offset));
        }
        Ok((bytes, next))
    }

    /// Checks that each list has free blocks of its sizes, and how many bytes they are.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check(&self, space: &Region, tail: u64) -> Result<()> {
        let mut bytes = 0;
        for (list, &first) in self.first.iter().enumerate() {
            let mut offset = first;
            while offset != 0 {
                let (found, next) = self.block(space, offset)?;
                bytes += found;
                if list_of(found) != list || bytes > self.bytes {
                    return Err(Error::internal("a free block in the wrong list", offset));
                }
                offset = next;
            }
        }
        if bytes != self.bytes {
            return Err(Error::internal("a wrong number of free bytes", bytes));
        }
        if !self.merged {
            return Ok(());
        }
        self.each(space, |offset, bytes| {
            match given(space, offset + bytes, tail)? {
                Some(_) => Err(Error::internal("uncoalesced adjacent free blocks", offset)),
                None if offset + bytes == tail => {
                    Err(Error::internal("a listed free block at the end", offset))
                }
                None => Ok(()),
            }
        })
    }
}

/// Marks memory as free that is to be given.
pub(super) fn write_free(space: &Region, offset: u64, bytes: u64) -> Result<()> {
    write_header(space, offset, bytes, 0)
}

fn write_header(space: &Region, offset: u64, bytes: u64, bits: u32) -> Result<()> {
    let granules = (bytes / GRANULE) as u32;
    let header = ObjectHeader::new(Kind::Free, granules).with_collector_bits(bits);
    space.store_u64(offset, header.bits())
}

/// Marks the next block of a list, if it follows, and what is too small for a list.
fn mark_following(space: &Region, mut offset: u64, tail: u64) -> Result<()> {
    while let Some(bytes) = given(space, offset, tail)? {
        write_header(space, offset, bytes, GIVEN | FOLLOWS)?;
        if bytes >= LEAST_BLOCK {
            break;
        }
        offset += bytes;
    }
    Ok(())
}

/// The size of what is at `offset`, before `tail`, if it is a block that was given.
fn given(space: &Region, offset: u64, tail: u64) -> Result<Option<u64>> {
    if offset >= tail {
        return Ok(None);
    }
    let header = ObjectHeader::from_bits(space.load_u64(offset)?);
    let is_given = header.kind() == Some(Kind::Free) && header.collector_bits() & GIVEN != 0;
    // Never nothing: that would end no walk.
    Ok(is_given.then(|| u64::from(header.type_index()).max(1) * GRANULE))
}
