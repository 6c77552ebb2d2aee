//! Externrefs: objects that stand for data of the host. In the heap an externref is a
//! header and an index into the host-data table (OBJECTS-7).

use core::ffi::c_void;

use crate::error::{Error, Result};
use crate::heap::{GcRef, ObjectHeader};
use crate::host::{
    EXTERN_BYTES, EXTERN_HEADER, EXTERN_INDEX, FUNC_BYTES, FUNC_INDEX, Finalizer, HostEntry,
    StoreFinalizer, VALUE_BIT, index_word, value_tag,
};
use crate::roots::Handle;
use crate::store::objects::header::name_of;
use crate::store::objects::new_object_fast::NewObject;
use crate::store::protocol::Attempt;
use crate::store::{Cold, Store};

/// The contents of a new externref.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExternRefOptions {
    /// The host's pointer.
    pub(crate) data: *mut c_void,
    /// Called after the object has died.
    pub(crate) finalizer: Option<Finalizer>,
    /// Called after the object has died, in place of `finalizer`.
    pub(crate) store_finalizer: Option<StoreFinalizer>,
    /// Tells types of the host apart. Null means untagged. [`value_tag`] means that
    /// `data` is a Rust value.
    pub(crate) tag: *const c_void,
    /// Bytes outside the heap that the object keeps alive.
    pub(crate) external_bytes: u64,
}

