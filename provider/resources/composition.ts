import * as z from "zod";
import { artifactFields } from "../artifacts/artifact.ts";
import {
  CompositionError,
  type CompositionRecipe,
  closesCalls,
  composerVersion,
  parseCompositionRecipe,
} from "../artifacts/compose/index.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { isUnknown, list, map, object, optional, required, unknown } from "../schema/fields.ts";
import { artifactStore } from "./artifactStore.ts";
import { coverProblems } from "./compositionCover.ts";
import { declarationOf, grantProblems, wiringOf } from "./compositionParts.ts";
import { type Context, defineResource } from "./resource.ts";

const description = `
Modules wired by WIT interface into one component, type-checked in preview, each sealed with its own grants.

An import is wired where exactly one other module exports it, on the same compatible version track; two that export it need
a link. Interfaces of WASI and of the grant vocabulary are never wired by themselves. What no module gives becomes an import
of the result, and every exported interface that no link consumes becomes one of its exports.

What a module may do is in the bytes, on every target: what no grant opens is denied, and guards let through what one does. See
[Grants](../grants.md).

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const file = (path: string) => ({ file: new pulumi.asset.FileAsset(path) });
const api = new wasm.Module("api", file("modules/api.wasm"));
const auth = new wasm.Module("auth", file("modules/auth.wasm"));
const shop = new wasm.Composition("shop", {
  modules: { api: { artifact: api.artifact }, auth: { artifact: auth.artifact } },
});
\`\`\`
\`\`\`yaml
resources:
  shop:
    type: wasm:Composition
    properties:
      modules:
        api: { artifact: "\${api.artifact}" }
        auth: { artifact: "\${auth.artifact}" }
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const moduleFields = object("wasm:index:ComposedModule", "One module of a composition.", {
  artifact: required(artifactFields, {
    description:
      "The `artifact` output of a Module or of another Composition. The same artifact under two names is two instances.",
  }),
  grants: optional(list(z.string()), {
    description: "What this module may do: `grant` outputs of CapabilityGrants. Everything else is denied.",
  }),
  denied: optional(list(z.string()), {
    description:
      "Imports that this module has and that shall stay denied, without version (`wasi:sockets/tcp`).",
  }),
  adapt: optional(z.enum(["command", "reactor"]), {
    description:
      "For a core module of WASI preview 1: a program (`command`) or a library (`reactor`). Default: what its exports say.",
  }),
});

const linkFields = object("wasm:index:Link", "One module takes an import from another one.", {
  from: required(z.string(), { description: "The module that imports." }),
  import: required(z.string(), {
    description: "Its import: `acme:auth/check`, with a version where it imports several.",
  }),
  to: required(z.string(), { description: "The module that exports it." }),
});

const exportFields = object("wasm:index:CompositionExport", "An interface that the result exports.", {
  from: required(z.string(), { description: "The module that exports it." }),
  export: required(z.string(), { description: "The interface: `wasi:http/incoming-handler`." }),
});

export const compositionInputs = z.strictObject({
  modules: required(map(moduleFields), {
    description:
      "The modules by name: words of lower-case letters and digits, joined by hyphens. Links, errors, bindings and the report call them so.",
  }),
  links: optional(list(linkFields), {
    description: "Wiring that cannot be inferred, and that of WASI and other host interfaces.",
  }),
  exports: optional(list(exportFields), {
    description: "What the result exports. Default: every exported interface that no link consumes.",
  }),
  wac: optional(z.string(), {
    description: "A WAC text instead of links and exports; it calls the modules `module:<name>`.",
  }),
});

const outputs = z.strictObject({
  artifact: required(artifactFields, {
    description: "The composed component by content: pass it to an App.",
  }),
  digest: required(z.string(), { description: "Digest of the bytes: `sha256:` and 64 hexadecimal digits." }),
  size: required(z.int(), { description: "Size in bytes." }),
  imports: required(list(z.string()), {
    description: "What the result asks of its host: full WIT names with versions.",
  }),
  exports: required(list(z.string()), { description: "What the result offers." }),
});

type Inputs = z.output<typeof compositionInputs>;
type Outputs = z.output<typeof outputs>;

const notKnown: Outputs = {
  artifact: unknown,
  digest: unknown,
  size: unknown,
  imports: unknown,
  exports: unknown,
};

export const Composition = defineResource({
  token: "wasm:index:Composition",
  description,
  inputs: compositionInputs,
  outputs,
  // A module's own bytes are what they are; its name and all that is said about it are written into the result.
  artifactInputs: ["modules.*.grants", "modules.*.denied", "modules.*.adapt", "links", "exports", "wac"],

  async check(composition, context) {
    const problems = grantProblems(composition);
    const wiring = wiringOf(composition);
    if (isUnknown(wiring) || problems.length > 0) return problems;
    // While a grant is not known, at least the modules can be held against one another.
    const declaration = declarationOf(composition);
    try {
      const { composer } = artifactStore(context.settings);
      const { notes, artifact } = await composer.compose(
        isUnknown(declaration) ? wiring : declaration,
        context,
      );
      for (const { path, message } of notes) context.log.info(`${path}: ${message}`);
      return await coverProblems(composition, artifact.recipe, context);
    } catch (error) {
      return [...problems, ...problemsOf(error, context)];
    }
  },

  /** What an older version has made is kept until an input changes, but not what less is sealed in than is granted, or nothing. */
  diff(old, _composition, found) {
    const recipe = recordedRecipe(old.outputs);
    if (!recipe || (recipe.seal && !closesCalls(recipe))) return found;
    return [...found, { path: "artifact", kind: "update", replace: false, input: false }];
  },

  async create(composition, context) {
    return { id: context.name, outputs: await compose(composition, context) };
  },

  async update(old, composition, context) {
    const composed = await compose(composition, context);
    const composer = recordedRecipe(old.outputs)?.composer;
    if (composer !== undefined && composer !== composerVersion) {
      context.log.info(`composer ${composer} → ${composerVersion}`);
    }
    return composed;
  },
});

function recordedRecipe({ artifact }: Partial<Outputs>): CompositionRecipe | undefined {
  if (artifact === undefined || isUnknown(artifact) || isUnknown(artifact.recipe)) return undefined;
  return parseCompositionRecipe(artifact.recipe);
}

async function compose(composition: Inputs, context: Context): Promise<Outputs> {
  const declaration = declarationOf(composition);
  if (isUnknown(declaration)) return notKnown;
  const composed = await artifactStore(context.settings).composer.compose(declaration, context);
  const { artifact, digest, size, imports, exports } = composed;
  return { artifact, digest, size, imports, exports };
}

/** Bytes that are gone are no problem until something needs them: an unchanged Composition does not. */
function problemsOf(error: unknown, { signal }: Context): Problem[] {
  if (signal.aborted || !(error instanceof UserError)) throw error;
  if (error instanceof CompositionError) return error.problems.filter(({ missing }) => !missing);
  if (error instanceof ArtifactError && error.code === "not-found") return [];
  return [{ path: error.property ?? "modules", message: error.message }];
}
