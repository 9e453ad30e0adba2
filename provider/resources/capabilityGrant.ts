import * as z from "zod";
import { encodeGrant, grantOf } from "../capabilities/grant.ts";
import { grantFields } from "../capabilities/grantFields.ts";
import { required } from "../schema/fields.ts";
import { defineResource } from "./resource.ts";

const description = `
A named, reusable set of permissions. Only what is named is allowed, and everything else is denied.

A grant holds names only: never values, secrets or paths of a machine. What a name stands for, the App's bindings say.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as wasm from "pulumi-wasm";

const stripe = new wasm.CapabilityGrant("stripe", {
  http: ["https://api.stripe.com"],
  environment: ["STRIPE_KEY"],
});
\`\`\`
\`\`\`yaml
resources:
  stripe:
    type: wasm:CapabilityGrant
    properties:
      http: ["https://api.stripe.com"]
      environment: ["STRIPE_KEY"]
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const outputs = z.strictObject({
  grant: required(z.string(), {
    description: "The grant as one opaque string: pass it to an App. Its form is not part of the interface.",
  }),
});

export const CapabilityGrant = defineResource({
  token: "wasm:index:CapabilityGrant",
  description,
  inputs: grantFields,
  outputs,

  async create(grant, context) {
    return { id: context.name, outputs: { grant: encodeGrant(grantOf(context.name, grant)) } };
  },

  async update(_old, grant, context) {
    return { grant: encodeGrant(grantOf(context.name, grant)) };
  },
});
