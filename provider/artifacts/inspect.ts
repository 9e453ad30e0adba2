import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pluginFile } from "../pluginFiles.ts";
import { type Digest, hexOf } from "./digest.ts";
import { ArtifactError, throwIfCancelled } from "./errors.ts";
import { type Inspection, inspectionSchema, inspectorVersion } from "./inspection.ts";
import type { InspectReply, InspectRequest } from "./inspectorProcess.ts";
import { damaged, missing, type Store } from "./store.ts";

/** Memory of the parser in pages of 64 KiB: 2 GiB, where a module may have 256 MiB. */
const maxMemoryPages = 32_768;

export interface InspectorOptions {
  /** How long one module may take. Default 60 000. */
  timeoutMilliseconds?: number;
  /** How long the process waits for another module before it ends. Default 2 000. */
  idleMilliseconds?: number;
  /** The process's script. Default: the one that is shipped. */
  script?: string;
}

/**
 * Inspects modules in a process of their own, one after the other: a fault costs that process only, and its memory goes
 * with it, which that of a thread does not. Results are kept on disk by digest and version of the inspector, so that the
 * same bytes are parsed once on a machine; while they are known, no process starts and no parser is loaded.
 */
export class Inspector {
  private readonly store: Store;
  private readonly options: Required<Omit<InspectorOptions, "script">> & { script: string | undefined };
  private parser: ChildProcess | undefined;
  private idle: NodeJS.Timeout | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(store: Store, options: InspectorOptions = {}) {
    this.store = store;
    this.options = {
      timeoutMilliseconds: options.timeoutMilliseconds ?? 60_000,
      idleMilliseconds: options.idleMilliseconds ?? 2_000,
      script: options.script,
    };
  }

  /**
   * Inspects bytes of the store.
   *
   * @throws ArtifactError `not-deployable`, `invalid`, `not-found`, `damaged`, `time-limit`, `cancelled`
   */
  async inspect(digest: Digest, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Inspection> {
    throwIfCancelled(signal);
    const known = await this.recall(digest);
    if (known) return known;
    throwIfCancelled(signal);
    const inspection = await orCancelled(
      this.inTurn(() => this.parse(digest, signal)),
      signal,
    );
    await this.remember(inspection);
    return inspection;
  }

  /** Ends the process, and an inspection under way as cancelled; inspecting again starts another. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    const { parser } = this;
    this.parser = undefined;
    if (!parser || parser.exitCode !== null || parser.signalCode !== null) return;
    const ended = once(parser, "exit");
    parser.kill("SIGKILL");
    await ended;
  }

  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.queue.then(task);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async parse(digest: Digest, signal: AbortSignal | undefined): Promise<Inspection> {
    throwIfCancelled(signal);
    // Another caller may have asked for the same bytes meanwhile.
    const known = await this.recall(digest);
    if (known) return known;
    clearTimeout(this.idle);
    let reply: InspectReply;
    try {
      reply = await this.ask({ path: this.store.path(digest), digest }, signal);
    } catch (error) {
      await this.close();
      throw error;
    }
    if ("inspection" in reply) {
      this.idle = setTimeout(() => void this.close(), this.options.idleMilliseconds).unref();
      return inspectionSchema.parse(reply.inspection);
    }
    // After an error the parser may be unusable.
    await this.close();
    throw await this.failure(digest, reply.error);
  }

  private async failure(
    digest: Digest,
    error: Extract<InspectReply, { error: unknown }>["error"],
  ): Promise<Error> {
    if (error.code === "internal") return new Error(`The inspection of ${digest} failed: ${error.message}`);
    if (error.code === "not-found") return missing(digest);
    if (error.code !== "damaged") return new ArtifactError(error.code, error.message);
    await this.store.discard(digest);
    return damaged(digest);
  }

  private async ask(request: InspectRequest, signal: AbortSignal | undefined): Promise<InspectReply> {
    const parser = this.start();
    const limit = AbortSignal.timeout(this.options.timeoutMilliseconds);
    const done = new AbortController();
    const stop = AbortSignal.any([limit, done.signal, ...(signal ? [signal] : [])]);
    keepAlive(parser, true);
    try {
      parser.send(request);
      return await Promise.race([replyOf(parser, stop), endOf(parser, stop)]);
    } catch (error) {
      if (signal?.aborted || this.parser !== parser) throw cancelled();
      if (limit.aborted) throw tooLong(this.options.timeoutMilliseconds);
      throw tooHard(error);
    } finally {
      done.abort();
      keepAlive(parser, false);
    }
  }

  /** Without the provider's environment and output, and without rights but to read: what it parses comes from outside. */
  private start(): ChildProcess {
    this.parser ??= fork(this.options.script ?? pluginFile("inspector.js"), {
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [
        "--permission",
        "--allow-fs-read=*",
        "--allow-worker",
        `--wasm-max-mem-pages=${maxMemoryPages}`,
      ],
    });
    return this.parser;
  }

  private recordPath(digest: Digest): string {
    return join(this.store.folder, "inspections", inspectorVersion, `${hexOf(digest)}.json`);
  }

  async recall(digest: Digest): Promise<Inspection | undefined> {
    const text = await readFile(this.recordPath(digest), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const inspection = inspectionSchema.parse(JSON.parse(text));
      return inspection.digest === digest ? inspection : undefined;
    } catch {
      // Not ours, or damaged: it is written anew.
      return undefined;
    }
  }

  /** Without this record the next run parses again: failing to write it is no reason to fail. */
  private async remember(inspection: Inspection): Promise<void> {
    const path = this.recordPath(inspection.digest);
    const temporary = `${path}.${randomUUID()}`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(temporary, JSON.stringify(inspection), { mode: 0o600 });
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

/** Whether the provider's own end waits for the process. */
function keepAlive(parser: ChildProcess, alive: boolean): void {
  for (const handle of [parser, parser.channel]) alive ? handle?.ref() : handle?.unref();
}

async function replyOf(parser: ChildProcess, signal: AbortSignal): Promise<InspectReply> {
  const [reply] = await once(parser, "message", { signal });
  return reply;
}

async function endOf(parser: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code, killedBy] = await once(parser, "exit", { signal });
  throw new Error(`it ended with ${code ?? killedBy}`);
}

/** Lets a caller go at once, also while it still waits for its turn. */
async function orCancelled<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  const done = new AbortController();
  const abort = once(signal, "abort", { signal: done.signal }).then(() => {
    throw cancelled();
  });
  try {
    return await Promise.race([result, abort]);
  } finally {
    done.abort();
  }
}

function cancelled(): ArtifactError {
  return new ArtifactError("cancelled", "Cancelled.");
}

function tooLong(milliseconds: number): ArtifactError {
  return new ArtifactError(
    "time-limit",
    `The module could not be inspected within ${milliseconds / 1000} seconds.`,
  );
}

function tooHard(cause: unknown): ArtifactError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ArtifactError(
    "invalid",
    `The module could not be parsed within the limits of memory (${detail}). Build it again, smaller.`,
    { cause },
  );
}
