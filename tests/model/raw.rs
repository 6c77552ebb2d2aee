//! Calls by raw references. The references of live roots become bits just before the call,
//! and the bits that come out become roots just after it.

use core::ffi::c_void;

use gcroots::capi::raw::*;
use gcroots::capi::raw_arrays::*;
use gcroots::capi::raw_host::*;
use gcroots::capi::raw_structs::*;
use gcroots::capi::status::*;
use gcroots::capi::store::gcroots_finalizer_t;
use gcroots::capi::value::{gcroots_v128_t, gcroots_val_of_t, gcroots_val_t};

use super::action::{Action, Handle, Input, Named, Planner, TypeArgument, Wanted};
use super::functions::results_of;
use super::library::{
    Library, Status, UNWRITTEN, Written, complain, done, pointer, status_name, storage_number,
};
use super::model::{Body, Reference, Value, values_of};
use super::pointers::Pointer;
use super::predict::{Answer, Predicted, Prediction, require_numbers};
use super::program::{Call, Operation};
use super::ranges::Raw;
use super::types::{Field, Heap, RefType, Shape, Storage, TYPES};

#[derive(Clone, Debug)]
pub(crate) enum RawAction {
    StructNew(TypeArgument, Vec<RawInput>),
    StructNewDefault(TypeArgument),
    StructGet(Place),
    StructSet(Place, RawInput),
    StructGetRef(Place),
    StructSetRef(Place, Raw),
    /// Without a value the elements are zero or null.
    ArrayNew(TypeArgument, Option<RawInput>, usize),
    ArrayNewFixed(TypeArgument, Vec<RawInput>),
    /// The bytes of the elements, 16 for each, and the number of elements.
    ArrayNewBytes(TypeArgument, Vec<u8>, usize),
    ArrayLen(Raw),
    ArrayGet(Place),
    ArraySet(Place, RawInput),
    ArrayGetRef(Place),
    ArraySetRef(Place, Raw),
    ArrayFill(Place, RawInput, usize),
    ArrayCopy(Place, Place, usize),
    /// The operation of the finalizer, if there is a finalizer.
    ExternNew(Option<Option<Operation>>),
    ExternData(Raw),
    Cast(Raw, TypeArgument),
    ExnNew(Named, Vec<RawInput>),
    ExnTag(Raw),
    ExnField(Place),
    Throw(Raw),
    TakeException,
    FuncCall {
        func: Raw,
        /// The function's type.
        of: usize,
        args: Vec<RawInput>,
        nresults: usize,
        in_place: bool,
    },
}

/// A value, as it is passed. Its storage is that of its field, if there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RawInput {
    Number(Input),
    Ref(Raw),
}

/// A field or element of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    object: Raw,
    index: usize,
    /// The storage, if there is such a field or element.
    storage: Option<Storage>,
}

impl RawAction {
    /// Whether the call may collect, run finalizers and call the growth callback.
    pub(crate) fn allocates(&self) -> bool {
        matches!(
            self,
            RawAction::StructNew(..)
                | RawAction::StructNewDefault(_)
                | RawAction::ArrayNew(..)
                | RawAction::ArrayNewFixed(..)
                | RawAction::ArrayNewBytes(..)
                | RawAction::ExternNew(_)
                | RawAction::ExnNew(..)
        )
    }

    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        use Pointer::*;
        let listed = |first: &[Pointer], list, count: usize, last: &[Pointer]| {
            let list: &[Pointer] = if count > 0 { &[list] } else { &[] };
            [first, list, last].concat()
        };
        match self {
            RawAction::StructNew(_, fields) => listed(&[Store, Type], Fields, fields.len(), &[Out]),
            RawAction::ArrayNewFixed(_, elements) => {
                listed(&[Store, Type], Elements, elements.len(), &[Out])
            }
            RawAction::ArrayNewBytes(_, _, count) => listed(&[Store, Type], Bytes, *count, &[Out]),
            RawAction::ExnNew(_, fields) => listed(&[Store], Fields, fields.len(), &[Out]),
            RawAction::StructNewDefault(_) | RawAction::ArrayNew(..) | RawAction::Cast(..) => {
                vec![Store, Type, Out]
            }
            RawAction::StructSet(..) | RawAction::ArraySet(..) | RawAction::ArrayFill(..) => {
                vec![Store, Value]
            }
            RawAction::StructSetRef(..)
            | RawAction::ArraySetRef(..)
            | RawAction::ArrayCopy(..)
            | RawAction::Throw(_) => vec![Store],
            RawAction::FuncCall { args, nresults, .. } => {
                let args = listed(&[Store], Args, args.len(), &[]);
                listed(&args, Results, *nresults, &[])
            }
            RawAction::StructGet(_)
            | RawAction::StructGetRef(_)
            | RawAction::ArrayLen(_)
            | RawAction::ArrayGet(_)
            | RawAction::ArrayGetRef(_)
            | RawAction::ExternNew(_)
            | RawAction::ExternData(_)
            | RawAction::ExnTag(_)
            | RawAction::ExnField(_)
            | RawAction::TakeException => vec![Store, Out],
        }
    }
}

