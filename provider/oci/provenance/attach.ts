/** What is pushed beside an image: its grants attestation, and with a key its signature. `docs/provenance.md` has the layout. */
import { type Digest, digestOf } from "../../artifacts/digest.ts";
import type { SealedModule } from "../../artifacts/inspection.ts";
import type { Call } from "../call.ts";
import { mediaTypes } from "../descriptor.ts";
import type { Repository } from "../repository.ts";
import { grantsPredicate, grantsStatement } from "./attestation.ts";
import { claimOf, isSignedBy, signedBundle } from "./bundle.ts";
import { statementType } from "./mediaTypes.ts";
import {
  bundleReferrer,
  bundlesOf,
  type Readable,
  type Referrer,
  readManifest,
  type Subject,
  statementReferrer,
} from "./referrers.ts";
import type { Signer } from "./signer.ts";
import { encodeStatement, isAbout, signaturePredicate } from "./statement.ts";

type Writable = Readable & Pick<Repository, "pushBlob" | "putManifest">;

export interface Provenance {
  /** Digest of the artifact's bytes, which the image carries. */
  artifactDigest: Digest;
  /** `Inspection.sealed` of these bytes; undefined where nothing is sealed in them. */
  sealed: readonly SealedModule[] | undefined;
  /** Absent: the attestation is not signed, and neither is the image. */
  signer?: Signer | undefined;
}

export interface Attached {
  what: "signature" | "grants attestation";
  /** Of the referrer's manifest. */
  digest: Digest;
  /** Bytes of its document. */
  size: number;
}

/**
 * Pushes what is not there yet. Signatures differ each time they are made, so one that verifies with the same key stays.
 *
 * @param image the image's manifest, which has been pushed
 * @returns what was sent; nothing where all was there
 * @throws OciError
 */
export async function attachProvenance(
  repository: Writable,
  image: Subject,
  provenance: Provenance,
  call: Call,
): Promise<Attached[]> {
  const { signer } = provenance;
  const grants = await grantsOf(image, provenance);
  if (!signer) return attachUnsigned(repository, image, grants, call);
  const statements = [
    {
      what: "signature",
      predicate: signaturePredicate,
      bytes: encodeStatement(image.digest, signaturePredicate, {}),
    },
    { what: "grants attestation", predicate: grantsPredicate, bytes: grants },
  ] as const;
  const sent: Attached[] = [];
  for (const { what, predicate, bytes } of statements) {
    if (await isThere(repository, image.digest, predicate, bytes, signer, call)) continue;
    const bundle = signedBundle(bytes, signer);
    sent.push({ what, ...(await push(repository, bundleReferrer(image, bundle, predicate), call)) });
  }
  return sent;
}

/** What of it is known before the image is pushed, and can go along with it: nothing where signatures are to be made. */
export async function knownBlobs(image: Subject, provenance: Provenance): Promise<readonly Buffer[]> {
  if (provenance.signer) return [];
  return unsignedReferrer(image, await grantsOf(image, provenance)).blobs;
}

function grantsOf(image: Subject, { artifactDigest, sealed }: Provenance): Promise<Buffer> {
  return grantsStatement(image.digest, { artifact: artifactDigest, modules: sealed });
}

function unsignedReferrer(image: Subject, grants: Buffer): Referrer {
  return statementReferrer(image, grants, statementType, grantsPredicate);
}

async function attachUnsigned(
  repository: Writable,
  image: Subject,
  grants: Buffer,
  call: Call,
): Promise<Attached[]> {
  const referrer = unsignedReferrer(image, grants);
  const digest = digestOf(referrer.manifest);
  const listed = await repository.referrers(image.digest, statementType, call);
  // A list that clients keep under a tag names what others have deleted, too.
  const isListed = listed.some((known) => known.digest === digest);
  if (isListed && (await readManifest(repository, digest, call))) return [];
  return [{ what: "grants attestation", ...(await push(repository, referrer, call)) }];
}

/** Whether the signer has said the same of the image before, in whatever spacing. */
async function isThere(
  repository: Readable,
  image: Digest,
  predicate: string,
  statement: Buffer,
  signer: Signer,
  call: Call,
): Promise<boolean> {
  const { envelopes } = await bundlesOf(repository, image, predicate, call);
  for await (const envelope of envelopes) {
    const claim = envelope && claimOf(envelope);
    if (!claim || claim.predicateType !== predicate || !isAbout(claim, image)) continue;
    // The signature first: what strangers wrote is not walked through.
    if (!isSignedBy(envelope, signer.publicKey)) continue;
    if (encodeStatement(image, predicate, claim.predicate).equals(statement)) return true;
  }
  return false;
}

/** The manifest last: what it names is there before it. */
async function push(repository: Writable, { manifest, blobs }: Referrer, call: Call) {
  for (const bytes of blobs) {
    await repository.pushBlob({ digest: digestOf(bytes), size: bytes.length }, { bytes }, {}, call);
  }
  const digest = digestOf(manifest);
  await repository.putManifest(digest, { mediaType: mediaTypes.manifest, bytes: manifest }, call);
  return { digest, size: blobs.at(-1)!.length };
}
