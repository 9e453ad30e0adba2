/** In-toto statements (https://github.com/in-toto/attestation/tree/main/spec/v1): what somebody says of an image. */
import { json } from "@sigstore/core";
import * as z from "zod";
import { type Digest, hexOf } from "../../artifacts/digest.ts";

/** What `cosign sign` says of an image since its version 3: this key has signed it, and nothing else. */
export const signaturePredicate = "https://sigstore.dev/cosign/sign/v1";

const typeOfVersion1 = "https://in-toto.io/Statement/v1";

const statementSchema = z.object({
  /** `cosign attest` still writes the version before, which has the same fields. */
  _type: z.enum([typeOfVersion1, "https://in-toto.io/Statement/v0.1"]),
  /** By algorithm, in hexadecimal. */
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.string(),
  predicate: z.unknown(),
});

export type Statement = z.infer<typeof statementSchema>;

/** Canonical JSON, so that the same statement is the same bytes. Named by its digest alone: an image has one in every mirror. */
export function encodeStatement(image: Digest, predicateType: string, predicate: unknown): Buffer {
  const subject = [{ digest: { sha256: hexOf(image) } }];
  return Buffer.from(json.canonicalize({ _type: typeOfVersion1, subject, predicateType, predicate }));
}

/** @returns undefined for what is no statement */
export function parseStatement(bytes: Uint8Array): Statement | undefined {
  const value = parseJson(bytes);
  const parsed = statementSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function isAbout({ subject }: Statement, image: Digest): boolean {
  return subject.some(({ digest }) => digest.sha256 === hexOf(image));
}

/** @returns undefined for what is no JSON in UTF-8 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
