/** An App and its children as the SDK registers them. */
import type { ComponentResourceOptions, CustomResourceOptions, Inputs, Output } from "@pulumi/pulumi";
import log from "@pulumi/pulumi/log/index.js";
import resource from "@pulumi/pulumi/resource.js";
import type { Target } from "../targets/target.ts";
import type { AppInputs } from "./app.ts";
import type { ComponentArguments, Constructed } from "./component.ts";

export class AppResource extends resource.ComponentResource {
  constructor(name: string, options: ComponentResourceOptions) {
    super("wasm:index:App", name, {}, options);
  }

  async say(severity: "info" | "warn", messages: readonly string[]): Promise<void> {
    for (const message of messages) await log[severity](message, this);
  }

  /** Puts the outputs into the state, where the console and policies read them. */
  finish(outputs: Inputs): Constructed {
    this.registerOutputs(outputs);
    return { urn: this.urn, outputs };
  }
}

/** Of this package, which the engine sends back to this very plugin, or of the Kubernetes provider. */
export class Child extends resource.CustomResource {
  constructor(
    token: string,
    name: string,
    inputs: Inputs,
    outputs: readonly string[],
    options: CustomResourceOptions,
  ) {
    const unset = Object.fromEntries(
      outputs.filter((output) => !(output in inputs)).map((output) => [output, undefined]),
    );
    super(token, name, { ...inputs, ...unset }, options);
  }

  output(name: string): Output<unknown> {
    return (this as unknown as Record<string, Output<unknown>>)[name] as Output<unknown>;
  }
}

/** What all places make their children of. */
export interface AppParts {
  args: ComponentArguments<AppInputs>;
  target: Target;
  app: AppResource;
  admission: Child;
  /** Where the target names a registry: the delivered image by digest. */
  image: Output<unknown> | undefined;
  /** Options of the children that take time. */
  slow: CustomResourceOptions;
}
