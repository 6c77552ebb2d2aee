//! The part of `gcroots.h` that the interpreter uses, declared by hand.
//!
//! `tests/header.rs` lets a C compiler compare each declaration with the header.

#![expect(non_camel_case_types, reason = "C names")]

use std::ffi::{c_char, c_void};

macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
        }
    )*};
}

opaque!(gcroots_config_t gcroots_engine_t gcroots_store_t gcroots_type_t gcroots_rec_group_t);

pub type gcroots_status_t = u32;
pub type gcroots_collector_t = u32;
pub type gcroots_storage_t = u32;
pub type gcroots_heap_type_t = u32;
pub type gcroots_ref_kind_t = u32;
pub type gcroots_type_kind_t = u32;

pub const GCROOTS_OK: u32 = 0;
pub const GCROOTS_ERROR_INVALID_ARGUMENT: u32 = 2;
pub const GCROOTS_ERROR_NULL_REFERENCE: u32 = 8;
pub const GCROOTS_ERROR_TYPE_MISMATCH: u32 = 9;
pub const GCROOTS_ERROR_OUT_OF_BOUNDS: u32 = 11;
pub const GCROOTS_ERROR_OUT_OF_MEMORY: u32 = 14;
pub const GCROOTS_ERROR_LIMIT: u32 = 15;
pub const GCROOTS_ERROR_EXCEPTION: u32 = 16;

pub const GCROOTS_COLLECTOR_NULL: u32 = 1;
pub const GCROOTS_COLLECTOR_DRC: u32 = 2;
pub const GCROOTS_COLLECTOR_COPYING: u32 = 3;
pub const GCROOTS_COLLECTOR_GENERATIONAL: u32 = 4;
pub const GCROOTS_COLLECTOR_CHECK: u32 = 5;

pub const GCROOTS_STORAGE_I8: u32 = 0;
pub const GCROOTS_STORAGE_I16: u32 = 1;
pub const GCROOTS_STORAGE_I32: u32 = 2;
pub const GCROOTS_STORAGE_I64: u32 = 3;
pub const GCROOTS_STORAGE_F32: u32 = 4;
pub const GCROOTS_STORAGE_F64: u32 = 5;
pub const GCROOTS_STORAGE_V128: u32 = 6;
pub const GCROOTS_STORAGE_REF: u32 = 7;

pub const GCROOTS_HEAP_ANY: u32 = 0;
pub const GCROOTS_HEAP_EQ: u32 = 1;
pub const GCROOTS_HEAP_I31: u32 = 2;
pub const GCROOTS_HEAP_STRUCT: u32 = 3;
pub const GCROOTS_HEAP_ARRAY: u32 = 4;
pub const GCROOTS_HEAP_NONE: u32 = 5;
pub const GCROOTS_HEAP_FUNC: u32 = 6;
pub const GCROOTS_HEAP_NOFUNC: u32 = 7;
pub const GCROOTS_HEAP_EXTERN: u32 = 8;
pub const GCROOTS_HEAP_NOEXTERN: u32 = 9;
pub const GCROOTS_HEAP_EXN: u32 = 10;
pub const GCROOTS_HEAP_NOEXN: u32 = 11;
pub const GCROOTS_HEAP_TYPE: u32 = 12;
pub const GCROOTS_HEAP_LOCAL: u32 = 13;

pub const GCROOTS_TYPE_STRUCT: u32 = 0;
pub const GCROOTS_TYPE_ARRAY: u32 = 1;

