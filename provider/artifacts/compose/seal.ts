/** From what modules may do to what the composer puts between them and their host. */
import { decodeGrant } from "../../capabilities/grant.ts";
import { sealModule } from "../../capabilities/sealing.ts";
import {
  type GuardName,
  guardOf,
  isAmbient,
  labelOf,
  meaningOf,
  parseImportName,
} from "../../capabilities/vocabulary.ts";
import type { Inspection } from "../inspection.ts";
import { type Expected, expectedModule, rulesInterface } from "../proof/index.ts";
import { shippedGuard } from "./guards.ts";
import { parseInterface } from "./names.ts";
import type { ComponentFile, ComposerSeal } from "./protocol.ts";
import { type CompositionRecipe, type RecipeSeal, wiringOf } from "./recipe.ts";
import type { CompositionSpec, ModuleWorld } from "./types.ts";

/** A recipe with what it seals; the worlds are those of the modules as they are composed. */
export function withSeal(
  recipe: CompositionRecipe,
  worlds: Readonly<Record<string, ModuleWorld>>,
  access: CompositionSpec["access"],
): CompositionRecipe {
  if (access === undefined) return recipe;
  const entries = Object.entries(worlds).map(([name, world]): [string, RecipeSeal[string]] => {
    const grants = (access[name]?.grants ?? []).map((text) => {
      const grant = decodeGrant(text);
      if (!grant) throw new Error(`A grant of module ${name} was not checked.`);
      return grant;
    });
    const denied = access[name]?.denied ?? [];
    const linked = linkedImports(recipe, name);
    const isShared = Object.keys(worlds).length > 1;
    const { imports, exports } = world;
    return [name, sealModule({ module: name, imports, exports, linked, grants, denied, isShared })];
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

/** What is asked of the composer, and what its result is then held against. */
export async function sealRequest(
  recipe: CompositionRecipe,
  seal: RecipeSeal,
  worlds: Readonly<Record<string, Inspection>>,
): Promise<{ guards: ComponentFile[]; modules: ComposerSeal[]; expected: Expected }> {
  const used = new Set(Object.values(seal).flatMap(({ guards }) => Object.keys(guards) as GuardName[]));
  const guards = await Promise.all([...used].sort().map(shippedGuard));
  const imports = new Map(guards.map((guard) => [guard.name, guard.imports]));
  const modules = Object.entries(seal).map(([name, sealed]) =>
    composerSeal(name, sealed, worlds[name]?.imports ?? [], imports),
  );
  const carriedBy = (name: string) =>
    (Object.keys(seal[name]?.guards ?? {}) as GuardName[]).flatMap((guard) =>
      (imports.get(guard) ?? []).filter(isCarried),
    );
  const expected: Expected = {
    modules: Object.fromEntries(
      Object.entries(seal).flatMap(([name, sealed]) => {
        const world = worlds[name];
        if (!world) return [];
        const module = expectedModule(world, sealed);
        return [[name, { ...module, open: [...new Set([...module.open, ...carriedBy(name)])] }]];
      }),
    ),
    guards: Object.fromEntries(guards.map(({ name, digest }) => [name, digest])),
    // A text of the user's may instantiate modules as often as it likes.
    ...(recipe.wac === undefined && wiringOf(recipe)),
  };
  return { guards: guards.map(({ name, path, digest }) => ({ name, path, digest })), modules, expected };
}

/**
 * A guard asks for whole interfaces: what the module itself may not ask for is denied to its guards as well, so that the
 * result asks its host for nothing else.
 */
function composerSeal(
  module: string,
  { rules, guards, denied }: RecipeSeal[string],
  imports: readonly string[],
  guardImports: ReadonlyMap<GuardName, readonly string[]>,
): ComposerSeal {
  const served = imports.filter((full) => !denied.includes(full)).map(trackOf);
  const isClosed = (name: string) =>
    name !== rulesInterface &&
    meaningOf(parseImportName(name)).kind !== "structural" &&
    !isCarried(name) &&
    !served.includes(trackOf(name));
  const uses = (Object.entries(guards) as [GuardName, string[]][]).map(([guard, guarded]) => ({
    guard,
    imports: guarded.map(labelOf),
    closed: (guardImports.get(guard) ?? []).filter(isClosed),
  }));
  return { module, rules, guards: uses, denied: denied.map(labelOf) };
}

/** What a guard's family opens as a whole: resources of it are the host's, so the host must serve it to the guard. */
function isCarried(name: string): boolean {
  const item = parseImportName(name);
  const meaning = meaningOf(item);
  return meaning.kind === "opened" && !meaning.openers.every(isAmbient) && guardOf(item) === undefined;
}

function trackOf(full: string): string {
  return parseInterface(full)?.track ?? full;
}
