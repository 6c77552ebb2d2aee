//! Describes what a module does and leaves behind, in text that does not depend on the
//! collector.

use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;

use anyhow::Result;

use crate::gc::{Extension, Heap, RefKind, Slot, Store, ValType};
use crate::instance::{Extern, Instance};
use crate::module::{ExternKind, Shape};
use crate::stop::Stop;
use crate::vm::Vm;

/// How many levels of references, and how many fields or elements of each object, are
/// described.
const DEPTH: usize = 4;
const WIDTH: usize = 12;

/// Calls all exported functions for which arguments can be made.
pub fn calls(vm: &Vm, instance: &Rc<Instance>, verify: bool, seen: &mut Vec<String>) -> Result<()> {
    let module = &instance.module;
    for export in &module.exports {
        if export.kind != ExternKind::Func {
            continue;
        }
        let of = module.funcs[export.index as usize];
        let Shape::Func { params, results } = &module.types.shapes[of as usize] else {
            continue;
        };
        if push_arguments(vm, params)? {
            let object = instance.func(export.index)?;
            vm.restart_steps();
            let called = vm.invoke(object, params.len(), results.len());
            let how = match called {
                Ok(()) => format!("returned {}", top(vm, results.len())?),
                Err(Stop::Fault(refused)) => return Err(refused.into()),
                Err(stop) => stop.to_string(),
            };
            seen.push(format!("call {}: {how}", export.index));
        }
        vm.stack.truncate(0);
        if verify {
            vm.store.verify()?;
        }
    }
    Ok(())
}

/// Pushes arguments. Returns false if there is no argument for a parameter.
fn push_arguments(vm: &Vm, params: &[ValType]) -> Result<bool> {
    for param in params {
        vm.stack.push(match param {
            ValType::I32 => Slot::i32(3),
            ValType::I64 => Slot::i64(5),
            ValType::F32 => Slot::f32_bits(1.5_f32.to_bits()),
            ValType::F64 => Slot::f64_bits(2.5_f64.to_bits()),
            ValType::V128 => Slot::v128(9),
            ValType::Ref(of) => match of.heap {
                Heap::Extern | Heap::Any => Slot::reference(vm.store.extern_new(7)?),
                Heap::I31 | Heap::Eq => Slot::reference(vm.store.i31_new(11)?),
                _ if of.nullable => Slot::NULL,
                _ => return Ok(false),
            },
        });
    }
    Ok(true)
}

/// Describes the upper `count` slots of the stack.
fn top(vm: &Vm, count: usize) -> Result<String> {
    let mut values = Vec::new();
    for below in (0..count).rev() {
        values.push(value(&vm.store, vm.stack.peek(below), DEPTH)?);
    }
    Ok(values.join(" "))
}

/// Describes the instance's exported globals, memories and tables.
pub fn state(vm: &Vm, instance: &Rc<Instance>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for export in &instance.module.exports {
        let Some(found) = instance.export(&export.name) else {
            continue;
        };
        let what = match found {
            Extern::Func(..) | Extern::Tag(_) => continue,
            Extern::Global(global) => value(&vm.store, global.global.get()?, DEPTH)?,
            Extern::Memory(memory) => memory.with_bytes(hash),
            Extern::Table(table) => {
                let size = table.table.size()?;
                let mut elements = vec![size.to_string()];
                for index in 0..size.min(WIDTH as u64) {
                    let element = Slot::reference(table.table.get(index)?);
                    elements.push(value(&vm.store, element, DEPTH)?);
                }
                elements.join(" ")
            }
        };
        lines.push(format!("{}: {what}", export.name));
    }
    Ok(lines)
}

fn hash(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{} bytes, {:x}", bytes.len(), hasher.finish())
}

fn value(store: &Store, slot: Slot, depth: usize) -> Result<String> {
    if !slot.is_ref() {
        return Ok(format!("{:x}", slot.as_v128()));
    }
    let raw = slot.as_ref();
    Ok(match store.ref_kind(raw)? {
        RefKind::Null => "null".to_owned(),
        RefKind::Func => "func".to_owned(),
        RefKind::Exn => "exn".to_owned(),
        RefKind::Extern => format!("extern {}", store.extern_number(raw)?),
        RefKind::I31 => format!("i31 {}", store.i31_get_s(raw)?),
        _ if depth == 0 => "...".to_owned(),
        RefKind::Struct => object(store, "struct", depth, |i| {
            store.struct_get(raw, i, Extension::None)
        })?,
        RefKind::Array => {
            let name = format!("array of {}", store.array_len(raw)?);
            object(store, &name, depth, |i| {
                store.array_get(raw, i, Extension::None)
            })?
        }
    })
}

/// Describes an object's fields or elements. Never collects, so raw references stay
/// valid.
fn object(
    store: &Store,
    name: &str,
    depth: usize,
    get: impl Fn(usize) -> crate::gc::Result<Slot>,
) -> Result<String> {
    let mut parts = vec![format!("({name}")];
    for index in 0..WIDTH {
        match get(index) {
            Ok(slot) => parts.push(value(store, slot, depth - 1)?),
            Err(refused) if refused.is_out_of_bounds() => break,
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(format!("{})", parts.join(" ")))
}
