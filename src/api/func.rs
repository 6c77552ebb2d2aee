//! Functions made of closures, and calls of functions.
//!
//! # How a callback gets the store
//!
//! The core passes its own store to the callback. That store holds a pointer to this API's
//! part of the store. The caller sets the pointer before the call, and derives it from the
//! exclusive borrow of the store that it has. So the callback's borrow derives from the
//! caller's. The part has a fixed address for the lifetime of the store.
//!
//! The part is a `StorePart<T>` with the `T` that the callback was made for: only this API
//! makes such callbacks, and it makes them in a store of that `T`. A store's `T` never
//! changes, because `Store<T>` is invariant in `T`.

use core::any::Any;
use core::ffi::c_void;
use core::fmt;
use core::ptr::NonNull;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use anyhow::Result;

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::failure::{Failure, ThrownException, Why};
use super::func_values::read;
use super::host_value::{self, HostValue};
use super::owned_store::call_function;
use super::store::StorePart;
use super::{
    Engine, ExnRef, FuncType, FuncValues, IntoFunc, Rooted, RootedGcRef, TypedFunc, Val, casts,
};
use crate::base::fallible;
use crate::error::{self, Error};
use crate::heap::Kind;
use crate::host::{CallValue, Callback};
use crate::roots::Handle;
use crate::store::host_code::Call;
use crate::store::{Store as Core, Value};
use crate::types::{AbstractType, RegisteredType, Storage};

/// The status of a callback that succeeded.
const OK: u32 = 0;

/// The status of a callback that threw, panicked, or failed with an error that is not an
/// [`Error`].
const EXCEPTION: u32 = 16;

/// A reference to a function: a Rust closure or a C callback.
///
/// It is only accessible through a [`Rooted`] or a
/// [`ManuallyRooted`](crate::ManuallyRooted). A closure is dropped exactly once, like the
/// value of an [`ExternRef`](crate::ExternRef), and never while it runs.
///
/// A callback runs in its own scope. The roots of its arguments end with that scope, and
/// the results are rooted in the caller's scope. A callback can use the store like its
/// caller. It can also call functions and throw exceptions ([`Caller::throw`]).
///
/// # Errors and panics of callbacks
///
/// A Rust caller gets the error that the closure returned, unchanged. A panic of the
/// closure continues in a Rust caller.
///
/// A C caller gets the status of an [`Error`]. For any other error, and for a panic, it
/// gets `GCROOTS_ERROR_EXCEPTION` with no exception pending.
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

/// The store of the running callback.
pub struct Caller<'a, T>(StoreContextMut<'a, T>);

impl<T> Caller<'_, T> {
    pub(super) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller(self.0.as_context_mut())
    }

    /// Same as [`Store::data`](crate::Store::data).
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// Same as [`Store::data_mut`](crate::Store::data_mut).
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// Same as [`Store::engine`](crate::Store::engine).
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Same as [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    ///
    /// The errors of [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) -> Result<()> {
        self.0.gc()
    }

    /// Same as [`Store::trim`](crate::Store::trim).
    ///
    /// # Errors
    ///
    /// The errors of [`Store::gc`](crate::Store::gc).
    pub fn trim(&mut self) -> Result<()> {
        self.0.trim()
    }

    /// Same as [`Store::throw`](crate::Store::throw).
    ///
    /// # Errors
    ///
    /// The errors of [`Store::throw`](crate::Store::throw).
    pub fn throw<R>(&mut self, exception: &impl RootedGcRef<ExnRef>) -> Result<R> {
        self.0.throw(exception)
    }

    /// Same as [`Store::take_pending_exception`](crate::Store::take_pending_exception).
    ///
    /// # Errors
    ///
    /// The errors of [`Store::take_pending_exception`](crate::Store::take_pending_exception).
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

/// A closure together with its function type, which it needs when it runs.
struct Dynamic<F> {
    ty: FuncType,
    func: F,
}

