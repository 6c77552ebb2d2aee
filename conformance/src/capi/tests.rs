//! Tests of the functions for C programs.

use std::ptr;

use super::*;
use crate::gc::{Collector, Settings, Slot, ValueStack};
use crate::status::INTERPRETER_GONE;

const ALL: &str = r#"(module
    (table (export "table") 1 externref)
    (global (export "global") i32 (i32.const 5))
    (func (export "func") (result i32) (i32.const 7)))"#;

const CALLS: &str = r#"(module
    (type $of (func (result i32)))
    (func (export "call") (param (ref $of)) (result i32) (call_ref $of (local.get 0))))"#;

fn new_store() -> Store {
    let collector = Collector::Copying;
    Store::new(Settings {
        collector,
        stress: 1,
    })
    .unwrap()
}

/// Loads a module. Returns the interpreter, or null, and the status.
fn load(store: &Store, module: &[u8]) -> (*mut interpreter_t, gcroots_status_t) {
    let mut out = ptr::null_mut();
    let (engine, bytes) = (store.engine(), module.as_ptr().cast());
    // SAFETY: all pointers are valid.
    let status =
        unsafe { interpreter_module_new(engine, store.ptr(), bytes, module.len(), &mut out) };
    (out, status)
}

fn loaded(store: &Store, module: &str) -> *mut interpreter_t {
    let (interpreter, status) = load(store, module.as_bytes());
    assert_eq!(status, GCROOTS_OK, "{}", message());
    interpreter
}

fn free(interpreter: *mut interpreter_t) {
    // SAFETY: the tests free each once.
    unsafe { interpreter_free(interpreter) }
}

fn message() -> String {
    // SAFETY: the message is never NULL.
    let message = unsafe { CStr::from_ptr(interpreter_last_error()) };
    message.to_str().unwrap().to_owned()
}

fn no_ref() -> gcroots_ref_t {
    gcroots_ref_t {
        store_id: 0,
        generation: 0,
        index: 0,
    }
}

/// An exported function. Its handle is in no scope, so it lives as long as the store.
fn func(store: &Store, interpreter: *const interpreter_t, name: &CStr) -> crate::gc::Raw {
    let mut out = no_ref();
    // SAFETY: the interpreter is alive.
    let status = unsafe { interpreter_func(interpreter, name.as_ptr(), &mut out) };
    assert_eq!(status, GCROOTS_OK, "{}", message());
    store.raw(out).unwrap()
}

#[test]
fn what_is_no_module_is_refused() {
    let store = new_store();
    for module in [
        &b"(module"[..],
        b"\0asm",
        b"\xff",
        b"",
        b"(module (func i32.add))",
    ] {
        let (interpreter, status) = load(&store, module);
        assert_eq!(status, INTERPRETER_BAD_MODULE, "{module:?}");
        assert!(interpreter.is_null() && !message().is_empty());
    }
    store.verify().unwrap();
}

#[test]
fn imports_and_traps_make_no_instance() {
    let store = new_store();
    let (interpreter, status) = load(&store, br#"(module (import "a" "b" (func)))"#);
    assert_eq!(
        (interpreter, status),
        (ptr::null_mut(), INTERPRETER_NOT_LINKED)
    );
    assert_eq!(message(), "unknown import");
    for body in ["unreachable", "throw $tag"] {
        let module = format!("(module (tag $tag) (func $start {body}) (start $start))");
        let (interpreter, status) = load(&store, module.as_bytes());
        assert_eq!(
            (interpreter, status),
            (ptr::null_mut(), INTERPRETER_TRAPPED)
        );
    }
    store.verify().unwrap();
}

#[test]
fn what_is_null_is_refused() {
    let store = new_store();
    let (engine, bytes, length) = (store.engine(), ALL.as_ptr().cast(), ALL.len());
    let mut out = ptr::null_mut();
    // SAFETY: each pointer is NULL or valid.
    let answers = unsafe {
        let (store, none) = (store.ptr(), ptr::null_mut());
        [
            interpreter_module_new(ptr::null_mut(), store, bytes, length, &mut out),
            interpreter_module_new(engine, ptr::null_mut(), bytes, length, &mut out),
            interpreter_module_new(engine, store, ptr::null(), length, &mut out),
            interpreter_module_new(engine, store, bytes, length, none),
        ]
    };
    assert_eq!(answers, [GCROOTS_ERROR_INVALID_ARGUMENT; 4]);
    assert_eq!(message(), "`out` is NULL");
    assert!(out.is_null());

    let interpreter = loaded(&store, ALL);
    let (name, mut func) = (c"func".as_ptr(), no_ref());
    // SAFETY: each pointer is NULL or valid.
    let answers = unsafe {
        [
            interpreter_func(ptr::null(), name, &mut func),
            interpreter_func(interpreter, ptr::null(), &mut func),
            interpreter_func(interpreter, name, ptr::null_mut()),
        ]
    };
    assert_eq!(answers, [GCROOTS_ERROR_INVALID_ARGUMENT; 3]);
    free(interpreter);
    free(ptr::null_mut());
}

#[test]
fn an_export_of_another_kind_or_name_is_none() {
    let store = new_store();
    let interpreter = loaded(&store, ALL);
    let (mut table, mut global, mut func) = (
        gcroots_table_t {
            store_id: 0,
            generation: 0,
            index: 0,
        },
        gcroots_global_t {
            store_id: 0,
            generation: 0,
            index: 0,
        },
        no_ref(),
    );
    for name in [c"table", c"global", c"func", c"other"] {
        // SAFETY: all pointers are valid.
        let answers = unsafe {
            [
                (
                    c"table",
                    interpreter_table(interpreter, name.as_ptr(), &mut table),
                ),
                (
                    c"global",
                    interpreter_global(interpreter, name.as_ptr(), &mut global),
                ),
                (
                    c"func",
                    interpreter_func(interpreter, name.as_ptr(), &mut func),
                ),
            ]
        };
        for (kind, status) in answers {
            let wanted = [INTERPRETER_NO_EXPORT, GCROOTS_OK][usize::from(kind == name)];
            assert_eq!(status, wanted, "{name:?} as {kind:?}");
        }
    }
    assert_eq!(message(), "the module exports no function \"other\"");
    free(interpreter);
}

#[test]
fn an_interpreter_calls_the_functions_of_another() {
    let store = new_store();
    let stack = ValueStack::new(&store, 8).unwrap();
    let (callee, caller) = (loaded(&store, ALL), loaded(&store, CALLS));
    let seven = func(&store, callee, c"func");
    stack.push(Slot::reference(seven));
    let call = func(&store, caller, c"call");
    store.func_call(&stack, call, 1, 1).unwrap();
    assert_eq!(stack.pop().bits(), 7);
    free(caller);
    free(callee);
    store.verify().unwrap();
}

#[test]
fn a_function_can_outlive_its_interpreter() {
    let store = new_store();
    let stack = ValueStack::new(&store, 8).unwrap();
    let interpreter = loaded(&store, ALL);
    let seven = func(&store, interpreter, c"func");
    store.func_call(&stack, seven, 0, 1).unwrap();
    assert_eq!(stack.pop().bits(), 7);
    free(interpreter);
    let refused = store.func_call(&stack, seven, 0, 1).unwrap_err();
    assert_eq!(refused.status(), INTERPRETER_GONE);
    assert_eq!(message(), "the interpreter of this function was freed");
}

#[test]
fn panics_are_answers() {
    let status = answer(|| panic!("as it should"));
    assert_eq!(status, INTERPRETER_PANICKED);
}
