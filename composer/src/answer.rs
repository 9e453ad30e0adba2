//! What a denied function answers: softly where its signature has an error that says so, or where nothing at all is a fair
//! answer; else it traps.

use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{Function, Handle, Resolve, SizeAlign, Type, TypeDefKind, TypeId};

pub enum Answer {
    Trap,
    /// The result as memory holds it; strings (pointer and length) are still to be placed at the offsets.
    Area {
        bytes: Vec<u8>,
        strings: Vec<(usize, String)>,
    },
    /// One, of a number of 64 bits.
    One,
    /// A handle of a resource that the denying component exports, and that nothing can be done with.
    Handle(TypeId),
}

/// Cases of errors that say what happened, the best first.
const SOFT_CASES: [&str; 6] =
    ["HTTP-request-denied", "access-denied", "not-permitted", "access", "unsupported", "not-supported"];

/// Functions for which an answer of zeros (nothing, an empty list, the beginning of time) is a fair one; `*` is all of an
/// interface.
const ZEROS: [(&str, &str); 5] = [
    ("wasi:cli/environment", "*"),
    ("wasi:filesystem/preopens", "get-directories"),
    ("wasi:config/store", "*"),
    ("wasi:config/runtime", "*"),
    ("wasi:clocks/wall-clock", "*"),
];

/// Functions that answer one: a clock that stands still, but does so from after its beginning, which some runtimes ask for.
const ONES: [(&str, &str); 2] =
    [("wasi:clocks/monotonic-clock", "now"), ("wasi:clocks/monotonic-clock", "resolution")];

/// Functions that give a handle nothing can be done with but to be refused later, where an error can say so.
const HANDLES: [(&str, &str); 1] = [("wasi:sockets/instance-network", "instance-network")];

pub fn answer(resolve: &Resolve, interface: Option<&str>, function: &Function) -> Answer {
    let listed = |table: &[(&str, &str)]| {
        let name = interface.map(|name| name.split('@').next().unwrap_or(name));
        table.iter().any(|(of, item)| Some(*of) == name && (*item == "*" || *item == function.name))
    };
    let Some(result) = &function.result else {
        return if listed(&ZEROS) {
            Answer::Area { bytes: Vec::new(), strings: Vec::new() }
        } else {
            Answer::Trap
        };
    };
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    // Nobody keeps a module from giving these names to other functions.
    let is_number = resolve.wasm_signature(AbiVariant::GuestExport, function).results == [WasmType::I64];
    if is_number && listed(&ONES) {
        return Answer::One;
    }
    if listed(&ZEROS) {
        return Answer::Area { bytes: vec![0; sizes.size(result).size_wasm32()], strings: Vec::new() };
    }
    if let (true, Some((Handle::Own(resource), false))) = (listed(&HANDLES), handle_of(resolve, result)) {
        return Answer::Handle(resource);
    }
    let where_to = interface.map_or(function.name.clone(), |name| format!("{name}#{}", function.name));
    let soft = error_area(resolve, &sizes, result, &format!("access denied: {where_to} is not granted"));
    let has_area = resolve.wasm_signature(AbiVariant::GuestExport, function).retptr;
    match soft {
        Some((bytes, strings)) if has_area => Answer::Area { bytes, strings },
        _ => Answer::Trap,
    }
}

/// A `result` in its error case, where the error can say that access is denied.
fn error_area(
    resolve: &Resolve,
    sizes: &SizeAlign,
    ty: &Type,
    message: &str,
) -> Option<(Vec<u8>, Vec<(usize, String)>)> {
    let TypeDefKind::Result(result) = kind_of(resolve, ty)? else { return None };
    let error = result.err.as_ref()?;
    let mut bytes = vec![0; sizes.size(ty).size_wasm32()];
    bytes[0] = 1;
    let cases = [result.ok.as_ref(), result.err.as_ref()];
    let at = sizes.payload_offset(wit_parser::Int::U8, cases).size_wasm32();
    let mut strings = Vec::new();
    if is_string(resolve, error) {
        strings.push((at, message.to_owned()));
        return Some((bytes, strings));
    }
    match kind_of(resolve, error)? {
        TypeDefKind::Enum(cases) => {
            let names: Vec<_> = cases.cases.iter().map(|case| case.name.as_str()).collect();
            write_tag(&mut bytes[at..], cases.tag(), soft_case(&names)?);
        }
        TypeDefKind::Variant(variant) => {
            let empty = |name: &str| {
                let case = variant.cases.iter().find(|case| case.name == name)?;
                case.ty.is_none().then_some(())
            };
            let names: Vec<_> = variant
                .cases
                .iter()
                .map(|case| case.name.as_str())
                .filter(|name| empty(name).is_some())
                .collect();
            let position = |name: &str| variant.cases.iter().position(|case| case.name == name);
            let soft = soft_case(&names).and_then(|index| position(names[index]));
            let other = || {
                let index = position("other")?;
                variant.cases[index].ty.filter(|ty| is_string(resolve, ty)).map(|_| index)
            };
            let index = match soft {
                Some(index) => index,
                None => {
                    let index = other()?;
                    let payloads = variant.cases.iter().map(|case| case.ty.as_ref());
                    let payload = sizes.payload_offset(variant.tag(), payloads).size_wasm32();
                    strings.push((at + payload, message.to_owned()));
                    index
                }
            };
            write_tag(&mut bytes[at..], variant.tag(), index);
        }
        _ => return None,
    }
    Some((bytes, strings))
}

