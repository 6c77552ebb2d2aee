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

/// What the two crates have in common.
trait Slots: Default + 'static {
    type Key: Copy + 'static;

    fn add(&mut self, value: u64) -> Self::Key;
    fn end(&mut self, key: Self::Key);
    fn read(&self, key: Self::Key) -> Option<&u64>;
}

impl Slots for Slab<u64> {
    type Key = usize;

    fn add(&mut self, value: u64) -> usize {
        self.insert(value)
    }

    fn end(&mut self, key: usize) {
        self.remove(key);
    }

    fn read(&self, key: usize) -> Option<&u64> {
        self.get(key)
    }
}

impl Slots for SlotMap<DefaultKey, u64> {
    type Key = DefaultKey;

    fn add(&mut self, value: u64) -> DefaultKey {
        self.insert(value)
    }

    fn end(&mut self, key: DefaultKey) {
        self.remove(key);
    }

    fn read(&self, key: DefaultKey) -> Option<&u64> {
        self.get(key)
    }
}

fn read_manual<S: Slots>() -> impl FnMut(u64) {
    let mut slots = S::default();
    let key = slots.add(1);
    move |count| {
        for _ in 0..count {
            black_box(black_box(&slots).read(black_box(key)));
        }
    }
}

fn manual_root_unroot<S: Slots>() -> impl FnMut(u64) {
    let mut slots = S::default();
    move |count| {
        for _ in 0..count {
            let key = black_box(&mut slots).add(1);
            slots.end(black_box(key));
        }
    }
}

/// A thousand at a time are inserted, and removed in the same order.
fn manual_batch_1000<S: Slots>() -> impl FnMut(u64) {
    let mut slots = S::default();
    let mut keys = Vec::with_capacity(1000);
    move |count| {
        let mut left = count as usize;
        while left > 0 {
            let batch = left.min(1000);
            left -= batch;
            keys.extend((0..batch).map(|_| black_box(&mut slots).add(1)));
            keys.drain(..).for_each(|key| slots.end(key));
        }
    }
}

/// A random one of 65,536 values is removed, and another one inserted.
fn manual_churn<S: Slots>() -> impl FnMut(u64) {
    let mut slots = S::default();
    let mut keys: Vec<S::Key> = (0..CHURNED).map(|_| slots.add(1)).collect();
    let mut random: u32 = 12345;
    move |count| {
        for _ in 0..count {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            let at = (random >> 16) as usize;
            slots.end(keys[at]);
            keys[at] = slots.add(1);
        }
    }
}

fn operations<S: Slots>() -> Vec<Operation<'static>> {
    vec![
        ("read_manual", Box::new(read_manual::<S>())),
        ("manual_root_unroot", Box::new(manual_root_unroot::<S>())),
        ("manual_batch_1000", Box::new(manual_batch_1000::<S>())),
        ("manual_churn", Box::new(manual_churn::<S>())),
    ]
}

fn main() {
    let mut operations = match std::env::args().nth(1).as_deref() {
        Some("slab") => operations::<Slab<u64>>(),
        Some("slotmap") => operations::<SlotMap<DefaultKey, u64>>(),
        _ => {
            eprintln!("the first argument is slab or slotmap");
            std::process::exit(2);
        }
    };
    run(2, &mut operations);
}