impl Func {
    /// Makes a function from a closure with slices of arguments and results, rooted in the
    /// current scope. When the closure starts, its results are zeros and nulls. May collect.
    ///
    /// # Errors
    ///
    /// After one of these errors the closure is dropped.
    ///
    /// * [`Error::WrongEngine`] if `of` is a type of another engine;
    /// * [`Error::HeapLimit`], [`Error::SystemMemory`], [`Error::Limit`] and others if there
    ///   is no room.
    pub fn new<T, F>(
        mut store: impl AsContextMut<Data = T>,
        of: &FuncType,
        func: F,
    ) -> Result<Rooted<Func>>
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    {
        let dynamic = Dynamic {
            ty: of.clone(),
            func,
        };
        let part = store.as_context_mut().0;
        // SAFETY: the callback takes this closure and a store of `T`.
        unsafe { make(part, of, dynamic, answer_dynamic::<T, F>) }
    }

    /// Makes a function from a closure with typed parameters and results, rooted in the
    /// current scope. The first parameter may be a [`Caller`]. The function's type is final
    /// and follows from the Rust types, as [`FuncValue`](crate::FuncValue) says. May collect.
    ///
    /// # Errors
    ///
    /// The errors of [`Func::new`] and [`FuncType::new`].
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

    /// The function's type.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] and [`Error::Unrooted`]. A handle that came from C can also
    /// cause [`Error::NullReference`] and [`Error::TypeMismatch`].
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        let part = store.as_context().0;
        let of = |core: &Core| core.type_of_kind(self.handle, Kind::Func);
        Ok(FuncType::of(part.owned.call(of)?))
    }

    /// Whether the function's type is `ty` or a subtype of it. Cost: constant, without a
    /// lock.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] and [`Error::Unrooted`], and [`Error::WrongEngine`] if `ty` is
    /// a type of another engine.
    ///
    /// ```
    /// use gcroots::{Engine, Func, FuncType, Store, ValType};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ())?;
    /// let is_odd = Func::wrap(&mut store, |number: i32| number & 1)?;
    /// assert!(is_odd.matches_ty(&store, &is_odd.ty(&store)?)?);
    /// let nothing = FuncType::new(&engine, [], [])?;
    /// assert!(!is_odd.matches_ty(&store, &nothing)?);
    /// # anyhow::Ok(())
    /// ```
    pub fn matches_ty(&self, store: impl AsContext, ty: &FuncType) -> Result<bool> {
        casts::matches(store, self.handle, casts::to_registered(ty.core()))
    }

    /// Calls the function with the arguments `params`. If the call succeeds, its results are
    /// written to `results`. References among them are new roots in the current scope. May
    /// collect.
    ///
    /// # Errors
    ///
    /// Errors before the function runs:
    ///
    /// * the errors of [`Func::ty`];
    /// * [`Error::WrongArity`];
    /// * [`Error::InCall`] for an argument;
    /// * [`Error::Exception`] if an exception is pending;
    /// * [`Error::Limit`] if calls are nested too deeply;
    /// * [`Error::SystemMemory`].
    ///
    /// Errors after the function has run:
    ///
    /// * [`ThrownException`];
    /// * the error that the closure returned;
    /// * [`Error::Returned`] for the status of a C callback;
    /// * [`Error::InCall`] for a result.
    ///
    /// # Panics
    ///
    /// Panics if the closure panics.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let of = self.ty(&store)?;
        let part: *mut StorePart<_> = store.as_context_mut().0;
        let count = of.core().fields.len();
        let top = |index: usize| of.core().top_of_field(index).filter(|_| index < count);
        let arg = |index: usize| passed("argument", index, &params[index], || top(index));
        let args = list(params.len(), arg)?;
        let mut made = list(results.len(), |_| Ok(nothing()))?;
        // SAFETY: the part is borrowed exclusively.
        unsafe { invoke(part, self.handle, &args, &mut made)? };
        for (index, (result, made)) in results.iter_mut().zip(&made).enumerate() {
            // SAFETY: the part is borrowed exclusively.
            *result = val(unsafe { &*part }, of.core(), params.len() + index, made)?;
        }
        Ok(())
    }

    /// The function as one that takes `P` and returns `R`. The types must be compatible with
    /// the function's type:
    ///
    /// * each parameter type of `P` is a subtype or a supertype of the function's parameter
    ///   type, and
    /// * each result type of the function is `R`'s result type or a subtype of it.
    ///
    /// # Errors
    ///
    /// The errors of [`Func::ty`], and [`Error::TypeMismatch`] for incompatible types.
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
    // SAFETY: the callback takes this closure and a store of `T`.
    unsafe { make(part, &of, func, answer_typed::<T, Params, R, F>) }
}

/// The initial value of a result, before the call.
pub(super) fn nothing() -> CallValue {
    CallValue::default_of(Storage::I32)
}

