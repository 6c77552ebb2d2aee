//! The interpreter: its functions, its stack, and how it is entered.
//!
//! `activation` runs code, with frames of its own, so that Wasm's recursion is not
//! Rust's. The other files are its operations by subject.

mod activation;
mod arrays;
mod calls;
mod exceptions;
mod memories;
mod numeric;
mod references;
mod stop;
mod structs;
mod tables;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::code::Code;
use crate::gc::{Callee, Ended, Entry, FuncId, Raw, Slot, Store, Type, ValueStack};
use crate::instance::Instance;
use crate::status;

use activation::Activation;
pub use stop::{Result, Stop, trap};

/// How far programs may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Slots of the value stack.
    pub slots: usize,
    /// Calls inside each other.
    pub calls: usize,
    /// Branches taken, calls and objects made, and elements in eights.
    pub steps: u64,
    /// Pages of a memory.
    pub pages: u64,
    /// Elements of an array, and of a table that grows.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            slots: 1 << 17,
            calls: 1 << 12,
            steps: u64::MAX,
            pages: 1 << 16,
            elements: usize::MAX,
        }
    }
}

pub struct Vm {
    /// What its functions hold.
    own: Weak<Vm>,
    pub stack: ValueStack,
    pub store: Store,
    funcs: RefCell<Vec<Func>>,
    /// Why the last call trapped; the library passes on only that it did.
    stopped: RefCell<Option<Stop>>,
    calls: Cell<usize>,
    steps: Cell<u64>,
    pub limits: Limits,
}

/// A Wasm function.
#[derive(Clone)]
struct Func {
    instance: Rc<Instance>,
    code: Rc<Code>,
}

impl Vm {
    pub fn new(store: Store, limits: Limits) -> Result<Rc<Vm>> {
        let stack = ValueStack::new(&store, limits.slots)?;
        Ok(Rc::new_cyclic(|own: &Weak<Vm>| Vm {
            own: own.clone(),
            stack,
            store,
            funcs: RefCell::default(),
            stopped: RefCell::default(),
            calls: Cell::new(0),
            steps: Cell::new(0),
            limits,
        }))
    }

    /// The object of a function that was added.
    pub fn func_new(&self, of: &Type, id: FuncId) -> Result<Raw> {
        let callee = self.own.clone();
        Ok(self.store.func_new(of, Entry { callee, id })?)
    }

    pub fn add_func(&self, instance: &Rc<Instance>, code: &Rc<Code>) -> FuncId {
        let mut funcs = self.funcs.borrow_mut();
        funcs.push(Func {
            instance: instance.clone(),
            code: code.clone(),
        });
        FuncId(funcs.len() as u32 - 1)
    }

    fn func(&self, id: FuncId) -> Func {
        self.funcs.borrow()[id.0 as usize].clone()
    }

    /// The value of a constant expression.
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

    /// Calls any function through the library. Arguments and results are on the stack.
    pub fn invoke(&self, func: Raw, params: usize, results: usize) -> Result<()> {
        self.stopped.take();
        match self.store.func_call(&self.stack, func, params, results) {
            Ok(Raw::NULL) => Ok(()),
            Ok(exception) => Err(Stop::Thrown(exception)),
            Err(refused) => Err(self.stopped.take().unwrap_or_else(|| refused.into())),
        }
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
