/** What can go wrong between a client and a registry, and for which requests: the vocabulary of `faultyRegistry.ts`. */

export type Fault =
  /** An answer of the proxy's own, given when `after` bytes of the request's body have come (default 0). */
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: string; after?: number }
  /** The connection ends when `after` bytes of the request's body have come; the registry has got those at most. */
  | { kind: "cutRequest"; after: number }
  /** The connection ends when `after` bytes of the response's body were sent; Content-Length names them all. */
  | { kind: "cutResponse"; after: number }
  /** The response's body lacks its last bytes, and Content-Length agrees. */
  | { kind: "shorter"; by: number }
  /** The response's body goes on with zeros, and Content-Length agrees; without an end (and chunked) for `Infinity`. */
  | { kind: "longer"; by: number }
  /** The first byte of the response's body is another one. */
  | { kind: "otherBytes" }
  /** The response's JSON is another one. All its headers stay, Docker-Content-Digest too, but for Content-Length. */
  | { kind: "rewrite"; change: (json: unknown) => unknown }
  /** A redirect (default 307) to the same path of `elsewhere`, where the content is had without credentials, or to `to`. */
  | { kind: "redirect"; status?: number; to?: string }
  /** Nothing comes any more: no answer at all, or none after that many bytes of the response's body. */
  | { kind: "hang"; after?: number }
  /** The connection ends without an answer, when the request's head has come. */
  | { kind: "close" }
  /** Connections carry one request each, and each second of them ends without an answer. */
  | { kind: "closeEachSecond" }
  /** Headers are set, or taken away (`undefined`), on the way to the registry or back. Names are in lower case. */
  | { kind: "headers"; request?: HeaderChanges; response?: HeaderChanges }
  /** Something else happens first, then the request goes its way. */
  | { kind: "before"; run: (request: { method: string; path: string }) => Promise<unknown> };

export type HeaderChanges = Record<string, string | undefined>;

/** Which requests a fault is for; every part that is given has to fit. */
export interface Match {
  method?: string;
  /** A part of the path with its query, or a pattern for it. */
  path?: string | RegExp;
  /** The first of the fitting requests that the fault is for, counted from 1; default 1. */
  nth?: number;
  /** How many fitting requests it is for, from that one on; default 1; `Infinity` for all. */
  times?: number;
}

/** A fault for certain requests, counting those that fit. */
export class Injection {
  readonly fault: Fault;
  /** How many requests it was for until now. */
  hits = 0;
  readonly #match: Match;
  #fitting = 0;

  constructor(match: Match, fault: Fault) {
    this.#match = match;
    this.fault = fault;
  }

  /** Counts a request. @returns whether the fault is for it */
  isFor(method: string, path: string): boolean {
    const { nth = 1, times = 1 } = this.#match;
    if (!this.#fits(method, path)) return false;
    this.#fitting += 1;
    return this.#fitting >= nth && this.#fitting < nth + times;
  }

  #fits(method: string, path: string): boolean {
    const { method: wanted = method, path: part = "" } = this.#match;
    return wanted === method && (typeof part === "string" ? path.includes(part) : part.test(path));
  }
}

/** The headers with changes made. */
export function changed<Headers extends Record<string, unknown>>(
  headers: Headers,
  changes: HeaderChanges = {},
): Headers {
  const all = Object.entries({ ...headers, ...changes }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as Headers;
}
