/**
 * Attacks as data. Each row is tried in each runtime twice: sealed, of which it tells the outcome, and without the seal, where
 * the same guest must get through. So what a row calls refused was refused by the seal.
 */

/** Real Wasmtime with every right on its command line, and the local target with rules that grant all there is. */
export type RuntimeName = "wasmtime" | "local";

/**
 * A component: a guest of `test/fixtures/guests`, one of `parts.ts`, a guest that imports an interface by another version
 * than it was built for, or what was composed before.
 */
export type Part = string | { guest: string; interface: string; version: string } | Inner;

/** A composition that was sealed with grants of its own before it came to be a module. */
export interface Inner extends Pick<World, "modules" | "grants" | "links"> {
  /** Its bytes, as those of a file of which nothing else is known; else the composition as it was declared. */
  asFile?: true;
}

/** Modules with their grants, what stands around them, and what they try. In texts `{web}` and the like are ports; see `place.ts`. */
export interface World {
  /** By name. */
  modules: Record<string, Part>;
  /** Inputs of the CapabilityGrant of each module. One that is not named has none. */
  grants?: Record<string, object>;
  /** Imports that the program denies, by module. */
  denied?: Record<string, string[]>;
  links?: { from: string; import: string; to: string }[];
  /** Absent: all that no link consumes. */
  exports?: { from: string; export: string }[];
  /** Serves what it can of the result's imports, in the host's place: it is wired to the finished bytes, and not sealed. */
  host?: Part;
  attacks: Attack[];
}

/** What the guest is told to do. */
export type Ask =
  /** Of a service. */
  | { get: string; query?: Record<string, string> }
  /** Of the service `files`: one operation per line. */
  | { script: string[] }
  /** Of a library: a call in WAVE. */
  | { call: string }
  /** Of a command, which does one thing. */
  | "run";

/** What comes of it. */
export interface Outcome {
  /** What the answer holds; each of several. */
  answer: string | string[];
  /** Targets of `place.ts` that are reached, sorted. Absent: none. */
  reaches?: string[];
}

export interface Attack extends Outcome {
  /** What is tried. With its world it names the row. */
  name: string;
  ask: Ask;
  /** In runtimes where it is another outcome. */
  in?: Partial<Record<RuntimeName, Outcome>>;
  /** What a runtime answers by itself where nothing is reached without the seal either. */
  unsealed?: Partial<Record<RuntimeName, string>>;
  /** Why it cannot be tried. */
  skip?: Partial<Record<RuntimeName, string>>;
}

/** Attacks on one kind of access. */
export interface Family {
  title: string;
  /** By what is granted in them. */
  worlds: Record<string, World>;
}
