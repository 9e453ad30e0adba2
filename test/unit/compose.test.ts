import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { composerVersion } from "../../provider/artifacts/compose/index.ts";
import { engine } from "../../provider/artifacts/engine.ts";
import { readRootExterns } from "../../provider/artifacts/sections.ts";
import { authShop, authWith, check, resources } from "./composeModules.ts";
import { digestOf, Workshop, wit } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";

const { shop, api, auth } = await authShop();
const { composer, store } = shop;

describe("a composition", () => {
  test("is one component with the exports that are left, and what nobody gave as imports", async () => {
    const logger = await shop.module(
      "import log: func(); import wasi:random/random@0.2.3; export acme:log/log;",
      wit("wasi:random/random@0.2.3") + wit("acme:log/log"),
    );
    const composition = await composer.compose({ modules: { api, auth, logger } });
    expect(composition).toMatchObject({
      imports: ["log", "wasi:random/random@0.2.3"],
      exports: ["acme:log/log", "acme:shop/api"],
      notes: [],
    });
    const bytes = await store.read(composition.digest);
    expect(digestOf(bytes)).toBe(composition.digest);
    expect(bytes.length).toBe(composition.size);
    expect(
      readRootExterns(bytes)
        .exports.map(({ name }) => name)
        .sort(),
    ).toEqual(composition.exports);
  });

  test("has the same bytes whoever makes it, in whatever order its modules stand", async () => {
    const other = await Workshop.open();
    for (const { artifact } of [api, auth]) await other.store.addBytes(await store.read(artifact.digest));
    const [here, there] = [
      await composer.compose({ modules: { api, auth } }),
      await other.composer.compose({ modules: { auth, api } }),
    ];
    expect(there).toEqual(here);
  });

  test("has the bytes that this version of the composer gave everywhere", async () => {
    const plain = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/plain.wasm")));
    const { digest } = await composer.compose({ modules: { plain } });
    // When it changes without `composerVersion`, recorded artifacts can no longer be made again.
    expect([composerVersion, digest]).toEqual([
      "0.3.0",
      "sha256:d81f71fd21a74f357143b094c46ecfd35aa8b87ba3f76009a2672ed89659a697",
    ]);
    const manifest = await readFile(join(import.meta.dirname, "../../composer/Cargo.toml"), "utf8");
    expect(manifest).toContain(`\nversion = "${composerVersion}"\n`);
  });

  test("calls from one module into the other", async () => {
    const witSource = `package test:module;
      world w { import acme:math/add@0.1.0; export test:calc/calc; }
      package test:calc { interface calc { twice: func(x: s32) -> s32; } }
      package acme:math@0.1.0 { interface add { add: func(a: s32, b: s32) -> s32; } }`;
    const core = await binary(`(module
      (import "acme:math/add@0.1.0" "add" (func $add (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "test:calc/calc#twice") (param i32) (result i32) local.get 0 local.get 0 call $add))`);
    const embedded = await componentEmbed({ binary: core, witSource, world: "w" });
    const calc = await shop.add(await componentNew(embedded));
    const plain = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/plain.wasm")));
    const { digest } = await composer.compose({ modules: { calc, plain } });
    const { files } = await transpileBytes(await store.read(digest), {
      name: "calc",
      instantiation: "async",
      emitTypescriptDeclarations: false,
    });
    const code = Buffer.from(files["calc.js"] ?? "").toString("base64");
    const { instantiate } = await import(`data:text/javascript;base64,${code}`);
    const instance = await instantiate((name: string) => new engine.Module(files[name] as Uint8Array), {});
    expect(instance.calc.twice(21)).toBe(42);
  });

  test("is a module of another one, of which the recipe says everything", async () => {
    const inner = await composer.compose({ modules: { api, auth } });
    const caller = await shop.module(
      "import acme:shop/api; export acme:web/web;",
      wit("acme:shop/api") + wit("acme:web/web"),
    );
    const outer = await composer.compose({ modules: { shop: { artifact: inner.artifact }, caller } });
    expect(outer.exports).toEqual(["acme:web/web"]);
    await store.discard(inner.digest);
    await store.discard(outer.digest);
    expect(await composer.ensure(outer.artifact)).toBe(outer.digest);
    expect(digestOf(await store.read(outer.digest))).toBe(outer.digest);
  });

  test("holds the same artifact twice, as two instances", async () => {
    const second = await shop.module(
      "import acme:auth/check@1.2.0; export acme:second/api;",
      check("(token: string) -> bool") + wit("acme:second/api"),
    );
    const { size } = await composer.compose({ modules: { api, second, auth } });
    const links = [
      { from: "api", import: "acme:auth/check", to: "auth" },
      { from: "second", import: "acme:auth/check", to: "sso" },
    ];
    const split = await composer.compose({ modules: { api, second, auth, sso: auth }, links });
    expect(split.exports).toEqual(["acme:second/api", "acme:shop/api"]);
    expect(split.size).toBeGreaterThan(size);
  });

  test("shares the owner of a resource among its users", async () => {
    const { composition } = await resources(shop);
    expect(composition).toMatchObject({ imports: [], exports: ["acme:kv/api"] });
  });

  test("takes async functions, streams and futures of WASI 0.3", async () => {
    const signature = wit("acme:s/s@0.1.0", "f: async func(s: stream<u8>) -> future<string>;");
    const from = await shop.module("import acme:s/s@0.1.0; export acme:a/a;", signature + wit("acme:a/a"));
    const to = await shop.module("export acme:s/s@0.1.0;", signature);
    expect(await composer.compose({ modules: { from, to } })).toMatchObject({
      imports: [],
      exports: ["acme:a/a"],
    });
  });

  test("may have names that are words of WAC", async () => {
    expect(await composer.compose({ modules: { let: api, import: auth } })).toMatchObject({ imports: [] });
  });

  test("has 200 modules", async () => {
    const modules = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const own = `acme:chain/step${index}`;
          const next = index === 199 ? "" : `acme:chain/step${index + 1}`;
          const body = [own, next]
            .filter(Boolean)
            .map((name) => `interface ${name.slice(11)} { f: func(); }`);
          const world = `${next && `import ${next};`} export ${own};`;
          return [`m${index}`, await shop.module(world, `package acme:chain { ${body.join(" ")} }`)] as const;
        }),
      ),
    );
    expect(await composer.compose({ modules })).toMatchObject({ imports: [], exports: ["acme:chain/step0"] });
  });
});

