/** Brings about what an Image declares: blobs, manifest, provenance, tags, and then what is to go. */
import type { Digest } from "../artifacts/digest.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { PartialFailure } from "../errors.ts";
import type { Call } from "../oci/call.ts";
import { OciError } from "../oci/errors.ts";
import { Origins } from "../oci/origins.ts";
import { pushImage, putTag, type Transfer, transferText } from "../oci/push.ts";
import type { Manifest, Repository } from "../oci/repository.ts";
import { isUnknown } from "../schema/fields.ts";
import type { Properties } from "../values.ts";
import { artifactStore } from "./artifactStore.ts";
import type { ImageInputs, ImageOutputs } from "./image.ts";
import { type BuiltImage, buildImage, imageSize } from "./imageContent.ts";
import {
  earlierOf,
  formerTags,
  type KnownImage,
  keptOf,
  knownImage,
  type OldImage,
  sameAsRecorded,
} from "./imagePlan.ts";
import { attach, blobsToAttach, isAttached, signerOf } from "./imageProvenance.ts";
import { prune } from "./imageRemoval.ts";
import { callOf, repositoryOf } from "./imageRepository.ts";
import { type EarlierImage, type RecordedImage, recorded } from "./imageTags.ts";
import type { Context } from "./resource.ts";

/** The image's manifest, which is in the registry. */
interface Present {
  manifest: Manifest;
  size: number;
  /** Absent: it is what the last run left, and nothing had to be read. */
  inspection?: Inspection;
  transfer?: Transfer;
}

/** What the registry has of an Image, while it is brought about: after a failure, what the state says. */
interface Progress {
  tagDigests: Record<string, string>;
  earlier: EarlierImage[];
  attested: boolean;
  signedBy?: string;
  /** For the log: what was done beside the blobs. */
  done: string[];
}

/** @throws PartialFailure once the manifest is there: what is known is kept, and the next run goes on from there */
export async function deliver(
  inputs: ImageInputs,
  old: (OldImage & { id: string }) | undefined,
  context: Context,
): Promise<ImageOutputs> {
  const image = knownImage(inputs);
  const before = old && recorded(old.outputs);
  const repository = await repositoryOf(image, context);
  const present = await ensureManifest(repository, image, old, context);
  const { digest } = present.manifest;
  const progress: Progress = {
    tagDigests: formerTags(before, digest),
    earlier: earlierOf(before, digest, image.tags ?? []),
    attested: false,
    done: [],
  };
  try {
    await attachAll(repository, present, image, { old, progress }, context);
    await setTags(repository, present.manifest, image, { before, progress }, context);
    progress.earlier = await prune(
      repository,
      progress.earlier,
      keptOf(image.keep, progress.earlier),
      context,
    );
  } catch (error) {
    const message = `${image.repository}@${digest} is in the registry, but not with all that belongs to it: ${messageOf(error)} The next \`pulumi up\` goes on from there.`;
    const outputs = outputsOf(image, present, progress) as Properties;
    throw new PartialFailure(old?.id ?? image.repository, outputs, message, { cause: error });
  }
  report(image, present, progress, context);
  return outputsOf(image, present, progress);
}

async function ensureManifest(
  repository: Repository,
  image: KnownImage,
  old: OldImage | undefined,
  context: Context,
): Promise<Present> {
  const same = sameAsRecorded(image, old?.inputs, old && recorded(old.outputs));
  const manifest = same && (await manifestOf(repository, same.digest, callOf(context)));
  if (same && manifest) return { manifest, size: same.size };
  const { content, inspection } = await built(image, context);
  const transfer = await push(repository, { content, inspection }, context);
  return { manifest: content.manifest, size: imageSize(content), inspection, transfer };
}

/** A registry takes no bytes but those of the digest that it is told, so they are not read twice unless it refuses them. */
async function push(
  repository: Repository,
  { content, inspection }: BuiltImage,
  context: Context,
): Promise<Transfer> {
  const { store } = artifactStore(context.settings);
  const beside = await blobsToAttach(content.manifest, inspection, await signerOf(context.settings));
  const pathOf = async (blob: Digest) => store.path(blob);
  const options = { pathOf, origins: new Origins(store.folder), beside };
  try {
    return await pushImage(repository, content, options, callOf(context));
  } catch (error) {
    if (!(error instanceof OciError && error.code === "damaged")) throw error;
    // What the cache holds in their stead goes, so that the next run has them again.
    for (const { digest, bytes } of content.blobs) if (!bytes) await store.verify(digest);
    throw error;
  }
}

async function manifestOf(repository: Repository, digest: Digest, call: Call): Promise<Manifest | undefined> {
  try {
    return await repository.manifest(digest, call);
  } catch (error) {
    if (error instanceof OciError && error.code === "not-found") return undefined;
    throw error;
  }
}

async function built(image: KnownImage, context: Context) {
  const found = await buildImage(image, context);
  if (isUnknown(found)) throw new Error("An input is still unknown outside preview.");
  return found;
}

/** Before any tag names the image: where a cluster admits signed images only, there is no moment without a signature. */
async function attachAll(
  repository: Repository,
  { manifest, inspection }: Present,
  image: KnownImage,
  { old, progress }: { old: OldImage | undefined; progress: Progress },
  context: Context,
): Promise<void> {
  const signer = await signerOf(context.settings);
  const isSame = !inspection && old !== undefined;
  if (isSame && isAttached(old.outputs, signer)) {
    const { signedBy } = old.outputs;
    progress.attested = true;
    if (typeof signedBy === "string") progress.signedBy = signedBy;
    return;
  }
  const content = inspection ?? (await built(image, context)).inspection;
  const sent = await attach(repository, manifest, content, signer, callOf(context));
  progress.attested = true;
  if (signer) progress.signedBy = signer.hint;
  progress.done.push(...sent.map(({ what }) => `${what} attached`));
}

async function setTags(
  repository: Repository,
  manifest: Manifest,
  { tags = [] }: KnownImage,
  { before, progress }: { before: RecordedImage | undefined; progress: Progress },
  context: Context,
): Promise<void> {
  const own = new Set([before?.digest, ...(before?.earlier.map(({ digest }) => digest) ?? [])]);
  for (const tag of tags) {
    const named = await putTag(repository, tag, manifest, callOf(context));
    progress.tagDigests[tag] = manifest.digest;
    if (named === manifest.digest) continue;
    progress.done.push(`tag ${tag} set`);
    if (named === undefined || own.has(named)) continue;
    context.log.warn(
      `The tag ${tag} named ${named}, which this Image did not push. It names ${manifest.digest} now.`,
    );
  }
}

function outputsOf(
  { repository, pullRepository }: KnownImage,
  { manifest, size }: Present,
  { done: _done, ...progress }: Progress,
): ImageOutputs {
  const { digest } = manifest;
  return { ref: `${pullRepository ?? repository}@${digest}`, digest, size, ...progress };
}

function report(
  { repository }: KnownImage,
  { manifest, transfer }: Present,
  { done }: Progress,
  { log }: Context,
): void {
  const parts = [...(transfer ? [transferText(transfer)] : []), ...done];
  if (parts.length > 0) log.info(`${repository}@${manifest.digest}: ${parts.join(", ")}.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
