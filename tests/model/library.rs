//! The library under test: turns an action into a call of the C API.

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use gcroots::capi::arrays::*;
use gcroots::capi::casts::*;
use gcroots::capi::config::*;
use gcroots::capi::engine::*;
use gcroots::capi::exceptions::*;
use gcroots::capi::externref::*;
use gcroots::capi::func::gcroots_config_set_call_depth;
use gcroots::capi::fused::*;
use gcroots::capi::global::*;
use gcroots::capi::growth::*;
use gcroots::capi::i31::*;
use gcroots::capi::local::*;
use gcroots::capi::manually_rooted::*;
use gcroots::capi::no_gc::*;
use gcroots::capi::pin::*;
use gcroots::capi::rec_group::*;
use gcroots::capi::reference::*;
use gcroots::capi::root_range::gcroots_root_source_t;
use gcroots::capi::scope::*;
use gcroots::capi::status::*;
use gcroots::capi::store::*;
use gcroots::capi::structs::*;
use gcroots::capi::table::*;
use gcroots::capi::types::*;
use gcroots::capi::value::*;
use gcroots::capi::weak::*;
use gcroots::capi::weakmap::*;

use super::action::{
    Action, As, Forgery, Handle, Input, LONGEST, Maker, Named, Planned, RefTypeArgument,
    TypeArgument,
};
use super::functions::CALL_DEPTH;
use super::lane::{Lane, OVERHEAD_LIMIT};
use super::pointers::{Nulls, Pointer};
use super::ranges::Slots;
use super::types::{ABSTRACT, Field, Heap, RefType, Shape, Storage, TYPES};

pub(crate) const NULL_REF: gcroots_ref_t = gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

/// The output of a call.
pub(crate) enum Written {
    Nothing,
    Bool(bool),
    Number(u64),
    Value(gcroots_val_t),
    Values(Vec<gcroots_val_t>),
    Ref(gcroots_ref_t),
    Weak(gcroots_weak_t),
    Pin(gcroots_pin_t),
    Map(gcroots_weakmap_t),
    Table(gcroots_table_t),
    Global(gcroots_global_t),
    Range(gcroots_root_source_t),
    Scope(gcroots_scope_t),
    Tag(gcroots_tag_t),
    TableType(gcroots_table_type_t),
    GlobalType(gcroots_field_type_t),
    Type(*mut gcroots_type_t),
    Bytes(Vec<u8>),
}

pub(crate) type Status<T> = Result<T, gcroots_status_t>;

/// The handles that calls returned, by the numbers of the model.
#[derive(Default)]
pub(crate) struct Bits {
    pub(crate) roots: Vec<gcroots_ref_t>,
    pub(crate) scopes: Vec<gcroots_scope_t>,
    pub(crate) weak: Vec<gcroots_weak_t>,
    pub(crate) pins: Vec<gcroots_pin_t>,
    /// The addresses of pinned arrays, by the numbers of their pins.
    pub(crate) addresses: HashMap<usize, *mut c_void>,
    pub(crate) maps: Vec<gcroots_weakmap_t>,
    pub(crate) tables: Vec<gcroots_table_t>,
    pub(crate) globals: Vec<gcroots_global_t>,
    pub(crate) ranges: Vec<gcroots_root_source_t>,
    pub(crate) tags: Vec<gcroots_tag_t>,
}

/// Handles of another store.
pub(crate) struct Foreign {
    store: *mut gcroots_store_t,
    root: gcroots_ref_t,
    scope: gcroots_scope_t,
    weak: gcroots_weak_t,
    pub(crate) pin: gcroots_pin_t,
    map: gcroots_weakmap_t,
    pub(crate) table: gcroots_table_t,
    pub(crate) global: gcroots_global_t,
    tag: gcroots_tag_t,
}

/// A store, the types of its engine, and another store and engine for wrong arguments.
pub(crate) struct Library {
    pub(crate) store: *mut gcroots_store_t,
    pub(crate) store_id: u64,
    pub(crate) bits: RefCell<Bits>,
    /// The memory of root ranges, by the numbers of the model.
    pub(crate) slots: RefCell<Vec<Slots>>,
    /// Whether the engine finds slots below `unchanged` that were written.
    pub(crate) checks_unchanged: bool,
    /// The engine of the store.
    engine: *mut gcroots_engine_t,
    types: Vec<*mut gcroots_type_t>,
    types_elsewhere: Vec<*mut gcroots_type_t>,
    pub(crate) foreign: Foreign,
    pub(crate) finalizer: unsafe extern "C" fn(*mut c_void),
    /// The pointers that are NULL in the current call.
    nulls: Cell<Nulls>,
}

/// The bytes of an output before a call. They show whether the call wrote it.
pub(crate) const UNWRITTEN: u8 = 0xa5;

/// Makes a call and returns its output. A failing call must not write the output.
pub(crate) fn with_out<T: Copy>(function: impl FnOnce(*mut MaybeUninit<T>) -> u32) -> Status<T> {
    let mut out = MaybeUninit::<T>::uninit();
    // SAFETY: `out` has this size.
    unsafe { out.as_mut_ptr().write_bytes(UNWRITTEN, 1) };
    let status = function(&mut out);
    if status == GCROOTS_OK {
        // SAFETY: outputs are written on success.
        return Ok(unsafe { out.assume_init() });
    }
    // SAFETY: all bytes were written above.
    let bytes = unsafe { core::slice::from_raw_parts(out.as_ptr().cast::<u8>(), size_of::<T>()) };
    if bytes.iter().any(|byte| *byte != UNWRITTEN) {
        complain(format!(
            "an output was written with {}",
            status_name(status)
        ));
    }
    Err(status)
}

thread_local! {
    static COMPLAINT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes a fault on this thread. The caller may be a finalizer, which cannot panic.
pub(crate) fn complain(what: String) {
    COMPLAINT.set(Some(what));
}

/// Returns the last noted fault and forgets it.
pub(crate) fn take_complaint() -> Option<String> {
    COMPLAINT.take()
}

pub(crate) fn done(status: gcroots_status_t) -> Status<Written> {
    match status {
        GCROOTS_OK => Ok(Written::Nothing),
        status => Err(status),
    }
}

pub(crate) fn last_error() -> String {
    // SAFETY: the message ends in 0, and is read before the next call.
    let message = unsafe { CStr::from_ptr(gcroots_last_error()) };
    message.to_string_lossy().into_owned()
}

pub(crate) fn status_name(status: gcroots_status_t) -> String {
    // SAFETY: the name is a static string.
    let name = unsafe { CStr::from_ptr(gcroots_status_name(status)) };
    name.to_string_lossy().into_owned()
}

fn ok(status: gcroots_status_t) {
    assert_eq!(status, GCROOTS_OK, "{}", last_error());
}

/// The finalizer that gets the store: runs the simple one, which is its `env`.
unsafe extern "C" fn finalize_with_store(
    env: *mut c_void,
    store: *mut gcroots_store_t,
    data: *mut c_void,
) {
    if store.is_null() {
        complain("a finalizer without its store".to_owned());
    }
    // SAFETY: `env` is the finalizer, which may be called with the data.
    unsafe {
        core::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void)>(env)(data);
    }
}

