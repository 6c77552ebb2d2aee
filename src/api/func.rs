//! Functions: what they are made of, and how they are called.
//!
//! # How a callback gets the store
//!
//! The core calls with its own store, which knows where this API's part of it is: it was
//! told by whoever called, from the exclusive borrow that the call was made with. So what
//! the callback borrows is derived from that. The part stays where it is as long as the
//! store, whoever calls.
//!
//! The part is a `StorePart<T>` of the `T` that the callback was made for, since only
//! functions of this API make such functions, in stores of that `T`, and a store's `T`
//! never changes: it is invariant.

use core::any::Any;
use core::ffi::c_void;
use core::fmt;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use anyhow::Result;

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::func_values::read;
use super::host_value::{self, HostValue};
use super::owned_store::call_function;
use super::store::StorePart;
use super::{Engine, ExnRef, FuncType, FuncValues, IntoFunc, Rooted, RootedGcRef, TypedFunc, Val};
use crate::base::fallible;
use crate::error::{self, Error};
use crate::heap::Kind;
use crate::host::{CallValue, Callback};
use crate::roots::Handle;
use crate::store::Store as Core;
use crate::store::host_code::calls::Call;
use crate::types::{AbstractType, RegisteredType, Storage};

/// The status of a callback that succeeded.
const OK: u32 = 0;

/// That of one that threw, and of one that failed with an error of its own or panicked.
const EXCEPTION: u32 = 16;

/// A reference to a function: a closure of Rust's, or a callback of C's.
///
/// It is reached through a [`Rooted`] or a [`ManuallyRooted`](crate::ManuallyRooted)
/// only. A closure is dropped once, as an [`ExternRef`](crate::ExternRef)'s value is; not
/// while it runs.
///
/// A callback runs in a scope of its own: its arguments end with it, and what it returns
/// is rooted in its caller's. It may do with the store what its caller may, call
/// functions, and throw ([`Caller::throw`]).
///
/// # Errors and panics of callbacks
///
/// An error that a closure returns is the caller's, as it is, if that is Rust's. C gets the
/// status of an [`Error`]; for any other error, and for a panic, `GCROOTS_ERROR_EXCEPTION`
/// without an exception pending. A panic goes on in the caller, if that is Rust's.
///
/// ```
/// use gcroots::{Caller, Engine, Func, FuncType, Store, Val, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, 0)?;
/// let unary = FuncType::new(&engine, [ValType::I32], [ValType::I32])?;
/// let double = Func::new(&mut store, &unary, |mut caller: Caller<'_, i32>, params, results| {
///     *caller.data_mut() += 1;
///     results[0] = Val::I32(2 * params[0].unwrap_i32());
///     Ok(())
/// })?;
///
/// let mut results = [Val::I32(0)];
/// double.call(&mut store, &[Val::I32(21)], &mut results)?;
/// assert_eq!((results[0].unwrap_i32(), *store.data()), (42, 1));
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct Func {
    handle: Handle,
}

/// An exception is pending: what [`Store::throw`](crate::Store::throw) answers, for a
/// callback to return, and what its caller gets.
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
    /// What it answered.
    status: u32,
    why: Why,
}

enum Why {
    Error(anyhow::Error),
    Panic(Box<dyn Any + Send>),
}

/// The store that a callback is called with.
pub struct Caller<'a, T>(StoreContextMut<'a, T>);

impl<T> Caller<'_, T> {
    pub(super) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller(self.0.as_context_mut())
    }

    /// As [`Store::data`](crate::Store::data).
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// As [`Store::data_mut`](crate::Store::data_mut).
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// As [`Store::engine`](crate::Store::engine).
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// As [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    ///
    /// Those of [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) -> Result<()> {
        self.0.gc()
    }

    /// As [`Store::throw`](crate::Store::throw).
    ///
    /// # Errors
    ///
    /// Those of [`Store::throw`](crate::Store::throw).
    pub fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.0.throw(exception)
    }

    /// As [`Store::take_pending_exception`](crate::Store::take_pending_exception).
    ///
    /// # Errors
    ///
    /// Those of [`Store::take_pending_exception`](crate::Store::take_pending_exception).
    pub fn take_pending_exception(&mut self) -> Result<Option<Rooted<ExnRef>>> {
        self.0.take_pending_exception()
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.0.as_context()
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.0.as_context_mut()
    }
}

