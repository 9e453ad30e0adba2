//! Seals a core module, for runtimes that take no components: denied imports become functions inside the module that
//! refuse. What is not denied stays an import, as open as the runtime has it.

use std::collections::HashSet;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, FunctionSection, ImportSection, Module, NameMap, SectionId};
use wasmparser::{
    CodeSectionReader, CompositeInnerType, CustomSectionReader, ExternalKind, FuncType,
    FunctionSectionReader, ImportSectionReader, Name, NameSectionReader, Parser, Payload, TypeRef, ValType,
    Validator, WasmFeatures,
};

const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// Codes of preview 1, `errno` in its `typenames.witx`.
const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const NOTCAPABLE: i32 = 76;

/// The module without the imports in `denied`, each `module#name`.
///
/// What is denied of preview 1 answers "not capable", or that there is none: no arguments, no variables, no preopened
/// folders. Of any other module it traps, for nobody knows how it would say no. The error says what cannot be denied.
pub fn seal(bytes: &[u8], denied: &[String]) -> Result<Vec<u8>, String> {
    let world = World::read(bytes).map_err(|error| error.to_string())?;
    let mut stubs = Stubs::new(&world, denied)?;
    let mut module = Module::new();
    stubs.parse_core_module(&mut module, Parser::new(0), bytes).map_err(|error| match error {
        Error::ParseError(error) => error.to_string(),
        other => other.to_string(),
    })?;
    let sealed = module.finish();
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(&sealed)
        .map_err(|error| error.to_string())?;
    Ok(sealed)
}

struct Import {
    module: String,
    name: String,
    kind: TypeRef,
}

impl Import {
    fn function(&self) -> Option<u32> {
        match self.kind {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => Some(ty),
            _ => None,
        }
    }
}

/// What stubs depend on.
#[derive(Default)]
struct World {
    /// By index; `None` is not the type of a function.
    types: Vec<Option<FuncType>>,
    imports: Vec<Import>,
    /// Functions that are not imported.
    defined: u32,
    /// By index, whether addresses have 32 bits.
    memories: Vec<bool>,
    /// The memory in which preview 1 answers: the export `memory`.
    memory: Option<u32>,
}

