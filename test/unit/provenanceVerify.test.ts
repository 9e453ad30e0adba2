import { sign } from "node:crypto";
import { dsse } from "@sigstore/core";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { UserError } from "../../provider/errors.ts";
import { mediaTypes } from "../../provider/oci/descriptor.ts";
import { OciError } from "../../provider/oci/errors.ts";
import { grantsStatement } from "../../provider/oci/provenance/attestation.ts";
import { signedBundle } from "../../provider/oci/provenance/bundle.ts";
import { signerOf } from "../../provider/oci/provenance/signer.ts";
import { encodeStatement, signaturePredicate } from "../../provider/oci/provenance/statement.ts";
import { verifySignature } from "../../provider/oci/provenance/verify.ts";
import { ec, kinds, type Pair } from "./provenanceKeys.ts";
import { MemoryRepository } from "./provenanceRegistry.ts";

const call = { signal: new AbortController().signal };
const image = digestOf(Buffer.from("image"));
const otherImage = digestOf(Buffer.from("another image"));
const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const pair = ec();
const statement = encodeStatement(image, signaturePredicate, {});

const signerWith = ({ privatePem }: Pair) => signerOf({ signingKey: privatePem })!;
const bundle = (of = statement, by = pair) => signedBundle(of, signerWith(by));

interface BundleJson {
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
  [field: string]: unknown;
}

/** The good bundle with a change. */
function changed(change: (json: BundleJson) => void, of = bundle()): Buffer {
  const json = JSON.parse(of.toString()) as BundleJson;
  change(json);
  return Buffer.from(JSON.stringify(json));
}

const inBase64 = (bytes: Buffer) => bytes.toString("base64");

async function repositoryWith(...bundles: Buffer[]): Promise<MemoryRepository> {
  const repository = new MemoryRepository();
  for (const one of bundles) await repository.refer(image, bundleType, one);
  return repository;
}

/** What the user is told; nothing where the signature is accepted. */
async function refusal(repository: MemoryRepository, key = pair.publicPem): Promise<string | undefined> {
  try {
    await verifySignature(repository, image, key, call);
    return undefined;
  } catch (error) {
    if (error instanceof UserError && !(error instanceof OciError)) return error.message;
    throw error;
  }
}

test.each(Object.entries(kinds))("a signature with %s is accepted", async (_kind, make) => {
  const signing = make();
  const repository = await repositoryWith(bundle(statement, signing));
  expect(await refusal(repository, signing.publicPem)).toBeUndefined();
  expect(await refusal(repository)).toContain("1 that this key did not make");
});

test("a signature with P-384 that an older tool hashed with SHA-256 is accepted", async () => {
  const signing = kinds["P-384"]();
  const older = {
    ...signerWith(signing),
    sign: (bytes: Uint8Array) => sign("sha256", bytes, signing.privatePem),
  };
  expect(
    await refusal(await repositoryWith(signedBundle(statement, older)), signing.publicPem),
  ).toBeUndefined();
});

test("one good signature among others is enough, and nothing is read after it", async () => {
  const repository = await repositoryWith(bundle(statement, ec()), Buffer.from("{}"), bundle(), bundle());
  expect(await refusal(repository)).toBeUndefined();
  expect(repository.reads).toBe(6);
});

test("a signature of several images is one of each", async () => {
  const both = JSON.parse(statement.toString());
  both.subject.unshift({ name: "another", digest: { sha256: otherImage.slice(7) } });
  expect(await refusal(await repositoryWith(bundle(Buffer.from(JSON.stringify(both)))))).toBeUndefined();
});

