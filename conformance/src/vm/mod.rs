//! The interpreter: its functions, its stack, and its entry points.
//!
//! `activation` runs code. It keeps its own frames, so recursion in Wasm does not recurse
//! in Rust. The other files have the operations, by subject.

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

/// The limits of a program.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of slots of the value stack.
    pub slots: usize,
    /// The depth of nested calls.
    pub calls: usize,
    /// The number of steps: one for each branch taken, each call and each object made,
    /// and one for every eight elements of an object.
    pub steps: u64,
    /// The number of pages of a memory.
    pub pages: u64,
    /// The number of elements of an array, and of a table that grows.
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
    /// This interpreter. Its functions hold clones of this reference.
    own: Weak<Vm>,
    pub stack: ValueStack,
    pub store: Store,
    funcs: RefCell<Vec<Func>>,
    /// Why the last call trapped. The library only passes on the status.
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

    /// Makes the object of a function that was added. May collect.
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

    /// Calls any function through the library. The arguments are on the stack; the
    /// results replace them.
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
