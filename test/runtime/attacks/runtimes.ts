/** Where attacks are run, with nothing of the runtimes' own in their way. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Rules } from "../../../provider/capabilities/rules.ts";
import { remove, runJob, start } from "../../../provider/targets/local/control.ts";
import { findOnPath } from "../../../tools/toolchain/path.ts";
import { run } from "../../../tools/toolchain/process.ts";
import { componentOf, rules, specOf } from "../localSupport.ts";
import { transpiledCache } from "../transpiledCache.ts";
import type { Ask, RuntimeName } from "./attack.ts";
import { hostArguments, hostValues, type Place } from "./place.ts";

export interface Runtime {
  name: RuntimeName;
  /** Why nothing can be run in it here. */
  missing?: string;
  /** Runs a command, or a library's function. @returns what it says, its log included */
  once(path: string, ask: "run" | { call: string }): Promise<string>;
  serve(path: string): Promise<Server>;
}

export interface Server {
  /** @returns the status, where it is not 200, and the body */
  ask(ask: Exclude<Ask, "run" | { call: string }>): Promise<string>;
  stop(): Promise<void>;
}

/** Folders of the host's, by their paths in the guest and below the place's root. */
const preopened = ["/", "/data", "/data/sub", "/more"];

const wasmtime = (await findOnPath("wasmtime")) ?? "";

export function inWasmtime(place: Place): Runtime {
  const rights = "cli,http,tcp,udp,inherit-network,allow-ip-name-lookup,inherit-env";
  const mounts = preopened.flatMap((path) => ["--dir", `${join(place.root, path)}::${path}`]);
  const everything = ["-S", rights, ...mounts];
  return {
    name: "wasmtime",
    ...(wasmtime === "" && { missing: "wasmtime is not on PATH" }),
    async once(path, ask) {
      const call = ask === "run" ? [] : ["--invoke", ask.call];
      const args = ["run", ...everything, ...call, path, ...(ask === "run" ? hostArguments : [])];
      const { code, stdout, errors } = await run(wasmtime, args, { env: hostValues });
      return [stdout, ...errors, `ended with ${code}`].join("\n");
    },
    async serve(path) {
      const child = spawn(wasmtime, ["serve", ...everything, "--addr", "127.0.0.1:0", path], {
        env: hostValues,
        stdio: ["ignore", "ignore", "pipe"],
      });
      const url = await servedAt(child);
      return { ask: (what) => fetched(url, what), stop: () => ended(child) };
    },
  };
}

export async function servedAt(child: ChildProcess & { stderr: Readable }): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    const url = /^Serving HTTP on (\S+)\/$/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stderr.resume();
    return url;
  }
  throw new Error(`wasmtime ended before it listened: ${said.join("\n")}`);
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

export function onLocalTarget(place: Place): Runtime {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-wasm-attacks-local-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const where = { directory: folder, cacheDirectory: transpiledCache };
  const specFor = (path: string) =>
    specOf("attack", {
      component: componentOf(path),
      rules: everything(place.ports),
      environment: hostValues,
      config: hostValues,
      volumes: Object.fromEntries(preopened.map((path) => [path, join(place.root, path)])),
      arguments: hostArguments,
    });
  return {
    name: "local",
    async once(path, ask) {
      if (ask !== "run") throw new Error("The local target calls no functions of libraries.");
      const { exitCode, logFile } = await runJob({ ...specFor(path), run: "job" }, where);
      return `${readFileSync(logFile, "utf8")}\nended with ${exitCode}`;
    },
    async serve(path) {
      const spec = specFor(path);
      const { url } = await start(spec, where);
      return { ask: (what) => fetched(url, what), stop: () => remove(spec.id, where) };
    },
  };
}

/** All that attacks ask for, and more. */
function everything(ports: Record<string, number>): Rules {
  const hosts = [
    "127.0.0.1",
    "127.0.0.2",
    "[::1]",
    "[::ffff:7f00:1]",
    "localhost",
    "*.localhost",
    "*.example.com",
  ];
  const origins = hosts.flatMap((host) =>
    [80, 443, ...Object.values(ports)].flatMap((port) =>
      (["http", "https"] as const).map((scheme) => ({ scheme, host, port })),
    ),
  );
  const networks = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"];
  return rules({
    http: origins,
    sockets: networks.flatMap((host) =>
      (["tcp", "udp"] as const).map((protocol) => ({ host, protocol, ports: [{ from: 1, to: 65535 }] })),
    ),
    nameLookup: ["localhost", "*.localhost", "*.example.com", "*.internal"],
    filesystem: preopened.map((path) => ({ path, access: "write", volume: path })),
    environment: Object.keys(hostValues),
    config: Object.keys(hostValues),
  });
}

async function fetched(url: string, ask: Exclude<Ask, "run" | { call: string }>): Promise<string> {
  const answer =
    "script" in ask
      ? await fetch(url, { method: "POST", body: ask.script.join("\n") })
      : await fetch(`${url}${ask.get}${queryOf(ask.query)}`);
  const text = await answer.text();
  return answer.status === 200 ? text : `${answer.status} ${text}`;
}

/** As the guests read it: `+` stays `+`. */
function queryOf(query: Record<string, string> = {}): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}
