/** Sealed core modules in real Wasmtime, which would give them everything: what is denied is refused, what is granted works. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deniedOfCore } from "../../provider/capabilities/coreSealing.ts";
import { grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { reachingModules, type StockModule, stockModule, stockModules } from "../../tools/stock/modules.ts";
import { taskSignal } from "../../tools/task.ts";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { Unavailable } from "../../tools/toolchain/tool.ts";
import { coreSealer, preview1 } from "../unit/coreStubsSetup.ts";
import { binary } from "../unit/inspectComponents.ts";

/** Installing tools and building with them, where no clone on this machine has done so. */
const buildLimit = 15 * 60_000;

const wasmtime = await findOnPath("wasmtime");
const { seal, store, inspector } = await coreSealer();
const folder = await mkdtemp(join(tmpdir(), "core-stubs-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
await writeFile(join(folder, "stock.txt"), "text");

/** Runs a core module as a command, with every right that Wasmtime's command line can give. */
async function runs(path: string) {
  const rights = ["--dir", `${folder}::/data`, "--env", "STOCK_VARIABLE=set", "-S", "inherit-network"];
  const { code, stdout, errors } = await run(wasmtime ?? "", ["run", ...rights, path, "an argument"]);
  return { code, stdout, errors: errors.join("\n") };
}

async function sealedWith(bytes: Uint8Array, inputs: GrantInputs) {
  const { digest } = await store.addBytes(bytes);
  const { imports } = await inspector.inspect(digest);
  const denied = deniedOfCore({ imports, grants: [grantOf("g", inputs)], denied: [] });
  const sealed = await seal(bytes, denied);
  expect((await inspector.inspect(sealed.digest)).imports).toEqual(
    imports.filter((name) => !denied.includes(name)),
  );
  return { ...sealed, denied };
}

/** A command whose exit code is what a function of preview 1 answers to these arguments. */
const asking = (name: string, type: string, call: string) =>
  binary(`(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "${name}" (func $f (param ${type}) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "stock.txt") (data (i32.const 16) "\\20\\00\\00\\00\\05\\00\\00\\00") (data (i32.const 32) "hello")
    (data (i32.const 64) "\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff")
    (func (export "_start") (call $exit (call $f ${call}))))`);
const i32s = (...values: number[]) => values.map((value) => `(i32.const ${value})`).join(" ");

describe.skipIf(!wasmtime)("in Wasmtime", () => {
  test.each<[name: string, type: string, call: string, sealed: number]>([
    [
      "path_open",
      "i32 i32 i32 i32 i32 i64 i64 i32 i32",
      `${i32s(3, 0, 0, 9, 0)} (i64.const 2) (i64.const 0) ${i32s(0, 64)}`,
      76,
    ],
    ["path_filestat_get", "i32 i32 i32 i32 i32", i32s(3, 0, 0, 9, 64), 76],
    ["fd_readdir", "i32 i32 i32 i64 i32", `${i32s(3, 64, 64)} (i64.const 0) (i32.const 60)`, 76],
    ["fd_prestat_get", "i32 i32", i32s(3, 64), 8],
    ["fd_write", "i32 i32 i32 i32", i32s(1, 16, 1, 64), 76],
    ["clock_time_get", "i32 i64 i32", `(i32.const 0) (i64.const 0) (i32.const 64)`, 76],
    ["random_get", "i32 i32", i32s(64, 8), 76],
    ["environ_get", "i32 i32", i32s(64, 128), 0],
    ["args_sizes_get", "i32 i32", i32s(64, 68), 0],
  ])("%s works, and once it is denied says so", async (name, type, call, code) => {
    const bytes = await asking(name, type, call);
    const file = join(folder, `${name}.wasm`);
    await writeFile(file, bytes);
    expect(await runs(file)).toMatchObject({ code: 0, errors: "" });
    const sealed = await seal(bytes, [preview1(name)]);
    expect(await runs(sealed.path)).toEqual({ code, stdout: "", errors: "" });
  });
});

/** The module's bytes, or why a tool that builds it cannot be had. */
async function built(module: StockModule): Promise<Uint8Array | string> {
  try {
    const log = (line: string) => console.error(line);
    return await readFile(await stockModule(module, { log, signal: taskSignal }));
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

function withBytes(module: StockModule): () => Uint8Array {
  let bytes: Uint8Array;
  let missing: string | undefined;
  beforeAll(async () => {
    const found = await built(module);
    if (typeof found === "string") missing = found;
    else bytes = found;
  }, buildLimit);
  beforeEach((context) => context.skip(missing !== undefined, missing));
  return () => bytes;
}

/** The one that works its memory is there for the adapter, of which there is none here. */
const commands = stockModules.filter(({ kind, name }) => kind === "core" && name !== "go-memory");

describe.skipIf(!wasmtime).each(commands)("$name", (module) => {
  const bytes = withBytes(module);

  test("runs without a grant", async () => {
    const { path } = await sealedWith(bytes(), {});
    expect(await runs(path)).toEqual({ code: 0, stdout: expect.stringContaining(module.line), errors: "" });
  });
});

describe.skipIf(!wasmtime).each(reachingModules)("$name", (module) => {
  const bytes = withBytes(module);

  test.each<[what: string, grant: GrantInputs, said: string]>([
    ["nothing", {}, "0 arguments, the variable is absent, the file is closed\n"],
    [
      "the environment, with the arguments",
      { environment: ["STOCK_VARIABLE"] },
      "2 arguments, the variable is set, the file is closed\n",
    ],
    [
      "files",
      { filesystem: [{ path: "/data", access: "read", volume: "v" }] },
      "0 arguments, the variable is absent, the file is open\n",
    ],
  ])("reaches %s where that is granted", async (_what, grant, said) => {
    const { path } = await sealedWith(bytes(), grant);
    expect(await runs(path)).toEqual({ code: 0, stdout: said, errors: "" });
  });
});
