import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { describe, expect, test } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { mediaTypes } from "../../provider/oci/descriptor.ts";
import { OciError } from "../../provider/oci/errors.ts";
import { attachProvenance } from "../../provider/oci/provenance/attach.ts";
import { grantsPredicate } from "../../provider/oci/provenance/attestation.ts";
import { signedBundle } from "../../provider/oci/provenance/bundle.ts";
import { signerOf } from "../../provider/oci/provenance/signer.ts";
import { encodeStatement, signaturePredicate } from "../../provider/oci/provenance/statement.ts";
import { verifySignature } from "../../provider/oci/provenance/verify.ts";
import { digestOf, Workshop } from "./composeSetup.ts";
import { ec } from "./provenanceKeys.ts";
import { MemoryRepository } from "./provenanceRegistry.ts";

const call = { signal: new AbortController().signal };
const image = { digest: digestOf(Buffer.from("image")), mediaType: mediaTypes.manifest, size: 100 };
const other = { ...image, digest: digestOf(Buffer.from("another image")) };
const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

const shop = await Workshop.open();
const client = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/client.wasm")));

/** A composition with a guard for HTTP and one for the environment. */
async function sealed() {
  const grant = grantOf("g", {
    http: ["https://api.example.com"],
    environment: ["KEY"],
    ambient: { clocks: false },
  });
  const { artifact } = await shop.composer.compose({
    modules: { client },
    access: { client: { grants: [encodeGrant(grant)] } },
  });
  const inspection = await shop.inspector.inspect(artifact.digest);
  return { artifactDigest: artifact.digest, sealed: inspection.sealed };
}

const provenance = await sealed();
const pair = ec();
const signer = signerOf({ signingKey: pair.privatePem })!;

/** The documents that refer to an image, with the manifests around them. */
async function documents(repository: MemoryRepository, of = image) {
  const listed = await repository.referrers(of.digest, undefined);
  return listed.map(({ digest }) => {
    const manifest = repository.parse(repository.manifests.get(digest)!.bytes);
    const bytes = Buffer.from(repository.blobs.get(manifest.layers[0]!.digest)!);
    return { digest, manifest, document: JSON.parse(bytes.toString()) };
  });
}

const statementIn = (bundle: { dsseEnvelope: { payload: string } }) =>
  JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());

describe("without a key", () => {
  test("the grants are attested as they are in the bytes", async () => {
    const repository = new MemoryRepository();
    const sent = await attachProvenance(repository, image, provenance, call);
    const [only, ...more] = await documents(repository);
    expect(more).toEqual([]);
    expect(sent).toEqual([{ what: "grants attestation", digest: only!.digest, size: expect.any(Number) }]);
    expect(only!.manifest).toMatchObject({
      artifactType: "application/vnd.in-toto+json",
      subject: image,
      annotations: { "in-toto.io/predicate-type": grantsPredicate },
    });
    expect(only!.document).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ digest: { sha256: image.digest.slice(7) } }],
      predicateType: grantsPredicate,
      predicate: {
        artifact: { digest: { sha256: provenance.artifactDigest.slice(7) } },
        sealed: true,
        modules: [
          {
            name: "client",
            digest: { sha256: client.artifact.digest.slice(7) },
            grants: { http: ["https://api.example.com"], environment: ["KEY"], ambient: ["random", "stdio"] },
            guards: [
              { name: "http", serves: ["wasi:http/outgoing-handler@0.2.4"] },
              { name: "environment", serves: ["wasi:cli/environment@0.2.6"] },
            ],
            denied: expect.arrayContaining(["wasi:clocks/monotonic-clock@0.2.6"]),
            linked: [],
          },
        ],
      },
    });
  });

  test("what is sealed in nothing says so", async () => {
    const repository = new MemoryRepository();
    await attachProvenance(repository, image, { ...provenance, sealed: undefined }, call);
    const [only] = await documents(repository);
    expect(only!.document.predicate).toMatchObject({ sealed: false, modules: [] });
  });

  test("the same image has the same attestation everywhere, and it is sent once", async () => {
    const [here, there] = [new MemoryRepository(), new MemoryRepository()];
    const first = await attachProvenance(here, image, provenance, call);
    expect(await attachProvenance(there, image, provenance, call)).toEqual(first);
    expect(await attachProvenance(here, image, provenance, call)).toEqual([]);
    expect(await attachProvenance(here, other, provenance, call)).toHaveLength(1);
  });

  test("an attestation that a registry has but does not list is listed again", async () => {
    const repository = new MemoryRepository();
    const first = await attachProvenance(repository, image, provenance, call);
    // As when the list was not written any more after the manifest.
    repository.referring.length = 0;
    expect(await attachProvenance(repository, image, provenance, call)).toEqual(first);
    expect(await documents(repository)).toHaveLength(1);
  });
});

