//! A store with objects of many types, whose heap can be overwritten.

use super::*;

/// A pseudo-random number generator: SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        crate::base::hashing::mix(self.0)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A store with objects, and handles for them.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) store: *mut gcroots_store_t,
    pub(super) types: Vec<*mut gcroots_type_t>,
    pub(super) tags: Vec<gcroots_tag_t>,
    pub(super) refs: Vec<gcroots_ref_t>,
    pub(super) weak: Vec<gcroots_weak_t>,
    pub(super) tables: Vec<gcroots_table_t>,
    pub(super) globals: Vec<gcroots_global_t>,
    pub(super) slots: Box<[Cell<u32>; SLOTS]>,
    /// The library writes it too.
    pub(super) range: Rc<Cell<gcroots_root_range_t>>,
    pub(super) made: u32,
    pub(super) finalized: Rc<Cell<u32>>,
}

pub(super) unsafe extern "C" fn count_call(data: *mut c_void) {
    // SAFETY: `data` is the world's counter, which outlives its store.
    let finalized = unsafe { &*data.cast::<Cell<u32>>() };
    finalized.set(finalized.get() + 1);
}

/// Whether the arguments of [`answer`] are of the function's type. There are two function
/// types: the second has one parameter, a reference.
pub(super) fn are_sound(nargs: usize, args: *const gcroots_val_t) -> bool {
    let params = if nargs == 1 { &EACH[7..] } else { &EACH[2..] };
    nargs == params.len()
        && params.iter().enumerate().all(|(index, param)| {
            // SAFETY: there are `nargs` arguments, and `index` is below.
            unsafe { (*args.add(index)).kind == param.storage }
        })
}

/// The callback of all functions. It checks that `env` is the world's counter, and that the
/// arguments are of the function's type.
pub(super) unsafe extern "C" fn answer(
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
pub(super) unsafe extern "C" fn report(env: *mut c_void, store: *mut gcroots_store_t) {
    let range = gcroots_root_range_t {
        slots: env,
        count: 1,
        unchanged: 0,
    };
    // SAFETY: the store is alive, and so are the slots.
    unsafe { gcroots_root_visitor_report(store, &range, core::ptr::null()) };
}

pub(super) const NULL: gcroots_ref_t = gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

pub(super) const fn field_with(storage: gcroots_storage_t) -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage,
        heap: GCROOTS_HEAP_ANY,
        local: 0,
        is_mutable: 1,
        is_nullable: 1,
        r#type: core::ptr::null(),
    }
}

pub(super) const fn field_of(heap: gcroots_heap_type_t, local: u32) -> gcroots_field_type_t {
    gcroots_field_type_t {
        heap,
        local,
        ..field_with(GCROOTS_STORAGE_REF)
    }
}

/// A field of each storage, in the order of the storages' numbers.
pub(super) const EACH: [gcroots_field_type_t; 8] = [
    field_with(GCROOTS_STORAGE_I8),
    field_with(GCROOTS_STORAGE_I16),
    field_with(GCROOTS_STORAGE_I32),
    field_with(GCROOTS_STORAGE_I64),
    field_with(GCROOTS_STORAGE_F32),
    field_with(GCROOTS_STORAGE_F64),
    field_with(GCROOTS_STORAGE_V128),
    field_with(GCROOTS_STORAGE_REF),
];

/// The numbers of struct, array and function types. The types are in this order.
pub(super) const STRUCTS: usize = 4;
pub(super) const ARRAYS: usize = 10;
pub(super) const FUNCTIONS: usize = 2;

