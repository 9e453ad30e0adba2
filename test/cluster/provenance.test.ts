/** What is attached to images, in a real registry, with the real cosign on the other side. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../provider/artifacts/digest.ts";
import { RegistryClient } from "../../provider/oci/client.ts";
import { mediaTypes } from "../../provider/oci/descriptor.ts";
import { attachProvenance } from "../../provider/oci/provenance/attach.ts";
import { grantsPredicate } from "../../provider/oci/provenance/attestation.ts";
import { signerOf } from "../../provider/oci/provenance/signer.ts";
import { verifySignature } from "../../provider/oci/provenance/verify.ts";
import type { Repository } from "../../provider/oci/repository.ts";
import { ec, kinds, type Pair } from "../unit/provenanceKeys.ts";
import { authorityPath } from "./certificates.ts";
import { type Clients, clientsFor, installed } from "./clients.ts";
import { type Registry, startRegistry } from "./registry.ts";

const call = { signal: new AbortController().signal };
let folder: string;
let registry: Registry;
let clients: Clients;
let client: RegistryClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-provenance-"));
  registry = await startRegistry({ authentication: "token", tls: true });
  clients = await clientsFor(registry);
  const certificateAuthority = await readFile(authorityPath, "utf8");
  client = new RegistryClient({
    registries: { [registry.host]: { ...registry.credentials, certificateAuthority } },
  });
});
afterAll(async () => {
  await client?.close();
  await clients?.[Symbol.asyncDispose]();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

let images = 0;

/** A new image in a repository of its own. */
async function push() {
  images += 1;
  const repository = client.repository({ registry: registry.host, repository: `acme/image-${images}` });
  const keep = async (mediaType: string, text: string) => {
    const bytes = Buffer.from(text);
    const blob = { digest: digestOf(bytes), size: bytes.length };
    await repository.pushBlob(blob, { bytes }, {}, call);
    return { mediaType, ...blob };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await keep("application/vnd.wasm.config.v0+json", "{}"),
    layers: [await keep("application/wasm", `image ${images}`)],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = await repository.putManifest("latest", { mediaType: mediaTypes.manifest, bytes }, call);
  return { repository, image: { digest, mediaType: mediaTypes.manifest, size: bytes.length } };
}

function attach(repository: Repository, image: Awaited<ReturnType<typeof push>>["image"], by?: Pair) {
  const signer = by && signerOf({ signingKey: by.privatePem });
  return attachProvenance(
    repository,
    image,
    { artifactDigest: image.digest, sealed: undefined, signer },
    call,
  );
}

/** As cosign is given it: the image by digest. */
const named = ({ registry, repository }: Repository, digest: Digest) => `${registry}/${repository}@${digest}`;

async function publicKeyFile({ publicPem }: Pair): Promise<string> {
  const path = join(folder, `${digestOf(Buffer.from(publicPem)).slice(7, 15)}.pub`);
  await writeFile(path, publicPem);
  return path;
}

test("what is attached is found again, and sent once", async () => {
  const { repository, image } = await push();
  const pair = ec();
  const unsigned = await attach(repository, image);
  const signed = await attach(repository, image, pair);
  const listed = await repository.referrers(image.digest, undefined, call);
  expect(listed.map(({ digest }) => digest).sort()).toEqual(
    [...unsigned, ...signed].map(({ digest }) => digest).sort(),
  );
  expect([...(await attach(repository, image)), ...(await attach(repository, image, pair))]).toEqual([]);
  await verifySignature(repository, image.digest, pair.publicPem, call);
  await expect(verifySignature(repository, image.digest, ec().publicPem, call)).rejects.toThrow(
    "1 that this key did not make",
  );
});

test("an image that nobody signed is refused", async () => {
  const { repository, image } = await push();
  await expect(verifySignature(repository, image.digest, ec().publicPem, call)).rejects.toThrow(
    "There is no signature at all",
  );
});

describe.skipIf(!installed.cosign)("cosign", () => {
  // Its default is SHA-256 for every curve, when it verifies.
  const hashes: Record<string, string> = { "P-384": "sha384", "P-521": "sha512" };
  const verifying = async (pair: Pair, kind = "P-256") => [
    ...["--key", await publicKeyFile(pair), "--insecure-ignore-tlog"],
    ...(hashes[kind] ? ["--signature-digest-algorithm", hashes[kind]] : []),
  ];

  test.each(Object.entries(kinds))("accepts signature and attestation by %s", async (kind, make) => {
    const { repository, image } = await push();
    const pair = make();
    await attach(repository, image, pair);
    const reference = named(repository, image.digest);
    const flags = await verifying(pair, kind);
    const signatures = JSON.parse(String(await clients.cosign(["verify", ...flags, reference])));
    expect(signatures).toContainEqual(
      expect.objectContaining({
        critical: expect.objectContaining({ image: { "docker-manifest-digest": image.digest } }),
      }),
    );
    const attested = await clients.cosign([
      ...["verify-attestation", "--type", grantsPredicate],
      ...[...flags, reference],
    ]);
    const { payload } = JSON.parse(String(attested)) as { payload: string };
    expect(JSON.parse(Buffer.from(payload, "base64").toString())).toMatchObject({
      predicateType: grantsPredicate,
      predicate: { artifact: { digest: { sha256: image.digest.slice(7) } }, sealed: false },
    });
  });

  test("accepts neither from another key", async () => {
    const { repository, image } = await push();
    await attach(repository, image, ec());
    const flags = await verifying(ec());
    const reference = named(repository, image.digest);
    await expect(clients.cosign(["verify", ...flags, reference])).rejects.toThrow("no matching attestations");
    const attestation = ["verify-attestation", "--type", grantsPredicate, ...flags, reference];
    await expect(clients.cosign(attestation)).rejects.toThrow("no matching attestations");
  });

  /** Signs as its users do; without a transparency log, which no test reaches. */
  async function sign(repository: Repository, digest: Digest, pair: Pair, ...flags: string[]) {
    const env = { COSIGN_PASSWORD: "password" };
    const prefix = join(folder, digest.slice(7, 15));
    await writeFile(`${prefix}.pem`, pair.privatePem);
    await clients.cosign(
      ["import-key-pair", "--key", `${prefix}.pem`, "--output-key-prefix", prefix, "--yes"],
      {
        env,
      },
    );
    const untold = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];
    await clients.cosign(["sign", "--key", `${prefix}.key`, ...untold, ...flags, named(repository, digest)], {
      env,
    });
  }

  const layouts = { "its layout": [], "its layout before version 3": ["--new-bundle-format=false"] };
  const signing = Object.entries(kinds).filter(([kind]) => kind !== "Ed25519");
  describe.each(Object.entries(layouts))("signs in %s", (_layout, flags) => {
    test.each(signing)("with %s, and is accepted", async (_kind, make) => {
      const { repository, image } = await push();
      const pair = make();
      await sign(repository, image.digest, pair, ...flags);
      await verifySignature(repository, image.digest, pair.publicPem, call);
      await expect(verifySignature(repository, image.digest, ec().publicPem, call)).rejects.toThrow(
        "1 that this key did not make",
      );
    });
  });

  test("and its own attestation alone is no signature", async () => {
    const { repository, image } = await push();
    const pair = ec();
    await sign(repository, image.digest, pair);
    const [signature] = await repository.referrers(image.digest, undefined, call);
    await repository.deleteManifest(signature!.digest, call);
    const predicate = join(folder, "predicate.json");
    await writeFile(predicate, '{"passed":false}');
    const prefix = join(folder, image.digest.slice(7, 15));
    const untold = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];
    await clients.cosign(
      [
        ...[
          "attest",
          "--key",
          `${prefix}.key`,
          "--predicate",
          predicate,
          "--type",
          "https://acme.example/scan/v1",
        ],
        ...[...untold, named(repository, image.digest)],
      ],
      { env: { COSIGN_PASSWORD: "password" } },
    );
    await expect(verifySignature(repository, image.digest, pair.publicPem, call)).rejects.toThrow(
      "1 of another kind, such as an attestation",
    );
  });

  test("has signed already: the signature stays the only one", async () => {
    const { repository, image } = await push();
    const pair = ec();
    await sign(repository, image.digest, pair);
    const sent = await attach(repository, image, pair);
    expect(sent.map(({ what }) => what)).toEqual(["grants attestation"]);
  });
});
