//! Registrations that the allocator refuses memory.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

use super::*;
use crate::base::counted::Counted;
use crate::error::Error;

thread_local! {
    /// Requests of this thread that are granted before one is refused.
    static GRANTED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The system's allocator, which can be made to refuse one request of a thread.
struct Refusing;

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

fn refuse() -> bool {
    let granted = GRANTED.get();
    GRANTED.set(granted.and_then(|granted| granted.checked_sub(1)));
    granted == Some(0)
}

// SAFETY: what the system's allocator answers, or null.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if refuse() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Runs `call` with a request refused after some that are granted; whether there
/// were as many.
pub(crate) fn refusing<T>(granted: u64, call: impl FnOnce() -> T) -> (T, bool) {
    GRANTED.set(Some(granted));
    let result = call();
    (result, GRANTED.replace(None).is_none())
}

fn reference(index: u32) -> ValType<Declared> {
    ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Concrete(Declared::Local(index)),
    })
}

fn structure(fields: &[ValType<Declared>], supertype: Option<u32>) -> SubType<Declared> {
    let field = |&value: &ValType<Declared>| FieldType {
        storage: StorageType::Val(value),
        mutable: false,
    };
    SubType {
        is_final: false,
        supertype: supertype.map(Declared::Local),
        composite: Composite::Struct(fields.iter().map(field).collect()),
    }
}

fn function(params: &[ValType<Declared>]) -> SubType<Declared> {
    SubType {
        is_final: true,
        supertype: None,
        composite: Composite::Func {
            params: params.to_vec(),
            results: vec![ValType::F64],
        },
    }
}

fn group(members: Vec<SubType<Declared>>) -> RecGroup {
    let mut group = RecGroup::default();
    for member in members {
        group.add(member).unwrap();
    }
    group
}

/// A leaf; three that refer to each other and to it, of which two have trampolines;
/// the leaf again; a subtype that refers to both by turns.
fn collection() -> Vec<RecGroup> {
    let leaf = || group(vec![structure(&[ValType::I64], None)]);
    let mut by_turns = vec![ValType::I64];
    by_turns.extend([3, 0, 2, 4].map(reference));
    vec![
        leaf(),
        group(vec![
            structure(&[reference(2), reference(0)], None),
            function(&[reference(1), ValType::I32]),
            function(&[reference(0)]),
        ]),
        leaf(),
        group(vec![structure(&by_turns, Some(4))]),
    ]
}

/// Refuses each request of a registration in turn, and returns how many there were.
/// `kept` are all types that there are.
fn refuse_each(registry: &Counted<Registry>, kept: &[Type]) -> u64 {
    let declared = collection();
    let groups: Vec<_> = declared.iter().collect();
    let before = registry.len();
    for granted in 0.. {
        let (registered, refused) = refusing(granted, || Registry::register(registry, &groups));
        match registered {
            Ok(types) => {
                assert!(!refused, "went on after {granted} requests");
                assert_eq!(types.len(), 6);
                registry.check_with(kept.iter().chain(&types)).unwrap();
                return granted;
            }
            Err(error) => {
                assert!(matches!(error, Error::SystemMemory { .. }), "{error}");
                assert_eq!(registry.len(), before, "after {granted} requests");
                registry.check_with(kept).unwrap();
            }
        }
    }
    unreachable!()
}

#[test]
fn a_registration_that_is_refused_memory_leaves_nothing() {
    let granted: Vec<_> = (0..3)
        .map(|kept| {
            // Tables of different sizes: none, and with as much and less than is free.
            let registry = Registry::new().unwrap();
            let declared = collection();
            let some: Vec<_> = declared.iter().take(kept).collect();
            let some = Registry::register(&registry, &some).unwrap();
            let granted = refuse_each(&registry, &some);
            drop(some);
            assert_eq!(registry.len(), 0, "counted too often");
            granted
        })
        .collect();
    assert!(
        granted[0] > granted[1] && granted[1] > granted[2],
        "{granted:?}"
    );
    assert!(granted[2] > 20, "{granted:?}");
    println!("{granted:?} requests");
}

#[test]
fn a_registry_that_is_refused_memory_is_none() {
    let (made, refused) = refusing(0, || Registry::new().map(drop));
    assert!(refused);
    assert!(matches!(made, Err(Error::SystemMemory { .. })));
}
