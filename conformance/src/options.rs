//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::gc::{Collector, Settings};

pub const USAGE: &str = "\
usage: gcroots-conformance [options] [file or folder]...

Runs WebAssembly's official tests, or the scripts that are named.

  --collector NAME  null, drc, copying, generational or check; all of them
                    if none is named
  --stress N        collect at each N-th allocation
  --verify          have the library check its store after each directive
  --filter TEXT     only files whose names have the text
  --generated N     run N generated modules on each collector, and compare
  --seed S          the first of them; 0 if it is not given
";

pub struct Options {
    pub collectors: Vec<Collector>,
    pub stress: u32,
    pub verify: bool,
    pub filter: String,
    pub generated: Option<u64>,
    pub seed: u64,
    pub paths: Vec<PathBuf>,
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options {
            collectors: Vec::new(),
            stress: 0,
            verify: false,
            filter: String::new(),
            generated: None,
            seed: 0,
            paths: Vec::new(),
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--collector" => options.collectors.push(collector(&value()?)?),
                "--stress" => options.stress = value()?.parse()?,
                "--verify" => options.verify = true,
                "--filter" => options.filter = value()?,
                "--generated" => options.generated = Some(value()?.parse()?),
                "--seed" => options.seed = value()?.parse()?,
                _ if arg.starts_with('-') => bail!("{arg} is no option\n\n{USAGE}"),
                _ => options.paths.push(arg.into()),
            }
        }
        if options.collectors.is_empty() {
            options.collectors = Collector::ALL.into();
        }
        Ok(options)
    }

    pub fn settings(&self, collector: Collector) -> Settings {
        Settings {
            collector,
            stress: self.stress,
        }
    }
}

fn collector(name: &str) -> Result<Collector> {
    let mut all = Collector::ALL.into_iter();
    all.find(|collector| collector.name() == name)
        .with_context(|| format!("{name} is no collector"))
}
