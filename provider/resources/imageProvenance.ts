/** Grants report and signature of an Image. Their code is loaded where something is attached only. */
import { type Digest, digestOf } from "../artifacts/digest.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import type { Call } from "../oci/call.ts";
import type { Attached } from "../oci/provenance/attach.ts";
import type { Signer } from "../oci/provenance/signer.ts";
import type { ImageBlob } from "../oci/push.ts";
import type { Manifest, Repository } from "../oci/repository.ts";
import { isUnknown } from "../schema/fields.ts";
import type { Settings } from "../settings.ts";
import type { ImageOutputs } from "./image.ts";
import type { Difference } from "./resource.ts";

/** The configured key. @throws UserError that names the setting */
export async function signerOf(settings: Settings): Promise<Signer | undefined> {
  if (settings.signingKey === undefined) return undefined;
  const { signerOf: open } = await import("../oci/provenance/signer.ts");
  return open(settings);
}

/** As far as it is attached by now: somebody else may have deleted report or signature. */
export async function provenanceNow(
  repository: Repository,
  digest: Digest,
  { attested, signedBy }: Pick<ImageOutputs, "attested" | "signedBy">,
  call: Call,
): Promise<Pick<ImageOutputs, "attested" | "signedBy">> {
  const signed = signedBy !== undefined;
  if (attested !== true && !signed) return { attested };
  const { presenceOf } = await import("../oci/provenance/presence.ts");
  const { report, signature } = await presenceOf(repository, digest, { signed }, call);
  return { attested: attested === true && report, ...(signed && signature && { signedBy }) };
}

/** What is still to be attached: after a run that could not, and where a key is new. */
export async function provenanceDrift(
  { attested, signedBy }: Partial<ImageOutputs>,
  settings: Settings,
): Promise<Difference[]> {
  const drift = (path: string) => ({ path, kind: "update", replace: false, input: false }) as const;
  const signer = await signerOf(settings);
  return [
    ...(attested === false ? [drift("attested")] : []),
    ...(signer && signer.hint !== signedBy ? [drift("signedBy")] : []),
  ];
}

/** Whether all that is to be attached to this very digest was attached by an earlier run. */
export function isAttached(
  { attested, signedBy }: Partial<ImageOutputs>,
  signer: Signer | undefined,
): boolean {
  return attested === true && !isUnknown(signedBy) && (!signer || signer.hint === signedBy);
}

type Content = Pick<Inspection, "digest" | "sealed">;

/** What `attach` will push, as far as it is known before the image is there: it goes along with the image's own blobs. */
export async function blobsToAttach(
  manifest: Manifest,
  content: Content,
  signer: Signer | undefined,
): Promise<ImageBlob[]> {
  const { knownBlobs } = await import("../oci/provenance/attach.ts");
  const blobs = await knownBlobs(subjectOf(manifest), provenanceOf(content, signer));
  return blobs.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length, bytes }));
}

/** @returns what was sent: what is there and still holds is not made again */
export async function attach(
  repository: Repository,
  manifest: Manifest,
  content: Content,
  signer: Signer | undefined,
  call: Call,
): Promise<Attached[]> {
  const { attachProvenance } = await import("../oci/provenance/attach.ts");
  return attachProvenance(repository, subjectOf(manifest), provenanceOf(content, signer), call);
}

function subjectOf({ digest, mediaType, bytes }: Manifest) {
  return { digest, mediaType, size: bytes.length };
}

function provenanceOf({ digest, sealed }: Content, signer: Signer | undefined) {
  return { artifactDigest: digest, sealed, signer };
}
