/** Public keys and what is signed with them, by Sigstore's registry of algorithms (docs.sigstore.dev/cosign, "algorithms"). */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { crypto } from "@sigstore/core";
import { UserError } from "../../errors.ts";

/**
 * Hashes that signatures of a key are made with, the one that we use first; `undefined` where the algorithm brings its own.
 * Older tools hash with SHA-256 whatever the curve.
 */
type Hashes = readonly [string | undefined, ...string[]];

const curves: Readonly<Record<string, Hashes>> = {
  prime256v1: ["sha256"],
  secp384r1: ["sha384", "sha256"],
  secp521r1: ["sha512", "sha256"],
};

const rsaSizes = [2048, 3072, 4096];

export const supportedKeys = "ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or 4096 bits";

/** @returns undefined for a key that Sigstore does not know */
export function hashesOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): Hashes | undefined {
  const { namedCurve = "", modulusLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === "ec") return Object.hasOwn(curves, namedCurve) ? curves[namedCurve] : undefined;
  if (asymmetricKeyType === "ed25519") return [undefined];
  if (asymmetricKeyType === "rsa" && rsaSizes.includes(modulusLength)) return ["sha256"];
  return undefined;
}

/** Whether the owner of the key has signed exactly these bytes. */
export function verifies(key: KeyObject, bytes: Buffer, signature: Buffer): boolean {
  return (hashesOf(key) ?? []).some((hash) => crypto.verify(bytes, key, signature, hash));
}

/** How cosign names a key in a bundle: the SHA-256 of its DER (SubjectPublicKeyInfo) in Base64. */
export function keyHint(key: KeyObject): string {
  const der = key.export({ format: "der", type: "spki" });
  return createHash("sha256").update(der).digest("base64");
}

/** @throws UserError without a property, and without anything of the text */
export function parsePublicKey(pem: string): KeyObject {
  const [block, ...others] = pem.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----/gm);
  const label = block?.[1] ?? "";
  if (others.length > 0) throw wrong("holds more than one key");
  if (label.endsWith("PRIVATE KEY")) throw wrong("is a private key, which belongs nowhere but to its owner");
  if (label === "CERTIFICATE") throw wrong("is a certificate");
  const key = label.endsWith("PUBLIC KEY") ? tryPublicKey(pem) : undefined;
  if (!key) throw wrong("is not a public key in PEM");
  if (!hashesOf(key)) throw wrong(`is of a kind that Sigstore does not know: take ${supportedKeys}`);
  return key;
}

function tryPublicKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function wrong(why: string): UserError {
  return new UserError(
    `The key ${why}. Give one public key in PEM, as \`cosign public-key\` or \`openssl pkey -pubout\` print it.`,
  );
}
