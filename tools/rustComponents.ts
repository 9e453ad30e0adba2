/**
 * Builds Wasm components of Rust sources so that what is committed can be compared with what its source gives: the same
 * compiler gives the same bytes in every folder, for no path of this machine gets into a component.
 */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import * as z from "zod";
import packageJson from "../package.json" with { type: "json" };
import { withoutCustomSections } from "./customSections.ts";
import { hashOf, kept } from "./kept.ts";
import { inRepository } from "./repository.ts";
import { TaskError, taskSignal } from "./task.ts";
import { cacheFolder } from "./toolchain/index.ts";

/** One Cargo workspace, and the components that come out of it. */
export interface ComponentSet {
  /** Folder of the workspace, absolute. The components and the lock are committed in it. */
  folder: string;
  lockFile: string;
  components: readonly string[];
  /**
   * `wasm32-wasip2` gives components, which import what Rust's standard library does. Of `wasm32-unknown-unknown` come core
   * modules; the components that are made of them import nothing but what their WIT world names.
   */
  target: "wasm32-wasip2" | "wasm32-unknown-unknown";
  /** Folders outside this one that its sources read. */
  reads?: readonly string[];
  /** A further folder that has the components: programs in YAML read no file outside their own. */
  copies?: string;
}

const lockSchema = z.strictObject({
  /** What `rustc -V` says. */
  rustc: z.string(),
  /** The platform that the compiler runs on; it enters the order of symbols. */
  host: z.string(),
  components: z.record(
    z.string(),
    z.strictObject({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.int().positive() }),
  ),
});

/** What is committed, and which compiler made it. Sizes are in bytes. */
export type ComponentLock = z.infer<typeof lockSchema>;

export async function readLock(set: ComponentSet): Promise<ComponentLock> {
  return lockSchema.parse(JSON.parse(await readFile(join(set.folder, set.lockFile), "utf8")));
}

/** All folders that have the committed components. */
export function foldersOf({ folder, copies }: ComponentSet): string[] {
  return copies === undefined ? [folder] : [folder, copies];
}

/** The lock entry that these bytes should have. */
export function lockEntry(bytes: Uint8Array): ComponentLock["components"][string] {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}

interface Compiler {
  rustc: string;
  host: string;
  commit: string;
  sysroot: string;
  hasTarget: boolean;
}

const run = promisify(execFile);

/** The compiler that Cargo takes in that folder, or undefined where Rust is not installed. */
async function findCompiler({ folder, target }: ComponentSet): Promise<Compiler | undefined> {
  try {
    const options = { cwd: folder, timeout: 60_000 };
    const verbose = (await run("rustc", ["-vV"], options)).stdout;
    const sysroot = (await run("rustc", ["--print", "sysroot"], options)).stdout.trim();
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(verbose)?.[1] ?? "";
    return {
      rustc: verbose.split("\n", 1)[0]!.trim(),
      host: field("host"),
      commit: field("commit-hash"),
      sysroot,
      hasTarget: existsSync(join(sysroot, "lib/rustlib", target)),
    };
  } catch {
    return undefined;
  }
}

/** Runs Cargo, its output on this terminal. Environment that would change the bytes is left out. */
async function cargo(
  set: ComponentSet,
  args: string[],
  environment: Record<string, string>,
): Promise<boolean> {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(CARGO_(PROFILE|BUILD|TARGET)_|RUSTFLAGS|RUSTC)/.test(key),
  );
  const child = spawn("cargo", [...args, "--locked", "--target", set.target], {
    cwd: set.folder,
    env: { ...Object.fromEntries(kept), ...environment },
    stdio: "inherit",
  });
  const [code] = await once(child, "close");
  return code === 0;
}

/** Compiler flags that put fixed names in the place of this machine's folders. */
function remapFlags(set: ComponentSet, compiler: Compiler, targetFolder: string): string {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const folders = [
    [set.folder, "/guest"],
    [targetFolder, "/target"],
    [cargoHome, "/cargo"],
    [join(compiler.sysroot, "lib/rustlib/src/rust"), `/rustc/${compiler.commit}`],
  ];
  return folders.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join("\x1f");
}

