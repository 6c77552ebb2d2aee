//! Runs scripts: executes their directives and checks their assertions.

mod threads;
mod values;

use std::collections::HashMap;
use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use threads::Threads;
use wasmparser::{Validator, WasmFeatures};
use wast::core::WastRetCore;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, WastThread};

use crate::gc::{Settings, Store};
use crate::host;
use crate::instance::{Extern, Instance};
use crate::instantiate::{Failure, instantiate};
use crate::module::Module;
use crate::stop::Stop;
use crate::suite;
use crate::vm::{Limits, Vm};

/// The results of a file's directives.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    /// The place and the message of each failure.
    pub failures: Vec<String>,
    /// The numbers of objects made and of collections.
    pub allocations: u64,
    pub collections: u64,
}

impl Report {
    pub fn add(&mut self, other: Report) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.allocations += other.allocations;
        self.collections += other.collections;
    }
}

/// Runs a file. A file that cannot be read or parsed is a failure.
pub fn run(file: &suite::Script, settings: Settings, verify: bool) -> Report {
    let run = match &file.text {
        Ok(text) => {
            let source = Source {
                file,
                text,
                settings,
                verify,
            };
            run_text(source)
        }
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    run.unwrap_or_else(|error| Report {
        failures: vec![format!("{}: {error:#}", file.name)],
        ..Report::default()
    })
}

/// A file and how to run it.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a suite::Script,
    text: &'a str,
    settings: Settings,
    /// Whether the library checks its store after each directive.
    verify: bool,
}

