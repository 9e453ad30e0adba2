//! Types as WIT writes them.

use std::collections::HashMap;
use wac_types::{DefinedType, DefinedTypeId, InterfaceId, ItemKind, Type, Types, ValueType};

/// The names that an interface gives to its types.
pub type Names = HashMap<DefinedTypeId, String>;

pub fn names(types: &Types, interface: InterfaceId) -> Names {
    let mut names = Names::new();
    for (name, kind) in &types[interface].exports {
        if let ItemKind::Type(Type::Value(ValueType::Defined(id))) = kind {
            names.entry(*id).or_insert_with(|| name.clone());
            if let ValueType::Defined(resolved) = types.resolve_value_type(ValueType::Defined(*id)) {
                names.entry(resolved).or_insert_with(|| name.clone());
            }
        }
    }
    names
}

pub fn value(types: &Types, names: &Names, ty: ValueType) -> String {
    match ty {
        ValueType::Primitive(primitive) => primitive.desc().to_owned(),
        ValueType::Own(id) => types[types.resolve_resource(id)].name.clone(),
        ValueType::Borrow(id) => format!("borrow<{}>", types[types.resolve_resource(id)].name),
        ValueType::Defined(id) => match names.get(&id) {
            Some(name) => format!("{} `{name}`", kind_of(types, ty)),
            None => defined(types, names, id),
        },
    }
}

/// `record`, `list`: what a type is, without its parts.
pub fn kind_of(types: &Types, ty: ValueType) -> String {
    types.resolve_value_type(ty).desc(types).to_owned()
}

fn defined(types: &Types, names: &Names, id: DefinedTypeId) -> String {
    let part = |ty: &ValueType| value(types, names, *ty);
    let payload = |kind: &str, ty: &Option<ValueType>| match ty {
        Some(ty) => format!("{kind}<{}>", part(ty)),
        None => kind.to_owned(),
    };
    match &types[id] {
        DefinedType::Tuple(items) => {
            format!("tuple<{}>", items.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        DefinedType::List(item) => format!("list<{}>", part(item)),
        DefinedType::FixedSizeList(item, size) => format!("list<{}, {size}>", part(item)),
        DefinedType::Map(key, item) => format!("map<{}, {}>", part(key), part(item)),
        DefinedType::Option(item) => format!("option<{}>", part(item)),
        DefinedType::Result { ok, err } => match (ok, err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", part(ok)),
            (None, Some(err)) => format!("result<_, {}>", part(err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", part(ok), part(err)),
        },
        DefinedType::Stream(item) => payload("stream", item),
        DefinedType::Future(item) => payload("future", item),
        DefinedType::Alias(item) => part(item),
        DefinedType::Variant(_) | DefinedType::Record(_) | DefinedType::Flags(_) | DefinedType::Enum(_) => {
            kind_of(types, ValueType::Defined(id))
        }
    }
}
