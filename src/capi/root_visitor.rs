//! Root visitors
//!
//! A root visitor is a function of the embedder's that is called when a collection begins,
//! and reports where roots are: for stacks of which only a walk finds the references, or
//! that change too often for root ranges. It is called on the thread that collects. What it
//! reports serves for all collections of one call, until that calls something else of the
//! embedder's: a finalizer or the growth callback.
//!
//! Inside it calls on the store answer GCROOTS_ERROR_BUSY, but for reports and
//! gcroots_manually_rooted_unroot_later(). If a report is refused for what it has, or for
//! memory, nothing is collected, since a root might be missed: the call that wanted to
//! collect answers the status of the first report that was refused.
//!
//! gcroots_store_verify() calls no visitors.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, enter_visiting, put, required, required_const};
use super::root_range::{
    gcroots_root_range_t, gcroots_root_source_t, gcroots_slot_layout_t, slot_layout,
};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::error::Error;
use crate::heap::RootRange;
use crate::roots::Handle;
use crate::store::{RootVisitor, VisitorFunction};

/// Reports a store's roots with gcroots_root_visitor_report(). It must return.
pub type gcroots_root_visitor_t =
    Option<unsafe extern "C" fn(env: *mut c_void, store: *mut gcroots_store_t)>;

/// Adds a root visitor. Never collects.
///
/// \param env given to the visitor (borrowed, nullable)
/// \param[out] out the handle (owned); release it with gcroots_root_visitor_remove()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_root_visitor_add(
    store: *mut gcroots_store_t,
    visitor: gcroots_root_visitor_t,
    env: *mut c_void,
    out: *mut MaybeUninit<gcroots_root_source_t>,
) -> gcroots_status_t {
    // SAFETY: the types differ only in what C sees of a store: a pointer that is not
    // followed.
    let function =
        unsafe { core::mem::transmute::<gcroots_root_visitor_t, Option<VisitorFunction>>(visitor) };
    call(|| {
        let store = required(store, "store")?;
        let parameter = "visitor";
        let function = function.ok_or(Error::NullArgument { parameter })?;
        let out = required(out, "out")?;
        let visitor = RootVisitor { function, env };
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.root_visitor_add(visitor)?) }
    })
}

/// Removes a root visitor and zeroes its handle; copies of it become stale. Does nothing
/// for a zeroed one. Never collects.
///
/// \param[in,out] source (taken)
/// \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_UNROOTED if it was removed, or is a
///         root range's; the handle is unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_visitor_remove(
    store: *mut gcroots_store_t,
    source: *mut gcroots_root_source_t,
) -> gcroots_status_t {
    call(|| {
        let (store, source) = (required(store, "store")?, required(source, "source")?);
        // SAFETY: the caller passes a store, and `source` valid for reading and writing.
        unsafe {
            enter(store)?.root_visitor_remove(source.read().into())?;
            put(
                source.cast::<MaybeUninit<gcroots_root_source_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Reports a root range to the collection that has called a visitor of this store. The
/// slots are as those of ranges that are added; the index in messages is that of the
/// visitor's handle. Never collects.
///
/// \param range where the slots are, copied: they must be there to read and write until
///              the call that collects returns, or calls something else of the embedder's
/// \param layout_or_null copied; NULL for an array of uint32_t
/// \return GCROOTS_ERROR_BUSY outside a visitor of this store;
///         GCROOTS_ERROR_INVALID_ARGUMENT for a layout that no slot can have, a range that
///         cannot be where it says, and a slot that refers to nothing;
///         GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_visitor_report(
    store: *mut gcroots_store_t,
    range: *const gcroots_root_range_t,
    layout_or_null: *const gcroots_slot_layout_t,
) -> gcroots_status_t {
    call(|| {
        let (store, range) = (required(store, "store")?, required_const(range, "range")?);
        // SAFETY: the caller passes a store, a layout, and a range of which it promises
        // what is said there.
        unsafe {
            let range = range.cast::<RootRange>().read_unaligned();
            let layout = slot_layout(layout_or_null);
            enter_visiting(store)?.root_visitor_report(range, layout)
        }
    })
}
