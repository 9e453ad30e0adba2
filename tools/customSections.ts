const headerLength = 8;
const customSection = 0;

/** A component, or a core module, without its own custom sections: names and producers, which are for people only. */
export function withoutCustomSections(bytes: Uint8Array): Uint8Array {
  const kept = [bytes.subarray(0, headerLength)];
  for (let offset = headerLength; offset < bytes.length; ) {
    const { value: length, end } = readLength(bytes, offset + 1);
    if (bytes[offset] !== customSection) kept.push(bytes.subarray(offset, end + length));
    offset = end + length;
  }
  return Buffer.concat(kept);
}

/** LEB128. */
function readLength(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start; ; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error("A section ends early.");
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
