/** A client whose waits are skipped and counted, and blobs to send. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf } from "../../provider/artifacts/digest.ts";
import { type ClientOptions, RegistryClient } from "../../provider/oci/client.ts";
import { OciError } from "../../provider/oci/errors.ts";
import type { Repository } from "../../provider/oci/repository.ts";

export interface Bench {
  client: RegistryClient;
  repository: Repository;
  /** Milliseconds of each wait before a retry. */
  waits: number[];
  /** All that was logged. */
  log: string[];
  call: { signal: AbortSignal; log: Record<"debug" | "warn" | "progress", (message: string) => void> };
  [Symbol.asyncDispose](): Promise<void>;
}

/** A client of one plain-HTTP registry, which knows no files of this machine's user. */
export function clientOf(
  host: string,
  options: ClientOptions & { insecure?: boolean; name?: string; signal?: AbortSignal } = {},
): Bench {
  const { insecure = true, name = "acme/auth", signal = new AbortController().signal, ...others } = options;
  const waits: number[] = [];
  const log: string[] = [];
  const client = new RegistryClient({
    timeoutSeconds: 20,
    environment: { HOME: "/nonexistent" },
    clock: {
      now: () => performance.now(),
      sleep: async (milliseconds) => void waits.push(milliseconds),
      random: () => 1,
    },
    ...others,
  });
  const write = (message: string) => void log.push(message);
  return {
    client,
    repository: client.repository({ registry: host, repository: name }, insecure ? { insecure } : {}),
    waits,
    log,
    call: { signal, log: { debug: write, warn: write, progress: write } },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

export interface TestBlob {
  blob: { digest: Digest; size: number };
  bytes: Uint8Array;
}

/** Bytes that no other seed has, and that differ from place to place. */
export function testBlob(size: number, seed = 1): TestBlob {
  const bytes = Buffer.alloc(size);
  for (let position = 0; position + 4 <= size; position += 4) {
    bytes.writeUInt32LE((position * 2654435761 + seed) >>> 0, position);
  }
  return { blob: { digest: digestOf(bytes), size }, bytes };
}

export async function pull(bench: Bench, { blob }: TestBlob): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await bench.repository.pullBlob(blob, async (chunk) => void chunks.push(chunk), bench.call);
  return Buffer.concat(chunks);
}

export function push(bench: Bench, { blob, bytes }: TestBlob, from: string[] = []) {
  return bench.repository.pushBlob(blob, { bytes }, { from }, bench.call);
}

/** A manifest with these blobs, in a repository that has them. */
export function manifestOf(layers: readonly TestBlob[], more: object = {}) {
  const config = testBlob(2, 0);
  const describe = (mediaType: string, { blob }: TestBlob) => ({ mediaType, ...blob });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const document = {
    schemaVersion: 2,
    mediaType,
    config: describe("application/vnd.oci.empty.v1+json", config),
    layers: layers.map((layer) => describe("application/wasm", layer)),
    ...more,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { config, mediaType, bytes, digest: digestOf(bytes) };
}

/** The OciError that a call ends with. */
export async function failure(call: Promise<unknown>): Promise<OciError> {
  const error = await call.then(
    () => new Error("It succeeded."),
    (reason: unknown) => reason,
  );
  if (error instanceof OciError) return error;
  throw error;
}

/** A file with these bytes, for as long as the returned value lives. */
export async function fileOf(
  bytes: Uint8Array,
): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "oci-client-"));
  const path = join(folder, "blob");
  await writeFile(path, bytes);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
