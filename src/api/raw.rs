//! Raw references: bits of references that embedders keep outside the roots.

use anyhow::Result;

use super::{AsContext, AsContextMut, GcRef, Rooted, val};
use crate::roots::Handle;
use crate::types::AbstractType;

/// The raw bits of a handle's reference.
pub(super) fn to_raw(store: impl AsContext, handle: Handle) -> Result<u32> {
    let store = store.as_context().0;
    Ok(store.owned.call(|core| core.ref_to_raw(handle))?)
}

/// Roots the reference with the bits `raw`, which must belong to the hierarchy of `top`.
/// `top` is the top type of `T`'s hierarchy.
pub(super) fn from_raw<T: GcRef>(
    mut store: impl AsContextMut,
    raw: u32,
    top: AbstractType,
) -> Result<Option<Rooted<T>>> {
    let store = store.as_context_mut().0;
    let made = store.owned.call(|core| core.ref_from_raw(raw, top))?;
    Ok(val::root(made))
}
