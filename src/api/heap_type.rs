//! What references may refer to.

use core::convert::Infallible;

use super::{ArrayType, FuncType, StructType};
use crate::types::{self, AbstractType, Composite, RegisteredType, Type};

/// What a reference may refer to: an abstract type, or one that was registered.
///
/// `M` names members of [`RecGroup`](crate::RecGroup)s that are being declared:
/// [`Member`]. Elsewhere there are none, so that [`HeapType::Member`] cannot be made.
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
    /// No external reference but null.
    NoExtern,
    /// All functions.
    Func,
    /// Functions of a type.
    ConcreteFunc(FuncType),
    /// No function but null.
    NoFunc,
    /// All internal references.
    Any,
    /// Internal references that can be compared.
    Eq,
    /// 31-bit integers.
    I31,
    /// All arrays.
    Array,
    /// Arrays of a type, or of one below it.
    ConcreteArray(ArrayType),
    /// All structs.
    Struct,
    /// Structs of a type, or of one below it.
    ConcreteStruct(StructType),
    /// All exceptions.
    Exn,
    /// No exception but null.
    NoExn,
    /// No internal reference but null.
    None,
    /// A type that is being declared.
    Member(M),
}

/// Names a type that is being declared, by its index in the collection of
/// [`RecGroup`](crate::RecGroup)s that is registered together.
///
/// ```
/// use gcroots::{HeapType, Member, RefType};
///
/// // A reference to the collection's first type, or null.
/// let _first = RefType::new(true, HeapType::Member(Member(0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member(pub u32);

/// What a heap type names.
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
            HeapType::ConcreteFunc(of) => return Named::Registered(of.core()),
            HeapType::ConcreteArray(of) => return Named::Registered(of.core()),
            HeapType::ConcreteStruct(of) => return Named::Registered(of.core()),
            HeapType::Member(member) => return Named::Member(member),
        })
    }
}

impl HeapType {
    /// Whether each reference of this type is one of `other`. Types of two engines
    /// never match.
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

    /// References of this type that are not null, for the core.
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

    /// The type of structs that it is.
    ///
    /// # Panics
    ///
    /// If it is something else.
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
            other => panic!("{other:?} is no type of structs"),
        }
    }

    /// The type of arrays that it is.
    ///
    /// # Panics
    ///
    /// If it is something else.
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
            other => panic!("{other:?} is no type of arrays"),
        }
    }

    /// The type of functions that it is.
    ///
    /// # Panics
    ///
    /// If it is something else.
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
            other => panic!("{other:?} is no type of functions"),
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
