/** The one shape of every custom resource. `protocol/` turns requests into these calls; no resource sees the wire. */
import type * as z from "zod";
import type { Problem } from "../errors.ts";
import type { Settings } from "../settings.ts";

/** Messages that reach the user through Pulumi's own log, at the resource that the request is about. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /** Shown while something takes long, and replaced by the next one. */
  progress(message: string): void;
}

export interface Context {
  urn: string;
  /** The resource's name in the program. */
  name: string;
  /** True in `pulumi preview`: nothing may be started, written outside the cache, or changed. */
  preview: boolean;
  /** Aborted when the user cancels, when the plugin ends, and when a custom timeout has passed. */
  signal: AbortSignal;
  log: Log;
  settings: Settings;
}

type Shape = z.ZodObject<z.ZodRawShape>;
type Fields<S extends Shape> = z.output<S>;

export interface State<I extends Shape, O extends Shape> {
  id: string;
  /** Inputs as they were checked. Absent where the engine did not pass them. */
  inputs: Fields<I> | undefined;
  /** Computed outputs; any of them can be missing in a state that an older or interrupted run left. */
  outputs: Partial<Fields<O>>;
}

export interface Difference {
  /** `http[1]`, `local.port`: where state and program, or state and reality, part. */
  path: string;
  kind: "add" | "delete" | "update";
  /** The change makes a new resource. */
  replace: boolean;
  /** False: the difference is between state and reality, such as drift that Read found. */
  input: boolean;
}

export interface ReadResult<I extends Shape, O extends Shape> {
  id: string;
  /** Only where they were derived from what is really there; absent: unchanged. */
  inputs?: z.input<I>;
  outputs: Fields<O>;
}

export interface CustomResource<I extends Shape = Shape, O extends Shape = Shape> {
  /** `wasm:index:Module`. */
  token: string;
  /** Markdown for schema, SDKs and pages. */
  description: string;
  /** A strict object: unknown properties are an error. */
  inputs: I;
  /** What the provider computes. Inputs other than assets are outputs as well, without being named here. */
  outputs: O;
  /** False: inputs are no outputs. */
  echo?: boolean;
  /** Outputs that no update changes. */
  stables?: readonly (keyof Fields<O> & string)[];
  /**
   * Inputs whose values an output can reveal; a secret in one of them makes the output a secret.
   * An output that is not named here is derived from all inputs.
   */
  derivedFrom?: Partial<Record<keyof Fields<O> & string, readonly (keyof Fields<I> & string)[]>>;
  /**
   * Inputs that are rendered into an artifact, as paths of keys and `*` for each one: a secret in one of them, or around it,
   * is an error.
   */
  artifactInputs?: readonly string[];
  /** What the schema cannot say. All problems at once; no effects but filling the cache. */
  check?(inputs: Fields<I>, context: Context): Promise<Problem[]> | Problem[];
  /** Has the last word on the differences that the comparison of inputs found; absent: they are the differences. */
  diff?(
    old: State<I, O>,
    inputs: Fields<I>,
    found: readonly Difference[],
    context: Context,
  ): Promise<readonly Difference[]> | readonly Difference[];
  /** In preview: what is known before it exists, `unknown` for the rest; the id is then ignored. */
  create(inputs: Fields<I>, context: Context): Promise<{ id: string; outputs: Fields<O> }>;
  /** Absent: the resource exists in the program and the state only, so refresh changes nothing. */
  read?(state: State<I, O>, context: Context): Promise<ReadResult<I, O> | undefined>;
  /** `pulumi import`; absent: there is nothing outside the program that could be imported. */
  import?(id: string, context: Context): Promise<Required<ReadResult<I, O>> | undefined>;
  update(old: State<I, O>, inputs: Fields<I>, context: Context): Promise<Fields<O>>;
  /** Absent: there is nothing to remove. */
  delete?(state: State<I, O>, context: Context): Promise<void>;
  /** The engine reads the resource before each update, so that plain `pulumi up` repairs drift. */
  refreshBeforeUpdate?: boolean;
}

/** Keeps the types of one definition together, and lets a table hold definitions of all types. */
export function defineResource<I extends Shape, O extends Shape>(
  definition: CustomResource<I, O>,
): CustomResource {
  return definition as unknown as CustomResource;
}
