//! Types of WIT as a component writes them. Equal types are written once: those of values are told apart by what they hold,
//! whatever their names are.

use super::shape::{Shape, primitive};
use crate::answer::{self, base_of};
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use wasm_encoder::{
    Alias, ComponentOuterAliasKind, ComponentTypeRef, ComponentTypeSection, ComponentValType, InstanceType,
    TypeBounds, ValType,
};
use wit_parser::{Function, Handle, Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

/// Where types are written, each with an index.
pub trait Scope {
    fn resolve(&self) -> &Resolve;
    fn add(&mut self, shape: Shape) -> u32;
    /// The index of a type that others may only refer to by a name: a record, variant, enum, flags or resource.
    fn named(&mut self, id: TypeId) -> Result<u32>;

    fn value(&mut self, ty: &Type) -> Result<ComponentValType> {
        let Type::Id(id) = ty else { return Ok(ComponentValType::Primitive(primitive(ty))) };
        let base = base_of(self.resolve(), *id);
        Ok(match self.resolve().types[base].kind.clone() {
            TypeDefKind::Type(inner) => return self.value(&inner),
            kind if is_nominal(&kind) => ComponentValType::Type(self.named(base)?),
            kind => {
                let shape = self.shape(&kind)?;
                ComponentValType::Type(self.add(shape))
            }
        })
    }

    /// As `value`, where an index is wanted.
    fn index(&mut self, id: TypeId) -> Result<u32> {
        if let TypeDefKind::Resource = self.resolve().types[base_of(self.resolve(), id)].kind {
            return self.named(base_of(self.resolve(), id));
        }
        Ok(match self.value(&Type::Id(id))? {
            ComponentValType::Type(index) => index,
            ComponentValType::Primitive(ty) => self.add(Shape::Primitive(ty)),
        })
    }

    fn maybe(&mut self, ty: &Option<Type>) -> Result<Option<ComponentValType>> {
        ty.as_ref().map(|ty| self.value(ty)).transpose()
    }

    fn function(&mut self, function: &Function) -> Result<u32> {
        let mut params = Vec::new();
        for param in &function.params {
            params.push((param.name.clone(), self.value(&param.ty)?));
        }
        let result = self.maybe(&function.result)?;
        Ok(self.add(Shape::Function(params, result)))
    }

    fn shape(&mut self, kind: &TypeDefKind) -> Result<Shape> {
        Ok(match kind {
            TypeDefKind::Record(record) => {
                let fields =
                    record.fields.iter().map(|field| Ok((field.name.clone(), self.value(&field.ty)?)));
                Shape::Record(fields.collect::<Result<_>>()?)
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| Ok((case.name.clone(), self.maybe(&case.ty)?)));
                Shape::Variant(cases.collect::<Result<_>>()?)
            }
            TypeDefKind::Enum(cases) => {
                Shape::Enum(cases.cases.iter().map(|case| case.name.clone()).collect())
            }
            TypeDefKind::Flags(flags) => {
                Shape::Flags(flags.flags.iter().map(|flag| flag.name.clone()).collect())
            }
            TypeDefKind::Tuple(tuple) => {
                Shape::Tuple(tuple.types.iter().map(|ty| self.value(ty)).collect::<Result<_>>()?)
            }
            TypeDefKind::Option(ty) => Shape::Option(self.value(ty)?),
            TypeDefKind::Result(result) => Shape::Result(self.maybe(&result.ok)?, self.maybe(&result.err)?),
            TypeDefKind::List(ty) => Shape::List(self.value(ty)?),
            TypeDefKind::FixedLengthList(ty, length) => Shape::FixedList(self.value(ty)?, *length),
            TypeDefKind::Map(key, value) => Shape::Map(self.value(key)?, self.value(value)?),
            TypeDefKind::Handle(Handle::Own(id)) => Shape::Own(self.index(*id)?),
            TypeDefKind::Handle(Handle::Borrow(id)) => Shape::Borrow(self.index(*id)?),
            TypeDefKind::Future(payload) => Shape::Future(self.maybe(payload)?),
            TypeDefKind::Stream(payload) => Shape::Stream(self.maybe(payload)?),
            TypeDefKind::Type(_) | TypeDefKind::Resource | TypeDefKind::Unknown => {
                bail!("no type of a value")
            }
        })
    }
}

pub fn is_nominal(kind: &TypeDefKind) -> bool {
    use TypeDefKind::{Enum, Flags, Record, Resource, Variant};
    matches!(kind, Record(_) | Variant(_) | Enum(_) | Flags(_) | Resource)
}

/// The types of a component that exports some interfaces, and imports what those use of others.
pub struct Types<'a> {
    resolve: &'a Resolve,
    exported: HashSet<InterfaceId>,
    known: HashMap<Shape, u32>,
    named: HashMap<TypeId, u32>,
    section: ComponentTypeSection,
    count: u32,
}

impl<'a> Types<'a> {
    pub fn new(resolve: &'a Resolve, exported: HashSet<InterfaceId>) -> Self {
        Types {
            resolve,
            exported,
            known: HashMap::new(),
            named: HashMap::new(),
            section: ComponentTypeSection::new(),
            count: 0,
        }
    }

