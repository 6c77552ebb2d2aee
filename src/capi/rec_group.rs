//! Rec groups
//!
//! A rec group declares types that may refer to each other. A collection of groups, such
//! as those of a whole module, is registered in one call. A member refers to another by its
//! index in the collection. The other must be in the same group, or in an earlier one.
//!
//! Two types are equal if their groups are equal and they have the same position there.
//! gcroots_rec_group_set_unique() makes types that equal no other, however they are declared.
//! gcroots_type_new_func() registers a function type without a rec group.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, required, required_const, write_out};
use super::engine::{borrowed as borrowed_engine, gcroots_engine_t};
use super::status::gcroots_status_t;
use super::types::{
    GCROOTS_HEAP_LOCAL, GCROOTS_HEAP_TYPE, GCROOTS_STORAGE_F32, GCROOTS_STORAGE_F64,
    GCROOTS_STORAGE_I8, GCROOTS_STORAGE_I16, GCROOTS_STORAGE_I32, GCROOTS_STORAGE_I64,
    GCROOTS_STORAGE_REF, GCROOTS_STORAGE_V128, borrowed, gcroots_field_type_t, gcroots_type_t,
    owned,
};
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::types::{
    AbstractType, Composite, Declared, FieldType, HeapType, RecGroup, RefType, Registry,
    StorageType, SubType, ValType, check_field_count, check_value_counts,
};

/// A rec group that is being declared. Use it from one thread at a time.
pub struct gcroots_rec_group_t(RecGroup);

/// The supertype of a declared type, and whether the type is final. Zeros: not final,
/// without a supertype.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_sub_type_t {
    /// Nonzero if no type may name this one as its supertype.
    pub is_final: u8,
    /// Nonzero if there is a supertype. If zero, `supertype` must be NULL.
    pub has_supertype: u8,
    /// The supertype's index in the collection, if `supertype` is NULL. It must be the
    /// index of an earlier member of this group, or of a member of an earlier group.
    pub local: u32,
    /// The supertype, if it is registered already (borrowed, nullable).
    pub supertype: *const gcroots_type_t,
}

/// Makes an empty rec group. Never collects.
///
/// \return the group (owned); release it with gcroots_rec_group_free(). NULL if there
///         is no memory for it
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn gcroots_rec_group_new() -> *mut gcroots_rec_group_t {
    let mut made = core::ptr::null_mut();
    call("gcroots_rec_group_new", || {
        made = Box::into_raw(fallible::boxed(gcroots_rec_group_t(RecGroup::default()))?);
        Ok(())
    });
    made
}

/// Deletes a rec group. Types that were registered from it stay. Never collects.
///
/// \param group (taken, nullable)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_free(group: *mut gcroots_rec_group_t) {
    if !group.is_null() {
        // SAFETY: the caller gives up what `gcroots_rec_group_new` returned.
        drop(unsafe { Box::from_raw(group) });
    }
}

/// Makes a rec group equal to no other, so that its types are new ones, or undoes that.
/// Groups are not unique at first. Never collects.
///
/// A unique group does not even equal itself: each time that it is registered it gives other
/// types. An embedder whose types have identities of their own, such as classes with a name,
/// registers each in a unique group. The trampoline types of its functions are shared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_set_unique(
    group: *mut gcroots_rec_group_t,
    on: bool,
) -> gcroots_status_t {
    call("gcroots_rec_group_set_unique", || {
        // SAFETY: the caller passes a group that nothing else uses now.
        unsafe { required(group, "group")?.as_mut() }
            .0
            .set_unique(on);
        Ok(())
    })
}

/// Adds a struct type to a rec group. If it fails, the group is unchanged. Never
/// collects.
///
/// \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
///        a final type without a supertype
/// \param fields the types of the fields (borrowed), nullable if `count` is 0
/// \param count the number of fields
/// \param[out] out the type's position in the group
/// \return GCROOTS_ERROR_LIMIT if `count` is above 10,000;
///         GCROOTS_ERROR_NULL_ARGUMENT if a field refers to GCROOTS_HEAP_TYPE and its
///         `type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a field does
///         not exist;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
///         `has_supertype` is 0;
///         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
///         names has too many references;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_add_struct(
    group: *mut gcroots_rec_group_t,
    sub_or_null: *const gcroots_sub_type_t,
    fields: *const gcroots_field_type_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_rec_group_add_struct", || {
        let group = required(group, "group")?;
        let fields = list(fields, count, "fields")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a group that nothing else uses now, `count` fields, and
        // `out` valid for writing.
        unsafe {
            add(group, sub_or_null, out, |group| {
                check_field_count(count)?;
                Ok(Composite::Struct(read_list(group, fields, read_field)?))
            })
        }
    })
}

