//! Heap types: the types of the referents of references.

use core::convert::Infallible;

use super::{ArrayType, FuncType, StructType};
use crate::types::{self, AbstractType, Composite, RegisteredType, Type};

/// The type of a reference's referent: an abstract type or a registered type.
///
/// In a declaration of [`RecGroup`](crate::RecGroup)s, `M` is [`Member`], which names
/// members of the groups. Elsewhere `M` is [`Infallible`], so [`HeapType::Member`] cannot be
/// constructed.
///
/// ```
/// use gcroots::{Engine, HeapType, StructType};
///
/// let engine = Engine::default();
/// let empty = StructType::new(&engine, [])?;
/// assert!(HeapType::ConcreteStruct(empty).matches(&HeapType::Struct));
/// assert!(HeapType::Struct.matches(&HeapType::Eq));
/// assert!(!HeapType::Any.matches(&HeapType::Extern));
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeapType<M = Infallible> {
    /// All external references.
    Extern,
    /// The null external reference only.
    NoExtern,
    /// All functions.
    Func,
    /// Functions of a type or one of its subtypes.
    ConcreteFunc(FuncType),
    /// The null function only.
    NoFunc,
    /// All internal references.
    Any,
    /// Comparable internal references: structs, arrays and `i31`s.
    Eq,
    /// 31-bit integers.
    I31,
    /// All arrays.
    Array,
    /// Arrays of a type or one of its subtypes.
    ConcreteArray(ArrayType),
    /// All structs.
    Struct,
    /// Structs of a type or one of its subtypes.
    ConcreteStruct(StructType),
    /// All exceptions.
    Exn,
    /// The null exception only.
    NoExn,
    /// The null internal reference only.
    None,
    /// Every reference: a supertype of all other types, which WebAssembly does not have. A
    /// reference that is read from a slot of this type is a [`Val`](crate::Val) of its
    /// object's kind; null is a `Val::AnyRef`.
    ///
    /// ```
    /// use gcroots::HeapType;
    ///
    /// assert!(HeapType::Func.matches(&HeapType::Every));
    /// assert!(!HeapType::Every.matches(&HeapType::Any));
    /// ```
    Every,
    /// A type that is being declared in the same collection of rec groups.
    Member(M),
}

/// The name of a type that is being declared: its index among all members of the
/// [`RecGroup`](crate::RecGroup)s that are registered together.
///
/// ```
/// use gcroots::{HeapType, Member, RefType};
///
/// // A reference to the collection's first type, or null.
/// let _first = RefType::new(true, HeapType::Member(Member(0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member(pub u32);

/// The type that a [`HeapType`] names.
pub(super) enum Named<'a, M> {
    Abstract(AbstractType),
    Registered(&'a Type),
    Member(&'a M),
}

impl<M> HeapType<M> {
    pub(super) fn named(&self) -> Named<'_, M> {
        Named::Abstract(match self {
            HeapType::Extern => AbstractType::Extern,
            HeapType::NoExtern => AbstractType::NoExtern,
            HeapType::Func => AbstractType::Func,
            HeapType::NoFunc => AbstractType::NoFunc,
            HeapType::Any => AbstractType::Any,
            HeapType::Eq => AbstractType::Eq,
            HeapType::I31 => AbstractType::I31,
            HeapType::Array => AbstractType::Array,
            HeapType::Struct => AbstractType::Struct,
            HeapType::Exn => AbstractType::Exn,
            HeapType::NoExn => AbstractType::NoExn,
            HeapType::None => AbstractType::None,
            HeapType::Every => AbstractType::Every,
            HeapType::ConcreteFunc(of) => return Named::Registered(of.core()),
            HeapType::ConcreteArray(of) => return Named::Registered(of.core()),
            HeapType::ConcreteStruct(of) => return Named::Registered(of.core()),
            HeapType::Member(member) => return Named::Member(member),
        })
    }
}

impl HeapType {
    /// Whether this type is `other` or a subtype of it. Types of different engines never
    /// match.
    ///
    /// ```
    /// use gcroots::HeapType;
    ///
    /// assert!(HeapType::None.matches(&HeapType::I31));
    /// assert!(!HeapType::I31.matches(&HeapType::None));
    /// ```
    pub fn matches(&self, other: &HeapType) -> bool {
        use Named::{Abstract, Member, Registered};
        match (self.named(), other.named()) {
            (Abstract(a), Abstract(b)) => a.is_subtype_of(b),
            (Registered(a), Abstract(b)) => a.composite.abstract_type().is_subtype_of(b),
            (Abstract(a), Registered(b)) => {
                a.is_bottom() && a.top() == b.composite.abstract_type().top()
            }
            (Registered(a), Registered(b)) => a.has_registry_of(b) && a.is_subtype_of(b),
            (Member(never), _) | (_, Member(never)) => match *never {},
        }
    }

