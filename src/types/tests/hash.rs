//! Another process or registry cannot predict the hashes of a registry's groups.

use std::collections::HashMap;
use std::process::Command;

use crate::types::*;

/// The environment variable that makes a test process only print a hash.
const PRINT: &str = "GCROOTS_PRINT_HASH";

/// The hashes of `count` different structs in a new registry.
fn hashes(count: u32) -> Vec<u64> {
    let registry = Registry::new().unwrap();
    let field = |number: u32, bit: u32| FieldType {
        storage: StorageType::Val(if number >> bit & 1 == 0 {
            ValType::I32
        } else {
            ValType::I64
        }),
        mutable: true,
    };
    let declare = |number| {
        let mut group = RecGroup::default();
        let fields = (0..12).map(|bit| field(number, bit)).collect();
        let member = SubType {
            is_final: true,
            supertype: None,
            composite: Composite::Struct(fields),
        };
        group.add(member).unwrap();
        group
    };
    let groups: Vec<_> = (0..count).map(declare).collect();
    let types = Registry::register(&registry, &groups.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(registry.len(), count as usize);
    types.iter().map(|one| one.group().hash).collect()
}

/// The place of a group in a hash table of 65,536 places: the low bits of its hash.
fn place(hash: u64) -> u64 {
    hash & 0xffff
}

#[test]
fn groups_that_collide_in_one_registry_do_not_in_another() {
    let (first, second) = (hashes(4096), hashes(4096));
    let (mut last_there, mut collisions, mut again) = (HashMap::new(), 0, 0);
    for (at, &hash) in first.iter().enumerate() {
        if let Some(before) = last_there.insert(place(hash), at) {
            collisions += 1;
            again += usize::from(place(second[before]) == place(second[at]));
        }
    }
    // About 124 collisions are expected. Each occurs in the second registry with a
    // probability of 1 in 65,536.
    assert!(collisions > 50, "{collisions}");
    assert!(again < 5, "{again} of {collisions}");
}

#[test]
fn another_process_has_other_hashes() {
    if std::env::var_os(PRINT).is_some() {
        println!("hash={:#x};", hashes(1)[0]);
        return;
    }
    let run = || {
        let name = "types::tests::hash::another_process_has_other_hashes";
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command.args(["--exact", name, "--nocapture"]);
        let output = command.env(PRINT, "1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let hash = text.split("hash=").nth(1).and_then(|s| s.split(';').next());
        hash.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert_ne!(run(), run());
}
