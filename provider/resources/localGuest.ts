/** From the inputs of `wasm:local:Server` to what the local target starts. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type * as z from "zod";
import type { Artifact } from "../artifacts/artifact.ts";
import { parseCompositionRecipe, unsealed } from "../artifacts/compose/index.ts";
import { decodeRules } from "../capabilities/rules.ts";
import { UserError } from "../errors.ts";
import { holdsUnknown } from "../schema/fields.ts";
import type { GuestSpec, LocalOptions } from "../targets/local/control.ts";
import { artifactStore } from "./artifactStore.ts";
import type { localServerInputs } from "./localServer.ts";
import type { Context } from "./resource.ts";
import { sealSingle, wholeGrant } from "./singleModule.ts";

type Inputs = z.output<typeof localServerInputs>;
type Known<T> = T extends symbol
  ? never
  : T extends readonly (infer Item)[]
    ? Known<Item>[]
    : T extends object
      ? { [Key in keyof T]: Known<T[Key]> }
      : T;

const pagesPerMebibyte = 16;

/** The same for the same resource of the same project on this machine, whatever happened to its state. */
export function instanceId({ urn }: Context): string {
  return createHash("sha256").update(`${urn}\n${process.cwd()}`).digest("hex").slice(0, 24);
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
  const server = known(inputs);
  const { store, composer } = artifactStore(context.settings);
  const digest = await composer.ensure(await sealedArtifact(inputs, context), context);
  const path = await store.verify(digest);
  return {
    id: instanceId(context),
    name: context.name,
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

/** What is run: of a Composition its own bytes, and of a single Module those that it is sealed into. All known. */
export async function sealedArtifact(
  { artifact, rules, denied }: Pick<Inputs, "artifact" | "rules" | "denied">,
  { settings, signal }: Context,
): Promise<Artifact> {
  const server = known({ artifact: artifact as Artifact, rules, denied });
  const recipe = parseCompositionRecipe(server.artifact.recipe);
  if (recipe && !recipe.seal) throw new UserError(unsealed(recipe), "artifact");
  if (recipe) return server.artifact;
  const grant = wholeGrant(decodeRules(server.rules));
  if (grant === undefined) throw new UserError("These rules contradict one another.", "rules");
  const { composer } = artifactStore(settings);
  const access = { grants: [grant], denied: server.denied };
  return (await sealSingle(composer, server.artifact, access, signal)).artifact;
}

function mapValues<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function known<T>(inputs: T): Known<T> {
  if (holdsUnknown(inputs)) throw new Error("An input is still unknown outside preview.");
  return inputs as Known<T>;
}
