/**
 * Signatures as cosign kept them before its version 3 (its SIGNATURE_SPEC.md): a manifest under the tag `sha256-….sig`, in
 * which each layer is a signed text about the image. Read only.
 */
import type { KeyObject } from "node:crypto";
import * as z from "zod";
import { type Digest, hexOf } from "../../artifacts/digest.ts";
import type { Call } from "../call.ts";
import { verifies } from "./keys.ts";
import { mostDocuments, type Readable, readLayer, readManifest } from "./referrers.ts";
import { parseJson } from "./statement.ts";

const layerType = "application/vnd.dev.cosign.simplesigning.v1+json";
const signatureAnnotation = "dev.cosignproject.cosign/signature";

const payloadSchema = z.object({
  critical: z.object({
    type: z.literal("cosign container image signature"),
    image: z.object({ "docker-manifest-digest": z.string() }),
  }),
});

export interface SimpleSignature {
  payload: Buffer;
  signature: Buffer;
}

export interface SimpleSignatures {
  listed: number;
  /** As `Bundles.envelopes`. */
  signatures: AsyncIterable<SimpleSignature | undefined>;
}

export async function simpleSignaturesOf(
  repository: Readable,
  image: Digest,
  call: Call,
): Promise<SimpleSignatures> {
  const manifest = await readManifest(repository, `sha256-${hexOf(image)}.sig`, call);
  const layers = (manifest?.layers ?? []).filter(({ mediaType }) => mediaType === layerType);
  return {
    listed: layers.length,
    signatures: signaturesIn(repository, layers.slice(0, mostDocuments), call),
  };
}

async function* signaturesIn(repository: Readable, layers: Parameters<typeof readLayer>[1][], call: Call) {
  for (const layer of layers) {
    const text = layer.annotations?.[signatureAnnotation];
    const payload = text ? await readLayer(repository, layer, call) : undefined;
    yield payload && text ? { payload, signature: Buffer.from(text, "base64") } : undefined;
  }
}

export function isSimplySignedBy({ payload, signature }: SimpleSignature, key: KeyObject): boolean {
  return verifies(key, payload, signature);
}

/** The image that a signature says it is of; undefined where it is another kind of text. */
export function imageSigned({ payload }: SimpleSignature): string | undefined {
  const parsed = payloadSchema.safeParse(parseJson(payload));
  return parsed.success ? parsed.data.critical.image["docker-manifest-digest"] : undefined;
}
