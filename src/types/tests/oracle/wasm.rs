//! The oracle: encodes the types as WebAssembly modules and validates them with
//! `wasmparser`.

use wasm_encoder as wasm;
use wasmparser::types::{CoreTypeId, Types};
use wasmparser::{Parser, UnpackedIndex, ValidPayload, Validator, ValidatorResources};

use super::generate::{Collection, Member, Name};
use crate::types::*;

/// A module that declares `groups`. With `with_function` it also has a function, for
/// which [`Oracle::validate`] returns the validator's resources.
pub(super) fn module<'a>(
    groups: impl Iterator<Item = &'a [Member]>,
    with_function: bool,
) -> Vec<u8> {
    let mut types = wasm::TypeSection::new();
    let mut start = 0;
    for group in groups {
        let members: Vec<_> = group.iter().map(|member| sub_type(member, start)).collect();
        start += members.len() as u32;
        types.ty().rec(members);
    }
    let mut module = wasm::Module::new();
    if with_function {
        types.ty().function([], []);
        let mut functions = wasm::FunctionSection::new();
        functions.function(start);
        let mut body = wasm::Function::new([]);
        body.instructions().end();
        let mut code = wasm::CodeSection::new();
        code.function(&body);
        module.section(&types).section(&functions).section(&code);
    } else {
        module.section(&types);
    }
    module.finish()
}

/// A module that declares the groups of a collection.
pub(super) fn module_of(collection: &Collection) -> Vec<u8> {
    module(collection.groups.iter().map(Vec::as_slice), false)
}

fn sub_type(member: &Member, start: u32) -> wasm::SubType {
    let local = |name| match name {
        Name::Member(position) => start + position,
        Name::Earlier(index) => index,
    };
    let value = |value: &ValType<Name>| match value {
        ValType::I32 => wasm::ValType::I32,
        ValType::I64 => wasm::ValType::I64,
        ValType::F32 => wasm::ValType::F32,
        ValType::F64 => wasm::ValType::F64,
        ValType::V128 => wasm::ValType::V128,
        ValType::Ref(reference) => wasm::ValType::Ref(wasm::RefType {
            nullable: reference.nullable,
            heap_type: match reference.heap {
                HeapType::Abstract(ty) => wasm::HeapType::Abstract {
                    shared: false,
                    ty: encoded(ty),
                },
                HeapType::Concrete(name) => wasm::HeapType::Concrete(local(name)),
            },
        }),
    };
    let field = |field: &FieldType<Name>| wasm::FieldType {
        element_type: match &field.storage {
            StorageType::I8 => wasm::StorageType::I8,
            StorageType::I16 => wasm::StorageType::I16,
            StorageType::Val(stored) => wasm::StorageType::Val(value(stored)),
        },
        mutable: field.mutable,
    };
    let inner = match &member.composite {
        Composite::Struct(fields) => wasm::CompositeInnerType::Struct(wasm::StructType {
            fields: fields.iter().map(field).collect(),
        }),
        Composite::Array(element) => {
            wasm::CompositeInnerType::Array(wasm::ArrayType(field(element)))
        }
        Composite::Func { params, results } => wasm::CompositeInnerType::Func(wasm::FuncType::new(
            params.iter().map(value),
            results.iter().map(value),
        )),
    };
    wasm::SubType {
        is_final: member.is_final,
        supertype_idx: member.supertype.map(local),
        composite_type: wasm::CompositeType {
            inner,
            shared: false,
        },
    }
}

fn encoded(ty: AbstractType) -> wasm::AbstractHeapType {
    use wasm::AbstractHeapType as Encoded;
    match ty {
        AbstractType::Any => Encoded::Any,
        AbstractType::Eq => Encoded::Eq,
        AbstractType::I31 => Encoded::I31,
        AbstractType::Struct => Encoded::Struct,
        AbstractType::Array => Encoded::Array,
        AbstractType::None => Encoded::None,
        AbstractType::Func => Encoded::Func,
        AbstractType::NoFunc => Encoded::NoFunc,
        AbstractType::Extern => Encoded::Extern,
        AbstractType::NoExtern => Encoded::NoExtern,
        AbstractType::Exn => Encoded::Exn,
        AbstractType::NoExn => Encoded::NoExn,
        AbstractType::Every => unreachable!("WebAssembly does not have it"),
    }
}

fn decoded(ty: AbstractType) -> wasmparser::AbstractHeapType {
    use wasmparser::AbstractHeapType as Decoded;
    match ty {
        AbstractType::Any => Decoded::Any,
        AbstractType::Eq => Decoded::Eq,
        AbstractType::I31 => Decoded::I31,
        AbstractType::Struct => Decoded::Struct,
        AbstractType::Array => Decoded::Array,
        AbstractType::None => Decoded::None,
        AbstractType::Func => Decoded::Func,
        AbstractType::NoFunc => Decoded::NoFunc,
        AbstractType::Extern => Decoded::Extern,
        AbstractType::NoExtern => Decoded::NoExtern,
        AbstractType::Exn => Decoded::Exn,
        AbstractType::NoExn => Decoded::NoExn,
        AbstractType::Every => unreachable!("WebAssembly does not have it"),
    }
}

/// A reference type of the oracle.
pub(super) fn reference(reference: RefType<CoreTypeId>) -> wasmparser::ValType {
    let heap = match reference.heap {
        HeapType::Abstract(ty) => wasmparser::HeapType::Abstract {
            shared: false,
            ty: decoded(ty),
        },
        HeapType::Concrete(id) => wasmparser::HeapType::Concrete(UnpackedIndex::Id(id)),
    };
    wasmparser::RefType::new(reference.nullable, heap)
        .unwrap()
        .into()
}

/// A validator of modules. All modules share its list of types.
#[derive(Default)]
pub(super) struct Oracle(Validator);

impl Oracle {
    /// Returns the types of a module, and the resources of its function if it has one.
    /// After an error the oracle cannot be used again.
    pub(super) fn validate(
        &mut self,
        module: &[u8],
    ) -> Result<(Types, Option<ValidatorResources>), wasmparser::Error> {
        self.0.reset();
        let (mut types, mut resources) = (None, None);
        for payload in Parser::new(0).parse_all(module) {
            match self.0.payload(&payload?)? {
                ValidPayload::Func(function, _) => resources = Some(function.resources),
                ValidPayload::End(of_module) => types = Some(of_module),
                _ => {}
            }
        }
        Ok((types.unwrap(), resources))
    }
}
