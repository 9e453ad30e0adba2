/** Errors that a user can cause: each message is complete, and says what to do. Any other error is ours. */
import type { Properties } from "./values.ts";

/** An error that the user can act on: its message is complete and is shown as it is, at the property where it names one. */
export class UserError extends Error {
  /** Path in the inputs of the resource at hand, such as `file` or `volumes.data`. */
  readonly property: string | undefined;

  constructor(message: string, property?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
    this.property = property;
  }
}

export type ErrorCode =
  | "invalid"
  | "precondition"
  | "notFound"
  | "unavailable"
  | "exists"
  | "cancelled"
  | "timeout"
  | "unimplemented";

/** A problem at one property, as Check and Construct report them. */
export interface Problem {
  /** As users write it: `http[1]`, `bindings.main.environment["A.B"]`; empty for the resource as a whole. */
  path: string;
  message: string;
}

/** Something that the user, the machine or the network caused; its message is shown as it is. */
export class ProviderError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProviderError";
    this.code = code;
  }
}

/** Problems with the inputs of a component or of the provider's configuration, all at once. */
export class InputErrors extends ProviderError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(
      "invalid",
      problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("\n"),
    );
    this.problems = problems;
  }
}

/** The resource exists, but not as it should: the engine keeps it with what is known and tries again next time. */
export class PartialFailure extends ProviderError {
  readonly id: string;
  readonly outputs: Properties;
  constructor(id: string, outputs: Properties, message: string, options?: ErrorOptions) {
    super("precondition", message, options);
    this.id = id;
    this.outputs = outputs;
  }
}
