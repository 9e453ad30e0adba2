use crate::{Kind, Link, Module, Position, Problem, Seal, seal, validate};
use miette::Diagnostic;
use std::collections::HashSet;
use wac_graph::{EncodeOptions, types::BorrowedPackageKey};
use wac_parser::{Document, resolution::Error};

/// Bytes that this tool made say so; nothing else in them depends on it.
const PROCESSOR: wac_graph::Processor =
    wac_graph::Processor { name: "pulumi-wasm-composer", version: env!("CARGO_PKG_VERSION") };

pub fn compose(
    text: &str,
    modules: Vec<Module>,
    guards: Vec<Module>,
    seals: &[Seal],
) -> Result<Vec<u8>, Problem> {
    let parts = seal::Parts::read(&modules, guards, seals).map_err(|error| of_seal(&error))?;
    let document = Document::parse(text).map_err(|error| of_text(text, Kind::Syntax, &error))?;
    let (names, contents): (Vec<_>, Vec<_>) =
        modules.into_iter().map(|module| (package_name(&module.name), module.bytes)).unzip();
    let keys = names.iter().map(|name| BorrowedPackageKey::from_name_and_version(name, None));
    let resolution =
        document.resolve(keys.zip(contents).collect()).map_err(|error| of_resolution(text, &error))?;
    let used: HashSet<_> = resolution.graph().packages().map(|package| package.name()).collect();
    if let Some(name) = names.iter().find(|name| !used.contains(name.as_str())) {
        return Err(Problem { module: Some(module_name(name)), ..Problem::new(Kind::Unused, "") });
    }
    // Validated below, without reading the modules' code again.
    let options = EncodeOptions { validate: false, processor: Some(PROCESSOR), ..Default::default() };
    let bytes = if seals.is_empty() {
        resolution.encode(options).map_err(|error| of_resolution(text, &error))?
    } else {
        let mut graph = resolution.into_graph();
        seal::seal(&mut graph, &parts, seals).map_err(|error| of_seal(&error))?;
        graph.encode(options).map_err(|error| Problem::of(Kind::Sealing, &error))?
    };
    let kind = if seals.is_empty() { Kind::Invalid } else { Kind::Sealing };
    validate::structure(&bytes).map_err(|error| Problem::of(kind, &error))?;
    Ok(bytes)
}

/// The imports that modules take from one another: what a text says that a user wrote.
pub fn links(text: &str, modules: Vec<Module>) -> Result<Vec<Link>, Problem> {
    let document = Document::parse(text).map_err(|error| of_text(text, Kind::Syntax, &error))?;
    let (names, contents): (Vec<_>, Vec<_>) =
        modules.into_iter().map(|module| (package_name(&module.name), module.bytes)).unzip();
    let keys = names.iter().map(|name| BorrowedPackageKey::from_name_and_version(name, None));
    let resolution =
        document.resolve(keys.zip(contents).collect()).map_err(|error| of_resolution(text, &error))?;
    Ok(seal::links(resolution.graph()))
}

fn of_seal(error: &anyhow::Error) -> Problem {
    Problem { messages: error.chain().map(ToString::to_string).collect(), ..Problem::new(Kind::Sealing, "") }
}

fn package_name(module: &str) -> String {
    format!("module:{module}")
}

fn module_name(package: &str) -> String {
    package.strip_prefix("module:").unwrap_or(package).to_owned()
}

fn of_resolution(text: &str, error: &Error) -> Problem {
    match error {
        Error::MismatchedInstantiationArg { name, .. } => {
            Problem { item: Some(name.clone()), ..of_text(text, Kind::Mismatch, error) }
        }
        Error::InstantiationArgMergeFailure { name, .. } | Error::ImportConflict { name, .. } => {
            Problem { item: Some(name.clone()), ..of_text(text, Kind::Conflict, error) }
        }
        Error::PackageParseFailure { name, .. } => {
            Problem { module: Some(module_name(name)), ..of_text(text, Kind::Unreadable, error) }
        }
        _ => of_text(text, Kind::Resolution, error),
    }
}

fn of_text<E: Diagnostic + std::error::Error>(text: &str, kind: Kind, error: &E) -> Problem {
    let mut labels: Vec<_> = error.labels().into_iter().flatten().collect();
    labels.sort_by_key(|label| !label.primary());
    let positions = labels.iter().map(|label| position(text, label.offset())).collect();
    Problem { positions, ..Problem::of(kind, error) }
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position { line: before.matches('\n').count() as u32 + 1, column: line.chars().count() as u32 + 1 }
}
