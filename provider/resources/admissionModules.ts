/** The modules of an artifact as an Admission judges them: what each asks of the host, and what it was granted. */
import type * as z from "zod";
import { type CompositionRecipe, parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { parseInterface } from "../artifacts/compose/names.ts";
import { ingredient } from "../artifacts/compose/recipe.ts";
import { type Digest, digestSchema } from "../artifacts/digest.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { decodeGrant, type Grant } from "../capabilities/grant.ts";
import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { admissionInputs } from "./admission.ts";
import { artifactStore } from "./artifactStore.ts";
import type { Context } from "./resource.ts";

type Inputs = z.output<typeof admissionInputs>;

/** The name of the module in an App of a single one. */
export const singleModule = "main";

export interface JudgedModule {
  name: string;
  /** Of the module as it was declared. */
  digest: OrUnknown<Digest>;
  /** Its imports that no neighbour serves. */
  inspection: OrUnknown<Pick<Inspection, "imports" | "producers">>;
  grants: OrUnknown<Grant>[];
  denied: OrUnknown<string>[];
}

export interface JudgedArtifact {
  /** The component as a whole. */
  whole: OrUnknown<Inspection>;
  modules: JudgedModule[];
}

export interface Findings {
  problems: Problem[];
  /** Bytes that are not on this machine. An Admission that does not change needs none. */
  missing: Problem[];
}

/** Where not even the artifact's modules are known, it is taken for a single one. */
export async function judgedArtifact(
  inputs: Inputs,
  context: Context,
  found: Findings,
): Promise<JudgedArtifact> {
  const { problems } = found;
  const { artifact, grants, denied } = inputs;
  const single = (whole: OrUnknown<Inspection>, digest: OrUnknown<Digest>): JudgedArtifact => ({
    whole,
    modules: [
      {
        name: singleModule,
        digest,
        inspection: whole,
        grants: grantsOf(grants, problems),
        denied: textsOf(denied),
      },
    ],
  });
  if (isUnknown(artifact)) return single(unknown, unknown);
  const digest = digestSchema.safeParse(artifact.digest).data ?? unknown;
  const whole = isUnknown(digest) ? unknown : await inspect(digest, context, found);
  if (isUnknown(artifact.recipe)) return single(whole, digest);
  const recipe = readRecipe(artifact.recipe, problems);
  if (!recipe) return single(whole, digest);
  for (const [path, texts] of Object.entries({ grants: textsOf(grants), denied: textsOf(denied) })) {
    if (texts.length === 0) continue;
    problems.push({
      path,
      message: "belongs to the modules of the Composition: give it there, for each of them",
    });
  }
  return { whole, modules: await composedModules(recipe, whole, context, found) };
}

function readRecipe(text: string, problems: Problem[]): CompositionRecipe | undefined {
  try {
    return parseCompositionRecipe(text);
  } catch (error) {
    problems.push({ path: "artifact.recipe", message: (error as Error).message });
    return undefined;
  }
}

async function composedModules(
  recipe: CompositionRecipe,
  whole: OrUnknown<Inspection>,
  context: Context,
  found: Findings,
): Promise<JudgedModule[]> {
  const modules = Object.entries(recipe.modules).map(async ([name, content]): Promise<JudgedModule> => {
    const digest = digestSchema.parse(ingredient(content).digest);
    const inspection = await inspect(digest, context, found);
    const { grants, denied } = recipe.access?.[name] ?? {};
    return {
      name,
      digest,
      inspection: isUnknown(inspection)
        ? unknown
        : { ...inspection, imports: open(name, inspection, recipe, whole) },
      grants: grantsOf(grants, found.problems),
      denied: textsOf(denied),
    };
  });
  return Promise.all(modules);
}

/** The imports of a module that reach the host; of a WAC text, those that the whole imports as well. */
function open(
  name: string,
  { imports }: Inspection,
  { links, wac }: CompositionRecipe,
  whole: OrUnknown<Inspection>,
): string[] {
  if (wac === undefined) {
    const linked = new Set((links ?? []).flatMap(([from, wanted]) => (from === name ? [wanted] : [])));
    return imports.filter((full) => !linked.has(full));
  }
  if (isUnknown(whole)) return imports;
  const tracks = new Set(whole.imports.map(trackOf));
  return imports.filter((full) => tracks.has(trackOf(full)) || full.includes("#"));
}

function trackOf(full: string): string {
  const parsed = parseInterface(full);
  return parsed ? `${parsed.track}` : full;
}

async function inspect(
  digest: Digest,
  { settings, signal }: Context,
  { problems, missing }: Findings,
): Promise<OrUnknown<Inspection>> {
  try {
    return await artifactStore(settings).inspector.inspect(digest, { signal });
  } catch (error) {
    if (!(error instanceof UserError) || signal.aborted) throw error;
    const isMissing = error instanceof ArtifactError && error.code === "not-found";
    (isMissing ? missing : problems).push({ path: "artifact", message: error.message });
    return unknown;
  }
}

/** Of a list that is not known as a whole, anything may be in it. */
function grantsOf(
  grants: OrUnknown<OrUnknown<string>[]> | undefined,
  problems: Problem[],
): OrUnknown<Grant>[] {
  return textsOf(grants).map((text, index) => {
    const grant = isUnknown(text) ? unknown : decodeGrant(text);
    if (grant !== undefined) return grant;
    const path = propertyPath(["grants", index]);
    problems.push({ path, message: "is not the `grant` output of a CapabilityGrant of this version" });
    return unknown;
  });
}

function textsOf(list: OrUnknown<OrUnknown<string>[]> | undefined): OrUnknown<string>[] {
  return isUnknown(list) ? [unknown] : (list ?? []);
}
