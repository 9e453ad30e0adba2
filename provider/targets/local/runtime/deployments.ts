/** The versions of one App: the one that serves, and the one that is prepared to take its place. */
import { randomUUID } from "node:crypto";
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { announceApp } from "../apps.ts";
import type { Deployment } from "../controlProtocol.ts";
import type { LogFile } from "./logFile.ts";
import { type Listener, listen } from "./server.ts";
import { Version } from "./version.ts";

/** Beyond its time limit, what an answer of the former version may take to reach its client. */
const DRAIN_EXTRA_MS = 5_000;

interface Prepared {
  version: Version;
  code: string;
  /** Set when the version wants another port. */
  listener: Listener | undefined;
}

export class Deployments {
  readonly #folder: string;
  readonly #log: LogFile;
  #serving: { version: Version; code: string } | undefined;
  #listener: Listener | undefined;
  #prepared: Prepared | undefined;
  #preparing = false;

  constructor(folder: string, log: LogFile) {
    this.#folder = folder;
    this.#log = log;
  }

  get isUnused(): boolean {
    return !this.#serving && !this.#prepared && !this.#preparing;
  }

  /** Whether a version was ever committed. */
  get isServing(): boolean {
    return this.#serving !== undefined;
  }

  get status() {
    const shown = this.#serving?.version ?? this.#prepared?.version;
    return {
      id: shown?.deployment.id ?? "",
      port: (this.#serving ? this.#listener : (this.#prepared?.listener ?? this.#listener))?.port ?? 0,
      digest: shown?.deployment.digest ?? "",
      ready: shown?.ready ?? false,
      restarts: shown?.restarts ?? 0,
      logFile: this.#log.path,
    };
  }

  /**
   * Starts the version beside the one that serves, and resolves once it answers. Leaves nothing behind when it fails or
   * the signal ends it.
   */
  async prepare(deployment: Deployment, signal: AbortSignal): Promise<void> {
    this.#preparing = true;
    const code = join(this.#folder, `code-${randomUUID().slice(0, 8)}`);
    let listener: Listener | undefined;
    try {
      const port = deployment.port ?? this.#listener?.port ?? 0;
      if (port === 0 || port !== this.#listener?.port) {
        listener = await listen(port, () => this.#serving?.version);
      }
      keepCode(deployment.code, code);
      const version = new Version(deployment, code, this.#log, dirname(this.#folder));
      this.#log.write("host", `starting ${deployment.digest}`);
      signal.throwIfAborted();
      await version.start(signal);
      this.#prepared = { version, code, listener };
    } catch (error) {
      listener?.close();
      rmSync(code, { recursive: true, force: true });
      throw error;
    } finally {
      this.#preparing = false;
    }
  }

  /** The prepared version serves from now on; the former one ends after its last answer. */
  commit(): void {
    const next = this.#prepared;
    if (!next) throw new Error("nothing is prepared");
    const { application, name } = next.version.deployment;
    if (application !== undefined) announceApp(this.#folder, application, name);
    this.#prepared = undefined;
    const former = this.#serving;
    this.#serving = next;
    if (next.listener) {
      this.#listener?.close();
      this.#listener = next.listener;
    }
    this.#log.write("host", `serving ${next.version.deployment.digest} on port ${this.#listener?.port}`);
    if (!former) return;
    const limit = former.version.deployment.guest.requestTimeoutMs + DRAIN_EXTRA_MS;
    void former.version.drain(limit).then(() => rmSync(former.code, { recursive: true, force: true }));
  }

  /** Takes back what was prepared and not committed. */
  discard(): void {
    const dropped = this.#prepared;
    this.#prepared = undefined;
    if (!dropped) return;
    dropped.version.stop();
    dropped.listener?.close();
    rmSync(dropped.code, { recursive: true, force: true });
  }

  stop(): void {
    this.discard();
    this.#serving?.version.stop();
    this.#listener?.close();
  }
}

/** The cache may lose the code at any time; a server that runs keeps what it needs to start its guest again. */
function keepCode(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    try {
      linkSync(join(from, name), join(to, name));
    } catch {
      copyFileSync(join(from, name), join(to, name));
    }
  }
}
