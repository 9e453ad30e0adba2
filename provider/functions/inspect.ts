import { resolve } from "node:path";
import * as z from "zod";
import { type Artifact, artifactFields } from "../artifacts/artifact.ts";
import { nameOfGuard } from "../artifacts/compose/guards.ts";
import { type Composer, declarationOf, mermaid, parseCompositionRecipe } from "../artifacts/compose/index.ts";
import type { Inspection, SealedModule } from "../artifacts/inspection.ts";
import { loadModule } from "../artifacts/modules.ts";
import { entriesOf } from "../capabilities/entries.ts";
import { needs } from "../capabilities/habits.ts";
import { UserError } from "../errors.ts";
import { artifactStore } from "../resources/artifactStore.ts";
import { needsFields } from "../resources/module.ts";
import { findModule } from "../resources/moduleReference.ts";
import type { Context } from "../resources/resource.ts";
import { holdsUnknown, list, object, optional, required } from "../schema/fields.ts";
import { defineFunction } from "./function.ts";

const description = `
Says what a module is made of, without running it: imports, exports, languages, and its world as WIT text.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as wasm from "pulumi-wasm";

export const world = wasm.inspectOutput({ file: "modules/api.wasm" }).wit;
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const producerFields = required(list(z.string()), {
  description: "Tools that made the module, by its producers sections, as `name version`.",
});

const sealedFields = object(
  "wasm:index:SealedModule",
  "What is sealed into an artifact for one of its modules.",
  {
    module: optional(z.string(), {
      description: "The module's name in the composition; absent where the bytes do not say it.",
    }),
    digest: required(z.string(), { description: "Digest of the module's own bytes." }),
    grants: required(list(z.string()), {
      description: "What its guards let through, as reports write it: `http https://api.example.com`.",
    }),
    guards: required(list(z.string()), {
      description:
        "The guards: by name where they are those that this version of the plugin ships, else `unknown` and the digest.",
    }),
    denied: required(list(z.string()), { description: "Imports that lead nowhere." }),
    traps: required(list(z.string()), {
      description:
        "Functions of these imports that end the module's instance; the others answer with an error, or with nothing.",
    }),
    open: required(list(z.string()), {
      description: "Imports that the host serves without a guard between.",
    }),
  },
);

const inputs = z.strictObject({
  file: optional(z.string().min(1), {
    description:
      "Path of a module. Relative paths start at the Pulumi project's folder. Exactly one of `file`, `reference` and `artifact`.",
  }),
  reference: optional(z.string().min(1), {
    description:
      "A module in an OCI registry, `host[:port]/name@sha256:…` or `host[:port]/name:tag`. The forms are those of a Module. Exactly one of " +
      "`file`, `reference` and `artifact`.",
  }),
  component: optional(z.string().min(1), {
    description:
      "Which component of a Spin application, by its id; goes with `reference`, and can be left out where there is only one.",
  }),
  artifact: optional(artifactFields, {
    description:
      "The `artifact` output of a Module or a Composition. Exactly one of `file`, `reference` and `artifact`.",
  }),
});

type Inputs = z.output<typeof inputs>;
interface Known {
  file?: string;
  reference?: string;
  component?: string;
  artifact?: Artifact;
}

