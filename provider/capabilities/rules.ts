import * as z from "zod";
import { decodeMarked, encodeMarked } from "../schema/marked.ts";

/** Where an outgoing HTTP request may go: the origin of the WHATWG URL standard, or all hosts below a suffix. */
export interface Origin {
  scheme: "http" | "https";
  /** Canonical: lower case, no trailing dot, punycode, brackets around IPv6; or `*.suffix`, which excludes the suffix itself. */
  host: string;
  /** Always explicit here; a grant without a port means the scheme's own. */
  port: number;
}

export interface SocketRule {
  /** An IP address, a CIDR block, or a host name (then only addresses that a granted look-up of that name returned). */
  host: string;
  protocol: "tcp" | "udp";
  /** Inclusive ranges; a single port is a range of one. */
  ports: { from: number; to: number }[];
}

export interface FileRule {
  /** Absolute path in the guest, normalised. */
  path: string;
  access: "read" | "write";
  /** Name of the volume that the App binds to a place. */
  volume: string;
}

/** What one module may do: the union of its grants, as plain data. Everything that is not named is denied. */
export interface Rules {
  http: Origin[];
  sockets: SocketRule[];
  /** Host names, canonical as in `Origin`, or `*.suffix`. */
  nameLookup: string[];
  filesystem: FileRule[];
  /** Keys. */
  environment: string[];
  /** Keys. */
  config: string[];
  keyValue: string[];
  blobs: string[];
  messaging: string[];
  sql: string[];
  /** Other Apps or Services as `formatCallee` writes them: `auth`, `auth.identity:8080`. */
  calls: string[];
  /** Full WIT names of interfaces outside the other families, with version (`acme:ai/model@1.2.0`). */
  interfaces: string[];
  /** On unless a grant narrows them. */
  ambient: { clocks: boolean; random: boolean; stdio: boolean };
}

export const rulesSchema: z.ZodType<Rules> = z.strictObject({
  http: z.array(
    z.strictObject({
      scheme: z.enum(["http", "https"]),
      host: z.string().min(1),
      port: z.int().min(1).max(65535),
    }),
  ),
  sockets: z.array(
    z.strictObject({
      host: z.string().min(1),
      protocol: z.enum(["tcp", "udp"]),
      ports: z.array(z.strictObject({ from: z.int().min(1).max(65535), to: z.int().min(1).max(65535) })),
    }),
  ),
  nameLookup: z.array(z.string()),
  filesystem: z.array(
    z.strictObject({
      path: z.string().startsWith("/"),
      access: z.enum(["read", "write"]),
      volume: z.string(),
    }),
  ),
  environment: z.array(z.string()),
  config: z.array(z.string()),
  keyValue: z.array(z.string()),
  blobs: z.array(z.string()),
  messaging: z.array(z.string()),
  sql: z.array(z.string()),
  calls: z.array(z.string()),
  interfaces: z.array(z.string()),
  ambient: z.strictObject({ clocks: z.boolean(), random: z.boolean(), stdio: z.boolean() }),
});

/** As one string, equal for equal rules when both come from `union`. */
export function encodeRules(rules: Rules): string {
  return encodeMarked(rules);
}

/** @throws Error for a string that `encodeRules` of this version did not make: nothing is guessed about permissions */
export function decodeRules(text: string): Rules {
  const rules = decodeMarked(rulesSchema, text);
  if (!rules)
    throw new Error(
      "These rules were not made by this version of the plugin: run `pulumi up` of the App again.",
    );
  return rules;
}
