//! Globals.

use core::hash::{Hash, Hasher};

use anyhow::Result;

use super::registered::Registered;
use super::{
    AsContext, AsContextMut, FieldType, GlobalType, Mutability, StorageType, Val, ValType,
};
use crate::error;
use crate::roots::Handle;
use crate::store::{Store as Core, Value};
use crate::types::AbstractType;

/// A handle of a global: a variable or constant of any value type. The handle is `Copy`.
///
/// The global keeps a reference in it alive until the global is freed or its store is
/// dropped. The value is in the heap, in a hidden struct. The statistics count that struct
/// as an object.
///
/// # Errors for a global
///
/// * [`Error::WrongStore`](crate::Error::WrongStore);
/// * [`Error::Unrooted`](crate::Error::Unrooted) if the global was freed.
///
/// # Errors for a value
///
/// * [`Error::WrongStore`](crate::Error::WrongStore) and
///   [`Error::Unrooted`](crate::Error::Unrooted) for its root;
/// * [`Error::NullReference`](crate::Error::NullReference) if the value is null and the
///   global is non-nullable;
/// * [`Error::TypeMismatch`](crate::Error::TypeMismatch) and
///   [`Error::NotOfType`](crate::Error::NotOfType) if the value does not have the global's
///   type.
///
/// ```
/// use gcroots::{Engine, Global, GlobalType, Mutability, Store, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ())?;
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&mut store)?.unwrap_i32(), 2);
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global(Handle);

impl Global {
    /// Makes a global with the initial value `value`. May collect.
    ///
    /// # Errors
    ///
    /// * [`Error::WrongEngine`](crate::Error::WrongEngine) if `ty` has a type of another
    ///   engine;
    /// * the errors for the value;
    /// * [`Error::HeapLimit`](crate::Error::HeapLimit),
    ///   [`Error::GrowthRefused`](crate::Error::GrowthRefused),
    ///   [`Error::NoGc`](crate::Error::NoGc),
    ///   [`Error::SystemMemory`](crate::Error::SystemMemory) and
    ///   [`Error::Limit`](crate::Error::Limit) if there is no room.
    pub fn new(
        mut store: impl AsContextMut,
        ty: GlobalType,
        value: impl Into<Val>,
    ) -> Result<Global> {
        let store = store.as_context_mut().0;
        let top = || match ty.content() {
            ValType::Ref(of) => Some(of.heap_type().top()),
            _ => None,
        };
        let (mutable, value) = (ty.mutability().is_var(), value.into().for_slot(top)?);
        let make = |core: &Core| core.global_new(ty.content().to_core(), mutable, value);
        Ok(Global(store.owned.allocate(make)?))
    }

    /// The global's type.
    ///
    /// # Errors
    ///
    /// The errors for the global.
    ///
    /// ```
    /// use gcroots::{Engine, Global, GlobalType, Mutability, Store, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let ty = GlobalType::new(ValType::I64, Mutability::Const);
    /// let global = Global::new(&mut store, ty.clone(), Val::I64(1))?;
    /// assert_eq!(global.ty(&store)?, ty);
    /// # anyhow::Ok(())
    /// ```
    pub fn ty(&self, store: impl AsContext) -> Result<GlobalType> {
        let store = store.as_context().0;
        let (of, mutable) = store.owned.call(|core| core.global_type(self.0))?;
        let Some(FieldType {
            element_type: StorageType::ValType(content),
            ..
        }) = Registered::new(of).field(0)
        else {
            unreachable!("a global has one value, which is not packed");
        };
        let mutability = match mutable {
            true => Mutability::Var,
            false => Mutability::Const,
        };
        Ok(GlobalType::new(content, mutability))
    }

    /// The global's value. A reference becomes a new root in the current scope. Never
    /// collects.
    ///
    /// # Errors
    ///
    /// The errors for the global, and [`Error::Limit`](crate::Error::Limit) and
    /// [`Error::SystemMemory`](crate::Error::SystemMemory) if there is no room for a root.
    pub fn get(&self, mut store: impl AsContextMut) -> Result<Val> {
        let store = store.as_context_mut().0;
        let read = |core: &Core| -> error::Result<Val> {
            let value = core.global_get(self.0)?;
            let top = match value {
                Value::Ref(handle) => core.hierarchy(core.global_top(self.0)?, handle)?,
                _ => AbstractType::Any,
            };
            Ok(Val::of((value, top)))
        };
        Ok(store.owned.call(read)?)
    }

    /// Sets the global. Never collects.
    ///
    /// # Errors
    ///
    /// * The errors for the global;
    /// * [`Error::WrongStore`](crate::Error::WrongStore) and
    ///   [`Error::Unrooted`](crate::Error::Unrooted) for the value;
    /// * [`Error::ImmutableGlobal`](crate::Error::ImmutableGlobal);
    /// * the other errors for the value.
    ///
    /// ```
    /// use gcroots::{Engine, Error, Global, GlobalType, Mutability, Store, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let ty = GlobalType::new(ValType::I32, Mutability::Const);
    /// let global = Global::new(&mut store, ty, Val::I32(1))?;
    /// let error = global.set(&mut store, Val::I32(2)).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::ImmutableGlobal { .. })));
    /// # anyhow::Ok(())
    /// ```
    pub fn set(&self, mut store: impl AsContextMut, value: impl Into<Val>) -> Result<()> {
        let store = store.as_context_mut().0;
        let value = value.into();
        let set = |core: &Core| {
            let top = || core.global_top(self.0).ok();
            core.global_set(self.0, value.for_slot(top)?)
        };
        Ok(store.owned.call(set)?)
    }

    /// Frees the global, which no longer keeps its value alive. All copies of the handle
    /// become stale.
    ///
    /// # Errors
    ///
    /// The errors for the global.
    pub fn free(self, mut store: impl AsContextMut) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.owned.call(|core| core.global_free(self.0))?)
    }

    /// Wraps a global of the core.
    #[cfg(feature = "capi")]
    pub(super) fn of(handle: Handle) -> Global {
        Global(handle)
    }

    #[cfg(feature = "capi")]
    pub(super) fn handle(&self) -> Handle {
        self.0
    }
}

impl Hash for Global {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.store_id);
        state.write_u64(self.0.slot);
    }
}
