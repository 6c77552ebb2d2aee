//! The references of a reference type, in the form that stores and casts check.

use super::heap_type::AbstractType;
use crate::heap::Kind;

/// The references that a reference type admits: a set of kinds, and for a concrete type
/// also that type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Admits {
    /// For a concrete type, its index. Otherwise [`Admits::NO_TYPE`].
    pub(crate) type_index: u32,
    /// Bit `k` admits objects whose header has kind `k`. See also [`Admits::I31`] and
    /// [`Admits::NULL`].
    pub(crate) kinds: u16,
    /// For a concrete type, the number of its supertypes. Otherwise [`Admits::ANY_TYPE`].
    pub(crate) depth: u8,
}

impl Admits {
    /// The bits of `kinds` below this one are for kinds of headers.
    pub(crate) const KINDS: u8 = 8;
    /// The bit of `kinds` for an `i31`.
    pub(crate) const I31: u8 = 8;
    /// The bit of `kinds` for null.
    pub(crate) const NULL: u8 = 9;
    /// The `depth` of an abstract type, which admits all objects of its kinds.
    pub(crate) const ANY_TYPE: u8 = u8::MAX;

    /// The `type_index` of an abstract type. The registry does not issue it.
    pub(crate) const NO_TYPE: u32 = u32::MAX;

    /// The references that an abstract type admits. `any` and `extern` admit the same
    /// references, since converting a reference between them does not change its object.
    pub(crate) const fn of_abstract(heap: AbstractType, nullable: bool) -> Admits {
        const STRUCT: u16 = 1 << Kind::Struct as u8;
        const ARRAY: u16 = 1 << Kind::Array as u8;
        const I31: u16 = 1 << Admits::I31;
        let kinds = match heap {
            AbstractType::Any | AbstractType::Extern => {
                STRUCT | ARRAY | I31 | 1 << Kind::Extern as u8
            }
            AbstractType::Every => {
                Admits::of_abstract(AbstractType::Any, false).kinds
                    | 1 << Kind::Exn as u8
                    | 1 << Kind::Func as u8
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
            type_index: Admits::NO_TYPE,
            kinds: kinds | (nullable as u16) << Admits::NULL,
            depth: Admits::ANY_TYPE,
        }
    }

    /// The references that a concrete type admits, without null. `above` is the abstract
    /// type directly above it, and `depth` the number of its supertypes.
    pub(super) const fn of_concrete(type_index: u32, above: AbstractType, depth: u8) -> Admits {
        Admits {
            type_index,
            kinds: Admits::of_abstract(above, false).kinds,
            depth,
        }
    }

    /// Also admits null if `null` is set.
    #[inline(always)]
    pub(super) const fn with_null(self, null: bool) -> Admits {
        Admits {
            kinds: self.kinds | (null as u16) << Admits::NULL,
            ..self
        }
    }

    /// The admitted references of an abstract type, for messages.
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
            _ if is(AbstractType::Every) => "a reference",
            _ => "null",
        }
    }

    /// Whether some or all functions are admitted.
    pub(crate) const fn functions(self) -> bool {
        self.kinds & 1 << Kind::Func as u8 != 0
    }

    /// Whether null is admitted.
    pub(crate) const fn null(self) -> bool {
        self.kinds & 1 << Admits::NULL != 0
    }
}
