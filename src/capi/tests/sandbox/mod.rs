//! Tests of `heap.sandbox`. Whatever the contents of the heap are:
//! - functions return a status, and nothing panics
//! - no memory outside the heap is touched
//! - no call takes more steps than a multiple of the heap's size
//! - finalizers run once
//!
//! Each round makes a store with objects of many types, overwrites words of its heap, and
//! makes random calls. The words are random ones, or those that walks follow ([`writers`]). In debug builds, unchecked reads assert that they stay
//! among the objects. A read outside the committed memory raises a signal.
//!
//! The environment variables `GCROOTS_SEED` (the first seed) and `GCROOTS_ROUNDS` (the
//! number of rounds) choose other rounds.

mod writers;

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::rc::Rc;

use super::{free, last_error, ok, with_out};
use crate::capi::arrays::*;
use crate::capi::casts::*;
use crate::capi::engine::*;
use crate::capi::exceptions::*;
use crate::capi::externref::*;
use crate::capi::func::*;
use crate::capi::global::*;
use crate::capi::i31::*;
use crate::capi::local::*;
use crate::capi::manually_rooted::*;
use crate::capi::no_gc::*;
use crate::capi::raw::*;
use crate::capi::rec_group::*;
use crate::capi::reference::*;
use crate::capi::root_range::*;
use crate::capi::root_visitor::*;
use crate::capi::scope::*;
use crate::capi::status::*;
use crate::capi::store::*;
use crate::capi::structs::*;
use crate::capi::table::*;
use crate::capi::types::*;
use crate::capi::value::*;
use crate::capi::weak::*;
use crate::collectors;
use crate::engine::{Config, EngineRef};
use crate::heap::{HEADER_BYTES, steps_of};
use crate::store::Store;

/// The number of stores for each collector and limit.
const ROUNDS: u64 = 500;
/// The number of handles that a store has before its heap is overwritten.
const OBJECTS: usize = 40;
/// Fewer words than this are overwritten at a time.
const OVERWRITTEN: u64 = 3;
/// Fewer calls than this are made before more words are overwritten.
const CALLS: u64 = 60;
/// At most this number of elements is copied out of the heap in one call.
const ELEMENTS: usize = 64;
/// A call takes at most this number of steps for each word of the heap, and this number in
/// addition. It may collect several times, and a debug build checks the heap after each
/// collection.
const STEPS_FOR_EACH_WORD: u64 = 200;
const MORE_STEPS: u64 = 100_000;
/// The number of slots of the root range. A root visitor reports the first slot as well.
const SLOTS: usize = 8;

/// A pseudo-random number generator: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        crate::base::hashing::mix(self.0)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A number from an environment variable.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A store with objects, and handles for them.
struct World {
    random: Random,
    store: *mut gcroots_store_t,
    types: Vec<*mut gcroots_type_t>,
    tags: Vec<gcroots_tag_t>,
    refs: Vec<gcroots_ref_t>,
    weak: Vec<gcroots_weak_t>,
    tables: Vec<gcroots_table_t>,
    globals: Vec<gcroots_global_t>,
    slots: Box<[Cell<u32>; SLOTS]>,
    range: Box<gcroots_root_range_t>,
    made: u32,
    finalized: Rc<Cell<u32>>,
}

unsafe extern "C" fn count_call(data: *mut c_void) {
    // SAFETY: `data` is the world's counter, which outlives its store.
    let finalized = unsafe { &*data.cast::<Cell<u32>>() };
    finalized.set(finalized.get() + 1);
}

/// Whether the arguments of [`answer`] are of the function's type. There are two function
/// types: the second has one parameter, a reference.
fn are_sound(nargs: usize, args: *const gcroots_val_t) -> bool {
    let params = if nargs == 1 { &EACH[7..] } else { &EACH[2..] };
    nargs == params.len()
        && params.iter().enumerate().all(|(index, param)| {
            // SAFETY: there are `nargs` arguments, and `index` is below.
            unsafe { (*args.add(index)).kind == param.storage }
        })
}

/// The callback of all functions. It checks that `env` is the world's counter, and that the
/// arguments are of the function's type.
unsafe extern "C" fn answer(
    env: *mut c_void,
    store: *mut gcroots_store_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    // SAFETY: `env` is the world's counter, which outlives its store.
    let made = unsafe { &*env.cast::<Cell<u32>>() };
    assert!(made.get() < 1 << 20 && are_sound(nargs, args) && nresults == 0);
    assert!(!store.is_null() && !results.is_null());
    GCROOTS_OK
}

/// A root visitor that reports the first slot.
unsafe extern "C" fn report(env: *mut c_void, store: *mut gcroots_store_t) {
    let range = gcroots_root_range_t {
        slots: env,
        count: 1,
    };
    // SAFETY: the store is alive, and so are the slots.
    unsafe { gcroots_root_visitor_report(store, &range, core::ptr::null()) };
}

const NULL: gcroots_ref_t = gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

const fn field(storage: gcroots_storage_t) -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage,
        heap: GCROOTS_HEAP_ANY,
        local: 0,
        is_mutable: 1,
        is_nullable: 1,
        r#type: core::ptr::null(),
    }
}

const fn field_of(heap: gcroots_heap_type_t, local: u32) -> gcroots_field_type_t {
    gcroots_field_type_t {
        heap,
        local,
        ..field(GCROOTS_STORAGE_REF)
    }
}

