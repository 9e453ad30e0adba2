import type { Rules } from "../../capabilities/rules.ts";
import { UserError } from "../../errors.ts";

/** What bounds one guest. */
export interface Limits {
  /** Most memory of each linear memory, in pages of 64 KiB (at most 65536, which is 4 GiB). */
  memoryPages: number;
  /** A request that has not been answered to its end by then is ended (504, or a cut connection). Milliseconds. */
  requestTimeoutMs: number;
  /** Requests that run at the same time, each on its own thread; more wait in a queue. */
  concurrency: number;
}

/** What a guest runs with, whether as a service or as a job. */
export interface GuestSpec {
  /**
   * Names the instance for good (stack and URN, for instance). The same id always means the same instance folder, so that
   * whoever comes next finds, takes over or removes what an interrupted run left behind.
   */
  id: string;
  /** How messages and the log call the guest, and other Apps of its stack call it. */
  name: string;
  /** Names the stack, the same for all of its Apps: they may call one another by name. Absent: it calls nobody, and nobody it. */
  application?: string;
  /** The component's file in the content store, and the digest of its content (`sha256:…`). */
  component: { path: string; digest: string };
  /** What the guest may do. Everything that is not named is denied. */
  rules: Rules;
  /** Values by key; only keys that `rules.environment` names reach the guest. They may be secret: never written to disk. */
  environment: Record<string, string>;
  /** Values by key; only keys that `rules.config` names reach the guest. They may be secret: never written to disk. */
  config: Record<string, string>;
  /** Absolute host folders by the volume names that `rules.filesystem` uses. */
  volumes: Record<string, string>;
  limits: Limits;
  /** `wasi:cli/environment`'s arguments, without the program's name in front. */
  arguments?: string[];
}

/** A guest that serves `wasi:http/incoming-handler@0.2.x` on 127.0.0.1. */
export interface ServerSpec extends GuestSpec {
  run: "service";
  /** Absent: the port that the server already has, or any free one. */
  port?: number;
}

/** A guest whose `wasi:cli/run@0.2.x` runs once. */
export interface JobSpec extends GuestSpec {
  run: "job";
}

/**
 * What is remembered of a running server: plain JSON, nothing secret. The nonce says *which* process answers, it opens
 * nothing: the control socket lies in a folder that only this user (and root) may enter.
 */
export interface ServerState {
  id: string;
  /** The machine that the server runs on; see `machineId`. */
  machineId: string;
  /** The machine's name, for messages to people. */
  hostName: string;
  /** What this supervisor, and no other, answers on its control socket. */
  nonce: string;
  /** Process id of the supervisor. */
  pid: number;
  port: number;
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** Path of the supervisor's control socket. */
  controlSocket: string;
  /** What the guest and the server said, with time and stream. */
  logFile: string;
  /** Digest of the component that is served. */
  digest: string;
}

export interface JobResult {
  /** 0 when `wasi:cli/run` returned ok; 1 when it returned an error or trapped; else what the guest gave to `exit`. */
  exitCode: number;
  logFile: string;
  /** The last lines of the log, for an error message. */
  lastLines: string[];
}

export type Probe =
  /** The very process of the state answers. `ready` is false while its guest host is being brought back. */
  | { status: "running"; ready: boolean; restarts: number; digest: string; port: number }
  /** This is the server's machine, and it does not run (or another one runs in its place). */
  | { status: "dead"; reason: string }
  /** It was started on another machine; nothing is known of it from here. */
  | { status: "elsewhere"; hostName: string };

export interface LocalOptions {
  /** Root of the instances' folders, absolute; made with mode 0700. Must stay the same from run to run. */
  directory: string;
  /** Where transpiled code is kept, by digest and version; absolute. */
  cacheDirectory: string;
  /** Links in the path of a volume are accepted up to this folder (the program's), and refused below it. */
  volumeBase?: string;
  signal?: AbortSignal;
  /** Progress that is worth a line to the user. */
  log?: (message: string) => void;
  /** How long a new version may take until it answers; 60 000 unless given. Milliseconds. */
  startTimeoutMs?: number;
}

/** Something that the user can put right. Its `property` is a path in the spec: `port`, `volumes.data`. */
export class LocalTargetError extends UserError {
  override readonly name = "LocalTargetError";
}
