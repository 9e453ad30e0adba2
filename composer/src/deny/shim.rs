//! Gives functions the names of methods. Those may stand only where their resource has a name, which a component within can
//! give it: it passes on what it is given, and has no code.

use super::shape::Shape;
use super::types::{Scope, Types, is_nominal};
use crate::answer;
use anyhow::Result;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ComponentOuterAliasKind, ComponentTypeRef, TypeBounds,
};
use wit_parser::{Function, Interface, Resolve, Type, TypeDefKind, TypeId};

/// A component, and what it is given: names with items of the component around it.
pub struct Shim {
    pub bytes: Vec<u8>,
    pub arguments: Vec<(String, ComponentExportKind, u32)>,
}

/// `functions` are the interface's, each with its index in the component around.
pub fn shim(types: &mut Types, interface: &Interface, functions: &[(&Function, u32)]) -> Result<Shim> {
    let mut writer = Writer {
        outer: types,
        builder: ComponentBuilder::default(),
        known: HashMap::new(),
        named: HashMap::new(),
        arguments: Vec::new(),
    };
    let passed = writer.import(functions)?;
    writer.export(interface, functions, &passed)?;
    Ok(Shim { bytes: writer.builder.finish(), arguments: writer.arguments })
}

struct Writer<'t, 'a> {
    outer: &'t mut Types<'a>,
    builder: ComponentBuilder,
    known: HashMap<Shape, u32>,
    named: HashMap<TypeId, u32>,
    arguments: Vec<(String, ComponentExportKind, u32)>,
}

impl Writer<'_, '_> {
    /// Imports each function once. @returns their indexes here, by those outside
    fn import(&mut self, functions: &[(&Function, u32)]) -> Result<HashMap<u32, u32>> {
        let mut distinct = IndexMap::new();
        for (function, index) in functions {
            if !distinct.contains_key(index) {
                distinct.insert(*index, self.function(function)?);
            }
        }
        let mut passed = HashMap::new();
        for (outer, ty) in distinct {
            let name = self.argument(ComponentExportKind::Func, outer);
            passed.insert(outer, self.builder.import(name.as_str(), ComponentTypeRef::Func(ty)));
        }
        Ok(passed)
    }

    /// Exports types under their names, then functions, in terms of these names.
    fn export(
        &mut self,
        interface: &Interface,
        functions: &[(&Function, u32)],
        passed: &HashMap<u32, u32>,
    ) -> Result<()> {
        let mut exported_bases = HashSet::new();
        for (name, id) in self.outer.names(interface) {
            let base = answer::base_of(self.resolve(), id);
            let kind = self.resolve().types[base].kind.clone();
            // What is made of others is made of them as they are named here.
            let index = if is_nominal(&kind) && self.is_ours(base) && self.has_named_parts(base) {
                let shape = self.shape(&kind)?;
                self.add(shape)
            } else {
                self.index(id)?
            };
            let exported = self.builder.export(name.as_str(), ComponentExportKind::Type, index, None);
            // Methods are named after their resource, not after what else it is called (`type trailers = fields`).
            if is_nominal(&kind) && (exported_bases.insert(base) || id == base) {
                self.named.insert(base, exported);
            }
        }
        let types = functions.iter().map(|(function, _)| self.function(function));
        for (ty, (function, index)) in types.collect::<Result<Vec<_>>>()?.into_iter().zip(functions) {
            let ty = Some(ComponentTypeRef::Func(ty));
            let kind = ComponentExportKind::Func;
            self.builder.export(function.name.as_str(), kind, passed[index], ty);
        }
        Ok(())
    }

    fn argument(&mut self, kind: ComponentExportKind, outer: u32) -> String {
        // Names begin with a letter.
        let name = format!("a{}", self.arguments.len());
        self.arguments.push((name.clone(), kind, outer));
        name
    }

    fn is_ours(&self, id: TypeId) -> bool {
        self.outer.is_exported(self.resolve().types[id].owner)
    }

    /// Whether a type is made of others that need a name.
    fn has_named_parts(&self, id: TypeId) -> bool {
        let mut found = false;
        answer::visit_types(self.resolve(), [Type::Id(id)], &mut |part| {
            found |= part != id && is_nominal(&self.resolve().types[part].kind);
        });
        found
    }
}

impl Scope for Writer<'_, '_> {
    fn resolve(&self) -> &Resolve {
        self.outer.resolve()
    }

    fn add(&mut self, shape: Shape) -> u32 {
        if let Some(index) = self.known.get(&shape) {
            return *index;
        }
        let (index, encoder) = self.builder.ty(None);
        shape.encode(encoder);
        self.known.insert(shape, index);
        index
    }

    fn named(&mut self, id: TypeId) -> Result<u32> {
        if let Some(index) = self.named.get(&id) {
            return Ok(*index);
        }
        let outer = self.outer.named(id)?;
        let bounds = match self.resolve().types[id].kind.clone() {
            TypeDefKind::Resource => TypeBounds::SubResource,
            kind if self.has_named_parts(id) => {
                let shape = self.shape(&kind)?;
                TypeBounds::Eq(self.add(shape))
            }
            _ => {
                let kind = ComponentOuterAliasKind::Type;
                TypeBounds::Eq(self.builder.alias(None, Alias::Outer { kind, count: 1, index: outer }))
            }
        };
        let name = self.argument(ComponentExportKind::Type, outer);
        let index = self.builder.import(name.as_str(), ComponentTypeRef::Type(bounds));
        self.named.insert(id, index);
        Ok(index)
    }
}
