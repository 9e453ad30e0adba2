import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  composerVersion,
  type ModuleAccess,
  parseCompositionRecipe,
} from "../../provider/artifacts/compose/index.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { digestOf, Workshop, wit } from "./composeSetup.ts";

const shop = await Workshop.open();
const guest = (name: string) => readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`));
const client = await shop.add(await guest("client"));
const sockets = await shop.add(await guest("sockets"));

function granted(inputs: GrantInputs, denied?: string[]): ModuleAccess {
  return { grants: [encodeGrant(grantOf("g", inputs))], ...(denied && { denied }) };
}

/** What the host is asked for beyond what every module may use. */
const asked = (imports: readonly string[]) =>
  imports.filter((name) => !/^wasi:(io|cli\/(exit|terminal|std)|clocks|http\/types)/.test(name));

const kv = "wasi:keyvalue/store@0.2.0-draft";
const store = wit(kv, "resource bucket; open: func(identifier: string) -> result<bucket, string>;");

describe("sealing", () => {
  test("leaves no import of what nothing grants", async () => {
    const { imports } = await shop.composer.compose({ modules: { client }, access: {} });
    expect(asked(imports)).toEqual([]);
  });

  test("leaves imports alone where nothing is sealed", async () => {
    const { imports } = await shop.composer.compose({ modules: { client } });
    expect(asked(imports)).toEqual(["wasi:cli/environment@0.2.6", "wasi:http/outgoing-handler@0.2.4"]);
  });

  test("asks the host behind a guard, in a version that it has", async () => {
    const access = { client: granted({ http: ["https://a.example"] }) };
    const { imports } = await shop.composer.compose({ modules: { client }, access });
    expect(asked(imports)).toEqual(["wasi:http/outgoing-handler@0.2.0"]);
  });

  test("has the guard of requests for calls as well", async () => {
    const access = { client: granted({ calls: ["auth"] }) };
    const { artifact, imports } = await shop.composer.compose({ modules: { client }, access });
    expect(asked(imports)).toEqual(["wasi:http/outgoing-handler@0.2.0"]);
    expect(parseCompositionRecipe(artifact.recipe)?.seal?.client).toMatchObject({
      guards: { http: ["wasi:http/outgoing-handler@0.2.4"] },
      rules: expect.stringContaining("\ncalls\tauth\n"),
    });
  });

  test("denies a guard what its module may not use either", async () => {
    const access = { sockets: granted({ nameLookup: ["a.example"] }) };
    const { imports } = await shop.composer.compose({ modules: { sockets }, access });
    expect(asked(imports)).toEqual([
      "wasi:sockets/instance-network@0.2.0",
      "wasi:sockets/ip-name-lookup@0.2.0",
      "wasi:sockets/network@0.2.0",
    ]);
  });

  test("wires denials and guards that take types from one another", async () => {
    const access = {
      sockets: granted({
        nameLookup: ["a.example"],
        ambient: { clocks: false, random: false, stdio: false },
      }),
    };
    const { imports } = await shop.composer.compose({ modules: { sockets }, access });
    expect(asked(imports)).toContain("wasi:sockets/ip-name-lookup@0.2.0");
  });

  test("denies what the program denies, though a language could bring it in", async () => {
    const access = { client: granted({ http: ["https://a.example"] }, ["wasi:cli/environment"]) };
    const { artifact } = await shop.composer.compose({ modules: { client }, access });
    expect(parseCompositionRecipe(artifact.recipe)?.seal?.client).toMatchObject({
      denied: ["wasi:cli/environment@0.2.6"],
      guards: { http: ["wasi:http/outgoing-handler@0.2.4"] },
    });
  });

  test("depends on what is granted, not on what grants are called", async () => {
    const bytes = async (name: string, http: string) => {
      const grants = [encodeGrant(grantOf(name, { http: [http] }))];
      return (await shop.composer.compose({ modules: { client }, access: { client: { grants } } })).digest;
    };
    const first = await bytes("first", "https://a.example");
    expect(await bytes("second", "https://a.example:443")).toBe(first);
    expect(await bytes("first", "https://b.example")).not.toBe(first);
  });

  test("gives the same bytes everywhere", async () => {
    const access = { client: granted({ http: ["https://a.example"], environment: ["KEY"] }) };
    const { digest } = await shop.composer.compose({ modules: { client }, access });
    // When it changes without `composerVersion`, recorded artifacts can no longer be made again.
    expect(digest).toBe("sha256:27f1095e5bf65179c055874bd675e082ee7140bb9cc70095510d7fecd9234351");
  });

  test("has the guards of this version of the composer", async () => {
    const lock = await readFile(join(import.meta.dirname, "../../composer/guards/guards.lock.json"));
    // When they change without `composerVersion`, machines go on using what the old ones were sealed into.
    expect([composerVersion, digestOf(lock)]).toEqual([
      "0.3.0",
      "sha256:b315aec5d097846b38226ad7d5effb19f5c394ff3a1d118cd6a20174758f73fc",
    ]);
  });

  test("embeds a guard once, whoever it serves", async () => {
    const size = async (names: string[]) => {
      const modules = Object.fromEntries(names.map((name) => [name, client]));
      const access = Object.fromEntries(
        names.map((name) => [name, granted({ http: [`https://${name}.example`] })]),
      );
      const exports = [{ from: "a", export: "wasi:http/incoming-handler" }];
      const wac = [
        "package acme:shop;",
        ...names.map((name) => `let ${name} = new module:${name} { ... };`),
        `export a["wasi:http/incoming-handler@0.2.0"];`,
      ].join("\n");
      const spec = names.length > 1 ? { modules, access, wac } : { modules, access, exports };
      return (await shop.composer.compose(spec)).size;
    };
    const guard = (await readFile(join(import.meta.dirname, "../../composer/guards/http.wasm"))).length;
    const added = (await size(["a", "b"])) - (await size(["a"]));
    expect(added - (await guest("client")).length).toBeLessThan(guard / 4);
  });

  test("maps keys by the module's name where there are several", async () => {
    const plain = await shop.add(await guest("plain"));
    const access = { "my-client": granted({ environment: ["KEY"] }) };
    const exports = [
      { from: "my-client", export: "wasi:http/incoming-handler" },
      { from: "plain", export: "acme:math/add" },
    ];
    const { artifact } = await shop.composer.compose({
      modules: { "my-client": client, plain },
      access,
      exports,
    });
    expect(parseCompositionRecipe(artifact.recipe)?.seal?.["my-client"]?.rules).toContain(
      "environment\tKEY\tMY_CLIENT__KEY\n",
    );
  });
});

