import { resolve } from "node:path";
import * as z from "zod";
import { artifactFields, moduleArtifact } from "../artifacts/artifact.ts";
import { type Digest, digestSchema } from "../artifacts/digest.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { loadModule } from "../artifacts/modules.ts";
import { needs } from "../capabilities/habits.ts";
import { type Problem, UserError } from "../errors.ts";
import {
  holdsUnknown,
  isUnknown,
  list,
  type OrUnknown,
  object,
  optional,
  required,
  unknown,
} from "../schema/fields.ts";
import { asset } from "../schema/types.ts";
import { Asset } from "../values.ts";
import { artifactStore } from "./artifactStore.ts";
import { moduleProblems } from "./moduleProblems.ts";
import {
  digestIn,
  type FoundModule,
  findModule,
  isReference,
  isTag,
  isUnreachable,
  type RemoteModule,
  resolveReference,
} from "./moduleReference.ts";
import { type Context, type Difference, defineResource, type State } from "./resource.ts";

const description = `
One WebAssembly component or core module, by content. Moving the file changes nothing; changing one byte of it does.

It comes from a file or from an OCI registry; exactly one of \`file\` and \`reference\` is given. The bytes are read or pulled,
validated and inspected in preview. They go into a content-addressed cache in the user's cache folder and never into
Pulumi's state.

**From a registry.** A reference is pinned by digest: \`registry.example/acme/auth@sha256:…\`. A tag needs \`allowTag: true\`; without
it, the error prints the digest to paste. A tag is looked up once per run, and when it has moved, the plan shows the change and both digests;
the artifact that it means is in the output \`resolved\`. What is inspected, verified and deployed is that one artifact.
These forms are read: a Wasm artifact (one layer of \`application/wasm\`, or one of the types that were in use before), a Wasm
file in an ordinary image (the one that its entrypoint names, or the only one), and one component of a Spin application. What an
artifact's config says of imports and exports is its publisher's claim: the bytes decide, and a difference is a warning.

A module that is pinned and has been pulled before needs no network. Where the registry does not answer, a Module whose digest
is known stays as it is, with a warning. Refresh and destroy never ask the registry. Credentials are the provider's
configuration (\`registries\`) or those of the container tools.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const api = new wasm.Module("api", {
  file: new pulumi.asset.FileAsset("modules/api.wasm"),
});
const auth = new wasm.Module("auth", {
  reference: "registry.example/acme/auth@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
});
export const imports = api.imports;
\`\`\`
\`\`\`yaml
resources:
  api:
    type: wasm:Module
    properties:
      file:
        fn::fileAsset: modules/api.wasm
  auth:
    type: wasm:Module
    properties:
      reference: registry.example/acme/auth@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
outputs:
  imports: \${api.imports}
\`\`\`
{{% /example %}}
{{% /examples %}}

An existing module can be imported by the path of its file, \`pulumi import wasm:index:Module api modules/api.wasm\`, or by
its reference, \`pulumi import wasm:index:Module auth registry.example/acme/auth@sha256:…\`.
`.trim();

const verifyFields = object("wasm:index:ModuleVerification", "Who must have signed a module's artifact.", {
  key: required(z.string(), {
    description:
      "Public key in PEM. At least one signature of the artifact, as cosign or an Image of this package leaves it in the registry, must be by " +
      "this key; anything else is an error in preview.",
  }),
});