test("an entry of a transparency log is not asked for, and does not matter", async () => {
  const logged = changed(({ verificationMaterial }) => {
    verificationMaterial.tlogEntries = [
      {
        logIndex: "1",
        logId: { keyId: inBase64(Buffer.from("log")) },
        kindVersion: { kind: "dsse", version: "0.0.1" },
        integratedTime: "1700000000",
        inclusionProof: {
          logIndex: "1",
          rootHash: "",
          treeSize: "2",
          hashes: [],
          checkpoint: { envelope: "rekor" },
        },
        canonicalizedBody: inBase64(Buffer.from("{}")),
      },
    ];
  });
  expect(await refusal(await repositoryWith(logged))).toBeUndefined();
});

describe("says what it found instead", () => {
  test("nothing", async () => {
    const message = await refusal(new MemoryRepository());
    expect(message).toContain(`registry.example/acme/api@${image} is not signed with the key `);
    expect(message).toContain("There is no signature at all.");
    expect(message).toContain("cosign sign --key");
  });

  test("signatures by other keys", async () => {
    const repository = await repositoryWith(bundle(statement, ec()), bundle(statement, ec()));
    expect(await refusal(repository)).toContain("Attached to it: 2 that this key did not make.");
  });

  test("an attestation, which is no signature", async () => {
    const attested = await grantsStatement(image, { artifact: otherImage, modules: undefined });
    const older = Buffer.from(attested.toString().replace("Statement/v1", "Statement/v0.1"));
    const repository = await repositoryWith(bundle(attested), bundle(older));
    expect(await refusal(repository)).toContain("2 of another kind, such as an attestation");
  });
});

const otherStatement = encodeStatement(otherImage, signaturePredicate, {});
const claimsSha512 = JSON.parse(statement.toString());
claimsSha512.subject = [{ digest: { sha512: image.slice(7) } }];

/** A signature of the bytes as they are, which says nothing of what they are. */
function messageSignature(): Buffer {
  return changed((json) => {
    const { dsseEnvelope, ...rest } = json;
    for (const field of Object.keys(json)) delete json[field];
    Object.assign(json, rest, {
      messageSignature: {
        messageDigest: { algorithm: "SHA2_256", digest: inBase64(Buffer.from(image.slice(7), "hex")) },
        signature: dsseEnvelope.signatures[0]!.sig,
      },
    });
  });
}

