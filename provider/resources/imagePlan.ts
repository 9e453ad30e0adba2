/** What an Image comes to be, from its inputs and its last state: the same in preview and in `up`. */
import type { Artifact } from "../artifacts/artifact.ts";
import type { Digest } from "../artifacts/digest.ts";
import { holdsUnknown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import type { ImageInputs, ImageOutputs } from "./image.ts";
import { buildImage, imageSize, isSameImage } from "./imageContent.ts";
import { signerOf } from "./imageProvenance.ts";
import { type EarlierImage, knownTags, type RecordedImage, recorded } from "./imageTags.ts";
import type { Context } from "./resource.ts";

/** More are forgotten, and stay in the registry. */
const mostEarlier = 100;

/** A state, or what an update replaces. */
export interface OldImage {
  inputs: ImageInputs | undefined;
  outputs: Partial<ImageOutputs>;
}

/** Inputs outside preview. */
export interface KnownImage {
  artifact: Artifact;
  repository: string;
  pullRepository?: string | undefined;
  insecure?: boolean | undefined;
  tags?: string[] | undefined;
  format?: "wasm" | undefined;
  annotations?: Record<string, string> | undefined;
  keep?: number | undefined;
  deleteOnDestroy?: boolean | undefined;
}

export function knownImage(image: ImageInputs): KnownImage {
  if (holdsUnknown(image)) throw new Error("An input is still unknown outside preview.");
  return image as KnownImage;
}

/** The outputs that `up` will have, without the network: bytes that cannot be had come to light here. */
export async function previewed(
  image: ImageInputs,
  old: OldImage | undefined,
  context: Context,
): Promise<ImageOutputs> {
  const before = old && recorded(old.outputs);
  const found = await planned(image, old?.inputs, before, context);
  const signedBy = (await signerOf(context.settings))?.hint;
  const provenance = { attested: true, ...(signedBy !== undefined && { signedBy }) };
  if (isUnknown(found) || holdsUnknown([image.tags, image.keep])) {
    const known: Pick<ImageOutputs, "digest" | "size"> = isUnknown(found)
      ? { digest: unknown, size: unknown }
      : found;
    const ref = refOf(image, known.digest);
    return { ...known, ref, tagDigests: unknown, earlier: unknown, ...provenance };
  }
  const tags = knownTags(image.tags);
  return {
    ...found,
    ref: refOf(image, found.digest),
    tagDigests: {
      ...formerTags(before, found.digest),
      ...Object.fromEntries(tags.map((tag) => [tag, found.digest])),
    },
    earlier: keptOf(knownKeep(image), earlierOf(before, found.digest, tags)),
    ...provenance,
  };
}

async function planned(
  image: ImageInputs,
  oldInputs: ImageInputs | undefined,
  before: RecordedImage | undefined,
  context: Context,
): Promise<OrUnknown<{ digest: Digest; size: number }>> {
  const same = sameAsRecorded(image, oldInputs, before);
  if (same) return same;
  const built = await buildImage(image, context);
  if (isUnknown(built)) return unknown;
  return { digest: built.content.manifest.digest, size: imageSize(built.content) };
}

/** What is recorded stays what it is while nothing of it changes, even where this version would lay it out differently. */
export function sameAsRecorded(
  image: ImageInputs,
  oldInputs: ImageInputs | undefined,
  before: RecordedImage | undefined,
): { digest: Digest; size: number } | undefined {
  const { digest, size } = before ?? {};
  if (digest === undefined || size === undefined || !isSameImage(oldInputs, image)) return undefined;
  return { digest, size };
}

function refOf(
  { repository, pullRepository }: Pick<ImageInputs, "repository" | "pullRepository">,
  digest: OrUnknown<Digest>,
): OrUnknown<string> {
  const name = pullRepository ?? repository;
  return isUnknown(name) || isUnknown(digest) ? unknown : `${name}@${digest}`;
}

/** Tags that this Image set before; of another digest they are with `earlier`. */
export function formerTags(before: RecordedImage | undefined, digest: Digest): Record<string, string> {
  const own = before?.digest === digest ? before.tagDigests : {};
  const again = before?.earlier.find((image) => image.digest === digest)?.tags ?? [];
  const still = [...Object.keys(own).filter((tag) => own[tag] === digest), ...again];
  return Object.fromEntries(still.map((tag) => [tag, digest]));
}

/** What it was before it has this digest, newest first. A digest that comes back is no earlier one any more. */
export function earlierOf(
  before: RecordedImage | undefined,
  digest: Digest,
  tags: readonly string[],
): EarlierImage[] {
  if (before?.digest === undefined) return before?.earlier ?? [];
  const last = {
    digest: before.digest,
    tags: Object.keys(before.tagDigests).filter((tag) => before.tagDigests[tag] === before.digest),
  };
  return [last, ...before.earlier]
    .filter((image) => image.digest !== digest)
    .map((image) => ({ ...image, tags: image.tags.filter((tag) => !tags.includes(tag)) }))
    .slice(0, mostEarlier);
}

export function keptOf(keep: number | undefined, earlier: readonly EarlierImage[]): EarlierImage[] {
  return keep === undefined ? [...earlier] : earlier.slice(0, keep);
}

function knownKeep({ keep }: ImageInputs): number | undefined {
  return isUnknown(keep) ? undefined : keep;
}
