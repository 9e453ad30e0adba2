/** Puts an artifact that was made by hand into a registry, signed if a key is given, by way of the provider's own client. */
import type { Digest } from "../../provider/artifacts/digest.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { RegistryClient } from "../../provider/oci/client.ts";
import { attachProvenance } from "../../provider/oci/provenance/attach.ts";
import { signerOf } from "../../provider/oci/provenance/signer.ts";
import type { Artifact } from "../unit/ociArtifacts.ts";

const call = { signal: new AbortController().signal };

export interface PushOptions {
  /** Path in the registry. */
  repository?: string;
  tag?: string;
  /** Private key in PEM. */
  signingKey?: string;
}

/** @returns the artifact by digest, and by the tag where there is one: as references */
export async function pushArtifact(
  host: string,
  { mediaType, bytes, digest, blobs }: Artifact,
  { repository: name = "acme/module", tag, signingKey }: PushOptions = {},
): Promise<{ pinned: string; tagged: string; digest: Digest }> {
  const client = new RegistryClient({ registries: { [host]: { insecure: true } } });
  const repository = client.repository({ registry: host, repository: name });
  for (const blob of blobs) {
    await repository.pushBlob({ digest: digestOf(blob), size: blob.length }, { bytes: blob }, {}, call);
  }
  await repository.putManifest(digest, { mediaType, bytes }, call);
  if (tag !== undefined) await repository.putManifest(tag, { mediaType, bytes }, call);
  if (signingKey !== undefined) {
    const signer = signerOf({ signingKey });
    const image = { digest, mediaType, size: bytes.length };
    await attachProvenance(repository, image, { artifactDigest: digest, sealed: undefined, signer }, call);
  }
  await client.close();
  return { pinned: `${host}/${name}@${digest}`, tagged: `${host}/${name}:${tag}`, digest };
}
