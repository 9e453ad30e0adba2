/** Artifacts made by hand, in each form that a registry may hold a module in, and a registry in memory to take them from. */
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import tarStream, { type Headers } from "tar-stream";
import { type Digest, digestOf } from "../../provider/artifacts/digest.ts";
import { OciError } from "../../provider/oci/errors.ts";
import type { Manifest, Repository } from "../../provider/oci/repository.ts";

export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  wasm: "application/wasm",
  wasmConfig: "application/vnd.wasm.config.v0+json",
  imageConfig: "application/vnd.oci.image.config.v1+json",
  tar: "application/vnd.oci.image.layer.v1.tar",
  tarGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  tarZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  spinApp: "application/vnd.fermyon.spin.application.v1+config",
  spinWasm: "application/vnd.wasm.content.layer.v1+wasm",
} as const;

export interface Part {
  type: string;
  bytes: Uint8Array;
  /** What the manifest says; default: the truth. */
  size?: number;
}

export interface Artifact {
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array;
  blobs: readonly Uint8Array[];
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function descriptorOf({ type, bytes, size = bytes.length }: Part) {
  return { mediaType: type, digest: digestOf(bytes), size };
}

export function artifact(
  layers: readonly Part[],
  config: { type: string; value: unknown },
  mediaType: string = types.manifest,
): Artifact {
  const configPart = { type: config.type, bytes: json(config.value) };
  const bytes = json({
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(configPart),
    layers: layers.map(descriptorOf),
  });
  return {
    digest: digestOf(bytes),
    mediaType,
    bytes,
    blobs: [configPart.bytes, ...layers.map((layer) => layer.bytes)],
  };
}

/** A document as it is, in the place of a manifest. */
export function document(mediaType: string, value: unknown): Artifact {
  const bytes = json(value);
  return { digest: digestOf(bytes), mediaType, bytes, blobs: [] };
}

/** The Wasm artifact of the CNCF. */
export function wasmArtifact(
  module: Uint8Array,
  component?: { imports: string[]; exports: string[] },
): Artifact {
  const value = {
    architecture: "wasm",
    os: "wasip2",
    layerDigests: [digestOf(module)],
    ...(component && { component }),
  };
  return artifact([{ type: types.wasm, bytes: module }], { type: types.wasmConfig, value });
}

export function imageArtifact(layers: readonly Part[], config: Record<string, unknown> = {}): Artifact {
  return artifact(layers, { type: types.imageConfig, value: { architecture: "wasm", os: "wasi", config } });
}

/** A Spin application as `spin registry push` leaves it. @param app what else is said of it */
export function spinArtifact(
  components: readonly object[],
  modules: readonly Uint8Array[],
  app: object = { spin_lock_version: 1, triggers: [] },
): Artifact {
  const locked = json({ ...app, components });
  const distinct = [...new Map(modules.map((bytes) => [digestOf(bytes), bytes])).values()];
  const layers = distinct.map((bytes) => ({ type: types.spinWasm, bytes }));
  const value = {
    architecture: "wasm",
    os: "wasip1",
    config: { Labels: { "com.fermyon.spin.lockedAppDigest": digestOf(locked) } },
    rootfs: { type: "layers", diff_ids: [] },
  };
  return artifact([...layers, { type: types.spinApp, bytes: locked }], { type: types.imageConfig, value });
}

export type TarFile = Partial<Headers> & { name: string; content?: Uint8Array };

export async function tar(files: readonly TarFile[]): Promise<Buffer> {
  const pack = tarStream.pack();
  const chunks: Uint8Array[] = [];
  pack.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const end = once(pack, "end");
  for (const { content = Buffer.alloc(0), ...header } of files) pack.entry(header, Buffer.from(content));
  pack.finalize();
  await end;
  return Buffer.concat(chunks);
}

export async function layer(files: readonly TarFile[]): Promise<Part> {
  return { type: types.tarGzip, bytes: gzipSync(await tar(files)) };
}

/** What a registry does for a pull, of artifacts in memory; it counts what it is asked for. */
export class MemoryRegistry implements Pick<Repository, "manifest" | "pullBlob"> {
  readonly asked: string[] = [];
  readonly #artifacts: readonly Artifact[];

  constructor(...artifacts: Artifact[]) {
    this.#artifacts = artifacts;
  }

  async manifest(reference: string): Promise<Manifest> {
    this.asked.push(reference);
    const found = this.#artifacts.find(({ digest }) => digest === reference);
    if (!found) throw new OciError("not-found", `no ${reference}`);
    return found;
  }

  async pullBlob(
    { digest, size }: { digest: Digest; size: number },
    write: (chunk: Uint8Array) => Promise<unknown>,
  ): Promise<void> {
    this.asked.push(digest);
    const bytes = this.#artifacts.flatMap(({ blobs }) => blobs).find((blob) => digestOf(blob) === digest);
    if (!bytes) throw new OciError("not-found", `no ${digest}`);
    if (bytes.length !== size)
      throw new OciError("damaged", `${digest} has ${bytes.length} bytes, not ${size}`);
    for (let start = 0; start < bytes.length; start += 64 * 1024)
      await write(bytes.subarray(start, start + 64 * 1024));
  }
}
