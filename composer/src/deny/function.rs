//! Functions that deny: how they answer, and what they do with handles before.

use super::component::Writer;
use super::interface_of;
use super::module::Intrinsic;
use super::types::Scope;
use crate::answer::{self, Answer};
use anyhow::{Result, bail};
use wasm_encoder::{Instruction, ValType};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Handle, TypeId, TypeOwner};

/// A function of the component: its type, the core function behind it, and what it takes of the core module.
#[derive(PartialEq, Eq, Hash)]
pub struct Lift {
    pub ty: u32,
    pub function: usize,
    pub uses_memory: bool,
    pub uses_realloc: bool,
}

/// A handle among the flat parameters, by its position.
enum Drop {
    Always(u32),
    /// The discriminant comes before it.
    IfSome(u32),
}

impl Writer<'_> {
    /// The index of a function of the component.
    pub fn function(&mut self, interface: Option<&str>, function: &Function) -> Result<u32> {
        if function.kind.is_async() {
            bail!("async functions such as `{}` cannot be denied yet", function.name);
        }
        let ty = self.types.function(function)?;
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, function);
        let body = self.body(interface, function)?;
        let values = |types: &[WasmType]| types.iter().map(value_type).collect::<Vec<_>>();
        let is_pointer = |ty: &WasmType| matches!(ty, WasmType::Pointer | WasmType::PointerOrI64);
        let uses_realloc = signature.indirect_params || signature.params.iter().any(is_pointer);
        let lift = Lift {
            ty,
            function: self.core.function((values(&signature.params), values(&signature.results)), &body),
            uses_memory: uses_realloc || signature.retptr,
            uses_realloc,
        };
        self.has_memory |= lift.uses_memory;
        Ok(self.lifts.insert_full(lift).0 as u32)
    }

    /// Drops what was lent or given, then answers.
    fn body(&mut self, interface: Option<&str>, function: &Function) -> Result<Vec<Instruction<'static>>> {
        let trap = vec![Instruction::Unreachable, Instruction::End];
        let answer = answer::answer(self.resolve, interface, function);
        if let Answer::Trap = answer {
            return Ok(trap);
        }
        // What was lent must be given back, and may be out of reach.
        let Some(mut body) = self.drops(function)? else { return Ok(trap) };
        match answer {
            Answer::Trap => unreachable!("it is looked at first"),
            Answer::One => body.push(Instruction::I64Const(1)),
            Answer::Handle(resource) if !self.is_ours(resource) => return Ok(trap),
            Answer::Handle(resource) => {
                let new = Intrinsic::New(self.types.index(resource)?);
                let new = self.core.intrinsic(new);
                // Not 0, which jco takes for no handle at all.
                body.extend([Instruction::I32Const(1), Instruction::Call(new)]);
            }
            Answer::Area { bytes, strings } => {
                let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, function);
                match (signature.retptr, signature.results.first()) {
                    (true, _) => body.push(Instruction::I32Const(self.core.place(bytes, strings))),
                    (false, Some(WasmType::I64 | WasmType::PointerOrI64)) => {
                        body.push(Instruction::I64Const(0))
                    }
                    (false, Some(WasmType::F32)) => body.push(Instruction::F32Const(0.0.into())),
                    (false, Some(WasmType::F64)) => body.push(Instruction::F64Const(0.0.into())),
                    (false, Some(_)) => body.push(Instruction::I32Const(0)),
                    (false, None) => {}
                }
            }
        }
        body.push(Instruction::End);
        Ok(body)
    }

    /// Drops the handles among a function's parameters; nothing where one that is lent is out of reach.
    fn drops(&mut self, function: &Function) -> Result<Option<Vec<Instruction<'static>>>> {
        let is_flat = !self.resolve.wasm_signature(AbiVariant::GuestExport, function).indirect_params;
        let mut body = Vec::new();
        let mut position = 0;
        for param in &function.params {
            match answer::handle_of(self.resolve, &param.ty) {
                Some((handle, optional)) if is_flat => {
                    let (Handle::Own(resource) | Handle::Borrow(resource)) = handle;
                    if let Some(drop) = self.drop_of(resource)? {
                        let place = if optional { Drop::IfSome(position) } else { Drop::Always(position) };
                        body.extend(dropping(place, drop));
                    }
                }
                _ if answer::lends(self.resolve, &param.ty) => return Ok(None),
                _ => {}
            }
            position += answer::flat_count(self.resolve, &param.ty);
        }
        Ok(Some(body))
    }

    /// What drops a handle of an imported resource; one of ours is only a number.
    fn drop_of(&mut self, resource: TypeId) -> Result<Option<u32>> {
        if self.is_ours(resource) {
            return Ok(None);
        }
        let base = answer::base_of(self.resolve, resource);
        let drop = Intrinsic::Drop(self.types.index(base)?);
        Ok(Some(self.core.intrinsic(drop)))
    }

    /// Whether the component exports a resource's interface, and so makes its handles.
    fn is_ours(&self, resource: TypeId) -> bool {
        let base = answer::base_of(self.resolve, resource);
        match self.resolve.types[base].owner {
            TypeOwner::Interface(owner) => {
                self.items.iter().any(|(_, item)| interface_of(item) == Some(owner))
            }
            _ => true,
        }
    }
}

fn dropping(place: Drop, function: u32) -> Vec<Instruction<'static>> {
    match place {
        Drop::Always(position) => vec![Instruction::LocalGet(position), Instruction::Call(function)],
        Drop::IfSome(position) => vec![
            Instruction::LocalGet(position),
            Instruction::If(wasm_encoder::BlockType::Empty),
            Instruction::LocalGet(position + 1),
            Instruction::Call(function),
            Instruction::End,
        ],
    }
}

fn value_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
