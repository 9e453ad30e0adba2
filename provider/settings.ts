/** The provider's configuration: `pulumi config set wasm:…`, or the arguments of an explicit `wasm.Provider`. */
import { isAbsolute } from "node:path";
import * as z from "zod";
import { type MaximumGrants, maximumFields } from "./capabilities/maximum.ts";
import { map, object, optional } from "./schema/fields.ts";

const registryFields = object("wasm:index:Registry", "How one registry is reached, and who we are there.", {
  username: optional(z.string(), { description: "User name; goes with `password`." }),
  password: optional(z.string(), {
    description: "Password or access token of that user; goes with `username`.",
    secret: true,
  }),
  identityToken: optional(z.string(), {
    description:
      "A refresh token that the registry's token service changes for access tokens, instead of a user name and password.",
    secret: true,
  }),
  insecure: optional(z.boolean(), { description: "True: plain HTTP. Default: HTTPS." }),
  certificateAuthority: optional(z.string(), {
    description: "Certificates in PEM that are trusted for this registry beside those of the system.",
  }),
}).superRefine(refuseHalf);

/** One without the other would leave it to the container tools' files, silently. */
function refuseHalf(
  { username, password }: { username?: unknown; password?: unknown },
  context: z.RefinementCtx,
): void {
  if ((username === undefined) === (password === undefined)) return;
  const missing = username === undefined ? "username" : "password";
  context.addIssue({ code: "invalid_type", expected: "string", input: undefined, path: [missing] });
}

export const settingsFields = z.strictObject({
  cacheDirectory: optional(z.string().refine(isAbsolute, "is relative: give an absolute path"), {
    description:
      "Absolute path of the folder for module bytes, inspections and transpiled code. Default: `$PULUMI_WASM_CACHE`, else `pulumi-wasm` in the " +
      "user's cache folder. It can be deleted at any time; what is needed is made again.",
  }),
  maximumGrants: optional(maximumFields, {
    description:
      "The most that modules may be granted: a grant above it is an error in preview. `{}` lets nothing be granted; without this setting " +
      "nothing is limited. A guardrail against mistakes, not a boundary against whoever writes the program. It cannot be secret, for " +
      "errors quote it.",
  }),
  registries: optional(map(registryFields), {
    description:
      "OCI registries by host, with the port where it is not that of the scheme (`registry.example`, `localhost:5000`). For a registry that is " +
      "not here, or has no user, credentials come from the container tools' own configuration files and credential helpers.",
    secret: true,
  }),
  registryTimeout: optional(z.number().positive().max(3600), {
    description: "Seconds without a byte after which a registry counts as not reachable. Default: 30.",
  }),
  signingKey: optional(z.string(), {
    description:
      "Private key in PEM (PKCS#8) that signs images and their grants reports: ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or " +
      "4096 bits. Default: nothing is signed.",
    secret: true,
  }),
  signingKeyPassphrase: optional(z.string(), {
    description: "Opens an encrypted `signingKey`.",
    secret: true,
  }),
});

export interface RegistrySetting {
  username?: string;
  password?: string;
  identityToken?: string;
  insecure?: boolean;
  certificateAuthority?: string;
}

/** By host, with the port where it is not the scheme's own. */
export type RegistriesSetting = Readonly<Record<string, RegistrySetting>>;

export interface Settings {
  cacheDirectory?: string;
  maximumGrants?: MaximumGrants;
  registries?: RegistriesSetting;
  registryTimeout?: number;
  signingKey?: string;
  signingKeyPassphrase?: string;
}

/** Settings that errors quote, and that cannot be secret for that reason. */
export const quotedSettings: readonly (keyof Settings)[] = ["maximumGrants"];
