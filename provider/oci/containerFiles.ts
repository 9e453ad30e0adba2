/**
 * The container tools' own configuration: Docker's `config.json` and podman's `auth.json` (containers-auth.json(5)),
 * which share one form.
 */
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { systemCode } from "../artifacts/errors.ts";
import type { Credentials } from "./credentials.ts";

export interface ContainerFile {
  path: string;
  /** By host, or by `host/path`. */
  credentials: ReadonlyMap<string, Credentials>;
  /** Names of credential helpers by host. */
  helpers: Readonly<Record<string, string>>;
  /** The helper for every other host. */
  defaultHelper?: string | undefined;
  /** Why it could not be read. */
  problem?: string;
}

const maxBytes = 1024 * 1024;

/** Where the files are, the first one first. */
export function containerFiles(environment: NodeJS.ProcessEnv): string[] {
  const home = environment.HOME || environment.USERPROFILE || homedir();
  const podman = environment.REGISTRY_AUTH_FILE
    ? environment.REGISTRY_AUTH_FILE
    : environment.XDG_RUNTIME_DIR && join(environment.XDG_RUNTIME_DIR, "containers", "auth.json");
  return [
    join(environment.DOCKER_CONFIG || join(home, ".docker"), "config.json"),
    ...(podman ? [podman] : []),
  ];
}

/** Entries that are not of the form are left out one by one: tools of every age write into these files. */
const entrySchema = z.looseObject({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
});
const helperName = z.string().regex(/^[\w.-]{1,100}$/);
const fileSchema = z.looseObject({
  auths: z.record(z.string(), z.unknown()).nullish(),
  credHelpers: z.record(z.string(), z.unknown()).nullish(),
  credsStore: z.unknown().optional(),
});

/** Never fails: what is wrong is in `problem`, and a file that is not there is an empty one. */
export async function readContainerFile(path: string): Promise<ContainerFile> {
  const nothing = { path, credentials: new Map(), helpers: {} };
  try {
    if ((await stat(path)).size > maxBytes) return { ...nothing, problem: `${path} is larger than 1 MiB.` };
    const { auths, credHelpers, credsStore } = fileSchema.parse(JSON.parse(await readFile(path, "utf8")));
    const helpers = Object.entries(credHelpers ?? {}).flatMap(([host, name]) => {
      const parsed = helperName.safeParse(name);
      return parsed.success ? [[hostOf(host), parsed.data] as const] : [];
    });
    const defaultHelper = helperName.safeParse(credsStore).data;
    const credentials = Object.entries(auths ?? {}).flatMap(([host, entry]) => {
      const parsed = credentialsOf(entry);
      return parsed ? [[hostOf(host), parsed] as const] : [];
    });
    return { path, credentials: new Map(credentials), helpers: Object.fromEntries(helpers), defaultHelper };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return nothing;
    // What a parser says would quote the file, and with it secrets.
    return { ...nothing, problem: `${path} cannot be read (${code ?? "it is not of the expected form"}).` };
  }
}

function credentialsOf(entry: unknown): Credentials | undefined {
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) return undefined;
  const { auth, username, password, identitytoken } = parsed.data;
  if (identitytoken) return { kind: "identityToken", token: identitytoken };
  if (auth) {
    const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon > 0)
      return { kind: "password", username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return username && password ? { kind: "password", username, password } : undefined;
}

/** Older tools wrote addresses: `https://host/v1/`. Docker Hub's is still written so, and kept. */
function hostOf(key: string): string {
  if (key === "https://index.docker.io/v1/") return key;
  const withoutScheme = key.replace(/^https?:\/\//, "");
  return (key === withoutScheme ? key : withoutScheme.split("/")[0]!)
    .replace(/\/(v[12]\/?)?$/, "")
    .toLowerCase();
}