/// The pointer of some data: a finalizer gets it, and `gcroots_externref_data` reads it.
pub(crate) fn pointer(data: u64) -> *mut c_void {
    core::ptr::without_provenance_mut(data as usize)
}

/// The tag of an externref: none, or one of two addresses.
fn tag_address(tag: usize) -> *const c_void {
    static TAGS: [u8; 2] = [0; 2];
    match tag {
        0 => null(),
        tag => (&raw const TAGS[tag - 1]).cast(),
    }
}

fn heap_number(heap: Heap) -> u32 {
    if heap == Heap::Every {
        return GCROOTS_HEAP_EVERY;
    }
    match ABSTRACT.iter().position(|other| *other == heap) {
        Some(number) => number as u32,
        None => GCROOTS_HEAP_LOCAL,
    }
}

pub(crate) fn storage_number(storage: Storage) -> u32 {
    match storage {
        Storage::I8 => GCROOTS_STORAGE_I8,
        Storage::I16 => GCROOTS_STORAGE_I16,
        Storage::I32 => GCROOTS_STORAGE_I32,
        Storage::I64 => GCROOTS_STORAGE_I64,
        Storage::F32 => GCROOTS_STORAGE_F32,
        Storage::F64 => GCROOTS_STORAGE_F64,
        Storage::V128 => GCROOTS_STORAGE_V128,
        Storage::Ref(_) => GCROOTS_STORAGE_REF,
    }
}

fn field_type(field: &Field) -> gcroots_field_type_t {
    let (heap, is_nullable) = match field.storage {
        Storage::Ref(of) => (of.heap, of.nullable),
        _ => (Heap::Any, false),
    };
    gcroots_field_type_t {
        storage: storage_number(field.storage),
        heap: heap_number(heap),
        local: match heap {
            Heap::Type(of) => of as u32,
            _ => 0,
        },
        is_mutable: field.mutable.into(),
        is_nullable: is_nullable.into(),
        r#type: null(),
    }
}

/// Registers all types with an engine, in a group that is unique or not.
fn register(engine: *mut gcroots_engine_t, unique: bool) -> Vec<*mut gcroots_type_t> {
    let group = gcroots_rec_group_new();
    // SAFETY: the group belongs to this function.
    ok(unsafe { gcroots_rec_group_set_unique(group, unique) });
    for of in &TYPES {
        let sub = gcroots_sub_type_t {
            is_final: 0,
            has_supertype: of.supertype.is_some().into(),
            local: of.supertype.unwrap_or(0) as u32,
            supertype: null(),
        };
        let fields: Vec<_> = of.fields.iter().map(field_type).collect();
        let (first, count) = (fields.as_ptr(), fields.len());
        // SAFETY: the group belongs to this function, and the list has `count` fields.
        let added = with_out(|out| unsafe {
            match of.shape {
                Shape::Struct => gcroots_rec_group_add_struct(group, &sub, first, count, out),
                Shape::Array => gcroots_rec_group_add_array(group, &sub, first, out),
                Shape::Func { results } => {
                    let results: Vec<_> = results.iter().map(field_type).collect();
                    let (result, of) = (results.as_ptr(), results.len());
                    gcroots_rec_group_add_func(group, &sub, first, count, result, of, out)
                }
            }
        });
        added.unwrap_or_else(|_| panic!("{}", last_error()));
    }
    let mut types = vec![null_mut(); TYPES.len()];
    let groups = [group.cast_const()];
    // SAFETY: the engine is alive, and the lists have the passed lengths.
    unsafe {
        let (first, count) = (types.as_mut_ptr(), types.len());
        ok(gcroots_rec_group_register(
            engine,
            groups.as_ptr(),
            1,
            first,
            count,
        ));
        gcroots_rec_group_free(group);
    }
    types
}

/// An engine for this lane, with a growth callback if the lane asks one.
fn engine(lane: &Lane, callback: gcroots_grow_callback_t) -> *mut gcroots_engine_t {
    let config = gcroots_config_new();
    // SAFETY: the configuration belongs to this function.
    unsafe {
        ok(gcroots_config_set_collector(config, lane.collector));
        ok(gcroots_config_set_heap_limit(config, lane.heap_limit));
        ok(gcroots_config_set_overhead_limit(config, OVERHEAD_LIMIT));
        ok(gcroots_config_set_stress(config, lane.stress));
        ok(gcroots_config_set_poison(config, lane.poison));
        ok(gcroots_config_set_move_always(config, lane.move_always));
        ok(gcroots_config_set_call_depth(config, CALL_DEPTH));
        ok(gcroots_config_set_finalizers(config, lane.deferred.into()));
        if lane.asks {
            ok(gcroots_config_set_heap_initial(config, lane.initial()));
            ok(gcroots_config_set_grow_callback(
                config,
                callback,
                null_mut(),
            ));
        }
        let engine = with_out(|out| gcroots_engine_new(config, out));
        gcroots_config_free(config);
        engine.unwrap_or_else(|_| panic!("{}", last_error()))
    }
}

impl Foreign {
    fn new(engine: *mut gcroots_engine_t, tag_type: *const gcroots_type_t) -> Status<Foreign> {
        // SAFETY: the engine and the type are alive, and the store is new.
        unsafe {
            let store = with_out(|out| gcroots_store_new(engine, out))?;
            let root = with_out(|out| gcroots_externref_new(store, null_mut(), None, out))?;
            let any = gcroots_ref_type_t {
                r#type: null(),
                heap: heap_number(Heap::Any),
                is_nullable: 1,
            };
            let number = field_type(&Field {
                storage: Storage::I32,
                mutable: true,
            });
            let value = gcroots_val_t {
                kind: GCROOTS_STORAGE_I32,
                of: gcroots_val_of_t { i32: 1 },
            };
            Ok(Foreign {
                store,
                root,
                scope: with_out(|out| gcroots_scope_enter(store, out))?,
                weak: with_out(|out| gcroots_weak_new(store, root, out))?,
                // Where objects cannot be pinned, these bits are as good.
                pin: with_out(|out| gcroots_pin(store, root, out)).unwrap_or(gcroots_pin_t {
                    store_id: root.store_id,
                    generation: 1,
                    index: 0,
                }),
                map: with_out(|out| gcroots_weakmap_new(store, out))?,
                table: with_out(|out| gcroots_table_new(store, any, 2, 4, NULL_REF, out))?,
                global: with_out(|out| gcroots_global_new(store, &number, &value, out))?,
                tag: with_out(|out| gcroots_tag_new(store, tag_type, out))?,
            })
        }
    }
}

