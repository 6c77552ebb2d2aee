//! Exceptions, and the tags that tell them apart.
//!
//! A tag is a function type without results and an identity of its own: two tags of
//! one type differ. An exception is a tag and a field for each parameter. Tags live as
//! long as the store, so that an exception can name its tag by index.

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{HEADER_BYTES, Kind};
use crate::roots::{Handle, SLOTS_MAX};
use crate::store::Store;
use crate::store::handles::references::unrooted_as;
use crate::store::host_code::Attempt;
use crate::store::objects::typed::Typed;
use crate::store::objects::value::Value;
use crate::types::{Composite, Type};

/// What stands in a tag's handle for the generation, since tags never end: one that a
/// root's slot is not likely to have.
const GENERATION: u32 = u32::from_le_bytes(*b"tag!");

/// Where an exception keeps its tag's index, a `u32`, from the object's start.
pub(in crate::store) const EXN_TAG: u64 = HEADER_BYTES;

/// A store's tags, in the order in which they were made.
#[derive(Debug, Default)]
pub(in crate::store) struct Tags(Vec<Type>);

impl Tags {
    pub(in crate::store) fn get(&self, index: u32) -> Option<&Type> {
        self.0.get(index as usize)
    }

    /// The index that the next tag has, for which there is room then.
    fn next(&mut self) -> Result<u32> {
        let index = self.0.len() as u64;
        if index >= SLOTS_MAX.into() {
            return Err(Error::Limit {
                what: "tags of a store",
                limit: SLOTS_MAX.into(),
            });
        }
        self.0
            .try_reserve(1)
            .map_err(|_| fallible::refused(size_of::<Type>()))?;
        Ok(index as u32)
    }
}

impl Store {
    /// Makes a tag. Never collects.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] for a type that is no
    /// function's, or has results; [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn tag_new(&self, of: &Type) -> Result<Handle> {
        self.require_kind(of, Kind::Exn)?;
        if let Composite::Func { results, .. } = &of.composite
            && !results.is_empty()
        {
            return Err(Error::TypeMismatch {
                needed: "a function type without results",
                found: "one with results",
            });
        }
        let cold = &mut *self.cold.borrow_mut();
        let index = cold.tags.next()?;
        cold.know_type(self, of)?;
        fallible::push(&mut cold.tags.0, of.try_clone()?)?;
        Ok(self.tag_handle(index))
    }

    fn tag_handle(&self, index: u32) -> Handle {
        self.handle(Handle::slot_word(GENERATION, index))
    }

    /// The type of a tag, and its index.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`] for what is no tag,
    /// [`Error::NullReference`].
    fn resolve_tag(&self, tag: Handle) -> Result<(Type, u32)> {
        if tag.is_null() {
            return Err(Error::NullReference { parameter: "tag" });
        }
        self.require_mine(tag.store_id, "tag")?;
        let cold = self.cold.borrow();
        let found = cold.tags.get(tag.index());
        match found.filter(|_| tag.generation() == GENERATION && !tag.is_manual()) {
            Some(of) => Ok((of.try_clone()?, tag.index())),
            None => Err(unrooted_as("tag", tag, "tag")),
        }
    }

    /// A tag's type.
    ///
    /// Errors: as [`Store::resolve_tag`].
    pub(crate) fn tag_type(&self, tag: Handle) -> Result<Type> {
        Ok(self.resolve_tag(tag)?.0)
    }

    /// How many fields an exception with this tag has, if it is a tag.
    pub(crate) fn exn_field_count(&self, tag: Handle) -> Option<usize> {
        let (of, _) = self.resolve_tag(tag).ok()?;
        Some(of.fields.len())
    }

    /// Makes an exception of `count` values and roots it in the current scope. May
    /// collect; finalizers are queued.
    ///
    /// Errors: as [`Store::resolve_tag`]; then as [`Store::struct_new`].
    pub(crate) fn exn_new(
        &self,
        tag: Handle,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        let (of, index) = self.resolve_tag(tag)?;
        self.new_with_fields(&of, count, value, |store, object| {
            store.store(object.offset() + EXN_TAG, index)
        })
    }

    fn exn(&self, handle: Handle) -> Result<Typed<'_>> {
        self.typed(handle, Kind::Exn, "ref")
    }

    /// The tag of an exception. Never collects.
    ///
    /// Errors: as [`Store::typed`].
    pub(crate) fn exn_tag(&self, handle: Handle) -> Result<Handle> {
        let Typed { offset, of } = self.exn(handle)?;
        let index: u32 = self.load(offset + EXN_TAG)?;
        match self.cold.borrow().tags.get(index) {
            Some(tag) if tag.index == of.index => Ok(self.tag_handle(index)),
            _ => Err(Error::internal("an exception without a tag", index.into())),
        }
    }

    /// The value of an exception's field; a reference is a new scoped root. Never
    /// collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; those of a push.
    pub(crate) fn exn_field(&self, handle: Handle, index: usize) -> Result<Value> {
        let (field, at) = self.field(self.exn(handle)?, index)?;
        self.read_value(field.storage, at)
    }
}
