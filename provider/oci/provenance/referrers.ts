/** Documents that refer to an image: one layer under a manifest with a `subject` (OCI image specification 1.1). */
import type { Envelope } from "@sigstore/bundle";
import { type Digest, digestOf } from "../../artifacts/digest.ts";
import type { Call } from "../call.ts";
import { type Descriptor, type ImageManifest, manifestSchema, mediaTypes } from "../descriptor.ts";
import { OciError } from "../errors.ts";
import type { Repository } from "../repository.ts";
import { envelopeOf } from "./bundle.ts";
import { bundleType, predicateAnnotations } from "./mediaTypes.ts";
import { parseJson } from "./statement.ts";

/** What is read of a repository; a part of `Repository`. */
export type Readable = Pick<Repository, "registry" | "repository" | "referrers" | "manifest" | "pullBlob">;

/** Of bundles and signatures that are read for one image. More than this nobody makes but to keep others busy. */
export const mostDocuments = 64;
const mostBytes = 4 * 1024 * 1024;

const [ofBundle, ofStatement] = predicateAnnotations;

export interface Bundles {
  /** How many bundles refer to the image; the envelopes are of the first `mostDocuments` of them. */
  listed: number;
  /** Read one by one, so that nothing is read beyond what is looked for; undefined for one that cannot be read. */
  envelopes: AsyncIterable<Envelope | undefined>;
}

/** @param likely those that say to hold this predicate come first */
export async function bundlesOf(
  repository: Readable,
  image: Digest,
  likely: string,
  call: Call,
): Promise<Bundles> {
  const listed = (await repository.referrers(image, undefined, call)).filter(mayBeBundle);
  const says = ({ annotations }: Descriptor) => annotations?.[ofBundle] === likely;
  const first = [...listed.filter(says), ...listed.filter((one) => !says(one))].slice(0, mostDocuments);
  return { listed: listed.length, envelopes: envelopesIn(repository, first, call) };
}

/** Older clients list a referrer by the media type of its configuration, which for a bundle is the empty one. */
export function mayBeBundle({ artifactType }: Descriptor): boolean {
  return !artifactType || artifactType === bundleType || artifactType === mediaTypes.emptyConfig;
}

async function* envelopesIn(repository: Readable, listed: readonly Descriptor[], call: Call) {
  for (const { digest } of listed) {
    const manifest = await readManifest(repository, digest, call);
    const [layer, ...others] = manifest?.layers ?? [];
    const bytes = layer && others.length === 0 ? await readLayer(repository, layer, call) : undefined;
    yield bytes && envelopeOf(bytes);
  }
}

/** @returns undefined for what is not there, is damaged, or is no manifest of an artifact */
export async function readManifest(
  repository: Readable,
  reference: string,
  call: Call,
): Promise<ImageManifest | undefined> {
  const manifest = await unlessAbsent(repository.manifest(reference, call));
  const parsed = manifestSchema.safeParse(manifest && parseJson(manifest.bytes));
  return parsed.success ? parsed.data : undefined;
}

/** @returns undefined for what is not there, is not what its digest says, or is larger than such a document is */
export async function readLayer(
  repository: Readable,
  { digest, size }: Descriptor,
  call: Call,
): Promise<Buffer | undefined> {
  if (size > mostBytes) return undefined;
  const chunks: Buffer[] = [];
  const keep = async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk));
  return unlessAbsent(repository.pullBlob({ digest, size }, keep, call).then(() => Buffer.concat(chunks)));
}

/** What cannot be read proves nothing, and keeps nothing else from being read; a registry that is not there does. */
async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const codes: readonly string[] = ["not-found", "damaged", "unsupported"];
    if (error instanceof OciError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

export interface Subject {
  digest: Digest;
  mediaType: string;
  /** Bytes of the manifest. */
  size: number;
}

export interface Referrer {
  manifest: Buffer;
  /** The layer, and the empty configuration that the manifest names. */
  blobs: readonly Buffer[];
}

const emptyConfig = Buffer.from("{}");

/** The manifest of a document: without a time, so that the same document has the same digest. */
function referrer(
  subject: Subject,
  type: string,
  document: Buffer,
  annotations: Readonly<Record<string, string>>,
): Referrer {
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: type,
    // Also here, where `cosign clean` looks for it.
    config: { ...describe(mediaTypes.emptyConfig, emptyConfig), artifactType: type },
    layers: [describe(type, document)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  };
  return { manifest: Buffer.from(JSON.stringify(manifest)), blobs: [emptyConfig, document] };
}

/** As `cosign sign` and `cosign attest` write it. */
export function bundleReferrer(subject: Subject, bundle: Buffer, predicateType: string): Referrer {
  return referrer(subject, bundleType, bundle, {
    "dev.sigstore.bundle.content": "dsse-envelope",
    [ofBundle]: predicateType,
  });
}

/** A statement that nobody signed. */
export function statementReferrer(
  subject: Subject,
  statement: Buffer,
  type: string,
  predicateType: string,
): Referrer {
  return referrer(subject, type, statement, { [ofStatement]: predicateType });
}