/// A field of each storage, in the order of the storages' numbers.
const EACH: [gcroots_field_type_t; 8] = [
    field(GCROOTS_STORAGE_I8),
    field(GCROOTS_STORAGE_I16),
    field(GCROOTS_STORAGE_I32),
    field(GCROOTS_STORAGE_I64),
    field(GCROOTS_STORAGE_F32),
    field(GCROOTS_STORAGE_F64),
    field(GCROOTS_STORAGE_V128),
    field(GCROOTS_STORAGE_REF),
];

/// The numbers of struct, array and function types. The types are in this order.
const STRUCTS: usize = 4;
const ARRAYS: usize = 10;
const FUNCTIONS: usize = 2;

/// Declares the types:
/// - structs: without fields, with a field of each storage, a subtype of the latter, and
///   with many references
/// - arrays: of each storage, and of references to two narrower types
/// - functions: with a parameter of each storage that is not packed, and with a reference
///
/// # Safety
///
/// The group must be alive.
unsafe fn declare(group: *mut gcroots_rec_group_t) {
    let open = |local| gcroots_sub_type_t {
        is_final: 0,
        has_supertype: u8::from(local > 0),
        local,
        supertype: core::ptr::null(),
    };
    let add_struct = |sub, fields: &[gcroots_field_type_t]| {
        // SAFETY: the caller's promise; the count is the length of the list.
        with_out(|out| unsafe {
            gcroots_rec_group_add_struct(group, &sub, fields.as_ptr(), fields.len(), out)
        })
        .unwrap();
    };
    let mut longer = EACH.to_vec();
    longer.extend([field_of(GCROOTS_HEAP_LOCAL, 1), field(GCROOTS_STORAGE_V128)]);
    add_struct(open(0), &[]);
    add_struct(open(0), &EACH);
    add_struct(open(1), &longer);
    add_struct(open(0), &[field(GCROOTS_STORAGE_REF); 90]);
    let narrow = [
        field_of(GCROOTS_HEAP_LOCAL, 1),
        field_of(GCROOTS_HEAP_EXN, 0),
    ];
    // SAFETY: the caller's promise; the count is the length of the list.
    unsafe {
        for element in EACH.iter().chain(&narrow) {
            with_out(|out| gcroots_rec_group_add_array(group, &open(0), element, out)).unwrap();
        }
        for params in [&EACH[2..], &EACH[7..]] {
            let (params, count) = (params.as_ptr(), params.len());
            let no_results = core::ptr::null();
            with_out(|out| {
                gcroots_rec_group_add_func(group, &open(0), params, count, no_results, 0, out)
            })
            .unwrap();
        }
    }
}

/// Registers the types.
///
/// # Safety
///
/// The engine must be alive.
unsafe fn register(engine: *mut gcroots_engine_t) -> Vec<*mut gcroots_type_t> {
    let mut types = vec![core::ptr::null_mut(); STRUCTS + ARRAYS + FUNCTIONS];
    // SAFETY: the caller's promise; each count is the length of its list.
    unsafe {
        let group = gcroots_rec_group_new();
        declare(group);
        let groups = [group.cast_const()];
        ok(gcroots_rec_group_register(
            engine,
            groups.as_ptr(),
            1,
            types.as_mut_ptr(),
            types.len(),
        ));
        gcroots_rec_group_free(group);
    }
    types
}

impl World {
    fn new(engine: &EngineRef, types: &[*mut gcroots_type_t], seed: u64) -> World {
        let store = Store::new(engine.try_clone().unwrap()).unwrap();
        let slots = Box::new([const { Cell::new(0) }; SLOTS]);
        let mut world = World {
            random: Random(seed),
            store: store.cast().as_ptr(),
            types: types.to_vec(),
            tags: Vec::new(),
            refs: vec![NULL],
            weak: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            range: Box::new(gcroots_root_range_t {
                slots: slots.as_ptr().cast_mut().cast(),
                count: SLOTS,
            }),
            slots,
            made: 0,
            finalized: Rc::new(Cell::new(0)),
        };
        // SAFETY: the store is alive, and the types are of its engine.
        unsafe {
            let (range, first) = (&raw const *world.range, world.slots.as_ptr());
            let no_layout = core::ptr::null();
            with_out(|out| gcroots_root_range_add(world.store, range, no_layout, out)).unwrap();
            let env = first.cast_mut().cast();
            with_out(|out| gcroots_root_visitor_add(world.store, Some(report), env, out)).unwrap();
            for &of in &types[STRUCTS + ARRAYS..] {
                world
                    .tags
                    .push(with_out(|out| gcroots_tag_new(world.store, of, out)).unwrap());
            }
            ok(new_externref(&mut world));
            for _ in 0..4 {
                ok(new_table(&mut world));
                ok(new_global(&mut world));
            }
            while world.refs.len() < OBJECTS {
                let make = world.random.one_of(&MAKING);
                ok(make(&mut world));
                let set = world.random.one_of(&SETTING);
                set(&mut world);
            }
        }
        world
    }

    fn core(&self) -> &Store {
        // SAFETY: the store is alive.
        unsafe { &*self.store.cast() }
    }

    fn address(&self, of: gcroots_ref_t) -> usize {
        self.core().address_for_tests(of.into()) as usize
    }

    /// A random handle, which may be null.
    fn any(&mut self) -> gcroots_ref_t {
        self.random.one_of(&self.refs)
    }

    fn any_type(&mut self) -> *mut gcroots_type_t {
        self.random.one_of(&self.types)
    }

    /// A random one of `count` types, from `first` on.
    fn type_among(&mut self, first: usize, count: usize) -> *mut gcroots_type_t {
        self.random.one_of(&self.types[first..first + count])
    }