test("a seal is read back from the bytes alone", async () => {
  const echo = await shop.add(await guest("echo"));
  const modules = { client, echo };
  const access = {
    client: granted({ http: ["https://*.a.example"], environment: ["KEY"], calls: ["auth:80", "pay:8080"] }),
    echo: granted({ ambient: { random: false } }),
  };
  const { digest } = await shop.composer.compose({
    modules,
    access,
    wac: `package acme:shop;
let client = new module:client { ... };
let echo = new module:echo { ... };
export client["wasi:http/incoming-handler@0.2.0"];`,
  });
  const { sealed } = await shop.inspector.inspect(digest);
  expect(sealed).toMatchObject([
    {
      name: "client",
      digest: client.artifact.digest,
      rules: {
        rules: {
          http: [{ scheme: "https", host: "*.a.example", port: 443 }],
          environment: ["KEY"],
          calls: ["auth", "pay:8080"],
        },
        hostKeys: { environment: { KEY: "CLIENT__KEY" } },
      },
      guards: [{ serves: ["wasi:http/outgoing-handler@0.2.4"] }, { serves: ["wasi:cli/environment@0.2.6"] }],
      denied: [],
      traps: [],
    },
    {
      name: "echo",
      denied: ["wasi:cli/environment@0.2.6", "wasi:random/random@0.2.6"],
      traps: ["wasi:random/random@0.2.6#get-random-bytes"],
    },
  ]);
});

describe("a link", () => {
  const wantsStore = async () => shop.module(`import ${kv}; export acme:a/a;`, store + wit("acme:a/a"));
  const hasStore = async () => shop.module(`export ${kv};`, store);
  const links = [{ from: "user", import: kv, to: "owner" }];

  test("needs no grant, and what is not granted is not denied over it", async () => {
    const modules = { user: await wantsStore(), owner: await hasStore() };
    const { artifact, imports } = await shop.composer.compose({ modules, links, access: {} });
    expect(imports).toEqual([]);
    expect(parseCompositionRecipe(artifact.recipe)?.seal?.user).toMatchObject({ denied: [], guards: {} });
  });

  test("of a WAC text is one as well", async () => {
    const wac = `package acme:shop;
let owner = new module:owner { ... };
let user = new module:user { "${kv}": owner["${kv}"], ... };
export user["acme:a/a"];`;
    const modules = { user: await wantsStore(), owner: await hasStore() };
    const { artifact } = await shop.composer.compose({ modules, wac, access: {} });
    const recipe = parseCompositionRecipe(artifact.recipe);
    expect(recipe?.links).toEqual([["user", kv, "owner", kv]]);
    expect(recipe?.seal?.user?.denied).toEqual([]);
  });

  test("that a WAC text gives to one of two instances only leaves the other one denied", async () => {
    const wac = `package acme:shop;
let owner = new module:owner { ... };
let linked = new module:user { "${kv}": owner["${kv}"], ... };
let alone = new module:user { ... };
export linked["acme:a/a"];
export alone["acme:a/a"] as "acme:b/b";`;
    const modules = { user: await wantsStore(), owner: await hasStore() };
    const { imports } = await shop.composer.compose({ modules, wac, access: {} });
    expect(imports).toEqual([]);
  });
});

