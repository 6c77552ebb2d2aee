//! References: null, identity, casts, conversions and 31-bit integers.

use super::activation::Activation;
use crate::code::Target;
use crate::gc::{Extension, Slot};
use crate::stop::{Result, expect, trap};

const NULL_I31: &str = "null i31 reference";

impl Activation<'_> {
    pub fn ref_is_null(&self) {
        let is_null = self.stack.peek(0).as_ref().is_null();
        self.stack.set_top(Slot::bool(is_null));
    }

    pub fn ref_as_non_null(&self) -> Result<()> {
        if self.stack.peek(0).as_ref().is_null() {
            return trap("null reference");
        }
        Ok(())
    }

    pub fn ref_eq(&self) -> Result<()> {
        let b = self.stack.pop().as_ref();
        let a = self.stack.peek(0).as_ref();
        self.stack.set_top(Slot::bool(self.vm.store.ref_eq(a, b)?));
        Ok(())
    }

    /// Whether the top of the stack has the reference type with index `of` in the code.
    fn is_of(&self, of: u32) -> Result<bool> {
        let of = &self.frame.code.ref_types[of as usize];
        Ok(self.vm.store.ref_test(self.stack.peek(0).as_ref(), of)?)
    }

    pub fn ref_test(&self, of: u32) -> Result<()> {
        let answer = self.is_of(of)?;
        self.stack.set_top(Slot::bool(answer));
        Ok(())
    }

    pub fn ref_cast(&self, to: u32) -> Result<()> {
        if !self.is_of(to)? {
            return trap("cast failure");
        }
        Ok(())
    }

    pub fn branch_on_null(&mut self, target: Target) -> Result<()> {
        if self.stack.peek(0).as_ref().is_null() {
            self.stack.pop();
            self.branch(target)?;
        }
        Ok(())
    }

    pub fn branch_on_non_null(&mut self, target: Target) -> Result<()> {
        if self.stack.peek(0).as_ref().is_null() {
            self.stack.pop();
            return Ok(());
        }
        self.branch(target)
    }

    pub fn branch_on_cast(&mut self, cast: u32) -> Result<()> {
        let cast = &self.frame.code.casts[cast as usize];
        let (target, on) = (cast.target, cast.on);
        if self.is_of(cast.to)? == on {
            self.branch(target)?;
        }
        Ok(())
    }

    pub fn ref_i31(&self) -> Result<()> {
        let value = self.stack.peek(0).as_i32();
        let i31 = self.vm.store.i31_new(value)?;
        self.stack.set_top(Slot::reference(i31));
        Ok(())
    }

    pub fn i31_get(&self, extension: Extension) -> Result<()> {
        let i31 = self.stack.peek(0).as_ref();
        let store = &self.vm.store;
        let value = if extension == Extension::Signed {
            store.i31_get_s(i31)
        } else {
            store.i31_get_u(i31).map(|value| value as i32)
        };
        self.stack
            .set_top(Slot::i32(expect(value, NULL_I31, NULL_I31)?));
        Ok(())
    }

    pub fn any_convert_extern(&self) -> Result<()> {
        let converted = self
            .vm
            .store
            .any_convert_extern(self.stack.peek(0).as_ref())?;
        self.stack.set_top(Slot::reference(converted));
        Ok(())
    }

    pub fn extern_convert_any(&self) -> Result<()> {
        let converted = self
            .vm
            .store
            .extern_convert_any(self.stack.peek(0).as_ref())?;
        self.stack.set_top(Slot::reference(converted));
        Ok(())
    }
}