    /// A random index or count.
    fn number(&mut self) -> usize {
        let small = self.random.below(12) as usize;
        let huge = [u32::MAX as usize, usize::MAX, usize::MAX / 16, 90, 4000];
        match self.random.below(10) {
            0 => self.random.one_of(&huge),
            _ => small,
        }
    }

    fn value(&mut self) -> gcroots_val_t {
        let kind = 2 + self.random.below(6) as u32;
        self.value_of(kind)
    }

    fn value_of(&mut self, kind: gcroots_storage_t) -> gcroots_val_t {
        let mut of = gcroots_val_of_t {
            v128: gcroots_v128_t {
                bytes: [self.random.next() as u8; 16],
            },
        };
        if kind == GCROOTS_STORAGE_REF {
            of.r#ref = self.any();
        }
        gcroots_val_t { kind, of }
    }

    fn ref_type(&mut self) -> gcroots_ref_type_t {
        gcroots_ref_type_t {
            r#type: self.any_type(),
            heap: self.random.below(13) as u32,
            is_nullable: self.random.below(2) as u8,
        }
    }

    /// Keeps the handle that a call made, if the call succeeded. Returns the call's status.
    fn keep(&mut self, made: Result<gcroots_ref_t, u32>) -> gcroots_status_t {
        match made {
            Ok(made) => {
                self.refs.push(made);
                GCROOTS_OK
            }
            Err(status) => status,
        }
    }

    /// A random handle of an object, which has an address: neither null nor an i31.
    fn any_object(&mut self) -> Option<gcroots_ref_t> {
        let of = self.any();
        // SAFETY: the store is alive.
        let kind = with_out(|out| unsafe { gcroots_ref_kind(self.store, of, out) });
        (!matches!(kind, Ok(GCROOTS_REF_NULL | GCROOTS_REF_I31) | Err(_))).then_some(of)
    }

    /// Half of a word that is likely to do harm: a reference near some object or bound of
    /// the heap, a length, or the index of a type.
    fn nasty_half(&mut self) -> u32 {
        let object = self.any_object();
        let (base, next, end) = self.core().bounds_for_tests();
        let near = object.map_or(0, |of| ((self.address(of) - base as usize) / 4) as u32);
        let bound = self
            .random
            .one_of(&[0, next, end, next + end, 2 * end, 1 << 34])
            / 4;
        let moved =
            self.random
                .one_of(&[0, 1, 2, 3, 4, 6, 16, u32::MAX, u32::MAX - 1, u32::MAX - 3]);
        match self.random.below(6) {
            0 => near,
            1 => near.wrapping_add(moved),
            2 | 3 => (bound as u32).wrapping_add(moved),
            4 => self.random.below(20) as u32,
            _ => self
                .random
                .one_of(&[u32::MAX, 1 << 31, (1 << 31) - 1, 1 << 28, 0xffff]),
        }
    }

    /// A word that is likely to do harm: a header, or two halves.
    fn nasty_word(&mut self) -> u64 {
        let upper = u64::from(self.nasty_half()) << 32;
        match self.random.below(8) {
            0 => self.random.next(),
            1 => upper | 1 << 31,
            2..5 => {
                let bits = self.random.one_of(&[0, 1 << 8, 1 << 31, 1 << 7]);
                let of = self.random.below(20) << 32;
                self.random.below(9) | bits | self.random.one_of(&[of, upper])
            }
            _ => upper | u64::from(self.nasty_half()),
        }
    }

    /// The address of some object. It may be the hidden object of a table or a global.
    fn some_address(&mut self) -> Option<usize> {
        let hidden = self.core().hidden_for_tests();
        if self.random.below(4) == 0 && !hidden.is_empty() {
            return Some(self.random.one_of(&hidden) as usize);
        }
        let object = self.any_object()?;
        Some(self.address(object))
    }

    /// Overwrites a word of the heap: a header, or a word near one.
    fn overwrite(&mut self) {
        if self.random.below(2) == 0 {
            return writers::overwrite_structure(self);
        }
        let word = self.nasty_word();
        if let Some(at) = self.place() {
            // SAFETY: the address is among the objects of the heap.
            unsafe { *(at as *mut u64) = word };
        }
    }

    /// The address of a word of some object, or of a word after it.
    fn place(&mut self) -> Option<usize> {
        let object = self.some_address()?;
        let inside = self.random.one_of(&[0, 0, 1, 1, 2, 3, 5, 9]) * HEADER_BYTES as usize;
        let (base, next, _) = self.core().bounds_for_tests();
        let at = object + inside;
        (at < base as usize + next as usize).then_some(at)
    }
}

/// An operation on a store.
type Operation = unsafe fn(&mut World) -> gcroots_status_t;

unsafe fn new_externref(w: &mut World) -> gcroots_status_t {
    let data = Rc::as_ptr(&w.finalized).cast_mut().cast();
    // SAFETY: the store is alive.
    let made =
        with_out(|out| unsafe { gcroots_externref_new(w.store, data, Some(count_call), out) });
    w.made += u32::from(made.is_ok());
    w.keep(made)
}

unsafe fn new_struct(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(0, STRUCTS);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_struct_new_default(w.store, of, out) });
    w.keep(made)
}

unsafe fn new_struct_of_values(w: &mut World) -> gcroots_status_t {
    let of = w.types[1];
    let values: Vec<_> = EACH.iter().map(|f| w.value_of(f.storage.max(2))).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe {
        gcroots_struct_new(w.store, of, values.as_ptr(), values.len(), out)
    });
    w.keep(made)
}

