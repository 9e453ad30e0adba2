//! Puts guards, and what denies, between the modules of a composition and whatever serves their imports.

mod parts;

use crate::{GuardUse, Link, Seal, rules};
use anyhow::{Context, Result, anyhow, bail};
use parts::Guard;
pub use parts::Parts;
use std::collections::{BTreeMap, HashMap};
use wac_graph::types::{ItemKind, Package, are_semver_compatible};
use wac_graph::{CompositionGraph, NodeId, NodeKind, PackageId};

/// Seals each instance of the modules that have a seal.
pub fn seal(graph: &mut CompositionGraph, parts: &Parts, seals: &[Seal]) -> Result<()> {
    let mut packages = HashMap::new();
    for seal in seals {
        for instance in instances_of(graph, &format!("module:{}", seal.module)) {
            Sealing {
                graph,
                packages: &mut packages,
                parts,
                seal,
                instance,
                guards: HashMap::new(),
                rules: None,
                denied: None,
            }
            .run()
            .with_context(|| format!("module `{}` cannot be sealed", seal.module))?;
        }
    }
    Ok(())
}

/// The imports that instances of modules take from one another, where all instances of the module do.
pub fn links(graph: &CompositionGraph) -> Vec<Link> {
    let module_of = |id: NodeId| {
        let package = graph[id].package()?;
        graph[package].name().strip_prefix("module:").map(str::to_owned)
    };
    let instances = graph.node_ids().filter(|id| matches!(graph[*id].kind(), NodeKind::Instantiation(_)));
    let mut links: Vec<(Link, usize)> = Vec::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (id, importer) in instances.filter_map(|id| Some((id, module_of(id)?))) {
        *counts.entry(importer.clone()).or_default() += 1;
        for (import, node) in graph.get_instantiation_arguments(id) {
            let Some((source, export)) = graph.get_alias_source(node) else { continue };
            let Some(exporter) = module_of(source) else { continue };
            let import = import.to_owned();
            let export = export.to_owned();
            match links.iter_mut().find(|(link, _)| link.importer == importer && link.import == import) {
                Some((_, count)) => *count += 1,
                None => links.push((Link { importer: importer.clone(), import, exporter, export }, 1)),
            }
        }
    }
    links.retain(|(link, count)| counts[&link.importer] == *count);
    let mut links: Vec<_> = links.into_iter().map(|(link, _)| link).collect();
    links.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
    links
}

fn instances_of(graph: &CompositionGraph, package: &str) -> Vec<NodeId> {
    let is_instance = |id: &NodeId| {
        let node = &graph[*id];
        matches!(node.kind(), NodeKind::Instantiation(_))
            && node.package().is_some_and(|id| graph[id].name() == package)
    };
    graph.node_ids().filter(is_instance).collect()
}

/// Components by their bytes.
type Packages = HashMap<Vec<u8>, PackageId>;

struct Sealing<'a> {
    graph: &'a mut CompositionGraph,
    packages: &'a mut Packages,
    parts: &'a Parts,
    seal: &'a Seal,
    instance: NodeId,
    /// The guards of this instance; nothing while one is being made.
    guards: HashMap<String, Option<NodeId>>,
    /// All guards of the instance read the same.
    rules: Option<NodeId>,
    denied: Option<Vec<Denial>>,
}

/// What denies some of the module's imports.
#[derive(Clone)]
struct Denial {
    imports: Vec<String>,
    instance: NodeId,
    has_arguments: bool,
}

