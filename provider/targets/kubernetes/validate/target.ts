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
  const { createRuntimeClass, handler } = target;
  const problems: Problem[] = [];
  if (registry === undefined) {
    const message = 'is needed: nodes pull Apps from it, such as registry: { push: "registry.example/acme" }';
    problems.push({ path: "registry", message });
  }
  if (createRuntimeClass === true && handler === undefined) {
    const message =
      "is needed to make the RuntimeClass: what the nodes' containerd calls the runtime, such as wasmtime-v1";
    problems.push({ path: "kubernetes.handler", message });
  }
  if (handler !== undefined && !isUnknown(createRuntimeClass) && createRuntimeClass !== true) {
    const message =
      "is of use with createRuntimeClass: true only, for the RuntimeClass of a cluster has one already";
    problems.push({ path: "kubernetes.handler", message });
  }
  return problems;
}
