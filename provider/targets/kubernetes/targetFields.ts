/** What a Kubernetes target is told, with the words of its reference page: `EdgeTarget.kubernetes`. */
import * as z from "zod";
import { list, map, object, optional, required } from "../../schema/fields.ts";
import { labelPattern, subdomainPattern } from "./names.ts";
import { runtimeNames } from "./runtimes.ts";

export const label = z
  .string()
  .regex(
    labelPattern,
    "takes 1 to 63 lower-case letters, digits and hyphens, with none of these first or last",
  );
export const subdomain = z
  .string()
  .max(253)
  .regex(
    subdomainPattern,
    "takes lower-case letters, digits, hyphens and dots, with a letter or digit first and last",
  );

/** Kubernetes' notation (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
const quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i|e\d+)?$/, "is no quantity: write for example 250m or 256Mi");

export const resourcesFields = object(
  "wasm:index:KubernetesResources",
  "What a container requests, and what it may use at most.",
  {
    requests: optional(map(quantity), {
      description: 'What the scheduler sets aside, such as `{ cpu: "50m", memory: "64Mi" }`.',
    }),
    limits: optional(map(quantity), {
      description: 'What it may use at most, such as `{ memory: "256Mi" }`.',
    }),
  },
);

const tolerationFields = object("wasm:index:KubernetesToleration", "Lets pods run on nodes with a taint.", {
  key: optional(z.string(), { description: "The taint's key. Default: any, with `operator: Exists`." }),
  operator: optional(z.enum(["Equal", "Exists"]), { description: "Default: `Equal`." }),
  value: optional(z.string(), { description: "The taint's value, with `Equal`." }),
  effect: optional(z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]), { description: "Default: any." }),
  tolerationSeconds: optional(z.int(), {
    description: "Seconds that a pod stays, with `NoExecute`. Default: for ever.",
  }),
});

export const kubernetesTargetFields = object(
  "wasm:index:KubernetesTarget",
  "A Kubernetes cluster whose nodes run Wasm by a shim of runwasi. The cluster itself is the Kubernetes provider that an App is given (`providers`), or the stack's own.",
  {
    runtime: required(z.enum(runtimeNames), {
      description:
        "The shim's runtime. `wasmtime` runs components, as services and as jobs; `spin` runs components that serve HTTP and ask for no " +
        "grants; `wasmer`, `wasmedge` and `wamr` run core modules, as jobs.",
    }),
    runtimeClassName: optional(subdomain, {
      description:
        "The RuntimeClass by which nodes start the shim. Clusters name it as they like: `kubectl get runtimeclass` shows it. Needed unless " +
        "`createRuntimeClass` makes one.",
    }),
    createRuntimeClass: optional(z.boolean(), {
      description:
        "True: each App makes a RuntimeClass of its own, which takes rights in the whole cluster. The shim must be on the nodes already. " +
        "Default: false.",
    }),
    handler: optional(label, {
      description:
        "What the nodes' containerd calls the runtime, for the RuntimeClass that is made. Needed with `createRuntimeClass`, and of no use without.",
    }),
    namespace: optional(label, {
      description: "Where Apps run; it must exist. Default: the namespace of the Kubernetes provider.",
    }),
    imagePullSecrets: optional(list(subdomain), {
      description:
        "Names of Secrets in that namespace with which nodes pull from the registry. Default: none.",
    }),
    nodeSelector: optional(map(z.string()), {
      description: "Labels of the nodes that have the shim. Default: what the RuntimeClass says.",
    }),
    tolerations: optional(list(tolerationFields), {
      description: "Taints of these nodes that pods put up with. Default: none.",
    }),
    resources: optional(resourcesFields, {
      description:
        'What a pod gets where the App sets no limit. Default: `requests: { cpu: "50m", memory: "64Mi" }`, `limits: { memory: "256Mi" }`.',
    }),
    networkPolicy: optional(z.enum(["enforced", "unknown"]), {
      description:
        "Whether the cluster's network plugin keeps network policies. Apps get theirs in any case, and the API server takes them in any case; " +
        "with `unknown` they count for nothing in the report. Default: `unknown`.",
    }),
    verify: optional(z.boolean(), {
      description:
        "True: look for the RuntimeClass and the namespace in preview, which then needs the cluster. Default: false, and what is missing fails the update.",
    }),
  },
);
