/**
 * Deny components: they stand where a module may not reach the host, and can call nothing.
 *
 * Why: a component calls what is outside of it only through a function that core code can call (`canon lower`), or by
 * passing on a function, an instance or a component that came in. Accepted here is only what does neither: of what is
 * imported only types are looked at; the canonical functions are lifts of its own code and the bookkeeping of handles; its
 * nested components rename functions that it lifted, and hold no code. So every function that it exports runs its own code,
 * which can reach the deny component's own memory and nothing else. What its arguments are does not matter therefore:
 * types have no behaviour. (A handle that it is given it can drop, which its giver asked for by handing it over.)
 */
import {
  type Component,
  type Definition,
  type Range,
  type Ref,
  readComponent,
  sectionIds,
} from "./structure.ts";

/** Why a component may be able to call something. @returns undefined where it cannot @throws Error as `readComponent` */
export function callsOutside(bytes: Uint8Array, range: Range): string | undefined {
  const component = readComponent(bytes, range);
  return (
    importFault(component, ["instance", "type"]) ??
    canonFault(component) ??
    instanceFault(component) ??
    exportFault(component) ??
    nestedFault(bytes, component)
  );
}

function importFault({ imports }: Component, allowed: readonly string[]): string | undefined {
  const item = imports.find(({ sort }) => !allowed.includes(sort));
  return item && `it imports the ${item.sort} ${item.name}`;
}

function canonFault({ spaces }: Component): string | undefined {
  for (const definition of [...spaces.func, ...spaces["core:func"]]) {
    if (
      definition.by === "canon" &&
      definition.canon.kind !== "lift" &&
      definition.canon.kind !== "resource"
    ) {
      return definition.canon.kind === "lower" ? "it lowers a function" : "it has a canonical function";
    }
  }
  return undefined;
}

/** Nothing is taken out of an imported instance but types, and none is passed on. */
function instanceFault(component: Component): string | undefined {
  const { spaces } = component;
  for (const sort of ["func", "component", "instance", "core:module"] as const) {
    for (const definition of spaces[sort]) {
      if (definition.by === "outer") return `it uses an outer ${sort}`;
      if (
        definition.by === "alias" &&
        definition.of.sort === "instance" &&
        isForeign(component, definition.of)
      ) {
        return `it takes the ${sort} ${definition.name} out of an import`;
      }
      const given =
        definition.by === "instantiate"
          ? definition.args
          : definition.by === "inline"
            ? definition.exports
            : [];
      const foreign = given.find((item) => isForeign(component, item));
      if (foreign) return `it passes an import on as ${foreign.name}`;
    }
  }
  return undefined;
}

function exportFault(component: Component): string | undefined {
  for (const item of component.exports) {
    if (item.sort === "component" || item.sort === "core:module")
      return `it exports the ${item.sort} ${item.name}`;
    if (isForeign(component, item)) return `it exports an import as ${item.name}`;
  }
  return undefined;
}

/** Whether an item, other than a type, came in from outside. Aliases of what did are refused where they are defined. */
function isForeign({ spaces }: Component, { sort, index }: Ref): boolean {
  if (sort === "type") return false;
  let definition: Definition | undefined = spaces[sort][index];
  while (definition?.by === "export") definition = spaces[sort][definition.of.index];
  return definition === undefined || definition.by === "import" || definition.by === "outer";
}

/** What gives names to lifted functions: imports and exports of functions and types, without code. */
const shimSections: readonly number[] = [
  sectionIds.custom,
  sectionIds.type,
  sectionIds.alias,
  sectionIds.import,
  sectionIds.export,
];

function nestedFault(bytes: Uint8Array, { spaces }: Component): string | undefined {
  for (const definition of spaces.component) {
    // Imports, aliases and the like are refused above.
    if (definition.by !== "bytes") continue;
    const shim = readComponent(bytes, definition.range);
    const section = [...shim.sections].find((id) => !shimSections.includes(id));
    if (section !== undefined) return `a component in it has a section ${section}`;
    const fault = importFault(shim, ["func", "type"]);
    if (fault) return `of a component in it: ${fault}`;
    for (const sort of ["func", "component", "instance", "core:module"] as const) {
      if (shim.spaces[sort].some(({ by }) => by === "alias" || by === "outer")) {
        return `a component in it has an alias of a ${sort}`;
      }
    }
  }
  return undefined;
}
