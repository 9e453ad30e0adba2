/** Which functions of a deny component end the guest that calls them; the others answer. */
import { Reader } from "../binaryReader.ts";
import { type Component, type Range, type Ref, readComponent } from "./structure.ts";

const sections = { import: 2, export: 7, code: 10 } as const;
const functionKind = 0;
/** No locals, `unreachable`, `end`. */
const trap = [0x00, 0x00, 0x0b];

/**
 * Functions of interfaces, sorted: `wasi:random/random@0.2.0#get-random-bytes`.
 *
 * @param range of a component that `callsOutside` has nothing against
 */
export function trappingFunctions(bytes: Uint8Array, range: Range): string[] {
  const component = readComponent(bytes, range);
  const traps = trappingLifts(bytes, component);
  const names = component.exports.flatMap((item) => {
    if (item.sort !== "instance") return [];
    const functions = functionsOf(bytes, component, item);
    return functions.filter(({ index }) => traps.has(index)).map(({ name }) => `${item.name}#${name}`);
  });
  return names.sort();
}

/** The functions of the component whose code is a trap. */
function trappingLifts(bytes: Uint8Array, { spaces }: Component): Set<number> {
  const byModule = spaces["core:module"].map((module) =>
    module.by === "bytes" ? trappingExports(bytes, module.range) : new Set<string>(),
  );
  const isTrap = (index: number) => {
    const code = spaces["core:func"][index];
    const instance = code?.by === "alias" ? spaces["core:instance"][code.of.index] : undefined;
    return code?.by === "alias" && instance?.by === "instantiate" && byModule[instance.of]?.has(code.name);
  };
  const lifts = spaces.func.flatMap((item, index) =>
    item.by === "canon" && item.canon.kind === "lift" && isTrap(item.canon.function) ? [index] : [],
  );
  return new Set(lifts);
}

/** Functions of an instance, with their indexes in the component: a component within gives names only. */
function functionsOf(
  bytes: Uint8Array,
  { spaces }: Component,
  { index }: Ref,
): { name: string; index: number }[] {
  const instance = spaces.instance[index];
  if (instance?.by === "inline") return instance.exports.filter(({ sort }) => sort === "func");
  const inner = instance?.by === "instantiate" ? spaces.component[instance.of] : undefined;
  if (instance?.by !== "instantiate" || inner?.by !== "bytes") return [];
  const given = new Map(instance.args.map((item) => [item.name, item]));
  const shim = readComponent(bytes, inner.range);
  return shim.exports.flatMap(({ name, sort, index }) => {
    const item = sort === "func" ? shim.spaces.func[index] : undefined;
    const argument = item?.by === "import" ? given.get(item.import.name) : undefined;
    return argument ? [{ name, index: argument.index }] : [];
  });
}

/** Names of the functions that a core module exports and that do nothing but trap. */
function trappingExports(bytes: Uint8Array, { start, end }: Range): Set<string> {
  const reader = new Reader(bytes, start + 8, end);
  let imported = 0;
  let exports: { name: string; kind: number; index: number }[] = [];
  let bodies: Uint8Array[] = [];
  while (!reader.atEnd()) {
    const id = reader.byte();
    const section = reader.slice(reader.u32());
    // The code imports functions only; modules that bind it to the rest import others, and trap nowhere.
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
  const isTrap = (body: Uint8Array | undefined) =>
    body?.length === trap.length && trap.every((byte, at) => body[at] === byte);
  const names = exports.filter(
    ({ kind, index }) => kind === functionKind && isTrap(bodies[index - imported]),
  );
  return new Set(names.map(({ name }) => name));
}
