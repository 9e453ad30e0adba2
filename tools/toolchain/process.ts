import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Called with each line of standard error. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
  /** Lets the program write to this process's output instead. */
  inherit?: boolean;
}

/** What a finished program left. */
export interface RunResult {
  /** Exit code; 1 when a signal ended it. */
  code: number;
  stdout: string;
  /** The last lines of standard error. */
  errors: string[];
}

/** Runs a program to its end, without input. Rejects when it cannot be started or is aborted. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, env, onLine, signal, inherit = false } = options;
  const child = spawn(command, args, {
    stdio: inherit ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
    ...(signal !== undefined && { signal }),
  });
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  const errors: string[] = [];
  if (child.stderr) {
    createInterface(child.stderr).on("line", (line) => {
      onLine?.(line);
      errors.push(line);
      if (errors.length > 20) errors.shift();
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, stdout, errors };
}
