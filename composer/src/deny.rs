//! Components in the place of what a module may not use. They are made of the module's own types, import nothing but types,
//! and call nothing: the checker sees that there is no way out of them.

use crate::answer::{self, Answer};
use crate::strip;
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, FunctionSection,
    ImportSection, Instruction, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, Handle, InterfaceId, LiftLowerAbi, ManglingAndAbi, PackageId, Resolve, ResourceIntrinsic, Type,
    TypeDefKind, TypeId, TypeOwner, WasmExport, WasmExportKind, WasmImport, WorldId, WorldItem, WorldKey,
};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// A component that exports some of a module's imports.
pub struct Denial {
    /// Names of the imports.
    pub imports: Vec<String>,
    pub bytes: Vec<u8>,
}

/// One component for each package of the denied imports, so that interfaces that share resources stay together, and no
/// two of them need one another.
pub fn deny(component: &[u8], denied: &[String]) -> Result<Vec<Denial>> {
    let (mut resolve, root) = match wit_component::decode(component)? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => bail!("it is a WIT package"),
    };
    let mut groups: IndexMap<Option<PackageId>, Vec<(WorldKey, WorldItem)>> = IndexMap::new();
    for name in denied {
        let imports = &resolve.worlds[root].imports;
        let found = imports.iter().find(|(key, _)| resolve.name_world_key(key) == *name);
        let (key, item) = found.with_context(|| format!("its types of `{name}` cannot be told"))?;
        let package = match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].package,
            _ => None,
        };
        groups.entry(package).or_default().push((key.clone(), item.clone()));
    }
    let groups: Vec<_> = groups.into_values().collect();
    groups.into_iter().map(|items| deny_group(&mut resolve, root, items)).collect()
}

fn deny_group(resolve: &mut Resolve, root: WorldId, items: Vec<(WorldKey, WorldItem)>) -> Result<Denial> {
    let imports = items.iter().map(|(key, _)| resolve.name_world_key(key)).collect();
    let world = denying_world(resolve, root, items);
    let mut module = Writer::new(resolve, world).module()?;
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    let bytes = ComponentEncoder::default().validate(false).module(&module)?.encode()?;
    Ok(Denial { imports, bytes: strip::without_custom_sections(&bytes) })
}

/// Exports the items, and imports the interfaces whose types they use.
fn denying_world(resolve: &mut Resolve, root: WorldId, items: Vec<(WorldKey, WorldItem)>) -> WorldId {
    let exported: Vec<_> = items.iter().filter_map(|(_, item)| interface_of(item)).collect();
    let mut needed = Vec::new();
    for id in &exported {
        used_interfaces(resolve, *id, &mut needed);
    }
    for (_, item) in &items {
        if let WorldItem::Function(function) = item {
            for id in owners_of_types(resolve, function) {
                used_interfaces(resolve, id, &mut needed);
                needed.push(id);
            }
        }
    }
    let mut world = resolve.worlds[root].clone();
    world.name = "denied".to_owned();
    // In the order of the module's world, in which each comes after what it uses.
    world.imports.retain(|_, item| match item {
        WorldItem::Interface { id, .. } => needed.contains(id) && !exported.contains(id),
        _ => false,
    });
    let mut items: IndexMap<_, _> = items.into_iter().collect();
    let original: Vec<_> = resolve.worlds[root].imports.keys().cloned().collect();
    items.sort_by_key(|key, _| original.iter().position(|other| other == key));
    world.exports = items;
    let package = world.package;
    let id = resolve.worlds.alloc(world);
    if let Some(package) = package {
        resolve.packages[package].worlds.insert("denied".to_owned(), id);
    }
    id
}

fn interface_of(item: &WorldItem) -> Option<InterfaceId> {
    match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    }
}

/// The interfaces whose types an interface uses, and so on.
fn used_interfaces(resolve: &Resolve, interface: InterfaceId, found: &mut Vec<InterfaceId>) {
    for ty in resolve.interfaces[interface].types.values() {
        let TypeDefKind::Type(Type::Id(used)) = resolve.types[*ty].kind else { continue };
        let TypeOwner::Interface(owner) = resolve.types[used].owner else { continue };
        if owner != interface && !found.contains(&owner) {
            used_interfaces(resolve, owner, found);
            found.push(owner);
        }
    }
}

fn owners_of_types(resolve: &Resolve, function: &Function) -> Vec<InterfaceId> {
    let mut owners = Vec::new();
    answer::visit_types(
        resolve,
        function.params.iter().map(|param| param.ty).chain(function.result),
        &mut |id| {
            if let TypeOwner::Interface(owner) = resolve.types[id].owner {
                owners.push(owner);
            }
        },
    );
    owners
}

/// Writes the core module of a denying world.
struct Writer<'a> {
    resolve: &'a Resolve,
    world: WorldId,
    types: TypeSection,
    imports: ImportSection,
    import_indexes: IndexMap<(String, String), u32>,
    functions: FunctionSection,
    exports: ExportSection,
    bodies: Vec<Vec<Instruction<'static>>>,
    data: Vec<u8>,
}

