import { createPrivateKey, generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { UserError } from "../../provider/errors.ts";
import { parsePublicKey } from "../../provider/oci/provenance/keys.ts";
import { signerOf } from "../../provider/oci/provenance/signer.ts";
import { ec, kinds, rsa, written } from "./provenanceKeys.ts";

const pair = ec();
const passphrase = "correct horse battery";
const encrypted = createPrivateKey(pair.privatePem).export({
  format: "pem",
  type: "pkcs8",
  cipher: "aes-256-cbc",
  passphrase,
}) as string;

/** As `openssl req -x509` writes one; nobody's. */
const certificate =
  "-----BEGIN CERTIFICATE-----\nMIIBdzCCAR2gAwIBAgIUFRo1wRMOW7pP0lX9Vg==\n-----END CERTIFICATE-----\n";

/** What the user is told. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "nothing is refused";
}

describe("the signing key", () => {
  test("is none where none is configured", () => {
    expect(signerOf({})).toBeUndefined();
  });

  test.each(Object.entries(kinds))("signs with %s", (_kind, make) => {
    const { privatePem, publicPem } = make();
    const signer = signerOf({ signingKey: privatePem })!;
    expect(signer.publicKey.export({ format: "pem", type: "spki" })).toBe(publicPem);
    expect(signer.sign(Buffer.from("a")).length).toBeGreaterThan(32);
  });

  test("opens with its passphrase", () => {
    const signer = signerOf({ signingKey: encrypted, signingKeyPassphrase: passphrase })!;
    expect(verify("sha256", Buffer.from("a"), pair.publicKey, signer.sign(Buffer.from("a")))).toBe(true);
  });

  test("is taken with the line ends of another system and with text around it", () => {
    const signingKey = `# the key of acme\r\n${pair.privatePem.replaceAll("\n", "\r\n")}\r\n`;
    expect(signerOf({ signingKey })?.hint).toBe(signerOf({ signingKey: pair.privatePem })?.hint);
  });

  const secp256k1 = ec("secp256k1").privatePem;
  const ed448 = written(generateKeyPairSync("ed448")).privatePem;
  test.each([
    ["no key at all", "hunter2-hunter2", undefined, "is not a key in PEM"],
    ["a path", "/home/acme/signing.pem", undefined, "is not a key in PEM"],
    ["an empty text", "", undefined, "is not a key in PEM"],
    ["a public key", pair.publicPem, undefined, "is a public key. Give the private key"],
    ["a certificate", certificate, undefined, "is a certificate. Give the private key"],
    [
      "cosign's own form",
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYiOnsibmFtZSI6InNjcnlwdCJ9fQ==\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
      passphrase,
      "is in cosign's own encrypted form",
    ],
    [
      "cosign's older form",
      "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\neyJrZGYiOnsibmFtZSI6InNjcnlwdCJ9fQ==\n-----END ENCRYPTED COSIGN PRIVATE KEY-----",
      passphrase,
      "`cosign import-key-pair`",
    ],
    ["an encrypted key alone", encrypted, undefined, "Set `wasm:signingKeyPassphrase`"],
    ["a wrong passphrase", encrypted, "wrong horse", "does not open with `wasm:signingKeyPassphrase`"],
    ["an empty passphrase", encrypted, "", "does not open with `wasm:signingKeyPassphrase`"],
    [
      "a cut key",
      `${pair.privatePem.slice(0, 90)}\n-----END PRIVATE KEY-----\n`,
      undefined,
      "cannot be read",
    ],
    ["a curve that Sigstore does not know", secp256k1, undefined, "of a kind that Sigstore does not know"],
    ["Ed448", ed448, undefined, "of a kind that Sigstore does not know"],
    ["a short RSA key", rsa(1024).privatePem, undefined, "of a kind that Sigstore does not know"],
  ])("says what is wrong with %s, and nothing of what is in it", (_what, signingKey, given, expected) => {
    const settings = { signingKey, ...(given !== undefined && { signingKeyPassphrase: given }) };
    const message = refusal(() => signerOf(settings));
    expect(message).toMatch(/^`wasm:signingKey` /);
    expect(message).toContain(expected);
    const secrets = [...signingKey.split(/\s+/).filter((part) => part.length > 12), given ?? ""];
    for (const secret of secrets.filter((part) => part !== "")) expect(message).not.toContain(secret);
  });
});

describe("a public key", () => {
  test.each(Object.entries(kinds))("of %s is taken", (_kind, make) => {
    const { publicPem, publicKey } = make();
    expect(parsePublicKey(publicPem).equals(publicKey)).toBe(true);
  });

  test.each([
    ["nothing", "", "is not a public key in PEM"],
    ["a path", "cosign.pub", "is not a public key in PEM"],
    ["a private key", pair.privatePem, "is a private key"],
    ["a certificate", certificate, "is a certificate"],
    ["two keys", pair.publicPem + ec().publicPem, "holds more than one key"],
    ["a broken key", pair.publicPem.replace(/^MF/m, "AA"), "is not a public key in PEM"],
    [
      "a curve that Sigstore does not know",
      ec("secp256k1").publicPem,
      "of a kind that Sigstore does not know",
    ],
    ["a short RSA key", rsa(1024).publicPem, "of a kind that Sigstore does not know"],
  ])("is not %s", (_what, pem, expected) => {
    const message = refusal(() => parsePublicKey(pem));
    expect(message).toContain(expected);
    expect(message).not.toContain(pair.privatePem.split("\n")[1]);
  });
});
