//! Decoded and validated modules, with registered types and compiled code.

mod decode;

use std::rc::Rc;

use wasmparser::{MemoryType, TableType};

use crate::code::Code;
use crate::gc::{FieldType, RefType, Type, ValType};

pub use decode::FEATURES;

/// The structure of a type, as far as the interpreter needs it.
pub enum Shape {
    Func {
        params: Vec<ValType>,
        results: Vec<ValType>,
    },
    /// The number of fields.
    Struct(usize),
    Array(FieldType),
}

/// A module's types, by index.
#[derive(Default)]
pub struct Types {
    pub registered: Vec<Type>,
    pub shapes: Vec<Shape>,
}

impl Types {
    /// The numbers of a function type's parameters and results.
    pub fn arity(&self, index: u32) -> (usize, usize) {
        match &self.shapes[index as usize] {
            Shape::Func { params, results } => (params.len(), results.len()),
            _ => unreachable!("the validator refuses other types of functions"),
        }
    }

    pub fn fields(&self, index: u32) -> usize {
        match &self.shapes[index as usize] {
            Shape::Struct(fields) => *fields,
            _ => unreachable!("the validator refuses other types of structs"),
        }
    }

    pub fn element(&self, index: u32) -> &FieldType {
        match &self.shapes[index as usize] {
            Shape::Array(element) => element,
            _ => unreachable!("the validator refuses other types of arrays"),
        }
    }
}

/// A module. Each index space begins with the imports.
#[derive(Default)]
pub struct Module {
    pub types: Types,
    pub imports: Vec<Import>,
    /// The type of each function that the module defines.
    pub funcs: Vec<u32>,
    pub code: Vec<Rc<Code>>,
    pub tables: Vec<TableDef>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<GlobalDef>,
    /// The type of each tag that the module defines.
    pub tags: Vec<u32>,
    pub exports: Vec<Export>,
    pub start: Option<u32>,
    pub elements: Vec<Elements>,
    pub data: Vec<Data>,
}

pub struct Import {
    pub module: String,
    pub name: String,
    pub of: ImportType,
}

/// The type that an import must have. Functions and tags name a type by index.
pub enum ImportType {
    Func(u32),
    Table(TableType, RefType),
    Memory(MemoryType),
    Global(FieldType),
    Tag(u32),
}

pub struct TableDef {
    pub of: TableType,
    pub element: RefType,
    pub init: Option<Rc<Code>>,
}

pub struct GlobalDef {
    pub of: FieldType,
    pub init: Rc<Code>,
}

pub struct Export {
    pub name: String,
    pub kind: ExternKind,
    pub index: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

/// When a segment is used.
pub enum Mode {
    Passive,
    Active {
        /// The index of the table or memory.
        target: u32,
        offset: Rc<Code>,
    },
    Declared,
}

pub struct Elements {
    pub mode: Mode,
    pub of: RefType,
    pub items: Vec<Rc<Code>>,
}

pub struct Data {
    pub mode: Mode,
    pub bytes: Rc<[u8]>,
}