impl Library {
    /// A new store. All its finalizers are `finalizer`, and it asks `callback` to grow.
    pub(crate) fn new(
        lane: &Lane,
        finalizer: unsafe extern "C" fn(*mut c_void),
        callback: gcroots_grow_callback_t,
    ) -> Library {
        let (engine, elsewhere) = (engine(lane, callback), engine(lane, callback));
        let (types, types_elsewhere) = (register(engine, false), register(elsewhere, false));
        let tag_type = TYPES
            .iter()
            .position(|of| of.shape == Shape::Func { results: &[] });
        let tag_type = types[tag_type.expect("a type of tags")];
        let made = || {
            let foreign = Foreign::new(engine, tag_type)?;
            // SAFETY: the engine belongs to this function, and the store is new.
            unsafe {
                let store = with_out(|out| gcroots_store_new(engine, out))?;
                let scope = with_out(|out| gcroots_scope_enter(store, out))?;
                ok(gcroots_scope_exit(store, scope));
                Ok((foreign, store, scope.store_id))
            }
        };
        let (foreign, store, store_id) = made().unwrap_or_else(|_: u32| panic!("{}", last_error()));
        // SAFETY: it belongs to this function. The types keep it alive if needed.
        unsafe { gcroots_engine_free(elsewhere) };
        Library {
            engine,
            store,
            store_id,
            bits: RefCell::default(),
            slots: RefCell::default(),
            checks_unchanged: lane.stress > 0,
            types,
            types_elsewhere,
            foreign,
            finalizer,
            nulls: Cell::default(),
        }
    }

    /// Deletes the store on the thread that owns it. This runs its last finalizers.
    pub(crate) fn free_store(&self) -> gcroots_status_t {
        // SAFETY: nobody uses the store afterwards.
        unsafe { gcroots_store_free(self.store) }
    }

    /// Makes this thread the owner of a store without an owner.
    pub(crate) fn attach(&self) -> gcroots_status_t {
        // SAFETY: the store is alive.
        unsafe { gcroots_store_attach(self.store) }
    }

    /// Frees everything else, on the thread that made it.
    pub(crate) fn free_others(&self) {
        self.slots.take().iter().for_each(Slots::free);
        // SAFETY: nobody uses any of these afterwards.
        unsafe {
            ok(gcroots_store_free(self.foreign.store));
            for of in self.types.iter().chain(&self.types_elsewhere) {
                gcroots_type_free(*of);
            }
            gcroots_engine_free(self.engine);
        }
    }

    pub(crate) fn handle(&self, handle: Handle) -> gcroots_ref_t {
        match handle {
            Handle::Null => NULL_REF,
            Handle::Root(root) => self.bits.borrow().roots[root],
            Handle::Foreign => self.foreign.root,
            Handle::Forged { from, how } => {
                let from = from.map(|root| self.bits.borrow().roots[root]);
                let mut forged = from.unwrap_or(NULL_REF);
                forged.store_id = self.store_id;
                match how {
                    Forgery::Generation => forged.generation ^= 1 << 30,
                    Forgery::Slot => forged.index |= u32::MAX >> 1,
                    Forgery::Store => forged.store_id ^= 1 << 50,
                }
                forged
            }
        }
    }

    fn manual(&self, handle: Handle) -> gcroots_manually_rooted_t {
        gcroots_manually_rooted_t {
            r#ref: self.handle(handle),
        }
    }

    fn scope(&self, scope: Named) -> gcroots_scope_t {
        match scope {
            Named::Null => gcroots_scope_t {
                store_id: 0,
                serial: 0,
            },
            Named::Own(scope) => self.bits.borrow().scopes[scope],
            Named::Foreign => self.foreign.scope,
            Named::Forged => gcroots_scope_t {
                store_id: self.store_id,
                serial: 0,
            },
        }
    }

    fn weak(&self, weak: Named) -> gcroots_weak_t {
        match weak {
            Named::Null => gcroots_weak_t {
                store_id: 0,
                generation: 7,
                index: 7,
            },
            Named::Own(weak) => self.bits.borrow().weak[weak],
            Named::Foreign => self.foreign.weak,
            Named::Forged => gcroots_weak_t {
                store_id: self.store_id,
                generation: 1,
                index: u32::MAX,
            },
        }
    }

    fn pin(&self, pin: Named) -> gcroots_pin_t {
        match pin {
            Named::Null => gcroots_pin_t {
                store_id: 0,
                generation: 7,
                index: 7,
            },
            Named::Own(pin) => self.bits.borrow().pins[pin],
            Named::Foreign => self.foreign.pin,
            Named::Forged => gcroots_pin_t {
                store_id: self.store_id,
                generation: 1,
                index: u32::MAX,
            },
        }
    }

    fn map(&self, map: Named) -> gcroots_weakmap_t {
        match map {
            Named::Null => gcroots_weakmap_t {
                store_id: 0,
                generation: 7,
                index: 7,
            },
            Named::Own(map) => self.bits.borrow().maps[map],
            Named::Foreign => self.foreign.map,
            Named::Forged => gcroots_weakmap_t {
                store_id: self.store_id,
                generation: 1,
                index: u32::MAX,
            },
        }
    }

    pub(crate) fn tag(&self, tag: Named) -> gcroots_tag_t {
        match tag {
            Named::Null => gcroots_tag_t {
                store_id: 0,
                generation: 7,
                index: 7,
            },
            Named::Own(tag) => self.bits.borrow().tags[tag],
            Named::Foreign => self.foreign.tag,
            Named::Forged => gcroots_tag_t {
                store_id: self.store_id,
                generation: self.foreign.tag.generation + 1,
                ..self.foreign.tag
            },
        }
    }

    pub(crate) fn type_of(&self, of: usize) -> *const gcroots_type_t {
        self.types[of]
    }

    pub(crate) fn type_argument(&self, of: TypeArgument) -> *const gcroots_type_t {
        self.type_as(Pointer::Type, of)
    }

    /// A type, as the argument `which`.
    fn type_as(&self, which: Pointer, of: TypeArgument) -> *const gcroots_type_t {
        let types = if of.other_engine {
            &self.types_elsewhere
        } else {
            &self.types
        };
        self.passed_const(which, types[of.of])
    }

    pub(crate) fn ref_type(&self, of: RefTypeArgument) -> gcroots_ref_type_t {
        let (heap, r#type) = match of.heap {
            Ok(Heap::Type(named)) => {
                let argument = TypeArgument {
                    of: named,
                    other_engine: of.other_engine,
                };
                (GCROOTS_HEAP_TYPE, self.type_argument(argument))
            }
            Ok(heap) => (heap_number(heap), null()),
            Err(number) => (number, null()),
        };
        gcroots_ref_type_t {
            r#type,
            heap,
            is_nullable: of.nullable.into(),
        }
    }

    /// A reference type, as outputs have it: its registered type, its heap type, and
    /// whether it is nullable.
    pub(crate) fn read_type(&self, of: RefType) -> (*const gcroots_type_t, u32, u8) {
        let (of_type, heap) = match of.heap {
            Heap::Type(named) => (self.type_of(named), GCROOTS_HEAP_TYPE),
            heap => (null(), heap_number(heap)),
        };
        (of_type, heap, of.nullable.into())
    }

