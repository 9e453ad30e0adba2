import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import type { Artifact } from "../../provider/artifacts/artifact.ts";
import { Composer, composerVersion, sameButComposer } from "../../provider/artifacts/compose/index.ts";
import { engine } from "../../provider/artifacts/engine.ts";
import { Inspector } from "../../provider/artifacts/inspect.ts";
import { readRootExterns } from "../../provider/artifacts/sections.ts";
import { digestOf, Workshop, wit } from "./composeSetup.ts";
import { binary } from "./inspectComponents.ts";

const shop = await Workshop.open();
const { composer, store } = shop;

/** An interface that api imports and auth exports, in which `verify` has this signature. */
const check = (verify: string, types = "") => wit("acme:auth/check@1.2.0", `${types} verify: func${verify};`);
const apiWith = (verify: string, types?: string) =>
  shop.module(
    "import acme:auth/check@1.2.0; export acme:shop/api;",
    check(verify, types) + wit("acme:shop/api"),
  );
const authWith = (verify: string, types?: string) =>
  shop.module("export acme:auth/check@1.2.0;", check(verify, types));

const api = await apiWith("(token: string) -> bool");
const auth = await authWith("(token: string) -> bool");

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
      "0.2.0",
      "sha256:acaf40801c0d2859236511d4fff72c41a969422d5915e78a05697a55b7f94bb3",
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
    const { composition } = await resources();
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

/** An owner of a resource, and two modules that pass it on. */
async function resources() {
  const interfaces = `package acme:kv {
    interface store { resource bucket { get: func() -> string; } }
    interface check { use store.{bucket}; verify: func(b: borrow<bucket>) -> bool; }
    interface api { run: func(); } }`;
  const owner = await shop.module("export acme:kv/store;", interfaces);
  const checker = await shop.module("import acme:kv/store; export acme:kv/check;", interfaces);
  const user = await shop.module(
    "import acme:kv/store; import acme:kv/check; export acme:kv/api;",
    interfaces,
  );
  const composition = await composer.compose({ modules: { owner, checker, user } });
  return { owner, checker, user, composition };
}

