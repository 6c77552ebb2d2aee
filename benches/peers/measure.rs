//! Measures operations in Rust, as benches/measure.h does in C, with the same arguments and
//! the same lines.

use std::hint::black_box;

/// An operation: its name, and a function that does it the given number of times.
pub type Operation<'a> = (&'static str, Box<dyn FnMut(u64) + 'a>);

/// The CPU time of the process, in nanoseconds.
pub fn cpu_time() -> f64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is valid for writing.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    assert_eq!(status, 0);
    1e9 * now.tv_sec as f64 + now.tv_nsec as f64
}

/// The CPU time of one operation: the median of five runs of about eight milliseconds.
fn time_of(body: &mut dyn FnMut(u64)) -> f64 {
    let mut timed = |count| {
        let before = cpu_time();
        body(count);
        cpu_time() - before
    };
    let mut count = 16;
    let took = loop {
        let took = timed(count);
        if took > 2e6 || count >> 40 != 0 {
            break took;
        }
        count *= 2;
    };
    let count = (count as f64 * 8e6 / took) as u64 + 1;
    let mut times: Vec<f64> = (0..5).map(|_| timed(count) / count as f64).collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

/// A profiler counts the instructions of this function only.
#[inline(never)]
#[unsafe(no_mangle)]
fn measured(body: &mut dyn FnMut(u64), count: u64) {
    body(count);
    black_box(count);
}

/// Does what the program's arguments ask for, from the argument `first` on: times each
/// operation (`--time`), runs one (its name and a number), or prints the names.
pub fn run(first: usize, operations: &mut [Operation<'_>]) {
    let arguments: Vec<String> = std::env::args().skip(first).collect();
    for (name, body) in operations {
        match &arguments[..] {
            [] => println!("{name}"),
            [mode] if mode == "--time" => println!("operation\t{name}\t{:.3}", time_of(body)),
            [asked, count] if asked == name => {
                let count = count.parse().expect("a number of repetitions");
                body(count);
                measured(body, count);
            }
            _ => {}
        }
    }
}
