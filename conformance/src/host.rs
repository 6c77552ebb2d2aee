//! The host modules for the tests: `spectest` and `wasmtime`.

use std::rc::Rc;

use anyhow::{Context, Result};
use wasmparser::{MemoryType, ValType};

use crate::gc::{self, FieldType, Heap, HostFunc, Raw, RefType, Slot, Storage, ValType as Val};
use crate::instance::{GlobalInstance, Instance, TableInstance};
use crate::memory::Memory;
use crate::module::{ExternKind, Module};
use crate::vm::Vm;

/// The module that the official tests import.
pub fn spectest(vm: &Vm) -> Result<Rc<Instance>> {
    use ValType::{F32, F64, I32, I64};
    let host = Host::new(vm)?;
    let functions: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    for (name, params) in functions {
        host.func(name, params, HostFunc::Ignore)?;
    }
    host.global("global_i32", Val::I32, Slot::i32(666))?;
    host.global("global_i64", Val::I64, Slot::i64(666))?;
    host.global("global_f32", Val::F32, Slot::f32_bits(666.6_f32.to_bits()))?;
    host.global("global_f64", Val::F64, Slot::f64_bits(666.6_f64.to_bits()))?;
    host.table("table", false)?;
    host.table("table64", true)?;
    host.memory("memory", false)?;
    host.memory("shared_memory", true)?;
    Ok(host.instance)
}

/// A module with one function, `gc`, which collects.
pub fn wasmtime(vm: &Vm) -> Result<Rc<Instance>> {
    let host = Host::new(vm)?;
    host.func("gc", &[], HostFunc::Collect)?;
    Ok(host.instance)
}

/// A module that exports memories, under these names.
pub fn memories(vm: &Vm, memories: Vec<(String, Memory)>) -> Result<Rc<Instance>> {
    let host = Host::new(vm)?;
    for (name, memory) in memories {
        host.add_memory(&name, memory);
    }
    Ok(host.instance)
}

/// A host module under construction.
struct Host<'a> {
    vm: &'a Vm,
    instance: Rc<Instance>,
}

impl<'a> Host<'a> {
    fn new(vm: &'a Vm) -> Result<Host<'a>> {
        let instance = Instance::new(&vm.store, Rc::new(Module::default()))?;
        Ok(Host { vm, instance })
    }

    fn func(&self, name: &str, params: &[ValType], what: HostFunc) -> Result<()> {
        let store = &self.vm.store;
        let object = store.host_func_new(&store.register_func(params)?, what)?;
        self.instance.add_func(object, None, (params.len(), 0))?;
        self.instance.export_last(name, ExternKind::Func);
        Ok(())
    }

    fn global(&self, name: &str, of: Val, value: Slot) -> Result<()> {
        let of = FieldType {
            storage: Storage::Val(of),
            mutable: false,
        };
        let global = gc::Global::new(&self.vm.store, &of, value)?;
        let global = GlobalInstance { global, of };
        self.instance.add_global(Rc::new(global));
        self.instance.export_last(name, ExternKind::Global);
        Ok(())
    }

    /// Adds a table of 10 nullable functions that may grow to 20.
    fn table(&self, name: &str, is_64: bool) -> Result<()> {
        let (heap, maximum) = (Heap::Func, Some(20));
        let element = RefType {
            heap,
            nullable: true,
        };
        let table = gc::Table::new(&self.vm.store, &element, 10, maximum, Raw::NULL)?;
        self.instance.add_table(Rc::new(TableInstance {
            table,
            element,
            maximum,
            is_64,
        }));
        self.instance.export_last(name, ExternKind::Table);
        Ok(())
    }

    /// Adds a memory of one page that may grow to two.
    fn memory(&self, name: &str, shared: bool) -> Result<()> {
        let of = MemoryType {
            memory64: false,
            shared,
            initial: 1,
            maximum: Some(2),
            page_size_log2: None,
        };
        let memory = Memory::new(&of, of.initial + 1);
        self.add_memory(name, memory.context("a small memory")?);
        Ok(())
    }

    fn add_memory(&self, name: &str, memory: Memory) {
        self.instance.add_memory(Rc::new(memory));
        self.instance.export_last(name, ExternKind::Memory);
    }
}
