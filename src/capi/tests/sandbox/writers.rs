//! Writers that know the structure of a heap. They overwrite the words that walks follow:
//! links, lengths, headers and sizes of free blocks, and objects that overlap.

use super::World;
use crate::heap::{GRANULE, Kind, ObjectHeader};

/// A block of the heap: where it starts, its size, and whether it is free memory.
#[derive(Clone, Copy)]
struct Block {
    offset: u64,
    bytes: u64,
    is_free: bool,
}

/// The heap of a world, as it is before the write.
struct Heap {
    base: *mut u8,
    /// Where the blocks end.
    end: u64,
    blocks: Vec<Block>,
}

impl Heap {
    /// The blocks up to the first nonsense.
    fn of(w: &World) -> Heap {
        let (base, _, _) = w.core().bounds_for_tests();
        let (blocks, end) = w.core().blocks_for_tests();
        let blocks = blocks
            .into_iter()
            .map(|(offset, bytes, is_free)| Block {
                offset,
                bytes,
                is_free,
            })
            .collect();
        Heap { base, end, blocks }
    }

    fn get(&self, offset: u64) -> u64 {
        assert!(offset + 8 <= self.end);
        // SAFETY: the word lies among the blocks.
        unsafe { *self.base.add(offset as usize).cast() }
    }

    /// Writes a word, if it lies among the blocks.
    fn put(&self, offset: u64, word: u64) {
        if offset + 8 <= self.end {
            // SAFETY: the word lies among the blocks.
            unsafe { *self.base.add(offset as usize).cast() = word };
        }
    }

    /// Writes half of a word, if it lies among the blocks.
    fn put_half(&self, offset: u64, half: u32) {
        if offset + 4 <= self.end {
            // SAFETY: the bytes lie among the blocks.
            unsafe { *self.base.add(offset as usize).cast() = half };
        }
    }

    /// A random block among those that `choose` accepts.
    fn one(&self, w: &mut World, choose: impl Fn(&Block) -> bool) -> Option<Block> {
        let chosen: Vec<_> = self.blocks.iter().copied().filter(choose).collect();
        (!chosen.is_empty()).then(|| w.random.one_of(&chosen))
    }
}

type Writer = fn(&mut World, &Heap) -> Option<()>;

const WRITERS: [Writer; 6] = [link, length, overlap, header, free_block, small_blocks];

/// Overwrites something that walks follow.
pub(super) fn overwrite_structure(w: &mut World) {
    let heap = Heap::of(w);
    let writer = w.random.one_of(&WRITERS);
    writer(w, &heap);
}

/// The link of a free block leads to itself, to another block, into one, or nowhere.
fn link(w: &mut World, heap: &Heap) -> Option<()> {
    let block = heap.one(w, |block| block.is_free && block.bytes > GRANULE)?;
    let free = heap.one(w, |block| block.is_free)?;
    let other = heap.one(w, |_| true)?;
    let targets = [
        block.offset,
        free.offset,
        free.offset,
        other.offset,
        other.offset + GRANULE,
        heap.end,
        0,
        1,
    ];
    heap.put(block.offset + GRANULE, w.random.one_of(&targets));
    Some(())
}

/// An array gets another length: a little more, up to the end, or beyond.
fn length(w: &mut World, heap: &Heap) -> Option<()> {
    let is_array = |block: &Block| heap.get(block.offset) as u8 == Kind::Array as u8;
    let array = heap.one(w, |block| !block.is_free && is_array(block))?;
    let old = heap.get(array.offset + GRANULE) as u32;
    let room = (heap.end - array.offset - 2 * GRANULE) as u32;
    let lengths = [
        old.wrapping_add(1),
        old.wrapping_sub(1),
        old.wrapping_mul(2),
        room,
        room / 4,
        room / 4 + 2,
        room / 8,
        room / 16,
        u32::MAX,
        0,
    ];
    heap.put_half(array.offset + GRANULE, w.random.one_of(&lengths));
    Some(())
}

/// Copies of an object's header stand inside of another object. Slots refer to them.
fn overlap(w: &mut World, heap: &Heap) -> Option<()> {
    let copied = heap.one(w, |block| !block.is_free)?;
    let around = heap.one(w, |block| block.bytes >= 48)?;
    let holder = heap.one(w, |block| !block.is_free && block.bytes >= 32)?;
    let header = heap.get(copied.offset);
    for index in 0..1 + w.random.below(around.bytes / 16 - 2) {
        let forged = around.offset + 16 * (index + 1);
        let reaches_to_end = (heap.end - forged - 16) / w.random.one_of(&[1, 4, 8]);
        heap.put(forged, header | w.random.below(2) << 10);
        heap.put(forged + GRANULE, reaches_to_end);
        heap.put_half(holder.offset + 16 + 4 * index, (forged / 4) as u32);
    }
    Some(())
}

/// An object gets the header of another one, another count, or flags of the collector.
fn header(w: &mut World, heap: &Heap) -> Option<()> {
    let object = heap.one(w, |block| !block.is_free)?;
    let other = heap.one(w, |_| true)?;
    let old = ObjectHeader::from_bits(heap.get(object.offset));
    let bits = old.collector_bits();
    let flags = [
        bits ^ 1 << 18,
        bits ^ 1 << 19,
        bits ^ 1 << 20,
        0,
        bits.wrapping_add(1) & 0x1f_ffff,
        bits | 0x3_ffff,
    ];
    let word = match w.random.below(3) {
        0 => heap.get(other.offset),
        _ => old.with_collector_bits(w.random.one_of(&flags)).bits(),
    };
    heap.put(object.offset, word);
    Some(())
}

/// A block gets the header of free memory, of its own size or of another one.
fn free_block(w: &mut World, heap: &Heap) -> Option<()> {
    let block = heap.one(w, |_| true)?;
    let granules = (block.bytes / GRANULE) as u32;
    let to_end = ((heap.end - block.offset) / GRANULE) as u32;
    let sizes = [
        granules,
        granules + 1,
        1,
        2,
        0,
        to_end,
        to_end / 2,
        u32::MAX,
    ];
    let header = ObjectHeader::new(Kind::Free, w.random.one_of(&sizes))
        .with_collector_bits(w.random.below(8) as u32);
    heap.put(block.offset, header.bits());
    Some(())
}

/// A free block is filled with blocks of 8 and 16 bytes that lead to each other.
fn small_blocks(w: &mut World, heap: &Heap) -> Option<()> {
    let block = heap.one(w, |block| block.is_free && block.bytes >= 64)?;
    let marks = w.random.below(8) as u32;
    let freed = |granules| {
        let header = ObjectHeader::new(Kind::Free, granules).with_collector_bits(marks);
        header.bits()
    };
    let step = 16 * (1 + w.random.below(4));
    for offset in (block.offset..block.offset + block.bytes).step_by(GRANULE as usize) {
        heap.put(offset, freed(1));
    }
    for offset in (block.offset..block.offset + block.bytes).step_by(step as usize) {
        heap.put(offset, freed(2));
        heap.put(offset + GRANULE, offset + step);
    }
    Some(())
}
