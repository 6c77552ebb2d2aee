//! What calls make of an object whose header was overwritten, functions above all.

use super::*;

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
            0 => status_only(|out| gcroots_ref_kind(store, of, out)),
            1 => status_only(|out| gcroots_ref_type(store, of, out)),
            2 => status_only(|out| gcroots_ref_cast(store, of, any, out)),
            3 => status_only(|out| gcroots_extern_convert_any(store, of, out)),
            4 => status_only(|out| gcroots_struct_get_i32(store, of, 2, out)),
            5 => status_only(|out| gcroots_array_len(store, of, out)),
            6 => status_only(|out| gcroots_exn_tag(store, of, out)),
            7 => status_only(|out| gcroots_i31_get_s(store, of, out)),
            8 => status_only(|out| gcroots_externref_data(store, of, out)),
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
