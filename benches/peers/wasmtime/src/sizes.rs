//! The sizes of benches/workloads/sizes.h, and the random numbers of benches/workloads/random.h.

pub const TREE_DEPTH: u32 = 18;
pub const TREE_LEAST: u32 = 4;
pub const LIVED_DEPTH: u32 = 18;
pub const LIVED_TEMPORARY: u32 = 5;
pub const LIVED_ROUNDS: u64 = 200_000;
pub const LIVED_REPLACE: u64 = 8;
pub const COLLECTED_DEPTH: u32 = 18;
pub const COLLECTIONS: u64 = 40;
pub const GRAPH_NODES: u32 = 1 << 18;
pub const GRAPH_EDGES: u32 = 4;
pub const GRAPH_CHANGES: u32 = 4_000_000;
pub const GRAPH_MAKES: u32 = 4;
pub const QUEUE_LENGTH: u32 = 1 << 18;
pub const QUEUE_PASSES: u32 = 4_000_000;
pub const INDEX_BUCKETS: u32 = 1 << 15;
pub const INDEX_WORDS: u32 = 3_000_000;
pub const INDEX_VOCABULARY: u32 = 1 << 17;
pub const REQUEST: u32 = 100;

pub struct Random(u32);

impl Random {
    pub fn new() -> Self {
        Self(1)
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }

    pub fn below(&mut self, bound: u32) -> u32 {
        let (high, low) = (u64::from(self.next() >> 16), u64::from(self.next() >> 16));
        (((high << 16 | low) * u64::from(bound)) >> 32) as u32
    }
}
