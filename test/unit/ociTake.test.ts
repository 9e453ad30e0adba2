/** A layer on its way into the store: the memory of what came is given back as it is stored, and no other memory is. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { pullLayer } from "../../provider/oci/formats/take.ts";

test("chunks that are a buffer of their own are released, parts of others are not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wasm-take-"));
  try {
    const module = await readFile(join(import.meta.dirname, "../fixtures/guests/echo.wasm"));
    const [digest, size] = [digestOf(module), module.length];
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
    const store = new Store({ folder });
    const pulling = {
      source,
      store,
      name: "acme/api",
      maxSize: size,
      call: { signal: AbortSignal.timeout(30_000) },
    };
    await pullLayer({ mediaType: "application/wasm", digest, size }, pulling);
    expect(Buffer.compare(await store.read(digest), module)).toBe(0);
    expect(own.buffer.byteLength).toBe(0);
    expect(Buffer.compare(shared, module)).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
