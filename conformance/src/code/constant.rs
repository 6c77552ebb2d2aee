//! Constant expressions: code without control flow.

use anyhow::{Result, bail};
use wasmparser::{ConstExpr, Operator};

use super::operators::plain;
use super::vectors::vector;
use super::{Code, Op};

/// Compiles a constant expression that the validator has accepted.
pub fn constant(expression: &ConstExpr<'_>) -> Result<Code> {
    let (mut ops, mut vectors) = (Vec::new(), Vec::new());
    for operator in expression.get_operators_reader() {
        let operator = operator?;
        let op = plain(&operator).or_else(|| vector(&operator, &mut vectors));
        match (&operator, op) {
            (Operator::End, _) => ops.push(Op::Return),
            (_, Some(op)) => ops.push(op),
            (_, None) => bail!("{operator:?} in a constant expression"),
        }
    }
    Ok(Code {
        vectors,
        ..code(ops)
    })
}

/// The code of the constant expression `ref.func`.
pub fn function_reference(function: u32) -> Code {
    code(vec![Op::RefFunc(function), Op::Return])
}

fn code(ops: Vec<Op>) -> Code {
    Code {
        results: 1,
        // Each operation pushes at most one value.
        operands: ops.len(),
        ops,
        ..Code::default()
    }
}
