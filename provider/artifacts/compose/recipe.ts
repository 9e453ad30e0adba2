/** How the bytes of a composition come about, as one canonical string: rules and digests, never a path. */
import * as z from "zod";
import { guardNames } from "../../capabilities/vocabulary.ts";
import { orUnknown } from "../../schema/fields.ts";
import { decodeMarked, encodeMarked } from "../../schema/marked.ts";
import type { Artifact } from "../artifact.ts";
import { digestSchema } from "../digest.ts";
import { order } from "./order.ts";
import type { ComposerLink } from "./protocol.ts";
import type { Plan } from "./types.ts";
import { wacText } from "./wac.ts";

/**
 * The composer's version, as recipes record it: that of `composer/Cargo.toml` (a test holds them together). It changes
 * whenever the bytes of some composition do, the adapters for WASI preview 1 included.
 */
export const composerVersion = "0.3.0";

const unreadable =
  "This version of the plugin does not know the recipe of this artifact. Upgrade the plugin.";

const contentSchema = z.union([
  /** A component of its own: the digest is all. */
  digestSchema,
  z.strictObject({
    digest: digestSchema,
    /** A core module, and what it becomes. */
    adapt: z.enum(["command", "reactor"]).optional(),
    /** A composition in turn. */
    get recipe() {
      return recipeSchema.optional();
    },
  }),
]);

const names = z.optional(orUnknown(z.array(orUnknown(z.string()))));

/** What the modules were granted and denied, as the program says it: what reports and errors are made of. */
const accessSchema = z.record(z.string(), z.strictObject({ grants: names, denied: names }));

/** What of it is in the bytes: `SealedModule` of `capabilities/sealing.ts`, by module. */
const sealSchema = z.record(
  z.string(),
  z.strictObject({
    rules: z.string(),
    guards: z.partialRecord(z.enum(guardNames), z.array(z.string())),
    denied: z.array(z.string()),
  }),
);

export type RecipeSeal = z.output<typeof sealSchema>;

const recipeSchema = z.strictObject({
  composer: z.string(),
  modules: z.record(z.string(), contentSchema),
  /** `from`, `import`, `to`, `export`, as the plan has them: how they were found does not matter any more. */
  links: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])).optional(),
  /** `from`, `export`. */
  exports: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** A text of the user's in place of links and exports. The links beside it are what the text says, for reports. */
  wac: z.string().optional(),
  access: accessSchema.optional(),
  /** Absent: nothing is sealed, and the modules share the host's rights. */
  seal: sealSchema.optional(),
});

export type CompositionRecipe = z.output<typeof recipeSchema>;
export type Content = z.output<typeof contentSchema>;

/** A module's content with all its parts named. */
export interface Ingredient {
  digest: Artifact["digest"];
  adapt?: "command" | "reactor" | undefined;
  recipe?: CompositionRecipe | undefined;
}

export function encodeRecipe(recipe: CompositionRecipe): string {
  return encodeMarked(recipe);
}

/** @throws Error when the recipe was written by a newer version or by hand */
export function checkRecipe(recipe: string): void {
  if (!digestSchema.safeParse(recipe).success && !parseCompositionRecipe(recipe)) throw new Error(unreadable);
}

/** The recipe of a composition; undefined when the artifact is a module. @throws Error when it is of a newer version */
export function parseCompositionRecipe(recipe: string): CompositionRecipe | undefined {
  if (!recipe.startsWith("{")) return undefined;
  const parsed = decodeMarked(recipeSchema, recipe);
  if (parsed) return parsed;
  throw new Error(unreadable);
}

/** What is to be said of a composition in which no grant holds: composers before 0.2.0 made such ones. */
export function unsealed({ composer }: CompositionRecipe): string {
  return `was made by composer ${composer}, which seals no grants. Run \`pulumi up\` of the Composition that it comes from with this version of the plugin, which seals it`;
}

/** Whether calls are granted in it that its bytes do not open: the guards of composers before 0.3.0 knew none. */
export function closesCalls({ composer, seal = {} }: CompositionRecipe): boolean {
  return /^0\.[0-2]\./.test(composer) && Object.values(seal).some(({ rules }) => /^calls\t/m.test(rules));
}

/** The part that a plan fixes. */
export function recipeOfPlan(plan: Plan, modules: Record<string, Content>): CompositionRecipe {
  return {
    composer: composerVersion,
    modules,
    links: plan.links.map((link) => [link.from, link.import, link.to, link.export]),
    exports: plan.exports.map((item) => [item.from, item.export]),
  };
}

export function recipeOfText(
  wac: string,
  modules: Record<string, Content>,
  links: readonly ComposerLink[],
): CompositionRecipe {
  const found = links.map((link): NonNullable<CompositionRecipe["links"]>[number] => [
    link.importer,
    link.import,
    link.exporter,
    link.export,
  ]);
  return { composer: composerVersion, modules, wac, ...(found.length > 0 && { links: found }) };
}

/** The links and exports of a recipe, as a plan has them. */
export function wiringOf({ links = [], exports = [] }: CompositionRecipe): Pick<Plan, "links" | "exports"> {
  return {
    links: links.map(([from, wanted, to, given]) => ({ from, import: wanted, to, export: given })),
    exports: exports.map(([from, name]) => ({ from, export: name })),
  };
}

/** The WAC text of a recipe: its own, or that of its links. */
export function textOf(recipe: CompositionRecipe): string {
  if (recipe.wac !== undefined) return recipe.wac;
  const wiring = wiringOf(recipe);
  const parts = Object.keys(recipe.modules)
    .sort()
    .map((name) => ({ name }));
  return wacText({ modules: order(parts, wiring.links).modules, ...wiring });
}

/** What goes into a recipe for a module: as short as it can be said. */
export function contentOf({ digest, recipe }: Artifact, adapt?: "command" | "reactor"): Content {
  const nested = parseCompositionRecipe(recipe);
  if (nested) return { digest, recipe: nested };
  return adapt ? { digest, adapt } : digest;
}

export function ingredient(content: Content): Ingredient {
  return typeof content === "string" ? { digest: content } : content;
}

/**
 * Whether two recipes differ in nothing but the composer's version: then what is recorded is kept, and the new composer
 * is used when an input changes or the bytes are gone.
 */
export function sameButComposer(a: string, b: string): boolean {
  const strip = (recipe: string) => {
    const parsed = parseCompositionRecipe(recipe);
    return parsed ? encodeMarked(withoutComposer(parsed)) : recipe;
  };
  return strip(a) === strip(b);
}

function withoutComposer(recipe: CompositionRecipe): unknown {
  const modules = Object.entries(recipe.modules).map(([name, content]) => {
    const { digest, adapt, recipe: nested } = ingredient(content);
    // The digest of a composition within depends on its composer as well.
    return [name, nested ? { recipe: withoutComposer(nested) } : { digest, adapt }];
  });
  // A seal follows from what is granted and from the modules.
  return { ...recipe, composer: undefined, seal: undefined, modules: Object.fromEntries(modules) };
}
