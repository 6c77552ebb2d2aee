//! The types that programs use, and the rules of subtyping: those of WebAssembly,
//! implemented independently of the library.

/// What a field or element stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefType {
    pub(crate) heap: Heap,
    pub(crate) nullable: bool,
}

/// The type of a referent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Exn,
    NoExn,
    Every,
    /// A type of [`TYPES`], by its index.
    Type(usize),
}

/// The abstract types. Those of WebAssembly are in the order of their numbers in C.
pub(crate) const ABSTRACT: [Heap; 13] = [
    Heap::Any,
    Heap::Eq,
    Heap::I31,
    Heap::Struct,
    Heap::Array,
    Heap::None,
    Heap::Func,
    Heap::NoFunc,
    Heap::Extern,
    Heap::NoExtern,
    Heap::Exn,
    Heap::NoExn,
    Heap::Every,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) storage: Storage,
    pub(crate) mutable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Struct,
    Array,
    Func { results: &'static [Field] },
}

/// A declared type. All types are open and in one rec group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    pub(crate) shape: Shape,
    pub(crate) supertype: Option<usize>,
    /// The fields, the single element, or the parameters.
    pub(crate) fields: &'static [Field],
}

const fn var(storage: Storage) -> Field {
    Field {
        storage,
        mutable: true,
    }
}

const fn constant(storage: Storage) -> Field {
    Field {
        storage,
        mutable: false,
    }
}

const fn null_or(heap: Heap) -> Storage {
    Storage::Ref(RefType {
        heap,
        nullable: true,
    })
}

const fn never_null(heap: Heap) -> Storage {
    Storage::Ref(RefType {
        heap,
        nullable: false,
    })
}

const fn of(shape: Shape, fields: &'static [Field]) -> Type {
    Type {
        shape,
        supertype: None,
        fields,
    }
}

const fn below(supertype: usize, shape: Shape, fields: &'static [Field]) -> Type {
    Type {
        shape,
        supertype: Some(supertype),
        fields,
    }
}

const BASE: usize = 0;
const DERIVED: usize = 1;
const LEAF: usize = 2;
const CONSTANT_BASES: usize = 16;
const NUMBERS: usize = 9;

use Shape::{Array, Struct};
use Storage::*;

/// All types. An index here is also the index in the rec group.
pub(crate) const TYPES: [Type; 30] = [
    of(Struct, &[var(I32), var(null_or(Heap::Any))]),
    below(
        BASE,
        Struct,
        &[
            var(I32),
            var(null_or(Heap::Any)),
            var(I64),
            var(null_or(Heap::Type(BASE))),
        ],
    ),
    below(
        DERIVED,
        Struct,
        &[
            var(I32),
            var(null_or(Heap::Any)),
            var(I64),
            var(null_or(Heap::Type(BASE))),
            var(null_or(Heap::Type(LEAF))),
            var(F32),
            var(V128),
        ],
    ),
    of(
        Struct,
        &[
            var(I8),
            var(I16),
            constant(I32),
            var(F64),
            var(I8),
            constant(I16),
            var(F32),
            constant(I64),
        ],
    ),
    of(
        Struct,
        &[
            var(never_null(Heap::Type(BASE))),
            constant(null_or(Heap::Eq)),
            var(null_or(Heap::Array)),
            var(null_or(Heap::I31)),
            var(null_or(Heap::Extern)),
            var(null_or(Heap::Exn)),
            var(null_or(Heap::Struct)),
            var(null_or(Heap::None)),
            var(null_or(Heap::Func)),
            var(null_or(Heap::Every)),
        ],
    ),
    of(Struct, &[]),
    // More references than a word has bits, so that tracing must also handle those
    // beyond.
    of(Struct, &[var(null_or(Heap::Any)); 70]),
    of(Array, &[var(I8)]),
    of(Array, &[var(I16)]),
    of(Array, &[var(I32)]),
    of(Array, &[var(I64)]),
    of(Array, &[var(F32)]),
    of(Array, &[constant(F64)]),
    of(Array, &[var(V128)]),
    of(Array, &[var(null_or(Heap::Any))]),
    of(Array, &[var(null_or(Heap::Type(BASE)))]),
    of(Array, &[constant(null_or(Heap::Type(BASE)))]),
    below(
        CONSTANT_BASES,
        Array,
        &[constant(null_or(Heap::Type(DERIVED)))],
    ),
    of(Array, &[var(never_null(Heap::Type(BASE)))]),
    of(Array, &[var(null_or(Heap::Extern))]),
    of(Array, &[var(null_or(Heap::Type(NUMBERS)))]),
    of(Shape::Func { results: &[] }, &[]),
    of(
        Shape::Func { results: &[] },
        &[constant(I32), constant(null_or(Heap::Any))],
    ),
    of(
        Shape::Func { results: &[] },
        &[
            constant(never_null(Heap::Type(BASE))),
            constant(V128),
            constant(I64),
        ],
    ),
    of(
        Shape::Func {
            results: &[constant(I32)],
        },
        &[constant(I32)],
    ),
    of(
        Shape::Func {
            results: &[constant(null_or(Heap::Any)), constant(I64)],
        },
        &[
            constant(null_or(Heap::Any)),
            constant(never_null(Heap::Type(BASE))),
        ],
    ),
    of(
        Shape::Func {
            results: &[constant(null_or(Heap::Type(BASE)))],
        },
        &[
            constant(I64),
            constant(null_or(Heap::Extern)),
            constant(F64),
        ],
    ),
    of(
        Shape::Func {
            results: &[constant(null_or(Heap::Func)), constant(V128)],
        },
        &[constant(null_or(Heap::Func)), constant(null_or(Heap::Exn))],
    ),
    // More values than can be passed without an allocation.
    of(
        Shape::Func {
            results: &[constant(null_or(Heap::Any)); 9],
        },
        &[constant(null_or(Heap::Any)); 9],
    ),
    of(Array, &[var(null_or(Heap::Every))]),
];

