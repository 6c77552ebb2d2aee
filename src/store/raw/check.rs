//! From a caller's bits to an object.
//!
//! The check takes constant time. It passes bits that lead to
//!
//! * memory of the heap that is not the unused part of the window for new objects,
//! * with the header of a type that the store knows, which is not hidden,
//! * with room for an object of that type before the heap's end.
//!
//! For an externref or a function, the entry in the host-data table must name the object as
//! well (OBJECTS-8), so these bits are exact. Others may lead into the middle of an object
//! or to one that has died. If the engine is configured for exact slots, each reference must
//! also be the start of an object (CAPI-48).

use crate::error::{Error, Result};
use crate::heap::{FastPath, GcRef, Kind, ObjectHeader, array_bytes};
use crate::host::VALUE_BIT;
use crate::store::Store;
use crate::store::objects::{Typed, kind_name, name_of};
use crate::types::{Admits, RegisteredType};

const STRUCT: u8 = Kind::Struct as u8;
const ARRAY: u8 = Kind::Array as u8;

impl Store {
    /// The type that a header names, if the store knows it, its objects have the header's
    /// kind, and it is not hidden.
    #[inline(always)]
    fn named_type(&self, header: ObjectHeader) -> Option<&RegisteredType> {
        self.types
            .get(header.type_index())
            .filter(|of| of.raw_kind == header.kind_bits())
    }

    /// The header at a reference, if memory of an object may be there. The 16 bytes from
    /// there on are in the heap.
    #[inline(always)]
    fn header_at(&self, reference: GcRef) -> Option<ObjectHeader> {
        let offset = self.mutator.memory.object_at(reference)?;
        let is_unused = self.mutator.bump.is_unused(offset);
        (!is_unused).then(|| self.header_or_nothing(reference))
    }

