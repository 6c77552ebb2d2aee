//! Threads of scripts. Each has a store of its own, since only one thread at a time may use
//! a store. Threads share nothing but memories.

use std::collections::HashMap;
use std::thread::{Scope, ScopedJoinHandle};

use anyhow::{Context, Result, bail};
use wast::WastThread;

use super::{Report, Script, Source};
use crate::host;
use crate::memory::Memory;

/// A module's name, and the memories that it exports, with their names.
pub type Shared = (String, Vec<(String, Memory)>);

/// The threads that a script has started and not waited for.
pub struct Threads<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    running: HashMap<String, ScopedJoinHandle<'scope, Result<Report>>>,
}

impl<'scope, 'env> Threads<'scope, 'env> {
    pub fn new(scope: &'scope Scope<'scope, 'env>) -> Threads<'scope, 'env> {
        Threads {
            scope,
            running: HashMap::new(),
        }
    }

    /// Starts a thread. In it, the shared memories are the exports of a module.
    pub fn start(
        &mut self,
        source: Source<'env>,
        thread: WastThread<'env>,
        shared: Option<Shared>,
    ) -> Result<()> {
        let name = thread.name.name().to_owned();
        if self.running.contains_key(&name) {
            bail!("a second thread {name}");
        }
        let scope = self.scope;
        let run = move || {
            let mut script = Script::new(source, Threads::new(scope))?;
            if let Some((name, memories)) = shared {
                let module = host::memories(&script.vm, memories)?;
                script.named.insert(name, module);
            }
            script.run(thread.directives)
        };
        self.running.insert(name, scope.spawn(run));
        Ok(())
    }

    /// Waits until a thread has run all its directives.
    pub fn wait(&mut self, name: &str) -> Result<Report> {
        let thread = self.running.remove(name);
        join(thread.with_context(|| format!("no thread {name}"))?)
    }

    pub fn wait_for_all(&mut self) -> Result<Report> {
        let mut total = Report::default();
        for (_, thread) in self.running.drain() {
            total.add(join(thread)?);
        }
        Ok(total)
    }
}

fn join(thread: ScopedJoinHandle<'_, Result<Report>>) -> Result<Report> {
    match thread.join() {
        Ok(report) => report,
        Err(_) => bail!("the thread panicked"),
    }
}
