/** Whether grants cover what the modules of a composition ask of their host. */
import type * as z from "zod";
import { type CompositionRecipe, parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { ingredient } from "../artifacts/compose/recipe.ts";
import { linkedImports } from "../artifacts/compose/seal.ts";
import { cover } from "../capabilities/cover.ts";
import { parseImportName } from "../capabilities/vocabulary.ts";
import type { Problem } from "../errors.ts";
import { isUnknown, type OrUnknown } from "../schema/fields.ts";
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
      denied: textsOf(denied).filter((name) => isUnknown(name) || !isOf(name, linked)),
    });
    problems.push(...deniedLinks(module, textsOf(denied), parsed.links ?? []));
    const path = propertyPath(["modules", module, "grants"]);
    problems.push(...errors.map(({ message }) => ({ path, message })));
    if (errors.length === 0) for (const warning of warnings) log.warn(warning);
  }
  return problems;
}

/** What another module serves is the composition's own affair, which `denied` does not change. */
function deniedLinks(
  module: string,
  denied: OrUnknown<string>[],
  links: NonNullable<CompositionRecipe["links"]>,
): Problem[] {
  return denied.flatMap((name, index) => {
    const link = links.find(([from, wanted]) => from === module && !isUnknown(name) && isOf(name, [wanted]));
    if (isUnknown(name) || !link) return [];
    const message = `names ${link[1]}, which module ${link[2]} serves: only what the host serves can be denied. Remove it, or the link.`;
    return [{ path: propertyPath(["modules", module, "denied", index]), message }];
  });
}

/** Whether a text, with or without version, names one of these imports. */
function isOf(name: string, imports: Iterable<string>): boolean {
  return [...imports].some((full) => full === name || parseImportName(full).name === name);
}
