//! Vectors. Lane 0 is in the lowest bits.

use super::activation::Activation;
use crate::code::Lane;
use crate::code::numeric::Vector;
use crate::gc::{Slot, ValueStack};

/// The lanes of a vector, as integers of type `$of`.
macro_rules! lanes {
    ($of:ty, $vector:expr) => {
        $vector
            .to_le_bytes()
            .as_chunks::<{ size_of::<$of>() }>()
            .0
            .iter()
            .map(|bytes| <$of>::from_le_bytes(*bytes))
    };
}

/// Makes a vector of lanes of type `$of`.
macro_rules! of_lanes {
    ($of:ty, $lanes:expr) => {{
        let mut vector = 0;
        for (index, lane) in $lanes.enumerate() {
            let lane: $of = lane;
            vector |= u128::from(lane) << (index * 8 * size_of::<$of>());
        }
        vector
    }};
}

/// A vector with the same value in each lane.
macro_rules! splat {
    ($of:ty, $value:expr) => {
        of_lanes!(
            $of,
            std::iter::repeat_n($value as $of, 16 / size_of::<$of>())
        )
    };
}

/// Replaces the two vectors on top of the stack. `$f` gives each lane from the two lanes with
/// its index.
macro_rules! zip {
    ($of:ty, $stack:expr, $f:expr) => {
        binary($stack, |a, b| {
            of_lanes!(
                $of,
                lanes!($of, a).zip(lanes!($of, b)).map(|(a, b)| $f(a, b))
            )
        })
    };
}

/// The uppermost bits of the lanes, lane 0 in the lowest bit.
macro_rules! bitmask {
    ($of:ty, $vector:expr) => {
        lanes!($of, $vector)
            .enumerate()
            .map(|(index, lane)| i32::from(lane < 0) << index)
            .sum::<i32>()
    };
}

fn unary(stack: &ValueStack, f: impl Fn(u128) -> Slot) {
    stack.set_top(f(stack.peek(0).as_v128()));
}

fn binary(stack: &ValueStack, f: impl Fn(u128, u128) -> u128) {
    let b = stack.pop().as_v128();
    let a = stack.peek(0).as_v128();
    stack.set_top(Slot::v128(f(a, b)));
}

/// Replaces the number on top of the stack by the vector that `f` makes of it.
fn from_bits(stack: &ValueStack, f: impl Fn(u64) -> u128) {
    stack.set_top(Slot::v128(f(stack.peek(0).bits())));
}

pub fn vector(stack: &ValueStack, op: Vector) {
    use Vector::*;
    match op {
        V128Not => unary(stack, |a| Slot::v128(!a)),
        V128And => binary(stack, |a, b| a & b),
        V128AndNot => binary(stack, |a, b| a & !b),
        V128Or => binary(stack, |a, b| a | b),
        V128Xor => binary(stack, |a, b| a ^ b),
        V128Bitselect => {
            let mask = stack.pop().as_v128();
            binary(stack, |a, b| (a & mask) | (b & !mask));
        }
        V128AnyTrue => unary(stack, |a| Slot::bool(a != 0)),
        I8x16AllTrue => unary(stack, |a| Slot::bool(lanes!(u8, a).all(|lane| lane != 0))),
        I16x8AllTrue => unary(stack, |a| Slot::bool(lanes!(u16, a).all(|lane| lane != 0))),
        I32x4AllTrue => unary(stack, |a| Slot::bool(lanes!(u32, a).all(|lane| lane != 0))),
        I64x2AllTrue => unary(stack, |a| Slot::bool(lanes!(u64, a).all(|lane| lane != 0))),
        I8x16Bitmask => unary(stack, |a| Slot::i32(bitmask!(i8, a))),
        I16x8Bitmask => unary(stack, |a| Slot::i32(bitmask!(i16, a))),
        I32x4Bitmask => unary(stack, |a| Slot::i32(bitmask!(i32, a))),
        I64x2Bitmask => unary(stack, |a| Slot::i32(bitmask!(i64, a))),
        I8x16Splat => from_bits(stack, |bits| splat!(u8, bits)),
        I16x8Splat => from_bits(stack, |bits| splat!(u16, bits)),
        I32x4Splat | F32x4Splat => from_bits(stack, |bits| splat!(u32, bits)),
        I64x2Splat | F64x2Splat => from_bits(stack, |bits| splat!(u64, bits)),
        I8x16Add => zip!(u8, stack, u8::wrapping_add),
        I16x8Add => zip!(u16, stack, u16::wrapping_add),
        I32x4Add => zip!(u32, stack, u32::wrapping_add),
        I64x2Add => zip!(u64, stack, u64::wrapping_add),
        I8x16Sub => zip!(u8, stack, u8::wrapping_sub),
        I8x16Swizzle => binary(stack, |a, indices| select_bytes(&a.to_le_bytes(), indices)),
    }
}

