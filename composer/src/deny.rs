//! Components in the place of what a module may not use. They are made of the module's own types, import nothing but types,
//! and call nothing: the checker sees that there is no way out of them.

mod component;
mod function;
mod module;
mod shape;
mod shim;
mod types;

use anyhow::{Result, bail};
use component::Writer;
use std::collections::HashSet;
use wit_component::DecodedWasm;
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem, WorldKey};

/// What a component asks for, with all types.
pub struct World {
    resolve: Resolve,
    root: WorldId,
}

impl World {
    pub fn of(component: &[u8]) -> Result<Self> {
        match wit_component::decode(component)? {
            DecodedWasm::Component(resolve, root) => Ok(World { resolve, root }),
            DecodedWasm::WitPackage(..) => bail!("it is a WIT package"),
        }
    }

    /// A component that exports these imports, all of them, so that interfaces that share resources stay together.
    pub fn deny(&self, denied: &[String]) -> Result<Vec<u8>> {
        let imports = &self.resolve.worlds[self.root].imports;
        let name_of = |key: &WorldKey| self.resolve.name_world_key(key);
        let known: HashSet<_> = imports.keys().map(name_of).collect();
        if let Some(name) = denied.iter().find(|name| !known.contains(*name)) {
            bail!("its types of `{name}` cannot be told");
        }
        Writer::new(self, denied).component()
    }

    /// The imports from which a component that denies these would take types.
    pub fn used_by(&self, denied: &[String]) -> Vec<String> {
        let used = Writer::new(self, denied).used_types();
        let imports = self.resolve.worlds[self.root].imports.iter();
        let is_used = |item| interface_of(item).is_some_and(|id| used.contains_key(&id));
        imports.filter(|(_, item)| is_used(item)).map(|(key, _)| self.resolve.name_world_key(key)).collect()
    }
}

fn interface_of(item: &WorldItem) -> Option<InterfaceId> {
    match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    }
}
