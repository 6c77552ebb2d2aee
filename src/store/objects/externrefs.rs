//! Externrefs: objects whose contents are the host's.

use core::ffi::c_void;

use crate::error::{Error, Result};
use crate::heap::{GcRef, ObjectHeader};
use crate::host::{
    EXTERN_BYTES, EXTERN_HEADER, EXTERN_INDEX, Finalizer, HostEntry, VALUE_BIT, index_word,
    value_tag,
};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::Attempt;
use crate::store::objects::typed::name_of;

/// What an externref is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExternRefOptions {
    /// The host's pointer.
    pub(crate) data: *mut c_void,
    /// Runs after the object's death.
    pub(crate) finalizer: Option<Finalizer>,
    /// Tells the host's types apart; null is untagged; [`value_tag`] says that
    /// `data` is a Rust value.
    pub(crate) tag: *const c_void,
    /// Memory outside the heap that the object keeps alive.
    pub(crate) external_bytes: u64,
}

impl Store {
    /// [`Store::externref_new`] without tag and external bytes, if it needs no
    /// slow path.
    #[inline(always)]
    pub(crate) fn externref_new_fast(
        &self,
        data: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Option<Handle> {
        self.new_fast(data, finalizer, false)
    }

    /// [`Store::externref_new_fast`] for a Rust value.
    #[inline(always)]
    pub(crate) fn externref_new_value_fast(
        &self,
        value: *mut c_void,
        finalizer: Finalizer,
    ) -> Option<Handle> {
        self.new_fast(value, Some(finalizer), true)
    }

    #[inline(always)]
    fn new_fast(
        &self,
        data: *mut c_void,
        finalizer: Option<Finalizer>,
        is_value: bool,
    ) -> Option<Handle> {
        let offset = self.mutator.bump.room(EXTERN_BYTES)?;
        let free = self.lifo.free_slot()?;
        if !self.host.has_free() || self.manual.has_queued() {
            return None;
        }
        // One structure after the other, so that few values are live at once.
        let object = GcRef::from_offset(offset);
        let slot = self.lifo.push_into(free, object);
        // SAFETY: the area has room for an externref there.
        unsafe {
            write_externref(
                self.mutator.memory.address(offset),
                self.host.next(),
                is_value,
            )
        };
        self.mutator.bump.advance(EXTERN_BYTES);
        let index = self.host.insert(object, data, finalizer);
        if is_value {
            self.host.set_tag(index, value_tag());
        }
        Some(self.handle(slot))
    }

    /// Makes an externref and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: those of allocating, pushing a root, and adding an entry.
    pub(crate) fn externref_new(&self, options: ExternRefOptions) -> Attempt<Handle> {
        let object = self.make_externref(options, || self.lifo.reserve_one())?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// Makes an externref and a manual root for it. May collect; finalizers are
    /// queued.
    ///
    /// Errors: those of allocating, making a manual root, and adding an entry.
    pub(crate) fn externref_new_manually_rooted(
        &self,
        options: ExternRefOptions,
    ) -> Attempt<Handle> {
        let object = self.make_externref(options, || self.manual.reserve())?;
        Ok(self.handle(self.manual.create(object)?))
    }

    /// Makes an externref that `reserve` has made sure of a root for.
    fn make_externref(
        &self,
        options: ExternRefOptions,
        reserve: impl FnOnce() -> Result<()>,
    ) -> Attempt<GcRef> {
        self.manual.unroot_some();
        let mut cold = self.cold.borrow_mut();
        let object = cold.allocate(self, EXTERN_HEADER, EXTERN_BYTES)?;
        // After the allocation, so that NO_GC comes before a lack of memory.
        reserve()
            .and_then(|()| self.host.reserve())
            .inspect_err(|_| cold.give_back(self, object, EXTERN_BYTES))?;
        let index = self.host.insert(object, options.data, options.finalizer);
        let is_value = options.tag == value_tag();
        // SAFETY: `object` was just allocated with the externrefs' size.
        unsafe {
            write_externref(
                self.mutator.memory.address(object.offset()),
                index,
                is_value,
            )
        };
        if let Some(mut entry) = self.host.get(index.into(), object) {
            entry.tag = options.tag;
            entry.external_bytes = options.external_bytes;
            self.host.replace(index.into(), entry);
        }
        if options.external_bytes > 0 {
            cold.count_external(self, 0, options.external_bytes);
        }
        Ok(object)
    }

    /// The host's pointer of the externref that `handle` refers to, if
    /// everything is as usual.
    #[inline(always)]
    pub(crate) fn externref_data_fast(&self, handle: Handle) -> Option<*mut c_void> {
        let object = self.resolve_or_odd(handle)?;
        // Before anything is read: an i31 or the link in a slot without root.
        // Null may be read, and finds no entry.
        if object.is_odd() {
            return None;
        }
        Some(
            self.host
                .get(self.word_after_header(object.offset()), object)?
                .data,
        )
    }

    /// The entry of the externref that `handle` refers to.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    fn externref(&self, handle: Handle) -> Result<(u64, HostEntry)> {
        let object = self.object(handle, "ref")?;
        let found = |found| Error::TypeMismatch {
            needed: "an externref",
            found,
        };
        let header = self.header_of(object)?;
        if !header.is_some_and(ObjectHeader::is_extern) {
            return Err(found(name_of(header)));
        }
        let index = self.word_after_header(object.offset()) & !VALUE_BIT;
        let entry = self.host.get(index, object).ok_or(Error::internal(
            "an externref without host data",
            object.raw().into(),
        ))?;
        Ok((index, entry))
    }

    /// The entry of the externref that `handle` refers to, unless its data are a
    /// Rust value.
    ///
    /// Errors: those of [`Store::externref`], [`Error::TypeMismatch`].
    fn host_externref(&self, handle: Handle) -> Result<(u64, HostEntry)> {
        let (index, entry) = self.externref(handle)?;
        if entry.tag == value_tag() {
            return Err(Error::TypeMismatch {
                needed: "an externref made through C",
                found: "one that holds a Rust value",
            });
        }
        Ok((index, entry))
    }

    /// The Rust value of an externref; `None` if it was made through C.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(crate) fn externref_value(&self, handle: Handle) -> Result<Option<*mut c_void>> {
        let (_, entry) = self.externref(handle)?;
        Ok((entry.tag == value_tag()).then_some(entry.data))
    }

