/** The commands that pushes and pulls are measured beside, and the files that all of them send. */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TaskError, taskSignal } from "../tools/task.ts";
import { tool } from "../tools/toolchain/index.ts";
import { run } from "../tools/toolchain/process.ts";
import type { Figure } from "./figures.ts";
import { median, ratio, timed } from "./measure.ts";
import { echo, padded } from "./modules.ts";

/** Bytes of what is pushed and pulled. */
const artifactBytes = 20_000_000;
export const artifactSize = `${artifactBytes / 1e6} MB`;
/** Of the time of the others, and of memory in MB. */
export const goals = { times: 1, megabytes: 120 };

type Other = "oras" | "wkg";

/** `oras` and `wkg` as their users run them, on one registry. Resolve to milliseconds from the start of the process to its end. */
export class Others {
  readonly #host: string;
  readonly #folder: string;
  readonly #programs: Record<Other, string>;
  #pulls = 0;

  private constructor(host: string, folder: string, programs: Record<Other, string>) {
    this.#host = host;
    this.#folder = folder;
    this.#programs = programs;
  }

  static async find(host: string, folder: string): Promise<Others> {
    return new Others(host, folder, { oras: await tool("oras"), wkg: await tool("wkg") });
  }

  push(other: Other, { folder, name }: SourceFile): Promise<number> {
    const target = `${this.#host}/bench/${other}`;
    const commands = {
      oras: ["push", "--plain-http", target, `${name}:application/wasm`],
      wkg: ["oci", "push", `${target}:latest`, name, "--insecure", this.#host],
    };
    return timed(() => succeed(this.#programs[other], commands[other], folder));
  }

  async pull(other: Other, reference: string): Promise<number> {
    const target = join(this.#folder, `pulled-${this.#pulls++}`);
    const commands = {
      oras: ["pull", "--plain-http", reference, "-o", target],
      wkg: ["oci", "pull", reference, "-o", target, "--insecure", this.#host],
    };
    const time = await timed(() => succeed(this.#programs[other], commands[other]));
    // Some of them pass over, without a word, what they find no name for.
    const file = other === "oras" ? join(target, "component.wasm") : target;
    const { size } = await stat(file);
    if (size !== artifactBytes) throw new TaskError(`${other} pulled ${size} bytes of ${artifactBytes}.`);
    await rm(target, { recursive: true });
    return time;
  }
}

export interface SourceFile {
  folder: string;
  name: string;
  path: string;
}

/** Components of one size, no two of the same bytes: whatever is kept of one serves no other. */
export class SourceFiles {
  readonly #folder: string;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Gives a file to `use`, and removes it. */
  async with<T>(use: (file: SourceFile) => Promise<T>): Promise<T> {
    const name = `component-${this.#count}.wasm`;
    const path = join(this.#folder, name);
    await writeFile(path, padded(await readFile(echo), artifactBytes, this.#count++));
    try {
      return await use({ folder: this.#folder, name, path });
    } finally {
      await rm(path);
    }
  }
}

/** What was measured, beside each of the others in the same run. @param atMost the goal, where there is one */
export function besideOthers(
  name: string,
  own: readonly number[],
  others: Readonly<Record<Other, readonly number[]>>,
  atMost?: number,
): Figure[] {
  return (["oras", "wkg"] as const).map((other) => ({
    name,
    value: ratio(own, others[other]),
    unit: "times",
    against: `that of \`${other}\` (${Math.round(median(own))} ms, and ${Math.round(median(others[other]))} ms)`,
    ...(atMost !== undefined && { atMost }),
    samples: { own, [other]: others[other] },
  }));
}

/** Runs a program to its end; resolves to what it prints. */
export async function succeed(program: string, args: string[], cwd?: string): Promise<string> {
  const options = { signal: taskSignal, ...(cwd !== undefined && { cwd }) };
  const { code, stdout, errors } = await run(program, args, options);
  if (code !== 0) throw new TaskError(`${program} ${args.join(" ")} failed:\n${errors.join("\n")}`);
  return stdout;
}