/// Declares the types:
/// - structs: without fields, with a field of each storage, a subtype of the latter, and
///   with many references
/// - arrays: of each storage, and of references to two narrower types
/// - functions: with a parameter of each storage that is not packed, and with a reference
///
/// # Safety
///
/// The group must be alive.
pub(super) unsafe fn declare(group: *mut gcroots_rec_group_t) {
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
    longer.extend([
        field_of(GCROOTS_HEAP_LOCAL, 1),
        field_with(GCROOTS_STORAGE_V128),
    ]);
    add_struct(open(0), &[]);
    add_struct(open(0), &EACH);
    add_struct(open(1), &longer);
    add_struct(open(0), &[field_with(GCROOTS_STORAGE_REF); 90]);
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
pub(super) unsafe fn register(engine: *mut gcroots_engine_t) -> Vec<*mut gcroots_type_t> {
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
    pub(super) fn new(engine: &EngineRef, types: &[*mut gcroots_type_t], seed: u64) -> World {
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
            range: Rc::new(Cell::new(gcroots_root_range_t {
                slots: slots.as_ptr().cast_mut().cast(),
                count: SLOTS,
                unchanged: 0,
            })),
            slots,
            made: 0,
            finalized: Rc::new(Cell::new(0)),
        };
        // SAFETY: the store is alive, and the types are of its engine.
        unsafe {
            let (range, first) = (world.range.as_ptr(), world.slots.as_ptr());
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

    pub(super) fn core(&self) -> &Store {
        // SAFETY: the store is alive.
        unsafe { &*self.store.cast() }
    }

    pub(super) fn address(&self, of: gcroots_ref_t) -> usize {
        self.core().address_for_tests(of.into()) as usize
    }

    /// A random handle, which may be null.
    pub(super) fn any(&mut self) -> gcroots_ref_t {
        self.random.one_of(&self.refs)
    }

    pub(super) fn any_type(&mut self) -> *mut gcroots_type_t {
        self.random.one_of(&self.types)
    }

    /// A random one of `count` types, from `first` on.
    pub(super) fn type_among(&mut self, first: usize, count: usize) -> *mut gcroots_type_t {
        self.random.one_of(&self.types[first..first + count])
    }

    /// A random index or count.
    pub(super) fn number(&mut self) -> usize {
        let small = self.random.below(12) as usize;
        let huge = [u32::MAX as usize, usize::MAX, usize::MAX / 16, 90, 4000];
        match self.random.below(10) {
            0 => self.random.one_of(&huge),
            _ => small,
        }
    }

    pub(super) fn value(&mut self) -> gcroots_val_t {
        let kind = 2 + self.random.below(6) as u32;
        self.value_of(kind)
    }

    pub(super) fn value_of(&mut self, kind: gcroots_storage_t) -> gcroots_val_t {
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

    pub(super) fn ref_type(&mut self) -> gcroots_ref_type_t {
        gcroots_ref_type_t {
            r#type: self.any_type(),
            heap: self.random.below(13) as u32,
            is_nullable: self.random.below(2) as u8,
        }
    }

    /// Keeps the handle that a call made, if the call succeeded. Returns the call's status.
    pub(super) fn keep(&mut self, made: Result<gcroots_ref_t, u32>) -> gcroots_status_t {
        match made {
            Ok(made) => {
                self.refs.push(made);
                GCROOTS_OK
            }
            Err(status) => status,
        }
    }

    /// A random handle of an object, which has an address: neither null nor an i31.
    pub(super) fn any_object(&mut self) -> Option<gcroots_ref_t> {
        let of = self.any();
        // SAFETY: the store is alive.
        let kind = with_out(|out| unsafe { gcroots_ref_kind(self.store, of, out) });
        (!matches!(kind, Ok(GCROOTS_REF_NULL | GCROOTS_REF_I31) | Err(_))).then_some(of)
    }

    /// Half of a word that is likely to do harm: a reference near some object or bound of
    /// the heap, a length, or the index of a type.
    pub(super) fn nasty_half(&mut self) -> u32 {
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
    pub(super) fn nasty_word(&mut self) -> u64 {
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
    pub(super) fn some_address(&mut self) -> Option<usize> {
        let hidden = self.core().hidden_for_tests();
        if self.random.below(4) == 0 && !hidden.is_empty() {
            return Some(self.random.one_of(&hidden) as usize);
        }
        let object = self.any_object()?;
        Some(self.address(object))
    }

    /// Overwrites a word of the heap: a header, or a word near one.
    pub(super) fn overwrite(&mut self) {
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
    pub(super) fn place(&mut self) -> Option<usize> {
        let object = self.some_address()?;
        let inside = self.random.one_of(&[0, 0, 1, 1, 2, 3, 5, 9]) * HEADER_BYTES as usize;
        let (base, next, _) = self.core().bounds_for_tests();
        let at = object + inside;
        (at < base as usize + next as usize).then_some(at)
    }
}
