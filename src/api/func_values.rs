//! Rust types that can be parameters and results of functions.
#![expect(private_interfaces, reason = "only this crate calls sealed traits")]

use core::mem;

use super::gc_ref::sealed::{GcRefImpl, RootedGcRefImpl};
use super::{GcRef, ManuallyRooted, RefType, Rooted, ValType, val};
use crate::error::{Error, Result};
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::{Store as Core, Value};

/// The largest number of values in a [`FuncValues`].
pub(super) const VALUES_MAX: usize = 8;

/// The sealed parts of the traits. Only this crate implements and calls them.
pub(super) mod sealed {
    use super::{CallValue, Core, Result, ValType, Value};

    /// The type of one value.
    pub trait FuncValueImpl: Sized {
        fn ty() -> ValType;

        /// The value for the core. It is valid as long as `self` lives.
        fn borrowed(&self) -> Value;

        /// The value for the core. It is valid until the current scope ends.
        fn into_scoped(self, core: &Core) -> Result<Value> {
            let _ = core;
            Ok(self.borrowed())
        }

        /// Converts a value of the core. A handle in it must be rooted in the current
        /// scope.
        fn from_scoped(value: Value, core: &Core) -> Result<Self>;
    }

    /// The type of a list of values.
    pub trait FuncValuesImpl: Sized {
        const COUNT: usize;
        fn types() -> Vec<ValType>;
        fn all_borrowed(&self, to: &mut [CallValue]);
        fn into_all_scoped(self, core: &Core, to: &mut [CallValue]) -> Result<()>;
        fn from_all_scoped(from: &[CallValue], core: &Core) -> Result<Self>;
    }
}

use sealed::{FuncValueImpl, FuncValuesImpl};

/// A type that can be a parameter or a result of a function. Sealed. It is one of:
///
/// * `i32`, `u32`, `i64`, `u64`, `f32`, `f64` and `u128`;
/// * `Rooted<T>` and `ManuallyRooted<T>` for non-null references;
/// * `Option`s of these roots for nullable references.
pub trait FuncValue: FuncValueImpl {}

/// The parameters or the results of a function. Sealed. It is `()`, a [`FuncValue`], or a
/// tuple of up to eight [`FuncValue`]s.
pub trait FuncValues: FuncValuesImpl {}

impl<V: FuncValueImpl> FuncValue for V {}

impl<V: FuncValuesImpl> FuncValues for V {}

/// Reads a value that the core made or checked.
pub(super) fn read(from: &CallValue) -> Result<Value> {
    // SAFETY: the core initialises each value that it hands out, and sets or checks its
    // kind.
    unsafe { CallValue::read(from) }.ok_or(Error::internal(
        "a value of unknown kind in a call",
        from.kind.into(),
    ))
}

/// The error for a value of a kind that the function's type excludes.
fn another_kind<T>() -> Result<T> {
    Err(Error::internal("a value of another kind in a call", 0))
}

macro_rules! numbers {
    ($($number:ty, $ty:ident, $bits:ty, $to:expr, $from:expr;)*) => { $(
        impl FuncValueImpl for $number {
            fn ty() -> ValType {
                ValType::$ty
            }

            fn borrowed(&self) -> Value {
                let to: fn($number) -> $bits = $to;
                Value::$ty(to(*self))
            }

            fn from_scoped(value: Value, _core: &Core) -> Result<Self> {
                let from: fn($bits) -> $number = $from;
                match value {
                    Value::$ty(bits) => Ok(from(bits)),
                    _ => another_kind(),
                }
            }
        }
    )* };
}

numbers! {
    i32, I32, u32, |value| value as u32, |bits| bits as i32;
    u32, I32, u32, |value| value, |bits| bits;
    i64, I64, u64, |value| value as u64, |bits| bits as i64;
    u64, I64, u64, |value| value, |bits| bits;
    f32, F32, u32, f32::to_bits, f32::from_bits;
    f64, F64, u64, f64::to_bits, f64::from_bits;
    u128, V128, [u8; 16], u128::to_le_bytes, u128::from_le_bytes;
}

