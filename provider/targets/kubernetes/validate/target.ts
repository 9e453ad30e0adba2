/** What is wrong with a Kubernetes target, from plain data. */
import type * as z from "zod";
import type { Problem } from "../../../errors.ts";
import { isUnknown } from "../../../schema/fields.ts";
import type { kubernetesTargetFields } from "../targetFields.ts";

/** @param registry `EdgeTarget.registry`: whether it was given */
export function targetProblems(
  target: z.output<typeof kubernetesTargetFields>,
  registry: unknown,
): Problem[] {
  const { runtimeClassName, createRuntimeClass, handler } = target;
  const problems: Problem[] = [];
  if (registry === undefined) {
    const message = 'is needed: nodes pull Apps from it, such as registry: { push: "registry.example/acme" }';
    problems.push({ path: "registry", message });
  }
  if (isUnknown(createRuntimeClass)) return problems;
  const add = (key: string, message: string) => problems.push({ path: `kubernetes.${key}`, message });
  if (createRuntimeClass !== true) {
    if (runtimeClassName === undefined) {
      add("runtimeClassName", "is needed: `kubectl get runtimeclass` shows those that the cluster has");
    }
    if (handler !== undefined) {
      add(
        "handler",
        "is of use with createRuntimeClass: true only: a RuntimeClass of the cluster has one already",
      );
    }
    return problems;
  }
  if (handler === undefined) {
    add(
      "handler",
      "is needed to make a RuntimeClass: what the nodes' containerd calls the runtime, such as wasmtime-v1",
    );
  }
  if (runtimeClassName !== undefined) {
    add(
      "runtimeClassName",
      "is not used with createRuntimeClass, for each App makes its own: leave one of the two out",
    );
  }
  return problems;
}
