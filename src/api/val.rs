//! Values.

use std::vec;

use super::gc_ref::sealed::RootedGcRefImpl;
use super::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, Func, GcRef, Rooted, StructRef};
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::roots::Handle;
use crate::store::{RawValue, Store as Core, Value};
use crate::types::{AbstractType, FieldLayout, Storage};

/// A value of a field, element, global, argument or result.
///
/// A write to a packed field stores the low bits of an `I32`. A read returns them as a
/// zero-extended `I32`. A reference that is read becomes a new root in the current scope.
///
/// The type of the field decides whether a reference is external. A field of external
/// references also accepts an `AnyRef`, and a field of internal references also accepts an
/// `ExternRef`.
///
/// ```
/// use gcroots::{AnyRef, Engine, I31, Store, Val};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
/// let values = [Val::from(1i32), Val::from(2.5f64), Val::from(five), Val::AnyRef(None)];
///
/// assert_eq!(values[0].unwrap_i32(), 1);
/// assert_eq!(values[1].unwrap_f64(), 2.5);
/// assert_eq!(values[2].unwrap_anyref().unwrap().unwrap_i31(&store)?.get_u32(), 5);
/// assert!(values[3].unwrap_anyref().is_none());
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// 128 bits, little-endian in memory.
    V128(u128),
    /// A function or null.
    FuncRef(Option<Rooted<Func>>),
    /// An external reference or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// An internal reference or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// An exception or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

impl Val {
    /// The integer.
    ///
    /// # Panics
    ///
    /// Panics if the value has another kind. The methods below panic in the same way.
    #[track_caller]
    pub fn unwrap_i32(&self) -> i32 {
        match *self {
            Val::I32(value) => value,
            ref other => panic!("{other:?} is not an i32"),
        }
    }

    /// The integer.
    #[track_caller]
    pub fn unwrap_i64(&self) -> i64 {
        match *self {
            Val::I64(value) => value,
            ref other => panic!("{other:?} is not an i64"),
        }
    }

    /// The float.
    #[track_caller]
    pub fn unwrap_f32(&self) -> f32 {
        match *self {
            Val::F32(bits) => f32::from_bits(bits),
            ref other => panic!("{other:?} is not an f32"),
        }
    }

    /// The float.
    #[track_caller]
    pub fn unwrap_f64(&self) -> f64 {
        match *self {
            Val::F64(bits) => f64::from_bits(bits),
            ref other => panic!("{other:?} is not an f64"),
        }
    }

    /// The 128 bits.
    #[track_caller]
    pub fn unwrap_v128(&self) -> u128 {
        match *self {
            Val::V128(bits) => bits,
            ref other => panic!("{other:?} is not a v128"),
        }
    }

    /// The function, or `None` for null.
    #[track_caller]
    pub fn unwrap_funcref(&self) -> Option<Rooted<Func>> {
        match *self {
            Val::FuncRef(reference) => reference,
            ref other => panic!("{other:?} is not a funcref"),
        }
    }

    /// The external reference, or `None` for null.
    #[track_caller]
    pub fn unwrap_externref(&self) -> Option<Rooted<ExternRef>> {
        match *self {
            Val::ExternRef(reference) => reference,
            ref other => panic!("{other:?} is not an externref"),
        }
    }

    /// The internal reference, or `None` for null.
    #[track_caller]
    pub fn unwrap_anyref(&self) -> Option<Rooted<AnyRef>> {
        match *self {
            Val::AnyRef(reference) => reference,
            ref other => panic!("{other:?} is not an anyref"),
        }
    }

    /// The exception, or `None` for null.
    #[track_caller]
    pub fn unwrap_exnref(&self) -> Option<Rooted<ExnRef>> {
        match *self {
            Val::ExnRef(reference) => reference,
            ref other => panic!("{other:?} is not an exnref"),
        }
    }

    /// The value for the core.
    #[inline]
    pub(super) fn core(&self) -> Value {
        match self {
            Val::I32(value) => Value::I32(*value as u32),
            Val::I64(value) => Value::I64(*value as u64),
            Val::F32(bits) => Value::F32(*bits),
            Val::F64(bits) => Value::F64(*bits),
            Val::V128(bits) => Value::V128(bits.to_le_bytes()),
            Val::FuncRef(reference) => Value::Ref(handle(reference)),
            Val::ExternRef(reference) => Value::Ref(handle(reference)),
            Val::AnyRef(reference) => Value::Ref(handle(reference)),
            Val::ExnRef(reference) => Value::Ref(handle(reference)),
        }
    }

    /// Converts a value that the core read from field `index` of the object of `holder`. For
    /// an array's element, `index` is 0.
    ///
    /// Errors: those of [`Core::top_of_field`] and [`Core::hierarchy`].
    pub(super) fn read(core: &Core, value: Value, holder: Handle, index: usize) -> Result<Val> {
        let top = match value {
            Value::Ref(handle) => core.hierarchy(core.top_of_field(holder, index)?, handle)?,
            _ => AbstractType::Any,
        };
        Ok(Val::of(value, top))
    }

