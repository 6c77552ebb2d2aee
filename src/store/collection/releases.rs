//! Releases: how often something stopped keeping its object alive.
//!
//! `store_gc` compares the number before and after the finalizers run. If it has changed,
//! `store_gc` collects again (HOST-15, HOST-17, HOST-26). The end of a scope is not a
//! release: a finalizer can end only scopes that it entered itself (ROOTS-13), and what
//! it roots there is reachable from elsewhere or new.

use crate::store::Store;

impl Store {
    /// The releases so far: manual roots and pins that ended, and what [`Store::count_release`]
    /// counted. Wraps around.
    pub(in crate::store) fn releases(&self) -> u64 {
        self.manual
            .released()
            .wrapping_add(self.pins.released())
            .wrapping_add(self.counted_releases.get())
    }

    /// Counts a release by anything except a manual root or a pin. That is:
    ///
    /// * a scoped root that is assigned;
    /// * an entry of a weak map, and a weak map, table, global, root range or root
    ///   visitor that ends;
    /// * the pending exception, when it is replaced or taken;
    /// * a slot in an object, when the slow form of an operation stores a reference.
    ///   Inside finalizers all stores take the slow form (HOST-16).
    pub(in crate::store) fn count_release(&self) {
        let releases = self.counted_releases.get();
        self.counted_releases.set(releases.wrapping_add(1));
    }
}
