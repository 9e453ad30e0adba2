/** Whether an image is signed with a key: `verify: { key }` of a Module. `docs/provenance.md` says which layouts are read. */
import type { KeyObject } from "node:crypto";
import type { Envelope } from "@sigstore/bundle";
import type { Digest } from "../../artifacts/digest.ts";
import { UserError } from "../../errors.ts";
import type { Call } from "../call.ts";
import { formatReference } from "../reference.ts";
import { claimOf, isSignedBy } from "./bundle.ts";
import { keyHint, parsePublicKey } from "./keys.ts";
import { bundlesOf, mostDocuments, type Readable } from "./referrers.ts";
import { imageSigned, isSimplySignedBy, type SimpleSignature, simpleSignaturesOf } from "./simpleSigning.ts";
import { isAbout, signaturePredicate } from "./statement.ts";

/** What a document is that does not prove the signature, in words for a number of them. */
const failures = {
  otherImage: (count: number) => `${count} by this key of another image`,
  otherKey: (count: number) => `${count} that this key did not make`,
  noSignature: (count: number) => `${count} of another kind, such as an attestation`,
  unreadable: (count: number) => `${count} that cannot be read as a signature`,
} as const;

type Verdict = "signed" | keyof typeof failures;
type Counts = Map<keyof typeof failures, number>;

/**
 * Passes if and only if at least one signature of exactly this manifest verifies with the key. An attestation is no signature,
 * also where the key made it: it can say that something is wrong with the image.
 *
 * @param publicKeyPem ECDSA, Ed25519 or RSA, in PEM
 * @throws UserError without a property: what was found instead, and what to do; OciError where the registry cannot be asked
 */
export async function verifySignature(
  repository: Readable,
  digest: Digest,
  publicKeyPem: string,
  call: Call,
): Promise<void> {
  const key = parsePublicKey(publicKeyPem);
  const counts: Counts = new Map();
  const isSigned = (verdict: Verdict) => {
    if (verdict === "signed") return true;
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    return false;
  };

  const bundles = await bundlesOf(repository, digest, signaturePredicate, call);
  for await (const envelope of bundles.envelopes) if (isSigned(judge(envelope, digest, key))) return;

  const older = await simpleSignaturesOf(repository, digest, call);
  for await (const one of older.signatures) if (isSigned(judgeSimple(one, digest, key))) return;

  const unread = (listed: number) => Math.max(0, listed - mostDocuments);
  const { registry, repository: name } = repository;
  const image = formatReference({ registry, repository: name, digest });
  throw notSigned(image, key, counts, unread(bundles.listed) + unread(older.listed));
}

function judge(envelope: Envelope | undefined, image: Digest, key: KeyObject): Verdict {
  const claim = envelope && claimOf(envelope);
  if (!envelope || !claim) return "unreadable";
  if (claim.predicateType !== signaturePredicate) return "noSignature";
  if (!isSignedBy(envelope, key)) return "otherKey";
  return isAbout(claim, image) ? "signed" : "otherImage";
}

function judgeSimple(found: SimpleSignature | undefined, image: Digest, key: KeyObject): Verdict {
  const signed = found && imageSigned(found);
  if (!found || signed === undefined) return "unreadable";
  if (!isSimplySignedBy(found, key)) return "otherKey";
  return signed === image ? "signed" : "otherImage";
}

function notSigned(image: string, key: KeyObject, counts: Counts, unread: number): UserError {
  const found = [...counts].map(([failure, count]) => failures[failure](count));
  if (unread > 0) found.push(`${unread} more that were not read`);
  const instead = found.length > 0 ? `Attached to it: ${found.join(", ")}.` : "There is no signature at all.";
  return new UserError(
    `${image} is not signed with the key ${keyHint(key)}. ${instead} Take the key of whoever signs this image, ` +
      `or sign it: \`cosign sign --key … ${image}\`.`,
  );
}
