//! The ways into the interpreter, other than [`Vm::invoke`]: constant expressions, and calls
//! that come from the library.

use std::rc::Rc;

use super::activation::Activation;
use super::machine::{Func, Vm};
use crate::code::Code;
use crate::gc::{Callee, Ended, FuncId, Slot, Store, ValueStack};
use crate::instance::Instance;
use crate::status;
use crate::stop::{Result, Stop};

impl Vm {
    /// Evaluates a constant expression.
    pub fn evaluate(&self, instance: &Rc<Instance>, code: &Rc<Code>) -> Result<Slot> {
        let height = self.stack.height();
        let func = Func {
            instance: instance.clone(),
            code: code.clone(),
        };
        let run = Activation::new(self, func).and_then(Activation::run);
        if run.is_err() {
            self.stack.truncate(height);
        }
        run.map(|()| self.stack.pop())
    }
}

impl Callee for Vm {
    fn store(&self) -> &Store {
        &self.store
    }

    fn stack(&self) -> &ValueStack {
        &self.stack
    }

    fn enter(&self, func: FuncId) -> std::result::Result<(), Ended> {
        let func = self.func(func);
        let below = self.stack.height() - func.code.params;
        let run = Activation::new(self, func).and_then(Activation::run);
        run.map_err(|stop| {
            self.stack.truncate(below);
            match stop {
                Stop::Thrown(exception) => Ended::Thrown(exception),
                stop => {
                    status::set_last_error(&stop);
                    self.stopped.replace(Some(stop));
                    Ended::Trapped
                }
            }
        })
    }
}
