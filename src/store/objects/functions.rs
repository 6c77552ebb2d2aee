//! Functions: objects with a callback of the host. In the heap a function is a header and
//! an index into the host-data table (OBJECTS-7). Calls are in `host_code/calls.rs`.

use core::ffi::c_void;

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind, ObjectHeader};
use crate::host::{Callback, FUNC_BYTES, FUNC_INDEX, Finalizer, FunctionEntry};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::header::name_of;
use crate::store::objects::new_object_fast::NewObject;
use crate::store::objects::typed::Typed;
use crate::store::protocol::Attempt;
use crate::types::{RegisteredType, Type};

/// A function that a handle refers to.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Function<'a> {
    /// The object.
    pub(in crate::store) object: GcRef,
    /// Its type, which the store keeps.
    pub(in crate::store) ty: &'a RegisteredType,
    /// Its entry in the host-data table.
    pub(in crate::store) entry: FunctionEntry,
}

impl Store {
    /// Makes a function of this type, and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] unless `of` is a function
    /// type; as [`Cold::allocate`]; [`Error::Limit`] for too many roots or functions.
    ///
    /// [`Cold::allocate`]: crate::store::Cold::allocate
    pub(crate) fn func_new(
        &self,
        of: &Type,
        callback: Callback,
        env: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Attempt<Handle> {
        // The layout of a function type is that of an exception (TYPES-16).
        self.require_kind(of, Kind::Exn)?;
        self.manual.unroot_some();
        let mut cold = self.cold.borrow_mut();
        let header = ObjectHeader::new(Kind::Func, of.index);
        let object = cold.allocate(self, header, FUNC_BYTES)?;
        cold.keep_type(self, of)
            .and_then(|()| self.lifo.reserve_one())
            .and_then(|()| self.host.reserve())
            .inspect_err(|_| cold.free_unused(self, object, FUNC_BYTES))?;
        let entry = FunctionEntry {
            env,
            callback,
            type_index: of.index,
        };
        let index = self.host.insert_function(object, entry, finalizer);
        self.store(object.offset() + FUNC_INDEX, u64::from(index))?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// The fast form of [`Store::func_new`].
    #[inline(always)]
    pub(crate) fn func_new_fast<N: NewObject>(
        &self,
        of: &RegisteredType,
        callback: Callback,
        env: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Option<N> {
        // The layout of a function type is that of an exception (TYPES-16).
        if !self.types.has(of) || !of.has_kind(Kind::Exn) {
            return None;
        }
        let type_index = of.index;
        let header = ObjectHeader::new(Kind::Func, type_index);
        let (made, object) = self.new_host_object_fast(header, u64::from)?;
        let entry = FunctionEntry {
            env,
            callback,
            type_index,
        };
        self.host.insert_function(object, entry, finalizer);
        Some(made)
    }

    /// The fast form of [`Store::function`].
    #[inline(always)]
    pub(in crate::store) fn function_fast(&self, handle: Handle) -> Option<Function<'_>> {
        let Typed { offset, ty } = self.typed_fast(handle, Kind::Func)?;
        let object = GcRef::from_offset(offset);
        let entry = self.host.function(self.word_after_header(offset), object)?;
        (entry.type_index == ty.index).then_some(Function { object, ty, entry })
    }

    /// The function that `handle` refers to.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`]; [`Error::Internal`] if the
    /// object and its entry do not agree.
    #[inline]
    pub(in crate::store) fn function(&self, handle: Handle) -> Result<Function<'_>> {
        self.function_at(self.object(handle, "func")?)
    }

    /// The function that a reference refers to. The reference is not null.
    ///
    /// Errors: as [`Store::function`].
    #[inline]
    pub(in crate::store) fn function_at(&self, object: GcRef) -> Result<Function<'_>> {
        let header = self.header_of(object)?;
        let Some(header) = header.filter(|header| header.kind() == Some(Kind::Func)) else {
            return Err(Error::TypeMismatch {
                needed: "a function",
                found: name_of(header),
            });
        };
        let index = self.word_after_header(object.offset());
        Ok(Function {
            object,
            ty: self.type_of(header)?,
            entry: self.function_entry(object, index, header)?,
        })
    }

    /// The entry of a function, given the index and the header that stand in the object.
    ///
    /// Errors: [`Error::Internal`] unless the entry names this object and this type
    /// (OBJECTS-9, OBJECTS-10).
    #[inline]
    pub(in crate::store) fn function_entry(
        &self,
        object: GcRef,
        index: u64,
        header: ObjectHeader,
    ) -> Result<FunctionEntry> {
        self.host
            .function(index, object)
            .filter(|entry| entry.type_index == header.type_index())
            .ok_or(Error::internal("a function without host data", index))
    }

    /// The host's pointer of a function, which must have this callback. Never collects.
    ///
    /// Errors: as [`Store::function`]; [`Error::TypeMismatch`] for another callback.
    pub(crate) fn func_env(&self, handle: Handle, callback: Callback) -> Result<*mut c_void> {
        let entry = self.function(handle)?.entry;
        if entry.callback as usize != callback as usize {
            return Err(Error::TypeMismatch {
                needed: "a function with the given callback",
                found: "one with another callback",
            });
        }
        Ok(entry.env)
    }
}
