//! Free memory in lists by size: segregated fits (HEAP-27).
//!
//! A free block has a header with its size, and after that the offset of the next block
//! of its list. Each small size has a list of its own. Larger blocks share a list for each
//! power of two.
//!
//! Freeing a block does not coalesce it with its neighbours, because nothing tells what
//! lies before it. [`FreeLists::coalesce`] coalesces all blocks at once. For that, the
//! header of a block that was freed has a mark. Free memory without the mark, written by
//! [`write_free`](super::write_free), belongs to no list and is left alone.
//!
//! Everything that is read from a block is checked before it is used (HEAP-28), and each walk
//! over blocks has a bound (HEAP-36). An allocation looks at a fixed number of blocks
//! ([`FreeLists::allocate`]). Only an allocation that would be refused otherwise looks at all
//! blocks that may be large enough ([`FreeLists::search`], HEAP-37).
//!
//! **Sources.** Wilson, Johnstone, Neely, Boles, "Dynamic Storage Allocation: A Survey and
//! Critical Review", IWMM 1995.

use super::free_block::{
    FOLLOWS, FREED, LEAST_BLOCK, check_released, freed, mark_of_appended, write_header,
};
use crate::error::{Error, Result};
use crate::heap::header::{Kind, ObjectHeader};
use crate::heap::memory::Region;
use crate::heap::reference::GRANULE;
use crate::heap::segment_starts::SegmentStarts;
use crate::heap::walk_bound::WalkBound;

/// Blocks of at most this many granules have a list for their exact size.
const SMALL: u64 = 64;

/// How many blocks of a list are tried before a block of a larger list is taken.
const TRIED: usize = 32;

/// Blocks are coalesced early when one was freed for this number of blocks in lists.
const BLOCKS_FOR_EACH_FREED: u64 = 4;

/// The number of lists: the small sizes, and the powers of two above them.
pub(super) const LISTS: usize = SMALL as usize + 1 + 32;

/// The free blocks of a region. Each method needs that region. See the module.
#[derive(Debug)]
pub(super) struct FreeLists {
    /// The offset of the first block of each list, or 0.
    pub(super) first: [u64; LISTS],
    /// The bytes of all blocks in lists.
    bytes: u64,
    /// The number of blocks in lists.
    blocks: u64,
    /// The number of blocks that were freed since all blocks were coalesced. If it is 0,
    /// coalescing would change nothing.
    uncoalesced: u64,
}

const WRONG_BYTES: Error = Error::internal("a wrong number of free bytes", 0);

/// The last block of each list, or 0, while a sweep appends blocks.
#[derive(Debug)]
pub(crate) struct ListEnds([u64; LISTS]);

