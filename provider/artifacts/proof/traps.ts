/** Which functions of a deny component end the guest that calls them; the others answer. */
import { Reader } from "../binaryReader.ts";
import { type Range, readComponent } from "./structure.ts";

const sections = { import: 2, export: 7, code: 10 } as const;
const functionKind = 0;
/** No locals, `unreachable`, `end`. */
const trap = [0x00, 0x00, 0x0b];

/**
 * Names as the component's core code exports them: `wasi:random/random@0.2.0#get-random-bytes`, sorted.
 *
 * @param range of a component that `callsOutside` has nothing against
 */
export function trappingFunctions(bytes: Uint8Array, range: Range): string[] {
  const modules = readComponent(bytes, range).spaces["core:module"];
  const names = modules.flatMap((module) => (module.by === "bytes" ? ofModule(bytes, module.range) : []));
  return names.sort();
}

function ofModule(bytes: Uint8Array, { start, end }: Range): string[] {
  const reader = new Reader(bytes, start + 8, end);
  let imported = 0;
  let exports: { name: string; kind: number; index: number }[] = [];
  let bodies: Uint8Array[] = [];
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.slice(reader.u32());
    // The code imports functions only; modules that bind it to the rest import others, and export nothing of an interface.
    if (id === sections.import) imported = section.u32();
    if (id === sections.export) {
      exports = section.many((item) => ({ name: item.string(), kind: item.byte(), index: item.u32() }));
    }
    if (id === sections.code) {
      bodies = section.many((item) => {
        const body = item.slice(item.u32());
        return bytes.subarray(body.offset, body.end);
      });
    }
  }
  return exports
    .filter(({ name, kind, index }) => {
      const body = bodies[index - imported];
      return (
        kind === functionKind &&
        name.includes("#") &&
        body?.length === trap.length &&
        trap.every((byte, at) => body[at] === byte)
      );
    })
    .map(({ name }) => name);
}
