//! Another Rust library, which C calls.

use std::panic::catch_unwind;
use std::thread;

/// Panics in every second one of `count` threads, and once in this thread. Returns the number
/// of panics that it caught.
#[unsafe(no_mangle)]
pub extern "C" fn other_panics(count: u32) -> u32 {
    std::panic::set_hook(Box::new(|_| ()));
    let threads: Vec<_> = (0..count)
        .map(|number| thread::spawn(move || assert!(number % 2 == 0, "{number} is odd")))
        .collect();
    let panicked = threads.into_iter().filter_map(|thread| thread.join().err());
    let caught = catch_unwind(|| panic!("this thread")).is_err();
    panicked.count() as u32 + u32::from(caught)
}
