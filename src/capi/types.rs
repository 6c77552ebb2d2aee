//! Types
//!
//! Types of structs, arrays and functions, as WebAssembly GC has them. They are
//! declared in rec groups (below) and registered with an engine, where equal groups
//! are one: two registrations of the same group give the same types. A
//! gcroots_type_t is a counted reference to a registered type, which never changes.
//! Any thread may use one; it keeps alive what the type refers to, also after its
//! engine was released.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use super::boundary::{call, put, required, required_const};
use super::status::gcroots_status_t;
use crate::error::{Error, Result};
use crate::types::{
    AbstractType, Composite, HeapType, RefType, RegisteredType, StorageType, Type, ValType,
};

/// What a type is.
pub type gcroots_type_kind_t = u32;

/// A struct.
pub const GCROOTS_TYPE_STRUCT: gcroots_type_kind_t = 0;
/// An array.
pub const GCROOTS_TYPE_ARRAY: gcroots_type_kind_t = 1;
/// A function.
pub const GCROOTS_TYPE_FUNC: gcroots_type_kind_t = 2;

/// What a field stores.
pub type gcroots_storage_t = u32;

/// 8 bits, in fields and elements only.
pub const GCROOTS_STORAGE_I8: gcroots_storage_t = 0;
/// 16 bits, in fields and elements only.
pub const GCROOTS_STORAGE_I16: gcroots_storage_t = 1;
/// 32 bits.
pub const GCROOTS_STORAGE_I32: gcroots_storage_t = 2;
/// 64 bits.
pub const GCROOTS_STORAGE_I64: gcroots_storage_t = 3;
/// A 32-bit float.
pub const GCROOTS_STORAGE_F32: gcroots_storage_t = 4;
/// A 64-bit float.
pub const GCROOTS_STORAGE_F64: gcroots_storage_t = 5;
/// 128 bits.
pub const GCROOTS_STORAGE_V128: gcroots_storage_t = 6;
/// A reference.
pub const GCROOTS_STORAGE_REF: gcroots_storage_t = 7;

/// What a reference may refer to.
pub type gcroots_heap_type_t = u32;

/// All internal references.
pub const GCROOTS_HEAP_ANY: gcroots_heap_type_t = 0;
/// Internal references that can be compared.
pub const GCROOTS_HEAP_EQ: gcroots_heap_type_t = 1;
/// 31-bit integers.
pub const GCROOTS_HEAP_I31: gcroots_heap_type_t = 2;
/// All structs.
pub const GCROOTS_HEAP_STRUCT: gcroots_heap_type_t = 3;
/// All arrays.
pub const GCROOTS_HEAP_ARRAY: gcroots_heap_type_t = 4;
/// No internal reference but null.
pub const GCROOTS_HEAP_NONE: gcroots_heap_type_t = 5;
/// All functions.
pub const GCROOTS_HEAP_FUNC: gcroots_heap_type_t = 6;
/// No function but null.
pub const GCROOTS_HEAP_NOFUNC: gcroots_heap_type_t = 7;
/// All external references.
pub const GCROOTS_HEAP_EXTERN: gcroots_heap_type_t = 8;
/// No external reference but null.
pub const GCROOTS_HEAP_NOEXTERN: gcroots_heap_type_t = 9;
/// All exceptions.
pub const GCROOTS_HEAP_EXN: gcroots_heap_type_t = 10;
/// No exception but null.
pub const GCROOTS_HEAP_NOEXN: gcroots_heap_type_t = 11;
/// A registered type: `type`.
pub const GCROOTS_HEAP_TYPE: gcroots_heap_type_t = 12;
/// A type of the collection that is registered together, by its index there: `local`.
/// In declarations only.
pub const GCROOTS_HEAP_LOCAL: gcroots_heap_type_t = 13;

const _: () = assert!(
    GCROOTS_HEAP_ANY == AbstractType::Any as u32
        && GCROOTS_HEAP_EQ == AbstractType::Eq as u32
        && GCROOTS_HEAP_I31 == AbstractType::I31 as u32
        && GCROOTS_HEAP_STRUCT == AbstractType::Struct as u32
        && GCROOTS_HEAP_ARRAY == AbstractType::Array as u32
        && GCROOTS_HEAP_NONE == AbstractType::None as u32
        && GCROOTS_HEAP_FUNC == AbstractType::Func as u32
        && GCROOTS_HEAP_NOFUNC == AbstractType::NoFunc as u32
        && GCROOTS_HEAP_EXTERN == AbstractType::Extern as u32
        && GCROOTS_HEAP_NOEXTERN == AbstractType::NoExtern as u32
        && GCROOTS_HEAP_EXN == AbstractType::Exn as u32
        && GCROOTS_HEAP_NOEXN == AbstractType::NoExn as u32
);

