import { componentWit, metadataShow } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { Digest } from "./digest.ts";
import { engine } from "./engine.ts";
import { ArtifactError } from "./errors.ts";
import { classify, headerSize } from "./header.ts";
import type { Inspection, Producer } from "./inspection.ts";
import { importsWithHandles, readSeal } from "./proof/index.ts";
import { type Extern, isWitPackage, readRootExterns } from "./sections.ts";

type Metadata = Awaited<ReturnType<typeof metadataShow>>;

/** Real names are far below these; what is above is made to hurt whoever prints or stores it. */
const maxName = 4096;
const maxNames = 1 << 20;
const maxWit = 1 << 20;
const maxSealed = 1 << 20;
const maxProducer = 200;
const maxProducers = 100;

/**
 * Parses and validates untrusted bytes. Call it in a worker only: the parser is one WebAssembly instance for the whole thread,
 * which stays unusable after some errors and never gives memory back. No code of the module runs.
 *
 * @throws ArtifactError `not-deployable` or `invalid`
 */
export async function inspectBytes(bytes: Uint8Array, digest: Digest): Promise<Inspection> {
  const kind = classify(bytes.subarray(0, headerSize), "The module");
  const metadata = await parsing(() => metadataShow(bytes));
  const found = kind === "core" ? coreNames(bytes) : await componentNames(bytes, metadata);
  const wit = kind === "core" ? "" : await parsing(() => componentWit(bytes));
  if (wit.length > maxWit) throw invalid(`Its world is longer than ${maxWit} characters.`);
  const producers = collectProducers(metadata);
  return {
    digest,
    kind,
    size: bytes.length,
    ...found,
    languages: unique(producers.flatMap(languageOf)),
    producers,
    wasiVersions: unique([...found.imports, ...found.exports].flatMap(wasiVersion)),
    wit: printable(wit),
    ...(kind === "component" && { handles: names(importsWithHandles(bytes)), ...sealedIn(bytes) }),
  };
}

/** What the bytes say of themselves, without names: which guards are ours depends on the plugin. */
function sealedIn(bytes: Uint8Array): Pick<Inspection, "sealed"> {
  const seal = readSeal(bytes, {});
  if (!seal) return {};
  const sealed = seal.modules.map(({ guards, rules, name, ...module }) => ({
    ...module,
    ...(name !== undefined && { name }),
    ...(rules && { rules }),
    guards: guards.map(({ digest, serves }) => ({ digest, serves })),
  }));
  if (JSON.stringify(sealed).length > maxSealed)
    throw invalid(`What is sealed in it is longer than ${maxSealed} characters.`);
  return { sealed: allPrintable(sealed) };
}

/** Plain data with all texts and keys in it as `printable` has them. */
function allPrintable<T>(value: T): T {
  const change = (part: unknown): unknown => {
    if (typeof part === "string") return printable(part);
    if (Array.isArray(part)) return part.map(change);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [printable(key), change(item)]));
  };
  return change(value) as T;
}

async function componentNames(
  bytes: Uint8Array,
  metadata: Metadata,
): Promise<{ imports: string[]; exports: string[] }> {
  const externs = await parsing(() => readRootExterns(bytes));
  if (isWitPackage(externs)) {
    throw new ArtifactError(
      "not-deployable",
      "The module is a WIT package in binary form: it describes interfaces and holds no code. Give the component that implements them.",
    );
  }
  // wasm-tools checks types and structure but not the functions' bodies, where most of the bytes are.
  for (const part of metadata) {
    if (part.metaType.tag === "module") compileUnlessSwitchedOff(bytes.subarray(...part.range));
  }
  return { imports: names(externs.imports.map(externName)), exports: names(externs.exports.map(externName)) };
}

function coreNames(bytes: Uint8Array): { imports: string[]; exports: string[] } {
  const module = compile(bytes);
  const imports = engine.Module.imports(module).map((item) => `${item.module}#${item.name}`);
  return { imports: names(imports), exports: names(engine.Module.exports(module).map((item) => item.name)) };
}

/** A type alone is no capability: its name is left out. */
function externName(extern: Extern): string | undefined {
  if (extern.kind === "type") return undefined;
  return extern.implements === undefined ? extern.name : `${extern.name}: ${extern.implements}`;
}

function names(all: (string | undefined)[]): string[] {
  const found = all.filter((name) => name !== undefined);
  let total = 0;
  for (const name of found) {
    total += name.length;
    if (name.length > maxName)
      throw invalid(`It holds a name of ${name.length} characters; the limit is ${maxName}.`);
    if (total > maxNames)
      throw invalid(`The names of its imports or exports are longer than ${maxNames} characters.`);
  }
  return unique(found.map(printable));
}

/** Validates the functions' bodies with the engine of Node; compiling runs nothing. */
function compile(bytes: Uint8Array): object {
  try {
    return new engine.Module(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalid(firstLine(message.replace(/^WebAssembly\.Module\(\): /, "")), { cause: error });
  }
}

/** A proposal that this Node has switched off says nothing about the engine that will run the component. */
function compileUnlessSwitchedOff(bytes: Uint8Array): void {
  if (engine.validate(bytes)) return;
  try {
    compile(bytes);
  } catch (error) {
    if (!/enable with|--experimental-wasm/.test(String(error))) throw error;
  }
}

function collectProducers(metadata: Metadata): Producer[] {
  const found = new Map<string, Producer>();
  for (const part of metadata) {
    for (const [field, values] of part.producers) {
      for (const [name, version] of values) {
        const producer = { field: short(field), name: short(name), version: short(version) };
        found.set(JSON.stringify(Object.values(producer)), producer);
        if (found.size > maxProducers) throw invalid(`It names more than ${maxProducers} producers.`);
      }
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, producer]) => producer);
}

/** Tools that stand for a language: a stripped build keeps their names and loses the language's own. */
const languageOfTool: Record<string, string> = {
  "wit-bindgen-rust": "Rust",
  rustc: "Rust",
  ComponentizeJS: "JavaScript",
};

function languageOf({ field, name }: Producer): string[] {
  if (field === "language") return [name];
  const language = Object.hasOwn(languageOfTool, name) ? languageOfTool[name] : undefined;
  return language === undefined ? [] : [language];
}

function wasiVersion(name: string): string[] {
  if (name.startsWith("wasi_snapshot_preview1#")) return ["preview1"];
  if (name.startsWith("wasi_unstable#")) return ["preview0"];
  const version = /(?:^|: )wasi:[^@]*@(.+)$/.exec(name)?.[1];
  return version ? [version] : [];
}

async function parsing<T>(parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    throw invalid(firstLine(parserMessage(error)), { cause: error });
  }
}

/** wasm-tools throws the error value of its interface (`payload`) or, after a panic, a trap. */
function parserMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("payload" in error && typeof error.payload === "string") return error.payload.split("\n").join(": ");
  if (/unreachable|wasm trap/.test(error.message))
    return "it holds a form that wasm-tools cannot describe in WIT";
  return error.message;
}

function invalid(detail: string, options?: ErrorOptions): ArtifactError {
  return new ArtifactError(
    "invalid",
    `The module is damaged or uses a form that is not supported: ${printable(detail)} Build it again with current tools.`,
    options,
  );
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0]?.slice(0, 500) ?? "";
  return line.endsWith(".") ? line : `${line}.`;
}

function short(text: string): string {
  return printable(text).slice(0, maxProducer);
}

/** Escapes what could steer a terminal or reorder the text on it; `\` itself, so that no two names become one. */
function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\\]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

function unique(values: string[]): string[] {
  return [...new Set(values)].sort();
}