fn reference<T: GcRef>(nullable: bool) -> ValType {
    ValType::Ref(RefType::new(nullable, <T as GcRefImpl>::heap_type()))
}

fn handle_of(value: Value) -> Result<Handle> {
    match value {
        Value::Ref(handle) => Ok(handle),
        _ => another_kind(),
    }
}

impl<T: GcRef> FuncValueImpl for Rooted<T> {
    fn ty() -> ValType {
        reference::<T>(false)
    }

    fn borrowed(&self) -> Value {
        Value::Ref(self.handle())
    }

    fn from_scoped(value: Value, _core: &Core) -> Result<Self> {
        val::never_null(handle_of(value)?)
    }
}

impl<T: GcRef> FuncValueImpl for ManuallyRooted<T> {
    fn ty() -> ValType {
        reference::<T>(false)
    }

    fn borrowed(&self) -> Value {
        Value::Ref(self.handle())
    }

    fn into_scoped(self, core: &Core) -> Result<Value> {
        let scoped = core.into_rooted(self.handle())?;
        mem::forget(self);
        Ok(Value::Ref(scoped))
    }

    fn from_scoped(value: Value, core: &Core) -> Result<Self> {
        let scoped = val::never_null::<T>(handle_of(value)?)?;
        Ok(ManuallyRooted::new(core.root(scoped.handle())?))
    }
}

/// Implements values whose null is `None`.
macro_rules! or_null {
    ($($root:ident)*) => { $(
        impl<T: GcRef> FuncValueImpl for Option<$root<T>> {
            fn ty() -> ValType {
                reference::<T>(true)
            }

            fn borrowed(&self) -> Value {
                match self {
                    Some(root) => root.borrowed(),
                    None => Value::Ref(Handle::NULL),
                }
            }

            fn into_scoped(self, core: &Core) -> Result<Value> {
                match self {
                    Some(root) => root.into_scoped(core),
                    None => Ok(Value::Ref(Handle::NULL)),
                }
            }

            fn from_scoped(value: Value, core: &Core) -> Result<Self> {
                if handle_of(value)?.is_null() {
                    return Ok(None);
                }
                $root::from_scoped(value, core).map(Some)
            }
        }
    )* };
}

or_null!(Rooted ManuallyRooted);

impl<V: FuncValueImpl> FuncValuesImpl for V {
    const COUNT: usize = 1;

    fn types() -> Vec<ValType> {
        Vec::from([V::ty()])
    }

    fn all_borrowed(&self, to: &mut [CallValue]) {
        to[0] = self.borrowed().into();
    }

    fn into_all_scoped(self, core: &Core, to: &mut [CallValue]) -> Result<()> {
        to[0] = self.into_scoped(core)?.into();
        Ok(())
    }

    fn from_all_scoped(from: &[CallValue], core: &Core) -> Result<Self> {
        V::from_scoped(read(&from[0])?, core)
    }
}

macro_rules! tuples {
    ($(($($value:ident $index:tt),*))*) => { $(
        impl<$($value: FuncValueImpl),*> FuncValuesImpl for ($($value,)*) {
            const COUNT: usize = <[usize]>::len(&[$($index),*]);

            fn types() -> Vec<ValType> {
                Vec::from([$($value::ty()),*])
            }

            fn all_borrowed(&self, _to: &mut [CallValue]) {
                $(_to[$index] = self.$index.borrowed().into();)*
            }

            fn into_all_scoped(self, _core: &Core, _to: &mut [CallValue]) -> Result<()> {
                $(_to[$index] = self.$index.into_scoped(_core)?.into();)*
                Ok(())
            }

            fn from_all_scoped(_from: &[CallValue], _core: &Core) -> Result<Self> {
                Ok(($($value::from_scoped(read(&_from[$index])?, _core)?,)*))
            }
        }
    )* };
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
