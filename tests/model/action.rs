//! The meaning of an operation in the current state: a call and its arguments. They are
//! drawn so that most calls are accepted and some are not.

use std::fmt;

use super::functions::FuncAction;
use super::globals::GlobalAction;
use super::model::{Body, Model, Owner, PinState, Reference, RootState, Value};
use super::pointers::Nulls;
use super::program::{Call, Draw, Operation};
use super::ranges::RangeAction;
use super::raw::RawAction;
use super::tables::TableAction;
use super::types::{ABSTRACT, Heap, Shape, Storage, TYPES, types_of};

/// A handle, as it is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handle {
    Null,
    /// A root of the model, alive or not.
    Root(usize),
    /// A scoped handle of another store.
    Foreign,
    /// A handle that no store returned: the handle of the root `from`, or null, with a
    /// change.
    Forged {
        from: Option<usize>,
        how: Forgery,
    },
}

/// The change that makes a handle invalid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forgery {
    /// A generation that no slot has reached.
    Generation,
    /// The last possible slot, scoped or manual.
    Slot,
    /// A store that does not exist.
    Store,
}

/// A scope, weak handle, weak map, table, global or tag, as it is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Null,
    Own(usize),
    Foreign,
    /// Bits that name nothing.
    Forged,
}

/// A type, as it is passed: one of the store's engine, or of another engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeArgument {
    pub(crate) of: usize,
    pub(crate) other_engine: bool,
}

/// A reference type, as it is passed. A heap type that does not exist is a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefTypeArgument {
    pub(crate) heap: Result<Heap, u32>,
    pub(crate) nullable: bool,
    pub(crate) other_engine: bool,
}

/// A value, as it is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128([u8; 16]),
    Ref(Handle),
    /// A kind that does not exist.
    NoKind(u32),
}

/// A getter for one storage.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    I32,
    I64,
    F32,
    F64,
    V128,
    Signed,
    Unsigned,
    Ref,
}

const GETTERS: [As; 8] = [
    As::I32,
    As::I64,
    As::F32,
    As::F64,
    As::V128,
    As::Signed,
    As::Unsigned,
    As::Ref,
];

/// How an externref is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Maker {
    Plain,
    Manual,
    /// With a tag, external bytes and a `struct_size`, which may be wrong.
    Options {
        tag: usize,
        bytes: usize,
        sized: bool,
        /// Whether the finalizer gets an `env` and the store.
        with_store: bool,
    },
}

/// A call with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    ScopeEnter,
    ScopeExit(Named),
    ScopeUnwind(Named),
    ScopeEscape(Named, Handle),
    ScopeReserve(usize),
    LocalNew(Handle),
    LocalIsNull(Handle),
    Assign(Handle, Handle),
    ToManual(Handle),
    CloneManual(Handle),
    Unroot(Handle),
    UnrootLater(Handle),
    DrainUnroots,
    ToRooted(Handle),
    IntoRooted(Handle),
    WeakNew(Handle),
    WeakUpgrade(Named),
    WeakFree(Named),
    Pin(Handle),
    PinData(Named),
    Unpin(Named),
    WeakMapNew,
    WeakMapSet(Named, Handle, Handle),
    WeakMapGet(Named, Handle),
    WeakMapDelete(Named, Handle),
    WeakMapSize(Named),
    WeakMapFree(Named),
    /// The second value is the operation of the finalizer, if there is a finalizer.
    ExternNew(Maker, Option<Option<Operation>>),
    ExternData(Handle),
    ExternDataTagged(Handle, usize),
    ExternSetData(Handle),
    ExternBytes(Handle, usize),
    ExternAdjust(Handle, i64),
    NoGcEnter,
    NoGcExit,
    StructNew(TypeArgument, Vec<Input>),
    /// Into a scoped root.
    StructNewInto(TypeArgument, Vec<Input>, Handle),
    /// Out of a scope.
    StructNewEscape(Named, TypeArgument, Vec<Input>),
    StructNewDefault(TypeArgument),
    StructGet(Handle, usize),
    StructGetAs(Handle, usize, As),
    StructGetInto(Handle, usize, Handle),
    StructSet(Handle, usize, Input),
    StructSetAs(Handle, usize, Input),
    ArrayNew(TypeArgument, Input, usize),
    ArrayNewDefault(TypeArgument, usize),
    ArrayNewFixed(TypeArgument, Vec<Input>),
    /// The bytes of the elements, 16 for each, and the number of elements.
    ArrayNewBytes(TypeArgument, Vec<u8>, usize),
    /// Passes a count that no array can have, and no values.
    ArrayNewTooLong(TypeArgument),
    ArrayLen(Handle),
    ArrayGet(Handle, usize),
    ArrayGetAs(Handle, usize, As),
    ArrayGetInto(Handle, usize, Handle),
    ArraySet(Handle, usize, Input),
    ArraySetAs(Handle, usize, Input),
    ArrayFill(Handle, usize, Input, usize),
    ArrayCopy {
        to: (Handle, usize),
        from: (Handle, usize),
        count: usize,
    },
    ArrayRead(Handle, usize, usize),
    ArrayWrite(Handle, usize, Vec<u8>, usize),
    I31New(u32),
    I31Get(Handle, bool),
    Kind(Handle),
    TypeOf(Handle),
    TypeEqual(TypeArgument, TypeArgument),
    /// Registers all types again, in a group that is unique or not, and compares one of the
    /// types with one of the store's.
    RegisterAgain {
        unique: bool,
        again: usize,
        of: usize,
    },
    Test(Handle, RefTypeArgument),
    Cast(Handle, RefTypeArgument),
    Convert(Handle, bool),
    Equal(Handle, Handle),
    Hash(Handle),
    TagNew(TypeArgument),
    TagType(Named),
    TagEqual(Named, Named),
    ExnNew(Named, Vec<Input>),
    ExnTag(Handle),
    ExnField(Handle, usize),
    Table(TableAction),
    Global(GlobalAction),
    Func(FuncAction),
    Range(RangeAction),
    Raw(RawAction),
    /// Whether the data are NULL, and the operation of the finalizer if there is one.
    StoreSetData(bool, Option<Option<Operation>>),
    StoreData,
    /// A key, and data without a finalizer. With 0 the library forgets the key.
    KeyedSetData(usize, u64),
    KeyedData(usize),
    StoreId,
    StoreDetach,
    StoreAttach,
    /// Deletes the store where this is refused, or NULL.
    StoreFree(bool),
    Collect,
    Trim,
    /// Runs at most this number of finalizers.
    RunFinalizers(usize),
    Verify,
    Walk,
}