impl ListEnds {
    /// The ends of empty lists.
    pub(crate) const fn new() -> ListEnds {
        ListEnds([0; LISTS])
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
    /// Empty lists.
    pub(super) const fn new() -> FreeLists {
        FreeLists {
            first: [0; LISTS],
            bytes: 0,
            blocks: 0,
            uncoalesced: 0,
        }
    }

    /// The bytes of all blocks in lists.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frees the memory of objects. Its neighbours may be free as well.
    ///
    /// Errors: [`Error::Internal`] for memory outside `region`.
    pub(super) fn free(&mut self, region: &Region, offset: u64, bytes: u64) -> Result<()> {
        self.uncoalesced += 1;
        self.insert(region, offset, bytes)
    }

    /// Marks memory that has no free neighbours as freed. Puts it at the head of its list,
    /// unless it is too small for a list.
    ///
    /// Errors: [`Error::Internal`] for memory outside `region`.
    pub(super) fn insert(&mut self, region: &Region, offset: u64, bytes: u64) -> Result<()> {
        write_header(region, offset, bytes, FREED)?;
        if bytes < LEAST_BLOCK {
            return Ok(());
        }
        let list = &mut self.first[list_of(bytes)];
        region.store_u64(offset + GRANULE, *list)?;
        *list = offset;
        self.bytes += bytes;
        self.blocks += 1;
        Ok(())
    }

    /// As [`FreeLists::insert`], but at the end of the list. A sweep appends blocks in the
    /// order of their offsets. Blocks of low offsets are then allocated first, so that the
    /// end of the heap can be decommitted. `ends` belongs to the sweep.
    pub(super) fn append(
        &mut self,
        region: &Region,
        offset: u64,
        bytes: u64,
        ends: &mut ListEnds,
    ) -> Result<()> {
        write_header(
            region,
            offset,
            bytes,
            mark_of_appended(region, offset, bytes)?,
        )?;
        if bytes < LEAST_BLOCK {
            return Ok(());
        }
        let list = list_of(bytes);
        region.store_u64(offset + GRANULE, 0)?;
        match ends.0[list] {
            0 => self.first[list] = offset,
            end => region.store_u64(end + GRANULE, offset)?,
        }
        ends.0[list] = offset;
        self.bytes += bytes;
        self.blocks += 1;
        Ok(())
    }

    /// Takes a block of at least `bytes` out of its list, if a few probes find one. Returns
    /// its offset and size. May miss a block that is in the list for `bytes`.
    ///
    /// Errors: [`Error::Internal`] if a list leads to memory that is not a free block.
    pub(super) fn allocate(&mut self, region: &Region, bytes: u64) -> Result<Option<(u64, u64)>> {
        let own = list_of(bytes);
        // A list of several sizes also has blocks that are too small.
        if let Some(found) = self.allocate_from(region, own, bytes, TRIED)? {
            return Ok(Some(found));
        }
        match (own + 1..LISTS).find(|&list| self.first[list] != 0) {
            Some(larger) => self.allocate_from(region, larger, bytes, 1),
            None => Ok(None),
        }
    }

    /// As [`FreeLists::allocate`], but finds each block that is in the list for `bytes`.
    ///
    /// Looks at all blocks of that list, and moves those of at least `bytes` to its head. So
    /// the next allocations of this size find one with the first probe.
    pub(super) fn search(&mut self, region: &Region, bytes: u64) -> Result<Option<(u64, u64)>> {
        let list = list_of(bytes);
        let mut bound = WalkBound::new(self.bytes);
        let (mut before, mut offset) = (0, self.first[list]);
        while offset != 0 {
            let (found, next) = self.block_of(list, region, offset)?;
            bound.visit(offset, found)?;
            if found >= bytes && before != 0 {
                region.store_u64(before + GRANULE, next)?;
                region.store_u64(offset + GRANULE, self.first[list])?;
                self.first[list] = offset;
            } else {
                before = offset;
            }
            offset = next;
        }
        self.allocate_from(region, list, bytes, 1)
    }

    /// Takes the first block of at least `bytes` among the first `tried` blocks of a list.
    fn allocate_from(
        &mut self,
        region: &Region,
        list: usize,
        bytes: u64,
        tried: usize,
    ) -> Result<Option<(u64, u64)>> {
        let (mut before, mut offset) = (None, self.first[list]);
        for _ in 0..tried {
            if offset == 0 {
                break;
            }
            let (found, next) = self.block_of(list, region, offset)?;
            if found >= bytes {
                match before {
                    None => self.first[list] = next,
                    Some(before) => region.store_u64(before + GRANULE, next)?,
                }
                self.bytes = self.bytes.checked_sub(found).ok_or(WRONG_BYTES)?;
                self.blocks = self.blocks.saturating_sub(1);
                return Ok(Some((offset, found)));
            }
            (before, offset) = (Some(offset), next);
        }
        Ok(None)
    }

    /// Notes that a block may have a free neighbour now, without a call of
    /// [`FreeLists::free`]: the wilderness begins at its end.
    pub(super) fn note_free_neighbour(&mut self) {
        self.uncoalesced += 1;
    }

    /// Whether [`FreeLists::coalesce`] may change something.
    pub(super) fn can_coalesce(&self) -> bool {
        self.uncoalesced > 0
    }

    /// Whether enough blocks were freed to pay for [`FreeLists::coalesce`], which visits all
    /// blocks.
    pub(super) fn is_coalescing_paid(&self) -> bool {
        self.can_coalesce() && self.uncoalesced * BLOCKS_FOR_EACH_FREED >= self.blocks
    }

    /// Coalesces adjacent free blocks, also with the wilderness, which begins at
    /// `wilderness`. Returns where the wilderness begins then. Notes the blocks in `starts`.
    ///
    /// Errors: [`Error::Internal`] if a list leads to memory that is not a free block, or if
    /// blocks overlap.
    pub(super) fn coalesce(
        &mut self,
        region: &Region,
        starts: &mut SegmentStarts,
        wilderness: u64,
    ) -> Result<u64> {
        let mut bound = WalkBound::new(wilderness);
        self.each(region, |offset, bytes| {
            mark_following(region, offset + bytes, wilderness, &mut bound)
        })?;
        let mut coalesced = FreeLists::new();
        let mut bound = WalkBound::new(wilderness);
        let mut end = wilderness;
        self.each(region, |offset, bytes| {
            let header = ObjectHeader::from_bits(region.load_u64(offset)?);
            if header.collector_bits() & FOLLOWS != 0 {
                return Ok(());
            }
            let mut bytes = bytes;
            bound.visit(offset, bytes)?;
            while let Some(next) = freed(region, offset + bytes, wilderness)? {
                bound.visit(offset + bytes, next)?;
                bytes += next;
            }
            if offset + bytes == wilderness {
                end = offset;
                return Ok(());
            }
            starts.note_block(offset, offset + bytes, offset + bytes);
            coalesced.insert(region, offset, bytes)
        })?;
        *self = coalesced;
        Ok(end)
    }

    /// Calls `visit` with the offset and size of each block in a list. `visit` may put
    /// that block into another list.
    fn each(&self, region: &Region, mut visit: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
        let mut bound = WalkBound::new(self.bytes);
        for mut offset in self.first {
            while offset != 0 {
                let (bytes, next) = self.block(region, offset)?;
                bound.visit(offset, bytes)?;
                visit(offset, bytes)?;
                offset = next;
            }
        }
        Ok(())
    }

    /// The size of the block at `offset`, and the next block of its list.
    pub(super) fn block(&self, region: &Region, offset: u64) -> Result<(u64, u64)> {
        let header = ObjectHeader::from_bits(region.load_u64(offset)?);
        let next = region.load_u64(offset + GRANULE)?;
        let bytes = u64::from(header.type_index()) * GRANULE;
        let sound = header.kind() == Some(Kind::Free)
            && bytes >= LEAST_BLOCK
            && bytes <= region.committed_end().saturating_sub(offset)
            && next.is_multiple_of(GRANULE)
            && next != offset;
        if !sound {
            return Err(Error::internal("a free list with a wrong link", offset));
        }
        Ok((bytes, next))
    }

    /// As [`FreeLists::block`], for a block of this list.
    fn block_of(&self, list: usize, region: &Region, offset: u64) -> Result<(u64, u64)> {
        let (bytes, next) = self.block(region, offset)?;
        if list_of(bytes) != list {
            return Err(Error::internal("a free block in the wrong list", offset));
        }
        Ok((bytes, next))
    }

    /// Checks that each list has free blocks of its sizes only, that the numbers of blocks
    /// and of their bytes are right, and that nothing has used the pages that were given back.
    /// If nothing can be coalesced, checks that no two blocks are adjacent and none is
    /// adjacent to the wilderness.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check(&self, region: &Region, wilderness: u64) -> Result<()> {
        let mut bound = WalkBound::new(self.bytes);
        let mut blocks = 0;
        for (list, &first) in self.first.iter().enumerate() {
            let mut offset = first;
            while offset != 0 {
                let (bytes, next) = self.block_of(list, region, offset)?;
                bound.visit(offset, bytes)?;
                check_released(region, offset, bytes)?;
                blocks += 1;
                offset = next;
            }
        }
        if bound.visited() != self.bytes {
            return Err(WRONG_BYTES);
        }
        if blocks != self.blocks {
            return Err(Error::internal("a wrong number of free blocks", blocks));
        }
        if self.can_coalesce() {
            return Ok(());
        }
        self.each(region, |offset, bytes| {
            match freed(region, offset + bytes, wilderness)? {
                Some(_) => Err(Error::internal("uncoalesced adjacent free blocks", offset)),
                None if offset + bytes == wilderness => {
                    Err(Error::internal("a listed free block at the end", offset))
                }
                None => Ok(()),
            }
        })
    }
}

/// Marks the freed block at `offset`, if there is one, as following another. If it is too
/// small for a list, marks the blocks after it too, up to the first that is in a list. Only
/// one list leads to each of these, so `bound` counts them.
fn mark_following(
    region: &Region,
    mut offset: u64,
    wilderness: u64,
    bound: &mut WalkBound,
) -> Result<()> {
    while let Some(bytes) = freed(region, offset, wilderness)? {
        write_header(region, offset, bytes, FREED | FOLLOWS)?;
        if bytes >= LEAST_BLOCK {
            break;
        }
        bound.visit(offset, bytes)?;
        offset += bytes;
    }
    Ok(())
}
