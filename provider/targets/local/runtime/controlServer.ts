/** The supervisor's side of the control socket. */
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { type ControlRequest, type Deployment, PROTOCOL, type Reply } from "../controlProtocol.ts";
import type { Deployments } from "./deployments.ts";
import type { LogFile } from "./logFile.ts";

export interface Supervisor {
  nonce: string;
  log: LogFile;
  deployments: Deployments;
  end(reason: string): void;
  /** To be called when somebody may have let go of it: it ends when nobody is left. */
  reconsider(): void;
}

/** Preparing is for one connection at a time; the next one waits. */
let turn: Promise<void> = Promise.resolve();

export function serveControl(socket: Socket, supervisor: Supervisor): void {
  new Connection(socket, supervisor);
}

class Connection {
  readonly #socket: Socket;
  readonly #supervisor: Supervisor;
  /** Set while it is this connection's turn. */
  #releaseTurn: (() => void) | undefined;
  readonly #gone = new AbortController();
  #preparing = false;

  constructor(socket: Socket, supervisor: Supervisor) {
    this.#socket = socket;
    this.#supervisor = supervisor;
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
    let last = Promise.resolve();
    createInterface({ input: socket })
      // It passes the socket's errors on, such as that of an answer to somebody who has gone.
      .on("error", () => {})
      .on("line", (line) => {
        last = last.then(() => this.#answer(line));
      });
  }

  async #answer(line: string): Promise<void> {
    let reply: Reply;
    let stop = false;
    try {
      const request: ControlRequest = JSON.parse(line);
      stop = await this.#handle(request);
      reply = { ok: true, status: this.#status() };
    } catch (error) {
      const { message } = error as Error;
      const property = (error as { property?: string }).property;
      reply = { ok: false, message, ...(property !== undefined && { property }) };
    }
    const text = `${JSON.stringify(reply)}\n`;
    // Whoever asks it to stop waits for the connection's end, by which everything is removed.
    this.#socket.write(text, () => stop && this.#supervisor.end("stopped"));
  }

  /** Whether the supervisor is to end. */
  async #handle(request: ControlRequest): Promise<boolean> {
    const { deployments } = this.#supervisor;
    switch (request.op) {
      case "hello":
        return false;
      case "prepare":
        await this.#prepare(request.deployment);
        return false;
      case "commit":
        if (!this.#releaseTurn) throw new Error("nothing is prepared");
        deployments.commit();
        this.#giveTurn();
        return false;
      case "stop":
        if (request.nonce !== undefined && request.nonce !== this.#supervisor.nonce) {
          throw new Error("another server runs in its place");
        }
        return true;
    }
  }

  async #prepare(deployment: Deployment): Promise<void> {
    const { deployments, log } = this.#supervisor;
    await this.#takeTurn();
    this.#preparing = true;
    try {
      if (!this.#gone.signal.aborted) await deployments.prepare(deployment, this.#gone.signal);
    } catch (error) {
      this.#giveTurn();
      throw explained(error as Error, log);
    } finally {
      this.#preparing = false;
      if (this.#gone.signal.aborted) this.#takeBack();
    }
  }

  #status() {
    const { nonce, deployments } = this.#supervisor;
    return { protocol: PROTOCOL, nonce, pid: process.pid, ...deployments.status };
  }

  async #takeTurn(): Promise<void> {
    if (this.#releaseTurn) return;
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    await before;
    this.#releaseTurn = resolve;
  }

  #giveTurn(): void {
    this.#releaseTurn?.();
    this.#releaseTurn = undefined;
  }

  #close(): void {
    this.#gone.abort();
    if (!this.#preparing) this.#takeBack();
  }

  /** The provider went away: what it prepared and did not commit goes, and so does a server that has nothing else. */
  #takeBack(): void {
    if (this.#releaseTurn) this.#supervisor.deployments.discard();
    this.#giveTurn();
    // Whoever waited for the turn has it by then.
    setImmediate(() => this.#supervisor.reconsider());
  }
}

function explained(error: Error, log: LogFile): Error {
  if ("property" in error) return error;
  const lines = log.lastLines();
  const shown = lines.length > 0 ? `\nThe log's last lines:\n  ${lines.join("\n  ")}` : "";
  return new Error(`The guest did not come up: ${error.message}${shown}`);
}
