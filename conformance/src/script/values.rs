//! Arguments and expected results.

use anyhow::{Result, bail};
use wast::WastArg;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};

use crate::gc::{RefKind, Slot, Store};
use crate::vm::Vm;

/// Pushes an argument. The stack keeps it alive.
pub fn push(vm: &Vm, arg: &WastArg<'_>) -> Result<()> {
    let WastArg::Core(arg) = arg else {
        bail!("a component's value");
    };
    vm.stack.push(match arg {
        WastArgCore::I32(value) => Slot::i32(*value),
        WastArgCore::I64(value) => Slot::i64(*value),
        WastArgCore::F32(value) => Slot::f32_bits(value.bits),
        WastArgCore::F64(value) => Slot::f64_bits(value.bits),
        WastArgCore::RefNull(_) => Slot::NULL,
        WastArgCore::RefExtern(number) | WastArgCore::RefHost(number) => {
            Slot::reference(vm.store.extern_new(*number)?)
        }
        WastArgCore::V128(value) => Slot::v128(u128::from_le_bytes(value.to_le_bytes())),
    });
    Ok(())
}

/// Whether a result matches the expected one.
pub fn matches(store: &Store, slot: Slot, expected: &WastRetCore<'_>) -> Result<bool> {
    use WastRetCore::*;
    Ok(match expected {
        I32(value) => slot.is_i32() && slot.as_i32() == *value,
        I64(value) => slot.is_i64() && slot.as_i64() == *value,
        F32(pattern) => slot.is_f32() && f32_matches(slot.as_u32(), pattern),
        F64(pattern) => slot.is_f64() && f64_matches(slot.bits(), pattern),
        Either(cases) => {
            for case in cases {
                if matches(store, slot, case)? {
                    return Ok(true);
                }
            }
            false
        }
        V128(pattern) => slot.is_v128() && v128_matches(slot.as_v128(), pattern),
        _ => slot.is_ref() && reference_matches(store, slot, expected)?,
    })
}

const F32_QUIET: u32 = 0x7fc0_0000;
const F64_QUIET: u64 = 0x7ff8_0000_0000_0000;

fn f32_matches(bits: u32, expected: &NanPattern<wast::token::F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == F32_QUIET,
        NanPattern::ArithmeticNan => bits & F32_QUIET == F32_QUIET,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn f64_matches(bits: u64, expected: &NanPattern<wast::token::F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == F64_QUIET,
        NanPattern::ArithmeticNan => bits & F64_QUIET == F64_QUIET,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn v128_matches(vector: u128, expected: &V128Pattern) -> bool {
    /// Whether `$matches` accepts each lane, which has `$width` bits.
    macro_rules! all {
        ($expected:expr, $width:expr, $matches:expr) => {
            $expected.iter().enumerate().all(|(index, expected)| {
                let matches = $matches;
                matches(vector >> (index * $width), expected)
            })
        };
    }
    match expected {
        V128Pattern::I8x16(lanes) => all!(lanes, 8, |bits, lane: &i8| bits as i8 == *lane),
        V128Pattern::I16x8(lanes) => all!(lanes, 16, |bits, lane: &i16| bits as i16 == *lane),
        V128Pattern::I32x4(lanes) => all!(lanes, 32, |bits, lane: &i32| bits as i32 == *lane),
        V128Pattern::I64x2(lanes) => all!(lanes, 64, |bits, lane: &i64| bits as i64 == *lane),
        V128Pattern::F32x4(lanes) => all!(lanes, 32, |bits, lane| f32_matches(bits as u32, lane)),
        V128Pattern::F64x2(lanes) => all!(lanes, 64, |bits, lane| f64_matches(bits as u64, lane)),
    }
}

fn reference_matches(store: &Store, slot: Slot, expected: &WastRetCore<'_>) -> Result<bool> {
    use WastRetCore::*;
    let raw = slot.as_ref();
    let kind = store.ref_kind(raw)?;
    let is_eq = matches!(kind, RefKind::Struct | RefKind::Array | RefKind::I31);
    Ok(match expected {
        RefNull(_) => kind == RefKind::Null,
        RefExtern(None) => kind == RefKind::Extern || is_eq,
        RefExtern(Some(number)) | RefHost(number) => {
            kind == RefKind::Extern && store.extern_number(raw)? == *number
        }
        RefFunc(_) => kind == RefKind::Func,
        RefAny => kind == RefKind::Extern || is_eq,
        RefEq => is_eq,
        RefArray => kind == RefKind::Array,
        RefStruct => kind == RefKind::Struct,
        RefI31 => kind == RefKind::I31,
        _ => bail!("{expected:?} is not supported"),
    })
}
