/** Brings parts of an artifact here: a module into the store, a small document into memory, a layer into a file. */
import { randomUUID } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../artifacts/digest.ts";
import { ArtifactError, formatBytes } from "../../artifacts/errors.ts";
import { classify, headerSize } from "../../artifacts/header.ts";
import type { Store } from "../../artifacts/store.ts";
import type { Call } from "../call.ts";
import type { Descriptor } from "../descriptor.ts";
import type { Repository } from "../repository.ts";
import { shown, unsupported } from "./unsupported.ts";

/** One pull: where from, where to, and within what bounds. */
export interface Pulling {
  /** Asked by digest only, so that all parts are of one artifact. */
  source: Pick<Repository, "manifest" | "pullBlob">;
  store: Store;
  /** How messages call the artifact. */
  name: string;
  /** Bytes of the module, at most. */
  maxSize: number;
  call: Call;
}

/** Bytes that are in the store. */
export interface Taken {
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** A document beyond this is none that a publisher's tool wrote. */
const largestDocument = 4 * 1024 ** 2;

/** A layer that is a module. Nothing is sent where the store has it. */
export async function pullLayer({ digest, size }: Descriptor, pulling: Pulling): Promise<Taken> {
  const { source, store, name, maxSize, call } = pulling;
  requireSize(size, name, maxSize);
  const fill = (write: (chunk: Uint8Array) => Promise<unknown>) => {
    const writeOnce = async (chunk: Uint8Array) => {
      await write(chunk);
      release(chunk);
    };
    return source.pullBlob({ digest, size }, writeOnce, call);
  };
  await store.addStream({ digest, size }, fill, {
    maxSize,
    signal: call.signal,
    verified: true,
    // What a power cut leaves without bytes is pulled again.
    durable: false,
    accept: (start) => void classify(start, name),
  });
  return { digest, size };
}

/** A module that stands in a document. */
export async function takeBytes(bytes: Uint8Array, { store, name, maxSize }: Pulling): Promise<Taken> {
  requireSize(bytes.length, name, maxSize);
  classify(bytes.subarray(0, headerSize), name);
  return store.addBytes(bytes, { maxSize });
}

/** A small part, such as a config, as a whole. @throws OciError `unsupported` where it is not small */
export async function pullDocument(
  { digest, size, mediaType }: Descriptor,
  pulling: Pulling,
): Promise<Uint8Array> {
  const { source, name, call } = pulling;
  if (size > largestDocument) {
    throw unsupported(
      `${name} has ${formatBytes(size)} of ${shown(mediaType)}, where ${formatBytes(largestDocument)} are the most that is read.`,
    );
  }
  const chunks: Uint8Array[] = [];
  await source.pullBlob({ digest, size }, async (chunk) => chunks.push(Uint8Array.from(chunk)), call);
  return Buffer.concat(chunks);
}

/** A part in a file beside the store for as long as `use` takes. */
export async function withPart<T>(
  { digest, size }: Descriptor,
  { source, store, call }: Pulling,
  use: (file: string) => Promise<T>,
): Promise<T> {
  return withFile(store, async (file) => {
    const handle = await open(file, "wx", 0o600);
    try {
      await source.pullBlob({ digest, size }, (chunk) => handle.writeFile(chunk), call);
    } finally {
      await handle.close();
    }
    return use(file);
  });
}

/** The name of a file that does not exist yet; it is removed in the end. */
export async function withFile<T>(store: Store, use: (file: string) => Promise<T>): Promise<T> {
  const folder = join(store.folder, "tmp");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, randomUUID());
  try {
    return await use(file);
  } finally {
    await rm(file, { force: true });
  }
}

/** @throws ArtifactError `too-large`, before anything is sent */
export function requireSize(size: number, name: string, maxSize: number): void {
  if (size <= maxSize) return;
  throw new ArtifactError(
    "too-large",
    `The module of ${name} has ${formatBytes(size)}, more than ${formatBytes(maxSize)}. Build it smaller, or raise maxSize.`,
  );
}

/** Gives the memory of a chunk back at once, where nothing else is in it: until it is collected, tens of megabytes gather. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
