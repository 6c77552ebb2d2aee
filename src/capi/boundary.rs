//! What every exported function shares: the panic boundary, NULL checks, entry to a
//! store, outputs, and the fast path (`capi.no-abort`, `capi.out-on-success`).

use core::fmt::Write;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::status::{GCROOTS_OK, gcroots_status_t, status_of};
use super::store::gcroots_store_t;
use crate::base::thread::{self, MESSAGE_BYTES};
use crate::error::{Error, Result};
use crate::store::Store;

/// Runs the body of the exported function called `name`, and returns its status.
///
/// This is the only place that catches panics: a panic becomes GCROOTS_ERROR_INTERNAL. A
/// failure's message is written last, so that finalizers that ran during the call cannot
/// replace it. If the library panicked or found the heap corrupt, the store that the body
/// entered is poisoned.
pub(super) fn call(name: &'static str, body: impl FnOnce() -> Result<()>) -> gcroots_status_t {
    let outer = replace_entered(None);
    let outcome = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|_| Err(Error::internal("a panic in the library", 0)));
    let store = replace_entered(outer);
    let Err(error) = outcome else {
        return GCROOTS_OK;
    };
    if let (Error::Internal { .. }, Some(store)) = (error, store) {
        // SAFETY: the body entered this store, so it was alive and this thread's,
        // and nothing that a body calls can delete the store it has entered.
        unsafe { store.as_ref() }.poison();
    }
    report(name, error)
}

/// Sets the store that this thread's innermost call has entered. Returns the previous
/// one.
fn replace_entered(store: Option<NonNull<Store>>) -> Option<NonNull<Store>> {
    let new = store.map_or(core::ptr::null(), |store| {
        store.as_ptr().cast_const().cast()
    });
    // SAFETY: the block is this thread's own, and nothing else borrows it.
    let old = unsafe { (*thread::block()).entered.get().replace(new) };
    NonNull::new(old.cast_mut().cast())
}

/// Stores the error's message, which begins with the name of the exported function, as this
/// thread's last message. Returns the error's status.
#[cold]
pub(super) fn report(name: &'static str, error: Error) -> gcroots_status_t {
    write_message(format_args!("{name}: {error}"));
    status_of(error)
}

/// Stores the text of `shown` as this thread's last message.
pub(crate) fn set_message(shown: &impl core::fmt::Display) {
    // `Display` may run foreign code, which may write this thread's message itself. So
    // it formats into a buffer of its own.
    let mut text = [0; MESSAGE_BYTES];
    let mut message = Truncated {
        buffer: &mut text,
        length: 0,
    };
    let _ = write!(message, "{shown}");
    let length = message.length;
    message.end();
    if let Ok(text) = core::str::from_utf8(&text[..length]) {
        write_message(format_args!("{text}"));
    }
}

/// Stores the first 255 bytes of a text as this thread's last message. It does not cut a
/// character of UTF-8. The text may be that message itself.
pub(super) fn set_message_bytes(text: &[u8]) {
    let length = fitting(text);
    let mut copy = [0; MESSAGE_BYTES];
    copy[..length].copy_from_slice(&text[..length]);
    // Without memory, the last message says so.
    if let Some(buffer) = thread::message_buffer() {
        // SAFETY: the buffer is this thread's own, and nothing borrows it.
        unsafe { buffer.write(copy) };
    }
}

/// The number of bytes of a text that a message has room for. If the text is UTF-8, they
/// end with a whole character.
fn fitting(text: &[u8]) -> usize {
    const MOST: usize = MESSAGE_BYTES - 1;
    if text.len() <= MOST {
        return text.len();
    }
    let begins_character = |&at: &usize| text[at] & 0xc0 != 0x80;
    (MOST - 3..=MOST)
        .rev()
        .find(begins_character)
        .unwrap_or(MOST)
}

/// Stores the formatted text as this thread's last message. Formatting must run no
/// foreign code, because the thread's buffer is borrowed meanwhile.
fn write_message(formatted: core::fmt::Arguments<'_>) {
    // Without memory, the last message says so.
    let Some(mut buffer) = thread::message_buffer() else {
        return;
    };
    // SAFETY: the buffer is this thread's own, and formatting the message is all that
    // happens while this borrow lives.
    let buffer = unsafe { buffer.as_mut() };
    let mut message = Truncated { buffer, length: 0 };
    // A message that does not fit is cut at the end of the buffer.
    let _ = message.write_fmt(formatted);
    message.end();
}

/// Writes to a fixed buffer as much as fits, and leaves room for the terminating 0.
struct Truncated<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl Truncated<'_> {
    fn end(self) {
        self.buffer[self.length] = 0;
    }
}

