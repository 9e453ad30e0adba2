/** The one shape of every component. */
import type { ComponentResourceOptions, Inputs, Output } from "@pulumi/pulumi";
import type * as z from "zod";
import type { Properties } from "../values.ts";

export interface ComponentArguments<Known> {
  name: string;
  /**
   * The inputs as far as they are known, with `unknown` for the rest. Decides which children there are; nothing that a
   * child is given may come from here where it could be a secret or depend on another resource.
   */
  known: Known;
  /** The same with what the engine knows about each: secretness and dependencies. */
  values: Properties;
  /** The same inputs as the SDK has them: what children are given, so that secrets and dependencies survive. */
  inputs: Inputs;
  options: ComponentResourceOptions;
  /** `additionalSecretOutputs`: outputs that are secret whatever they come from. */
  secretOutputs: readonly string[];
  /** For children of this package: with the version that the program asks for, they share the program's provider. */
  version: string | undefined;
}

export interface Constructed {
  urn: Output<string>;
  outputs: Inputs;
}

export interface Component<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** `wasm:index:App`. */
  token: string;
  /** Markdown for schema, SDKs and pages. */
  description: string;
  inputs: I;
  outputs: O;
  /** Registers the component and its children. Waits for no output: in preview it may never be known. */
  construct(args: ComponentArguments<z.output<I>>): Promise<Constructed>;
}

/** Keeps the types of one definition together, and lets a table hold definitions of all types. */
export function defineComponent<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Component<I, O>,
): Component {
  return definition as unknown as Component;
}