/// A registered type. Equal types of an engine are at the same address.
pub struct gcroots_type_t {
    _private: [u8; 0],
}

/// The type of a field, element, parameter or result. Zeros but for what is needed
/// are fine.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_field_type_t {
    /// What is stored.
    pub storage: gcroots_storage_t,
    /// Of a reference: what it may refer to.
    pub heap: gcroots_heap_type_t,
    /// With GCROOTS_HEAP_LOCAL: the index in the collection.
    pub local: u32,
    /// Whether the field may be set: 0 or not. Of parameters and results ignored.
    pub is_mutable: u8,
    /// Of a reference: whether null is one: 0 or not.
    pub is_nullable: u8,
    /// With GCROOTS_HEAP_TYPE: the type; else not looked at.
    pub r#type: *const gcroots_type_t,
}

/// Where an object has what. Offsets count bytes from the object's start, where its
/// header of 8 bytes is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_layout_t {
    /// A struct's size; where an array's elements begin (its length, a uint32_t, is at
    /// 8); of a function that of an exception whose tag has it.
    pub bytes: u32,
    /// The size of an array's element; 0 of others.
    pub element_bytes: u32,
    /// How many offsets there are: a struct's fields, a function's parameters;
    /// 0 of an array.
    pub offset_count: usize,
    /// The offsets of the fields, or of an exception's (borrowed, as long as the type).
    pub offsets: *const u32,
}

/// A reference that counts nothing to the caller's type.
///
/// # Safety
///
/// `registered` must be a type that the caller holds a reference to.
pub(super) unsafe fn borrowed(registered: NonNull<gcroots_type_t>) -> ManuallyDrop<Type> {
    // SAFETY: the caller's promise; the reference is never dropped.
    ManuallyDrop::new(unsafe { Type::from_raw(registered.cast::<RegisteredType>()) })
}

/// A type, for C to own.
pub(super) fn owned(registered: Type) -> *mut gcroots_type_t {
    registered.into_raw().as_ptr().cast()
}

/// One more reference to a type (borrowed, nullable). Never collects.
///
/// \return the same type (owned); release it with gcroots_type_free(). NULL for NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_clone(r#type: *const gcroots_type_t) -> *mut gcroots_type_t {
    let mut cloned = core::ptr::null_mut();
    call(|| {
        if let Some(registered) = NonNull::new(r#type.cast_mut()) {
            // SAFETY: the caller holds a reference.
            cloned = owned(unsafe { borrowed(registered) }.try_clone()?);
        }
        Ok(())
    });
    cloned
}

/// Gives up a reference to a type (taken, nullable). Any thread may call this at any
/// time. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_free(r#type: *mut gcroots_type_t) {
    if let Some(registered) = NonNull::new(r#type) {
        // SAFETY: the caller gives up its reference.
        drop(unsafe { Type::from_raw(registered.cast::<RegisteredType>()) });
    }
}

/// Reads something of a type into `out`.
///
/// # Safety
///
/// `registered` must be NULL or a type that the caller holds a reference to, `out`
/// NULL or valid for writing.
unsafe fn ask<T>(
    registered: *const gcroots_type_t,
    out: *mut MaybeUninit<T>,
    read: impl FnOnce(&Type) -> Result<T>,
) -> gcroots_status_t {
    call(|| {
        let (registered, out) = (required_const(registered, "type")?, required(out, "out")?);
        // SAFETY: the caller's promise.
        unsafe { put(out, read(&borrowed(registered))?) }
    })
}

/// Whether a type is a struct, an array or a function. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_kind(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_type_kind_t>,
) -> gcroots_status_t {
    let kind = |registered: &Type| {
        Ok(match registered.composite {
            Composite::Struct(_) => GCROOTS_TYPE_STRUCT,
            Composite::Array(_) => GCROOTS_TYPE_ARRAY,
            Composite::Func { .. } => GCROOTS_TYPE_FUNC,
        })
    };
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, kind) }
}