impl Planner<'_> {
    pub(crate) fn plan_raw(&mut self, call: Call) -> Action {
        self.sound = !self.draw.one_in(6);
        Action::Raw(match call {
            Call::RawStructNew | Call::RawStructNewDefault => self.raw_struct_new(call),
            Call::RawArrayNew | Call::RawArrayNewFixed | Call::RawArrayNewBytes => {
                self.raw_array_new(call)
            }
            Call::RawStructGet
            | Call::RawStructSet
            | Call::RawStructGetRef
            | Call::RawStructSetRef => self.raw_field(call),
            Call::RawExternNew => RawAction::ExternNew(self.finalizer()),
            Call::RawExternData => RawAction::ExternData(self.raw_of(Wanted::Extern)),
            Call::RawCast => self.raw_cast(),
            Call::RawExnNew if self.model.tags.is_empty() => return self.plan_raw(Call::RawCast),
            Call::RawExnNew => {
                let tag = self.tag();
                let of = match tag {
                    Named::Own(tag) => self.model.tags[tag],
                    _ => 22,
                };
                RawAction::ExnNew(tag, self.raw_inputs(of))
            }
            Call::RawExnTag => RawAction::ExnTag(self.raw_of(Wanted::Exn)),
            Call::RawExnField => RawAction::ExnField(self.place(Wanted::Exn)),
            Call::RawThrow => RawAction::Throw(self.raw_of(Wanted::Exn)),
            Call::RawTakeException => RawAction::TakeException,
            Call::RawInvoke => self.raw_call(),
            of_arrays => self.raw_element(of_arrays),
        })
    }

    /// Draws an object, and often the type that its header names.
    fn raw_cast(&mut self) -> RawAction {
        let object = self.raw_of(Wanted::Anything);
        let named = match self.body_of_raw(object) {
            Some(Body::Struct { of, .. } | Body::Array { of, .. } | Body::Func { of, .. }) => *of,
            Some(Body::Exn { tag, .. }) => self.model.tags[*tag],
            _ => 0,
        };
        let of = match self.draw.one_in(3) {
            true => named,
            false => self.draw.below(TYPES.len()),
        };
        let other_engine = self.draw.one_in(20);
        RawAction::Cast(object, TypeArgument { of, other_engine })
    }

    fn body_of_raw(&self, raw: Raw) -> Option<&Body> {
        match raw {
            Raw::Of(handle) => self.model.body_of(handle),
            _ => None,
        }
    }

    fn raw_struct_new(&mut self, call: Call) -> RawAction {
        let of = self.type_of(Shape::Struct);
        match call {
            Call::RawStructNew => RawAction::StructNew(of, self.raw_inputs(of.of)),
            _ => RawAction::StructNewDefault(of),
        }
    }

    fn raw_array_new(&mut self, call: Call) -> RawAction {
        let of = self.type_of(Shape::Array);
        let storage = self.element_storage(of.of);
        match call {
            Call::RawArrayNew => {
                let fill = (!self.draw.one_in(4)).then(|| self.raw_input(storage));
                RawAction::ArrayNew(of, fill, self.length().min(u32::MAX as usize))
            }
            Call::RawArrayNewFixed => {
                let count = self.draw.below(6);
                let elements = (0..count).map(|_| self.raw_input(storage)).collect();
                RawAction::ArrayNewFixed(of, elements)
            }
            _ => {
                let count = self.draw.below(40);
                RawAction::ArrayNewBytes(of, self.words(2 * count), count)
            }
        }
    }

    fn raw_field(&mut self, call: Call) -> RawAction {
        let place = self.place(Wanted::Struct);
        match call {
            Call::RawStructGet => RawAction::StructGet(place),
            Call::RawStructSet => RawAction::StructSet(place, self.raw_input_at(place)),
            Call::RawStructGetRef => RawAction::StructGetRef(place),
            _ => RawAction::StructSetRef(place, self.raw_reference_at(place)),
        }
    }

    fn raw_element(&mut self, call: Call) -> RawAction {
        let place = self.place(Wanted::Array);
        match call {
            Call::RawArrayLen => RawAction::ArrayLen(place.object),
            Call::RawArrayGet => RawAction::ArrayGet(place),
            Call::RawArraySet => RawAction::ArraySet(place, self.raw_input_at(place)),
            Call::RawArrayGetRef => RawAction::ArrayGetRef(place),
            Call::RawArraySetRef => RawAction::ArraySetRef(place, self.raw_reference_at(place)),
            Call::RawArrayFill => {
                let input = self.raw_input_at(place);
                RawAction::ArrayFill(place, input, self.raw_count(place))
            }
            _ => {
                let from = match self.draw.one_in(2) {
                    true => Place {
                        index: self.raw_count(place),
                        ..place
                    },
                    false => self.place(Wanted::Array),
                };
                RawAction::ArrayCopy(place, from, self.raw_count(place))
            }
        }
    }

    fn raw_call(&mut self) -> RawAction {
        let func = self.raw_of(Wanted::Func);
        let of = match self.body_of_raw(func) {
            Some(Body::Func { of, .. }) => *of,
            _ => 0,
        };
        let results = results_of(of).len();
        RawAction::FuncCall {
            func,
            of,
            args: self.raw_inputs(of),
            nresults: results + usize::from(self.draw.one_in(40)),
            in_place: self.draw.one_in(2),
        }
    }

    /// Draws bits. They are of a live root, unless bad ones are allowed.
    fn raw_of(&mut self, wanted: Wanted) -> Raw {
        let sound = core::mem::replace(&mut self.sound, true);
        let raw = match self.draw.below(12) {
            0 if !sound => Raw::Nothing,
            1 if !sound => Raw::I31(self.draw.next() as u32 >> 1),
            2 if !sound => Raw::Of(Handle::Null),
            3 if !sound => Raw::Of(self.handle(Wanted::Anything)),
            _ => Raw::Of(self.handle(wanted)),
        };
        self.sound = sound;
        raw
    }

    fn raw_input(&mut self, storage: Storage) -> RawInput {
        if let Storage::Ref(of) = storage {
            return RawInput::Ref(self.raw_of(Wanted::Fitting(of)));
        }
        let sound = core::mem::replace(&mut self.sound, true);
        let number = self.input(storage);
        self.sound = sound;
        RawInput::Number(number)
    }

    /// Draws values for an object of this type. Rarely one too many or too few.
    fn raw_inputs(&mut self, of: usize) -> Vec<RawInput> {
        let fields = TYPES[of].fields.iter();
        let mut inputs: Vec<_> = fields.map(|field| self.raw_input(field.storage)).collect();
        if self.draw.one_in(30) {
            inputs.push(RawInput::Number(Input::I32(0)));
        } else if self.draw.one_in(30) {
            inputs.pop();
        }
        inputs
    }

    fn raw_input_at(&mut self, place: Place) -> RawInput {
        self.raw_input(place.storage.unwrap_or(Storage::I32))
    }

    fn raw_reference_at(&mut self, place: Place) -> Raw {
        match place.storage {
            Some(Storage::Ref(of)) => self.raw_of(Wanted::Fitting(of)),
            _ => self.raw_of(Wanted::Anything),
        }
    }

    fn place(&mut self, wanted: Wanted) -> Place {
        let object = self.raw_of(wanted);
        let handle = match object {
            Raw::Of(handle) => handle,
            _ => Handle::Null,
        };
        let index = self.index(handle).min(u32::MAX as usize);
        let value = self.model.value_at(handle, index);
        Place {
            object,
            index,
            // The value of an array's elements is checked before the index.
            storage: match self.model.body_of(handle) {
                Some(Body::Array { of, .. }) => Some(self.element_storage(*of)),
                _ => value.map(|(storage, _)| storage),
            },
        }
    }

    fn raw_count(&mut self, place: Place) -> usize {
        let length = match place.object {
            Raw::Of(handle) => self.model.length_of(handle),
            _ => 0,
        };
        self.count_of(length).min(u32::MAX as usize)
    }
}