/// The thread that makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The thread that runs the program.
    This,
    /// A thread that ends after the call.
    Another,
    /// A new thread that runs the program from then on. The current thread ends, unless
    /// it is the first.
    Next,
}

/// A call, its thread, and the pointers that are NULL.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) action: Action,
    pub(crate) nulls: Nulls,
    pub(crate) by: By,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.action)?;
        if self.by != By::This {
            write!(f, " by {:?}", self.by)?;
        }
        match self.nulls.first(&self.action) {
            Some(first) => write!(f, " without {first:?}"),
            None => Ok(()),
        }
    }
}

/// The wanted referent of a handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Anything,
    Extern,
    Struct,
    Array,
    Exn,
    Func,
    I31,
    /// A reference of this type.
    Fitting(super::types::RefType),
}

/// The number of keys of store data.
const KEYS: usize = 5;

/// The greatest length of an array.
pub(crate) const LONGEST: usize = 1 << 14;

/// Numbers that are greater than any length.
const HUGE: [usize; 3] = [1 << 32, 1 << 62, usize::MAX];

/// The call of an operation in the current state.
pub(crate) fn plan(model: &Model, operation: Operation) -> Planned {
    let mut planner = Planner::new(model, Draw::new(operation.seed.into()));
    let is_pending = model.pending != Reference::Null;
    // Calls that need a tag, map, table or global make one if none exists.
    let call = match operation.call {
        // If nobody owns the store, a thread soon takes it over.
        _ if model.owner == Owner::Nobody && planner.draw.one_in(2) => Call::StoreAttach,
        _ if model.tight && planner.draw.one_in(8) => Call::ArrayNewDefault,
        Call::FuncInvoke if is_pending && planner.draw.one_in(2) => Call::TakeException,
        Call::ExnNew if model.tags.is_empty() => Call::TagNew,
        // Whether a pin needs a collection, which a span forbids, the model does not know.
        Call::Pin if model.spans > 0 => Call::PinData,
        Call::WeakMapSet if model.maps_in_use().next().is_none() => Call::WeakMapNew,
        Call::TableGet | Call::TableGetInto | Call::TableSet | Call::TableCopy
            if model.tables_in_use().is_empty() =>
        {
            Call::TableNew
        }
        Call::GlobalGet | Call::GlobalGetInto | Call::GlobalSet
            if model.globals_in_use().is_empty() =>
        {
            Call::GlobalNew
        }
        // A walk needs the right to call.
        Call::Walk if model.owner == Owner::Nobody || model.asking => Call::Verify,
        call => call,
    };
    let action = planner.plan(call);
    let by = planner.by(&action);
    Planned {
        nulls: planner.nulls(&action, by),
        action: match action {
            // Only a refused deletion may be tried: the program still needs the store.
            Action::StoreFree(_) => Action::StoreFree(planner.may_not_delete(by)),
            action => action,
        },
        by,
    }
}

pub(crate) struct Planner<'a> {
    pub(crate) model: &'a Model,
    pub(crate) draw: Draw,
    /// Whether all handles and values must be acceptable. A single bad one refuses a
    /// whole call, so most calls with many values need this.
    pub(crate) sound: bool,
}

