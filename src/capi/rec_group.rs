//! Rec groups
//!
//! A rec group declares types that may refer to each other. A collection of groups, a
//! whole module's say, is registered at once: members refer to each other, and to
//! those of groups before theirs, by their index in the collection. Types are equal
//! if their whole groups are and they stand at the same place.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, put, required, required_const};
use super::engine::{borrowed as borrowed_engine, gcroots_engine_t};
use super::status::gcroots_status_t;
use super::types::*;
use crate::error::{Error, Result};
use crate::fallible;
use crate::types::{
    AbstractType, Composite, Declared, FieldType, HeapType, RecGroup, RefType, Registry,
    StorageType, SubType, ValType, check_field_count, check_value_counts,
};

/// A declaration. Use it from one thread at a time.
pub struct gcroots_rec_group_t(RecGroup);

/// A type's place in the order of types. Zeros: open, without a supertype.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_sub_type_t {
    /// Whether no type may name this one as its supertype: 0 or not.
    pub is_final: u8,
    /// Whether there is a supertype: 0 or not. With 0, `supertype` must be NULL.
    pub has_supertype: u8,
    /// The supertype's index in the collection, if `supertype` is NULL: that of a
    /// member before this one, or of a group before.
    pub local: u32,
    /// The supertype if it is registered already (borrowed, nullable).
    pub supertype: *const gcroots_type_t,
}

/// Makes an empty rec group. Never collects.
///
/// \return the group (owned); release it with gcroots_rec_group_free(). NULL if memory
///         is out.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn gcroots_rec_group_new() -> *mut gcroots_rec_group_t {
    let mut made = core::ptr::null_mut();
    call(|| {
        made = Box::into_raw(fallible::boxed(gcroots_rec_group_t(RecGroup::default()))?);
        Ok(())
    });
    made
}

/// Deletes a rec group (taken, nullable). Registered types stay. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_free(group: *mut gcroots_rec_group_t) {
    if !group.is_null() {
        // SAFETY: the caller gives up what `gcroots_rec_group_new` returned.
        drop(unsafe { Box::from_raw(group) });
    }
}

/// Adds a struct to a rec group. Never collects.
///
/// \param sub_or_null its place in the order of types (borrowed); NULL: final, without
///                    a supertype
/// \param fields (borrowed), nullable if there is none
/// \param[out] out its position in the group
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a storage or heap type that does not
///         exist; GCROOTS_ERROR_LIMIT for more than 10,000 fields;
///         GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_add_struct(
    group: *mut gcroots_rec_group_t,
    sub_or_null: *const gcroots_sub_type_t,
    fields: *const gcroots_field_type_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call(|| {
        let group = required(group, "group")?;
        let fields = list(fields, count, "fields")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a group that nothing else uses now, as many fields
        // as it says, and `out` valid for writing.
        unsafe {
            add(group, sub_or_null, out, |group| {
                check_field_count(count)?;
                Ok(Composite::Struct(read_list(group, fields, read_field)?))
            })
        }
    })
}

/// Adds an array to a rec group. Never collects.
///
/// \param sub_or_null as in gcroots_rec_group_add_struct()
/// \param element (borrowed)
/// \param[out] out its position in the group
/// \return as gcroots_rec_group_add_struct()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_add_array(
    group: *mut gcroots_rec_group_t,
    sub_or_null: *const gcroots_sub_type_t,
    element: *const gcroots_field_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call(|| {
        let group = required(group, "group")?;
        let element = required_const(element, "element")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a group that nothing else uses now, an element, and
        // `out` valid for writing.
        unsafe {
            add(group, sub_or_null, out, |group| {
                Ok(Composite::Array(read_field(group, element.read())?))
            })
        }
    })
}

/// Adds a function to a rec group. Never collects.
///
/// \param sub_or_null as in gcroots_rec_group_add_struct()
/// \param params (borrowed), nullable if there is none
/// \param results (borrowed), nullable if there is none
/// \param[out] out its position in the group
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a storage or heap type that does not
///         exist, or a packed one; GCROOTS_ERROR_LIMIT for more than 1,000 parameters
///         or results; GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_add_func(
    group: *mut gcroots_rec_group_t,
    sub_or_null: *const gcroots_sub_type_t,
    params: *const gcroots_field_type_t,
    param_count: usize,
    results: *const gcroots_field_type_t,
    result_count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call(|| {
        let group = required(group, "group")?;
        let params = list(params, param_count, "params")?;
        let results = list(results, result_count, "results")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a group that nothing else uses now, as many
        // parameters and results as it says, and `out` valid for writing.
        unsafe {
            add(group, sub_or_null, out, |group| {
                check_value_counts(param_count, result_count)?;
                Ok(Composite::Func {
                    params: read_list(group, params, read_value)?,
                    results: read_list(group, results, read_value)?,
                })
            })
        }
    })
}