/// Reads a value of a call. `index` counts the parameters of the function type first, and
/// then its results.
fn val<T>(
    part: &StorePart<T>,
    of: &RegisteredType,
    index: usize,
    from: &CallValue,
) -> error::Result<Val> {
    let value = read(from)?;
    let mut top = of.top_of_field(index).unwrap_or(AbstractType::Any);
    if let (AbstractType::Every, Value::Ref(handle)) = (top, value) {
        top = part.owned.call(|core| core.hierarchy(top, handle))?;
    }
    Ok(Val::of((value, top)))
}

/// The argument or result at `index`, for the core. `what` is "argument" or "result".
///
/// Errors: [`Error::InCall`] for a null of another hierarchy than that of `top`.
fn passed(
    what: &'static str,
    index: usize,
    value: &Val,
    top: impl FnOnce() -> Option<AbstractType>,
) -> error::Result<CallValue> {
    let value = value.for_field(index, top);
    Ok(value.map_err(|error| error.in_call(what, index))?.into())
}

/// A list of `count` items.
///
/// Errors: [`Error::SystemMemory`], and the errors of `item`.
fn list<I>(count: usize, item: impl Fn(usize) -> error::Result<I>) -> error::Result<Vec<I>> {
    let mut items = fallible::with_room(count)?;
    for index in 0..count {
        fallible::push(&mut items, item(index)?)?;
    }
    Ok(items)
}

/// Makes a function that owns `host`. If there is no room, `host` is dropped.
///
/// # Safety
///
/// `callback` must take a [`HostValue`] of `H` and a store with a `StorePart<T>`.
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
        // SAFETY: the box was leaked above, and the core did not take it.
        drop(unsafe { Box::from_raw(env) });
    }
    Ok(Rooted::new(made?))
}

/// Calls a function.
///
/// # Safety
///
/// The part must be borrowed exclusively, and `part` must derive from that borrow.
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
    // SAFETY: the caller's promise; no reference to the part is live during the call.
    let (called, failure) = unsafe {
        let core = (*part).owned.entered()?;
        let called = call_function(core, part.cast(), call);
        (called, (*part).failure.take())
    };
    let status = match called {
        Ok(OK) => return Ok(()),
        Ok(status) => status,
        // The callback returned success. If a failure is recorded, the callback swallowed
        // it.
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

/// Runs a closure for a callback, and returns the callback's status. Never unwinds.
///
/// # Safety
///
/// `store` must be a core's store with a `StorePart<T>`. The caller that set the part must
/// have borrowed it exclusively.
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
        // If the closure threw, this clears an older failure that C code did not report.
        // The older failure is not the reason for this status.
        // SAFETY: the caller's promise.
        unsafe { (*part).failure = why.map(|why| Failure { status, why }) };
    }
    status
}

/// The status of a callback that fails with `error`.
#[cfg(feature = "capi")]
fn answer_of(error: &anyhow::Error) -> u32 {
    super::interop::answer_for_c(error)
}

/// The status of a callback that fails. Without the C API, its caller is always Rust, and
/// gets the error itself.
#[cfg(not(feature = "capi"))]
fn answer_of(_error: &anyhow::Error) -> u32 {
    EXCEPTION
}

/// # Safety
///
/// `env` must be a live [`HostValue`] of [`Dynamic<F>`](Dynamic). `store` must satisfy the
/// conditions of [`answering`]. `args` and `results` must have `nargs` and `nresults` values.
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
            let Dynamic { ty, func } = &*host_value::value_of::<Dynamic<F>>(env);
            let args = core::slice::from_raw_parts(args, nargs);
            let results = core::slice::from_raw_parts_mut(results, nresults);
            let params = list(nargs, |index| val(part, ty.core(), index, &args[index]))?;
            let made = |index: usize| val(part, ty.core(), nargs + index, &results[index]);
            let mut made = list(nresults, made)?;
            func(Caller(StoreContextMut(part)), &params, &mut made)?;
            for (index, (result, made)) in results.iter_mut().zip(made).enumerate() {
                let top = || ty.core().top_of_field(nargs + index);
                *result = passed("result", index, &made, top)?;
            }
            Ok(())
        })
    }
}

/// # Safety
///
/// As for [`answer_dynamic`], but `env` must be a live [`HostValue`] of `F`.
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
