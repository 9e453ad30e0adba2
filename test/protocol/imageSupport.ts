/** What the tests of Images share: an engine whose store has the modules, and for each test a registry and an Image's inputs. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import type { Properties } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { guestDigest, guestFile } from "./samples.ts";

export const type = "wasm:index:Image";

export let engine: TestEngine;
/** The engine's cache. */
export let folder: string;
export let registry: MemoryRegistry;
export let inputs: Properties;

/** Call it once in a test file: the bindings above have their values in its tests. */
export function provideImages(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wasm-image-"));
    engine = await TestEngine.attach({ cacheDirectory: folder });
    // An Image names its module by digest: the bytes are in the store once somebody has shown them.
    for (const name of ["client", "echo"])
      await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
  });
  afterAll(async () => {
    engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    registry = await MemoryRegistry.start();
    const repository = `${registry.host}/acme/api`;
    inputs = {
      artifact: artifactOf("client"),
      repository,
      insecure: true,
      format: "wasm",
      deleteOnDestroy: false,
    };
  });
}

export const artifactOf = (name: "client" | "echo") => ({
  ...moduleArtifact(guestDigest(name), "component"),
});

/** A private key in PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}
