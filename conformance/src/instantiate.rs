//! Instantiates modules.

use std::fmt;
use std::rc::Rc;

use crate::code::Code;
use crate::gc::{self, Raw};
use crate::instance::{Extern, GlobalInstance, Instance, TableInstance, TagInstance};
use crate::memory::Memory;
use crate::module::{Elements, Mode, Module, TableDef};
use crate::stop::{OUT_OF_MEMORY, Result, Stop, trap};
use crate::vm::Vm;

/// Why instantiation failed.
#[derive(Debug)]
pub enum Failure {
    /// An import is missing or has the wrong type. The message is that of the official
    /// tests.
    Link(&'static str),
    Stop(Stop),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Failure {
        Failure::Stop(stop)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Link(message) => f.write_str(message),
            Failure::Stop(stop) => stop.fmt(f),
        }
    }
}

/// Makes an instance. `find` returns the export for a module's name and an export's name,
/// or None if it does not exist.
///
/// If instantiation fails, whatever it has written to imported tables and memories stays
/// there. Functions in such tables stay callable.
pub fn instantiate(
    vm: &Vm,
    module: Rc<Module>,
    find: impl Fn(&str, &str) -> Option<Extern>,
) -> std::result::Result<Rc<Instance>, Failure> {
    let instance = Instance::new(&vm.store, module.clone())?;
    for import in &module.imports {
        let found = find(&import.module, &import.name).ok_or(Failure::Link("unknown import"))?;
        if !found.matches(&import.of, &module, &vm.store)? {
            return Err(Failure::Link("incompatible import type"));
        }
        instance.add_import(found)?;
    }
    instance.define(vm)?;
    for export in &module.exports {
        instance.add_export(&export.name, export.kind, export.index);
    }
    instance.apply_segments(vm)?;
    if let Some(start) = module.start {
        vm.invoke(instance.func(start)?, 0, 0)?;
    }
    Ok(instance)
}

impl Instance {
    /// Makes the module's definitions, in such an order that an initial value only names
    /// things that already exist.
    fn define(self: &Rc<Instance>, vm: &Vm) -> Result<()> {
        let module = &self.module;
        for (of, code) in module.funcs.iter().zip(&module.code) {
            let id = vm.add_func(self, code);
            let object = vm.func_new(&module.types.registered[*of as usize], id)?;
            self.add_func(object, Some(id), module.types.arity(*of))?;
        }
        for of in &module.memories {
            match Memory::new(of, vm.limits.pages) {
                Some(memory) => self.add_memory(Rc::new(memory)),
                None => return trap(OUT_OF_MEMORY),
            }
        }
        for of in &module.tags {
            let registered = &module.types.registered[*of as usize];
            self.add_tag(TagInstance {
                tag: vm.store.tag_new(registered)?,
                of: registered.clone(),
                fields: module.types.arity(*of).0,
            });
        }
        for definition in &module.globals {
            let value = vm.evaluate(self, &definition.init)?;
            let global = gc::Global::new(&vm.store, &definition.of, value)?;
            self.add_global(Rc::new(GlobalInstance {
                global,
                of: definition.of.clone(),
            }));
        }
        for definition in &module.tables {
            let table = self.new_table(vm, definition)?;
            self.add_table(Rc::new(table));
        }
        for elements in &module.elements {
            let segment = self.new_segment(vm, elements)?;
            self.add_elements(segment.map(Rc::new));
        }
        for data in &module.data {
            self.add_data(data.bytes.clone());
        }
        Ok(())
    }

    fn new_table(self: &Rc<Instance>, vm: &Vm, definition: &TableDef) -> Result<TableInstance> {
        let init = match &definition.init {
            Some(init) => vm.evaluate(self, init)?.as_ref(),
            None => Raw::NULL,
        };
        let (element, of) = (&definition.element, definition.of);
        Ok(TableInstance {
            table: gc::Table::new(&vm.store, element, of.initial, of.maximum, init)?,
            element: element.clone(),
            maximum: of.maximum,
            is_64: of.table64,
        })
    }

    /// A segment's elements as a table. None if the segment is empty.
    fn new_segment(self: &Rc<Instance>, vm: &Vm, elements: &Elements) -> Result<Option<gc::Table>> {
        let mut segment: Option<gc::Table> = None;
        for item in &elements.items {
            let value = vm.evaluate(self, item)?.as_ref();
            match &segment {
                Some(table) => {
                    table.grow(1, value)?;
                }
                None => segment = Some(gc::Table::new(&vm.store, &elements.of, 1, None, value)?),
            }
        }
        Ok(segment)
    }

    /// Copies active segments to their tables and memories. Drops active and declared
    /// segments.
    fn apply_segments(self: &Rc<Instance>, vm: &Vm) -> Result<()> {
        let offset = |code: &Rc<Code>| Ok::<_, Stop>(vm.evaluate(self, code)?.bits());
        for (index, elements) in self.module.elements.iter().enumerate() {
            if let Mode::Active { target, offset: at } = &elements.mode {
                let count = elements.items.len() as u64;
                self.init_table(*target, index as u32, offset(at)?, 0, count)?;
            }
            if !matches!(elements.mode, Mode::Passive) {
                self.drop_elements(index as u32);
            }
        }
        for (index, data) in self.module.data.iter().enumerate() {
            if let Mode::Active { target, offset: at } = &data.mode {
                let count = data.bytes.len() as u64;
                self.init_memory(*target, index as u32, offset(at)?, 0, count)?;
                self.drop_data(index as u32);
            }
        }
        Ok(())
    }
}