impl Write for Truncated<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.buffer.len() - 1 - self.length;
        let fitting = text.floor_char_boundary(room);
        self.buffer[self.length..self.length + fitting]
            .copy_from_slice(&text.as_bytes()[..fitting]);
        self.length += fitting;
        if fitting < text.len() {
            Err(core::fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// Checks that a pointer is not NULL.
///
/// Errors: [`Error::NullArgument`].
pub(super) fn required<T>(pointer: *mut T, parameter: &'static str) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or(Error::NullArgument { parameter })
}

/// Checks that a pointer to read from is not NULL.
///
/// Errors: [`Error::NullArgument`].
pub(super) fn required_const<T>(pointer: *const T, parameter: &'static str) -> Result<NonNull<T>> {
    required(pointer.cast_mut(), parameter)
}

/// Enters a store, if the calling thread may call it now. This function and the ones
/// below are the only places that use a caller's store pointer.
///
/// Errors: [`Error::WrongThread`], [`Error::Busy`], [`Error::Internal`].
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
pub(super) unsafe fn enter<'a>(store: NonNull<gcroots_store_t>) -> Result<&'a Store> {
    // SAFETY: the caller's promise.
    unsafe { enter_if(store, Store::enter) }
}

/// Enters a store that this call has entered on the fast path. Host code may have run since,
/// so the store may be poisoned now.
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
pub(super) unsafe fn enter_again(store: NonNull<gcroots_store_t>) {
    replace_entered(Some(store.cast()));
}

/// Enters a store, if the calling thread may call it now or a collection in steps is
/// under way.
///
/// Errors: [`Error::WrongThread`], [`Error::Busy`], [`Error::Internal`].
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
pub(super) unsafe fn enter_between_steps<'a>(store: NonNull<gcroots_store_t>) -> Result<&'a Store> {
    // SAFETY: the caller's promise.
    unsafe { enter_if(store, Store::enter_between_steps) }
}

/// Enters a store inside one of its root visitors.
///
/// Errors: [`Error::WrongThread`], [`Error::Internal`]; [`Error::Busy`] outside root
/// visitors.
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
pub(super) unsafe fn enter_visiting<'a>(store: NonNull<gcroots_store_t>) -> Result<&'a Store> {
    // SAFETY: the caller's promise.
    unsafe { enter_if(store, Store::enter_visiting) }
}

/// Enters a store, if `allowed` succeeds.
///
/// Errors: those of `allowed`.
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
unsafe fn enter_if<'a>(
    store: NonNull<gcroots_store_t>,
    allowed: impl FnOnce(&Store) -> Result<()>,
) -> Result<&'a Store> {
    let store = store.cast::<Store>();
    // SAFETY: the caller's promise. Stores are used through shared references.
    let entering = unsafe { store.as_ref() };
    allowed(entering)?;
    replace_entered(Some(store));
    Ok(entering)
}

/// Returns a store that the calling thread need not own, for detaching and attaching it.
///
/// # Safety
///
/// `store` must be from `gcroots_store_new` and not deleted.
pub(super) unsafe fn not_entered<'a>(store: NonNull<gcroots_store_t>) -> &'a Store {
    // SAFETY: the caller's promise.
    unsafe { store.cast::<Store>().as_ref() }
}

/// Writes an output. A successful call does this last.
///
/// # Safety
///
/// `out` must be valid for writing.
pub(super) unsafe fn write_out<T>(out: NonNull<MaybeUninit<T>>, value: impl Into<T>) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { out.write(MaybeUninit::new(value.into())) };
    Ok(())
}

/// The store, if it is not NULL and may be entered now. The fast form of [`enter`].
///
/// # Safety
///
/// `store` must be NULL, or from `gcroots_store_new` and not deleted.
#[inline(always)]
pub(super) unsafe fn enter_fast<'a>(store: *mut gcroots_store_t) -> Option<&'a Store> {
    // SAFETY: the caller's promise.
    let store = unsafe { store.cast::<Store>().as_ref() }?;
    store.enter_fast().then_some(store)
}

/// Does `operation` and writes its result.
///
/// Returns `false`, with nothing changed, if a pointer is NULL, the store may not be
/// entered now, or `operation` needs its slow form. The caller then takes the slow path,
/// which makes all checks in the documented order. `V` and `C` must have the same bits.
///
/// # Safety
///
/// `store` must be NULL, or from `gcroots_store_new` and not deleted. `out` must be NULL
/// or valid for writing.
#[inline(always)]
pub(super) unsafe fn fast<V, C>(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<C>,
    operation: impl FnOnce(&Store) -> Option<V>,
) -> bool {
    const { assert!(size_of::<V>() == size_of::<C>() && align_of::<V>() == align_of::<C>()) }
    if store.is_null() || out.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    let store = unsafe { &*store.cast::<Store>() };
    if !store.enter_fast() {
        return false;
    }
    let Some(value) = operation(store) else {
        return false;
    };
    // SAFETY: the caller's promise; `V` is as large and aligned as `C`.
    unsafe { out.cast::<V>().write(value) };
    true
}

/// Does `operation`, which has no output. Returns `false`, with nothing changed, if
/// `store` is NULL or may not be entered now, or `operation` needs its slow form.
///
/// # Safety
///
/// `store` must be NULL, or from `gcroots_store_new` and not deleted.
#[inline(always)]
pub(super) unsafe fn fast_without_output(
    store: *mut gcroots_store_t,
    operation: impl FnOnce(&Store) -> bool,
) -> bool {
    if store.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    let store = unsafe { &*store.cast::<Store>() };
    store.enter_fast() && operation(store)
}
