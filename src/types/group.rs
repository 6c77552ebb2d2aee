//! Registered groups, their types, and references to types.

use core::cell::Cell;
use core::fmt;
use core::mem::offset_of;
use core::ops::Deref;
use core::ptr::NonNull;

use super::admits::Admits;
use super::canonical::CanonicalGroup;
use super::composite::{Composite, StorageType, ValType};
use super::heap_type::{AbstractType, HeapType};
use super::layout::{FieldLayout, TypeLayout};
use super::reference_count::ReferenceCount;
use super::registry::Registry;
use crate::base::fixed_list::FixedList;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};
use crate::heap::{Kind, Layout, ObjectHeader};

/// The `raw_kind` of a hidden type. No object has this kind.
pub(super) const NO_KIND: u8 = 0;

/// Where the parts begin.
const LAYOUT_AT: usize = offset_of!(RegisteredType, layout);
const FIELDS_AT: usize = offset_of!(RegisteredType, fields);
const SUPERTYPES_AT: usize = offset_of!(RegisteredType, supertypes);

/// A registered type. It never changes.
///
/// It begins with what compiled code reads.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct RegisteredType {
    /// The header of its objects. The objects of a function type are the exceptions whose
    /// tag has this type.
    pub(crate) header: ObjectHeader,
    /// The size of its objects and the offsets of their fields.
    pub(crate) layout: TypeLayout,
    /// What getting and setting a field needs: one entry for each field of a struct, for
    /// the element of an array, or for each parameter of a function. The parameters are
    /// the fields of an exception.
    pub(crate) fields: FixedList<FieldLayout>,
    /// The indices of its supertypes, from the root of the hierarchy down.
    pub(crate) supertypes: FixedList<u32>,
    /// The kind of its objects in their headers, if raw references may lead to them.
    /// [`NO_KIND`] if the type is hidden.
    pub(crate) raw_kind: u8,
    /// Its index. No two types of an engine have the same index at the same time.
    pub(crate) index: u32,
    /// Its group. Dangling until the group exists.
    pub(super) group: NonNull<Group>,
    /// Whether no type may declare it as its supertype.
    pub(crate) is_final: bool,
    /// Whether its objects hold the contents of tables or globals. No handle may refer to
    /// such an object.
    pub(crate) is_hidden: bool,
    /// Its structure. Concrete types are named by their indices.
    pub(crate) composite: Composite<u32>,
    /// What each result of a function may be.
    pub(crate) results: Vec<FieldLayout>,
    /// The layout by which collectors trace its objects.
    pub(crate) trace: Layout,
    /// The references that a slot of this type admits, without null.
    pub(super) admits: Admits,
    /// For a function, the index of its trampoline type: each reference is replaced by a
    /// nullable reference to the top of its hierarchy. For other types, their own index.
    pub(crate) trampoline: u32,
}

impl RegisteredType {
    /// Where compiled code finds what it reads.
    pub(crate) const HEADER_AT: usize = offset_of!(RegisteredType, header);
    pub(crate) const BYTES_AT: usize = LAYOUT_AT + TypeLayout::BYTES_AT;
    pub(crate) const ELEMENT_BYTES_AT: usize = LAYOUT_AT + TypeLayout::ELEMENT_BYTES_AT;
    pub(crate) const HAS_DEFAULTS_AT: usize = LAYOUT_AT + TypeLayout::HAS_DEFAULTS_AT;
    pub(crate) const FIELDS_AT: usize = FIELDS_AT + FixedList::<FieldLayout>::FIRST_AT;
    pub(crate) const FIELD_COUNT_AT: usize = FIELDS_AT + FixedList::<FieldLayout>::COUNT_AT;
    pub(crate) const SUPERTYPES_AT: usize = SUPERTYPES_AT + FixedList::<u32>::FIRST_AT;
    pub(crate) const SUPERTYPE_COUNT_AT: usize = SUPERTYPES_AT + FixedList::<u32>::COUNT_AT;
    pub(crate) const RAW_KIND_AT: usize = offset_of!(RegisteredType, raw_kind);

    /// The references that a slot of this type admits.
    #[inline(always)]
    pub(crate) fn admits(&self, nullable: bool) -> Admits {
        self.admits.with_null(nullable)
    }

    /// The top of the reference hierarchy of a field, parameter or result. `None` if it
    /// does not hold references. Indices are those of [`Composite::len`].
    #[inline]
    pub(crate) fn top_of_field(&self, index: usize) -> Option<AbstractType> {
        let (StorageType::Val(ValType::Ref(reference)), _) = self.composite.field(index)? else {
            return None;
        };
        Some(match reference.heap {
            HeapType::Abstract(of) => of.top(),
            HeapType::Concrete(_) => {
                let slot = match self.fields.get(index) {
                    Some(slot) => slot,
                    // Results come after parameters.
                    None => self.results.get(index - self.fields.len())?,
                };
                match slot.admits.functions() {
                    true => AbstractType::Func,
                    false => AbstractType::Any,
                }
            }
        })
    }

