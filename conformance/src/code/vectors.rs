//! Operators on vectors that have immediates.
//!
//! The interpreter has the operators that the tests of garbage-collected objects with
//! vectors need, not all of SIMD: `Vector` in `numeric` has those without immediates.

#![expect(clippy::enum_variant_names, reason = "the operators' names")]

use wasmparser::Operator;

use super::Op;

/// Declares the operators with a lane, and their constructor from an operator.
macro_rules! lane_operators {
    ($($name:ident)*) => {
        /// Reads or replaces one lane.
        #[derive(Clone, Copy, Debug)]
        pub enum Lane {
            $($name,)*
        }

        impl Lane {
            fn new(operator: &Operator<'_>) -> Option<(Lane, u8)> {
                Some(match operator {
                    $(Operator::$name { lane } => (Lane::$name, *lane),)*
                    _ => return None,
                })
            }
        }
    };
}

lane_operators! {
    I8x16ExtractLaneS I8x16ExtractLaneU I8x16ReplaceLane I16x8ExtractLaneS
    I16x8ExtractLaneU I16x8ReplaceLane I32x4ExtractLane I32x4ReplaceLane I64x2ExtractLane
    I64x2ReplaceLane F32x4ExtractLane F32x4ReplaceLane F64x2ExtractLane F64x2ReplaceLane
}

/// The operation for an operator on vectors that has immediates. Those of 16 bytes are
/// added to `vectors`.
pub fn vector(operator: &Operator<'_>, vectors: &mut Vec<u128>) -> Option<Op> {
    if let Some((what, lane)) = Lane::new(operator) {
        return Some(Op::Lane { what, lane });
    }
    let (bytes, op): (_, fn(u32) -> Op) = match operator {
        Operator::V128Const { value } => (*value.bytes(), Op::V128Const),
        Operator::I8x16Shuffle { lanes } => (*lanes, Op::Shuffle),
        _ => return None,
    };
    vectors.push(u128::from_le_bytes(bytes));
    Some(op(vectors.len() as u32 - 1))
}
