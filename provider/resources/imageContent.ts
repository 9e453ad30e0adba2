/** From an artifact to what is pushed, by format. */
import type { Artifact } from "../artifacts/artifact.ts";
import { ArtifactError } from "../artifacts/errors.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { UserError } from "../errors.ts";
import type { ImageContent } from "../oci/push.ts";
import { wasmArtifact } from "../oci/wasmArtifact.ts";
import { holdsUnknown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { artifactStore } from "./artifactStore.ts";
import type { ImageInputs } from "./image.ts";
import type { Context } from "./resource.ts";

type Format = "wasm";
/** What decides the bytes. */
type Content = Pick<ImageInputs, "artifact" | "format" | "annotations">;

const formats: Record<
  Format,
  (inspection: Inspection, annotations: Readonly<Record<string, string>>) => ImageContent
> = {
  wasm: wasmArtifact,
};

export interface BuiltImage {
  content: ImageContent;
  inspection: Inspection;
}

/** Has the artifact's bytes in the store. `unknown` where a part of what decides the digest is. */
export async function buildImage(
  { artifact, format, annotations }: Content,
  { settings, signal }: Context,
): Promise<OrUnknown<BuiltImage>> {
  if (holdsUnknown(artifact) || holdsUnknown(annotations) || isUnknown(format)) return unknown;
  const { composer, inspector } = artifactStore(settings);
  try {
    const digest = await composer.ensure(artifact as Artifact, { signal });
    const inspection = await inspector.inspect(digest, { signal });
    const given = (annotations ?? {}) as Record<string, string>;
    return { content: formats[format ?? "wasm"](inspection, given), inspection };
  } catch (error) {
    const ofArtifact = error instanceof ArtifactError && !["cache", "cancelled"].includes(error.code);
    throw ofArtifact ? new UserError(error.message, "artifact", { cause: error }) : error;
  }
}

/** Bytes of all that a registry keeps of it. */
export function imageSize({ manifest, blobs }: ImageContent): number {
  return blobs.reduce((sum, { size }) => sum + size, manifest.bytes.length);
}

/** Whether two sets of inputs are one image, whatever version of the plugin made it. */
export function isSameImage(old: Content | undefined, now: Content): boolean {
  const known = old && essence(old);
  return known !== undefined && known === essence(now);
}

/** All that decides the bytes; undefined where a part of it is not known. */
function essence({ artifact, format = "wasm", annotations = {} }: Content): string | undefined {
  if (isUnknown(artifact) || holdsUnknown([artifact.digest, format, annotations])) return undefined;
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([artifact.digest, format, sorted]);
}
