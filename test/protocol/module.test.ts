import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Asset } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Module";
const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-module-"));
  engine = await TestEngine.attach({ cacheDirectory: join(folder, "cache") });
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** An asset as the engine sends it, with the hash of its content. */
async function assetOf(path: string): Promise<Asset> {
  return new Asset({ path }, digestOf(await readFile(path)).slice("sha256:".length));
}

describe(type, () => {
  it("tells in preview what a component is, imports and exports", async () => {
    const { outputs } = await engine.create(
      type,
      { file: await assetOf(guestFile("needs-kv")) },
      { preview: true },
    );
    const digest = guestDigest("needs-kv");
    expect(outputs).toMatchObject({
      digest,
      kind: "component",
      artifact: { digest, kind: "component", recipe: digest },
      exports: ["wasi:http/incoming-handler@0.2.0"],
      languages: ["Rust"],
    });
    expect(outputs.imports).toEqual(
      expect.arrayContaining(["acme:auth/check@1.2.0", "wasi:keyvalue/store@0.2.0-draft"]),
    );
  });

  it("tells what the program means from what its language brings in", async () => {
    const { outputs } = await engine.create(type, { file: await assetOf(guestFile("needs-kv")) });
    const needs = outputs.needs as { program: string[]; language: string[] };
    expect(needs.program).toEqual(["acme:auth/check@1.2.0", "wasi:keyvalue/store@0.2.0-draft"]);
    expect(needs.language.every((name) => name.startsWith("wasi:cli/"))).toBe(true);
    expect(needs.language.length).toBeGreaterThan(0);
  });

  it("names the imports of a core module by module and name", async () => {
    const path = join(folder, "core.wasm");
    // (module (import "env" "log" (func)) (export "run" (func 0)))
    const text = "0061736d01000000010401600000020b0103656e76036c6f6700000707010372756e0000";
    await writeFile(path, Buffer.from(text, "hex"));
    const { outputs } = await engine.create(type, { file: await assetOf(path) });
    expect(outputs).toMatchObject({ kind: "core", imports: ["env#log"], exports: ["run"] });
  });

  it("does not differ when the file moves, and differs for one byte", async () => {
    const path = join(folder, "api.wasm");
    await copyFile(guestFile("plain"), path);
    const state = await engine.create(type, { file: await assetOf(path) });
    const moved = join(folder, "moved.wasm");
    await copyFile(path, moved);
    expect((await engine.diff(type, state, { file: await assetOf(moved) })).changes).toBe(DIFF_NONE);
    await writeFile(moved, Buffer.concat([await readFile(path), Buffer.from([0, 2, 1, 120])]));
    expect(await engine.diff(type, state, { file: await assetOf(moved) })).toMatchObject({
      changes: DIFF_SOME,
      diffs: ["file"],
      replaces: [],
    });
  });

  it("is imported by the path of its file", async () => {
    const path = guestFile("plain");
    const imported = await engine.read(type, { id: path });
    expect(imported).toMatchObject({ id: "it", inputs: { file: new Asset({ path }) } });
    expect(imported.outputs.digest).toBe(guestDigest("plain"));
  });

  it("does not change with refresh, nor needs its bytes for that or to be deleted", async () => {
    const path = join(folder, "gone.wasm");
    await copyFile(guestFile("plain"), path);
    const state = await engine.create(type, { file: await assetOf(path) });
    await rm(path);
    expect(await engine.read(type, state)).toEqual(state);
    await expect(engine.delete(type, state)).resolves.toBeUndefined();
  });
});
