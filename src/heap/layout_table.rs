//! The table of layouts.
//!
//! It is indexed by the type index in the header. It belongs to the store, so finding a
//! layout takes no lock.

use super::header::{Kind, ObjectHeader};
use super::layout::{
    ARRAY_LENGTH, EXTERN_TYPE, Layout, Measured, References, array_bytes, is_chunked,
};
use super::layout_word::{Form, LayoutWord, ObjectSize, SimpleLayout};
use super::memory::RegionView;
use crate::base::fallible;
use crate::error::{Error, Result};

/// The layouts of the types that a store uses, by type index. All externrefs share one
/// layout, and so do all functions.
#[derive(Debug)]
pub(crate) struct LayoutTable {
    /// An index that the store does not use costs only a word. The engine issues the indices,
    /// and a store may use few of them.
    words: Vec<LayoutWord>,
    /// The layouts that do not fit into words.
    wide: Vec<WideLayout>,
    /// The first unused place in `wide`, or [`NONE`].
    unused: u32,
}

/// The end of the chain of unused places.
const NONE: u32 = u32::MAX;

/// A layout of objects of one size, with more references or bytes than a word has room for.
#[derive(Debug)]
struct WideLayout {
    /// In an unused place, the next unused place.
    bytes: u32,
    references: References,
}

impl LayoutTable {
    /// A table with the layouts of externrefs and functions only. Allocates nothing.
    pub(crate) fn new() -> LayoutTable {
        LayoutTable {
            words: Vec::new(),
            wide: Vec::new(),
            unused: NONE,
        }
    }

    /// Sets the layout of the type with this index. No object of the type exists yet. A
    /// type that had the index before may have left its layout here.
    ///
    /// Errors: [`Error::SystemMemory`]. After an error nothing has changed.
    pub(crate) fn add(&mut self, type_index: u32, layout: &Layout) -> Result<()> {
        let index = type_index as usize;
        let missing = (index + 1).saturating_sub(self.words.len());
        fallible::reserve(&mut self.words, missing)?;
        let word = self.word_of(layout)?;
        self.words
            .extend(core::iter::repeat_n(LayoutWord::UNKNOWN, missing));
        let replaced = core::mem::replace(&mut self.words[index], word);
        if let Form::Wide(place) = replaced.form() {
            self.wide[place as usize] = WideLayout {
                bytes: self.unused,
                references: References::default(),
            };
            self.unused = place;
        }
        Ok(())
    }

    /// The word of `layout`, which gets a place in the table of wide layouts if it needs one.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn word_of(&mut self, layout: &Layout) -> Result<LayoutWord> {
        let (kind, bytes, references) = match layout {
            &Layout::Array {
                element_bytes,
                references,
            } => return Ok(LayoutWord::array(element_bytes, references)),
            Layout::Fixed {
                kind,
                bytes,
                references,
            } => (*kind, *bytes, references),
        };
        if references.far.is_empty()
            && let Some(word) = LayoutWord::simple(kind, bytes, references.near)
        {
            return Ok(word);
        }
        let references = references.try_clone()?;
        let wide = WideLayout { bytes, references };
        let place = self.unused;
        if place == NONE {
            fallible::push(&mut self.wide, wide)?;
            return Ok(LayoutWord::wide(kind, self.wide.len() as u32 - 1));
        }
        let replaced = core::mem::replace(&mut self.wide[place as usize], wide);
        self.unused = replaced.bytes;
        Ok(LayoutWord::wide(kind, place))
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        let wide = self.wide.iter();
        let far = wide.map(|wide| fallible::bytes(&wide.references.far));
        fallible::bytes(&self.words) + fallible::bytes(&self.wide) + far.sum::<u64>()
    }

    /// The layouts in words.
    #[inline(always)]
    pub(crate) fn simple_layouts(&self) -> SimpleLayouts<'_> {
        SimpleLayouts { words: &self.words }
    }

    /// The layout and size of an object with this header. `length` tells the length of an
    /// array.
    ///
    /// Errors: [`Error::Internal`] if the header's kind and type do not match; those of
    /// `length`.
    #[inline(always)]
    fn measure_with(
        &self,
        header: ObjectHeader,
        length: impl FnOnce() -> Result<u32>,
    ) -> Result<Measured<'_>> {
        let fixed = Measured {
            near: 0,
            far: &[],
            elements: false,
            length: 0,
            bytes: 0,
        };
        Ok(match self.simple_layouts().word(header).form() {
            Form::Simple(simple) => Measured {
                near: simple.references().into(),
                bytes: simple.size().bytes(),
                ..fixed
            },
            Form::Array {
                element_bytes,
                elements,
            } => {
                let length = length()?;
                Measured {
                    elements,
                    length,
                    bytes: array_bytes(length, element_bytes),
                    ..fixed
                }
            }
            Form::Wide(place) => {
                let WideLayout { bytes, references } = &self.wide[place as usize];
                Measured {
                    near: references.near,
                    far: &references.far,
                    bytes: (*bytes).into(),
                    ..fixed
                }
            }
            Form::Unknown => {
                return Err(Error::internal("a header of unknown type", header.bits()));
            }
        })
    }

    /// The layout and size of the object at `offset`.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline(always)]
    pub(crate) fn measure(
        &self,
        space: RegionView<'_>,
        offset: u64,
        header: ObjectHeader,
    ) -> Result<Measured<'_>> {
        self.measure_with(header, || space.load_u32(offset + ARRAY_LENGTH))
    }

    /// The layout and size of an object with this header. `after_header` is called for an
    /// array, and returns the 32 bits that follow the header. `None` if the header's kind and type do
    /// not match.
    #[inline(always)]
    pub(crate) fn measure_head(
        &self,
        header: ObjectHeader,
        after_header: impl FnOnce() -> u32,
    ) -> Option<Measured<'_>> {
        self.measure_with(header, || Ok(after_header())).ok()
    }
}

