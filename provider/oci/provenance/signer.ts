/** The key that signs what is pushed, from the provider's configuration. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { UserError } from "../../errors.ts";
import type { Settings } from "../../settings.ts";
import { hashesOf, keyHint, supportedKeys } from "./keys.ts";

export interface Signer {
  readonly publicKey: KeyObject;
  /** How cosign names the key in a bundle. */
  readonly hint: string;
  sign(bytes: Uint8Array): Buffer;
}

/**
 * @returns undefined where no key is configured
 * @throws UserError that names the setting, and never what is in it
 */
export function signerOf({
  signingKey,
  signingKeyPassphrase,
}: Pick<Settings, "signingKey" | "signingKeyPassphrase">): Signer | undefined {
  if (signingKey === undefined) return undefined;
  refuseOtherForms(signingKey);
  const key = openKey(signingKey, signingKeyPassphrase);
  const hashes = hashesOf(key);
  if (!hashes) throw wrong(`is a private key of a kind that Sigstore does not know. Take ${supportedKeys}`);
  const publicKey = createPublicKey(key);
  return { publicKey, hint: keyHint(publicKey), sign: (bytes) => sign(hashes[0], bytes, key) };
}

const howToMake =
  "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256` makes one with a passphrase, and " +
  "`cosign import-key-pair` gives cosign the same key";

function refuseOtherForms(pem: string): void {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----/m.exec(pem)?.[1];
  if (label === undefined) throw wrong(`is not a key in PEM. ${howToMake}`);
  if (/^ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY$/.test(label)) {
    throw wrong(
      `is in cosign's own encrypted form, which only cosign opens. Give a key in PKCS#8: ${howToMake}`,
    );
  }
  if (label === "CERTIFICATE") throw wrong("is a certificate. Give the private key that belongs to it");
  if (label.endsWith("PUBLIC KEY")) throw wrong("is a public key. Give the private key that belongs to it");
}

function openKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(passphrase !== undefined && { passphrase }) });
  } catch {
    // What went wrong is told by the label: OpenSSL's own words say less, and could come to say more than they should.
    if (!/ENCRYPTED/.test(pem)) throw wrong(`cannot be read as a private key in PEM (PKCS#8). ${howToMake}`);
    if (passphrase === undefined) throw wrong("is encrypted. Set `wasm:signingKeyPassphrase` as well");
    throw wrong("does not open with `wasm:signingKeyPassphrase`, or is damaged");
  }
}

function wrong(why: string): UserError {
  return new UserError(`\`wasm:signingKey\` ${why}.`);
}
