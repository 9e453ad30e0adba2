/**
 * How we prove who we are: Basic (RFC 7617), or Bearer with a token service
 * (https://distribution.github.io/distribution/spec/auth/token/, /oauth/). Nothing is sent before a registry asks for it.
 */
import * as z from "zod";
import type { Call } from "./call.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { CredentialStore, Credentials, Found } from "./credentials.ts";
import { OciError } from "./errors.ts";
import type { RepositoryName } from "./reference.ts";
import { readBody, refusal } from "./responses.ts";
import { type Clock, retrying } from "./retry.ts";
import type { Request, Response, Transport } from "./transport.ts";

/** What a request may do, in the words of token services. */
export interface Scope {
  repository: string;
  actions: "pull" | "pull,push" | "delete,pull";
  /** Other repositories that blobs are mounted from. */
  from?: readonly string[];
}

interface Token {
  value: string;
  /** By the clock, in milliseconds. */
  expires: number;
}

/** What the registry asked for the last time. */
type Scheme = { kind: "basic" } | { kind: "bearer"; realm: URL; service: string | undefined };

const defaultLifeSeconds = 60;
/** A token that has less left than this may run out on its way. */
const spareSeconds = 10;

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().nullish(),
});
/** What fits into a header (RFC 6750, 2.1). */
const tokenPattern = /^[\w\-.~+/]+=*$/;

export class Authorizer {
  readonly #registry: string;
  readonly #insecure: boolean;
  readonly #transport: Transport;
  readonly #store: CredentialStore;
  readonly #clock: Clock;
  #scheme: Scheme | undefined;
  readonly #tokens = new Map<string, Token>();
  readonly #pending = new Map<string, Promise<Token>>();
  readonly #found = new Map<string, Promise<Found>>();
  /** Scopes that the registry asked for where ours were not enough, by ours. */
  readonly #asked = new Map<string, string[]>();
  readonly #secrets = new Set<string>();

  constructor(
    registry: string,
    options: { insecure: boolean; transport: Transport; store: CredentialStore; clock: Clock },
  ) {
    this.#registry = registry;
    this.#insecure = options.insecure;
    this.#transport = options.transport;
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** What to send along without being asked again; undefined while the registry has asked for nothing. */
  async header(scope: Scope, call: Call): Promise<string | undefined> {
    if (!this.#scheme) return undefined;
    const own = scopesOf(scope);
    return this.#headerFor(this.#scheme, this.#asked.get(own.join(" ")) ?? own, scope, call);
  }

  /**
   * What to send after a 401; undefined where there is nothing better than what was `sent`.
   *
   * @throws OciError where the token service refuses, or cannot be used
   */
  async answer(
    response: Response,
    sent: string | undefined,
    scope: Scope,
    call: Call,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(response.headers["www-authenticate"]);
    const challenge =
      challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (!challenge) return undefined;
    this.#scheme = challenge.scheme === "basic" ? { kind: "basic" } : this.#bearer(challenge);
    const own = scopesOf(scope);
    const scopes = merged([...own, ...(challenge.parameters.scope?.split(" ") ?? [])]);
    this.#asked.set(own.join(" "), scopes);
    // The token that was just refused.
    for (const [key, { value }] of this.#tokens) if (sent === `Bearer ${value}`) this.#tokens.delete(key);
    const header = await this.#headerFor(this.#scheme, scopes, scope, call);
    return header === sent ? undefined : header;
  }

  /** Who asks, for messages. */
  async who(scope: Scope, call: Call): Promise<string> {
    const { credentials, source, problems } = await this.#credentials(scope.repository, call);
    const trouble = problems.length > 0 ? ` (${problems.join(" ")})` : "";
    if (!credentials) return `without credentials${trouble}`;
    const user =
      credentials.kind === "password" ? `as ${JSON.stringify(credentials.username)}` : "with the token";
    return `${user} from ${source}${trouble}`;
  }

  /** Takes what only we and the registry may know out of a text. */
  redact = (text: string): string =>
    [...this.#secrets]
      .filter(Boolean)
      .reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);

  async #headerFor(scheme: Scheme, scopes: string[], scope: Scope, call: Call): Promise<string | undefined> {
    if (scheme.kind === "bearer") return `Bearer ${await this.#token(scheme, scopes, scope, call)}`;
    const { credentials } = await this.#credentials(scope.repository, call);
    return credentials?.kind === "password" ? this.#basic(credentials) : undefined;
  }

  #basic({ username, password }: Credentials & { kind: "password" }): string {
    const encoded = Buffer.from(`${username}:${password}`).toString("base64");
    this.#secrets.add(encoded);
    return `Basic ${encoded}`;
  }

  #bearer({ parameters }: Challenge): Scheme {
    const realm = URL.parse(parameters.realm ?? "");
    const allowed = this.#insecure ? /^https?:$/ : /^https:$/;
    if (!realm || !allowed.test(realm.protocol)) {
      throw new OciError(
        "unsupported",
        `${this.#registry} names a token service that is no ${this.#insecure ? "" : "https "}address. Correct the registry's configuration.`,
      );
    }
    realm.username = "";
    realm.password = "";
    return { kind: "bearer", realm, service: parameters.service };
  }

