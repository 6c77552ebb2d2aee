//! The interpreters that run the programs of `benches/scheme`.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::options::Options;
use crate::processes::{self, Usage};

/// An interpreter of Scheme or Lua.
pub struct Interpreter {
    pub name: &'static str,
    /// The command before the program's file.
    command: &'static [&'static str],
    /// What the names of its programs end in.
    extension: &'static str,
    /// Settings of the environment.
    environment: &'static [(&'static str, &'static str)],
    /// Whether it has no argument for a program, and reads from its input what to load.
    reads_input: bool,
}

/// The example of the library, whose file depends on the folder of the build.
pub const OURS: Interpreter = scheme("gcroots", &[]);

pub const PEERS: [Interpreter; 5] = [
    scheme("Chibi", &["chibi-scheme"]),
    Interpreter {
        // It never compiles to machine code.
        environment: &[("GUILE_JIT_THRESHOLD", "-1"), ("GUILE_AUTO_COMPILE", "1")],
        ..scheme("Guile without JIT", &["guile", "-q"])
    },
    scheme("Gambit, interpreter", &["gsi", "-f"]),
    Interpreter {
        reads_input: true,
        ..scheme("Scheme 48", &["scheme48", "-h", "0", "-a", "batch"])
    },
    Interpreter {
        extension: "lua",
        ..scheme("Lua", &["lua5.4"])
    },
];

const fn scheme(name: &'static str, command: &'static [&'static str]) -> Interpreter {
    Interpreter {
        name,
        command,
        extension: "scm",
        environment: &[],
        reads_input: false,
    }
}

impl Interpreter {
    /// Whether its command is on the PATH.
    pub fn is_installed(&self) -> bool {
        let Some(&command) = self.command.first() else {
            return true;
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(command).is_file())
    }

    /// Runs a program of `benches/scheme`. Returns what it prints and uses.
    pub fn run(&self, program: &str, options: &Options) -> Result<(String, Usage)> {
        let file = format!("benches/scheme/{program}.{}", self.extension);
        let mut command = match self.command {
            [] => Command::new(options.programs.join("../examples/scheme/scheme")),
            [command, arguments @ ..] => {
                let mut command = Command::new(command);
                command.args(arguments);
                command
            }
        };
        command
            .current_dir(&options.source)
            .env("XDG_CACHE_HOME", options.output.join("cache"))
            .envs(self.environment.iter().copied());
        let input = if self.reads_input {
            Some(input_that_loads(&file, &options.output)?)
        } else {
            command.arg(file);
            None
        };
        processes::run(&mut command, input)
    }
}

/// A file with the commands of Scheme 48 that load a program and end the interpreter.
fn input_that_loads(program: &str, folder: &Path) -> Result<File> {
    let path = folder.join("input.scm");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, ",load {program}\n,exit 0")?;
    file.rewind()?;
    Ok(file)
}
