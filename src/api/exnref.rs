//! References to exceptions.

use core::fmt;
use std::vec;

use anyhow::Result;

use super::{AsContext, AsContextMut, Rooted, Tag, Val, raw, val};
use crate::error;
use crate::heap::Kind;
use crate::roots::Handle;
use crate::store::Store as Core;
use crate::types::AbstractType;

/// A reference to an exception: a [`Tag`] and fields, which never change.
///
/// It is reached through a [`Rooted`] or a [`ManuallyRooted`](crate::ManuallyRooted)
/// only. Functions answer [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted) for the exception, and for a handle that
/// came from C also [`Error::NullReference`](crate::Error::NullReference) and
/// [`Error::TypeMismatch`](crate::Error::TypeMismatch).
///
/// ```
/// use gcroots::{Engine, ExnRef, FuncType, Store, Tag, Val, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ())?;
/// let failed = FuncType::new(&engine, [ValType::I32], [])?;
/// let failed = Tag::new(&mut store, &failed)?;
/// let thrown = ExnRef::new(&mut store, &failed, &[Val::I32(404)])?;
///
/// store.gc()?; // may move it
/// assert_eq!(thrown.tag(&store)?, failed);
/// assert_eq!(thrown.field(&mut store, 0)?.unwrap_i32(), 404);
/// # anyhow::Ok(())
/// ```
#[repr(transparent)]
pub struct ExnRef {
    handle: Handle,
}

impl ExnRef {
    /// Makes an exception of these values, one for each parameter of the tag, rooted in
    /// the current scope. May collect.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore) for the tag; then as for
    /// [`StructRef::new`](crate::StructRef::new).
    pub fn new(mut store: impl AsContextMut, tag: &Tag, fields: &[Val]) -> Result<Rooted<ExnRef>> {
        let store = store.as_context_mut().0;
        let value = |index: usize| Ok(fields[index].core());
        let make = |core: &Core| core.exn_new(tag.handle(), fields.len(), &value);
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// Its tag.
    ///
    /// # Errors
    ///
    /// Those for the exception.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag> {
        let store = store.as_context().0;
        let tag = store.owned.call(|core| core.exn_tag(self.handle))?;
        Ok(Tag::of(tag))
    }

    /// A field's value; a reference is a new root of the current scope. Never collects.
    ///
    /// # Errors
    ///
    /// Those for the exception; [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room for a
    /// root.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let store = store.as_context_mut().0;
        Ok(store.owned.call(|core| self.read(core, index))?)
    }

    fn read(&self, core: &Core, index: usize) -> error::Result<Val> {
        let value = core.exn_field(self.handle, index)?;
        Val::read(core, value, self.handle, index)
    }

    /// All fields' values, in order; references are new roots of the current scope.
    /// Never collects.
    ///
    /// # Errors
    ///
    /// Those for the exception; [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room.
    ///
    /// ```
    /// use gcroots::{Engine, ExnRef, FuncType, Store, Tag, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ())?;
    /// let pair = FuncType::new(&engine, [ValType::I32, ValType::I32], [])?;
    /// let pair = Tag::new(&mut store, &pair)?;
    /// let thrown = ExnRef::new(&mut store, &pair, &[Val::I32(3), Val::I32(4)])?;
    /// let sum: i32 = thrown.fields(&mut store)?.map(|value| value.unwrap_i32()).sum();
    /// assert_eq!(sum, 7);
    /// # anyhow::Ok(())
    /// ```
    pub fn fields(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>> {
        let store = store.as_context_mut().0;
        let read_all = |core: &Core| {
            let of = core.type_of_kind(self.handle, Kind::Exn)?;
            let (count, references) = (of.fields.len(), val::references(&of.fields));
            val::read_all(core, count, references, |index| self.read(core, index))
        };
        Ok(store.owned.call(read_all)?)
    }

    /// The reference's bits, for code that reads the heap itself: `docs/engines.md`. They
    /// are no root, and valid until the next collection.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore),
    /// [`Error::Unrooted`](crate::Error::Unrooted).
    ///
    /// ```
    /// use gcroots::{Engine, ExnRef, ExternRef, FuncType, Store, Tag};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ())?;
    /// let failed = FuncType::new(&engine, [], [])?;
    /// let failed = Tag::new(&mut store, &failed)?;
    /// let raw = ExnRef::new(&mut store, &failed, &[])?.to_raw(&store)?;
    /// assert_eq!(ExnRef::from_raw(&mut store, raw)?.unwrap().tag(&store)?, failed);
    /// assert!(ExternRef::from_raw(&mut store, raw).is_err());
    /// # anyhow::Ok(())
    /// ```
    pub fn to_raw(&self, store: impl AsContext) -> Result<u32> {
        raw::to_raw(store, self.handle)
    }

    /// A new root of the current scope for what raw bits refer to; `None` for null. Any
    /// bits may be passed: what is no reference to an exception is refused. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for bits of no object,
    /// [`Error::TypeMismatch`](crate::Error::TypeMismatch) for those of another;
    /// [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) when there is no room.
    pub fn from_raw(store: impl AsContextMut, raw: u32) -> Result<Option<Rooted<ExnRef>>> {
        raw::from_raw(store, raw, AbstractType::Exn)
    }
}

impl fmt::Debug for ExnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExnRef").field(&self.handle).finish()
    }
}
