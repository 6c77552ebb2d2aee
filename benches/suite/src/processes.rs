//! Runs a command and measures the whole process: its CPU time and its peak memory.

use std::fs::File;
use std::io::Read;
use std::mem::MaybeUninit;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// What a process used.
#[derive(Clone, Copy)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub peak_mebibytes: f64,
}

/// Runs a command, which must succeed. Returns its standard output, and what it used.
pub fn run(command: &mut Command, input: Option<File>) -> Result<(String, Usage)> {
    let input = input.map_or_else(Stdio::null, Stdio::from);
    let command = command.stdin(input).stdout(Stdio::piped());
    let mut child = command
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))?;
    let mut output = String::new();
    let pipe = child.stdout.take().context("the output is not piped")?;
    let read = { pipe }.read_to_string(&mut output);
    let (status, usage) = wait(child)?;
    read.with_context(|| format!("cannot read what {command:?} prints"))?;
    if status != 0 {
        bail!("{command:?} failed: wait status {status}");
    }
    Ok((output, usage))
}

/// Waits for the end of a process. The standard library does not say what a child used.
fn wait(child: Child) -> Result<(i32, Usage)> {
    let id = i32::try_from(child.id())?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: Both pointers are to variables of the types that the call writes. The child is not
    // waited for elsewhere: `child` is owned here.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, usage.as_mut_ptr()) };
    if waited != id {
        return Err(std::io::Error::last_os_error()).context("cannot wait for a process");
    }
    // SAFETY: The call succeeded, so it has written the structure.
    let usage = unsafe { usage.assume_init() };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let used = Usage {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        peak_mebibytes: usage.ru_maxrss as f64 / 1024.0,
    };
    Ok((status, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_succeeds_has_an_output_and_used_memory() {
        let (output, usage) = run(Command::new("echo").arg("one"), None).unwrap();
        assert_eq!(output, "one\n");
        assert!(usage.peak_mebibytes > 0.0);
    }

    #[test]
    fn a_process_that_fails_is_an_error() {
        assert!(run(&mut Command::new("false"), None).is_err());
    }
}