describe("a WAC text", () => {
  const text = (argument: string) =>
    `package acme:shop;\nlet auth = new module:auth { ... };\nlet api = new module:api { ${argument} ... };\nexport api["acme:shop/api"];`;

  test("gives what the same links give", async () => {
    const wac = text('"acme:auth/check@1.2.0": auth["acme:auth/check@1.2.0"],');
    const written = await composer.compose({ modules: { api, auth }, wac });
    expect(written.digest).toBe((await composer.compose({ modules: { api, auth } })).digest);
  });

  test.each([
    ["what is no WAC", "package acme:shop;\nlet = 1;", "line 2, column 5: expected identifier, found `=`."],
    [
      "a module that there is not",
      text("").replace("module:auth", "module:aut"),
      "line 2, column 16: unknown package `module:aut`.",
    ],
    [
      "an argument that there is not",
      text('"acme:auth/chek": auth["acme:auth/check@1.2.0"],'),
      "line 3, column 28: component `module:api` has no import named `acme:auth/chek`.",
    ],
    ["nothing", "", "line 1, column 1: expected `package` keyword, found end of input."],
  ])("is told where it has %s", async (_name, wac, message) => {
    expect(await shop.problems({ modules: { api, auth }, wac })).toEqual([{ path: "wac", message }]);
  });

  test("is told the place and type of an argument that does not fit", async () => {
    const wac = text('"acme:auth/check@1.2.0": auth["acme:auth/check@1.2.0"],');
    const wrong = await authWith(shop, "(token: u32) -> bool");
    expect(await shop.problems({ modules: { api, auth: wrong }, wac })).toEqual([
      {
        path: "wac",
        message:
          "line 3, column 28: mismatched instantiation argument `acme:auth/check@1.2.0`: mismatched type for export `verify`: mismatched type for function parameter `token`: expected string, found u32.",
      },
    ]);
  });

  test("uses each module", async () => {
    const wac = 'package acme:shop;\nlet api = new module:api { ... };\nexport api["acme:shop/api"];';
    expect(await shop.problems({ modules: { api, auth }, wac })).toMatchObject([{ path: "modules.auth" }]);
  });

  test("stands in place of links and exports", async () => {
    expect(await shop.problems({ modules: { api, auth }, wac: text(""), links: [], exports: [] })).toEqual([
      { path: "links", message: "The WAC text says it: leave it out." },
      { path: "exports", message: "The WAC text says it: leave it out." },
    ]);
  });
});

test("bytes that are no component are refused with the module's name", async () => {
  const broken = await shop.add(Buffer.from("0061736d0d000100ff", "hex"));
  expect(await shop.problems({ modules: { api, broken } })).toEqual([
    { path: "modules.broken", message: expect.stringContaining("Module `broken`: The module is damaged") },
  ]);
  expect(await readdir(join(shop.folder, "tmp"))).toEqual([]);
});
