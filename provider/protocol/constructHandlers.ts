/** Construct, for every component in the table. The SDK's runtime is loaded with the first one. */

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { InputErrors, ProviderError } from "../errors.ts";
import { components } from "../resources/index.ts";
import { decodeProperties, pathWithoutValue, secretStrings, type WireProperties } from "../values.ts";
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
    if (!parsed.ok)
      throw new InputErrors(
        parsed.problems.map(({ path, message }) => ({ path: pathWithoutValue(inputs, path), message })),
      );
    const { engineAddress, version } = session;
    if (!engineAddress) throw new ProviderError("precondition", "No engine has attached to this plugin.");
    const { construct } = await import("./construct.ts");
    return session.operations.run(caller, 0, (signal) =>
      construct(request, engineAddress, signal, (args) =>
        component.construct({ ...args, version, known: parsed.value as never, values: inputs }),
      ),
    );
  }),
};
