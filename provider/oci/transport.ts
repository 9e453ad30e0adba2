import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { Call } from "./call.ts";
import { cancelled, OciError, printable } from "./errors.ts";
import { isUnknownAuthority, networkError } from "./networkErrors.ts";
import type { Clock } from "./retry.ts";

/** Bytes to send; opened anew for each try. */
export interface Body {
  size: number;
  open(): Uint8Array | AsyncIterable<Uint8Array>;
}

export interface Request {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: URL;
  /** Names in lower case. `authorization` goes to the origin of `url` only. */
  headers?: Readonly<Record<string, string>>;
  body?: Body | undefined;
  /** What is asked, for messages, as an infinitive: "read manifest 1.0 of acme/auth". */
  what: string;
}

export interface Response {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Where it came from, after redirects. */
  url: URL;
  /** Must be read, or dumped. */
  body: Dispatcher.ResponseData["body"];
}

export interface TransportOptions {
  /** Plain HTTP is allowed, for the registry and for what it redirects to. */
  insecure: boolean;
  /** PEM, trusted beside Node's own. */
  certificateAuthority?: string | undefined;
  timeoutSeconds: number;
  environment: NodeJS.ProcessEnv;
  clock: Clock;
}

const connectSeconds = 10;
const maxRedirects = 5;

/** Requests to one registry and to where it redirects. Each is made once: who asks knows what may be repeated. */
export class Transport {
  readonly #options: TransportOptions;
  /** Direct, and through the environment's proxies. */
  #agents = new Map<"direct" | "proxied", Dispatcher>();
  #systemTrusted = false;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Follows redirects of reads; credentials stay with the origin that they were meant for. */
  async send(request: Request, call: Call): Promise<Response> {
    const reads = request.method === "GET" || request.method === "HEAD";
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      const headers =
        url.origin === request.url.origin ? request.headers : withoutCredentials(request.headers);
      const response = await this.#sendOnce({ ...request, url, headers: headers ?? {} }, call);
      const location = response.headers.location;
      if (!reads || !isRedirect(response.status) || typeof location !== "string") return response;
      await response.body.dump();
      if (redirects === maxRedirects) throw this.#badRedirect(request, `more than ${maxRedirects} times`);
      url = this.#target(location, url, request);
    }
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #sendOnce(request: Request, call: Call): Promise<Response> {
    if (call.signal.aborted) throw cancelled();
    const started = this.#options.clock.now();
    const shown = `${request.method} ${request.url.origin}${printable(request.url.pathname)}`;
    const took = () => `${Math.round(this.#options.clock.now() - started)} ms`;
    try {
      const { statusCode, headers, body } = await this.#trusting(() => this.#dispatch(request, call.signal));
      call.log?.debug(`${shown}: ${statusCode}, ${took()}`);
      // Whoever reads it sees the error; an answer that is given up early has no reader.
      body.on("error", () => undefined);
      return { status: statusCode, headers, url: request.url, body };
    } catch (error) {
      if (call.signal.aborted) throw cancelled();
      const failed = this.asError(error, request);
      call.log?.debug(`${shown}: ${failed.code}, ${took()}`);
      throw failed;
    }
  }

  /** What a failure of a request, or of reading its answer, means. */
  asError(error: unknown, { url, what }: { url: URL; what: string }): OciError {
    if (error instanceof OciError) return error;
    return networkError(error, { host: url.host, what, timeoutSeconds: this.#options.timeoutSeconds });
  }

  #dispatch({ method, url, headers, body }: Request, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const milliseconds = this.#options.timeoutSeconds * 1000;
    return this.#agent(url).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      // Compressed on the way, bytes would not have the size that their descriptor says.
      headers: {
        "accept-encoding": "identity",
        ...headers,
        ...(body && { "content-length": String(body.size) }),
      },
      body: body ? (body.open() as Uint8Array) : null,
      // Keeps the connection after HEAD too, where undici would end it for servers that send a body nevertheless: what they
      // send ends it then.
      reset: false,
      signal,
      headersTimeout: milliseconds,
      bodyTimeout: milliseconds,
    });
  }

  /** A company's authority is often known to the system and not to Node; reading all of the system's costs, so only then. */
  async #trusting<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (this.#systemTrusted || !isUnknownAuthority(error)) throw error;
      this.#systemTrusted = true;
      await this.close();
      return request();
    }
  }

  #agent(url: URL): Dispatcher {
    const kind = isLoopback(url.hostname) ? "direct" : "proxied";
    let agent = this.#agents.get(kind);
    if (!agent) {
      agent = kind === "direct" ? new Agent(this.#agentOptions()) : this.#proxied();
      this.#agents.set(kind, agent);
    }
    return agent;
  }

  #proxied(): Dispatcher {
    const { environment } = this.#options;
    const { connect, ...options } = this.#agentOptions();
    return new EnvHttpProxyAgent({
      ...options,
      connect,
      requestTls: connect,
      proxyTls: connect,
      httpProxy: environment.http_proxy ?? environment.HTTP_PROXY ?? "",
      httpsProxy: environment.https_proxy ?? environment.HTTPS_PROXY ?? "",
      noProxy: environment.no_proxy ?? environment.NO_PROXY ?? "",
    });
  }

  #agentOptions() {
    const secureContext = this.#secureContext();
    const timeout = Math.min(connectSeconds, this.#options.timeoutSeconds) * 1000;
    return {
      connect: { timeout, ...(secureContext && { secureContext }) },
    };
  }

  /** Made once: parsing all authorities anew for each connection would take longer than connecting. */
  #secureContext(): tls.SecureContext | undefined {
    const own = this.#options.certificateAuthority;
    if (own === undefined && !this.#systemTrusted) return undefined;
    const given = own === undefined ? [] : certificatesOf(own);
    const ca = [...trusted("default"), ...(this.#systemTrusted ? trusted("system") : []), ...given];
    return tls.createSecureContext({ ca });
  }

  #target(location: string, from: URL, request: Request): URL {
    const target = URL.parse(location, from.href);
    if (!target || !/^https?:$/.test(target.protocol))
      throw this.#badRedirect(request, "to what is no address");
    if (from.protocol === "https:" && target.protocol === "http:") {
      throw this.#badRedirect(request, `from HTTPS to plain HTTP (${target.host})`);
    }
    target.username = "";
    target.password = "";
    return target;
  }

  #badRedirect({ url, what }: Request, how: string): OciError {
    return new OciError("refused", `${url.host} redirects ${how} to ${what}. Correct the registry.`);
  }
}

/** OpenSSL passes over what is no certificate, and then trusts nothing. */
function certificatesOf(pem: string): string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const certificate of found) new X509Certificate(certificate);
    if (found.length > 0) return found;
  } catch {
    // Told below.
  }
  throw new OciError(
    "unsupported",
    "The certificateAuthority of a registry in the provider's configuration is no certificate in PEM (-----BEGIN CERTIFICATE-----).",
  );
}

/** Authorities by where they come from; nothing where this version of Node cannot tell, but for its own list. */
function trusted(kind: "default" | "system"): readonly string[] {
  if (typeof tls.getCACertificates === "function") return tls.getCACertificates(kind);
  return kind === "default" ? tls.rootCertificates : [];
}

function withoutCredentials(headers: Request["headers"]): Record<string, string> {
  const { authorization: _, ...others } = headers ?? {};
  return others;
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** No proxy reaches what listens on this machine only. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