impl Action {
    /// Whether the call may collect, run finalizers and call the growth callback.
    pub(crate) fn allocates(&self) -> bool {
        if let Action::Raw(action) = self {
            return action.allocates();
        }
        matches!(
            self,
            Action::ExternNew(..)
                | Action::Pin(_)
                | Action::StructNew(..)
                | Action::StructNewInto(..)
                | Action::StructNewEscape(..)
                | Action::StructNewDefault(_)
                | Action::ArrayNew(..)
                | Action::ArrayNewDefault(..)
                | Action::ArrayNewFixed(..)
                | Action::ArrayNewBytes(..)
                | Action::ArrayNewTooLong(_)
                | Action::ExnNew(..)
                | Action::Table(TableAction::New { .. } | TableAction::Grow(..))
                | Action::Global(GlobalAction::New { .. })
                | Action::Func(FuncAction::New(..))
        )
    }

    /// The values for a new object.
    pub(crate) fn inputs(&self) -> Vec<Input> {
        match self {
            Action::StructNew(_, inputs)
            | Action::StructNewInto(_, inputs, _)
            | Action::StructNewEscape(_, _, inputs)
            | Action::ArrayNewFixed(_, inputs)
            | Action::ExnNew(_, inputs) => inputs.clone(),
            Action::ArrayNew(_, input, _)
            | Action::Global(GlobalAction::New { value: input, .. }) => vec![*input],
            Action::Table(action) => action.init().map(Input::Ref).into_iter().collect(),
            _ => vec![],
        }
    }
}

