/** A composition taken apart: what is embedded in it, what is made of that, and where each argument comes from. */
import { type Digest, digestOf } from "../digest.ts";
import { type Extern, readRootExterns } from "../sections.ts";
import {
  type Component,
  type Definition,
  type Import,
  type Range,
  type Ref,
  readComponent,
} from "./structure.ts";

/** A component that is embedded in the root. */
export interface Embedded {
  /** In the root's index space of components. */
  index: number;
  range: Range;
  digest: Digest;
  imports: ReadonlyMap<string, Extern>;
  exports: ReadonlyMap<string, Extern>;
}

/** A component that the root instantiates. */
export interface Instance {
  /** In the root's index space of instances. */
  index: number;
  of: Embedded;
  /** By the name of the import that each one is given for. */
  args: ReadonlyMap<string, Origin>;
}

/** Where an item comes from, behind all aliases and repeated exports. */
export type Origin =
  /** An import of the root, or with a path an export of it: `[interface, function]`. */
  | { from: "root"; import: Import; path: string[] }
  /** An export of an instance; with an empty path the instance itself. */
  | { from: "instance"; index: number; path: string[] }
  /** A type, wherever it comes from: types have no behaviour. */
  | { from: "type" }
  | { from: "unknown"; what: string };

export interface Parts {
  root: Component;
  embedded: Embedded[];
  instances: Instance[];
  /** What the root exports. */
  exports: { name: string; origin: Origin }[];
  /** What is not as it is in a composition. */
  faults: string[];
}

/** @throws Error where the bytes are not a component of a form that is known */
export function takeApart(bytes: Uint8Array): Parts {
  const root = readComponent(bytes);
  const faults: string[] = [];
  const embedded = root.spaces.component.flatMap((definition, index) => {
    if (definition.by === "bytes") return [embed(bytes, definition.range, index)];
    if (definition.by !== "import") faults.push(`component ${index} of the root is not embedded in it`);
    return [];
  });
  const byIndex = new Map(embedded.map((component) => [component.index, component]));
  const instances: Instance[] = [];
  root.spaces.instance.forEach((definition, index) => {
    if (definition.by === "inline") faults.push(`instance ${index} is made of other items`);
    if (definition.by !== "instantiate") return;
    const of = byIndex.get(definition.of);
    if (!of) {
      faults.push(`instance ${index} is made of a component that is not embedded`);
      return;
    }
    const args = new Map(definition.args.map((arg) => [arg.name, originOf(root, arg)]));
    faults.push(...argumentFaults(index, of, definition));
    instances.push({ index, of, args });
  });
  const exports = root.exports.map((item) => ({ name: item.name, origin: originOf(root, item) }));
  return { root, embedded, instances, exports, faults };
}

function embed(bytes: Uint8Array, range: Range, index: number): Embedded {
  const own = bytes.subarray(range.start, range.end);
  const { imports, exports } = readRootExterns(own);
  const byName = (externs: Extern[]) => new Map(externs.map((extern) => [extern.name, extern]));
  return { index, range, digest: digestOf(own), imports: byName(imports), exports: byName(exports) };
}

/** Each import is given once, nothing else is given, and what is given is of the sort that was asked for. */
function argumentFaults(
  index: number,
  { imports }: Embedded,
  { args }: Extract<Definition, { by: "instantiate" }>,
): string[] {
  const given = new Set(args.map(({ name }) => name));
  const faults = [...imports.keys()]
    .filter((name) => !given.has(name))
    .map((name) => `instance ${index} is not given ${name}`);
  if (given.size < args.length) faults.push(`instance ${index} is given an argument twice`);
  for (const { name, sort } of args) {
    const kind = imports.get(name)?.kind;
    const wanted = kind === "resource" ? "type" : kind === "module" ? "core:module" : kind;
    if (wanted !== sort)
      faults.push(`instance ${index} is given the ${sort} ${name}, which it does not import`);
  }
  return faults;
}

function originOf(root: Component, { sort, index }: Ref): Origin {
  if (sort === "type") return { from: "type" };
  const definition = root.spaces[sort][index];
  switch (definition?.by) {
    case "import":
      return { from: "root", import: definition.import, path: [] };
    case "instantiate":
      return { from: "instance", index, path: [] };
    case "export":
      return originOf(root, definition.of);
    case "alias": {
      const origin = originOf(root, definition.of);
      if (!("path" in origin)) return origin;
      return { ...origin, path: [...origin.path, definition.name] };
    }
    default:
      return { from: "unknown", what: `${sort} ${index}` };
  }
}
