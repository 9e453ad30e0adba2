/** The root of a composition: what it may be made of, and what it may ask the host for. */
import { fullName, itemOf } from "./names.ts";
import type { Parts } from "./parts.ts";
import type { Node } from "./roles.ts";
import { type Component, type Import, sectionIds } from "./structure.ts";

/** No code: neither core modules nor canonical functions, and no start. */
const rootSections: readonly number[] = [
  sectionIds.custom,
  sectionIds.component,
  sectionIds.instance,
  sectionIds.alias,
  sectionIds.type,
  sectionIds.import,
  sectionIds.export,
];

export function codeFaults({ sections }: Component): string[] {
  return [...sections].filter((id) => !rootSections.includes(id)).map((id) => `the root has a section ${id}`);
}

export interface RootImports {
  faults: string[];
  /** Imports that no function is called of: other imports are declared with their types, or denials are. */
  uncalled: Import[];
}

/**
 * What the root asks the host for. Whether a module or guard may have what it is given is judged where it is given. Here: an
 * import has a version that one of those who are given it asks for, and is there because something needs it. (That what an
 * import is given fits its type is the validator's to say.)
 */
export function rootImports(parts: Parts, nodes: readonly Node[]): RootImports {
  const typed = new Set(typeOwners(parts));
  const result: RootImports = { faults: [], uncalled: [] };
  for (const item of parts.root.imports) {
    // A type has no behaviour, whoever gives it.
    if (item.sort === "type") continue;
    const takers = takersOf(item, nodes);
    const isNeeded = takers.length > 0 || (typed.has(item) && isAskedFor(item, parts));
    const wanted = takers.map(({ name }) => name);
    if (!isNeeded) result.faults.push(`the root imports ${item.name}, which nothing uses`);
    else if (takers.length > 0 && !wanted.includes(itemOf(item).item)) {
      result.faults.push(`the root imports ${item.name} where ${wanted.join(", ")} is asked for`);
    } else if (takers.every(({ isDenial }) => isDenial)) result.uncalled.push(item);
  }
  return result;
}

interface Taker {
  /** The interface that it asks for. */
  name: string;
  isDenial: boolean;
}

function takersOf(item: Import, nodes: readonly Node[]): Taker[] {
  return nodes.flatMap(({ args, of, role }) =>
    [...args].flatMap(([name, origin]) => {
      if (origin.from !== "root" || origin.import !== item) return [];
      return [{ name: itemOf(of.imports.get(name) ?? { name }).item, isDenial: role.is === "deny" }];
    }),
  );
}

/** The imports whose types something is declared with. */
function typeOwners({ root }: Parts): Import[] {
  return root.spaces.type.flatMap((definition) => {
    const owner = definition.by === "alias" ? root.spaces.instance[definition.of.index] : undefined;
    return owner?.by === "import" ? [owner.import] : [];
  });
}

function isAskedFor(item: Import, { embedded }: Parts): boolean {
  return embedded.some(({ imports }) => {
    const own = imports.get(item.name);
    return own !== undefined && fullName(own) === fullName(item);
  });
}
