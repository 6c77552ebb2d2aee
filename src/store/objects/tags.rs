//! Tags, which tell exceptions apart. A tag is a function type without results, and has
//! an identity of its own: two tags of one type differ. A tag lives as long as its store
//! (OBJECTS-4).

use crate::base::fallible;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::Kind;
use crate::roots::{Handle, SLOTS_MAX};
use crate::store::Store;
use crate::store::handles::resolve::unrooted_as;
use crate::types::{Composite, Type};

/// The generation in a tag's handle. Tags never end, so one constant serves them all. A
/// root's slot is not likely to have this generation.
const GENERATION: u32 = u32::from_le_bytes(*b"tag!");

/// A store's tags, in the order in which they were made.
#[derive(Debug, Default)]
pub(in crate::store) struct Tags(Vec<Type>);

impl Tags {
    /// The type of the tag with this index.
    pub(in crate::store) fn get(&self, index: u32) -> Option<&Type> {
        self.0.get(index as usize)
    }

    /// The bytes of memory that the list has.
    pub(in crate::store) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.0)
    }

    /// The index of the next tag. Also makes room for the tag.
    fn next(&mut self, side: &SideMeter) -> Result<u32> {
        let index = self.0.len() as u64;
        if index >= SLOTS_MAX.into() {
            return Err(Error::Limit {
                what: "tags of a store",
                limit: SLOTS_MAX.into(),
            });
        }
        side.reserve(&mut self.0, 1)?;
        Ok(index as u32)
    }
}

impl Store {
    /// Makes a tag. Never collects.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] if the type is not a
    /// function type, or has results; [`Error::Limit`], [`Error::SystemMemory`].
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
        let index = cold.tags.next(&self.side)?;
        cold.keep_type(self, of)?;
        fallible::push(&mut cold.tags.0, of.try_clone()?)?;
        Ok(self.tag_handle(index))
    }

    /// The handle of the tag with this index.
    pub(in crate::store) fn tag_handle(&self, index: u32) -> Handle {
        self.handle(Handle::slot_word(GENERATION, index))
    }

    /// The index of a tag.
    ///
    /// Errors: [`Error::NullReference`], [`Error::WrongStore`]; [`Error::Unrooted`] for a
    /// handle that is not a tag's.
    fn tag_index(&self, tag: Handle, parameter: &'static str) -> Result<u32> {
        if tag.is_null() {
            return Err(Error::NullReference { parameter });
        }
        self.require_mine(tag.store_id, parameter)?;
        let exists = self.cold.borrow().tags.get(tag.index()).is_some();
        if !exists || tag.generation() != GENERATION || tag.is_manual() {
            return Err(unrooted_as("tag", tag, parameter));
        }
        Ok(tag.index())
    }

    /// The index of a tag, which may not exist. The fast form of [`Store::tag_index`].
    #[inline(always)]
    pub(in crate::store) fn tag_index_fast(&self, tag: Handle) -> Option<u32> {
        let is_tag = tag.generation() == GENERATION && !tag.is_manual();
        (tag.store_id == self.id && is_tag).then(|| tag.index())
    }

    /// The type of a tag, and its index.
    ///
    /// Errors: as [`Store::tag_index`]; [`Error::Limit`] for too many references to the
    /// type.
    pub(in crate::store) fn resolve_tag(&self, tag: Handle) -> Result<(Type, u32)> {
        let index = self.tag_index(tag, "tag")?;
        match self.cold.borrow().tags.get(index) {
            Some(of) => Ok((of.try_clone()?, index)),
            None => Err(unrooted_as("tag", tag, "tag")),
        }
    }

    /// Whether two handles name the same tag. Never collects.
    ///
    /// Errors: as [`Store::tag_index`].
    pub(crate) fn tag_eq(&self, a: Handle, b: Handle) -> Result<bool> {
        Ok(self.tag_index(a, "a")? == self.tag_index(b, "b")?)
    }

    /// A tag's type.
    ///
    /// Errors: as [`Store::resolve_tag`].
    pub(crate) fn tag_type(&self, tag: Handle) -> Result<Type> {
        Ok(self.resolve_tag(tag)?.0)
    }
}
