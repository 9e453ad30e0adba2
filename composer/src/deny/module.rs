//! The core module of a component that denies: functions that answer without a call to anything but the bookkeeping of
//! handles. Equal functions are written once.

use indexmap::IndexSet;
use std::collections::HashMap;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Instruction, MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// A function on handles, of the resource with this index among the component's types. It takes one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    Drop(u32),
    New(u32),
}

pub const MEMORY: &str = "m";
pub const REALLOC: &str = "r";

type Signature = (Vec<ValType>, Vec<ValType>);

/// A string whose place in memory, and length, go to an offset.
pub type Strings = Vec<(usize, String)>;

/// Nothing lies below, which some take for null pointers.
const START: usize = 16;

#[derive(Default)]
pub struct Core {
    intrinsics: IndexSet<Intrinsic>,
    signatures: IndexSet<Signature>,
    functions: Vec<(usize, Vec<u8>)>,
    known: HashMap<(usize, Vec<u8>), usize>,
    data: Vec<u8>,
    places: HashMap<(Vec<u8>, Strings), i32>,
}

impl Core {
    /// The index of the imported function.
    pub fn intrinsic(&mut self, intrinsic: Intrinsic) -> u32 {
        self.intrinsics.insert_full(intrinsic).0 as u32
    }

    /// In the order in which they are imported, by `import_name`.
    pub fn intrinsics(&self) -> impl ExactSizeIterator<Item = Intrinsic> {
        self.intrinsics.iter().copied()
    }

    /// The place of a function among the exports, which have the names of `export_name`.
    pub fn function(&mut self, signature: Signature, body: &[Instruction]) -> usize {
        let signature = self.signatures.insert_full(signature).0;
        let mut bytes = Vec::new();
        for instruction in body {
            wasm_encoder::Encode::encode(instruction, &mut bytes);
        }
        let next = self.functions.len();
        let place = *self.known.entry((signature, bytes.clone())).or_insert(next);
        if place == next {
            self.functions.push((signature, bytes));
        }
        place
    }

    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Puts an answer into memory, with the texts that it points to. @returns its address
    pub fn place(&mut self, bytes: Vec<u8>, strings: Strings) -> i32 {
        if let Some(address) = self.places.get(&(bytes.clone(), strings.clone())) {
            return *address;
        }
        let mut content = bytes.clone();
        for (at, text) in &strings {
            let start = (START + self.data.len()) as u32;
            content[*at..at + 4].copy_from_slice(&start.to_le_bytes());
            content[at + 4..at + 8].copy_from_slice(&(text.len() as u32).to_le_bytes());
            self.data.extend(text.as_bytes());
        }
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let address = (START + self.data.len()) as i32;
        self.data.extend(content);
        self.places.insert((bytes, strings), address);
        address
    }

    /// The module, which has a memory only where one is wanted.
    pub fn finish(mut self, has_memory: bool) -> Module {
        let free = (START + self.data.len().next_multiple_of(16)) as i32;
        let intrinsic = self.signatures.insert_full((vec![ValType::I32], Vec::new())).0;
        let making = self.signatures.insert_full((vec![ValType::I32], vec![ValType::I32])).0;
        let realloc = has_memory.then(|| {
            self.function((vec![ValType::I32; 4], vec![ValType::I32]), &grow_to_hold(free));
            self.functions.len() - 1
        });
        let mut types = TypeSection::new();
        for (params, results) in &self.signatures {
            types.ty().function(params.iter().copied(), results.iter().copied());
        }
        let mut imports = ImportSection::new();
        for (index, item) in self.intrinsics.iter().enumerate() {
            let ty = if let Intrinsic::New(_) = item { making } else { intrinsic };
            imports.import("", &index.to_string(), EntityType::Function(ty as u32));
        }
        let mut functions = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for (index, (signature, body)) in self.functions.iter().enumerate() {
            functions.function(*signature as u32);
            let name = if realloc == Some(index) { REALLOC.to_owned() } else { index.to_string() };
            exports.export(&name, ExportKind::Func, (self.intrinsics.len() + index) as u32);
            let mut function = Function::new([]);
            function.raw(body.iter().copied());
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        if has_memory {
            exports.export(MEMORY, ExportKind::Memory, 0);
            module.section(&memory(free));
        }
        module.section(&exports).section(&code);
        // Memory is zero where nothing is written.
        let length = self.data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if length > 0 {
            let mut data = DataSection::new();
            data.active(0, &ConstExpr::i32_const(START as i32), self.data[..length].iter().copied());
            module.section(&data);
        }
        module
    }
}

fn memory(bytes: i32) -> MemorySection {
    let minimum = (bytes as u64).div_ceil(65_536);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    memories
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
