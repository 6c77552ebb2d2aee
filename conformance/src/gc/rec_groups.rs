//! Declares types. All rec groups of a module are registered with the library in one
//! call.

use std::ptr;

use wasmparser::{CompositeInnerType, HeapType, PackedIndex, RecGroup, StorageType, SubType};

use super::types::NO_FIELD;
use super::{Heap, Result, Store, Type, ValType, check, ffi};

impl Store {
    /// Registers a module's types, in order.
    pub fn register_types(&self, groups: &[RecGroup]) -> Result<Vec<Type>> {
        let mut declared = Vec::new();
        for group in groups {
            declared.push(Group::new(group.types())?);
        }
        self.register(
            &declared,
            groups.iter().map(|group| group.types().len()).sum(),
        )
    }

    /// Registers the type of functions with these parameters and no results.
    pub fn register_func(&self, params: &[wasmparser::ValType]) -> Result<Type> {
        let of = wasmparser::FuncType::new(params.iter().copied(), []);
        let group = Group::new([SubType::func(of, false)].iter())?;
        let mut types = self.register(&[group], 1)?;
        Ok(types.remove(0))
    }

    /// Registers groups that have `count` types in total.
    fn register(&self, groups: &[Group], count: usize) -> Result<Vec<Type>> {
        let pointers: Vec<_> = groups.iter().map(|group| group.0.cast_const()).collect();
        let mut types = vec![ptr::null_mut(); count];
        // SAFETY: the engine and the groups are alive, there is room for all types.
        check(unsafe {
            ffi::gcroots_rec_group_register(
                self.engine(),
                pointers.as_ptr(),
                pointers.len(),
                types.as_mut_ptr(),
                count,
            )
        })?;
        Ok(types.into_iter().map(Type).collect())
    }
}

/// A rec group of the library (owned).
struct Group(*mut ffi::gcroots_rec_group_t);

impl Group {
    fn new<'a>(members: impl Iterator<Item = &'a SubType>) -> Result<Group> {
        // SAFETY: the function takes no arguments.
        let group = Group(unsafe { ffi::gcroots_rec_group_new() });
        assert!(!group.0.is_null(), "no memory for a rec group");
        for member in members {
            group.add(member)?;
        }
        Ok(group)
    }

    fn add(&self, member: &SubType) -> Result<()> {
        let (sub, mut position) = (order(member), 0);
        // SAFETY: the group is alive; the declarations are slices and variables.
        check(unsafe {
            match &member.composite_type.inner {
                CompositeInnerType::Struct(of) => {
                    let fields: Vec<_> = of.fields.iter().map(|f| declared(*f)).collect();
                    let (from, count) = (fields.as_ptr(), fields.len());
                    ffi::gcroots_rec_group_add_struct(self.0, &sub, from, count, &mut position)
                }
                CompositeInnerType::Array(of) => {
                    let element = declared(of.0);
                    ffi::gcroots_rec_group_add_array(self.0, &sub, &element, &mut position)
                }
                CompositeInnerType::Func(of) => {
                    let params: Vec<_> = of.params().iter().map(|v| value(*v)).collect();
                    let results: Vec<_> = of.results().iter().map(|v| value(*v)).collect();
                    ffi::gcroots_rec_group_add_func(
                        self.0,
                        &sub,
                        params.as_ptr(),
                        params.len(),
                        results.as_ptr(),
                        results.len(),
                        &mut position,
                    )
                }
                CompositeInnerType::Cont(_) => {
                    unreachable!("the validator refuses continuations")
                }
            }
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: this owns the group.
        unsafe { ffi::gcroots_rec_group_free(self.0) }
    }
}

fn order(member: &SubType) -> ffi::gcroots_sub_type_t {
    let supertype = member.supertype_idxs.first();
    let index = supertype.and_then(PackedIndex::as_module_index);
    ffi::gcroots_sub_type_t {
        is_final: member.is_final.into(),
        has_supertype: supertype.is_some().into(),
        local: index.unwrap_or(0),
        supertype: ptr::null(),
    }
}

fn declared(field: wasmparser::FieldType) -> ffi::gcroots_field_type_t {
    let packed = |storage| ffi::gcroots_field_type_t {
        storage,
        ..NO_FIELD
    };
    let mut declared = match field.element_type {
        StorageType::I8 => packed(ffi::GCROOTS_STORAGE_I8),
        StorageType::I16 => packed(ffi::GCROOTS_STORAGE_I16),
        StorageType::Val(of) => value(of),
    };
    declared.is_mutable = field.mutable.into();
    declared
}

/// The declaration of a value type. It refers to the module's types by index.
fn value(of: wasmparser::ValType) -> ffi::gcroots_field_type_t {
    let mut declared = NO_FIELD;
    let wasmparser::ValType::Ref(reference) = of else {
        declared.storage = ValType::new(of, &[]).storage();
        return declared;
    };
    declared.storage = ffi::GCROOTS_STORAGE_REF;
    declared.is_nullable = reference.is_nullable().into();
    match reference.heap_type() {
        HeapType::Abstract { ty, .. } => declared.heap = Heap::of_abstract(ty).number(),
        HeapType::Concrete(index) | HeapType::Exact(index) => {
            declared.heap = ffi::GCROOTS_HEAP_LOCAL;
            declared.local = index.as_module_index().expect("an index in a module");
        }
    }
    declared
}
