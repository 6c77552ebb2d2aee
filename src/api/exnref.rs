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

/// A reference to an exception. An exception has a [`Tag`] and immutable fields.
///
/// It is only accessible through a [`Rooted`] or a
/// [`ManuallyRooted`](crate::ManuallyRooted). Every method can return the errors for the
/// exception: [`Error::WrongStore`](crate::Error::WrongStore) and
/// [`Error::Unrooted`](crate::Error::Unrooted). A handle that came from C can also cause
/// [`Error::NullReference`](crate::Error::NullReference) and
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
    /// Makes an exception with one value for each parameter of the tag's type, rooted in the
    /// current scope. May collect.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore) for the tag, then the errors of
    /// [`StructRef::new`](crate::StructRef::new).
    pub fn new(mut store: impl AsContextMut, tag: &Tag, fields: &[Val]) -> Result<Rooted<ExnRef>> {
        let store = store.as_context_mut().0;
        let make = |core: &Core| {
            let of = core.tag_type(tag.handle())?;
            let value = |index: usize| fields[index].for_field(index, || of.top_of_field(index));
            core.exn_new(tag.handle(), fields.len(), &value)
        };
        Ok(Rooted::new(store.owned.allocate(make)?))
    }

    /// The exception's tag.
    ///
    /// # Errors
    ///
    /// The errors for the exception.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag> {
        let store = store.as_context().0;
        let tag = store.owned.call(|core| core.exn_tag(self.handle))?;
        Ok(Tag::of(tag))
    }

    /// The value of a field. A reference becomes a new root in the current scope. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// * The errors for the exception;
    /// * [`Error::OutOfBounds`](crate::Error::OutOfBounds);
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let store = store.as_context_mut().0;
        Ok(store.owned.call(|core| self.read(core, index))?)
    }

    fn read(&self, core: &Core, index: usize) -> error::Result<Val> {
        let value = core.exn_field(self.handle, index)?;
        Val::read(core, value, self.handle, index)
    }

    /// The values of all fields, in order. References become new roots in the current
    /// scope. Never collects.
    ///
    /// # Errors
    ///
    /// The errors for the exception, and [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room.
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

    /// The raw bits of the reference, for code that reads the heap itself (see
    /// `docs/engines.md`). The bits are not a root, and are valid until the next
    /// collection.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`](crate::Error::WrongStore) and
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

    /// Roots the exception with the bits `raw` in the current scope. Returns `None` for
    /// null. `raw` may be any 32 bits. Never collects.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the bits do not refer
    ///   to an object;
    /// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) if the object is not an
    ///   exception;
    /// * [`Error::Limit`](crate::Error::Limit) and
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a
    ///   root.
    pub fn from_raw(store: impl AsContextMut, raw: u32) -> Result<Option<Rooted<ExnRef>>> {
        raw::from_raw(store, raw, AbstractType::Exn)
    }
}

impl fmt::Debug for ExnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExnRef").field(&self.handle).finish()
    }
}
