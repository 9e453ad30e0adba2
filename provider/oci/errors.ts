import { UserError } from "../errors.ts";

/** What went wrong with a registry; stable, for programs. Each message names the place and says what to do. */
export type OciErrorCode =
  /** 401: no credentials, or wrong ones. */
  | "unauthorized"
  /** 403: the registry knows who asks, and does not allow it. */
  | "denied"
  /** 404 where something was needed. */
  | "not-found"
  /** 429, after the retries. */
  | "rate-limited"
  /** Network, DNS, TLS, 5xx after the retries, or the time limit. */
  | "unreachable"
  /** Bytes that are not what their digest, size or Content-Length says. */
  | "damaged"
  /** A form that this version does not read, or an answer that is none of the protocol. */
  | "unsupported"
  /** Any other 4xx. */
  | "refused"
  /** The caller's AbortSignal. */
  | "cancelled";

/** Whether the same request may succeed when it is made again: `once` for what took a whole time limit to fail. */
export type Retry = "no" | "once" | "yes";

interface OciErrorOptions extends ErrorOptions {
  /** HTTP status, where the registry answered. */
  status?: number | undefined;
  /** Seconds that the registry asks to wait before the next try. */
  retryAfter?: number | undefined;
  retry?: Retry | undefined;
  property?: string | undefined;
}

/** An error that the user can act on. `message` is complete: show it as it is, at the property. */
export class OciError extends UserError {
  override readonly name = "OciError";
  readonly code: OciErrorCode;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly retry: Retry;

  constructor(code: OciErrorCode, message: string, options: OciErrorOptions = {}) {
    super(message, options.property, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
    this.retry = options.retry ?? "no";
  }
}

export function cancelled(): OciError {
  return new OciError("cancelled", "Cancelled.");
}

/** Text from outside, for a message: on one line, without what steers a terminal, and not longer than `limit`. */
export function printable(text: string, limit = 300): string {
  const clean = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    // Half a character is none.
    .toWellFormed();
  return clean.length > limit ? `${clean.slice(0, limit).toWellFormed()}…` : clean;
}
