//! The registry, without a store.

use crate::base::ref_counted::RefCounted;
use crate::error::Error;
use crate::types::*;

type Field = FieldType<Declared>;

const fn field(storage: StorageType<Declared>, mutable: bool) -> Field {
    FieldType { storage, mutable }
}

fn i32_field() -> Field {
    field(StorageType::Val(ValType::I32), true)
}

fn reference(heap: HeapType<Declared>) -> Field {
    let nullable = true;
    field(
        StorageType::Val(ValType::Ref(RefType { nullable, heap })),
        false,
    )
}

fn local(index: u32) -> Field {
    reference(HeapType::Concrete(Declared::Local(index)))
}

fn open(fields: Vec<Field>, supertype: Option<u32>) -> SubType<Declared> {
    SubType {
        is_final: false,
        supertype: supertype.map(Declared::Local),
        composite: Composite::Struct(fields),
    }
}

fn group(members: Vec<SubType<Declared>>) -> RecGroup {
    let mut group = RecGroup::default();
    for (position, member) in (0..).zip(members) {
        assert_eq!(group.add(member), Ok(position));
    }
    group
}

fn register(registry: &RefCounted<Registry>, groups: &[RecGroup]) -> Result<Vec<Type>, Error> {
    let groups: Vec<_> = groups.iter().collect();
    Registry::register(registry, &groups)
}

fn indices(types: &[Type]) -> Vec<u32> {
    types.iter().map(|registered| registered.index).collect()
}

#[test]
fn equal_groups_are_one_and_positions_tell_members_apart() {
    let registry = Registry::new().unwrap();
    let pair = || group(vec![open(vec![local(1)], None), open(vec![local(1)], None)]);
    let types = register(&registry, &[pair()]).unwrap();
    assert_ne!(types[0].index, types[1].index);
    assert_eq!(
        indices(&register(&registry, &[pair()]).unwrap()),
        indices(&types)
    );
    // A struct with the same fields in a different group is a different type.
    let alone = register(&registry, &[group(vec![open(vec![local(0)], None)])]).unwrap();
    assert!(!indices(&types).contains(&alone[0].index));
    registry.check_with(types.iter().chain(&alone)).unwrap();
}

#[test]
fn a_collection_maps_its_indices() {
    let registry = Registry::new().unwrap();
    let leaf = || group(vec![open(vec![i32_field()], None)]);
    let node = |of| group(vec![open(vec![i32_field(), local(of)], Some(of))]);
    // Two equal leaves and a subtype of each.
    let types = register(&registry, &[leaf(), leaf(), node(0), node(1)]).unwrap();
    let found = indices(&types);
    assert_eq!((found[0], found[2]), (found[1], found[3]));
    assert!(types[3].is_subtype_of(&types[0]) && !types[0].is_subtype_of(&types[3]));
    assert_eq!(types[2].layout.offsets, [8, 12]);
    assert_eq!(types[2].layout.bytes, 16);
    registry.check_with(&types).unwrap();
}

#[test]
fn what_is_not_well_formed_is_refused_and_leaves_nothing() {
    let registry = Registry::new().unwrap();
    let array = |mutable| SubType {
        is_final: true,
        supertype: None,
        composite: Composite::Array(field(StorageType::I8, mutable)),
    };
    // Index 0 is a final array in a group of its own.
    let plain = || open(vec![i32_field()], None);
    let narrow = open(vec![field(StorageType::I16, true)], Some(1));
    for (members, what) in [
        (vec![open(vec![local(3)], None)], "type 1 refers to a type"),
        (vec![open(vec![], Some(1))], "type 1 comes before"),
        (vec![open(vec![], Some(2)), plain()], "type 1 comes before"),
        (
            vec![open(vec![], Some(0))],
            "type 1 names a final supertype",
        ),
        (
            vec![plain(), open(vec![], Some(1))],
            "type 2 does not match",
        ),
        (vec![plain(), narrow], "type 2 does not match"),
    ] {
        let error = register(&registry, &[group(vec![array(false)]), group(members)]).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(registry.len(), 0, "{what}");
        registry.check().unwrap();
    }
}

#[test]
fn a_check_finds_a_wrong_count() {
    let registry = Registry::new().unwrap();
    let leaf = group(vec![open(vec![], None)]);
    let node = group(vec![open(vec![local(0)], None)]);
    let types = register(&registry, &[leaf, node]).unwrap();
    registry.check_with(&types).unwrap();
    assert!(
        registry.check_with(&types[1..]).is_err(),
        "one reference is unknown"
    );
    let count = &types[0].group().count;
    // Only the edge stays counted, then nothing.
    assert!(!count.decrement_locked());
    registry.check().unwrap();
    assert!(registry.check_with(&types).is_err());
    assert!(count.decrement_locked());
    assert!(registry.check().is_err());
    assert!(count.increment() && count.increment());
    registry.check_with(&types).unwrap();
}

