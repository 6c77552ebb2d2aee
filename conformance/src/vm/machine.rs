//! The interpreter's state, and its limits.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::code::Code;
use crate::gc::{Entry, FuncId, Raw, Store, Type, ValueStack};
use crate::instance::Instance;
use crate::stop::{OUT_OF_MEMORY, Result, Stop, trap};

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
    pub(super) stopped: RefCell<Option<Stop>>,
    pub(super) calls: Cell<usize>,
    steps: Cell<u64>,
    pub limits: Limits,
}

/// A Wasm function.
#[derive(Clone)]
pub(super) struct Func {
    pub instance: Rc<Instance>,
    pub code: Rc<Code>,
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

    pub(super) fn func(&self, id: FuncId) -> Func {
        self.funcs.borrow()[id.0 as usize].clone()
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

    pub fn count_step(&self) -> Result<()> {
        self.count_steps(1)
    }

    /// Counts steps from 0 again.
    pub fn restart_steps(&self) {
        self.steps.set(0);
    }

    /// Counts the steps for making an object with this number of elements or fields.
    pub fn count_object(&self, elements: usize) -> Result<()> {
        if elements > self.limits.elements {
            return trap(OUT_OF_MEMORY);
        }
        self.count_steps(1 + elements as u64 / 8)
    }

    fn count_steps(&self, count: u64) -> Result<()> {
        let steps = self.steps.get().saturating_add(count);
        if steps > self.limits.steps {
            return trap("step limit");
        }
        self.steps.set(steps);
        Ok(())
    }
}
