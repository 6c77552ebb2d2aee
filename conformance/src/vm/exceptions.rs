//! Exceptions. The innermost `try_table` with a matching clause catches them.

use super::activation::{Activation, Frame};
use crate::code::Catch;
use crate::gc::{Raw, Slot, Tag};
use crate::stop::{Result, Stop, trap};

impl Activation<'_> {
    pub fn throw<T>(&self, tag: u32) -> Result<T> {
        let tag = self.frame.instance.tag(tag);
        let fields = self.stack.pop_many(tag.fields);
        let exception = self.vm.store.exn_new(tag.tag, &fields)?;
        Err(Stop::Thrown(exception))
    }

    pub fn throw_ref<T>(&self) -> Result<T> {
        let exception = self.stack.pop().as_ref();
        if exception.is_null() {
            return trap("null exception reference");
        }
        Err(Stop::Thrown(exception))
    }

    /// Ends calls up to the one that catches an exception, and continues at its handler.
    /// Never collects, so the reference stays valid.
    pub fn unwind(&mut self, exception: Raw) -> Result<()> {
        // A handler may jump back to a loop that throws again.
        self.vm.count_step()?;
        let tag = self.vm.store.exn_tag(exception)?;
        loop {
            let target = self
                .frame
                .catch(tag)
                .map(|catch| (catch.target, catch.with_reference));
            if let Some((target, with_reference)) = target {
                self.stack
                    .truncate(self.frame.base + target.height as usize);
                let fields = target.values - u32::from(with_reference);
                for index in 0..fields {
                    self.push(self.vm.store.exn_field(exception, index as usize)?);
                }
                if with_reference {
                    self.push(Slot::reference(exception));
                }
                self.frame.pc = target.pc as usize;
                return Ok(());
            }
            self.stack.truncate(self.frame.base);
            let Some(caller) = self.callers.pop() else {
                return Err(Stop::Thrown(exception));
            };
            self.vm.calls.set(self.vm.calls.get() - 1);
            self.frame = caller;
        }
    }
}

impl Frame {
    /// The clause that catches exceptions of a tag that the operation before `pc` threw.
    fn catch(&self, tag: Tag) -> Option<&Catch> {
        let at = self.pc as u32 - 1;
        let around = |from, to| from <= at && at < to;
        let handlers = self.code.handlers.iter();
        let mut catches = handlers
            .filter(|handler| around(handler.from, handler.to))
            .flat_map(|handler| &handler.catches);
        catches.find(|catch| match catch.tag {
            Some(wanted) => self.instance.tag(wanted).tag == tag,
            None => true,
        })
    }
}