    /// Whether it is registered with `registry`.
    #[inline]
    pub(crate) fn is_of(&self, registry: &Registry) -> bool {
        // SAFETY: a type becomes visible when its group is complete, and lives in it.
        core::ptr::eq::<Registry>(&*unsafe { self.group.as_ref() }.registry, registry)
    }

    /// Whether its objects have this kind. The objects of a function type are exceptions.
    #[inline(always)]
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.header.kind_bits() == kind as u8
    }

    /// Hides the type.
    pub(super) fn hide(&mut self) {
        self.is_hidden = true;
        self.raw_kind = NO_KIND;
    }

    /// Whether a slot admits objects of this type. Its objects are structs or arrays.
    #[inline(always)]
    pub(crate) fn is_admitted_by(&self, slot: &Admits) -> bool {
        // Such a type is admitted by itself. A slot of an abstract type names no type.
        if self.index == slot.type_index {
            return true;
        }
        let is_below = slot.depth == Admits::ANY_TYPE
            || self.supertypes.get(usize::from(slot.depth)) == Some(&slot.type_index);
        is_below && slot.kinds >> self.header.kind_bits() & 1 == 1
    }

    /// Whether this is `other` or a subtype of it. Both must be of the same registry.
    ///
    /// Cost: constant.
    #[inline]
    pub(crate) fn is_subtype_of(&self, other: &RegisteredType) -> bool {
        self.index == other.index
            || self.supertypes.get(other.supertypes.len()) == Some(&other.index)
    }
}

/// A registered group.
pub(super) struct Group {
    /// The number of references from `Type`s and from edges of other groups.
    pub(super) count: ReferenceCount,
    /// The registry of the group. The group keeps it alive.
    pub(super) registry: RefCounted<Registry>,
    pub(super) canonical: CanonicalGroup,
    /// The hash of the canonical form.
    pub(super) hash: u64,
    /// The members. The list never changes, so that types keep their addresses.
    pub(super) types: Vec<RegisteredType>,
    /// The other groups to which members refer, each once. Each edge is one reference.
    pub(super) edges: Vec<NonNull<Group>>,
    /// The next group in a list of unregistered groups. Only the holder of the lock, or
    /// the thread that frees the list, uses it.
    pub(super) next_unregistered: Cell<Option<NonNull<Group>>>,
}

/// A counted reference to a registered type. It keeps the type's group alive. Any thread
/// may use and drop it.
pub(crate) struct Type(NonNull<RegisteredType>);

// SAFETY: threads only read a group. The exceptions are its count, which is atomic, and
// its list link, which the registry's lock protects.
unsafe impl Send for Type {}
// SAFETY: see `Send`.
unsafe impl Sync for Type {}

impl Type {
    /// Turns one reference to a group into a `Type` for the member at `position`.
    ///
    /// # Safety
    ///
    /// The group must be registered and have such a member. The caller must own the
    /// reference, and gives it up.
    pub(super) unsafe fn new(group: NonNull<Group>, position: u32) -> Type {
        // SAFETY: the caller's promise.
        let types = unsafe { &(*group.as_ptr()).types };
        Type(NonNull::from(&types[position as usize]))
    }

    pub(super) fn group(&self) -> &Group {
        // SAFETY: this reference keeps the group alive.
        unsafe { self.group.as_ref() }
    }

    /// Makes another reference to the type.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self) -> Result<Type> {
        self.group().add_reference()?;
        Ok(Type(self.0))
    }

    /// The type with this index. It must be a type to which this type refers.
    ///
    /// Errors: [`Error::Limit`] if it has too many references.
    pub(crate) fn referred(&self, index: u32) -> Result<Type> {
        self.group().registry.type_at(index)
    }

    /// Whether both types belong to the same engine.
    pub(crate) fn has_registry_of(&self, other: &Type) -> bool {
        self.is_of(&other.group().registry)
    }

    /// Converts the reference to an address for C. It stays counted.
    pub(crate) fn into_raw(self) -> NonNull<RegisteredType> {
        let raw = self.0;
        core::mem::forget(self);
        raw
    }

    /// Converts an address of [`Type::into_raw`] back to the reference.
    ///
    /// # Safety
    ///
    /// `raw` must be a result of `into_raw` that was not converted back yet.
    pub(crate) unsafe fn from_raw(raw: NonNull<RegisteredType>) -> Type {
        Type(raw)
    }
}

impl Group {
    /// Adds a reference. The caller has a reference, or the registry's lock.
    ///
    /// Errors: [`Error::Limit`].
    pub(super) fn add_reference(&self) -> Result<()> {
        if self.count.increment() {
            return Ok(());
        }
        Err(Error::Limit {
            what: "references to a type",
            limit: usize::MAX as u64,
        })
    }
}

impl Deref for Type {
    type Target = RegisteredType;

    fn deref(&self) -> &RegisteredType {
        // SAFETY: this reference keeps the type alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        let group = self.group;
        // SAFETY: this reference keeps the group alive until it is dropped here.
        if !unsafe { group.as_ref() }.count.decrement_unless_last() {
            // SAFETY: the group is registered, and nothing uses this reference afterwards.
            unsafe { Registry::drop_reference(group) };
        }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Type").field("index", &self.index).finish()
    }
}
