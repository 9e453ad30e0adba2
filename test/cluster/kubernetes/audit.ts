/** What an API server was asked, by the log that it keeps itself. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import type { PolicyRule } from "./access.ts";

const eventSchema = z.object({
  verb: z.string(),
  requestURI: z.string(),
  impersonatedUser: z.object({ username: z.string() }).optional(),
  /** Absent where no object is asked for, as when a client looks for what the server has. */
  objectRef: z.object({ apiGroup: z.string().default(""), resource: z.string() }).optional(),
  responseStatus: z.object({ code: z.number() }).optional(),
});

export interface Asked {
  /** As RBAC has it: `create`, `watch`. */
  verb: string;
  group: string;
  resource: string;
  path: string;
  /** Of the answer. */
  status: number;
}

/** What a user asked of objects until now, in order. */
export async function askedBy(user: string, auditLog: string): Promise<Asked[]> {
  const lines = (await readFile(auditLog, "utf8")).split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const { verb, requestURI, impersonatedUser, objectRef, responseStatus } = eventSchema.parse(
      JSON.parse(line),
    );
    if (impersonatedUser?.username !== user || objectRef === undefined) return [];
    const { apiGroup: group, resource } = objectRef;
    return [{ verb, group, resource, path: requestURI, status: responseStatus?.code ?? 0 }];
  });
}

export function allows(rule: PolicyRule, { verb, group, resource }: Asked): boolean {
  return rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb);
}

const methods: Record<string, "GET" | "POST" | "PATCH" | "DELETE"> = {
  create: "POST",
  patch: "PATCH",
  delete: "DELETE",
};

/** How a request is made again. */
export function methodOf({ verb }: Asked): "GET" | "POST" | "PATCH" | "DELETE" {
  return methods[verb] ?? "GET";
}
