//! Writes the component: what it imports, its core module, and what it exports.

use super::function::Lift;
use super::module::{Core, Intrinsic, MEMORY, REALLOC};
use super::shim::{self, Shim};
use super::types::{Scope, Types, is_nominal};
use super::{World, interface_of};
use crate::answer;
use anyhow::{Result, bail};
use indexmap::IndexSet;
use std::collections::{HashMap, HashSet};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentImportSection, ComponentInstanceSection, ComponentSectionId,
    ComponentTypeRef, ExportKind, InstanceSection, ModuleArg, ModuleSection, RawSection,
};
use wit_parser::{InterfaceId, Resolve, Type, TypeId, TypeOwner, WorldId, WorldItem, WorldKey};

pub struct Writer<'a> {
    pub resolve: &'a Resolve,
    root: WorldId,
    pub items: Vec<(&'a WorldKey, &'a WorldItem)>,
    pub types: Types<'a>,
    pub core: Core,
    pub lifts: IndexSet<Lift>,
    /// Instances that are imported.
    imported: u32,
    pub has_memory: bool,
}

/// What is exported under one name.
enum Item {
    Function(u32),
    /// An instance that is a list of what is there.
    List(Vec<(String, ComponentExportKind, u32)>),
    /// An instance of a component within.
    Shim(Shim),
}

impl<'a> Writer<'a> {
    pub fn new(world: &'a World, denied: &[String]) -> Self {
        let resolve = &world.resolve;
        // In the order of the module's world, in which each comes after what it uses.
        let imports = resolve.worlds[world.root].imports.iter();
        let items: Vec<_> =
            imports.filter(|(key, _)| denied.contains(&resolve.name_world_key(key))).collect();
        let exported = items.iter().filter_map(|(_, item)| interface_of(item)).collect();
        Writer {
            resolve,
            root: world.root,
            items,
            types: Types::new(resolve, exported),
            core: Core::default(),
            lifts: IndexSet::new(),
            imported: 0,
            has_memory: false,
        }
    }

    pub fn component(mut self) -> Result<Vec<u8>> {
        let mut component = Component::new();
        self.import(&mut component)?;
        let mut exports = Vec::new();
        for (key, item) in self.items.clone() {
            let name = self.resolve.name_world_key(key);
            let item = match item {
                WorldItem::Interface { id, .. } => self.interface(&name, *id)?,
                WorldItem::Function(function) => Item::Function(self.function(None, function)?),
                WorldItem::Type { .. } => bail!("the type `{name}` of its world cannot be denied"),
            };
            exports.push((name, item));
        }
        component.section(&self.types.take_section());
        self.core(&mut component);
        self.export(&mut component, &exports);
        Ok(component.finish())
    }

    /// Imports the interfaces whose types are used, with those types.
    fn import(&mut self, component: &mut Component) -> Result<()> {
        let used = self.used_types();
        let imports = &self.resolve.worlds[self.root].imports;
        for (key, item) in imports {
            let Some(id) = interface_of(item) else { continue };
            let Some(used) = used.get(&id) else { continue };
            let (ty, names) = self.types.instance(id, used)?;
            component.section(&self.types.take_section());
            let name = self.resolve.name_world_key(key);
            let mut section = ComponentImportSection::new();
            section.import(name.as_str(), ComponentTypeRef::Instance(ty));
            component.section(&section);
            let mut aliases = ComponentAliasSection::new();
            for name in &names {
                let kind = ComponentExportKind::Type;
                aliases.alias(Alias::InstanceExport { instance: self.imported, kind, name });
                self.types.imported(self.resolve.interfaces[id].types[name]);
            }
            component.section(&aliases);
            self.imported += 1;
        }
        Ok(())
    }

    /// Types of other interfaces, by those, that need their names.
    pub fn used_types(&self) -> HashMap<InterfaceId, HashSet<TypeId>> {
        let exported: HashSet<_> = self.items.iter().filter_map(|(_, item)| interface_of(item)).collect();
        let mut used: HashMap<_, HashSet<_>> = HashMap::new();
        let mut visit = |id| {
            let ty = &self.resolve.types[id];
            if let (TypeOwner::Interface(owner), true) = (ty.owner, is_nominal(&ty.kind))
                && !exported.contains(&owner)
            {
                used.entry(owner).or_default().insert(id);
            }
        };
        for (_, item) in &self.items {
            let (types, functions): (Vec<_>, Vec<_>) = match item {
                WorldItem::Interface { id, .. } => {
                    let interface = &self.resolve.interfaces[*id];
                    (interface.types.values().copied().collect(), interface.functions.values().collect())
                }
                WorldItem::Function(function) => (Vec::new(), vec![function]),
                WorldItem::Type { id, .. } => (vec![*id], Vec::new()),
            };
            answer::visit_types(self.resolve, types.into_iter().map(Type::Id), &mut visit);
            for function in functions {
                let types = function.params.iter().map(|param| param.ty).chain(function.result);
                answer::visit_types(self.resolve, types, &mut visit);
            }
        }
        used
    }

