//! Operations without immediates that only use numbers and vectors.

#![expect(clippy::enum_variant_names, reason = "the operators' names")]

use wasmparser::Operator;

/// Declares an enum of operations for each kind of value, and [`Numeric`] over all of
/// them with its constructor from an operator.
macro_rules! numeric {
    ($($group:ident { $($name:ident)* })*) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub enum $group {
                $($name,)*
            }
        )*

        #[derive(Clone, Copy, Debug)]
        pub enum Numeric {
            $($group($group),)*
        }

        impl Numeric {
            pub fn new(operator: &Operator<'_>) -> Option<Numeric> {
                Some(match operator {
                    $($(Operator::$name => Numeric::$group($group::$name),)*)*
                    _ => return None,
                })
            }
        }
    };
}

numeric! {
    I32 {
        I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU I32Clz
        I32Ctz I32Popcnt I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU I32And I32Or
        I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr I32Extend8S I32Extend16S
    }
    I64 {
        I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU I64Clz
        I64Ctz I64Popcnt I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU I64And I64Or
        I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64Rotr I64Extend8S I64Extend16S
        I64Extend32S
    }
    F32 {
        F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F32Abs F32Neg F32Ceil F32Floor F32Trunc
        F32Nearest F32Sqrt F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign
    }
    F64 {
        F64Eq F64Ne F64Lt F64Gt F64Le F64Ge F64Abs F64Neg F64Ceil F64Floor F64Trunc
        F64Nearest F64Sqrt F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign
    }
    Conversion {
        I32WrapI64 I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64ExtendI32S
        I64ExtendI32U I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U F32ConvertI32S
        F32ConvertI32U F32ConvertI64S F32ConvertI64U F32DemoteF64 F64ConvertI32S
        F64ConvertI32U F64ConvertI64S F64ConvertI64U F64PromoteF32 I32ReinterpretF32
        I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64 I32TruncSatF32S
        I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S I64TruncSatF32U
        I64TruncSatF64S I64TruncSatF64U
    }
    Vector {
        V128Not V128And V128AndNot V128Or V128Xor V128Bitselect V128AnyTrue I8x16AllTrue
        I16x8AllTrue I32x4AllTrue I64x2AllTrue I8x16Bitmask I16x8Bitmask I32x4Bitmask
        I64x2Bitmask I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat
        I8x16Add I16x8Add I32x4Add I64x2Add I8x16Sub I8x16Swizzle
    }
}
