//! Generates modules from seeds.

use anyhow::{Context, Result};
use wasm_smith::{Config, InstructionKind, InstructionKinds};

/// How many random bytes a module is made from.
const ENTROPY: usize = 8192;

/// Generates the module of a seed.
pub fn generate(seed: u64) -> Result<Vec<u8>> {
    let entropy = entropy(seed);
    let mut source = arbitrary::Unstructured::new(&entropy);
    let module = wasm_smith::Module::new(config(seed), &mut source);
    Ok(module.context("generating")?.to_bytes())
}

fn config(seed: u64) -> Config {
    Config {
        allowed_instructions: instructions(seed),
        disallow_traps: seed % 4 == 3,
        export_everything: true,
        limit_arrays_in_const_exprs: true,
        max_data_segments: 4,
        max_element_segments: 8,
        max_elements: 20,
        max_funcs: 12,
        max_globals: 12,
        max_imports: 0,
        max_instructions: 400,
        max_memories: 2,
        max_memory32_bytes: 1 << 18,
        max_memory64_bytes: 1 << 18,
        max_table_elements: 100,
        max_tables: 4,
        max_tags: 4,
        max_types: 24,
        min_funcs: 4,
        min_globals: 2,
        min_types: 8,
        compact_imports_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// Odd seeds give modules without arithmetic and memory accesses, which therefore make
/// more objects. In half of these (see `disallow_traps` above) the code checks the operands of
/// each operation that could trap, so it runs longer.
fn instructions(seed: u64) -> InstructionKinds {
    use InstructionKind::*;
    if seed.is_multiple_of(2) {
        return InstructionKinds::all();
    }
    InstructionKinds::new(&[Reference, Parametric, Variable, Table, Control, Aggregate])
}

/// Random bytes from a seed (SplitMix64). Adjacent seeds start at distant points of the
/// sequence.
fn entropy(seed: u64) -> Vec<u8> {
    let first = mix(seed.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let numbers = (0..ENTROPY as u64 / 8).map(|i| first.wrapping_add(i.wrapping_mul(STEP)));
    numbers
        .flat_map(|number| mix(number).to_le_bytes())
        .collect()
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