unsafe fn new_struct_of_references(w: &mut World) -> gcroots_status_t {
    let of = w.types[3];
    let values: Vec<_> = (0..90).map(|_| w.value_of(GCROOTS_STORAGE_REF)).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe { gcroots_struct_new(w.store, of, values.as_ptr(), 90, out) });
    w.keep(made)
}

unsafe fn new_array(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(STRUCTS, ARRAYS);
    let length = w.random.below(20) as usize;
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_array_new_default(w.store, of, length, out) });
    w.keep(made)
}

unsafe fn new_array_of_value(w: &mut World) -> gcroots_status_t {
    let (of, value) = (w.type_among(STRUCTS, ARRAYS), w.value());
    let length = w.number();
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_array_new(w.store, of, &value, length, out) });
    w.keep(made)
}

unsafe fn new_exception(w: &mut World) -> gcroots_status_t {
    let (tag, fields) = match w.random.below(2) {
        0 => (w.tags[0], &EACH[2..]),
        _ => (w.tags[1], &EACH[7..]),
    };
    let values: Vec<_> = fields.iter().map(|f| w.value_of(f.storage)).collect();
    // SAFETY: the store is alive; the count is the length of the list.
    let made = with_out(|out| unsafe {
        gcroots_exn_new(w.store, tag, values.as_ptr(), values.len(), out)
    });
    w.keep(made)
}

unsafe fn new_function(w: &mut World) -> gcroots_status_t {
    let of = w.type_among(STRUCTS + ARRAYS, FUNCTIONS);
    let env = Rc::as_ptr(&w.finalized).cast_mut().cast();
    // SAFETY: the store is alive; the counter outlives it.
    let made = with_out(|out| unsafe {
        gcroots_func_new(w.store, of, Some(answer), env, Some(count_call), out)
    });
    w.made += u32::from(made.is_ok());
    w.keep(made)
}

unsafe fn call_function(w: &mut World) -> gcroots_status_t {
    let (of, fields) = match w.random.below(2) {
        0 => (w.any(), &EACH[2..]),
        _ => (w.any(), &EACH[7..]),
    };
    let args: Vec<_> = fields.iter().map(|f| w.value_of(f.storage)).collect();
    let results = core::ptr::null_mut();
    // SAFETY: the store is alive; the count is the length of the list.
    unsafe { gcroots_func_call(w.store, of, args.as_ptr(), args.len(), results, 0) }
}

unsafe fn throw_and_take(w: &mut World) -> gcroots_status_t {
    let of = w.any();
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(2) {
            0 => gcroots_store_throw(w.store, of),
            _ => {
                let made = with_out(|out| gcroots_store_take_exception(w.store, out));
                w.keep(made)
            }
        }
    }
}

unsafe fn new_i31(w: &mut World) -> gcroots_status_t {
    let integer = w.random.next() as i32;
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_i31_new(w.store, integer, out) });
    w.keep(made)
}

/// A reference type of which null is a value.
const ANY: gcroots_ref_type_t = gcroots_ref_type_t {
    r#type: core::ptr::null(),
    heap: GCROOTS_HEAP_ANY,
    is_nullable: 1,
};

unsafe fn new_table(w: &mut World) -> gcroots_status_t {
    let size = w.random.below(20);
    let maximum = w.random.one_of(&[size, size + 30, u64::MAX]);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_table_new(w.store, ANY, size, maximum, NULL, out) });
    made.map_or_else(
        |status| status,
        |made| {
            w.tables.push(made);
            GCROOTS_OK
        },
    )
}

unsafe fn new_global(w: &mut World) -> gcroots_status_t {
    let kind = 2 + w.random.below(6) as u32;
    let (of, mut value) = (field(kind), w.value_of(kind));
    if kind == GCROOTS_STORAGE_REF {
        value.of.r#ref = NULL;
    }
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_global_new(w.store, &of, &value, out) });
    made.map_or_else(
        |status| status,
        |made| {
            w.globals.push(made);
            GCROOTS_OK
        },
    )
}

unsafe fn use_table(w: &mut World) -> gcroots_status_t {
    let (store, table, other) = (
        w.store,
        w.random.one_of(&w.tables),
        w.random.one_of(&w.tables),
    );
    let (index, count, value) = (w.number() as u64, w.number() as u64, w.any());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(6) {
            0 => gcroots_table_set(store, table, index, value),
            1 => gcroots_table_fill(store, table, index, value, count),
            2 => gcroots_table_copy(store, table, index, other, w.number() as u64, count),
            3 => status_of(|out| gcroots_table_grow(store, table, count, value, out)),
            4 => status_of(|out| gcroots_table_size(store, table, out)),
            _ => {
                let got = with_out(|out| gcroots_table_get(store, table, index, out));
                w.keep(got)
            }
        }
    }
}

unsafe fn use_global(w: &mut World) -> gcroots_status_t {
    let (store, global, value) = (w.store, w.random.one_of(&w.globals), w.value());
    // SAFETY: the store is alive; the kind says that the value is a reference.
    unsafe {
        match w.random.below(2) {
            0 => gcroots_global_set(store, global, &value),
            _ => match with_out(|out| gcroots_global_get(store, global, out)) {
                Ok(got) if got.kind == GCROOTS_STORAGE_REF => w.keep(Ok(got.of.r#ref)),
                Ok(_) => GCROOTS_OK,
                Err(status) => status,
            },
        }
    }
}

/// Frees a table or a global and keeps its stale handle, or makes a new one.
unsafe fn free_one(w: &mut World) -> gcroots_status_t {
    let (mut table, mut global) = (w.random.one_of(&w.tables), w.random.one_of(&w.globals));
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(4) {
            0 => gcroots_table_free(w.store, &mut table),
            1 => gcroots_global_free(w.store, &mut global),
            2 => new_table(w),
            _ => new_global(w),
        }
    }
}

/// The operations that make objects before anything is overwritten. They make no exceptions
/// or functions, since fields of `any` refuse those.
const MAKING: [Operation; 4] = [new_externref, new_struct, new_array, new_i31];

unsafe fn struct_set(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_struct_set(w.store, of, index, &value) }
}