impl Prediction<'_> {
    pub(crate) fn raw_calls(&mut self, action: &RawAction) -> Predicted {
        match *action {
            RawAction::StructNew(..)
            | RawAction::StructNewDefault(_)
            | RawAction::ArrayNew(..)
            | RawAction::ArrayNewFixed(..)
            | RawAction::ArrayNewBytes(..)
            | RawAction::ExternNew(_)
            | RawAction::ExnNew(..) => self.raw_made(action),
            RawAction::StructGet(place) => {
                let (node, _) = self.raw_struct(place.object)?;
                let value = self.value(node, place.index)?;
                Ok(self.read(value))
            }
            RawAction::StructGetRef(place) => {
                let (node, _) = self.raw_struct(place.object)?;
                let value = self.value(node, place.index)?;
                self.raw_read_reference(value)
            }
            RawAction::StructSet(place, input) => {
                let (node, fields) = self.raw_struct(place.object)?;
                self.value(node, place.index)?;
                let target = self.raw_target(input)?;
                self.raw_set(node, fields[place.index], place.index, input, target)
            }
            RawAction::StructSetRef(place, value) => {
                let (node, fields) = self.raw_struct(place.object)?;
                let target = self.raw_resolve(value)?;
                self.value(node, place.index)?;
                let input = RawInput::Ref(value);
                self.raw_set(node, fields[place.index], place.index, input, target)
            }
            RawAction::Cast(object, of) => {
                let target = self.raw_resolve(object)?;
                if target == Reference::Null {
                    return Err(GCROOTS_ERROR_NULL_REFERENCE);
                }
                if of.other_engine {
                    return Err(GCROOTS_ERROR_WRONG_ENGINE);
                }
                let slot = RefType {
                    heap: Heap::Type(of.of),
                    nullable: false,
                };
                Ok(Answer::Bool(self.model.admits(slot, target)))
            }
            RawAction::ExternData(object) => match self.model.nodes[self.raw_node(object)?].body {
                Body::Extern { data, .. } => Ok(Answer::Number(data)),
                _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
            },
            RawAction::ExnTag(_)
            | RawAction::ExnField(_)
            | RawAction::Throw(_)
            | RawAction::TakeException
            | RawAction::FuncCall { .. } => self.raw_host(action),
            _ => self.raw_arrays(action),
        }
    }

    fn raw_made(&mut self, action: &RawAction) -> Predicted {
        match *action {
            RawAction::StructNew(of, ref inputs) => {
                self.type_of_shape(of, |shape| shape == Shape::Struct)?;
                let fields = self.raw_values(TYPES[of.of].fields, inputs)?;
                self.made(Body::Struct { of: of.of, fields }, false)
            }
            RawAction::StructNewDefault(of) => self.structs(&Action::StructNewDefault(of)),
            RawAction::ArrayNew(of, None, length) => {
                self.new_arrays(&Action::ArrayNewDefault(of, length))
            }
            RawAction::ArrayNew(of, Some(input), length) => {
                self.type_of_shape(of, |shape| shape == Shape::Array)?;
                let target = self.raw_target(input)?;
                let value = self.raw_admitted(TYPES[of.of].fields[0], input, target)?;
                self.make_array(of.of, length, value)
            }
            RawAction::ArrayNewFixed(of, ref inputs) => {
                self.type_of_shape(of, |shape| shape == Shape::Array)?;
                let fields = vec![TYPES[of.of].fields[0]; inputs.len()];
                let elements = self.raw_values(&fields, inputs)?;
                self.made(
                    Body::Array {
                        of: of.of,
                        elements,
                    },
                    false,
                )
            }
            RawAction::ArrayNewBytes(of, ref bytes, count) => {
                self.new_arrays(&Action::ArrayNewBytes(of, bytes.clone(), count))
            }
            RawAction::ExternNew(finalizer) => {
                let body = Body::Extern {
                    data: self.model.new_data(),
                    tag: 0,
                    bytes: 0,
                    finalizer,
                    finalized: false,
                };
                self.made(body, false)
            }
            RawAction::ExnNew(tag, ref inputs) => {
                let tag = self.tag_named(tag)?;
                let fields = self.raw_values(TYPES[self.model.tags[tag]].fields, inputs)?;
                self.made(Body::Exn { tag, fields }, false)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn raw_arrays(&mut self, action: &RawAction) -> Predicted {
        match *action {
            RawAction::ArrayLen(array) => {
                let (node, _) = self.raw_array(array)?;
                let length = values_of(&self.model.nodes[node].body).len();
                Ok(Answer::Number(length as u64))
            }
            RawAction::ArrayGet(place) => {
                let (node, _) = self.raw_array(place.object)?;
                let value = self.value(node, place.index)?;
                Ok(self.read(value))
            }
            RawAction::ArrayGetRef(place) => {
                let (node, element) = self.raw_array(place.object)?;
                if require_numbers(element).is_ok() {
                    return Err(GCROOTS_ERROR_TYPE_MISMATCH);
                }
                let value = self.value(node, place.index)?;
                self.raw_read_reference(value)
            }
            RawAction::ArraySet(place, input) => self.raw_fill(place, input, 1),
            RawAction::ArraySetRef(place, value) => self.raw_fill(place, RawInput::Ref(value), 1),
            RawAction::ArrayFill(place, input, count) => self.raw_fill(place, input, count),
            RawAction::ArrayCopy(to, from, count) => {
                let target = self.raw_array(to.object)?;
                let source = self.raw_array(from.object)?;
                self.copy_between((target, to.index), (source, from.index), count)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn raw_host(&mut self, action: &RawAction) -> Predicted {
        match *action {
            RawAction::ExnTag(exn) => Ok(Answer::NamedTag(self.raw_exn(exn)?.1)),
            RawAction::ExnField(place) => {
                let (node, _) = self.raw_exn(place.object)?;
                let value = self.value(node, place.index)?;
                Ok(self.read(value))
            }
            RawAction::Throw(exn) => {
                let (node, _) = self.raw_exn(exn)?;
                self.model.pending = Reference::Node(node);
                Ok(Answer::Nothing)
            }
            RawAction::TakeException => {
                let taken = core::mem::replace(&mut self.model.pending, Reference::Null);
                Ok(self.rooted(taken))
            }
            RawAction::FuncCall {
                func,
                ref args,
                nresults,
                ..
            } => {
                let node = self.raw_node(func)?;
                let Body::Func { of, .. } = self.model.nodes[node].body else {
                    return Err(GCROOTS_ERROR_TYPE_MISMATCH);
                };
                if nresults != results_of(of).len() {
                    return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
                }
                let values = self.raw_values(TYPES[of].fields, args)?;
                self.begin_func(node, values)
            }
            _ => unreachable!("{action:?}"),
        }
    }

    fn raw_resolve(&self, raw: Raw) -> Predicted<Reference> {
        match raw {
            Raw::Of(handle) => self.resolve(handle),
            Raw::I31(bits) => Ok(Reference::I31(bits)),
            Raw::Inside(_) | Raw::Nothing => Err(GCROOTS_ERROR_INVALID_ARGUMENT),
        }
    }

    fn raw_node(&self, raw: Raw) -> Predicted<usize> {
        match self.raw_resolve(raw)? {
            Reference::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Reference::I31(_) => Err(GCROOTS_ERROR_TYPE_MISMATCH),
            Reference::Node(node) => Ok(node),
        }
    }

    fn raw_struct(&self, raw: Raw) -> Predicted<(usize, &'static [Field])> {
        let node = self.raw_node(raw)?;
        match self.model.nodes[node].body {
            Body::Struct { of, .. } => Ok((node, TYPES[of].fields)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn raw_array(&self, raw: Raw) -> Predicted<(usize, Field)> {
        let node = self.raw_node(raw)?;
        match self.model.nodes[node].body {
            Body::Array { of, .. } => Ok((node, TYPES[of].fields[0])),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn raw_exn(&self, raw: Raw) -> Predicted<(usize, usize)> {
        let node = self.raw_node(raw)?;
        match self.model.nodes[node].body {
            Body::Exn { tag, .. } => Ok((node, tag)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    /// The referent of a value. Null for a number.
    fn raw_target(&self, input: RawInput) -> Predicted<Reference> {
        match input {
            RawInput::Ref(raw) => self.raw_resolve(raw),
            RawInput::Number(_) => Ok(Reference::Null),
        }
    }

    fn raw_admitted(&self, field: Field, input: RawInput, target: Reference) -> Predicted<Value> {
        let input = match input {
            RawInput::Number(number) => number,
            RawInput::Ref(_) => Input::Ref(Handle::Null),
        };
        self.admitted(field.storage, input, target)
    }

    fn raw_values(&self, fields: &[Field], inputs: &[RawInput]) -> Predicted<Vec<Value>> {
        if inputs.len() != fields.len() {
            return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
        }
        let each = fields.iter().zip(inputs);
        each.map(|(field, input)| self.raw_admitted(*field, *input, self.raw_target(*input)?))
            .collect()
    }

    fn raw_read_reference(&mut self, value: Value) -> Predicted {
        match value {
            Value::Ref(target) => Ok(self.rooted(target)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn raw_set(
        &mut self,
        node: usize,
        field: Field,
        index: usize,
        input: RawInput,
        target: Reference,
    ) -> Predicted {
        if !field.mutable {
            return Err(GCROOTS_ERROR_IMMUTABLE);
        }
        let value = self.raw_admitted(field, input, target)?;
        self.values_mut(node)[index] = value;
        Ok(Answer::Nothing)
    }

    fn raw_fill(&mut self, place: Place, input: RawInput, count: usize) -> Predicted {
        let array = self.raw_array(place.object)?;
        let target = self.raw_target(input)?;
        self.fill_with(array, place.index, count, |call, element| {
            call.raw_admitted(element, input, target)
        })
    }
}

impl Library {
    pub(crate) fn raw_calls(&self, action: &RawAction, data: u64) -> Status<Written> {
        match *action {
            RawAction::StructNew(..)
            | RawAction::StructNewDefault(_)
            | RawAction::ArrayNew(..)
            | RawAction::ArrayNewFixed(..)
            | RawAction::ArrayNewBytes(..)
            | RawAction::ExternNew(_)
            | RawAction::ExnNew(..) => self.raw_make(action, data),
            RawAction::StructGet(_)
            | RawAction::StructSet(..)
            | RawAction::StructGetRef(_)
            | RawAction::StructSetRef(..) => self.raw_structs(action),
            RawAction::Cast(..)
            | RawAction::ExternData(_)
            | RawAction::ExnTag(_)
            | RawAction::ExnField(_)
            | RawAction::Throw(_)
            | RawAction::TakeException
            | RawAction::FuncCall { .. } => self.raw_host(action),
            _ => self.raw_arrays(action),
        }
    }

    /// Makes an object and a root for it.
    fn raw_make(&self, action: &RawAction, data: u64) -> Status<Written> {
        let store = self.store();
        let bits: u32 = self.with_out(|out| {
            // SAFETY: the store is alive and belongs to this thread. The lists have the
            // passed lengths.
            unsafe {
                match *action {
                    RawAction::StructNew(of, ref inputs) => {
                        let (of, values) = (self.type_argument(of), self.raw_values(inputs));
                        let first = self.passed_const(Pointer::Fields, values.as_ptr());
                        gcroots_raw_struct_new(store, of, first, values.len(), out)
                    }
                    RawAction::StructNewDefault(of) => {
                        gcroots_raw_struct_new_default(store, self.type_argument(of), out)
                    }
                    RawAction::ArrayNew(of, fill, length) => {
                        let fill = fill.map(|fill| self.raw_value(fill));
                        let first = fill.as_ref().map_or(core::ptr::null(), |fill| fill);
                        let of = self.type_argument(of);
                        gcroots_raw_array_new(store, of, first, length as u32, out)
                    }
                    RawAction::ArrayNewFixed(of, ref inputs) => {
                        let (of, values) = (self.type_argument(of), self.raw_values(inputs));
                        let first = self.passed_const(Pointer::Elements, values.as_ptr());
                        gcroots_raw_array_new_fixed(store, of, first, values.len() as u32, out)
                    }
                    RawAction::ArrayNewBytes(of, ref bytes, count) => {
                        let first = self.passed_const(Pointer::Bytes, bytes.as_ptr().cast());
                        let of = self.type_argument(of);
                        gcroots_raw_array_new_bytes(store, of, first, count as u32, out)
                    }
                    RawAction::ExternNew(ref finalizer) => {
                        let finalizer: gcroots_finalizer_t =
                            finalizer.as_ref().map(|_| self.finalizer as _);
                        gcroots_raw_externref_new(store, pointer(data), finalizer, out)
                    }
                    RawAction::ExnNew(tag, ref inputs) => {
                        let (tag, values) = (self.tag(tag), self.raw_values(inputs));
                        let first = self.passed_const(Pointer::Fields, values.as_ptr());
                        gcroots_raw_exn_new(store, tag, first, values.len(), out)
                    }
                    _ => unreachable!("{action:?}"),
                }
            }
        })?;
        self.root_raw(bits).map(Written::Ref)
    }

    fn raw_structs(&self, action: &RawAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                RawAction::StructGet(place) => {
                    let (object, at) = self.raw_place(place);
                    let read =
                        self.with_out(|out| gcroots_raw_struct_get(store, object, at, out))?;
                    self.raw_read(read, place.storage)
                }
                RawAction::StructSet(place, input) => {
                    let ((object, at), value) = (self.raw_place(place), self.raw_value(input));
                    let value = self.passed_const(Pointer::Value, &value);
                    done(gcroots_raw_struct_set(store, object, at, value))
                }
                RawAction::StructGetRef(place) => {
                    let (object, at) = self.raw_place(place);
                    let bits =
                        self.with_out(|out| gcroots_raw_struct_get_ref(store, object, at, out))?;
                    self.root_raw(bits).map(Written::Ref)
                }
                RawAction::StructSetRef(place, value) => {
                    let ((object, at), value) = (self.raw_place(place), self.raw(value));
                    done(gcroots_raw_struct_set_ref(store, object, at, value))
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn raw_arrays(&self, action: &RawAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                RawAction::ArrayLen(array) => {
                    let array = self.raw(array);
                    self.with_out(|out| gcroots_raw_array_len(store, array, out))
                        .map(|length: u32| Written::Number(length.into()))
                }
                RawAction::ArrayGet(place) => {
                    let (array, at) = self.raw_place(place);
                    let read = self.with_out(|out| gcroots_raw_array_get(store, array, at, out))?;
                    self.raw_read(read, place.storage)
                }
                RawAction::ArraySet(place, input) => {
                    let ((array, at), value) = (self.raw_place(place), self.raw_value(input));
                    let value = self.passed_const(Pointer::Value, &value);
                    done(gcroots_raw_array_set(store, array, at, value))
                }
                RawAction::ArrayGetRef(place) => {
                    let (array, at) = self.raw_place(place);
                    let bits =
                        self.with_out(|out| gcroots_raw_array_get_ref(store, array, at, out))?;
                    self.root_raw(bits).map(Written::Ref)
                }
                RawAction::ArraySetRef(place, value) => {
                    let ((array, at), value) = (self.raw_place(place), self.raw(value));
                    done(gcroots_raw_array_set_ref(store, array, at, value))
                }
                RawAction::ArrayFill(place, input, count) => {
                    let ((array, at), value) = (self.raw_place(place), self.raw_value(input));
                    let value = self.passed_const(Pointer::Value, &value);
                    done(gcroots_raw_array_fill(
                        store,
                        array,
                        at,
                        value,
                        count as u32,
                    ))
                }
                RawAction::ArrayCopy(to, from, count) => {
                    let ((to, at), (from, start)) = (self.raw_place(to), self.raw_place(from));
                    let count = count as u32;
                    done(gcroots_raw_array_copy(store, to, at, from, start, count))
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn raw_host(&self, action: &RawAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                RawAction::Cast(object, of) => {
                    let (object, of) = (self.raw(object), self.type_argument(of));
                    self.with_out(|out| gcroots_raw_cast(store, object, of, out))
                        .map(Written::Bool)
                }
                RawAction::ExternData(object) => {
                    let object = self.raw(object);
                    self.with_out(|out| gcroots_raw_externref_data(store, object, out))
                        .map(|data: *mut c_void| Written::Number(data.addr() as u64))
                }
                RawAction::ExnTag(exn) => {
                    let exn = self.raw(exn);
                    self.with_out(|out| gcroots_raw_exn_tag(store, exn, out))
                        .map(Written::Tag)
                }
                RawAction::ExnField(place) => {
                    let (exn, at) = self.raw_place(place);
                    let read = self.with_out(|out| gcroots_raw_exn_field(store, exn, at, out))?;
                    self.raw_read(read, place.storage)
                }
                RawAction::Throw(exn) => done(gcroots_raw_throw(store, self.raw(exn))),
                RawAction::TakeException => {
                    let bits = self.with_out(|out| gcroots_raw_take_exception(store, out))?;
                    self.root_raw(bits).map(Written::Ref)
                }
                RawAction::FuncCall {
                    func,
                    of,
                    ref args,
                    nresults,
                    in_place,
                } => self.raw_call((func, of), args, nresults, in_place),
                _ => unreachable!("{action:?}"),
            }
        }
    }

    /// Calls a function of type `of`, and roots the references among its results.
    fn raw_call(
        &self,
        (func, of): (Raw, usize),
        args: &[RawInput],
        nresults: usize,
        in_place: bool,
    ) -> Status<Written> {
        let (func, nargs) = (self.raw(func), args.len());
        let mut values = self.raw_values(args);
        let unwritten = self.raw_value(RawInput::Number(Input::V128([UNWRITTEN; 16])));
        let mut elsewhere = vec![unwritten; nresults];
        let in_place = in_place && nresults <= nargs;
        let first = values.as_mut_ptr();
        let results = match in_place {
            true => first,
            false => elsewhere.as_mut_ptr(),
        };
        let (args, out) = (
            self.passed(Pointer::Args, first),
            self.passed(Pointer::Results, results),
        );
        // SAFETY: the store is alive and belongs to this thread. The lists have the passed
        // lengths.
        let status =
            unsafe { gcroots_raw_func_call(self.store(), func, args, nargs, out, nresults) };
        if status != GCROOTS_OK {
            if !elsewhere
                .iter()
                .all(|value| bytes_of(*value) == [UNWRITTEN; 16])
            {
                complain(format!("results were written with {}", status_name(status)));
            }
            return Err(status);
        }
        // SAFETY: the memory has `nresults` values.
        let read = unsafe { core::slice::from_raw_parts(results, nresults) };
        let each = read.iter().zip(results_of(of));
        let rooted = each.map(|(read, field)| self.raw_rooted(*read, field.storage));
        rooted.collect::<Status<Vec<_>>>().map(Written::Values)
    }

    fn raw_place(&self, place: Place) -> (u32, u32) {
        (self.raw(place.object), place.index as u32)
    }

    fn raw_values(&self, inputs: &[RawInput]) -> Vec<gcroots_raw_val_t> {
        inputs.iter().map(|input| self.raw_value(*input)).collect()
    }

    /// A value. The bytes that its storage does not have are not 0.
    fn raw_value(&self, input: RawInput) -> gcroots_raw_val_t {
        let mut v128 = [0x5a; 16];
        match input {
            RawInput::Number(Input::I32(bits) | Input::F32(bits)) => {
                v128[..4].copy_from_slice(&bits.to_ne_bytes());
            }
            RawInput::Number(Input::I64(bits) | Input::F64(bits)) => {
                v128[..8].copy_from_slice(&bits.to_ne_bytes());
            }
            RawInput::Number(Input::V128(bytes)) => v128 = bytes,
            RawInput::Number(Input::Ref(_) | Input::NoKind(_)) => unreachable!("{input:?}"),
            RawInput::Ref(raw) => v128[..4].copy_from_slice(&self.raw(raw).to_ne_bytes()),
        }
        gcroots_raw_val_t { v128 }
    }

    fn raw_read(&self, read: gcroots_raw_val_t, storage: Option<Storage>) -> Status<Written> {
        match storage {
            Some(storage) => self.raw_rooted(read, storage).map(Written::Value),
            // The call should have failed, so any output is wrong.
            None => Ok(Written::Nothing),
        }
    }

    /// A value that a call wrote, with a new root for a reference.
    fn raw_rooted(&self, read: gcroots_raw_val_t, storage: Storage) -> Status<gcroots_val_t> {
        let bytes = bytes_of(read);
        let kept = storage.bytes().max(4);
        if bytes[kept..].iter().any(|byte| *byte != 0) {
            complain(format!("{bytes:?} is a value of {storage:?}"));
        }
        let mut of = gcroots_val_of_t {
            v128: gcroots_v128_t { bytes },
        };
        let kind = match storage {
            Storage::I8 | Storage::I16 => storage_number(Storage::I32),
            storage => storage_number(storage),
        };
        if let Storage::Ref(_) = storage {
            let [a, b, c, d, ..] = bytes;
            of.r#ref = self.root_raw(u32::from_ne_bytes([a, b, c, d]))?;
        }
        Ok(gcroots_val_t { kind, of })
    }
}

fn bytes_of(value: gcroots_raw_val_t) -> [u8; 16] {
    // SAFETY: all bytes are initialised.
    unsafe { value.v128 }
}
