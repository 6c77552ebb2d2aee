//! The fast forms of making arrays. `arrays.rs` and `array_ranges.rs` have the slow forms.

use crate::base::small_copy::{SMALL, copy_small};
use crate::heap::{ARRAY_ELEMENTS, ARRAY_LENGTH, FastPath, HEADER_BYTES, Kind, array_bytes};
use crate::store::Store;
use crate::store::objects::new_object_fast::{NewContents, NewObject};
use crate::store::objects::value::{RawValue, ReferenceSource};
use crate::types::{FieldLayout, RegisteredType, Storage};

/// The greatest size in bytes of an array that is filled word by word. Larger ones are
/// filled by a call, so [`FastPath::Leaf`] does not make them.
const WORD_BY_WORD: u64 = 256;

/// How many elements a new array has, and its size.
#[derive(Clone, Copy)]
struct Size {
    length: u32,
    bytes: u64,
}

impl Size {
    #[inline(always)]
    fn of(of: &RegisteredType, length: u32) -> Size {
        let bytes = array_bytes(length, of.layout.element_bytes);
        Size { length, bytes }
    }

    /// Writes the length and the padding after the last element.
    ///
    /// # Safety
    ///
    /// There must be room for the array.
    #[inline(always)]
    unsafe fn write(self, store: &Store) {
        const { assert!(ARRAY_LENGTH == HEADER_BYTES && ARRAY_ELEMENTS == 16) }
        // The last word may be that of the length, so the length comes second.
        //
        // SAFETY: the caller's promise.
        unsafe {
            let last = store.new_address(self.bytes - 8);
            last.cast::<u64>().write(0);
            let length = store.new_address(ARRAY_LENGTH);
            length.cast::<u64>().write(self.length.into());
        }
    }
}

/// The contents of an array whose elements all have one value. `words` are 16 bytes of such
/// elements.
struct Filled {
    size: Size,
    words: [u64; 2],
}

impl NewContents for Filled {
    const HAS_REFERENCES: bool = true;

    #[inline(always)]
    fn write(self, store: &Store, _: &RegisteredType) -> Option<()> {
        // SAFETY: there is room for the array.
        unsafe {
            self.size.write(store);
            store.write_new_words(ARRAY_ELEMENTS, self.size.bytes, self.words);
        }
        Some(())
    }
}

/// The contents of an array of zeros or nulls.
struct Zeroed(Size);

impl NewContents for Zeroed {
    const HAS_REFERENCES: bool = false;

    #[inline(always)]
    fn write(self, store: &Store, _: &RegisteredType) -> Option<()> {
        // SAFETY: there is room for the array.
        unsafe {
            self.0.write(store);
            if self.0.bytes <= WORD_BY_WORD {
                store.write_new_zeros(ARRAY_ELEMENTS, self.0.bytes);
            } else {
                let elements = store.new_address(ARRAY_ELEMENTS);
                elements.write_bytes(0, (self.0.bytes - ARRAY_ELEMENTS) as usize);
            }
        }
        Some(())
    }
}

/// The contents of an array with a value for each element.
struct Elements<F> {
    size: Size,
    value: F,
}

impl<V: RawValue, F: Fn(usize) -> V> NewContents for Elements<F> {
    const HAS_REFERENCES: bool = true;

    #[inline(always)]
    fn write(self, store: &Store, of: &RegisteredType) -> Option<()> {
        let element = of.fields.first()?;
        // SAFETY: there is room for the array.
        unsafe { self.size.write(store) };
        // Read once: the compiler cannot know that the writes below do not change it.
        let mut address = store.new_address(ARRAY_ELEMENTS);
        let bytes = of.layout.element_bytes as usize;
        for index in 0..self.size.length as usize {
            // SAFETY: there is room for the array, and the element lies in it.
            unsafe { store.write_new_value(address, element, (self.value)(index))? };
            address = address.wrapping_add(bytes);
        }
        Some(())
    }
}

