/** Every function of the package, by token. */
import type { FunctionDefinition } from "./function.ts";
import { inspect } from "./inspect.ts";

export const functions: ReadonlyMap<string, FunctionDefinition> = new Map(
  [inspect].map((definition) => [definition.token, definition]),
);
