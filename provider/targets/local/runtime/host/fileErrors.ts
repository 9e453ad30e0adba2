/** `wasi:filesystem/types.error-code` for what the system says. */
import { WitError } from "./errors.ts";

const CODES: Record<string, string> = {
  EACCES: "access",
  EAGAIN: "would-block",
  EBADF: "bad-descriptor",
  EBUSY: "busy",
  EDQUOT: "quota",
  EEXIST: "exist",
  EFBIG: "file-too-large",
  EILSEQ: "illegal-byte-sequence",
  EINTR: "interrupted",
  EINVAL: "invalid",
  EIO: "io",
  EISDIR: "is-directory",
  ELOOP: "loop",
  EMFILE: "insufficient-memory",
  EMLINK: "too-many-links",
  ENAMETOOLONG: "name-too-long",
  ENFILE: "insufficient-memory",
  ENODEV: "no-device",
  ENOENT: "no-entry",
  ENOMEM: "insufficient-memory",
  ENOSPC: "insufficient-space",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  ENOTSUP: "unsupported",
  ENXIO: "no-such-device",
  EOVERFLOW: "overflow",
  EPERM: "not-permitted",
  EROFS: "read-only",
  ESPIPE: "invalid-seek",
  ETXTBSY: "text-file-busy",
  EXDEV: "cross-device",
  ERR_ACCESS_DENIED: "not-permitted",
  ERR_INVALID_ARG_VALUE: "invalid",
};

/** The code of a failed call; an error of our own making is thrown on. */
export function fileErrorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? CODES[String(error.code)] : undefined;
  if (code === undefined) throw error;
  return code;
}

/** Runs a call of the file system for the guest. */
export function forGuest<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WitError) throw error;
    throw new WitError(fileErrorCode(error));
  }
}
