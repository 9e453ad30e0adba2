/** The modules of an artifact as an Admission judges them: what each asks of the host, and what it was granted. */
import type * as z from "zod";
import type { Artifact } from "../artifacts/artifact.ts";
import {
  CompositionError,
  type CompositionRecipe,
  parseCompositionRecipe,
  unsealed,
} from "../artifacts/compose/index.ts";
import { ingredient } from "../artifacts/compose/recipe.ts";
import { linkedImports } from "../artifacts/compose/seal.ts";
import { type Digest, digestSchema } from "../artifacts/digest.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { type Grant, union } from "../capabilities/grant.ts";
import type { Reach } from "../capabilities/reach.ts";
import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { holdsUnknown, isKnown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import type { Form } from "../targets/kubernetes/runtimes.ts";
import type { admissionInputs } from "./admission.ts";
import { artifactStore } from "./artifactStore.ts";
import { knownAccess } from "./compositionParts.ts";
import { grantsOf, textsOf } from "./grantTexts.ts";
import type { Context } from "./resource.ts";
import { sealSingle, singleModule, wholeGrant } from "./singleModule.ts";

type Inputs = z.output<typeof admissionInputs>;

export interface JudgedModule {
  name: string;
  /** Of the module as it was declared. */
  digest: OrUnknown<Digest>;
  /** Its imports that no neighbour serves. */
  inspection: OrUnknown<Pick<Inspection, "imports" | "producers" | "handles">>;
  grants: OrUnknown<Grant>[];
  denied: OrUnknown<string>[];
}

export interface JudgedArtifact {
  /** What is to run: the component as a whole, sealed. */
  whole: OrUnknown<Inspection>;
  modules: JudgedModule[];
  /** Of a single Module, its App covers what it asks for; of a Composition, the Composition has. */
  isComposition: boolean;
  links: Reach[];
}

export interface Findings {
  problems: Problem[];
  /** Bytes that are not on this machine. An Admission that does not change needs none. */
  missing: Problem[];
}

/** Where not even the artifact's modules are known, it is taken for a single one. */
export async function judgedArtifact(
  inputs: Inputs,
  form: Form,
  context: Context,
  found: Findings,
): Promise<JudgedArtifact> {
  const { problems } = found;
  const { artifact, grants, denied } = inputs;
  const single = async (
    inspection: OrUnknown<Inspection>,
    digest: OrUnknown<Digest>,
  ): Promise<JudgedArtifact> => ({
    whole: isUnknown(inspection) ? unknown : await sealedWhole(inputs, form, context, found),
    isComposition: false,
    links: [],
    modules: [
      {
        name: singleModule,
        digest,
        inspection,
        grants: grantsOf(grants, problems, ["grants"]),
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
  if (!recipe.seal) problems.push({ path: "artifact", message: unsealed(recipe) });
  for (const [path, texts] of Object.entries({ grants: textsOf(grants), denied: textsOf(denied) })) {
    if (texts.length === 0) continue;
    problems.push({
      path,
      message: "belongs to the modules of the Composition: give it there, for each of them",
    });
  }
  const modules = await composedModules(recipe, context, found);
  const links = (recipe.links ?? []).map(([from, wanted, to]): Reach => {
    const importer = modules.find(({ name }) => name === from)?.inspection;
    const handles = importer === undefined || isUnknown(importer) ? [] : (importer.handles ?? []);
    return { from, import: wanted, to, handles: handles.includes(wanted) };
  });
  return { whole, modules, links, isComposition: true };
}

/** A single Module as its App runs it; what cannot be sealed comes to light here. */
async function sealedWhole(
  { artifact, grants, denied }: Inputs,
  form: Form,
  context: Context,
  { problems, missing }: Findings,
): Promise<OrUnknown<Inspection>> {
  const { settings, signal } = context;
  const access = knownAccess(grants, denied);
  if (isUnknown(access) || holdsUnknown(artifact)) return unknown;
  const grant = wholeGrant(union(grantsOf(access.grants, [], []).filter(isKnown)));
  if (grant === undefined) return unknown;
  try {
    const sealed = await sealSingle(artifact as Artifact, { ...access, grants: [grant] }, form, context);
    return await artifactStore(settings).inspector.inspect(sealed.digest, { signal });
  } catch (error) {
    if (!(error instanceof UserError) || signal.aborted) throw error;
    const isMissing = error instanceof ArtifactError && error.code === "not-found";
    if (!(error instanceof CompositionError)) {
      (isMissing ? missing : problems).push({ path: "artifact", message: error.message });
      return unknown;
    }
    for (const { path, message, missing: isGone } of error.problems) {
      (isGone ? missing : problems).push({ path, message });
    }
    return unknown;
  }
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
  context: Context,
  found: Findings,
): Promise<JudgedModule[]> {
  const modules = Object.entries(recipe.modules).map(async ([name, content]): Promise<JudgedModule> => {
    const digest = digestSchema.parse(ingredient(content).digest);
    const inspection = await inspect(digest, context, found);
    const { grants, denied } = recipe.access?.[name] ?? {};
    const linked = linkedImports(recipe, name);
    return {
      name,
      digest,
      inspection: isUnknown(inspection)
        ? unknown
        : { ...inspection, imports: inspection.imports.filter((full) => !linked.has(full)) },
      grants: grantsOf(grants, found.problems, ["grants"]),
      denied: textsOf(denied),
    };
  });
  return Promise.all(modules);
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
