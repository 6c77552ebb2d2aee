//! Compares the registry with an independent implementation of the same rules, the
//! validator of `wasmparser`: both must agree which groups are valid, which types are
//! equal and which are subtypes.
//!
//! Two environment variables control the comparison. `GCROOTS_ORACLE_GROUPS` is the number
//! of groups. `GCROOTS_ORACLE_SEED` is the seed of the first batch. A failure prints the
//! seed of its batch.

mod generate;
mod wasm;

use std::collections::HashMap;

use wasmparser::WasmModuleResources;
use wasmparser::types::{CoreTypeId, TypesRef};

use self::generate::{Collection, Group, Member, Name, Random};
use self::wasm::Oracle;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};
use crate::types::*;

/// The number of collections that share a registry and an oracle.
const COLLECTIONS: usize = 4;
/// The number of groups that are offered to a collection.
const CANDIDATES: usize = 16;

/// Prints the seed when a test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("GCROOTS_ORACLE_SEED={}", self.0);
        }
    }
}

/// Counts of what was compared.
#[derive(Debug, Default)]
struct Compared {
    groups: usize,
    invalid: usize,
    pairs: usize,
    equal_pairs: usize,
    subtype_pairs: usize,
    reference_pairs: usize,
    refusals: HashMap<&'static str, usize>,
}

fn variable(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap(),
        Err(_) => default,
    }
}

/// Declares a group for the registry. `start` is the index of its first member in the
/// collection.
fn declared(group: &[Member], start: u32) -> Result<RecGroup> {
    let mut declared = RecGroup::default();
    for member in group {
        let name = |name| {
            Ok(Declared::Local(match name {
                Name::Member(position) => start + position,
                Name::Earlier(index) => index,
            }))
        };
        declared.add(member.rename(name)?)?;
    }
    Ok(declared)
}

fn declare<'a>(groups: impl Iterator<Item = &'a Group>) -> Result<Vec<RecGroup>> {
    let mut start = 0;
    let declare = |group: &Group| {
        let declared = declared(group, start);
        start += group.len() as u32;
        declared
    };
    groups.map(declare).collect()
}

fn register(registry: &RefCounted<Registry>, groups: &[RecGroup]) -> Result<Vec<Type>> {
    Registry::register(registry, &groups.iter().collect::<Vec<_>>())
}

fn indices(types: &[Type]) -> Vec<u32> {
    types.iter().map(|registered| registered.index).collect()
}

/// Offers random groups to the collection. The registry and the oracle must agree whether
/// each is valid. Adds the valid ones.
fn grow(collection: &mut Collection, random: &mut Random, compared: &mut Compared) {
    let registry = Registry::new().unwrap();
    let declared = declare(collection.groups.iter()).unwrap();
    collection.same = indices(&register(&registry, &declared).unwrap());
    for _ in 0..CANDIDATES {
        let candidate = collection.candidate(random);
        let all = || collection.groups.iter().chain([&candidate]);
        let module = wasm::module(all().map(Vec::as_slice), false);
        let expected = Oracle::default().validate(&module);
        let registered = register(&registry, &declare(all()).unwrap());
        compared.groups += 1;
        match (registered, expected) {
            (Ok(types), Ok(_)) => {
                collection.same = indices(&types);
                collection.push(candidate);
            }
            (Err(Error::InvalidType { what, .. }), Err(_)) => {
                compared.invalid += 1;
                *compared.refusals.entry(what).or_default() += 1;
            }
            (registered, expected) => panic!(
                "{registered:?}, but the oracle: {:?}\n{candidate:#?}",
                expected.map(drop)
            ),
        }
        registry.check().unwrap();
        assert_eq!(registry.len(), 0);
    }
}

/// Makes collections that share many groups, at different indices.
fn collections(random: &mut Random, compared: &mut Compared) -> Vec<Collection> {
    let mut made: Vec<Collection> = Vec::new();
    for number in 0..COLLECTIONS {
        let mut collection = Collection::default();
        if let Some(before) = number.checked_sub(1) {
            let first = Collection::default().candidate(random);
            let alone = wasm::module([first.as_slice()].into_iter(), false);
            let first = match Oracle::default().validate(&alone) {
                Ok(_) => first,
                Err(_) => Group::new(),
            };
            let before = &made[before];
            let kept = random.below(before.groups.len() + 1);
            for group in before.after(first).groups.into_iter().take(kept) {
                collection.push(group);
            }
        }
        grow(&mut collection, random, compared);
        made.push(collection);
    }
    made
}

/// The same types in a registry and in an oracle.
struct Both<'a> {
    types: Vec<Type>,
    ids: Vec<CoreTypeId>,
    by_index: HashMap<u32, usize>,
    oracle: TypesRef<'a>,
}

