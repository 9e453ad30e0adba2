/** Images from a cache whose files have rotted: nothing of them comes into a registry, and the next run has the bytes again. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { guestDigest, guestFile } from "./samples.ts";

const folder = await mkdtemp(join(tmpdir(), "wasm-image-cache-"));
const engine = await TestEngine.attach({ cacheDirectory: folder });
const digest = guestDigest("echo");
const cached = new Store({ folder }).path(digest);
const show = () => engine.invoke("wasm:index:inspect", { file: guestFile("echo") });
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

let registry: MemoryRegistry;
let push: () => Promise<unknown>;
beforeEach(async () => {
  registry = await MemoryRegistry.start();
  const artifact = { ...moduleArtifact(digest, "component") };
  const inputs = { artifact, repository: `${registry.host}/acme/api`, insecure: true };
  push = () => engine.create("wasm:index:Image", { ...inputs, format: "wasm", deleteOnDestroy: false });
  await show();
});

describe("a cached module", () => {
  it.each([
    ["of as many other bytes", (bytes: Buffer) => bytes.fill(0, 100, 200)],
    ["that has lost its end", (bytes: Buffer) => bytes.subarray(0, 1000)],
  ])("%s is removed, and no image has it", async (_, rot) => {
    await writeFile(cached, rot(await readFile(cached)));
    await expect(push()).rejects.toThrow(`The cache held other bytes than ${digest} says. They were removed`);
    expect([...registry.manifests.keys(), ...registry.blobs.keys()]).not.toContain(`acme/api@${digest}`);
    expect(registry.manifests.size).toBe(0);
    await show();
    await push();
    expect(registry.blobs.get(`acme/api@${digest}`)).toEqual(await readFile(cached));
  });
});
