//! Hashes, among them some that only this process can compute.
//!
//! A keyed hasher is the standard library's SipHash-1-3 with its fixed keys. It reads a
//! secret of 128 bits before anything else, so its state is as unknown as if the secret
//! were its key. It allocates nothing and cannot fail. A [`KeyedHash`] of one number is much
//! cheaper (OBJECTS-35).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A hasher that has read the process's secret.
pub(crate) fn keyed_hasher() -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    process_random().hash(&mut hasher);
    hasher
}

/// Hashes of numbers that others may choose, as the keys of a table (OBJECTS-35).
///
/// This is the hash of one number in Wang Yi's wyhash: two multiplications whose halves are
/// folded together, with two keys that only this process can compute.
#[derive(Clone, Debug)]
pub(crate) struct KeyedHash {
    keys: [u64; 2],
}

impl KeyedHash {
    /// A hash with keys of its own.
    pub(crate) fn new() -> KeyedHash {
        static KEYS: RandomCounter = RandomCounter::new();
        let key = KEYS.next();
        KeyedHash {
            keys: [mix(key), mix(!key) | 1],
        }
    }

    /// The hash of a number.
    #[inline]
    pub(crate) fn of(&self, number: u64) -> u32 {
        let [first, second] = self.keys;
        let (low, high) = multiply(number ^ first, second);
        let (low, high) = multiply(low ^ first, high ^ second);
        (low ^ high) as u32
    }
}

/// The lower and the upper half of a product.
#[inline]
fn multiply(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

/// Counts from a random number. Each counter of each copy of the library in the process has
/// another start, and the child of a `fork` counts on.
pub(crate) struct RandomCounter {
    count: AtomicU64,
    /// The start, or 0 until it is known. All threads compute the same one.
    start: AtomicU64,
}

impl RandomCounter {
    pub(crate) const fn new() -> RandomCounter {
        RandomCounter {
            count: AtomicU64::new(0),
            start: AtomicU64::new(0),
        }
    }

    /// The next number.
    pub(crate) fn next(&'static self) -> u64 {
        let mut start = self.start.load(Ordering::Relaxed);
        if start == 0 {
            start = self.hash();
            self.start.store(start, Ordering::Relaxed);
        }
        start.wrapping_add(self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A number that only this process can compute.
    #[cold]
    fn hash(&'static self) -> u64 {
        let mut hasher = keyed_hasher();
        // The counter's address differs between copies of the library.
        hasher.write_usize(&raw const *self as usize);
        hasher.finish()
    }
}

/// The random numbers that the kernel gave the process. The C library derives its own
/// secrets from them, so nothing that reveals them may leave the library.
///
/// Their address is asked for once. The child of a `fork` has them at the same address.
fn process_random() -> [u64; 2] {
    let mut random = RANDOM.load(Ordering::Relaxed);
    if random.is_null() {
        // SAFETY: getauxval has no preconditions.
        random = unsafe { libc::getauxval(libc::AT_RANDOM) } as *mut [u64; 2];
        RANDOM.store(random, Ordering::Relaxed);
    }
    if random.is_null() {
        return [0, 0];
    }
    // SAFETY: the kernel puts 16 random bytes at this address.
    unsafe { random.read_unaligned() }
}

/// Where the kernel's random numbers are. Null before the first use, and if the kernel gave
/// no numbers.
static RANDOM: AtomicPtr<[u64; 2]> = AtomicPtr::new(core::ptr::null_mut());

/// Spreads a number over all 64 bits. Different numbers have different results, and 0 stays
/// 0. This is the finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom
/// Number Generators", OOPSLA 2014).
pub(crate) const fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
