import * as z from "zod";
import type { Problem } from "../errors.ts";
import { parseRepository } from "../oci/reference.ts";
import { isUnknown, object, optional, required, unknown } from "../schema/fields.ts";
import { kubernetesTargetFields } from "../targets/kubernetes/targetFields.ts";
import { targetProblems } from "../targets/kubernetes/validate/target.ts";
import { encodeTarget, type Target } from "../targets/target.ts";
import { defineResource } from "./resource.ts";

const description = `
A place where Apps run. Exactly one kind of place is given; programs take it from the stack's configuration, so that the
same program runs on a laptop and in production.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as wasm from "pulumi-wasm";

const edge = new wasm.EdgeTarget("edge", { local: {} });
const cluster = new wasm.EdgeTarget("cluster", {
  registry: { push: "registry.example/acme" },
  kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace: "storefront" },
});
\`\`\`
\`\`\`yaml
resources:
  edge:
    type: wasm:EdgeTarget
    properties:
      local: {}
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const localFields = object(
  "wasm:index:LocalTarget",
  "This machine, for development: each App is a process that listens on 127.0.0.1.",
  {
    memory: optional(z.int().min(1).max(4096), {
      description: "Most memory of a guest in MiB, where the App sets no limit. Default: 256.",
    }),
    requestTimeout: optional(z.number().positive().max(3600), {
      description: "Seconds that one request may take, where the App sets no limit. Default: 30.",
    }),
  },
);

const registryFields = object(
  "wasm:index:TargetRegistry",
  "The registry that a target's Apps are delivered through. Credentials are no part of it: they are the provider's `registries`, or those of the container tools.",
  {
    push: required(z.string(), {
      description:
        "Where Apps are pushed to: `host[:port]` and a prefix (`registry.example/acme`). The App `shop` is `registry.example/acme/shop`.",
    }),
    pull: optional(z.string(), {
      description:
        "The same place by the name that the target pulls from: a mirror, or a registry inside the cluster. Default: `push`.",
    }),
    insecure: optional(z.boolean(), {
      description:
        "True: push over plain HTTP. Default: what the provider's `registries` say of the host, else HTTPS.",
    }),
  },
);

const inputs = z.strictObject({
  local: optional(localFields, { description: "Run on this machine." }),
  kubernetes: optional(kubernetesTargetFields, { description: "Run in the pods of a Kubernetes cluster." }),
  registry: optional(registryFields, {
    description:
      "The registry that Apps are pushed to, each as an Image with the App's name. Needed on Kubernetes, whose nodes pull from it; a local target needs none.",
  }),
});

const outputs = z.strictObject({
  target: required(z.string(), {
    description: "The target as one opaque string: pass it to an App. Its form is not part of the interface.",
  }),
});

type Inputs = z.output<typeof inputs>;

export const EdgeTarget = defineResource({
  token: "wasm:index:EdgeTarget",
  description,
  inputs,
  outputs,

  check(target) {
    const { kubernetes, registry } = target;
    return [
      ...placeProblems(target),
      ...(kubernetes === undefined || isUnknown(kubernetes) ? [] : targetProblems(kubernetes, registry)),
      ...registryProblems(target),
    ];
  },

  async create(target, context) {
    return { id: context.name, outputs: outputsOf(target) };
  },

  async update(_old, target) {
    return outputsOf(target);
  },
});

function outputsOf(target: Inputs) {
  return { target: encodeTarget({ ...placeOf(target), registry: target.registry }) };
}

function placeOf({ local, kubernetes }: Inputs): Target {
  if (isUnknown(local) || isUnknown(kubernetes)) return { kind: unknown };
  return kubernetes === undefined ? { kind: "local", ...local } : { kind: "kubernetes", kubernetes };
}

function placeProblems({ local, kubernetes }: Inputs): Problem[] {
  const given = [local, kubernetes].filter((place) => place !== undefined);
  if (given.length === 1) return [];
  const message =
    given.length === 0
      ? "name the place: give `local: {}` to run on this machine, or `kubernetes: { … }`"
      : "names two places, `local` and `kubernetes`: leave one of them out, and make another EdgeTarget of it if both are needed";
  return [{ path: "", message }];
}

function registryProblems({ registry }: Inputs): Problem[] {
  if (registry === undefined || isUnknown(registry)) return [];
  return (["push", "pull"] as const).flatMap((key) => {
    const place = registry[key];
    if (place === undefined || isUnknown(place)) return [];
    const why = placeProblem(place);
    return why === undefined ? [] : [{ path: `registry.${key}`, message: why }];
  });
}

/** A place is what names of Apps can be put behind. */
function placeProblem(place: string): string | undefined {
  if (place.endsWith("/")) return "ends with a slash: leave it out";
  try {
    parseRepository(`${place}/app`);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
