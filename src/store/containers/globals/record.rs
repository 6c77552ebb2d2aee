//! What a global is, apart from its value.

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
