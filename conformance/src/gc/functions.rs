//! Functions. A Wasm function is a function of the library with a callback that enters
//! the interpreter.
//!
//! The interpreter recognises its own functions by two things: their callback
//! (`gcroots_func_env`) and the interpreter in their [`Entry`]. It calls them directly.
//! It calls all other functions through the library. Scripts and C programs call exports
//! the other way round, with `gcroots_func_call` on a Wasm function.
//!
//! *Rejected:* a pointer to the interpreter in the store's data. If the store belongs to
//! the C program, its data do too; and the pointer could name only one interpreter.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Weak;

use super::slot::NO_VAL;
use super::store::NO_REF;
use super::{Raw, Result, Slot, Store, Type, ValueStack, check, ffi};
use crate::status::{INTERPRETER_GONE, INTERPRETER_PANICKED, INTERPRETER_TRAPPED, set_last_error};

/// The number of a Wasm function of an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuncId(pub u32);

/// How a call ended if it did not return.
#[derive(Debug)]
pub enum Ended {
    /// It trapped. The interpreter keeps the reason.
    Trapped,
    /// It threw this exception.
    Thrown(Raw),
}

/// The interpreter, as callbacks see it.
pub trait Callee {
    fn store(&self) -> &Store;

    fn stack(&self) -> &ValueStack;

    /// Calls a function. The arguments are on the stack; the results replace them.
    fn enter(&self, func: FuncId) -> std::result::Result<(), Ended>;
}

/// The `env` of a Wasm function: the interpreter and function that its callback enters.
pub struct Entry {
    pub callee: Weak<dyn Callee>,
    pub id: FuncId,
}

/// What a host function for the tests does.
#[derive(Clone, Copy, Debug)]
pub enum HostFunc {
    Ignore,
    Collect,
}

impl Store {
    /// Makes a Wasm function. May collect.
    pub fn func_new(&self, of: &Type, entry: Entry) -> Result<Raw> {
        let env = Box::into_raw(Box::new(entry)).cast();
        let made = self.function(of, enter_wasm, env, Some(drop_entry));
        if made.is_err() {
            // SAFETY: `env` comes from `into_raw`, and no function took it.
            unsafe { drop_entry(env) };
        }
        made
    }

    /// Makes a host function. May collect.
    pub fn host_func_new(&self, of: &Type, what: HostFunc) -> Result<Raw> {
        let callback = match what {
            HostFunc::Ignore => ignore,
            HostFunc::Collect => collect as ffi::gcroots_callback_t,
        };
        self.function(of, callback, ptr::null_mut(), None)
    }

    fn function(
        &self,
        of: &Type,
        callback: ffi::gcroots_callback_t,
        env: *mut c_void,
        finalizer: Option<ffi::gcroots_finalizer_t>,
    ) -> Result<Raw> {
        self.scope(|| {
            let (store, mut out) = (self.ptr(), NO_REF);
            // SAFETY: the store and the type are alive; `env` is of the type that the
            // callback expects.
            check(unsafe {
                ffi::gcroots_func_new(store, of.as_ptr(), callback, env, finalizer, &mut out)
            })?;
            self.raw(out)
        })
    }

    /// The number of this function in this interpreter. None for a host function, and for
    /// a function of another interpreter.
    pub fn func_id(&self, func: Raw, callee: &dyn Callee) -> Result<Option<FuncId>> {
        self.scope(|| {
            let (store, func) = (self.ptr(), self.handle(func)?);
            let mut env: *mut c_void = ptr::null_mut();
            // SAFETY: the store is alive, `out` is a variable's address.
            match check(unsafe { ffi::gcroots_func_env(store, func, enter_wasm, &mut env) }) {
                Ok(()) => {
                    // SAFETY: `env` is the function's entry, which lives as long as the
                    // function; this scope keeps the function alive.
                    let entry = unsafe { &*env.cast::<Entry>() };
                    Ok(entry.is_of(callee).then_some(entry.id))
                }
                Err(refused) if refused.is_type_mismatch() => Ok(None),
                Err(refused) => Err(refused),
            }
        })
    }

