//! Objects: one file for each kind, and what making and reading them have in common.

mod admit;
pub(in crate::store) mod array_ranges;
pub(in crate::store) mod arrays;
pub(in crate::store) mod casts;
pub(in crate::store) mod exceptions;
pub(in crate::store) mod externrefs;
pub(in crate::store) mod functions;
mod i31;
mod make;
mod raw;
pub(in crate::store) mod structs;
pub(in crate::store) mod type_table;
pub(in crate::store) mod typed;
pub(in crate::store) mod value;

pub(crate) use casts::RefKind;
pub(crate) use externrefs::ExternRefOptions;
pub(crate) use value::{RawValue, Value};
