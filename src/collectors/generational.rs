//! A stand-in for the collector on blocks and lines: heaps of `copying`
//! under the name and number of that collector.

use super::copying;
use crate::error::Result;
use crate::heap::{GcHeap, GcRuntime, HeapOptions};

/// The kind of collector.
pub(crate) struct Generational;

/// The least heap limit, in bytes: two blocks.
const LEAST_LIMIT: u64 = 64 << 10;

impl GcRuntime for Generational {
    fn name(&self) -> &'static str {
        "generational"
    }

    fn collects(&self) -> bool {
        true
    }

    fn least_limit(&self) -> u64 {
        LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        copying::Copying.new_heap(options)
    }
}