    pub(crate) fn value(&self, input: Input) -> gcroots_val_t {
        let mut of = gcroots_val_of_t {
            v128: gcroots_v128_t { bytes: [0x5a; 16] },
        };
        let kind = match input {
            Input::I32(bits) => {
                of.i32 = bits as i32;
                GCROOTS_STORAGE_I32
            }
            Input::I64(bits) => {
                of.i64 = bits as i64;
                GCROOTS_STORAGE_I64
            }
            Input::F32(bits) => {
                of.f32 = f32::from_bits(bits);
                GCROOTS_STORAGE_F32
            }
            Input::F64(bits) => {
                of.f64 = f64::from_bits(bits);
                GCROOTS_STORAGE_F64
            }
            Input::V128(bytes) => {
                of.v128 = gcroots_v128_t { bytes };
                GCROOTS_STORAGE_V128
            }
            Input::Ref(handle) => {
                of.r#ref = self.handle(handle);
                GCROOTS_STORAGE_REF
            }
            Input::NoKind(kind) => kind,
        };
        gcroots_val_t { kind, of }
    }

    pub(crate) fn values(&self, inputs: &[Input]) -> Vec<gcroots_val_t> {
        inputs.iter().map(|input| self.value(*input)).collect()
    }

    /// Makes the call. `data` is for a new externref or function, or for an externref
    /// whose data are set.
    pub(crate) fn run(&self, planned: &Planned, data: u64) -> Status<Written> {
        self.nulls.set(planned.nulls);
        let written = self.call(&planned.action, data);
        self.nulls.set(Nulls::NONE);
        if let (Err(GCROOTS_ERROR_NULL_ARGUMENT), Some(first)) =
            (&written, planned.nulls.first(&planned.action))
        {
            let (message, name) = (last_error(), first.name());
            if !message.ends_with(&format!(": `{name}` is NULL")) {
                complain(format!("{message}, where {name} is NULL"));
            }
        }
        written
    }

    /// The store, or NULL if it must be.
    pub(crate) fn store(&self) -> *mut gcroots_store_t {
        self.passed(Pointer::Store, self.store)
    }

    /// Whether a pointer must be NULL.
    pub(crate) fn is_null(&self, which: Pointer) -> bool {
        self.nulls.get().has(which)
    }

    /// The pointer, or NULL if it must be.
    pub(crate) fn passed<T>(&self, which: Pointer, pointer: *mut T) -> *mut T {
        if self.is_null(which) {
            return null_mut();
        }
        pointer
    }

    /// The pointer, or NULL if it must be.
    pub(crate) fn passed_const<T>(&self, which: Pointer, pointer: *const T) -> *const T {
        self.passed(which, pointer.cast_mut())
    }

    /// [`with_out`], or a call without an output if that must be NULL.
    pub(crate) fn with_out<T: Copy>(
        &self,
        function: impl FnOnce(*mut MaybeUninit<T>) -> u32,
    ) -> Status<T> {
        if self.nulls.get().has(Pointer::Out) {
            // The call must fail, so any status is passed on as an error.
            return Err(function(null_mut()));
        }
        with_out(function)
    }

    fn call(&self, action: &Action, data: u64) -> Status<Written> {
        match action {
            Action::ScopeEnter
            | Action::ScopeExit(_)
            | Action::ScopeUnwind(_)
            | Action::ScopeEscape(..)
            | Action::ScopeReserve(_)
            | Action::NoGcEnter
            | Action::NoGcExit => self.scopes(action),
            Action::LocalNew(_)
            | Action::LocalIsNull(_)
            | Action::Assign(..)
            | Action::ToManual(_)
            | Action::CloneManual(_)
            | Action::Unroot(_)
            | Action::UnrootLater(_)
            | Action::DrainUnroots
            | Action::ToRooted(_)
            | Action::IntoRooted(_) => self.roots(action),
            Action::WeakNew(_)
            | Action::WeakUpgrade(_)
            | Action::WeakFree(_)
            | Action::Pin(_)
            | Action::PinData(_)
            | Action::Unpin(_)
            | Action::Collect
            | Action::Trim
            | Action::RunFinalizers(_)
            | Action::Verify
            | Action::Walk => self.weak_and_store(action),
            Action::StoreSetData(..)
            | Action::StoreData
            | Action::KeyedSetData(..)
            | Action::KeyedData(_)
            | Action::StoreId
            | Action::StoreDetach
            | Action::StoreAttach
            | Action::StoreFree(_) => self.stores(action, data),
            Action::Table(action) => self.tables(action),
            Action::Global(action) => self.globals(action),
            Action::Func(action) => self.functions(action, data),
            Action::Range(action) => self.ranges(action),
            Action::Raw(action) => self.raw_calls(action, data),
            Action::WeakMapNew
            | Action::WeakMapSet(..)
            | Action::WeakMapGet(..)
            | Action::WeakMapDelete(..)
            | Action::WeakMapSize(_)
            | Action::WeakMapFree(_) => self.weak_maps(action),
            Action::ExternNew(..)
            | Action::ExternData(_)
            | Action::ExternDataTagged(..)
            | Action::ExternSetData(_)
            | Action::ExternBytes(..)
            | Action::ExternAdjust(..) => self.externs(action, data),
            Action::StructNew(..)
            | Action::StructNewInto(..)
            | Action::StructNewEscape(..)
            | Action::StructNewDefault(_)
            | Action::StructGet(..)
            | Action::StructGetAs(..)
            | Action::StructGetInto(..)
            | Action::StructSet(..)
            | Action::StructSetAs(..) => self.structs(action),
            Action::ArrayNew(..)
            | Action::ArrayNewDefault(..)
            | Action::ArrayNewFixed(..)
            | Action::ArrayNewBytes(..)
            | Action::ArrayNewTooLong(_) => self.new_arrays(action),
            Action::ArrayLen(_)
            | Action::ArrayGet(..)
            | Action::ArrayGetAs(..)
            | Action::ArrayGetInto(..)
            | Action::ArraySet(..)
            | Action::ArraySetAs(..)
            | Action::ArrayFill(..)
            | Action::ArrayCopy { .. }
            | Action::ArrayRead(..)
            | Action::ArrayWrite(..) => self.arrays(action),
            Action::TagNew(_)
            | Action::TagType(_)
            | Action::TagEqual(..)
            | Action::ExnNew(..)
            | Action::ExnTag(_)
            | Action::ExnField(..) => self.exceptions(action),
            Action::TypeEqual(..) | Action::RegisterAgain { .. } => self.equality_of_types(action),
            _ => self.references(action),
        }
    }

