//! The fast form of making an object (OBJECTS-18). Every fast constructor of a struct, an
//! array or an exception is made of the pieces here; `make.rs` has the slow form.
//!
//! The object is written before it exists: the memory after the allocation
//! pointer is not in use, so nothing has changed if a value is refused. The steps are:
//!
//! 1. check the barrier, the type, the room in the window and the room for a root;
//! 2. write the header and the contents;
//! 3. tell the barrier of the references among them, which changes other objects;
//! 4. advance the allocation pointer, and root the object.

use crate::heap::{
    ARRAY_ELEMENTS, ARRAY_LENGTH, Barrier, FastPath, GcRef, HEADER_BYTES, Kind, MOST_SHARED,
    SLOT_BYTES,
};
use crate::roots::{Handle, NextSlot};
use crate::store::Store;
use crate::store::objects::value::{RawValue, ReferenceSource};
use crate::types::{FieldLayout, RegisteredType, Storage};

/// How a new object is named, and what keeps it alive.
pub(crate) trait NewObject: Sized {
    /// Room for the root.
    type Room<'a>;
    /// Finds room for the root. `None` if that needs the slow form. Changes nothing.
    fn room(store: &Store) -> Option<Self::Room<'_>>;
    /// The same room, if [`NewObject::room`] has found it and nothing has taken it since.
    fn room_again(store: &Store) -> Self::Room<'_>;
    /// Roots the object.
    fn keep(store: &Store, room: Self::Room<'_>, object: GcRef) -> Self;
}

/// A scoped root of the current scope.
impl NewObject for Handle {
    type Room<'a> = NextSlot<'a>;

    #[inline(always)]
    fn room(store: &Store) -> Option<NextSlot<'_>> {
        store.lifo.next_slot()
    }

    #[inline(always)]
    fn room_again(store: &Store) -> NextSlot<'_> {
        store.lifo.next_slot_again()
    }

    #[inline(always)]
    fn keep(store: &Store, room: NextSlot<'_>, object: GcRef) -> Handle {
        store.handle(store.lifo.push_into(room, object))
    }
}

/// A manual root.
#[repr(transparent)]
pub(crate) struct ManualRoot(pub(crate) Handle);

impl NewObject for ManualRoot {
    type Room<'a> = ();

    #[inline(always)]
    fn room(store: &Store) -> Option<()> {
        store.manual.has_free().then_some(())
    }

    #[inline(always)]
    fn room_again(_: &Store) {}

    #[inline(always)]
    fn keep(store: &Store, (): (), object: GcRef) -> ManualRoot {
        ManualRoot(store.handle(store.manual.allocate(object)))
    }
}

/// No root: the object lives until the next collection.
impl NewObject for GcRef {
    type Room<'a> = ();

    #[inline(always)]
    fn room(_: &Store) -> Option<()> {
        Some(())
    }

    #[inline(always)]
    fn room_again(_: &Store) {}

    #[inline(always)]
    fn keep(_: &Store, (): (), object: GcRef) -> GcRef {
        object
    }
}

/// What a new object holds. A trait and not a closure, because it must be inlined.
pub(in crate::store) trait NewContents {
    /// Whether there may be references to objects among it.
    const HAS_REFERENCES: bool;
    /// Writes everything after the header of the object that is being made, from
    /// [`Store::new_address`] on. There is room for the object. Returns `None`, with
    /// nothing else changed, if a value is refused or needs the slow form.
    fn write(self, store: &Store, of: &RegisteredType) -> Option<()>;
}

/// Zeros and nulls, as the contents of an object of a size.
pub(in crate::store) struct Zeros {
    /// The size of the object.
    pub(in crate::store) bytes: u64,
}

impl NewContents for Zeros {
    const HAS_REFERENCES: bool = false;

    #[inline(always)]
    fn write(self, store: &Store, _: &RegisteredType) -> Option<()> {
        // SAFETY: there is room for the object.
        unsafe { store.write_new_zeros(HEADER_BYTES, self.bytes) };
        Some(())
    }
}

/// The values of all fields of a struct or an exception.
pub(in crate::store) struct Fields<F>(pub(in crate::store) F);

impl<V: RawValue, F: Fn(usize) -> V> NewContents for Fields<F> {
    const HAS_REFERENCES: bool = true;

    #[inline(always)]
    fn write(self, store: &Store, of: &RegisteredType) -> Option<()> {
        // Read once: the compiler cannot know that the writes below do not change it.
        let object = store.new_address(0);
        let fields = &of.fields[..];
        #[expect(
            clippy::needless_range_loop,
            reason = "one induction variable, where an iterator of pairs has two"
        )]
        for index in 0..fields.len() {
            let field = &fields[index];
            let address = object.wrapping_add(field.offset as usize);
            // SAFETY: there is room for the object, and the field lies in it.
            unsafe { store.write_new_value(address, field, (self.0)(index))? };
        }
        Some(())
    }
}

