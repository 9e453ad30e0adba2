/** From what modules may do to what the composer puts between them and their host. */
import { decodeGrant } from "../../capabilities/grant.ts";
import { sealModule } from "../../capabilities/sealing.ts";
import { type GuardName, labelOf, meaningOf, parseImportName } from "../../capabilities/vocabulary.ts";
import { parseInterface } from "./names.ts";
import type { ComposerSeal } from "./protocol.ts";
import type { CompositionRecipe, RecipeSeal } from "./recipe.ts";
import type { CompositionSpec, ModuleWorld } from "./types.ts";

/** The interface by which a guard is told its rules. */
const rulesInterface = "pulumi-wasm:guard/rules";

/** A recipe with what it seals; the worlds are those of the modules as they are composed. */
export function withSeal(
  recipe: CompositionRecipe,
  worlds: Readonly<Record<string, ModuleWorld>>,
  access: CompositionSpec["access"],
): CompositionRecipe {
  if (access === undefined) return recipe;
  const entries = Object.entries(worlds).map(([name, { imports }]): [string, RecipeSeal[string]] => {
    const grants = (access[name]?.grants ?? []).map((text) => {
      const grant = decodeGrant(text);
      if (!grant) throw new Error(`A grant of module ${name} was not checked.`);
      return grant;
    });
    const denied = access[name]?.denied ?? [];
    const linked = linkedImports(recipe, name);
    const isShared = Object.keys(worlds).length > 1;
    return [name, sealModule({ module: name, imports, linked, grants, denied, isShared })];
  });
  const given = Object.entries(access).filter(([, { grants, denied }]) => grants ?? denied);
  return {
    ...recipe,
    ...(given.length > 0 && { access: Object.fromEntries(given) }),
    seal: Object.fromEntries(entries),
  };
}

/** The imports of a module that another one serves. */
export function linkedImports({ links = [] }: CompositionRecipe, module: string): Set<string> {
  return new Set(links.filter(([from]) => from === module).map(([, wanted]) => wanted));
}

/** Imports of a sealed module that its host serves, whether directly or behind a guard. */
function isServed({ denied }: RecipeSeal[string], full: string): boolean {
  return !denied.includes(full);
}

/**
 * What the composer is told. A guard asks for whole interfaces: what the module itself may not ask for is denied to its guards
 * as well, so that the result asks its host for nothing else.
 */
export function composerSeals(
  seal: RecipeSeal,
  worlds: Readonly<Record<string, ModuleWorld>>,
  guardImports: Readonly<Partial<Record<GuardName, readonly string[]>>>,
): ComposerSeal[] {
  return Object.entries(seal).map(([module, sealed]) => {
    const served = (worlds[module]?.imports ?? []).filter((full) => isServed(sealed, full)).map(trackOf);
    const isClosed = (name: string) =>
      name !== rulesInterface &&
      meaningOf(parseImportName(name)).kind !== "structural" &&
      !served.includes(trackOf(name));
    const guards = Object.entries(sealed.guards).map(([guard, imports]) => ({
      guard,
      imports: imports.map(labelOf),
      closed: (guardImports[guard as GuardName] ?? []).filter(isClosed),
    }));
    return { module, rules: sealed.rules, guards, denied: sealed.denied.map(labelOf) };
  });
}

function trackOf(full: string): string {
  return parseInterface(full)?.track ?? full;
}