describe("what cannot be sealed", () => {
  test("is an interface of another type than the guard's", async () => {
    const module = await shop.module(
      "import wasi:cli/environment@0.2.3; export acme:a/a;",
      wit("wasi:cli/environment@0.2.3", "get-environment: func() -> string;") + wit("acme:a/a"),
    );
    const access = { module: granted({ environment: ["KEY"] }) };
    expect(await shop.problems({ modules: { module }, access })).toEqual([
      {
        path: "modules.module",
        message: expect.stringContaining("The grants cannot be sealed into the composition: module `module`"),
      },
    ]);
  });

  test("is what a module imports under names of its own, where a guard would stand between", async () => {
    const module = await shop.module(
      `import primary: ${kv}; import cache: ${kv}; export acme:a/a;`,
      store + wit("acme:a/a"),
    );
    const access = { module: granted({ keyValue: ["carts"] }) };
    expect(await shop.problems({ modules: { module }, access })).toEqual([
      {
        path: "modules.module",
        message:
          "The grants cannot be sealed into the composition: module `module` cannot be sealed: nothing serves `cache`. What a module imports under a name of its own cannot be guarded: import the interface itself.",
      },
    ]);
  });

  test.each([
    ["a guard", granted({ filesystem: [{ path: "/data", access: "read", volume: "v" }] })],
    ["what denies it", granted({})],
  ])("is a file that modules hand one another, with %s between", async (_between, access) => {
    const folder = join(import.meta.dirname, "../../composer/guards/wit/deps");
    const texts = ["filesystem", "io", "clocks"].map((name) => readFile(join(folder, `${name}.wit`), "utf8"));
    const nested = (await Promise.all(texts)).map((text) =>
      text.replace(/^package (\S+);/, "package $1 {").concat("}"),
    );
    const files = "use wasi:filesystem/types@0.2.0.{descriptor}; give: func() -> descriptor;";
    const packages = `${nested.join("\n")}\n${wit("acme:files/files", files)}`;
    const imports = "import wasi:filesystem/types@0.2.0; import wasi:filesystem/preopens@0.2.0;";
    const giver = await shop.module(`${imports} export acme:files/files;`, packages);
    const taker = await shop.module(
      `${imports} import acme:files/files; export acme:a/a;`,
      packages + wit("acme:a/a"),
    );
    const modules = { giver, taker };
    expect(await shop.problems({ modules })).toEqual([]);
    expect(await shop.problems({ modules, access: { giver: access, taker: access } })).toEqual([
      {
        path: "modules",
        message: expect.stringMatching(
          /^The grants cannot be sealed into the composition: .*resource types are not the same\. Modules that hand one another files/,
        ),
      },
    ]);
  });

  test("is an async function", async () => {
    const module = await shop.module(
      "import acme:x/x; export acme:a/a;",
      wit("acme:x/x", "f: async func();") + wit("acme:a/a"),
    );
    expect(await shop.problems({ modules: { module }, access: {} })).toEqual([
      { path: "modules.module", message: expect.stringContaining("async functions such as `f`") },
    ]);
  });

  test("is what does not fit together anyway, and is told as that", async () => {
    const api = await shop.module(
      "import acme:c/c; import wasi:cli/environment@0.2.3; export acme:a/a;",
      wit("acme:c/c", "f: func() -> u32;") +
        wit("wasi:cli/environment@0.2.3", "get-arguments: func() -> list<string>;") +
        wit("acme:a/a"),
    );
    const other = await shop.module("export acme:c/c;", wit("acme:c/c", "f: func() -> string;"));
    expect(await shop.problems({ modules: { api, other }, access: {} })).toEqual([
      { path: "modules.api", message: expect.stringContaining("`api` and `other` differ in acme:c/c#f") },
    ]);
  });
});