impl Store {
    /// The fast form of [`Store::externref_new`], without tag and external bytes.
    #[inline(always)]
    pub(crate) fn externref_new_fast<N: NewObject>(
        &self,
        data: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Option<N> {
        let (made, object) = self.new_host_object_fast(EXTERN_HEADER, u64::from)?;
        self.host.insert(object, data, finalizer);
        Some(made)
    }

    /// [`Store::externref_new_fast`] with a Rust value as data.
    #[inline(always)]
    pub(crate) fn externref_new_value_fast(
        &self,
        value: *mut c_void,
        finalizer: Finalizer,
    ) -> Option<Handle> {
        let word = |index| index_word(index, true);
        let (made, object) = self.new_host_object_fast(EXTERN_HEADER, word)?;
        let index = self.host.insert(object, value, Some(finalizer));
        self.host.set_tag(index, value_tag());
        Some(made)
    }

    /// [`Store::externref_new_fast`] with options. `None` also for a Rust value, for a
    /// finalizer that gets the store, and for external bytes that are limited.
    #[inline(always)]
    pub(crate) fn externref_new_with_fast<N: NewObject>(
        &self,
        options: &ExternRefOptions,
    ) -> Option<N> {
        let has_external_bytes = options.external_bytes > 0;
        if options.store_finalizer.is_some()
            || options.tag == value_tag()
            || has_external_bytes && self.limits_external_bytes()
        {
            return None;
        }
        let mut cold = self.cold.try_borrow_mut().ok()?;
        let (made, object) = self.new_host_object_fast(EXTERN_HEADER, u64::from)?;
        let index = self.host.insert(object, options.data, options.finalizer);
        self.host.set_tag(index, options.tag);
        if has_external_bytes {
            self.begin_external_bytes(&mut cold, index, options.external_bytes);
        }
        Some(made)
    }

    /// Sets and counts the external bytes of a new externref with the entry at `index`.
    fn begin_external_bytes(&self, cold: &mut Cold, index: u32, external_bytes: u64) {
        let mut entry = self.host.read(index);
        entry.external_bytes = external_bytes;
        self.host.replace(index.into(), entry);
        cold.count_external(self, 0, external_bytes);
    }

    /// Makes an externref or a function, without its entry in the host-data table, if that
    /// needs no slow form. The caller inserts the entry. `word` returns the word after the
    /// header, given the index of that entry.
    #[inline(always)]
    pub(super) fn new_host_object_fast<N: NewObject>(
        &self,
        header: ObjectHeader,
        word: impl FnOnce(u32) -> u64,
    ) -> Option<(N, GcRef)> {
        let offset = self.mutator.bump.room(EXTERN_BYTES)?;
        let free = N::room(self)?;
        if !self.host.has_free() || self.manual.has_queued() {
            return None;
        }
        // From here on nothing fails. Each structure is finished before the next begins,
        // so that few values are live at once.
        let object = GcRef::from_offset(offset);
        let made = N::keep(self, free, object);
        let address = self.mutator.memory.address(offset);
        // SAFETY: `room` found room for an externref there, and a function is as large.
        unsafe { write_host_object(address, header, word(self.host.next())) };
        self.mutator.bump.advance(EXTERN_BYTES);
        Some((made, object))
    }

    /// Makes an externref, and roots it in the current scope. May collect; finalizers are
    /// queued.
    ///
    /// Errors: as [`Store::make_externref`]; [`Error::Limit`] for too many roots.
    pub(crate) fn externref_new(&self, options: ExternRefOptions) -> Attempt<Handle> {
        let object = self.make_externref(options, || self.lifo.reserve_one())?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// Makes an externref and a manual root for it. May collect; finalizers are queued.
    ///
    /// Errors: as [`Store::make_externref`]; [`Error::Limit`] for too many roots.
    pub(crate) fn externref_new_manually_rooted(
        &self,
        options: ExternRefOptions,
    ) -> Attempt<Handle> {
        let object = self.make_externref(options, || self.manual.reserve())?;
        Ok(self.handle(self.manual.create(object)?))
    }

    /// Makes an externref that nothing roots yet. `reserve` makes room for the root.
    ///
    /// Errors: as [`Store::admit_external_bytes`] and [`Cold::allocate`]; those of `reserve`;
    /// [`Error::Limit`], [`Error::SystemMemory`] for the host-data table.
    ///
    /// [`Cold::allocate`]: crate::store::Cold::allocate
    fn make_externref(
        &self,
        options: ExternRefOptions,
        reserve: impl FnOnce() -> Result<()>,
    ) -> Attempt<GcRef> {
        self.manual.unroot_some();
        self.admit_external_bytes(0, options.external_bytes)?;
        let mut cold = self.cold.borrow_mut();
        let object = cold.allocate(self, EXTERN_HEADER, EXTERN_BYTES)?;
        // After the allocation, so that NO_GC comes before SYSTEM_MEMORY.
        let boxed = || {
            options
                .store_finalizer
                .map(|f| self.host.boxed(f))
                .transpose()
        };
        let store_finalizer = reserve()
            .and_then(|()| self.host.reserve())
            .and_then(|()| boxed())
            .inspect_err(|_| cold.free_unused(self, object, EXTERN_BYTES))?;
        let index = self.host.insert(object, options.data, options.finalizer);
        let is_value = options.tag == value_tag();
        // SAFETY: `object` was just allocated with the size of an externref.
        unsafe {
            write_host_object(
                self.mutator.memory.address(object.offset()),
                EXTERN_HEADER,
                index_word(index, is_value),
            )
        };
        self.host.set_tag(index, options.tag);
        if let Some(finalizer) = store_finalizer {
            self.host.set_store_finalizer(index, finalizer);
        }
        if options.external_bytes > 0 {
            self.begin_external_bytes(&mut cold, index, options.external_bytes);
        }
        Ok(object)
    }

    /// The fast form of [`Store::externref_data`].
    #[inline(always)]
    pub(crate) fn externref_data_fast(&self, handle: Handle) -> Option<*mut c_void> {
        let object = self.resolve_or_odd(handle)?;
        // An `i31`, or a link in a slot without a live root. This must come before the
        // read. Null may be read, and has no entry.
        if object.is_odd() {
            return None;
        }
        Some(
            self.host
                .get(self.word_after_header(object.offset()), object)?
                .data,
        )
    }

    /// The entry of the externref that `handle` refers to, and its index.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`].
    pub(in crate::store) fn externref(&self, handle: Handle) -> Result<(u64, HostEntry)> {
        self.externref_at(self.object(handle, "ref")?)
    }

    /// The entry of the externref that a reference refers to, and its index. The reference
    /// is not null.
    ///
    /// Errors: [`Error::TypeMismatch`], [`Error::Internal`].
    fn externref_at(&self, object: GcRef) -> Result<(u64, HostEntry)> {
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

    /// As [`Store::externref`], for an externref that was made through C.
    ///
    /// Errors: as [`Store::externref`]; [`Error::TypeMismatch`] if it holds a Rust value.
    fn host_externref(&self, handle: Handle) -> Result<(u64, HostEntry)> {
        require_made_in_c(self.externref(handle)?)
    }

    /// The host's pointer of the externref that a reference refers to. The reference is not
    /// null.
    ///
    /// Errors: [`Error::TypeMismatch`], [`Error::Internal`].
    #[cfg(feature = "capi")]
    pub(in crate::store) fn data_at(&self, object: GcRef) -> Result<*mut c_void> {
        Ok(require_made_in_c(self.externref_at(object)?)?.1.data)
    }

    /// The fast form of [`Store::externref_value`], for an externref that holds a value.
    #[inline(always)]
    pub(crate) fn externref_value_fast(&self, handle: Handle) -> Option<*mut c_void> {
        let object = self.resolve_or_odd(handle)?;
        // As in `externref_data_fast`.
        if object.is_odd() {
            return None;
        }
        let index = self.word_after_header(object.offset()) & !VALUE_BIT;
        let entry = self.host.get(index, object)?;
        (entry.tag() == value_tag()).then_some(entry.data)
    }

    /// The Rust value of an externref; `None` if it was made through C.
    ///
    /// Errors: as [`Store::externref`].
    pub(crate) fn externref_value(&self, handle: Handle) -> Result<Option<*mut c_void>> {
        let (_, entry) = self.externref(handle)?;
        Ok((entry.tag() == value_tag()).then_some(entry.data))
    }

    /// The host's pointer of an externref.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`].
    pub(crate) fn externref_data(&self, handle: Handle) -> Result<*mut c_void> {
        Ok(self.host_externref(handle)?.1.data)
    }

    /// The host's pointer of an externref with this tag.
    ///
    /// Errors: as [`Store::externref_data`]; [`Error::TypeMismatch`] also for another
    /// tag.
    pub(crate) fn externref_data_tagged(
        &self,
        handle: Handle,
        tag: *const c_void,
    ) -> Result<*mut c_void> {
        let (_, entry) = self.host_externref(handle)?;
        if entry.tag() != tag {
            return Err(Error::TypeMismatch {
                needed: if tag.is_null() {
                    "an untagged externref"
                } else {
                    "an externref of the given tag"
                },
                found: if entry.tag().is_null() {
                    "an untagged one"
                } else {
                    "one of another tag"
                },
            });
        }
        Ok(entry.data)
    }

    /// Replaces the host's pointer of an externref. The caller owns the old one again.
    ///
    /// Errors: as [`Store::externref_data`].
    pub(crate) fn externref_set_data(&self, handle: Handle, data: *mut c_void) -> Result<()> {
        let (index, mut entry) = self.host_externref(handle)?;
        entry.data = data;
        self.host.replace(index, entry);
        Ok(())
    }
}

/// Requires that an externref was made through C.
///
/// Errors: [`Error::TypeMismatch`] if it holds a Rust value.
fn require_made_in_c((index, entry): (u64, HostEntry)) -> Result<(u64, HostEntry)> {
    if entry.tag() == value_tag() {
        return Err(Error::TypeMismatch {
            needed: "an externref made through C",
            found: "one that holds a Rust value",
        });
    }
    Ok((index, entry))
}

/// Writes a new externref or function.
///
/// # Safety
///
/// `address` must be valid for writing [`EXTERN_BYTES`] bytes.
#[inline(always)]
unsafe fn write_host_object(address: *mut u8, header: ObjectHeader, word: u64) {
    const { assert!(EXTERN_BYTES == FUNC_BYTES && EXTERN_INDEX == FUNC_INDEX) }
    // SAFETY: the caller's promise.
    unsafe {
        address.cast::<u64>().write(header.bits());
        address.add(EXTERN_INDEX as usize).cast::<u64>().write(word);
    }
}
