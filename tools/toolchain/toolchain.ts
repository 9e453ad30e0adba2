import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { withLock } from "../lock.mjs";
import { TaskError } from "../task.ts";
import { fileName, findBeside, findOnPath, isAtLeast, versionOf } from "./path.ts";
import { type Tool, Unavailable } from "./tool.ts";

const progressMs = 15_000;

export interface ToolchainOptions {
  /** Folder of the obtained tools, one folder each by name and version. */
  cache: string;
  /** Takes a line for the person who waits. */
  log: (line: string) => void;
  signal?: AbortSignal;
}

interface Located {
  path: string;
  /** Found on PATH, and so not in need of a place on it. */
  onPath: boolean;
}

/**
 * Finds tools on PATH or in the cache, and obtains into the cache what is missing. Safe to use from several
 * processes at once: one obtains a tool, and the others wait for it.
 */
export class Toolchain<Name extends string> {
  readonly #tools: Record<Name, Tool>;
  readonly #options: ToolchainOptions;
  readonly #located = new Map<Name, Promise<Located>>();

  constructor(tools: Record<Name, Tool>, options: ToolchainOptions) {
    this.#tools = tools;
    this.#options = options;
  }

  /** The absolute path of a tool's executable. Rejects with a `TaskError` of three lines when it cannot be had. */
  async tool(name: Name): Promise<string> {
    return (await this.#locate(name)).path;
  }

  /** A value for PATH with which these tools are found, before all others. */
  async toolPath(names: Name[]): Promise<string> {
    const folders = new Set<string>();
    // One after another: two builds at once would only slow each other down.
    for (const name of names) {
      const { path, onPath } = await this.#locate(name);
      if (!onPath) folders.add(dirname(path));
    }
    return [...folders, process.env.PATH ?? ""].join(delimiter);
  }

  #locate(name: Name): Promise<Located> {
    const known = this.#located.get(name);
    if (known) return known;
    const located = this.#find(name);
    this.#located.set(name, located);
    return located;
  }

  async #find(name: Name): Promise<Located> {
    const tool = this.#tools[name];
    const tried: string[] = [];
    const found = await this.#onPath(tool, tried);
    if (found !== undefined) return { path: found, onPath: true };

    const folder = join(this.#options.cache, name, `${tool.version}-${process.platform}-${process.arch}`);
    const path = join(folder, fileName(tool.executable));
    if (await exists(path)) return { path, onPath: false };
    const { log, signal } = this.#options;
    const onWait = (pid: number) =>
      log(`${name} ${tool.version}: waiting for process ${pid}, which is getting it`);
    const obtain = async () => {
      if (!(await exists(path))) await this.#obtain(name, folder, tried);
    };
    await withLock(`${folder}.lock`, obtain, { onWait, ...(signal && { signal }) });
    return { path, onPath: false };
  }

  async #onPath({ executable, onPath }: Tool, tried: string[]): Promise<string | undefined> {
    if (onPath === undefined) return undefined;
    if ("bundledWith" in onPath) {
      const main = await this.#locate(onPath.bundledWith as Name);
      if (!main.onPath) return undefined;
      return (await findBeside(main.path, executable)) ?? (await findOnPath(executable));
    }
    const path = await findOnPath(executable);
    if (path === undefined) {
      tried.push("PATH (not there)");
      return undefined;
    }
    const version = await versionOf(path, onPath.versionArguments);
    if (version !== undefined && isAtLeast(version, onPath.minimum)) return path;
    tried.push(`PATH (${path} is ${version ?? "of no known version"}, and ${onPath.minimum} is needed)`);
    return undefined;
  }

  /** Obtains a tool beside its place and moves it there whole. The caller holds the tool's lock. */
  async #obtain(name: Name, folder: string, tried: string[]): Promise<void> {
    const tool = this.#tools[name];
    await removeAborted(folder);
    for (const source of tool.sources) {
      const own = `${folder}.tmp-${randomBytes(6).toString("hex")}`;
      await mkdir(own, { recursive: true });
      const progress = this.#progress(`${name} ${tool.version}`);
      try {
        const signal = this.#options.signal ?? new AbortController().signal;
        await source.obtain({ folder: own, executable: tool.executable, report: progress.report, signal });
        await rename(own, folder);
        progress.done();
        return;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        tried.push(`${source.name} (${error.message})`);
      } finally {
        progress.stop();
        await rm(own, { recursive: true, force: true });
      }
    }
    throw new TaskError(
      [
        `${name} ${tool.version} could not be had.`,
        `Tried: ${tried.join("; ")}.`,
        `Install ${tool.install}.`,
      ].join("\n"),
    );
  }

  /** Logs the first report at once, and the latest one from time to time. */
  #progress(title: string): { report: (what: string) => void; done: () => void; stop: () => void } {
    const started = Date.now();
    const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
    let latest: string | undefined;
    const timer = setInterval(
      () => this.#options.log(`${title}: ${latest ?? "working"}, ${elapsed()}`),
      progressMs,
    );
    return {
      report: (what) => {
        if (latest === undefined)
          this.#options.log(`${title}: ${what} (once; it is kept in ${this.#options.cache})`);
        latest = what;
      },
      done: () => this.#options.log(`${title}: done in ${elapsed()}`),
      stop: () => clearInterval(timer),
    };
  }
}

/** Nobody else works on this tool, so what lies about was left by a process that was killed. */
async function removeAborted(folder: string): Promise<void> {
  const parent = dirname(folder);
  const names = await readdir(parent);
  const aborted = names.map((name) => join(parent, name)).filter((path) => path.startsWith(`${folder}.tmp-`));
  await Promise.all([folder, ...aborted].map((path) => rm(path, { recursive: true, force: true })));
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
