//! Predicts the result of a call and its changes to the model, as the header documents
//! them. This is independent of the library. Checks are in the documented order, so each
//! refusal has one status.

use gcroots::capi::status::*;

use super::action::{
    Action, As, By, Forgery, Handle, Input, Maker, Named, Planned, RefTypeArgument, TypeArgument,
};
use super::functions::Called;
use super::model::{
    Body, Model, Owner, Pin, PinState, Reference, RootState, Value, Weak, WeakMap, default_of,
    stored, values_of,
};
use super::pointers::Nulls;
use super::tables::Lengthened;
use super::types::{Field, Heap, RefType, Shape, Storage, TYPES, is_storage_subtype};

/// The predicted output of a call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Nothing,
    Bool(bool),
    /// An integer, as its bits.
    Number(u64),
    Value(Value),
    /// A value that is a reference, by its new root.
    ValueRoot(usize),
    NullRef,
    /// A new root, still pending.
    Root(usize),
    /// A new root for a new object, and the object's bytes. There may be no memory for
    /// it.
    Made(usize, usize),
    NullWeak,
    Weak,
    /// A new pin, by its number.
    Pinned(usize),
    /// Null or a new root: the model cannot know whether the object of this weak handle
    /// has died.
    Upgrade(usize),
    /// A call of a function. The rest is drawn when the function runs.
    Called(Called),
    NewMap,
    /// A new table, or one that got a new array. The call then returns its old size.
    Lengthened(Lengthened),
    NewRange,
    /// A new global, by its number, and the bytes of its hidden object.
    NewGlobal(usize, usize),
    /// The number of entries of this weak map. The model may know only bounds.
    Size(usize),
    Scope,
    Tag,
    NamedTag(usize),
    /// The type of this table.
    TableType(usize),
    /// The type of this global.
    GlobalType(usize),
    StoreId,
    Type(usize),
    /// The hash of this reference. It must not have changed.
    Hash(Reference),
    Bytes(Vec<u8>),
    Collected,
    /// Finalizers may have run, at most this number. The call returns how many wait.
    Waiting(usize),
    Walk,
}

/// A status other than success.
type Refusal = gcroots_status_t;
pub(crate) type Predicted<T = Answer> = Result<T, Refusal>;

/// More elements than an array may have.
pub(crate) const TOO_LONG: usize = 1 << 32;

/// Does a call on the model, and returns the predicted output or status.
pub(crate) fn predict(model: &mut Model, planned: &Planned, heap_limit: usize) -> Predicted {
    let Planned { action, nulls, by } = planned;
    let mut call = Prediction { model, heap_limit };
    if *nulls != Nulls::NONE {
        return Err(GCROOTS_ERROR_NULL_ARGUMENT);
    }
    match action {
        // These calls check the calling thread themselves, or allow all threads.
        Action::StoreAttach
        | Action::StoreFree(false)
        | Action::UnrootLater(_)
        | Action::TypeEqual(..)
        | Action::RegisterAgain { .. } => {}
        _ => call.require_owner(*by)?,
    }
    match action {
        Action::ScopeEnter
        | Action::ScopeExit(_)
        | Action::ScopeUnwind(_)
        | Action::ScopeEscape(..)
        | Action::ScopeReserve(_)
        | Action::NoGcEnter
        | Action::NoGcExit => call.scopes(action),
        Action::LocalNew(_)
        | Action::LocalIsNull(_)
        | Action::Assign(..)
        | Action::ToManual(_)
        | Action::CloneManual(_)
        | Action::Unroot(_)
        | Action::UnrootLater(_)
        | Action::DrainUnroots
        | Action::ToRooted(_)
        | Action::IntoRooted(_) => call.roots(action),
        Action::WeakNew(_) | Action::WeakUpgrade(_) | Action::WeakFree(_) => call.weak(action),
        Action::Pin(_) | Action::PinData(_) | Action::Unpin(_) => call.pins(action),
        Action::WeakMapNew
        | Action::WeakMapSet(..)
        | Action::WeakMapGet(..)
        | Action::WeakMapDelete(..)
        | Action::WeakMapSize(_)
        | Action::WeakMapFree(_) => call.weak_maps(action),
        Action::ExternNew(..)
        | Action::ExternData(_)
        | Action::ExternDataTagged(..)
        | Action::ExternSetData(_)
        | Action::ExternBytes(..)
        | Action::ExternAdjust(..) => call.externs(action),
        Action::StructNew(..)
        | Action::StructNewInto(..)
        | Action::StructNewEscape(..)
        | Action::StructNewDefault(_)
        | Action::StructGet(..)
        | Action::StructGetAs(..)
        | Action::StructGetInto(..)
        | Action::StructSet(..)
        | Action::StructSetAs(..) => call.structs(action),
        Action::ArrayNew(..)
        | Action::ArrayNewDefault(..)
        | Action::ArrayNewFixed(..)
        | Action::ArrayNewBytes(..)
        | Action::ArrayNewTooLong(_) => call.new_arrays(action),
        Action::ArrayLen(_)
        | Action::ArrayGet(..)
        | Action::ArrayGetAs(..)
        | Action::ArrayGetInto(..)
        | Action::ArraySet(..)
        | Action::ArraySetAs(..) => call.elements(action),
        Action::ArrayFill(..)
        | Action::ArrayCopy { .. }
        | Action::ArrayRead(..)
        | Action::ArrayWrite(..) => call.ranges(action),
        Action::TagNew(_)
        | Action::TagType(_)
        | Action::TagEqual(..)
        | Action::ExnNew(..)
        | Action::ExnTag(_)
        | Action::ExnField(..) => call.exceptions(action),
        Action::Table(action) => call.tables(action),
        Action::Global(action) => call.globals(action),
        Action::Func(action) => call.functions(action),
        Action::Range(action) => call.root_ranges(action),
        Action::Raw(action) => call.raw_calls(action),
        Action::StoreSetData(..)
        | Action::StoreData
        | Action::KeyedSetData(..)
        | Action::KeyedData(_)
        | Action::StoreId
        | Action::StoreDetach
        | Action::StoreAttach
        | Action::StoreFree(_) => call.stores(action, *by),
        Action::Collect | Action::Trim => match call.model.spans {
            0 => Ok(Answer::Collected),
            _ => Err(GCROOTS_ERROR_NO_GC),
        },
        Action::RunFinalizers(most) => Ok(Answer::Waiting(*most)),
        Action::Verify => Ok(Answer::Nothing),
        Action::Walk => Ok(Answer::Walk),
        _ => call.references(action),
    }
}

