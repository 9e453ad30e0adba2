//! What a seal is made of, read once for all modules.

use crate::deny::World;
use crate::{Module, Seal};
use anyhow::{Context, Result};
use std::collections::HashMap;

/// What is put in is made of these.
pub struct Parts {
    guards: HashMap<String, Guard>,
    /// Of the modules that have a seal, by their names.
    pub worlds: HashMap<String, World>,
}

pub struct Guard {
    pub bytes: Vec<u8>,
    pub world: World,
}

impl Parts {
    /// Reads the types of modules and guards.
    pub fn read(modules: &[Module], guards: Vec<Module>, seals: &[Seal]) -> Result<Self> {
        let mut worlds = HashMap::new();
        for seal in seals {
            let module = modules.iter().find(|module| module.name == seal.module);
            let module = module.with_context(|| format!("there is no module `{}` to seal", seal.module))?;
            let world = World::of(&module.bytes)
                .with_context(|| format!("module `{}` cannot be sealed", seal.module))?;
            worlds.insert(seal.module.clone(), world);
        }
        let guards = guards.into_iter().map(|Module { name, bytes }| {
            let world = World::of(&bytes).with_context(|| format!("guard `{name}`"))?;
            Ok((name, Guard { bytes, world }))
        });
        Ok(Parts { guards: guards.collect::<Result<_>>()?, worlds })
    }

    pub fn guard(&self, name: &str) -> Result<&Guard> {
        self.guards.get(name).with_context(|| format!("there is no guard `{name}`"))
    }
}
