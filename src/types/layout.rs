//! The layout of objects: the offsets of their fields, and what the fields store.
//!
//! * A struct is a header and its fields, in declared order. Each field is at a multiple of
//!   its size. 128-bit fields are at multiples of 8, since objects are. So a subtype begins
//!   like its supertype.
//! * An array is a header, a length, and its elements from [`ARRAY_ELEMENTS`] on.
//! * An exception is a header, its tag, and its fields from [`EXN_FIELDS`] on. The fields
//!   are the parameters of the tag's function type.

use core::mem::offset_of;

use super::admits::Admits;
use super::composite::{Composite, FieldType, StorageType, ValType};
use crate::base::fallible;
use crate::error::Result;
use crate::heap::{ARRAY_ELEMENTS, GRANULE, HEADER_BYTES, Kind, LEAST_BYTES, Layout, References};

/// The offset of an exception's first field. Its tag is before that.
pub(crate) const EXN_FIELDS: u32 = 16;

/// What a field or element stores. All reference types are one storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Storage {
    /// An 8-bit integer.
    I8 = 0,
    /// A 16-bit integer.
    I16 = 1,
    /// A 32-bit integer.
    I32 = 2,
    /// A 64-bit integer.
    I64 = 3,
    /// A 32-bit float.
    F32 = 4,
    /// A 64-bit float.
    F64 = 5,
    /// A vector of 128 bits.
    V128 = 6,
    /// A reference.
    Ref = 7,
}

impl Storage {
    /// Its name, for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Storage::I8 => "an i8",
            Storage::I16 => "an i16",
            Storage::I32 => "an i32",
            Storage::I64 => "an i64",
            Storage::F32 => "an f32",
            Storage::F64 => "an f64",
            Storage::V128 => "a v128",
            Storage::Ref => "a reference",
        }
    }

    /// The storage of the values that it takes.
    pub(crate) const fn unpacked(self) -> Storage {
        match self {
            Storage::I8 | Storage::I16 => Storage::I32,
            other => other,
        }
    }

    /// Its size in bytes.
    #[inline(always)]
    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Storage::I8 => 1,
            Storage::I16 => 2,
            Storage::I32 | Storage::F32 | Storage::Ref => 4,
            Storage::I64 | Storage::F64 => 8,
            Storage::V128 => 16,
        }
    }

    /// Its alignment in bytes.
    const fn alignment(self) -> u32 {
        match self {
            Storage::V128 => 8,
            other => other.bytes(),
        }
    }

    fn of<C>(storage: &StorageType<C>) -> Storage {
        match storage {
            StorageType::I8 => Storage::I8,
            StorageType::I16 => Storage::I16,
            StorageType::Val(value) => Storage::of_value(value),
        }
    }

    /// The storage of a value of this type.
    pub(crate) fn of_value<C>(value: &ValType<C>) -> Storage {
        match value {
            ValType::I32 => Storage::I32,
            ValType::I64 => Storage::I64,
            ValType::F32 => Storage::F32,
            ValType::F64 => Storage::F64,
            ValType::V128 => Storage::V128,
            ValType::Ref(_) => Storage::Ref,
        }
    }
}

/// Everything that getting or setting a field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct FieldLayout {
    /// Its offset from the object's start. For an array, the offset of the first element.
    pub(crate) offset: u32,
    /// The references that a reference field admits.
    pub(crate) admits: Admits,
    /// What is stored.
    pub(crate) storage: Storage,
    /// Whether it may be set.
    pub(crate) mutable: bool,
    /// The storage of the values that it takes. A packed field takes an `i32`.
    pub(crate) takes: Storage,
    /// Whether it is stored as 32 bits that are no reference.
    pub(crate) is_word: bool,
}

impl FieldLayout {
    /// Where compiled code finds the fields of this struct.
    pub(crate) const OFFSET_AT: usize = offset_of!(FieldLayout, offset);
    pub(crate) const TYPE_INDEX_AT: usize = offset_of!(FieldLayout, admits.type_index);
    pub(crate) const KINDS_AT: usize = offset_of!(FieldLayout, admits.kinds);
    pub(crate) const DEPTH_AT: usize = offset_of!(FieldLayout, admits.depth);
    pub(crate) const STORAGE_AT: usize = offset_of!(FieldLayout, storage);
    pub(crate) const MUTABLE_AT: usize = offset_of!(FieldLayout, mutable);
    pub(crate) const TAKES_AT: usize = offset_of!(FieldLayout, takes);

    /// The layout of a field. See the struct's fields.
    pub(crate) const fn new(
        offset: u32,
        admits: Admits,
        storage: Storage,
        mutable: bool,
    ) -> FieldLayout {
        FieldLayout {
            offset,
            admits,
            storage,
            mutable,
            takes: storage.unpacked(),
            is_word: matches!(storage, Storage::I32 | Storage::F32),
        }
    }

    /// Whether it is stored as `storage` and may be set.
    #[inline(always)]
    pub(crate) fn is_mutable(&self, storage: Storage) -> bool {
        // One comparison of two bytes.
        [self.storage as u8, self.mutable as u8] == [storage as u8, true as u8]
    }
}

const _: () = assert!(size_of::<FieldLayout>() == 16);

/// The size of an object, and the offsets of its fields.
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct TypeLayout {
    /// For a struct, its size including the header, a multiple of the granule. For an array,
    /// the size without elements. For a function, the size of an exception whose tag has
    /// this type.
    pub(crate) bytes: u32,
    /// The size of an array's element. 0 for other types.
    pub(crate) element_bytes: u32,
    /// Whether each field, element or parameter has a default value. A reference that is
    /// never null has none.
    pub(crate) has_defaults: bool,
    /// The offsets of the fields of a struct or exception.
    pub(crate) offsets: Vec<u32>,
}