/// What a function does: drops what was lent or given to it, then answers.
struct Plan<'a> {
    name: String,
    function: &'a Function,
    answer: Answer,
    drops: Vec<(Drop, u32)>,
}

/// A handle among the flat parameters, by its position.
enum Drop {
    Always(u32),
    /// The discriminant comes before it.
    IfSome(u32),
}

impl<'a> Writer<'a> {
    fn new(resolve: &'a Resolve, world: WorldId) -> Self {
        Writer {
            resolve,
            world,
            types: TypeSection::new(),
            imports: ImportSection::new(),
            import_indexes: IndexMap::new(),
            functions: FunctionSection::new(),
            exports: ExportSection::new(),
            bodies: Vec::new(),
            // Nothing lies at 0, which some take for a null pointer.
            data: vec![0; 16],
        }
    }

    fn module(mut self) -> Result<Vec<u8>> {
        let exports = self.resolve.worlds[self.world].exports.clone();
        let mut plans = Vec::new();
        for (key, item) in &exports {
            match item {
                WorldItem::Function(function) => plans.push(self.plan(None, function)?),
                WorldItem::Interface { id, .. } => {
                    for function in self.resolve.interfaces[*id].functions.values() {
                        plans.push(self.plan(Some(key), function)?);
                    }
                }
                WorldItem::Type { .. } => {}
            }
        }
        for plan in plans {
            self.write(plan);
        }
        Ok(self.finish())
    }