unsafe fn struct_set_ref(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.random.below(10) as usize, w.any());
    // SAFETY: the store is alive.
    unsafe { gcroots_struct_set_ref(w.store, of, index, value) }
}

unsafe fn array_set(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_set(w.store, of, index, &value) }
}

unsafe fn array_set_ref(w: &mut World) -> gcroots_status_t {
    let (of, index, value) = (w.any(), w.number(), w.any());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_set_ref(w.store, of, index, value) }
}

unsafe fn array_fill(w: &mut World) -> gcroots_status_t {
    let (of, index, count, value) = (w.any(), w.number(), w.number(), w.value());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_fill(w.store, of, index, &value, count) }
}

unsafe fn array_copy(w: &mut World) -> gcroots_status_t {
    let (to, from, count) = (w.any(), w.any(), w.number());
    let (to_index, from_index) = (w.number(), w.number());
    // SAFETY: the store is alive.
    unsafe { gcroots_array_copy(w.store, to, to_index, from, from_index, count) }
}

unsafe fn array_write(w: &mut World) -> gcroots_status_t {
    let data = [w.random.next(); ELEMENTS * 2];
    let (of, index, count) = (w.any(), w.number(), w.number().min(ELEMENTS));
    // SAFETY: the store is alive; elements have at most 16 bytes.
    unsafe { gcroots_array_write(w.store, of, index, data.as_ptr().cast(), count) }
}

unsafe fn set_numbers(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    let bytes = [7; 16];
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(6) {
            0 => gcroots_struct_set_i32(w.store, of, index, -1),
            1 => gcroots_struct_set_i64(w.store, of, index, -1),
            2 => gcroots_struct_set_v128(w.store, of, index, gcroots_v128_t { bytes }),
            3 => gcroots_array_set_i32(w.store, of, index, -1),
            4 => gcroots_array_set_f64(w.store, of, index, 1.5),
            _ => gcroots_array_set_v128(w.store, of, index, gcroots_v128_t { bytes }),
        }
    }
}

const SETTING: [Operation; 10] = [
    use_table,
    use_global,
    struct_set,
    struct_set_ref,
    array_set,
    array_set_ref,
    array_fill,
    array_copy,
    array_write,
    set_numbers,
];

/// Calls a function, ignores its output, and returns its status.
fn status_of<T: Copy>(call: impl FnOnce(*mut MaybeUninit<T>) -> u32) -> gcroots_status_t {
    with_out(call).map_or_else(|status| status, |_| GCROOTS_OK)
}

unsafe fn get_value(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    // SAFETY: the store is alive.
    let got = with_out(|out| unsafe {
        match w.random.below(3) {
            0 => gcroots_struct_get(w.store, of, index, out),
            1 => gcroots_array_get(w.store, of, index, out),
            _ => gcroots_exn_field(w.store, of, index, out),
        }
    });
    match got {
        // SAFETY: the kind says that the value is a reference.
        Ok(value) if value.kind == GCROOTS_STORAGE_REF => w.keep(Ok(unsafe { value.of.r#ref })),
        Ok(_) => GCROOTS_OK,
        Err(status) => status,
    }
}

unsafe fn get_ref(w: &mut World) -> gcroots_status_t {
    let (of, index) = (w.any(), w.number());
    // SAFETY: the store is alive.
    let got = with_out(|out| unsafe {
        match w.random.below(2) {
            0 => gcroots_struct_get_ref(w.store, of, index, out),
            _ => gcroots_array_get_ref(w.store, of, index, out),
        }
    });
    w.keep(got)
}

/// Reads into any handle, of which some are scoped.
unsafe fn read_into(w: &mut World) -> gcroots_status_t {
    let (store, of, index, target) = (w.store, w.any(), w.number(), w.any());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(4) {
            0 => gcroots_struct_get_ref_into(store, of, index, target),
            1 => gcroots_array_get_ref_into(store, of, index, target),
            2 => {
                let table = w.random.one_of(&w.tables);
                gcroots_table_get_ref_into(store, table, index as u64, target)
            }
            _ => gcroots_global_get_ref_into(store, w.random.one_of(&w.globals), target),
        }
    }
}

unsafe fn get_numbers(w: &mut World) -> gcroots_status_t {
    let (store, of, index) = (w.store, w.any(), w.number());
    // SAFETY: the store is alive.
    unsafe {
        match w.random.below(10) {
            0 => status_of(|out| gcroots_struct_get_i32(store, of, index, out)),
            1 => status_of(|out| gcroots_struct_get_i64(store, of, index, out)),
            2 => status_of(|out| gcroots_struct_get_v128(store, of, index, out)),
            3 => status_of(|out| gcroots_struct_get_s(store, of, index, out)),
            4 => status_of(|out| gcroots_array_get_i32(store, of, index, out)),
            5 => status_of(|out| gcroots_array_get_f64(store, of, index, out)),
            6 => status_of(|out| gcroots_array_get_v128(store, of, index, out)),
            7 => status_of(|out| gcroots_array_get_u(store, of, index, out)),
            8 => status_of(|out| gcroots_i31_get_s(store, of, out)),
            _ => status_of(|out| gcroots_array_len(store, of, out)),
        }
    }
}

unsafe fn array_read(w: &mut World) -> gcroots_status_t {
    let mut room = [0_u64; ELEMENTS * 2];
    let (of, index, count) = (w.any(), w.number(), w.number().min(ELEMENTS));
    // SAFETY: the store is alive; elements have at most 16 bytes.
    unsafe { gcroots_array_read(w.store, of, index, room.as_mut_ptr().cast(), count) }
}

unsafe fn ask(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive; the type is released.
    unsafe {
        match w.random.below(8) {
            0 => status_of(|out| gcroots_ref_kind(store, of, out)),
            1 => status_of(|out| gcroots_ref_hash(store, of, out)),
            2 => status_of(|out| gcroots_ref_eq(store, of, w.any(), out)),
            3 => status_of(|out| gcroots_exn_tag(store, of, out)),
            4 => status_of(|out| gcroots_externref_data(store, of, out)),
            5 => status_of(|out| gcroots_ref_test(store, of, w.ref_type(), out)),
            6 => status_of(|out| gcroots_func_env(store, of, Some(answer), out)),
            _ => match with_out(|out| gcroots_ref_type(store, of, out)) {
                Ok(found) => {
                    gcroots_type_free(found);
                    GCROOTS_OK
                }
                Err(status) => status,
            },
        }
    }
}

unsafe fn root_again(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe {
        match w.random.below(5) {
            0 => gcroots_ref_cast(store, of, w.ref_type(), out),
            1 => gcroots_extern_convert_any(store, of, out),
            2 => gcroots_any_convert_extern(store, of, out),
            3 => gcroots_local_new(store, of, out),
            _ => {
                let mut root = MaybeUninit::<gcroots_manually_rooted_t>::uninit();
                match gcroots_ref_to_manually_rooted(store, of, &mut root) {
                    GCROOTS_OK => {
                        (*out).write(root.assume_init().r#ref);
                        GCROOTS_OK
                    }
                    status => status,
                }
            }
        }
    });
    w.keep(made)
}

unsafe fn weakly(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    if w.weak.is_empty() || w.random.below(2) == 0 {
        // SAFETY: the store is alive.
        return match with_out(|out| unsafe { gcroots_weak_new(store, of, out) }) {
            Ok(made) => {
                w.weak.push(made);
                GCROOTS_OK
            }
            Err(status) => status,
        };
    }
    let weak = w.random.one_of(&w.weak);
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_weak_upgrade(store, weak, out) });
    w.keep(made)
}