    /// Converts a value of the core. A reference must belong to the hierarchy of `top`.
    pub(super) fn of(value: Value, top: AbstractType) -> Val {
        match value {
            Value::I32(bits) => Val::I32(bits as i32),
            Value::I64(bits) => Val::I64(bits as i64),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(bytes) => Val::V128(u128::from_le_bytes(bytes)),
            Value::Ref(handle) => match top {
                AbstractType::Func => Val::FuncRef(root(handle)),
                AbstractType::Extern => Val::ExternRef(root(handle)),
                AbstractType::Exn => Val::ExnRef(root(handle)),
                _ => Val::AnyRef(root(handle)),
            },
        }
    }

    /// The handle of a reference, for the core.
    ///
    /// Errors: [`Error::TypeMismatch`] if the value is not a reference.
    pub(super) fn reference(&self) -> Result<Handle> {
        match self.core() {
            Value::Ref(handle) => Ok(handle),
            number => Err(Error::TypeMismatch {
                needed: Storage::Ref.name(),
                found: number.storage().name(),
            }),
        }
    }
}

impl RawValue for Val {
    #[inline]
    fn kind(&self) -> u32 {
        let storage = match self {
            Val::I32(_) => Storage::I32,
            Val::I64(_) => Storage::I64,
            Val::F32(_) => Storage::F32,
            Val::F64(_) => Storage::F64,
            Val::V128(_) => Storage::V128,
            Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) => Storage::Ref,
        };
        storage as u32
    }

    #[inline]
    fn bits32(&self) -> u32 {
        match self.core() {
            Value::I32(bits) | Value::F32(bits) => bits,
            _ => 0,
        }
    }

    #[inline]
    fn bits64(&self) -> u64 {
        match self.core() {
            Value::I64(bits) | Value::F64(bits) => bits,
            _ => 0,
        }
    }

    #[inline]
    fn handle(&self) -> Handle {
        match self.core() {
            Value::Ref(handle) => handle,
            _ => Handle::NULL,
        }
    }
}

/// Reads `count` values, of which `references` are references. Room for all roots and
/// values is reserved before the first read, so that no root is made if there is no room.
///
/// Errors: those of `read`, and [`Error::Limit`] and [`Error::SystemMemory`] if there is no
/// room.
pub(super) fn read_all(
    core: &Core,
    count: usize,
    references: usize,
    read: impl Fn(usize) -> Result<Val>,
) -> Result<vec::IntoIter<Val>> {
    core.reserve_scoped(references as u64)?;
    let mut values = Vec::new();
    let refused = |_| fallible::refused(count.saturating_mul(size_of::<Val>()));
    values.try_reserve_exact(count).map_err(refused)?;
    for index in 0..count {
        fallible::push(&mut values, read(index)?)?;
    }
    Ok(values.into_iter())
}

/// The number of fields that hold references.
pub(super) fn references(fields: &[FieldLayout]) -> usize {
    let is_reference = |field: &&FieldLayout| field.storage == Storage::Ref;
    fields.iter().filter(is_reference).count()
}

fn handle<T: GcRef>(reference: &Option<Rooted<T>>) -> Handle {
    match reference {
        Some(root) => root.handle(),
        None => Handle::NULL,
    }
}

/// The root of a handle, or `None` if the handle is null.
pub(super) fn root<T: GcRef>(handle: Handle) -> Option<Rooted<T>> {
    (!handle.is_null()).then(|| Rooted::new(handle))
}

/// The root of a non-null handle. A handle that came from C can be null.
///
/// Errors: [`Error::NullReference`].
pub(super) fn never_null<T: GcRef>(handle: Handle) -> Result<Rooted<T>> {
    root(handle).ok_or(Error::NullReference { parameter: "ref" })
}

impl From<i32> for Val {
    fn from(value: i32) -> Val {
        Val::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Val {
        Val::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Val {
        Val::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Val {
        Val::F64(value.to_bits())
    }
}

impl From<u128> for Val {
    fn from(bits: u128) -> Val {
        Val::V128(bits)
    }
}

impl From<Rooted<ExternRef>> for Val {
    fn from(reference: Rooted<ExternRef>) -> Val {
        Val::ExternRef(Some(reference))
    }
}

impl From<Rooted<AnyRef>> for Val {
    fn from(reference: Rooted<AnyRef>) -> Val {
        Val::AnyRef(Some(reference))
    }
}

impl From<Rooted<EqRef>> for Val {
    fn from(reference: Rooted<EqRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Rooted<StructRef>> for Val {
    fn from(reference: Rooted<StructRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Rooted<ArrayRef>> for Val {
    fn from(reference: Rooted<ArrayRef>) -> Val {
        reference.to_anyref().into()
    }
}

impl From<Rooted<ExnRef>> for Val {
    fn from(reference: Rooted<ExnRef>) -> Val {
        Val::ExnRef(Some(reference))
    }
}

impl From<Rooted<Func>> for Val {
    fn from(reference: Rooted<Func>) -> Val {
        Val::FuncRef(Some(reference))
    }
}
