//! Hidden objects: the objects that hold the contents of tables and globals. They have
//! hidden types, which equal no declared type (TYPES-5).

use core::cell::Cell;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::store::Store;
use crate::types::{Composite, Declared, FieldType, RecGroup, Registry, Type, ValType};

/// The number of hidden types that a store finds without the registry.
const RECENT: usize = 8;

/// The hidden types of which a store has made objects lately (OBJECTS-27).
#[derive(Debug, Default)]
pub(in crate::store) struct RecentHiddenTypes {
    types: Cell<[Option<HiddenType>; RECENT]>,
    /// The place of the next one.
    next: Cell<usize>,
}

/// A hidden type that the store keeps.
#[derive(Clone, Copy, Debug)]
struct HiddenType {
    form: HiddenForm,
    /// The type of the values. The hidden type keeps a concrete type alive, so the index of
    /// that is still the same type's.
    value: ValType<u32>,
    index: u32,
}

/// The form of a hidden object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum HiddenForm {
    /// A struct of one field.
    Struct,
    /// An array.
    Array,
}

impl HiddenForm {
    fn composite(self, held: FieldType<Declared>) -> Result<Composite<Declared>> {
        if self == HiddenForm::Array {
            return Ok(Composite::Array(held));
        }
        let mut fields = Vec::new();
        fallible::push(&mut fields, held)?;
        Ok(Composite::Struct(fields))
    }
}

impl RecentHiddenTypes {
    fn find(&self, form: HiddenForm, value: ValType<u32>) -> Option<u32> {
        let types = self.types.get();
        let found = types.iter().flatten();
        let mut found = found.filter(|of| of.form == form && of.value == value);
        Some(found.next()?.index)
    }

    fn add(&self, of: HiddenType) {
        let mut types = self.types.get();
        let at = self.next.get();
        types[at] = Some(of);
        self.types.set(types);
        self.next.set((at + 1) % RECENT);
    }
}

impl Store {
    /// The hidden type of objects of this form that hold values of type `value`, which must
    /// be a type of this store's engine.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn hidden_type(
        &self,
        form: HiddenForm,
        value: ValType<&Type>,
    ) -> Result<Type> {
        let by_index = value.rename(&mut |of: &Type| Ok(of.index))?;
        if let Some(index) = self.hidden_types.find(form, by_index) {
            return self.types.kept(index);
        }
        let group = RecGroup::of_hidden_type(value, |held| form.composite(held))?;
        let registered = Registry::register(self.engine.types(), &[&group])?.pop();
        let of = registered.ok_or(Error::internal("a group without its type", 0))?;
        // Only what the store keeps, so that this keeps no type.
        if self.types.has(&of) {
            self.hidden_types.add(HiddenType {
                form,
                value: by_index,
                index: of.index,
            });
        }
        Ok(of)
    }

    /// Whether an object is hidden. Its table or global may have ended.
    pub(in crate::store) fn is_hidden(&self, object: GcRef) -> bool {
        let header = self.header(object);
        header.kind() != Some(Kind::Extern)
            && self
                .types
                .get(header.type_index())
                .is_some_and(|of| of.is_hidden)
    }

    /// The addresses of the hidden objects, for tests that overwrite them.
    #[cfg(test)]
    pub(crate) fn hidden_for_tests(&self) -> Vec<*mut u8> {
        let mut hidden = Vec::new();
        let mut add = |object: GcRef| {
            hidden.push(self.mutator.memory.address(object.offset()));
            Ok(())
        };
        self.tables.each(|object, _| add(object)).unwrap();
        self.globals.each(|object, _| add(object)).unwrap();
        hidden
    }
}