describe("with a key", () => {
  test("image and grants are signed in cosign's layout, and Sigstore's own verifier accepts both", async () => {
    const repository = new MemoryRepository();
    const sent = await attachProvenance(repository, image, { ...provenance, signer }, call);
    expect(sent.map(({ what }) => what)).toEqual(["signature", "grants attestation"]);
    const found = await documents(repository);
    expect(found.map(({ document }) => statementIn(document).predicateType)).toEqual([
      signaturePredicate,
      grantsPredicate,
    ]);
    const der = pair.publicKey.export({ format: "der", type: "spki" });
    const hint = Buffer.from(digestOf(der).slice(7), "hex").toString("base64");
    const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
    const keys = { [hint]: { rawBytes: der, keyDetails: 0 } };
    const verifier = new Verifier(toTrustMaterial({ ...trust, mediaType: "" } as never, keys as never), {
      tlogThreshold: 0,
      ctlogThreshold: 0,
      timestampThreshold: 0,
    });
    for (const { manifest, document } of found) {
      expect(manifest).toMatchObject({
        artifactType: bundleType,
        config: { mediaType: "application/vnd.oci.empty.v1+json", artifactType: bundleType, size: 2 },
        layers: [{ mediaType: bundleType }],
        subject: image,
        annotations: {
          "dev.sigstore.bundle.content": "dsse-envelope",
          "dev.sigstore.bundle.predicateType": statementIn(document).predicateType,
        },
      });
      expect(document.verificationMaterial.publicKey).toEqual({ hint });
      // Go's verifier passes over a signature whose key has another name than its own for it.
      expect(document.dsseEnvelope.signatures[0].keyid ?? "").toBe("");
      expect(manifest.annotations).not.toHaveProperty("org.opencontainers.image.created");
      expect(verifier.verify(toSignedEntity(bundleFromJSON(document))).key.equals(pair.publicKey)).toBe(true);
    }
    await verifySignature(repository, image.digest, pair.publicPem, call);
  });

  test("what verifies with the key already is not made again", async () => {
    const repository = new MemoryRepository();
    await attachProvenance(repository, image, { ...provenance, signer }, call);
    expect(await attachProvenance(repository, image, { ...provenance, signer }, call)).toEqual([]);
    expect(repository.referring).toHaveLength(2);
  });

  test("a signature that cosign made with the key stays the only one", async () => {
    const repository = new MemoryRepository();
    const statement = encodeStatement(image.digest, signaturePredicate, {});
    // Go's encoder writes spaces, and properties in another order.
    const spaced = Buffer.from(JSON.stringify(JSON.parse(statement.toString()), undefined, 1));
    await repository.refer(image.digest, bundleType, signedBundle(spaced, signer));
    const sent = await attachProvenance(repository, image, { ...provenance, signer }, call);
    expect(sent.map(({ what }) => what)).toEqual(["grants attestation"]);
  });

  test("another key signs as well", async () => {
    const repository = new MemoryRepository();
    const later = ec();
    await attachProvenance(repository, image, { ...provenance, signer }, call);
    const rotated = { ...provenance, signer: signerOf({ signingKey: later.privatePem }) };
    expect(await attachProvenance(repository, image, rotated, call)).toHaveLength(2);
    await verifySignature(repository, image.digest, pair.publicPem, call);
    await verifySignature(repository, image.digest, later.publicPem, call);
  });

  test("a signature of another image does not stand in for this one's", async () => {
    const repository = new MemoryRepository();
    const signature = signedBundle(encodeStatement(other.digest, signaturePredicate, {}), signer);
    await repository.refer(image.digest, bundleType, signature, {
      "dev.sigstore.bundle.predicateType": signaturePredicate,
    });
    expect(await attachProvenance(repository, image, { ...provenance, signer }, call)).toHaveLength(2);
    await verifySignature(repository, image.digest, pair.publicPem, call);
  });

  test("a signature that somebody else claims to have made with the key does not stand in for it", async () => {
    const repository = new MemoryRepository();
    const forger = { ...signerOf({ signingKey: ec().privatePem })!, hint: signer.hint };
    const forged = signedBundle(encodeStatement(image.digest, signaturePredicate, {}), forger);
    await repository.refer(image.digest, bundleType, forged);
    expect(await attachProvenance(repository, image, { ...provenance, signer }, call)).toHaveLength(2);
    await verifySignature(repository, image.digest, pair.publicPem, call);
  });

  test("a stranger's statement that is nested deeply stops nothing", async () => {
    const repository = new MemoryRepository();
    const stranger = signerOf({ signingKey: ec().privatePem })!;
    const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    const statement = encodeStatement(image.digest, signaturePredicate, {}).toString().replace("{}", deep);
    await repository.refer(image.digest, bundleType, signedBundle(Buffer.from(statement), stranger));
    expect(await attachProvenance(repository, image, { ...provenance, signer }, call)).toHaveLength(2);
    await verifySignature(repository, image.digest, pair.publicPem, call);
  });

  test("other grants of the same image are attested beside the first ones", async () => {
    const repository = new MemoryRepository();
    await attachProvenance(repository, image, { ...provenance, signer }, call);
    const changed = { ...provenance, sealed: undefined, signer };
    const sent = await attachProvenance(repository, image, changed, call);
    expect(sent.map(({ what }) => what)).toEqual(["grants attestation"]);
  });

  test("a registry that fails is not taken for one without signatures", async () => {
    const repository = new MemoryRepository();
    await attachProvenance(repository, image, { ...provenance, signer }, call);
    repository.fault = new OciError("unreachable", "registry.example does not answer.");
    await expect(attachProvenance(repository, image, { ...provenance, signer }, call)).rejects.toThrow(
      "does not answer",
    );
    expect(repository.referring).toHaveLength(2);
  });
});
