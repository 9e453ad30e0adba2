/** Whether grants cover what the modules of a composition ask of their host. */
import type * as z from "zod";
import { parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { ingredient } from "../artifacts/compose/recipe.ts";
import { linkedImports } from "../artifacts/compose/seal.ts";
import { cover } from "../capabilities/cover.ts";
import type { Problem } from "../errors.ts";
import { isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import { artifactStore } from "./artifactStore.ts";
import type { compositionInputs } from "./composition.ts";
import { grantsOf, textsOf } from "./grantTexts.ts";
import type { Context } from "./resource.ts";

type Inputs = z.output<typeof compositionInputs>;

/** @param recipe of the composition, sealed or not: its links say what is not the host's to serve */
export async function coverProblems(
  { modules }: Inputs,
  recipe: string,
  { settings, signal, log }: Context,
): Promise<Problem[]> {
  const parsed = parseCompositionRecipe(recipe);
  if (!parsed || isUnknown(modules)) return [];
  const { inspector } = artifactStore(settings);
  const problems: Problem[] = [];
  for (const [module, content] of Object.entries(parsed.modules)) {
    const declared = modules[module];
    if (declared === undefined || isUnknown(declared)) continue;
    const { grants, denied } = declared;
    const linked = linkedImports(parsed, module);
    const inspection = await inspector.inspect(ingredient(content).digest, { signal });
    const { errors, warnings } = cover({
      module,
      inspection: { ...inspection, imports: inspection.imports.filter((full) => !linked.has(full)) },
      grants: grantsOf(grants, problems, ["modules", module, "grants"]),
      denied: textsOf(denied),
    });
    const path = propertyPath(["modules", module, "grants"]);
    problems.push(...errors.map(({ message }) => ({ path, message })));
    if (errors.length === 0) for (const warning of warnings) log.warn(warning);
  }
  return problems;
}
