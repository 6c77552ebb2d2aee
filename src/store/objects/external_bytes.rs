//! External bytes: memory outside the heap that objects keep alive. Many of them bring
//! the next collection forward (HEAP-12).

use crate::error::{Error, Result};
use crate::host::HostEntry;
use crate::roots::Handle;
use crate::store::{Cold, Store};

impl Store {
    /// Sets the external bytes of an externref. Never collects.
    ///
    /// Errors: as [`Store::externref`].
    pub(crate) fn externref_set_external_bytes(
        &self,
        handle: Handle,
        external_bytes: u64,
    ) -> Result<()> {
        let (index, entry) = self.externref(handle)?;
        self.replace_external_bytes(index, entry, external_bytes);
        Ok(())
    }

    /// Adds `difference` to the external bytes of an externref. Never collects.
    ///
    /// Errors: as [`Store::externref`]; [`Error::FewExternalBytes`] if the sum is negative;
    /// [`Error::Limit`] if it needs more than 64 bits.
    pub(crate) fn externref_adjust_external_bytes(
        &self,
        handle: Handle,
        difference: i64,
    ) -> Result<()> {
        let (index, entry) = self.externref(handle)?;
        let bytes = entry.external_bytes;
        let sum = bytes
            .checked_add_signed(difference)
            .ok_or(if difference < 0 {
                Error::FewExternalBytes { difference, bytes }
            } else {
                Error::Limit {
                    what: "external bytes of an externref",
                    limit: u64::MAX,
                }
            })?;
        self.replace_external_bytes(index, entry, sum);
        Ok(())
    }

    /// Sets the external bytes of the externref with this entry at `index`.
    fn replace_external_bytes(&self, index: u64, mut entry: HostEntry, external_bytes: u64) {
        let before = core::mem::replace(&mut entry.external_bytes, external_bytes);
        self.host.replace(index, entry);
        self.cold
            .borrow_mut()
            .count_external(self, before, external_bytes);
    }
}

impl Cold {
    /// Counts that an object's external bytes changed from `before` to `now`. If the
    /// bytes since the last collection are over the budget, the next allocation collects.
    pub(in crate::store) fn count_external(&mut self, store: &Store, before: u64, now: u64) {
        self.external_allocated = self
            .external_allocated
            .saturating_add(now.saturating_sub(before))
            .saturating_sub(before.saturating_sub(now));
        let pressure = self.external_allocated >= self.external_budget && store.collects();
        store.external_pressure.set(pressure);
        store.update_slow_path();
    }
}
