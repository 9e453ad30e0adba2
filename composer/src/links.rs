//! What each link gives, held against what it is given for.

use crate::{Kind, Link, Module, Problem, explain};
use std::collections::HashMap;
use wac_types::{InterfaceId, ItemKind, Package, Type, Types, are_semver_compatible};

struct Packages {
    types: Types,
    by_name: HashMap<String, Package>,
}

impl Packages {
    fn read(modules: Vec<Module>) -> Self {
        let mut types = Types::default();
        let mut by_name = HashMap::new();
        for module in modules {
            // One that cannot be read is reported elsewhere.
            if let Ok(package) = Package::from_bytes(&module.name, None, module.bytes, &mut types) {
                by_name.insert(module.name, package);
            }
        }
        Packages { types, by_name }
    }

    fn import(&self, module: &str, name: &str) -> Option<ItemKind> {
        self.types[self.by_name.get(module)?.ty()].imports.get(name).copied()
    }

    fn export(&self, module: &str, name: &str) -> Option<ItemKind> {
        self.types[self.by_name.get(module)?.ty()].exports.get(name).copied()
    }

    fn interfaces(&self, link: &Link) -> Option<(InterfaceId, InterfaceId)> {
        let import = self.import(&link.importer, &link.import)?;
        match (import, self.export(&link.exporter, &link.export)?) {
            (ItemKind::Instance(import), ItemKind::Instance(export)) => Some((import, export)),
            _ => None,
        }
    }
}

/// What does not fit: types, or where those do, the owners of resources.
pub fn explain(modules: Vec<Module>, links: &[Link]) -> Vec<Problem> {
    let packages = Packages::read(modules);
    let mismatches = mismatches(&packages, links);
    if !mismatches.is_empty() {
        return mismatches;
    }
    let mut problems = owners(&packages, links);
    problems.extend(left_behind(&packages, links));
    problems
}

/// Everything in which an export differs from the import that it is given for.
fn mismatches(packages: &Packages, links: &[Link]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let Some((import, export)) = packages.interfaces(link) else { continue };
        for (item, messages) in explain::differences(&packages.types, import, export) {
            problems.push(Problem {
                kind: Kind::Mismatch,
                messages,
                positions: Vec::new(),
                link: Some(index as u32),
                module: None,
                item: Some(item),
            });
        }
    }
    problems
}

/// Links whose two sides take a resource from different instances.
fn owners(packages: &Packages, links: &[Link]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let Some((import, export)) = packages.interfaces(link) else { continue };
        for (resource, interface) in used_resources(&packages.types, import) {
            let exported = used_resources(&packages.types, export)
                .into_iter()
                .find(|(name, other)| *name == resource && are_semver_compatible(other, &interface));
            let wanted = provider(links, &link.importer, &interface);
            let given = match exported {
                Some((_, other)) if packages.import(&link.exporter, &other).is_some() => {
                    provider(links, &link.exporter, &other)
                }
                _ => link.exporter.clone(),
            };
            if wanted != given {
                problems.push(Problem {
                    link: Some(index as u32),
                    item: Some(interface.clone()),
                    messages: vec![resource.clone(), wanted, given],
                    ..Problem::new(Kind::Owner, "")
                });
            }
        }
    }
    problems
}

/// Imports that stay with the host although they use a resource of an interface that a module gives.
fn left_behind(packages: &Packages, links: &[Link]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let Some(package) = packages.by_name.get(&link.importer) else { continue };
        for (import, kind) in &packages.types[package.ty()].imports {
            let ItemKind::Instance(interface) = kind else { continue };
            if !provider(links, &link.importer, import).is_empty() {
                continue;
            }
            let used = used_resources(&packages.types, *interface);
            for (resource, _) in used.into_iter().filter(|(_, from)| *from == link.import) {
                problems.push(Problem {
                    link: Some(index as u32),
                    item: Some(import.clone()),
                    ..Problem::new(Kind::LeftBehind, resource)
                });
            }
        }
    }
    problems
}

/// Who gives a module this import: another module, or nobody, which is the host.
fn provider(links: &[Link], importer: &str, import: &str) -> String {
    let link = links.iter().find(|link| link.importer == importer && link.import == import);
    link.map(|link| link.exporter.clone()).unwrap_or_default()
}

/// The resources that an interface takes from other ones, with the name of that interface.
fn used_resources(types: &Types, interface: InterfaceId) -> Vec<(String, String)> {
    let interface = &types[interface];
    let mut used = Vec::new();
    for (name, from) in &interface.uses {
        let is_resource = matches!(interface.exports.get(name), Some(ItemKind::Type(Type::Resource(_))));
        if let (true, Some(id)) = (is_resource, &types[from.interface].id) {
            used.push((from.name.clone().unwrap_or_else(|| name.clone()), id.clone()));
        }
    }
    used
}
