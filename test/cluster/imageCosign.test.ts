/** Images that are signed once more with cosign, in the layout that readers before its version 3 take (docs/provenance.md). */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestSchema } from "../../provider/artifacts/digest.ts";
import { type Properties, Secret } from "../../provider/values.ts";
import { TestEngine } from "../protocol/harness.ts";
import { guestFile } from "../protocol/samples.ts";
import { ec } from "../unit/provenanceKeys.ts";
import { type Clients, clientsFor, installed } from "./clients.ts";
import { manifestAt } from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

const type = "wasm:index:Image";
const name = "acme/api";
const pair = ec();
let folder: string;
let registry: Registry;
let clients: Clients;
let engine: TestEngine;
let inputs: Properties;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-image-cosign-"));
  registry = await startRegistry();
  clients = await clientsFor(registry);
  engine = await TestEngine.attach({ cacheDirectory: folder, signingKey: new Secret(pair.privatePem) });
  const { result } = await engine.invoke("wasm:index:inspect", { file: guestFile("echo") });
  const artifact = { ...moduleArtifact(digestSchema.parse(result.digest), "component") };
  inputs = { artifact, repository: `${registry.host}/${name}`, insecure: true, deleteOnDestroy: true };
});
afterAll(async () => {
  engine?.close();
  await clients?.[Symbol.asyncDispose]();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!installed.cosign)("a signature in the layout before cosign 3", () => {
  test("is added and verified as the page says, and goes with the image", async () => {
    const state = await engine.create(type, inputs);
    const ref = String(state.outputs.ref);
    const tag = String(state.outputs.digest).replace(":", "-");
    const prefix = join(folder, "acme");
    const env = { COSIGN_PASSWORD: "password" };
    await writeFile(`${prefix}.pem`, pair.privatePem);
    await writeFile(`${prefix}.public.pem`, pair.publicPem);
    const importing = ["import-key-pair", "--key", `${prefix}.pem`, "--output-key-prefix", prefix, "--yes"];
    // A command about no registry takes none of the flags for one.
    await using offline = await clientsFor({ host: registry.host, url: "https:" });
    await offline.cosign(importing, { env });
    const older = "--new-bundle-format=false";
    const verifying = ["verify", "--key", `${prefix}.public.pem`, "--insecure-ignore-tlog", older, ref];
    await expect(clients.cosign(verifying)).rejects.toThrow();

    const untold = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];
    await clients.cosign(["sign", "--key", `${prefix}.key`, older, ...untold, ref], { env });
    expect(JSON.parse(String(await clients.cosign(verifying)))).toHaveLength(1);
    expect((await manifestAt(registry.url, name, `${tag}.sig`)).status).toBe(200);

    await engine.delete(type, state);
    const left = ["", ".sig"].map(
      async (suffix) => (await manifestAt(registry.url, name, tag + suffix)).status,
    );
    expect(await Promise.all(left)).toEqual([404, 404]);
  });
});
