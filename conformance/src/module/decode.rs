//! Decodes modules section by section. Each section is validated before it is read.

use std::rc::Rc;

use anyhow::Result;
use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, Element, ElementItems, ElementKind, ExternalKind,
    FromReader, FuncValidatorAllocations, GlobalType, ImportSectionReader, Parser, Payload,
    RecGroup, SectionLimited, SubType, TableInit, TypeRef, ValidPayload, Validator, WasmFeatures,
};

use super::{
    Data, Elements, Export, ExternKind, GlobalDef, Import, ImportType, Mode, Module, Shape,
    TableDef,
};
use crate::code::{Code, compile, constant, function_reference};
use crate::gc::{FieldType, Heap, RefType, Storage, Store, ValType};

/// WebAssembly 3.0, and shared memories. The compiler refuses most operators on vectors, and
/// all atomic ones.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .difference(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::THREADS);

impl Module {
    /// Decodes and validates a module, and registers its types.
    pub fn new(store: &Store, bytes: &[u8], features: WasmFeatures) -> Result<Module> {
        let mut validator = Validator::new_with_features(features);
        let mut allocations = FuncValidatorAllocations::default();
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match validator.payload(&payload)? {
                ValidPayload::Func(function, body) => {
                    let index = module.funcs[module.code.len()] as usize;
                    let validator = function.into_validator(allocations);
                    let shape = &module.types.shapes[index];
                    let code;
                    (code, allocations) = compile(&body, validator, &module.types, shape)?;
                    module.code.push(Rc::new(code));
                }
                _ => module.section(store, payload)?,
            }
        }
        Ok(module)
    }

    fn section(&mut self, store: &Store, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => self.type_section(store, section)?,
            Payload::ImportSection(section) => self.import_section(section)?,
            Payload::FunctionSection(section) => self.funcs = all(section, Ok)?,
            Payload::TableSection(section) => {
                self.tables = all(section, |table| self.table(&table))?;
            }
            Payload::MemorySection(section) => self.memories = all(section, Ok)?,
            Payload::TagSection(section) => self.tags = all(section, |of| Ok(of.func_type_idx))?,
            Payload::GlobalSection(section) => {
                self.globals = all(section, |global| self.global(&global))?;
            }
            Payload::ExportSection(section) => {
                self.exports = all(section, |export| Ok(exported(export)))?;
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                self.elements = all(section, |elements| self.elements(elements))?;
            }
            Payload::DataSection(section) => self.data = all(section, data_segment)?,
            _ => {}
        }
        Ok(())
    }

    fn type_section(&mut self, store: &Store, section: SectionLimited<'_, RecGroup>) -> Result<()> {
        let groups = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.types.registered = store.register_types(&groups)?;
        for member in groups.iter().flat_map(RecGroup::types) {
            let shape = self.shape(member);
            self.types.shapes.push(shape);
        }
        Ok(())
    }

    fn shape(&self, member: &SubType) -> Shape {
        let types = &self.types.registered;
        let values = |values: &[wasmparser::ValType]| {
            values.iter().map(|v| ValType::new(*v, types)).collect()
        };
        match &member.composite_type.inner {
            CompositeInnerType::Func(of) => Shape::Func {
                params: values(of.params()),
                results: values(of.results()),
            },
            CompositeInnerType::Array(of) => Shape::Array(FieldType::new(of.0, types)),
            CompositeInnerType::Struct(of) => Shape::Struct(of.fields.len()),
            CompositeInnerType::Cont(_) => unreachable!("the validator refuses continuations"),
        }
    }

    fn ref_type(&self, of: wasmparser::RefType) -> RefType {
        RefType::new(of, &self.types.registered)
    }

    fn global_type(&self, of: GlobalType) -> FieldType {
        FieldType {
            storage: Storage::Val(ValType::new(of.content_type, &self.types.registered)),
            mutable: of.mutable,
        }
    }

    fn import_section(&mut self, section: ImportSectionReader<'_>) -> Result<()> {
        for import in section.into_imports() {
            let import = import?;
            self.imports.push(Import {
                module: import.module.to_owned(),
                name: import.name.to_owned(),
                of: self.import_type(import.ty),
            });
        }
        Ok(())
    }

    fn import_type(&self, of: TypeRef) -> ImportType {
        match of {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => ImportType::Func(index),
            TypeRef::Table(of) => ImportType::Table(of, self.ref_type(of.element_type)),
            TypeRef::Memory(of) => ImportType::Memory(of),
            TypeRef::Global(of) => ImportType::Global(self.global_type(of)),
            TypeRef::Tag(of) => ImportType::Tag(of.func_type_idx),
        }
    }

    fn table(&self, table: &wasmparser::Table<'_>) -> Result<TableDef> {
        Ok(TableDef {
            of: table.ty,
            element: self.ref_type(table.ty.element_type),
            init: match &table.init {
                TableInit::RefNull => None,
                TableInit::Expr(init) => Some(expression(init)?),
            },
        })
    }

    fn global(&self, global: &wasmparser::Global<'_>) -> Result<GlobalDef> {
        Ok(GlobalDef {
            of: self.global_type(global.ty),
            init: expression(&global.init_expr)?,
        })
    }

    fn elements(&self, elements: Element<'_>) -> Result<Elements> {
        let mode = match &elements.kind {
            ElementKind::Passive => Mode::Passive,
            ElementKind::Declared => Mode::Declared,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => Mode::Active {
                target: table_index.unwrap_or(0),
                offset: expression(offset_expr)?,
            },
        };
        let mut items = Vec::new();
        let of = match elements.items {
            ElementItems::Functions(section) => {
                for function in section {
                    items.push(Rc::new(function_reference(function?)));
                }
                RefType {
                    heap: Heap::Func,
                    nullable: false,
                }
            }
            ElementItems::Expressions(of, section) => {
                for item in section {
                    items.push(expression(&item?)?);
                }
                self.ref_type(of)
            }
        };
        Ok(Elements { mode, of, items })
    }
}

/// Calls `read` on each item of a section, and returns the results.
fn all<'a, T: FromReader<'a>, U>(
    section: SectionLimited<'a, T>,
    read: impl Fn(T) -> Result<U>,
) -> Result<Vec<U>> {
    section.into_iter().map(|item| read(item?)).collect()
}

fn exported(export: wasmparser::Export<'_>) -> Export {
    Export {
        name: export.name.to_owned(),
        kind: match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExternKind::Func,
            ExternalKind::Table => ExternKind::Table,
            ExternalKind::Memory => ExternKind::Memory,
            ExternalKind::Global => ExternKind::Global,
            ExternalKind::Tag => ExternKind::Tag,
        },
        index: export.index,
    }
}

fn data_segment(data: wasmparser::Data<'_>) -> Result<Data> {
    let mode = match &data.kind {
        DataKind::Passive => Mode::Passive,
        DataKind::Active {
            memory_index,
            offset_expr,
        } => Mode::Active {
            target: *memory_index,
            offset: expression(offset_expr)?,
        },
    };
    Ok(Data {
        mode,
        bytes: data.data.into(),
    })
}

fn expression(expression: &ConstExpr<'_>) -> Result<Rc<Code>> {
    Ok(Rc::new(constant(expression)?))
}
