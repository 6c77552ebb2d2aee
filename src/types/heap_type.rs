//! Types of references and values, and the order of the abstract ones.

/// A heap type that no group declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub(crate) enum AbstractType {
    /// All internal references.
    Any = 0,
    /// Internal references that can be compared.
    Eq = 1,
    /// 31-bit integers.
    I31 = 2,
    /// All structs.
    Struct = 3,
    /// All arrays.
    Array = 4,
    /// No internal reference but null.
    None = 5,
    /// All functions.
    Func = 6,
    /// No function but null.
    NoFunc = 7,
    /// All external references.
    Extern = 8,
    /// No external reference but null.
    NoExtern = 9,
    /// All exceptions.
    Exn = 10,
    /// No exception but null.
    NoExn = 11,
}

impl AbstractType {
    /// All of them, by their numbers.
    pub(crate) const ALL: [AbstractType; 12] = [
        AbstractType::Any,
        AbstractType::Eq,
        AbstractType::I31,
        AbstractType::Struct,
        AbstractType::Array,
        AbstractType::None,
        AbstractType::Func,
        AbstractType::NoFunc,
        AbstractType::Extern,
        AbstractType::NoExtern,
        AbstractType::Exn,
        AbstractType::NoExn,
    ];

    /// The top of its hierarchy.
    pub(crate) const fn top(self) -> AbstractType {
        match self {
            AbstractType::Any
            | AbstractType::Eq
            | AbstractType::I31
            | AbstractType::Struct
            | AbstractType::Array
            | AbstractType::None => AbstractType::Any,
            AbstractType::Func | AbstractType::NoFunc => AbstractType::Func,
            AbstractType::Extern | AbstractType::NoExtern => AbstractType::Extern,
            AbstractType::Exn | AbstractType::NoExn => AbstractType::Exn,
        }
    }

    /// Whether it is the bottom of its hierarchy, which has only null.
    pub(crate) const fn is_bottom(self) -> bool {
        matches!(
            self,
            AbstractType::None
                | AbstractType::NoFunc
                | AbstractType::NoExtern
                | AbstractType::NoExn
        )
    }

    /// Whether each reference of this type is one of `other`.
    pub(crate) fn is_subtype_of(self, other: AbstractType) -> bool {
        self == other
            || self.top() == other
            || (self.is_bottom() && self.top() == other.top())
            || (other == AbstractType::Eq
                && matches!(
                    self,
                    AbstractType::I31 | AbstractType::Struct | AbstractType::Array
                ))
    }
}

/// What a reference may refer to. `C` names concrete types: members of a group that
/// is being declared, or registered ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeapType<C> {
    /// One of the hierarchies' own.
    Abstract(AbstractType),
    /// A declared one.
    Concrete(C),
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefType<C> {
    /// Whether null is one.
    pub(crate) nullable: bool,
    /// What it may refer to.
    pub(crate) heap: HeapType<C>,
}

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValType<C> {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// 128 bits.
    V128,
    /// A reference.
    Ref(RefType<C>),
}

/// The type of a field or element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageType<C> {
    /// 8 bits, read as an `i32`.
    I8,
    /// 16 bits, read as an `i32`.
    I16,
    /// As a value.
    Val(ValType<C>),
}

/// A field of a struct, or the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldType<C> {
    /// What is stored.
    pub(crate) storage: StorageType<C>,
    /// Whether it may be set.
    pub(crate) mutable: bool,
}