pub const GCROOTS_REF_NULL: u32 = 0;
pub const GCROOTS_REF_EXTERN: u32 = 1;
pub const GCROOTS_REF_STRUCT: u32 = 2;
pub const GCROOTS_REF_ARRAY: u32 = 3;
pub const GCROOTS_REF_I31: u32 = 4;
pub const GCROOTS_REF_EXN: u32 = 5;
pub const GCROOTS_REF_FUNC: u32 = 6;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_ref_t {
    pub store_id: u64,
    pub generation: u32,
    pub index: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_scope_t {
    pub store_id: u64,
    pub serial: u64,
}

#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct gcroots_tag_t {
    pub store_id: u64,
    pub generation: u32,
    pub index: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_table_t {
    pub store_id: u64,
    pub generation: u32,
    pub index: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_global_t {
    pub store_id: u64,
    pub generation: u32,
    pub index: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_root_source_t {
    pub store_id: u64,
    pub generation: u32,
    pub index: u32,
}

#[repr(C)]
pub struct gcroots_root_range_t {
    pub slots: *mut c_void,
    pub count: usize,
    pub unchanged: usize,
}

#[repr(C)]
pub struct gcroots_slot_layout_t {
    pub slot_bytes: usize,
    pub ref_offset: usize,
    pub tag_offset: usize,
    pub tag_mask: u8,
    pub tag: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_field_type_t {
    pub storage: gcroots_storage_t,
    pub heap: gcroots_heap_type_t,
    pub local: u32,
    pub is_mutable: u8,
    pub is_nullable: u8,
    pub type_: *const gcroots_type_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_ref_type_t {
    pub type_: *const gcroots_type_t,
    pub heap: gcroots_heap_type_t,
    pub is_nullable: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_sub_type_t {
    pub is_final: u8,
    pub has_supertype: u8,
    pub local: u32,
    pub supertype: *const gcroots_type_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_v128_t {
    pub bytes: [u8; 16],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union gcroots_val_of_t {
    pub i32: i32,
    pub i64: i64,
    pub f32: f32,
    pub f64: f64,
    pub v128: gcroots_v128_t,
    pub ref_: gcroots_ref_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_val_t {
    pub kind: gcroots_storage_t,
    pub of: gcroots_val_of_t,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct gcroots_stats_t {
    pub objects: u64,
    pub live_bytes: u64,
    pub committed_bytes: u64,
    pub external_bytes: u64,
    pub scoped_roots: u64,
    pub scoped_roots_max: u64,
    pub manual_roots: u64,
    pub manual_roots_max: u64,
    pub weak_handles: u64,
    pub weak_handles_max: u64,
    pub collections: u64,
    pub moved_bytes: u64,
    pub gc_nanoseconds: u64,
    pub finalizers_run: u64,
    pub stale_unroots: u64,
    pub heap_limit: u64,
    pub side_bytes: u64,
    pub minor_collections: u64,
    pub promoted_bytes: u64,
    pub reserved: [u64; 13],
}

pub type gcroots_finalizer_t = unsafe extern "C" fn(data: *mut c_void);

pub type gcroots_callback_t = unsafe extern "C" fn(
    env: *mut c_void,
    store: *mut gcroots_store_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t;

#[rustfmt::skip] // One function a line: the test reads them so.
unsafe extern "C" {
    pub fn gcroots_last_error() -> *const c_char;

    pub fn gcroots_config_new() -> *mut gcroots_config_t;
    pub fn gcroots_config_free(config: *mut gcroots_config_t);
    pub fn gcroots_config_set_collector(config: *mut gcroots_config_t, collector: gcroots_collector_t) -> gcroots_status_t;
    pub fn gcroots_config_set_stress(config: *mut gcroots_config_t, every_nth_allocation: u32) -> gcroots_status_t;
    pub fn gcroots_config_set_poison(config: *mut gcroots_config_t, on: bool) -> gcroots_status_t;
    pub fn gcroots_config_set_exact_slots(config: *mut gcroots_config_t, on: bool) -> gcroots_status_t;
    pub fn gcroots_engine_new(config_or_null: *const gcroots_config_t, out: *mut *mut gcroots_engine_t) -> gcroots_status_t;
    pub fn gcroots_engine_clone(engine: *const gcroots_engine_t) -> *mut gcroots_engine_t;
    pub fn gcroots_engine_free(engine: *mut gcroots_engine_t);

    pub fn gcroots_store_new(engine: *mut gcroots_engine_t, out: *mut *mut gcroots_store_t) -> gcroots_status_t;
    pub fn gcroots_store_free(store: *mut gcroots_store_t) -> gcroots_status_t;
    pub fn gcroots_store_gc(store: *mut gcroots_store_t) -> gcroots_status_t;
    pub fn gcroots_store_verify(store: *mut gcroots_store_t) -> gcroots_status_t;
    pub fn gcroots_store_stats(store: *mut gcroots_store_t, out: *mut gcroots_stats_t) -> gcroots_status_t;

    pub fn gcroots_scope_enter(store: *mut gcroots_store_t, out: *mut gcroots_scope_t) -> gcroots_status_t;
    pub fn gcroots_scope_exit(store: *mut gcroots_store_t, scope: gcroots_scope_t) -> gcroots_status_t;

    pub fn gcroots_ref_to_raw(store: *mut gcroots_store_t, ref_or_null: gcroots_ref_t, out: *mut u32) -> gcroots_status_t;
    pub fn gcroots_ref_from_raw(store: *mut gcroots_store_t, raw: u32, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_root_range_add(store: *mut gcroots_store_t, range: *mut gcroots_root_range_t, layout_or_null: *const gcroots_slot_layout_t, out: *mut gcroots_root_source_t) -> gcroots_status_t;
    pub fn gcroots_root_range_remove(store: *mut gcroots_store_t, source: *mut gcroots_root_source_t) -> gcroots_status_t;

    pub fn gcroots_type_clone(type_: *const gcroots_type_t) -> *mut gcroots_type_t;
    pub fn gcroots_type_free(type_: *const gcroots_type_t);
    pub fn gcroots_type_kind(type_: *const gcroots_type_t, out: *mut gcroots_type_kind_t) -> gcroots_status_t;
    pub fn gcroots_type_is_subtype(type_: *const gcroots_type_t, supertype: *const gcroots_type_t, out: *mut bool) -> gcroots_status_t;
    pub fn gcroots_rec_group_new() -> *mut gcroots_rec_group_t;
    pub fn gcroots_rec_group_free(group: *mut gcroots_rec_group_t);
    pub fn gcroots_rec_group_add_struct(group: *mut gcroots_rec_group_t, sub_or_null: *const gcroots_sub_type_t, fields: *const gcroots_field_type_t, count: usize, out: *mut u32) -> gcroots_status_t;
    pub fn gcroots_rec_group_add_array(group: *mut gcroots_rec_group_t, sub_or_null: *const gcroots_sub_type_t, element: *const gcroots_field_type_t, out: *mut u32) -> gcroots_status_t;
    pub fn gcroots_rec_group_add_func(group: *mut gcroots_rec_group_t, sub_or_null: *const gcroots_sub_type_t, params: *const gcroots_field_type_t, param_count: usize, results: *const gcroots_field_type_t, result_count: usize, out: *mut u32) -> gcroots_status_t;
    pub fn gcroots_rec_group_register(engine: *mut gcroots_engine_t, groups: *const *const gcroots_rec_group_t, group_count: usize, out: *mut *mut gcroots_type_t, type_count: usize) -> gcroots_status_t;

    pub fn gcroots_externref_new(store: *mut gcroots_store_t, data: *mut c_void, finalizer_or_null: Option<gcroots_finalizer_t>, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_externref_data(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut *mut c_void) -> gcroots_status_t;

    pub fn gcroots_struct_new(store: *mut gcroots_store_t, type_: *const gcroots_type_t, fields: *const gcroots_val_t, count: usize, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_struct_new_default(store: *mut gcroots_store_t, type_: *const gcroots_type_t, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_struct_get(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_struct_set(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, value: *const gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_struct_get_s(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut i32) -> gcroots_status_t;
    pub fn gcroots_struct_get_u(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut u32) -> gcroots_status_t;

    pub fn gcroots_array_new(store: *mut gcroots_store_t, type_: *const gcroots_type_t, value: *const gcroots_val_t, length: usize, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_array_new_default(store: *mut gcroots_store_t, type_: *const gcroots_type_t, length: usize, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_array_new_fixed(store: *mut gcroots_store_t, type_: *const gcroots_type_t, elements: *const gcroots_val_t, count: usize, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_array_len(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut usize) -> gcroots_status_t;
    pub fn gcroots_array_get(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_array_set(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, value: *const gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_array_get_s(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut i32) -> gcroots_status_t;
    pub fn gcroots_array_get_u(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut u32) -> gcroots_status_t;
    pub fn gcroots_array_fill(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, value: *const gcroots_val_t, count: usize) -> gcroots_status_t;
    pub fn gcroots_array_copy(store: *mut gcroots_store_t, dst: gcroots_ref_t, dst_index: usize, src: gcroots_ref_t, src_index: usize, count: usize) -> gcroots_status_t;
    pub fn gcroots_array_write(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, data: *const c_void, count: usize) -> gcroots_status_t;

    pub fn gcroots_i31_new(store: *mut gcroots_store_t, value: i32, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_i31_get_s(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut i32) -> gcroots_status_t;
    pub fn gcroots_i31_get_u(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut u32) -> gcroots_status_t;

    pub fn gcroots_ref_kind(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut gcroots_ref_kind_t) -> gcroots_status_t;
    pub fn gcroots_ref_eq(store: *mut gcroots_store_t, a: gcroots_ref_t, b: gcroots_ref_t, out: *mut bool) -> gcroots_status_t;
    pub fn gcroots_ref_test(store: *mut gcroots_store_t, ref_: gcroots_ref_t, of: gcroots_ref_type_t, out: *mut bool) -> gcroots_status_t;
    pub fn gcroots_extern_convert_any(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_any_convert_extern(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut gcroots_ref_t) -> gcroots_status_t;

    pub fn gcroots_tag_new(store: *mut gcroots_store_t, type_: *const gcroots_type_t, out: *mut gcroots_tag_t) -> gcroots_status_t;
    pub fn gcroots_exn_new(store: *mut gcroots_store_t, tag: gcroots_tag_t, fields: *const gcroots_val_t, count: usize, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_exn_tag(store: *mut gcroots_store_t, ref_: gcroots_ref_t, out: *mut gcroots_tag_t) -> gcroots_status_t;
    pub fn gcroots_exn_field(store: *mut gcroots_store_t, ref_: gcroots_ref_t, index: usize, out: *mut gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_store_throw(store: *mut gcroots_store_t, exn: gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_store_take_exception(store: *mut gcroots_store_t, out: *mut gcroots_ref_t) -> gcroots_status_t;

    pub fn gcroots_func_new(store: *mut gcroots_store_t, type_: *const gcroots_type_t, callback: gcroots_callback_t, env: *mut c_void, finalizer_or_null: Option<gcroots_finalizer_t>, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_func_call(store: *mut gcroots_store_t, func: gcroots_ref_t, args: *const gcroots_val_t, nargs: usize, results: *mut gcroots_val_t, nresults: usize) -> gcroots_status_t;
    pub fn gcroots_func_env(store: *mut gcroots_store_t, func: gcroots_ref_t, callback: gcroots_callback_t, out: *mut *mut c_void) -> gcroots_status_t;

    pub fn gcroots_table_new(store: *mut gcroots_store_t, element: gcroots_ref_type_t, size: u64, maximum: u64, init_or_null: gcroots_ref_t, out: *mut gcroots_table_t) -> gcroots_status_t;
    pub fn gcroots_table_get(store: *mut gcroots_store_t, table: gcroots_table_t, index: u64, out: *mut gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_table_set(store: *mut gcroots_store_t, table: gcroots_table_t, index: u64, value_or_null: gcroots_ref_t) -> gcroots_status_t;
    pub fn gcroots_table_size(store: *mut gcroots_store_t, table: gcroots_table_t, out: *mut u64) -> gcroots_status_t;
    pub fn gcroots_table_grow(store: *mut gcroots_store_t, table: gcroots_table_t, delta: u64, init_or_null: gcroots_ref_t, out: *mut u64) -> gcroots_status_t;
    pub fn gcroots_table_fill(store: *mut gcroots_store_t, table: gcroots_table_t, at: u64, value_or_null: gcroots_ref_t, count: u64) -> gcroots_status_t;
    pub fn gcroots_table_copy(store: *mut gcroots_store_t, dst: gcroots_table_t, dst_at: u64, src: gcroots_table_t, src_at: u64, count: u64) -> gcroots_status_t;
    pub fn gcroots_table_free(store: *mut gcroots_store_t, table: *mut gcroots_table_t) -> gcroots_status_t;

    pub fn gcroots_global_new(store: *mut gcroots_store_t, type_: *const gcroots_field_type_t, value: *const gcroots_val_t, out: *mut gcroots_global_t) -> gcroots_status_t;
    pub fn gcroots_global_get(store: *mut gcroots_store_t, global: gcroots_global_t, out: *mut gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_global_set(store: *mut gcroots_store_t, global: gcroots_global_t, value: *const gcroots_val_t) -> gcroots_status_t;
    pub fn gcroots_global_free(store: *mut gcroots_store_t, global: *mut gcroots_global_t) -> gcroots_status_t;
}
