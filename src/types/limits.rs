//! The limits of types and groups: those of WebAssembly's JavaScript embedding.

use crate::error::{Error, Result};

/// The most members of a group, and the most types of a collection of groups.
pub(super) const MEMBERS_MAX: usize = 1_000_000;
/// The most fields of a struct.
const FIELDS_MAX: usize = 10_000;
/// The most parameters, and the most results, of a function.
const PARAMETERS_MAX: usize = 1_000;
/// The most supertypes above a type.
pub(super) const DEPTH_MAX: usize = 63;

/// Checks the number of fields of a struct.
///
/// Errors: [`Error::Limit`].
pub(crate) fn check_field_count(count: usize) -> Result<()> {
    at_most(count, FIELDS_MAX, "fields of a struct")
}

/// Checks the numbers of parameters and results of a function.
///
/// Errors: [`Error::Limit`].
pub(crate) fn check_value_counts(params: usize, results: usize) -> Result<()> {
    at_most(params, PARAMETERS_MAX, "parameters of a function")?;
    at_most(results, PARAMETERS_MAX, "results of a function")
}

/// Fails if there are more than `max` of `what`.
///
/// Errors: [`Error::Limit`].
pub(super) fn at_most(count: usize, max: usize, what: &'static str) -> Result<()> {
    if count > max {
        return Err(exceeded(what, max));
    }
    Ok(())
}

/// The error for more than `limit` of `what`.
pub(super) fn exceeded(what: &'static str, limit: usize) -> Error {
    Error::Limit {
        what,
        limit: limit as u64,
    }
}
