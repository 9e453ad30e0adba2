/**
 * Reads the names at the root of a component from its binary: the component model's `Binary.md`, import and export
 * definitions. The text that wasm-tools prints is made for people; this is what the guarantees about imports rest on.
 * It expects bytes that a validator has accepted, and still fails on everything that it does not know.
 */

import { Reader } from "./binaryReader.ts";

/** What is behind a name: `externdesc` and `sortidx` of the specification. */
export type ExternKind = "module" | "func" | "value" | "type" | "resource" | "component" | "instance";

export interface Extern {
  /** A plain name, or the full name of a WIT interface with its version. */
  name: string;
  kind: ExternKind;
  /** The interface that a plain name stands for: WIT's `import primary: wasi:keyvalue/store@…`. */
  implements?: string;
}

export interface RootExterns {
  imports: Extern[];
  exports: Extern[];
}

const importSection = 10;
const exportSection = 11;
const headerLength = 8;

/** @throws Error when the bytes end early or hold a form that this version does not know */
export function readRootExterns(component: Uint8Array): RootExterns {
  const reader = new Reader(component, headerLength);
  const externs: RootExterns = { imports: [], exports: [] };
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.slice(reader.u32());
    if (id === importSection) externs.imports.push(...section.many(readImport));
    if (id === exportSection) externs.exports.push(...section.many(readExport));
  }
  return externs;
}

/** A WIT package in binary form: a component that only exports component types. */
export function isWitPackage({ imports, exports }: RootExterns): boolean {
  return imports.length === 0 && exports.length > 0 && exports.every((item) => item.kind === "type");
}

function readImport(reader: Reader): Extern {
  return { ...readName(reader), kind: readDescription(reader) };
}

function readExport(reader: Reader): Extern {
  const name = readName(reader);
  const kind = readSort(reader);
  reader.u32();
  if (reader.flag("ascribed type")) readDescription(reader);
  return { ...name, kind };
}

/** The name of an import or export. Form 1 is what encoders wrote for interfaces until 2024; engines read it as form 0. */
export function readName(reader: Reader): { name: string; implements?: string } {
  const form = reader.byte();
  if (form > 2) throw new Error(`unknown form ${form} of a name at offset ${reader.offset}`);
  const name = reader.string();
  if (form < 2) return { name };
  const result: { name: string; implements?: string } = { name };
  for (const [option, value] of reader.many(readNameOption)) {
    if (option === 0) result.implements = value;
    if (option === 1) result.name += value;
  }
  return result;
}

/** 0: implements; 1: the rest of the version; 2: an identifier for tools, without meaning. */
function readNameOption(reader: Reader): [number, string] {
  const option = reader.byte();
  if (option > 2) throw new Error(`unknown attribute ${option} of a name at offset ${reader.offset}`);
  return [option, reader.string()];
}

function readDescription(reader: Reader): ExternKind {
  const kind = readSort(reader);
  if (kind === "type") {
    if (reader.flag("type bound")) return "resource";
    reader.u32();
    return "type";
  }
  if (kind === "value") throw new Error("imports and exports of values are not supported");
  reader.u32();
  return kind;
}

function readSort(reader: Reader): ExternKind {
  const sort = reader.byte();
  if (sort === 0x00) {
    if (reader.byte() !== 0x11)
      throw new Error("only core modules can be imported or exported among core items");
    return "module";
  }
  const kind = ([undefined, "func", "value", "type", "component", "instance"] as const)[sort];
  if (!kind) throw new Error(`unknown sort ${sort} at offset ${reader.offset}`);
  return kind;
}
