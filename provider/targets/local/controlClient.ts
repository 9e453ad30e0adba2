/** The provider's side of the control socket. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { type ControlRequest, replySchema, type Status } from "./controlProtocol.ts";
import { LocalTargetError } from "./spec.ts";

/** A supervisor that says nothing for so long is taken for dead. */
export const ANSWER_MS = 5_000;

/** The process ended, or was ending, while it was spoken to: another one may be started. */
export class SupervisorGone extends LocalTargetError {}

export class ControlClient {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    const lines = createInterface({ input: socket });
    // It passes the socket's errors on, which end a process that does not take them.
    lines.on("error", () => {});
    // It would wait for ever for the next line of a socket that was destroyed.
    socket.once("close", () => lines.close());
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Undefined when nobody listens there. */
  static connect(path: string): Promise<ControlClient | undefined> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once("connect", () => {
        socket.removeAllListeners("error");
        resolve(new ControlClient(socket));
      });
      socket.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTSOCK")
          resolve(undefined);
        else reject(error);
      });
    });
  }

  /** Waits for the answer, which is an error when the supervisor says so, is silent for `limitMs`, or goes away. */
  async ask(request: ControlRequest, limitMs: number, signal?: AbortSignal): Promise<Status> {
    signal?.throwIfAborted();
    const limit = AbortSignal.timeout(limitMs);
    const stop = AbortSignal.any([limit, ...(signal ? [signal] : [])]);
    const onStop = () => this.#socket.destroy();
    stop.addEventListener("abort", onStop, { once: true });
    try {
      this.#socket.write(`${JSON.stringify(request)}\n`);
      // A process that is killed resets the connection, which the lines pass on as an error.
      const { value } = await this.#lines.next().catch(() => ({ value: undefined }));
      signal?.throwIfAborted();
      if (limit.aborted)
        throw new LocalTargetError(`The server's process did not answer within ${limitMs} ms.`);
      if (value === undefined) throw new SupervisorGone("The server's process ended before it answered.");
      const reply = replySchema.parse(JSON.parse(value));
      if (!reply.ok) throw new LocalTargetError(reply.message, reply.property);
      return reply.status;
    } finally {
      stop.removeEventListener("abort", onStop);
    }
  }

  /** Waits until the supervisor's process has gone. */
  async closed(limitMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#socket.closed) return;
    const stop = AbortSignal.any([AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])]);
    await once(this.#socket, "close", { signal: stop });
  }

  close(): void {
    this.#socket.destroy();
  }
}
