//! Why a call of a function failed: an exception, an error of a closure, or its panic.

use core::any::Any;
use core::fmt;

/// The error that means that an exception is pending.
///
/// [`Store::throw`](crate::Store::throw) returns it, and a callback passes it on to its
/// caller.
///
/// ```
/// use gcroots::{Caller, Engine, ExnRef, Func, FuncType, Store, Tag, ThrownException};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ())?;
/// let tag = Tag::new(&mut store, &FuncType::new(&engine, [], [])?)?;
/// let fail = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
///     let exception = ExnRef::new(&mut caller, &tag, &[])?;
///     caller.throw::<()>(&exception)
/// })?;
///
/// let error = fail.call(&mut store, &[], &mut []).unwrap_err();
/// assert!(error.is::<ThrownException>());
/// assert!(store.take_pending_exception()?.is_some());
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct ThrownException(());

impl ThrownException {
    pub(super) fn new() -> ThrownException {
        ThrownException(())
    }
}

impl fmt::Display for ThrownException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception was thrown, and is pending")
    }
}

impl core::error::Error for ThrownException {}

/// Why a closure failed.
pub(super) struct Failure {
    /// The status that the callback returned.
    pub(super) status: u32,
    pub(super) why: Why,
}

/// What a closure failed with.
pub(super) enum Why {
    Error(anyhow::Error),
    Panic(Box<dyn Any + Send>),
}
