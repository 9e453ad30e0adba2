/** From the inputs of `wasm:local:Server` to what the local target starts. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type * as z from "zod";
import { decodeRules } from "../capabilities/rules.ts";
import { allKnown } from "../schema/fields.ts";
import type { GuestSpec, LocalOptions } from "../targets/local/control.ts";
import { artifactStore } from "./artifactStore.ts";
import type { localServerInputs } from "./localServer.ts";
import type { Context } from "./resource.ts";
import { sealedArtifact } from "./sealedArtifact.ts";

type Inputs = z.output<typeof localServerInputs>;
const pagesPerMebibyte = 16;

/** The same for the same resource of the same project on this machine, whatever happened to its state. */
export function instanceId({ urn }: Context): string {
  return createHash("sha256").update(`${urn}\n${process.cwd()}`).digest("hex").slice(0, 24);
}

/** The same for all Apps of a stack of this folder's project, and for no other's. */
function application({ urn }: Context): string {
  const [stack = "", project = ""] = urn.replace(/^urn:pulumi:/, "").split("::");
  return [stack, project, process.cwd()].join("\n");
}

export function localOptions({ settings, signal, log }: Context): LocalOptions {
  return {
    directory: join(stateFolder(), "local"),
    cacheDirectory: artifactStore(settings).store.folder,
    volumeBase: process.cwd(),
    signal,
    log: (message) => log.progress(message),
  };
}

/** `PULUMI_WASM_STATE`, or `pulumi-wasm` in `$XDG_STATE_HOME` or `~/.local/state`. Must not be lost while servers run. */
function stateFolder(): string {
  const { PULUMI_WASM_STATE: own, XDG_STATE_HOME: xdg } = process.env;
  if (own && isAbsolute(own)) return own;
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "state"), "pulumi-wasm");
}

export async function guestOf(inputs: Inputs, context: Context): Promise<GuestSpec> {
  const server = allKnown(inputs);
  const { store, composer } = artifactStore(context.settings);
  const digest = await composer.ensure(await sealedArtifact(inputs, "component", context), context);
  const path = await store.verify(digest);
  return {
    id: instanceId(context),
    name: context.name,
    application: application(context),
    component: { path, digest },
    rules: decodeRules(server.rules),
    environment: server.environment ?? {},
    config: server.config ?? {},
    volumes: mapValues(server.volumes ?? {}, (folder) => resolve(folder)),
    limits: {
      memoryPages: (server.memory ?? 256) * pagesPerMebibyte,
      requestTimeoutMs: Math.ceil((server.requestTimeout ?? 30) * 1000),
      concurrency: server.concurrency ?? 4,
    },
    arguments: server.arguments ?? [],
  };
}

function mapValues<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