pub(crate) struct Prediction<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) heap_limit: usize,
}

impl Prediction<'_> {
    /// Refuses calls of other threads and calls inside the growth callback.
    fn require_owner(&self, by: By) -> Predicted<()> {
        if by != By::This || self.model.owner == Owner::Nobody {
            return Err(GCROOTS_ERROR_WRONG_THREAD);
        }
        if self.model.asking {
            return Err(GCROOTS_ERROR_BUSY);
        }
        Ok(())
    }

    /// Refuses calls that finalizers, functions and the growth callback may not make.
    fn require_outside(&self) -> Predicted<()> {
        if self.model.asking || self.model.is_inside() {
            return Err(GCROOTS_ERROR_BUSY);
        }
        Ok(())
    }

    fn stores(&mut self, action: &Action, by: By) -> Predicted {
        match *action {
            Action::StoreSetData(is_null, finalizer) => {
                let data = if is_null { 0 } else { self.model.new_data() };
                self.model.set_data(data, finalizer);
            }
            Action::StoreId => return Ok(Answer::StoreId),
            Action::StoreData => return Ok(Answer::Number(self.model.data.data)),
            Action::KeyedSetData(key, data) => {
                self.model.keyed.insert(key, data);
            }
            Action::KeyedData(key) => {
                let data = self.model.keyed.get(&key).copied();
                return Ok(Answer::Number(data.unwrap_or(0)));
            }
            Action::StoreDetach => {
                self.require_outside()?;
                self.model.owner = Owner::Nobody;
            }
            Action::StoreAttach => self.attach(by)?,
            Action::StoreFree(true) => self.require_outside()?,
            Action::StoreFree(false) => {}
            _ => unreachable!("{action:?}"),
        }
        Ok(Answer::Nothing)
    }

    fn attach(&mut self, by: By) -> Predicted<()> {
        match (by, self.model.owner) {
            (By::This, Owner::This) => self.require_outside(),
            (By::Another, Owner::This) => Err(GCROOTS_ERROR_WRONG_THREAD),
            // The new owner ends at once.
            (By::Another, Owner::Nobody) => Ok(()),
            (By::This, Owner::Nobody) => {
                self.model.owner = Owner::This;
                Ok(())
            }
            (By::Next, _) => {
                self.model.owner = Owner::This;
                self.model.thread_ends = true;
                Ok(())
            }
        }
    }

    pub(crate) fn resolve(&self, handle: Handle) -> Predicted<Reference> {
        match handle {
            Handle::Null => Ok(Reference::Null),
            Handle::Foreign
            | Handle::Forged {
                how: Forgery::Store,
                ..
            } => Err(GCROOTS_ERROR_WRONG_STORE),
            Handle::Forged { .. } => Err(GCROOTS_ERROR_UNROOTED),
            Handle::Root(root) => match self.model.roots[root].state {
                RootState::Live => Ok(self.model.roots[root].target),
                _ => Err(GCROOTS_ERROR_UNROOTED),
            },
        }
    }

    pub(crate) fn node(&self, handle: Handle) -> Predicted<usize> {
        match self.resolve(handle)? {
            Reference::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Reference::I31(_) => Err(GCROOTS_ERROR_TYPE_MISMATCH),
            Reference::Node(node) => Ok(node),
        }
    }

    fn resolve_manual(&self, handle: Handle) -> Predicted<Reference> {
        let reference = self.resolve(handle)?;
        match handle {
            Handle::Root(root) if !self.model.roots[root].manual => Err(GCROOTS_ERROR_UNROOTED),
            _ => Ok(reference),
        }
    }

    pub(crate) fn rooted(&mut self, target: Reference) -> Answer {
        if target == Reference::Null {
            return Answer::NullRef;
        }
        Answer::Root(self.model.push_root(target, false))
    }

    fn manually_rooted(&mut self, target: Reference) -> Answer {
        if target == Reference::Null {
            return Answer::NullRef;
        }
        Answer::Root(self.model.push_root(target, true))
    }

    /// The output of a call that reads a field. A reference that is not null gets a new
    /// root.
    pub(crate) fn read(&mut self, value: Value) -> Answer {
        match value {
            Value::Ref(target) if target != Reference::Null => {
                Answer::ValueRoot(self.model.push_root(target, false))
            }
            value => Answer::Value(value),
        }
    }

    /// Makes an object with a pending root. The library may have no memory for it.
    pub(crate) fn made(&mut self, body: Body, manual: bool) -> Predicted {
        let before = self.model.bytes_made;
        let root = self.model.make(body, manual);
        Ok(Answer::Made(root, self.model.bytes_made - before))
    }

    /// Makes the hidden object of a table or global. Returns its root and its bytes.
    pub(crate) fn hidden(&mut self, values: Vec<Value>, bytes: usize) -> (usize, usize) {
        let body = Body::Hidden {
            values,
            bytes,
            most: bytes,
        };
        (self.model.make(body, true), bytes)
    }

    fn scope(&self, scope: Named) -> Predicted<Option<usize>> {
        match scope {
            Named::Null | Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(scope) => Ok(Some(scope)),
            Named::Forged => Ok(None),
        }
    }

    fn innermost(&self, scope: Named) -> Predicted<()> {
        let named = self.scope(scope)?;
        let innermost = self.model.frames.last().and_then(|frame| frame.scope);
        if named.is_none() || named != innermost {
            return Err(GCROOTS_ERROR_SCOPE_ORDER);
        }
        Ok(())
    }

    fn scopes(&mut self, action: &Action) -> Predicted {
        let last = self.model.frames.len() - 1;
        match *action {
            Action::ScopeEnter => {
                self.model.begin_frame(Some(self.model.scopes));
                self.model.scopes += 1;
                return Ok(Answer::Scope);
            }
            Action::ScopeExit(scope) => {
                self.innermost(scope)?;
                self.model.end_frames(last);
            }
            Action::ScopeUnwind(scope) => {
                let named = self.scope(scope)?;
                let open = self.model.frames.iter().rposition(|f| f.scope == named);
                // A finalizer or function cannot exit scopes that were open when it
                // began.
                let outside = self.model.frames.iter().rposition(|f| f.scope.is_none());
                match open.filter(|open| named.is_some() && Some(*open) > outside) {
                    Some(open) => self.model.end_frames(open),
                    None => return Err(GCROOTS_ERROR_SCOPE_ORDER),
                }
            }
            Action::ScopeEscape(scope, handle) => {
                self.innermost(scope)?;
                let target = self.resolve(handle)?;
                self.model.end_frames(last);
                return Ok(self.rooted(target));
            }
            Action::ScopeReserve(usize::MAX) => return Err(GCROOTS_ERROR_LIMIT),
            Action::NoGcEnter => self.model.spans += 1,
            Action::NoGcExit => {
                if self.model.spans <= self.model.frames[last].spans {
                    return Err(GCROOTS_ERROR_SCOPE_ORDER);
                }
                self.model.spans -= 1;
            }
            _ => {}
        }
        Ok(Answer::Nothing)
    }

    fn roots(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::LocalNew(handle) => {
                let target = self.resolve(handle)?;
                Ok(Answer::Root(self.model.push_root(target, false)))
            }
            Action::LocalIsNull(handle) => {
                let target = self.resolve(handle)?;
                Ok(Answer::Bool(target == Reference::Null))
            }
            Action::Assign(to, from) => {
                let root = self.scoped_root(to)?;
                self.model.roots[root].target = self.resolve(from)?;
                Ok(Answer::Nothing)
            }
            Action::ToManual(handle) => {
                let target = self.resolve(handle)?;
                Ok(self.manually_rooted(target))
            }
            Action::CloneManual(handle) => {
                let target = self.resolve_manual(handle)?;
                Ok(self.manually_rooted(target))
            }
            Action::ToRooted(handle) => {
                let target = self.resolve_manual(handle)?;
                Ok(self.rooted(target))
            }
            Action::IntoRooted(handle) => {
                let target = self.resolve_manual(handle)?;
                let answer = self.rooted(target);
                self.end(handle);
                Ok(answer)
            }
            Action::Unroot(handle) => {
                self.resolve_manual(handle)?;
                self.end(handle);
                Ok(Answer::Nothing)
            }
            Action::UnrootLater(handle) => {
                self.unroot_later(handle);
                Ok(Answer::Nothing)
            }
            Action::DrainUnroots => {
                self.model.settle();
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    /// The root of a handle that is to be assigned.
    pub(crate) fn scoped_root(&self, handle: Handle) -> Predicted<usize> {
        if matches!(handle, Handle::Null) {
            return Err(GCROOTS_ERROR_NULL_REFERENCE);
        }
        self.resolve(handle)?;
        match handle {
            Handle::Root(root) if !self.model.roots[root].manual => Ok(root),
            _ => Err(GCROOTS_ERROR_INVALID_ARGUMENT),
        }
    }

    /// Assigns a value to a root.
    pub(crate) fn assign(&mut self, root: usize, value: Value) -> Predicted {
        match value {
            Value::Ref(target) => self.model.roots[root].target = target,
            _ => return Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
        Ok(Answer::Nothing)
    }

    fn end(&mut self, handle: Handle) {
        if let Handle::Root(root) = handle {
            self.model.end_root(root);
        }
    }

    fn unroot_later(&mut self, handle: Handle) {
        match handle {
            Handle::Root(root) if self.resolve_manual(handle).is_ok() => {
                self.model.end_root(root);
                self.model.roots[root].state = RootState::Leaving;
                self.model.leaving.push(root);
            }
            Handle::Null
            | Handle::Foreign
            | Handle::Forged {
                how: Forgery::Store,
                ..
            } => {}
            Handle::Root(_) | Handle::Forged { .. } => self.model.stale_unroots += 1,
        }
    }

    fn weak_named(&self, weak: Named) -> Predicted<Option<usize>> {
        match weak {
            Named::Null => Ok(None),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(weak) if !self.model.weak[weak].freed => Ok(Some(weak)),
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }

    fn weak(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::WeakNew(handle) => {
                let target = self.resolve(handle)?;
                if target == Reference::Null {
                    return Ok(Answer::NullWeak);
                }
                self.model.weak.push(Weak {
                    target,
                    freed: false,
                });
                Ok(Answer::Weak)
            }
            Action::WeakUpgrade(weak) => match self.weak_named(weak)? {
                None => Ok(Answer::NullRef),
                Some(weak) => Ok(self.upgrade(weak)),
            },
            Action::WeakFree(weak) => {
                if let Some(weak) = self.weak_named(weak)? {
                    self.model.weak[weak].freed = true;
                }
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn pin_named(&self, pin: Named) -> Predicted<Option<usize>> {
        match pin {
            Named::Null => Ok(None),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(pin) if self.model.pins[pin].state == PinState::Live => Ok(Some(pin)),
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }

    fn pins(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::Pin(handle) => {
                let node = self.node(handle)?;
                if !self.model.has_pins {
                    return Err(GCROOTS_ERROR_UNSUPPORTED);
                }
                let state = PinState::Pending;
                self.model.pins.push(Pin { node, state });
                Ok(Answer::Pinned(self.model.pins.len() - 1))
            }
            Action::PinData(pin) => {
                let pin = self.pin_named(pin)?.ok_or(GCROOTS_ERROR_NULL_REFERENCE)?;
                let Body::Array { of, elements } =
                    &self.model.nodes[self.model.pins[pin].node].body
                else {
                    return Err(GCROOTS_ERROR_TYPE_MISMATCH);
                };
                let element = &TYPES[*of].fields[0];
                require_numbers(*element)?;
                let read = elements.iter();
                let bytes = read.flat_map(|value| memory_of(element.storage, *value));
                Ok(Answer::Bytes(bytes.collect()))
            }
            Action::Unpin(pin) => {
                if let Some(pin) = self.pin_named(pin)? {
                    self.model.pins[pin].state = PinState::Ended;
                }
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn upgrade(&mut self, weak: usize) -> Answer {
        let target = self.model.weak[weak].target;
        let Reference::Node(node) = target else {
            return self.rooted(target);
        };
        if self.model.nodes[node].dead {
            return Answer::NullRef;
        }
        if self.model.reachable(&[RootState::Live])[node] {
            return self.rooted(target);
        }
        Answer::Upgrade(weak)
    }

    fn map_named(&self, map: Named) -> Predicted<usize> {
        match map {
            Named::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(map) if !self.model.maps[map].freed => Ok(map),
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }

    fn map_and_key(&self, map: Named, key: Handle) -> Predicted<(usize, Reference)> {
        let map = self.map_named(map)?;
        match self.resolve(key)? {
            Reference::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            key => Ok((map, key)),
        }
    }

    fn weak_maps(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::WeakMapNew => {
                self.model.maps.push(WeakMap::default());
                Ok(Answer::NewMap)
            }
            Action::WeakMapSet(map, key, value) => {
                let (map, key) = self.map_and_key(map, key)?;
                let value = self.resolve(value)?;
                self.model.maps[map].entries.insert(key, value);
                Ok(Answer::Nothing)
            }
            Action::WeakMapGet(map, key) => {
                let (map, key) = self.map_and_key(map, key)?;
                let value = self.model.maps[map].entries.get(&key).copied();
                Ok(self.rooted(value.unwrap_or(Reference::Null)))
            }
            Action::WeakMapDelete(map, key) => {
                let (map, key) = self.map_and_key(map, key)?;
                let removed = self.model.maps[map].entries.remove(&key);
                Ok(Answer::Bool(removed.is_some()))
            }
            Action::WeakMapSize(map) => Ok(Answer::Size(self.map_named(map)?)),
            Action::WeakMapFree(Named::Null) => Ok(Answer::Nothing),
            Action::WeakMapFree(map) => {
                let map = self.map_named(map)?;
                self.model.maps[map] = WeakMap {
                    freed: true,
                    ..WeakMap::default()
                };
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn extern_node(&self, handle: Handle) -> Predicted<usize> {
        let node = self.node(handle)?;
        match self.model.nodes[node].body {
            Body::Extern { .. } => Ok(node),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn externs(&mut self, action: &Action) -> Predicted {
        if let Action::ExternNew(maker, finalizer) = *action {
            let (tag, bytes) = match maker {
                Maker::Options { sized: false, .. } => return Err(GCROOTS_ERROR_INVALID_ARGUMENT),
                Maker::Options { tag, bytes, .. } => (tag, bytes),
                Maker::Plain | Maker::Manual => (0, 0),
            };
            let body = Body::Extern {
                data: self.model.new_data(),
                tag,
                bytes,
                finalizer,
                finalized: false,
            };
            return self.made(body, matches!(maker, Maker::Manual));
        }
        let (Action::ExternData(handle)
        | Action::ExternDataTagged(handle, _)
        | Action::ExternSetData(handle)
        | Action::ExternBytes(handle, _)
        | Action::ExternAdjust(handle, _)) = *action
        else {
            unreachable!("{action:?}")
        };
        let node = self.extern_node(handle)?;
        let new_data = self.model.next_data + 1;
        let body = &mut self.model.nodes[node].body;
        let Body::Extern {
            data, tag, bytes, ..
        } = body
        else {
            unreachable!("{body:?}")
        };
        match *action {
            Action::ExternDataTagged(_, asked) if asked != *tag => {
                return Err(GCROOTS_ERROR_TYPE_MISMATCH);
            }
            Action::ExternSetData(_) => {
                self.model.owners.remove(data);
                self.model.owners.insert(new_data, node);
                self.model.next_data = new_data;
                *data = new_data;
            }
            Action::ExternBytes(_, now) => *bytes = now,
            // The sums are small here.
            Action::ExternAdjust(_, difference) => {
                let sum = bytes.checked_add_signed(difference as isize);
                *bytes = sum.ok_or(GCROOTS_ERROR_INVALID_ARGUMENT)?;
            }
            _ => return Ok(Answer::Number(*data)),
        }
        Ok(Answer::Nothing)
    }

    pub(crate) fn type_of_shape(
        &self,
        of: TypeArgument,
        wanted: fn(Shape) -> bool,
    ) -> Predicted<()> {
        if of.other_engine {
            return Err(GCROOTS_ERROR_WRONG_ENGINE);
        }
        if !wanted(TYPES[of.of].shape) {
            return Err(GCROOTS_ERROR_TYPE_MISMATCH);
        }
        Ok(())
    }

    /// The referent of the handle in a value. Null for a value without a handle.
    pub(crate) fn resolve_input(&self, input: Input) -> Predicted<Reference> {
        match input {
            Input::Ref(handle) => self.resolve(handle),
            _ => Ok(Reference::Null),
        }
    }

    /// The contents of a field after it is set to a value. `target` is the referent of
    /// the value's handle.
    pub(crate) fn admitted(
        &self,
        storage: Storage,
        input: Input,
        target: Reference,
    ) -> Predicted<Value> {
        let fits = match (storage, input) {
            (Storage::I8 | Storage::I16 | Storage::I32, Input::I32(_))
            | (Storage::I64, Input::I64(_))
            | (Storage::F32, Input::F32(_))
            | (Storage::F64, Input::F64(_))
            | (Storage::V128, Input::V128(_)) => true,
            (Storage::Ref(of), Input::Ref(_)) => {
                if target == Reference::Null && !of.nullable {
                    return Err(GCROOTS_ERROR_NULL_REFERENCE);
                }
                self.model.admits(of, target)
            }
            _ => false,
        };
        if !fits {
            return Err(GCROOTS_ERROR_TYPE_MISMATCH);
        }
        Ok(stored(storage, input, target))
    }

    pub(crate) fn values(&self, fields: &[Field], inputs: &[Input]) -> Predicted<Vec<Value>> {
        let each = fields.iter().zip(inputs);
        each.map(|(field, input)| {
            let target = self.resolve_input(*input)?;
            self.admitted(field.storage, *input, target)
        })
        .collect()
    }

    fn struct_node(&self, handle: Handle) -> Predicted<(usize, &'static [Field])> {
        let node = self.node(handle)?;
        match self.model.nodes[node].body {
            Body::Struct { of, .. } => Ok((node, TYPES[of].fields)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    pub(crate) fn structs(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::StructNewInto(of, ref inputs, to) => {
                self.scoped_root(to)?;
                self.structs(&Action::StructNew(of, inputs.clone()))
            }
            Action::StructNewEscape(scope, of, ref inputs) => {
                self.innermost(scope)?;
                self.structs(&Action::StructNew(of, inputs.clone()))
            }
            Action::StructNew(of, ref inputs) => {
                let fields = TYPES[of.of].fields;
                if inputs.len() == field_count(of.of) {
                    require_kinds(inputs)?;
                }
                self.type_of_shape(of, |shape| shape == Shape::Struct)?;
                if inputs.len() != fields.len() {
                    return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
                }
                let fields = self.values(fields, inputs)?;
                self.made(Body::Struct { of: of.of, fields }, false)
            }
            Action::StructNewDefault(of) => {
                self.type_of_shape(of, |shape| shape == Shape::Struct)?;
                require_defaults(of.of)?;
                let fields = TYPES[of.of].fields.iter();
                let fields = fields.map(|field| default_of(field.storage)).collect();
                self.made(Body::Struct { of: of.of, fields }, false)
            }
            Action::StructGet(handle, index) => {
                let (node, _) = self.struct_node(handle)?;
                let value = self.value(node, index)?;
                Ok(self.read(value))
            }
            Action::StructGetAs(handle, index, getter) => {
                let (node, fields) = self.struct_node(handle)?;
                let value = self.value(node, index)?;
                self.read_as(fields[index].storage, value, getter)
            }
            Action::StructGetInto(handle, index, to) => {
                let (node, _) = self.struct_node(handle)?;
                let root = self.scoped_root(to)?;
                let value = self.value(node, index)?;
                self.assign(root, value)
            }
            Action::StructSet(handle, index, input) | Action::StructSetAs(handle, index, input) => {
                require_kinds(&[input])?;
                let (node, fields) = self.struct_node(handle)?;
                let target = self.resolve_input(input)?;
                self.value(node, index)?;
                if !fields[index].mutable {
                    return Err(GCROOTS_ERROR_IMMUTABLE);
                }
                let value = self.admitted(fields[index].storage, input, target)?;
                self.values_mut(node)[index] = value;
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    pub(crate) fn value(&self, node: usize, index: usize) -> Predicted<Value> {
        let values = values_of(&self.model.nodes[node].body);
        values
            .get(index)
            .copied()
            .ok_or(GCROOTS_ERROR_OUT_OF_BOUNDS)
    }

    pub(crate) fn values_mut(&mut self, node: usize) -> &mut [Value] {
        match &mut self.model.nodes[node].body {
            Body::Struct { fields, .. } => fields,
            Body::Array { elements, .. } => elements,
            other => unreachable!("{other:?}"),
        }
    }

    fn read_as(&mut self, storage: Storage, value: Value, getter: As) -> Predicted {
        require_getter(storage, getter)?;
        match (storage, value, getter) {
            (Storage::I8, Value::I32(bits), As::Signed) => {
                Ok(Answer::Number(bits as u8 as i8 as u32 as u64))
            }
            (Storage::I16, Value::I32(bits), As::Signed) => {
                Ok(Answer::Number(bits as u16 as i16 as u32 as u64))
            }
            (_, Value::I32(bits) | Value::F32(bits), _) => Ok(Answer::Number(bits.into())),
            (_, Value::I64(bits) | Value::F64(bits), _) => Ok(Answer::Number(bits)),
            (_, Value::V128(bytes), _) => Ok(Answer::Bytes(bytes.to_vec())),
            (_, Value::Ref(target), _) => Ok(self.rooted(target)),
        }
    }

    fn array_node(&self, handle: Handle) -> Predicted<(usize, Field)> {
        let node = self.node(handle)?;
        match self.model.nodes[node].body {
            Body::Array { of, .. } => Ok((node, TYPES[of].fields[0])),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    pub(crate) fn make_array(&mut self, of: usize, length: usize, value: Value) -> Predicted {
        if length >= TOO_LONG {
            return Err(GCROOTS_ERROR_LIMIT);
        }
        if length * TYPES[of].fields[0].storage.bytes() > self.heap_limit {
            return Err(GCROOTS_ERROR_OUT_OF_MEMORY);
        }
        let elements = vec![value; length];
        self.made(Body::Array { of, elements }, false)
    }

    pub(crate) fn new_arrays(&mut self, action: &Action) -> Predicted {
        let of_arrays: fn(Shape) -> bool = |shape| shape == Shape::Array;
        match *action {
            Action::ArrayNew(of, input, length) => {
                require_kinds(&[input])?;
                self.type_of_shape(of, of_arrays)?;
                let target = self.resolve_input(input)?;
                let storage = TYPES[of.of].fields[0].storage;
                let value = self.admitted(storage, input, target)?;
                self.make_array(of.of, length, value)
            }
            Action::ArrayNewDefault(of, length) => {
                self.type_of_shape(of, of_arrays)?;
                require_defaults(of.of)?;
                let value = default_of(TYPES[of.of].fields[0].storage);
                self.make_array(of.of, length, value)
            }
            Action::ArrayNewFixed(of, ref inputs) => {
                require_kinds(inputs)?;
                self.type_of_shape(of, of_arrays)?;
                let fields = vec![TYPES[of.of].fields[0]; inputs.len()];
                let elements = self.values(&fields, inputs)?;
                self.made(
                    Body::Array {
                        of: of.of,
                        elements,
                    },
                    false,
                )
            }
            Action::ArrayNewBytes(of, ref bytes, count) => {
                self.type_of_shape(of, of_arrays)?;
                let element = TYPES[of.of].fields[0];
                require_numbers(element)?;
                let zero = default_of(element.storage);
                let each = bytes.chunks_exact(element.storage.bytes()).take(count);
                let elements = each.map(|bytes| from_memory(zero, bytes)).collect();
                let of = of.of;
                self.made(Body::Array { of, elements }, false)
            }
            Action::ArrayNewTooLong(of) => {
                self.type_of_shape(of, of_arrays)?;
                Err(GCROOTS_ERROR_LIMIT)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn elements(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::ArrayLen(handle) => {
                let (node, _) = self.array_node(handle)?;
                let length = values_of(&self.model.nodes[node].body).len();
                Ok(Answer::Number(length as u64))
            }
            Action::ArrayGet(handle, index) => {
                let (node, _) = self.array_node(handle)?;
                let value = self.value(node, index)?;
                Ok(self.read(value))
            }
            Action::ArrayGetAs(handle, index, getter) => {
                let (node, element) = self.array_node(handle)?;
                require_getter(element.storage, getter)?;
                let value = self.value(node, index)?;
                self.read_as(element.storage, value, getter)
            }
            Action::ArrayGetInto(handle, index, to) => {
                let (node, element) = self.array_node(handle)?;
                let root = self.scoped_root(to)?;
                require_getter(element.storage, As::Ref)?;
                let value = self.value(node, index)?;
                self.assign(root, value)
            }
            Action::ArraySet(handle, index, input) | Action::ArraySetAs(handle, index, input) => {
                require_kinds(&[input])?;
                self.fill(handle, index, input, 1)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn fill(&mut self, handle: Handle, index: usize, input: Input, count: usize) -> Predicted {
        let array = self.array_node(handle)?;
        let target = self.resolve_input(input)?;
        self.fill_with(array, index, count, |call, element| {
            call.admitted(element.storage, input, target)
        })
    }

    /// Sets elements of an array to the value that `admitted` returns for an element.
    pub(crate) fn fill_with(
        &mut self,
        (node, element): (usize, Field),
        index: usize,
        count: usize,
        admitted: impl FnOnce(&Self, Field) -> Predicted<Value>,
    ) -> Predicted {
        require_mutable(element)?;
        let value = admitted(self, element)?;
        let elements = self.values_mut(node);
        require_range(index, count, elements.len())?;
        elements[index..index + count].fill(value);
        Ok(Answer::Nothing)
    }

    fn ranges(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::ArrayFill(handle, index, input, count) => {
                require_kinds(&[input])?;
                self.fill(handle, index, input, count)
            }
            Action::ArrayCopy { to, from, count } => self.copy(to, from, count),
            Action::ArrayRead(handle, index, count) => {
                let (node, element) = self.array_node(handle)?;
                require_numbers(element)?;
                let elements = values_of(&self.model.nodes[node].body);
                require_range(index, count, elements.len())?;
                let read = elements[index..index + count].iter();
                let bytes = read.flat_map(|value| memory_of(element.storage, *value));
                Ok(Answer::Bytes(bytes.collect()))
            }
            Action::ArrayWrite(handle, index, ref bytes, count) => {
                let (node, element) = self.array_node(handle)?;
                require_mutable(element)?;
                require_numbers(element)?;
                let elements = self.values_mut(node);
                require_range(index, count, elements.len())?;
                let each = bytes.chunks_exact(element.storage.bytes());
                for (value, bytes) in elements[index..index + count].iter_mut().zip(each) {
                    *value = from_memory(*value, bytes);
                }
                Ok(Answer::Nothing)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn copy(&mut self, to: (Handle, usize), from: (Handle, usize), count: usize) -> Predicted {
        let (target, source) = (self.array_node(to.0)?, self.array_node(from.0)?);
        self.copy_between((target, to.1), (source, from.1), count)
    }

    /// Copies elements between arrays, each with the index of its first element.
    pub(crate) fn copy_between(
        &mut self,
        ((target, element), to): ((usize, Field), usize),
        ((source, read), from): ((usize, Field), usize),
        count: usize,
    ) -> Predicted {
        require_mutable(element)?;
        if !is_storage_subtype(read.storage, element.storage) {
            return Err(GCROOTS_ERROR_TYPE_MISMATCH);
        }
        let length = |node: usize| values_of(&self.model.nodes[node].body).len();
        require_range(to, count, length(target))?;
        require_range(from, count, length(source))?;
        let values = &values_of(&self.model.nodes[source].body)[from..from + count];
        let values = values.to_vec();
        self.values_mut(target)[to..to + count].copy_from_slice(&values);
        Ok(Answer::Nothing)
    }

    pub(crate) fn tag_named(&self, tag: Named) -> Predicted<usize> {
        match tag {
            Named::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
            Named::Own(tag) => Ok(tag),
        }
    }

    pub(crate) fn exn_node(&self, handle: Handle) -> Predicted<(usize, usize)> {
        let node = self.node(handle)?;
        match self.model.nodes[node].body {
            Body::Exn { tag, .. } => Ok((node, tag)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn exceptions(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::TagNew(of) => {
                let is_function: fn(Shape) -> bool = |shape| shape == Shape::Func { results: &[] };
                self.type_of_shape(of, is_function)?;
                self.model.tags.push(of.of);
                Ok(Answer::Tag)
            }
            Action::TagEqual(a, b) => {
                let (a, b) = (self.tag_named(a)?, self.tag_named(b)?);
                Ok(Answer::Bool(a == b))
            }
            Action::TagType(tag) => Ok(Answer::Type(self.model.tags[self.tag_named(tag)?])),
            Action::ExnNew(tag, ref inputs) => {
                let tag = self.tag_named(tag)?;
                let fields = TYPES[self.model.tags[tag]].fields;
                if inputs.len() != fields.len() {
                    return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
                }
                require_kinds(inputs)?;
                let fields = self.values(fields, inputs)?;
                self.made(Body::Exn { tag, fields }, false)
            }
            Action::ExnTag(handle) => Ok(Answer::NamedTag(self.exn_node(handle)?.1)),
            Action::ExnField(handle, index) => {
                let (node, _) = self.exn_node(handle)?;
                let value = self.value(node, index)?;
                Ok(self.read(value))
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn is_of(&self, handle: Handle, of: RefTypeArgument) -> Predicted<(Reference, bool)> {
        let heap = of.heap.map_err(|_| GCROOTS_ERROR_INVALID_ARGUMENT)?;
        let reference = self.resolve(handle)?;
        if of.other_engine && matches!(heap, Heap::Type(_)) {
            return Err(GCROOTS_ERROR_WRONG_ENGINE);
        }
        let slot = RefType {
            heap,
            nullable: of.nullable,
        };
        Ok((reference, self.model.admits(slot, reference)))
    }

    fn references(&mut self, action: &Action) -> Predicted {
        match *action {
            Action::I31New(bits) => Ok(self.rooted(Reference::I31(bits & 0x7fff_ffff))),
            Action::I31Get(handle, signed) => match self.resolve(handle)? {
                Reference::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
                Reference::Node(_) => Err(GCROOTS_ERROR_TYPE_MISMATCH),
                Reference::I31(bits) if signed => {
                    Ok(Answer::Number(((bits << 1) as i32 >> 1) as u32 as u64))
                }
                Reference::I31(bits) => Ok(Answer::Number(bits.into())),
            },
            Action::Kind(handle) => {
                let reference = self.resolve(handle)?;
                Ok(Answer::Number(kind_of(self.model, reference).into()))
            }
            Action::TypeOf(handle) => match self.model.nodes[self.node(handle)?].body {
                Body::Struct { of, .. } | Body::Array { of, .. } | Body::Func { of, .. } => {
                    Ok(Answer::Type(of))
                }
                Body::Exn { tag, .. } => Ok(Answer::Type(self.model.tags[tag])),
                _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
            },
            Action::TypeEqual(a, b) => Ok(Answer::Bool(
                a.of == b.of && a.other_engine == b.other_engine,
            )),
            Action::RegisterAgain { unique, again, of } => Ok(Answer::Bool(!unique && again == of)),
            Action::Test(handle, of) => Ok(Answer::Bool(self.is_of(handle, of)?.1)),
            Action::Cast(handle, of) => match self.is_of(handle, of)? {
                (_, false) => Err(GCROOTS_ERROR_TYPE_MISMATCH),
                (reference, true) => Ok(self.rooted(reference)),
            },
            Action::Convert(handle, _) => {
                let reference = self.resolve(handle)?;
                if let Reference::Node(node) = reference
                    && let Body::Exn { .. } | Body::Func { .. } = self.model.nodes[node].body
                {
                    return Err(GCROOTS_ERROR_TYPE_MISMATCH);
                }
                Ok(self.rooted(reference))
            }
            Action::Equal(a, b) => {
                let (a, b) = (self.resolve(a)?, self.resolve(b)?);
                Ok(Answer::Bool(a == b))
            }
            Action::Hash(handle) => match self.resolve(handle)? {
                Reference::Null => Ok(Answer::Number(0)),
                reference => Ok(Answer::Hash(reference)),
            },
            _ => unreachable!("{action:?}"),
        }
    }
}

/// The kind of a referent, as a number in C.
pub(crate) fn kind_of(model: &Model, reference: Reference) -> u32 {
    match reference {
        Reference::Null => 0,
        Reference::I31(_) => 4,
        Reference::Node(node) => match model.nodes[node].body {
            Body::Extern { .. } => 1,
            Body::Struct { .. } => 2,
            Body::Array { .. } => 3,
            Body::Exn { .. } => 5,
            Body::Func { .. } => 6,
            Body::Hidden { .. } => unreachable!("{node}"),
        },
    }
}

/// The number of values of an object. `gcroots_struct_new` checks it before it checks the
/// kind of the type.
fn field_count(of: usize) -> usize {
    TYPES[of].fields.len()
}

pub(crate) fn require_kinds(inputs: &[Input]) -> Predicted<()> {
    if inputs.iter().any(|input| matches!(input, Input::NoKind(_))) {
        return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
    }
    Ok(())
}

fn require_defaults(of: usize) -> Predicted<()> {
    let has_default = |field: &Field| !matches!(field.storage, Storage::Ref(of) if !of.nullable);
    if TYPES[of].fields.iter().all(has_default) {
        return Ok(());
    }
    Err(GCROOTS_ERROR_TYPE_MISMATCH)
}

fn require_getter(storage: Storage, getter: As) -> Predicted<()> {
    let fits = matches!(
        (storage, getter),
        (Storage::I8 | Storage::I16, As::Signed | As::Unsigned)
            | (Storage::I32, As::I32)
            | (Storage::I64, As::I64)
            | (Storage::F32, As::F32)
            | (Storage::F64, As::F64)
            | (Storage::V128, As::V128)
            | (Storage::Ref(_), As::Ref)
    );
    if fits {
        return Ok(());
    }
    Err(GCROOTS_ERROR_TYPE_MISMATCH)
}

fn require_mutable(element: Field) -> Predicted<()> {
    if element.mutable {
        return Ok(());
    }
    Err(GCROOTS_ERROR_IMMUTABLE)
}

pub(crate) fn require_numbers(element: Field) -> Predicted<()> {
    if let Storage::Ref(_) = element.storage {
        return Err(GCROOTS_ERROR_TYPE_MISMATCH);
    }
    Ok(())
}

pub(crate) fn require_range(index: usize, count: usize, length: usize) -> Predicted<()> {
    match index.checked_add(count) {
        Some(end) if end <= length => Ok(()),
        _ => Err(GCROOTS_ERROR_OUT_OF_BOUNDS),
    }
}

/// The bytes of an element in memory.
pub(crate) fn memory_of(storage: Storage, value: Value) -> Vec<u8> {
    let mut bytes = match value {
        Value::I32(bits) | Value::F32(bits) => bits.to_le_bytes().to_vec(),
        Value::I64(bits) | Value::F64(bits) => bits.to_le_bytes().to_vec(),
        Value::V128(bytes) => bytes.to_vec(),
        Value::Ref(_) => Vec::new(),
    };
    bytes.truncate(storage.bytes());
    bytes
}

/// The new contents of an element with contents `old` after `memory` was written to it.
fn from_memory(old: Value, memory: &[u8]) -> Value {
    let mut bytes = [0; 16];
    bytes[..memory.len()].copy_from_slice(memory);
    let bits = u128::from_le_bytes(bytes);
    match old {
        Value::I32(_) => Value::I32(bits as u32),
        Value::I64(_) => Value::I64(bits as u64),
        Value::F32(_) => Value::F32(bits as u32),
        Value::F64(_) => Value::F64(bits as u64),
        Value::V128(_) => Value::V128(bytes),
        Value::Ref(_) => old,
    }
}