/// A type's index, which no other type of the engine has while this one is referred
/// to. Equal types have equal indices. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_index(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, |registered| Ok(registered.index)) }
}

/// How many fields a struct has; 1 for an array, its element; for a function its
/// parameters and results together. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_field_count(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, |registered| Ok(registered.composite.len())) }
}

/// How many of a function's fields are parameters: the first ones. 0 for other types.
/// Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_param_count(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    let count = |registered: &Type| {
        Ok(match &registered.composite {
            Composite::Func { params, .. } => params.len(),
            _ => 0,
        })
    };
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, count) }
}

/// A field, element, parameter or result of a type. Never collects.
///
/// \param[out] out its `type`, if that is not NULL, is a new reference (owned); release
///             it with gcroots_type_free()
/// \return GCROOTS_ERROR_OUT_OF_BOUNDS; GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_field(
    r#type: *const gcroots_type_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_field_type_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, |registered| field(registered, index)) }
}

fn field(registered: &Type, index: usize) -> Result<gcroots_field_type_t> {
    let (storage, mutable) = registered
        .composite
        .field(index)
        .ok_or(Error::OutOfBounds {
            what: "field",
            index: index as u64,
            length: registered.composite.len() as u64,
        })?;
    let mut field = gcroots_field_type_t {
        storage: GCROOTS_STORAGE_REF,
        heap: 0,
        local: 0,
        is_mutable: mutable.into(),
        is_nullable: 0,
        r#type: core::ptr::null(),
    };
    field.storage = match storage {
        StorageType::I8 => GCROOTS_STORAGE_I8,
        StorageType::I16 => GCROOTS_STORAGE_I16,
        StorageType::Val(ValType::I32) => GCROOTS_STORAGE_I32,
        StorageType::Val(ValType::I64) => GCROOTS_STORAGE_I64,
        StorageType::Val(ValType::F32) => GCROOTS_STORAGE_F32,
        StorageType::Val(ValType::F64) => GCROOTS_STORAGE_F64,
        StorageType::Val(ValType::V128) => GCROOTS_STORAGE_V128,
        StorageType::Val(ValType::Ref(RefType { nullable, heap })) => {
            field.is_nullable = nullable.into();
            match heap {
                HeapType::Abstract(of) => field.heap = of as u32,
                HeapType::Concrete(index) => {
                    field.heap = GCROOTS_HEAP_TYPE;
                    field.r#type = owned(registered.referred(index)?);
                }
            }
            GCROOTS_STORAGE_REF
        }
    };
    Ok(field)
}

/// The supertype that a type was declared with. Never collects.
///
/// \param[out] out the supertype (owned); release it with gcroots_type_free(). NULL if
///             there is none.
/// \return GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_supertype(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    let supertype = |registered: &Type| match registered.supertypes.last() {
        Some(&index) => Ok(owned(registered.referred(index)?)),
        None => Ok(core::ptr::null_mut()),
    };
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, supertype) }
}

/// A function's trampoline type, in which each reference is a nullable one to the top
/// of its hierarchy, so that one trampoline serves many types. Of another type itself.
/// Never collects.
///
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_trampoline(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    let trampoline = |registered: &Type| Ok(owned(registered.referred(registered.trampoline)?));
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, trampoline) }
}

/// Whether each object of a type is one of another: the same, or declared below it. In
/// constant time, without a lock. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_ENGINE if they are of two engines
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_is_subtype(
    r#type: *const gcroots_type_t,
    supertype: *const gcroots_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call(|| {
        let registered = required_const(r#type, "type")?;
        let supertype = required_const(supertype, "supertype")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes types that it holds references to, and `out` valid
        // for writing.
        unsafe {
            let (registered, supertype) = (borrowed(registered), borrowed(supertype));
            if !registered.has_registry_of(&supertype) {
                return Err(Error::WrongEngine {
                    parameter: "supertype",
                });
            }
            put(out, registered.is_subtype_of(&supertype))
        }
    })
}

/// Where a type's objects have what, for engines that read them directly. Never
/// collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_layout(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_layout_t>,
) -> gcroots_status_t {
    let layout = |registered: &Type| {
        let layout = &registered.layout;
        Ok(gcroots_layout_t {
            bytes: layout.bytes,
            element_bytes: layout.element_bytes,
            offset_count: layout.offsets.len(),
            offsets: layout.offsets.as_ptr(),
        })
    };
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask(r#type, out, layout) }
}
