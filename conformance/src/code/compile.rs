//! Compiles a function's body while it is validated.

use anyhow::{Context, Result, bail};
use wasmparser::{
    BinaryReader, BlockType, FuncValidator, FuncValidatorAllocations, FunctionBody, HeapType,
    Operator, ValType, ValidatorResources,
};

use super::operators::plain;
use super::vectors::vector;
use super::{CastBranch, Catch, Code, Handler, Op, Target};
use crate::gc::{Heap, RefType, Slot};
use crate::module::{Shape, Types};

/// Validates and compiles a body. Also returns the validator's allocations, for reuse.
pub fn compile(
    body: &FunctionBody<'_>,
    validator: FuncValidator<ValidatorResources>,
    types: &Types,
    shape: &Shape,
) -> Result<(Code, FuncValidatorAllocations)> {
    let Shape::Func { params, results } = shape else {
        bail!("a function of a type that is none");
    };
    let mut compiler = Compiler {
        validator,
        types,
        code: Code {
            params: params.len(),
            results: results.len(),
            ..Code::default()
        },
        labels: Vec::new(),
        blocks: Vec::new(),
        reachable: true,
    };
    compiler.locals(body.get_binary_reader())?;
    compiler.body(body)?;
    compiler.resolve();
    Ok((compiler.code, compiler.validator.into_allocations()))
}

struct Compiler<'a> {
    validator: FuncValidator<ValidatorResources>,
    types: &'a Types,
    code: Code,
    /// The index of the operation that each label stands for; `u32::MAX` until it is
    /// known.
    labels: Vec<u32>,
    blocks: Vec<Block>,
    /// Whether the next operator is reachable.
    reachable: bool,
}

/// An open block.
struct Block {
    /// The label that branches to the block go to.
    label: u32,
    /// The height at which a branch puts its values.
    height: u32,
    /// How many values a branch carries.
    values: u32,
    kind: Kind,
}

enum Kind {
    /// The block is unreachable.
    Dead,
    Plain,
    Loop,
    /// The label to jump to if the condition is false. None after `else`.
    If(Option<u32>),
    /// The index of the first operation, and the clauses.
    Try(u32, Vec<Catch>),
}