    /// The struct or array at a reference.
    #[inline(always)]
    fn typed_at(&self, reference: GcRef, kind: Kind) -> Option<Typed<'_>> {
        let header = self.header_at(reference)?;
        if header.kind_bits() != kind as u8 {
            return None;
        }
        self.typed_as(reference, header, kind)
    }

    /// The object of a kind whose header is at a reference, if the store knows its type.
    #[inline(always)]
    fn typed_as(&self, reference: GcRef, header: ObjectHeader, kind: Kind) -> Option<Typed<'_>> {
        let (offset, ty) = (reference.offset(), self.named_type(header)?);
        let object = Typed { offset, ty };
        self.fits_in_heap(object, kind).then_some(object)
    }

    /// Whether an object ends before the heap does.
    #[inline(always)]
    fn fits_in_heap(&self, object: Typed<'_>, kind: Kind) -> bool {
        let layout = &object.ty.layout;
        let bytes = match kind {
            Kind::Array => array_bytes(self.length_of(object), layout.element_bytes),
            _ => layout.bytes.into(),
        };
        self.mutator.memory.has_room_at(object.offset, bytes)
    }

    /// Whether a reference that is not null and not an `i31` passes the check that takes
    /// constant time.
    #[inline]
    pub(super) fn looks_like_object(&self, reference: GcRef) -> bool {
        let Some(header) = self.header_at(reference) else {
            return false;
        };
        let word = self.word_after_header(reference.offset());
        match header.kind() {
            Some(Kind::Extern) => self.host.get(word & !VALUE_BIT, reference).is_some(),
            Some(Kind::Func) => self
                .host
                .function(word, reference)
                .is_some_and(|entry| entry.type_index == header.type_index()),
            Some(kind @ (Kind::Struct | Kind::Array | Kind::Exn)) => {
                self.typed_at(reference, kind).is_some()
            }
            Some(Kind::Free) | None => false,
        }
    }

    /// The fast form of [`Store::raw_typed`].
    #[inline(always)]
    pub(super) fn raw_typed_fast(&self, raw: u32, kind: Kind) -> Option<Typed<'_>> {
        if self.checks_raw_slowly.get() {
            return None;
        }
        self.typed_at(GcRef::from_raw(raw), kind)
    }

    /// The fast form of [`Store::raw_reference`], for a reference that a slot must admit.
    /// Null, an `i31`, structs and arrays are checked in line, others only if `path` is.
    #[inline(always)]
    pub(super) fn raw_admitted_fast(
        &self,
        path: FastPath,
        raw: u32,
        slot: &Admits,
    ) -> Option<GcRef> {
        let reference = GcRef::from_raw(raw);
        if let Some(of) = self.plain_object(reference) {
            return of.is_admitted_by(slot).then_some(reference);
        }
        if !reference.is_object() {
            return self.admits(slot, reference).then_some(reference);
        }
        match path {
            FastPath::Leaf => None,
            FastPath::InLine => self.raw_admitted(reference, *slot),
        }
    }

    /// The type of the struct or array at a reference.
    #[inline(always)]
    fn plain_object(&self, reference: GcRef) -> Option<&RegisteredType> {
        if self.checks_raw_slowly.get() {
            return None;
        }
        let header = self.header_at(reference)?;
        let (offset, ty) = (reference.offset(), self.named_type(header)?);
        let kind = match ty.raw_kind {
            STRUCT => Kind::Struct,
            ARRAY => Kind::Array,
            _ => return None,
        };
        self.fits_in_heap(Typed { offset, ty }, kind).then_some(ty)
    }

    /// [`Store::raw_admitted_fast`] for references to all objects.
    #[inline(never)]
    fn raw_admitted(&self, reference: GcRef, slot: Admits) -> Option<GcRef> {
        let reference = self.raw_reference_fast(reference.raw())?;
        self.admits(&slot, reference).then_some(reference)
    }

    /// The fast form of [`Store::raw_reference`].
    #[inline(always)]
    pub(super) fn raw_reference_fast(&self, raw: u32) -> Option<GcRef> {
        let reference = GcRef::from_raw(raw);
        let is_refused = reference.is_object()
            && (self.checks_raw_slowly.get() || !self.looks_like_object(reference));
        (!is_refused).then_some(reference)
    }

    /// The reference with these bits.
    ///
    /// Errors: [`Error::InvalidArgument`] unless the bits are 0, an `i31`, or refer to an
    /// object, as far as the [check](self) sees it; [`Error::SystemMemory`],
    /// [`Error::Internal`] if the engine is configured for exact slots.
    pub(super) fn raw_reference(&self, raw: u32, parameter: &'static str) -> Result<GcRef> {
        let reference = GcRef::from_raw(raw);
        if reference.is_object() {
            self.require_object(reference, parameter)?;
            if self.engine.config().exact_slots()
                && !self.cold.borrow_mut().is_object(self, reference)?
                || self.is_unswept(reference)
            {
                return Err(no_object(reference, parameter));
            }
        }
        Ok(reference)
    }

    /// Requires that a reference that is not null and not an `i31` passes the check that
    /// takes constant time.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(super) fn require_object(&self, reference: GcRef, parameter: &'static str) -> Result<()> {
        match self.looks_like_object(reference) {
            true => Ok(()),
            false => Err(no_object(reference, parameter)),
        }
    }

    /// The reference with these bits, which must not be null.
    ///
    /// Errors: as [`Store::raw_reference`]; [`Error::NullReference`].
    pub(super) fn raw_object(&self, raw: u32, parameter: &'static str) -> Result<GcRef> {
        let reference = self.raw_reference(raw, parameter)?;
        if reference.is_null() {
            return Err(Error::NullReference { parameter });
        }
        Ok(reference)
    }

    /// The object with these bits, which must be of kind `kind`: a struct, an array or an
    /// exception.
    ///
    /// Errors: as [`Store::raw_object`]; [`Error::TypeMismatch`].
    pub(super) fn raw_typed(
        &self,
        raw: u32,
        kind: Kind,
        parameter: &'static str,
    ) -> Result<Typed<'_>> {
        if let Some(object) = self.raw_typed_fast(raw, kind) {
            return Ok(object);
        }
        let reference = self.raw_object(raw, parameter)?;
        let header = self.header_of(reference)?;
        match header {
            Some(header) if header.kind() == Some(kind) => Ok(Typed {
                offset: reference.offset(),
                ty: self.type_of(header)?,
            }),
            _ => Err(Error::TypeMismatch {
                needed: kind_name(kind),
                found: name_of(header),
            }),
        }
    }
}

/// The error for bits that lead to no object.
#[cold]
fn no_object(reference: GcRef, parameter: &'static str) -> Error {
    Error::InvalidArgument {
        parameter,
        value: reference.raw().into(),
        allowed: "0, an odd number, or the bits of an object in the heap",
    }
}