unsafe fn raw_there_and_back(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let raw = match with_out(|out| unsafe { gcroots_ref_to_raw(store, of, out) }) {
        Ok(raw) => w.random.one_of(&[raw, raw, raw.wrapping_add(2)]),
        Err(status) => return status,
    };
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_ref_from_raw(store, raw, out) });
    w.keep(made)
}

unsafe fn from_any_raw(w: &mut World) -> gcroots_status_t {
    let raw = w.nasty_half();
    // SAFETY: the store is alive.
    let made = with_out(|out| unsafe { gcroots_ref_from_raw(w.store, raw, out) });
    w.keep(made)
}

/// Sets a slot of the root range. Most of its bits are sound, since a collection refuses
/// others.
unsafe fn set_slot(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    // SAFETY: the store is alive.
    let raw = with_out(|out| unsafe { gcroots_ref_to_raw(store, of, out) });
    let bits = match w.random.below(16) {
        0 => w.nasty_half(),
        1 => 0,
        _ => raw.unwrap_or(0),
    };
    let slot = w.random.below(SLOTS as u64) as usize;
    w.slots[slot].set(bits);
    GCROOTS_OK
}

unsafe fn array_span(w: &mut World) -> gcroots_status_t {
    let (store, of) = (w.store, w.any());
    let (start, count) = (w.number() as u32, w.number() as u32);
    // SAFETY: the store is alive; elements have at least a byte.
    unsafe {
        // Choosing random bits for an earlier operation may have poisoned the store.
        match gcroots_no_gc_enter(store) {
            GCROOTS_OK => {}
            status => return status,
        }
        let span = with_out(|out| gcroots_array_span(store, of, start, count, out));
        if let Ok(first) = span {
            let bytes = core::slice::from_raw_parts(first.cast::<u8>(), count as usize);
            assert!(bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>() <= 255 << 32);
        }
        match gcroots_no_gc_exit(store) {
            GCROOTS_OK => span.map_or_else(|status| status, |_| GCROOTS_OK),
            status => status,
        }
    }
}

unsafe fn in_a_scope(w: &mut World) -> gcroots_status_t {
    let count = w.refs.len();
    // SAFETY: the store is alive.
    unsafe {
        let scope = match with_out(|out| gcroots_scope_enter(w.store, out)) {
            Ok(scope) => scope,
            Err(status) => return status,
        };
        let first = w.random.one_of(&CALLING);
        let status = first(w);
        w.refs.truncate(count);
        match status {
            GCROOTS_ERROR_INTERNAL => status,
            _ => gcroots_scope_exit(w.store, scope),
        }
    }
}

unsafe fn collect(w: &mut World) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_store_gc(w.store) }
}