describe("nothing passes", () => {
  const attacks: [what: string, made: () => Buffer, found: string][] = [
    ["a good signature of another image, attached here", () => bundle(otherStatement), "of another image"],
    [
      "a good signature under a statement that was exchanged",
      () =>
        changed(
          (json) => Object.assign(json.dsseEnvelope, { payload: inBase64(statement) }),
          bundle(otherStatement),
        ),
      "this key did not make",
    ],
    [
      "a payload with one changed byte",
      () =>
        changed((json) =>
          Object.assign(json.dsseEnvelope, {
            payload: inBase64(Buffer.concat([statement, Buffer.from(" ")])),
          }),
        ),
      "this key did not make",
    ],
    [
      "another payload type",
      () => changed((json) => Object.assign(json.dsseEnvelope, { payloadType: "application/json" })),
      "cannot be read",
    ],
    [
      "another payload type, signed as such",
      () =>
        changed((json) => {
          json.dsseEnvelope.payloadType = "text/plain";
          const signed = dsse.preAuthEncoding("text/plain", statement);
          json.dsseEnvelope.signatures[0]!.sig = inBase64(signerWith(pair).sign(signed));
        }),
      "cannot be read",
    ],
    [
      "a signature of the payload without its type",
      () =>
        changed((json) => {
          json.dsseEnvelope.signatures[0]!.sig = inBase64(signerWith(pair).sign(statement));
        }),
      "this key did not make",
    ],
    [
      "an empty signature",
      () => changed((json) => Object.assign(json.dsseEnvelope.signatures[0]!, { sig: "" })),
      "cannot be read",
    ],
    [
      "no signature",
      () => changed((json) => Object.assign(json.dsseEnvelope, { signatures: [] })),
      "cannot be read",
    ],
    [
      "a good signature behind a bad one",
      () =>
        changed((json) => {
          json.dsseEnvelope.signatures.unshift({ sig: inBase64(Buffer.from("bad")), keyid: "" });
        }),
      "cannot be read",
    ],
    [
      "a signature of zeros",
      () =>
        changed((json) => {
          json.dsseEnvelope.signatures[0]!.sig = inBase64(Buffer.from("3006020100020100", "hex"));
        }),
      "this key did not make",
    ],
    [
      "somebody's key with our hint",
      () => signedBundle(statement, { ...signerWith(ec()), hint: signerWith(pair).hint }),
      "this key did not make",
    ],
    [
      "somebody's certificate in place of the key",
      () =>
        changed(
          (json) => {
            json.verificationMaterial = {
              certificate: { rawBytes: inBase64(Buffer.from("certificate")) },
              tlogEntries: [],
            };
          },
          bundle(statement, ec()),
        ),
      "this key did not make",
    ],
    [
      "a statement without the image's SHA-256",
      () => bundle(Buffer.from(JSON.stringify(claimsSha512))),
      "of another image",
    ],
    ["a signed text that is no statement", () => bundle(Buffer.from("not JSON")), "cannot be read"],
    ["a signature of the manifest as bytes", messageSignature, "cannot be read"],
    ["no JSON", () => Buffer.from("\u0000\u0001"), "cannot be read"],
    [
      "JSON of another form",
      () => Buffer.from('{"dsseEnvelope":[1,{"payload":7}],"mediaType":{}}'),
      "cannot be read",
    ],
    ["null", () => Buffer.from("null"), "cannot be read"],
    ["deep nesting", () => Buffer.from("[".repeat(100_000)), "cannot be read"],
    [
      "a bundle of 5 MiB",
      () => changed((json) => Object.assign(json, { more: " ".repeat(5 << 20) })),
      "cannot be read",
    ],
  ];
  test.each(attacks)("with %s", async (_what, made, found) => {
    expect(await refusal(await repositoryWith(made()))).toContain(found);
  });

  test("where another image's bundle is listed for this one", async () => {
    const repository = new MemoryRepository();
    await repository.refer(otherImage, bundleType, bundle(otherStatement));
    const listed = await repository.referrers(otherImage, bundleType);
    repository.lie = () => listed;
    expect(await refusal(repository)).toContain("1 by this key of another image");
  });

  test("where the list lies about what is behind it", async () => {
    const repository = new MemoryRepository();
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
    const bytes = Buffer.from(JSON.stringify(index));
    repository.manifests.set(digestOf(bytes), { mediaType: mediaTypes.index, bytes });
    const gone = digestOf(Buffer.from("gone"));
    repository.lie = () =>
      [digestOf(bytes), gone].map((digest) => ({
        mediaType: mediaTypes.manifest,
        artifactType: bundleType,
        digest,
        size: 1,
      }));
    expect(await refusal(repository)).toContain("2 that cannot be read");
  });

  test("where a bundle has been exchanged in the registry", async () => {
    const repository = await repositoryWith(bundle(statement, ec()));
    const [layer] = [...repository.blobs.keys()].slice(-1);
    repository.blobs.set(layer!, bundle());
    expect(await refusal(repository)).toContain("1 that cannot be read");
  });

  test("where a referrer has several layers", async () => {
    const repository = new MemoryRepository();
    await repository.put({
      schemaVersion: 2,
      artifactType: bundleType,
      config: repository.keep(mediaTypes.emptyConfig, Buffer.from("{}")),
      layers: [repository.keep(bundleType, bundle()), repository.keep(bundleType, bundle(statement, ec()))],
      subject: { mediaType: mediaTypes.manifest, digest: image, size: 100 },
    });
    expect(await refusal(repository)).toContain("1 that cannot be read");
  });

  test("and a registry that fails while it is asked is no proof of anything", async () => {
    const repository = await repositoryWith(bundle());
    repository.fault = new OciError("unreachable", "registry.example does not answer.");
    await expect(verifySignature(repository, image, pair.publicPem, call)).rejects.toThrow("does not answer");
  });
});

