//! Making objects. The functions here are drivers: they run the operation of the same name
//! on handles, with roots that end when they return.

use core::ffi::c_void;
use core::ptr::NonNull;

use crate::error::Result;
use crate::heap::Kind;
use crate::host::Finalizer;
use crate::roots::Handle;
use crate::store::host_code::allocating;
use crate::store::objects::{array_size, element_of, require_count};
use crate::store::protocol::Attempt;
use crate::store::raw::bits::FieldBits;
use crate::store::raw::held::{Given, Held, OwnRoots};
use crate::store::{ExternRefOptions, Store};
use crate::types::Type;

/// Runs `operation`, which roots a new object, and then finalizers. Returns where the
/// object is after them.
///
/// Errors: those of `operation` and of [`allocating`].
///
/// # Safety
///
/// The contract of drivers holds for `store`: see [`host_code`](crate::store::host_code).
unsafe fn making(
    store: NonNull<Store>,
    operation: impl Fn(&Store) -> Attempt<Handle>,
) -> Result<u32> {
    // SAFETY: the caller's promise; the borrow is shared.
    unsafe {
        let _roots = OwnRoots::new(store.as_ref());
        let made = allocating(store, operation)?;
        store.as_ref().ref_to_raw(made)
    }
}

/// As [`making`], with copies of the caller's values that collections update. The new object
/// is of type `of` and has `bytes`. If the values cannot be held, the object is allocated
/// nevertheless, and freed: the errors of its allocation come first, as they do in the
/// operations on handles.
///
/// Errors: those of [`Given::check`]; those of [`making`]; those of [`Held::new`].
///
/// # Safety
///
/// The contract of drivers holds for `store`, and the safety conditions of [`Given::check`]
/// hold.
unsafe fn making_of(
    store: NonNull<Store>,
    (of, bytes): (&Type, Result<u64>),
    given: Given<'_>,
    operation: impl Fn(&Store, &Held<'_>) -> Attempt<Handle>,
) -> Result<u32> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        given.check(store.as_ref(), |error, _| error)?;
        match Held::new(store.as_ref(), given) {
            Ok(held) => making(store, |store| operation(store, &held)),
            Err(error) => {
                let refused = || Err(error);
                allocating(store, |store| {
                    store.make_unrooted(of, bytes, refused, || Ok(()), |_, _| Ok(()))
                })?;
                Err(error)
            }
        }
    }
}

/// Makes a struct of `count` values. May collect, and runs finalizers.
///
/// Errors: as [`Store::struct_new`], with those of [`making_of`] for the values.
///
/// # Safety
///
/// The contract of drivers holds for `store`. If `count` is the number of fields, `fields`
/// must have this number of values.
pub(crate) unsafe fn struct_new(
    store: NonNull<Store>,
    of: &Type,
    fields: NonNull<FieldBits>,
    count: usize,
) -> Result<u32> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        store.as_ref().require_kind(of, Kind::Struct)?;
        require_count(of, count)?;
        let bytes = Ok(of.layout.bytes.into());
        making_of(
            store,
            (of, bytes),
            given_fields(of, fields),
            |store, held| store.struct_new_resolved(of, count, &|index| held.value(index)),
        )
    }
}

/// One value for each field of a type.
fn given_fields(of: &Type, fields: NonNull<FieldBits>) -> Given<'_> {
    Given {
        first: fields,
        fields: &of.fields,
        count: of.fields.len(),
        parameter: "fields",
    }
}

/// Makes a struct whose fields are 0 or null. May collect, and runs finalizers.
///
/// Errors: as [`Store::struct_new_default`].
///
/// # Safety
///
/// The contract of drivers holds for `store`.
pub(crate) unsafe fn struct_new_default(store: NonNull<Store>, of: &Type) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe { making(store, |store| store.struct_new_default(of)) }
}

