//! The state of a collection between whose steps the program runs.

/// What a collection between whose steps the program runs does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkingState {
    /// There is no such collection.
    Idle,
    /// It marks. No object is known to be dead.
    Marking,
    /// It has marked all that is alive. Old objects without a mark are dead: those in all blocks,
    /// or in the blocks from a number on. The others are swept already.
    Sweeping(usize),
}
