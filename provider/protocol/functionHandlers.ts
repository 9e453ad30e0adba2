/** Invoke and Call, for every function in the table. */
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { ProviderError } from "../errors.ts";
import { functions } from "../functions/index.ts";
import { parse } from "../schema/parse.ts";
import {
  containsSecret, containsUnknown, decodeProperties, encodeProperties, type Properties, revealProperties, Secret,
  secretStrings, type WireProperties,
} from "../values.ts"; // biome-ignore format: one import
import { toProperties } from "./customResource.ts";
import { toStruct } from "./errors.ts";
import { handler } from "./handler.ts";
import { checkFailure } from "./resourceHandlers.ts";

export const functionHandlers = {
  Invoke: handler(providerPb.InvokeRequest, async (request, { session, caller, secrets }) => {
    const definition = functions.get(request.getTok());
    if (!definition)
      throw new ProviderError("notFound", `The package wasm has no function ${request.getTok()}.`);
    const args = decodeProperties((request.getArgs()?.toJavaScript() ?? {}) as WireProperties);
    secrets.push(...secretStrings(args));
    const response = new providerPb.InvokeResponse();
    const parsed = parse(definition.inputs, revealProperties(args));
    if (!parsed.ok) {
      response.setFailuresList(parsed.problems.map((problem) => checkFailure(problem, secrets)));
      return response;
    }
    // SDKs do not call a function before its arguments are known; a request made by hand may.
    if (containsUnknown(args))
      throw new ProviderError("invalid", `${request.getTok()} needs arguments that are known.`);
    const found = await session.operations.run(caller, 0, (signal) =>
      definition.call(
        parsed.value,
        session.context({ urn: "", preview: request.getPreview(), signal, secrets }),
      ),
    );
    const result = toProperties(found);
    response.setReturn(toStruct(encodeProperties(containsSecret(args) ? secretly(result) : result)));
    return response;
  }),

  Call: handler(providerPb.CallRequest, (request) => {
    throw new ProviderError("notFound", `The package wasm has no method ${request.getTok()}.`);
  }),
};

function secretly(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, new Secret(value)]));
}
