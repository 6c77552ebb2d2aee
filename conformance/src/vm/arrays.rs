//! Arrays.

use super::activation::Activation;
use crate::gc::{Extension, FieldType, Raw, Slot, Storage, Type, ValType};
use crate::memory::range;
use crate::stop::{Result, expect, trap};

const NULL: &str = "null array reference";
const BOUNDS: &str = "out of bounds array access";
const DATA_BOUNDS: &str = "out of bounds memory access";
const ELEMENTS_BOUNDS: &str = "out of bounds table access";

impl Activation<'_> {
    fn array_type(&self, of: u32) -> &Type {
        &self.frame.instance.module.types.registered[of as usize]
    }

    fn pop_index(&self) -> usize {
        self.stack.pop().as_u32() as usize
    }

    fn pop_length(&self) -> Result<usize> {
        let length = self.pop_index();
        self.vm.count_object(length)?;
        Ok(length)
    }

    fn push_ref(&self, raw: Raw) -> Result<()> {
        self.push(Slot::reference(raw));
        Ok(())
    }

    pub fn array_new(&self, of: u32) -> Result<()> {
        let length = self.pop_length()?;
        let value = self.stack.pop();
        self.push_ref(
            self.vm
                .store
                .array_new(self.array_type(of), value, length)?,
        )
    }

    pub fn array_new_default(&self, of: u32) -> Result<()> {
        let length = self.pop_length()?;
        self.push_ref(
            self.vm
                .store
                .array_new_default(self.array_type(of), length)?,
        )
    }

    pub fn array_new_fixed(&self, of: u32, count: u32) -> Result<()> {
        let elements = self.stack.pop_many(count as usize);
        self.vm.count_object(elements.len())?;
        self.push_ref(
            self.vm
                .store
                .array_new_fixed(self.array_type(of), &elements)?,
        )
    }

    pub fn array_new_data(&self, of: u32, data: u32) -> Result<()> {
        let (count, from) = (self.pop_index(), self.pop_index());
        let element = self.frame.instance.module.types.element(of);
        let elements = self.data_elements(element, data, from, count)?;
        self.vm.count_object(elements.len())?;
        self.push_ref(
            self.vm
                .store
                .array_new_fixed(self.array_type(of), &elements)?,
        )
    }

    /// Reads the values of `count` elements from a data segment, starting at byte `from`.
    fn data_elements(
        &self,
        element: &FieldType,
        data: u32,
        from: usize,
        count: usize,
    ) -> Result<Vec<Slot>> {
        let bytes = self.frame.instance.data(data);
        let size = element.storage.bytes().expect("no reference");
        let range = range(bytes.len(), from as u64, count as u64 * size as u64)?;
        let elements = bytes[range].chunks_exact(size);
        Ok(elements
            .map(|bytes| slot(&element.storage, bytes))
            .collect())
    }

    pub fn array_new_elem(&self, of: u32, elements: u32) -> Result<()> {
        let (count, from) = (self.pop_index(), self.pop_index());
        let elements = self.segment_elements(elements, from, count)?;
        self.vm.count_object(elements.len())?;
        self.push_ref(
            self.vm
                .store
                .array_new_fixed(self.array_type(of), &elements)?,
        )
    }

    /// Reads `count` elements of an element segment. Never collects, so the references
    /// stay valid.
    fn segment_elements(&self, elements: u32, from: usize, count: usize) -> Result<Vec<Slot>> {
        let segment = self.frame.instance.elements(elements);
        let size = segment.as_ref().map_or(Ok(0), |segment| segment.size())?;
        let Ok(range) = range(size as usize, from as u64, count as u64) else {
            return trap(ELEMENTS_BOUNDS);
        };
        let mut slots = Vec::with_capacity(count);
        if let Some(segment) = segment {
            for index in range {
                slots.push(Slot::reference(segment.get(index as u64)?));
            }
        }
        Ok(slots)
    }

    pub fn array_get(&self, extension: Extension) -> Result<()> {
        let index = self.pop_index();
        let array = self.stack.pop().as_ref();
        let value = self.vm.store.array_get(array, index, extension);
        self.push(expect(value, NULL, BOUNDS)?);
        Ok(())
    }

    pub fn array_set(&self) -> Result<()> {
        let value = self.stack.pop();
        let index = self.pop_index();
        let array = self.stack.pop().as_ref();
        expect(self.vm.store.array_set(array, index, value), NULL, BOUNDS)
    }

    pub fn array_len(&self) -> Result<()> {
        let array = self.stack.pop().as_ref();
        let length = expect(self.vm.store.array_len(array), NULL, BOUNDS)?;
        self.push(Slot::i32(length as i32));
        Ok(())
    }

    pub fn array_fill(&self) -> Result<()> {
        let count = self.pop_index();
        let value = self.stack.pop();
        let index = self.pop_index();
        let array = self.stack.pop().as_ref();
        expect(
            self.vm.store.array_fill(array, index, value, count),
            NULL,
            BOUNDS,
        )
    }

    pub fn array_copy(&self) -> Result<()> {
        let (count, from_index) = (self.pop_index(), self.pop_index());
        let from = self.stack.pop().as_ref();
        let to_index = self.pop_index();
        let to = self.stack.pop().as_ref();
        let copied = self
            .vm
            .store
            .array_copy((to, to_index), (from, from_index), count);
        expect(copied, NULL, BOUNDS)
    }

    pub fn array_init_data(&self, of: u32, data: u32) -> Result<()> {
        let (count, from, index) = (self.pop_index(), self.pop_index(), self.pop_index());
        let array = self.stack.pop().as_ref();
        self.check_range(array, index, count)?;
        let element = self.frame.instance.module.types.element(of);
        let size = element.storage.bytes().expect("no reference");
        let bytes = self.frame.instance.data(data);
        let Ok(range) = range(bytes.len(), from as u64, count as u64 * size as u64) else {
            return trap(DATA_BOUNDS);
        };
        let written = self.vm.store.array_write(array, index, &bytes[range], size);
        expect(written, NULL, BOUNDS)
    }

    pub fn array_init_elem(&self, elements: u32) -> Result<()> {
        let (count, from, index) = (self.pop_index(), self.pop_index(), self.pop_index());
        let array = self.stack.pop().as_ref();
        self.check_range(array, index, count)?;
        for (i, value) in self
            .segment_elements(elements, from, count)?
            .into_iter()
            .enumerate()
        {
            self.vm.store.array_set(array, index + i, value)?;
        }
        Ok(())
    }

    /// Checks the array and its range. This comes before any check of the segment.
    fn check_range(&self, array: Raw, index: usize, count: usize) -> Result<()> {
        let length = expect(self.vm.store.array_len(array), NULL, BOUNDS)?;
        match range(length, index as u64, count as u64) {
            Ok(_) => Ok(()),
            Err(_) => trap(BOUNDS),
        }
    }
}

/// An element's value from its bytes. Their number is that of the storage type.
fn slot(storage: &Storage, bytes: &[u8]) -> Slot {
    let mut wide = [0; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    let bits = u128::from_le_bytes(wide);
    match storage {
        Storage::I8 | Storage::I16 | Storage::Val(ValType::I32) => Slot::i32(bits as i32),
        Storage::Val(ValType::I64) => Slot::i64(bits as i64),
        Storage::Val(ValType::F32) => Slot::f32_bits(bits as u32),
        Storage::Val(ValType::F64) => Slot::f64_bits(bits as u64),
        Storage::Val(ValType::V128) => Slot::v128(bits),
        Storage::Val(ValType::Ref(_)) => unreachable!("the validator refuses references in data"),
    }
}
