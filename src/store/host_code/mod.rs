//! The only callers of foreign code: finalizers, host functions, the growth callback and
//! root visitors.

mod call_value;
pub(crate) mod calls;
pub(crate) mod finalize;
pub(in crate::store) mod growth;
mod pending_exception;
pub(in crate::store) mod root_visitors;
