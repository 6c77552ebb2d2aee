//! Constant expressions, which are code without control.

use anyhow::{Result, bail};
use wasmparser::{ConstExpr, Operator};

use super::operators::plain;
use super::{Code, Op};

/// The code of a constant expression that was validated.
pub fn constant(expression: &ConstExpr<'_>) -> Result<Code> {
    let mut ops = Vec::new();
    for operator in expression.get_operators_reader() {
        let operator = operator?;
        match (&operator, plain(&operator)) {
            (Operator::End, _) => ops.push(Op::Return),
            (_, Some(op)) => ops.push(op),
            (_, None) => bail!("{operator:?} in a constant expression"),
        }
    }
    Ok(code(ops))
}

/// `ref.func`.
pub fn function_reference(function: u32) -> Code {
    code(vec![Op::RefFunc(function), Op::Return])
}

fn code(ops: Vec<Op>) -> Code {
    Code {
        results: 1,
        // No operation pushes more than one.
        operands: ops.len(),
        ops,
        ..Code::default()
    }
}
