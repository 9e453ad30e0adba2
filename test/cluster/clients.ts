/**
 * Clients of others, to push and pull beside ours:
 *
 *   test.skipIf(!installed.oras)("is pulled by oras", async () => {
 *     await using clients = await clientsFor(registry);
 *     await clients.oras(["pull", `${registry.host}/a/b:1`, "--output", folder]);
 *   });
 *
 * Each knows the registry's credentials from a container tools' configuration file of its own, never from arguments,
 * and is told by flags whether the registry speaks plain HTTP or has a certificate of the tests' authority.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { authorityPath } from "./certificates.ts";
import type { Credentials } from "./tokenService.ts";

/** Paths of the clients that are on PATH, where `npm test` puts those that can be had. */
export const installed = {
  oras: await findOnPath("oras"),
  crane: await findOnPath("crane"),
  cosign: await findOnPath("cosign"),
};

export interface RunOptions {
  cwd?: string;
  /** Added to the environment, which has nothing else of this process's but PATH. */
  env?: Record<string, string>;
  /** Written to standard input. */
  input?: string;
}

/** Runs a client. @returns its standard output @throws Error with what it wrote to both, when it fails */
export type Client = (args: readonly string[], options?: RunOptions) => Promise<Buffer>;

export interface Clients {
  oras: Client;
  crane: Client;
  cosign: Client;
  /** Folder with the `config.json` that names the credentials, for DOCKER_CONFIG. */
  dockerConfig: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const limitMs = 120_000;

/**
 * The clients, ready for one registry, in a home folder of their own.
 *
 * @param registry as of `startRegistry`; for a proxy before one, its host and URL with the registry's credentials
 */
export async function clientsFor(registry: {
  host: string;
  url: string;
  credentials?: Credentials;
}): Promise<Clients> {
  const home = await mkdtemp(join(tmpdir(), "wasm-clients-"));
  const dockerConfig = join(home, ".docker");
  await mkdir(dockerConfig);
  await writeFile(join(dockerConfig, "config.json"), JSON.stringify(configurationOf(registry)));
  const plain = registry.url.startsWith("http:");
  const environment = {
    PATH: process.env.PATH ?? "",
    HOME: home,
    DOCKER_CONFIG: dockerConfig,
    ...(!plain && { SSL_CERT_FILE: authorityPath }),
  };
  const client =
    (name: keyof typeof installed, flags: (command?: string) => string[]): Client =>
    (args, options = {}) =>
      runClient(name, [...args, ...flags(args[0])], { ...options, env: { ...environment, ...options.env } });
  return {
    // It speaks plain HTTP to localhost unless it is told not to.
    oras: client("oras", (command) =>
      command === "cp"
        ? [`--from-plain-http=${plain}`, `--to-plain-http=${plain}`]
        : [`--plain-http=${plain}`],
    ),
    crane: client("crane", () => (plain ? ["--insecure"] : [])),
    cosign: client("cosign", () => (plain ? ["--allow-http-registry"] : [])),
    dockerConfig,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** The container tools' configuration file. */
function configurationOf({ host, credentials }: { host: string; credentials?: Credentials }): object {
  if (credentials === undefined) return { auths: {} };
  const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return { auths: { [host]: { auth } } };
}

function runClient(name: keyof typeof installed, args: string[], options: RunOptions): Promise<Buffer> {
  const { input = "", ...rest } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const settings = { ...rest, timeout: limitMs, encoding: "buffer" as const, maxBuffer: 64 * 2 ** 20 };
  const child = execFile(installed[name] ?? name, args, settings, (error, stdout, stderr) => {
    if (!error) return resolve(stdout);
    reject(new Error([`${name} ${args.join(" ")}`, stdout, stderr].join("\n").trim(), { cause: error }));
  });
  // A client that reads no input may end before it was written.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  return promise;
}
