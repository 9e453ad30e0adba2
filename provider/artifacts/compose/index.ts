/** Compositions: modules wired by WIT interface into one component. Start at `Composer`. */
export { Composer } from "./composer.ts";
export type { ComposerOptions } from "./composerTool.ts";
export { declarationOf } from "./declaration.ts";
export { mermaid } from "./graph.ts";
export {
  type CompositionRecipe,
  checkRecipe,
  closesCalls,
  composerVersion,
  parseCompositionRecipe,
  sameButComposer,
  unsealed,
} from "./recipe.ts";
export * from "./types.ts";
export { wire } from "./wiring.ts";
