//! Tables. Element segments are kept as tables too.

use super::store::NO_REF;
use super::{Raw, RefType, Result, Store, check, ffi};

/// A table of the library. Dropping this frees it.
pub struct Table {
    table: ffi::gcroots_table_t,
    store: Store,
}

impl Table {
    pub fn new(
        store: &Store,
        element: &RefType,
        size: u64,
        maximum: Option<u64>,
        init: Raw,
    ) -> Result<Table> {
        let mut table = ffi::gcroots_table_t {
            store_id: 0,
            generation: 0,
            index: 0,
        };
        store.scope(|| {
            let (init, maximum) = (store.handle(init)?, maximum.unwrap_or(u64::MAX));
            // SAFETY: the store is alive, and so is the type that `element` owns.
            check(unsafe {
                let element = element.to_c();
                ffi::gcroots_table_new(store.ptr(), element, size, maximum, init, &mut table)
            })
        })?;
        Ok(Table {
            table,
            store: store.clone(),
        })
    }

    /// The library's handle.
    pub fn handle(&self) -> ffi::gcroots_table_t {
        self.table
    }

    pub fn size(&self) -> Result<u64> {
        let mut size = 0;
        // SAFETY: the store is alive, `out` is a variable's address.
        check(unsafe { ffi::gcroots_table_size(self.store.ptr(), self.table, &mut size) })?;
        Ok(size)
    }

    pub fn get(&self, index: u64) -> Result<Raw> {
        self.store.scope(|| {
            let (store, mut out) = (self.store.ptr(), NO_REF);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_table_get(store, self.table, index, &mut out) })?;
            self.store.raw(out)
        })
    }

    pub fn set(&self, index: u64, value: Raw) -> Result<()> {
        self.store.scope(|| {
            let (store, value) = (self.store.ptr(), self.store.handle(value)?);
            // SAFETY: the store is alive.
            check(unsafe { ffi::gcroots_table_set(store, self.table, index, value) })
        })
    }

    /// Grows the table, and returns its old size.
    pub fn grow(&self, delta: u64, init: Raw) -> Result<u64> {
        self.store.scope(|| {
            let (store, init, mut before) = (self.store.ptr(), self.store.handle(init)?, 0);
            // SAFETY: the store is alive, `out` is a variable's address.
            check(unsafe { ffi::gcroots_table_grow(store, self.table, delta, init, &mut before) })?;
            Ok(before)
        })
    }

    pub fn fill(&self, at: u64, value: Raw, count: u64) -> Result<()> {
        self.store.scope(|| {
            let (store, value) = (self.store.ptr(), self.store.handle(value)?);
            // SAFETY: the store is alive.
            check(unsafe { ffi::gcroots_table_fill(store, self.table, at, value, count) })
        })
    }

    /// Copies `count` elements from `from`, which may be this table.
    pub fn copy(&self, at: u64, from: &Table, from_at: u64, count: u64) -> Result<()> {
        let store = self.store.ptr();
        // SAFETY: the store is alive.
        check(unsafe { ffi::gcroots_table_copy(store, self.table, at, from.table, from_at, count) })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: the store is alive, since this refers to it.
        let freed = check(unsafe { ffi::gcroots_table_free(self.store.ptr(), &mut self.table) });
        if let Err(refused) = freed {
            eprintln!("a table was not freed: {refused}");
        }
    }
}
