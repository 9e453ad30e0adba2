/** The root of a composition: what it may be made of, and what it may ask the host for. */
import type { Permits } from "./expected.ts";
import { isStructural, itemOf, sameTrack } from "./names.ts";
import type { Parts } from "./parts.ts";
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

export function rootFaults(parts: Parts, permits: ReadonlyMap<string, Permits>): string[] {
  const { root } = parts;
  const faults = codeFaults(root);
  const reached = reachedImports(parts);
  for (const item of root.imports) {
    // A type has no behaviour, whoever gives it.
    if (item.sort === "type") continue;
    if (!reached.has(item)) faults.push(`the root imports ${item.name}, which nothing uses`);
    else if (!mayReach(item, permits)) faults.push(`the root imports ${item.name}, which no module may use`);
  }
  return faults;
}

/** Those that an instance is given, and those whose types other imports are declared with. */
function reachedImports({ root, instances }: Parts): Set<Import> {
  const reached = new Set<Import>();
  for (const { args } of instances) {
    for (const origin of args.values()) if (origin.from === "root") reached.add(origin.import);
  }
  for (const definition of root.spaces.type) {
    if (definition.by !== "alias") continue;
    const owner = root.spaces.instance[definition.of.index];
    if (owner?.by === "import") reached.add(owner.import);
  }
  return reached;
}

function mayReach(item: Import, permits: ReadonlyMap<string, Permits>): boolean {
  const wanted = itemOf(item).item;
  if (isStructural(wanted)) return true;
  const isFor = (name: string) => name === item.name || sameTrack(name, wanted);
  return [...permits.values()].some((own) =>
    [...own].some(
      ([name, permit]) => isFor(name) && (permit.guard !== undefined || permit.access === "open"),
    ),
  );
}
