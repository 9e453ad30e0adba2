/** `wasi:clocks`, `wasi:random` and `wasi:cli` (0.2.x), as far as the grants leave them on. */
import { getRandomValues } from "node:crypto";
import type { GuestConfig, LogStream } from "../messages.ts";
import { GuestExit } from "./errors.ts";
import { emptySource, InputStream, nowhere, OutputStream, type Pollable, type Sink, timer } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";

export function clockInterfaces(mailbox: Mailbox) {
  const now = () => process.hrtime.bigint();
  return {
    "wasi:clocks/monotonic-clock": {
      now,
      resolution: () => 1n,
      subscribeInstant: (when: bigint): Pollable => timer(mailbox, when),
      subscribeDuration: (duration: bigint): Pollable => timer(mailbox, now() + duration),
    },
    "wasi:clocks/wall-clock": {
      now: () => {
        const milliseconds = Date.now();
        return { seconds: BigInt(Math.floor(milliseconds / 1e3)), nanoseconds: (milliseconds % 1e3) * 1e6 };
      },
      resolution: () => ({ seconds: 0n, nanoseconds: 1_000_000 }),
    },
    "wasi:clocks/timezone": {
      display: () => ({ utcOffset: 0, name: "UTC", inDaylightSavingTime: false }),
      utcOffset: () => 0,
    },
  };
}

/** `getRandomValues` gives no more than this at once. */
const RANDOM_PART = 65_536;

function randomBytes(length: bigint): Uint8Array {
  const bytes = new Uint8Array(Number(length));
  for (let at = 0; at < bytes.length; at += RANDOM_PART)
    getRandomValues(bytes.subarray(at, at + RANDOM_PART));
  return bytes;
}

function randomU64(): bigint {
  return getRandomValues(new BigUint64Array(1))[0] ?? 0n;
}

export function randomInterfaces() {
  return {
    "wasi:random/random": { getRandomBytes: randomBytes, getRandomU64: randomU64 },
    "wasi:random/insecure": { getInsecureRandomBytes: randomBytes, getInsecureRandomU64: randomU64 },
    "wasi:random/insecure-seed": { insecureSeed: () => [randomU64(), randomU64()] },
  };
}

const LINE_LIMIT = 16 * 1024;

/** Sends whole lines to the log; the rest of a line when it grows too long, or at the end. */
class LogSink implements Sink {
  readonly #mailbox: Mailbox;
  readonly #stream: LogStream;
  readonly #decoder = new TextDecoder();
  #line = "";
  constructor(mailbox: Mailbox, stream: LogStream) {
    this.#mailbox = mailbox;
    this.#stream = stream;
  }
  budget(): number {
    return 64 * 1024;
  }
  write(bytes: Uint8Array): void {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#line = lines.pop() ?? "";
    if (this.#line.length > LINE_LIMIT) {
      lines.push(this.#line);
      this.#line = "";
    }
    if (lines.length > 0) this.#mailbox.send({ type: "log", stream: this.#stream, text: lines.join("\n") });
  }
  flush(): void {}
  isReady(): boolean {
    return true;
  }
  close(): void {}
  end(): void {
    if (this.#line !== "") this.#mailbox.send({ type: "log", stream: this.#stream, text: this.#line });
    this.#line = "";
  }
}

class TerminalInput {}
class TerminalOutput {}

/** The variables that a guest sees: granted and bound. */
function granted(keys: string[], values: Record<string, string>): [string, string][] {
  return [...new Set(keys)].flatMap((key) => {
    const value = values[key];
    return value === undefined ? [] : [[key, value] as [string, string]];
  });
}

export function cliInterfaces(mailbox: Mailbox, config: GuestConfig) {
  const { stdio } = config.rules.ambient;
  const out = new LogSink(mailbox, "stdout");
  const err = new LogSink(mailbox, "stderr");
  // Without the grant output goes nowhere: many programs print, and few survive that it fails.
  const output = (sink: Sink) => new OutputStream(mailbox, stdio ? sink : nowhere);
  const environment = granted(config.rules.environment, config.environment);
  const exit = (code: number) => {
    throw new GuestExit(code);
  };
  const interfaces = {
    "wasi:cli/environment": {
      getEnvironment: () => environment,
      getArguments: () => config.arguments,
      initialCwd: () => undefined,
    },
    "wasi:cli/exit": {
      exit: (status: { tag: "ok" | "err" }) => exit(status.tag === "ok" ? 0 : 1),
      exitWithCode: exit,
    },
    "wasi:cli/stdin": { getStdin: () => new InputStream(mailbox, emptySource) },
    "wasi:cli/stdout": { getStdout: () => output(out) },
    "wasi:cli/stderr": { getStderr: () => output(err) },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
  };
  const endLines = () => {
    out.end();
    err.end();
  };
  return { interfaces, endLines };
}

/** `wasi:config` in its two published shapes: `store` (0.2.0-rc.1) and `runtime` (0.2.0-draft). */
export function configInterfaces(config: GuestConfig) {
  const values = new Map(granted(config.rules.config, config.config));
  const store = { get: (key: string) => values.get(key), getAll: () => [...values] };
  return { "wasi:config/store": store, "wasi:config/runtime": store };
}
