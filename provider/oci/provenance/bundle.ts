/**
 * Signed statements as cosign keeps them since its version 3: a DSSE envelope in a Sigstore bundle 0.3
 * (https://github.com/sigstore/protobuf-specs, https://github.com/secure-systems-lab/dsse).
 */
import type { KeyObject } from "node:crypto";
import { bundleFromJSON, bundleToJSON, type Envelope, toDSSEBundle } from "@sigstore/bundle";
import { dsse } from "@sigstore/core";
import { verifies } from "./keys.ts";
import { statementType } from "./mediaTypes.ts";
import type { Signer } from "./signer.ts";
import { parseJson, parseStatement, type Statement } from "./statement.ts";

/** No transparency log is told of it: whoever verifies it has the key. */
export function signedBundle(statement: Buffer, signer: Signer): Buffer {
  const bundle = toDSSEBundle({
    artifact: statement,
    artifactType: statementType,
    signature: signer.sign(dsse.preAuthEncoding(statementType, statement)),
  });
  // The key is named here only: cosign passes over an envelope's signature whose key has a name that it does not know.
  bundle.verificationMaterial.content = { $case: "publicKey", publicKey: { hint: signer.hint } };
  return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
}

/** @returns undefined for what is no bundle with an envelope and one signature */
export function envelopeOf(bytes: Uint8Array): Envelope | undefined {
  try {
    const { content } = bundleFromJSON(parseJson(bytes));
    return content.$case === "dsseEnvelope" ? content.dsseEnvelope : undefined;
  } catch {
    return undefined;
  }
}

/** What the envelope says, whoever says it; undefined where that is no statement. */
export function claimOf({ payloadType, payload }: Envelope): Statement | undefined {
  return payloadType === statementType ? parseStatement(payload) : undefined;
}

/**
 * Whether the key's owner has signed the envelope. Only the key counts: what the bundle says beside it of keys, certificates
 * and logs was written by whoever pushed it.
 */
export function isSignedBy({ payloadType, payload, signatures }: Envelope, key: KeyObject): boolean {
  const signed = dsse.preAuthEncoding(payloadType, payload);
  return signatures.length === 1 && signatures.every(({ sig }) => verifies(key, signed, sig));
}