    fn scopes(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::ScopeEnter => self
                    .with_out(|out| gcroots_scope_enter(store, out))
                    .map(Written::Scope),
                Action::ScopeExit(scope) => done(gcroots_scope_exit(store, self.scope(scope))),
                Action::ScopeUnwind(scope) => done(gcroots_scope_unwind(store, self.scope(scope))),
                Action::ScopeEscape(scope, handle) => {
                    let (scope, handle) = (self.scope(scope), self.handle(handle));
                    self.with_out(|out| gcroots_scope_escape(store, scope, handle, out))
                        .map(Written::Ref)
                }
                Action::ScopeReserve(roots) => done(gcroots_scope_reserve(store, roots)),
                Action::NoGcEnter => done(gcroots_no_gc_enter(store)),
                _ => done(gcroots_no_gc_exit(store)),
            }
        }
    }

    fn roots(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        let manual = |out: gcroots_manually_rooted_t| Written::Ref(out.r#ref);
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::LocalNew(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_local_new(store, handle, out))
                        .map(Written::Ref)
                }
                Action::LocalIsNull(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_local_is_null(store, handle, out))
                        .map(Written::Bool)
                }
                Action::Assign(to, from) => done(gcroots_ref_assign(
                    store,
                    self.handle(to),
                    self.handle(from),
                )),
                Action::ToManual(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_ref_to_manually_rooted(store, handle, out))
                        .map(manual)
                }
                Action::CloneManual(handle) => {
                    let handle = self.manual(handle);
                    self.with_out(|out| gcroots_manually_rooted_clone(store, handle, out))
                        .map(manual)
                }
                Action::ToRooted(handle) => {
                    let handle = self.manual(handle);
                    self.with_out(|out| gcroots_manually_rooted_to_rooted(store, handle, out))
                        .map(Written::Ref)
                }
                Action::IntoRooted(handle) => self.taking(handle, |taken| {
                    self.with_out(|out| gcroots_manually_rooted_into_rooted(store, taken, out))
                        .map(Written::Ref)
                }),
                Action::Unroot(handle) => self.taking(handle, |taken| {
                    done(gcroots_manually_rooted_unroot(store, taken))
                }),
                Action::UnrootLater(handle) => self.taking(handle, |taken| {
                    done(gcroots_manually_rooted_unroot_later(taken))
                }),
                Action::DrainUnroots => done(gcroots_store_drain_unroots(store)),
                _ => unreachable!("{action:?}"),
            }
        }
    }

    /// Makes a call that takes a manual root. On success the handle must be null
    /// afterwards, otherwise unchanged.
    fn taking(
        &self,
        handle: Handle,
        call: impl FnOnce(*mut gcroots_manually_rooted_t) -> Status<Written>,
    ) -> Status<Written> {
        let passed = self.manual(handle);
        let mut taken = passed;
        let written = call(self.passed(Pointer::Handle, &mut taken));
        let sound = match written {
            Ok(_) => taken.r#ref.store_id == 0,
            Err(_) => taken == passed,
        };
        if !sound {
            complain(format!("{passed:?}, to be taken, became {taken:?}"));
        }
        written
    }

    /// The bytes of a pinned array, read through its address, which must stay the same.
    fn pin_data(&self, named: Named) -> Status<Written> {
        let (store, pin, nulls) = (self.store(), self.pin(named), self.nulls.get());
        let mut bytes = MaybeUninit::new(usize::MAX);
        let bytes_out = match nulls.has(Pointer::Bytes) {
            true => null_mut(),
            false => &raw mut bytes,
        };
        let address = with_out(|out| {
            let out = match nulls.has(Pointer::Address) {
                true => null_mut(),
                false => out,
            };
            // SAFETY: the store is alive and belongs to this thread.
            unsafe { gcroots_pin_data(store, pin, out, bytes_out) }
        });
        // SAFETY: it was written above.
        let bytes = unsafe { bytes.assume_init() };
        if address.is_err() && bytes != usize::MAX {
            complain("the bytes of a pin were written".to_owned());
        }
        let address = address?;
        if let Named::Own(pin) = named {
            let addresses = &mut self.bits.borrow_mut().addresses;
            if *addresses.entry(pin).or_insert(address) != address {
                complain(format!("the array of pin {pin} has moved"));
            }
        }
        // SAFETY: the array has these bytes, and nothing writes them now.
        let bytes = unsafe { core::slice::from_raw_parts(address.cast::<u8>(), bytes) };
        Ok(Written::Bytes(bytes.to_vec()))
    }

    fn weak_and_store(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::WeakNew(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_weak_new(store, handle, out))
                        .map(Written::Weak)
                }
                Action::WeakUpgrade(weak) => {
                    let weak = self.weak(weak);
                    self.with_out(|out| gcroots_weak_upgrade(store, weak, out))
                        .map(Written::Ref)
                }
                Action::WeakFree(weak) => {
                    let mut weak = self.weak(weak);
                    let weak = self.passed(Pointer::Weak, &mut weak);
                    done(gcroots_weak_free(store, weak))
                }
                Action::Pin(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_pin(store, handle, out))
                        .map(Written::Pin)
                }
                Action::PinData(pin) => self.pin_data(pin),
                Action::Unpin(pin) => {
                    let mut pin = self.pin(pin);
                    let pin = self.passed(Pointer::Pin, &mut pin);
                    done(gcroots_unpin(store, pin))
                }
                Action::Collect => {
                    // If NULL is passed instead of the store, nothing is collected.
                    if store == self.store {
                        self.collect_in_steps();
                    }
                    done(gcroots_store_gc(store))
                }
                Action::Trim => done(gcroots_store_trim(store)),
                Action::RunFinalizers(most) => self.run_finalizers(most),
                Action::Verify => done(gcroots_store_verify(store)),
                _ => Ok(Written::Nothing),
            }
        }
    }

    fn run_finalizers(&self, most: usize) -> Status<Written> {
        let (store, no_out) = (self.store(), self.is_null(Pointer::OutLeft));
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            if no_out {
                // The call must fail, so any status is passed on as an error.
                return Err(gcroots_store_run_finalizers(store, most, null_mut()));
            }
            with_out(|out| gcroots_store_run_finalizers(store, most, out))
                .map(|left: usize| Written::Number(left as u64))
        }
    }

    /// The number of finalizers that wait. `None` if the store refuses the call.
    pub(crate) fn waiting(&self) -> Option<u64> {
        // SAFETY: the store is alive. The call runs no finalizer.
        let waiting = with_out(|out| unsafe { gcroots_store_run_finalizers(self.store, 0, out) });
        waiting.ok().map(|waiting: usize| waiting as u64)
    }

    /// The address of a key, which the library does not follow.
    fn key(&self, key: usize) -> *const c_void {
        self.passed_const(Pointer::Key, pointer(key as u64 + 1))
    }

    fn stores(&self, action: &Action, data: u64) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive. Finalizers accept this data.
        unsafe {
            match *action {
                Action::StoreSetData(is_null, finalizer) => {
                    let data = pointer(if is_null { 0 } else { data });
                    let finalizer = finalizer.map(|_| self.finalizer as _);
                    done(gcroots_store_set_data(store, data, finalizer))
                }
                Action::StoreId => self
                    .with_out(|out| gcroots_store_id(store, out))
                    .map(Written::Number),
                Action::StoreData => self
                    .with_out(|out| gcroots_store_data(store, out))
                    .map(|data: *mut c_void| Written::Number(data.addr() as u64)),
                Action::KeyedSetData(key, data) => {
                    let (key, data) = (self.key(key), pointer(data));
                    done(gcroots_store_set_data_keyed(store, key, data, None))
                }
                Action::KeyedData(key) => self
                    .with_out(|out| gcroots_store_data_keyed(store, self.key(key), out))
                    .map(|data: *mut c_void| Written::Number(data.addr() as u64)),
                Action::StoreDetach => done(gcroots_store_detach(store)),
                Action::StoreAttach => done(gcroots_store_attach(store)),
                Action::StoreFree(true) => done(gcroots_store_free(store)),
                Action::StoreFree(false) => done(gcroots_store_free(null_mut())),
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn weak_maps(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::WeakMapNew => self
                    .with_out(|out| gcroots_weakmap_new(store, out))
                    .map(Written::Map),
                Action::WeakMapSet(map, key, value) => {
                    let (key, value) = (self.handle(key), self.handle(value));
                    done(gcroots_weakmap_set(store, self.map(map), key, value))
                }
                Action::WeakMapGet(map, key) => self
                    .map_get(self.map(map), self.handle(key))
                    .map(Written::Ref),
                Action::WeakMapDelete(map, key) => {
                    let (map, key) = (self.map(map), self.handle(key));
                    self.with_out(|out| gcroots_weakmap_delete(store, map, key, out))
                        .map(Written::Bool)
                }
                Action::WeakMapSize(map) => self
                    .map_size(self.map(map))
                    .map(|size| Written::Number(size as u64)),
                Action::WeakMapFree(map) => self.map_free(self.map(map)),
                _ => unreachable!("{action:?}"),
            }
        }
    }

    pub(crate) fn map_get(
        &self,
        map: gcroots_weakmap_t,
        key: gcroots_ref_t,
    ) -> Status<gcroots_ref_t> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_weakmap_get(self.store(), map, key, out) })
    }

    pub(crate) fn map_size(&self, map: gcroots_weakmap_t) -> Status<usize> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_weakmap_size(self.store(), map, out) })
    }

    /// Frees a weak map. On success the handle must be zeroed, otherwise unchanged.
    fn map_free(&self, passed: gcroots_weakmap_t) -> Status<Written> {
        let mut taken = passed;
        let map = self.passed(Pointer::Map, &mut taken);
        // SAFETY: the store is alive and belongs to this thread.
        let freed = done(unsafe { gcroots_weakmap_free(self.store(), map) });
        self.check_freed(freed, taken.store_id == 0, taken == passed)
    }

    /// Checks a call that frees: on success the handle must be zeroed, otherwise
    /// unchanged.
    pub(crate) fn check_freed(
        &self,
        freed: Status<Written>,
        zeroed: bool,
        unchanged: bool,
    ) -> Status<Written> {
        if !(if freed.is_ok() { zeroed } else { unchanged }) {
            complain(format!("a handle, freed: {}, is wrong", freed.is_ok()));
        }
        freed
    }

    fn externs(&self, action: &Action, data: u64) -> Status<Written> {
        let store = self.store();
        let number = |data: *mut c_void| Written::Number(data.addr() as u64);
        // SAFETY: the store is alive and belongs to this thread. Finalizers accept this
        // data.
        unsafe {
            match *action {
                Action::ExternNew(maker, finalizer) => {
                    let finalizer = finalizer.map(|_| self.finalizer as _);
                    self.extern_new(maker, data, finalizer)
                }
                Action::ExternData(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_externref_data(store, handle, out))
                        .map(number)
                }
                Action::ExternDataTagged(handle, tag) => {
                    let (handle, tag) = (self.handle(handle), tag_address(tag));
                    self.with_out(|out| gcroots_externref_data_tagged(store, handle, tag, out))
                        .map(number)
                }
                Action::ExternSetData(handle) => {
                    let handle = self.handle(handle);
                    done(gcroots_externref_set_data(store, handle, pointer(data)))
                }
                Action::ExternBytes(handle, bytes) => {
                    let handle = self.handle(handle);
                    done(gcroots_externref_set_external_bytes(store, handle, bytes))
                }
                Action::ExternAdjust(handle, difference) => {
                    let handle = self.handle(handle);
                    done(gcroots_externref_adjust_external_bytes(
                        store, handle, difference,
                    ))
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn extern_new(
        &self,
        maker: Maker,
        data: u64,
        finalizer: gcroots_finalizer_t,
    ) -> Status<Written> {
        let (store, data) = (self.store(), pointer(data));
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match maker {
                Maker::Plain => self
                    .with_out(|out| gcroots_externref_new(store, data, finalizer, out))
                    .map(Written::Ref),
                Maker::Manual => self
                    .with_out(|out| {
                        gcroots_externref_new_manually_rooted(store, data, finalizer, out)
                    })
                    .map(|out: gcroots_manually_rooted_t| Written::Ref(out.r#ref)),
                Maker::Options {
                    tag,
                    bytes,
                    sized,
                    with_store,
                } => {
                    let (simple, full) = match finalizer {
                        Some(_) if with_store => (None, Some(finalize_with_store as _)),
                        _ => (finalizer, None),
                    };
                    let options = gcroots_externref_options_t {
                        struct_size: size_of::<gcroots_externref_options_t>() - usize::from(!sized),
                        data,
                        finalizer: simple,
                        tag: tag_address(tag),
                        external_bytes: bytes,
                        finalizer_with_store: full,
                        env: self.finalizer as *mut c_void,
                    };
                    let options = self.passed_const(Pointer::Options, &options);
                    self.with_out(|out| gcroots_externref_new_with(store, options, out))
                        .map(Written::Ref)
                }
            }
        }
    }

    fn structs(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread. The lists have the
        // passed lengths.
        unsafe {
            match *action {
                Action::StructNew(of, ref inputs) => {
                    let (of, values) = (self.type_argument(of), self.values(inputs));
                    let first = self.passed_const(Pointer::Fields, values.as_ptr());
                    let count = values.len();
                    self.with_out(|out| gcroots_struct_new(store, of, first, count, out))
                        .map(Written::Ref)
                }
                Action::StructNewInto(of, ref inputs, to) => {
                    let (of, values) = (self.type_argument(of), self.values(inputs));
                    let first = self.passed_const(Pointer::Fields, values.as_ptr());
                    let (count, to) = (values.len(), self.handle(to));
                    done(gcroots_struct_new_into(store, of, first, count, to))
                }
                Action::StructNewEscape(scope, of, ref inputs) => {
                    let (of, values) = (self.type_argument(of), self.values(inputs));
                    let first = self.passed_const(Pointer::Fields, values.as_ptr());
                    let (count, scope) = (values.len(), self.scope(scope));
                    self.with_out(|out| {
                        gcroots_struct_new_escape(store, scope, of, first, count, out)
                    })
                    .map(Written::Ref)
                }
                Action::StructNewDefault(of) => {
                    let of = self.type_argument(of);
                    self.with_out(|out| gcroots_struct_new_default(store, of, out))
                        .map(Written::Ref)
                }
                Action::StructGet(handle, index) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_struct_get(store, handle, index, out))
                        .map(Written::Value)
                }
                Action::StructGetInto(handle, index, to) => {
                    let (handle, to) = (self.handle(handle), self.handle(to));
                    done(gcroots_struct_get_ref_into(store, handle, index, to))
                }
                Action::StructSet(handle, index, input) => {
                    let value = self.value(input);
                    done(gcroots_struct_set(
                        store,
                        self.handle(handle),
                        index,
                        self.passed_const(Pointer::Value, &value),
                    ))
                }
                Action::StructGetAs(handle, index, getter) => {
                    self.struct_get_as(self.handle(handle), index, getter)
                }
                Action::StructSetAs(handle, index, input) => {
                    self.struct_set_as(self.handle(handle), index, input)
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn struct_get_as(&self, of: gcroots_ref_t, at: usize, getter: As) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match getter {
                As::I32 => signed(self.with_out(|out| gcroots_struct_get_i32(store, of, at, out))),
                As::Signed => signed(self.with_out(|out| gcroots_struct_get_s(store, of, at, out))),
                As::I64 => self
                    .with_out(|out| gcroots_struct_get_i64(store, of, at, out))
                    .map(|bits: i64| Written::Number(bits as u64)),
                As::F32 => self
                    .with_out(|out| gcroots_struct_get_f32(store, of, at, out))
                    .map(|float: f32| Written::Number(float.to_bits().into())),
                As::F64 => self
                    .with_out(|out| gcroots_struct_get_f64(store, of, at, out))
                    .map(|float: f64| Written::Number(float.to_bits())),
                As::V128 => self
                    .with_out(|out| gcroots_struct_get_v128(store, of, at, out))
                    .map(|v128: gcroots_v128_t| Written::Bytes(v128.bytes.to_vec())),
                As::Unsigned => self
                    .with_out(|out| gcroots_struct_get_u(store, of, at, out))
                    .map(|bits: u32| Written::Number(bits.into())),
                As::Ref => self
                    .with_out(|out| gcroots_struct_get_ref(store, of, at, out))
                    .map(Written::Ref),
            }
        }
    }

    fn struct_set_as(&self, of: gcroots_ref_t, at: usize, input: Input) -> Status<Written> {
        let store = self.store();
        let value = self.value(input);
        // SAFETY: the store is alive and belongs to this thread. The value has the member
        // that is read.
        done(unsafe {
            match input {
                Input::I32(_) => gcroots_struct_set_i32(store, of, at, value.of.i32),
                Input::I64(_) => gcroots_struct_set_i64(store, of, at, value.of.i64),
                Input::F32(_) => gcroots_struct_set_f32(store, of, at, value.of.f32),
                Input::F64(_) => gcroots_struct_set_f64(store, of, at, value.of.f64),
                Input::V128(_) => gcroots_struct_set_v128(store, of, at, value.of.v128),
                Input::Ref(_) => gcroots_struct_set_ref(store, of, at, value.of.r#ref),
                Input::NoKind(_) => {
                    gcroots_struct_set(store, of, at, self.passed_const(Pointer::Value, &value))
                }
            }
        })
    }

    fn new_arrays(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::ArrayNew(of, input, length) => {
                    let (of, value) = (self.type_argument(of), self.value(input));
                    self.with_out(|out| {
                        gcroots_array_new(
                            store,
                            of,
                            self.passed_const(Pointer::Value, &value),
                            length,
                            out,
                        )
                    })
                    .map(Written::Ref)
                }
                Action::ArrayNewDefault(of, length) => {
                    let of = self.type_argument(of);
                    self.with_out(|out| gcroots_array_new_default(store, of, length, out))
                        .map(Written::Ref)
                }
                Action::ArrayNewFixed(of, ref inputs) => {
                    let (of, values) = (self.type_argument(of), self.values(inputs));
                    let first = self.passed_const(Pointer::Elements, values.as_ptr());
                    let count = values.len();
                    self.with_out(|out| gcroots_array_new_fixed(store, of, first, count, out))
                        .map(Written::Ref)
                }
                Action::ArrayNewBytes(of, ref bytes, count) => {
                    let first = self.passed_const(Pointer::Bytes, bytes.as_ptr().cast());
                    let (of, count) = (self.type_argument(of), count as u32);
                    self.with_out(|out| gcroots_array_new_bytes(store, of, first, count, out))
                        .map(Written::Ref)
                }
                Action::ArrayNewTooLong(of) => {
                    let nowhere = self.passed_const(Pointer::Elements, core::ptr::dangling());
                    let of = self.type_argument(of);
                    self.with_out(|out| gcroots_array_new_fixed(store, of, nowhere, 1 << 32, out))
                        .map(Written::Ref)
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn arrays(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread. The buffers have room
        // for any count that is not refused.
        unsafe {
            match *action {
                Action::ArrayLen(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_array_len(store, handle, out))
                        .map(|length: usize| Written::Number(length as u64))
                }
                Action::ArrayGet(handle, index) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_array_get(store, handle, index, out))
                        .map(Written::Value)
                }
                Action::ArrayGetAs(handle, index, getter) => {
                    self.array_get_as(self.handle(handle), index, getter)
                }
                Action::ArrayGetInto(handle, index, to) => {
                    let (handle, to) = (self.handle(handle), self.handle(to));
                    done(gcroots_array_get_ref_into(store, handle, index, to))
                }
                Action::ArraySet(handle, index, input) => {
                    let value = self.value(input);
                    done(gcroots_array_set(
                        store,
                        self.handle(handle),
                        index,
                        self.passed_const(Pointer::Value, &value),
                    ))
                }
                Action::ArraySetAs(handle, index, input) => {
                    self.array_set_as(self.handle(handle), index, input)
                }
                Action::ArrayFill(handle, index, input, count) => {
                    let value = self.value(input);
                    let handle = self.handle(handle);
                    done(gcroots_array_fill(
                        store,
                        handle,
                        index,
                        self.passed_const(Pointer::Value, &value),
                        count,
                    ))
                }
                Action::ArrayCopy { to, from, count } => {
                    let (target, source) = (self.handle(to.0), self.handle(from.0));
                    done(gcroots_array_copy(
                        store, target, to.1, source, from.1, count,
                    ))
                }
                Action::ArrayRead(handle, index, count) => {
                    self.array_read(self.handle(handle), index, count)
                }
                Action::ArrayWrite(handle, index, ref bytes, count) => {
                    let first = self.passed_const(Pointer::Data, bytes.as_ptr().cast());
                    let handle = self.handle(handle);
                    done(gcroots_array_write(store, handle, index, first, count))
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    /// Calls `gcroots_array_read` and returns the buffer. Bytes that the call did not
    /// write are `UNWRITTEN`.
    pub(crate) fn array_read(&self, of: gcroots_ref_t, at: usize, count: usize) -> Status<Written> {
        // A larger count is refused before memory is written.
        let mut bytes = vec![UNWRITTEN; count.min(LONGEST) * 16 + 1];
        let out = self.passed(Pointer::Out, bytes.as_mut_ptr().cast());
        // SAFETY: the store is alive and belongs to this thread.
        let status = unsafe { gcroots_array_read(self.store(), of, at, out, count) };
        done(status).map(|_| Written::Bytes(bytes))
    }

    fn array_get_as(&self, of: gcroots_ref_t, at: usize, getter: As) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match getter {
                As::I32 => signed(self.with_out(|out| gcroots_array_get_i32(store, of, at, out))),
                As::Signed => signed(self.with_out(|out| gcroots_array_get_s(store, of, at, out))),
                As::I64 => self
                    .with_out(|out| gcroots_array_get_i64(store, of, at, out))
                    .map(|bits: i64| Written::Number(bits as u64)),
                As::F32 => self
                    .with_out(|out| gcroots_array_get_f32(store, of, at, out))
                    .map(|float: f32| Written::Number(float.to_bits().into())),
                As::F64 => self
                    .with_out(|out| gcroots_array_get_f64(store, of, at, out))
                    .map(|float: f64| Written::Number(float.to_bits())),
                As::V128 => self
                    .with_out(|out| gcroots_array_get_v128(store, of, at, out))
                    .map(|v128: gcroots_v128_t| Written::Bytes(v128.bytes.to_vec())),
                As::Unsigned => self
                    .with_out(|out| gcroots_array_get_u(store, of, at, out))
                    .map(|bits: u32| Written::Number(bits.into())),
                As::Ref => self
                    .with_out(|out| gcroots_array_get_ref(store, of, at, out))
                    .map(Written::Ref),
            }
        }
    }

    fn array_set_as(&self, of: gcroots_ref_t, at: usize, input: Input) -> Status<Written> {
        let store = self.store();
        let value = self.value(input);
        // SAFETY: the store is alive and belongs to this thread. The value has the member
        // that is read.
        done(unsafe {
            match input {
                Input::I32(_) => gcroots_array_set_i32(store, of, at, value.of.i32),
                Input::I64(_) => gcroots_array_set_i64(store, of, at, value.of.i64),
                Input::F32(_) => gcroots_array_set_f32(store, of, at, value.of.f32),
                Input::F64(_) => gcroots_array_set_f64(store, of, at, value.of.f64),
                Input::V128(_) => gcroots_array_set_v128(store, of, at, value.of.v128),
                Input::Ref(_) => gcroots_array_set_ref(store, of, at, value.of.r#ref),
                Input::NoKind(_) => {
                    gcroots_array_set(store, of, at, self.passed_const(Pointer::Value, &value))
                }
            }
        })
    }

    /// Needs no store, so any thread may call it.
    fn equality_of_types(&self, action: &Action) -> Status<Written> {
        // SAFETY: this has references to the types, and those that are registered again
        // belong to this function.
        let equal = unsafe {
            match *action {
                Action::RegisterAgain { unique, again, of } => {
                    let types = register(self.engine, unique);
                    let equal = with_out(|out| gcroots_type_eq(types[again], self.types[of], out));
                    types.into_iter().for_each(|of| gcroots_type_free(of));
                    equal
                }
                Action::TypeEqual(a, b) => {
                    let (a, b) = (self.type_argument(a), self.type_as(Pointer::Other, b));
                    self.with_out(|out| gcroots_type_eq(a, b, out))
                }
                _ => unreachable!("{action:?} compares no types"),
            }
        };
        equal.map(Written::Bool)
    }

    fn exceptions(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::TagNew(of) => {
                    let of = self.type_argument(of);
                    self.with_out(|out| gcroots_tag_new(store, of, out))
                        .map(Written::Tag)
                }
                Action::TagEqual(a, b) => {
                    let (a, b) = (self.tag(a), self.tag(b));
                    self.with_out(|out| gcroots_tag_eq(store, a, b, out))
                        .map(Written::Bool)
                }
                Action::TagType(tag) => {
                    let tag = self.tag(tag);
                    self.with_out(|out| gcroots_tag_type(store, tag, out))
                        .map(Written::Type)
                }
                Action::ExnNew(tag, ref inputs) => {
                    let (tag, values) = (self.tag(tag), self.values(inputs));
                    let first = self.passed_const(Pointer::Fields, values.as_ptr());
                    let count = values.len();
                    self.with_out(|out| gcroots_exn_new(store, tag, first, count, out))
                        .map(Written::Ref)
                }
                Action::ExnTag(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_exn_tag(store, handle, out))
                        .map(Written::Tag)
                }
                Action::ExnField(handle, index) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_exn_field(store, handle, index, out))
                        .map(Written::Value)
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    fn references(&self, action: &Action) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                Action::I31New(bits) => self
                    .with_out(|out| gcroots_i31_new(store, bits as i32, out))
                    .map(Written::Ref),
                Action::I31Get(handle, true) => {
                    let handle = self.handle(handle);
                    signed(self.with_out(|out| gcroots_i31_get_s(store, handle, out)))
                }
                Action::I31Get(handle, false) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_i31_get_u(store, handle, out))
                        .map(|bits: u32| Written::Number(bits.into()))
                }
                Action::Kind(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_ref_kind(store, handle, out))
                        .map(|kind: u32| Written::Number(kind.into()))
                }
                Action::TypeOf(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_ref_type(store, handle, out))
                        .map(Written::Type)
                }
                Action::Test(handle, of) => {
                    let (handle, of) = (self.handle(handle), self.ref_type(of));
                    self.with_out(|out| gcroots_ref_test(store, handle, of, out))
                        .map(Written::Bool)
                }
                Action::Cast(handle, of) => {
                    let (handle, of) = (self.handle(handle), self.ref_type(of));
                    self.with_out(|out| gcroots_ref_cast(store, handle, of, out))
                        .map(Written::Ref)
                }
                Action::Convert(handle, to_extern) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| {
                        if to_extern {
                            gcroots_extern_convert_any(store, handle, out)
                        } else {
                            gcroots_any_convert_extern(store, handle, out)
                        }
                    })
                    .map(Written::Ref)
                }
                Action::Equal(a, b) => self
                    .equal(self.handle(a), self.handle(b))
                    .map(Written::Bool),
                Action::Hash(handle) => {
                    let handle = self.handle(handle);
                    self.with_out(|out| gcroots_ref_hash(store, handle, out))
                        .map(Written::Number)
                }
                _ => unreachable!("{action:?}"),
            }
        }
    }

    pub(crate) fn equal(&self, a: gcroots_ref_t, b: gcroots_ref_t) -> Status<bool> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_ref_eq(self.store(), a, b, out) })
    }

    /// Alternates between three cases: no collection, a collection in small steps, and one that is
    /// cancelled, or left under way where the store takes other calls between the steps. The next
    /// collection frees what this leaves.
    fn collect_in_steps(&self) {
        // SAFETY: the store is alive.
        unsafe {
            let stats = |out: *mut _| gcroots_store_stats(self.store, out);
            // A detached store has no statistics. Callbacks and no-GC spans cannot begin
            // a collection.
            let turn = with_out::<gcroots_stats_t>(stats).map_or(0, |s| s.collections % 3);
            if turn == 0 || gcroots_store_gc_start(self.store) != GCROOTS_OK {
                return;
            }
            let step = |out: *mut _| gcroots_store_gc_step(self.store, 300, out);
            for _ in 0..(if turn == 1 { u32::MAX } else { 5 }) {
                if with_out(step) != Ok(false) {
                    return;
                }
            }
            let probe = |out: *mut _| gcroots_store_has_exception(self.store, out);
            if with_out::<bool>(probe).is_err() {
                done(gcroots_store_gc_cancel(self.store)).unwrap_or(Written::Nothing);
            }
        }
    }

    pub(crate) fn stats(&self) -> gcroots_stats_t {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_store_stats(self.store(), out) })
            .unwrap_or_else(|_| panic!("{}", last_error()))
    }
}

fn signed(bits: Status<i32>) -> Status<Written> {
    bits.map(|bits| Written::Number(u64::from(bits as u32)))
}