fn run_text(source: Source<'_>) -> Result<Report> {
    let mut lexer = Lexer::new(source.text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let wast = parser::parse::<Wast<'_>>(&buffer)?;
    thread::scope(|scope| Script::new(source, Threads::new(scope))?.run(wast.directives))
}

/// The state of a running script.
struct Script<'scope, 'env> {
    source: Source<'env>,
    vm: Rc<Vm>,
    registered: HashMap<String, Rc<Instance>>,
    named: HashMap<String, Rc<Instance>>,
    /// The latest instance.
    current: Option<Rc<Instance>>,
    definitions: HashMap<String, Rc<Module>>,
    last_definition: Option<Rc<Module>>,
    threads: Threads<'scope, 'env>,
    report: Report,
}

/// The number of results on the stack, or why the call failed.
type Answer = std::result::Result<usize, Failure>;

impl<'env> Script<'_, 'env> {
    fn new<'scope>(
        source: Source<'env>,
        threads: Threads<'scope, 'env>,
    ) -> Result<Script<'scope, 'env>> {
        let vm = Vm::new(Store::new(source.settings)?, Limits::default())?;
        let registered = HashMap::from([
            ("spectest".to_owned(), host::spectest(&vm)?),
            ("wasmtime".to_owned(), host::wasmtime(&vm)?),
        ]);
        Ok(Script {
            source,
            vm,
            registered,
            named: HashMap::new(),
            current: None,
            definitions: HashMap::new(),
            last_definition: None,
            threads,
            report: Report::default(),
        })
    }

    /// Runs the directives, and waits for all threads that they started.
    fn run(mut self, directives: Vec<WastDirective<'env>>) -> Result<Report> {
        let Source { file, text, .. } = self.source;
        for directive in directives {
            let span = directive.span();
            let mut outcome = self.directive(directive);
            if self.source.verify {
                outcome = outcome.and_then(|()| Ok(self.vm.store.verify()?));
            }
            match outcome {
                Ok(()) => self.report.passed += 1,
                Err(error) => {
                    let (line, _) = span.linecol_in(text);
                    let failure = format!("{}:{}: {error:#}", file.name, line + 1);
                    self.report.failures.push(failure);
                }
            }
            self.vm.stack.truncate(0);
        }
        self.report.add(self.threads.wait_for_all()?);
        self.report.allocations += self.vm.store.allocations();
        self.report.collections += self.vm.store.collections()?;
        Ok(self.report)
    }

    fn directive(&mut self, directive: WastDirective<'env>) -> Result<()> {
        match directive {
            WastDirective::Module(mut module) => self.module(&mut module),
            WastDirective::ModuleDefinition(mut module) => self.definition(&mut module).map(drop),
            WastDirective::ModuleInstance {
                instance, module, ..
            } => self.instance_of(instance, module),
            WastDirective::AssertMalformed { mut module, .. }
            | WastDirective::AssertMalformedCustom { mut module, .. }
            | WastDirective::AssertInvalid { mut module, .. }
            | WastDirective::AssertInvalidCustom { mut module, .. } => {
                rejected(&mut module, self.source.file.features)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.find(module)?;
                self.registered.insert(name.to_owned(), instance);
                Ok(())
            }
            WastDirective::Invoke(invoke) => returned(self.invoke(&invoke)?).map(drop),
            WastDirective::AssertReturn { exec, results, .. } => {
                let answer = self.execute(exec)?;
                self.check_results(returned(answer)?, &results)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                trapped(self.execute(exec)?, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                trapped(self.invoke(&call)?, message)
            }
            WastDirective::AssertUnlinkable {
                module, message, ..
            } => unlinkable(self.execute(WastExecute::Wat(module))?, message),
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(Failure::Stop(Stop::Thrown(_))) => Ok(()),
                answer => bail!("{}, but an exception was expected", describe(&answer)),
            },
            WastDirective::Thread(thread) => self.start_thread(thread),
            WastDirective::Wait { thread, .. } => {
                let report = self.threads.wait(thread.name())?;
                self.report.add(report);
                Ok(())
            }
            WastDirective::AssertSuspension { .. } => bail!("not supported"),
        }
    }

    /// Starts a thread with directives, and gives it the shared memories of a module.
    fn start_thread(&mut self, thread: WastThread<'env>) -> Result<()> {
        let shared = match thread.shared_module {
            Some(module) => {
                let memories = self.find(Some(module))?.shared_memories();
                Some((module.name().to_owned(), memories))
            }
            None => None,
        };
        self.threads.start(self.source, thread, shared)
    }

    /// Decodes a module, and records it as a definition under its name.
    fn definition(&mut self, module: &mut QuoteWat<'_>) -> Result<Rc<Module>> {
        let name = module.name().map(|name| name.name().to_owned());
        let module = Rc::new(Module::new(
            &self.vm.store,
            &module.encode()?,
            self.source.file.features,
        )?);
        if let Some(name) = name {
            self.definitions.insert(name, module.clone());
        }
        self.last_definition = Some(module.clone());
        Ok(module)
    }

    fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<()> {
        let name = module.name().map(|name| name.name().to_owned());
        let module = self.definition(module)?;
        self.add_instance(name, module)
    }

    fn instance_of(&mut self, name: Option<Id<'_>>, module: Option<Id<'_>>) -> Result<()> {
        let module = match module {
            Some(module) => self.definitions.get(module.name()),
            None => self.last_definition.as_ref(),
        };
        let module = module.context("no such module definition")?.clone();
        self.add_instance(name.map(|name| name.name().to_owned()), module)
    }

    fn add_instance(&mut self, name: Option<String>, module: Rc<Module>) -> Result<()> {
        let instance = match self.instantiate(module) {
            Ok(instance) => instance,
            Err(failure) => bail!("not instantiated: {failure}"),
        };
        if let Some(name) = name {
            self.named.insert(name, instance.clone());
        }
        self.current = Some(instance);
        Ok(())
    }

    fn instantiate(&self, module: Rc<Module>) -> std::result::Result<Rc<Instance>, Failure> {
        instantiate(&self.vm, module, |module, name| {
            self.registered.get(module)?.export(name)
        })
    }

    fn find(&self, name: Option<Id<'_>>) -> Result<Rc<Instance>> {
        let found = match name {
            Some(name) => self.named.get(name.name()),
            None => self.current.as_ref(),
        };
        found.cloned().context("no such instance")
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Answer> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let mut module = QuoteWat::Wat(module);
                let module =
                    Module::new(&self.vm.store, &module.encode()?, self.source.file.features)?;
                Ok(self.instantiate(Rc::new(module)).map(|_| 0))
            }
            WastExecute::Get { module, global, .. } => {
                let Some(Extern::Global(global)) = self.find(module)?.export(global) else {
                    bail!("no such global: {global}");
                };
                self.vm.stack.push(global.global.get()?);
                Ok(Ok(1))
            }
        }
    }

    /// Calls an export through the library.
    fn invoke(&self, invoke: &WastInvoke<'_>) -> Result<Answer> {
        let export = self.find(invoke.module)?.export(invoke.name);
        let Some(Extern::Func(instance, index)) = export else {
            bail!("no such function: {}", invoke.name);
        };
        for arg in &invoke.args {
            values::push(&self.vm, arg)?;
        }
        let (params, results) = instance.arity(index);
        ensure!(params == invoke.args.len(), "{params} parameters");
        let called = self.vm.invoke(instance.func(index)?, params, results);
        Ok(called.map(|()| results).map_err(Failure::Stop))
    }

    /// Compares the results, which are on the stack.
    fn check_results(&self, count: usize, expected: &[WastRet<'_>]) -> Result<()> {
        ensure!(count == expected.len(), "{count} results");
        for (index, expected) in expected.iter().enumerate() {
            let WastRet::Core(expected) = expected else {
                bail!("a component's value");
            };
            self.check_result(index, count, expected)?;
        }
        Ok(())
    }

    fn check_result(&self, index: usize, count: usize, expected: &WastRetCore<'_>) -> Result<()> {
        let slot = self.vm.stack.peek(count - 1 - index);
        let equal = values::matches(&self.vm.store, slot, expected)?;
        ensure!(equal, "result {index} is {slot:?}, not {expected:?}");
        Ok(())
    }
}

fn describe(answer: &Answer) -> String {
    match answer {
        Ok(_) => "it returned".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

fn returned(answer: Answer) -> Result<usize> {
    answer.map_err(|failure| anyhow::anyhow!("{failure}"))
}

/// Expects a trap. As in the reference interpreter, its message only has to begin with
/// `expected`.
fn trapped(answer: Answer, expected: &str) -> Result<()> {
    match &answer {
        Err(Failure::Stop(Stop::Trap(message))) if message.starts_with(expected) => Ok(()),
        _ => bail!("{}, not the trap {expected:?}", describe(&answer)),
    }
}

fn unlinkable(answer: Answer, expected: &str) -> Result<()> {
    match &answer {
        Err(Failure::Link(message)) if message.starts_with(expected) => Ok(()),
        _ => bail!("{}, but {expected:?} was expected", describe(&answer)),
    }
}

/// Expects that the text parser or the validator refuses a module. The interpreter's own
/// errors do not count.
fn rejected(module: &mut QuoteWat<'_>, features: WasmFeatures) -> Result<()> {
    let Ok(bytes) = module.encode() else {
        return Ok(());
    };
    let valid = Validator::new_with_features(features).validate_all(&bytes);
    ensure!(valid.is_err(), "the module is valid");
    Ok(())
}
