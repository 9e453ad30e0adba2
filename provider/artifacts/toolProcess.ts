import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { ArtifactError, throwIfCancelled } from "./errors.ts";

export interface ToolOptions {
  /** The process's script. */
  script: () => string;
  /** How long one request may take. */
  timeoutMilliseconds: number;
  /** How long the process waits for another request before it ends. */
  idleMilliseconds: number;
  /** Memory of WebAssembly in pages of 64 KiB. */
  maxMemoryPages: number;
}

/** Why a request has no answer. */
export type ToolFailure = "cancelled" | "time-limit" | "ended";

export class ToolError extends Error {
  readonly reason: ToolFailure;
  constructor(reason: ToolFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * Requests to a process of its own, one after the other. It starts with the first one and ends when it has had nothing to
 * do for a while, after a fault, and when a request is given up: a fault costs one request, and memory goes with it.
 */
export class ToolProcess {
  private readonly options: ToolOptions;
  private child: ChildProcess | undefined;
  private idle: NodeJS.Timeout | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(options: ToolOptions) {
    this.options = options;
  }

  /**
   * Sends a request in its turn. `isFault` tells replies after which the process is not used again.
   *
   * @throws ToolError, and ArtifactError `cancelled` at once when the caller's signal aborts
   */
  async ask(
    request: object,
    isFault: (reply: unknown) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const result = this.queue.then(async () => {
      throwIfCancelled(signal);
      clearTimeout(this.idle);
      try {
        const reply = await this.exchange(request, signal);
        if (isFault(reply)) await this.close();
        else this.idle = setTimeout(() => void this.close(), this.options.idleMilliseconds).unref();
        return reply;
      } catch (error) {
        await this.close();
        throw error;
      }
    });
    this.queue = result.catch(() => undefined);
    return orCancelled(result, signal);
  }

  /** Ends the process, and a request under way as cancelled; asking again starts another. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.ref();
    child.kill("SIGKILL");
    await ended;
  }

  private async exchange(request: object, signal: AbortSignal | undefined): Promise<unknown> {
    const child = this.start();
    const limit = AbortSignal.timeout(this.options.timeoutMilliseconds);
    const done = new AbortController();
    const stop = AbortSignal.any([limit, done.signal, ...(signal ? [signal] : [])]);
    keepAlive(child, true);
    try {
      child.send(request);
      return await Promise.race([replyOf(child, stop), endOf(child, stop)]);
    } catch (error) {
      if (signal?.aborted || this.child !== child) throw cancelled();
      if (limit.aborted) throw new ToolError("time-limit", "", { cause: error });
      throw new ToolError("ended", error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      done.abort();
      keepAlive(child, false);
    }
  }

  /** Without the provider's environment and output, and without rights but to read: what it parses comes from outside. */
  private start(): ChildProcess {
    this.child ??= fork(this.options.script(), {
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      // Bytes are sent as they are, not as text.
      serialization: "advanced",
      execArgv: [
        "--permission",
        "--allow-fs-read=*",
        "--allow-worker",
        `--wasm-max-mem-pages=${this.options.maxMemoryPages}`,
      ],
    });
    return this.child;
  }
}

/** Whether the provider's own end waits for the process. */
function keepAlive(child: ChildProcess, alive: boolean): void {
  for (const handle of [child, child.channel]) alive ? handle?.ref() : handle?.unref();
}

async function replyOf(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  const [reply] = await once(child, "message", { signal });
  return reply;
}

async function endOf(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code, killedBy] = await once(child, "exit", { signal });
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
