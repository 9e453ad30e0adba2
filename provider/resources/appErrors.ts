/** Explanations beside what the Kubernetes provider says when an object of an App fails. */
import { AsyncResource } from "node:async_hooks";
import type { ErrorHook, ErrorHookArgs, ResourceHookBinding } from "@pulumi/pulumi";
import log from "@pulumi/pulumi/log/index.js";
import resource from "@pulumi/pulumi/resource.js";
import state from "@pulumi/pulumi/runtime/state.js";
import { explain } from "../targets/kubernetes/explain.ts";

const { getStore } = state as unknown as {
  getStore(): { supportsErrorHooks?: boolean; settings: { monitor?: object } };
};

/** By the client of the engine that knows it. One for all Apps of a run, for the engine calls it through a server of its own. */
const hooks = new WeakMap<object, ErrorHook>();

/** Binds children to the explanations; to nothing where the engine knows no such hooks. */
export function explained(): { hooks?: ResourceHookBinding } {
  const { supportsErrorHooks, settings } = getStore();
  if (supportsErrorHooks !== true || settings.monitor === undefined) return {};
  const hook = hooks.get(settings.monitor) ?? newHook();
  hooks.set(settings.monitor, hook);
  return { hooks: { onError: [hook] } };
}

/** The engine calls outside of every request, and the log goes to the engine of this one. */
function newHook(): ErrorHook {
  return new resource.ErrorHook("wasm:kubernetes:explain", AsyncResource.bind(tell));
}

/** @returns false: the Kubernetes provider has tried long enough */
async function tell({ urn, errors }: ErrorHookArgs): Promise<boolean> {
  const advice = explain(errors);
  if (advice !== undefined) await log.warn(advice, at(urn));
  return false;
}

function at(urn: string): InstanceType<typeof resource.Resource> {
  const { DependencyResource } = resource as unknown as {
    DependencyResource: new (urn: string) => InstanceType<typeof resource.Resource>;
  };
  return new DependencyResource(urn);
}
