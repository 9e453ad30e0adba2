import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { nodeFlags } from "../tools/build/launcher.ts";
import { TaskError, taskSignal } from "../tools/task.ts";
import { run } from "../tools/toolchain/process.ts";

const startLimitMs = 30_000;

/** A server that printed its port. */
export interface PluginProcess extends AsyncDisposable {
  port: number;
  child: ChildProcess;
  /** Milliseconds from the start of the process to its port. */
  toPort: number;
  /** `performance.now()` when the process was started. */
  started: number;
}

/** Starts a script with this Node, as the engine starts a plugin, and waits for the port on its standard output. */
export async function startPlugin(
  script: string,
  { nodeArguments = [], env = {} }: { nodeArguments?: string[]; env?: Record<string, string> } = {},
): Promise<PluginProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, ...nodeArguments, script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
    signal: taskSignal,
  });
  child.on("error", () => undefined);
  const lines = createInterface(child.stdout as NodeJS.ReadableStream);
  const [line] = (await Promise.race([
    once(lines, "line", { signal: AbortSignal.timeout(startLimitMs) }),
    once(child, "exit").then(() => ["nothing"]),
  ])) as [string];
  const toPort = performance.now() - started;
  const port = Number(line);
  if (!Number.isInteger(port)) throw new TaskError(`${script} printed ${line} instead of its port.`);
  return { port, child, toPort, started, [Symbol.asyncDispose]: () => end(child) };
}

/** Ends a process that this one started, at once. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** Memory that a process holds, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
  const kibibytes = status
    ? /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
    : (await run("ps", ["-o", "rss=", "-p", String(pid)])).stdout.trim();
  return Number(kibibytes) * 1024;
}

export function megabytes(bytes: number): number {
  return bytes / 1e6;
}

/** Processes that this one starts from now on, as long as they are there. Linux only: elsewhere it sees none. */
export class ChildWatch {
  readonly #before = new Set(children());

  pids(): number[] {
    return children().filter((pid) => !this.#before.has(pid));
  }

  /** Memory that they hold together, in bytes. */
  async residentBytes(): Promise<number> {
    const sizes = await Promise.all(this.pids().map(residentBytes));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

function children(): number[] {
  const path = `/proc/self/task/${process.pid}/children`;
  const list = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return list === "" ? [] : list.split(" ").map(Number);
}