    /// The top of the type's hierarchy.
    pub(super) fn top(&self) -> AbstractType {
        match self.named() {
            Named::Abstract(of) => of.top(),
            Named::Registered(of) => of.composite.abstract_type().top(),
            Named::Member(never) => match *never {},
        }
    }

    /// The core's type of non-null references to this type.
    pub(super) fn to_core(&self) -> types::RefType<&RegisteredType> {
        types::RefType {
            nullable: false,
            heap: match self.named() {
                Named::Abstract(of) => types::HeapType::Abstract(of),
                Named::Registered(of) => types::HeapType::Concrete(of),
                Named::Member(never) => match *never {},
            },
        }
    }

    /// The registered struct type.
    ///
    /// # Panics
    ///
    /// Panics if this is not a registered struct type.
    ///
    /// ```
    /// use gcroots::{Engine, HeapType, StructType};
    ///
    /// let empty = StructType::new(&Engine::default(), [])?;
    /// let heap_type = HeapType::ConcreteStruct(empty.clone());
    /// assert_eq!(heap_type.unwrap_concrete_struct(), &empty);
    /// # anyhow::Ok(())
    /// ```
    #[track_caller]
    pub fn unwrap_concrete_struct(&self) -> &StructType {
        match self {
            HeapType::ConcreteStruct(of) => of,
            other => panic!("{other:?} is not a registered struct type"),
        }
    }

    /// The registered array type.
    ///
    /// # Panics
    ///
    /// Panics if this is not a registered array type.
    ///
    /// ```
    /// use gcroots::{ArrayType, Engine, FieldType, HeapType, Mutability, StorageType};
    ///
    /// let bytes = FieldType::new(Mutability::Var, StorageType::I8);
    /// let bytes = ArrayType::new(&Engine::default(), bytes)?;
    /// let heap_type = HeapType::ConcreteArray(bytes.clone());
    /// assert_eq!(heap_type.unwrap_concrete_array(), &bytes);
    /// # anyhow::Ok(())
    /// ```
    #[track_caller]
    pub fn unwrap_concrete_array(&self) -> &ArrayType {
        match self {
            HeapType::ConcreteArray(of) => of,
            other => panic!("{other:?} is not a registered array type"),
        }
    }

    /// The registered function type.
    ///
    /// # Panics
    ///
    /// Panics if this is not a registered function type.
    ///
    /// ```
    /// use gcroots::{Engine, FuncType, HeapType};
    ///
    /// let nothing = FuncType::new(&Engine::default(), [], [])?;
    /// let heap_type = HeapType::ConcreteFunc(nothing.clone());
    /// assert_eq!(heap_type.unwrap_concrete_func(), &nothing);
    /// # anyhow::Ok(())
    /// ```
    #[track_caller]
    pub fn unwrap_concrete_func(&self) -> &FuncType {
        match self {
            HeapType::ConcreteFunc(of) => of,
            other => panic!("{other:?} is not a registered function type"),
        }
    }

    pub(super) fn of_abstract(of: AbstractType) -> HeapType {
        match of {
            AbstractType::Any => HeapType::Any,
            AbstractType::Eq => HeapType::Eq,
            AbstractType::I31 => HeapType::I31,
            AbstractType::Struct => HeapType::Struct,
            AbstractType::Array => HeapType::Array,
            AbstractType::None => HeapType::None,
            AbstractType::Func => HeapType::Func,
            AbstractType::NoFunc => HeapType::NoFunc,
            AbstractType::Extern => HeapType::Extern,
            AbstractType::NoExtern => HeapType::NoExtern,
            AbstractType::Exn => HeapType::Exn,
            AbstractType::NoExn => HeapType::NoExn,
            AbstractType::Every => HeapType::Every,
        }
    }

    pub(super) fn of_registered(of: Type) -> HeapType {
        match of.composite {
            Composite::Struct(_) => HeapType::ConcreteStruct(StructType::of(of)),
            Composite::Array(_) => HeapType::ConcreteArray(ArrayType::of(of)),
            Composite::Func { .. } => HeapType::ConcreteFunc(FuncType::of(of)),
        }
    }
}
