//! What stores share.

use anyhow::Result;

use super::Config;
use super::growth::Growth;
use crate::base::counted::Counted;
use crate::engine::EngineRef;
use crate::error;
use crate::types::Registry;

/// A configuration that stores are made from. Clones are the same engine; any
/// thread may use it at any time. A store keeps its engine.
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
    /// Kept for the core's configuration, which points to it. A store keeps both.
    growth: Option<Growth>,
}

impl Engine {
    /// An engine with a copy of `config`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if something in
    /// `config` is out of range, [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn new(config: &Config) -> Result<Engine> {
        Ok(Engine {
            core: EngineRef::new(config.checked()?)?,
            growth: config.growth(),
        })
    }

    /// An engine of a configuration of the core's, for tests of what [`Config`] has
    /// not.
    #[cfg(test)]
    pub(super) fn of(config: crate::engine::Config) -> Engine {
        Engine {
            core: EngineRef::new(config).unwrap(),
            growth: None,
        }
    }

    /// A reference for the core's store to keep.
    pub(super) fn reference(&self) -> error::Result<EngineRef> {
        self.core.try_clone()
    }

    /// The registry of its types.
    pub(super) fn types(&self) -> &Counted<Registry> {
        self.core.types()
    }
}

impl Clone for Engine {
    fn clone(&self) -> Engine {
        let core = self.reference();
        Engine {
            core: core.expect("no program makes 2^64 references to an engine"),
            growth: self.growth.clone(),
        }
    }
}

/// An engine with the default configuration. Panics if memory is out.
impl Default for Engine {
    fn default() -> Engine {
        Engine::new(&Config::new()).expect("the default configuration is valid")
    }
}
