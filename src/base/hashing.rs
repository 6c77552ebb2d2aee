//! Hashes that only this process can compute.
//!
//! SipHash-1-3 of the standard library with the keys that it always has, which reads a
//! secret of 128 bits before anything else: its state is then as unknown as if the
//! secret were its key. It allocates nothing and cannot fail.

use std::hash::{DefaultHasher, Hash};

/// A hasher that has read the process's secret.
pub(crate) fn keyed_hasher() -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    process_random().hash(&mut hasher);
    hasher
}

/// Random numbers that the kernel gave the process. The C library has its own secrets
/// from them, so that nothing from which they follow may be shown.
fn process_random() -> [u64; 2] {
    // SAFETY: getauxval has no preconditions.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u64; 2];
    if random.is_null() {
        return [0, 0];
    }
    // SAFETY: the kernel puts 16 random bytes there.
    unsafe { random.read_unaligned() }
}

/// Spreads a number over all 64 bits, one to one; 0 stays 0. The finalizer of
/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
pub(crate) const fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
