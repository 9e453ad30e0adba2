import * as z from "zod";
import { artifactFields } from "../artifacts/artifact.ts";
import { list, map, object, optional, required } from "../schema/fields.ts";
import { kubernetesAppFields, volumeSourceShape } from "../targets/kubernetes/appFields.ts";
import { acceptRiskFields } from "./admission.ts";
import { defineComponent } from "./component.ts";

const description = `
An artifact on a target, with what it may do and the values that it runs with.

It expands into an \`Admission\`, which holds artifact, grants and target against each other in preview, and what runs it: on a
local target a \`wasm:local:Server\`, the process on this machine; on Kubernetes objects of \`@pulumi/kubernetes\`, by the provider that
the App is given (\`providers: [cluster]\`) or the stack's own. An App of a single Module takes its grants itself; the module is
called \`main\` in bindings and in the report. Where the target names a registry, the sealed artifact is pushed there first, by an
\`Image\` with the App's name.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();
const api = new wasm.Module("api", { file: new pulumi.asset.FileAsset("modules/api.wasm") });
const stripe = new wasm.CapabilityGrant("stripe", {
  http: ["https://api.stripe.com"],
  environment: ["STRIPE_KEY"],
});
const edge = new wasm.EdgeTarget("edge", { local: {} });
const app = new wasm.App("shop", {
  artifact: api.artifact,
  target: edge.target,
  grants: [stripe.grant],
  bindings: { main: { environment: { STRIPE_KEY: config.requireSecret("stripeKey") } } },
});
export const url = app.url;
\`\`\`
\`\`\`yaml
resources:
  shop:
    type: wasm:App
    properties:
      artifact: \${api.artifact}
      target: \${edge.target}
      grants: ["\${stripe.grant}"]
      bindings:
        main:
          environment:
            STRIPE_KEY: \${stripeKey}
outputs:
  url: \${shop.url}
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const volumeFields = object(
  "wasm:index:Volume",
  "What stands behind a volume that a grant names: one of these.",
  {
    folder: optional(z.string().min(1), {
      description:
        "On a local target: a folder of this machine. Relative paths start at the Pulumi project's folder.",
    }),
    ...volumeSourceShape,
  },
);

const scheduleFields = object("wasm:index:Schedule", "Runs a command again and again.", {
  schedule: required(z.string(), {
    description:
      "When, in UTC: minute, hour, day of the month, month, day of the week, such as `0 3 * * 1-5`, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. " +
      "While one run lasts, the next one is left out.",
  }),
});

const bindingsFields = object(
  "wasm:index:Bindings",
  "The values that one module runs with. They enter no artifact.",
  {
    environment: optional(map(z.string()), {
      description: "Values by the keys that the grants name; secrets are welcome.",
    }),
    config: optional(map(z.string()), {
      description: "Values of `wasi:config` by the keys that the grants name; secrets are welcome.",
    }),
    volumes: optional(map(volumeFields), { description: "Volumes by the names that the grants use." }),
  },
);

const limitsFields = object("wasm:index:Limits", "What bounds one instance of the App.", {
  memory: optional(z.int().min(1).max(4096), { description: "Most memory in MiB. Default: the target's." }),
  time: optional(z.number().positive().max(3600), {
    description: "Seconds that one request may take. Default: the target's.",
  }),
});

const localFields = object("wasm:index:LocalApp", "What is particular to a local target.", {
  port: optional(z.int().min(1).max(65535), {
    description: "Port on 127.0.0.1. Default: a free one, which is then kept.",
  }),
  start: optional(z.boolean(), {
    description: "False: everything is declared and checked, and no process is started. Default: true.",
  }),
  concurrency: optional(z.int().min(1).max(64), {
    description: "Requests that run at the same time. Default: 4.",
  }),
  arguments: optional(list(z.string()), { description: "Arguments of the command line." }),
  forget: optional(z.boolean(), {
    description:
      "Let go of a server that was started on another machine, without ending it there. Default: false.",
  }),
});

export const appInputs = z.strictObject({
  artifact: required(artifactFields, { description: "What runs: the `artifact` output of a Module." }),
  target: required(z.string(), { description: "Where it runs: the `target` output of an EdgeTarget." }),
  grants: optional(list(z.string()), {
    description: "What it may do: `grant` outputs of CapabilityGrants. Everything else is denied.",
  }),
  denied: optional(list(z.string()), {
    description:
      "Imports that the module has and that shall stay denied, without version (`wasi:sockets/tcp`): it runs, and the calls fail.",
  }),
  bindings: optional(map(bindingsFields), {
    description: "Values by module name; a single module is called `main`.",
  }),
  run: optional(z.union([scheduleFields, z.enum(["service", "job"])]), {
    description:
      "`service` serves HTTP; `job` runs the command once, and again after each change; `{ schedule }` runs it again and again, " +
      "where the target can. Default: `service`.",
    plain: true,
  }),
  hostname: optional(z.string().min(1), {
    description:
      "Name by which it is reached from outside, where the target leads requests: `shop.example.com`.",
  }),
  routes: optional(list(z.string()), {
    description: 'Beginnings of the paths that lead to it: `["/shop"]`. Default: all.',
  }),
  replicas: optional(z.int().min(0).max(10_000), {
    description: "How many instances run, where the target runs more than one. Default: 1.",
  }),
  limits: optional(limitsFields, { description: "Bounds of one instance." }),
  acceptRisk: optional(list(acceptRiskFields), {
    description:
      "Entries of grants that nothing enforces on this target, accepted one by one. Preview prints what to paste.",
  }),
  local: optional(localFields, { description: "What is particular to a local target; not read on others." }),
  kubernetes: optional(kubernetesAppFields, {
    description: "What is particular to a Kubernetes target; not read on others.",
  }),
});

const outputs = z.strictObject({
  url: optional(z.string(), {
    description:
      "Address of the service: from outside where something leads there (`hostname`), else on this machine or within the cluster. Absent for a job.",
  }),
  clusterUrl: optional(z.string(), {
    description: "On Kubernetes: address of the service within the cluster. Absent for a job.",
  }),
  report: required(z.string(), {
    description: "What each grant's entries are worth on this target, as a table of text for a pull request.",
  }),
  logFile: optional(z.string(), { description: "On a local target: path of the log." }),
  image: optional(z.string(), {
    description: "The image by digest and pull name; absent where the target names no registry.",
  }),
  names: optional(map(z.string()), {
    description: "On Kubernetes: names of the objects by kind, such as `Deployment`.",
  }),
});

export type AppInputs = z.output<typeof appInputs>;

export const App = defineComponent({
  token: "wasm:index:App",
  description,
  inputs: appInputs,
  outputs,

  async construct(args) {
    const { constructApp } = await import("./appChildren.ts");
    return constructApp(args);
  },
});
