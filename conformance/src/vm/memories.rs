//! Linear memories and data segments.

use super::activation::Activation;
use crate::code::{Load, StoreTo};
use crate::gc::Slot;
use crate::stop::Result;

impl Activation<'_> {
    pub fn load(&self, what: Load, memory: u32, offset: u64) -> Result<()> {
        let memory = self.frame.instance.memory(memory);
        let at = self.stack.peek(0).bits();
        /// Reads a number as a Rust type.
        macro_rules! read {
            ($of:ty) => {
                <$of>::from_le_bytes(memory.load(at, offset)?)
            };
        }
        self.stack.set_top(match what {
            Load::I32Load => Slot::i32(read!(i32)),
            Load::I32Load8S => Slot::i32(read!(i8).into()),
            Load::I32Load8U => Slot::i32(read!(u8).into()),
            Load::I32Load16S => Slot::i32(read!(i16).into()),
            Load::I32Load16U => Slot::i32(read!(u16).into()),
            Load::I64Load => Slot::i64(read!(i64)),
            Load::I64Load8S => Slot::i64(read!(i8).into()),
            Load::I64Load8U => Slot::i64(read!(u8).into()),
            Load::I64Load16S => Slot::i64(read!(i16).into()),
            Load::I64Load16U => Slot::i64(read!(u16).into()),
            Load::I64Load32S => Slot::i64(read!(i32).into()),
            Load::I64Load32U => Slot::i64(read!(u32).into()),
            Load::F32Load => Slot::f32_bits(read!(u32)),
            Load::F64Load => Slot::f64_bits(read!(u64)),
            Load::V128Load => Slot::v128(read!(u128)),
        });
        Ok(())
    }

    pub fn store(&self, what: StoreTo, memory: u32, offset: u64) -> Result<()> {
        let memory = self.frame.instance.memory(memory);
        let bytes = self.stack.pop().as_v128().to_le_bytes();
        let at = self.stack.pop().bits();
        let count = match what {
            StoreTo::I32Store8 | StoreTo::I64Store8 => 1,
            StoreTo::I32Store16 | StoreTo::I64Store16 => 2,
            StoreTo::I32Store | StoreTo::F32Store | StoreTo::I64Store32 => 4,
            StoreTo::I64Store | StoreTo::F64Store => 8,
            StoreTo::V128Store => 16,
        };
        Ok(memory.store(at, offset, &bytes[..count])?)
    }

    pub fn memory_size(&self, memory: u32) {
        let memory = self.frame.instance.memory(memory);
        self.push(Slot::index(memory.size(), memory.is_64));
    }

    pub fn memory_grow(&self, memory: u32) {
        let memory = self.frame.instance.memory(memory);
        let before = memory.grow(self.stack.pop().bits()).unwrap_or(u64::MAX);
        self.push(Slot::index(before, memory.is_64));
    }

    pub fn memory_fill(&self, memory: u32) -> Result<()> {
        let memory = self.frame.instance.memory(memory);
        let (count, value) = (self.stack.pop().bits(), self.stack.pop().bits());
        Ok(memory.fill(self.stack.pop().bits(), value as u8, count)?)
    }

    pub fn memory_copy(&self, to: u32, from: u32) -> Result<()> {
        let (to, from) = (
            self.frame.instance.memory(to),
            self.frame.instance.memory(from),
        );
        let (count, from_at) = (self.stack.pop().bits(), self.stack.pop().bits());
        Ok(to.copy(self.stack.pop().bits(), &from, from_at, count)?)
    }

    pub fn memory_init(&self, memory: u32, data: u32) -> Result<()> {
        let (count, from) = (self.stack.pop().bits(), self.stack.pop().bits());
        let at = self.stack.pop().bits();
        self.frame
            .instance
            .init_memory(memory, data, at, from, count)
    }
}