/// The bytes with these indices. An index that is too large gives 0.
fn select_bytes(bytes: &[u8], indices: u128) -> u128 {
    let indices = indices.to_le_bytes().into_iter();
    of_lanes!(
        u8,
        indices.map(|index| bytes.get(usize::from(index)).copied().unwrap_or(0))
    )
}

impl Activation<'_> {
    pub fn v128_const(&self, vector: u32) {
        self.push(Slot::v128(self.frame.code.vectors[vector as usize]));
    }

    /// `i8x16.shuffle`: indices from 16 on select from the second vector.
    pub fn shuffle(&self, indices: u32) {
        let indices = self.frame.code.vectors[indices as usize];
        binary(self.stack, |a, b| {
            select_bytes(&[a.to_le_bytes(), b.to_le_bytes()].concat(), indices)
        });
    }

    pub fn lane(&self, what: Lane, lane: u8) {
        use Lane::*;
        let (stack, index) = (self.stack, usize::from(lane));
        match what {
            I8x16ExtractLaneS => extract(stack, index, 8, |bits| Slot::i32((bits as i8).into())),
            I8x16ExtractLaneU => extract(stack, index, 8, |bits| Slot::i32(bits as i32)),
            I16x8ExtractLaneS => extract(stack, index, 16, |bits| Slot::i32((bits as i16).into())),
            I16x8ExtractLaneU => extract(stack, index, 16, |bits| Slot::i32(bits as i32)),
            I32x4ExtractLane => extract(stack, index, 32, |bits| Slot::i32(bits as i32)),
            I64x2ExtractLane => extract(stack, index, 64, |bits| Slot::i64(bits as i64)),
            F32x4ExtractLane => extract(stack, index, 32, |bits| Slot::f32_bits(bits as u32)),
            F64x2ExtractLane => extract(stack, index, 64, Slot::f64_bits),
            I8x16ReplaceLane => replace(stack, index, 8),
            I16x8ReplaceLane => replace(stack, index, 16),
            I32x4ReplaceLane | F32x4ReplaceLane => replace(stack, index, 32),
            I64x2ReplaceLane | F64x2ReplaceLane => replace(stack, index, 64),
        }
    }
}

/// Replaces the vector on top of the stack by one of its lanes, which has `width` bits.
fn extract(stack: &ValueStack, index: usize, width: usize, slot: impl Fn(u64) -> Slot) {
    unary(stack, |vector| {
        let lane = vector >> (index * width) & ones(width);
        slot(lane as u64)
    });
}

/// Sets a lane of `width` bits to the number on top of the stack.
fn replace(stack: &ValueStack, index: usize, width: usize) {
    let value = u128::from(stack.pop().bits()) & ones(width);
    unary(stack, |vector| {
        let others = vector & !(ones(width) << (index * width));
        Slot::v128(others | value << (index * width))
    });
}

fn ones(width: usize) -> u128 {
    (1 << width) - 1
}
