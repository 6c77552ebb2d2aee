//! The bound on walks that follow what the heap says (HEAP-36).
//!
//! A link, a length or a reference in an overwritten heap may lead in a circle, or describe
//! blocks that overlap. A walk over blocks that do not overlap visits at most the bytes of
//! the memory that they lie in. So a walk counts the bytes that it visits, and ends with an
//! error beyond that number.

use crate::error::{Error, Result};

/// The bytes that a walk may visit, and those that it has visited.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WalkBound {
    limit: u64,
    visited: u64,
}

impl WalkBound {
    /// The bound of a walk over blocks that have at most `limit` bytes in all.
    pub(crate) const fn new(limit: u64) -> WalkBound {
        WalkBound { limit, visited: 0 }
    }

    /// Counts a block of `bytes` at `offset`. The caller calls this before it does any work
    /// for the block. Each block must have at least a granule.
    ///
    /// Errors: [`Error::Internal`] if the blocks overlap, or the walk goes in a circle.
    #[inline]
    pub(crate) fn visit(&mut self, offset: u64, bytes: u64) -> Result<()> {
        if bytes > self.limit - self.visited {
            return Err(Error::internal("blocks that overlap", offset));
        }
        self.visited += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_visits_its_limit_and_no_more() {
        let mut bound = WalkBound::new(40);
        bound.visit(8, 16).unwrap();
        bound.visit(24, 24).unwrap();
        assert!(bound.visit(48, 8).is_err() && bound.visit(48, u64::MAX).is_err());
        assert!(WalkBound::default().visit(8, 8).is_err());
    }
}
