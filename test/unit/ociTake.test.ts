/** A module on its way into the store: the memory of what came is given back as it is stored, and what a power cut takes is pulled again. */
import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { pullLayer } from "../../provider/oci/formats/take.ts";
import { pullModule, recallModule } from "../../provider/oci/pull.ts";
import { MemoryRegistry, wasmArtifact } from "./ociArtifacts.ts";

const folder = await mkdtemp(join(tmpdir(), "wasm-take-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const module = await readFile(join(import.meta.dirname, "../fixtures/guests/echo.wasm"));
const [digest, size] = [digestOf(module), module.length];
const call = { signal: AbortSignal.timeout(30_000) };
const pullingInto = (name: string) => ({
  store: new Store({ folder: join(folder, name) }),
  name: "acme/api",
  maxSize: size,
  call,
});

test("chunks that are a buffer of their own are released, parts of others are not", async () => {
  const half = size >> 1;
  const own = Uint8Array.from(module.subarray(0, half));
  const shared = Uint8Array.from(module);
  const source = {
    manifest: () => Promise.reject(new Error("asked for a manifest")),
    async pullBlob(_: unknown, write: (chunk: Uint8Array) => Promise<unknown>) {
      await write(own);
      await write(shared.subarray(half));
    },
  };
  const pulling = { ...pullingInto("released"), source };
  await pullLayer({ mediaType: "application/wasm", digest, size }, pulling);
  expect(Buffer.compare(await pulling.store.read(digest), module)).toBe(0);
  expect(own.buffer.byteLength).toBe(0);
  expect(Buffer.compare(shared, module)).toBe(0);
});

test("a module whose file has lost its bytes counts as not there, and is pulled again", async () => {
  const artifact = wasmArtifact(module);
  const pulling = { ...pullingInto("cut"), source: new MemoryRegistry(artifact) };
  await pullModule(artifact.digest, pulling);
  expect(await recallModule(artifact.digest, pulling)).toMatchObject({ digest, size });
  await truncate(pulling.store.path(digest));
  expect(await recallModule(artifact.digest, pulling)).toBeUndefined();
  await pullModule(artifact.digest, pulling);
  expect(Buffer.compare(await pulling.store.read(digest), module)).toBe(0);
});
