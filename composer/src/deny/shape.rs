//! A type in the words of the component model, and how it is written.

use wasm_encoder::{ComponentTypeEncoder, ComponentValType, PrimitiveValType};
use wit_parser::Type;

/// A type whose parts are written already.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    Primitive(PrimitiveValType),
    Record(Vec<(String, ComponentValType)>),
    Variant(Vec<(String, Option<ComponentValType>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Tuple(Vec<ComponentValType>),
    Option(ComponentValType),
    Result(Option<ComponentValType>, Option<ComponentValType>),
    List(ComponentValType),
    FixedList(ComponentValType, u32),
    Map(ComponentValType, ComponentValType),
    Own(u32),
    Borrow(u32),
    Future(Option<ComponentValType>),
    Stream(Option<ComponentValType>),
    Function(Vec<(String, ComponentValType)>, Option<ComponentValType>),
}

impl Shape {
    pub fn encode(&self, encoder: ComponentTypeEncoder) {
        if let Shape::Function(params, result) = self {
            let params = params.iter().map(|(name, ty)| (name.as_str(), *ty));
            encoder.function().params(params).result(*result);
            return;
        }
        let encoder = encoder.defined_type();
        let texts = |names: &[String]| names.to_vec();
        match self {
            Shape::Primitive(ty) => encoder.primitive(*ty),
            Shape::Record(fields) => encoder.record(fields.iter().map(|(name, ty)| (name.as_str(), *ty))),
            Shape::Variant(cases) => encoder.variant(cases.iter().map(|(name, ty)| (name.as_str(), *ty))),
            Shape::Enum(names) => encoder.enum_type(texts(names).iter().map(String::as_str)),
            Shape::Flags(names) => encoder.flags(texts(names).iter().map(String::as_str)),
            Shape::Tuple(types) => encoder.tuple(types.iter().copied()),
            Shape::Option(ty) => encoder.option(*ty),
            Shape::Result(ok, error) => encoder.result(*ok, *error),
            Shape::List(ty) => encoder.list(*ty),
            Shape::FixedList(ty, length) => encoder.fixed_length_list(*ty, *length),
            Shape::Map(key, value) => encoder.map(*key, *value),
            Shape::Own(resource) => encoder.own(*resource),
            Shape::Borrow(resource) => encoder.borrow(*resource),
            Shape::Future(payload) => encoder.future(*payload),
            Shape::Stream(payload) => encoder.stream(*payload),
            Shape::Function(..) => unreachable!("it is written above"),
        }
    }
}

pub fn primitive(ty: &Type) -> PrimitiveValType {
    match ty {
        Type::Bool => PrimitiveValType::Bool,
        Type::U8 => PrimitiveValType::U8,
        Type::U16 => PrimitiveValType::U16,
        Type::U32 => PrimitiveValType::U32,
        Type::U64 => PrimitiveValType::U64,
        Type::S8 => PrimitiveValType::S8,
        Type::S16 => PrimitiveValType::S16,
        Type::S32 => PrimitiveValType::S32,
        Type::S64 => PrimitiveValType::S64,
        Type::F32 => PrimitiveValType::F32,
        Type::F64 => PrimitiveValType::F64,
        Type::Char => PrimitiveValType::Char,
        Type::String => PrimitiveValType::String,
        Type::ErrorContext => PrimitiveValType::ErrorContext,
        Type::Id(_) => unreachable!("its kind is looked at first"),
    }
}
