import { Authorizer, type Scope } from "./auth.ts";
import type { Call } from "./call.ts";
import { type CredentialStore, servingHost } from "./credentials.ts";
import { OciError } from "./errors.ts";
import { header, refusal } from "./responses.ts";
import type { Clock } from "./retry.ts";
import { type Body, type Request, type Response, Transport, type TransportOptions } from "./transport.ts";
import { Turns } from "./turns.ts";

/** One question to a registry, in a repository's scope. */
export interface Ask {
  method: Request["method"];
  /** After `/v2/<repository>/`, or an address that the registry gave, as upload locations are. */
  target: string | URL;
  headers?: Readonly<Record<string, string>>;
  body?: Body;
  scope: Scope;
  /** As an infinitive, for messages: "read manifest 1.0 of acme/auth". */
  what: string;
  /** Statuses that the caller handles; any other becomes an OciError. */
  expect: readonly number[];
}

/** One registry as this configuration reaches it: requests with authorization, repeated where that may help. */
export class Connection {
  readonly registry: string;
  readonly clock: Clock;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #base: string;
  readonly #turns = new Turns();

  constructor(registry: string, options: TransportOptions & { store: CredentialStore }) {
    this.registry = registry;
    this.clock = options.clock;
    this.#transport = new Transport(options);
    this.#authorizer = new Authorizer(registry, { ...options, transport: this.#transport });
    this.#base = `${options.insecure ? "http" : "https"}://${servingHost(registry)}/v2/`;
  }

  /** Asks, repeats what may be repeated, and reads the answer, which belongs to each try. */
  ask<T>(ask: Ask, call: Call, read: (response: Response) => Promise<T> | T): Promise<T> {
    return this.repeating(() => this.once(ask, call, read), call);
  }

  /**
   * Repeats a work of several requests where that may help. Within it, requests are made with `once`.
   *
   * @param gained whether the last try brought the work forward: then counting starts again
   */
  repeating<T>(attempt: () => Promise<T>, call: Call, gained?: () => boolean): Promise<T> {
    return this.#turns.retrying(attempt, { ...call, clock: this.clock, ...(gained && { gained }) });
  }

  /** As `ask`, without repeating: for callers that go on from where a try ended. */
  async once<T>(ask: Ask, call: Call, read: (response: Response) => Promise<T> | T): Promise<T> {
    const response = await this.#authorized(ask, call);
    if (!ask.expect.includes(response.status)) {
      const who = () => this.#authorizer.who(ask.scope, call);
      throw await refusal(response, {
        what: ask.what,
        registry: this.registry,
        who,
        redact: this.#authorizer.redact,
      });
    }
    try {
      const result = await read(response);
      // What was not read would keep the connection from its next request.
      await response.body.dump();
      return result;
    } catch (error) {
      response.body.destroy();
      throw this.#asError(error, ask, response);
    }
  }

  /** The address that a registry gives for the next step, such as an upload's. */
  location(response: Response, what: string): URL {
    const location = header(response, "location");
    const target = location === undefined ? null : URL.parse(location, response.url.href);
    if (!target || !/^https?:$/.test(target.protocol)) {
      throw new OciError("unsupported", `${this.registry} gave no address to ${what}. Correct the registry.`);
    }
    target.username = "";
    target.password = "";
    // A proxy that ends TLS often leaves the registry behind it in the belief that it speaks HTTP.
    if (response.url.protocol === "https:" && target.protocol === "http:") {
      if (target.hostname !== response.url.hostname) {
        throw new OciError(
          "refused",
          `${this.registry} asks to ${what} over plain HTTP. Correct the registry.`,
        );
      }
      return new URL(target.pathname + target.search, response.url);
    }
    return target;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #authorized(ask: Ask, call: Call): Promise<Response> {
    const request = this.#request(ask);
    // An address elsewhere, such as an object store's, has its authorization in itself.
    if (request.url.origin !== new URL(this.#base).origin) return this.#transport.send(request, call);
    const authorization = await this.#authorizer.header(ask.scope, call);
    const response = await this.#send(request, authorization, call);
    if (response.status !== 401 || response.url.origin !== request.url.origin) return response;
    const better = await this.#authorizer.answer(response, authorization, ask.scope, call);
    if (better === undefined) return response;
    await response.body.dump();
    return this.#send(request, better, call);
  }

  #asError(error: unknown, { what }: Ask, { url }: Response): unknown {
    return isOfNetwork(error) ? this.#transport.asError(error, { url, what }) : error;
  }

  #send(request: Request, authorization: string | undefined, call: Call): Promise<Response> {
    const headers = { ...request.headers, ...(authorization !== undefined && { authorization }) };
    return this.#transport.send({ ...request, headers }, call);
  }

  #request({ method, target, headers, body, scope, what }: Ask): Request {
    const url = typeof target === "string" ? new URL(`${this.#base}${scope.repository}/${target}`) : target;
    return { method, url, headers: headers ?? {}, body, what };
  }
}

/** undici's errors and those of sockets have a code; ours, and a sink's, are complete already. */
function isOfNetwork(error: unknown): boolean {
  return error instanceof Error && !("property" in error) && "code" in error;
}
