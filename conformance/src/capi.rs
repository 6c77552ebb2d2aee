//! The interpreter for C programs. `include/gcroots_interpreter.h` documents these
//! functions.
//!
//! A program lends its store. The exports of a module are then handles of the library,
//! which the program uses like its own. No panic leaves these functions.

#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::gc::{
    GCROOTS_ERROR_INVALID_ARGUMENT, GCROOTS_OK, Refused, Store, gcroots_engine_t, gcroots_global_t,
    gcroots_ref_t, gcroots_status_t, gcroots_store_t, gcroots_table_t,
};
use crate::instance::{Extern, Instance};
use crate::instantiate::{Failure, instantiate};
use crate::module::{FEATURES, Module};
use crate::status::{
    INTERPRETER_BAD_MODULE, INTERPRETER_NO_EXPORT, INTERPRETER_NOT_LINKED, INTERPRETER_PANICKED,
    INTERPRETER_TRAPPED, last_error, set_last_error,
};
use crate::stop::Stop;
use crate::vm::{Limits, Vm};

/// An instance and its interpreter.
#[expect(non_camel_case_types, reason = "a C name")]
pub struct interpreter_t {
    instance: Rc<Instance>,
    vm: Rc<Vm>,
}

/// Why a call failed.
struct Failed {
    status: gcroots_status_t,
    message: String,
}

type Result<T> = std::result::Result<T, Failed>;

fn fail<T>(status: gcroots_status_t, message: impl Into<String>) -> Result<T> {
    let message = message.into();
    Err(Failed { status, message })
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Failed {
        let message = stop.to_string();
        let status = match stop {
            Stop::Fault(refused) => refused.status(),
            Stop::Trap(_) | Stop::Thrown(_) => INTERPRETER_TRAPPED,
        };
        Failed { status, message }
    }
}

/// Runs the body of an exported function, catches panics, and returns the status.
fn answer(operation: impl FnOnce() -> Result<()>) -> gcroots_status_t {
    let failed = match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(Ok(())) => return GCROOTS_OK,
        Ok(Err(failed)) => failed,
        Err(_) => Failed {
            status: INTERPRETER_PANICKED,
            message: "the interpreter panicked".to_owned(),
        },
    };
    set_last_error(failed.message);
    failed.status
}

fn not_null<T>(pointer: *const T, name: &str) -> Result<()> {
    if pointer.is_null() {
        return fail(GCROOTS_ERROR_INVALID_ARGUMENT, format!("`{name}` is NULL"));
    }
    Ok(())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_last_error() -> *const c_char {
    last_error()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_module_new(
    engine: *mut gcroots_engine_t,
    store: *mut gcroots_store_t,
    wat_or_wasm: *const c_char,
    length: usize,
    out: *mut *mut interpreter_t,
) -> gcroots_status_t {
    answer(|| {
        not_null(engine, "engine")?;
        not_null(store, "store")?;
        not_null(wat_or_wasm, "wat_or_wasm")?;
        not_null(out, "out")?;
        // SAFETY: the caller passes `length` bytes, and a live engine and store.
        let (bytes, store) = unsafe {
            let bytes = std::slice::from_raw_parts(wat_or_wasm.cast::<u8>(), length);
            (bytes, Store::lent(engine, store))
        };
        let interpreter = Box::new(interpreter(store, bytes)?);
        // SAFETY: the caller passes an `out` that is valid for writing.
        unsafe { *out = Box::into_raw(interpreter) };
        Ok(())
    })
}

fn interpreter(store: Store, wat_or_wasm: &[u8]) -> Result<interpreter_t> {
    let module = binary(wat_or_wasm).and_then(|bytes| Module::new(&store, &bytes, FEATURES));
    let module = module.or_else(|error| match error.downcast::<Refused>() {
        Ok(refused) => Err(Stop::from(refused).into()),
        Err(error) => fail(INTERPRETER_BAD_MODULE, format!("{error:#}")),
    })?;
    let vm = Vm::new(store, Limits::default())?;
    match instantiate(&vm, Rc::new(module), |_, _| None) {
        Ok(instance) => Ok(interpreter_t { instance, vm }),
        Err(Failure::Stop(stop)) => Err(stop.into()),
        Err(Failure::Link(message)) => fail(INTERPRETER_NOT_LINKED, message),
    }
}

/// A module in binary form, translated if it is text.
fn binary(wat_or_wasm: &[u8]) -> anyhow::Result<Vec<u8>> {
    if wat_or_wasm.starts_with(b"\0asm") {
        return Ok(wat_or_wasm.to_vec());
    }
    let buffer = wast::parser::ParseBuffer::new(std::str::from_utf8(wat_or_wasm)?)?;
    let mut wat = wast::parser::parse::<wast::Wat<'_>>(&buffer)?;
    Ok(wat.encode()?)
}

/// Finds an export and writes to `out` what `get` makes of it. `get` returns None if the export
/// is of another kind.
///
/// # Safety
///
/// Each pointer is NULL or meets the requirements in the header.
unsafe fn export<T>(
    interpreter: *const interpreter_t,
    name: *const c_char,
    out: *mut T,
    kind: &str,
    get: impl FnOnce(&Vm, Extern) -> Result<Option<T>>,
) -> gcroots_status_t {
    answer(|| {
        not_null(interpreter, "interpreter")?;
        not_null(name, "name")?;
        not_null(out, "out")?;
        // SAFETY: the caller passes a live interpreter and a NUL-terminated name.
        let (interpreter, name) = unsafe { (&*interpreter, CStr::from_ptr(name)) };
        let name = name.to_string_lossy();
        let found = match interpreter.instance.export(&name) {
            Some(export) => get(&interpreter.vm, export)?,
            None => None,
        };
        let Some(found) = found else {
            let message = format!("the module exports no {kind} {name:?}");
            return fail(INTERPRETER_NO_EXPORT, message);
        };
        // SAFETY: the caller passes an `out` that is valid for writing.
        unsafe { *out = found };
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_table(
    interpreter: *const interpreter_t,
    name: *const c_char,
    out: *mut gcroots_table_t,
) -> gcroots_status_t {
    let get = |_: &Vm, export| match export {
        Extern::Table(table) => Ok(Some(table.table.handle())),
        _ => Ok(None),
    };
    // SAFETY: the caller passes pointers as the header requires.
    unsafe { export(interpreter, name, out, "table", get) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_global(
    interpreter: *const interpreter_t,
    name: *const c_char,
    out: *mut gcroots_global_t,
) -> gcroots_status_t {
    let get = |_: &Vm, export| match export {
        Extern::Global(global) => Ok(Some(global.global.handle())),
        _ => Ok(None),
    };
    // SAFETY: the caller passes pointers as the header requires.
    unsafe { export(interpreter, name, out, "global", get) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_func(
    interpreter: *const interpreter_t,
    name: *const c_char,
    out: *mut gcroots_ref_t,
) -> gcroots_status_t {
    let get = |vm: &Vm, export| match export {
        Extern::Func(instance, index) => {
            let handle = vm.store.handle(instance.func(index)?);
            Ok(Some(handle.map_err(Stop::from)?))
        }
        _ => Ok(None),
    };
    // SAFETY: the caller passes pointers as the header requires.
    unsafe { export(interpreter, name, out, "function", get) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn interpreter_free(interpreter: *mut interpreter_t) {
    answer(|| {
        if !interpreter.is_null() {
            // SAFETY: the pointer comes from `interpreter_module_new`, and is freed once.
            drop(unsafe { Box::from_raw(interpreter) });
        }
        Ok(())
    });
}
