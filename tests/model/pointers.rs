//! The pointers that calls require. A call with a required pointer NULL is refused.

use super::action::{Action, Input, Maker};
use super::types::Heap;

/// A pointer that a call takes, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    Store,
    Type,
    Other,
    Fields,
    Elements,
    Bytes,
    Value,
    Options,
    Handle,
    Weak,
    Pin,
    Address,
    Map,
    Table,
    Callback,
    Args,
    Results,
    Range,
    Source,
    Global,
    Key,
    Data,
    Out,
    OutLeft,
}

use Pointer::*;

impl Pointer {
    /// The parameter's name in C.
    pub(crate) fn name(self) -> String {
        match self {
            OutLeft => "out_left".to_owned(),
            _ => format!("{self:?}").to_lowercase(),
        }
    }
}

impl Action {
    /// The pointers that the call requires, in the order of its parameters.
    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        match self {
            Action::Walk | Action::StoreFree(_) | Action::RegisterAgain { .. } => vec![],
            Action::TypeEqual(..) => vec![Type, Other, Out],
            Action::UnrootLater(_) => vec![Handle],
            Action::Unroot(_) => vec![Store, Handle],
            Action::RunFinalizers(_) => vec![Store, OutLeft],
            Action::IntoRooted(_) => vec![Store, Handle, Out],
            Action::WeakFree(_) => vec![Store, Weak],
            Action::PinData(_) => vec![Store, Address, Bytes],
            Action::Unpin(_) => vec![Store, Pin],
            Action::WeakMapFree(_) => vec![Store, Map],
            Action::ExternNew(Maker::Options { .. }, _) => vec![Store, Options, Out],
            Action::StructNewDefault(_) | Action::ArrayNewDefault(..) | Action::TagNew(_) => {
                vec![Store, Type, Out]
            }
            Action::ArrayNew(..) => vec![Store, Type, Value, Out],
            Action::ArrayNewTooLong(_) => vec![Store, Type, Elements, Out],
            // Without values nothing is read.
            Action::StructNew(_, fields) if fields.is_empty() => vec![Store, Type, Out],
            Action::StructNew(..) => vec![Store, Type, Fields, Out],
            Action::StructNewInto(_, fields, _) if fields.is_empty() => vec![Store, Type],
            Action::StructNewInto(..) => vec![Store, Type, Fields],
            Action::StructNewEscape(_, _, fields) if fields.is_empty() => vec![Store, Type, Out],
            Action::StructNewEscape(..) => vec![Store, Type, Fields, Out],
            Action::ArrayNewFixed(_, elements) if elements.is_empty() => vec![Store, Type, Out],
            Action::ArrayNewFixed(..) => vec![Store, Type, Elements, Out],
            Action::ArrayNewBytes(_, _, 0) => vec![Store, Type, Out],
            Action::ArrayNewBytes(..) => vec![Store, Type, Bytes, Out],
            Action::ExnNew(_, fields) if !fields.is_empty() => vec![Store, Fields, Out],
            Action::StructSet(..)
            | Action::StructSetAs(_, _, Input::NoKind(_))
            | Action::ArraySet(..)
            | Action::ArraySetAs(_, _, Input::NoKind(_))
            | Action::ArrayFill(..) => vec![Store, Value],
            Action::ArrayRead(_, _, count) if *count > 0 => vec![Store, Out],
            Action::ArrayWrite(_, _, _, count) if *count > 0 => vec![Store, Data],
            Action::Test(_, of) | Action::Cast(_, of) if matches!(of.heap, Ok(Heap::Type(_))) => {
                vec![Store, Type, Out]
            }
            Action::KeyedSetData(..) => vec![Store, Key],
            Action::KeyedData(_) => vec![Store, Key, Out],
            Action::Table(action) => action.pointers(),
            Action::Global(action) => action.pointers(),
            Action::Func(action) => action.pointers(),
            Action::Range(action) => action.pointers(),
            Action::Raw(action) => action.pointers(),
            _ if self.writes() => vec![Store, Out],
            _ => vec![Store],
        }
    }

    /// Whether the call has an output. Elements that it reads do not count.
    fn writes(&self) -> bool {
        !matches!(
            self,
            Action::ScopeExit(_)
                | Action::ScopeUnwind(_)
                | Action::ScopeReserve(_)
                | Action::NoGcEnter
                | Action::NoGcExit
                | Action::Assign(..)
                | Action::DrainUnroots
                | Action::WeakMapSet(..)
                | Action::ExternSetData(_)
                | Action::ExternBytes(..)
                | Action::ExternAdjust(..)
                | Action::StructGetInto(..)
                | Action::StructSetAs(..)
                | Action::ArrayGetInto(..)
                | Action::ArraySetAs(..)
                | Action::ArrayCopy { .. }
                | Action::ArrayRead(..)
                | Action::ArrayWrite(..)
                | Action::StoreSetData(..)
                | Action::StoreDetach
                | Action::StoreAttach
                | Action::Collect
                | Action::Trim
                | Action::Verify
        )
    }
}

/// The pointers of a call that are NULL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nulls(u32);

impl Nulls {
    pub(crate) const NONE: Nulls = Nulls(0);

    pub(crate) fn with(self, pointer: Pointer) -> Nulls {
        Nulls(self.0 | 1 << pointer as u32)
    }

    pub(crate) fn has(self, pointer: Pointer) -> bool {
        self.0 & (1 << pointer as u32) != 0
    }

    /// The first NULL pointer of the call. The call must report this one.
    pub(crate) fn first(self, action: &Action) -> Option<Pointer> {
        let mut pointers = action.pointers().into_iter();
        pointers.find(|pointer| self.has(*pointer))
    }
}