/// Adds an array type to a rec group. If it fails, the group is unchanged. Never
/// collects.
///
/// \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
///        a final type without a supertype
/// \param element the type of the elements (borrowed)
/// \param[out] out the type's position in the group
/// \return GCROOTS_ERROR_NULL_ARGUMENT if `element` refers to GCROOTS_HEAP_TYPE and its
///         `type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of `element` does
///         not exist;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
///         `has_supertype` is 0;
///         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
///         names has too many references;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_rec_group_add_array(
    group: *mut gcroots_rec_group_t,
    sub_or_null: *const gcroots_sub_type_t,
    element: *const gcroots_field_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_rec_group_add_array", || {
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

/// Adds a function type to a rec group. If it fails, the group is unchanged. Never
/// collects.
///
/// \param sub_or_null whether the type is final, and its supertype (borrowed). NULL for
///        a final type without a supertype
/// \param params the types of the parameters (borrowed), nullable if `param_count` is 0
/// \param results the types of the results (borrowed), nullable if `result_count` is 0
/// \param[out] out the type's position in the group
/// \return GCROOTS_ERROR_LIMIT if `param_count` or `result_count` is above 1,000;
///         GCROOTS_ERROR_NULL_ARGUMENT if a parameter or result refers to
///         GCROOTS_HEAP_TYPE and its `type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a parameter or
///         result does not exist, or the storage is packed (i8 or i16);
///         GCROOTS_ERROR_INVALID_ARGUMENT if `sub_or_null` has a `supertype` and its
///         `has_supertype` is 0;
///         GCROOTS_ERROR_LIMIT if the group has 1,000,000 members, or a type that it
///         names has too many references;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the member
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
    call("gcroots_rec_group_add_func", || {
        let group = required(group, "group")?;
        let params = list(params, param_count, "params")?;
        let results = list(results, result_count, "results")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a group that nothing else uses now, `param_count`
        // parameters, `result_count` results, and `out` valid for writing.
        unsafe {
            add(group, sub_or_null, out, |group| {
                read_func(group, params, results)
            })
        }
    })
}

