//! Operations without immediates on numbers and vectors.

use std::ops::Add;

use super::vectors::vector;
use crate::code::numeric::{Conversion, F32, F64, I32, I64, Numeric};
use crate::gc::{Slot, ValueStack};
use crate::stop::{Result, trap};

pub fn numeric(stack: &ValueStack, op: Numeric) -> Result<()> {
    match op {
        Numeric::I32(op) => i32_op(stack, op)?,
        Numeric::I64(op) => i64_op(stack, op)?,
        Numeric::F32(op) => f32_op(stack, op),
        Numeric::F64(op) => f64_op(stack, op),
        Numeric::Conversion(op) => conversion(stack, op)?,
        Numeric::Vector(op) => vector(stack, op),
    }
    Ok(())
}

/// A Rust type for a Wasm number: signed, unsigned, floating-point or a truth value.
trait Number: Copy {
    fn read(slot: Slot) -> Self;

    fn slot(self) -> Slot;
}

/// Implements [`Number`].
macro_rules! number {
    ($($of:ty: $read:expr, $write:expr;)*) => {$(
        impl Number for $of {
            fn read(slot: Slot) -> $of {
                $read(slot)
            }

            fn slot(self) -> Slot {
                $write(self)
            }
        }
    )*};
}

number! {
    bool: |slot: Slot| slot.as_i32() != 0, Slot::bool;
    i32: Slot::as_i32, Slot::i32;
    u32: Slot::as_u32, |value| Slot::i32(value as i32);
    i64: Slot::as_i64, Slot::i64;
    u64: Slot::bits, |value| Slot::i64(value as i64);
    f32: Slot::as_f32, |value: f32| Slot::f32_bits(value.to_bits());
    f64: Slot::as_f64, |value: f64| Slot::f64_bits(value.to_bits());
}

fn unary<A: Number, R: Number>(stack: &ValueStack, f: impl Fn(A) -> R) {
    stack.set_top(f(A::read(stack.peek(0))).slot());
}

fn binary<A: Number, R: Number>(stack: &ValueStack, f: impl Fn(A, A) -> R) {
    let b = A::read(stack.pop());
    let a = A::read(stack.peek(0));
    stack.set_top(f(a, b).slot());
}

/// Like [`binary`], for operations that may trap.
fn division<A: Number + Default + PartialEq>(
    stack: &ValueStack,
    f: impl Fn(A, A) -> Option<A>,
) -> Result<()> {
    let b = A::read(stack.pop());
    let a = A::read(stack.peek(0));
    if b == A::default() {
        return trap("integer divide by zero");
    }
    match f(a, b) {
        Some(quotient) => stack.set_top(quotient.slot()),
        None => return trap("integer overflow"),
    }
    Ok(())
}

fn i32_op(stack: &ValueStack, op: I32) -> Result<()> {
    use I32::*;
    match op {
        I32Eqz => unary(stack, |a: i32| a == 0),
        I32Eq => binary(stack, |a: i32, b| a == b),
        I32Ne => binary(stack, |a: i32, b| a != b),
        I32LtS => binary(stack, |a: i32, b| a < b),
        I32LtU => binary(stack, |a: u32, b| a < b),
        I32GtS => binary(stack, |a: i32, b| a > b),
        I32GtU => binary(stack, |a: u32, b| a > b),
        I32LeS => binary(stack, |a: i32, b| a <= b),
        I32LeU => binary(stack, |a: u32, b| a <= b),
        I32GeS => binary(stack, |a: i32, b| a >= b),
        I32GeU => binary(stack, |a: u32, b| a >= b),
        I32Clz => unary(stack, u32::leading_zeros),
        I32Ctz => unary(stack, u32::trailing_zeros),
        I32Popcnt => unary(stack, u32::count_ones),
        I32Add => binary(stack, i32::wrapping_add),
        I32Sub => binary(stack, i32::wrapping_sub),
        I32Mul => binary(stack, i32::wrapping_mul),
        I32DivS => return division(stack, i32::checked_div),
        I32DivU => return division(stack, u32::checked_div),
        I32RemS => return division(stack, |a: i32, b| Some(a.wrapping_rem(b))),
        I32RemU => return division(stack, u32::checked_rem),
        I32And => binary(stack, |a: u32, b| a & b),
        I32Or => binary(stack, |a: u32, b| a | b),
        I32Xor => binary(stack, |a: u32, b| a ^ b),
        I32Shl => binary(stack, u32::wrapping_shl),
        I32ShrS => binary(stack, |a: i32, b| a.wrapping_shr(b as u32)),
        I32ShrU => binary(stack, u32::wrapping_shr),
        I32Rotl => binary(stack, |a: u32, b| a.rotate_left(b % 32)),
        I32Rotr => binary(stack, |a: u32, b| a.rotate_right(b % 32)),
        I32Extend8S => unary(stack, |a: i32| i32::from(a as i8)),
        I32Extend16S => unary(stack, |a: i32| i32::from(a as i16)),
    }
    Ok(())
}

