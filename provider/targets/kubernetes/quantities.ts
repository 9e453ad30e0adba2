/** Numbers of an App in Kubernetes' notations, and text that Kubernetes shall not read anything into. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";

export function mebibytes(count: number): string {
  return `${count}Mi`;
}

/** A duration of the Gateway API (GEP-2257), which has no fractions. */
export function gatewayDuration(seconds: number): string {
  return `${Math.ceil(seconds * 1000)}ms`;
}

/** Kubernetes would put a variable's value in the place of `$(KEY)`, and arguments are no place for secrets. `$$` stands for `$`. */
export function literalArgument(text: string): string {
  return text.replaceAll("$", "$$$$");
}

type Quantities = Readonly<Record<string, Input<string>>>;

const defaults = {
  requests: { cpu: "50m", memory: "64Mi" },
  limits: { memory: "256Mi" },
};

/**
 * What the Wasm container gets. A runtime has no bound of its own, so there always is one for memory.
 *
 * @param memory the App's own limit, as `mebibytes` writes it; then as much is requested, for more would be refused
 */
export function resourcesOf(
  target: { requests?: Quantities; limits?: Quantities } = {},
  memory?: Input<string>,
): k8s.core.v1.ResourceRequirements {
  const own = memory === undefined ? {} : { memory };
  return {
    requests: { ...(target.requests ?? defaults.requests), ...own },
    limits: { ...(target.limits ?? defaults.limits), ...own },
  };
}
