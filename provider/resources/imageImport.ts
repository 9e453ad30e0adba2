/** `pulumi import` of an image: the inputs that would have pushed it. */
import { moduleArtifact } from "../artifacts/artifact.ts";
import { UserError } from "../errors.ts";
import type { ImageManifest } from "../oci/descriptor.ts";
import { OciError } from "../oci/errors.ts";
import { formatOf } from "../oci/formats/format.ts";
import { presenceOf } from "../oci/provenance/presence.ts";
import { pullModule } from "../oci/pull.ts";
import { parseReference } from "../oci/reference.ts";
import type { Manifest, Repository } from "../oci/repository.ts";
import { wasmConfigType, wasmLayerType } from "../oci/wasmArtifact.ts";
import { artifactStore } from "./artifactStore.ts";
import { callOf, repositoryOf } from "./imageRepository.ts";
import type { Context } from "./resource.ts";

/** Bytes of the module, at most: what a Module takes by default. */
const maxSize = 256 * 1024 ** 2;

/**
 * @param reference `host/name@sha256:…`, or `host/name:tag`, which takes the tag over as well
 * @returns undefined where there is nothing by that name
 */
export async function importImage(reference: string, context: Context) {
  const { tag, digest, ...name } = parseReference(reference);
  const wanted = digest ?? tag;
  if (wanted === undefined) {
    throw new UserError(`${reference} names no image: add its digest (@sha256:…) or a tag (:1.2).`);
  }
  const repository = `${name.registry}/${name.repository}`;
  const source = await repositoryOf({ repository }, context);
  const manifest = await found(source, wanted, context);
  if (!manifest) return undefined;
  const { kind, module, size, annotations } = await read(source, manifest, reference, context);
  return {
    id: repository,
    inputs: {
      artifact: moduleArtifact(module, kind),
      repository,
      ...(tag !== undefined && { tags: [tag] }),
      format: "wasm" as const,
      ...(annotations && { annotations }),
      deleteOnDestroy: false,
    },
    outputs: {
      ref: `${repository}@${manifest.digest}`,
      digest: manifest.digest,
      size,
      tagDigests: tag === undefined ? {} : await named(source, tag, context),
      earlier: [],
      attested: await isAttested(source, manifest, context),
    },
  };
}

async function found(source: Repository, wanted: string, context: Context): Promise<Manifest | undefined> {
  try {
    return await source.manifest(wanted, callOf(context));
  } catch (error) {
    if (error instanceof OciError && error.code === "not-found") return undefined;
    throw error;
  }
}

async function read(source: Repository, manifest: Manifest, name: string, context: Context) {
  const format = formatOf(manifest, name);
  if (
    format.kind !== "module" ||
    format.config.mediaType !== wasmConfigType ||
    format.layer.mediaType !== wasmLayerType
  ) {
    throw new UserError(
      `${name} is no Wasm artifact in the CNCF's layout, which is what an Image pushes. Take it as a Module by \`reference\`, and push that.`,
    );
  }
  const { store, inspector } = artifactStore(context.settings);
  const pulled = await pullModule(manifest.digest, { source, store, name, maxSize, call: callOf(context) });
  const { kind } = await inspector.inspect(pulled.digest, { signal: context.signal });
  const { annotations } = JSON.parse(Buffer.from(manifest.bytes).toString()) as ImageManifest;
  const size = manifest.bytes.length + format.config.size + format.layer.size;
  return { kind, module: pulled.digest, size, annotations: annotations ?? undefined };
}

/** What the tag names by now: where a digest was given as well, it can be another image. */
async function named(source: Repository, tag: string, context: Context): Promise<Record<string, string>> {
  const digest = (await source.resolve(tag, callOf(context)))?.digest;
  return digest === undefined ? {} : { [tag]: digest };
}

/** Where its report is not attached, the next `pulumi up` attaches it. */
async function isAttested(source: Repository, { digest }: Manifest, context: Context): Promise<boolean> {
  return (await presenceOf(source, digest, { signed: false }, callOf(context))).report;
}