/// Collects in steps, and overwrites words between the steps, where objects were when the
/// collection began.
unsafe fn collect_in_steps(w: &mut World) -> gcroots_status_t {
    let places: Vec<_> = (0..4).filter_map(|_| w.place()).collect();
    // SAFETY: the store is alive; the places are in its heap.
    unsafe {
        let status = gcroots_store_gc_start(w.store);
        if status != GCROOTS_OK {
            return status;
        }
        loop {
            match with_out(|out| gcroots_store_gc_step(w.store, 500, out)) {
                Ok(true) => return GCROOTS_OK,
                Ok(false) => {}
                Err(status) => return status,
            }
            if w.random.below(8) == 0 && !places.is_empty() {
                *(w.random.one_of(&places) as *mut u64) = w.nasty_word();
            }
        }
    }
}

unsafe fn verify(w: &mut World) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { gcroots_store_verify(w.store) }
}

/// All operations except collections and verification, which find most corruption at once.
const CALLING: [Operation; 34] = [
    use_table,
    use_table,
    use_global,
    free_one,
    new_externref,
    new_struct,
    new_struct_of_values,
    new_struct_of_references,
    new_array,
    new_array_of_value,
    new_exception,
    new_function,
    call_function,
    throw_and_take,
    new_i31,
    struct_set,
    struct_set_ref,
    array_set,
    array_set_ref,
    array_fill,
    array_copy,
    array_write,
    set_numbers,
    get_value,
    get_ref,
    read_into,
    get_numbers,
    array_read,
    ask,
    root_again,
    raw_there_and_back,
    from_any_raw,
    set_slot,
    array_span,
];

/// Does an operation, and expects that it does not panic and takes linear time. Returns whether the store is still
/// sound.
fn does(w: &mut World, operation: Operation) -> bool {
    // SAFETY: the store is alive.
    let (status, steps) = steps_of(1 << 28, || unsafe { operation(w) });
    let most = STEPS_FOR_EACH_WORD * w.core().committed_for_tests() / 8 + MORE_STEPS;
    assert!(steps <= most, "{steps} steps, but at most {most}");
    assert!(status <= GCROOTS_ERROR_INTERNAL, "{status}");
    if status != GCROOTS_ERROR_INTERNAL {
        return true;
    }
    assert!(!last_error().contains("panic"), "{}", last_error());
    // SAFETY: the store is alive.
    assert_eq!(unsafe { verify(w) }, GCROOTS_ERROR_INTERNAL, "not poisoned");
    false
}

/// Overwrites words of a store's heap, and makes calls until one finds corruption. Returns
/// whether the store is still sound.
fn overwrite_and_call(w: &mut World) -> bool {
    for _ in 0..w.random.below(OVERWRITTEN) {
        w.overwrite();
    }
    for _ in 0..w.random.below(CALLS) {
        let operation = match w.random.below(60) {
            0 => collect,
            1 => verify,
            2 => collect_in_steps,
            3..8 => weakly,
            8..12 => in_a_scope,
            _ => w.random.one_of(&CALLING),
        };
        if !does(w, operation) {
            return false;
        }
    }
    true
}

fn round(engine: &EngineRef, types: &[*mut gcroots_type_t], seed: u64) -> bool {
    let mut world = World::new(engine, types, seed);
    let sound = (0..6).all(|_| overwrite_and_call(&mut world)) && does(&mut world, collect);
    free(world.store);
    assert_eq!(world.finalized.get(), world.made, "finalizers");
    sound
}

