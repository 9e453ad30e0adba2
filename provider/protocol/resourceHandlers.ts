/** Check, Diff, Create, Read, Update and Delete, for every resource in the table. */

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { InputErrors, type Problem, ProviderError } from "../errors.ts";
import { resources } from "../resources/index.ts";
import type { Context, CustomResource, Difference } from "../resources/resource.ts";
import {
  decodeProperties,
  encodeProperties,
  type Properties,
  redact,
  secretStrings,
  type WireProperties,
} from "../values.ts";
import * as custom from "./customResource.ts";
import { toStruct } from "./errors.ts";
import { type Call, handler } from "./handler.ts";
import { typeOf } from "./session.ts";

export const resourceHandlers = {
  Check: handler(providerPb.CheckRequest, (request, call) => {
    const news = properties(request.getNews(), call);
    return run(request.getUrn(), call, { preview: false, timeout: 0 }, async (resource, context) => {
      const { inputs, problems } = await custom.check(resource, news, context);
      const response = new providerPb.CheckResponse();
      response.setInputs(toStruct(encodeProperties(inputs)));
      response.setFailuresList(problems.map((problem) => checkFailure(problem, call.secrets)));
      return response;
    });
  }),

  Diff: handler(providerPb.DiffRequest, (request, call) => {
    const old = stored(request.getId(), request.getOldInputs(), request.getOlds(), call);
    const news = properties(request.getNews(), call);
    return run(request.getUrn(), call, { preview: false, timeout: 0 }, async (resource, context) =>
      diffResponse(await custom.diff(resource, old, news, context)),
    );
  }),

  Create: handler(providerPb.CreateRequest, (request, call) => {
    const inputs = properties(request.getProperties(), call);
    const options = { preview: request.getPreview(), timeout: request.getTimeout() };
    return run(request.getUrn(), call, options, async (resource, context) => {
      const created = await custom.create(resource, inputs, context);
      const response = new providerPb.CreateResponse();
      response.setId(created.id);
      response.setProperties(toStruct(encodeProperties(created.outputs)));
      response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);
      return response;
    });
  }),

  Update: handler(providerPb.UpdateRequest, (request, call) => {
    const old = stored(request.getId(), request.getOldInputs(), request.getOlds(), call);
    const inputs = properties(request.getNews(), call);
    const options = { preview: request.getPreview(), timeout: request.getTimeout() };
    return run(request.getUrn(), call, options, async (resource, context) => {
      const response = new providerPb.UpdateResponse();
      response.setProperties(toStruct(encodeProperties(await custom.update(resource, old, inputs, context))));
      response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);
      return response;
    });
  }),

  Read: handler(providerPb.ReadRequest, (request, call) => {
    const old = stored(request.getId(), request.getInputs(), request.getProperties(), call);
    const options = { preview: false, timeout: request.getTimeout() };
    return run(request.getUrn(), call, options, async (resource, context) => {
      const isImport = Object.keys(old.outputs).length === 0 && Object.keys(old.inputs ?? {}).length === 0;
      const found = isImport
        ? await custom.importResource(resource, old.id, context)
        : await custom.read(resource, old, context);
      const response = new providerPb.ReadResponse();
      // An empty id tells the engine that the resource is gone.
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(toStruct(encodeProperties(found.outputs)));
      if (found.inputs) response.setInputs(toStruct(encodeProperties(found.inputs)));
      response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);
      return response;
    });
  }),

  Delete: handler(providerPb.DeleteRequest, (request, call) => {
    const old = stored(request.getId(), request.getOldInputs(), request.getProperties(), call);
    const options = { preview: false, timeout: request.getTimeout() };
    return run(request.getUrn(), call, options, async (resource, context) => {
      await custom.remove(resource, old, context);
      return new emptyPb.Empty();
    });
  }),
};

async function run<T>(
  urn: string,
  call: Call,
  options: { preview: boolean; timeout: number },
  work: (resource: CustomResource, context: Context) => Promise<T>,
): Promise<T> {
  const type = typeOf(urn);
  const resource = resources.get(type);
  if (!resource) throw new ProviderError("notFound", `The package wasm has no resource ${type}.`);
  const { session, caller, secrets } = call;
  try {
    return await session.operations.run(caller, options.timeout, (signal) =>
      work(resource, session.context({ urn, preview: options.preview, signal, secrets })),
    );
  } catch (error) {
    // Of a resource's problems the engine shows the message alone, unlike of a component's.
    throw error instanceof InputErrors ? new ProviderError("invalid", error.message) : error;
  }
}

function properties(struct: structPb.Struct | undefined, call: Call): Properties {
  const decoded = decodeProperties((struct?.toJavaScript() ?? {}) as WireProperties);
  call.secrets.push(...secretStrings(decoded));
  return decoded;
}

function stored(
  id: string,
  inputs: structPb.Struct | undefined,
  outputs: structPb.Struct | undefined,
  call: Call,
): custom.Stored {
  return { id, inputs: inputs && properties(inputs, call), outputs: properties(outputs, call) };
}

export function checkFailure({ path, message }: Problem, secrets: readonly string[]) {
  const failure = new providerPb.CheckFailure();
  failure.setProperty(path);
  failure.setReason(redact(message, secrets));
  return failure;
}

const { Kind } = providerPb.PropertyDiff;
const { DiffChanges } = providerPb.DiffResponse;

export function diffResponse({ differences, stables }: Awaited<ReturnType<typeof custom.diff>>) {
  const response = new providerPb.DiffResponse();
  response.setChanges(differences.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setStablesList([...stables]);
  response.setHasdetaileddiff(true);
  for (const difference of differences) {
    response.getDetaileddiffMap().set(difference.path, propertyDiff(difference));
  }
  response.setDiffsList(roots(differences));
  response.setReplacesList(roots(differences.filter(({ replace }) => replace)));
  return response;
}

function roots(differences: readonly Difference[]): string[] {
  return [...new Set(differences.map(({ path }) => topLevel(path)))];
}

function propertyDiff({ kind, replace, input }: Difference) {
  const diff = new providerPb.PropertyDiff();
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  diff.setKind(kinds[kind][replace ? 1 : 0]);
  diff.setInputdiff(input);
  return diff;
}

function topLevel(path: string): string {
  return /^\["((?:[^"\\]|\\.)*)"\]/.exec(path)?.[1] ?? path.split(/[.[]/, 1)[0] ?? path;
}
