//! Measures workloads in Rust, as benches/workloads/requests.h does in C, and prints the same line.

use std::time::Instant;

/// The elapsed times of the requests of a workload, in nanoseconds.
#[derive(Default)]
pub struct Requests {
    began: Option<Instant>,
    times: Vec<f64>,
}

impl Requests {
    pub fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    pub fn end(&mut self) {
        let began = self.began.expect("a request has begun");
        self.times.push(began.elapsed().as_nanos() as f64);
    }

    fn percentile(&self, share: f64) -> f64 {
        match self.times.len() {
            0 => 0.0,
            count => self.times[(share * (count - 1) as f64) as usize],
        }
    }
}

/// The greatest amount of memory that the process has used, in bytes.
fn peak_bytes() -> f64 {
    // SAFETY: all bits zero are a value of the type.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is valid for writing.
    let status = unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    assert_eq!(status, 0);
    1024.0 * usage.ru_maxrss as f64
}

/// Runs a workload, which returns the number of its units, and prints its line.
pub fn run_workload(name: &str, body: impl FnOnce(&mut Requests) -> u64) {
    let mut requests = Requests::default();
    let before = crate::measure::cpu_time();
    let units = body(&mut requests);
    let took = crate::measure::cpu_time() - before;
    let peak = peak_bytes();
    requests.times.sort_by(f64::total_cmp);
    let [p50, p99, p999, greatest] =
        [0.5, 0.99, 0.999, 1.0].map(|share| requests.percentile(share));
    println!(
        "workload\t{name}\t{units}\t{took:.0}\t{peak:.0}\t{p50:.0}\t{p99:.0}\t{p999:.0}\t{greatest:.0}"
    );
}