describe("types that do not fit", () => {
  const user = (field: string) => `record user { name: string, ${field} }`;
  const reason = (more: string) => `variant reason { expired, ${more} }`;

  test.each([
    [
      "a parameter",
      "(token: string, scopes: list<string>)",
      "(token: string, scopes: string)",
      "",
      "",
      "verify: parameter 2 `scopes`: expected list<string>, found string",
    ],
    [
      "the name of a parameter",
      "(token: string)",
      "(ticket: string)",
      "",
      "",
      "verify: parameter 1: expected the name `token`, found `ticket`",
    ],
    [
      "the number of parameters",
      "(a: u8, b: u8)",
      "(a: u8)",
      "",
      "",
      "verify: expected 2 parameters, found 1 parameter",
    ],
    [
      "a result",
      "() -> option<u32>",
      "() -> option<u64>",
      "",
      "",
      "verify: result: expected option<u32>, found option<u64>",
    ],
    ["a missing result", "() -> bool", "()", "", "", "verify: result: expected bool, found none"],
    [
      "a field of a record",
      "(u: user)",
      "(u: user)",
      user("age: u32"),
      user("age: string"),
      "verify: parameter 1 `u`: record `user`: field `age`: expected u32, found string",
    ],
    [
      "a missing field",
      "(u: user)",
      "(u: user)",
      user("age: u32"),
      user("mail: string"),
      "verify: parameter 1 `u`: record `user`: field `age` is missing",
    ],
    [
      "a field deep in lists",
      "(u: list<option<user>>)",
      "(u: list<option<user>>)",
      user("age: u32"),
      user("age: u8"),
      "verify: parameter 1 `u`: list: option: record `user`: field `age`: expected u32, found u8",
    ],
    [
      "a case of a variant",
      "() -> result<_, reason>",
      "() -> result<_, reason>",
      reason("other(string)"),
      reason("other(u32)"),
      "verify: result: result: variant `reason`: case `other`: payload: expected string, found u32",
    ],
    [
      "a missing case",
      "() -> reason",
      "() -> reason",
      reason("other"),
      reason("unknown"),
      "verify: result: variant `reason`: case `other` is missing",
    ],
    [
      "an enum",
      "(c: colour)",
      "(c: colour)",
      "enum colour { red, green }",
      "enum colour { green, red }",
      "verify: parameter 1 `c`: enum `colour`: expected the order `red`, `green`, found `green`, `red`",
    ],
    [
      "flags",
      "(c: rights)",
      "(c: rights)",
      "flags rights { read, write }",
      "flags rights { read }",
      "verify: parameter 1 `c`: flags `rights`: flag `write` is missing",
    ],
    [
      "a method",
      "()",
      "()",
      "resource session { close: func(); }",
      "resource session { close: func(why: string); }",
      "session.close: expected 0 parameters, found 1 parameter",
    ],
    [
      "a missing method",
      "()",
      "()",
      "resource session { constructor(); }",
      "resource session;",
      "session.constructor: the function is missing",
    ],
    ["a missing function", "()", "()", "log: func();", "", "log: the function is missing"],
  ])("are named: %s", async (_name, wanted, given, wantedTypes, givenTypes, detail) => {
    const modules = { api: await apiWith(wanted, wantedTypes), auth: await authWith(given, givenTypes) };
    expect(await shop.problems({ modules })).toEqual([
      {
        path: "modules.api",
        message: `\`api\` and \`auth\` differ in acme:auth/check@1.2.0#${detail}. Build both against the same WIT.`,
      },
    ]);
  });

  test("are reported of all links together, at the link where the program names one", async () => {
    const [wrong, other] = [
      await authWith("()"),
      await shop.module("export acme:b/b;", wit("acme:b/b", "f: func(x: u8);")),
    ];
    const front = await shop.module(
      "import acme:auth/check@1.2.0; import acme:b/b; export acme:shop/api;",
      check("(token: string) -> bool") + wit("acme:b/b") + wit("acme:shop/api"),
    );
    const links = [{ from: "front", import: "acme:b/b", to: "other" }];
    const problems = await shop.problems({ modules: { front, wrong, other }, links });
    expect(problems.map(({ path }) => path)).toEqual(["modules.front", "links[0]"]);
  });

  test("between versions of a track name both", async () => {
    const newer = await shop.module("export acme:auth/check@1.3.0;", wit("acme:auth/check@1.3.0"));
    expect(await shop.problems({ modules: { api, newer } })).toEqual([
      {
        path: "modules.api",
        message:
          "`api` and `newer` (its acme:auth/check@1.3.0) differ in acme:auth/check@1.2.0#verify: the function is missing. Build both against the same WIT.",
      },
    ]);
  });

  test("a resource of two owners", async () => {
    const { owner, checker, user } = await resources();
    const links = [
      { from: "checker", import: "acme:kv/store", to: "one" },
      { from: "user", import: "acme:kv/store", to: "two" },
    ];
    expect(await shop.problems({ modules: { one: owner, two: owner, checker, user }, links })).toEqual([
      {
        path: "modules.user",
        message:
          "`user` takes acme:kv/check from `checker`, which uses the resource `bucket` of `one`, while `user` uses the one of `two`: a resource belongs to one instance. Link acme:kv/store of both to the same module.",
      },
    ]);
  });

  test("a resource whose owner is composed, while an import that uses it stays with the host", async () => {
    const { owner, user } = await resources();
    expect(await shop.problems({ modules: { owner, user } })).toEqual([
      {
        path: "modules.user",
        message:
          "`user` takes acme:kv/store from `owner`, but its import acme:kv/check, which uses the resource `bucket` of that, stays with the host: a resource belongs to one instance. Give it from a module that takes acme:kv/store from `owner` as well.",
      },
    ]);
  });

  test("imports that two modules ask the host for", async () => {
    const ask = async (name: string, parameter: string) =>
      shop.module(
        `import acme:host/log; export acme:${name}/${name};`,
        wit("acme:host/log", `f: func(x: ${parameter});`) + wit(`acme:${name}/${name}`),
      );
    expect(
      await shop.problems({ modules: { a: await ask("a", "u8"), b: await ask("b", "string") } }),
    ).toEqual([
      {
        path: "modules.a",
        message:
          "`a` and `b` import `acme:host/log` from outside the composition, in types that do not fit together: mismatched type for export `f`: mismatched type for function parameter `x`: expected string, found u8. Build them against the same WIT.",
      },
    ]);
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
    const wrong = await authWith("(token: u32) -> bool");
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
    await apiWith("(token: string) -> bool");
    await authWith("(token: string) -> bool");
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
      await authWith("(token: string) -> bool");
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

test("bytes that are no component are refused with the module's name", async () => {
  const broken = await shop.add(Buffer.from("0061736d0d000100ff", "hex"));
  expect(await shop.problems({ modules: { api, broken } })).toEqual([
    { path: "modules.broken", message: expect.stringContaining("Module `broken`: The module is damaged") },
  ]);
  expect(await readdir(join(shop.folder, "tmp"))).toEqual([]);
});