impl subtyping::Types for Both<'_> {
    fn get(&self, index: u32) -> Option<&RegisteredType> {
        self.by_index.get(&index).map(|&at| &*self.types[at])
    }
}

impl Both<'_> {
    fn compare_pairs(&self, compared: &mut Compared) {
        for (a, &a_id) in self.types.iter().zip(&self.ids) {
            for (b, &b_id) in self.types.iter().zip(&self.ids) {
                let equal = a_id == b_id;
                assert_eq!(a.index == b.index, equal, "{a:?}, {b:?}");
                let above = |&id: &CoreTypeId| self.oracle.supertype_of(id);
                let subtype = core::iter::successors(Some(a_id), above).any(|id| id == b_id);
                assert_eq!(a.is_subtype_of(b), subtype, "{a:?}, {b:?}");
                compared.pairs += 1;
                compared.equal_pairs += usize::from(equal);
                compared.subtype_pairs += usize::from(subtype);
            }
        }
    }

    /// Compares subtyping between reference types: all abstract ones and some concrete ones.
    fn compare_references(
        &self,
        resources: &impl WasmModuleResources,
        random: &mut Random,
        compared: &mut Compared,
    ) {
        let abstracts = AbstractType::WASM.map(HeapType::Abstract).into_iter();
        let concretes = (0..12).filter(|_| !self.types.is_empty());
        let concretes = concretes.map(|_| HeapType::Concrete(random.below(self.types.len())));
        let heaps: Vec<HeapType<usize>> = abstracts.chain(concretes).collect();
        let nullable = |&heap: &HeapType<usize>| [(true, heap), (false, heap)];
        let all: Vec<_> = heaps.iter().flat_map(nullable).collect();
        let names: Vec<_> = all.iter().map(|&name| self.names(name)).collect();
        for (a, oracle_a) in &names {
            for (b, oracle_b) in &names {
                let expected = resources.is_subtype(*oracle_a, *oracle_b);
                assert_eq!(subtyping::reference(self, a, b), expected, "{a:?}, {b:?}");
                compared.reference_pairs += 1;
            }
        }
    }

    /// A reference type for the registry, and the same one for the oracle.
    fn names(&self, name: (bool, HeapType<usize>)) -> (RefType<u32>, wasmparser::ValType) {
        let (nullable, heap) = name;
        let (heap, oracle) = match heap {
            HeapType::Abstract(ty) => (HeapType::Abstract(ty), HeapType::Abstract(ty)),
            HeapType::Concrete(at) => (
                HeapType::Concrete(self.types[at].index),
                HeapType::Concrete(self.ids[at]),
            ),
        };
        let oracle = RefType {
            nullable,
            heap: oracle,
        };
        (RefType { nullable, heap }, wasm::reference(oracle))
    }
}

/// Registers each group with a call of its own. Members refer to earlier types as
/// registered types.
fn register_one_by_one(registry: &RefCounted<Registry>, collection: &Collection) -> Vec<Type> {
    let mut types: Vec<Type> = Vec::new();
    for group in &collection.groups {
        let mut declared = RecGroup::default();
        let outside: Vec<_> = types
            .iter()
            .map(|earlier| declared.refer_to(earlier.try_clone().unwrap()).unwrap())
            .collect();
        for member in group {
            let name = |name| {
                Ok(match name {
                    Name::Member(position) => Declared::Local(position),
                    Name::Earlier(index) => outside[index as usize],
                })
            };
            declared.add(member.rename(name).unwrap()).unwrap();
        }
        types.extend(register(registry, &[declared]).unwrap());
    }
    types
}

/// Registers each collection, drops it, and registers it again. Returns the types.
fn register_again(
    registry: &RefCounted<Registry>,
    collections: &[Collection],
    backwards: bool,
) -> Vec<Vec<Type>> {
    let one = |collection: &Collection| {
        let declared = declare(collection.groups.iter()).unwrap();
        drop(register(registry, &declared).unwrap());
        register(registry, &declared).unwrap()
    };
    if backwards {
        let mut types: Vec<_> = collections.iter().rev().map(one).collect();
        types.reverse();
        types
    } else {
        collections.iter().map(one).collect()
    }
}

fn drop_in_random_order(registry: &Registry, mut types: Vec<Type>, random: &mut Random) {
    while !types.is_empty() {
        drop(types.swap_remove(random.below(types.len())));
        if random.below(50) == 0 {
            registry.check_with(&types).unwrap();
        }
    }
}

