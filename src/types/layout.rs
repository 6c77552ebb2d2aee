//! Where the fields of an object are, and what they take.
//!
//! Fields follow the header in the order in which they are declared, each at a
//! multiple of its size (of 8 for 128 bits: objects start at multiples of 8). So a
//! struct begins as its supertype does. An array is a length, and from
//! [`ARRAY_ELEMENTS`] on elements. An exception is its tag, and from
//! [`EXN_FIELDS`] on what the parameters of the tag's function type are.

use super::heap_type::{AbstractType, FieldType, StorageType, ValType};
use super::rec_group::Composite;
use crate::base::fallible;
use crate::error::Result;
use crate::heap::{ARRAY_ELEMENTS, GRANULE, HEADER_BYTES, Kind, LEAST_BYTES, Layout, References};

/// Where an exception's fields begin, from the object's start; its tag is before.
pub(crate) const EXN_FIELDS: u32 = 16;

/// What a field or element stores, without the types of references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Storage {
    /// 8 bits.
    I8 = 0,
    /// 16 bits.
    I16 = 1,
    /// 32 bits.
    I32 = 2,
    /// 64 bits.
    I64 = 3,
    /// A 32-bit float.
    F32 = 4,
    /// A 64-bit float.
    F64 = 5,
    /// 128 bits.
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

    /// How many bytes it takes.
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

    /// At a multiple of how many bytes it stands.
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

    /// What a value of this type is stored as.
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

/// The references that a slot admits: of which kinds, and if the slot's type is a
/// concrete one, of which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Admits {
    /// Of a concrete type its index.
    pub(crate) type_index: u32,
    /// Bit `k` stands for objects whose header says kind `k`.
    pub(crate) kinds: u16,
    /// Of a concrete type how many supertypes it has, else [`Admits::ANY_TYPE`].
    pub(crate) depth: u8,
}

impl Admits {
    /// The bits of `kinds` below this one are those of headers.
    pub(crate) const KINDS: u8 = 8;
    /// The bit of `kinds` for an `i31`.
    pub(crate) const I31: u8 = 8;
    /// The bit of `kinds` for null.
    pub(crate) const NULL: u8 = 9;
    /// What `depth` says of a slot that admits its kinds whatever their types.
    pub(crate) const ANY_TYPE: u8 = u8::MAX;

    /// What a reference to an abstract type admits. Slots of `extern` admit what those
    /// of `any` do, and the other way round: to convert a reference changes no object.
    pub(crate) const fn of_abstract(heap: AbstractType, nullable: bool) -> Admits {
        const STRUCT: u16 = 1 << Kind::Struct as u8;
        const ARRAY: u16 = 1 << Kind::Array as u8;
        const I31: u16 = 1 << Admits::I31;
        let kinds = match heap {
            AbstractType::Any | AbstractType::Extern => {
                STRUCT | ARRAY | I31 | 1 << Kind::Extern as u8
            }
            AbstractType::Eq => STRUCT | ARRAY | I31,
            AbstractType::I31 => I31,
            AbstractType::Struct => STRUCT,
            AbstractType::Array => ARRAY,
            AbstractType::Exn => 1 << Kind::Exn as u8,
            AbstractType::Func => 1 << Kind::Func as u8,
            AbstractType::None
            | AbstractType::NoFunc
            | AbstractType::NoExtern
            | AbstractType::NoExn => 0,
        };
        Admits {
            type_index: 0,
            kinds: kinds | (nullable as u16) << Admits::NULL,
            depth: Admits::ANY_TYPE,
        }
    }

    /// What a reference to a concrete type admits that is not null; the type is just
    /// below `above` in the order of types and has `depth` supertypes.
    pub(super) const fn of_concrete(type_index: u32, above: AbstractType, depth: u8) -> Admits {
        Admits {
            type_index,
            kinds: Admits::of_abstract(above, false).kinds,
            depth,
        }
    }

    /// The same, and null or not.
    #[inline(always)]
    pub(super) const fn with_null(self, null: bool) -> Admits {
        Admits {
            kinds: self.kinds | (null as u16) << Admits::NULL,
            ..self
        }
    }

    /// What a slot of an abstract type needs, for messages.
    pub(crate) fn name(self) -> &'static str {
        let is = |heap| self.kinds | 1 << Admits::NULL == Admits::of_abstract(heap, true).kinds;
        match self {
            _ if is(AbstractType::Any) => "a struct, an array, an i31 or an externref",
            _ if is(AbstractType::Eq) => "a struct, an array or an i31",
            _ if is(AbstractType::I31) => "an i31",
            _ if is(AbstractType::Struct) => "a struct",
            _ if is(AbstractType::Array) => "an array",
            _ if is(AbstractType::Exn) => "an exception",
            _ if is(AbstractType::Func) => "a function",
            _ => "null",
        }
    }

    /// Whether functions are admitted, all or some.
    pub(crate) const fn functions(self) -> bool {
        self.kinds & 1 << Kind::Func as u8 != 0
    }

    /// Whether null is admitted.
    pub(crate) const fn null(self) -> bool {
        self.kinds & 1 << Admits::NULL != 0
    }
}