impl<'a> Planner<'a> {
    pub(crate) fn new(model: &'a Model, draw: Draw) -> Planner<'a> {
        Planner {
            model,
            draw,
            sound: false,
        }
    }
}

impl Planner<'_> {
    fn plan(&mut self, call: Call) -> Action {
        use Wanted::*;
        match call {
            Call::ScopeEnter => Action::ScopeEnter,
            Call::ScopeExit => Action::ScopeExit(self.scope(true)),
            Call::ScopeUnwind => Action::ScopeUnwind(self.scope(false)),
            Call::ScopeEscape => Action::ScopeEscape(self.scope(true), self.handle(Anything)),
            Call::ScopeReserve => Action::ScopeReserve(self.reserved()),
            Call::LocalNew => Action::LocalNew(self.handle(Anything)),
            Call::LocalIsNull => Action::LocalIsNull(self.handle(Anything)),
            Call::Assign => Action::Assign(self.scoped(), self.handle(Anything)),
            Call::ToManual => Action::ToManual(self.handle(Anything)),
            Call::CloneManual => Action::CloneManual(self.manual()),
            Call::Unroot => Action::Unroot(self.manual()),
            Call::UnrootLater => Action::UnrootLater(self.own_manual()),
            Call::DrainUnroots => Action::DrainUnroots,
            Call::ToRooted => Action::ToRooted(self.manual()),
            Call::IntoRooted => Action::IntoRooted(self.manual()),
            Call::WeakNew => Action::WeakNew(self.handle(Anything)),
            Call::WeakUpgrade => Action::WeakUpgrade(self.weak()),
            Call::WeakFree => Action::WeakFree(self.weak()),
            Call::Pin => Action::Pin(self.handle(Anything)),
            Call::PinData => Action::PinData(self.pin()),
            Call::Unpin => Action::Unpin(self.pin()),
            Call::WeakMapNew => Action::WeakMapNew,
            Call::WeakMapSet => {
                let map = self.map();
                Action::WeakMapSet(map, self.handle(Anything), self.handle(Anything))
            }
            Call::WeakMapGet => {
                let map = self.map();
                Action::WeakMapGet(map, self.key(map))
            }
            Call::WeakMapDelete => {
                let map = self.map();
                Action::WeakMapDelete(map, self.key(map))
            }
            Call::WeakMapSize => Action::WeakMapSize(self.map()),
            Call::WeakMapFree => Action::WeakMapFree(self.map()),
            Call::ExternNew => self.extern_new(),
            Call::ExternData => Action::ExternData(self.handle(Extern)),
            Call::ExternDataTagged => {
                Action::ExternDataTagged(self.handle(Extern), self.draw.below(3))
            }
            Call::ExternSetData => Action::ExternSetData(self.handle(Extern)),
            Call::ExternBytes => Action::ExternBytes(self.handle(Extern), self.bytes()),
            Call::ExternAdjust => {
                let (handle, bytes) = (self.handle(Extern), self.bytes() as i64);
                Action::ExternAdjust(handle, if self.draw.one_in(2) { bytes } else { -bytes })
            }
            Call::NoGcEnter => Action::NoGcEnter,
            Call::NoGcExit => Action::NoGcExit,
            Call::I31New => Action::I31New(self.draw.next() as u32),
            Call::I31Get => Action::I31Get(self.handle(I31), self.draw.one_in(2)),
            Call::Kind => Action::Kind(self.handle(Anything)),
            Call::TypeOf => Action::TypeOf(self.handle(Anything)),
            Call::TypeEqual => {
                let (a, b) = self.two_types();
                Action::TypeEqual(self.type_argument(a), self.type_argument(b))
            }
            Call::RegisterAgain => {
                let (again, of) = self.two_types();
                let unique = self.draw.one_in(2);
                Action::RegisterAgain { unique, again, of }
            }
            Call::Test => Action::Test(self.handle(Anything), self.ref_type()),
            Call::Cast => Action::Cast(self.handle(Anything), self.ref_type()),
            Call::Convert => Action::Convert(self.handle(Anything), self.draw.one_in(2)),
            Call::Equal => Action::Equal(self.handle(Anything), self.handle(Anything)),
            Call::Hash => Action::Hash(self.handle(Anything)),
            Call::TagNew => Action::TagNew(self.type_of(Shape::Func { results: &[] })),
            Call::TagType => Action::TagType(self.tag()),
            Call::TagEqual => Action::TagEqual(self.tag(), self.tag()),
            Call::ExnNew => self.exn_new(),
            Call::ExnTag => Action::ExnTag(self.handle(Exn)),
            Call::ExnField => {
                let exn = self.handle(Exn);
                Action::ExnField(exn, self.index(exn))
            }
            Call::TableNew
            | Call::TableGet
            | Call::TableGetInto
            | Call::TableSet
            | Call::TableSize
            | Call::TableType
            | Call::TableGrow
            | Call::TableFill
            | Call::TableCopy
            | Call::TableFree => self.plan_table(call),
            Call::GlobalNew
            | Call::GlobalGet
            | Call::GlobalGetInto
            | Call::GlobalSet
            | Call::GlobalType
            | Call::GlobalFree => self.plan_global(call),
            Call::FuncNew
            | Call::FuncInvoke
            | Call::FuncEnv
            | Call::Throw
            | Call::TakeException
            | Call::HasException => self.plan_func(call),
            Call::RangeAdd
            | Call::RangeSet
            | Call::RangeGet
            | Call::RangeMove
            | Call::RangeWrong
            | Call::RangeForget
            | Call::RangeRemove
            | Call::FromRaw => self.plan_range(call),
            Call::RawStructNew
            | Call::RawStructNewDefault
            | Call::RawStructGet
            | Call::RawStructSet
            | Call::RawStructGetRef
            | Call::RawStructSetRef
            | Call::RawArrayNew
            | Call::RawArrayNewFixed
            | Call::RawArrayNewBytes
            | Call::RawArrayLen
            | Call::RawArrayGet
            | Call::RawArraySet
            | Call::RawArrayGetRef
            | Call::RawArraySetRef
            | Call::RawArrayFill
            | Call::RawArrayCopy
            | Call::RawExternNew
            | Call::RawExternData
            | Call::RawCast
            | Call::RawExnNew
            | Call::RawExnTag
            | Call::RawExnField
            | Call::RawThrow
            | Call::RawTakeException
            | Call::RawInvoke => self.plan_raw(call),
            Call::StoreSetData => Action::StoreSetData(self.draw.one_in(8), self.finalizer()),
            Call::StoreData => Action::StoreData,
            Call::KeyedSetData => {
                Action::KeyedSetData(self.draw.below(KEYS), self.draw.below(4) as u64)
            }
            Call::KeyedData => Action::KeyedData(self.draw.below(KEYS)),
            Call::StoreId => Action::StoreId,
            Call::StoreDetach => Action::StoreDetach,
            Call::StoreAttach => Action::StoreAttach,
            Call::StoreFree => Action::StoreFree(true),
            Call::Collect => Action::Collect,
            Call::Trim => Action::Trim,
            Call::RunFinalizers => {
                Action::RunFinalizers(self.draw.among(&[0, 1, 2, usize::MAX, usize::MAX]))
            }
            Call::Verify => Action::Verify,
            Call::Walk => Action::Walk,
            of_structs if (call as u8) < Call::ArrayNew as u8 => self.plan_struct(of_structs),
            of_arrays => self.plan_array(of_arrays),
        }
    }

    /// Draws the thread that makes the call.
    fn by(&mut self, action: &Action) -> By {
        let inside = self.model.asking || self.model.is_inside();
        let unowned = self.model.owner == Owner::Nobody;
        match action {
            Action::Walk => By::This,
            Action::StoreAttach if !inside && (unowned || self.model.thread_ends) => self
                .draw
                .among(&[By::This, By::Another, By::Next, By::Next]),
            Action::StoreAttach | Action::UnrootLater(_) if self.draw.one_in(3) => By::Another,
            _ if self.draw.one_in(if self.model.asking { 4 } else { 400 }) => By::Another,
            _ => By::This,
        }
    }

