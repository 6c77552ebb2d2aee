//! Tags, which identify kinds of exceptions.

use core::hash::{Hash, Hasher};

use anyhow::Result;

use super::{AsContext, AsContextMut, FuncType};
use crate::roots::Handle;

/// Identifies a kind of exceptions. A tag has a function type without results, and the
/// parameter types are the types of an exception's fields. Each tag is unique, even if two
/// tags have the same type. A tag lives as long as its store.
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
    /// Makes a new, unique tag. Never collects.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongEngine`](crate::Error::WrongEngine) if `ty` is a type of another
    ///   engine;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if `ty` has results;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room.
    pub fn new(mut store: impl AsContextMut, ty: &FuncType) -> Result<Tag> {
        let store = store.as_context_mut().0;
        Ok(Tag(store.owned.call(|core| core.tag_new(ty.core()))?))
    }

    /// The tag's function type.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore). A tag that came from C can also cause
    /// [`Error::NullReference`](crate::Error::NullReference) and
    /// [`Error::Unrooted`](crate::Error::Unrooted).
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        let store = store.as_context().0;
        Ok(FuncType::of(
            store.owned.call(|core| core.tag_type(self.0))?,
        ))
    }

    /// Wraps a tag of the core.
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
