use wasmparser::{BinaryReaderError, Parser, Validator, WasmFeatures};

/// Validates types, instances and aliases of a component. The bodies of functions are those of the modules, which were
/// validated when they came in and are most of the bytes.
pub fn structure(bytes: &[u8]) -> Result<(), BinaryReaderError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(bytes) {
        validator.payload(&payload?)?;
    }
    Ok(())
}
