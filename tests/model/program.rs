//! Programs. A program is a list of operations. An operation is a call and a number, from
//! which its arguments are drawn when it runs. The meaning of the number depends on the
//! state at that time, so any part of a program is also a program.

use std::fmt;

/// The C function, or functions, that an operation calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    ScopeEnter,
    ScopeExit,
    ScopeUnwind,
    ScopeEscape,
    ScopeReserve,
    LocalNew,
    LocalIsNull,
    Assign,
    ToManual,
    CloneManual,
    Unroot,
    UnrootLater,
    DrainUnroots,
    ToRooted,
    IntoRooted,
    WeakNew,
    WeakUpgrade,
    WeakFree,
    Pin,
    PinData,
    Unpin,
    WeakMapNew,
    WeakMapSet,
    WeakMapGet,
    WeakMapDelete,
    WeakMapSize,
    WeakMapFree,
    ExternNew,
    ExternData,
    ExternDataTagged,
    ExternSetData,
    ExternBytes,
    ExternAdjust,
    NoGcEnter,
    NoGcExit,
    StructNew,
    StructNewInto,
    StructNewEscape,
    StructNewDefault,
    StructGet,
    StructGetAs,
    StructGetInto,
    StructSet,
    StructSetAs,
    ArrayNew,
    ArrayNewDefault,
    ArrayNewFixed,
    ArrayNewBytes,
    ArrayLen,
    ArrayGet,
    ArrayGetAs,
    ArrayGetInto,
    ArraySet,
    ArraySetAs,
    ArrayFill,
    ArrayCopy,
    ArrayRead,
    ArrayWrite,
    I31New,
    I31Get,
    Kind,
    TypeOf,
    TypeEqual,
    RegisterAgain,
    Test,
    Cast,
    Convert,
    Equal,
    Hash,
    TagNew,
    TagType,
    TagEqual,
    ExnNew,
    ExnTag,
    ExnField,
    TableNew,
    TableGet,
    TableGetInto,
    TableSet,
    TableSize,
    TableType,
    TableGrow,
    TableFill,
    TableCopy,
    TableFree,
    GlobalNew,
    GlobalGet,
    GlobalGetInto,
    GlobalSet,
    GlobalType,
    GlobalFree,
    FuncNew,
    FuncInvoke,
    FuncEnv,
    Throw,
    TakeException,
    HasException,
    RangeAdd,
    RangeSet,
    RangeGet,
    RangeMove,
    RangeWrong,
    RangeForget,
    RangeRemove,
    FromRaw,
    RawStructNew,
    RawStructNewDefault,
    RawStructGet,
    RawStructSet,
    RawStructGetRef,
    RawStructSetRef,
    RawArrayNew,
    RawArrayNewFixed,
    RawArrayNewBytes,
    RawArrayLen,
    RawArrayGet,
    RawArraySet,
    RawArrayGetRef,
    RawArraySetRef,
    RawArrayFill,
    RawArrayCopy,
    RawExternNew,
    RawExternData,
    RawCast,
    RawExnNew,
    RawExnTag,
    RawExnField,
    RawThrow,
    RawTakeException,
    RawInvoke,
    StoreSetData,
    StoreData,
    KeyedSetData,
    KeyedData,
    StoreId,
    StoreDetach,
    StoreAttach,
    StoreFree,
    Collect,
    Trim,
    RunFinalizers,
    Verify,
    Walk,
}

use Call::*;

