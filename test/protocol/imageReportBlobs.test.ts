/** The report goes along with what it is about: where a registry is far away, each request that waits for another one is felt. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { guestDigest, guestFile } from "./samples.ts";

const folder = await mkdtemp(join(tmpdir(), "wasm-report-blobs-"));
const engine = await TestEngine.attach({ cacheDirectory: folder });
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

it("the blobs of the report are sent with those of the image, and no blob after a manifest", async () => {
  const registry = await MemoryRegistry.start();
  await engine.invoke("wasm:index:inspect", { file: guestFile("echo") });
  const artifact = { ...moduleArtifact(guestDigest("echo"), "component") };
  const inputs = { artifact, repository: `${registry.host}/acme/api`, insecure: true, format: "wasm" };
  const { outputs } = await engine.create("wasm:index:Image", { ...inputs, deleteOnDestroy: false });
  expect(outputs.attested).toBe(true);
  const written = registry.requests.filter((line) => line.startsWith("PUT"));
  const firstManifest = written.findIndex((line) => line.includes("/manifests/"));
  // Configuration and module, and those two of the report.
  expect(written.slice(0, firstManifest)).toHaveLength(4);
  expect(written.slice(firstManifest).filter((line) => line.includes("/blobs/"))).toEqual([]);
});
