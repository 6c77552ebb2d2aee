//! Tables and element segments.

use super::activation::Activation;
use crate::gc::Slot;
use crate::instance::{NULL_ELEMENT as NULL, TABLE_BOUNDS as BOUNDS};
use crate::stop::{Result, expect};

impl Activation<'_> {
    pub fn table_get(&self, table: u32) -> Result<()> {
        let table = self.frame.instance.table(table);
        let value = table.table.get(self.stack.pop().bits());
        self.push(Slot::reference(expect(value, NULL, BOUNDS)?));
        Ok(())
    }

    pub fn table_set(&self, table: u32) -> Result<()> {
        let table = self.frame.instance.table(table);
        let value = self.stack.pop().as_ref();
        let set = table.table.set(self.stack.pop().bits(), value);
        expect(set, NULL, BOUNDS)
    }

    pub fn table_size(&self, table: u32) -> Result<()> {
        let table = self.frame.instance.table(table);
        self.push(Slot::index(table.table.size()?, table.is_64));
        Ok(())
    }

    pub fn table_grow(&self, table: u32) -> Result<()> {
        let table = self.frame.instance.table(table);
        let delta = self.stack.pop().bits();
        let init = self.stack.pop().as_ref();
        let most = self.vm.limits.elements as u64;
        if table.table.size()?.saturating_add(delta) > most {
            self.push(Slot::index(u64::MAX, table.is_64));
            return Ok(());
        }
        let before = match table.table.grow(delta, init) {
            Ok(before) => before,
            Err(refused) if refused.is_exhaustion() => u64::MAX,
            Err(refused) => return Err(refused.into()),
        };
        self.push(Slot::index(before, table.is_64));
        Ok(())
    }

    pub fn table_fill(&self, table: u32) -> Result<()> {
        let table = self.frame.instance.table(table);
        let count = self.stack.pop().bits();
        let value = self.stack.pop().as_ref();
        let filled = table.table.fill(self.stack.pop().bits(), value, count);
        expect(filled, NULL, BOUNDS)
    }

    pub fn table_copy(&self, to: u32, from: u32) -> Result<()> {
        let (to, from) = (
            self.frame.instance.table(to),
            self.frame.instance.table(from),
        );
        let (count, from_at) = (self.stack.pop().bits(), self.stack.pop().bits());
        let copied = to
            .table
            .copy(self.stack.pop().bits(), &from.table, from_at, count);
        expect(copied, NULL, BOUNDS)
    }

    pub fn table_init(&self, table: u32, elements: u32) -> Result<()> {
        let (count, from) = (self.stack.pop().bits(), self.stack.pop().bits());
        let at = self.stack.pop().bits();
        self.frame
            .instance
            .init_table(table, elements, at, from, count)
    }
}
