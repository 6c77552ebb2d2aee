//! The record of a global: everything but its value.

use crate::roots::{self, RecordSlots};
use crate::types::FieldLayout;

/// A store's globals.
pub(crate) type Globals = RecordSlots<{ roots::GLOBAL }, Global>;

/// A global, without its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Global {
    /// The values that the global admits, whether it is mutable, and where the value is
    /// in the struct.
    pub(crate) field: FieldLayout,
    /// The index of the struct's hidden type.
    pub(crate) struct_type: u32,
}