/// The indices of the types of this shape. The results of a function do not matter.
pub(crate) fn types_of(shape: Shape) -> Vec<usize> {
    let wanted = std::mem::discriminant(&shape);
    let same = |index: &usize| std::mem::discriminant(&TYPES[*index].shape) == wanted;
    (0..TYPES.len()).filter(same).collect()
}

/// Whether `lower` is `upper`, or declared below it.
pub(crate) fn is_subtype(mut lower: usize, upper: usize) -> bool {
    loop {
        if lower == upper {
            return true;
        }
        match TYPES[lower].supertype {
            Some(next) => lower = next,
            None => return false,
        }
    }
}

/// The abstract type directly above a declared type.
pub(crate) fn above(of: usize) -> Heap {
    match TYPES[of].shape {
        Shape::Struct => Heap::Struct,
        Shape::Array => Heap::Array,
        Shape::Func { .. } => Heap::Func,
    }
}

fn is_heap_subtype(lower: Heap, upper: Heap) -> bool {
    use Heap::*;
    match (lower, upper) {
        (Type(lower), Type(upper)) => is_subtype(lower, upper),
        (Type(lower), upper) => is_heap_subtype(above(lower), upper),
        (None, Type(upper)) => above(upper) != Func,
        (NoFunc, Type(upper)) => above(upper) == Func,
        (_, Every) => true,
        (_, Type(_)) => false,
        (None, Any | Eq | I31 | Struct | Array) => true,
        (I31 | Struct | Array, Any | Eq) => true,
        (Eq, Any) | (NoFunc, Func) | (NoExtern, Extern) | (NoExn, Exn) => true,
        (lower, upper) => lower == upper,
    }
}

/// Whether every value of a field of type `lower` may be stored in one of type `upper`.
pub(crate) fn is_storage_subtype(lower: Storage, upper: Storage) -> bool {
    match (lower, upper) {
        (Ref(lower), Ref(upper)) => {
            (upper.nullable || !lower.nullable) && is_heap_subtype(lower.heap, upper.heap)
        }
        (lower, upper) => lower == upper,
    }
}

impl Storage {
    pub(crate) fn bytes(self) -> usize {
        match self {
            I8 => 1,
            I16 => 2,
            I32 | F32 | Ref(_) => 4,
            I64 | F64 => 8,
            V128 => 16,
        }
    }
}
