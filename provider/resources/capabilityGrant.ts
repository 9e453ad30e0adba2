import * as z from "zod";
import { decodeGrant, encodeGrant, extended, type Grant, grantOf } from "../capabilities/grant.ts";
import { grantFields } from "../capabilities/grantFields.ts";
import type { Problem } from "../errors.ts";
import { isUnknown, list, type OrUnknown, optional, required, unknown } from "../schema/fields.ts";
import { defineResource } from "./resource.ts";

const description = `
A named, reusable set of permissions. Only what is named is allowed, and everything else is denied.

A grant holds names only: never values, secrets or paths of a machine. What a name stands for, the App's bindings say.
Grants can build on one another: see \`extends\`.

{{% examples %}}
{{% example %}}
\`\`\`typescript
import * as wasm from "pulumi-wasm";

const stripe = new wasm.CapabilityGrant("stripe", {
  http: ["https://api.stripe.com"],
  environment: ["STRIPE_KEY"],
});
const shop = new wasm.CapabilityGrant("shop", { extends: [stripe.grant], sql: ["orders"] });
\`\`\`
\`\`\`yaml
resources:
  stripe:
    type: wasm:CapabilityGrant
    properties:
      http: ["https://api.stripe.com"]
      environment: ["STRIPE_KEY"]
  shop:
    type: wasm:CapabilityGrant
    properties:
      extends: ["\${stripe.grant}"]
      sql: ["orders"]
\`\`\`
{{% /example %}}
{{% /examples %}}
`.trim();

const grantText = z
  .string()
  .refine((text) => decodeGrant(text), "is not the `grant` output of a CapabilityGrant of this version");

const inputs = z.strictObject({
  ...grantFields.shape,
  extends: optional(list(grantText).superRefine(refuseTwice), {
    description:
      "Grants that this one includes, by their `grant` outputs: it permits what any of them does as well. The report names this " +
      "grant for all of it. Where they disagree about `ambient`, `true` wins.",
  }),
});

type Inputs = z.output<typeof inputs>;

function refuseTwice(texts: readonly OrUnknown<string>[], context: z.RefinementCtx): void {
  for (const [index, text] of texts.entries()) {
    const before = texts.indexOf(text);
    if (before === index || isUnknown(text)) continue;
    context.addIssue({
      code: "custom",
      path: [index],
      message: `is the same grant as entry ${before}; leave one out`,
    });
  }
}

const outputs = z.strictObject({
  grant: required(z.string(), {
    description: "The grant as one opaque string: pass it to an App. Its form is not part of the interface.",
  }),
});

export const CapabilityGrant = defineResource({
  token: "wasm:index:CapabilityGrant",
  description,
  inputs,
  outputs,
  artifactInputs: ["*"],

  check: (grant, { name }) => volumeProblems(grant, name),

  async create(grant, context) {
    return { id: context.name, outputs: { grant: encodeGrant(wholeGrant(grant, context.name)) } };
  },

  async update(_old, grant, context) {
    return { grant: encodeGrant(wholeGrant(grant, context.name)) };
  },
});

function wholeGrant(grant: Inputs, name: string): Grant {
  return extended(grantOf(name, grant), basesOf(grant));
}

/** Of a list that is not known as a whole, anything may be in it. */
function basesOf({ extends: texts = [] }: Inputs): OrUnknown<Grant>[] {
  if (isUnknown(texts)) return [unknown];
  return texts.map((text) => (isUnknown(text) ? unknown : (decodeGrant(text) ?? unknown)));
}

/** At one path a module can have one volume: the folders of an included grant must agree with what stands before it. */
function volumeProblems(grant: Inputs, name: string): Problem[] {
  const volumes = new Map(
    grantOf(name, grant).rules.filesystem.map(({ path, volume }) => [path, { volume, owner: "this grant" }]),
  );
  return basesOf(grant).flatMap((base, index) => {
    if (isUnknown(base)) return [];
    return base.rules.filesystem.flatMap(({ path, volume }) => {
      const before = volumes.get(path);
      if (before === undefined) volumes.set(path, { volume, owner: `grant ${base.name}` });
      if (before === undefined || before.volume === volume) return [];
      const message = `grant ${base.name} has the volume ${volume} at ${path}, where ${before.owner} has ${before.volume}; give one of them another path`;
      return [{ path: `extends[${index}]`, message }];
    });
  });
}