impl Sealing<'_> {
    fn run(mut self) -> Result<()> {
        self.require_servable()?;
        let seal = self.seal;
        let guarded = seal.guards.iter().flat_map(|used| used.imports.iter());
        // All are decided before the first is changed: a guard takes what the module had.
        let mut decided = Vec::new();
        for import in guarded.chain(&seal.denied) {
            let before = self.argument(import);
            // What a sibling gives needs no grant; only a guard may come between.
            if self.is_linked(import) && seal.denied.contains(import) {
                continue;
            }
            let provider = self.provider(import)?.with_context(|| format!("nothing serves `{import}`"))?;
            decided.push((import, before, provider));
        }
        for (import, before, provider) in decided {
            if let Some(before) = before {
                self.graph.unset_instantiation_argument(self.instance, import, before)?;
            }
            self.graph
                .set_instantiation_argument(self.instance, import, provider)
                .map_err(|error| chain(&error))?;
        }
        Ok(())
    }

    /// A host gives instances and functions, and types with them.
    fn require_servable(&self) -> Result<()> {
        let package = self.graph[self.instance].package().expect("an instance is of a package");
        for (name, kind) in &self.graph.types()[self.graph[package].ty()].imports {
            let sort = match kind {
                ItemKind::Component(_) => "component",
                ItemKind::Module(_) => "core module",
                _ => continue,
            };
            if !self.is_linked(name) {
                bail!("it imports the {sort} `{name}`, which no host provides");
            }
        }
        Ok(())
    }

    fn argument(&self, import: &str) -> Option<NodeId> {
        self.graph
            .get_instantiation_arguments(self.instance)
            .find(|(name, _)| *name == import)
            .map(|(_, node)| node)
    }

    fn is_linked(&self, import: &str) -> bool {
        self.argument(import).is_some_and(|node| self.comes_from_instance(node))
    }

    fn comes_from_instance(&self, node: NodeId) -> bool {
        match self.graph.get_alias_source(node) {
            Some((source, _)) => self.comes_from_instance(source),
            None => matches!(self.graph[node].kind(), NodeKind::Instantiation(_)),
        }
    }

    /// What serves an import of the module once it is sealed; nothing is the host.
    fn provider(&mut self, import: &str) -> Result<Option<NodeId>> {
        let seal = self.seal;
        if let Some(used) = seal.guards.iter().find(|used| used.imports.iter().any(|name| name == import)) {
            let guard = self.guard(used)?;
            return self.export(guard, import).map(Some);
        }
        if seal.denied.iter().any(|name| name == import) && !self.is_linked(import) {
            let instance = self.denial(import)?;
            return self.export(instance, import).map(Some);
        }
        Ok(self.argument(import))
    }

    fn guard(&mut self, used: &GuardUse) -> Result<NodeId> {
        match self.guards.get(&used.guard) {
            Some(Some(node)) => return Ok(*node),
            Some(None) => bail!("the guards need one another"),
            None => {}
        }
        self.guards.insert(used.guard.clone(), None);
        let Guard { bytes, world } = self.parts.guard(&used.guard)?;
        let guard = self.instantiate("guard", bytes)?;
        let closed = match used.closed.is_empty() {
            true => None,
            false => Some(self.instantiate("deny", &world.deny(&used.closed)?)?),
        };
        for import in self.imports(guard) {
            let argument = if import == rules::INTERFACE {
                let rules = self.rules()?;
                Some(self.export(rules, rules::INTERFACE)?)
            } else if let (Some(instance), true) = (closed, used.closed.contains(&import)) {
                Some(self.export(instance, &import)?)
            } else {
                self.upstream(used, &import)?
            };
            if let Some(argument) = argument {
                self.graph
                    .set_instantiation_argument(guard, &import, argument)
                    .map_err(|error| chain(&error).context(format!("guard `{}`", used.guard)))?;
            }
        }
        if let Some(instance) = closed {
            self.wire_denial(instance, &mut |sealing, import| sealing.upstream(used, import))?;
        }
        self.guards.insert(used.guard.clone(), Some(guard));
        Ok(guard)
    }

    /// What serves an import of a guard: what served the module before, of an interface that it guards; else what serves
    /// the module.
    fn upstream(&mut self, used: &GuardUse, import: &str) -> Result<Option<NodeId>> {
        let own = self.imports(self.instance).into_iter().filter(|name| is_same(name, import));
        let (guarded, others): (Vec<_>, Vec<_>) = own.partition(|name| used.imports.contains(name));
        let [first, rest @ ..] = &guarded[..] else {
            return others.first().map_or(Ok(None), |name| self.provider(name));
        };
        // One guard serves an interface in all its versions, and has one source for them.
        if let Some(other) = rest.iter().find(|other| self.link(other) != self.link(first)) {
            bail!("`{first}` and `{other}` come from different places: link both to one module, or neither");
        }
        Ok(self.argument(first))
    }

    /// The instance that serves an import, and as what.
    fn link(&self, import: &str) -> Option<(NodeId, String)> {
        let argument = self.argument(import).filter(|node| self.comes_from_instance(*node))?;
        self.graph.get_alias_source(argument).map(|(instance, export)| (instance, export.to_owned()))
    }

    fn rules(&mut self) -> Result<NodeId> {
        if let Some(rules) = self.rules {
            return Ok(rules);
        }
        let rules = self.instantiate("rules", &rules::component(&self.seal.rules))?;
        self.rules = Some(rules);
        Ok(rules)
    }

    /// The instance that denies an import of the module. It has its arguments only once it is asked for: it may take types
    /// from a guard that takes types from another one.
    fn denial(&mut self, import: &str) -> Result<NodeId> {
        let mut denied = match self.denied.take() {
            Some(known) => known,
            None => self.deny()?,
        };
        let found = denied.iter_mut().find(|denial| denial.imports.iter().any(|name| name == import));
        let found = found.with_context(|| format!("nothing denies `{import}`"))?;
        let instance = found.instance;
        let is_new = !std::mem::replace(&mut found.has_arguments, true);
        self.denied = Some(denied);
        if is_new {
            self.wire_denial(instance, &mut |sealing, import| sealing.provider(import))?;
        }
        Ok(instance)
    }

    /// Denies the module's own imports by as few instances as can be, for each costs time wherever it runs: by one, or where
    /// that would take types from a guard, which may in turn take some from it, by one for each package.
    fn deny(&mut self) -> Result<Vec<Denial>> {
        let world = &self.parts.worlds[&self.seal.module];
        let names: Vec<_> = self.seal.denied.iter().filter(|name| !self.is_linked(name)).cloned().collect();
        let guarded = |name: &String| self.seal.guards.iter().any(|used| used.imports.contains(name));
        let groups = if world.used_by(&names).iter().any(guarded) { by_package(names) } else { vec![names] };
        let instances = groups.into_iter().map(|imports| {
            let instance = self.instantiate("deny", &world.deny(&imports)?)?;
            Ok(Denial { imports, instance, has_arguments: false })
        });
        instances.collect()
    }

    /// Types that what denies has in common with the module come from where the module has them.
    fn wire_denial(
        &mut self,
        instance: NodeId,
        provider: &mut dyn FnMut(&mut Self, &str) -> Result<Option<NodeId>>,
    ) -> Result<()> {
        for import in self.imports(instance) {
            if let Some(argument) = provider(self, &import)? {
                self.graph
                    .set_instantiation_argument(instance, &import, argument)
                    .map_err(|error| chain(&error))?;
            }
        }
        Ok(())
    }

    fn imports(&self, instance: NodeId) -> Vec<String> {
        let package = self.graph[instance].package().expect("an instance is of a package");
        self.graph.types()[self.graph[package].ty()].imports.keys().cloned().collect()
    }

    /// An export by its name, or in another version of its track.
    fn export(&mut self, instance: NodeId, name: &str) -> Result<NodeId> {
        let ItemKind::Instance(interface) = self.graph[instance].item_kind() else {
            bail!("an instance has another type")
        };
        let names = self.graph.types()[interface].exports.keys();
        let found = names
            .clone()
            .find(|other| *other == name)
            .or_else(|| names.clone().find(|other| is_same(other, name)));
        let found = found.with_context(|| format!("nothing serves `{name}`"))?.clone();
        Ok(self.graph.alias_instance_export(instance, &found)?)
    }

    fn instantiate(&mut self, kind: &str, bytes: &[u8]) -> Result<NodeId> {
        let package = match self.packages.get(bytes) {
            Some(package) => *package,
            None => {
                let name = format!("seal:{kind}-{}", self.packages.len());
                let package = Package::from_bytes(&name, None, bytes, self.graph.types_mut())?;
                let id = self.graph.register_package(package)?;
                self.packages.insert(bytes.to_vec(), id);
                id
            }
        };
        Ok(self.graph.instantiate(package))
    }
}

fn by_package(names: Vec<String>) -> Vec<Vec<String>> {
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        let (package, item) = name.split_once('/').unwrap_or(("", &name));
        let version = item.split_once('@').map_or("", |(_, version)| version);
        packages.entry(format!("{package}@{version}")).or_default().push(name);
    }
    packages.into_values().collect()
}

/// Whether two names are of one interface, in versions of one track.
fn is_same(a: &str, b: &str) -> bool {
    a == b || are_semver_compatible(a, b)
}

fn chain(error: &dyn std::error::Error) -> anyhow::Error {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    anyhow!(text)
}
