//! The number of the process's memory mappings, for messages.
//!
//! The system limits the number (`vm.max_map_count`), and answers a request beyond it as
//! if memory were out. Reading the number takes milliseconds in a process with many
//! mappings, so only failed calls ask for it.

use std::fs::File;
use std::io::Read;

use crate::error::Error;

/// A call that splits a mapping needs this many new ones at most.
const NEEDED: u64 = 2;

/// [`Error::Mappings`] if the process has no mappings left for a call that has failed.
pub(crate) fn exhausted() -> Option<Error> {
    let limit = read_number("/proc/sys/vm/max_map_count")?;
    let mappings = count_lines("/proc/self/maps")?;
    (mappings.saturating_add(NEEDED) >= limit).then_some(Error::Mappings { limit })
}

/// The number of lines of a file; `None` if it cannot be read. Allocates nothing.
fn count_lines(path: &str) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    let mut buffer = [0; 4096];
    let mut lines = 0;
    loop {
        let bytes = file.read(&mut buffer).ok()?;
        if bytes == 0 {
            return Some(lines);
        }
        let ends = buffer[..bytes].iter().filter(|byte| **byte == b'\n');
        lines += ends.count() as u64;
    }
}

/// The number that a file begins with; `None` if it cannot be read. Allocates nothing.
fn read_number(path: &str) -> Option<u64> {
    let mut buffer = [0; 32];
    let bytes = File::open(path).ok()?.read(&mut buffer).ok()?;
    let text = core::str::from_utf8(&buffer[..bytes]).ok()?;
    text.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_mappings_and_a_limit() {
        assert!(count_lines("/proc/self/maps").is_some_and(|lines| lines > 5));
        assert!(read_number("/proc/sys/vm/max_map_count").is_some_and(|limit| limit > 1000));
        assert_eq!(exhausted(), None);
        assert_eq!(count_lines("/proc/missing"), None);
        assert_eq!(read_number("/proc/self/status"), None);
    }
}
