import { UserError } from "../errors.ts";

/** What went wrong with a module or with the cache; stable, for programs. Each message says what to do. */
export type ArtifactErrorCode =
  /** The file, or the bytes that a digest names, do not exist here. */
  | "not-found"
  /** The file exists and cannot be read. */
  | "unreadable"
  /** Larger than the limit. */
  | "too-large"
  /** Not WebAssembly, or a form of it that cannot be deployed. */
  | "not-deployable"
  /** WebAssembly by its header, but broken, or beyond what this version reads. */
  | "invalid"
  /** Reading it took longer than the limit. */
  | "time-limit"
  /** The caller's AbortSignal. */
  | "cancelled"
  /** The cache folder is full, read-only, or otherwise not usable. */
  | "cache"
  /** The cache held other bytes than their digest says; they were removed. */
  | "damaged";

/** An error that the owner of a module can act on. `message` is complete: show it as it is, at the property. */
export class ArtifactError extends UserError {
  override readonly name = "ArtifactError";
  readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions & { property?: string }) {
    super(message, options?.property, options);
    this.code = code;
  }
}

/** The code of a failed system call (`ENOENT`), if the error is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Throws the caller's cancellation as an ArtifactError. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ArtifactError("cancelled", "Cancelled.");
}

/** Sizes in messages: powers of 1024, as the units say. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
