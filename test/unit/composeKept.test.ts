/** Compositions of core modules, and what is kept of any: records, bytes, recipes. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Artifact } from "../../provider/artifacts/artifact.ts";
import { Composer, sameButComposer } from "../../provider/artifacts/compose/index.ts";
import { Inspector } from "../../provider/artifacts/inspect.ts";
import { apiWith, authShop, authWith } from "./composeModules.ts";
import { digestOf } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";

const { shop, api, auth } = await authShop();
const { composer, store } = shop;

describe("core modules for WASI preview 1", () => {
  const core = async (code: string) =>
    shop.add(
      await binary(
        `(module (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32))) (memory (export "memory") 1) ${code})`,
      ),
      "core",
    );
  const start = '(func (export "_start"))';

  test("become commands", async () => {
    const main = await core(start);
    const { exports, imports } = await composer.compose({ modules: { main } });
    expect(exports).toEqual([expect.stringMatching(/^wasi:cli\/run@0\.2\./)]);
    expect(imports).toContainEqual(expect.stringMatching(/^wasi:random\/random@0\.2\./));
    const again = await composer.compose({ modules: { main: { ...main, adapt: "command" } } });
    expect(again.digest).toBe((await composer.compose({ modules: { main } })).digest);
  });

  test.each([
    ["that do not say what they are", "", undefined, "adapt", "neither `_start` nor `_initialize`"],
    [
      "that say two things",
      `${start} (func (export "_initialize"))`,
      undefined,
      "adapt",
      "both `_start` and `_initialize`",
    ],
    [
      "that import what no adapter gives",
      `(import "env" "abort" (func)) ${start}`,
      undefined,
      "",
      "cannot be adapted as a command",
    ],
  ])("are refused %s", async (_name, code, adapt, property, message) => {
    // Imports come before everything else in a module.
    const text = code.startsWith("(import") ? `(module ${code} (memory (export "memory") 1))` : undefined;
    const main = text ? await shop.add(await binary(text), "core") : await core(code);
    expect(await shop.problems({ modules: { main: { ...main, adapt } } })).toEqual([
      {
        path: property ? `modules.main.${property}` : "modules.main",
        message: expect.stringContaining(message),
      },
    ]);
  });

  test("are the only ones to adapt", async () => {
    expect(await shop.problems({ modules: { api: { ...api, adapt: "command" }, auth } })).toEqual([
      {
        path: "modules.api.adapt",
        message: "Module `api`: It is a component already. Leave `adapt` out, which is for core modules.",
      },
    ]);
  });
});

describe("what is known", () => {
  test("is neither composed nor parsed again, and needs no bytes", async () => {
    const core = '(module (memory (export "memory") 1) (func (export "_start")))';
    const modules = { api, auth, main: await shop.add(await binary(core), "core") };
    const first = await composer.compose({ modules });
    const blobs = join(shop.folder, "blobs");
    await rename(blobs, `${blobs}-away`);
    try {
      const script = join(shop.folder, "none.js");
      const blind = new Composer(store, new Inspector(store, { script }), { script });
      expect(await blind.compose({ modules })).toEqual(first);
    } finally {
      await rename(`${blobs}-away`, blobs);
    }
  });

  test("is made again from the recipe", async () => {
    const { artifact, digest } = await composer.compose({ modules: { api, auth } });
    await store.discard(digest);
    expect(await composer.ensure(artifact)).toBe(digest);
    expect(digestOf(await store.read(digest))).toBe(digest);
  });

  test("is made again of core modules too", async () => {
    const main = await shop.add(
      await binary('(module (memory (export "memory") 1) (func (export "_start")))'),
      "core",
    );
    const { artifact, digest } = await composer.compose({ modules: { main } });
    for (const name of ["adaptations", "blobs"]) await rm(join(shop.folder, name), { recursive: true });
    await shop.add(await binary('(module (memory (export "memory") 1) (func (export "_start")))'), "core");
    expect(await composer.ensure(artifact)).toBe(digest);
    await apiWith(shop, "(token: string) -> bool");
    await authWith(shop, "(token: string) -> bool");
  });

  test("cannot be made again without its modules, which the error names", async () => {
    const { artifact, digest } = await composer.compose({ modules: { api, auth } });
    for (const gone of [digest, auth.artifact.digest]) await store.discard(gone);
    try {
      await expect(composer.ensure(artifact)).rejects.toMatchObject({
        code: "not-found",
        property: "modules.auth",
        message: `Module \`auth\`: The bytes of ${auth.artifact.digest} are not in this machine's cache. Run with the Module that they come from; an Image would carry them to other machines.`,
      });
    } finally {
      await authWith(shop, "(token: string) -> bool");
    }
  });

  test("is refused when the recipe gives other bytes", async () => {
    const { artifact } = await composer.compose({ modules: { api, auth } });
    const digest = digestOf(Buffer.from("other"));
    const recipe = artifact.recipe.replace(/"composer":"[^"]*"/, '"composer":"0.0.1"');
    await expect(composer.ensure({ ...artifact, digest, recipe })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("than composer 0.0.1 did"),
    });
    await expect(composer.ensure({ ...artifact, recipe: "{}" })).resolves.toBe(artifact.digest);
    await expect(composer.ensure({ ...artifact, digest, recipe: "{}" })).rejects.toThrow(
      "Upgrade the plugin",
    );
  });

  test("is kept when only the composer is another one", async () => {
    const inner = await composer.compose({ modules: { api, auth } });
    const upgrade = (artifact: Artifact) =>
      artifact.recipe.replaceAll(/"composer":"[^"]*"/g, '"composer":"9.0.0"');
    expect(sameButComposer(inner.artifact.recipe, upgrade(inner.artifact))).toBe(true);
    const alone = await composer.compose({ modules: { api } });
    expect(sameButComposer(inner.artifact.recipe, alone.artifact.recipe)).toBe(false);
    expect(sameButComposer(api.artifact.recipe, auth.artifact.recipe)).toBe(false);
    expect(sameButComposer(api.artifact.recipe, api.artifact.recipe)).toBe(true);
  });
});
