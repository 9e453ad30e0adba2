/** What the tests of the local target share: guests, specs, and instances that are gone after the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { noRules } from "../../provider/capabilities/lattice.ts";
import type { Rules } from "../../provider/capabilities/rules.ts";
import {
  type LocalOptions,
  remove,
  type ServerSpec,
  type ServerState,
  start,
} from "../../provider/targets/local/control.ts";
import { transpiledCache } from "./transpiledCache.ts";

const guests = fileURLToPath(new URL("../fixtures/guests/", import.meta.url));

export function componentOf(path: string): ServerSpec["component"] {
  return { path, digest: `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}` };
}

export function guest(name: string): ServerSpec["component"] {
  return componentOf(join(guests, `${name}.wasm`));
}

export function rules(granted: Partial<Rules> = {}): Rules {
  return { ...noRules(), ...granted };
}

/** A guest that answers with a value by which it is told from others. */
export const marked = (mark: string): Partial<ServerSpec> => ({
  rules: rules({ environment: ["MARK"] }),
  environment: { MARK: mark },
});

/** A folder that is removed after the test. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-wasm-local-")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

let instances = 0;

export function specOf(name: string, changes: Partial<ServerSpec> = {}): ServerSpec {
  return {
    id: `test-${process.pid}-${++instances}`,
    name,
    component: changes.component ?? guest(name),
    run: "service",
    rules: rules(),
    environment: {},
    config: {},
    volumes: {},
    limits: { memoryPages: 1024, requestTimeoutMs: 20_000, concurrency: 4 },
    ...changes,
  };
}

/** Options with an instance folder of the test's own. */
export function options(changes: Partial<LocalOptions> = {}): LocalOptions {
  return { directory: folder(), cacheDirectory: transpiledCache, ...changes };
}

export interface Running {
  state: ServerState;
  spec: ServerSpec;
  options: LocalOptions;
  /** The answer's text; fails unless the status is the expected one. */
  get(path: string, init?: RequestInit & { expected?: number }): Promise<string>;
  log(): string;
}

/** Starts a server that is gone after the test. */
export async function serve(name: string, changes: Partial<ServerSpec> = {}): Promise<Running> {
  const spec = specOf(name, changes);
  const where = options();
  onTestFinished(() => remove(spec.id, where));
  const state = await start(spec, where);
  return {
    state,
    spec,
    options: where,
    get: (path, init) => get(`${state.url}${path}`, init),
    log: () => readFileSync(state.logFile, "utf8"),
  };
}

export async function get(
  url: string,
  { expected = 200, ...init }: RequestInit & { expected?: number } = {},
) {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

/** Resolves once the condition holds; the test's own limit ends the wait. */
export async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that ended and was not waited for still has a number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Processes whose parent is `pid`. */
export async function childrenOf(pid: number): Promise<number[]> {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const children: number[] = [];
  for (const name of all) {
    const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => "");
    if (new RegExp(`^PPid:\\s+${pid}$`, "m").test(status)) children.push(Number(name));
  }
  return children;
}

/** Processes of the instance, whoever their parent is: they run in its folder or name it. */
export async function processesOf(directory: string): Promise<number[]> {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found: number[] = [];
  for (const name of all) {
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    const cwd = (() => {
      try {
        return readlinkSync(`/proc/${name}/cwd`);
      } catch {
        return "";
      }
    })();
    if (line.includes(directory) || cwd.startsWith(directory)) found.push(Number(name));
  }
  return found;
}

const provider = fileURLToPath(new URL("../../provider/targets/local/control.ts", import.meta.url));

/** Another process that starts the server, as a provider does, and says what it does on standard output. */
export function startElsewhere(spec: ServerSpec, where: object): ChildProcess {
  const code = `import { start } from ${JSON.stringify(provider)};
    const log = (text) => console.log(text);
    const state = await start(${JSON.stringify(spec)}, { ...${JSON.stringify(where)}, log });
    console.log("started " + JSON.stringify(state));`;
  return spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}
