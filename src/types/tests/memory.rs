//! Registrations for which the allocator refuses memory.

use super::refusing_allocator::refusing;
use crate::base::ref_counted::RefCounted;
use crate::error::Error;
use crate::types::*;

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

/// A collection of four groups:
///
/// * A leaf.
/// * Three types that refer to each other and to the leaf. Two of them are functions and
///   have trampolines.
/// * An equal leaf.
/// * A subtype of that leaf. Its fields refer to the second group and to the leaf,
///   alternately.
fn collection() -> Vec<RecGroup> {
    let leaf = || group(vec![structure(&[ValType::I64], None)]);
    let mut alternating = vec![ValType::I64];
    alternating.extend([3, 0, 2, 4].map(reference));
    vec![
        leaf(),
        group(vec![
            structure(&[reference(2), reference(0)], None),
            function(&[reference(1), ValType::I32]),
            function(&[reference(0)]),
        ]),
        leaf(),
        group(vec![structure(&alternating, Some(4))]),
    ]
}

/// Repeats a registration and refuses another of its requests each time, until one
/// registration succeeds. Returns the number of requests. `kept` holds every `Type` of the
/// registry.
fn refuse_each(registry: &RefCounted<Registry>, kept: &[Type]) -> u64 {
    let declared = collection();
    let groups: Vec<_> = declared.iter().collect();
    let before = registry.len();
    for granted in 0.. {
        let (registered, refused) = refusing(granted, || Registry::register(registry, &groups));
        match registered {
            Ok(types) => {
                assert!(!refused, "succeeded without request {granted}");
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
            // The tables are empty, or have some room from `kept` registered groups.
            let registry = Registry::new().unwrap();
            let declared = collection();
            let some: Vec<_> = declared.iter().take(kept).collect();
            let some = Registry::register(&registry, &some).unwrap();
            let granted = refuse_each(&registry, &some);
            drop(some);
            assert_eq!(registry.len(), 0, "a reference leaked");
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
fn a_registry_that_is_refused_memory_is_not_made() {
    let (made, refused) = refusing(0, || Registry::new().map(drop));
    assert!(refused);
    assert!(matches!(made, Err(Error::SystemMemory { .. })));
}
