import { type CompositionRecipe, parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { ingredient } from "../artifacts/compose/recipe.ts";
import type { Rules } from "../capabilities/rules.ts";
import { isKnown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import type { AppInputs } from "./app.ts";
import { grantsOf } from "./grantTexts.ts";
import { hostRules } from "./hostRules.ts";
import { singleModule } from "./singleModule.ts";

/** What an App may do as a whole, as its Admission will say; unknown while a part of it is, or is no grant at all. */
export function knownRules({ artifact, grants }: AppInputs): OrUnknown<Rules> {
  if (isUnknown(artifact) || isUnknown(artifact.recipe)) return unknown;
  const modules = modulesOf(artifact.recipe, grants);
  if (modules === undefined) return unknown;
  const isKnownWhole = modules.every((module) =>
    module.grants.every((grant) => isKnown(grant) && grant.unknown.length === 0),
  );
  return isKnownWhole ? hostRules(modules) : unknown;
}

function modulesOf(recipeText: string, grants: AppInputs["grants"]) {
  const recipe = recipeOf(recipeText);
  if (recipe === "damaged") return undefined;
  if (recipe === undefined) return [{ name: singleModule, grants: grantsOf(grants, [], []) }];
  return Object.keys(recipe.modules).map((name) => ({
    name,
    grants: grantsOf(recipe.access?.[name]?.grants, [], []),
  }));
}

/** What is wrong with it, the Admission says. */
function recipeOf(text: string): CompositionRecipe | undefined | "damaged" {
  try {
    return parseCompositionRecipe(text);
  } catch {
    return "damaged";
  }
}

/** Digests of an artifact's modules by name, as JSON in the order of the names. */
export function moduleDigests(digest: string, recipeText: string): string {
  const recipe = parseCompositionRecipe(recipeText);
  if (!recipe) return JSON.stringify({ [singleModule]: digest });
  const modules = Object.entries(recipe.modules).map(([name, content]) => [name, ingredient(content).digest]);
  return JSON.stringify(Object.fromEntries(modules.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))));
}