    /// Draws the required pointers that are NULL: rarely one, more rarely all.
    fn nulls(&mut self, action: &Action, by: By) -> Nulls {
        // The next thread must succeed in attaching.
        let refused = by == By::Another || self.model.owner == Owner::Nobody || self.model.asking;
        let seldom = if refused { 6 } else { 60 };
        if by == By::Next || !self.draw.one_in(seldom) {
            return Nulls::NONE;
        }
        let pointers = action.pointers();
        let none = Nulls::NONE;
        match pointers.len() {
            0 => none,
            _ if self.draw.one_in(3) => pointers.into_iter().fold(none, Nulls::with),
            _ => none.with(self.draw.among(&pointers)),
        }
    }

    fn may_not_delete(&self, by: By) -> bool {
        let inside = self.model.asking || self.model.is_inside();
        inside || self.model.owner == Owner::Nobody || by == By::Another
    }

    fn plan_struct(&mut self, call: Call) -> Action {
        match call {
            Call::StructNew => {
                let of = self.type_of(Shape::Struct);
                Action::StructNew(of, self.inputs(of.of))
            }
            Call::StructNewInto => {
                let of = self.type_of(Shape::Struct);
                Action::StructNewInto(of, self.inputs(of.of), self.scoped())
            }
            Call::StructNewEscape => {
                let of = self.type_of(Shape::Struct);
                Action::StructNewEscape(self.scope(true), of, self.inputs(of.of))
            }
            Call::StructNewDefault => Action::StructNewDefault(self.type_of(Shape::Struct)),
            _ => {
                let handle = self.handle(Wanted::Struct);
                let index = self.index(handle);
                let input = self.input_at(handle, index);
                match call {
                    Call::StructGet => Action::StructGet(handle, index),
                    Call::StructGetAs => {
                        Action::StructGetAs(handle, index, self.getter(handle, index))
                    }
                    Call::StructGetInto => {
                        let index = self.reference_at(handle).unwrap_or(index);
                        Action::StructGetInto(handle, index, self.scoped())
                    }
                    Call::StructSet => Action::StructSet(handle, index, input),
                    _ => Action::StructSetAs(handle, index, input),
                }
            }
        }
    }

    fn plan_array(&mut self, call: Call) -> Action {
        match call {
            Call::ArrayNew => {
                let of = self.type_of(Shape::Array);
                let input = self.input(self.element_storage(of.of));
                Action::ArrayNew(of, input, self.length())
            }
            Call::ArrayNewDefault => {
                Action::ArrayNewDefault(self.type_of(Shape::Array), self.length())
            }
            Call::ArrayNewFixed => self.array_new_fixed(),
            Call::ArrayNewBytes => {
                let of = self.type_of(Shape::Array);
                let count = self.draw.below(40);
                Action::ArrayNewBytes(of, self.words(2 * count), count)
            }
            Call::ArrayCopy => {
                let to = self.handle(Wanted::Array);
                let from = if self.draw.one_in(2) {
                    to
                } else {
                    self.handle(Wanted::Array)
                };
                Action::ArrayCopy {
                    to: (to, self.index(to)),
                    from: (from, self.index(from)),
                    count: self.count(to),
                }
            }
            _ => {
                let handle = self.handle(Wanted::Array);
                let index = self.index(handle);
                let input = self.input_at(handle, index);
                match call {
                    Call::ArrayLen => Action::ArrayLen(handle),
                    Call::ArrayGet => Action::ArrayGet(handle, index),
                    Call::ArrayGetAs => {
                        Action::ArrayGetAs(handle, index, self.getter(handle, index))
                    }
                    Call::ArrayGetInto => {
                        let index = self.reference_at(handle).unwrap_or(index);
                        Action::ArrayGetInto(handle, index, self.scoped())
                    }
                    Call::ArraySet => Action::ArraySet(handle, index, input),
                    Call::ArraySetAs => Action::ArraySetAs(handle, index, input),
                    Call::ArrayFill => Action::ArrayFill(handle, index, input, self.count(handle)),
                    Call::ArrayRead => Action::ArrayRead(handle, index, self.count(handle)),
                    _ => self.array_write(handle, index),
                }
            }
        }
    }

    fn array_new_fixed(&mut self) -> Action {
        let of = self.type_of(Shape::Array);
        if self.draw.one_in(30) {
            return Action::ArrayNewTooLong(of);
        }
        let storage = self.element_storage(of.of);
        let count = self.draw.below(6);
        let inputs = (0..count).map(|_| self.input(storage)).collect();
        Action::ArrayNewFixed(of, inputs)
    }

    fn array_write(&mut self, handle: Handle, index: usize) -> Action {
        let count = self.count(handle);
        // A larger count is refused before memory is read.
        let bytes = self.words(count.min(LONGEST) * 2);
        Action::ArrayWrite(handle, index, bytes, count)
    }

