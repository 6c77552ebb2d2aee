//! Globals: their arguments, the predicted results, and the calls. The value of a global
//! is in a hidden object, like the elements of a table.

use core::ptr::null;

use gcroots::capi::global::*;
use gcroots::capi::status::*;
use gcroots::capi::types::{gcroots_field_type_t, gcroots_type_t};
use gcroots::capi::value::gcroots_val_t;

use super::action::{Action, Handle, Input, Named, Planner, RefTypeArgument, Wanted};
use super::library::{Library, Status, Written, done, storage_number};
use super::model::{Body, Model, RootState, Value, struct_bytes, values_of};
use super::pointers::Pointer;
use super::predict::{Answer, Predicted, Prediction, require_kinds};
use super::program::Call;
use super::types::{Heap, RefType, Storage};

/// A call with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum GlobalAction {
    New {
        content: Content,
        mutable: bool,
        value: Input,
    },
    Get(Named),
    GetInto(Named, Handle),
    Set(Named, Input),
    Type(Named),
    Free(Named),
}

/// The type of a global, as it is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    Number(Storage),
    Ref(RefTypeArgument),
    /// A storage that a global cannot have.
    None(u32),
}

/// A global of the model.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    storage: Storage,
    mutable: bool,
    /// The root of the hidden struct.
    pub(crate) root: usize,
    freed: bool,
}

const NUMBERS: [Storage; 5] = [
    Storage::I32,
    Storage::I64,
    Storage::F32,
    Storage::F64,
    Storage::V128,
];

impl GlobalAction {
    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        match self {
            GlobalAction::New { .. } => {
                vec![Pointer::Store, Pointer::Type, Pointer::Value, Pointer::Out]
            }
            GlobalAction::Get(_) | GlobalAction::Type(_) => vec![Pointer::Store, Pointer::Out],
            GlobalAction::GetInto(..) => vec![Pointer::Store],
            GlobalAction::Set(..) => vec![Pointer::Store, Pointer::Value],
            GlobalAction::Free(_) => vec![Pointer::Store, Pointer::Global],
        }
    }
}

impl Model {
    fn has_global(&self, global: usize) -> bool {
        self.roots[self.globals[global].root].state == RootState::Held
    }

    pub(crate) fn globals_in_use(&self) -> Vec<usize> {
        let all = 0..self.globals.len();
        all.filter(|global| self.has_global(*global)).collect()
    }

    pub(crate) fn global_value(&self, global: usize) -> Value {
        values_of(&self.nodes[self.held_node(self.globals[global].root)].body)[0]
    }
}

impl Planner<'_> {
    pub(crate) fn plan_global(&mut self, call: Call) -> Action {
        Action::Global(match call {
            Call::GlobalNew => self.global_new(),
            Call::GlobalGet => GlobalAction::Get(self.global()),
            Call::GlobalGetInto => GlobalAction::GetInto(self.global(), self.scoped()),
            Call::GlobalType => GlobalAction::Type(self.global()),
            Call::GlobalSet => {
                let global = self.global();
                let value = match global {
                    Named::Own(own) => self.input(self.model.globals[own].storage),
                    _ => self.any_input(),
                };
                GlobalAction::Set(global, value)
            }
            _ => GlobalAction::Free(self.global()),
        })
    }

    fn global_new(&mut self) -> GlobalAction {
        let mutable = !self.draw.one_in(4);
        let (content, value) = match self.draw.below(20) {
            0 => {
                let none = self.draw.among(&[0, 1, 8, u32::MAX]);
                (Content::None(none), self.any_input())
            }
            1..7 => {
                let storage = self.draw.among(&NUMBERS);
                (Content::Number(storage), self.input(storage))
            }
            _ => {
                let of = self.ref_type();
                let value = match of.heap {
                    Ok(heap) => self.input(Storage::Ref(RefType {
                        heap,
                        nullable: of.nullable,
                    })),
                    Err(_) => Input::Ref(self.handle(Wanted::Anything)),
                };
                (Content::Ref(of), value)
            }
        };
        GlobalAction::New {
            content,
            mutable,
            value,
        }
    }

    fn global(&mut self) -> Named {
        let there = self.model.globals_in_use();
        let freed = |global: &usize| self.model.globals[*global].freed;
        let freed: Vec<_> = (0..self.model.globals.len()).filter(freed).collect();
        self.container(&there, &freed)
    }
}