/// Registers a collection of rec groups (borrowed) with an engine, all or none. Groups
/// that are registered already, here or on another thread, give the same types. Never
/// collects.
///
/// \param groups (borrowed), nullable if there is none
/// \param[out] out the types of all members of all groups, in order (each owned):
///             `type_count` of them, which must be so many; release each with
///             gcroots_type_free(). Nullable if there is none.
/// \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL among the groups;
///         GCROOTS_ERROR_INVALID_ARGUMENT for another `type_count`, a reference out of
///         range, and a supertype that is final, of another kind, not declared before,
///         or that the type does not match; GCROOTS_ERROR_WRONG_ENGINE for a reference
///         to a type of another engine; GCROOTS_ERROR_LIMIT for more than 63
///         supertypes above a type, more than 1,000,000 types of the collection, or too
///         many types; GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_rec_group_register(
    engine: *mut gcroots_engine_t,
    groups: *const *const gcroots_rec_group_t,
    group_count: usize,
    out: *mut *mut gcroots_type_t,
    type_count: usize,
) -> gcroots_status_t {
    call(|| {
        let engine = required(engine, "engine")?;
        let groups = list(groups, group_count, "groups")?;
        let out = list(out.cast_const(), type_count, "out")?;
        // SAFETY: the caller holds a reference to the engine, and passes as many groups
        // as it says, and room for as many types.
        unsafe {
            let groups = read_groups(groups)?;
            let members: usize = groups.iter().map(|group| group.members().len()).sum();
            if members != type_count {
                return Err(Error::InvalidArgument {
                    parameter: "type_count",
                    value: type_count as u64,
                    allowed: "the total number of members of all groups",
                });
            }
            let types = Registry::register(borrowed_engine(engine).types(), &groups)?;
            for (place, registered) in types.into_iter().enumerate() {
                out.0.cast_mut().add(place).write(owned(registered));
            }
        }
        Ok(())
    })
}

/// A list from C: where it begins, and how long it is.
type List<T> = (*const T, usize);

/// A list, which may be NULL only if it is empty.
fn list<T>(first: *const T, count: usize, parameter: &'static str) -> Result<List<T>> {
    if count > 0 {
        required_const(first, parameter)?;
    }
    Ok((first, count))
}

/// # Safety
///
/// There must be as many groups as the list says, that nothing changes meanwhile.
unsafe fn read_groups<'a>(groups: List<*const gcroots_rec_group_t>) -> Result<Vec<&'a RecGroup>> {
    let mut read = Vec::new();
    for place in 0..groups.1 {
        // SAFETY: the caller's promise.
        let group = required_const(unsafe { groups.0.add(place).read() }, "groups")?;
        // SAFETY: as above.
        fallible::push(&mut read, &unsafe { group.as_ref() }.0)?;
    }
    Ok(read)
}

/// Adds a member that `composite` makes; else the group stays as it was.
///
/// # Safety
///
/// `group` must be a group that nothing else uses now; `sub_or_null` valid for reading
/// or NULL; `out` valid for writing.
unsafe fn add(
    mut group: NonNull<gcroots_rec_group_t>,
    sub_or_null: *const gcroots_sub_type_t,
    out: NonNull<MaybeUninit<u32>>,
    composite: impl FnOnce(&mut RecGroup) -> Result<Composite<Declared>>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let group = &mut unsafe { group.as_mut() }.0;
    let outside_before = group.outside_count();
    let added = composite(group)
        // SAFETY: the caller's promise.
        .and_then(|composite| unsafe { read_member(group, sub_or_null, composite) })
        .and_then(|member| group.add(member));
    if added.is_err() {
        group.forget_outside(outside_before);
    }
    // SAFETY: the caller's promise.
    unsafe { put(out, added?) }
}