/** Builds one set in the cache folder. The result maps each component's name to its bytes. */
async function build(set: ComponentSet, compiler: Compiler): Promise<Map<string, Uint8Array>> {
  const targetFolder = cacheFolder("guests", set.lockFile.replace(".lock.json", ""));
  await mkdir(targetFolder, { recursive: true });
  const built = await cargo(set, ["build", "--release"], {
    CARGO_TARGET_DIR: targetFolder,
    CARGO_ENCODED_RUSTFLAGS: remapFlags(set, compiler, targetFolder),
  });
  if (!built) throw new TaskError(`The components of ${set.folder} do not build; Cargo says why above.`);
  const release = join(targetFolder, set.target, "release");
  return components(set, async (name) => {
    const bytes = await readFile(join(release, `${name.replaceAll("-", "_")}.wasm`)).catch(() =>
      readFile(join(release, `${name}.wasm`)),
    );
    if (set.target === "wasm32-wasip2") return bytes;
    // The names of a small component can be longer than all the rest of it.
    return withoutCustomSections(await componentNew(bytes));
  });
}

/** As `build`; what the same compiler made of the same files before, in this clone or another, is not built again. */
async function buildOnce(set: ComponentSet, compiler: Compiler): Promise<Map<string, Uint8Array>> {
  const name = set.lockFile.replace(".lock.json", "");
  const place = cacheFolder("rust-components", `${name}-${await keyOf(set, compiler)}`);
  const options = { log: (line: string) => console.log(line), signal: taskSignal };
  const folder = await kept(place, options, async (part) => {
    for (const [each, bytes] of await build(set, compiler)) await writeFile(join(part, each), bytes);
  });
  return components(set, (each) => readFile(join(folder, each)));
}

/** A hash of all that the bytes come from. */
async function keyOf(
  { folder, reads = [], target, components: names }: ComponentSet,
  { rustc, host, commit }: Compiler,
): Promise<string> {
  const sources = await hashOf([folder, ...reads]);
  const tools = await hashOf([inRepository("tools")], ["rustComponents.ts", "customSections.ts"]);
  const encoder = packageJson.devDependencies["@bytecodealliance/jco-transpile"];
  const all = [sources, target, names, rustc, host, commit, tools, encoder];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}

async function components(
  set: ComponentSet,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Map<string, Uint8Array>> {
  const all = set.components.map(async (name) => [name, await read(name)] as const);
  return new Map(await Promise.all(all));
}

/** Builds one set into the repository. */
async function rebuild(set: ComponentSet): Promise<void> {
  const compiler = await findCompiler(set);
  if (!compiler) throw new TaskError("Rust is not installed: see https://rustup.rs");
  if (!compiler.hasTarget)
    throw new TaskError(`Rust lacks the target: run \`rustup target add ${set.target}\``);
  const built = await build(set, compiler);
  const lock: ComponentLock = { rustc: compiler.rustc, host: compiler.host, components: {} };
  for (const [name, bytes] of built) {
    for (const folder of foldersOf(set)) await writeFile(join(folder, `${name}.wasm`), bytes);
    lock.components[name] = lockEntry(bytes);
    console.log(`${name}: ${bytes.length} bytes, ${lock.components[name].digest}`);
  }
  await writeFile(join(set.folder, set.lockFile), `${JSON.stringify(lock, null, 2)}\n`);
}

/** Why this machine cannot tell whether the committed components come from their source. */
async function reasonToSkip(
  set: ComponentSet,
  lock: ComponentLock,
  compiler?: Compiler,
): Promise<string | undefined> {
  if (!compiler) return "Rust is not installed";
  const recorded = `${lock.rustc} on ${lock.host}`;
  const present = `${compiler.rustc} on ${compiler.host}`;
  if (present !== recorded) return `they were built by ${recorded}, here is ${present}`;
  if (!compiler.hasTarget) return `the target is not installed (\`rustup target add ${set.target}\`)`;
  if (!(await cargo(set, ["fetch"], {}))) return "their dependencies cannot be fetched";
  return undefined;
}

/** Rebuilds one set beside the repository; false when a committed component is not what its source gives. */
async function check(set: ComponentSet): Promise<boolean> {
  const lock = await readLock(set);
  const compiler = await findCompiler(set);
  const reason = await reasonToSkip(set, lock, compiler);
  if (reason || !compiler) {
    console.log(`skipped: ${set.components.join(", ")}: ${reason}`);
    return true;
  }
  let same = true;
  for (const [name, bytes] of await buildOnce(set, compiler)) {
    const [committed, rebuilt] = [lock.components[name]?.digest, lockEntry(bytes).digest];
    if (committed === rebuilt) console.log(`same: ${name}`);
    else {
      same = false;
      console.error(`differs: ${name} is committed as ${committed}, its source gives ${rebuilt}`);
    }
  }
  if (!same) console.error("Run this task without --check and commit what it writes.");
  return same;
}

/** Rebuilds the sets into the repository; with `--check`, beside it, and compares. */
export async function buildOrCheck(sets: readonly ComponentSet[]): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  for (const set of sets) {
    if (!values.check) await rebuild(set);
    else if (!(await check(set))) process.exitCode = 1;
  }
}
