import { resolve } from "node:path";
import * as z from "zod";
import { artifactFields, moduleArtifact } from "../artifacts/artifact.ts";
import { digestSchema } from "../artifacts/digest.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { loadModule } from "../artifacts/modules.ts";
import { needs } from "../capabilities/habits.ts";
import { UserError } from "../errors.ts";
import { isUnknown, list, type OrUnknown, object, optional, required, unknown } from "../schema/fields.ts";
import { asset } from "../schema/types.ts";
import { Asset } from "../values.ts";
import { artifactStore } from "./artifactStore.ts";
import { type Context, defineResource } from "./resource.ts";

const description = `
One WebAssembly component or core module, by content. Moving the file changes nothing; changing one byte of it does.

The file is read, validated and inspected in preview. Its bytes go into a content-addressed cache in the user's cache
folder and never into Pulumi's state.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const api = new wasm.Module("api", {
  file: new pulumi.asset.FileAsset("modules/api.wasm"),
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
outputs:
  imports: \${api.imports}
\`\`\`
{{% /example %}}
{{% /examples %}}

An existing file can be imported by its path: \`pulumi import wasm:index:Module api modules/api.wasm\`.
`.trim();

const inputs = z.strictObject({
  file: required(asset, {
    description:
      "The module: a component (`wasm-tools component`, `cargo component`, `jco componentize`, …) or a core module, as a file " +
      "asset. Relative paths start at the Pulumi project's folder.",
  }),
  maxSize: optional(z.int().positive(), {
    description: "Largest size in bytes; a larger file is an error. Default: 268435456 (256 MiB).",
  }),
  expectedDigest: optional(digestSchema, {
    description: "`sha256:` and 64 hexadecimal digits; a file with other bytes is an error.",
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
});

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

export const Module = defineResource({
  token: "wasm:index:Module",
  description,
  inputs,
  outputs,

  async check(module, context) {
    try {
      await inspect(module, context);
      return [];
    } catch (error) {
      if (!(error instanceof UserError) || context.signal.aborted) throw error;
      return [{ path: error.property ?? "", message: error.message }];
    }
  },

  async create(module, context) {
    return { id: context.name, outputs: outputsOf(await inspect(module, context)) };
  },

  async update(_old, module, context) {
    return outputsOf(await inspect(module, context));
  },

  async import(path, context) {
    const file = new Asset({ path: resolve(path) });
    return { id: context.name, inputs: { file }, outputs: outputsOf(await inspect({ file }, context)) };
  },
});

/** Reads the file, which also puts its bytes into the cache again where they have gone; `unknown` before it is known. */
async function inspect(module: Inputs, context: Context): Promise<OrUnknown<Inspection>> {
  const { file, maxSize, expectedDigest } = module;
  if (isUnknown(file) || isUnknown(maxSize) || isUnknown(expectedDigest)) return unknown;
  const { store, inspector } = artifactStore(context.settings);
  const { signal } = context;
  const path = pathOf(file);
  try {
    const inspection = await loadModule(path, store, inspector, { maxSize, expectedDigest, signal });
    requireUnchanged(path, file, inspection);
    return inspection;
  } catch (error) {
    // The cache is no property's fault; all else is the file's.
    const ofFile = error instanceof ArtifactError && error.code !== "cache" && error.code !== "damaged";
    throw ofFile ? new UserError(error.message, "file", { cause: error }) : error;
  }
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

function outputsOf(inspection: OrUnknown<Inspection>): Outputs {
  if (isUnknown(inspection)) {
    return {
      artifact: unknown,
      digest: unknown,
      size: unknown,
      kind: unknown,
      imports: unknown,
      exports: unknown,
      languages: unknown,
      needs: unknown,
    };
  }
  const { digest, size, kind, imports, exports, languages } = inspection;
  const artifact = moduleArtifact(digest, kind);
  return { artifact, digest, size, kind, imports, exports, languages, needs: needs(inspection) };
}
