/** Keys for tests of signatures. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";

export interface Pair {
  privatePem: string;
  publicPem: string;
  publicKey: KeyObject;
}

export const kinds = {
  "P-256": () => ec("prime256v1"),
  "P-384": () => ec("secp384r1"),
  "P-521": () => ec("secp521r1"),
  Ed25519: () => written(generateKeyPairSync("ed25519")),
  "RSA 2048": () => rsa(2048),
  "RSA 3072": () => rsa(3072),
} satisfies Record<string, () => Pair>;

export function ec(namedCurve = "prime256v1"): Pair {
  return written(generateKeyPairSync("ec", { namedCurve }));
}

export function rsa(modulusLength: number): Pair {
  return written(generateKeyPairSync("rsa", { modulusLength }));
}

export function written({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Pair {
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    publicPem: publicKey.export({ format: "pem", type: "spki" }) as string,
    publicKey,
  };
}
