//! Operators that become one operation each, independent of the code around them.

use wasmparser::Operator;

use super::numeric::Numeric;
use super::{Load, Op, StoreTo};
use crate::gc::Extension;

/// The operation for an operator. None for control flow, calls and casts, which the
/// compiler handles itself.
pub fn plain(operator: &Operator<'_>) -> Option<Op> {
    if let Some(numeric) = Numeric::new(operator) {
        return Some(Op::Numeric(numeric));
    }
    parametric(operator)
        .or_else(|| memory(operator))
        .or_else(|| table(operator))
        .or_else(|| reference(operator))
        .or_else(|| structs(operator))
        .or_else(|| array(operator))
}

fn parametric(operator: &Operator<'_>) -> Option<Op> {
    Some(match *operator {
        Operator::Drop => Op::Drop,
        Operator::Select | Operator::TypedSelect { .. } => Op::Select,
        Operator::LocalGet { local_index } => Op::LocalGet(local_index),
        Operator::LocalSet { local_index } => Op::LocalSet(local_index),
        Operator::LocalTee { local_index } => Op::LocalTee(local_index),
        Operator::GlobalGet { global_index } => Op::GlobalGet(global_index),
        Operator::GlobalSet { global_index } => Op::GlobalSet(global_index),
        Operator::I32Const { value } => Op::I32Const(value),
        Operator::I64Const { value } => Op::I64Const(value),
        Operator::F32Const { value } => Op::F32Const(value.bits()),
        Operator::F64Const { value } => Op::F64Const(value.bits()),
        _ => return None,
    })
}

fn memory(operator: &Operator<'_>) -> Option<Op> {
    if let Some((what, at)) = Load::new(operator) {
        let (memory, offset) = (at.memory, at.offset);
        return Some(Op::Load {
            what,
            memory,
            offset,
        });
    }
    if let Some((what, at)) = StoreTo::new(operator) {
        let (memory, offset) = (at.memory, at.offset);
        return Some(Op::Store {
            what,
            memory,
            offset,
        });
    }
    Some(match *operator {
        Operator::MemorySize { mem } => Op::MemorySize(mem),
        Operator::MemoryGrow { mem } => Op::MemoryGrow(mem),
        Operator::MemoryFill { mem } => Op::MemoryFill(mem),
        Operator::MemoryCopy { dst_mem, src_mem } => Op::MemoryCopy {
            to: dst_mem,
            from: src_mem,
        },
        Operator::MemoryInit { data_index, mem } => Op::MemoryInit {
            memory: mem,
            data: data_index,
        },
        Operator::DataDrop { data_index } => Op::DataDrop(data_index),
        _ => return None,
    })
}

fn table(operator: &Operator<'_>) -> Option<Op> {
    Some(match *operator {
        Operator::TableGet { table } => Op::TableGet(table),
        Operator::TableSet { table } => Op::TableSet(table),
        Operator::TableSize { table } => Op::TableSize(table),
        Operator::TableGrow { table } => Op::TableGrow(table),
        Operator::TableFill { table } => Op::TableFill(table),
        Operator::TableCopy {
            dst_table,
            src_table,
        } => Op::TableCopy {
            to: dst_table,
            from: src_table,
        },
        Operator::TableInit { elem_index, table } => Op::TableInit {
            table,
            elements: elem_index,
        },
        Operator::ElemDrop { elem_index } => Op::ElemDrop(elem_index),
        _ => return None,
    })
}

fn reference(operator: &Operator<'_>) -> Option<Op> {
    Some(match *operator {
        Operator::RefNull { .. } => Op::RefNull,
        Operator::RefIsNull => Op::RefIsNull,
        Operator::RefAsNonNull => Op::RefAsNonNull,
        Operator::RefFunc { function_index } => Op::RefFunc(function_index),
        Operator::RefEq => Op::RefEq,
        Operator::RefI31 => Op::RefI31,
        Operator::I31GetS => Op::I31Get(Extension::Signed),
        Operator::I31GetU => Op::I31Get(Extension::Unsigned),
        Operator::AnyConvertExtern => Op::AnyConvertExtern,
        Operator::ExternConvertAny => Op::ExternConvertAny,
        _ => return None,
    })
}

fn structs(operator: &Operator<'_>) -> Option<Op> {
    let get = |field, extension| Op::StructGet { field, extension };
    Some(match *operator {
        Operator::StructNew { struct_type_index } => Op::StructNew(struct_type_index),
        Operator::StructNewDefault { struct_type_index } => Op::StructNewDefault(struct_type_index),
        Operator::StructGet { field_index, .. } => get(field_index, Extension::None),
        Operator::StructGetS { field_index, .. } => get(field_index, Extension::Signed),
        Operator::StructGetU { field_index, .. } => get(field_index, Extension::Unsigned),
        Operator::StructSet { field_index, .. } => Op::StructSet(field_index),
        _ => return None,
    })
}

fn array(operator: &Operator<'_>) -> Option<Op> {
    Some(match *operator {
        Operator::ArrayNew { array_type_index } => Op::ArrayNew(array_type_index),
        Operator::ArrayNewDefault { array_type_index } => Op::ArrayNewDefault(array_type_index),
        Operator::ArrayNewFixed {
            array_type_index: of,
            array_size: count,
        } => Op::ArrayNewFixed { of, count },
        Operator::ArrayNewData {
            array_type_index: of,
            array_data_index: data,
        } => Op::ArrayNewData { of, data },
        Operator::ArrayNewElem {
            array_type_index: of,
            array_elem_index: elements,
        } => Op::ArrayNewElem { of, elements },
        Operator::ArrayGet { .. } => Op::ArrayGet(Extension::None),
        Operator::ArrayGetS { .. } => Op::ArrayGet(Extension::Signed),
        Operator::ArrayGetU { .. } => Op::ArrayGet(Extension::Unsigned),
        Operator::ArraySet { .. } => Op::ArraySet,
        Operator::ArrayLen => Op::ArrayLen,
        Operator::ArrayFill { .. } => Op::ArrayFill,
        Operator::ArrayCopy { .. } => Op::ArrayCopy,
        Operator::ArrayInitData {
            array_type_index: of,
            array_data_index: data,
        } => Op::ArrayInitData { of, data },
        Operator::ArrayInitElem {
            array_elem_index, ..
        } => Op::ArrayInitElem(array_elem_index),
        _ => return None,
    })
}