    /// The bytes of random words.
    pub(crate) fn words(&mut self, count: usize) -> Vec<u8> {
        let bytes = (0..count).flat_map(|_| self.draw.next().to_le_bytes());
        bytes.collect()
    }

    fn extern_new(&mut self) -> Action {
        let maker = match self.draw.below(6) {
            0 | 1 => Maker::Plain,
            2 => Maker::Manual,
            _ => Maker::Options {
                tag: self.draw.below(3),
                bytes: self.bytes(),
                sized: !self.draw.one_in(30),
                with_store: self.draw.one_in(2),
            },
        };
        Action::ExternNew(maker, self.finalizer())
    }

    /// Draws a finalizer, or none, and its operation.
    pub(crate) fn finalizer(&mut self) -> Option<Option<Operation>> {
        match self.draw.below(8) {
            0..3 => None,
            3..5 => Some(None),
            _ => Some(Some(Operation::drawn(&mut self.draw))),
        }
    }

    fn exn_new(&mut self) -> Action {
        let tag = self.tag();
        let of = match tag {
            Named::Own(tag) => self.model.tags[tag],
            _ => 22,
        };
        Action::ExnNew(tag, self.inputs(of))
    }

    fn reserved(&mut self) -> usize {
        self.draw.among(&[0, 1, 100, usize::MAX])
    }

    fn bytes(&mut self) -> usize {
        if self.draw.one_in(2) {
            return 0;
        }
        let bits = self.draw.below(21);
        self.draw.below(1 << bits)
    }

    pub(crate) fn length(&mut self) -> usize {
        let longer = if self.model.tight { 30 } else { 8 };
        match self.draw.below(60) {
            0 => self.draw.among(&HUGE),
            // Greater than any heap here.
            1 => u32::MAX as usize,
            2 => 1 + self.draw.below(LONGEST),
            chance if chance < longer => self.draw.below(400),
            _ => self.draw.below(12),
        }
    }

    pub(crate) fn element_storage(&self, of: usize) -> Storage {
        let elements = TYPES[of].fields.first();
        elements.map_or(Storage::I32, |element| element.storage)
    }

    pub(crate) fn type_of(&mut self, shape: Shape) -> TypeArgument {
        let of = if self.draw.one_in(30) {
            self.draw.below(TYPES.len())
        } else {
            self.draw.among(&types_of(shape))
        };
        TypeArgument {
            of,
            other_engine: self.draw.one_in(60),
        }
    }

    /// A type, which is often of another engine.
    fn type_argument(&mut self, of: usize) -> TypeArgument {
        TypeArgument {
            of,
            other_engine: self.draw.one_in(4),
        }
    }

    /// Two types, which are often the same.
    fn two_types(&mut self) -> (usize, usize) {
        let (a, b) = (self.draw.below(TYPES.len()), self.draw.below(TYPES.len()));
        (a, if self.draw.one_in(2) { a } else { b })
    }

    pub(crate) fn ref_type(&mut self) -> RefTypeArgument {
        let heap = match self.draw.below(30) {
            0 => Err(self.draw.among(&[13, 15, u32::MAX])),
            1..12 => Ok(self.draw.among(&ABSTRACT)),
            _ => Ok(Heap::Type(self.draw.below(TYPES.len()))),
        };
        RefTypeArgument {
            heap,
            nullable: self.draw.one_in(2),
            other_engine: self.draw.one_in(20),
        }
    }

    /// Draws values for an object of this type. Rarely one too many or too few.
    pub(crate) fn inputs(&mut self, of: usize) -> Vec<Input> {
        let fields = TYPES[of].fields;
        self.sound = !self.draw.one_in(6);
        let mut inputs: Vec<_> = fields.iter().map(|f| self.input(f.storage)).collect();
        if self.draw.one_in(30) {
            inputs.push(Input::I32(0));
        } else if self.draw.one_in(30) {
            inputs.pop();
        }
        inputs
    }

    /// Draws a value for a field or element. It is often the object itself.
    fn input_at(&mut self, handle: Handle, index: usize) -> Input {
        let storage = match self.model.body_of(handle) {
            Some(Body::Struct { of, .. }) => TYPES[*of].fields.get(index).map(|f| f.storage),
            Some(Body::Array { of, .. }) => Some(self.element_storage(*of)),
            _ => None,
        };
        if let (Some(Storage::Ref(of)), Handle::Root(root)) = (storage, handle)
            && self.model.admits(of, self.model.roots[root].target)
            && self.draw.one_in(4)
        {
            return Input::Ref(handle);
        }
        self.input(storage.unwrap_or(Storage::I32))
    }

