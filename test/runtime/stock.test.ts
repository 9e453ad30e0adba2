/**
 * Modules of stock tool chains that use nothing: admitted without a grant, though their languages ask for much, and
 * running as ever when all of that is denied: in Wasmtime with every right open, and on the local target.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { type Digest, digestSchema } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { isAmbient, meaningOf, parseImportName } from "../../provider/capabilities/vocabulary.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
import { type StockModule, stockModule, stockModules } from "../../tools/stock/modules.ts";
import { taskSignal } from "../../tools/task.ts";
import { Unavailable } from "../../tools/toolchain/tool.ts";
import { TestEngine } from "../protocol/harness.ts";
import { inWasmtime, onLocalTarget, wasmtime } from "./stockRuns.ts";

/** Installing tools and building with them, where no clone on this machine has done so. */
const buildLimit = 15 * 60_000;
/** The languages that bring their interpreter along: up to 18 MB to compile. */
const runLimit = 240_000;

const cacheDirectory = mkdtempSync(join(tmpdir(), "pulumi-wasm-stock-"));
const store = new Store({ folder: cacheDirectory });
const target = encodeTarget({ kind: "local" });
let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.attach({ cacheDirectory });
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

/** A Composition of the module alone, which seals it with its grants: none. */
async function composed({ kind }: StockModule, file: string) {
  const { result } = await engine.invoke("wasm:index:inspect", { file });
  const artifact = { ...moduleArtifact(digestSchema.parse(result.digest), kind) };
  const inputs = { modules: { main: { artifact } } };
  const { failures } = await engine.check("wasm:index:Composition", inputs);
  expect(failures).toEqual([]);
  const { outputs } = await engine.create("wasm:index:Composition", inputs);
  return {
    artifact: outputs.artifact as Properties,
    imports: outputs.imports as string[],
    path: store.path(outputs.digest as Digest),
  };
}

describe.each(stockModules)("$name", (module) => {
  let missing: string | undefined;
  let made: Awaited<ReturnType<typeof composed>>;

  beforeAll(async () => {
    const log = (line: string) => console.error(line);
    try {
      made = await composed(module, await stockModule(module, { log, signal: taskSignal }));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
    }
  }, buildLimit);
  beforeEach((context) => context.skip(missing !== undefined, missing));

  test("is admitted without a grant", async () => {
    const admission = { artifact: made.artifact, target, run: module.run };
    expect((await engine.check("wasm:index:Admission", admission)).failures).toEqual([]);
    const { outputs } = await engine.create("wasm:index:Admission", admission, { preview: true });
    expect(outputs.entries).toEqual([]);
  });

  test("asks its host for nothing that needs a grant", () => {
    const asking = made.imports.filter((name) => {
      const meaning = meaningOf(parseImportName(name));
      return (
        meaning.kind !== "structural" && !(meaning.kind === "opened" && meaning.openers.every(isAmbient))
      );
    });
    expect(asking).toEqual([]);
  });

  test.skipIf(!wasmtime)("runs in Wasmtime", { timeout: runLimit }, async () => {
    expect(await inWasmtime[module.run](made.path)).toContain(module.line);
  });

  test("runs on the local target", { timeout: runLimit }, async () => {
    expect(await onLocalTarget[module.run](made.path)).toContain(module.line);
  });
});
