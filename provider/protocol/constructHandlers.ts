/** Construct, for every component in the table. The SDK's runtime is loaded with the first one. */

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { InputErrors, type Problem, ProviderError } from "../errors.ts";
import { components } from "../resources/index.ts";
import {
  decodeProperties,
  type Properties,
  pathWithoutValue,
  secretStrings,
  type WireProperties,
} from "../values.ts";
import { parseInputs } from "./customResource.ts";
import { handler } from "./handler.ts";

export const constructHandlers = {
  Construct: handler(providerPb.ConstructRequest, async (request, { session, caller, secrets }) => {
    const component = components.get(request.getType());
    if (!component)
      throw new ProviderError("notFound", `The package wasm has no component ${request.getType()}.`);
    const wire = (request.getInputs() as structPb.Struct | undefined)?.toJavaScript() ?? {};
    const inputs = decodeProperties(wire as WireProperties);
    secrets.push(...secretStrings(inputs));
    const parsed = parseInputs(component.inputs, inputs);
    if (!parsed.ok) throw withoutValues(inputs, parsed.problems);
    const { engineAddress, version } = session;
    if (!engineAddress) throw new ProviderError("precondition", "No engine has attached to this plugin.");
    const { construct } = await import("./construct.ts");
    const build = (args: Parameters<Parameters<typeof construct>[3]>[0]) =>
      component.construct({ ...args, version, known: parsed.value as never, values: inputs });
    return session.operations
      .run(caller, 0, (signal) => construct(request, engineAddress, signal, build))
      .catch((error: unknown) => {
        throw error instanceof InputErrors ? withoutValues(inputs, error.problems) : error;
      });
  }),
};

/** Beside a problem the engine prints what it finds at its path: no secrets, and for one of the whole nothing instead of all inputs. */
function withoutValues(inputs: Properties, problems: readonly Problem[]): InputErrors {
  return new InputErrors(
    problems.map(({ path, message }) => ({
      path: path === "" ? "(inputs)" : pathWithoutValue(inputs, path),
      message,
    })),
  );
}
