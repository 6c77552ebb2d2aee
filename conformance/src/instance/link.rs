//! Matches exports with imports.

use wasmparser::{MemoryType, TableType};

use super::{Extern, Instance, TableInstance};
use crate::gc::{Heap, RefType, Storage, Store};
use crate::memory::Memory;
use crate::module::{ImportType, Module};
use crate::stop::Result;

impl Extern {
    pub fn matches(&self, wanted: &ImportType, module: &Module, store: &Store) -> Result<bool> {
        let types = &module.types.registered;
        Ok(match (self, wanted) {
            (Extern::Func(instance, index), ImportType::Func(of)) => {
                let wanted = RefType {
                    heap: Heap::Type(types[*of as usize].clone()),
                    nullable: false,
                };
                store.ref_test(instance.func(*index)?, &wanted)?
            }
            (Extern::Table(table), ImportType::Table(of, element)) => table.matches(of, element)?,
            (Extern::Memory(memory), ImportType::Memory(of)) => memory_matches(memory, of),
            (Extern::Global(global), ImportType::Global(of)) => {
                // A mutable global must have exactly the type of the import.
                let below = match (&global.of.storage, &of.storage) {
                    (Storage::Val(have), Storage::Val(want)) => have.matches(want),
                    _ => false,
                };
                global.of.mutable == of.mutable && if of.mutable { global.of == *of } else { below }
            }
            (Extern::Tag(tag), ImportType::Tag(of)) => tag.of == types[*of as usize],
            _ => false,
        })
    }
}

impl TableInstance {
    fn matches(&self, of: &TableType, element: &RefType) -> Result<bool> {
        Ok(self.is_64 == of.table64
            && self.element == *element
            && within(self.table.size()?, self.maximum, of.initial, of.maximum))
    }
}

fn memory_matches(memory: &Memory, of: &MemoryType) -> bool {
    memory.is_64 == of.memory64
        && memory.is_shared == of.shared
        && within(memory.size(), memory.maximum, of.initial, of.maximum)
}

/// Whether a size is at least `least`, and a maximum at most `most`.
fn within(size: u64, maximum: Option<u64>, least: u64, most: Option<u64>) -> bool {
    size >= least && most.is_none_or(|most| maximum.is_some_and(|maximum| maximum <= most))
}

impl Instance {
    /// Adds an export of another instance.
    pub fn add_import(&self, import: Extern) -> Result<()> {
        match import {
            Extern::Func(instance, index) => {
                let id = instance.func_id(index);
                self.add_func(instance.func(index)?, id, instance.arity(index))?;
            }
            Extern::Table(table) => self.add_table(table),
            Extern::Memory(memory) => self.add_memory(memory),
            Extern::Global(global) => self.add_global(global),
            Extern::Tag(tag) => self.add_tag(tag),
        }
        Ok(())
    }
}