    fn interface(&mut self, name: &str, id: InterfaceId) -> Result<Item> {
        let interface = &self.resolve.interfaces[id];
        let mut exports = Vec::new();
        for (name, id) in self.types.names(interface) {
            exports.push((name, ComponentExportKind::Type, self.types.index(id)?));
        }
        let mut functions = Vec::new();
        for function in interface.functions.values() {
            let index = self.function(Some(name), function)?;
            functions.push((function, index));
            exports.push((function.name.clone(), ComponentExportKind::Func, index));
        }
        if functions.iter().all(|(function, _)| function.kind.resource().is_none()) {
            return Ok(Item::List(exports));
        }
        Ok(Item::Shim(shim::shim(&mut self.types, interface, &functions)?))
    }

    /// The core module, its instance, and the functions that are lifted out of it.
    fn core(&mut self, component: &mut Component) {
        let core = std::mem::take(&mut self.core);
        let mut intrinsics = CanonicalFunctionSection::new();
        let mut given = Vec::new();
        for (index, intrinsic) in core.intrinsics().enumerate() {
            match intrinsic {
                Intrinsic::Drop(resource) => intrinsics.resource_drop(resource),
                Intrinsic::New(resource) => intrinsics.resource_new(resource),
            };
            given.push((index.to_string(), ExportKind::Func, index as u32));
        }
        let (first, count) = (given.len() as u32, core.functions());
        component.section(&ModuleSection(&core.finish(self.has_memory)));
        component.section(&intrinsics);
        let mut instances = InstanceSection::new();
        let instance = u32::from(first > 0);
        if first > 0 {
            instances.export_items(given).instantiate(0, [("", ModuleArg::Instance(0))]);
        } else {
            instances.instantiate(0, None::<(&str, ModuleArg)>);
        }
        component.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        let mut alias = |kind, name: &str| {
            aliases.alias(Alias::CoreInstanceExport { instance, kind, name });
        };
        for index in 0..count {
            alias(ExportKind::Func, &index.to_string());
        }
        if self.has_memory {
            alias(ExportKind::Func, REALLOC);
            alias(ExportKind::Memory, MEMORY);
        }
        component.section(&aliases);
        let mut lifts = CanonicalFunctionSection::new();
        for Lift { ty, function, uses_memory, uses_realloc } in &self.lifts {
            let memory = uses_memory.then_some(CanonicalOption::Memory(0));
            let realloc = uses_realloc.then_some(CanonicalOption::Realloc(first + count as u32));
            let options: Vec<_> = memory.into_iter().chain(realloc).collect();
            lifts.lift(first + *function as u32, *ty, options);
        }
        component.section(&lifts);
    }

    fn export(&self, component: &mut Component, items: &[(String, Item)]) {
        let mut shims = 0;
        let mut instances = ComponentInstanceSection::new();
        let mut exports = ComponentExportSection::new();
        for (name, item) in items {
            let next = self.imported + instances.len();
            match item {
                Item::Function(index) => {
                    exports.export(name.as_str(), ComponentExportKind::Func, *index, None);
                    continue;
                }
                Item::List(items) => {
                    let items = items.iter().map(|(name, kind, index)| (name.as_str(), *kind, *index));
                    instances.export_items(items);
                }
                Item::Shim(shim) => {
                    let id = ComponentSectionId::Component.into();
                    component.section(&RawSection { id, data: &shim.bytes });
                    let arguments =
                        shim.arguments.iter().map(|(name, kind, index)| (name.as_str(), *kind, *index));
                    instances.instantiate(shims, arguments);
                    shims += 1;
                }
            }
            exports.export(name.as_str(), ComponentExportKind::Instance, next, None);
        }
        component.section(&instances).section(&exports);
    }
}
