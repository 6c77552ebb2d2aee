//! A kind of collector, as the engine sees it.

use super::gc_heap::GcHeap;
use crate::error::Result;

/// A kind of collector. One value serves every store of an engine (HEAP-1).
pub(crate) trait GcRuntime: Sync {
    /// The collector's name, as in messages and in the names of tests.
    fn name(&self) -> &'static str;

    /// Whether heaps of this kind free memory before they are dropped.
    fn collects(&self) -> bool;

    /// Whether collections move objects.
    fn moves(&self) -> bool {
        true
    }

    /// The most headroom that the pacer gives heaps of this kind by its own rule, as a multiple
    /// of the live bytes (HEAP-29).
    fn headroom_ceiling(&self) -> f64 {
        4.0
    }

    /// The least heap limit in bytes. Smaller limits are rounded up to it.
    fn least_limit(&self) -> u64;

    /// Makes an empty heap. The store that uses it calls [`GcHeap::open`].
    ///
    /// Errors: [`Error::AddressSpace`](crate::error::Error::AddressSpace),
    /// [`Error::Mappings`](crate::error::Error::Mappings),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>>;
}

/// How large a heap may be, and what happens to freed memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeapOptions {
    /// The number of bytes that may be committed, in all spaces together.
    pub(crate) limit: u64,
    /// The least number to which the limit may be reduced if the system has not enough
    /// address space (HEAP-52).
    pub(crate) least_limit: u64,
    /// The number of bytes that are committed at first, in all spaces together.
    pub(crate) initial: u64,
    /// Whether freed memory is filled with a pattern.
    pub(crate) poison: bool,
    /// Whether each collection must move every object that it can move.
    pub(crate) moves_all: bool,
    /// Whether the heap asks the program before it grows.
    pub(crate) asks_to_grow: bool,
    /// How many nanoseconds a minor collection should take at most.
    pub(crate) pause_budget: u64,
}
