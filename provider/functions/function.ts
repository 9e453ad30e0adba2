/** The one shape of every function. */
import type * as z from "zod";
import type { Context } from "../resources/resource.ts";

export interface FunctionDefinition<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> {
  /** `wasm:index:inspect`. */
  token: string;
  /** Markdown for schema, SDKs and pages. */
  description: string;
  inputs: I;
  outputs: O;
  call(inputs: z.output<I>, context: Context): Promise<z.output<O>>;
}

/** Keeps the types of one definition together, and lets a table hold definitions of all types. */
export function defineFunction<I extends z.ZodObject, O extends z.ZodObject>(
  definition: FunctionDefinition<I, O>,
): FunctionDefinition {
  return definition as unknown as FunctionDefinition;
}
