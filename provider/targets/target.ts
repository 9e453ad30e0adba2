/**
 * What an EdgeTarget hands to an App: one opaque string. A structured output would become unknown as a whole for one
 * unknown leaf, and an App that knows nothing of its target could show none of its children in preview. So unknown
 * leaves are marked inside the string.
 */
import * as z from "zod";
import { orUnknown } from "../schema/fields.ts";
import { decodeMarked, encodeMarked } from "../schema/marked.ts";
import { kubernetesTargetFields } from "./kubernetes/targetFields.ts";

const registrySchema = z.object({
  /** `host[:port][/prefix]`, to push to. */
  push: orUnknown(z.string()),
  /** The same place by the name that nodes pull from. Absent: `push`. */
  pull: z.optional(orUnknown(z.string())),
  insecure: z.optional(orUnknown(z.boolean())),
});

const targetSchema = z.object({
  kind: orUnknown(z.enum(["local", "kubernetes"])),
  memory: z.optional(orUnknown(z.number())),
  requestTimeout: z.optional(orUnknown(z.number())),
  /** Where Apps deliver to. Absent: nothing is pushed. */
  registry: z.optional(orUnknown(registrySchema)),
  /** With `kind: "kubernetes"`. */
  kubernetes: z.optional(kubernetesTargetFields),
});

export type Target = z.infer<typeof targetSchema>;
export type TargetRegistry = z.infer<typeof registrySchema>;

export function encodeTarget(target: Target): string {
  return encodeMarked(target);
}

/** @returns undefined for a string that no EdgeTarget of this version made */
export function decodeTarget(text: string): Target | undefined {
  return decodeMarked(targetSchema, text);
}