const inputs = z.strictObject({
  file: optional(asset, {
    description:
      "The module: a component (`wasm-tools component`, `cargo component`, `jco componentize`, …) or a core module, as a file " +
      "asset. Relative paths start at the Pulumi project's folder.",
  }),
  reference: optional(z.string(), {
    description:
      "The module in an OCI registry, `host[:port]/name@sha256:…`; the digest is that of the artifact's manifest. `host/name:tag` with `allowTag`.",
  }),
  allowTag: optional(z.boolean(), {
    description:
      "True: `reference` may be a tag, and the module changes when somebody moves it. Default: false, and a tag is an error.",
  }),
  component: optional(z.string().min(1), {
    description:
      "Which component of a Spin application in a registry, by its id; can be left out where there is only one.",
  }),
  verify: optional(verifyFields, {
    description: "The signature that the artifact in the registry must have. Default: none.",
  }),
  maxSize: optional(z.int().positive(), {
    description: "Largest size in bytes; a larger module is an error. Default: 268435456 (256 MiB).",
  }),
  expectedDigest: optional(digestSchema, {
    description:
      "`sha256:` and 64 hexadecimal digits, of the module's own bytes; a module of other bytes is an error.",
  }),
});

export const needsFields = object(
  "wasm:index:ModuleNeeds",
  "The imports of a module, by who wants them: a help to the reader, on which no decision rests.",
  {
    program: required(list(z.string()), {
      description: "Imports that the program itself means, as far as can be told.",
    }),
    language: required(list(z.string()), {
      description:
        "Imports that the language's tool chain brings in by itself, whether the program uses them or not.",
    }),
  },
);

const outputs = z.strictObject({
  artifact: required(artifactFields, { description: "The module by content: pass it to an App." }),
  digest: required(z.string(), { description: "Digest of the bytes: `sha256:` and 64 hexadecimal digits." }),
  size: required(z.int(), { description: "Size in bytes." }),
  kind: required(z.enum(["component", "core"]), { description: "`component` or `core`." }),
  imports: required(list(z.string()), {
    description:
      "What the module asks of its surroundings: full WIT names with versions (`wasi:http/types@0.2.3`), plain names of " +
      "functions; `module#name` for a core module. Sorted.",
  }),
  exports: required(list(z.string()), {
    description: "What the module offers, named like `imports`. Sorted.",
  }),
  languages: required(list(z.string()), {
    description: "Source languages by the module's producers section: what the module claims of itself.",
  }),
  needs: required(needsFields, { description: "The imports, by who wants them." }),
  resolved: optional(z.string(), {
    description: "The artifact that `reference` means, by digest: `host/name@sha256:…`. Absent for a file.",
  }),
});

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;
/** Inputs without anything unknown. */
type FileModule = { file: Asset } & Pick<RemoteModule, "maxSize" | "expectedDigest">;
type Old = State<typeof inputs, typeof outputs>;
type Found = Pick<FoundModule, "inspection"> & Partial<FoundModule>;

export const Module = defineResource({
  token: "wasm:index:Module",
  description,
  inputs,
  outputs,

  async check(module, context) {
    const problems = await moduleProblems(module, context);
    if (problems.length > 0) return problems;
    try {
      const found = await find(module, context);
      if (!isUnknown(found) && found.falseClaims !== undefined) context.log.warn(found.falseClaims);
      return [];
    } catch (error) {
      if (!(error instanceof UserError) || context.signal.aborted) throw error;
      if (isUnreachable(error.cause)) return passedUnseen(module, error, context);
      return [{ path: error.property ?? "", message: error.message }];
    }
  },

  async diff(old, module, found, context) {
    return [...found, ...(await movedTag(old, module, context))];
  },

  async create(module, context) {
    return { id: context.name, outputs: outputsOf(module, await find(module, context)) };
  },

  async update(old, module, context) {
    return outputsOf(module, await find(module, context, knownDigest(old, module)));
  },

  async import(id, context) {
    const inputs = importedInputs(id);
    return { id: context.name, inputs, outputs: outputsOf(inputs, await find(inputs, context)) };
  },
});