impl World {
    fn read(bytes: &[u8]) -> wasmparser::Result<World> {
        let mut world = World::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        world.types.extend(group?.types().map(|ty| match &ty.composite_type.inner {
                            CompositeInnerType::Func(function) => Some(function.clone()),
                            _ => None,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Memory(memory) = import.ty {
                            world.memories.push(!memory.memory64);
                        }
                        let (module, name) = (import.module.into(), import.name.into());
                        world.imports.push(Import { module, name, kind: import.ty });
                    }
                }
                Payload::FunctionSection(section) => world.defined = section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        world.memories.push(!memory?.memory64);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.name == "memory" && export.kind == ExternalKind::Memory {
                            world.memory = Some(export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(world)
    }

    /// The body of what takes an import's place.
    fn stub(&self, import: &Import, ty: u32) -> Function {
        let mut body = Function::new([]);
        let mut code = body.instructions();
        match self.answer(import, ty) {
            Answer::Code(errno) => code.i32_const(errno),
            Answer::Zeros(memory_index) => {
                let word = wasm_encoder::MemArg { offset: 0, align: 2, memory_index };
                for pointer in [0, 1] {
                    code.local_get(pointer).i32_const(0).i32_store(word);
                }
                code.i32_const(SUCCESS)
            }
            Answer::Trap => code.unreachable(),
        };
        code.end();
        body
    }

    fn answer(&self, import: &Import, ty: u32) -> Answer {
        let function = self.types.get(ty as usize).and_then(Option::as_ref);
        let Some(function) = function.filter(|function| *function.results() == [ValType::I32]) else {
            return Answer::Trap;
        };
        match (import.module.as_str(), import.name.as_str()) {
            (PREVIEW_1, "args_sizes_get" | "environ_sizes_get") => match self.answered_memory() {
                Some(memory) if *function.params() == [ValType::I32, ValType::I32] => Answer::Zeros(memory),
                _ => Answer::Code(NOTCAPABLE),
            },
            (PREVIEW_1, "args_get" | "environ_get") => Answer::Code(SUCCESS),
            (PREVIEW_1, "fd_prestat_get") => Answer::Code(BADF),
            (PREVIEW_1, _) => Answer::Code(NOTCAPABLE),
            _ => Answer::Trap,
        }
    }

    fn answered_memory(&self) -> Option<u32> {
        self.memory.filter(|memory| self.memories.get(*memory as usize) == Some(&true))
    }
}

enum Answer {
    /// An `errno`.
    Code(i32),
    /// Zeros where both parameters point to in this memory, and success.
    Zeros(u32),
    Trap,
}

/// Functions have one space of indices, the imported ones before the others. Stubs come last, so that those others keep
/// their order, on which Go's runtime depends.
struct Stubs {
    /// By place among all imports.
    is_denied: Vec<bool>,
    /// The new index of each function that was imported.
    indices: Vec<u32>,
    /// Type and body of each stub.
    functions: Vec<(u32, Function)>,
    /// The least index of a stub.
    first: u32,
    types_are_written: bool,
    code_is_written: bool,
}

impl Stubs {
    fn new(world: &World, denied: &[String]) -> Result<Stubs, String> {
        let mut missing: HashSet<&str> = denied.iter().map(String::as_str).collect();
        let denied = missing.clone();
        let mut is_denied = Vec::new();
        // Where it goes among its like: the imports that stay, or the stubs.
        let mut places = Vec::new();
        let mut functions = Vec::new();
        let mut kept = 0;
        for import in &world.imports {
            let name = format!("{}#{}", import.module, import.name);
            missing.remove(name.as_str());
            let is_stub = denied.contains(name.as_str());
            is_denied.push(is_stub);
            match import.function() {
                None if is_stub => {
                    return Err(format!("`{name}` is no function: only functions can be denied"));
                }
                None => {}
                Some(_) if is_stub && name == "wasi_snapshot_preview1#proc_exit" => {
                    return Err(format!("`{name}` cannot say no: it is how a program ends"));
                }
                Some(ty) if is_stub => {
                    places.push((true, functions.len() as u32));
                    functions.push((ty, world.stub(import, ty)));
                }
                Some(_) => {
                    places.push((false, kept));
                    kept += 1;
                }
            }
        }
        if let Some(name) = missing.iter().min() {
            return Err(format!("`{name}` is not imported, so that it cannot be denied"));
        }
        let first = kept + world.defined;
        let index = |(is_stub, place): (bool, u32)| if is_stub { first + place } else { place };
        let indices = places.into_iter().map(index).collect();
        Ok(Stubs { is_denied, indices, functions, first, types_are_written: false, code_is_written: false })
    }

    fn write_types(&mut self, section: &mut FunctionSection) {
        for (ty, _) in &self.functions {
            section.function(*ty);
        }
        self.types_are_written = true;
    }

    fn write_code(&mut self, section: &mut CodeSection) {
        for (_, body) in &self.functions {
            section.function(body);
        }
        self.code_is_written = true;
    }

    fn is_stub(&self, function: u32) -> bool {
        self.indices.get(function as usize).is_some_and(|index| *index >= self.first)
    }
}

impl Reencode for Stubs {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(match self.indices.get(function as usize) {
            Some(index) => *index,
            None => function - self.functions.len() as u32,
        })
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for (place, import) in section.into_imports().enumerate() {
            let import = import?;
            if !self.is_denied[place] {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        self.write_types(functions);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        self.write_code(code);
        Ok(())
    }

    /// A module that imports all its functions lacks the sections in which stubs belong.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error> {
        use SectionId::{Data, Function, Import, Type};
        if !self.types_are_written && !matches!(before, Some(Type | Import | Function)) {
            let mut section = FunctionSection::new();
            self.write_types(&mut section);
            module.section(&section);
        }
        if !self.code_is_written && matches!(before, None | Some(Data)) {
            let mut section = CodeSection::new();
            self.write_code(&mut section);
            module.section(&section);
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        // They speak of places in the code, which have moved.
        let is_of_places = ["linking", "reloc.", ".debug_", "metadata.code.", "sourceMappingURL"]
            .iter()
            .any(|name| section.name().starts_with(name));
        if is_of_places { Ok(()) } else { utils::parse_custom_section(self, module, section) }
    }

    fn custom_name_section(
        &mut self,
        section: NameSectionReader<'_>,
    ) -> Result<wasm_encoder::NameSection, Error> {
        let mut names = wasm_encoder::NameSection::new();
        for subsection in section {
            match subsection? {
                // They have to stand in the order of indices, and stubs come last.
                Name::Function(map) => {
                    let all = map.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
                    let (stubs, others): (Vec<_>, Vec<_>) =
                        all.into_iter().partition(|naming| self.is_stub(naming.index));
                    let mut functions = NameMap::new();
                    for naming in others.into_iter().chain(stubs) {
                        functions.append(self.function_index(naming.index)?, naming.name);
                    }
                    names.functions(&functions);
                }
                // For debuggers, as what speaks of places.
                Name::Local(_) | Name::Label(_) => {}
                other => self.parse_custom_name_subsection(&mut names, other)?,
            }
        }
        Ok(names)
    }
}
