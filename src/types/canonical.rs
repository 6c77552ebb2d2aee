//! The canonical form of a rec group: a sequence of words. Two groups are equal exactly if
//! their canonical forms are equal.
//!
//! A hidden group begins with a word of its own, and a unique group with a number that no
//! other group has. Then each member has:
//!
//! * whether it is final,
//! * its supertype,
//! * its structure. The length of a list comes before its elements.
//!
//! A reference to a member of the group is the member's position. Any other reference is
//! the index of a registered type. So the form does not depend on the names in a
//! declaration, nor on the order in which groups are registered.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::composite::{Composite, Equality, FieldType, StorageType, SubType, ValType};
use super::heap_type::HeapType;
use crate::base::fallible;
use crate::error::Result;

/// Names a concrete type in a canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canonical {
    /// A member of the same group, by its position.
    Member(u32),
    /// A registered type, by its index.
    Registered(u32),
}

/// The canonical form of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CanonicalGroup {
    words: Vec<u64>,
}

/// The upper half of a word. The lower half is a number, such as a length, a position or
/// an index.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Word {
    OpenMember = 1,
    FinalMember,
    NoSupertype,
    Struct,
    Array,
    Func,
    Mutable,
    Constant,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    Nullable,
    NotNull,
    Abstract,
    Member,
    Registered,
    Hidden,
    Unique,
}

impl CanonicalGroup {
    /// The canonical form of a group with these members. `serial` is the number of a unique
    /// group.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn new(
        members: &[SubType<Canonical>],
        equality: Equality,
        serial: u64,
    ) -> Result<CanonicalGroup> {
        let mut group = CanonicalGroup { words: Vec::new() };
        match equality {
            Equality::Declared => {}
            Equality::Hidden => group.word(Word::Hidden, 0)?,
            Equality::Unique => {
                group.word(Word::Unique, (serial >> 32) as u32)?;
                group.word(Word::Unique, serial as u32)?;
            }
        }
        for member in members {
            group.member(member)?;
        }
        Ok(group)
    }

    /// A hash of the words. `hasher` may have read a secret before.
    pub(super) fn hash(&self, hasher: &DefaultHasher) -> u64 {
        let mut hasher = hasher.clone();
        Hash::hash(&self.words, &mut hasher);
        hasher.finish()
    }

    fn word(&mut self, word: Word, number: u32) -> Result<()> {
        fallible::push(&mut self.words, (word as u64) << 32 | u64::from(number))
    }

    fn member(&mut self, member: &SubType<Canonical>) -> Result<()> {
        let kind = if member.is_final {
            Word::FinalMember
        } else {
            Word::OpenMember
        };
        self.word(kind, 0)?;
        match member.supertype {
            Some(supertype) => self.concrete(supertype)?,
            None => self.word(Word::NoSupertype, 0)?,
        }
        match &member.composite {
            Composite::Struct(fields) => {
                self.word(Word::Struct, fields.len() as u32)?;
                fields.iter().try_for_each(|field| self.field(field))
            }
            Composite::Array(element) => {
                self.word(Word::Array, 1)?;
                self.field(element)
            }
            Composite::Func { params, results } => {
                self.word(Word::Func, params.len() as u32)?;
                params.iter().try_for_each(|param| self.value(param))?;
                self.word(Word::Func, results.len() as u32)?;
                results.iter().try_for_each(|result| self.value(result))
            }
        }
    }

    fn field(&mut self, field: &FieldType<Canonical>) -> Result<()> {
        let mutability = if field.mutable {
            Word::Mutable
        } else {
            Word::Constant
        };
        self.word(mutability, 0)?;
        match &field.storage {
            StorageType::I8 => self.word(Word::I8, 0),
            StorageType::I16 => self.word(Word::I16, 0),
            StorageType::Val(value) => self.value(value),
        }
    }

    fn value(&mut self, value: &ValType<Canonical>) -> Result<()> {
        let word = match value {
            ValType::I32 => Word::I32,
            ValType::I64 => Word::I64,
            ValType::F32 => Word::F32,
            ValType::F64 => Word::F64,
            ValType::V128 => Word::V128,
            ValType::Ref(reference) if reference.nullable => Word::Nullable,
            ValType::Ref(_) => Word::NotNull,
        };
        self.word(word, 0)?;
        match value {
            ValType::Ref(reference) => match reference.heap {
                HeapType::Abstract(abstract_type) => {
                    self.word(Word::Abstract, abstract_type as u32)
                }
                HeapType::Concrete(concrete) => self.concrete(concrete),
            },
            _ => Ok(()),
        }
    }

    fn concrete(&mut self, concrete: Canonical) -> Result<()> {
        match concrete {
            Canonical::Member(position) => self.word(Word::Member, position),
            Canonical::Registered(index) => self.word(Word::Registered, index),
        }
    }
}
