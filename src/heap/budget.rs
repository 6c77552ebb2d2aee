//! The work that a step of a collection may do (HEAP-15).

/// The cost of tracing a root or a table's entry, whose object is rarely in the cache.
pub(crate) const LOOKUP: u64 = 16;

/// The work that may still be done in this step, in bytes of small objects that take about
/// the same time to trace. Each step handles at least one thing, so that it makes progress
/// (HEAP-16).
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// A budget of `bytes`, or of 1 if that is 0.
    pub(crate) fn of(bytes: u64) -> Budget {
        Budget(bytes.max(1))
    }

    /// A budget that no collection can spend.
    pub(crate) fn unlimited() -> Budget {
        Budget(u64::MAX)
    }

    /// The part that is not spent.
    pub(crate) fn left(&self) -> u64 {
        self.0
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// Spends `bytes`, or all that is left.
    pub(crate) fn spend(&mut self, bytes: u64) {
        self.0 = self.0.saturating_sub(bytes);
    }

    /// The number of things to handle now, of `count` things that cost `cost` each. Spends
    /// their cost. The number is at least 1, unless `count` is 0.
    pub(crate) fn take(&mut self, count: usize, cost: u64) -> usize {
        let affordable = usize::try_from(self.0 / cost).unwrap_or(usize::MAX).max(1);
        let taken = count.min(affordable);
        self.spend((taken as u64).saturating_mul(cost));
        taken
    }
}

/// Whether work is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The budget is spent, and work is left.
    Continue,
    /// Nothing is left to do.
    Complete,
}

impl Progress {
    /// [`Progress::Complete`] if so, else [`Progress::Continue`].
    pub(crate) fn complete_if(is_complete: bool) -> Progress {
        match is_complete {
            true => Progress::Complete,
            false => Progress::Continue,
        }
    }
}