/// The layouts of a table that fit into words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimpleLayouts<'a> {
    words: &'a [LayoutWord],
}

/// What the loops over objects need to know of most objects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommonLayout {
    Simple(SimpleLayout),
    /// An array that is not chunked.
    Array {
        size: ObjectSize,
        /// Whether the elements are references.
        elements: bool,
    },
}

impl CommonLayout {
    /// The size of the object.
    #[inline(always)]
    pub(crate) fn size(self) -> ObjectSize {
        match self {
            CommonLayout::Simple(simple) => simple.size(),
            CommonLayout::Array { size, .. } => size,
        }
    }
}

impl SimpleLayouts<'_> {
    /// The layout of most objects. `header` is the object's header, and `length` is what
    /// follows it. `None` for wide layouts and chunked arrays, and if the header's kind and
    /// type do not match.
    #[inline(always)]
    pub(crate) fn common(
        self,
        header: ObjectHeader,
        length: impl FnOnce() -> u32,
    ) -> Option<CommonLayout> {
        let word = self.word(header);
        if let Some(simple) = word.as_simple() {
            return Some(CommonLayout::Simple(simple));
        }
        let Form::Array {
            element_bytes,
            elements,
        } = word.form()
        else {
            return None;
        };
        let length = length();
        if is_chunked(length) {
            return None;
        }
        let size = ObjectSize::of_array(length, element_bytes);
        Some(CommonLayout::Array { size, elements })
    }

    /// The word of the layout of an object with this header, or the unknown one if the
    /// header's kind and type do not match.
    #[inline(always)]
    fn word(self, header: ObjectHeader) -> LayoutWord {
        let word = self.words.get(header.type_index() as usize);
        match word {
            Some(&word) if word.is_of(header) => word,
            word => of_host_data(header, word.copied()),
        }
    }
}

/// The word of the layout of an object with this header, if it refers to host data. Its type
/// may have another layout, whose word is `other`.
#[inline(always)]
fn of_host_data(header: ObjectHeader, other: Option<LayoutWord>) -> LayoutWord {
    if header.is_extern() && header.type_index() == EXTERN_TYPE {
        return const { LayoutWord::of_host_data(Kind::Extern) };
    }
    // The layout of a function type is that of its exceptions (TYPES-16).
    let is_of_functions = other.is_some_and(|word| word.has_kind(Kind::Exn));
    if is_of_functions && header.kind() == Some(Kind::Func) {
        return const { LayoutWord::of_host_data(Kind::Func) };
    }
    LayoutWord::UNKNOWN
}
