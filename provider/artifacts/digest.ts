import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import * as z from "zod";
import { ArtifactError, throwIfCancelled } from "./errors.ts";

/** Names bytes by their SHA-256, in the form of OCI: `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[0-9a-f]{64}$/;

export const digestSchema = z
  .string()
  .regex(pattern, "not a digest: expected sha256: and 64 lower-case hexadecimal digits")
  .transform((text) => text as Digest);

/** The 64 hexadecimal digits; safe as a file's name because a digest of any other form is refused. */
export function hexOf(digest: Digest): string {
  if (!pattern.test(digest)) throw new ArtifactError("not-found", `"${digest}" is not a sha256 digest.`);
  return digest.slice("sha256:".length);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const chunkSize = 128 * 1024;

/**
 * Reads a file from its start, hashes it and hands each chunk to `write`, with one buffer whatever the size.
 * Stops with ArtifactError `too-large` as soon as more than `maxSize` bytes came.
 */
export async function hashFile(
  file: FileHandle,
  options: { maxSize?: number; tooLarge?: () => ArtifactError; signal?: AbortSignal | undefined } = {},
  write?: (chunk: Uint8Array) => Promise<unknown>,
): Promise<{ digest: Digest; size: number }> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(chunkSize);
  let size = 0;
  for (;;) {
    throwIfCancelled(options.signal);
    const { bytesRead } = await file.read(buffer, 0, chunkSize, size);
    if (bytesRead === 0) return { digest: `sha256:${hash.digest("hex")}`, size };
    size += bytesRead;
    if (options.maxSize !== undefined && size > options.maxSize) {
      throw options.tooLarge?.() ?? new ArtifactError("too-large", `Larger than ${options.maxSize} bytes.`);
    }
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await write?.(chunk);
  }
}
