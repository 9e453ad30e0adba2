/** A maximum of grants by reference: which Modules it counts for, and that nothing is gained by what is not known. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import { Asset, type Properties, type Value } from "../../provider/values.ts";
import { type FaultyRegistry, faultyRegistry } from "../cluster/faultyRegistry.ts";
import { wasmArtifact } from "../unit/ociArtifacts.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { pushArtifact } from "./pushedArtifact.ts";
import { guestDigest, guestFile } from "./samples.ts";

const client = wasmArtifact(await readFile(guestFile("client")));
const web = encodeGrant(grantOf("web", { http: ["https://api.example.com"] }));
const more = { http: ["https://api.example.com"] };
const above =
  /^http https:\/\/api\.example\.com \(module main, grant web\) is above the maximum: wasm:maximumGrants allows nothing of http\./;

let engine: TestEngine;
let folder: string;
let registry: FaultyRegistry;
let cacheDirectory: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-maximum-reference-"));
  engine = await TestEngine.attach();
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  const memory = await MemoryRegistry.start();
  registry = await faultyRegistry({ url: `http://${memory.host}` });
  await newMachine();
  return () => registry.stop();
});

async function newMachine(): Promise<void> {
  cacheDirectory = await mkdtemp(join(folder, "cache-"));
}

/** A new run of the engine, with maxima of particular modules. */
async function run(modules: Record<string, unknown>, more: Properties = {}): Promise<void> {
  const maximumGrants = JSON.stringify({ modules });
  const registries = { [registry.host]: { insecure: true } };
  await engine.configure({ cacheDirectory, maximumGrants, registries, ...more });
}

const push = async (repository: string) => {
  const { pinned } = await pushArtifact(registry.host, client, { repository });
  return { pinned, repository: `${registry.host}/${repository}` };
};

/** What an Admission of a Module says, which may reach one server. */
async function judged(module: Properties): Promise<string[]> {
  const { outputs } = await engine.create("wasm:index:Module", module);
  return judgedArtifact(outputs.artifact as Value);
}

async function judgedArtifact(artifact: Value): Promise<string[]> {
  const target = encodeTarget({ kind: "local" });
  const checked = await engine.check("wasm:index:Admission", { artifact, target, grants: [web] });
  return checked.failures.map(({ reason }) => reason);
}

describe("by repository", () => {
  it("counts for what came from there, and for nothing else", async () => {
    const trusted = await push("acme/client");
    const other = await push("acme/other");
    await run({ [trusted.repository]: more });
    expect(await judged({ reference: other.pinned })).toEqual([expect.stringMatching(above)]);
    expect(await judged({ reference: trusted.pinned })).toEqual([]);
    await newMachine();
    await run({ [`${trusted.repository}/more`]: more });
    expect(await judged({ reference: trusted.pinned })).toEqual([expect.stringMatching(above)]);
  });

  it("asks the registry once, where the artifact was pulled from another repository before", async () => {
    const staging = await push("staging/client");
    const production = await push("production/client");
    await run({});
    await engine.create("wasm:index:Module", { reference: staging.pinned });
    await run({ [production.repository]: more });
    expect(await judged({ reference: production.pinned })).toEqual([]);
    const asked = registry.requests.length;
    await run({ [production.repository]: more });
    expect(await judged({ reference: production.pinned })).toEqual([]);
    expect(registry.requests).toHaveLength(asked);
  });

  it("does not count where its registry does not have the artifact, or does not answer", async () => {
    const { pinned } = await push("staging/client");
    const [, digest] = pinned.split("@");
    const repository = `${registry.host}/production/client`;
    await run({ [repository]: more });
    await engine.create("wasm:index:Module", { reference: pinned });
    expect(await judged({ reference: `${repository}@${digest}` })).toEqual([expect.stringMatching(above)]);
    await registry.stop();
    await run({ [repository]: more }, { registryTimeout: 1 });
    expect(await judged({ reference: `${repository}@${digest}` })).toEqual([expect.stringMatching(above)]);
  });

  it("holds without the registry once it is known, and is not known on a machine that knows nothing", async () => {
    const { pinned, repository } = await push("acme/client");
    await run({ [repository]: more });
    expect(await judged({ reference: pinned })).toEqual([]);
    await registry.stop();
    await run({ [repository]: more });
    expect(await judged({ reference: pinned })).toEqual([]);
    await newMachine();
    await run({ [repository]: more });
    const file = new Asset({ path: guestFile("client") }, guestDigest("client").slice("sha256:".length));
    expect(await judged({ file })).toEqual([expect.stringMatching(above)]);
  });
});

describe("by digest of the artifact", () => {
  it("counts wherever the artifact came from, also before the setting was there", async () => {
    const { pinned } = await push("staging/client");
    const key = `registry.example/acme/client@${client.digest}`;
    await run({});
    await engine.create("wasm:index:Module", { reference: pinned });
    await registry.stop();
    await run({ [key]: more });
    expect(await judged({ reference: pinned })).toEqual([]);
  });

  it("does not count for another artifact", async () => {
    const { pinned, repository } = await push("acme/client");
    await run({ [`${repository}@${guestDigest("client")}`]: more });
    expect(await judged({ reference: pinned })).toEqual([expect.stringMatching(above)]);
  });
});
