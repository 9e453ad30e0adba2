import * as z from "zod";
import { isUnknown, object, optional, required } from "../schema/fields.ts";
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

const inputs = z.strictObject({
  local: optional(localFields, { description: "Run on this machine." }),
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
    return target.local === undefined
      ? [{ path: "", message: "name the place: give `local: {}` to run on this machine" }]
      : [];
  },

  async create(target, context) {
    return { id: context.name, outputs: outputsOf(target) };
  },

  async update(_old, target) {
    return outputsOf(target);
  },
});

function outputsOf({ local }: Inputs) {
  const target: Target = isUnknown(local) ? { kind: local } : { kind: "local", ...local };
  return { target: encodeTarget(target) };
}
