//! Types
//!
//! The types of structs, arrays and functions, as in WebAssembly GC. Types are declared
//! in rec groups (the next section) and registered with an engine. An engine keeps one copy
//! of equal rec groups: registering an equal group again returns the same types, unless the
//! group is unique.
//!
//! A gcroots_type_t is a counted reference to a registered type. A registered type never
//! changes, and any thread may use it. A reference keeps alive the type and all types to
//! which it refers, even after the engine was released. Whether a pointer to a type is
//! const says nothing about who owns the reference.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use super::boundary::{call, required, required_const, write_out};
use super::status::gcroots_status_t;
use crate::error::{Error, Result};
use crate::types::{
    AbstractType, Composite, HeapType, RefType, RegisteredType, StorageType, Type, ValType,
};

/// The kind of a type: one of GCROOTS_TYPE_STRUCT to GCROOTS_TYPE_FUNC.
pub type gcroots_type_kind_t = u32;

/// A struct.
pub const GCROOTS_TYPE_STRUCT: gcroots_type_kind_t = 0;
/// An array.
pub const GCROOTS_TYPE_ARRAY: gcroots_type_kind_t = 1;
/// A function.
pub const GCROOTS_TYPE_FUNC: gcroots_type_kind_t = 2;

/// What a field stores: one of GCROOTS_STORAGE_I8 to GCROOTS_STORAGE_REF.
pub type gcroots_storage_t = u32;

/// 8 bits (packed). For fields and elements only.
pub const GCROOTS_STORAGE_I8: gcroots_storage_t = 0;
/// 16 bits (packed). For fields and elements only.
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

/// A heap type: what a reference may refer to. One of GCROOTS_HEAP_ANY to
/// GCROOTS_HEAP_EVERY.
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
/// No internal reference except null.
pub const GCROOTS_HEAP_NONE: gcroots_heap_type_t = 5;
/// All functions.
pub const GCROOTS_HEAP_FUNC: gcroots_heap_type_t = 6;
/// No function except null.
pub const GCROOTS_HEAP_NOFUNC: gcroots_heap_type_t = 7;
/// All external references.
pub const GCROOTS_HEAP_EXTERN: gcroots_heap_type_t = 8;
/// No external reference except null.
pub const GCROOTS_HEAP_NOEXTERN: gcroots_heap_type_t = 9;
/// All exceptions.
pub const GCROOTS_HEAP_EXN: gcroots_heap_type_t = 10;
/// No exception except null.
pub const GCROOTS_HEAP_NOEXN: gcroots_heap_type_t = 11;
/// Objects of a registered type, which the member `type` names.
pub const GCROOTS_HEAP_TYPE: gcroots_heap_type_t = 12;
/// Objects of a type that is registered in the same call. The member `local` is its
/// index in the collection: see gcroots_rec_group_register(). For declarations only.
pub const GCROOTS_HEAP_LOCAL: gcroots_heap_type_t = 13;

/// Every reference: internal and external ones, functions and exceptions. It is a
/// supertype of all other heap types, and a subtype of none of them. WebAssembly does not
/// have it: it is for dynamically typed slots of other embedders.
pub const GCROOTS_HEAP_EVERY: gcroots_heap_type_t = 14;

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
        && GCROOTS_HEAP_EVERY == AbstractType::Every as u32
);

/// A registered type. Within one engine, equal types have the same address.
pub struct gcroots_type_t {
    _private: [u8; 0],
}

/// The type of a field, element, parameter or result. Members that do not apply are
/// ignored; they may be zero.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_field_type_t {
    /// What the field stores.
    pub storage: gcroots_storage_t,
    /// If it stores a reference: what the reference may refer to.
    pub heap: gcroots_heap_type_t,
    /// With GCROOTS_HEAP_LOCAL: the index of the type in the collection.
    pub local: u32,
    /// Nonzero if the field is mutable. Ignored for parameters and results.
    pub is_mutable: u8,
    /// If it stores a reference: nonzero if the reference may be null.
    pub is_nullable: u8,
    /// With GCROOTS_HEAP_TYPE: the type. Ignored otherwise.
    pub r#type: *const gcroots_type_t,
}