impl TypeLayout {
    /// Where compiled code finds the sizes.
    pub(super) const BYTES_AT: usize = offset_of!(TypeLayout, bytes);
    pub(super) const ELEMENT_BYTES_AT: usize = offset_of!(TypeLayout, element_bytes);
    pub(super) const HAS_DEFAULTS_AT: usize = offset_of!(TypeLayout, has_defaults);

    /// The layout of a type. Sizes cannot overflow: a struct has at most 10,000 fields of 16
    /// bytes.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn of<C>(composite: &Composite<C>) -> Result<TypeLayout> {
        let sized = match composite {
            Composite::Struct(fields) => {
                let storage = |field: &FieldType<C>| Storage::of(&field.storage);
                TypeLayout::of_fields(HEADER_BYTES as u32, fields.iter().map(storage))
            }
            Composite::Array(element) => Ok(TypeLayout {
                bytes: ARRAY_ELEMENTS as u32,
                element_bytes: Storage::of(&element.storage).bytes(),
                ..TypeLayout::default()
            }),
            Composite::Func { params, .. } => {
                TypeLayout::of_fields(EXN_FIELDS, params.iter().map(Storage::of_value))
            }
        }?;
        let has_default = |field: &FieldType<C>| match &field.storage {
            StorageType::Val(value) => value_has_default(value),
            _ => true,
        };
        let has_defaults = match composite {
            Composite::Struct(fields) => fields.iter().all(has_default),
            Composite::Array(element) => has_default(element),
            Composite::Func { params, .. } => params.iter().all(value_has_default),
        };
        Ok(TypeLayout {
            has_defaults,
            ..sized
        })
    }

    fn of_fields(start: u32, fields: impl ExactSizeIterator<Item = Storage>) -> Result<TypeLayout> {
        let mut offsets = fallible::with_room(fields.len())?;
        let mut end = start;
        for storage in fields {
            let offset = end.next_multiple_of(storage.alignment());
            fallible::push(&mut offsets, offset)?;
            end = offset + storage.bytes();
        }
        Ok(TypeLayout {
            bytes: end.max(LEAST_BYTES).next_multiple_of(GRANULE as u32),
            offsets,
            ..TypeLayout::default()
        })
    }

    /// The layout of each field of a struct or exception, or of the elements of an array.
    /// `admits` returns the references that a reference type admits.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory), those of
    /// `admits`.
    pub(super) fn fields<C: Copy>(
        &self,
        composite: &Composite<C>,
        admits: impl Fn(&ValType<C>) -> Result<Admits>,
    ) -> Result<Vec<FieldLayout>> {
        let count = match composite {
            Composite::Func { params, .. } => params.len(),
            other => other.len(),
        };
        let mut fields = fallible::with_room(count)?;
        for index in 0..count {
            let Some((storage, mutable)) = composite.field(index) else {
                break;
            };
            let offset = self.offsets.get(index).copied().unwrap_or(self.bytes);
            let admits = match &storage {
                StorageType::Val(value @ ValType::Ref(_)) => admits(value)?,
                _ => Admits::default(),
            };
            let layout = FieldLayout::new(offset, admits, Storage::of(&storage), mutable);
            fallible::push(&mut fields, layout)?;
        }
        Ok(fields)
    }

    /// The results of a function as constant fields with offset 0. Empty for other types.
    /// `admits` returns the references that a reference type admits.
    ///
    /// Errors: those of [`TypeLayout::fields`].
    pub(super) fn results<C>(
        composite: &Composite<C>,
        admits: impl Fn(&ValType<C>) -> Result<Admits>,
    ) -> Result<Vec<FieldLayout>> {
        let mut layouts = Vec::new();
        if let Composite::Func { results, .. } = composite {
            layouts = fallible::with_room(results.len())?;
            for value in results {
                let layout = FieldLayout::new(0, admits(value)?, Storage::of_value(value), false);
                fallible::push(&mut layouts, layout)?;
            }
        }
        Ok(layouts)
    }

    /// The kind of a type's objects. The objects of a function type are exceptions.
    pub(super) const fn kind<C>(composite: &Composite<C>) -> Kind {
        match composite {
            Composite::Struct(_) => Kind::Struct,
            Composite::Array(_) => Kind::Array,
            Composite::Func { .. } => Kind::Exn,
        }
    }

    /// The layout by which collectors trace a type's objects. The objects of a function type
    /// are exceptions.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn trace<C>(
        &self,
        composite: &Composite<C>,
        fields: &[FieldLayout],
    ) -> Result<Layout> {
        let is_reference = |field: &&FieldLayout| field.storage == Storage::Ref;
        let kind = TypeLayout::kind(composite);
        if kind == Kind::Array {
            return Ok(Layout::Array {
                element_bytes: self.element_bytes,
                references: fields.iter().any(|field| is_reference(&field)),
            });
        }
        let references = fields.iter().filter(is_reference).map(|field| field.offset);
        Ok(Layout::Fixed {
            kind,
            bytes: self.bytes,
            references: References::at(references)?,
        })
    }
}

/// Whether a value of this type has a default.
fn value_has_default<C>(value: &ValType<C>) -> bool {
    match value {
        ValType::Ref(reference) => reference.nullable,
        _ => true,
    }
}
