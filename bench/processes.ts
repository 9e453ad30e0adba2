import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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
