/**
 * A fake: the token service of a registry with bearer authentication, as far as the distribution project's token
 * specification goes. Tokens are real JWTs, that the real registry verifies. It answers
 *
 *   GET  /token?service=…&scope=…   with basic authentication, or none (an anonymous token, which allows nothing)
 *   POST /token                     OAuth 2.0: `grant_type=password`, or `refresh_token` with the user's identity token
 *
 * and grants, like real ones, the part of the scope that the user may have. Wrong credentials are a 401.
 */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  timingSafeEqual,
} from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { serverCertificate } from "./certificates.ts";

/** Someone a registry knows. */
export interface Credentials {
  username: string;
  password: string;
}

export interface User extends Credentials {
  /** Stands for the user in `grant_type=refresh_token`; clients keep it as `identitytoken`. */
  identityToken: string;
  /** Actions that the user may ever be granted, on any repository. */
  actions: readonly string[];
}

/** One request to the token service. */
export interface TokenRequest {
  grant: "basic" | "anonymous" | "password" | "refresh_token";
  scopes: string[];
  /** 200, or 401 for wrong credentials. */
  status: number;
}

export interface TokenService {
  /**
   * What a registry names as `realm`: a URL of `localhost`, not of 127.0.0.1. Clients go to no token service at a
   * private address (crane), or only to one of the registry's own host name (oras).
   */
  realm: string;
  service: string;
  issuer: string;
  /** The public half of the signing key, as a JSON Web Key Set. */
  jwks: { keys: object[] };
  /** All requests until now, oldest first. */
  requests: TokenRequest[];
  /** Tokens that were issued, to search for in what must hold none. */
  issued: string[];
  stop(): Promise<void>;
}

const keyId = "test";
const service = "registry";
const issuer = "token-service";
/** The specification's least; a registry takes tokens a minute longer. */
const lifetimeSeconds = 60;

/** Starts a token service on a free port of 127.0.0.1, for these users. */
export async function startTokenService(
  users: readonly User[],
  options: { tls?: boolean } = {},
): Promise<TokenService> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const requests: TokenRequest[] = [];
  const issued: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = await readRequest(request);
    const user = userOf(asked, users);
    const status = user === "unknown" ? 401 : 200;
    requests.push({ grant: asked.grant, scopes: asked.scopes, status });
    if (user === "unknown") {
      return send(response, status, { errors: [{ code: "UNAUTHORIZED", message: "wrong credentials" }] });
    }
    const token = signToken(privateKey, user?.username ?? "", accessOf(asked.scopes, user?.actions ?? []));
    issued.push(token);
    const refresh = asked.offline && user ? { refresh_token: user.identityToken } : {};
    send(response, status, { token, access_token: token, expires_in: lifetimeSeconds, ...refresh });
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy());
  };
  const server = options.tls ? createTlsServer(serverCertificate(), listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    realm: `${options.tls ? "https" : "http"}://localhost:${port}/token`,
    service,
    issuer,
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: keyId, use: "sig", alg: "ES256" }] },
    requests,
    issued,
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Asked {
  grant: TokenRequest["grant"];
  scopes: string[];
  /** Whether an identity token is wanted as well. */
  offline: boolean;
  username: string;
  /** Password or identity token. */
  secret: string;
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  if (request.method === "POST") {
    const form = new URLSearchParams(await text(request));
    const grant = form.get("grant_type") === "password" ? "password" : "refresh_token";
    return {
      grant,
      scopes: scopesOf(form),
      offline: form.get("access_type") === "offline",
      username: form.get("username") ?? "",
      secret: form.get(grant) ?? "",
    };
  }
  const { searchParams } = new URL(request.url ?? "", "http://token-service");
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const [username = "", ...rest] = Buffer.from(basic ?? "", "base64")
    .toString()
    .split(":");
  return {
    grant: basic === undefined ? "anonymous" : "basic",
    scopes: scopesOf(searchParams),
    offline: searchParams.get("offline_token") === "true",
    username,
    secret: rest.join(":"),
  };
}

/** Scopes are separated by blanks, or the parameter comes several times. */
function scopesOf(parameters: URLSearchParams): string[] {
  return parameters.getAll("scope").flatMap((scope) => scope.split(" ").filter((part) => part !== ""));
}

function userOf(asked: Asked, users: readonly User[]): User | undefined | "unknown" {
  if (asked.grant === "anonymous") return undefined;
  const found = users.find((user) =>
    asked.grant === "refresh_token"
      ? same(user.identityToken, asked.secret)
      : user.username === asked.username && same(user.password, asked.secret),
  );
  return found ?? "unknown";
}

function same(a: string, b: string): boolean {
  const hash = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** `repository:name/of/it:pull,push` → what of it is granted. */
function accessOf(scopes: readonly string[], allowed: readonly string[]): object[] {
  return scopes.flatMap((scope) => {
    const [type = "", ...rest] = scope.split(":");
    const actions = rest.pop()?.split(",") ?? [];
    return [{ type, name: rest.join(":"), actions: actions.filter((action) => allowed.includes(action)) }];
  });
}

/** A JSON Web Token of RFC 7519, signed with ES256. */
function signToken(key: KeyObject, subject: string, access: object[]): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    sub: subject,
    aud: service,
    exp: now + lifetimeSeconds,
    nbf: now,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${encode({ alg: "ES256", typ: "JWT", kid: keyId })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
