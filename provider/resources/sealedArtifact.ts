import type * as z from "zod";
import type { Artifact } from "../artifacts/artifact.ts";
import { parseCompositionRecipe, unsealed } from "../artifacts/compose/index.ts";
import { decodeRules } from "../capabilities/rules.ts";
import { UserError } from "../errors.ts";
import { allKnown } from "../schema/fields.ts";
import type { Form } from "../targets/kubernetes/runtimes.ts";
import type { localServerInputs } from "./localServer.ts";
import type { Context } from "./resource.ts";
import { sealSingle, wholeGrant } from "./singleModule.ts";

type Inputs = Pick<z.output<typeof localServerInputs>, "artifact" | "rules" | "denied">;

/** What is run: of a Composition its own bytes, and of a single Module those that it is sealed into. All known. */
export async function sealedArtifact(inputs: Inputs, form: Form, context: Context): Promise<Artifact> {
  const { artifact, rules, denied } = inputs;
  const known = allKnown({ artifact: artifact as Artifact, rules, denied });
  const recipe = parseCompositionRecipe(known.artifact.recipe);
  if (recipe && !recipe.seal) throw new UserError(unsealed(recipe), "artifact");
  if (recipe) return known.artifact;
  const grant = wholeGrant(decodeRules(known.rules));
  if (grant === undefined) throw new UserError("These rules contradict one another.", "rules");
  return sealSingle(known.artifact, { grants: [grant], denied: known.denied }, form, context);
}