#[test]
fn a_group_has_one_edge_to_each_group_that_it_refers_to() {
    let registry = Registry::new().unwrap();
    let func = |heap| {
        let reference = RefType {
            nullable: false,
            heap,
        };
        SubType {
            is_final: true,
            supertype: None,
            composite: Composite::Func {
                params: vec![ValType::Ref(reference); 2],
                results: vec![],
            },
        }
    };
    let function = |index| func(HeapType::Concrete(Declared::Local(index)));
    let a = group(vec![open(vec![], None), open(vec![i32_field()], None)]);
    let b = group(vec![open(vec![i32_field()], None)]);
    // The fields of the first member alternate between the groups. The two functions
    // share a trampoline.
    let fields = (0..300).map(|field| local(field % 3)).collect();
    let members = vec![
        open(fields, Some(0)),
        open(vec![local(2), local(1)], Some(0)),
        function(0),
        function(2),
    ];
    let types = register(&registry, &[a, b, group(members)]).unwrap();
    assert_eq!(types[5].trampoline, types[6].trampoline);
    let edges = &types[3].group().edges;
    assert_eq!((edges.len(), edges.capacity()), (3, 3));
    registry.check_with(&types).unwrap();
    drop(types);
    assert_eq!(registry.len(), 0);
}

#[test]
fn functions_have_trampolines() {
    let registry = Registry::new().unwrap();
    let func = |params| SubType {
        is_final: true,
        supertype: None,
        composite: Composite::Func {
            params,
            results: vec![ValType::I64],
        },
    };
    let heap = |heap| {
        ValType::Ref(RefType {
            nullable: false,
            heap,
        })
    };
    let special = group(vec![
        open(vec![], None),
        func(vec![
            heap(HeapType::Concrete(Declared::Local(0))),
            ValType::F32,
        ]),
    ]);
    let any = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Abstract(AbstractType::Any),
    });
    let types = register(&registry, &[special]).unwrap();
    let erased = register(&registry, &[group(vec![func(vec![any, ValType::F32])])]).unwrap();
    assert_eq!(types[1].trampoline, erased[0].index);
    assert_eq!(erased[0].trampoline, erased[0].index);
    assert_eq!(types[0].trampoline, types[0].index);
    registry.check_with(types.iter().chain(&erased)).unwrap();
    drop(erased);
    assert_eq!(registry.len(), 3, "the function keeps its trampoline");
    registry.check_with(&types).unwrap();
    drop(types);
    assert_eq!(registry.len(), 0);
}

#[test]
fn a_chain_of_a_million_groups_is_dropped_without_recursion() {
    let registry = Registry::new().unwrap();
    let mut last: Option<Type> = None;
    for _ in 0..if cfg!(debug_assertions) {
        100_000
    } else {
        1_000_000
    } {
        let mut group = RecGroup::default();
        let next = match last.take() {
            Some(before) => {
                let before = group.refer_to(before).unwrap();
                vec![reference(HeapType::Concrete(before))]
            }
            None => vec![],
        };
        group.add(open(next, None)).unwrap();
        last = register(&registry, &[group]).unwrap().pop();
    }
    assert!(registry.len() >= 100_000);
    drop(last);
    assert_eq!(registry.len(), 0);
    registry.check().unwrap();
}

#[test]
fn a_collection_has_at_most_a_million_types() {
    let registry = Registry::new().unwrap();
    let thousand = group((0..1000).map(|_| open(vec![], None)).collect());
    let one = group(vec![open(vec![], None)]);
    let mut groups = vec![&thousand; 1000];
    groups.push(&one);
    let refused = Registry::register(&registry, &groups).unwrap_err();
    let what = "types of a collection";
    let limit = 1_000_000;
    assert_eq!(refused, Error::Limit { what, limit });
    assert_eq!(registry.len(), 0);
}

#[test]
fn a_type_of_another_registry_is_refused() {
    let (registry, other) = (Registry::new().unwrap(), Registry::new().unwrap());
    let foreign = register(&other, &[group(vec![open(vec![], None)])])
        .unwrap()
        .remove(0);
    let pair = || vec![open(vec![], None), open(vec![i32_field()], None)];
    let mut declared = group(pair());
    let foreign = declared.refer_to(foreign).unwrap();
    declared
        .add(open(vec![reference(HeapType::Concrete(foreign))], None))
        .unwrap();
    let refused = register(&registry, &[group(pair()), declared]).unwrap_err();
    assert_eq!(refused, Error::ForeignType { index: 4 });
    assert_eq!(registry.len(), 0);
}

#[test]
fn threads_that_register_and_drop_the_same_groups_agree() {
    let registry = Registry::new().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..2000 {
                    let leaf = group(vec![open(vec![i32_field(); round % 3], None)]);
                    let node = group(vec![open(vec![local(0)], None)]);
                    let types = register(&registry, &[leaf, node]).unwrap();
                    let again = types[1].try_clone().unwrap();
                    drop(types);
                    assert_eq!(again.composite.len(), 1);
                }
            });
        }
    });
    assert_eq!(registry.len(), 0);
    registry.check().unwrap();
}
