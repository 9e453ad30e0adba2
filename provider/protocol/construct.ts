/**
 * The bridge from a Construct request to the SDK's runtime, which the component's children are registered with. It
 * stands on parts of the SDK that are not its public interface: the SDK's version is pinned exactly, and the engine
 * tests hold each option against a real engine.
 */

import type {
  Alias,
  ComponentResourceOptions,
  CustomTimeouts,
  Inputs,
  ProviderResource,
} from "@pulumi/pulumi";
import log from "@pulumi/pulumi/log/index.js";
import outputModule from "@pulumi/pulumi/output.js";
import type aliasPb from "@pulumi/pulumi/proto/alias_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import sdkServer from "@pulumi/pulumi/provider/server.js";
import resource from "@pulumi/pulumi/resource.js";
import config from "@pulumi/pulumi/runtime/config.js";
import runtimeResource from "@pulumi/pulumi/runtime/resource.js";
import rpc from "@pulumi/pulumi/runtime/rpc.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import state from "@pulumi/pulumi/runtime/state.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { ComponentArguments, Constructed } from "../resources/component.ts";
import type { WireProperties } from "../values.ts";
import { toStruct } from "./errors.ts";

type Request = providerPb.ConstructRequest;

/** The SDK's state of one request. */
interface Store extends Record<`supports${string}`, boolean> {
  settings: Record<"monitor" | "engine", unknown>;
}

/** What the SDK has at run time and leaves out of its declarations. */
const internals = {
  ...(settings as unknown as {
    awaitFeatureSupport(): Promise<void>;
    getMonitor(): unknown;
    getEngine(): unknown;
    waitForRPCs(): Promise<void>;
    resetOptions(
      project: string, stack: string, parallel: number, engine: string, monitor: string, preview: boolean, organization: string,
    ): void; // biome-ignore format: one call
  }),
  ...(state as unknown as {
    withLocalStorage<T>(callback: () => Promise<T>): Promise<T>;
    getStore(): Store;
  }),
  ...(sdkServer as unknown as {
    deserializeInputs(inputs: structPb.Struct | undefined, dependencies: unknown): Promise<Inputs>;
  }),
  ...(resource as unknown as { parseResourceReference(reference: string): [urn: string, id: string] }),
  ...(runtimeResource as unknown as {
    hookBindingFromProto(binding: unknown): NonNullable<ComponentResourceOptions["hooks"]> | undefined;
  }),
  setAllConfig: (
    config as unknown as { setAllConfig(values: Record<string, string>, secretKeys: string[]): void }
  ).setAllConfig,
};

// At debug level the SDK prints whole responses, with the secrets in them: `pulumi up --debug` must not show those.
(log as { debug: typeof log.debug }).debug = () => Promise.resolve();

// Where in this plugin a child is declared tells a user nothing, and to find it out takes longer than to declare it.
(resource.Resource as unknown as { callsites(): [] }).callsites = () => [];

/** A registration that fails does so outside every call: the requests under way are told, or they would wait for ever. */
const underway = new Set<(error: unknown) => void>();
const failAll = (error: unknown) => {
  for (const fail of underway) fail(error);
};
process.on("unhandledRejection", failAll);
process.on("uncaughtException", failAll);

type Build = (
  args: Omit<ComponentArguments<never>, "known" | "values" | "version">,
) => Promise<Constructed> | Constructed;

export function construct(request: Request, engineAddress: string, signal: AbortSignal, build: Build) {
  return internals.withLocalStorage(() =>
    untilFailure(signal, async () => {
      await configureRuntime(request, engineAddress);
      const inputs = await internals.deserializeInputs(
        request.getInputs(),
        request.getInputdependenciesMap(),
      );
      const secretOutputs = request.getAdditionalsecretoutputsList();
      const built = await build({
        name: request.getName(),
        inputs,
        options: optionsOf(request),
        secretOutputs,
      });
      const response = await responseOf(request, built);
      await internals.waitForRPCs();
      return response;
    }),
  );
}

async function untilFailure<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const abort = () => fail(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  underway.add(fail);
  try {
    return await Promise.race([work(), failure]);
  } finally {
    underway.delete(fail);
    signal.removeEventListener("abort", abort);
  }
}

async function configureRuntime(request: Request, engineAddress: string): Promise<void> {
  internals.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    engineAddress,
    request.getMonitorendpoint(),
    request.getDryrun(),
    request.getOrganization(),
  );
  await attach(request.getMonitorendpoint());
  internals.setAllConfig(
    Object.fromEntries(request.getConfigMap().entries()),
    request.getConfigsecretkeysList(),
  );
}