impl Prediction<'_> {
    pub(crate) fn globals(&mut self, action: &GlobalAction) -> Predicted {
        match *action {
            GlobalAction::New {
                content,
                mutable,
                value,
            } => self.global_new(content, mutable, value),
            GlobalAction::Get(global) => {
                let value = self.model.global_value(self.global_named(global)?);
                Ok(self.read(value))
            }
            GlobalAction::GetInto(global, to) => {
                let global = self.global_named(global)?;
                let root = self.scoped_root(to)?;
                self.assign(root, self.model.global_value(global))
            }
            GlobalAction::Type(global) => Ok(Answer::GlobalType(self.global_named(global)?)),
            GlobalAction::Set(global, value) => self.global_set(global, value),
            GlobalAction::Free(Named::Null) => Ok(Answer::Nothing),
            GlobalAction::Free(global) => {
                let global = self.global_named(global)?;
                self.model.let_go(self.model.globals[global].root);
                self.model.globals[global].freed = true;
                Ok(Answer::Nothing)
            }
        }
    }

    fn global_named(&self, global: Named) -> Predicted<usize> {
        match global {
            Named::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(global) if !self.model.globals[global].freed => Ok(global),
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }

    fn global_new(&mut self, content: Content, mutable: bool, input: Input) -> Predicted {
        let (storage, other_engine) = match content {
            Content::Number(storage) => (storage, false),
            Content::None(_) => return Err(GCROOTS_ERROR_INVALID_ARGUMENT),
            Content::Ref(of) => {
                let heap = of.heap.map_err(|_| GCROOTS_ERROR_INVALID_ARGUMENT)?;
                let elsewhere = of.other_engine && matches!(heap, Heap::Type(_));
                let nullable = of.nullable;
                (Storage::Ref(RefType { heap, nullable }), elsewhere)
            }
        };
        require_kinds(&[input])?;
        if other_engine {
            return Err(GCROOTS_ERROR_WRONG_ENGINE);
        }
        let target = self.resolve_input(input)?;
        let value = self.admitted(storage, input, target)?;
        let (root, bytes) = self.hidden(vec![value], struct_bytes(storage));
        self.model.globals.push(Global {
            storage,
            mutable,
            root,
            freed: false,
        });
        Ok(Answer::NewGlobal(self.model.globals.len() - 1, bytes))
    }

    fn global_set(&mut self, global: Named, input: Input) -> Predicted {
        require_kinds(&[input])?;
        let global = self.global_named(global)?;
        let target = self.resolve_input(input)?;
        let Global {
            storage,
            mutable,
            root,
            ..
        } = self.model.globals[global];
        if !mutable {
            return Err(GCROOTS_ERROR_IMMUTABLE);
        }
        let value = self.admitted(storage, input, target)?;
        let node = self.model.held_node(root);
        match &mut self.model.nodes[node].body {
            Body::Hidden { values, .. } => values[0] = value,
            other => unreachable!("{other:?}"),
        }
        Ok(Answer::Nothing)
    }
}

impl Library {
    fn global(&self, global: Named) -> gcroots_global_t {
        let none = gcroots_global_t {
            store_id: 0,
            generation: 7,
            index: 7,
        };
        match global {
            Named::Null => none,
            Named::Own(global) => self.bits.borrow().globals[global],
            Named::Foreign => self.foreign.global,
            // The bits of a table do not name a global.
            Named::Forged => match self.bits.borrow().tables.last() {
                Some(table) => gcroots_global_t {
                    store_id: self.store_id,
                    generation: table.generation,
                    index: table.index,
                },
                None => gcroots_global_t {
                    store_id: self.store_id,
                    index: u32::MAX,
                    ..none
                },
            },
        }
    }

    fn content(&self, content: Content, mutable: bool) -> gcroots_field_type_t {
        let mut of = gcroots_field_type_t {
            storage: 0,
            heap: 0,
            local: 0,
            is_mutable: mutable.into(),
            is_nullable: 0,
            r#type: null(),
        };
        match content {
            Content::None(none) => of.storage = none,
            Content::Number(storage) => of.storage = storage_number(storage),
            Content::Ref(argument) => {
                let reference = self.ref_type(argument);
                of.storage = gcroots::capi::types::GCROOTS_STORAGE_REF;
                of.heap = reference.heap;
                of.is_nullable = reference.is_nullable;
                of.r#type = reference.r#type;
            }
        }
        of
    }

    /// The type of a global, as outputs have it: its storage, the type of references, and
    /// whether it is mutable.
    pub(crate) fn global_type(
        &self,
        global: &Global,
    ) -> (u32, (*const gcroots_type_t, u32, u8), u8) {
        let reference = match global.storage {
            Storage::Ref(of) => self.read_type(of),
            _ => (null(), 0, 0),
        };
        let storage = storage_number(global.storage);
        (storage, reference, global.mutable.into())
    }

    pub(crate) fn globals(&self, action: &GlobalAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                GlobalAction::New {
                    content,
                    mutable,
                    value,
                } => {
                    let (of, value) = (self.content(content, mutable), self.value(value));
                    let of = self.passed_const(Pointer::Type, &of);
                    let value = self.passed_const(Pointer::Value, &value);
                    self.with_out(|out| gcroots_global_new(store, of, value, out))
                        .map(Written::Global)
                }
                GlobalAction::Get(global) => {
                    self.global_get(self.global(global)).map(Written::Value)
                }
                GlobalAction::GetInto(global, to) => {
                    let (global, to) = (self.global(global), self.handle(to));
                    done(gcroots_global_get_ref_into(store, global, to))
                }
                GlobalAction::Type(global) => {
                    let global = self.global(global);
                    self.with_out(|out| gcroots_global_type(store, global, out))
                        .map(Written::GlobalType)
                }
                GlobalAction::Set(global, value) => {
                    let value = self.value(value);
                    let value = self.passed_const(Pointer::Value, &value);
                    done(gcroots_global_set(store, self.global(global), value))
                }
                GlobalAction::Free(global) => {
                    let passed = self.global(global);
                    let mut taken = passed;
                    let global = self.passed(Pointer::Global, &mut taken);
                    let freed = done(gcroots_global_free(store, global));
                    self.check_freed(freed, taken.store_id == 0, taken == passed)
                }
            }
        }
    }

    pub(crate) fn global_get(&self, global: gcroots_global_t) -> Status<gcroots_val_t> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_global_get(self.store(), global, out) })
    }
}