    /// Calls a function through the library. The arguments are the upper `params` slots
    /// of the stack; the results replace them. Returns the exception that the function
    /// threw, or null.
    pub fn func_call(
        &self,
        stack: &ValueStack,
        func: Raw,
        params: usize,
        results: usize,
    ) -> Result<Raw> {
        self.scope(|| {
            let (store, func) = (self.ptr(), self.handle(func)?);
            let args = self.vals(&stack.pop_many(params))?;
            let mut out = vec![NO_VAL; results];
            // SAFETY: the store is alive; the arguments and the results are vectors of
            // these lengths.
            let called = check(unsafe {
                ffi::gcroots_func_call(
                    store,
                    func,
                    args.as_ptr(),
                    params,
                    out.as_mut_ptr(),
                    results,
                )
            });
            match called {
                Ok(()) => {}
                Err(refused) if refused.is_exception() => return self.take_exception(),
                Err(refused) => return Err(refused),
            }
            for val in out {
                stack.push(self.slot(val)?);
            }
            Ok(Raw::NULL)
        })
    }
}

impl Entry {
    fn is_of(&self, callee: &dyn Callee) -> bool {
        let own: *const () = Weak::as_ptr(&self.callee).cast();
        ptr::eq(own, ptr::from_ref(callee).cast())
    }
}

unsafe extern "C" fn drop_entry(env: *mut c_void) {
    // SAFETY: `env` comes from `into_raw` in `func_new`, and is dropped once.
    drop(unsafe { Box::from_raw(env.cast::<Entry>()) });
}

/// The callback of all Wasm functions; `env` is the [`Entry`].
unsafe extern "C" fn enter_wasm(
    env: *mut c_void,
    _store: *mut ffi::gcroots_store_t,
    args: *const ffi::gcroots_val_t,
    nargs: usize,
    results: *mut ffi::gcroots_val_t,
    nresults: usize,
) -> ffi::gcroots_status_t {
    // SAFETY: a function lives while it is called, and its entry lives as long.
    let (callee, id) = unsafe {
        let entry = &*env.cast::<Entry>();
        (entry.callee.upgrade(), entry.id)
    };
    let Some(callee) = callee else {
        set_last_error("the interpreter of this function was freed");
        return INTERPRETER_GONE;
    };
    let below = callee.stack().height();
    let entered = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the library passes `nargs` arguments and room for `nresults` results.
        unsafe {
            let args = (0..nargs).map(|i| *args.add(i)).collect::<Vec<_>>();
            enter(&*callee, id, &args, |i, val| {
                assert!(i < nresults);
                *results.add(i) = val;
            })
        }
    }));
    match entered {
        Ok(Ok(status)) => status,
        Ok(Err(refused)) => refused.status,
        Err(_) => {
            callee.stack().truncate(below);
            set_last_error("the interpreter panicked");
            INTERPRETER_PANICKED
        }
    }
}

/// The safe part of [`enter_wasm`].
fn enter(
    callee: &dyn Callee,
    func: FuncId,
    args: &[ffi::gcroots_val_t],
    mut result: impl FnMut(usize, ffi::gcroots_val_t),
) -> Result<ffi::gcroots_status_t> {
    let (store, stack) = (callee.store(), callee.stack());
    let below = stack.height();
    if !stack.has_room(args.len()) {
        return Ok(ffi::GCROOTS_ERROR_LIMIT);
    }
    for arg in args {
        stack.push(store.slot(*arg)?);
    }
    match callee.enter(func) {
        Ok(()) => {}
        Err(Ended::Trapped) => return Ok(INTERPRETER_TRAPPED),
        Err(Ended::Thrown(exception)) => {
            let exception = store.handle(exception)?;
            // SAFETY: the store is alive.
            check(unsafe { ffi::gcroots_store_throw(store.ptr(), exception) })?;
            return Ok(ffi::GCROOTS_OK);
        }
    }
    let slots: Vec<Slot> = stack.pop_many(stack.height() - below);
    for (i, slot) in slots.into_iter().enumerate() {
        result(i, store.val(slot)?);
    }
    Ok(ffi::GCROOTS_OK)
}

unsafe extern "C" fn ignore(
    _env: *mut c_void,
    _store: *mut ffi::gcroots_store_t,
    _args: *const ffi::gcroots_val_t,
    _nargs: usize,
    _results: *mut ffi::gcroots_val_t,
    _nresults: usize,
) -> ffi::gcroots_status_t {
    ffi::GCROOTS_OK
}

unsafe extern "C" fn collect(
    _env: *mut c_void,
    store: *mut ffi::gcroots_store_t,
    _args: *const ffi::gcroots_val_t,
    _nargs: usize,
    _results: *mut ffi::gcroots_val_t,
    _nresults: usize,
) -> ffi::gcroots_status_t {
    // SAFETY: the library passes a live store.
    unsafe { ffi::gcroots_store_gc(store) }
}
