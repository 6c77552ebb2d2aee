//! Structs made for a root
//!
//! Functions that make a struct and do what mostly follows, in one call.

use core::mem::MaybeUninit;

use super::boundary::{
    call, enter, fast, fast_without_output, required, required_const, write_out,
};
use super::reference::gcroots_ref_t;
use super::scope::gcroots_scope_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::structs::{check_fields, required_fields};
use super::types::{borrowed, gcroots_type_t};
use super::value::{gcroots_val_t, in_place, read};
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::host_code::fused;
use crate::types::RegisteredType;

/// Makes a struct as gcroots_struct_new() does, and makes a scoped root refer to it: for loops
/// that use one local for all their objects. May collect. Hold no lock that a finalizer takes.
///
/// \param type the struct's type (borrowed)
/// \param fields as for gcroots_struct_new() (borrowed), nullable if `count` is 0. A value may
///        be `dst` itself
/// \param count the number of values
/// \param dst a scoped handle, usually that of a local (borrowed)
/// \return GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
///         as gcroots_struct_new() otherwise. `dst` is unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new_into(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `count` values.
    if unsafe { new_into_fast::<false>(store, r#type, fields, count, dst) } {
        return GCROOTS_OK;
    }
    struct_new_into_counted(store, r#type, fields, count, dst)
}

/// [`gcroots_struct_new_into`] where the barrier counts.
#[cold]
#[inline(never)]
extern "C" fn struct_new_into_counted(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: as for `gcroots_struct_new_into`.
    if unsafe { new_into_fast::<true>(store, r#type, fields, count, dst) } {
        return GCROOTS_OK;
    }
    struct_new_into_slow(store, r#type, fields, count, dst)
}

/// The fast form of [`gcroots_struct_new_into`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_struct_new_into`].
#[inline(always)]
unsafe fn new_into_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    dst: gcroots_ref_t,
) -> bool {
    if r#type.is_null() || fields.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    unsafe {
        fast_without_output(store, |store| {
            let (path, of) = (FastPath::of(IN_LINE), &*r#type.cast::<RegisteredType>());
            let value = |index| in_place(fields.add(index));
            store.struct_new_into_fast(path, of, count, value, dst.into())
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn struct_new_into_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_struct_new_into", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let fields = required_fields(fields, count)?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and `count`
        // values.
        unsafe {
            enter(store)?.require_scoped(dst.into())?;
            let of = borrowed(of);
            check_fields(&of, fields, count)?;
            let value = |index| read(fields.add(index));
            fused::struct_new_into(store.cast(), &of, count, &value, dst.into())
        }
    })
}

/// Makes a struct as gcroots_struct_new() does, ends the current scope, and roots the struct in
/// the enclosing scope: for functions that build from what they have made. After a failure the
/// scope is still open. May collect. Hold no lock that a finalizer takes.
///
/// \param scope the current scope
/// \param type the struct's type (borrowed)
/// \param fields as for gcroots_struct_new() (borrowed), nullable if `count` is 0
/// \param count the number of values
/// \param[out] out the new handle, in the enclosing scope
/// \return GCROOTS_ERROR_WRONG_STORE if `scope` belongs to another store;
///         GCROOTS_ERROR_SCOPE_ORDER if `scope` is not the current scope, or has ended;
///         as gcroots_struct_new() otherwise
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new_escape(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_escape_fast::<false>(store, scope, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    struct_new_escape_counted(store, scope, r#type, fields, count, out)
}

/// [`gcroots_struct_new_escape`] where the barrier counts.
#[cold]
#[inline(never)]
extern "C" fn struct_new_escape_counted(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: as for `gcroots_struct_new_escape`.
    if unsafe { new_escape_fast::<true>(store, scope, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    struct_new_escape_slow(store, scope, r#type, fields, count, out)
}

/// The fast form of [`gcroots_struct_new_escape`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_struct_new_escape`].
#[inline(always)]
unsafe fn new_escape_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if fields.is_null() {
                return None;
            }
            let value = |index| in_place(fields.add(index));
            let path = FastPath::of(IN_LINE);
            store.struct_new_escape_fast(path, of, count, value, scope.into())
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn struct_new_escape_slow(
    store: *mut gcroots_store_t,
    scope: gcroots_scope_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_struct_new_escape", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let fields = required_fields(fields, count)?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `count`
        // values, and `out` valid for writing.
        unsafe {
            enter(store)?.require_innermost(scope.into())?;
            let of = borrowed(of);
            check_fields(&of, fields, count)?;
            let value = |index| read(fields.add(index));
            let made = fused::struct_new_escape(store.cast(), scope.into(), &of, count, &value)?;
            write_out(out, made)
        }
    })
}
