//! Instances of modules. An instance maps the module's indices to functions, tables and
//! so on.
//!
//! The function objects of an instance, including imported ones, are in a table of the
//! library. It keeps them alive, and gives each function one identity: `ref.func` reads
//! it.

mod link;
mod segments;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::gc::{self, FieldType, FuncId, Heap, Raw, RefType, Store, Tag, Type};
use crate::memory::Memory;
use crate::module::{ExternKind, Module};
use crate::stop::Result;

pub use segments::{NULL_ELEMENT, TABLE_BOUNDS};

pub struct Instance {
    pub module: Rc<Module>,
    /// The function objects, by index.
    objects: gc::Table,
    funcs: RefCell<Vec<Func>>,
    tables: RefCell<Vec<Rc<TableInstance>>>,
    memories: RefCell<Vec<Rc<Memory>>>,
    globals: RefCell<Vec<Rc<GlobalInstance>>>,
    tags: RefCell<Vec<TagInstance>>,
    /// None for a segment that is empty or was dropped.
    elements: RefCell<Vec<Option<Rc<gc::Table>>>>,
    /// Empty for a segment that was dropped.
    data: RefCell<Vec<Rc<[u8]>>>,
    exports: RefCell<HashMap<String, (ExternKind, u32)>>,
}

/// What the interpreter knows about a function without its object.
#[derive(Clone, Copy)]
struct Func {
    /// None for a host function.
    id: Option<FuncId>,
    params: usize,
    results: usize,
}

pub struct TableInstance {
    pub table: gc::Table,
    pub element: RefType,
    pub maximum: Option<u64>,
    pub is_64: bool,
}

pub struct GlobalInstance {
    pub global: gc::Global,
    pub of: FieldType,
}

#[derive(Clone)]
pub struct TagInstance {
    pub tag: Tag,
    pub of: Type,
    /// The number of fields of its exceptions.
    pub fields: usize,
}

/// An export of an instance.
pub enum Extern {
    Func(Rc<Instance>, u32),
    Table(Rc<TableInstance>),
    Memory(Rc<Memory>),
    Global(Rc<GlobalInstance>),
    Tag(TagInstance),
}

impl Instance {
    /// An empty instance.
    pub fn new(store: &Store, module: Rc<Module>) -> Result<Rc<Instance>> {
        let any_func = RefType {
            heap: Heap::Func,
            nullable: true,
        };
        Ok(Rc::new(Instance {
            module,
            objects: gc::Table::new(store, &any_func, 0, None, Raw::NULL)?,
            funcs: RefCell::default(),
            tables: RefCell::default(),
            memories: RefCell::default(),
            globals: RefCell::default(),
            tags: RefCell::default(),
            elements: RefCell::default(),
            data: RefCell::default(),
            exports: RefCell::default(),
        }))
    }

    /// A function's object.
    pub fn func(&self, index: u32) -> Result<Raw> {
        Ok(self.objects.get(index.into())?)
    }

    pub fn func_id(&self, index: u32) -> Option<FuncId> {
        self.funcs.borrow()[index as usize].id
    }

    /// The numbers of a function's parameters and results.
    pub fn arity(&self, index: u32) -> (usize, usize) {
        let func = self.funcs.borrow()[index as usize];
        (func.params, func.results)
    }

    pub fn table(&self, index: u32) -> Rc<TableInstance> {
        self.tables.borrow()[index as usize].clone()
    }

    pub fn memory(&self, index: u32) -> Rc<Memory> {
        self.memories.borrow()[index as usize].clone()
    }

    pub fn global(&self, index: u32) -> Rc<GlobalInstance> {
        self.globals.borrow()[index as usize].clone()
    }

    pub fn tag(&self, index: u32) -> TagInstance {
        self.tags.borrow()[index as usize].clone()
    }

    pub fn elements(&self, index: u32) -> Option<Rc<gc::Table>> {
        self.elements.borrow()[index as usize].clone()
    }

    pub fn drop_elements(&self, index: u32) {
        self.elements.borrow_mut()[index as usize] = None;
    }

    pub fn data(&self, index: u32) -> Rc<[u8]> {
        self.data.borrow()[index as usize].clone()
    }

    pub fn drop_data(&self, index: u32) {
        self.data.borrow_mut()[index as usize] = Rc::new([]);
    }

    pub fn export(self: &Rc<Instance>, name: &str) -> Option<Extern> {
        let (kind, index) = *self.exports.borrow().get(name)?;
        Some(match kind {
            ExternKind::Func => Extern::Func(self.clone(), index),
            ExternKind::Table => Extern::Table(self.table(index)),
            ExternKind::Memory => Extern::Memory(self.memory(index)),
            ExternKind::Global => Extern::Global(self.global(index)),
            ExternKind::Tag => Extern::Tag(self.tag(index)),
        })
    }

    /// The shared memories that the instance exports, with their names.
    pub fn shared_memories(&self) -> Vec<(String, Memory)> {
        let exports = self.exports.borrow();
        let memories = exports
            .iter()
            .filter_map(|(name, (kind, index))| match kind {
                ExternKind::Memory => Some((name.clone(), Memory::clone(&self.memory(*index)))),
                _ => None,
            });
        memories.filter(|(_, memory)| memory.is_shared).collect()
    }

    /// Adds a function by its object.
    pub fn add_func(
        &self,
        object: Raw,
        id: Option<FuncId>,
        (params, results): (usize, usize),
    ) -> Result<()> {
        self.objects.grow(1, object)?;
        self.funcs.borrow_mut().push(Func {
            id,
            params,
            results,
        });
        Ok(())
    }

    pub fn add_table(&self, table: Rc<TableInstance>) {
        self.tables.borrow_mut().push(table);
    }

    pub fn add_memory(&self, memory: Rc<Memory>) {
        self.memories.borrow_mut().push(memory);
    }

    pub fn add_global(&self, global: Rc<GlobalInstance>) {
        self.globals.borrow_mut().push(global);
    }

    pub fn add_tag(&self, tag: TagInstance) {
        self.tags.borrow_mut().push(tag);
    }

    /// Adds an element segment. None for an empty one.
    pub fn add_elements(&self, segment: Option<Rc<gc::Table>>) {
        self.elements.borrow_mut().push(segment);
    }

    pub fn add_data(&self, segment: Rc<[u8]>) {
        self.data.borrow_mut().push(segment);
    }

    /// Exports the last item that was added of this kind.
    pub fn export_last(&self, name: &str, kind: ExternKind) {
        let count = match kind {
            ExternKind::Func => self.funcs.borrow().len(),
            ExternKind::Table => self.tables.borrow().len(),
            ExternKind::Memory => self.memories.borrow().len(),
            ExternKind::Global => self.globals.borrow().len(),
            ExternKind::Tag => self.tags.borrow().len(),
        };
        self.add_export(name, kind, count as u32 - 1);
    }

    pub fn add_export(&self, name: &str, kind: ExternKind, index: u32) {
        let mut exports = self.exports.borrow_mut();
        exports.insert(name.to_owned(), (kind, index));
    }
}
