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
}

/** Preparing is for one connection at a time; the next one waits. */
let turn: Promise<void> = Promise.resolve();

export function serveControl(socket: Socket, supervisor: Supervisor): void {
  new Connection(socket, supervisor);
}

class Connection {
  readonly #socket: Socket;
  readonly #supervisor: Supervisor;
  #releaseTurn: (() => void) | undefined;
  #gone = false;
  #preparing = false;
  /** Whether it asked for a version: then it answers for a server that has none. */
  #asked = false;

  constructor(socket: Socket, supervisor: Supervisor) {
    this.#socket = socket;
    this.#supervisor = supervisor;
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
    let last = Promise.resolve();
    createInterface({ input: socket }).on("line", (line) => {
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
    if (!stop) this.#socket.write(text);
    else this.#socket.end(text, () => this.#supervisor.end("stopped"));
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
    this.#asked = true;
    await this.#takeTurn();
    this.#preparing = true;
    try {
      if (!this.#gone) await deployments.prepare(deployment);
    } catch (error) {
      this.#giveTurn();
      throw explained(error as Error, log);
    } finally {
      this.#preparing = false;
      if (this.#gone) this.#takeBack();
    }
  }

  #status() {
    const { nonce, deployments } = this.#supervisor;
    return { protocol: PROTOCOL, nonce, pid: process.pid, ...deployments.status };
  }

  async #takeTurn(): Promise<void> {
    if (this.#releaseTurn) return;
    const before = turn;
    turn = new Promise((resolve) => {
      this.#releaseTurn = resolve;
    });
    await before;
  }

  #giveTurn(): void {
    this.#releaseTurn?.();
    this.#releaseTurn = undefined;
  }

  #close(): void {
    this.#gone = true;
    if (this.#asked && !this.#preparing) this.#takeBack();
  }

  /** The provider went away: what it prepared and did not commit goes, and so does a server that has nothing else. */
  #takeBack(): void {
    const { deployments } = this.#supervisor;
    if (this.#releaseTurn) deployments.discard();
    this.#giveTurn();
    setImmediate(() => {
      if (deployments.isUnused) this.#supervisor.end("the start was given up: stopping");
    });
  }
}

function explained(error: Error, log: LogFile): Error {
  if ("property" in error) return error;
  const lines = log.lastLines();
  const shown = lines.length > 0 ? `\nThe log's last lines:\n  ${lines.join("\n  ")}` : "";
  return new Error(`The guest did not come up: ${error.message}${shown}`);
}
