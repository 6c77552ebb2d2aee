//! Function bodies in the form that the interpreter runs.
//!
//! Structured control has become jumps: the validator, which sees each operator first,
//! knows the height of the operand stack at each point, so that a branch says where it
//! goes, at which height, and with how many values. Code that cannot be reached is left
//! out. Heights count from the frame's base, with parameters and locals below.

mod compile;
mod constant;
mod memory_access;
pub mod numeric;
mod operators;

pub use compile::compile;
pub use constant::{constant, function_reference};
pub use memory_access::{Load, StoreTo};

use crate::gc::{Extension, RefType, Slot};
use numeric::Numeric;

/// A function's or a constant expression's code.
#[derive(Default)]
pub struct Code {
    pub params: usize,
    pub results: usize,
    /// What the locals hold at first that are no parameters.
    pub locals: Vec<Slot>,
    /// The most operands that there are at once.
    pub operands: usize,
    pub ops: Vec<Op>,
    /// The targets of `br_table`s, the default last.
    pub tables: Vec<Vec<Target>>,
    pub ref_types: Vec<RefType>,
    pub casts: Vec<CastBranch>,
    /// Inner ones before the outer.
    pub handlers: Vec<Handler>,
}

/// Where a branch goes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The index of the next operation; a label while compiling.
    pub pc: u32,
    /// Where the values go that it takes along.
    pub height: u32,
    pub values: u32,
}

/// `br_on_cast`, or `br_on_cast_fail`.
pub struct CastBranch {
    pub target: Target,
    /// An index into `ref_types`.
    pub to: u32,
    /// Whether it branches if the cast succeeds.
    pub on: bool,
}

/// A `try_table`.
pub struct Handler {
    /// The operations that it guards.
    pub from: u32,
    pub to: u32,
    pub catches: Vec<Catch>,
}

/// A clause of a `try_table`.
pub struct Catch {
    /// None catches all.
    pub tag: Option<u32>,
    /// Whether the exception itself is one of the values.
    pub with_reference: bool,
    pub target: Target,
}

/// An operation. Indices are the module's.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Unreachable,
    Jump(u32),
    JumpUnless(u32),
    Br(Target),
    BrIf(Target),
    BrTable(u32),
    BrOnNull(Target),
    BrOnNonNull(Target),
    /// An index into `casts`.
    BrOnCast(u32),
    Return,
    Call(u32),
    CallIndirect {
        table: u32,
        of: u32,
    },
    CallRef(u32),
    ReturnCall(u32),
    ReturnCallIndirect {
        table: u32,
        of: u32,
    },
    ReturnCallRef(u32),
    Throw(u32),
    ThrowRef,

    Drop,
    Select,
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    I32Const(i32),
    I64Const(i64),
    F32Const(u32),
    F64Const(u64),
    Numeric(Numeric),

    Load {
        what: Load,
        memory: u32,
        offset: u64,
    },
    Store {
        what: StoreTo,
        memory: u32,
        offset: u64,
    },
    MemorySize(u32),
    MemoryGrow(u32),
    MemoryFill(u32),
    MemoryCopy {
        to: u32,
        from: u32,
    },
    MemoryInit {
        memory: u32,
        data: u32,
    },
    DataDrop(u32),

    TableGet(u32),
    TableSet(u32),
    TableSize(u32),
    TableGrow(u32),
    TableFill(u32),
    TableCopy {
        to: u32,
        from: u32,
    },
    TableInit {
        table: u32,
        elements: u32,
    },
    ElemDrop(u32),

    RefNull,
    RefIsNull,
    RefAsNonNull,
    RefFunc(u32),
    RefEq,
    /// An index into `ref_types`.
    RefTest(u32),
    /// An index into `ref_types`.
    RefCast(u32),
    RefI31,
    I31Get(Extension),
    AnyConvertExtern,
    ExternConvertAny,

    StructNew(u32),
    StructNewDefault(u32),
    StructGet {
        field: u32,
        extension: Extension,
    },
    StructSet(u32),
    ArrayNew(u32),
    ArrayNewDefault(u32),
    ArrayNewFixed {
        of: u32,
        count: u32,
    },
    ArrayNewData {
        of: u32,
        data: u32,
    },
    ArrayNewElem {
        of: u32,
        elements: u32,
    },
    ArrayGet(Extension),
    ArraySet,
    ArrayLen,
    ArrayFill,
    ArrayCopy,
    ArrayInitData {
        of: u32,
        data: u32,
    },
    ArrayInitElem(u32),
}

const _: () = assert!(size_of::<Op>() == 16);