  async #token(
    scheme: Scheme & { kind: "bearer" },
    scopes: string[],
    scope: Scope,
    call: Call,
  ): Promise<string> {
    const key = JSON.stringify([scheme.realm.href, scheme.service, scopes]);
    const known = this.#tokens.get(key);
    if (known && known.expires > this.#clock.now()) return known.value;
    // A call that is cancelled must not end the wait of another one: each waits for its own fetch then.
    const pending = this.#pending.get(key)?.catch(() => undefined);
    const shared = await pending;
    if (shared) return shared.value;
    const fetched = this.#fetchToken(scheme, scopes, scope, call);
    this.#pending.set(key, fetched);
    try {
      const token = await fetched;
      this.#tokens.set(key, token);
      return token.value;
    } finally {
      if (this.#pending.get(key) === fetched) this.#pending.delete(key);
    }
  }

  async #fetchToken(
    { realm, service }: Scheme & { kind: "bearer" },
    scopes: readonly string[],
    scope: Scope,
    call: Call,
  ): Promise<Token> {
    const { credentials } = await this.#credentials(scope.repository, call);
    const what = `get a token for ${this.#registry}`;
    const request =
      credentials?.kind === "identityToken"
        ? refreshRequest(realm, service, scopes, credentials.token, what)
        : tokenRequest(realm, service, scopes, credentials && this.#basic(credentials), what);
    return retrying(
      async () => this.#readToken(request, await this.#transport.send(request, call), scope, call),
      {
        ...call,
        clock: this.#clock,
      },
    );
  }

  async #readToken(request: Request, response: Response, scope: Scope, call: Call): Promise<Token> {
    if (response.status !== 200) {
      const who = () => this.who(scope, call);
      throw await refusal(response, {
        what: request.what,
        who,
        redact: this.redact,
        registry: this.#registry,
      });
    }
    const bytes = await readBody(response, 1024 * 1024, request.what).catch((error) => {
      throw this.#transport.asError(error, request);
    });
    const parsed = tokenSchema.safeParse(parseJson(Buffer.from(bytes).toString("utf8")));
    const value = parsed.data?.token || parsed.data?.access_token;
    if (!value || !tokenPattern.test(value)) {
      throw new OciError(
        "unsupported",
        `The token service ${realmOf(request.url)} of ${this.#registry} answered with something that is not a token. Correct the registry's configuration, or try again later.`,
      );
    }
    this.#secrets.add(value);
    const lifeSeconds = Math.max(parsed.data?.expires_in ?? 0, defaultLifeSeconds);
    return { value, expires: this.#clock.now() + (lifeSeconds - spareSeconds) * 1000 };
  }

  /** Asked for once: a helper may take its time. A look-up that failed, as by a cancel, is made again. */
  #credentials(repository: string, call: Call): Promise<Found> {
    const known = this.#found.get(repository);
    if (known) return known;
    const name: RepositoryName = { registry: this.#registry, repository };
    const finding = this.#store.find(name, call).then((found) => {
      const { credentials } = found;
      if (credentials)
        this.#secrets.add(credentials.kind === "password" ? credentials.password : credentials.token);
      if (call.signal.aborted) this.#found.delete(repository);
      return found;
    });
    this.#found.set(repository, finding);
    return finding;
  }
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  authorization: string | undefined,
  what: string,
): Request {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return { method: "GET", url, headers: authorization === undefined ? {} : { authorization }, what };
}

/** OAuth 2 (RFC 6749, section 6), as registries take it. */
function refreshRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  refreshToken: string,
  what: string,
): Request {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "pulumi-resource-wasm",
    refresh_token: refreshToken,
    scope: scopes.join(" "),
    ...(service !== undefined && { service }),
  });
  const bytes = Buffer.from(form.toString());
  return {
    method: "POST",
    url: realm,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { size: bytes.length, open: () => bytes },
    what,
  };
}

function scopesOf({ repository, actions, from = [] }: Scope): string[] {
  return merged([`repository:${repository}:${actions}`, ...from.map((other) => `repository:${other}:pull`)]);
}

/** One scope for each repository with all actions, in one order: what is the same is asked for once. */
function merged(scopes: readonly string[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(":");
    if (colon < 0) continue;
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, names]) => `${resource}:${[...names].sort().join(",")}`).sort();
}

function realmOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
