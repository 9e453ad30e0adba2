/** The declaration that a recipe came from, with everything inferred written out. */
import { type CompositionRecipe, encodeRecipe, ingredient } from "./recipe.ts";
import type { CompositionModule, CompositionSpec } from "./types.ts";

export function declarationOf({ modules, links, exports, wac }: CompositionRecipe): CompositionSpec {
  const parts = Object.entries(modules).map(([name, content]): [string, CompositionModule] => {
    const { digest, adapt, recipe } = ingredient(content);
    const kind = adapt ? "core" : "component";
    return [name, { artifact: { digest, kind, recipe: recipe ? encodeRecipe(recipe) : digest }, adapt }];
  });
  return {
    modules: Object.fromEntries(parts),
    links: links?.map(([from, wanted, to]) => ({ from, import: wanted, to })),
    exports: exports?.map(([from, name]) => ({ from, export: name })),
    wac,
  };
}