fn i64_op(stack: &ValueStack, op: I64) -> Result<()> {
    use I64::*;
    match op {
        I64Eqz => unary(stack, |a: i64| a == 0),
        I64Eq => binary(stack, |a: i64, b| a == b),
        I64Ne => binary(stack, |a: i64, b| a != b),
        I64LtS => binary(stack, |a: i64, b| a < b),
        I64LtU => binary(stack, |a: u64, b| a < b),
        I64GtS => binary(stack, |a: i64, b| a > b),
        I64GtU => binary(stack, |a: u64, b| a > b),
        I64LeS => binary(stack, |a: i64, b| a <= b),
        I64LeU => binary(stack, |a: u64, b| a <= b),
        I64GeS => binary(stack, |a: i64, b| a >= b),
        I64GeU => binary(stack, |a: u64, b| a >= b),
        I64Clz => unary(stack, |a: u64| u64::from(a.leading_zeros())),
        I64Ctz => unary(stack, |a: u64| u64::from(a.trailing_zeros())),
        I64Popcnt => unary(stack, |a: u64| u64::from(a.count_ones())),
        I64Add => binary(stack, i64::wrapping_add),
        I64Sub => binary(stack, i64::wrapping_sub),
        I64Mul => binary(stack, i64::wrapping_mul),
        I64DivS => return division(stack, i64::checked_div),
        I64DivU => return division(stack, u64::checked_div),
        I64RemS => return division(stack, |a: i64, b| Some(a.wrapping_rem(b))),
        I64RemU => return division(stack, u64::checked_rem),
        I64And => binary(stack, |a: u64, b| a & b),
        I64Or => binary(stack, |a: u64, b| a | b),
        I64Xor => binary(stack, |a: u64, b| a ^ b),
        I64Shl => binary(stack, |a: u64, b| a.wrapping_shl(b as u32)),
        I64ShrS => binary(stack, |a: i64, b| a.wrapping_shr(b as u32)),
        I64ShrU => binary(stack, |a: u64, b| a.wrapping_shr(b as u32)),
        I64Rotl => binary(stack, |a: u64, b| a.rotate_left(b as u32 % 64)),
        I64Rotr => binary(stack, |a: u64, b| a.rotate_right(b as u32 % 64)),
        I64Extend8S => unary(stack, |a: i64| i64::from(a as i8)),
        I64Extend16S => unary(stack, |a: i64| i64::from(a as i16)),
        I64Extend32S => unary(stack, |a: i64| i64::from(a as i32)),
    }
    Ok(())
}

/// A rounding function whose result is never a signaling NaN. Rust's functions may return
/// one.
fn quiet<A: Number + PartialOrd + Add<Output = A>>(round: impl Fn(A) -> A) -> impl Fn(A) -> A {
    // Only a NaN is unordered with itself.
    move |a| match a.partial_cmp(&a) {
        Some(_) => round(a),
        None => a + a,
    }
}

/// Defines the operations on floats, with one text for both widths.
macro_rules! float_operations {
    ($name:ident, $group:ident, $of:ident: $($op:ident)*) => {
        fn $name(stack: &ValueStack, op: $group) {
            float_operations!(@arms stack, op, $group, $of, $($op)*)
        }
    };
    (@arms $stack:ident, $op:ident, $group:ident, $of:ident,
     $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident $abs:ident $neg:ident
     $ceil:ident $floor:ident $trunc:ident $nearest:ident $sqrt:ident $add:ident $sub:ident
     $mul:ident $div:ident $min:ident $max:ident $copysign:ident) => {
        match $op {
            $group::$eq => binary($stack, |a: $of, b| a == b),
            $group::$ne => binary($stack, |a: $of, b| a != b),
            $group::$lt => binary($stack, |a: $of, b| a < b),
            $group::$gt => binary($stack, |a: $of, b| a > b),
            $group::$le => binary($stack, |a: $of, b| a <= b),
            $group::$ge => binary($stack, |a: $of, b| a >= b),
            $group::$abs => unary($stack, $of::abs),
            $group::$neg => unary($stack, |a: $of| -a),
            $group::$ceil => unary($stack, quiet($of::ceil)),
            $group::$floor => unary($stack, quiet($of::floor)),
            $group::$trunc => unary($stack, quiet($of::trunc)),
            $group::$nearest => unary($stack, quiet($of::round_ties_even)),
            $group::$sqrt => unary($stack, $of::sqrt),
            $group::$add => binary($stack, |a: $of, b| a + b),
            $group::$sub => binary($stack, |a: $of, b| a - b),
            $group::$mul => binary($stack, |a: $of, b| a * b),
            $group::$div => binary($stack, |a: $of, b| a / b),
            $group::$min => binary($stack, |a: $of, b| {
                if a.is_nan() || b.is_nan() {
                    a + b
                } else if a < b || (a == b && a.is_sign_negative()) {
                    a
                } else {
                    b
                }
            }),
            $group::$max => binary($stack, |a: $of, b| {
                if a.is_nan() || b.is_nan() {
                    a + b
                } else if a > b || (a == b && a.is_sign_positive()) {
                    a
                } else {
                    b
                }
            }),
            $group::$copysign => binary($stack, $of::copysign),
        }
    };
}