/// Makes an array of `length` elements that all have one value. May collect, and runs
/// finalizers.
///
/// Errors: as [`Store::array_new`], with those of [`making_of`] for the value.
///
/// # Safety
///
/// The contract of drivers holds for `store`. `fill` must be readable.
pub(crate) unsafe fn array_new(
    store: NonNull<Store>,
    of: &Type,
    fill: NonNull<FieldBits>,
    length: u32,
) -> Result<u32> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        store.as_ref().require_kind(of, Kind::Array)?;
        let (given, length) = (given_elements(of, fill, 1, "fill_or_null")?, length.into());
        making_of(store, (of, array_size(of, length)), given, |store, held| {
            store.array_new_resolved(of, &|| held.value(0), length)
        })
    }
}

/// Makes an array of zeros or nulls. May collect, and runs finalizers.
///
/// Errors: as [`Store::array_new_default`].
///
/// # Safety
///
/// The contract of drivers holds for `store`.
pub(crate) unsafe fn array_new_default(
    store: NonNull<Store>,
    of: &Type,
    length: u32,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe { making(store, |store| store.array_new_default(of, length.into())) }
}

/// Makes an array of these values. May collect, and runs finalizers.
///
/// Errors: as [`Store::array_new_fixed`], with those of [`making_of`] for the values.
///
/// # Safety
///
/// The contract of drivers holds for `store`. `elements` must have `length` values.
pub(crate) unsafe fn array_new_fixed(
    store: NonNull<Store>,
    of: &Type,
    elements: NonNull<FieldBits>,
    length: u32,
) -> Result<u32> {
    let count = length as usize;
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        store.as_ref().require_kind(of, Kind::Array)?;
        let bytes = array_size(of, length.into())?;
        let given = given_elements(of, elements, count, "elements")?;
        making_of(store, (of, Ok(bytes)), given, |store, held| {
            store.array_new_fixed_resolved(of, count, &|index| held.value(index))
        })
    }
}

/// `count` values for elements of an array.
fn given_elements<'a>(
    of: &'a Type,
    first: NonNull<FieldBits>,
    count: usize,
    parameter: &'static str,
) -> Result<Given<'a>> {
    Ok(Given {
        first,
        fields: core::slice::from_ref(element_of(of)?),
        count,
        parameter,
    })
}

/// Makes an array of numbers, which are copied from memory outside the heap. May collect,
/// and runs finalizers.
///
/// Errors: as [`Store::array_new_bytes`].
///
/// # Safety
///
/// The contract of drivers holds for `store`. `bytes` must be valid for reading `length`
/// elements.
pub(crate) unsafe fn array_new_bytes(
    store: NonNull<Store>,
    of: &Type,
    bytes: NonNull<u8>,
    length: u32,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe {
        making(store, |store| {
            store.array_new_bytes(of, bytes.as_ptr(), length.into())
        })
    }
}

/// Makes an exception of `count` values. May collect, and runs finalizers.
///
/// Errors: as [`Store::exn_new`], with those of [`making_of`] for the values.
///
/// # Safety
///
/// The contract of drivers holds for `store`. If `count` is the number of fields, `fields`
/// must have this number of values.
pub(crate) unsafe fn exn_new(
    store: NonNull<Store>,
    tag: Handle,
    fields: NonNull<FieldBits>,
    count: usize,
) -> Result<u32> {
    // SAFETY: the caller's promise; the borrows are shared.
    unsafe {
        let of = store.as_ref().tag_type(tag)?;
        require_count(&of, count)?;
        let bytes = Ok(of.layout.bytes.into());
        making_of(
            store,
            (&of, bytes),
            given_fields(&of, fields),
            |store, held| store.exn_new_resolved(tag, count, &|index| held.value(index)),
        )
    }
}

/// Makes an externref without tag and external bytes. May collect, and runs finalizers.
///
/// Errors: as [`Store::externref_new`].
///
/// # Safety
///
/// The contract of drivers holds for `store`.
pub(crate) unsafe fn externref_new(
    store: NonNull<Store>,
    data: *mut c_void,
    finalizer: Option<Finalizer>,
) -> Result<u32> {
    let options = ExternRefOptions {
        data,
        finalizer,
        store_finalizer: None,
        tag: core::ptr::null(),
        external_bytes: 0,
    };
    // SAFETY: the caller's promise.
    unsafe { making(store, |store| store.externref_new(options)) }
}