/// Registers a collection of rec groups with an engine: all of them, or none if it
/// fails. Never collects.
///
/// A group that equals a registered one gives the same types, whichever thread
/// registered it, unless it is unique.
///
/// \param groups the groups (borrowed), nullable if `group_count` is 0
/// \param[out] out an array of `type_count` types, nullable if `type_count` is 0. It
///             gets the types of all members of all groups, in order (each owned);
///             release each with gcroots_type_free()
/// \param type_count the number of members of all groups
/// \return GCROOTS_ERROR_NULL_ARGUMENT if one of the groups is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `type_count` is not the number of members
///         of all groups;
///         GCROOTS_ERROR_INVALID_ARGUMENT if a member refers to an index that neither
///         its group nor an earlier one declares;
///         GCROOTS_ERROR_INVALID_ARGUMENT if a supertype is final, is of another kind,
///         is not declared earlier, or does not match the type that names it;
///         GCROOTS_ERROR_WRONG_ENGINE if a member refers to a type of another engine;
///         GCROOTS_ERROR_LIMIT if a type has more than 63 supertypes above it, the
///         collection has more than 1,000,000 types, or the engine cannot have more
///         types;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the types
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_rec_group_register(
    engine: *mut gcroots_engine_t,
    groups: *const *const gcroots_rec_group_t,
    group_count: usize,
    out: *mut *mut gcroots_type_t,
    type_count: usize,
) -> gcroots_status_t {
    call("gcroots_rec_group_register", || {
        let engine = required(engine, "engine")?;
        let groups = list(groups, group_count, "groups")?;
        let out = list(out.cast_const(), type_count, "out")?;
        // SAFETY: the caller holds a reference to the engine, and passes `group_count`
        // groups and room for `type_count` types.
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

/// Registers a function type that is final and has no supertype, and that refers only to
/// registered types. Never collects.
///
/// It does the same as a rec group with this one member: equal function types are one type.
///
/// \param params the types of the parameters (borrowed), nullable if `param_count` is 0
/// \param results the types of the results (borrowed), nullable if `result_count` is 0
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_LIMIT if `param_count` or `result_count` is above 1,000;
///         GCROOTS_ERROR_NULL_ARGUMENT if a parameter or result refers to
///         GCROOTS_HEAP_TYPE and its `type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the storage or heap type of a parameter or
///         result does not exist, or the storage is packed (i8 or i16);
///         GCROOTS_ERROR_INVALID_ARGUMENT if a parameter or result refers to
///         GCROOTS_HEAP_LOCAL, except `local` 0, which is the new type itself;
///         GCROOTS_ERROR_WRONG_ENGINE if a parameter or result refers to a type of another
///         engine;
///         GCROOTS_ERROR_LIMIT if a type that it names has too many references, or the
///         engine cannot have more types;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the type
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_type_new_func(
    engine: *mut gcroots_engine_t,
    params: *const gcroots_field_type_t,
    param_count: usize,
    results: *const gcroots_field_type_t,
    result_count: usize,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    call("gcroots_type_new_func", || {
        let engine = required(engine, "engine")?;
        let params = list(params, param_count, "params")?;
        let results = list(results, result_count, "results")?;
        let out = required(out, "out")?;
        let mut group = RecGroup::default();
        // SAFETY: the caller holds a reference to the engine, and passes `param_count`
        // parameters, `result_count` results, and `out` valid for writing.
        unsafe {
            let composite = read_func(&mut group, params, results)?;
            let member = read_member(&mut group, core::ptr::null(), composite)?;
            group.add(member)?;
            let types = Registry::register(borrowed_engine(engine).types(), &[&group])?;
            let only = types.into_iter().next();
            let only = only.ok_or(Error::internal("a group without its member", 0))?;
            write_out(out, owned(only))
        }
    })
}

/// A list from C: the address of its first item, and its length.
type List<T> = (*const T, usize);

/// Makes a list. `first` may be NULL only if the list is empty.
///
/// Errors: [`Error::NullArgument`].
fn list<T>(first: *const T, count: usize, parameter: &'static str) -> Result<List<T>> {
    if count > 0 {
        required_const(first, parameter)?;
    }
    Ok((first, count))
}

/// Borrows the groups of a list.
///
/// Errors: [`Error::NullArgument`] for a NULL group, [`Error::SystemMemory`].
///
/// # Safety
///
/// The list must be as long as its length says. Nothing may change the groups during `'a`.
unsafe fn read_groups<'a>(groups: List<*const gcroots_rec_group_t>) -> Result<Vec<&'a RecGroup>> {
    let mut read = Vec::new();
    for place in 0..groups.1 {
        // SAFETY: the caller's promise.
        let group = required_const(unsafe { groups.0.add(place).read() }, "groups")?;
        // SAFETY: the caller's promise.
        fallible::push(&mut read, &unsafe { group.as_ref() }.0)?;
    }
    Ok(read)
}

/// Adds the member that `composite` makes. On an error the group is unchanged.
///
/// # Safety
///
/// `group` must be a group that nothing else uses now. `sub_or_null` must be NULL or valid
/// for reading, and `out` must be valid for writing.
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
    unsafe { write_out(out, added?) }
}

/// Reads a member. Without `sub_or_null`, it is final and has no supertype.
///
/// Errors: [`Error::InvalidArgument`]; the errors of [`read_concrete`].
///
/// # Safety
///
/// `sub_or_null` must be NULL or valid for reading. The caller must hold a reference to
/// the supertype, if it names a registered one.
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
                // SAFETY: the caller's promise.
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

/// Reads the parameters and results of a function type.
///
/// Errors: [`Error::Limit`]; the errors of [`read_list`] and [`read_value`].
///
/// # Safety
///
/// The safety conditions of [`read_list`] hold for both lists.
unsafe fn read_func(
    group: &mut RecGroup,
    params: List<gcroots_field_type_t>,
    results: List<gcroots_field_type_t>,
) -> Result<Composite<Declared>> {
    check_value_counts(params.1, results.1)?;
    // SAFETY: the caller's promise.
    unsafe {
        Ok(Composite::Func {
            params: read_list(group, params, read_value)?,
            results: read_list(group, results, read_value)?,
        })
    }
}

/// Reads the items of a list, and converts each.
///
/// Errors: those of `convert`, [`Error::SystemMemory`].
///
/// # Safety
///
/// The list must be as long as its length says. Each item must meet the condition of
/// `convert`.
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

/// Reads the type of a field or element.
///
/// Errors: the errors of [`read_value`].
///
/// # Safety
///
/// The caller must hold a reference to the type that `field` names, if it names one.
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

/// Reads the type of a value, which is not packed.
///
/// Errors: [`Error::InvalidArgument`]; the errors of [`read_heap`].
///
/// # Safety
///
/// The caller must hold a reference to the type that `field` names, if it names one.
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

/// Reads the heap type of a reference.
///
/// Errors: [`Error::NullArgument`], [`Error::InvalidArgument`]; the errors of
/// [`read_concrete`].
///
/// # Safety
///
/// The caller must hold a reference to the type that `field` names, if it names one.
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
        other => match AbstractType::from_number(other) {
            Some(of) => Ok(HeapType::Abstract(of)),
            None => Err(Error::InvalidArgument {
                parameter: "heap",
                value: other.into(),
                allowed: "0 to 14",
            }),
        },
    }
}

/// Reads the name of a type: the registered type `named`, or if that is NULL, the index
/// `local` in the collection.
///
/// Errors: [`Error::Limit`] if the type cannot have more references,
/// [`Error::SystemMemory`].
///
/// # Safety
///
/// `named` must be NULL or a type that the caller holds a reference to.
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
