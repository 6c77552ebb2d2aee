//! What references a slot admits: a set of kinds, and for a concrete type its index and
//! depth.

use super::typed::name_of;
use crate::error::{Error, Result};
use crate::heap::{GcRef, ObjectHeader};
use crate::store::Store;
use crate::types::Admits;

impl Store {
    /// Whether a slot admits a reference.
    #[inline(always)]
    pub(in crate::store) fn admits(&self, slot: Admits, reference: GcRef) -> bool {
        if !reference.is_object() {
            let kind = if reference.is_null() {
                Admits::NULL
            } else {
                Admits::I31
            };
            return slot.kinds >> kind & 1 == 1;
        }
        let header = self.header(reference);
        if header.kind_bits() >= Admits::KINDS || slot.kinds >> header.kind_bits() & 1 == 0 {
            return false;
        }
        slot.depth == Admits::ANY_TYPE
            || header.type_index() == slot.type_index
            || self.types.get(header.type_index()).is_some_and(|of| {
                of.supertypes.get(usize::from(slot.depth)) == Some(&slot.type_index)
            })
    }

    /// Refuses a reference that a slot does not admit.
    ///
    /// Errors: [`Error::NullReference`], [`Error::TypeMismatch`], [`Error::NotOfType`];
    /// [`Error::Internal`].
    pub(in crate::store) fn require_admitted(
        &self,
        slot: Admits,
        reference: GcRef,
        parameter: &'static str,
    ) -> Result<()> {
        if self.admits(slot, reference) {
            return Ok(());
        }
        if reference.is_null() {
            return Err(Error::NullReference { parameter });
        }
        let header = self.header_of(reference)?;
        if slot.depth == Admits::ANY_TYPE {
            return Err(Error::TypeMismatch {
                needed: slot.name(),
                found: name_of(header),
            });
        }
        let typed = header.filter(|header| !header.is_extern());
        Err(Error::NotOfType {
            value: None,
            needed: slot.type_index,
            found: name_of(header),
            found_type: typed.map(ObjectHeader::type_index),
        })
    }
}
