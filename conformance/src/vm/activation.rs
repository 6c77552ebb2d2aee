//! Runs code until the outermost frame returns.

use std::rc::Rc;

use super::machine::{Func, Vm};
use super::numeric::numeric;
use crate::code::{Code, Op, Target};
use crate::gc::{Slot, ValueStack};
use crate::instance::Instance;
use crate::stop::{EXHAUSTED, Result, Stop, trap};

/// The open calls of Wasm functions since the interpreter was entered.
pub struct Activation<'a> {
    pub vm: &'a Vm,
    pub stack: &'a ValueStack,
    /// The innermost call.
    pub frame: Frame,
    pub callers: Vec<Frame>,
}

/// A call.
pub struct Frame {
    pub instance: Rc<Instance>,
    pub code: Rc<Code>,
    /// The index of the next operation.
    pub pc: usize,
    /// The height of the stack at which its parameters begin.
    pub base: usize,
}

impl Drop for Activation<'_> {
    fn drop(&mut self) {
        let calls = self.vm.calls.get() - self.callers.len() - 1;
        self.vm.calls.set(calls);
    }
}

impl<'a> Activation<'a> {
    /// Begins a call of a function. Its arguments are on the stack.
    pub fn new(vm: &'a Vm, func: Func) -> Result<Activation<'a>> {
        Ok(Activation {
            vm,
            stack: &vm.stack,
            frame: Frame::new(vm, func)?,
            callers: Vec::new(),
        })
    }

    pub fn run(mut self) -> Result<()> {
        loop {
            match self.step() {
                Ok(false) => {}
                Ok(true) => return Ok(()),
                Err(Stop::Thrown(exception)) => self.unwind(exception)?,
                Err(stop) => return Err(stop),
            }
        }
    }

    /// Runs the next operation. Returns true if the outermost frame has returned.
    fn step(&mut self) -> Result<bool> {
        let op = self.frame.code.ops[self.frame.pc];
        self.frame.pc += 1;
        match op {
            Op::Unreachable => return trap("unreachable executed"),
            Op::Jump(pc) => self.frame.pc = pc as usize,
            Op::JumpUnless(pc) => {
                if !self.condition() {
                    self.frame.pc = pc as usize;
                }
            }
            Op::Br(target) => self.branch(target)?,
            Op::BrIf(target) => {
                if self.condition() {
                    self.branch(target)?;
                }
            }
            Op::BrTable(table) => self.branch_table(table)?,
            Op::BrOnNull(target) => self.branch_on_null(target)?,
            Op::BrOnNonNull(target) => self.branch_on_non_null(target)?,
            Op::BrOnCast(cast) => self.branch_on_cast(cast)?,
            Op::Return => return Ok(self.leave()),
            Op::Call(func) => self.call(func)?,
            Op::CallIndirect { table, of } => self.call_indirect(table, of)?,
            Op::CallRef(of) => self.call_ref(of)?,
            Op::ReturnCall(func) => return self.return_call(func),
            Op::ReturnCallIndirect { table, of } => return self.return_call_indirect(table, of),
            Op::ReturnCallRef(of) => return self.return_call_ref(of),
            Op::Throw(tag) => return self.throw(tag),
            Op::ThrowRef => return self.throw_ref(),
            Op::Numeric(op) => numeric(self.stack, op)?,
            _ => self.data(op)?,
        }
        Ok(false)
    }

    /// Runs an operation that does not change the order of execution.
    fn data(&mut self, op: Op) -> Result<()> {
        match op {
            Op::Drop => {
                self.stack.pop();
            }
            Op::Select => self.select(),
            Op::LocalGet(index) => self.push(self.stack.get(self.local(index))),
            Op::LocalSet(index) => self.stack.set(self.local(index), self.stack.pop()),
            Op::LocalTee(index) => self.stack.set(self.local(index), self.stack.peek(0)),
            Op::GlobalGet(index) => self.push(self.frame.instance.global(index).global.get()?),
            Op::GlobalSet(index) => {
                let global = self.frame.instance.global(index);
                global.global.set(self.stack.pop())?;
            }
            Op::I32Const(value) => self.push(Slot::i32(value)),
            Op::I64Const(value) => self.push(Slot::i64(value)),
            Op::F32Const(bits) => self.push(Slot::f32_bits(bits)),
            Op::F64Const(bits) => self.push(Slot::f64_bits(bits)),
            Op::V128Const(vector) => self.v128_const(vector),
            Op::Lane { what, lane } => self.lane(what, lane),
            Op::Shuffle(indices) => self.shuffle(indices),
            Op::Load {
                what,
                memory,
                offset,
            } => self.load(what, memory, offset)?,
            Op::Store {
                what,
                memory,
                offset,
            } => self.store(what, memory, offset)?,
            Op::MemorySize(memory) => self.memory_size(memory),
            Op::MemoryGrow(memory) => self.memory_grow(memory),
            Op::MemoryFill(memory) => self.memory_fill(memory)?,
            Op::MemoryCopy { to, from } => self.memory_copy(to, from)?,
            Op::MemoryInit { memory, data } => self.memory_init(memory, data)?,
            Op::DataDrop(data) => self.frame.instance.drop_data(data),
            Op::TableGet(table) => self.table_get(table)?,
            Op::TableSet(table) => self.table_set(table)?,
            Op::TableSize(table) => self.table_size(table)?,
            Op::TableGrow(table) => self.table_grow(table)?,
            Op::TableFill(table) => self.table_fill(table)?,
            Op::TableCopy { to, from } => self.table_copy(to, from)?,
            Op::TableInit { table, elements } => self.table_init(table, elements)?,
            Op::ElemDrop(elements) => self.frame.instance.drop_elements(elements),
            _ => self.gc(op)?,
        }
        Ok(())
    }

    /// Runs an operation on references.
    fn gc(&mut self, op: Op) -> Result<()> {
        match op {
            Op::RefNull => self.push(Slot::NULL),
            Op::RefIsNull => self.ref_is_null(),
            Op::RefAsNonNull => self.ref_as_non_null()?,
            Op::RefFunc(func) => self.push(Slot::reference(self.frame.instance.func(func)?)),
            Op::RefEq => self.ref_eq()?,
            Op::RefTest(of) => self.ref_test(of)?,
            Op::RefCast(to) => self.ref_cast(to)?,
            Op::RefI31 => self.ref_i31()?,
            Op::I31Get(extension) => self.i31_get(extension)?,
            Op::AnyConvertExtern => self.any_convert_extern()?,
            Op::ExternConvertAny => self.extern_convert_any()?,
            Op::StructNew(of) => self.struct_new(of)?,
            Op::StructNewDefault(of) => self.struct_new_default(of)?,
            Op::StructGet { field, extension } => self.struct_get(field, extension)?,
            Op::StructSet(field) => self.struct_set(field)?,
            Op::ArrayNew(of) => self.array_new(of)?,
            Op::ArrayNewDefault(of) => self.array_new_default(of)?,
            Op::ArrayNewFixed { of, count } => self.array_new_fixed(of, count)?,
            Op::ArrayNewData { of, data } => self.array_new_data(of, data)?,
            Op::ArrayNewElem { of, elements } => self.array_new_elem(of, elements)?,
            Op::ArrayGet(extension) => self.array_get(extension)?,
            Op::ArraySet => self.array_set()?,
            Op::ArrayLen => self.array_len()?,
            Op::ArrayFill => self.array_fill()?,
            Op::ArrayCopy => self.array_copy()?,
            Op::ArrayInitData { of, data } => self.array_init_data(of, data)?,
            Op::ArrayInitElem(elements) => self.array_init_elem(elements)?,
            _ => unreachable!("{op:?} is control"),
        }
        Ok(())
    }

    pub fn push(&self, slot: Slot) {
        self.stack.push(slot);
    }

    fn local(&self, index: u32) -> usize {
        self.frame.base + index as usize
    }

    fn condition(&self) -> bool {
        self.stack.pop().as_i32() != 0
    }

    fn select(&self) {
        let first = self.condition();
        let second = self.stack.pop();
        if !first {
            self.stack.set_top(second);
        }
    }

    pub fn branch(&mut self, target: Target) -> Result<()> {
        self.vm.count_step()?;
        let height = self.frame.base + target.height as usize;
        self.stack.keep_top(target.values as usize, height);
        self.frame.pc = target.pc as usize;
        Ok(())
    }

    fn branch_table(&mut self, table: u32) -> Result<()> {
        let index = self.stack.pop().as_u32() as usize;
        let targets = &self.frame.code.tables[table as usize];
        let target = targets[index.min(targets.len() - 1)];
        self.branch(target)
    }

    /// Ends the innermost call. Returns true if it was also the outermost one.
    pub fn leave(&mut self) -> bool {
        self.stack
            .keep_top(self.frame.code.results, self.frame.base);
        let Some(caller) = self.callers.pop() else {
            return true;
        };
        self.vm.calls.set(self.vm.calls.get() - 1);
        self.frame = caller;
        false
    }
}

impl Frame {
    pub fn new(vm: &Vm, func: Func) -> Result<Frame> {
        let Func { instance, code } = func;
        let room = vm.stack.has_room(code.locals.len() + code.operands);
        if !room || vm.calls.get() >= vm.limits.calls {
            return trap(EXHAUSTED);
        }
        vm.count_step()?;
        let base = vm.stack.height() - code.params;
        for local in &code.locals {
            vm.stack.push(*local);
        }
        vm.calls.set(vm.calls.get() + 1);
        Ok(Frame {
            instance,
            code,
            pc: 0,
            base,
        })
    }
}
