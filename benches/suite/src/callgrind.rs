//! Counts instructions with callgrind.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs a program, and returns what callgrind collected in each call of `measured()`.
pub fn parts(program: &Command, folder: &Path) -> Result<Vec<String>> {
    let folder = folder.join("callgrind");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let output = Command::new("valgrind")
        .current_dir(&folder)
        .args(["--tool=callgrind", "--callgrind-out-file=part"])
        .args(["--compress-strings=no", "--compress-pos=no"])
        .args(["--toggle-collect=measured", "--dump-after=measured"])
        .arg(program.get_program())
        .args(program.get_args())
        .output()
        .context("cannot run valgrind")?;
    if !output.status.success() {
        bail!("{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let part = |number| std::fs::read_to_string(folder.join(format!("part.{number}"))).ok();
    Ok((1..).map_while(part).collect())
}

/// The instructions of a call of `function` and of what it called, on average. A part lists the
/// calls before measured() too, but without their instructions: as many calls warm up as are
/// counted, from the same places.
pub fn each_call(part: &str, function: &str) -> Option<f64> {
    let (mut calls, mut instructions) = (0.0, 0.0);
    let mut lines = part.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("cfn=") != Some(function) {
            continue;
        }
        let number = |line: Option<&str>, field| -> Option<f64> {
            line?.split_whitespace().nth(field)?.parse().ok()
        };
        let called = number(lines.next()?.strip_prefix("calls="), 0)?;
        let cost = number(lines.next(), 1)?;
        if cost > 0.0 {
            calls += called;
            instructions += cost;
        }
    }
    (calls > 0.0).then(|| instructions / (calls / 2.0))
}

/// The number of instructions in callgrind's log.
pub fn collected(log: &str) -> Option<f64> {
    let (_, after) = log.split_once("Collected : ")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrinds_log_is_read() {
        let log = "==1== Events    : Ir\n==1== Collected : 245760\n";
        assert_eq!(collected(log), Some(245760.0));
        assert_eq!(collected("==1== Collected : 0\n"), Some(0.0));
        assert_eq!(collected(""), None);
    }

    #[test]
    fn calls_that_were_not_collected_count_as_warm_up() {
        let part = "fn=body\n10 5\ncfn=f\ncalls=8 0 \n11 120\ncfn=g\ncalls=8 0 \n12 9\n\
                    fn=setup\ncfn=f\ncalls=3 0 \n7 0\n";
        assert_eq!(each_call(part, "f"), Some(30.0));
        assert_eq!(each_call(part, "h"), None);
    }
}
