//! Makes a program that fails shorter: Zeller and Hildebrandt's delta debugging (IEEE
//! TSE 28, 2002), which takes out ever smaller parts, as long as it still fails.

use super::program::{Operation, op};

/// The shortest program that was found for which `fails` is true, as it is for this one.
pub(crate) fn shrink(
    program: &[Operation],
    fails: impl Fn(&[Operation]) -> bool,
) -> Vec<Operation> {
    let mut shortest = program.to_vec();
    loop {
        let before = shortest.clone();
        let mut part = shortest.len().div_ceil(2);
        while part > 0 {
            without_parts(&mut shortest, part, &fails);
            part /= 2;
        }
        simplify(&mut shortest, &fails);
        if shortest == before {
            return shortest;
        }
    }
}

/// Takes out each part of this length without which the program fails too.
fn without_parts(
    shortest: &mut Vec<Operation>,
    part: usize,
    fails: &impl Fn(&[Operation]) -> bool,
) {
    let mut first = 0;
    while first < shortest.len() {
        let mut shorter = shortest.clone();
        shorter.drain(first..(first + part).min(shortest.len()));
        if fails(&shorter) {
            *shortest = shorter;
        } else {
            first += part;
        }
    }
}

/// Tries the least seeds for each operation.
fn simplify(shortest: &mut Vec<Operation>, fails: &impl Fn(&[Operation]) -> bool) {
    for index in 0..shortest.len() {
        for seed in 0..shortest[index].seed.min(16) {
            let mut simpler = shortest.clone();
            simpler[index] = op(shortest[index].call, seed);
            if fails(&simpler) {
                *shortest = simpler;
                break;
            }
        }
    }
}
