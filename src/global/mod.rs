//! Globals: one value each, of any type.
//!
//! A global is a record outside the heap and a hidden struct of one field in it, which
//! no handle refers to: a root slot of the global's own does. The reasons are those of
//! tables ([`table`](crate::table)).
//!
//! The field may be set even if the global may not: a global says itself whether.

use crate::roots::{self, RecordSlots};
use crate::types::FieldLayout;

/// A store's globals.
pub(crate) type Globals = RecordSlots<{ roots::GLOBAL }, Global>;

/// What a global is, apart from its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Global {
    /// What its value may be, whether it may be set, and where it is in the struct.
    pub(crate) field: FieldLayout,
    /// The index of the struct's type.
    pub(crate) struct_type: u32,
}