/// # Safety
///
/// `sub_or_null` must be valid for reading or NULL; the supertype, if it names one, the
/// caller's.
unsafe fn read_member(
    group: &mut RecGroup,
    sub_or_null: *const gcroots_sub_type_t,
    composite: Composite<Declared>,
) -> Result<SubType<Declared>> {
    // SAFETY: the caller's promise.
    let sub = NonNull::new(sub_or_null.cast_mut()).map(|sub| unsafe { sub.read() });
    Ok(SubType {
        is_final: sub.is_none_or(|sub| sub.is_final != 0),
        supertype: match sub {
            Some(sub) if sub.has_supertype != 0 => {
                // SAFETY: as above.
                Some(unsafe { read_concrete(group, sub.supertype, sub.local) }?)
            }
            Some(sub) if !sub.supertype.is_null() => {
                return Err(Error::InvalidArgument {
                    parameter: "sub_or_null->has_supertype",
                    value: 0,
                    allowed: "non-zero when there is a supertype",
                });
            }
            _ => None,
        },
        composite,
    })
}

/// Reads and converts a list.
///
/// # Safety
///
/// There must be as many items as the list says.
unsafe fn read_list<T>(
    group: &mut RecGroup,
    from: List<gcroots_field_type_t>,
    convert: unsafe fn(&mut RecGroup, gcroots_field_type_t) -> Result<T>,
) -> Result<Vec<T>> {
    let mut read = Vec::new();
    for place in 0..from.1 {
        // SAFETY: the caller's promise.
        let item = unsafe { convert(group, from.0.add(place).read())? };
        fallible::push(&mut read, item)?;
    }
    Ok(read)
}

/// # Safety
///
/// The type that it names, if it names one, must be the caller's.
unsafe fn read_field(
    group: &mut RecGroup,
    field: gcroots_field_type_t,
) -> Result<FieldType<Declared>> {
    let storage = match field.storage {
        GCROOTS_STORAGE_I8 => StorageType::I8,
        GCROOTS_STORAGE_I16 => StorageType::I16,
        // SAFETY: the caller's promise.
        _ => StorageType::Val(unsafe { read_value(group, field) }?),
    };
    Ok(FieldType {
        storage,
        mutable: field.is_mutable != 0,
    })
}

/// # Safety
///
/// As for [`read_field`].
unsafe fn read_value(
    group: &mut RecGroup,
    field: gcroots_field_type_t,
) -> Result<ValType<Declared>> {
    Ok(match field.storage {
        GCROOTS_STORAGE_I32 => ValType::I32,
        GCROOTS_STORAGE_I64 => ValType::I64,
        GCROOTS_STORAGE_F32 => ValType::F32,
        GCROOTS_STORAGE_F64 => ValType::F64,
        GCROOTS_STORAGE_V128 => ValType::V128,
        GCROOTS_STORAGE_REF => ValType::Ref(RefType {
            nullable: field.is_nullable != 0,
            // SAFETY: the caller's promise.
            heap: unsafe { read_heap(group, field) }?,
        }),
        other => {
            return Err(Error::InvalidArgument {
                parameter: "storage",
                value: other.into(),
                allowed: "0 to 7, and 2 to 7 for a parameter or result",
            });
        }
    })
}

/// # Safety
///
/// As for [`read_field`].
unsafe fn read_heap(
    group: &mut RecGroup,
    field: gcroots_field_type_t,
) -> Result<HeapType<Declared>> {
    match field.heap {
        GCROOTS_HEAP_LOCAL => Ok(HeapType::Concrete(Declared::Local(field.local))),
        GCROOTS_HEAP_TYPE => {
            let named = required_const(field.r#type, "type")?;
            // SAFETY: the caller's promise.
            let named = unsafe { read_concrete(group, named.as_ptr(), 0) }?;
            Ok(HeapType::Concrete(named))
        }
        other => match AbstractType::ALL.get(other as usize) {
            Some(&of) => Ok(HeapType::Abstract(of)),
            None => Err(Error::InvalidArgument {
                parameter: "heap",
                value: other.into(),
                allowed: "0 to 13",
            }),
        },
    }
}

/// A registered type, or if that is NULL, one by its index in the collection.
///
/// # Safety
///
/// The type must be the caller's, or NULL.
unsafe fn read_concrete(
    group: &mut RecGroup,
    named: *const gcroots_type_t,
    local: u32,
) -> Result<Declared> {
    match NonNull::new(named.cast_mut()) {
        // SAFETY: the caller's promise.
        Some(named) => group.refer_to(unsafe { borrowed(named) }.try_clone()?),
        None => Ok(Declared::Local(local)),
    }
}
