//! The engine: the configuration and types that stores share.

use anyhow::Result;

use super::Config;
use super::growth::GrowthCallback;
use super::wake::Waker;
use crate::base::ref_counted::RefCounted;
use crate::engine::EngineRef;
use crate::error;
use crate::types::Registry;

/// A configuration and a type registry that stores share. A clone is the same engine. Any
/// thread may use an engine at any time. A store keeps its engine alive.
///
/// ```
/// use gcroots::{Engine, Store};
///
/// let engine = Engine::default();
/// let on_a_thread = engine.clone();
/// std::thread::spawn(move || Store::new(&on_a_thread, ()).map(drop)).join().unwrap()?;
/// # anyhow::Ok(())
/// ```
pub struct Engine {
    core: EngineRef,
    /// The core's configuration points to these callbacks. A store keeps all of them alive.
    growth: Option<GrowthCallback>,
    waker: Option<Waker>,
}

impl Engine {
    /// Makes an engine with a copy of `config`.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a value of `config`
    ///   is out of range;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(config: &Config) -> Result<Engine> {
        Ok(Engine {
            core: EngineRef::new(config.checked()?)?,
            growth: config.growth(),
            waker: config.waker(),
        })
    }

    /// Makes an engine from a configuration of the core, for tests of settings that
    /// [`Config`] does not have.
    #[cfg(test)]
    pub(super) fn of(config: crate::engine::Config) -> Engine {
        Engine {
            core: EngineRef::new(config).unwrap(),
            growth: None,
            waker: None,
        }
    }

    /// A counted reference, which the core's store keeps.
    pub(super) fn reference(&self) -> error::Result<EngineRef> {
        self.core.try_clone()
    }

    /// The engine's type registry.
    pub(super) fn types(&self) -> &RefCounted<Registry> {
        self.core.types()
    }
}

impl Clone for Engine {
    fn clone(&self) -> Engine {
        let core = self.reference();
        Engine {
            core: core.expect("no program makes 2^64 references to an engine"),
            growth: self.growth.clone(),
            waker: self.waker.clone(),
        }
    }
}

/// An engine with the default configuration. Panics if memory is exhausted.
impl Default for Engine {
    fn default() -> Engine {
        Engine::new(&Config::new()).expect("the default configuration is valid")
    }
}
