//! Hidden objects: the objects that hold the contents of tables and globals. They have
//! hidden types, which equal no declared type (TYPES-5).

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::store::Store;
use crate::types::{Composite, Declared, FieldType, RecGroup, Registry, Type, ValType};

impl Store {
    /// The hidden type of objects that hold values of type `value`. `composite` makes its
    /// structure of the field that holds one value.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn hidden_type(
        &self,
        value: ValType<&Type>,
        composite: impl FnOnce(FieldType<Declared>) -> Result<Composite<Declared>>,
    ) -> Result<Type> {
        let group = RecGroup::of_hidden_type(value, composite)?;
        let registered = Registry::register(self.engine.types(), &[&group])?.pop();
        registered.ok_or(Error::internal("a group without its type", 0))
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
