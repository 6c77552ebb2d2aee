//! Function bodies in the form that the interpreter runs.
//!
//! Structured control flow is compiled to jumps. The validator sees each operator first,
//! so the height of the operand stack is known at each point. A branch therefore has the
//! index of its target, the height at which it puts its values, and their number.
//! Unreachable code is left out. Heights count from the frame's base; parameters and
//! locals are below the operands.

mod compile;
mod constant;
mod memory_access;
pub mod numeric;
mod operators;
mod vectors;

pub use compile::compile;
pub use constant::{constant, function_reference};
pub use memory_access::{Load, StoreTo};
pub use vectors::Lane;

use crate::gc::{Extension, RefType, Slot};
use numeric::Numeric;

/// A function's or a constant expression's code.
#[derive(Default)]
pub struct Code {
    pub params: usize,
    pub results: usize,
    /// The initial values of the locals, parameters not included.
    pub locals: Vec<Slot>,
    /// The maximum number of operands on the stack at once.
    pub operands: usize,
    pub ops: Vec<Op>,
    /// The targets of each `br_table`, the default last.
    pub tables: Vec<Vec<Target>>,
    pub ref_types: Vec<RefType>,
    /// Constant vectors, and the indices of `i8x16.shuffle`.
    pub vectors: Vec<u128>,
    pub casts: Vec<CastBranch>,
    /// Inner handlers come before outer ones.
    pub handlers: Vec<Handler>,
}

/// Where a branch goes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The index of the operation to continue with. While compiling, a label.
    pub pc: u32,
    /// The height at which the branch puts its values.
    pub height: u32,
    /// How many values the branch carries.
    pub values: u32,
}

/// `br_on_cast`, or `br_on_cast_fail`.
pub struct CastBranch {
    pub target: Target,
    /// An index into `ref_types`.
    pub to: u32,
    /// True to branch if the cast succeeds, false to branch if it fails.
    pub on: bool,
}

/// A `try_table`.
pub struct Handler {
    /// The first operation that it guards.
    pub from: u32,
    /// The operation after the last one that it guards.
    pub to: u32,
    pub catches: Vec<Catch>,
}

/// A clause of a `try_table`.
pub struct Catch {
    /// The tag of the exceptions to catch. None catches all exceptions.
    pub tag: Option<u32>,
    /// Whether the reference to the exception is the last of the values.
    pub with_reference: bool,
    pub target: Target,
}

/// An operation. Indices are those of the module, unless a comment says otherwise.
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
    /// An index into `vectors`.
    V128Const(u32),
    Numeric(Numeric),
    Lane {
        what: Lane,
        lane: u8,
    },
    /// An index into `vectors`.
    Shuffle(u32),

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
