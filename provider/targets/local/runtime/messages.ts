/**
 * What the supervisor, the guest host and its workers tell each other. One request is one channel in both directions; a
 * worker opens further channels for what its guest reaches out to. Bodies flow under credit: a side sends at most
 * `WINDOW` bytes that the other has not taken yet.
 */
import type { Rules } from "../../../capabilities/rules.ts";
import type { FoundApp } from "../apps.ts";

/** Bytes under way in one direction of one channel before its sender must wait. */
export const WINDOW = 256 * 1024;

/** Header names and values; each character stands for one byte (Latin-1). */
export type HeaderList = [name: string, value: string][];

export interface Preopen {
  /** Absolute path in the guest. */
  guest: string;
  /** Real absolute path on the host. */
  host: string;
  write: boolean;
  /** Which folder it was when the server started. */
  device: string;
  inode: string;
}

/** What a guest runs with. Values may be secret: they travel by pipe only. */
export interface GuestConfig {
  /** Folder of the transpiled component: `component.js` and its core modules. */
  code: string;
  rules: Rules;
  environment: Record<string, string>;
  config: Record<string, string>;
  arguments: string[];
  preopens: Preopen[];
  requestTimeoutMs: number;
  concurrency: number;
}

export interface RequestHead {
  method: string;
  /** Path with query, as sent. */
  path: string;
  authority: string | undefined;
  headers: HeaderList;
}

/** Either direction of a channel. */
export type Flow =
  | { type: "data"; channel: number; chunk: Uint8Array }
  | { type: "end"; channel: number; trailers?: HeaderList }
  /** The sender cannot go on with its direction. */
  | { type: "abort"; channel: number; reason: string }
  /** That many bytes were taken. */
  | { type: "credit"; channel: number; bytes: number };

/** Supervisor to guest host; the guest host passes requests and flow on to a worker. */
export type ToHost =
  | { type: "serve"; config: GuestConfig }
  | { type: "job"; config: GuestConfig }
  /** Makes JavaScript and core modules of the component in `file`, into `folder`. */
  | { type: "transpile"; file: string; folder: string }
  | { type: "request"; channel: number; head: RequestHead; hasBody: boolean }
  /** The answer to `findApp`. */
  | { type: "app"; name: string; found: FoundApp }
  | Flow;

export type LogStream = "stdout" | "stderr" | "host";

/** Guest host to supervisor. */
export type FromHost =
  /** The component was compiled and instantiated once without an error; or what was asked for is done. */
  | { type: "ready" }
  | { type: "failed"; message: string }
  | { type: "response"; channel: number; status: number; headers: HeaderList }
  /** No response came and none will. */
  | { type: "refuse"; channel: number; status: number; message: string }
  /** A job has ended. */
  | { type: "exit"; code: number }
  | { type: "log"; stream: LogStream; text: string }
  /** Where does the App of this name listen? */
  | { type: "findApp"; name: string }
  | Flow;

export type IpAddress = { family: 4 | 6; address: string };
export type SocketAddress = IpAddress & { port: number };

/** Worker to guest host, beside what goes on to the supervisor. */
export type Outward =
  | { type: "instance"; state: "ready" | "ended" }
  | { type: "http"; channel: number; request: OutgoingHttp }
  | { type: "tcp"; channel: number; remote: SocketAddress }
  | { type: "udp"; channel: number; family: 4 | 6 }
  | { type: "udpConnect"; channel: number; remote: SocketAddress | undefined }
  | { type: "datagram"; channel: number; data: Uint8Array; remote: SocketAddress }
  | { type: "lookup"; channel: number; name: string }
  /** The guest has dropped what the channel stands for. */
  | { type: "close"; channel: number };

export interface OutgoingHttp {
  method: string;
  scheme: "http" | "https";
  authority: string;
  path: string;
  headers: HeaderList;
  connectTimeoutMs: number | undefined;
  firstByteTimeoutMs: number | undefined;
  betweenBytesTimeoutMs: number | undefined;
}

/** Guest host to worker, beside requests and flow. */
export type Inward =
  | { type: "httpResponse"; channel: number; status: number; headers: HeaderList }
  | { type: "httpError"; channel: number; code: HttpErrorCode }
  | { type: "connected"; channel: number; local: SocketAddress; remote?: SocketAddress }
  | { type: "datagram"; channel: number; data: Uint8Array; remote: SocketAddress }
  | { type: "addresses"; channel: number; addresses: IpAddress[] }
  /** What was asked on the channel is done. */
  | { type: "done"; channel: number }
  /** A `wasi:sockets/network.error-code`. */
  | { type: "socketError"; channel: number; code: string };

/** A `wasi:http/types.error-code`, as jco passes it. */
export type HttpErrorCode = { tag: string; val?: unknown };

export type ToWorker =
  | { type: "request"; channel: number; head: RequestHead; hasBody: boolean }
  | Flow
  | Inward;
export type FromWorker = FromHost | Outward;

/** What a worker thread is started with. */
export interface WorkerData {
  config: GuestConfig;
  modules: Map<string, WebAssembly.Module>;
  /** Two 32 bit integers: raised after each message to the worker, so that it can wait for one; 1 while it waits. */
  signal: SharedArrayBuffer;
  port: import("node:worker_threads").MessagePort;
  run: "service" | "job";
}