float_operations! { f32_op, F32, f32:
    F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest
    F32Sqrt F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign
}

float_operations! { f64_op, F64, f64:
    F64Eq F64Ne F64Lt F64Gt F64Le F64Ge F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest
    F64Sqrt F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign
}

/// Converts a float to an integer. `low` and `high` are outside the integer's range, one
/// on each side: the nearest floats that are out of range.
fn truncate<R: Number>(
    stack: &ValueStack,
    value: f64,
    (low, high): (f64, f64),
    f: impl Fn(f64) -> R,
) -> Result<()> {
    if value.is_nan() {
        return trap("invalid conversion to integer");
    }
    let whole = value.trunc();
    if whole <= low || whole >= high {
        return trap("integer overflow");
    }
    stack.set_top(f(whole).slot());
    Ok(())
}

const I32_RANGE: (f64, f64) = (-2147483649.0, 2147483648.0);
const U32_RANGE: (f64, f64) = (-1.0, 4294967296.0);
/// The next float below -2^63.
const I64_RANGE: (f64, f64) = (-9223372036854777856.0, 9223372036854775808.0);
const U64_RANGE: (f64, f64) = (-1.0, 18446744073709551616.0);

fn conversion(stack: &ValueStack, op: Conversion) -> Result<()> {
    use Conversion::*;
    let top = stack.peek(0);
    let (f32, f64) = (f64::from(top.as_f32()), top.as_f64());
    match op {
        I32TruncF32S => return truncate(stack, f32, I32_RANGE, |a| a as i32),
        I32TruncF32U => return truncate(stack, f32, U32_RANGE, |a| a as u32),
        I32TruncF64S => return truncate(stack, f64, I32_RANGE, |a| a as i32),
        I32TruncF64U => return truncate(stack, f64, U32_RANGE, |a| a as u32),
        I64TruncF32S => return truncate(stack, f32, I64_RANGE, |a| a as i64),
        I64TruncF32U => return truncate(stack, f32, U64_RANGE, |a| a as u64),
        I64TruncF64S => return truncate(stack, f64, I64_RANGE, |a| a as i64),
        I64TruncF64U => return truncate(stack, f64, U64_RANGE, |a| a as u64),
        I32TruncSatF32S => unary(stack, |a: f32| a as i32),
        I32TruncSatF32U => unary(stack, |a: f32| a as u32),
        I32TruncSatF64S => unary(stack, |a: f64| a as i32),
        I32TruncSatF64U => unary(stack, |a: f64| a as u32),
        I64TruncSatF32S => unary(stack, |a: f32| a as i64),
        I64TruncSatF32U => unary(stack, |a: f32| a as u64),
        I64TruncSatF64S => unary(stack, |a: f64| a as i64),
        I64TruncSatF64U => unary(stack, |a: f64| a as u64),
        I32WrapI64 => unary(stack, |a: i64| a as i32),
        I64ExtendI32S => unary(stack, |a: i32| i64::from(a)),
        I64ExtendI32U => unary(stack, |a: u32| u64::from(a)),
        F32ConvertI32S => unary(stack, |a: i32| a as f32),
        F32ConvertI32U => unary(stack, |a: u32| a as f32),
        F32ConvertI64S => unary(stack, |a: i64| a as f32),
        F32ConvertI64U => unary(stack, |a: u64| a as f32),
        F64ConvertI32S => unary(stack, |a: i32| f64::from(a)),
        F64ConvertI32U => unary(stack, |a: u32| f64::from(a)),
        F64ConvertI64S => unary(stack, |a: i64| a as f64),
        F64ConvertI64U => unary(stack, |a: u64| a as f64),
        F32DemoteF64 => unary(stack, |a: f64| a as f32),
        F64PromoteF32 => unary(stack, |a: f32| f64::from(a)),
        I32ReinterpretF32 => unary(stack, |a: f32| a.to_bits()),
        I64ReinterpretF64 => unary(stack, |a: f64| a.to_bits()),
        F32ReinterpretI32 => unary(stack, f32::from_bits),
        F64ReinterpretI64 => unary(stack, f64::from_bits),
    }
    Ok(())
}
