//! Where two interfaces differ, item by item. wac judges whether they fit; this says why not, in WIT's words.

use crate::print::{self, Names};
use indexmap::IndexMap;
use wac_types::{DefinedType, FuncTypeId, InterfaceId, ItemKind, ResourceId, Type, Types, ValueType};

/// From the outside in: `parameter 2 `scopes``, …, `expected list<string>, found string`.
type Path = Vec<String>;

/// The items of `import` for which `export` has nothing that fits. Types are named only where no function is that uses them.
pub fn differences(types: &Types, import: InterfaceId, export: InterfaceId) -> Vec<(String, Path)> {
    let differ = Differ { types, expected: print::names(types, import), found: print::names(types, export) };
    let exports = &types[export].exports;
    let mut all = Vec::new();
    for (name, expected) in &types[import].exports {
        let difference = match exports.get(name) {
            Some(found) => differ.item(name, *expected, *found),
            None => Some(vec![format!("the {} is missing", what(types, *expected))]),
        };
        all.extend(difference.map(|path| (*expected, (name.clone(), path))));
    }
    if all.iter().any(|(kind, _)| matches!(kind, ItemKind::Func(_))) {
        all.retain(|(kind, _)| matches!(kind, ItemKind::Func(_)));
    }
    all.into_iter().map(|(_, difference)| difference).collect()
}

fn what(types: &Types, kind: ItemKind) -> String {
    match kind {
        ItemKind::Type(Type::Value(ty)) => format!("type ({})", print::kind_of(types, ty)),
        kind => kind.desc(types).to_owned(),
    }
}

struct Differ<'a> {
    types: &'a Types,
    expected: Names,
    found: Names,
}

