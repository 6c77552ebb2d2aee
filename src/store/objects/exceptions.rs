//! Exceptions. An exception has a tag, and a field for each parameter of the tag's type.
//! It names its tag by index. The exception that was thrown and not yet caught is the
//! subject of `host_code/pending_exception.rs`.

use crate::error::{Error, Result};
use crate::heap::{FastPath, GcRef, HEADER_BYTES, Kind};
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::new_object_fast::{Fields, NewContents, NewObject};
use crate::store::objects::typed::Typed;
use crate::store::objects::value::{RawValue, Value};
use crate::store::protocol::Attempt;
use crate::types::RegisteredType;

/// Where an exception has its tag's index, a `u32`, from the object's start.
pub(in crate::store) const EXN_TAG: u64 = HEADER_BYTES;

/// The contents of a new exception.
struct ExnContents<F> {
    tag: u32,
    fields: Fields<F>,
}

impl<V: RawValue, F: Fn(usize) -> V> NewContents for ExnContents<F> {
    const HAS_REFERENCES: bool = true;

    #[inline(always)]
    fn write(self, store: &Store, of: &RegisteredType) -> Option<()> {
        let tag = store.new_address(EXN_TAG).cast::<u64>();
        // SAFETY: there is room for the exception, whose fields begin after this word.
        unsafe { tag.write(self.tag.into()) };
        self.fields.write(store, of)
    }
}

impl Store {
    /// The number of fields of an exception with this tag; `None` if it is not a tag.
    pub(crate) fn exn_field_count(&self, tag: Handle) -> Option<usize> {
        let (of, _) = self.resolve_tag(tag).ok()?;
        Some(of.fields.len())
    }

    /// Makes an exception of `count` values, and roots it in the current scope. May
    /// collect; finalizers are queued.
    ///
    /// Errors: as [`Store::resolve_tag`]; as [`Store::make_with_fields`].
    pub(crate) fn exn_new(
        &self,
        tag: Handle,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        self.exn_new_resolved(tag, count, &|index| self.resolve_value(value(index)?))
    }

    /// [`Store::exn_new`] of values whose references are resolved. `value` returns where the
    /// referents are at the time of its call.
    ///
    /// Errors: as [`Store::exn_new`].
    pub(in crate::store) fn exn_new_resolved(
        &self,
        tag: Handle,
        count: usize,
        value: &impl Fn(usize) -> Result<Value<GcRef>>,
    ) -> Attempt<Handle> {
        let (of, index) = self.resolve_tag(tag)?;
        self.make_with_fields(&of, count, value, |store, object| {
            store.store(object.offset() + EXN_TAG, index)
        })
    }

    /// The fast form of [`Store::exn_new`].
    #[inline(always)]
    pub(crate) fn exn_new_fast<N: NewObject, V: RawValue>(
        &self,
        path: FastPath,
        tag: Handle,
        count: usize,
        value: impl Fn(usize) -> V,
    ) -> Option<N> {
        let tag = self.tag_index_fast(tag)?;
        let cold = self.cold.try_borrow().ok()?;
        let of = cold.tags.get(tag).filter(|of| of.fields.len() == count)?;
        let contents = ExnContents {
            tag,
            fields: Fields(value),
        };
        self.new_object_fast(path, of, Kind::Exn, of.layout.bytes.into(), contents)
    }

    fn exn(&self, handle: Handle) -> Result<Typed<'_>> {
        self.typed(handle, Kind::Exn, "ref")
    }

    /// The tag of an exception. Never collects.
    ///
    /// Errors: as [`Store::typed`].
    pub(crate) fn exn_tag(&self, handle: Handle) -> Result<Handle> {
        self.tag_of(self.exn(handle)?)
    }

    /// The tag of an exception. Never collects.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn tag_of(&self, exception: Typed<'_>) -> Result<Handle> {
        let Typed { offset, ty } = exception;
        let index: u32 = self.load(offset + EXN_TAG)?;
        match self.cold.borrow().tags.get(index) {
            Some(tag) if tag.index == ty.index => Ok(self.tag_handle(index)),
            _ => Err(Error::internal("an exception without a tag", index.into())),
        }
    }

    /// The fast form of [`Store::exn_field`].
    #[inline(always)]
    pub(crate) fn exn_field_fast(&self, handle: Handle, index: usize) -> Option<CallValue> {
        let Typed { offset, ty } = self.typed_fast(handle, Kind::Exn)?;
        let field = ty.fields.get(index)?;
        self.read_value_fast(field.storage, offset + u64::from(field.offset))
    }

    /// The value of an exception's field. A reference becomes a new scoped root. Never
    /// collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; as [`Store::push_root`].
    pub(crate) fn exn_field(&self, handle: Handle, index: usize) -> Result<Value> {
        let (field, at) = self.field(self.exn(handle)?, index)?;
        self.read_value(field.storage, at)
    }
}
