/**
 * Room for the adapter of WASI preview 1 in the memory of a program in Go.
 *
 * The adapter keeps its state and its stack in the program's memory. It asks the program for room, by `cabi_realloc`; of one
 * that does not export that, it grows the memory by itself. Go's runtime takes whatever lies behind its data as its own
 * (src/runtime/os_wasm.go, mem_sbrk.go), so both would write into the same pages. Hence the program is given a `cabi_realloc`
 * that hands out pages behind its data, and its data is said to end behind those: `runtime.firstmoduledata.end`, from which
 * the runtime reckons where its heap begins, and nothing else.
 *
 * TinyGo's runtime does the same as soon as its heap grows, but leaves no place to say so: such a program is refused.
 */
import { Reader } from "../binaryReader.ts";
import {
  bodyOf,
  customNames,
  customSection,
  entryCount,
  exportNames,
  readSections,
  type Section,
  sectionId,
  signed,
  unsigned,
  withBodies,
  withEntry,
} from "./coreModule.ts";
import { findEndOfData, readImage } from "./goModuleData.ts";

const pageSize = 65_536;
/** In pages: twice what the adapter takes, which is one of state and one of stack. */
const room = 4;
const roomSize = room * pageSize;

const i32 = 0x7f;
const i64 = 0x7e;

/** The globals of each program that Go's linker makes: SP, CTXT, g, RET0 to RET3, PAUSE; all mutable, all zero. */
const globalsOfGo = [i32, i64, i64, i64, i64, i64, i64, i32].flatMap((type) => [
  ...[type, 1],
  ...[type === i32 ? 0x41 : 0x42, 0, 0x0b],
]);

/** The runtime could not be told of the adapter's room: the program must not be adapted. The message says why. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

/**
 * The module, with room for the adapter where it is a program in Go without `cabi_realloc`; else the very same bytes.
 *
 * @param bytes a valid core module
 * @throws NoRoom where it is laid out as by no version of Go that is known (1.21 to 1.26 are), or made by TinyGo
 */
export function withRoomForAdapter(bytes: Uint8Array): Uint8Array {
  const sections = readSections(bytes);
  if (exportNames(bodyOf(sections, sectionId.export)).includes("cabi_realloc")) return bytes;
  const producers = readProducers(sections);
  if (producers.includes("TinyGo")) {
    throw new NoRoom(
      "TinyGo's runtime would overwrite what the adapter keeps in its memory, for the program exports no `cabi_realloc`",
    );
  }
  if (!isGo(sections, producers)) return bytes;
  // For the adapter alone there is room, and what the program's own types need is not known.
  if (customNames(sections).some((name) => name.startsWith("component-type"))) {
    throw new NoRoom("it has types of the component model, and exports no `cabi_realloc` for them");
  }
  return withRoom(bytes, sections);
}

/** By what the linker says, and where all that was stripped by the globals, which are its own. */
function isGo(sections: Section[], producers: string[]): boolean {
  const globals = bodyOf(sections, sectionId.global);
  return (
    customNames(sections).includes("go:buildid") ||
    producers.includes("Go") ||
    (globals[0] === 8 && Buffer.from(globalsOfGo).equals(globals.subarray(1)))
  );
}

/** Names of tools and languages, as the tool conventions' section has them; none where it is malformed, which is no error. */
function readProducers(sections: Section[]): string[] {
  try {
    const fields = customSection(sections, "producers")?.many((reader) => {
      reader.string();
      return reader.many((value) => [value.string(), value.string()][0] ?? "");
    });
    return fields?.flat() ?? [];
  } catch {
    return [];
  }
}

function withRoom(bytes: Uint8Array, sections: Section[]): Uint8Array {
  const body = (id: number) => bodyOf(sections, id);
  const pages = memoryPages(body(sectionId.memory));
  const image = pages === undefined ? undefined : readImage(body(sectionId.data), pages * pageSize);
  const found = image && findEndOfData(image);
  if (!pages || !found || found.end > pages * pageSize) {
    throw new NoRoom(
      "its Go runtime is laid out in a way that is not known, and would overwrite what the adapter keeps in its memory",
    );
  }
  const { field, end } = found;
  const begin = Math.ceil(end / pageSize) * pageSize;
  const type = entryCount(body(sectionId.type));
  const realloc = importedFunctions(body(sectionId.import)) + entryCount(body(sectionId.function));
  const next = entryCount(body(sectionId.global));
  const newEnd = [0, 0x41, ...signed(field), 0x0b, 8, ...littleEndian(end + roomSize)];
  return withBodies(bytes, {
    [sectionId.type]: withEntry(body(sectionId.type), [0x60, 4, i32, i32, i32, i32, 1, i32]),
    [sectionId.function]: withEntry(body(sectionId.function), unsigned(type)),
    [sectionId.memory]: Uint8Array.of(1, 0, ...unsigned(pages + room)),
    [sectionId.global]: withEntry(body(sectionId.global), [i32, 1, 0x41, ...signed(begin), 0x0b]),
    [sectionId.export]: withEntry(body(sectionId.export), [...exportName, 0, ...unsigned(realloc)]),
    [sectionId.code]: withEntry(body(sectionId.code), reallocBody(next, begin + roomSize)),
    // Data are written in their order, so that the last one stands.
    [sectionId.data]: withEntry(body(sectionId.data), newEnd),
    [sectionId.dataCount]: Uint8Array.from(unsigned(image.segments + 1)),
  });
}

const exportName = [12, ...Buffer.from("cabi_realloc")];

/** @returns undefined where there is not one memory that may grow without limit, as Go's linker makes it */
function memoryPages(body: Uint8Array): number | undefined {
  const reader = new Reader(body);
  return reader.u32() === 1 && reader.byte() === 0 ? reader.u32() : undefined;
}

function importedFunctions(body: Uint8Array): number {
  return new Reader(body).many((reader) => {
    reader.string();
    reader.string();
    if (reader.byte() !== 0)
      throw new NoRoom("a program in Go imports functions, and this one more than that");
    reader.u32();
  }).length;
}

/**
 * Hands out what lies between the global `next` and the limit, each byte once; to move memory is what it cannot, nor to give
 * more: it traps.
 */
function reallocBody(next: number, limit: number): number[] {
  const [old, align, size, result] = [0, 2, 3, 4] as const;
  const get = (local: number) => [0x20, local];
  const global = unsigned(next);
  const trapIf = [0x04, 0x40, 0x00, 0x0b];
  const body = [
    ...[1, 1, i32],
    ...[...get(old), ...trapIf],
    // result = (next + align - 1) & -align
    ...[0x23, ...global, ...get(align), 0x6a, 0x41, 1, 0x6b],
    ...[0x41, 0, ...get(align), 0x6b, 0x71, 0x22, result],
    // limit < result || limit - result < size
    ...[0x41, ...signed(limit), 0x4b, ...trapIf],
    ...[0x41, ...signed(limit), ...get(result), 0x6b, ...get(size), 0x49, ...trapIf],
    // next = result + size
    ...[...get(result), ...get(size), 0x6a, 0x24, ...global],
    ...[...get(result), 0x0b],
  ];
  return [...unsigned(body.length), ...body];
}

function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
