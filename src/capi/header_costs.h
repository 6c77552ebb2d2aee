/* --- Costs ------------------------------------------------------------------
 *
 * What calls cost in instructions: those of the function and of all that it calls, without the
 * caller's own. callgrind (of valgrind) has counted them on x86-64, in a release build by rustc
 * 1.95.0. Figures have two digits. They say how much work a call is. They do not depend on the
 * machine, and leave out what does: the time of an instruction, cache misses and the work of
 * the operating system.
 *
 * Each call succeeds on its common path, and causes no collection. Structs, calls and exceptions
 * have two fields or arguments, arrays of references that are made have two elements, and arrays
 * of bytes 16. A call that allocates also costs its share of later collections. That share
 * depends on how many objects live.
 *
 * Functions that programs call often:
 *
 *                                         copying     drc  generational    null
 *   gcroots_scope_enter                        26      26            26      26
 *   gcroots_scope_exit                         23      23            23      23
 *   gcroots_scope_escape                       66      66            66      66
 *   gcroots_local_new                          48      48            48      48
 *   gcroots_local_is_null                      29      29            29      29
 *   gcroots_ref_assign                         87      87            87      87
 *   gcroots_ref_to_manually_rooted             54      54            54      54
 *   gcroots_manually_rooted_to_rooted          49      49            49      49
 *   gcroots_manually_rooted_unroot             39      39            39      39
 *   gcroots_manually_rooted_unroot_later      120     120           120     120
 *   gcroots_weak_new                          140     140           160     140
 *   gcroots_weak_upgrade                       91      91            91      91
 *   gcroots_weak_free                          72      72            72      72
 *   gcroots_weakmap_set                       360     360           450     340
 *   gcroots_weakmap_get                       190     190           190     190
 *   gcroots_externref_new                      81      81            81      81
 *   gcroots_externref_data                     38      38            38      38
 *   gcroots_struct_new                        150     230           150     150
 *   gcroots_struct_new_default                 77     110            77      77
 *   gcroots_struct_get                         67      67            67      67
 *   gcroots_struct_set                        120     120           120     120
 *   gcroots_struct_get_i32                     52      52            52      52
 *   gcroots_struct_set_i32                     49      49            49      49
 *   gcroots_struct_get_ref                     83      83            83      83
 *   gcroots_struct_get_ref_into                80      80            80      80
 *   gcroots_struct_set_ref                    110     150           110     110
 *   gcroots_array_new                         150     320           150     150
 *   gcroots_array_new_default                  95     150            95      95
 *   gcroots_array_new_fixed                   190     310           190     190
 *   gcroots_array_new_bytes                    96     150            96      96
 *   gcroots_array_len                          38      38            38      38
 *   gcroots_array_get_i32                      54      54            54      54
 *   gcroots_array_set_i32                      51      51            51      51
 *   gcroots_array_get_ref                      85      85            85      85
 *   gcroots_array_set_ref                     110     160           110     110
 *   gcroots_ref_eq                             97      97            97      97
 *   gcroots_ref_kind                           81      81            81      81
 *   gcroots_ref_test                           89      89            89      89
 *   gcroots_ref_cast                          110     110           110     110
 *   gcroots_table_get                          86      86            86      86
 *   gcroots_table_set                         100     230           100     100
 *   gcroots_global_get                         96      96            96      96
 *   gcroots_global_set                        130     270           130     130
 *   gcroots_func_call                         500     500           500     500
 *   gcroots_ref_to_raw                         53      53            53      53
 *   gcroots_ref_from_raw                      320     280           280     310
 *   gcroots_raw_struct_new                    140     240           140     140
 *   gcroots_raw_struct_get_ref                 57      59            59      57
 *   gcroots_raw_struct_set_ref                100     150           110     100
 *   gcroots_raw_array_get_ref                  69      71            71      69
 *   gcroots_raw_array_set_ref                 140     190           150     140
 *
 * Functions whose work grows with an argument or with the store. The figures are for a range of
 * 16 elements, or a store of about 30 objects with 200 references. In the last column are the
 * instructions of each further element, or what the work grows with:
 *
 *                                         copying     drc  generational    null   grows with
 *   gcroots_engine_new                        920     920           920     920   constant
 *   gcroots_engine_free                       660     660           660     660   the pooled heaps
 *   gcroots_store_new                        2700    2700          2700    2700   constant
 *   gcroots_store_free                       1700    3100          3100    1400   the roots and host objects
 *   gcroots_store_gc                        26000   42000         78000     390   the objects and roots
 *   gcroots_store_gc_step                   32000   47000         42000     150   the budget
 *   gcroots_store_gc_step_for               33000   48000         53000     260   the time
 *   gcroots_store_gc_cancel                 25000   40000           820      79   the objects and roots
 *   gcroots_store_trim                      25000   43000         79000    3600   the objects, roots and tables
 *   gcroots_store_verify                    48000  510000        310000   50000   the heap
 *   gcroots_store_drain_unroots                96      96            96      96   the queued roots
 *   gcroots_type_new_func                    3600    3600          3600    3600   the parameters
 *   gcroots_rec_group_free                    640     660           710     660   the types and fields
 *   gcroots_rec_group_add_struct              460     460           460     460   the fields
 *   gcroots_rec_group_add_func                590     590           590     590   the parameters
 *   gcroots_rec_group_register               5200    5200          5100    4900   the types and fields
 *   gcroots_array_fill                        360     360           360     360   0.63
 *   gcroots_array_copy                        420     420           420     420   0.56
 *   gcroots_array_read                         81      81            81      81   0.34
 *   gcroots_array_write                        83      83            83      83   0.34
 *   gcroots_table_new                        1100    2600          1400    1100   0.85, 89, 18, 0.85
 *   gcroots_table_grow                        710     990           740     690   the new elements
 *   gcroots_table_fill                        340    2300           620     340   0.63, 120, 17, 0.63
 *   gcroots_table_copy                        400    3000           460     400   0.56, 160, 0.56, 0.56
 *   gcroots_raw_array_new                     160     770           170     160   1.1, 32, 2.3, 1.1
 *   gcroots_raw_array_new_fixed               950    1600          1100     950   61, 96, 69, 61
 *   gcroots_raw_array_new_bytes                79     130            79      79   1.7, 0.19, 1.7, 1.7
 *   gcroots_raw_array_fill                    470    2400           760     470   0.63, 120, 17, 0.63
 *   gcroots_raw_array_copy                    370    3000           440     370   0.56, 160, 0.56, 0.56
 *   gcroots_root_visitor_report               680    1000          1000       -   the slots
 *
 * The other functions, by the most that a call takes under one of these collectors:
 *
 *   At most 25:
 *     gcroots_version, gcroots_status_name, gcroots_last_error,
 *     gcroots_config_set_collector, gcroots_config_set_heap_limit,
 *     gcroots_config_set_heap_initial, gcroots_config_set_side_limit,
 *     gcroots_config_set_external_limit, gcroots_config_set_heap_growth,
 *     gcroots_config_set_heap_sizing, gcroots_config_set_pause_budget,
 *     gcroots_config_set_overhead_limit, gcroots_config_set_stress,
 *     gcroots_config_set_move_always, gcroots_config_set_pool,
 *     gcroots_config_set_poison, gcroots_config_set_call_depth,
 *     gcroots_config_set_exact_slots, gcroots_config_set_finalizers,
 *     gcroots_config_set_grow_callback, gcroots_config_set_wake_callback,
 *     gcroots_engine_clone, gcroots_ref_same_root, gcroots_type_clone,
 *     gcroots_type_kind, gcroots_type_index, gcroots_type_param_count, gcroots_type_eq,
 *     gcroots_type_layout, gcroots_rec_group_set_unique
 *
 *   At most 50:
 *     gcroots_code_layout, gcroots_config_set_grow_callback_finalized,
 *     gcroots_store_detach, gcroots_store_id, gcroots_store_engine, gcroots_store_data,
 *     gcroots_type_free, gcroots_type_field_count, gcroots_type_is_subtype,
 *     gcroots_struct_set_i64, gcroots_struct_set_f32, gcroots_struct_set_f64,
 *     gcroots_i31_new, gcroots_i31_get_s, gcroots_i31_get_u,
 *     gcroots_store_has_exception, gcroots_no_gc_enter, gcroots_no_gc_exit,
 *     gcroots_raw_externref_data, gcroots_raw_take_exception
 *
 *   At most 100:
 *     gcroots_config_new, gcroots_store_attach, gcroots_store_set_data,
 *     gcroots_store_data_keyed, gcroots_store_set_data_keyed,
 *     gcroots_store_run_finalizers, gcroots_scope_unwind, gcroots_weakmap_size,
 *     gcroots_externref_new_manually_rooted, gcroots_type_trampoline,
 *     gcroots_rec_group_new, gcroots_struct_get_i64, gcroots_struct_get_f32,
 *     gcroots_struct_get_f64, gcroots_struct_get_v128, gcroots_struct_set_v128,
 *     gcroots_struct_get_s, gcroots_struct_get_u, gcroots_array_get,
 *     gcroots_array_get_i64, gcroots_array_set_i64, gcroots_array_get_f32,
 *     gcroots_array_set_f32, gcroots_array_get_f64, gcroots_array_set_f64,
 *     gcroots_array_get_v128, gcroots_array_set_v128, gcroots_array_get_s,
 *     gcroots_array_get_u, gcroots_array_get_ref_into, gcroots_tag_type, gcroots_tag_eq,
 *     gcroots_exn_field, gcroots_store_take_exception, gcroots_table_free,
 *     gcroots_table_get_ref_into, gcroots_global_free, gcroots_global_get_ref_into,
 *     gcroots_heap_base, gcroots_raw_struct_new_default, gcroots_raw_array_len,
 *     gcroots_raw_externref_new
 *
 *   At most 200:
 *     gcroots_set_error, gcroots_config_free, gcroots_ref_hash,
 *     gcroots_manually_rooted_clone, gcroots_manually_rooted_into_rooted,
 *     gcroots_weakmap_new, gcroots_weakmap_free, gcroots_unpin, gcroots_pin_data,
 *     gcroots_externref_data_tagged, gcroots_externref_set_data, gcroots_type_field,
 *     gcroots_type_supertype, gcroots_rec_group_add_array, gcroots_array_set,
 *     gcroots_array_span, gcroots_ref_type, gcroots_extern_convert_any,
 *     gcroots_any_convert_extern, gcroots_tag_new, gcroots_exn_tag, gcroots_store_throw,
 *     gcroots_store_take_exception_manually_rooted, gcroots_func_new, gcroots_func_env,
 *     gcroots_table_size, gcroots_raw_cast, gcroots_raw_struct_get,
 *     gcroots_raw_struct_set, gcroots_raw_array_get, gcroots_raw_array_set,
 *     gcroots_raw_exn_tag, gcroots_raw_exn_field, gcroots_raw_throw,
 *     gcroots_root_range_remove, gcroots_root_visitor_remove
 *
 *   At most 400:
 *     gcroots_scope_reserve, gcroots_weakmap_delete, gcroots_pin,
 *     gcroots_externref_new_with, gcroots_externref_new_with_manually_rooted,
 *     gcroots_externref_set_external_bytes, gcroots_externref_adjust_external_bytes,
 *     gcroots_struct_new_into, gcroots_struct_new_escape, gcroots_exn_new,
 *     gcroots_table_type, gcroots_global_type, gcroots_raw_exn_new,
 *     gcroots_root_range_add, gcroots_root_visitor_add
 *
 *   At most 800:
 *     gcroots_store_gc_start, gcroots_raw_func_call
 *
 *   At most 1600:
 *     gcroots_store_stats, gcroots_store_pauses, gcroots_global_new
 */