    /// The type of an imported interface, with just these types of it, and their names in order.
    pub fn instance(&mut self, interface: InterfaceId, used: &HashSet<TypeId>) -> Result<(u32, Vec<String>)> {
        let mut instance =
            Instance { outer: self, ty: InstanceType::new(), known: HashMap::new(), named: HashMap::new() };
        let mut names = Vec::new();
        for (name, id) in &instance.outer.resolve.interfaces[interface].types {
            if used.contains(id) {
                instance.export(name, *id)?;
                names.push(name.clone());
            }
        }
        let Instance { ty, .. } = instance;
        self.section.instance(&ty);
        self.count += 1;
        Ok((self.count - 1, names))
    }

    /// The types that an instance of an exported interface has to give names to, each after what it is made of: the
    /// interface's own, and before them what is in those that it has of other exported ones.
    pub fn names(&self, interface: &Interface) -> Vec<(String, TypeId)> {
        let own = self.in_order(interface);
        let mut named: HashSet<_> = own.iter().map(|(_, id)| base_of(self.resolve, *id)).collect();
        let mut parts = Vec::new();
        answer::visit_types(self.resolve, own.iter().map(|(_, id)| Type::Id(*id)), &mut |part| {
            let ty = &self.resolve.types[part];
            if is_nominal(&ty.kind) && self.is_exported(ty.owner) {
                parts.push(part);
            }
        });
        // A type is visited before its parts.
        let mut all: Vec<_> = parts
            .into_iter()
            .rev()
            .filter(|part| named.insert(*part))
            .enumerate()
            .map(|(index, part)| (format!("part{index}"), part))
            .collect();
        all.extend(own);
        all
    }

    /// The interface's types. Those that it has of others are in any order, and each has to follow what it is made of.
    fn in_order(&self, interface: &Interface) -> Vec<(String, TypeId)> {
        let mut left: IndexMap<_, _> = interface.types.iter().map(|(name, id)| (*id, name.clone())).collect();
        // The first of several names, which is the type's own where that is here.
        let by_base: HashMap<_, _> = left.keys().rev().map(|id| (base_of(self.resolve, *id), *id)).collect();
        let mut ordered = Vec::new();
        for id in interface.types.values() {
            let mut parts = Vec::new();
            answer::visit_types(self.resolve, [Type::Id(*id)], &mut |part| parts.push(part));
            // A type is visited before its parts.
            let own = parts.iter().rev().filter_map(|part| by_base.get(part));
            for id in own.chain([id]) {
                ordered.extend(left.shift_remove(id).map(|name| (name, *id)));
            }
        }
        ordered
    }

    pub fn is_exported(&self, owner: TypeOwner) -> bool {
        matches!(owner, TypeOwner::Interface(owner) if self.exported.contains(&owner))
    }

    /// A type that is an alias of an import has the next index.
    pub fn imported(&mut self, id: TypeId) {
        self.named.insert(id, self.count);
        self.count += 1;
    }

    /// What was written since this was last called.
    pub fn take_section(&mut self) -> ComponentTypeSection {
        std::mem::take(&mut self.section)
    }
}

impl Scope for Types<'_> {
    fn resolve(&self) -> &Resolve {
        self.resolve
    }

    fn add(&mut self, shape: Shape) -> u32 {
        if let Some(index) = self.known.get(&shape) {
            return *index;
        }
        shape.encode(self.section.ty());
        self.known.insert(shape, self.count);
        self.count += 1;
        self.count - 1
    }

    fn named(&mut self, id: TypeId) -> Result<u32> {
        if let Some(index) = self.named.get(&id) {
            return Ok(*index);
        }
        let ty = &self.resolve.types[id];
        if !self.is_exported(ty.owner) {
            bail!("type `{}` belongs to no interface", ty.name.as_deref().unwrap_or_default());
        }
        let index = match &ty.kind {
            TypeDefKind::Resource => {
                self.section.resource(ValType::I32, None);
                self.count += 1;
                self.count - 1
            }
            kind => {
                let shape = self.shape(&kind.clone())?;
                self.add(shape)
            }
        };
        self.named.insert(id, index);
        Ok(index)
    }
}

/// The type of an imported instance.
struct Instance<'t, 'a> {
    outer: &'t mut Types<'a>,
    ty: InstanceType,
    known: HashMap<Shape, u32>,
    named: HashMap<TypeId, u32>,
}

impl Instance<'_, '_> {
    fn export(&mut self, name: &str, id: TypeId) -> Result<()> {
        let bounds = match self.outer.resolve.types[id].kind.clone() {
            TypeDefKind::Resource => TypeBounds::SubResource,
            kind => {
                let shape = self.shape(&kind)?;
                TypeBounds::Eq(self.add(shape))
            }
        };
        self.named.insert(id, self.ty.type_count());
        self.ty.export(name, ComponentTypeRef::Type(bounds));
        Ok(())
    }
}

impl Scope for Instance<'_, '_> {
    fn resolve(&self) -> &Resolve {
        self.outer.resolve
    }

    fn add(&mut self, shape: Shape) -> u32 {
        if let Some(index) = self.known.get(&shape) {
            return *index;
        }
        let index = self.ty.type_count();
        shape.encode(self.ty.ty());
        self.known.insert(shape, index);
        index
    }

    /// Of this interface and of those imported before it.
    fn named(&mut self, id: TypeId) -> Result<u32> {
        if let Some(index) = self.named.get(&id) {
            return Ok(*index);
        }
        let outer = *self.outer.named.get(&id).context("an interface uses types of a later one")?;
        let index = self.ty.type_count();
        self.ty.alias(Alias::Outer { kind: ComponentOuterAliasKind::Type, count: 1, index: outer });
        self.named.insert(id, index);
        Ok(index)
    }
}
