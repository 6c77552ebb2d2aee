//! Structs.

use super::activation::Activation;
use crate::gc::{Extension, Slot};
use crate::stop::{Result, expect};

const NULL: &str = "null structure reference";
const BOUNDS: &str = "a field that is not there";

impl Activation<'_> {
    pub fn struct_new(&self, of: u32) -> Result<()> {
        let types = &self.frame.instance.module.types;
        let fields = self.stack.pop_many(types.fields(of));
        self.vm.count_object(0)?;
        let object = self
            .vm
            .store
            .struct_new(&types.registered[of as usize], &fields)?;
        self.push(Slot::reference(object));
        Ok(())
    }

    pub fn struct_new_default(&self, of: u32) -> Result<()> {
        self.vm.count_object(0)?;
        let types = &self.frame.instance.module.types;
        let object = self
            .vm
            .store
            .struct_new_default(&types.registered[of as usize])?;
        self.push(Slot::reference(object));
        Ok(())
    }

    pub fn struct_get(&self, field: u32, extension: Extension) -> Result<()> {
        let object = self.stack.pop().as_ref();
        let value = self.vm.store.struct_get(object, field as usize, extension);
        self.push(expect(value, NULL, BOUNDS)?);
        Ok(())
    }

    pub fn struct_set(&self, field: u32) -> Result<()> {
        let value = self.stack.pop();
        let object = self.stack.pop().as_ref();
        let set = self.vm.store.struct_set(object, field as usize, value);
        expect(set, NULL, BOUNDS)
    }
}