    pub(crate) fn input(&mut self, storage: Storage) -> Input {
        if !self.sound && self.draw.one_in(60) {
            return self.any_input();
        }
        let bits = self.draw.next();
        match storage {
            Storage::I8 | Storage::I16 | Storage::I32 => Input::I32(bits as u32),
            Storage::I64 => Input::I64(bits),
            // Only numbers: whether NaNs keep their bits in a call depends on the
            // compiler.
            Storage::F32 => Input::F32((bits as i32 as f32).to_bits()),
            Storage::F64 => Input::F64((bits as i64 as f64).to_bits()),
            Storage::V128 => {
                let both = u128::from(bits) << 64 | u128::from(self.draw.next());
                Input::V128(both.to_le_bytes())
            }
            Storage::Ref(of) => Input::Ref(self.handle(Wanted::Fitting(of))),
        }
    }

    pub(crate) fn any_input(&mut self) -> Input {
        match self.draw.below(8) {
            0 => Input::NoKind(self.draw.among(&[0, 1, 8, u32::MAX])),
            1 => self.input(Storage::I32),
            2 => self.input(Storage::I64),
            3 => self.input(Storage::F32),
            4 => self.input(Storage::F64),
            5 => self.input(Storage::V128),
            _ => Input::Ref(self.handle(Wanted::Anything)),
        }
    }

    /// Draws an index into an object. Rarely it is out of bounds.
    pub(crate) fn index(&mut self, handle: Handle) -> usize {
        self.index_below(self.model.length_of(handle))
    }

    pub(crate) fn index_below(&mut self, length: usize) -> usize {
        match self.draw.below(40) {
            0 => length,
            1 => self.draw.among(&HUGE),
            // The last element is more frequent than the others.
            2..6 => length.saturating_sub(1),
            _ => self.draw.below(length.max(1)),
        }
    }

    /// Draws the index of a field or element that is a reference, if a few draws find one.
    fn reference_at(&mut self, handle: Handle) -> Option<usize> {
        let drawn: Vec<_> = (0..4).map(|_| self.index(handle)).collect();
        let is_reference = |index: &usize| {
            matches!(
                self.model.value_at(handle, *index),
                Some((_, Value::Ref(_)))
            )
        };
        drawn.into_iter().find(is_reference)
    }

    /// Draws a number of elements. Rarely it is too large.
    fn count(&mut self, handle: Handle) -> usize {
        self.count_of(self.model.length_of(handle))
    }

    pub(crate) fn count_of(&mut self, length: usize) -> usize {
        match self.draw.below(30) {
            0 => length + 1,
            1 => self.draw.among(&HUGE),
            2 => length,
            _ => self.draw.below(length / 2 + 1),
        }
    }

    /// The getter for a field or element. Rarely another one.
    fn getter(&mut self, handle: Handle, index: usize) -> As {
        let getter = self.draw.among(&GETTERS);
        if self.draw.one_in(10) {
            return getter;
        }
        match self.model.value_at(handle, index) {
            Some((Storage::I8 | Storage::I16, _)) if self.draw.one_in(2) => As::Signed,
            Some((Storage::I8 | Storage::I16, _)) => As::Unsigned,
            Some((_, Value::I32(_))) => As::I32,
            Some((_, Value::I64(_))) => As::I64,
            Some((_, Value::F32(_))) => As::F32,
            Some((_, Value::F64(_))) => As::F64,
            Some((_, Value::V128(_))) => As::V128,
            Some((_, Value::Ref(_))) => As::Ref,
            None => getter,
        }
    }

    /// Draws one of `count` things, most often a new one.
    fn newest(&mut self, count: usize) -> usize {
        let near = if self.draw.one_in(3) {
            count
        } else {
            count.min(8)
        };
        count - 1 - self.draw.below(near)
    }

    fn scope(&mut self, innermost: bool) -> Named {
        let open: Vec<_> = self.model.frames.iter().filter_map(|f| f.scope).collect();
        match self.draw.below(40) {
            0 => Named::Foreign,
            1 => Named::Forged,
            2 => Named::Null,
            // Open or exited.
            3 | 4 if self.model.scopes > 0 => Named::Own(self.draw.below(self.model.scopes)),
            _ => match open.last() {
                None => Named::Forged,
                Some(last) if innermost => Named::Own(*last),
                Some(_) => Named::Own(open[self.newest(open.len())]),
            },
        }
    }

    fn weak(&mut self) -> Named {
        let count = self.model.weak.len();
        match self.draw.below(40) {
            0 => Named::Foreign,
            1 => Named::Null,
            2 => Named::Forged,
            _ if count == 0 => Named::Null,
            _ => Named::Own(self.newest(count)),
        }
    }

    fn pin(&mut self) -> Named {
        let pins = self.model.pins.iter().enumerate();
        let made = pins.filter(|(_, pin)| pin.state != PinState::Pending);
        let made: Vec<_> = made.map(|(pin, _)| pin).collect();
        match self.draw.below(40) {
            0 => Named::Foreign,
            1 => Named::Null,
            2 => Named::Forged,
            _ if made.is_empty() => Named::Null,
            _ => Named::Own(made[self.newest(made.len())]),
        }
    }

