/** Reads and changes core modules section by section: WebAssembly's core specification, "Binary Format", "Modules". */
import { Reader } from "../binaryReader.ts";

const headerLength = 8;

/** Ids of sections. */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

export interface Section {
  id: number;
  /** Without its length. */
  body: Uint8Array;
}

/** All sections, in their order. @throws Error where one ends early */
export function readSections(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes, headerLength);
  const sections: Section[] = [];
  while (!reader.atEnd()) sections.push({ id: reader.byte(), body: reader.slice(reader.u32()).rest() });
  return sections;
}

/** The module with other bodies in the place of those of these ids. */
export function withBodies(bytes: Uint8Array, bodies: Readonly<Record<number, Uint8Array>>): Uint8Array {
  const parts = readSections(bytes).flatMap(({ id, body }) => {
    const content = bodies[id] ?? body;
    return [Uint8Array.of(id, ...unsigned(content.length)), content];
  });
  return Buffer.concat([bytes.subarray(0, headerLength), ...parts]);
}

/** The body of the first section of that id; of none at all, that of an empty vector. */
export function bodyOf(sections: readonly Section[], id: number): Uint8Array {
  return sections.find((section) => section.id === id)?.body ?? Uint8Array.of(0);
}

export function customNames(sections: readonly Section[]): string[] {
  return sections.filter(({ id }) => id === sectionId.custom).map(({ body }) => new Reader(body).string());
}

/** The content of the first custom section of that name. */
export function customSection(sections: readonly Section[], name: string): Reader | undefined {
  return sections
    .filter(({ id }) => id === sectionId.custom)
    .map(({ body }) => new Reader(body))
    .find((reader) => reader.string() === name);
}

/** How many entries a section's vector has. */
export function entryCount(body: Uint8Array): number {
  return new Reader(body).u32();
}

/** A section's vector with one more entry at its end. */
export function withEntry(body: Uint8Array, entry: readonly number[]): Uint8Array {
  const reader = new Reader(body);
  const count = reader.u32();
  return Buffer.concat([Uint8Array.from(unsigned(count + 1)), reader.rest(), Uint8Array.from(entry)]);
}

export function exportNames(body: Uint8Array): string[] {
  return new Reader(body).many((reader) => {
    const name = reader.string();
    reader.byte();
    reader.u32();
    return name;
  });
}

/** LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128, of what is not negative. */
export function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}

/** Signed LEB128 of 32 bits, which are an address: read as unsigned. */
export function readAddress(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.byte();
    value |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const isNegative = shift < 28 && (byte & 0x40) !== 0;
    return (isNegative ? value | (-1 << (shift + 7)) : value) >>> 0;
  }
  throw new Error("an address of more than 32 bits");
}
