/** Deletes what an Image pushed, and never what somebody else's tag names. */
import { type Digest, hexOf } from "../artifacts/digest.ts";
import { ProviderError, UserError } from "../errors.ts";
import type { Call } from "../oci/call.ts";
import { allOrNone } from "../oci/concurrent.ts";
import { OciError } from "../oci/errors.ts";
import type { Repository } from "../oci/repository.ts";
import type { ImageInputs, ImageOutputs } from "./image.ts";
import { knownImage } from "./imagePlan.ts";
import { callOf, repositoryOf } from "./imageRepository.ts";
import { type EarlierImage, recorded } from "./imageTags.ts";
import type { Context } from "./resource.ts";

/** A manifest of ours, with the tags that we set on it. */
type Owned = EarlierImage;

/**
 * Tags of what refers to an image, after `sha256-` and its digest: the list of referrers, where the registry has none of
 * its own, and what cosign attached before its version 3.
 */
const referringTags = ["", ".sig", ".att"];

/** Tags are looked up this many at a time. */
const concurrency = 8;

/**
 * Deletes those earlier images that are not to be kept. An image is out before that, so nothing fails for it.
 *
 * @returns what is still there and ours
 */
export async function prune(
  repository: Repository,
  earlier: readonly EarlierImage[],
  kept: readonly EarlierImage[],
  context: Context,
): Promise<EarlierImage[]> {
  const surplus = earlier.slice(kept.length);
  if (surplus.length === 0) return [...kept];
  try {
    await removeAll(repository, surplus, context);
    return [...kept];
  } catch (error) {
    if (!(error instanceof OciError) || context.signal.aborted) throw error;
    const names = surplus.map(({ digest }) => digest).join(", ");
    context.log.warn(
      `Earlier images that are beyond \`keep\` may still be there (${names}): ${error.message}`,
    );
    return [...earlier];
  }
}

export async function removeImage(
  { inputs, outputs }: { inputs: ImageInputs | undefined; outputs: Partial<ImageOutputs> },
  context: Context,
): Promise<void> {
  const { digest, tagDigests, earlier } = recorded(outputs);
  if (inputs?.deleteOnDestroy !== true || digest === undefined) return;
  const image = knownImage(inputs);
  const own = Object.keys(tagDigests).filter((tag) => tagDigests[tag] === digest);
  try {
    await removeAll(await repositoryOf(image, context), [{ digest, tags: own }, ...earlier], context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new ProviderError(
      "precondition",
      `${image.repository}@${digest}${own.length > 0 ? ` (${own.join(", ")})` : ""} is still in the registry: ${error.message} Run this again once ` +
        "the registry deletes; or set `deleteOnDestroy: false`, run `pulumi up`, and it stays where it is.",
      { cause: error },
    );
  }
}

async function removeAll(repository: Repository, owned: readonly Owned[], context: Context): Promise<void> {
  const call = callOf(context);
  const named = await tagsByDigest(repository, call);
  for (const image of owned) await remove(repository, image, named.get(image.digest) ?? [], context);
}

async function remove(
  repository: Repository,
  { digest, tags }: Owned,
  named: readonly string[],
  context: Context,
): Promise<void> {
  const call = callOf(context);
  const others = named.filter((tag) => !tags.includes(tag));
  if (others.length > 0) {
    for (const tag of named.filter((own) => tags.includes(own))) await repository.deleteManifest(tag, call);
    const place = `${repository.registry}/${repository.repository}@${digest}`;
    context.log.info(`${place} stays: it is named by ${others.join(", ")}, which this Image did not set.`);
    return;
  }
  // What refers to a manifest means nothing without it, and nobody would find it any more.
  for (const referrer of await repository.referrers(digest, undefined, call)) {
    await repository.deleteManifest(referrer.digest, call);
  }
  await repository.deleteManifest(digest, call);
  for (const suffix of referringTags) {
    const found = await repository.resolve(`sha256-${hexOf(digest)}${suffix}`, call);
    if (found) await repository.deleteManifest(found.digest, call);
  }
}

/** All tags of the repository by what they name; registries cannot be asked for the tags of one manifest. */
async function tagsByDigest(repository: Repository, call: Call): Promise<Map<Digest, string[]>> {
  const found = new Map<Digest, string[]>();
  const tags = (await repository.tags(call)).filter((tag) => !isOfReferrers(tag));
  await allOrNone(tags, { signal: call.signal, most: concurrency }, async (tag, signal) => {
    const digest = (await repository.resolve(tag, { ...call, signal }))?.digest;
    if (digest) found.set(digest, [...(found.get(digest) ?? []), tag]);
  });
  return found;
}

/** `sha256-<hex>`, `sha256-<hex>.sig`: names by which registries and cosign keep what refers to a manifest. */
function isOfReferrers(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}/.test(tag);
}