/// The contents of an array whose elements are copied from memory outside the heap.
struct Copied {
    size: Size,
    source: *const u8,
    bytes: u64,
}

impl NewContents for Copied {
    const HAS_REFERENCES: bool = false;

    #[inline(always)]
    fn write(self, store: &Store, _: &RegisteredType) -> Option<()> {
        // SAFETY: there is room for the array, and the maker of `self` promises the source.
        unsafe {
            self.size.write(store);
            let elements = store.new_address(ARRAY_ELEMENTS);
            if self.bytes <= SMALL {
                copy_small(self.source, elements, self.bytes);
            } else {
                elements.copy_from(self.source, self.bytes as usize);
            }
        }
        Some(())
    }
}

impl Store {
    /// The fast form of [`Store::array_new`].
    #[inline(always)]
    pub(crate) fn array_new_fast<N: NewObject>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        value: impl RawValue,
        length: u32,
    ) -> Option<N> {
        let words = self.words_of(of.fields.first()?, value)?;
        let size = Size::of(of, length);
        if path == FastPath::Leaf && size.bytes > WORD_BY_WORD {
            return None;
        }
        self.new_object_fast(path, of, Kind::Array, size.bytes, Filled { size, words })
    }

    /// 16 bytes of elements that all have this value. `None` if the element does not admit
    /// the value, or if that needs the slow form.
    #[inline(always)]
    fn words_of(&self, element: &FieldLayout, value: impl RawValue) -> Option<[u64; 2]> {
        if !value.fits(element.takes) {
            return None;
        }
        let narrow = match element.storage {
            Storage::I64 | Storage::F64 => return Some([value.bits64(); 2]),
            Storage::V128 => {
                let bytes = value.bits128();
                let word =
                    |from: usize| u64::from_ne_bytes(core::array::from_fn(|i| bytes[from + i]));
                return Some([word(0), word(8)]);
            }
            Storage::Ref => {
                let reference = value.reference();
                reference.admitted_fast(self, &element.admits)?.raw()
            }
            Storage::I32 | Storage::F32 => value.bits32(),
            Storage::I16 => value.bits32() as u16 as u32 * 0x0001_0001,
            Storage::I8 => value.bits32() as u8 as u32 * 0x0101_0101,
        };
        Some([u64::from(narrow) << 32 | u64::from(narrow); 2])
    }

    /// The fast form of [`Store::array_new_default`].
    #[inline(always)]
    pub(crate) fn array_new_default_fast<N: NewObject>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        length: u32,
    ) -> Option<N> {
        let size = Size::of(of, length);
        if !of.layout.has_defaults || (path == FastPath::Leaf && size.bytes > WORD_BY_WORD) {
            return None;
        }
        self.new_object_fast(path, of, Kind::Array, size.bytes, Zeroed(size))
    }

    /// The fast form of [`Store::array_new_fixed`].
    #[inline(always)]
    pub(crate) fn array_new_fixed_fast<N: NewObject, V: RawValue>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        count: u32,
        value: impl Fn(usize) -> V,
    ) -> Option<N> {
        let size = Size::of(of, count);
        self.new_object_fast(path, of, Kind::Array, size.bytes, Elements { size, value })
    }

    /// The fast form of [`Store::array_new_bytes`].
    ///
    /// # Safety
    ///
    /// `source` must be valid for reading `length` elements.
    #[inline(always)]
    pub(crate) unsafe fn array_new_bytes_fast<N: NewObject>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        source: *const u8,
        length: u32,
    ) -> Option<N> {
        let size = Size::of(of, length);
        let bytes = u64::from(length) * u64::from(of.layout.element_bytes);
        let is_numeric = of.fields.first()?.storage != Storage::Ref;
        if !is_numeric || (path == FastPath::Leaf && bytes > SMALL) {
            return None;
        }
        let contents = Copied {
            size,
            source,
            bytes,
        };
        self.new_object_fast(path, of, Kind::Array, size.bytes, contents)
    }
}
