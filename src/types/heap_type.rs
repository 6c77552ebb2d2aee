//! Reference types, and subtyping between abstract heap types.

/// A heap type that is built in: no group declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub(crate) enum AbstractType {
    /// All internal references.
    Any = 0,
    /// Internal references that can be compared for equality.
    Eq = 1,
    /// 31-bit integers.
    I31 = 2,
    /// Structs.
    Struct = 3,
    /// Arrays.
    Array = 4,
    /// The bottom of `Any`: only null.
    None = 5,
    /// Functions.
    Func = 6,
    /// The bottom of `Func`: only null.
    NoFunc = 7,
    /// External references.
    Extern = 8,
    /// The bottom of `Extern`: only null.
    NoExtern = 9,
    /// Exceptions.
    Exn = 10,
    /// The bottom of `Exn`: only null.
    NoExn = 11,
    /// Every reference. It is above all other heap types, and WebAssembly does not have it
    /// (TYPES-18).
    Every = 14,
}

impl AbstractType {
    /// The abstract types of WebAssembly, in the order of their numbers.
    pub(crate) const WASM: [AbstractType; 12] = [
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

    /// The type with this number.
    #[inline(always)]
    pub(crate) fn from_number(number: u32) -> Option<AbstractType> {
        match AbstractType::WASM.get(number as usize) {
            Some(&of) => Some(of),
            None => (number == AbstractType::Every as u32).then_some(AbstractType::Every),
        }
    }

    /// The top of its hierarchy. [`AbstractType::Every`] is in a hierarchy of its own.
    #[inline]
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
            AbstractType::Every => AbstractType::Every,
        }
    }

    /// Whether it is the bottom of its hierarchy. Its only value is null.
    pub(crate) const fn is_bottom(self) -> bool {
        matches!(
            self,
            AbstractType::None
                | AbstractType::NoFunc
                | AbstractType::NoExtern
                | AbstractType::NoExn
        )
    }

    /// Whether each reference of this type is also of type `other`.
    pub(crate) fn is_subtype_of(self, other: AbstractType) -> bool {
        self == other
            || other == AbstractType::Every
            || self.top() == other
            || (self.is_bottom() && self.top() == other.top())
            || (other == AbstractType::Eq
                && matches!(
                    self,
                    AbstractType::I31 | AbstractType::Struct | AbstractType::Array
                ))
    }
}

/// The type of a reference's referent. `C` names a concrete type, a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeapType<C> {
    /// A built-in type.
    Abstract(AbstractType),
    /// A declared type.
    Concrete(C),
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefType<C> {
    /// Whether null is allowed.
    pub(crate) nullable: bool,
    /// The type of the referent.
    pub(crate) heap: HeapType<C>,
}