/** Clients of the engine at one address, and what it is able to. */
let attached: { address: string; store: Promise<Partial<Store>> } | undefined;

/** Each request has a state of its own; what is the same for all of a run is asked for once. */
async function attach(address: string): Promise<void> {
  if (attached?.address !== address) attached = { address, store: ask().catch(forget) };
  const { settings: clients, ...features } = await attached.store;
  const store = internals.getStore();
  Object.assign(store, features);
  Object.assign(store.settings, clients);
}

function forget(error: unknown): never {
  attached = undefined;
  throw error;
}

async function ask(): Promise<Partial<Store>> {
  await internals.awaitFeatureSupport();
  const clients = { monitor: internals.getMonitor(), engine: internals.getEngine() };
  const features = Object.entries(internals.getStore()).filter(([key]) => key.startsWith("supports"));
  return { ...Object.fromEntries(features), settings: clients };
}

/** Not `deleteBeforeReplace`, for no child is ever replaced; `additionalSecretOutputs` no component has in the SDK. */
function optionsOf(request: Request): ComponentResourceOptions {
  const hooks = internals.hookBindingFromProto(request.getResourceHooks());
  const timeouts = request.getCustomtimeouts();
  return {
    aliases: request.getAliasesList().map(aliasOf),
    dependsOn: request.getDependenciesList().map((urn) => dependency(urn)),
    providers: Object.fromEntries(
      [...request.getProvidersMap().entries()].map(([name, ref]) => [name, providerOf(ref)]),
    ),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    ...(request.hasProtect() && { protect: request.getProtect() ?? false }),
    ...(request.hasRetainondelete() && { retainOnDelete: request.getRetainondelete() ?? false }),
    ...(request.getParent() && { parent: dependency(request.getParent()) }),
    ...(timeouts && { customTimeouts: timeoutsOf(timeouts) }),
    ...(request.getDeletedwith() && { deletedWith: dependency(request.getDeletedwith()) }),
    ...(hooks && { hooks }),
  };
}

/** Read one by one: in `toObject()` the field `delete` has another name. */
function timeoutsOf(timeouts: providerPb.ConstructRequest.CustomTimeouts): CustomTimeouts {
  const given = { create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() };
  return Object.fromEntries(Object.entries(given).filter(([, timeout]) => timeout !== ""));
}

function dependency(urn: string): InstanceType<typeof resource.Resource> {
  return new (
    resource as unknown as { DependencyResource: new (urn: string) => InstanceType<typeof resource.Resource> }
  ).DependencyResource(urn);
}

function aliasOf(alias: aliasPb.Alias): string | Alias {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  return {
    ...(spec.getName() && { name: spec.getName() }),
    ...(spec.getType() && { type: spec.getType() }),
    ...(spec.getProject() && { project: spec.getProject() }),
    ...(spec.getStack() && { stack: spec.getStack() }),
    ...(spec.hasParenturn() && { parent: spec.getParenturn() }),
    ...(spec.hasNoparent() && spec.getNoparent() && { parent: resource.rootStackResource }),
  };
}

/** The provider that was passed, as the class of its own SDK where that is loaded, else as a mere reference. */
function providerOf(reference: string): ProviderResource {
  const [urn] = internals.parseResourceReference(reference);
  const [, , types = "", name = ""] = urn.split("::");
  const type = types.split("$").at(-1) ?? "";
  const sdk = (
    rpc as unknown as {
      getResourcePackage(
        name: string,
        version: string,
      ): { constructProvider(name: string, type: string, urn: string): ProviderResource } | undefined;
    }
  ).getResourcePackage(type.split(":")[2] ?? "", "");
  return sdk?.constructProvider(name, type, urn) ?? new resource.DependencyProviderResource(reference);
}

async function responseOf(
  request: Request,
  { urn, outputs }: Constructed,
): Promise<providerPb.ConstructResponse> {
  const response = new providerPb.ConstructResponse();
  response.setUrn(await known(urn));
  const label = `construct(${request.getType()}, ${request.getName()})`;
  const [wire, dependencies] = await rpc.serializeResourceProperties(label, outputs);
  for (const [key, resources] of dependencies) {
    const urns = new providerPb.ConstructResponse.PropertyDependencies();
    urns.setUrnsList(await Promise.all([...resources].map((dependent) => known<string>(dependent.urn))));
    response.getStatedependenciesMap().set(key, urns);
  }
  response.setState(toStruct(wire as WireProperties));
  return response;
}

function known<T>(value: unknown): Promise<T> {
  return (outputModule.output(value) as unknown as { promise(): Promise<T> }).promise();
}
