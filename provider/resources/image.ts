import * as z from "zod";
import { artifactFields } from "../artifacts/artifact.ts";
import { checkRecipe } from "../artifacts/compose/index.ts";
import { digestSchema } from "../artifacts/digest.ts";
import type { Problem } from "../errors.ts";
import { parseRepository } from "../oci/reference.ts";
import { isUnknown, list, map, object, optional, required } from "../schema/fields.ts";
import { deliver } from "./imageDelivery.ts";
import { previewed } from "./imagePlan.ts";
import { provenanceDrift, signerOf } from "./imageProvenance.ts";
import { readImage } from "./imageRead.ts";
import { removeImage } from "./imageRemoval.ts";
import { claimTags, tagDrift } from "./imageTags.ts";
import { defineResource } from "./resource.ts";

const description = `
An artifact in an OCI registry, by digest: what clusters pull, and what other stacks take as a Module by \`reference\`.

The same artifact, annotations and format are the same digest on every machine and at any time, so an image that is there
already is not sent again, and preview knows \`ref\` before anything is pushed. Blobs go first, then the manifest, then
signature and grants report, and the tags last: a tag never names an image that is not whole.

\`pulumi refresh\` finds an image that was deleted, a tag that somebody moved, and a report or signature that is gone; the next
\`pulumi up\` repairs it. Give each tag of a repository to one Image only: two of one program are an error, two of different
stacks would move it back and forth.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const api = new wasm.Module("api", { file: new pulumi.asset.FileAsset("modules/api.wasm") });
const image = new wasm.Image("api", {
  artifact: api.artifact,
  repository: "registry.example/acme/api",
  tags: ["1.4.0", "latest"],
  annotations: { "org.opencontainers.image.source": "https://git.example/acme/api" },
  keep: 3,
});
export const ref = image.ref;
\`\`\`
\`\`\`yaml
resources:
  api:
    type: wasm:Module
    properties:
      file:
        fn::fileAsset: modules/api.wasm
  image:
    type: wasm:Image
    properties:
      artifact: \${api.artifact}
      repository: registry.example/acme/api
      tags: ["1.4.0", latest]
      annotations:
        org.opencontainers.image.source: https://git.example/acme/api
      keep: 3
outputs:
  ref: \${image.ref}
\`\`\`
{{% /example %}}
{{% /examples %}}

An image of the format \`wasm\` that is there already can be imported by its reference:
\`pulumi import wasm:index:Image api registry.example/acme/api@sha256:…\` (or \`:1.4.0\`, which takes the tag over as well).
`.trim();

const tag = z
  .string()
  .regex(
    /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/,
    'is not a tag: letters, digits, "_", "." and "-", 128 at most, and no "." or "-" first',
  )
  .refine(
    (text) => !/^sha\d+-[0-9a-f]{32,}/.test(text),
    "is a name that registries keep for signatures and attestations: choose another tag",
  );

export const imageInputs = z.strictObject({
  artifact: required(artifactFields, {
    description: "What is pushed: the `artifact` output of a Module or Composition.",
  }),
  repository: required(z.string(), {
    description:
      "Where it is pushed to: `host[:port]/name` (`registry.example/acme/api`), without tag and digest. Credentials are the " +
      "provider's `registries`, or those of the container tools.",
    replaceOnChanges: true,
  }),
  pullRepository: optional(z.string(), {
    description:
      "The same repository by the name that clusters pull from (a mirror, a registry inside the cluster). Default: `repository`.",
  }),
  insecure: optional(z.boolean(), {
    description:
      "True: push over plain HTTP. Default: what the provider's `registries` say of the host, else HTTPS.",
  }),
  tags: optional(list(tag), {
    description:
      "Tags that name this image. A tag that is taken out of the list stays where it is. Default: none; the digest is enough.",
  }),
  format: optional(z.enum(["wasm"]), {
    description:
      "Layout of the image. `wasm`: the CNCF's Wasm OCI artifact, for runwasi, wasmCloud, Spin and wkg.",
    default: "wasm",
  }),
  annotations: optional(map(z.string()), {
    description:
      "Annotations of the manifest, such as `org.opencontainers.image.source` and `org.opencontainers.image.revision`. Part of the " +
      "digest, so nothing is added to them.",
  }),
  keep: optional(z.int().min(0).max(100), {
    description:
      "How many earlier images stay for a roll-back. Older ones are deleted with their tags, unless a tag of somebody else's names them. " +
      "Default: nothing is ever deleted.",
  }),
  deleteOnDestroy: optional(z.boolean(), {
    description:
      "True: `pulumi destroy` deletes the image, those before it that are still there, and what refers to them, unless a tag of somebody " +
      "else's names them. The registry must allow deletion.",
    default: false,
  }),
});

