/**
 * The fault table: what can go wrong between a module and its first request, seeded one by one, with the stage at which
 * this provider finds it and the stage at which three other ways of delivering Wasm would.
 */
import type { Properties } from "../../provider/values.ts";
import type { SourceName } from "./sources.ts";
import type { Stack } from "./stack.ts";

/**
 * Where a fault comes to light here. `preview`: nothing was changed yet. `up`: the deployment fails, and what ran before
 * still does. `run time`: the host answers for the module. `not caught`: it works as it was declared, and was declared wrongly.
 */
export const stages = ["preview", "up", "run time", "not caught"] as const;
export type Stage = (typeof stages)[number];

/** How it is said: an `error` ends the run, a `warning` or `note` stands in the plan, an `answer` is the guest's or the host's. */
export type Level = "error" | "warning" | "note" | "answer";

/**
 * Where a fault comes to light elsewhere, in order of time. `n/a`: there is nothing to declare it in, so it cannot be made;
 * or what is a fault here is served there.
 */
export const peerStages = ["build", "push", "apply", "start", "first request", "never", "n/a"] as const;
export type PeerStage = (typeof peerStages)[number];

/** The stage, and what was read to say so: an issue, a line of code, a page of documentation. */
export type Peer = readonly [stage: PeerStage, ...read: readonly [SourceName, ...SourceName[]]];

export interface Peers {
  /** `spin build`, `spin registry push`, SpinKube's `kubectl apply`, start of the app, first request. */
  spin: Peer;
  /** wasmCloud 2: `wash build`, `wash oci push`, `kubectl apply` of a WorkloadDeployment, start on the host, first request. */
  wasmcloud: Peer;
  /** Kubernetes with the wasmtime shim of runwasi; modules are composed by hand with wac. */
  kubernetes: Peer;
}

export interface Fault extends SeededFault, Peers {
  /** Public reports of the same fault from the field; empty where none was found. */
  reported: readonly SourceName[];
}

interface SeededFault {
  /** Unique, kebab-case; also the name of the stack that the seed makes. */
  id: string;
  /** One line. */
  fault: string;
  stage: Stage;
  level: Level;
  /** What is said, in full: `<property>: <message>` of problems, the text of the others. */
  says: readonly string[];
  /** The program that has the fault. It runs once in preview and once in `up`. */
  program(stack: Stack): Promise<void>;
  /** What is deployed before. */
  before?(stack: Stack): Promise<void>;
  /** What happens between preview and `up`. */
  meanwhile?(stack: Stack): Promise<void>;
  /** What a client sees of the deployed App. */
  ask?(stack: Stack): Promise<Answer>;
  /** Grants of files need Linux. */
  platform?: "linux";
  /** The provider's configuration. */
  settings?: Properties;
}

export interface Answer {
  text: string;
  /** Whether what the module was not to do was refused. */
  isRefused: boolean;
}

/** A theme of the table. */
export interface Theme {
  title: string;
  faults: readonly Fault[];
}