impl Store {
    /// Makes an object of `bytes`, a multiple of the granule, without the heap.
    ///
    /// Returns `None`, with nothing changed, if `path` does not suffice, if the store does
    /// not keep the type yet, if its objects are not of kind `kind`, if there is no room,
    /// or if `contents` refuses.
    #[inline(always)]
    pub(in crate::store) fn new_object_fast<N: NewObject, C: NewContents>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        kind: Kind,
        bytes: u64,
        contents: C,
    ) -> Option<N> {
        if !self.mutator.barrier().allows_new_objects(path) {
            return None;
        }
        if !self.types.has(of) || !of.has_kind(kind) || self.manual.has_queued() {
            return None;
        }
        if path == FastPath::InLine
            && bytes > MOST_SHARED
            && self.mutator.barrier().counts_new_objects()
        {
            // Such a heap gives the object lines of its own.
            return None;
        }
        self.mutator.bump.room(bytes)?;
        N::room(self)?;
        // The header first, so that it is not live in `write`.
        //
        // SAFETY: there is room for the object, which begins with its header.
        unsafe { self.new_address(0).cast::<u64>().write(of.header.bits()) };
        contents.write(self, of)?;
        // Read again, so that few values are live in `write`.
        let (offset, room) = (self.mutator.bump.next(), N::room_again(self));
        let counts = path == FastPath::InLine && self.mutator.barrier().counts_new_objects();
        if counts && C::HAS_REFERENCES {
            // Last of what can fail, because this changes other objects.
            self.initialise_references(of, kind)?;
        }
        self.mutator.bump.advance(bytes);
        Some(N::keep(self, room, GcRef::from_offset(offset)))
    }

    /// The address of the byte at `at` of the object that is being made.
    #[inline(always)]
    pub(in crate::store) fn new_address(&self, at: u64) -> *mut u8 {
        self.mutator.memory.address(self.mutator.bump.next() + at)
    }

    /// Writes zeros to the object that is being made, from `from` to `to`, both multiples
    /// of 8.
    ///
    /// # Safety
    ///
    /// There must be room for `to` bytes.
    #[inline(always)]
    pub(in crate::store) unsafe fn write_new_zeros(&self, from: u64, to: u64) {
        let object = self.new_address(0);
        let mut at = from;
        while at < to {
            // Volatile, so that the compiler makes no call of this loop: a leaf function
            // needs no frame, and most objects are small.
            //
            // SAFETY: the caller's promise.
            unsafe { object.add(at as usize).cast::<u64>().write_volatile(0) };
            at += 8;
        }
    }

    /// Writes two words by turns to the object that is being made, from `from`, a multiple
    /// of 16, to `to`, a multiple of 8.
    ///
    /// # Safety
    ///
    /// There must be room for `to` bytes.
    #[inline(always)]
    pub(in crate::store) unsafe fn write_new_words(&self, from: u64, to: u64, words: [u64; 2]) {
        let object = self.new_address(0);
        let mut at = from;
        while at < to {
            let word = if at & 8 == 0 { words[0] } else { words[1] };
            // SAFETY: the caller's promise.
            unsafe { object.add(at as usize).cast::<u64>().write_volatile(word) };
            at += 8;
        }
    }

    /// Tells the barrier of the references in an object that is being made. `None` if one
    /// of them does not refer to an object, which happens only in a heap that was
    /// overwritten.
    #[inline(always)]
    fn initialise_references(&self, of: &RegisteredType, kind: Kind) -> Option<()> {
        if kind == Kind::Array {
            return self.initialise_elements(of);
        }
        for field in of.fields.iter() {
            if field.storage == Storage::Ref {
                self.initialise(field.offset.into())?;
            }
        }
        Some(())
    }

    /// [`Store::initialise_references`] for an array, whose length is written already.
    #[inline(always)]
    fn initialise_elements(&self, of: &RegisteredType) -> Option<()> {
        if of.fields.first()?.storage != Storage::Ref {
            return Some(());
        }
        let length = self.new_word(ARRAY_LENGTH);
        for index in 0..u64::from(length) {
            self.initialise(ARRAY_ELEMENTS + SLOT_BYTES * index)?;
        }
        Some(())
    }

    /// Tells the barrier of the reference at `at` of the object that is being made.
    #[inline(always)]
    fn initialise(&self, at: u64) -> Option<()> {
        let value = GcRef::from_raw(self.new_word(at));
        Barrier::initialise(&self.mutator.memory, value)
    }

    /// The 32 bits at `at` of the object that is being made, where they are written already.
    #[inline(always)]
    fn new_word(&self, at: u64) -> u32 {
        // SAFETY: only `new_object_fast` gets here, which has found room for the object.
        unsafe { self.new_address(at).cast::<u32>().read() }
    }

    /// Writes a field or an element of an object that is being made. `None` if the field
    /// does not admit the value, or if that needs the slow form.
    ///
    /// # Safety
    ///
    /// `address` must be valid for writing the field.
    #[inline(always)]
    pub(in crate::store) unsafe fn write_new_value(
        &self,
        address: *mut u8,
        field: &FieldLayout,
        value: impl RawValue,
    ) -> Option<()> {
        if !value.fits(field.takes) {
            return None;
        }
        // References are the most frequent. This is not a case of the `match`, because that
        // is a jump table.
        if field.admits.kinds != 0 {
            let reference = value.reference().admitted_fast(self, &field.admits)?;
            // SAFETY: the caller's promise.
            unsafe { address.cast::<u32>().write(reference.raw()) };
            return Some(());
        }
        // The next in frequency.
        if field.is_word {
            // SAFETY: the caller's promise.
            unsafe { address.cast::<u32>().write(value.bits32()) };
            return Some(());
        }
        // SAFETY: the caller's promise.
        unsafe {
            match field.storage {
                // Nothing at all is admitted.
                Storage::Ref => return None,
                Storage::I32 | Storage::F32 => {}
                Storage::I64 | Storage::F64 => address.cast::<u64>().write(value.bits64()),
                Storage::I8 => address.write(value.bits32() as u8),
                Storage::I16 => address.cast::<u16>().write(value.bits32() as u16),
                Storage::V128 => address.cast::<[u8; 16]>().write(value.bits128()),
            }
        }
        Some(())
    }
}
