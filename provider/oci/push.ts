/**
 * An image's content into a repository: its blobs, then its manifest by digest. Tags come after that, one by one, so that
 * none ever names an image that is not whole. What is there already is not sent.
 */
import type { Digest } from "../artifacts/digest.ts";
import { formatBytes } from "../artifacts/errors.ts";
import type { Call } from "./call.ts";
import { allOrNone } from "./concurrent.ts";
import type { Origins } from "./origins.ts";
import type { Manifest, Repository } from "./repository.ts";

export interface ImageBlob {
  digest: Digest;
  /** Bytes. */
  size: number;
  /** Absent: the store has them. */
  bytes?: Uint8Array;
}

/** All that an image is made of, in any format. */
export interface ImageContent {
  manifest: Manifest;
  blobs: readonly ImageBlob[];
}

export interface PushOptions {
  /** Path of a file with a blob's bytes; asked for those that the content does not bring along. */
  pathOf(blob: Digest): Promise<string>;
  origins: Origins;
  /** Blobs of what will refer to the image: they go along, and are not counted. */
  beside?: readonly ImageBlob[];
}

/** What became of an image's blobs, and what it cost. */
export interface Transfer {
  /** Bytes of the blobs that went over the wire; the manifest is not counted. */
  bytesSent: number;
  sent: number;
  mounted: number;
  existing: number;
}

const nothing: Transfer = { bytesSent: 0, sent: 0, mounted: 0, existing: 0 };

/** @throws OciError; the repository then has blobs that nothing points to, and no new manifest */
export async function pushImage(
  repository: Repository,
  { manifest, blobs }: ImageContent,
  options: PushOptions,
  call: Call,
): Promise<Transfer> {
  const isThere = (await repository.resolve(manifest.digest, call)) !== undefined;
  if (isThere) {
    await remember(repository, blobs, options);
    return { ...nothing, existing: blobs.length };
  }
  const all = [...blobs, ...(options.beside ?? [])];
  const outcomes = await allOrNone(all, { signal: call.signal, most: 4 }, async (blob, signal) => {
    const source = blob.bytes ? { bytes: blob.bytes } : { path: await options.pathOf(blob.digest) };
    const from = await elsewhere(repository, blob, options);
    return { blob, outcome: await repository.pushBlob(blob, source, { from }, { ...call, signal }) };
  });
  await repository.putManifest(manifest.digest, manifest, call);
  await remember(repository, blobs, options);
  return outcomes
    .slice(0, blobs.length)
    .reduce((sum, { blob, outcome }) => added(sum, blob, outcome), nothing);
}

/** `12.3 MiB in 2 blobs sent, 1 mounted`, for the log. */
export function transferText({ bytesSent, sent, mounted, existing }: Transfer): string {
  const parts = [
    sent > 0 ? `${formatBytes(bytesSent)} in ${count(sent, "blob")} sent` : "no blob sent",
    ...(mounted > 0 ? [`${mounted} mounted`] : []),
    ...(existing > 0 ? [`${existing} there already`] : []),
  ];
  return parts.join(", ");
}

/**
 * Has a tag name a manifest that is in the repository.
 *
 * @returns what the tag named before; undefined where it was not there
 */
export async function putTag(
  repository: Repository,
  tag: string,
  manifest: Manifest,
  call: Call,
): Promise<Digest | undefined> {
  const before = (await repository.resolve(tag, call))?.digest;
  if (before !== manifest.digest) await repository.putManifest(tag, manifest, call);
  return before;
}

function added(sum: Transfer, { size }: ImageBlob, outcome: "exists" | "mounted" | "sent"): Transfer {
  switch (outcome) {
    case "sent":
      return { ...sum, sent: sum.sent + 1, bytesSent: sum.bytesSent + size };
    case "mounted":
      return { ...sum, mounted: sum.mounted + 1 };
    case "exists":
      return { ...sum, existing: sum.existing + 1 };
  }
}

async function elsewhere(
  { registry, repository }: Repository,
  { digest }: ImageBlob,
  { origins }: PushOptions,
): Promise<string[]> {
  return (await origins.of(digest, registry)).filter((other) => other !== repository);
}

async function remember(
  { registry, repository }: Repository,
  blobs: readonly ImageBlob[],
  { origins }: PushOptions,
): Promise<void> {
  for (const { digest } of blobs) await origins.remember(digest, { registry, repository });
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
