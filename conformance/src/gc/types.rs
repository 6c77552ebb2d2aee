//! Types, as wrappers of the library's types.
//!
//! The library also decides whether a *declared* type is a subtype of another. Only the
//! order of the abstract types (`any`, `eq`, ...) is written down here a second time,
//! because linking compares types without objects.

use std::ptr;

use wasmparser::{AbstractHeapType, HeapType, StorageType};

use super::{check, ffi};

/// A registered type. The library gives equal types the same pointer, so comparing
/// pointers is enough.
#[derive(PartialEq, Eq)]
pub struct Type(pub(super) *mut ffi::gcroots_type_t);

impl Type {
    pub(super) fn as_ptr(&self) -> *const ffi::gcroots_type_t {
        self.0
    }

    pub fn is_subtype(&self, of: &Type) -> bool {
        let mut answer = false;
        // SAFETY: both types are alive.
        let asked = check(unsafe { ffi::gcroots_type_is_subtype(self.0, of.0, &mut answer) });
        asked.is_ok() && answer
    }

    /// The abstract type directly above all types of this kind.
    fn above(&self) -> Heap {
        let mut kind = 0;
        // SAFETY: the type is alive.
        let asked = check(unsafe { ffi::gcroots_type_kind(self.0, &mut kind) });
        assert!(asked.is_ok(), "a type without a kind");
        match kind {
            ffi::GCROOTS_TYPE_STRUCT => Heap::Struct,
            ffi::GCROOTS_TYPE_ARRAY => Heap::Array,
            _ => Heap::Func,
        }
    }
}

impl Clone for Type {
    fn clone(&self) -> Type {
        // SAFETY: the type is alive.
        Type(unsafe { ffi::gcroots_type_clone(self.0) })
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        // SAFETY: this owns a reference.
        unsafe { ffi::gcroots_type_free(self.0) }
    }
}

/// A heap type: what a reference may refer to.
#[derive(Clone, PartialEq, Eq)]
pub enum Heap {
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
    Type(Type),
}

impl Heap {
    /// The heap type for a module's one. `types` are the module's registered types.
    pub fn new(heap: HeapType, types: &[Type]) -> Heap {
        match heap {
            HeapType::Abstract { ty, .. } => Heap::of_abstract(ty),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let index = index.as_module_index().expect("an index in a module");
                Heap::Type(types[index as usize].clone())
            }
        }
    }

    pub(super) fn of_abstract(heap: AbstractHeapType) -> Heap {
        match heap {
            AbstractHeapType::Any => Heap::Any,
            AbstractHeapType::Eq => Heap::Eq,
            AbstractHeapType::I31 => Heap::I31,
            AbstractHeapType::Struct => Heap::Struct,
            AbstractHeapType::Array => Heap::Array,
            AbstractHeapType::None => Heap::None,
            AbstractHeapType::Func => Heap::Func,
            AbstractHeapType::NoFunc => Heap::NoFunc,
            AbstractHeapType::Extern => Heap::Extern,
            AbstractHeapType::NoExtern => Heap::NoExtern,
            AbstractHeapType::Exn => Heap::Exn,
            AbstractHeapType::NoExn => Heap::NoExn,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => {
                unreachable!("the validator refuses continuations")
            }
        }
    }

    pub(super) fn number(&self) -> ffi::gcroots_heap_type_t {
        match self {
            Heap::Any => ffi::GCROOTS_HEAP_ANY,
            Heap::Eq => ffi::GCROOTS_HEAP_EQ,
            Heap::I31 => ffi::GCROOTS_HEAP_I31,
            Heap::Struct => ffi::GCROOTS_HEAP_STRUCT,
            Heap::Array => ffi::GCROOTS_HEAP_ARRAY,
            Heap::None => ffi::GCROOTS_HEAP_NONE,
            Heap::Func => ffi::GCROOTS_HEAP_FUNC,
            Heap::NoFunc => ffi::GCROOTS_HEAP_NOFUNC,
            Heap::Extern => ffi::GCROOTS_HEAP_EXTERN,
            Heap::NoExtern => ffi::GCROOTS_HEAP_NOEXTERN,
            Heap::Exn => ffi::GCROOTS_HEAP_EXN,
            Heap::NoExn => ffi::GCROOTS_HEAP_NOEXN,
            Heap::Type(_) => ffi::GCROOTS_HEAP_TYPE,
        }
    }

    fn type_ptr(&self) -> *const ffi::gcroots_type_t {
        match self {
            Heap::Type(of) => of.as_ptr(),
            _ => ptr::null(),
        }
    }

    /// Whether this is a subtype of `of`.
    pub fn matches(&self, of: &Heap) -> bool {
        match (self, of) {
            (Heap::Type(a), Heap::Type(b)) => a.is_subtype(b),
            (Heap::Type(a), _) => a.above().matches(of),
            (Heap::None, Heap::Type(b)) => b.above() != Heap::Func,
            (Heap::NoFunc, Heap::Type(b)) => b.above() == Heap::Func,
            (Heap::None, _) => of.matches(&Heap::Any),
            (Heap::NoFunc, _) => matches!(of, Heap::Func | Heap::NoFunc),
            (Heap::NoExtern, _) => matches!(of, Heap::Extern | Heap::NoExtern),
            (Heap::NoExn, _) => matches!(of, Heap::Exn | Heap::NoExn),
            (Heap::I31 | Heap::Struct | Heap::Array, Heap::Eq | Heap::Any) => true,
            (Heap::Eq, Heap::Any) => true,
            _ => self == of,
        }
    }
}

