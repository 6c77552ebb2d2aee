//! Tags, which tell exceptions apart.

use core::hash::{Hash, Hasher};

use anyhow::Result;

use super::{AsContext, AsContextMut, FuncType};
use crate::roots::Handle;

/// Tells exceptions apart: a function type without results, whose parameters are an
/// exception's fields, and an identity of its own. It lives as long as its store.
///
/// ```
/// use gcroots::{Engine, FuncType, Store, Tag, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ())?;
/// let failed = FuncType::new(&engine, [ValType::I32], [])?;
/// let a = Tag::new(&mut store, &failed)?;
/// let b = Tag::new(&mut store, &failed)?;
/// assert_ne!(a, b);
/// assert_eq!(a.ty(&store)?, b.ty(&store)?);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(Handle);

impl Tag {
    /// Makes a tag, another than all before. Never collects.
    ///
    /// # Errors
    ///
    /// [`Error::WrongEngine`](crate::Error::WrongEngine);
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) for a type with results;
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room.
    pub fn new(mut store: impl AsContextMut, ty: &FuncType) -> Result<Tag> {
        let store = store.as_context_mut().0;
        Ok(Tag(store.owned.call(|core| core.tag_new(ty.core()))?))
    }

    /// The type that it was made of.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore); for a tag that came from C also
    /// [`Error::NullReference`](crate::Error::NullReference) and
    /// [`Error::Unrooted`](crate::Error::Unrooted).
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        let store = store.as_context().0;
        Ok(FuncType::of(
            store.owned.call(|core| core.tag_type(self.0))?,
        ))
    }

    /// A tag of the core's.
    pub(super) fn of(handle: Handle) -> Tag {
        Tag(handle)
    }

    pub(super) fn handle(&self) -> Handle {
        self.0
    }
}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.store_id);
        state.write_u64(self.0.slot);
    }
}