    /// The host's pointer of an externref.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(crate) fn externref_data(&self, handle: Handle) -> Result<*mut c_void> {
        Ok(self.host_externref(handle)?.1.data)
    }

    /// The host's pointer of an externref with this tag.
    ///
    /// Errors: as [`Store::externref_data`]; [`Error::TypeMismatch`] also if
    /// the tag is another.
    pub(crate) fn externref_data_tagged(
        &self,
        handle: Handle,
        tag: *const c_void,
    ) -> Result<*mut c_void> {
        let (_, entry) = self.host_externref(handle)?;
        if entry.tag != tag {
            return Err(Error::TypeMismatch {
                needed: if tag.is_null() {
                    "an untagged externref"
                } else {
                    "an externref of the given tag"
                },
                found: if entry.tag.is_null() {
                    "an untagged one"
                } else {
                    "one of another tag"
                },
            });
        }
        Ok(entry.data)
    }

    /// Replaces the host's pointer of an externref; the old one is the
    /// caller's again.
    ///
    /// Errors: as [`Store::externref_data`].
    pub(crate) fn externref_set_data(&self, handle: Handle, data: *mut c_void) -> Result<()> {
        let (index, mut entry) = self.host_externref(handle)?;
        entry.data = data;
        self.host.replace(index, entry);
        Ok(())
    }

    /// Sets how much memory outside the heap an externref keeps alive. More
    /// hastens the next collection.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(crate) fn externref_set_external_bytes(
        &self,
        handle: Handle,
        external_bytes: u64,
    ) -> Result<()> {
        let (index, mut entry) = self.externref(handle)?;
        let before = core::mem::replace(&mut entry.external_bytes, external_bytes);
        self.host.replace(index, entry);
        self.cold
            .borrow_mut()
            .count_external(self, before, external_bytes);
        Ok(())
    }
}

impl crate::store::Cold {
    /// Counts the external bytes of an object that had `before` and has `now`.
    fn count_external(&mut self, store: &Store, before: u64, now: u64) {
        self.external_allocated = self
            .external_allocated
            .saturating_add(now.saturating_sub(before))
            .saturating_sub(before.saturating_sub(now));
        let pressure = self.external_allocated >= self.external_budget && store.collects();
        store.external_pressure.set(pressure);
        store.update_slow_path();
    }
}

/// Writes an externref.
///
/// # Safety
///
/// `address` must be valid for writing [`EXTERN_BYTES`] bytes.
#[inline(always)]
unsafe fn write_externref(address: *mut u8, index: u32, is_value: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        address.cast::<u64>().write(EXTERN_HEADER.bits());
        address
            .add(EXTERN_INDEX as usize)
            .cast::<u64>()
            .write(index_word(index, is_value));
    }
}
