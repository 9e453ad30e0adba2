import { UserError } from "../errors.ts";

/** What went wrong with a registry; stable, for programs. Each message names the place and says what to do. */
export type OciErrorCode =
  /** 401: no credentials, or wrong ones. */
  | "unauthorized"
  /** 403: the credentials are known, and may not do this. */
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

/** An error that the user can act on. `message` is complete: show it as it is, at the property. */
export class OciError extends UserError {
  override readonly name = "OciError";
  readonly code: OciErrorCode;
  /** HTTP status, where the registry answered. */
  readonly status: number | undefined;
  /** Seconds that the registry asks to wait before the next try. */
  readonly retryAfter: number | undefined;

  constructor(
    code: OciErrorCode,
    message: string,
    options: ErrorOptions & { status?: number; retryAfter?: number | undefined; property?: string } = {},
  ) {
    super(message, options.property, options);
    this.code = code;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}