/// The place of the best case among the names.
fn soft_case(names: &[&str]) -> Option<usize> {
    SOFT_CASES.iter().find_map(|soft| names.iter().position(|name| name == soft))
}

fn write_tag(bytes: &mut [u8], tag: wit_parser::Int, index: usize) {
    let size = match tag {
        wit_parser::Int::U8 => 1,
        wit_parser::Int::U16 => 2,
        wit_parser::Int::U32 => 4,
        wit_parser::Int::U64 => 8,
    };
    bytes[..size].copy_from_slice(&(index as u64).to_le_bytes()[..size]);
}

/// A string, by whatever name.
fn is_string(resolve: &Resolve, ty: &Type) -> bool {
    match ty {
        Type::Id(id) => {
            matches!(&resolve.types[*id].kind, TypeDefKind::Type(inner) if is_string(resolve, inner))
        }
        _ => *ty == Type::String,
    }
}

/// The kind of a type behind its names.
fn kind_of<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a TypeDefKind> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(inner) => kind_of(resolve, inner),
        kind => Some(kind),
    }
}

/// The type behind its names.
pub fn base_of(resolve: &Resolve, id: TypeId) -> TypeId {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(inner)) => base_of(resolve, inner),
        _ => id,
    }
}

/// A parameter that is a handle, or one that may be left out.
pub fn handle_of(resolve: &Resolve, ty: &Type) -> Option<(Handle, bool)> {
    match kind_of(resolve, ty)? {
        TypeDefKind::Handle(handle) => Some((*handle, false)),
        TypeDefKind::Option(inner) => match kind_of(resolve, inner)? {
            TypeDefKind::Handle(handle) => Some((*handle, true)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a type holds a handle that must be given back before the call ends.
pub fn lends(resolve: &Resolve, ty: &Type) -> bool {
    let mut found = false;
    visit_types(resolve, [*ty], &mut |id| {
        found |= matches!(resolve.types[id].kind, TypeDefKind::Handle(Handle::Borrow(_)));
    });
    found
}

pub fn flat_count(resolve: &Resolve, ty: &Type) -> u32 {
    let mut storage = [WasmType::I32; Resolve::MAX_FLAT_PARAMS];
    let mut flat = FlatTypes::new(&mut storage);
    resolve.push_flat(ty, &mut flat);
    flat.to_vec().len() as u32
}

/// Calls `visit` with each type that these are made of.
pub fn visit_types(resolve: &Resolve, types: impl IntoIterator<Item = Type>, visit: &mut dyn FnMut(TypeId)) {
    for ty in types {
        let Type::Id(id) = ty else { continue };
        visit(id);
        let parts: Vec<Type> = match &resolve.types[id].kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
            TypeDefKind::Tuple(tuple) => tuple.types.clone(),
            TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
            TypeDefKind::Option(inner)
            | TypeDefKind::List(inner)
            | TypeDefKind::FixedLengthList(inner, _)
            | TypeDefKind::Type(inner) => vec![*inner],
            TypeDefKind::Map(key, value) => vec![*key, *value],
            TypeDefKind::Future(payload) | TypeDefKind::Stream(payload) => payload.iter().copied().collect(),
            TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
            TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => {
                vec![Type::Id(*resource)]
            }
            _ => Vec::new(),
        };
        visit_types(resolve, parts, visit);
    }
}
