/** The process in which modules are composed; see `composer.ts`, which starts, limits and replaces it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pluginFile } from "../../pluginFiles.ts";
import { digestOf } from "../digest.ts";
import { engine } from "../engine.ts";
import { systemCode } from "../errors.ts";
import { checkSeal, type Expected, SealError } from "../proof/index.ts";
import { NoRoom, withRoomForAdapter } from "./goMemory.ts";
import type {
  ComponentFile,
  ComposerLink,
  ComposerProblem,
  ComposerReply,
  ComposerRequest,
  ComposerSeal,
} from "./protocol.ts";
import { wasiStub } from "./wasiStub.ts";

interface Module {
  name: string;
  bytes: Uint8Array;
}

/** The component's exports: `composer/wit/composer.wit`. */
interface ComposerExports {
  compose(
    text: string,
    modules: Module[],
    guards: Module[],
    seals: ComposerSeal[],
  ): { tag: "composed"; val: Uint8Array } | { tag: "failed"; val: ComposerProblem };
  links(
    text: string,
    modules: Module[],
  ): { tag: "linked"; val: ComposerLink[] } | { tag: "failed"; val: ComposerProblem };
  explain(modules: Module[], links: ComposerLink[]): ComposerProblem[];
  sealCore(
    module: Uint8Array,
    denied: readonly string[],
  ): { tag: "sealed"; val: Uint8Array } | { tag: "failed"; val: string };
}

interface Transpiled {
  instantiate(getCoreModule: (name: string) => Promise<object>, imports: object): Promise<ComposerExports>;
}

type Failure = Extract<ComposerReply, { error: string }>;

class ModuleFailure extends Error {
  readonly reply: Failure;
  constructor(reply: Failure) {
    super(reply.message);
    this.reply = reply;
  }
}

process.on("message", async (request: ComposerRequest) => {
  process.send?.(await answer(request));
});
// The provider has gone, or has done with this process.
process.on("disconnect", () => process.exit());

async function answer(request: ComposerRequest): Promise<ComposerReply> {
  try {
    if (request.kind === "compose") return await compose(request);
    if (request.kind === "sealCore") return await sealCore(request);
    return request.kind === "links" ? await links(request) : await adapt(request);
  } catch (error) {
    if (error instanceof ModuleFailure) return error.reply;
    return { error: "fault", message: error instanceof Error ? error.message : String(error) };
  }
}

async function compose({
  text,
  modules,
  links,
  seals,
}: Extract<ComposerRequest, { kind: "compose" }>): Promise<ComposerReply> {
  const contents = await readAll(modules);
  const guards = await readAll(seals?.guards ?? []);
  const composed = (sealed: ComposerSeal[]) =>
    inFreshComposer((composer) => composer.compose(text, contents, guards, sealed));
  const outcome = await composed(seals?.modules ?? []);
  if (outcome.tag === "composed") return seals ? proven(outcome.val, seals.expected) : { bytes: outcome.val };
  // What does not fit without a seal either is better told without it.
  const unsealed = outcome.val.kind === "sealing" ? await composed([]) : outcome;
  const problem = unsealed.tag === "failed" ? unsealed.val : outcome.val;
  const explained =
    links.length > 0 && (problem.kind === "mismatch" || problem.kind === "invalid")
      ? // What is known is enough when there is no better explanation.
        await inFreshComposer((composer) => composer.explain(contents, links)).catch(() => [])
      : [];
  return { problems: explained.length > 0 ? explained : [problem] };
}

/** Nothing is believed of what composed the bytes. */
function proven(bytes: Uint8Array, expected: Expected): ComposerReply {
  try {
    checkSeal(bytes, expected);
    return { bytes };
  } catch (error) {
    if (error instanceof SealError) return { error: "unproven", message: error.discrepancies.join("; ") };
    throw error;
  }
}

async function links({ text, modules }: Extract<ComposerRequest, { kind: "links" }>): Promise<ComposerReply> {
  const contents = await readAll(modules);
  const linkage = await inFreshComposer((composer) => composer.links(text, contents));
  return linkage.tag === "linked" ? { links: linkage.val } : { problems: [linkage.val] };
}

async function readAll(files: readonly ComponentFile[]): Promise<Module[]> {
  const contents: Module[] = [];
  for (const file of files) contents.push({ name: file.name, bytes: await read(file) });
  return contents;
}

let coreModules: Map<string, Promise<object>> | undefined;

/** One instance for each call: a former one leaves no memory, and no state that could change a result. */
async function inFreshComposer<T>(call: (composer: ComposerExports) => T): Promise<T> {
  coreModules ??= new Map();
  const modules = coreModules;
  const folder = pluginFile("composer");
  const { instantiate }: Transpiled = await import(pathToFileURL(join(folder, "composer.js")).href);
  const getCoreModule = (name: string) => {
    const known = modules.get(name) ?? readFile(join(folder, name)).then((bytes) => new engine.Module(bytes));
    modules.set(name, known);
    return known;
  };
  const { imports, message } = wasiStub();
  try {
    return call(await instantiate(getCoreModule, imports));
  } catch (error) {
    throw new Error(message() || (error instanceof Error ? error.message : String(error)));
  }
}

async function adapt({
  module,
  adaptation,
}: Extract<ComposerRequest, { kind: "adapt" }>): Promise<ComposerReply> {
  const bytes = await read(module);
  const adapter = await readFile(join(pluginFile("composer"), `wasi_snapshot_preview1.${adaptation}.wasm`));
  const { componentNew } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  try {
    const core = withRoomForAdapter(bytes);
    return { bytes: await componentNew(core, [["wasi_snapshot_preview1", adapter]]) };
  } catch (error) {
    if (error instanceof NoRoom) {
      throw new ModuleFailure({ error: "adapt", message: error.message, module: module.name });
    }
    const payload = error instanceof Error && "payload" in error ? String(error.payload) : undefined;
    // A trap leaves the tool unusable.
    if (payload === undefined) throw error;
    throw new ModuleFailure({ error: "adapt", message: payload, module: module.name });
  }
}

async function sealCore({
  module,
  denied,
}: Extract<ComposerRequest, { kind: "sealCore" }>): Promise<ComposerReply> {
  const bytes = await read(module);
  const sealed = await inFreshComposer((composer) => composer.sealCore(bytes, denied));
  if (sealed.tag === "failed") return { error: "sealCore", message: sealed.val };
  const left = importsOf(bytes).filter((name) => !denied.includes(name));
  if (importsOf(sealed.val).join("\n") === left.join("\n")) return { bytes: sealed.val };
  return { error: "unproven", message: "The sealed module does not import what was left to it." };
}

/** As the engine reads them, which shares no code with the composer. */
function importsOf(core: Uint8Array): string[] {
  return engine.Module.imports(new engine.Module(core)).map(({ module, name }) => `${module}#${name}`);
}

async function read({ name, path, digest }: ComponentFile): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error) => {
    if (systemCode(error) !== "ENOENT") throw error;
    throw new ModuleFailure({ error: "not-found", message: "", module: name });
  });
  if (digestOf(bytes) === digest) return bytes;
  throw new ModuleFailure({ error: "damaged", message: "", module: name });
}
