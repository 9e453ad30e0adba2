/**
 * Rules components: constants that tell a guard what its module may do. Only one form is accepted, in which nothing but the
 * text can come out: one core module with one memory, one data segment and one function `i32.const <address>`, which is
 * lifted as `text`. The address holds where the text is and how long it is, four bytes each, as the canonical ABI has it.
 */
import { Reader } from "../binaryReader.ts";
import { type Component, type Range, type Ref, readComponent } from "./structure.ts";

/** The interface that each guard imports; `text: func() -> string` is all of it. */
export const rulesInterface = "pulumi-wasm:guard/rules";

/**
 * The text that a rules component gives.
 *
 * @throws Error saying why the bytes are no rules component
 */
export function readRules(bytes: Uint8Array, range: Range = { start: 0, end: bytes.length }): string {
  const component = readComponent(bytes, range);
  const { spaces, imports, exports } = component;
  requireOne(spaces["core:module"], "core module");
  requireOne(spaces["core:instance"], "core instance");
  const { canon } = requireDefinition(requireOne(canons(component), "canonical function"), "canon");
  const exported = requireOne(exports, "export");
  if (imports.length > 0) throw new Error("it has imports");
  if (exported.name !== rulesInterface || exported.sort !== "instance") {
    throw new Error(`it exports ${exported.name}`);
  }
  const lifted = definitionOf(component, functionOf(bytes, component, exported));
  if (lifted.by !== "canon" || canon.kind !== "lift" || lifted.canon !== canon || !canon.plain) {
    throw new Error("its function is not lifted plainly");
  }
  const module = spaces["core:module"][0];
  const instance = spaces["core:instance"][0];
  if (module?.by !== "bytes" || instance?.by !== "instantiate" || instance.args.length > 0) {
    throw new Error("its core module is not instantiated by itself");
  }
  return readConstantModule(new Reader(bytes, module.range.start, module.range.end), {
    function: coreExport(component, { sort: "core:func", index: canon.function }),
    memory: coreExport(component, { sort: "core:memory", index: canon.memory ?? -1 }),
  });
}

/** The function `text` of an instance: listed in it, or passed through the component that binds names to it. */
function functionOf(bytes: Uint8Array, component: Component, instance: Ref): Ref {
  const definition = definitionOf(component, instance);
  if (definition.by === "inline") return requireText(definition.exports);
  const { of, args } = requireDefinition(definition, "instantiate");
  const { range } = requireDefinition(component.spaces.component[of], "bytes");
  const shim = readComponent(bytes, range);
  const text = definitionOf(shim, requireText(shim.exports));
  const name = requireDefinition(text, "import").import.name;
  const arg = requireOne(args, "argument");
  if (arg.name !== name || arg.sort !== "func") throw new Error(`it does not give ${name}`);
  return arg;
}

function requireText(exports: Component["exports"]): Ref {
  const item = requireOne(exports, "function");
  if (item.name !== "text" || item.sort !== "func") throw new Error(`its interface has ${item.name}`);
  return item;
}

type Definition = Component["spaces"]["func"][number];

/** Where an item comes from, behind the exports that repeat it. */
function definitionOf(component: Component, ref: Ref): Definition {
  const definition = component.spaces[ref.sort][ref.index];
  if (!definition) throw new Error(`there is no ${ref.sort} ${ref.index}`);
  return definition.by === "export" ? definitionOf(component, definition.of) : definition;
}

function requireDefinition<By extends Definition["by"]>(
  definition: Definition | undefined,
  by: By,
): Extract<Definition, { by: By }> {
  if (definition?.by !== by) throw new Error(`${definition?.by ?? "nothing"} in place of ${by}`);
  return definition as Extract<Definition, { by: By }>;
}

function canons({ spaces }: Component): Definition[] {
  return [...spaces.func, ...spaces["core:func"]].filter(({ by }) => by === "canon");
}

function coreExport(component: Component, ref: Ref): string {
  return requireDefinition(component.spaces[ref.sort][ref.index], "alias").name;
}

function requireOne<T>(items: readonly T[], what: string): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`${items.length} of ${what}`);
  return item;
}

const coreHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const coreSections = { custom: 0, type: 1, function: 3, memory: 5, export: 7, code: 10, data: 11 };

interface Names {
  function: string;
  memory: string;
}

function readConstantModule(reader: Reader, names: Names): string {
  for (const expected of coreHeader) {
    if (reader.byte() !== expected) throw new Error("not a core module");
  }
  const sections = new Map<number, Reader>();
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.slice(reader.u32());
    if (id === coreSections.custom) continue;
    if (!Object.values(coreSections).includes(id) || sections.has(id)) {
      throw new Error(`its core module has a section ${id} that it should not have`);
    }
    sections.set(id, section);
  }
  const section = (name: keyof typeof coreSections) => {
    const found = sections.get(coreSections[name]);
    if (!found) throw new Error(`its core module has no section ${name}`);
    return found;
  };
  requireBytes(section("type"), functionType);
  requireBytes(section("function"), oneFunction);
  requireExports(section("export"), names);
  const data = readData(section("data"));
  requireMemory(section("memory"), data.offset + data.bytes.length);
  return textAt(readAddress(section("code")), data);
}

/** One type: a function without parameters that gives an `i32`. */
const functionType = [0x01, 0x60, 0x00, 0x01, 0x7f];
/** One function, of the first type. */
const oneFunction = [0x01, 0x00];

function requireBytes(section: Reader, expected: readonly number[]): void {
  for (const byte of expected)
    if (section.byte() !== byte) throw new Error("its core module has another function");
  section.requireEnd();
}

/** One memory, without a maximum, that has just room for the data. */
function requireMemory(section: Reader, size: number): void {
  requireBytes(section.slice(2), [0x01, 0x00]);
  if (section.u32() !== Math.ceil(size / 65_536)) throw new Error("its memory does not fit its data");
  section.requireEnd();
}

/** The module has one function and one memory, so an index can only be 0. */
function requireExports(section: Reader, { function: text, memory }: Names): void {
  const found = section.many((item) => ({ name: item.string(), sort: item.byte(), index: item.u32() }));
  const has = (name: string, sort: number) =>
    found.some((item) => item.name === name && item.sort === sort && item.index === 0);
  if (!has(text, 0) || !has(memory, 2)) throw new Error("its core module does not export what is lifted");
}

/** The one function: no locals, `i32.const address`, `end`. */
function readAddress(section: Reader): number {
  if (section.u32() !== 1) throw new Error("it has several functions");
  const body = section.slice(section.u32());
  if (body.u32() !== 0) throw new Error("its function has locals");
  const address = readConstant(body);
  body.requireEnd();
  section.requireEnd();
  return address;
}

/** The one data segment: active, in the one memory. */
function readData(section: Reader): { offset: number; bytes: Uint8Array } {
  if (section.u32() !== 1 || section.u32() !== 0)
    throw new Error("it has other data than one active segment");
  const offset = readConstant(section);
  const { bytes, end, offset: start } = section.slice(section.u32());
  section.requireEnd();
  return { offset, bytes: bytes.subarray(start, end) };
}

/** `i32.const` of a number that is not negative, and `end`. */
function readConstant(reader: Reader): number {
  const instruction = reader.byte();
  if (instruction !== 0x41) throw reader.unknown("instruction", instruction);
  const value = reader.u32();
  const sign = (reader.bytes[reader.offset - 1] ?? 0) & 0x40;
  const end = reader.byte();
  if (sign || value > 0x7fffffff || end !== 0x0b) throw new Error("it holds more than a constant");
  return value;
}

/** Both the pair at `address` and what it points to lie in the segment: nothing depends on the rest of the memory. */
function textAt(address: number, { offset, bytes }: { offset: number; bytes: Uint8Array }): string {
  const pair = within(bytes, address - offset, 8);
  const view = new DataView(pair.buffer, pair.byteOffset, pair.byteLength);
  const text = within(bytes, view.getUint32(0, true) - offset, view.getUint32(4, true));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
}

function within(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (start < 0 || start + length > bytes.length) throw new Error("its text is outside of its data");
  return bytes.subarray(start, start + length);
}
