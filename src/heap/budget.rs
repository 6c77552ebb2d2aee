//! How much of a collection is done at a time.

/// The cost of tracing a root, or an entry of a table, whose object is not at hand.
pub(crate) const LOOKUP: u64 = 16;

/// Work that may still be done now, in bytes of small objects that take about as long to
/// trace. Whoever works goes over one thing at least, so that each step makes progress.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// A budget of so many bytes, at least one.
    pub(crate) fn of(bytes: u64) -> Budget {
        Budget(bytes.max(1))
    }

    /// One that no collection spends.
    pub(crate) fn unlimited() -> Budget {
        Budget(u64::MAX)
    }

    /// What is left.
    pub(crate) fn left(&self) -> u64 {
        self.0
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// Spends so much, or what is left.
    pub(crate) fn spend(&mut self, bytes: u64) {
        self.0 = self.0.saturating_sub(bytes);
    }

    /// How many of `count` things that cost so much each are to be gone over now, for
    /// which it pays.
    pub(crate) fn take(&mut self, count: usize, cost: u64) -> usize {
        let most = usize::try_from(self.0 / cost).unwrap_or(usize::MAX).max(1);
        let taken = count.min(most);
        self.spend((taken as u64).saturating_mul(cost));
        taken
    }
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The budget is spent.
    Continue,
    /// Done.
    Complete,
}