/// The type of a reference.
#[derive(Clone, PartialEq, Eq)]
pub struct RefType {
    pub heap: Heap,
    pub nullable: bool,
}

impl RefType {
    pub fn new(of: wasmparser::RefType, types: &[Type]) -> RefType {
        RefType {
            heap: Heap::new(of.heap_type(), types),
            nullable: of.is_nullable(),
        }
    }

    pub fn matches(&self, of: &RefType) -> bool {
        (of.nullable || !self.nullable) && self.heap.matches(&of.heap)
    }

    /// The library's form. It borrows the type.
    pub(super) fn to_c(&self) -> ffi::gcroots_ref_type_t {
        ffi::gcroots_ref_type_t {
            type_: self.heap.type_ptr(),
            heap: self.heap.number(),
            is_nullable: self.nullable.into(),
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum ValType {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}

impl ValType {
    pub fn new(of: wasmparser::ValType, types: &[Type]) -> ValType {
        match of {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(of) => ValType::Ref(RefType::new(of, types)),
        }
    }

    pub fn matches(&self, of: &ValType) -> bool {
        match (self, of) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            _ => self == of,
        }
    }

    pub(super) fn storage(&self) -> ffi::gcroots_storage_t {
        match self {
            ValType::I32 => ffi::GCROOTS_STORAGE_I32,
            ValType::I64 => ffi::GCROOTS_STORAGE_I64,
            ValType::F32 => ffi::GCROOTS_STORAGE_F32,
            ValType::F64 => ffi::GCROOTS_STORAGE_F64,
            ValType::V128 => ffi::GCROOTS_STORAGE_V128,
            ValType::Ref(_) => ffi::GCROOTS_STORAGE_REF,
        }
    }
}

/// The storage type of a field or an element.
#[derive(Clone, PartialEq, Eq)]
pub enum Storage {
    I8,
    I16,
    Val(ValType),
}

impl Storage {
    /// The number of bytes that a value takes in a data segment. None for references.
    pub fn bytes(&self) -> Option<usize> {
        Some(match self {
            Storage::I8 => 1,
            Storage::I16 => 2,
            Storage::Val(ValType::I32 | ValType::F32) => 4,
            Storage::Val(ValType::I64 | ValType::F64) => 8,
            Storage::Val(ValType::V128) => 16,
            Storage::Val(ValType::Ref(_)) => return None,
        })
    }
}

/// The type of a field, an element or a global.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldType {
    pub storage: Storage,
    pub mutable: bool,
}

impl FieldType {
    pub fn new(of: wasmparser::FieldType, types: &[Type]) -> FieldType {
        FieldType {
            storage: match of.element_type {
                StorageType::I8 => Storage::I8,
                StorageType::I16 => Storage::I16,
                StorageType::Val(of) => Storage::Val(ValType::new(of, types)),
            },
            mutable: of.mutable,
        }
    }

    /// The library's form. It borrows the type that it refers to.
    pub(super) fn to_c(&self) -> ffi::gcroots_field_type_t {
        let mut field = NO_FIELD;
        field.is_mutable = self.mutable.into();
        match &self.storage {
            Storage::I8 => field.storage = ffi::GCROOTS_STORAGE_I8,
            Storage::I16 => field.storage = ffi::GCROOTS_STORAGE_I16,
            Storage::Val(of) => field.storage = of.storage(),
        }
        if let Storage::Val(ValType::Ref(of)) = &self.storage {
            field.heap = of.heap.number();
            field.is_nullable = of.nullable.into();
            field.type_ = of.heap.type_ptr();
        }
        field
    }
}

pub(super) const NO_FIELD: ffi::gcroots_field_type_t = ffi::gcroots_field_type_t {
    storage: ffi::GCROOTS_STORAGE_I32,
    heap: ffi::GCROOTS_HEAP_ANY,
    local: 0,
    is_mutable: 0,
    is_nullable: 0,
    type_: ptr::null(),
};
