//! Shortens a failing program by delta debugging (Zeller and Hildebrandt, IEEE TSE 28,
//! 2002): removes smaller and smaller parts as long as the program still fails.

use super::program::{Operation, op};

/// The shortest failing program that was found. `fails` must be true for `program`.
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

/// Removes each part of this length without which the program still fails.
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

/// Replaces the seed of each operation by a smaller one, if the program still fails.
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