describe("of 10,000 referrers", () => {
  const noise = Array.from({ length: 10_000 }, (_, index) => digestOf(Buffer.from(`noise ${index}`)));
  const many = noise.map((digest) => ({
    mediaType: mediaTypes.manifest,
    artifactType: bundleType,
    digest,
    size: 1,
  }));

  test("few are read", async () => {
    const repository = new MemoryRepository();
    repository.lie = () => many;
    expect(await refusal(repository)).toContain(
      "64 that cannot be read as a signature, 9936 more that were not read",
    );
    expect(repository.reads).toBeLessThan(70);
  });

  test("those that say to be signatures are read first", async () => {
    const repository = new MemoryRepository();
    await repository.refer(image, bundleType, bundle(), {
      "dev.sigstore.bundle.predicateType": signaturePredicate,
    });
    repository.lie = (listed) => [...many, ...listed];
    expect(await refusal(repository)).toBeUndefined();
  });
});

test("a signature that an older client listed by the type of its configuration is found", async () => {
  const repository = await repositoryWith(bundle());
  repository.lie = (listed) => listed.map((one) => ({ ...one, artifactType: mediaTypes.emptyConfig }));
  expect(await refusal(repository)).toBeUndefined();
});

describe("the layout of cosign before version 3", () => {
  const layerType = "application/vnd.dev.cosign.simplesigning.v1+json";
  const payloadOf = (digest: string, type = "cosign container image signature") =>
    Buffer.from(
      JSON.stringify({
        critical: {
          identity: { "docker-reference": "registry.example/acme/api" },
          image: { "docker-manifest-digest": digest },
          type,
        },
        optional: null,
      }),
    );

  interface Layer {
    payload: Buffer;
    by?: Pair;
    signature?: string;
    mediaType?: string;
  }

  async function signedSimply(...layers: Layer[]): Promise<MemoryRepository> {
    const repository = new MemoryRepository();
    await repository.put(
      {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: repository.keep("application/vnd.oci.image.config.v1+json", Buffer.from("{}")),
        layers: layers.map(({ payload, by = pair, signature, mediaType = layerType }) =>
          repository.keep(mediaType, payload, {
            "dev.cosignproject.cosign/signature": signature ?? inBase64(signerWith(by).sign(payload)),
          }),
        ),
      },
      `${image.replace(":", "-")}.sig`,
    );
    return repository;
  }

  test("is read", async () => {
    const repository = await signedSimply(
      { payload: payloadOf(image), by: ec() },
      { payload: payloadOf(image) },
    );
    expect(await refusal(repository)).toBeUndefined();
  });

  test("is read within bounds", async () => {
    const layers = Array.from({ length: 100 }, () => ({ payload: payloadOf(otherImage) }));
    const repository = await signedSimply(...layers);
    expect(await refusal(repository)).toContain(
      "64 by this key of another image, 36 more that were not read",
    );
  });

  test.each<[string, Layer, string]>([
    ["another image's signature", { payload: payloadOf(otherImage) }, "of another image"],
    ["another key's signature", { payload: payloadOf(image), by: ec() }, "this key did not make"],
    ["another kind of text", { payload: payloadOf(image, "approval") }, "cannot be read"],
    ["no signature", { payload: payloadOf(image), signature: "" }, "cannot be read"],
    ["garbage for a signature", { payload: payloadOf(image), signature: "%%%" }, "this key did not make"],
    ["no JSON", { payload: Buffer.from("signed") }, "cannot be read"],
    [
      "a layer of another type",
      { payload: payloadOf(image), mediaType: "text/plain" },
      "no signature at all",
    ],
  ])("lets %s not pass", async (_what, layer, found) => {
    expect(await refusal(await signedSimply(layer))).toContain(found);
  });
});