/// All calls and their weights.
const CALLS: [(Call, u32); 143] = [
    (ScopeEnter, 12),
    (ScopeExit, 8),
    (ScopeUnwind, 2),
    (ScopeEscape, 4),
    (ScopeReserve, 1),
    (LocalNew, 5),
    (LocalIsNull, 2),
    (Assign, 6),
    (ToManual, 5),
    (CloneManual, 2),
    (Unroot, 5),
    (UnrootLater, 2),
    (DrainUnroots, 1),
    (ToRooted, 2),
    (IntoRooted, 2),
    (WeakNew, 4),
    (WeakUpgrade, 5),
    (WeakFree, 2),
    (Pin, 2),
    (PinData, 3),
    (Unpin, 2),
    (WeakMapNew, 1),
    (WeakMapSet, 12),
    (WeakMapGet, 6),
    (WeakMapDelete, 2),
    (WeakMapSize, 2),
    (WeakMapFree, 1),
    (ExternNew, 12),
    (ExternData, 3),
    (ExternDataTagged, 2),
    (ExternSetData, 2),
    (ExternBytes, 1),
    (ExternAdjust, 2),
    (NoGcEnter, 2),
    (NoGcExit, 2),
    (StructNew, 12),
    (StructNewInto, 4),
    (StructNewEscape, 4),
    (StructNewDefault, 6),
    (StructGet, 8),
    (StructGetAs, 6),
    (StructGetInto, 5),
    (StructSet, 10),
    (StructSetAs, 10),
    (ArrayNew, 5),
    (ArrayNewDefault, 4),
    (ArrayNewFixed, 4),
    (ArrayNewBytes, 3),
    (ArrayLen, 2),
    (ArrayGet, 5),
    (ArrayGetAs, 4),
    (ArrayGetInto, 5),
    (ArraySet, 6),
    (ArraySetAs, 6),
    (ArrayFill, 3),
    (ArrayCopy, 6),
    (ArrayRead, 2),
    (ArrayWrite, 3),
    (I31New, 3),
    (I31Get, 2),
    (Kind, 3),
    (TypeOf, 2),
    (TypeEqual, 1),
    (RegisterAgain, 1),
    (Test, 4),
    (Cast, 5),
    (Convert, 3),
    (Equal, 5),
    (Hash, 4),
    (TagNew, 1),
    (TagType, 1),
    (TagEqual, 1),
    (ExnNew, 6),
    (ExnTag, 2),
    (ExnField, 3),
    (TableNew, 3),
    (TableGet, 6),
    (TableGetInto, 4),
    (TableSet, 8),
    (TableSize, 1),
    (TableType, 1),
    (TableGrow, 5),
    (TableFill, 2),
    (TableCopy, 4),
    (TableFree, 1),
    (GlobalNew, 4),
    (GlobalGet, 4),
    (GlobalGetInto, 4),
    (GlobalSet, 6),
    (GlobalType, 1),
    (GlobalFree, 1),
    (FuncNew, 7),
    (FuncInvoke, 14),
    (FuncEnv, 2),
    (Throw, 1),
    (TakeException, 4),
    (HasException, 1),
    (RangeAdd, 1),
    (RangeSet, 10),
    (RangeGet, 5),
    (RangeMove, 1),
    (RangeWrong, 1),
    (RangeForget, 1),
    (RangeRemove, 1),
    (FromRaw, 3),
    (RawStructNew, 12),
    (RawStructNewDefault, 3),
    (RawStructGet, 4),
    (RawStructSet, 6),
    (RawStructGetRef, 5),
    (RawStructSetRef, 8),
    (RawArrayNew, 4),
    (RawArrayNewFixed, 4),
    (RawArrayNewBytes, 2),
    (RawArrayLen, 1),
    (RawArrayGet, 3),
    (RawArraySet, 4),
    (RawArrayGetRef, 3),
    (RawArraySetRef, 6),
    (RawArrayFill, 2),
    (RawArrayCopy, 3),
    (RawExternNew, 6),
    (RawExternData, 2),
    (RawCast, 3),
    (RawExnNew, 3),
    (RawExnTag, 1),
    (RawExnField, 2),
    (RawThrow, 1),
    (RawTakeException, 1),
    (RawInvoke, 6),
    (StoreSetData, 4),
    (StoreData, 2),
    (KeyedSetData, 2),
    (KeyedData, 2),
    (StoreId, 1),
    (StoreDetach, 1),
    (StoreAttach, 2),
    (StoreFree, 1),
    (Collect, 4),
    (Trim, 2),
    (RunFinalizers, 3),
    (Verify, 1),
    (Walk, 1),
];

const _: () = {
    let mut index = 0;
    while index < CALLS.len() {
        assert!(CALLS[index].0 as usize == index);
        index += 1;
    }
    assert!(Walk as usize + 1 == CALLS.len());
};

/// One step of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) call: Call,
    /// The seed from which the arguments are drawn.
    pub(crate) seed: u32,
}

/// An operation in the form that failures print.
pub(crate) const fn op(call: Call, seed: u32) -> Operation {
    Operation { call, seed }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op({:?}, {:#x}),", self.call, self.seed)
    }
}

impl Operation {
    /// Draws an operation.
    pub(crate) fn drawn(draw: &mut Draw) -> Operation {
        let total = CALLS.iter().map(|(_, weight)| weight).sum::<u32>();
        let mut left = draw.below(total as usize) as u32;
        let chosen = CALLS.iter().find(|(_, weight)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        });
        op(chosen.expect("below the total").0, draw.next() as u32)
    }

    /// The operation in five bytes: the number of a call, modulo the number of calls, and
    /// the seed in little-endian order.
    fn from_bytes([call, seed @ ..]: [u8; 5]) -> Operation {
        let (call, _) = CALLS[usize::from(call) % CALLS.len()];
        op(call, u32::from_le_bytes(seed))
    }
}

/// The program of this seed.
pub(crate) fn generate(seed: u64, length: usize) -> Vec<Operation> {
    let mut draw = Draw::new(seed);
    (0..length).map(|_| Operation::drawn(&mut draw)).collect()
}

/// The program in the input of a fuzzer. All bytes are valid. Bytes after the last
/// complete operation are ignored.
pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<Operation> {
    let (operations, _) = bytes.as_chunks();
    operations
        .iter()
        .copied()
        .map(Operation::from_bytes)
        .collect()
}

/// The program in the output of a failure, or in a part of it: one operation in each
/// line.
pub(crate) fn parse(text: &str) -> Vec<Operation> {
    let operations = text.lines().filter_map(|line| {
        let (call, rest) = line.trim().strip_prefix("op(")?.split_once(", 0x")?;
        let (call, _) = *CALLS
            .iter()
            .find(|(known, _)| format!("{known:?}") == call)?;
        let (seed, _) = rest.split_once(')')?;
        Some(op(call, u32::from_str_radix(seed, 16).ok()?))
    });
    operations.collect()
}

/// A generator of random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number less than `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// One of `things`, which must not be empty.
    pub(crate) fn among<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }
}
