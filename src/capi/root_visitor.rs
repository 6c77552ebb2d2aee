//! Root visitors
//!
//! A root visitor is a function of the program that reports where roots are. The library
//! calls it at the start of a collection, on the thread that collects. It is meant for
//! stacks whose references only a walk can find, and for roots that change too often to
//! be root ranges.
//!
//! One call may do several collections. The library calls the visitors before the first
//! one and uses the reports for the others too, unless a finalizer or the growth callback
//! has run since: then it calls the visitors again. A collection in steps calls them in
//! its first step.
//!
//! Inside a visitor, calls on the store return GCROOTS_ERROR_BUSY, except
//! gcroots_root_visitor_report(). gcroots_manually_rooted_unroot_later() may be called.
//!
//! If a report fails with GCROOTS_ERROR_INVALID_ARGUMENT or GCROOTS_ERROR_OUT_OF_MEMORY,
//! nothing is collected, since a root might be missed. The call that collects returns the
//! status of the first report that failed so.
//!
//! gcroots_store_verify() calls no visitors. Under the null collector visitors are never
//! called.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, enter_visiting, required, required_const, write_out};
use super::root_range::{
    gcroots_root_range_t, gcroots_root_source_t, gcroots_slot_layout_t, slot_layout,
};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::error::Error;
use crate::heap::RootRange;
use crate::roots::Handle;
use crate::store::{RootVisitor, VisitorFunction};

/// Reports the roots of `store` with gcroots_root_visitor_report(). It must return.
pub type gcroots_root_visitor_t =
    Option<unsafe extern "C" fn(env: *mut c_void, store: *mut gcroots_store_t)>;

/// Adds a root visitor to a store. Never collects.
///
/// \param env passed to the visitor (borrowed, nullable)
/// \param[out] out the handle (owned); release it with gcroots_root_visitor_remove()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a root visitor
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_root_visitor_add(
    store: *mut gcroots_store_t,
    visitor: gcroots_root_visitor_t,
    env: *mut c_void,
    out: *mut MaybeUninit<gcroots_root_source_t>,
) -> gcroots_status_t {
    // SAFETY: the two types differ only in the type of the pointer to the store, which the
    // visitor does not follow.
    let function =
        unsafe { core::mem::transmute::<gcroots_root_visitor_t, Option<VisitorFunction>>(visitor) };
    call("gcroots_root_visitor_add", || {
        let store = required(store, "store")?;
        let parameter = "visitor";
        let function = function.ok_or(Error::NullArgument { parameter })?;
        let out = required(out, "out")?;
        let visitor = RootVisitor { function, env };
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.root_visitor_add(visitor)?) }
    })
}

/// Removes a root visitor and sets its handle to zeros. Copies of the handle become
/// stale. Does nothing if the handle is zeroed. Never collects.
///
/// \param[in,out] source (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `source` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `source` was removed, or names a root range. After a
///         failure the handle is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_visitor_remove(
    store: *mut gcroots_store_t,
    source: *mut gcroots_root_source_t,
) -> gcroots_status_t {
    call("gcroots_root_visitor_remove", || {
        let (store, source) = (required(store, "store")?, required(source, "source")?);
        // SAFETY: the caller passes a store, and `source` valid for reading and writing.
        unsafe {
            enter(store)?.root_visitor_remove(source.read().into())?;
            write_out(
                source.cast::<MaybeUninit<gcroots_root_source_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Reports a range of slots to the collection that is calling a visitor of this store.
/// The slots are roots of this collection, like those of a root range. The check of root
/// ranges applies to them; in its messages the index is that of the visitor's handle.
/// Never collects.
///
/// \param range where the slots are, copied. The slots must be valid for reading and
///        writing until the call that collects returns, or calls a finalizer or the
///        growth callback.
/// \param layout_or_null copied; NULL if the slots are an array of uint32_t
/// \return GCROOTS_ERROR_BUSY outside a visitor of this store;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the layout breaks a rule of
///         gcroots_slot_layout_t;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `range` describes memory that cannot be an
///         array of slots;
///         GCROOTS_ERROR_INVALID_ARGUMENT if a slot holds bits that do not refer to an
///         object;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_visitor_report(
    store: *mut gcroots_store_t,
    range: *const gcroots_root_range_t,
    layout_or_null: *const gcroots_slot_layout_t,
) -> gcroots_status_t {
    call("gcroots_root_visitor_report", || {
        let (store, range) = (required(store, "store")?, required_const(range, "range")?);
        // SAFETY: the caller passes a store, a layout or NULL, and a range whose slots it
        // keeps valid, as documented.
        unsafe {
            let range = range.cast::<RootRange>().read_unaligned();
            let layout = slot_layout(layout_or_null);
            enter_visiting(store)?.root_visitor_report(range, layout)
        }
    })
}