impl Differ<'_> {
    fn item(&self, name: &str, expected: ItemKind, found: ItemKind) -> Option<Path> {
        match (expected, found) {
            (ItemKind::Func(a), ItemKind::Func(b)) => {
                // WIT does not write the `self` of a method.
                self.function(a, b, usize::from(name.starts_with("[method]")))
            }
            (ItemKind::Type(Type::Value(a)), ItemKind::Type(Type::Value(b))) => self.value(a, b),
            (ItemKind::Type(Type::Resource(a)), ItemKind::Type(Type::Resource(b))) => self.resource(a, b),
            (a, b) if std::mem::discriminant(&a) == std::mem::discriminant(&b) => None,
            (a, b) => Some(vec![differ(what(self.types, a), what(self.types, b))]),
        }
    }

    fn function(&self, a: FuncTypeId, b: FuncTypeId, hidden: usize) -> Option<Path> {
        let (a, b) = (&self.types[a], &self.types[b]);
        let kind = |is_async| if is_async { "an async function" } else { "a sync function" };
        if a.is_async != b.is_async {
            return Some(vec![differ(kind(a.is_async), kind(b.is_async))]);
        }
        if a.params.len() != b.params.len() {
            return Some(vec![differ(
                count(a.params.len() - hidden, "parameter"),
                count(b.params.len() - hidden, "parameter"),
            )]);
        }
        for (index, ((a_name, a), (b_name, b))) in a.params.iter().zip(&b.params).enumerate() {
            if a_name != b_name {
                return Some(vec![
                    format!("parameter {}", index + 1 - hidden),
                    differ(format!("the name `{a_name}`"), format!("`{b_name}`")),
                ]);
            }
            if let Some(path) = self.value(*a, *b) {
                return Some(within(format!("parameter {} `{a_name}`", index + 1 - hidden), path));
            }
        }
        self.optional("result", a.result, b.result)
    }

    fn resource(&self, a: ResourceId, b: ResourceId) -> Option<Path> {
        let name = |id| &self.types[self.types.resolve_resource(id)].name;
        (name(a) != name(b))
            .then(|| vec![differ(format!("resource `{}`", name(a)), format!("resource `{}`", name(b)))])
    }

    fn value(&self, a: ValueType, b: ValueType) -> Option<Path> {
        let (resolved_a, resolved_b) = (self.types.resolve_value_type(a), self.types.resolve_value_type(b));
        match (resolved_a, resolved_b) {
            (ValueType::Primitive(x), ValueType::Primitive(y)) if x == y => None,
            (ValueType::Own(x), ValueType::Own(y)) | (ValueType::Borrow(x), ValueType::Borrow(y)) => {
                self.resource(x, y)
            }
            (ValueType::Defined(x), ValueType::Defined(y)) => {
                self.defined((resolved_a, &self.types[x]), (resolved_b, &self.types[y]))
            }
            _ => Some(vec![self.unlike(resolved_a, resolved_b)]),
        }
    }

    fn defined(&self, (a, x): (ValueType, &DefinedType), (b, y): (ValueType, &DefinedType)) -> Option<Path> {
        use DefinedType::{Enum, FixedSizeList, Flags, Future, List, Map, Option as Opt, Record, Stream};
        use DefinedType::{Result as Res, Tuple, Variant};
        match (x, y) {
            (Record(x), Record(y)) => self.named(a, "field", &x.fields, &y.fields, |x, y| self.value(*x, *y)),
            (Variant(x), Variant(y)) => {
                self.named(a, "case", &x.cases, &y.cases, |x, y| self.optional("payload", *x, *y))
            }
            (Enum(x), Enum(y)) => self.names(a, "case", &x.0, &y.0),
            (Flags(x), Flags(y)) => self.names(a, "flag", &x.0, &y.0),
            (Tuple(x), Tuple(y)) if x.len() == y.len() => {
                let mut items = x.iter().zip(y).enumerate();
                items.find_map(|(index, (x, y))| {
                    Some(within(format!("tuple item {}", index + 1), self.value(*x, *y)?))
                })
            }
            // Of these the whole is short enough to be shown, unless the difference is in a named type.
            (List(x), List(y)) | (Opt(x), Opt(y)) => self.inner(a, b, &[(*x, *y)]),
            (FixedSizeList(x, n), FixedSizeList(y, m)) if n == m => self.inner(a, b, &[(*x, *y)]),
            (Map(x, v), Map(y, w)) => self.inner(a, b, &[(*x, *y), (*v, *w)]),
            (Stream(x), Stream(y)) | (Future(x), Future(y)) => self.payloads(a, b, &[(*x, *y)]),
            (Res { ok: x, err: e }, Res { ok: y, err: f }) => self.payloads(a, b, &[(*x, *y), (*e, *f)]),
            _ => Some(vec![self.unlike(a, b)]),
        }
    }

    fn payloads(
        &self,
        a: ValueType,
        b: ValueType,
        parts: &[(Option<ValueType>, Option<ValueType>)],
    ) -> Option<Path> {
        if parts.iter().any(|(x, y)| x.is_some() != y.is_some()) {
            return Some(vec![self.unlike(a, b)]);
        }
        let known: Vec<_> = parts.iter().filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
        self.inner(a, b, &known)
    }

    fn inner(&self, a: ValueType, b: ValueType, parts: &[(ValueType, ValueType)]) -> Option<Path> {
        let path = parts.iter().find_map(|(x, y)| self.value(*x, *y))?;
        if path.len() > 1 {
            return Some(within(print::kind_of(self.types, a), path));
        }
        Some(vec![self.unlike(a, b)])
    }

    fn named<T>(
        &self,
        a: ValueType,
        kind: &str,
        expected: &IndexMap<String, T>,
        found: &IndexMap<String, T>,
        compare: impl Fn(&T, &T) -> Option<Path>,
    ) -> Option<Path> {
        let whole = print::value(self.types, &self.expected, a);
        let keys = |all: &IndexMap<String, T>| all.keys().cloned().collect::<Vec<_>>();
        if keys(expected) != keys(found) {
            return Some(vec![whole, listed(kind, &keys(expected), &keys(found))]);
        }
        expected.iter().zip(found.values()).find_map(|((name, x), y)| {
            Some(within(whole.clone(), within(format!("{kind} `{name}`"), compare(x, y)?)))
        })
    }

    fn names(
        &self,
        a: ValueType,
        kind: &str,
        expected: &indexmap::IndexSet<String>,
        found: &indexmap::IndexSet<String>,
    ) -> Option<Path> {
        let all = |set: &indexmap::IndexSet<String>| set.iter().cloned().collect::<Vec<_>>();
        let whole = print::value(self.types, &self.expected, a);
        (all(expected) != all(found)).then(|| vec![whole, listed(kind, &all(expected), &all(found))])
    }

    fn optional(&self, part: &str, a: Option<ValueType>, b: Option<ValueType>) -> Option<Path> {
        match (a, b) {
            (None, None) => None,
            (Some(a), Some(b)) => Some(within(part.to_owned(), self.value(a, b)?)),
            (Some(a), None) => {
                Some(vec![part.to_owned(), differ(print::value(self.types, &self.expected, a), "none")])
            }
            (None, Some(b)) => {
                Some(vec![part.to_owned(), differ("none", print::value(self.types, &self.found, b))])
            }
        }
    }

    fn unlike(&self, a: ValueType, b: ValueType) -> String {
        differ(print::value(self.types, &self.expected, a), print::value(self.types, &self.found, b))
    }
}

fn within(outer: String, mut path: Path) -> Path {
    path.insert(0, outer);
    path
}

fn differ(expected: impl std::fmt::Display, found: impl std::fmt::Display) -> String {
    format!("expected {expected}, found {found}")
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The first difference between two lists of names, whose order counts as well.
fn listed(kind: &str, expected: &[String], found: &[String]) -> String {
    if let Some(missing) = expected.iter().find(|name| !found.contains(name)) {
        return format!("{kind} `{missing}` is missing");
    }
    if let Some(extra) = found.iter().find(|name| !expected.contains(name)) {
        return format!("{kind} `{extra}` is not expected");
    }
    let order =
        |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    differ(format!("the order {}", order(expected)), order(found))
}
