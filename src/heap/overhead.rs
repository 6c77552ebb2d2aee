//! The overhead limit: when an allocation is refused because collecting is in vain.
//!
//! Near the heap's limit each collection frees little, so the next one follows soon, and
//! the program spends its time in collections. The limit counts the full collections in a
//! row that an allocation needed, that found the heap at its limit, and that freed less
//! than a share of the heap. After [`MOST`] of them the next such allocation is refused
//! (HEAP-49).

/// The number of collections in a row that may free too little.
const MOST: u32 = 5;

/// What the overhead limit counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overhead {
    /// The share of the heap that a collection has to free. 0 means that nothing is refused.
    percent: u32,
    /// The collections in a row that freed less than that.
    futile: u32,
    /// The size of the allocation that waits for a collection in steps, if it found the
    /// heap at its limit.
    awaited: Option<u64>,
    /// The bytes that the last collection freed.
    freed_by_last: u64,
}

impl Overhead {
    /// A limit of `percent` of the heap. 0 turns it off.
    pub(crate) fn new(percent: u32) -> Overhead {
        Overhead {
            percent,
            ..Overhead::default()
        }
    }

    /// The share of the heap that a collection has to free, in percent.
    pub(crate) fn percent(&self) -> u32 {
        self.percent
    }

    /// Begins the count anew: the heap has grown, or was trimmed.
    pub(crate) fn restart(&mut self) {
        self.futile = 0;
    }

    /// Notes a collection that freed `freed` bytes of a heap in which objects may occupy
    /// `heap` bytes. If that is enough, the count begins anew.
    pub(crate) fn note_collection(&mut self, freed: u64, heap: u64) {
        self.freed_by_last = freed;
        if !self.is_too_little(freed, heap) {
            self.restart();
        }
    }

    /// Counts the full collection of an allocation that found the heap at its limit.
    /// The parameters are those of [`Overhead::note_collection`]. Returns the number
    /// of collections that freed too little, if the allocation has to be refused.
    pub(crate) fn count(&mut self, freed: u64, heap: u64) -> Option<u32> {
        if !self.is_too_little(freed, heap) {
            self.restart();
            return None;
        }
        self.futile = self.futile.saturating_add(1);
        (self.futile > MOST).then_some(self.futile)
    }

    /// Notes that an allocation waits for a full collection in steps. `at_limit` is its
    /// size if it found the heap at its limit.
    pub(crate) fn await_collection(&mut self, at_limit: Option<u64>) {
        self.awaited = at_limit;
    }

    /// The size of the allocation that waited, and the bytes that the awaited collection
    /// has freed, if the allocation found the heap at its limit.
    pub(crate) fn take_awaited(&mut self) -> Option<(u64, u64)> {
        let bytes = self.awaited.take()?;
        Some((bytes, self.freed_by_last))
    }

    fn is_too_little(&self, freed: u64, heap: u64) -> bool {
        u128::from(freed) * 100 < u128::from(heap) * u128::from(self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_collection_in_vain_is_refused() {
        let mut overhead = Overhead::new(2);
        for _ in 0..5 {
            assert_eq!(overhead.count(19, 1000), None);
        }
        assert_eq!(overhead.count(19, 1000), Some(6));
        assert_eq!(overhead.count(19, 1000), Some(7));
    }

    #[test]
    fn any_other_outcome_starts_the_count_anew() {
        let restarts: [fn(&mut Overhead); 3] = [
            |overhead| assert_eq!(overhead.count(20, 1000), None),
            |overhead| overhead.note_collection(20, 1000),
            Overhead::restart,
        ];
        for restart in restarts {
            let mut overhead = Overhead::new(2);
            for _ in 0..2 {
                for _ in 0..5 {
                    assert_eq!(overhead.count(0, 1000), None);
                    overhead.note_collection(19, 1000);
                }
                restart(&mut overhead);
            }
        }
    }

    #[test]
    fn a_limit_of_zero_refuses_nothing() {
        let mut overhead = Overhead::new(0);
        for _ in 0..20 {
            assert_eq!(overhead.count(0, 1000), None);
        }
    }
}
