//! The crates `slab` and `slotmap`, which a Rust program may use instead of manual roots: the
//! value is a pointer to host data. They are inlined, and need no calls. The argument names
//! the crate.

#[path = "../../measure.rs"]
mod measure;

use std::hint::black_box;

use measure::{Operation, run};
use slab::Slab;
use slotmap::{DefaultKey, SlotMap};

const CHURNED: usize = 1 << 16;

/// The random numbers of the churn in benches/operations.
fn next(random: &mut u32) -> usize {
    *random = random.wrapping_mul(1664525).wrapping_add(1013904223);
    (*random >> 16) as usize
}

fn slab_operations() -> Vec<Operation<'static>> {
    let mut single: Slab<u64> = Slab::new();
    let mut read: Slab<u64> = Slab::new();
    let key = read.insert(1);
    let mut churned: Slab<u64> = Slab::new();
    let mut keys: Vec<usize> = (0..CHURNED).map(|_| churned.insert(1)).collect();
    let mut random = 12345;
    vec![
        (
            "read_manual",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(black_box(&read).get(black_box(key)));
                }
            }),
        ),
        (
            "manual_root_unroot",
            Box::new(move |count| {
                for _ in 0..count {
                    let key = black_box(&mut single).insert(1);
                    single.remove(black_box(key));
                }
            }),
        ),
        (
            "manual_churn",
            Box::new(move |count| {
                for _ in 0..count {
                    let at = next(&mut random);
                    churned.remove(keys[at]);
                    keys[at] = churned.insert(1);
                }
            }),
        ),
    ]
}

fn slotmap_operations() -> Vec<Operation<'static>> {
    let mut single: SlotMap<DefaultKey, u64> = SlotMap::new();
    let mut read: SlotMap<DefaultKey, u64> = SlotMap::new();
    let key = read.insert(1);
    let mut churned: SlotMap<DefaultKey, u64> = SlotMap::new();
    let mut keys: Vec<DefaultKey> = (0..CHURNED).map(|_| churned.insert(1)).collect();
    let mut random = 12345;
    vec![
        (
            "read_manual",
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(black_box(&read).get(black_box(key)));
                }
            }),
        ),
        (
            "manual_root_unroot",
            Box::new(move |count| {
                for _ in 0..count {
                    let key = black_box(&mut single).insert(1);
                    single.remove(black_box(key));
                }
            }),
        ),
        (
            "manual_churn",
            Box::new(move |count| {
                for _ in 0..count {
                    let at = next(&mut random);
                    churned.remove(keys[at]);
                    keys[at] = churned.insert(1);
                }
            }),
        ),
    ]
}

fn main() {
    let mut operations = match std::env::args().nth(1).as_deref() {
        Some("slab") => slab_operations(),
        Some("slotmap") => slotmap_operations(),
        _ => {
            eprintln!("the first argument is slab or slotmap");
            std::process::exit(2);
        }
    };
    run(2, &mut operations);
}
