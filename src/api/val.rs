//! Values.

use std::vec;

use super::gc_ref::sealed::RootedGcRefImpl;
use super::null::WithHierarchy;
use super::{
    AnyRef, AsContext, ExnRef, ExternRef, Func, GcRef, HeapType, RefType, Rooted, ValType, casts,
};
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
/// `ExternRef`. The same holds for null. Apart from that, a null has a hierarchy like any
/// other reference: a field of functions refuses `AnyRef(None)`.
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
    /// The null function reference.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// The null external reference.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// The null internal reference.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// The null exception reference.
    pub const fn null_exn_ref() -> Val {
        Val::ExnRef(None)
    }

    /// The null reference of the hierarchy of `heap_type`.
    ///
    /// ```
    /// use gcroots::{HeapType, Val};
    ///
    /// assert!(matches!(Val::null_ref(&HeapType::I31), Val::AnyRef(None)));
    /// assert!(matches!(Val::null_ref(&HeapType::NoFunc), Val::FuncRef(None)));
    /// ```
    pub fn null_ref(heap_type: &HeapType) -> Val {
        Val::of((Value::Ref(Handle::NULL), heap_type.top()))
    }

    /// The default value of a type: zero or null. `None` for a non-nullable reference type.
    ///
    /// ```
    /// use gcroots::{RefType, Val, ValType};
    ///
    /// assert!(matches!(Val::default_for_ty(&ValType::I32), Some(Val::I32(0))));
    /// let null = Val::default_for_ty(&RefType::ANYREF.into());
    /// assert!(matches!(null, Some(Val::AnyRef(None))));
    /// ```
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(0),
            ValType::Ref(of) if of.is_nullable() => Val::null_ref(of.heap_type()),
            ValType::Ref(_) => return None,
        })
    }

    /// The most specific type of the value. The types of external references and of
    /// exceptions are [`HeapType::Extern`] and [`HeapType::Exn`].
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] and [`Error::Unrooted`]. A handle that came from C can also
    /// cause [`Error::NullReference`] and [`Error::TypeMismatch`].
    ///
    /// ```
    /// use gcroots::{AnyRef, Engine, HeapType, I31, RefType, Store, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_u32(5))?;
    /// let i31 = RefType::new(false, HeapType::I31);
    /// assert_eq!(Val::from(five).ty(&store)?, ValType::Ref(i31));
    /// assert_eq!(Val::AnyRef(None).ty(&store)?, ValType::Ref(RefType::NULLREF));
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> anyhow::Result<ValType> {
        let heap_type = match self {
            Val::I32(_) => return Ok(ValType::I32),
            Val::I64(_) => return Ok(ValType::I64),
            Val::F32(_) => return Ok(ValType::F32),
            Val::F64(_) => return Ok(ValType::F64),
            Val::V128(_) => return Ok(ValType::V128),
            Val::FuncRef(None) => return Ok(RefType::NULLFUNCREF.into()),
            Val::ExternRef(None) => return Ok(RefType::NULLEXTERNREF.into()),
            Val::AnyRef(None) => return Ok(RefType::NULLREF.into()),
            Val::ExnRef(None) => return Ok(RefType::NULLEXNREF.into()),
            Val::FuncRef(Some(func)) => HeapType::ConcreteFunc(func.ty(store)?),
            Val::AnyRef(Some(any)) => any.ty(store)?,
            Val::ExternRef(Some(external)) => {
                // For its errors: whether the reference is external is up to its slot.
                casts::ty(store, external.handle())?;
                HeapType::Extern
            }
            Val::ExnRef(Some(exception)) => {
                exception.tag(store)?;
                HeapType::Exn
            }
        };
        Ok(RefType::new(false, heap_type).into())
    }

    /// Whether the value has the type `ty`: whether [`Val::ty`] matches it. Cost: constant,
    /// without a lock.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] and [`Error::Unrooted`], and [`Error::WrongEngine`] if a
    /// reference is compared with a type of another engine.
    ///
    /// ```
    /// use gcroots::{Engine, ExternRef, RefType, Store, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let text = Val::from(ExternRef::new(&mut store, "text")?);
    /// assert!(text.matches_ty(&store, &RefType::EXTERNREF.into())?);
    /// assert!(!text.matches_ty(&store, &RefType::ANYREF.into())?);
    /// assert!(!text.matches_ty(&store, &ValType::I32)?);
    /// # anyhow::Ok(())
    /// ```
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> anyhow::Result<bool> {
        let (own, of) = match (self.hierarchy(), ty) {
            (Some(own), ValType::Ref(of)) => (own, of),
            (None, ValType::Ref(_)) | (Some(_), _) => return Ok(false),
            (None, _) => return Ok(self.ty(store)? == *ty),
        };
        let (handle, heap_type) = (self.handle(), of.heap_type());
        let fits = match handle.is_null() {
            true => of.is_nullable(),
            false => casts::matches(store, handle, heap_type.to_core())?,
        };
        Ok(fits && heap_type.top() == own)
    }

    /// The top of the hierarchy of a reference. `None` for a number.
    fn hierarchy(&self) -> Option<AbstractType> {
        Some(match self {
            Val::FuncRef(_) => AbstractType::Func,
            Val::ExternRef(_) => AbstractType::Extern,
            Val::AnyRef(_) => AbstractType::Any,
            Val::ExnRef(_) => AbstractType::Exn,
            _ => return None,
        })
    }

    /// The integer. `None` if the value has another kind. The methods below return `None`
    /// in the same way.
    ///
    /// ```
    /// use gcroots::Val;
    ///
    /// assert_eq!(Val::I32(7).i32(), Some(7));
    /// assert_eq!(Val::I64(7).i32(), None);
    /// assert!(matches!(Val::AnyRef(None).anyref(), Some(None)));
    /// assert!(Val::ExternRef(None).anyref().is_none());
    /// ```
    #[inline]
    pub fn i32(&self) -> Option<i32> {
        match *self {
            Val::I32(value) => Some(value),
            _ => None,
        }
    }

    /// The integer.
    #[inline]
    pub fn i64(&self) -> Option<i64> {
        match *self {
            Val::I64(value) => Some(value),
            _ => None,
        }
    }

    /// The float.
    #[inline]
    pub fn f32(&self) -> Option<f32> {
        match *self {
            Val::F32(bits) => Some(f32::from_bits(bits)),
            _ => None,
        }
    }

    /// The float.
    #[inline]
    pub fn f64(&self) -> Option<f64> {
        match *self {
            Val::F64(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The 128 bits.
    #[inline]
    pub fn v128(&self) -> Option<u128> {
        match *self {
            Val::V128(bits) => Some(bits),
            _ => None,
        }
    }

    /// The function, or `Some(None)` for null.
    #[inline]
    pub fn funcref(&self) -> Option<Option<Rooted<Func>>> {
        match *self {
            Val::FuncRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// The external reference, or `Some(None)` for null.
    #[inline]
    pub fn externref(&self) -> Option<Option<Rooted<ExternRef>>> {
        match *self {
            Val::ExternRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// The internal reference, or `Some(None)` for null.
    #[inline]
    pub fn anyref(&self) -> Option<Option<Rooted<AnyRef>>> {
        match *self {
            Val::AnyRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// The exception, or `Some(None)` for null.
    #[inline]
    pub fn exnref(&self) -> Option<Option<Rooted<ExnRef>>> {
        match *self {
            Val::ExnRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// The integer.
    ///
    /// # Panics
    ///
    /// Panics if the value has another kind. The methods below panic in the same way.
    #[inline]
    #[track_caller]
    pub fn unwrap_i32(&self) -> i32 {
        self.i32().unwrap_or_else(|| self.not("an i32"))
    }

    /// The integer.
    #[inline]
    #[track_caller]
    pub fn unwrap_i64(&self) -> i64 {
        self.i64().unwrap_or_else(|| self.not("an i64"))
    }

    /// The float.
    #[inline]
    #[track_caller]
    pub fn unwrap_f32(&self) -> f32 {
        self.f32().unwrap_or_else(|| self.not("an f32"))
    }

    /// The float.
    #[inline]
    #[track_caller]
    pub fn unwrap_f64(&self) -> f64 {
        self.f64().unwrap_or_else(|| self.not("an f64"))
    }

    /// The 128 bits.
    #[inline]
    #[track_caller]
    pub fn unwrap_v128(&self) -> u128 {
        self.v128().unwrap_or_else(|| self.not("a v128"))
    }

    /// The function, or `None` for null.
    #[inline]
    #[track_caller]
    pub fn unwrap_funcref(&self) -> Option<Rooted<Func>> {
        self.funcref().unwrap_or_else(|| self.not("a funcref"))
    }

    /// The external reference, or `None` for null.
    #[inline]
    #[track_caller]
    pub fn unwrap_externref(&self) -> Option<Rooted<ExternRef>> {
        self.externref().unwrap_or_else(|| self.not("an externref"))
    }

    /// The internal reference, or `None` for null.
    #[inline]
    #[track_caller]
    pub fn unwrap_anyref(&self) -> Option<Rooted<AnyRef>> {
        self.anyref().unwrap_or_else(|| self.not("an anyref"))
    }

    /// The exception, or `None` for null.
    #[inline]
    #[track_caller]
    pub fn unwrap_exnref(&self) -> Option<Rooted<ExnRef>> {
        self.exnref().unwrap_or_else(|| self.not("an exnref"))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn not(&self, needed: &str) -> ! {
        panic!("{self:?} is not {needed}")
    }

    /// The handle of a reference. Null for a number.
    #[inline]
    pub(super) fn handle(&self) -> Handle {
        match self {
            Val::FuncRef(reference) => handle(reference),
            Val::ExternRef(reference) => handle(reference),
            Val::AnyRef(reference) => handle(reference),
            Val::ExnRef(reference) => handle(reference),
            _ => Handle::NULL,
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
            Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) => {
                Value::Ref(self.handle())
            }
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
        Ok(Val::of((value, top)))
    }

    /// Converts a value of the core, with the top of the hierarchy to which it belongs if it is a
    /// reference.
    #[inline]
    pub(super) fn of((value, top): (Value, AbstractType)) -> Val {
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
}

impl RawValue for Val {
    type Reference = WithHierarchy;

    #[inline]
    fn fits(&self, takes: Storage) -> bool {
        let own = match self {
            Val::I32(_) => Storage::I32,
            Val::I64(_) => Storage::I64,
            Val::F32(_) => Storage::F32,
            Val::F64(_) => Storage::F64,
            Val::V128(_) => Storage::V128,
            Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) => Storage::Ref,
        };
        own == takes
    }

    #[inline]
    fn bits32(&self) -> u32 {
        match *self {
            Val::I32(value) => value as u32,
            Val::F32(bits) => bits,
            _ => 0,
        }
    }

    #[inline]
    fn bits64(&self) -> u64 {
        match *self {
            Val::I64(value) => value as u64,
            Val::F64(bits) => bits,
            _ => 0,
        }
    }

    #[inline]
    fn bits128(&self) -> [u8; 16] {
        match self {
            Val::V128(bits) => bits.to_le_bytes(),
            _ => [0; 16],
        }
    }

    #[inline]
    fn reference(&self) -> WithHierarchy {
        WithHierarchy::of(self)
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
    let mut values = fallible::with_room(count)?;
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

#[inline]
fn handle<T: GcRef>(reference: &Option<Rooted<T>>) -> Handle {
    match reference {
        Some(root) => root.handle(),
        None => Handle::NULL,
    }
}

/// The root of a handle, or `None` if the handle is null.
#[inline]
pub(super) fn root<T: GcRef>(handle: Handle) -> Option<Rooted<T>> {
    (!handle.is_null()).then(|| Rooted::new(handle))
}

/// The root of a non-null handle. A handle that came from C can be null.
///
/// Errors: [`Error::NullReference`].
#[inline]
pub(super) fn never_null<T: GcRef>(handle: Handle) -> Result<Rooted<T>> {
    root(handle).ok_or(Error::NullReference { parameter: "ref" })
}