/// The layout of a type's objects in memory. Offsets are in bytes, from the start of
/// the object. An object starts with a header of 8 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_layout_t {
    /// Depends on the kind of the type:
    /// - struct: the size of an object
    /// - array: the offset of the first element; the length, a uint32_t, is at offset 8
    /// - function: the size of an exception whose tag has this type
    pub bytes: u32,
    /// The size of an array element; 0 for structs and functions.
    pub element_bytes: u32,
    /// The number of `offsets`:
    /// - struct: the number of fields
    /// - array: 0
    /// - function: the number of parameters
    pub offset_count: usize,
    /// The offsets of the fields of a struct, or of an exception whose tag has this type
    /// (borrowed, valid as long as the type).
    pub offsets: *const u32,
}

/// Borrows the caller's reference to a type. The count does not change.
///
/// # Safety
///
/// `registered` must be a type that the caller holds a reference to.
pub(super) unsafe fn borrowed(registered: NonNull<gcroots_type_t>) -> ManuallyDrop<Type> {
    // SAFETY: the caller's promise; the reference is never dropped.
    ManuallyDrop::new(unsafe { Type::from_raw(registered.cast::<RegisteredType>()) })
}

/// Converts a reference to a type into a pointer that C owns.
pub(super) fn owned(registered: Type) -> *mut gcroots_type_t {
    registered.into_raw().as_ptr().cast()
}

/// Adds a reference to a type. Any thread may call this. Never collects.
///
/// \param type (borrowed, nullable)
/// \return the same type (owned); release it with gcroots_type_free(). NULL if `type`
///         is NULL or has too many references
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_clone(r#type: *const gcroots_type_t) -> *mut gcroots_type_t {
    let mut cloned = core::ptr::null_mut();
    call("gcroots_type_clone", || {
        if let Some(registered) = NonNull::new(r#type.cast_mut()) {
            // SAFETY: the caller holds a reference.
            cloned = owned(unsafe { borrowed(registered) }.try_clone()?);
        }
        Ok(())
    });
    cloned
}

/// Releases a reference to a type. Any thread may call this at any time. Never collects.
///
/// The parameter is const, as the `type` of a gcroots_field_type_t is, through which
/// gcroots_type_field() returns a reference that the caller owns.
///
/// \param type (taken, nullable)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_free(r#type: *const gcroots_type_t) {
    if let Some(registered) = NonNull::new(r#type.cast_mut()) {
        // SAFETY: the caller gives up its reference.
        drop(unsafe { Type::from_raw(registered.cast::<RegisteredType>()) });
    }
}

/// Writes to `out` what `read` returns for a type. `name` is that of the exported function.
///
/// # Safety
///
/// `registered` must be NULL or a type that the caller holds a reference to, `out`
/// NULL or valid for writing.
unsafe fn ask<T>(
    name: &'static str,
    registered: *const gcroots_type_t,
    out: *mut MaybeUninit<T>,
    read: impl FnOnce(&Type) -> Result<T>,
) -> gcroots_status_t {
    call(name, || {
        let (registered, out) = (required_const(registered, "type")?, required(out, "out")?);
        // SAFETY: the caller's promise.
        unsafe { write_out(out, read(&borrowed(registered))?) }
    })
}

/// Returns whether a type is a struct, an array or a function type. Never collects.
///
/// \param[out] out one of GCROOTS_TYPE_STRUCT to GCROOTS_TYPE_FUNC
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
    unsafe { ask("gcroots_type_kind", r#type, out, kind) }
}

/// Returns the index of a type in its engine. Never collects.
///
/// Equal types have equal indices. As long as anything refers to the type, no other
/// type of the engine has its index.
///
/// \param[out] out the index
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_index(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe {
        ask("gcroots_type_index", r#type, out, |registered| {
            Ok(registered.index)
        })
    }
}

