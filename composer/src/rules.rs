//! The component that tells guards what their module may do: a text, and nothing that runs.

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, CodeSection, Component, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentInstanceSection, ComponentTypeSection,
    ComponentValType, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    InstanceSection, Instruction, MemorySection, MemoryType, Module, ModuleArg, ModuleSection,
    PrimitiveValType, TypeSection, ValType,
};

/// The interface of `guards/wit/rules.wit`.
pub const INTERFACE: &str = "pulumi-wasm:guard/rules";
const FUNCTION: &str = "text";

/// A component that exports the text. Its core module is one constant function over one piece of memory: where the text
/// begins and how long it is, then the text.
pub fn component(text: &str) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(&core(text)));
    let mut instances = InstanceSection::new();
    instances.instantiate(0, None::<(&str, ModuleArg)>);
    component.section(&instances);
    let mut aliases = ComponentAliasSection::new();
    let export = |kind, name| Alias::CoreInstanceExport { instance: 0, kind, name };
    aliases.alias(export(ExportKind::Memory, "memory"));
    aliases.alias(export(ExportKind::Func, FUNCTION));
    component.section(&aliases);
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params::<[(&str, ComponentValType); 0], ComponentValType>([])
        .result(Some(ComponentValType::Primitive(PrimitiveValType::String)));
    component.section(&types);
    let mut functions = CanonicalFunctionSection::new();
    functions.lift(0, 0, [CanonicalOption::UTF8, CanonicalOption::Memory(0)]);
    component.section(&functions);
    let mut exported = ComponentInstanceSection::new();
    exported.export_items([(FUNCTION, ComponentExportKind::Func, 0)]);
    component.section(&exported);
    let mut exports = ComponentExportSection::new();
    exports.export(INTERFACE, ComponentExportKind::Instance, 0, None);
    component.section(&exports);
    component.finish()
}

fn core(text: &str) -> Module {
    let start = 8u32;
    let mut bytes = [start.to_le_bytes(), (text.len() as u32).to_le_bytes()].concat();
    bytes.extend(text.as_bytes());
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    let minimum = (bytes.len() as u64).div_ceil(65_536);
    memories.memory(MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0).export(FUNCTION, ExportKind::Func, 0);
    let mut body = Function::new([]);
    body.instruction(&Instruction::I32Const(0)).instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&body);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), bytes);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&data);
    module
}
