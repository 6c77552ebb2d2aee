//! Registered groups and types, and the references to them.

use core::cell::Cell;
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use super::canonical::CanonicalGroup;
use super::heap_type::{AbstractType, HeapType, StorageType, ValType};
use super::layout::{Admits, FieldLayout, TypeLayout};
use super::rec_group::Composite;
use super::reference_count::ReferenceCount;
use super::registry::Registry;
use crate::base::counted::Counted;
use crate::error::{Error, Result};
use crate::heap::{Kind, Layout, ObjectHeader};

/// A registered type. It never changes.
#[derive(Debug)]
pub(crate) struct RegisteredType {
    /// Its index, which no other type of the engine has while this one lives.
    pub(crate) index: u32,
    /// Its group; dangling until that is made.
    pub(super) group: NonNull<Group>,
    /// Whether no type may name it as its supertype.
    pub(crate) is_final: bool,
    /// Whether its objects hold the contents of tables or globals: no handle is to refer
    /// to them.
    pub(crate) is_hidden: bool,
    /// The indices of its supertypes, from the root down.
    pub(crate) supertypes: Vec<u32>,
    /// What it is; concrete types by their indices.
    pub(crate) composite: Composite<u32>,
    /// Where its fields are.
    pub(crate) layout: TypeLayout,
    /// What gets and sets need of each field of a struct, an array's element, or an
    /// exception's fields, which are a function's parameters.
    pub(crate) fields: Vec<FieldLayout>,
    /// What a function's results take.
    pub(crate) results: Vec<FieldLayout>,
    /// What collectors trace its objects by.
    pub(crate) trace: Layout,
    /// The header of its objects: a struct, an array, or an exception whose tag has
    /// this function type.
    pub(crate) header: ObjectHeader,
    /// What a slot for references to this type admits that are not null.
    pub(super) admits: Admits,
    /// Of a function the index of its trampoline type: references are those of their
    /// hierarchy's top. Of others its own index.
    pub(crate) trampoline: u32,
}

impl RegisteredType {
    /// What a slot for references to this type admits.
    #[inline(always)]
    pub(crate) fn admits(&self, nullable: bool) -> Admits {
        self.admits.with_null(nullable)
    }

    /// The top of the hierarchy of what a field, parameter or result holds, if it holds
    /// references.
    pub(crate) fn top_of_field(&self, index: usize) -> Option<AbstractType> {
        let (StorageType::Val(ValType::Ref(reference)), _) = self.composite.field(index)? else {
            return None;
        };
        Some(match reference.heap {
            HeapType::Abstract(of) => of.top(),
            HeapType::Concrete(_) => {
                // Results stand after parameters.
                let mut slots = self.fields.iter().chain(&self.results);
                match slots.nth(index)?.admits.functions() {
                    true => AbstractType::Func,
                    false => AbstractType::Any,
                }
            }
        })
    }

    /// Whether it is registered there.
    #[inline]
    pub(crate) fn is_of(&self, registry: &Registry) -> bool {
        // SAFETY: a type is handed out once its group is made, and lives in it.
        core::ptr::eq::<Registry>(&*unsafe { self.group.as_ref() }.registry, registry)
    }

    /// The kind of its objects; of a function type that of exceptions.
    #[inline(always)]
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.header.kind_bits() == kind as u8
    }

    /// Whether each object of this type is one of `other`, which must be of the same
    /// registry.
    #[inline]
    pub(crate) fn is_subtype_of(&self, other: &RegisteredType) -> bool {
        self.index == other.index
            || self.supertypes.get(other.supertypes.len()) == Some(&other.index)
    }
}

/// A registered group.
pub(super) struct Group {
    /// References: from `Type`s and from other groups. See [`Registry`].
    pub(super) count: ReferenceCount,
    pub(super) registry: Counted<Registry>,
    pub(super) canonical: CanonicalGroup,
    pub(super) hash: u64,
    /// Never changes, so that types keep their addresses.
    pub(super) types: Vec<RegisteredType>,
    /// The groups that this one refers to, each once, and counted once for it.
    pub(super) edges: Vec<NonNull<Group>>,
    /// The next of the groups that are being dropped. Used under the lock only.
    pub(super) next_dropped: Cell<Option<NonNull<Group>>>,
}

/// A counted reference to a registered type. Any thread may use and drop it.
pub(crate) struct Type(NonNull<RegisteredType>);

// SAFETY: a group is only read, but for its count, which is atomic, and what the
// registry's lock protects.
unsafe impl Send for Type {}
// SAFETY: as above.
unsafe impl Sync for Type {}

impl Type {
    /// Takes over one count of a group, for the type at `position`.
    ///
    /// # Safety
    ///
    /// The group must be registered, counted once for this, and have such a type.
    pub(super) unsafe fn new(group: NonNull<Group>, position: u32) -> Type {
        // SAFETY: the caller's promise.
        let types = unsafe { &(*group.as_ptr()).types };
        Type(NonNull::from(&types[position as usize]))
    }

    pub(super) fn group(&self) -> &Group {
        // SAFETY: counted.
        unsafe { self.group.as_ref() }
    }

    /// One more reference.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self) -> Result<Type> {
        self.group().add_reference()?;
        Ok(Type(self.0))
    }

    /// The type with this index, which must be one that this one refers to.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn referred(&self, index: u32) -> Result<Type> {
        self.group().registry.type_at(index)
    }

    /// Whether both are of one engine.
    pub(crate) fn has_registry_of(&self, other: &Type) -> bool {
        self.is_of(&other.group().registry)
    }

    /// The address, for C. Counts on.
    pub(crate) fn into_raw(self) -> NonNull<RegisteredType> {
        let raw = self.0;
        core::mem::forget(self);
        raw
    }

    /// Takes back what [`Type::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `raw` must be from `into_raw`, and taken back once only.
    pub(crate) unsafe fn from_raw(raw: NonNull<RegisteredType>) -> Type {
        Type(raw)
    }
}

impl Group {
    /// Counts once more. The caller has a reference, or the registry's lock.
    pub(super) fn add_reference(&self) -> Result<()> {
        if self.count.add() {
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
        // SAFETY: counted.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        let group = self.group;
        // SAFETY: counted for this reference until the next line.
        if !unsafe { group.as_ref() }.count.drop_unless_last() {
            // SAFETY: this reference is given up; nobody uses it after this.
            unsafe { Registry::release(group) };
        }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Type").field("index", &self.index).finish()
    }
}
