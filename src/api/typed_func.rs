//! Functions with typed parameters and results.
#![expect(private_interfaces, reason = "only this crate calls sealed traits")]

use core::fmt;
use core::marker::PhantomData;

use anyhow::Result;

use super::func::{self, Caller};
use super::func_values::{VALUES_MAX, sealed::FuncValuesImpl};
use super::store::StorePart;
use super::{AsContextMut, Func, FuncType, FuncValue, FuncValues, ValType};
use crate::error::Error;
use crate::host::CallValue;
use crate::roots::Handle;

/// A function that takes `P` and returns `R`. Its type is checked once, not at each call. It
/// names the root that it was made from, and is valid as long as that root.
///
/// ```
/// use gcroots::{Engine, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let divide = Func::wrap(&mut store, |a: u32, b: u32| -> anyhow::Result<(u32, u32)> {
///     anyhow::ensure!(b != 0, "division by zero");
///     Ok((a / b, a % b))
/// })?;
/// let divide = divide.typed::<(u32, u32), (u32, u32)>(&store)?;
/// assert_eq!(divide.call(&mut store, (7, 2))?, (3, 1));
/// let error = divide.call(&mut store, (7, 0)).unwrap_err();
/// assert_eq!(error.to_string(), "division by zero");
/// assert!(Func::wrap(&mut store, |_: u32| ())?.typed::<u64, ()>(&store).is_err());
/// # anyhow::Ok(())
/// ```
pub struct TypedFunc<P, R> {
    handle: Handle,
    _phantom: PhantomData<fn(P) -> R>,
}

impl<P: FuncValues, R: FuncValues> TypedFunc<P, R> {
    pub(super) fn new(func: &Func, of: &FuncType) -> Result<TypedFunc<P, R>> {
        let (params, results) = (P::types(), R::types());
        // Each call checks the arguments, so `P` may also have supertypes of the
        // parameters.
        let could_be = |a: &ValType, b: &ValType| a.matches(b) || b.matches(a);
        let sound = params.len() == of.params().len()
            && results.len() == of.results().len()
            && of.params().zip(&params).all(|(a, b)| could_be(&a, b))
            && of.results().zip(&results).all(|(a, b)| a.matches(b));
        if !sound {
            return Err(Error::TypeMismatch {
                needed: "a function with the given parameters and results",
                found: "a function of another type",
            }
            .into());
        }
        Ok(TypedFunc {
            handle: func.handle(),
            _phantom: PhantomData,
        })
    }

    /// Calls the function. May collect.
    ///
    /// # Errors
    ///
    /// The errors of [`Func::call`].
    ///
    /// # Panics
    ///
    /// Panics if the closure panics.
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let part: *mut StorePart<_> = store.as_context_mut().0;
        let (mut args, mut results) =
            ([func::nothing(); VALUES_MAX], [func::nothing(); VALUES_MAX]);
        params.all_borrowed(&mut args);
        // SAFETY: the part is borrowed exclusively.
        unsafe {
            func::invoke(
                part,
                self.handle,
                &args[..P::COUNT],
                &mut results[..R::COUNT],
            )?;
        }
        let part = store.as_context_mut().0;
        Ok(part.owned.call(|core| R::from_all_scoped(&results, core))?)
    }
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.handle).finish()
    }
}

/// The sealed parts of the traits. Only this crate implements and calls them.
mod sealed {
    use super::{CallValue, Caller, FuncValues, Result, ValType};

    /// The return type of a closure.
    pub trait FuncReturnImpl {
        type Values: FuncValues;
        fn into_result(self) -> Result<Self::Values>;
    }

    /// A closure.
    pub trait IntoFuncImpl<T, Params, R>: Send + Sync + 'static {
        /// The types of parameters and results.
        fn types() -> (Vec<ValType>, Vec<ValType>);

        /// Calls the closure.
        fn run(
            &self,
            caller: Caller<'_, T>,
            args: &[CallValue],
            results: &mut [CallValue],
        ) -> Result<()>;
    }
}

use sealed::{FuncReturnImpl, IntoFuncImpl};

/// The return type of a closure for [`Func::wrap`]: [`FuncValues`] or a [`Result`] of them.
/// Sealed.
pub trait FuncReturn: FuncReturnImpl {}

impl<R: FuncReturnImpl> FuncReturn for R {}

impl<V: FuncValues> FuncReturnImpl for V {
    type Values = V;

    fn into_result(self) -> Result<V> {
        Ok(self)
    }
}

impl<V: FuncValues> FuncReturnImpl for Result<V> {
    type Values = V;

    fn into_result(self) -> Result<V> {
        self
    }
}

/// A closure for [`Func::wrap`]. It takes up to eight [`FuncValue`]s, with an optional
/// [`Caller`] before them. Sealed.
pub trait IntoFunc<T, Params, R>: IntoFuncImpl<T, Params, R> {}

impl<T, Params, R, F: IntoFuncImpl<T, Params, R>> IntoFunc<T, Params, R> for F {}

/// Calls a closure with arguments from the core, and writes its results for the core.
fn run<T, P: FuncValues, R: FuncReturn>(
    mut caller: Caller<'_, T>,
    args: &[CallValue],
    results: &mut [CallValue],
    func: impl FnOnce(Caller<'_, T>, P) -> R,
) -> Result<()> {
    let params = {
        let part = caller.as_context_mut().0;
        part.owned.call(|core| P::from_all_scoped(args, core))?
    };
    // The reborrow leaves `caller` usable for the results.
    let made = func(caller.reborrow(), params).into_result()?;
    let part = caller.as_context_mut().0;
    Ok(part
        .owned
        .call(|core| made.into_all_scoped(core, results))?)
}

macro_rules! closures {
    ($(($($value:ident $name:ident),*))*) => { $(
        impl<T, F, R, $($value),*> IntoFuncImpl<T, ($($value,)*), R> for F
        where
            F: Fn($($value),*) -> R + Send + Sync + 'static,
            R: FuncReturn,
            $($value: FuncValue,)*
        {
            fn types() -> (Vec<ValType>, Vec<ValType>) {
                (<($($value,)*)>::types(), R::Values::types())
            }

            fn run(
                &self,
                caller: Caller<'_, T>,
                args: &[CallValue],
                results: &mut [CallValue],
            ) -> Result<()> {
                run(caller, args, results, |_, ($($name,)*): ($($value,)*)| self($($name),*))
            }
        }

        impl<T, F, R, $($value),*> IntoFuncImpl<T, (Caller<'_, T>, $($value),*), R> for F
        where
            F: Fn(Caller<'_, T>, $($value),*) -> R + Send + Sync + 'static,
            R: FuncReturn,
            $($value: FuncValue,)*
        {
            fn types() -> (Vec<ValType>, Vec<ValType>) {
                (<($($value,)*)>::types(), R::Values::types())
            }

            fn run(
                &self,
                caller: Caller<'_, T>,
                args: &[CallValue],
                results: &mut [CallValue],
            ) -> Result<()> {
                run(caller, args, results, |caller, ($($name,)*): ($($value,)*)| {
                    self(caller, $($name),*)
                })
            }
        }
    )* };
}

closures! {
    ()
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, G g)
    (A a, B b, C c, D d, E e, G g, H h)
    (A a, B b, C c, D d, E e, G g, H h, I i)
}
