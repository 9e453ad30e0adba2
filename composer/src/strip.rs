//! Leaves out what is for people only: names and producers of what a tool made.

const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const HEADER: usize = 8;

/// A component without its custom sections, and those of what is in it. Nothing in bytes that a tool of ours has just
/// made is malformed; anything else comes back as it is.
pub fn without_custom_sections(component: &[u8]) -> Vec<u8> {
    strip(component, true).unwrap_or_else(|| component.to_vec())
}

fn strip(bytes: &[u8], is_component: bool) -> Option<Vec<u8>> {
    let mut result = bytes.get(..HEADER)?.to_vec();
    let mut rest = bytes.get(HEADER..)?;
    while let Some((id, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        let content = after.get(..length)?;
        rest = &after[length..];
        let content = match (*id, is_component) {
            (CUSTOM, _) => continue,
            (CORE_MODULE, true) => strip(content, false)?,
            (COMPONENT, true) => strip(content, true)?,
            _ => content.to_vec(),
        };
        result.push(*id);
        write_number(content.len(), &mut result);
        result.extend(content);
    }
    Some(result)
}

/// LEB128, as lengths of sections are written.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

fn write_number(mut value: usize, result: &mut Vec<u8>) {
    while value >= 0x80 {
        result.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    result.push(value as u8);
}
