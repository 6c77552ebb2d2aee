//! Runs scripts: executes their directives and checks their assertions.

mod values;

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{Validator, WasmFeatures};
use wast::core::WastRetCore;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet};

use crate::gc::{Settings, Store};
use crate::host;
use crate::instance::{Extern, Failure, Instance, instantiate};
use crate::module::Module;
use crate::suite;
use crate::vm::{Limits, Stop, Vm};

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

/// Runs a file. A file that cannot be read or parsed is a failure.
pub fn run(file: &suite::Script, settings: Settings, verify: bool) -> Report {
    let mut report = Report::default();
    let run = match &file.text {
        Ok(text) => run_directives(file, text, settings, verify, &mut report),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    if let Err(error) = run {
        let failure = format!("{}: {error:#}", file.name);
        report.failures.push(failure);
    }
    report
}

fn run_directives(
    file: &suite::Script,
    text: &str,
    settings: Settings,
    verify: bool,
    report: &mut Report,
) -> Result<()> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let wast = parser::parse::<Wast<'_>>(&buffer)?;
    let mut script = Script::new(settings, file.features)?;
    for directive in wast.directives {
        let span = directive.span();
        let mut outcome = script.directive(directive);
        if verify {
            outcome = outcome.and_then(|()| Ok(script.vm.store.verify()?));
        }
        match outcome {
            Ok(()) => report.passed += 1,
            Err(error) => {
                let (line, _) = span.linecol_in(text);
                let failure = format!("{}:{}: {error:#}", file.name, line + 1);
                report.failures.push(failure);
            }
        }
        script.vm.stack.truncate(0);
    }
    report.allocations = script.vm.store.allocations();
    report.collections = script.vm.store.collections()?;
    Ok(())
}

/// The state of a running script.
struct Script {
    vm: Rc<Vm>,
    features: WasmFeatures,
    registered: HashMap<String, Rc<Instance>>,
    named: HashMap<String, Rc<Instance>>,
    /// The latest instance.
    current: Option<Rc<Instance>>,
    definitions: HashMap<String, Rc<Module>>,
    last_definition: Option<Rc<Module>>,
}

/// The number of results on the stack, or why the call failed.
type Answer = std::result::Result<usize, Failure>;

impl Script {
    fn new(settings: Settings, features: WasmFeatures) -> Result<Script> {
        let vm = Vm::new(Store::new(settings)?, Limits::default())?;
        let registered = HashMap::from([
            ("spectest".to_owned(), host::spectest(&vm)?),
            ("wasmtime".to_owned(), host::wasmtime(&vm)?),
        ]);
        Ok(Script {
            vm,
            features,
            registered,
            named: HashMap::new(),
            current: None,
            definitions: HashMap::new(),
            last_definition: None,
        })
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<()> {
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
                rejected(&mut module, self.features)
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
            WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => bail!("not supported"),
        }
    }

    /// Decodes a module, and records it as a definition under its name.
    fn definition(&mut self, module: &mut QuoteWat<'_>) -> Result<Rc<Module>> {
        let name = module.name().map(|name| name.name().to_owned());
        let module = Rc::new(Module::new(
            &self.vm.store,
            &module.encode()?,
            self.features,
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
                let module = Module::new(&self.vm.store, &module.encode()?, self.features)?;
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