    fn plan<'f>(&mut self, key: Option<&WorldKey>, function: &'f Function) -> Result<Plan<'f>> {
        if function.kind.is_async() {
            bail!("async functions such as `{}` cannot be denied yet", function.name);
        }
        let interface = key.map(|key| self.resolve.name_world_key(key));
        let kind = WasmExportKind::Normal;
        let name =
            self.resolve.wasm_export_name(ABI, WasmExport::Func { interface: key, func: function, kind });
        let mut answer = answer::answer(self.resolve, interface.as_deref(), function);
        let drops = match answer {
            Answer::Trap => Vec::new(),
            _ => self.drops(function).unwrap_or_else(|| {
                // What was lent must be given back, and cannot be reached from here.
                answer = Answer::Trap;
                Vec::new()
            }),
        };
        if let Answer::Handle(resource) = answer {
            answer = Answer::New(self.intrinsic(resource, ResourceIntrinsic::ExportedNew, 1));
        }
        Ok(Plan { name, function, answer, drops })
    }

    /// The handles among a function's parameters, or nothing where one that is lent is out of reach.
    fn drops(&mut self, function: &Function) -> Option<Vec<(Drop, u32)>> {
        let is_flat = !self.resolve.wasm_signature(AbiVariant::GuestExport, function).indirect_params;
        let mut drops = Vec::new();
        let mut position = 0;
        for param in &function.params {
            match answer::handle_of(self.resolve, &param.ty) {
                Some((handle, optional)) if is_flat => {
                    let (Handle::Own(resource) | Handle::Borrow(resource)) = handle;
                    if let Some(drop) = self.drop_of(resource) {
                        let place = if optional { Drop::IfSome(position) } else { Drop::Always(position) };
                        drops.push((place, drop));
                    }
                }
                _ if answer::lends(self.resolve, &param.ty) => return None,
                _ => {}
            }
            position += answer::flat_count(self.resolve, &param.ty);
        }
        Some(drops)
    }

    /// What drops a handle of an imported resource; one of ours is only a number.
    fn drop_of(&mut self, resource: TypeId) -> Option<u32> {
        let resource = answer::resource_of(self.resolve, resource);
        let TypeOwner::Interface(owner) = self.resolve.types[resource].owner else { return None };
        let imports = &self.resolve.worlds[self.world].imports;
        imports
            .values()
            .any(|item| interface_of(item) == Some(owner))
            .then(|| self.intrinsic(resource, ResourceIntrinsic::ImportedDrop, 0))
    }

    /// Imports a function on handles, which takes one number.
    fn intrinsic(&mut self, resource: TypeId, intrinsic: ResourceIntrinsic, results: usize) -> u32 {
        let resource = answer::resource_of(self.resolve, resource);
        let world = &self.resolve.worlds[self.world];
        let all = world.imports.iter().chain(&world.exports);
        let owner = self.resolve.types[resource].owner;
        let interface = all
            .filter(|(_, item)| interface_of(item).map(TypeOwner::Interface) == Some(owner))
            .map(|(key, _)| key)
            .next();
        let import = WasmImport::ResourceIntrinsic { interface, resource, intrinsic };
        let (module, name) = self.resolve.wasm_import_name(ABI, import);
        if let Some(index) = self.import_indexes.get(&(module.clone(), name.clone())) {
            return *index;
        }
        let ty = self.types.len();
        self.types.ty().function([ValType::I32], vec![ValType::I32; results]);
        self.imports.import(&module, &name, EntityType::Function(ty));
        let index = self.import_indexes.len() as u32;
        self.import_indexes.insert((module, name), index);
        index
    }

    fn write(&mut self, Plan { name, function, answer, drops }: Plan) {
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, function);
        let values = |types: &[WasmType]| types.iter().map(value_type).collect::<Vec<_>>();
        let mut body = Vec::new();
        for (drop, function) in drops {
            let (position, call) = match drop {
                Drop::Always(position) => {
                    (position, [Instruction::LocalGet(position), Instruction::Call(function)])
                }
                Drop::IfSome(position) => {
                    (position, [Instruction::LocalGet(position + 1), Instruction::Call(function)])
                }
            };
            if let Drop::IfSome(_) = drop {
                body.extend([
                    Instruction::LocalGet(position),
                    Instruction::If(wasm_encoder::BlockType::Empty),
                ]);
            }
            body.extend(call);
            if let Drop::IfSome(_) = drop {
                body.push(Instruction::End);
            }
        }
        match answer {
            Answer::Trap => body.push(Instruction::Unreachable),
            Answer::One => body.push(Instruction::I64Const(1)),
            Answer::New(function) => body.extend([Instruction::I32Const(0), Instruction::Call(function)]),
            Answer::Handle(_) => unreachable!("a plan has the function that makes the handle"),
            Answer::Area { bytes, strings } => {
                let result = signature.results.first();
                match (signature.retptr, result) {
                    (true, _) => body.push(Instruction::I32Const(self.place(bytes, strings) as i32)),
                    (false, Some(WasmType::I64 | WasmType::PointerOrI64)) => {
                        body.push(Instruction::I64Const(0))
                    }
                    (false, Some(_)) => body.push(Instruction::I32Const(0)),
                    (false, None) => {}
                }
            }
        }
        body.push(Instruction::End);
        self.function(&name, values(&signature.params), values(&signature.results), body);
    }

    fn function(
        &mut self,
        name: &str,
        params: Vec<ValType>,
        results: Vec<ValType>,
        body: Vec<Instruction<'static>>,
    ) {
        self.types.ty().function(params, results);
        self.functions.function(self.types.len() - 1);
        let index = self.import_indexes.len() + self.bodies.len();
        self.exports.export(name, ExportKind::Func, index as u32);
        self.bodies.push(body);
    }

    /// Puts an answer into memory, with the texts that it points to.
    fn place(&mut self, mut bytes: Vec<u8>, strings: Vec<(usize, String)>) -> usize {
        for (at, text) in strings {
            let start = self.data.len() as u32;
            bytes[at..at + 4].copy_from_slice(&start.to_le_bytes());
            bytes[at + 4..at + 8].copy_from_slice(&(text.len() as u32).to_le_bytes());
            self.data.extend(text.into_bytes());
        }
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let start = self.data.len();
        self.data.extend(bytes);
        start
    }

    fn finish(mut self) -> Vec<u8> {
        self.data.resize(self.data.len().next_multiple_of(16), 0);
        let free = self.data.len() as i32;
        let realloc = self.resolve.wasm_export_name(ABI, WasmExport::Realloc);
        self.function(&realloc, vec![ValType::I32; 4], vec![ValType::I32], grow_to_hold(free));
        let pages = (free as u64).div_ceil(65_536).max(1);
        let mut memories = MemorySection::new();
        let kind = MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        memories.memory(kind);
        let memory = self.resolve.wasm_export_name(ABI, WasmExport::Memory);
        self.exports.export(&memory, ExportKind::Memory, 0);
        let mut code = CodeSection::new();
        for body in &self.bodies {
            let mut function = wasm_encoder::Function::new([]);
            for instruction in body {
                function.instruction(instruction);
            }
            code.function(&function);
        }
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), self.data.iter().copied());
        let mut module = Module::new();
        module.section(&self.types).section(&self.imports).section(&self.functions).section(&memories);
        module.section(&self.exports).section(&code).section(&data);
        module.finish()
    }
}

/// Arguments are written behind the answers, each over the one before: nobody reads them.
fn grow_to_hold(free: i32) -> Vec<Instruction<'static>> {
    use Instruction::{End, I32Add, I32Const, I32DivU, I32GtU, I32Mul, I32Sub, If, LocalGet, MemoryGrow};
    use Instruction::{I32Eq, MemorySize, Unreachable};
    let empty = wasm_encoder::BlockType::Empty;
    let needed = [LocalGet(3), I32Const(free), I32Add];
    let available = [MemorySize(0), I32Const(65_536), I32Mul];
    let mut body = Vec::new();
    // More than 2 GiB is nobody's argument.
    body.extend([LocalGet(3), I32Const(i32::MAX - 0x1_0000 - free), I32GtU, If(empty), Unreachable, End]);
    body.extend(needed.clone());
    body.extend(available.clone());
    body.extend([I32GtU, If(empty)]);
    body.extend(needed);
    body.extend(available);
    body.extend([I32Sub, I32Const(65_535), I32Add, I32Const(65_536), I32DivU, MemoryGrow(0)]);
    body.extend([I32Const(-1), I32Eq, If(empty), Unreachable, End, End, I32Const(free), End]);
    body
}

fn value_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