export const inspect = defineFunction({
  token: "wasm:index:inspect",
  description,

  inputs,

  outputs: z.strictObject({
    digest: required(z.string(), {
      description: "Digest of the bytes: `sha256:` and 64 hexadecimal digits.",
    }),
    size: required(z.int(), { description: "Size in bytes." }),
    kind: required(z.enum(["component", "core"]), { description: "`component` or `core`." }),
    imports: required(list(z.string()), {
      description: "Full WIT names with versions; `module#name` for a core module.",
    }),
    exports: required(list(z.string()), { description: "Named like `imports`." }),
    languages: required(list(z.string()), { description: "Source languages by the producers sections." }),
    producers: producerFields,
    needs: required(needsFields, { description: "The imports, by who wants them." }),
    wit: required(z.string(), { description: "The module's world as WIT text; empty for a core module." }),
    sealed: optional(list(sealedFields), {
      description: "What is sealed into the bytes, by module, read from them alone; absent where nothing is.",
    }),
    graph: optional(z.string(), {
      description: "Of a composition: which module takes what from which other one, as a Mermaid flow chart.",
    }),
    resolved: optional(z.string(), {
      description: "The artifact that `reference` means, by digest: `host/name@sha256:…`.",
    }),
  }),

  async call(inputs, context) {
    const { signal } = context;
    const { composer } = artifactStore(context.settings);
    const { inspection, artifact, resolved } = await inspected(inputs, context);
    const { digest, size, kind, imports, exports, languages, producers, wit } = inspection;
    const graph = artifact && (await graphOf(artifact, composer, signal));
    return {
      digest,
      size,
      kind,
      imports,
      exports,
      languages,
      producers: producers.map(({ name, version }) => `${name} ${version}`.trim()),
      needs: needs(inspection),
      wit,
      ...(inspection.sealed && { sealed: await Promise.all(inspection.sealed.map(told)) }),
      ...(graph !== undefined && { graph }),
      ...(resolved !== undefined && { resolved }),
    };
  },
});

async function told({ name, digest, rules, guards, denied, traps, open }: SealedModule) {
  return {
    ...(name !== undefined && { module: name }),
    digest,
    grants: rules ? entriesOf(rules.rules).map(({ family, text }) => `${family} ${text}`) : [],
    guards: await Promise.all(
      guards.map(async (guard) => (await nameOfGuard(guard.digest)) ?? `unknown ${guard.digest}`),
    ),
    denied,
    traps,
    open,
  };
}

interface Inspected {
  inspection: Inspection;
  artifact?: Artifact;
  resolved?: string;
}

async function inspected(inputs: Inputs, context: Context): Promise<Inspected> {
  if (holdsUnknown(Object.values(inputs))) throw new UserError("the arguments must be known");
  // Known, all of them.
  const { file, reference, component, artifact } = inputs as Known;
  const given = [file, reference, artifact].filter((value) => value !== undefined);
  if (given.length !== 1) throw new UserError("give exactly one of `file`, `reference` and `artifact`");
  if (component !== undefined && reference === undefined) {
    throw new UserError("goes with `reference` only: leave it out", "component");
  }
  if (artifact !== undefined) return { inspection: await inspectionOf(artifact, context), artifact };
  if (reference !== undefined) return inspectReference(reference, component, context);
  const { store, inspector } = artifactStore(context.settings);
  const { signal } = context;
  return { inspection: await loadModule(resolve(file ?? ""), store, inspector, { signal }) };
}

async function inspectReference(
  reference: string,
  component: string | undefined,
  context: Context,
): Promise<Inspected> {
  const { inspection, resolved, falseClaims } = await findModule({ reference, component }, context);
  if (falseClaims !== undefined) context.log.warn(falseClaims);
  return { inspection, resolved };
}

async function inspectionOf(artifact: Artifact, { settings, signal }: Context): Promise<Inspection> {
  const { inspector, composer } = artifactStore(settings);
  const known = await inspector.recall(artifact.digest);
  return known ?? inspector.inspect(await composer.ensure(artifact, { signal }), { signal });
}

/** The wiring of a composition; a WAC text has none that could be told without running the composer. */
async function graphOf(
  artifact: Artifact,
  composer: Composer,
  signal: AbortSignal,
): Promise<string | undefined> {
  const recipe = parseCompositionRecipe(artifact.recipe);
  if (!recipe || recipe.wac !== undefined) return undefined;
  const planned = await composer.plan(declarationOf(recipe), { signal });
  return "plan" in planned && planned.plan ? mermaid(planned.plan) : undefined;
}