/// A closure that knows its type when it runs.
struct Dynamic<F> {
    of: FuncType,
    func: F,
}

impl Func {
    /// Makes a function of a closure that takes its arguments and leaves its results in
    /// slices, rooted in the current scope. The results are zeros and null at first. May
    /// collect.
    ///
    /// # Errors
    ///
    /// [`Error::WrongEngine`]; [`Error::HeapLimit`], [`Error::SystemMemory`],
    /// [`Error::Limit`] and others when there is no room, and the closure is dropped.
    pub fn new<T, F>(
        mut store: impl AsContextMut<Data = T>,
        of: &FuncType,
        func: F,
    ) -> Result<Rooted<Func>>
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    {
        let dynamic = Dynamic {
            of: of.clone(),
            func,
        };
        let part = store.as_context_mut().0;
        // SAFETY: the callback is for such a closure, in a store of `T`.
        unsafe { make(part, of, dynamic, answer_dynamic::<T, F>) }
    }

    /// Makes a function of a closure that takes and returns values of their own types,
    /// and perhaps a [`Caller`] first, rooted in the current scope. Its type is final,
    /// of what [`FuncValue`](crate::FuncValue) says. May collect.
    ///
    /// # Errors
    ///
    /// As for [`Func::new`] and [`FuncType::new`].
    ///
    /// ```
    /// use gcroots::{AnyRef, Caller, Engine, Func, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b)?;
    /// let add = add.typed::<(i32, i32), i32>(&store)?;
    /// assert_eq!(add.call(&mut store, (1, 2))?, 3);
    ///
    /// let is_null = Func::wrap(&mut store, |a: Option<Rooted<AnyRef>>| a.is_none() as u32)?;
    /// let is_null = is_null.typed::<Option<Rooted<AnyRef>>, u32>(&store)?;
    /// assert_eq!(is_null.call(&mut store, None)?, 1);
    /// # anyhow::Ok(())
    /// ```
    pub fn wrap<T, Params, R>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, R>,
    ) -> Result<Rooted<Func>> {
        let part = store.as_context_mut().0;
        wrap(part, func)
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`], [`Error::Unrooted`]; for a handle that came from C also
    /// [`Error::NullReference`] and [`Error::TypeMismatch`].
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        let part = store.as_context().0;
        let of = |core: &Core| core.type_of_kind(self.handle, Kind::Func);
        Ok(FuncType::of(part.owned.call(of)?))
    }

    /// Calls the function with these arguments; writes its results over `results` if it
    /// succeeds. References in them are new roots of the current scope. May collect.
    ///
    /// # Errors
    ///
    /// Those for the function, as for [`Func::ty`]; [`Error::WrongArity`];
    /// [`Error::InCall`] for an argument; [`Error::Exception`] if one is pending, which
    /// nothing is called then; [`Error::Limit`] for too many functions inside each other;
    /// [`Error::SystemMemory`]. Then [`ThrownException`], the error that the closure
    /// returned, or [`Error::Returned`] for a status of C's; [`Error::InCall`] for a
    /// result.
    ///
    /// # Panics
    ///
    /// If the closure does.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let of = self.ty(&store)?;
        let part: *mut StorePart<_> = store.as_context_mut().0;
        let args = list(params.len(), |index| Ok(params[index].core().into()))?;
        let mut made = list(results.len(), |_| Ok(nothing()))?;
        // SAFETY: borrowed exclusively.
        unsafe { invoke(part, self.handle, &args, &mut made)? };
        for (index, (result, made)) in results.iter_mut().zip(&made).enumerate() {
            *result = val(of.core(), params.len() + index, made)?;
        }
        Ok(())
    }

    /// The function for calls with values of these types, of which each could be one of
    /// the function's.
    ///
    /// # Errors
    ///
    /// Those for the function, as for [`Func::ty`]; [`Error::TypeMismatch`].
    pub fn typed<P: FuncValues, R: FuncValues>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>> {
        TypedFunc::new(self, &self.ty(store)?)
    }
}

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Func").field(&self.handle).finish()
    }
}

/// See [`Func::wrap`].
fn wrap<T, Params, R, F: IntoFunc<T, Params, R>>(
    part: &mut StorePart<T>,
    func: F,
) -> Result<Rooted<Func>> {
    let (params, results) = F::types();
    let of = FuncType::new(part.engine(), params, results)?;
    // SAFETY: the callback is for such a closure, in a store of `T`.
    unsafe { make(part, &of, func, answer_typed::<T, Params, R, F>) }
}

/// What results are before there are any.
pub(super) fn nothing() -> CallValue {
    CallValue::default_of(Storage::I32)
}

/// The value of the parameter, or behind these of the result, at `index`.
fn val(of: &RegisteredType, index: usize, from: &CallValue) -> error::Result<Val> {
    let top = of.top_of_field(index).unwrap_or(AbstractType::Any);
    Ok(Val::of(read(from)?, top))
}

/// A list of these.
///
/// Errors: [`Error::SystemMemory`]; those of `item`.
fn list<I>(count: usize, item: impl Fn(usize) -> error::Result<I>) -> error::Result<Vec<I>> {
    let mut items = Vec::new();
    let refused = |_| fallible::refused(count.saturating_mul(size_of::<I>()));
    items.try_reserve_exact(count).map_err(refused)?;
    for index in 0..count {
        fallible::push(&mut items, item(index)?)?;
    }
    Ok(items)
}

/// Makes a function that owns `host`, which is dropped if there is no room.
///
/// # Safety
///
/// `callback` must take an `H`'s [`HostValue`], and a store with such a part.
unsafe fn make<T, H: Any + Send + Sync>(
    part: &mut StorePart<T>,
    of: &FuncType,
    host: H,
    callback: Callback,
) -> Result<Rooted<Func>> {
    let host = HostValue::new(host).map_err(|(_, error)| error)?;
    let env = Box::into_raw(host);
    let finalizer = Some(host_value::drop_value::<H> as _);
    let make = |core: &Core| core.func_new(of.core(), callback, env.cast(), finalizer);
    let made = part.owned.allocate(make);
    if !matches!(made, Ok(_) | Err(Error::Internal { .. })) {
        // SAFETY: leaked above; the core has not taken it.
        drop(unsafe { Box::from_raw(env) });
    }
    Ok(Rooted::new(made?))
}

/// Calls a function.
///
/// # Safety
///
/// The part must be borrowed exclusively, and `part` be derived from that.
pub(super) unsafe fn invoke<T>(
    part: *mut StorePart<T>,
    func: Handle,
    args: &[CallValue],
    results: &mut [CallValue],
) -> Result<()> {
    let call = Call {
        func,
        nargs: args.len(),
        args: NonNull::from(args).cast(),
        nresults: results.len(),
        results: NonNull::from(results).cast(),
    };
    // SAFETY: the caller's promise; no reference to the part is kept while it runs.
    let (called, failure) = unsafe {
        let core = (*part).owned.entered()?;
        let called = call_function(core, part.cast(), call);
        (called, (*part).failure.take())
    };
    let status = match called {
        Ok(OK) => return Ok(()),
        Ok(status) => status,
        // It answered that it succeeded: a failure is one that it swallowed.
        Err(Error::Exception { thrown: true }) => return Err(ThrownException::new().into()),
        Err(error) => return Err(error.into()),
    };
    match failure.filter(|failure| failure.status == status) {
        Some(Failure {
            why: Why::Error(error),
            ..
        }) => Err(error),
        Some(Failure {
            why: Why::Panic(panic),
            ..
        }) => resume_unwind(panic),
        // SAFETY: the caller's promise.
        None if status == EXCEPTION && unsafe { (*part).has_exception() } => {
            Err(ThrownException::new().into())
        }
        None => Err(Error::Returned { status }.into()),
    }
}

/// Runs a closure for a callback; what it answers. Never unwinds.
///
/// # Safety
///
/// `store` must be a core's store with such a part, borrowed exclusively by whoever set
/// it there.
unsafe fn answering<T>(
    store: *mut c_void,
    run: impl FnOnce(&mut StorePart<T>) -> Result<()>,
) -> u32 {
    // SAFETY: the caller's promise.
    let part: *mut StorePart<T> = unsafe { &*store.cast::<Core>() }.rust_part().cast();
    let running = AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        match run(unsafe { &mut *part }) {
            Ok(()) => (OK, None),
            Err(thrown) if thrown.is::<ThrownException>() => (EXCEPTION, None),
            Err(error) => (answer_of(&error), Some(Why::Error(error))),
        }
    });
    let (status, why) =
        catch_unwind(running).unwrap_or_else(|panic| (EXCEPTION, Some(Why::Panic(panic))));
    if status != OK {
        // Also if it threw: what C swallowed before is not why.
        // SAFETY: as above.
        unsafe { (*part).failure = why.map(|why| Failure { status, why }) };
    }
    status
}

/// What a callback answers for an error.
#[cfg(feature = "capi")]
fn answer_of(error: &anyhow::Error) -> u32 {
    super::interop::answer_for_c(error)
}

/// What a callback answers for an error, which goes to Rust.
#[cfg(not(feature = "capi"))]
fn answer_of(_error: &anyhow::Error) -> u32 {
    EXCEPTION
}

/// # Safety
///
/// `env` must be a living [`HostValue`] of [`Dynamic<F>`](Dynamic), for `store` as for
/// [`answering`], and there must be as many values.
unsafe extern "C" fn answer_dynamic<T, F>(
    env: *mut c_void,
    store: *mut c_void,
    args: *const CallValue,
    nargs: usize,
    results: *mut CallValue,
    nresults: usize,
) -> u32
where
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()>,
{
    // SAFETY: the caller's promise.
    unsafe {
        answering::<T>(store, |part| {
            let Dynamic { of, func } = &*host_value::value_of::<Dynamic<F>>(env);
            let args = core::slice::from_raw_parts(args, nargs);
            let results = core::slice::from_raw_parts_mut(results, nresults);
            let params = list(nargs, |index| val(of.core(), index, &args[index]))?;
            let made = |index: usize| val(of.core(), nargs + index, &results[index]);
            let mut made = list(nresults, made)?;
            func(Caller(StoreContextMut(part)), &params, &mut made)?;
            for (result, made) in results.iter_mut().zip(made) {
                *result = made.core().into();
            }
            Ok(())
        })
    }
}

/// # Safety
///
/// As for [`answer_dynamic`], `env` of an `F`.
unsafe extern "C" fn answer_typed<T, Params, R, F: IntoFunc<T, Params, R>>(
    env: *mut c_void,
    store: *mut c_void,
    args: *const CallValue,
    nargs: usize,
    results: *mut CallValue,
    nresults: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    unsafe {
        answering::<T>(store, |part| {
            let func = &*host_value::value_of::<F>(env);
            let args = core::slice::from_raw_parts(args, nargs);
            let results = core::slice::from_raw_parts_mut(results, nresults);
            func.run(Caller(StoreContextMut(part)), args, results)
        })
    }
}

impl<T> StorePart<T> {
    /// Whether an exception is pending.
    fn has_exception(&self) -> bool {
        let pending = |core: &Core| Ok(core.has_pending_exception());
        self.owned.call(pending).unwrap_or(false)
    }
}
