//! Calls. The interpreter calls its own functions with a new frame, and all others
//! through the library.

use super::activation::{Activation, Frame};
use crate::gc::{FuncId, Heap, Raw, RefType};
use crate::stop::{EXHAUSTED, Result, Stop, trap};

/// The function to call.
enum Target {
    Wasm(FuncId),
    /// The object, and the numbers of parameters and results.
    Host(Raw, (usize, usize)),
}

impl Activation<'_> {
    pub fn call(&mut self, func: u32) -> Result<()> {
        let target = self.direct(func)?;
        self.enter(target)
    }

    pub fn call_indirect(&mut self, table: u32, of: u32) -> Result<()> {
        let target = self.indirect(table, of)?;
        self.enter(target)
    }

    pub fn call_ref(&mut self, of: u32) -> Result<()> {
        let target = self.referred(of)?;
        self.enter(target)
    }

    pub fn return_call(&mut self, func: u32) -> Result<bool> {
        let target = self.direct(func)?;
        self.replace(target)
    }

    pub fn return_call_indirect(&mut self, table: u32, of: u32) -> Result<bool> {
        let target = self.indirect(table, of)?;
        self.replace(target)
    }

    pub fn return_call_ref(&mut self, of: u32) -> Result<bool> {
        let target = self.referred(of)?;
        self.replace(target)
    }

    fn direct(&self, func: u32) -> Result<Target> {
        let instance = &self.frame.instance;
        Ok(match instance.func_id(func) {
            Some(id) => Target::Wasm(id),
            None => Target::Host(instance.func(func)?, instance.arity(func)),
        })
    }

    fn indirect(&self, table: u32, of: u32) -> Result<Target> {
        let instance = &self.frame.instance;
        let index = self.stack.pop().bits();
        let func = match instance.table(table).table.get(index) {
            Err(refused) if refused.is_out_of_bounds() => return bad_element("undefined", index),
            func => func?,
        };
        if func.is_null() {
            return bad_element("uninitialized", index);
        }
        let wanted = RefType {
            heap: Heap::Type(instance.module.types.registered[of as usize].clone()),
            nullable: false,
        };
        if !self.vm.store.ref_test(func, &wanted)? {
            return trap("indirect call type mismatch");
        }
        self.target(func, of)
    }

    fn referred(&self, of: u32) -> Result<Target> {
        let func = self.stack.pop().as_ref();
        if func.is_null() {
            return trap("null function reference");
        }
        self.target(func, of)
    }

    fn target(&self, func: Raw, of: u32) -> Result<Target> {
        Ok(match self.vm.store.func_id(func, self.vm)? {
            Some(id) => Target::Wasm(id),
            None => Target::Host(func, self.frame.instance.module.types.arity(of)),
        })
    }

    fn enter(&mut self, target: Target) -> Result<()> {
        match target {
            Target::Wasm(id) => {
                let frame = Frame::new(self.vm, self.vm.func(id))?;
                let caller = std::mem::replace(&mut self.frame, frame);
                self.callers.push(caller);
                Ok(())
            }
            Target::Host(func, (params, results)) => {
                if !self.stack.has_room(results) {
                    return trap(EXHAUSTED);
                }
                self.vm.invoke(func, params, results)
            }
        }
    }

    /// A tail call: it replaces the innermost call. Returns true if a host function was
    /// called in place of the outermost call, which has therefore returned.
    fn replace(&mut self, target: Target) -> Result<bool> {
        let Target::Wasm(id) = target else {
            self.enter(target)?;
            return Ok(self.leave());
        };
        let func = self.vm.func(id);
        self.stack.keep_top(func.code.params, self.frame.base);
        // The old call leaves the count first, so the new one takes its place.
        let calls = self.vm.calls.get();
        self.vm.calls.set(calls - 1);
        match Frame::new(self.vm, func) {
            Ok(frame) => self.frame = frame,
            Err(stop) => {
                self.vm.calls.set(calls);
                return Err(stop);
            }
        }
        Ok(false)
    }
}

/// The trap for an element of a table that is no function. `how` says what it is.
fn bad_element<T>(how: &str, index: u64) -> Result<T> {
    // The official interpreter has signed indices.
    let message = format!("{how} element {}", index as i64);
    Err(Stop::Trap(message.into()))
}