fn compare_batch(seed: u64, compared: &mut Compared) {
    let random = &mut Random(seed);
    let collections = collections(random, compared);
    let registry = Registry::new().unwrap();
    let mut oracle = Oracle::default();
    let mut ids = Vec::new();
    for collection in &collections {
        let (types, _) = oracle.validate(&wasm::module_of(collection)).unwrap();
        let types = types.as_ref();
        assert_eq!(types.core_type_count_in_module() as usize, collection.len());
        ids.extend((0..collection.len() as u32).map(|index| types.core_type_at_in_module(index)));
    }
    let (forwards, backwards) = std::thread::scope(|scope| {
        let backwards = scope.spawn(|| register_again(&registry, &collections, true));
        let forwards = register_again(&registry, &collections, false);
        (forwards, backwards.join().unwrap())
    });
    let types: Vec<Type> = forwards.into_iter().flatten().collect();
    let mut again: Vec<Type> = backwards.into_iter().flatten().collect();
    assert_eq!(
        indices(&again),
        indices(&types),
        "registered by another thread"
    );
    let one_by_one = collections
        .iter()
        .map(|c| register_one_by_one(&registry, c));
    let one_by_one: Vec<Type> = one_by_one.flatten().collect();
    assert_eq!(
        indices(&one_by_one),
        indices(&types),
        "registered one by one"
    );
    let all = types.iter().chain(&again).chain(&one_by_one);
    registry.check_with(all).unwrap();

    let (oracle, resources) = oracle
        .validate(&wasm::module([].into_iter(), true))
        .unwrap();
    let by_index = (0..types.len()).map(|at| (types[at].index, at)).collect();
    let both = Both {
        types,
        ids,
        by_index,
        oracle: oracle.as_ref(),
    };
    both.compare_pairs(compared);
    both.compare_references(&resources.unwrap(), random, compared);
    again.extend(one_by_one);
    again.extend(both.types);
    drop_in_random_order(&registry, again, random);
    assert_eq!(registry.len(), 0);
    registry.check().unwrap();
}

#[test]
fn an_independent_validator_agrees() {
    let groups = variable("GCROOTS_ORACLE_GROUPS", 10_000) as usize;
    let first = variable("GCROOTS_ORACLE_SEED", 1);
    let mut compared = Compared::default();
    for batch in 0.. {
        if compared.groups >= groups {
            break;
        }
        let seed = Seed(first + batch);
        compare_batch(seed.0, &mut compared);
    }
    println!("{compared:#?}");
    // Many groups are valid and many are not. Many types are equal.
    assert!(compared.invalid * 10 > compared.groups);
    assert!(compared.invalid * 2 < compared.groups);
    assert!(compared.equal_pairs > compared.groups);
}

fn open(composite: Composite<Name>, supertype: Option<u32>) -> Member {
    SubType {
        is_final: false,
        supertype: supertype.map(Name::Earlier),
        composite,
    }
}

fn function(params: usize, results: usize) -> Member {
    let values = |count| (0..count).map(|_| ValType::I32).collect();
    let (params, results) = (values(params), values(results));
    open(Composite::Func { params, results }, None)
}

fn structure(fields: usize, supertype: Option<u32>) -> Member {
    let field = FieldType {
        storage: StorageType::I8,
        mutable: true,
    };
    open(Composite::Struct(vec![field; fields]), supertype)
}

#[test]
fn the_limits_are_those_of_other_engines() {
    let chain = |types: u32| -> Vec<Group> {
        let above = |index: u32| structure(0, index.checked_sub(1));
        (0..types).map(|index| vec![above(index)]).collect()
    };
    for (what, groups, valid) in [
        ("parameters", vec![vec![function(1000, 0)]], true),
        ("parameters", vec![vec![function(1001, 0)]], false),
        ("results", vec![vec![function(0, 1000)]], true),
        ("results", vec![vec![function(0, 1001)]], false),
        ("fields", vec![vec![structure(10_000, None)]], true),
        ("fields", vec![vec![structure(10_001, None)]], false),
        ("supertypes", chain(64), true),
        ("supertypes", chain(65), false),
    ] {
        let registry = Registry::new().unwrap();
        let module = wasm::module(groups.iter().map(Vec::as_slice), false);
        assert_eq!(Oracle::default().validate(&module).is_ok(), valid, "{what}");
        match declare(groups.iter()).and_then(|groups| register(&registry, &groups)) {
            Ok(_) => assert!(valid, "{what}"),
            Err(Error::Limit { what: named, .. }) => assert!(!valid && named.contains(what)),
            Err(other) => panic!("{what}: {other}"),
        }
        assert_eq!(registry.len(), 0);
        registry.check().unwrap();
    }
}
