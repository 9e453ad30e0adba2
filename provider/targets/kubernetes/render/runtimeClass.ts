import type { Input } from "@pulumi/pulumi";
import type { KubernetesObject } from "../app.ts";
import { managedBy } from "../names.ts";
import { tokens, typeOf } from "./objects.ts";

/** A RuntimeClass belongs to the cluster and to no App: see `EdgeTarget.kubernetes.createRuntimeClass`. */
export function runtimeClass(name: Input<string>, handler: Input<string>): KubernetesObject {
  return {
    ...typeOf(tokens.runtimeClass),
    metadata: { name, labels: { "app.kubernetes.io/managed-by": managedBy } },
    handler,
  };
}
