//! How objects are made: check, allocate, check again, write.

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::host_code::Attempt;
use crate::store::{Cold, Store};
use crate::types::{Composite, Declared, FieldType, RecGroup, Registry, Type, ValType};

impl Store {
    /// Makes an object of `bytes`, if it may be so large, of a type of this engine,
    /// rooted in the current scope. `check` says whether its contents can be written,
    /// which `write` then does; the object's other bytes are zeros. May collect;
    /// finalizers are queued.
    ///
    /// Errors: as [`Store::make_held`]; of pushing a root.
    pub(in crate::store) fn make(
        &self,
        of: &Type,
        bytes: Result<u64>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        let reserve = || self.lifo.reserve_one();
        let object = self.make_held(of, bytes, reserve, check, write)?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// As [`Store::make`], but roots nothing: `reserve` makes room for what the caller
    /// will hold the object by.
    ///
    /// `check` is asked twice: before anything happens, and when there is room, since a
    /// collection may have ended manual roots that other threads want unrooted. An
    /// object whose contents are refused is given back.
    ///
    /// Errors: those of `check`, of allocating, of `reserve`; [`Error::SystemMemory`].
    pub(in crate::store) fn make_held(
        &self,
        of: &Type,
        bytes: Result<u64>,
        reserve: impl FnOnce() -> Result<()>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<GcRef> {
        self.manual.unroot_some();
        check()?;
        let bytes = bytes?;
        let mut cold = self.cold.borrow_mut();
        let object = cold.allocate(self, of.header, bytes)?;
        cold.know_type(self, of)
            .and_then(|()| reserve())
            .and_then(|()| check())
            .inspect_err(|_| cold.give_back(self, object, bytes))?;
        write(&mut cold, object)?;
        Ok(object)
    }

    /// The type of hidden objects, which `composite` makes of the type of the values
    /// that they hold; that of a reference may name a registered type.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn hidden_type(
        &self,
        value: ValType<&Type>,
        composite: impl FnOnce(FieldType<Declared>) -> Result<Composite<Declared>>,
    ) -> Result<Type> {
        let group = RecGroup::of_one_holding(value, composite)?;
        let registered = Registry::register(self.engine.types(), &[&group])?.pop();
        registered.ok_or(Error::internal("a group without its type", 0))
    }
}

impl Cold {
    /// Makes a type known to this store: to headers' readers and to collectors.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`].
    pub(in crate::store) fn know_type(&mut self, store: &Store, of: &Type) -> Result<()> {
        if store.types.has(of) {
            return Ok(());
        }
        // In this order: a type that the table has is complete. A layout whose type is
        // then not kept is replaced by that of the index's next type.
        self.layouts.add(of.index, &of.trace)?;
        store.types.keep(of)
    }
}