/// All that getting or setting a field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct FieldLayout {
    /// Where it is, from the object's start; of elements where the first is.
    pub(crate) offset: u32,
    /// What a reference may be.
    pub(crate) admits: Admits,
    /// What is stored.
    pub(crate) storage: Storage,
    /// Whether it may be set.
    pub(crate) mutable: bool,
}

const _: () = assert!(size_of::<FieldLayout>() == 16);

/// An object's size, and the offsets of its fields from its start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeLayout {
    /// Bytes of a struct, header included, a multiple of the granule; of an array
    /// without elements; of an exception whose tag has the function type.
    pub(crate) bytes: u32,
    /// Bytes of an array's element, 0 of others.
    pub(crate) element_bytes: u32,
    /// Those of a struct's fields, or of an exception's.
    pub(crate) offsets: Vec<u32>,
}

impl TypeLayout {
    /// The layout of a type. At most 10,000 fields of 16 bytes cannot overflow.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn of<C>(composite: &Composite<C>) -> Result<TypeLayout> {
        match composite {
            Composite::Struct(fields) => {
                let storage = |field: &FieldType<C>| Storage::of(&field.storage);
                TypeLayout::of_fields(HEADER_BYTES as u32, fields.iter().map(storage))
            }
            Composite::Array(element) => Ok(TypeLayout {
                bytes: ARRAY_ELEMENTS as u32,
                element_bytes: Storage::of(&element.storage).bytes(),
                offsets: Vec::new(),
            }),
            Composite::Func { params, .. } => {
                TypeLayout::of_fields(EXN_FIELDS, params.iter().map(Storage::of_value))
            }
        }
    }

    fn of_fields(start: u32, fields: impl ExactSizeIterator<Item = Storage>) -> Result<TypeLayout> {
        let mut offsets = Vec::new();
        offsets
            .try_reserve_exact(fields.len())
            .map_err(|_| fallible::refused(fields.len() * 4))?;
        let mut end = start;
        for storage in fields {
            let offset = end.next_multiple_of(storage.alignment());
            fallible::push(&mut offsets, offset)?;
            end = offset + storage.bytes();
        }
        Ok(TypeLayout {
            bytes: end.max(LEAST_BYTES).next_multiple_of(GRANULE as u32),
            element_bytes: 0,
            offsets,
        })
    }

    /// What gets and sets need of each field: of a struct, of an array's elements, of
    /// an exception. `admits` answers for a field's reference.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); those of
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
        let mut fields = Vec::new();
        fields
            .try_reserve_exact(count)
            .map_err(|_| fallible::refused(count * size_of::<FieldLayout>()))?;
        for index in 0..count {
            let Some((storage, mutable)) = composite.field(index) else {
                break;
            };
            let layout = FieldLayout {
                offset: self.offsets.get(index).copied().unwrap_or(self.bytes),
                admits: match &storage {
                    StorageType::Val(value @ ValType::Ref(_)) => admits(value)?,
                    _ => Admits::default(),
                },
                storage: Storage::of(&storage),
                mutable,
            };
            fallible::push(&mut fields, layout)?;
        }
        Ok(fields)
    }

    /// What a function's results take, as fields that are nowhere. `admits` answers for
    /// a result's reference.
    ///
    /// Errors: as for [`TypeLayout::fields`].
    pub(super) fn results<C>(
        composite: &Composite<C>,
        admits: impl Fn(&ValType<C>) -> Result<Admits>,
    ) -> Result<Vec<FieldLayout>> {
        let mut taken = Vec::new();
        if let Composite::Func { results, .. } = composite {
            taken
                .try_reserve_exact(results.len())
                .map_err(|_| fallible::refused(results.len() * size_of::<FieldLayout>()))?;
            for value in results {
                let layout = FieldLayout {
                    offset: 0,
                    admits: admits(value)?,
                    storage: Storage::of_value(value),
                    mutable: false,
                };
                fallible::push(&mut taken, layout)?;
            }
        }
        Ok(taken)
    }

    /// The kind of the objects: a struct, an array, or an exception whose tag has the
    /// function type.
    pub(super) const fn kind<C>(composite: &Composite<C>) -> Kind {
        match composite {
            Composite::Struct(_) => Kind::Struct,
            Composite::Array(_) => Kind::Array,
            Composite::Func { .. } => Kind::Exn,
        }
    }

    /// What collectors trace objects by: structs, arrays, and exceptions whose tag has
    /// a function type.
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