const earlierFields = object("wasm:index:EarlierImage", "What an Image was before.", {
  digest: required(digestSchema, { description: "Digest of its manifest." }),
  tags: required(list(z.string()), { description: "Tags that this Image set and left on it." }),
});

export const imageOutputs = z.strictObject({
  ref: required(z.string(), {
    description: "The image by digest and by its pull name: `host/name@sha256:…`.",
  }),
  digest: required(digestSchema, { description: "Digest of the manifest." }),
  size: required(z.int(), { description: "Bytes of manifest, configuration and layers together." }),
  tagDigests: required(map(z.string()), {
    description:
      "The digest that each tag of this Image named when it was last looked at. Tags that were taken out of `tags` are here while they name it.",
  }),
  earlier: required(list(earlierFields), {
    description: "What this Image was before and has not deleted, newest first; 100 at most.",
  }),
  attested: required(z.boolean(), {
    description: "Whether the report of its grants is attached; false after a run that could not.",
  }),
  signedBy: optional(z.string(), {
    description:
      "The key that signed image and report, named by the Base64 of the SHA-256 of the public key (DER). Absent: they are not signed.",
  }),
});

export type ImageInputs = z.output<typeof imageInputs>;
export type ImageOutputs = z.output<typeof imageOutputs>;

export const Image = defineResource({
  token: "wasm:index:Image",
  description,
  inputs: imageInputs,
  outputs: imageOutputs,
  // All of it can be read in the registry.
  artifactInputs: ["tags", "annotations"],
  derivedFrom: {
    ref: ["artifact", "repository", "pullRepository"],
    digest: ["artifact"],
    size: ["artifact"],
    tagDigests: ["artifact"],
    earlier: ["artifact"],
    attested: [],
    signedBy: [],
  },

  async check(image, context) {
    // A key that cannot be used comes to light in preview.
    await signerOf(context.settings);
    const problems = [...nameProblems(image), ...recipeProblems(image)];
    return problems.length > 0 ? problems : claimTags(image, context);
  },

  async diff(old, _image, found, { settings }) {
    const isOtherBytes = found.some(({ path }) => path === "artifact.digest" || path === "artifact");
    return [
      // The same bytes are the same, however they came about.
      ...found.filter(({ path }) => path !== "artifact.recipe" || isOtherBytes),
      ...tagDrift(old.inputs, old.outputs),
      ...(await provenanceDrift(old.outputs, settings)),
    ];
  },

  async create(image, context) {
    const outputs = context.preview
      ? await previewed(image, undefined, context)
      : await deliver(image, undefined, context);
    return { id: isUnknown(image.repository) ? context.name : image.repository, outputs };
  },

  read: readImage,

  async import(reference, context) {
    const { importImage } = await import("./imageImport.ts");
    return importImage(reference, context);
  },

  async update(old, image, context) {
    return context.preview ? await previewed(image, old, context) : await deliver(image, old, context);
  },

  delete: removeImage,
});

function nameProblems({ repository, pullRepository, tags, annotations }: ImageInputs): Problem[] {
  const named = { repository, pullRepository } satisfies Partial<ImageInputs>;
  const names = Object.entries<ImageInputs["pullRepository"]>(named).flatMap(([path, name]) =>
    name === undefined || isUnknown(name) ? [] : problemsOf(path, () => parseRepository(name)),
  );
  const listed = tags === undefined || isUnknown(tags) ? [] : tags;
  const repeated = listed.flatMap((text, index) =>
    !isUnknown(text) && listed.indexOf(text) < index
      ? [{ path: `tags[${index}]`, message: `${JSON.stringify(text)} is in the list twice: take one out` }]
      : [],
  );
  const unnamed = annotations !== undefined && !isUnknown(annotations) && "" in annotations;
  return [
    ...names,
    ...repeated,
    ...(unnamed ? [{ path: "annotations", message: "an annotation has no name" }] : []),
  ];
}

function recipeProblems({ artifact }: ImageInputs): Problem[] {
  if (isUnknown(artifact) || isUnknown(artifact.recipe)) return [];
  const { recipe } = artifact;
  return problemsOf("artifact.recipe", () => checkRecipe(recipe));
}

function problemsOf(path: string, read: () => unknown): Problem[] {
  try {
    read();
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}
