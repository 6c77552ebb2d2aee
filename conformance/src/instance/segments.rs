//! Copies element and data segments to tables and memories.

use super::Instance;
use crate::memory::range;
use crate::stop::{Result, expect, trap};

pub const TABLE_BOUNDS: &str = "out of bounds table access";
pub const NULL_ELEMENT: &str = "null in a table that has none";

impl Instance {
    /// Copies part of an element segment to a table.
    pub fn init_table(
        &self,
        table: u32,
        elements: u32,
        at: u64,
        from: u64,
        count: u64,
    ) -> Result<()> {
        let table = self.table(table);
        if let Some(segment) = self.elements(elements) {
            return expect(
                table.table.copy(at, &segment, from, count),
                NULL_ELEMENT,
                TABLE_BOUNDS,
            );
        }
        let size = table.table.size()? as usize;
        match (range(0, from, count), range(size, at, count)) {
            (Ok(_), Ok(_)) => Ok(()),
            _ => trap(TABLE_BOUNDS),
        }
    }

    /// Copies part of a data segment to a memory.
    pub fn init_memory(
        &self,
        memory: u32,
        data: u32,
        at: u64,
        from: u64,
        count: u64,
    ) -> Result<()> {
        let bytes = self.data(data);
        let range = range(bytes.len(), from, count)?;
        Ok(self.memory(memory).write(at, &bytes[range])?)
    }
}
