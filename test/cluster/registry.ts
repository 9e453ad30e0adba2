/**
 * The distribution project's registry, the real program, on a free port of 127.0.0.1 and with its storage in a
 * temporary folder:
 *
 *   await using registry = await startRegistry({ authentication: "token" });
 *   registry.host          // "127.0.0.1:41234", for references
 *   registry.credentials   // who may pull, push and delete there; nobody else may anything
 *
 * It implements no referrers API; clients fall back to the referrers tag. It ends with `stop()`, with `await using`,
 * and with this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";
import { tool } from "../../tools/toolchain/index.ts";
import { serverCertificatePath, serverKeyPath } from "./certificates.ts";
import { type Credentials, startTokenService, type TokenService, type User } from "./tokenService.ts";

export interface RegistryOptions {
  /** Default `none`: everybody may do everything. */
  authentication?: "none" | "basic" | "token";
  /** Serve HTTPS with the certificate of `certificates.ts`; default plain HTTP. */
  tls?: boolean;
  /** Whether manifests and blobs can be deleted; default true. */
  delete?: boolean;
}

export interface Registry {
  /** `127.0.0.1:port`, as it stands in a reference; with tokens `localhost:port`, see `realm`. */
  host: string;
  /** `http://` or `https://` and the host, without a slash at the end. */
  url: string;
  /** Who may pull, push and delete; absent without authentication. */
  credentials?: Credentials;
  /** With tokens: the fake token service, with what it was asked. */
  tokens?: TokenService;
  /** The folder in which the registry keeps all blobs and tags, in plain. */
  storage: string;
  /** What the registry has written to its log until now, line by line. */
  log: readonly string[];
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const startLimitMs = 30_000;

/** Test data. The hash is bcrypt, the only one that the registry takes. */
export const owner: User = {
  username: "owner",
  password: "correct-horse-registry-staple",
  identityToken: "identity-token-of-the-owner",
  actions: ["pull", "push", "delete", "*"],
};
const htpasswd = `${owner.username}:$2y$05$pulumiwasmtestdata00au5Qb2fKf7puTtNIJ8pXn2KO1gHur4BBO\n`;

/** With tokens only: someone who may pull, and is granted nothing else. */
export const reader: User = {
  username: "reader",
  password: "only-looking-registry-staple",
  identityToken: "identity-token-of-the-reader",
  actions: ["pull"],
};

/** Starts a registry, and resolves when it answers. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { authentication = "none", tls = false } = options;
  const program = await tool("registry");
  const folder = await mkdtemp(join(tmpdir(), "wasm-registry-"));
  const tokens = authentication === "token" ? await startTokenService([owner, reader], { tls }) : undefined;
  const log: string[] = [];
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child) await ended(child);
    await tokens?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const configuration = join(folder, "configuration.yml");
    await writeFile(configuration, stringify(await configurationOf(options, folder, tokens)));
    child = spawn(program, ["serve", configuration], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" },
    });
    const host = `${tokens ? "localhost" : "127.0.0.1"}:${await listening(child, log)}`;
    return {
      host,
      url: `${tls ? "https" : "http"}://${host}`,
      ...(authentication !== "none" && {
        credentials: { username: owner.username, password: owner.password },
      }),
      ...(tokens && { tokens }),
      storage: join(folder, "storage"),
      log,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function configurationOf(options: RegistryOptions, folder: string, tokens?: TokenService) {
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, "storage") },
      delete: { enabled: options.delete ?? true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: "127.0.0.1:0",
      ...(options.tls && { tls: { certificate: serverCertificatePath, key: serverKeyPath } }),
    },
    ...(options.authentication === "basic" && { auth: await basicAuthentication(folder) }),
    ...(tokens && { auth: await tokenAuthentication(folder, tokens) }),
  };
}

async function basicAuthentication(folder: string) {
  const path = join(folder, "htpasswd");
  await writeFile(path, htpasswd);
  return { htpasswd: { realm: "registry", path } };
}

async function tokenAuthentication(folder: string, { realm, service, issuer, jwks }: TokenService) {
  const path = join(folder, "jwks.json");
  await writeFile(path, JSON.stringify(jwks));
  return { token: { realm, service, issuer, jwks: path, signingalgorithms: ["ES256"] } };
}

/** Keeps the registry's log, and resolves with the port that it names there. */
function listening(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error([`The registry ${why}.`, ...log.slice(-10)].join("\n")));
    const limit = setTimeout(() => fail("did not listen in time"), startLimitMs);
    child.once("error", reject);
    child.once("close", () => clearTimeout(limit));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code} before it listened`));
    // Only killed by its own id, and only while it is still this process's child.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    createInterface(child.stderr as NonNullable<ChildProcess["stderr"]>).on("line", (line) => {
      log.push(line);
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(limit);
      resolve(port);
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