/// Returns the number of fields of a type. Never collects.
///
/// \param[out] out for a struct type the number of fields; for an array type 1, its
///             element; for a function type the number of parameters and results
///             together
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_field_count(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe {
        ask("gcroots_type_field_count", r#type, out, |registered| {
            Ok(registered.composite.len())
        })
    }
}

/// Returns how many of a function type's fields are parameters. Never collects.
///
/// The parameters are the first fields; the results follow.
///
/// \param[out] out the number of parameters; 0 for struct and array types
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
    unsafe { ask("gcroots_type_param_count", r#type, out, count) }
}

/// Returns a field of a type: a field, an element, a parameter or a result. Never
/// collects.
///
/// \param index the field's index, below gcroots_type_field_count(). For a function
///        type the results come after the parameters
/// \param[out] out the field. If its `type` is not NULL, it is a new reference (owned);
///             release it with gcroots_type_free()
/// \return GCROOTS_ERROR_OUT_OF_BOUNDS if the type has no field `index`;
///         GCROOTS_ERROR_LIMIT if the field's type has too many references
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_field(
    r#type: *const gcroots_type_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_field_type_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe {
        ask("gcroots_type_field", r#type, out, |registered| {
            field(registered, index)
        })
    }
}

/// A field of a type. A reference to a type in it is owned.
///
/// Errors: [`Error::OutOfBounds`], [`Error::Limit`].
pub(super) fn field(registered: &Type, index: usize) -> Result<gcroots_field_type_t> {
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

/// Returns the supertype with which a type was declared. Never collects.
///
/// \param[out] out the supertype (owned); release it with gcroots_type_free(). NULL if
///             the type has no supertype
/// \return GCROOTS_ERROR_LIMIT if the supertype has too many references
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
    unsafe { ask("gcroots_type_supertype", r#type, out, supertype) }
}

/// Returns the trampoline type of a function type. Never collects.
///
/// In a trampoline type, each reference is nullable and of the top type of its
/// hierarchy (GCROOTS_HEAP_ANY, _FUNC, _EXTERN, _EXN or _EVERY), so that one trampoline serves many function types. For a struct or array
/// type, the function returns the type itself.
///
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_LIMIT if the type has too many references
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_trampoline(
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    let trampoline = |registered: &Type| Ok(owned(registered.referred(registered.trampoline)?));
    // SAFETY: the caller passes a type or NULL, and `out` valid for writing or NULL.
    unsafe { ask("gcroots_type_trampoline", r#type, out, trampoline) }
}

/// Tests whether two types are the same type. Never collects.
///
/// Cost: constant. Takes no lock.
///
/// \param[out] out whether `type` and `other` are one type of one engine: then they are at
///             the same address. Types of different engines are never the same
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_eq(
    r#type: *const gcroots_type_t,
    other: *const gcroots_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_type_eq", || {
        let registered = required_const(r#type, "type")?;
        let other = required_const(other, "other")?;
        let out = required(out, "out")?;
        // SAFETY: `out` is valid for writing.
        unsafe { write_out(out, registered == other) }
    })
}

/// Tests whether a type is a subtype of another: the same type, or declared below it.
/// Never collects.
///
/// Cost: constant. Takes no lock.
///
/// \param[out] out whether each object of `type` is also one of `supertype`
/// \return GCROOTS_ERROR_WRONG_ENGINE if the two types belong to different engines
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_type_is_subtype(
    r#type: *const gcroots_type_t,
    supertype: *const gcroots_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_type_is_subtype", || {
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
            write_out(out, registered.is_subtype_of(&supertype))
        }
    })
}

/// Returns the memory layout of a type's objects, for engines that access objects
/// directly. Never collects.
///
/// \param[out] out the layout. Its `offsets` are valid as long as the type
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
    unsafe { ask("gcroots_type_layout", r#type, out, layout) }
}