/** Finds the module, which also puts its bytes into the cache again where they have gone; `unknown` before it is known. */
async function find(module: Inputs, context: Context, known?: Digest): Promise<OrUnknown<Found>> {
  const { file, reference, component, verify, maxSize, expectedDigest } = module;
  if (holdsUnknown([file, reference, component, verify, maxSize, expectedDigest])) return unknown;
  if (reference !== undefined)
    return at("reference", () => findModule(module as RemoteModule, context, known));
  if (file === undefined) throw new UserError("give either `file` or `reference`");
  return at("file", async () => ({ inspection: await inspect(module as FileModule, context) }));
}

async function inspect(
  { file, maxSize, expectedDigest }: FileModule,
  { settings, signal }: Context,
): Promise<Inspection> {
  const { store, inspector } = artifactStore(settings);
  const path = pathOf(file);
  const inspection = await loadModule(path, store, inspector, { maxSize, expectedDigest, signal });
  requireUnchanged(path, file, inspection);
  return inspection;
}

/** Puts what is wrong with a module at the input that names it; the cache is no property's fault. */
async function at<T>(property: "file" | "reference", work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArtifactError) {
      throw ["cache", "damaged"].includes(error.code)
        ? error
        : new UserError(error.message, property, { cause: error });
    }
    const isPlaced = !(error instanceof UserError) || error.property !== undefined;
    throw isPlaced ? error : new UserError(error.message, property, { cause: error });
  }
}

/** The registry gives no answer, and Create or Update will ask again, where there is one to come. */
function passedUnseen({ reference }: Inputs, error: UserError, { log }: Context): Problem[] {
  // Of a tag, Diff says it.
  if (typeof reference === "string" && !isTag(reference)) {
    log.warn(`${error.message} ${reference} was not looked at in this run.`);
  }
  return [];
}

function knownDigest({ inputs, outputs }: Old, { reference }: Inputs): Digest | undefined {
  return inputs?.reference === reference ? digestIn(outputs.resolved) : undefined;
}

/** A tag that means another artifact than it did. The engine shows no new output beside a difference: the log names both. */
async function movedTag(old: Old, module: Inputs, context: Context): Promise<Difference[]> {
  const before = knownDigest(old, module);
  const { reference } = module;
  if (typeof reference !== "string" || before === undefined || !isTag(reference)) return [];
  const now = await at("reference", () => resolveReference(reference, context, before));
  if (now === before) return [];
  context.log.info(`${reference} has moved: ${before} → ${now}`);
  return [{ path: "reference", kind: "update", replace: false, input: false }];
}

function importedInputs(id: string): Inputs {
  if (!isReference(id)) return { file: new Asset({ path: resolve(id) }) };
  return { reference: id, ...(isTag(id) && { allowTag: true }) };
}

/** State would keep the engine's hash of one content beside our digest of another, and no later run would see it. */
function requireUnchanged(path: string, { hash }: Asset, { digest }: Inspection): void {
  if (hash === undefined || digest === `sha256:${hash}`) return;
  throw new UserError(
    `${path} was changed while this run was under way. Run it again once the build has ended.`,
    "file",
  );
}

function pathOf(file: Asset): string {
  if ("path" in file.source) return resolve(file.source.path);
  const form = "text" in file.source ? "text" : `the address ${file.source.uri}`;
  throw new UserError(`expected a file on this machine, got ${form}: use a file asset with a path`, "file");
}

function outputsOf({ reference }: Pick<Inputs, "reference">, found: OrUnknown<Found>): Outputs {
  if (isUnknown(found)) {
    return {
      artifact: unknown,
      digest: unknown,
      size: unknown,
      kind: unknown,
      imports: unknown,
      exports: unknown,
      languages: unknown,
      needs: unknown,
      ...(reference !== undefined && { resolved: unknown }),
    };
  }
  const { inspection, resolved } = found;
  const { digest, size, kind, imports, exports, languages } = inspection;
  const artifact = moduleArtifact(digest, kind);
  return {
    artifact,
    digest,
    size,
    kind,
    imports,
    exports,
    languages,
    needs: needs(inspection),
    ...(resolved !== undefined && { resolved }),
  };
}
