//! The kinds of loads and stores.

#![expect(clippy::enum_variant_names, reason = "the operators' names")]

use wasmparser::{MemArg, Operator};

/// Declares an enum of loads or stores, and its constructor from an operator.
macro_rules! accesses {
    ($group:ident { $($name:ident)* }) => {
        #[derive(Clone, Copy, Debug)]
        pub enum $group {
            $($name,)*
        }

        impl $group {
            pub fn new(operator: &Operator<'_>) -> Option<($group, MemArg)> {
                Some(match operator {
                    $(Operator::$name { memarg } => ($group::$name, *memarg),)*
                    _ => return None,
                })
            }
        }
    };
}

accesses! {
    Load {
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S
        I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U V128Load
    }
}

accesses! {
    StoreTo {
        I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16
        I64Store32 V128Store
    }
}