fn rounds(collector: u32, limit: u64, first: u64, count: u64) {
    let mut config = Config::new().unwrap();
    config.set_collector(collector).unwrap();
    config.set_limit(limit).unwrap();
    config.set_poison(first.is_multiple_of(2));
    config.set_exact_slots(limit > 1 << 20);
    let engine = EngineRef::new(config).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    // SAFETY: the engine is alive.
    let types = unsafe { register(raw) };
    let mut found = 0;
    for seed in first..first + count {
        println!("collector {collector}, limit {limit}, seed {seed}");
        found += u64::from(!round(&engine, &types, seed));
    }
    println!("found nonsense in {found} of {count}");
    // SAFETY: this function owns the reference to the engine and the types.
    unsafe {
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

/// Makes a call that reads the kind of the object `of`, whose header was overwritten.
unsafe fn look_at(store: *mut gcroots_store_t, of: gcroots_ref_t, way: u32) -> gcroots_status_t {
    let any = gcroots_ref_type_t {
        r#type: core::ptr::null(),
        heap: GCROOTS_HEAP_ANY,
        is_nullable: 1,
    };
    // SAFETY: the store is alive.
    unsafe {
        match way {
            0 => status_of(|out| gcroots_ref_kind(store, of, out)),
            1 => status_of(|out| gcroots_ref_type(store, of, out)),
            2 => status_of(|out| gcroots_ref_cast(store, of, any, out)),
            3 => status_of(|out| gcroots_extern_convert_any(store, of, out)),
            4 => status_of(|out| gcroots_struct_get_i32(store, of, 2, out)),
            5 => status_of(|out| gcroots_array_len(store, of, out)),
            6 => status_of(|out| gcroots_exn_tag(store, of, out)),
            7 => status_of(|out| gcroots_i31_get_s(store, of, out)),
            8 => status_of(|out| gcroots_externref_data(store, of, out)),
            _ => gcroots_struct_set_ref(store, of, 7, of),
        }
    }
}

#[test]
fn a_header_of_no_kind_is_nonsense() {
    let engine = EngineRef::new(Config::new().unwrap()).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    // SAFETY: the engine is alive; the store's heap is overwritten on purpose.
    unsafe {
        let types = register(raw);
        for kind in [0, 4, 7, 8, 255] {
            for way in 0..10 {
                let mut world = World::new(&engine, &types, way.into());
                let store = world.store;
                ok(new_struct_of_values(&mut world));
                let of = *world.refs.last().unwrap();
                *(world.address(of) as *mut u8) = kind;
                let status = look_at(store, of, way);
                assert_eq!(status, GCROOTS_ERROR_INTERNAL, "{kind} {way}");
                free(store);
            }
        }
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

/// Whatever a function's header and index are overwritten with, nothing is called. The host
/// data of an externref are never used as those of a function, and those of a function
/// never as those of an externref. Verification finds the corruption as well.
#[test]
fn an_overwritten_function_is_not_called() {
    let engine = EngineRef::new(Config::new().unwrap()).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    // SAFETY: the engine is alive; the store's heap is overwritten on purpose.
    unsafe {
        let types = register(raw);
        let [first, second] = [types[STRUCTS + ARRAYS], types[STRUCTS + ARRAYS + 1]];
        let index = |of| with_out(|out| gcroots_type_index(of, out)).unwrap() as u64;
        for (case, verifies) in (0..8).flat_map(|case| [(case, false), (case, true)]) {
            let mut world = World::new(&engine, &types, case);
            let store = world.store;
            let env = Rc::as_ptr(&world.finalized).cast_mut().cast();
            let make = |of| {
                with_out(|out| {
                    gcroots_func_new(store, of, Some(answer), env, Some(count_call), out)
                })
                .unwrap()
            };
            let (func, same, other) = (make(second), make(second), make(first));
            world.made += 3;
            ok(new_externref(&mut world));
            let host = *world.refs.last().unwrap();
            let words = |of| world.address(of) as *mut u64;
            let put = |of, at: usize, word| *words(of).add(at) = word;
            let header = |kind: u64, of| kind | index(of) << 32;
            match case {
                0 => put(func, 1, *words(same).add(1)),
                1 => put(func, 1, *words(other).add(1)),
                2 => put(func, 1, *words(host).add(1)),
                3 => put(func, 0, header(6, first)),
                4 => put(func, 0, header(6, types[0])),
                5 => put(func, 0, u64::MAX << 32 | 6),
                6 => put(func, 1, u64::MAX),
                // An externref becomes a copy of the function.
                _ => {
                    put(host, 0, *words(func));
                    put(host, 1, *words(func).add(1));
                }
            }
            let called = if case == 7 { host } else { func };
            let args = EACH[2..].iter().map(|f| world.value_of(f.storage));
            let args: Vec<_> = match case {
                3 => args.collect(),
                _ => vec![world.value_of(GCROOTS_STORAGE_REF)],
            };
            let none = core::ptr::null_mut();
            let status = match verifies {
                true => gcroots_store_verify(store),
                false => gcroots_func_call(store, called, args.as_ptr(), args.len(), none, 0),
            };
            assert_eq!(status, GCROOTS_ERROR_INTERNAL, "{case}");
            free(store);
            assert_eq!(world.finalized.get(), world.made, "{case}");
        }
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

/// A callback that poisons its store, as a call that finds corruption does.
unsafe extern "C" fn poison(
    _env: *mut c_void,
    store: *mut gcroots_store_t,
    _args: *const gcroots_val_t,
    _nargs: usize,
    _results: *mut gcroots_val_t,
    _nresults: usize,
) -> gcroots_status_t {
    // SAFETY: the store is alive.
    unsafe { &*store.cast::<Store>() }.poison();
    GCROOTS_OK
}

#[test]
fn a_callback_that_leaves_its_store_poisoned_does_not_succeed() {
    let engine = EngineRef::new(Config::new().unwrap()).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    let none = core::ptr::null_mut::<gcroots_val_t>();
    // SAFETY: the engine is alive.
    unsafe {
        let types = register(raw);
        let mut world = World::new(&engine, &types, 1);
        let (store, of) = (world.store, types[STRUCTS + ARRAYS + 1]);
        let func =
            with_out(|out| gcroots_func_new(store, of, Some(poison), none.cast(), None, out));
        let arg = world.value_of(GCROOTS_STORAGE_REF);
        let status = gcroots_func_call(store, func.unwrap(), &arg, 1, none, 0);
        assert_eq!(status, GCROOTS_ERROR_INTERNAL);
        assert!(last_error().contains("poisoned before"));
        free(store);
        assert_eq!(world.finalized.get(), world.made);
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

/// A function whose header is overwritten with an externref's does not expose its `env`.
#[test]
fn an_overwritten_function_is_no_externref() {
    let engine = EngineRef::new(Config::new().unwrap()).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    // SAFETY: the engine is alive; the store's heap is overwritten on purpose.
    unsafe {
        let types = register(raw);
        let mut world = World::new(&engine, &types, 1);
        ok(new_function(&mut world));
        let func = *world.refs.last().unwrap();
        *(world.address(func) as *mut u64) = 1;
        let data = with_out(|out| gcroots_externref_data(world.store, func, out));
        assert_eq!(data, Err(GCROOTS_ERROR_INTERNAL));
        free(world.store);
        assert_eq!(world.finalized.get(), world.made);
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

#[test]
fn an_overwritten_heap_is_a_status() {
    let first = setting("GCROOTS_SEED").unwrap_or(1);
    let count = setting("GCROOTS_ROUNDS").unwrap_or(ROUNDS);
    for collector in [
        collectors::NULL,
        collectors::DRC,
        collectors::COPYING,
        collectors::CHECK,
    ] {
        // In a small heap the committed parts of both spaces are adjacent. In a large heap,
        // as by default, uncommitted memory lies between them.
        for limit in [64 << 10, 64 << 20] {
            rounds(collector, limit, first, count);
        }
    }
}