impl Compiler<'_> {
    fn locals(&mut self, mut reader: BinaryReader<'_>) -> Result<()> {
        self.validator.read_locals(&mut reader)?;
        for index in self.code.params as u32..self.validator.len_locals() {
            let of = self.validator.get_local_type(index).context("a local")?;
            self.code.locals.push(zero(of));
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<()> {
        let label = self.new_label();
        let values = self.code.results as u32;
        let height = self.frame_locals();
        self.blocks.push(Block {
            label,
            height,
            values,
            kind: Kind::Plain,
        });
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset()?;
            // The validator goes first: `open` asks it for the height of the new block.
            self.validator.op(offset, &operator)?;
            self.operator(&operator)?;
            let height = self.validator.operand_stack_height() as usize;
            self.code.operands = self.code.operands.max(height);
        }
        reader.finish()?;
        Ok(())
    }

    /// How many slots parameters and locals take, below the frame's operands.
    fn frame_locals(&self) -> u32 {
        (self.code.params + self.code.locals.len()) as u32
    }

    fn new_label(&mut self) -> u32 {
        self.labels.push(u32::MAX);
        self.labels.len() as u32 - 1
    }

    fn here(&self) -> u32 {
        self.code.ops.len() as u32
    }

    fn define(&mut self, label: u32) {
        self.labels[label as usize] = self.here();
    }

    fn emit(&mut self, op: Op) {
        self.code.ops.push(op);
    }

    /// The target of a branch to the block at `depth`, where 0 is the innermost.
    fn target(&self, depth: u32) -> Target {
        let block = &self.blocks[self.blocks.len() - 1 - depth as usize];
        Target {
            pc: block.label,
            height: block.height,
            values: block.values,
        }
    }

    /// Compiles an operator that the validator has seen.
    fn operator(&mut self, operator: &Operator<'_>) -> Result<()> {
        match operator {
            Operator::Block { blockty } => self.open(*blockty, Kind::Plain),
            Operator::Loop { blockty } => self.open(*blockty, Kind::Loop),
            Operator::If { blockty } => self.open_if(*blockty),
            Operator::TryTable { try_table } => self.open_try(try_table),
            Operator::Else => self.alternative(),
            Operator::End => self.close(),
            Operator::Nop => {}
            _ if !self.reachable => {}
            _ => {
                let op = plain(operator).or_else(|| vector(operator, &mut self.code.vectors));
                if let Some(op) = op {
                    self.emit(op);
                } else if !self.branch(operator)? && !self.call(operator) {
                    self.typed(operator)?;
                }
            }
        }
        Ok(())
    }

    /// How many values a block takes and gives.
    fn arity(&self, of: BlockType) -> (u32, u32) {
        match of {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => match &self.types.shapes[index as usize] {
                Shape::Func { params, results } => (params.len() as u32, results.len() as u32),
                _ => unreachable!("the validator refuses other block types"),
            },
        }
    }

    fn open(&mut self, of: BlockType, kind: Kind) {
        let label = self.new_label();
        let (params, results) = self.arity(of);
        if !self.reachable {
            let kind = Kind::Dead;
            self.blocks.push(Block {
                label,
                height: 0,
                values: 0,
                kind,
            });
            return;
        }
        let frame = self.validator.get_control_frame(0);
        let height = self.frame_locals() + frame.map_or(0, |frame| frame.height as u32);
        let values = if let Kind::Loop = kind {
            self.define(label);
            params
        } else {
            results
        };
        self.blocks.push(Block {
            label,
            height,
            values,
            kind,
        });
    }

    fn open_if(&mut self, of: BlockType) {
        if !self.reachable {
            return self.open(of, Kind::Dead);
        }
        let otherwise = self.new_label();
        self.emit(Op::JumpUnless(otherwise));
        self.open(of, Kind::If(Some(otherwise)));
    }

    fn open_try(&mut self, of: &wasmparser::TryTable) {
        if !self.reachable {
            return self.open(of.ty, Kind::Dead);
        }
        let clause = |catch: &wasmparser::Catch| {
            let (tag, with_reference, label) = match *catch {
                wasmparser::Catch::One { tag, label } => (Some(tag), false, label),
                wasmparser::Catch::OneRef { tag, label } => (Some(tag), true, label),
                wasmparser::Catch::All { label } => (None, false, label),
                wasmparser::Catch::AllRef { label } => (None, true, label),
            };
            Catch {
                tag,
                with_reference,
                target: self.target(label),
            }
        };
        let catches = of.catches.iter().map(clause).collect();
        self.open(of.ty, Kind::Try(self.here(), catches));
    }

    fn alternative(&mut self) {
        let block = self.blocks.last_mut().expect("an open block");
        let Kind::If(otherwise) = &mut block.kind else {
            return;
        };
        let (label, otherwise) = (block.label, otherwise.take());
        if self.reachable {
            self.emit(Op::Jump(label));
        }
        self.define(otherwise.expect("one else"));
        self.reachable = true;
    }

    fn close(&mut self) {
        let block = self.blocks.pop().expect("an open block");
        match block.kind {
            Kind::Dead => return,
            Kind::Loop => {}
            Kind::Plain | Kind::If(None) => self.define(block.label),
            Kind::If(Some(otherwise)) => {
                self.define(otherwise);
                self.define(block.label);
            }
            Kind::Try(from, catches) => {
                let to = self.here();
                self.code.handlers.push(Handler { from, to, catches });
                self.define(block.label);
            }
        }
        self.reachable = true;
        if self.blocks.is_empty() {
            self.emit(Op::Return);
        }
    }

    /// Compiles an operator that branches or leaves the code after it unreachable. False
    /// for other operators.
    fn branch(&mut self, operator: &Operator<'_>) -> Result<bool> {
        let op = match operator {
            Operator::Unreachable => Op::Unreachable,
            Operator::Return => Op::Return,
            Operator::Throw { tag_index } => Op::Throw(*tag_index),
            Operator::ThrowRef => Op::ThrowRef,
            Operator::Br { relative_depth } => Op::Br(self.target(*relative_depth)),
            Operator::BrIf { relative_depth } => Op::BrIf(self.target(*relative_depth)),
            Operator::BrOnNull { relative_depth } => Op::BrOnNull(self.target(*relative_depth)),
            Operator::BrOnNonNull { relative_depth } => {
                Op::BrOnNonNull(self.target(*relative_depth))
            }
            Operator::BrTable { targets } => {
                let depths = targets.targets().chain([Ok(targets.default())]);
                let table = depths.map(|depth| Ok(self.target(depth?)));
                let table = table.collect::<Result<Vec<_>>>()?;
                self.code.tables.push(table);
                Op::BrTable(self.code.tables.len() as u32 - 1)
            }
            _ => return Ok(false),
        };
        self.emit(op);
        self.reachable = matches!(op, Op::BrIf(_) | Op::BrOnNull(_) | Op::BrOnNonNull(_));
        Ok(true)
    }

    fn call(&mut self, operator: &Operator<'_>) -> bool {
        let (op, returns) = match *operator {
            Operator::Call { function_index } => (Op::Call(function_index), true),
            Operator::CallRef { type_index } => (Op::CallRef(type_index), true),
            Operator::CallIndirect {
                type_index: of,
                table_index: table,
            } => (Op::CallIndirect { table, of }, true),
            Operator::ReturnCall { function_index } => (Op::ReturnCall(function_index), false),
            Operator::ReturnCallRef { type_index } => (Op::ReturnCallRef(type_index), false),
            Operator::ReturnCallIndirect {
                type_index: of,
                table_index: table,
            } => (Op::ReturnCallIndirect { table, of }, false),
            _ => return false,
        };
        self.emit(op);
        self.reachable = returns;
        true
    }

    /// Compiles an operator that names a reference type.
    fn typed(&mut self, operator: &Operator<'_>) -> Result<()> {
        let op = match operator {
            Operator::RefTestNonNull { hty } => Op::RefTest(self.ref_type(*hty, false)),
            Operator::RefTestNullable { hty } => Op::RefTest(self.ref_type(*hty, true)),
            Operator::RefCastNonNull { hty } => Op::RefCast(self.ref_type(*hty, false)),
            Operator::RefCastNullable { hty } => Op::RefCast(self.ref_type(*hty, true)),
            Operator::BrOnCast {
                relative_depth,
                to_ref_type,
                ..
            } => self.cast_branch(*relative_depth, *to_ref_type, true),
            Operator::BrOnCastFail {
                relative_depth,
                to_ref_type,
                ..
            } => self.cast_branch(*relative_depth, *to_ref_type, false),
            _ => bail!("{operator:?} is not supported"),
        };
        self.emit(op);
        Ok(())
    }

    fn ref_type(&mut self, heap: HeapType, nullable: bool) -> u32 {
        let heap = Heap::new(heap, &self.types.registered);
        self.code.ref_types.push(RefType { heap, nullable });
        self.code.ref_types.len() as u32 - 1
    }

    fn cast_branch(&mut self, depth: u32, to: wasmparser::RefType, on: bool) -> Op {
        let target = self.target(depth);
        let to = self.ref_type(to.heap_type(), to.is_nullable());
        self.code.casts.push(CastBranch { target, to, on });
        Op::BrOnCast(self.code.casts.len() as u32 - 1)
    }

    /// Replaces labels by the indices of their operations.
    fn resolve(&mut self) {
        let labels = &self.labels;
        let resolve = |pc: &mut u32| *pc = labels[*pc as usize];
        for op in &mut self.code.ops {
            match op {
                Op::Jump(pc) | Op::JumpUnless(pc) => resolve(pc),
                Op::Br(target)
                | Op::BrIf(target)
                | Op::BrOnNull(target)
                | Op::BrOnNonNull(target) => resolve(&mut target.pc),
                _ => {}
            }
        }
        let tables = self.code.tables.iter_mut().flatten();
        let casts = self.code.casts.iter_mut().map(|cast| &mut cast.target);
        let catches = self.code.handlers.iter_mut().flat_map(|h| &mut h.catches);
        let catches = catches.map(|catch| &mut catch.target);
        for target in tables.chain(casts).chain(catches) {
            resolve(&mut target.pc);
        }
    }
}

/// The initial value of a local. The validator ensures that a local of a non-nullable
/// type is set before it is read.
fn zero(of: ValType) -> Slot {
    match of {
        ValType::I32 => Slot::i32(0),
        ValType::I64 => Slot::i64(0),
        ValType::F32 => Slot::f32_bits(0),
        ValType::F64 => Slot::f64_bits(0),
        ValType::V128 => Slot::v128(0),
        ValType::Ref(_) => Slot::NULL,
    }
}