    fn map(&mut self) -> Named {
        let count = self.model.maps.len();
        let in_use: Vec<_> = self.model.maps_in_use().map(|(map, _)| map).collect();
        match self.draw.below(60) {
            0 => Named::Foreign,
            1 => Named::Null,
            2 => Named::Forged,
            // Freed or in use.
            3 if count > 0 => Named::Own(self.draw.below(count)),
            _ if in_use.is_empty() => Named::Null,
            _ => Named::Own(self.draw.among(&in_use)),
        }
    }

    /// Draws a key for a call that looks for it. Most often the map has this key.
    fn key(&mut self, map: Named) -> Handle {
        if let Named::Own(map) = map
            && !self.draw.one_in(4)
        {
            let entries = &self.model.maps[map].entries;
            let found =
                self.root_that(|model, root| entries.contains_key(&model.roots[root].target));
            if let Some(found) = found {
                return found;
            }
        }
        self.handle(Wanted::Anything)
    }

    pub(crate) fn tag(&mut self) -> Named {
        let count = self.model.tags.len();
        match self.draw.below(40) {
            0 => Named::Foreign,
            1 => Named::Null,
            2 => Named::Forged,
            _ if count == 0 => Named::Forged,
            _ => Named::Own(self.draw.below(count)),
        }
    }

    fn manual(&mut self) -> Handle {
        if self.draw.one_in(12) {
            return self.handle(Wanted::Anything);
        }
        self.root_that(|model, root| model.roots[root].manual)
            .unwrap_or(Handle::Null)
    }

    /// Draws a manual handle. Never one of another store, since the call would end its
    /// root.
    fn own_manual(&mut self) -> Handle {
        match self.manual() {
            Handle::Foreign => Handle::Null,
            handle => handle,
        }
    }

    pub(crate) fn scoped(&mut self) -> Handle {
        if self.draw.one_in(12) {
            return self.handle(Wanted::Anything);
        }
        self.root_that(|model, root| !model.roots[root].manual)
            .unwrap_or(Handle::Null)
    }

    /// Draws a live root that is `wanted`. After some failed draws takes the newest such
    /// root, if there is one.
    pub(crate) fn root_that(&mut self, wanted: impl Fn(&Model, usize) -> bool) -> Option<Handle> {
        let model = self.model;
        let tried = (0..12)
            .filter(|_| !model.live.is_empty())
            .map(|_| model.live[self.newest(model.live.len())])
            .find(|root| wanted(model, *root));
        let newest = || model.live.iter().rev().copied();
        tried
            .or_else(|| newest().find(|root| wanted(model, *root)))
            .map(Handle::Root)
    }

    pub(crate) fn handle(&mut self, wanted: Wanted) -> Handle {
        let chance = if self.sound { 80 } else { self.draw.below(80) };
        match chance {
            0 => return Handle::Foreign,
            1 => return self.forged(),
            2 | 3 => return self.stale(),
            4 | 5 => return Handle::Null,
            6 | 7 => {
                let any = self.root_that(|_, _| true);
                return any.unwrap_or(Handle::Null);
            }
            _ => {}
        }
        let found = self.root_that(|model, root| {
            let target = model.roots[root].target;
            let body = match target {
                Reference::Node(node) => Some(&model.nodes[node].body),
                _ => None,
            };
            match wanted {
                Wanted::Anything => true,
                Wanted::Extern => matches!(body, Some(Body::Extern { .. })),
                // A struct without fields is of little use.
                Wanted::Struct => {
                    matches!(body, Some(Body::Struct { fields, .. }) if !fields.is_empty())
                }
                Wanted::Array => matches!(body, Some(Body::Array { .. })),
                Wanted::Exn => matches!(body, Some(Body::Exn { .. })),
                Wanted::Func => matches!(body, Some(Body::Func { .. })),
                Wanted::I31 => matches!(target, Reference::I31(_)),
                Wanted::Fitting(of) => model.admits(of, target),
            }
        });
        found.unwrap_or(Handle::Null)
    }

    fn forged(&mut self) -> Handle {
        let roots = self.model.roots.len();
        let from = (roots > 0).then(|| self.newest(roots));
        let has_bits = |root: &usize| {
            let state = self.model.roots[*root].state;
            !matches!(
                state,
                RootState::Pending | RootState::Never | RootState::Held
            )
        };
        let bound = from.filter(has_bits);
        let how = self
            .draw
            .among(&[Forgery::Generation, Forgery::Slot, Forgery::Store]);
        Handle::Forged { from: bound, how }
    }

    /// A handle of a root that has ended, if a few draws find one.
    fn stale(&mut self) -> Handle {
        let roots = &self.model.roots;
        (0..12)
            .filter(|_| !roots.is_empty())
            .map(|_| self.newest(roots.len()))
            .find(|root| roots[*root].state == RootState::Gone)
            .map_or(Handle::Null, Handle::Root)
    }
}
