import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompositionModule } from "../../provider/artifacts/compose/index.ts";
import {
  checkSeal,
  type Expected,
  type ExpectedModule,
  readSeal,
  SealError,
} from "../../provider/artifacts/proof/index.ts";
import { Workshop, wit } from "./composeSetup.ts";
import { binary, component } from "./inspectComponents.ts";
import { granted, seal } from "./proofSetup.ts";

const shop = await Workshop.open();
const { composer, store } = shop;

const environment = (version: string) =>
  wit(
    `wasi:cli/environment@${version}`,
    "get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; initial-cwd: func() -> option<string>;",
  );
const random = "wasi:random/random@0.2.3";

/** A constant component, in the form that the composer gives it. */
function rulesComponent(text: string): Promise<Uint8Array> {
  const bytes = Buffer.from(text);
  const content = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const size = `\\${bytes.length.toString(16).padStart(2, "0")}`;
  return binary(`(component
    (core module $m (memory (export "memory") 1) (func (export "text") (result i32) i32.const 0)
      (data (i32.const 0) "\\08\\00\\00\\00${size}\\00\\00\\00${content}"))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory)) (alias core export $i "text" (core func $core))
    (func $text (result string) (canon lift (core func $core) (memory $memory)))
    (instance $rules (export "text" (func $text))) (export "pulumi-wasm:guard/rules" (instance $rules)))`);
}

describe("compositions that are wired by hand", async () => {
  const guardWorld = (more = "") =>
    component(`package test:guard; world w {
      import pulumi-wasm:guard/rules; import wasi:cli/environment@0.2.0; ${more} export wasi:cli/environment@0.2.0; }
      ${wit("pulumi-wasm:guard/rules", "text: func() -> string;")} ${environment("0.2.0")} ${wit("acme:more/more")}`);
  const rules = { api: "pulumi-wasm rules 1\tapi\n", auth: "pulumi-wasm rules 1\tauth\n" };
  const parts: Record<string, CompositionModule> = {
    api: await shop.module(
      `import wasi:cli/environment@0.2.3; import ${random}; import acme:auth/check; export acme:shop/api;`,
      environment("0.2.3") + wit(random) + wit("acme:auth/check") + wit("acme:shop/api"),
    ),
    auth: await shop.module(
      "import wasi:cli/environment@0.2.6; export acme:auth/check;",
      environment("0.2.6") + wit("acme:auth/check"),
    ),
    third: await shop.module("export acme:auth/check;", wit("acme:auth/check")),
    guard: await shop.add(await guardWorld()),
    "other-guard": await shop.add(await guardWorld("export acme:more/more;")),
    "wide-guard": await shop.add(await guardWorld("import acme:more/more;")),
    "api-rules": await shop.add(await rulesComponent(rules.api)),
    "auth-rules": await shop.add(await rulesComponent(rules.auth)),
    deny: await shop.add(
      await binary(`(component (core module $m (func (export "f") unreachable)) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f"))) (instance $x (export "f" (func $f))) (export "${random}" (instance $x)))`),
    ),
    caller: await shop.module(`import ${random}; export ${random};`, wit(random)),
  };
  const digest = (name: string) => parts[name]!.artifact.digest;
  const api: ExpectedModule = {
    digest: digest("api"),
    rules: rules.api,
    guarded: { "wasi:cli/environment@0.2.3": "environment" },
    denied: [],
    open: [random, "acme:auth/check"],
  };
  const auth: ExpectedModule = {
    digest: digest("auth"),
    rules: rules.auth,
    guarded: { "wasi:cli/environment@0.2.6": "environment" },
    denied: [],
    open: [],
  };
  const link = { from: "api", import: "acme:auth/check", to: "auth", export: "acme:auth/check" };
  const both: Expected = {
    modules: { api, auth },
    guards: { environment: digest("guard"), other: digest("other-guard") },
    links: [link],
    exports: [{ from: "api", export: "acme:shop/api" }],
  };

  const guarded = (name: string, { guard = "guard", text = `${name}-rules`, more = "" } = {}) =>
    `let ${name}-guard = new module:${guard} {
       "pulumi-wasm:guard/rules": (new module:${text} {})["pulumi-wasm:guard/rules"], ${more} ... };`;
  const env = (name: string) => `${name}-guard["wasi:cli/environment@0.2.0"]`;
  const authWith = (given: string) =>
    `let auth = new module:auth { ${given && `"wasi:cli/environment@0.2.6": ${given},`} ... };`;
  const apiWith = (given: string, more = "", check = "auth") =>
    `let api = new module:api { ${given && `"wasi:cli/environment@0.2.3": ${given},`} "acme:auth/check": ${check}["acme:auth/check"], ${more} ... };
     export api["acme:shop/api"];`;
  const good = [guarded("auth"), authWith(env("auth")), guarded("api"), apiWith(env("api"))];

  async function composed(...lines: string[]): Promise<Uint8Array> {
    const wac = `package test:composition;\n${lines.join("\n")}`;
    const used = Object.entries(parts).filter(([name]) => wac.includes(`module:${name} {`));
    const made = await composer.compose({ modules: Object.fromEntries(used), wac });
    return store.read(made.digest);
  }

  test("are proven where they are as they should be", async () => {
    const proof = checkSeal(await composed(...good), both);
    expect(proof.imports).toEqual(["wasi:cli/environment@0.2.0", random]);
    expect(proof.instances).toEqual([
      {
        module: "auth",
        digest: digest("auth"),
        imports: { "wasi:cli/environment@0.2.6": { from: "guard", guard: "environment" } },
      },
      {
        module: "api",
        digest: digest("api"),
        imports: {
          "wasi:cli/environment@0.2.3": { from: "guard", guard: "environment" },
          [random]: { from: "root", import: random },
          "acme:auth/check": { from: "module", module: "auth", export: "acme:auth/check" },
        },
      },
    ]);
  });

  const cases: Record<string, { lines: string[]; expected?: Expected; fault: string }> = {
    "a guard is left out": {
      lines: [guarded("auth"), authWith(env("auth")), apiWith("")],
      fault:
        "module api: wasi:cli/environment@0.2.3: it should come from the guard environment, and comes from the root's",
    },
    "two modules have one guard": {
      lines: [guarded("api"), authWith(env("api")), apiWith(env("api"))],
      fault: "it serves both module api and module auth",
    },
    "a guard is of another kind": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api", { guard: "other-guard" }),
        apiWith(env("api")),
      ],
      fault: "it should come from the guard environment, and comes from instance",
    },
    "a guard is not one that is shipped": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api", { guard: "wide-guard" }),
        apiWith(env("api")),
      ],
      fault: "is no module, guard, rules or denial",
    },
    "a guard asks for what its module may not use": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api", { guard: "wide-guard" }),
        apiWith(env("api")),
      ],
      expected: {
        ...both,
        guards: { environment: digest("wide-guard"), narrow: digest("guard") },
        modules: { api, auth: { ...auth, guarded: { "wasi:cli/environment@0.2.6": "narrow" } } },
      },
      fault: "for module api: acme:more/more: it should be denied, and comes from the root's acme:more/more",
    },
    "a guard reads the rules of another module": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api", { text: "auth-rules" }),
        apiWith(env("api")),
      ],
      fault: "for module api: it does not have that module's rules",
    },
    "a guard stands behind another one": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("more", { text: "api-rules" }),
        guarded("api", { more: `"wasi:cli/environment@0.2.0": ${env("more")},` }),
        apiWith(env("api")),
      ],
      fault: "it should come from the root, and comes from instance",
    },
    "what is denied is open": {
      lines: good,
      expected: { ...both, modules: { auth, api: { ...api, open: [], denied: [random] } } },
      fault: `module api: ${random}: it should be denied, and comes from the root's ${random}`,
    },
    "what is open is denied": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api"),
        apiWith(env("api"), `"${random}": (new module:deny {})["${random}"],`),
      ],
      fault: `module api: ${random}: it should come from the root, and comes from instance`,
    },
    "a link leads elsewhere": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        "let third = new module:third {};",
        guarded("api"),
        apiWith(env("api"), "", "third"),
        'export auth["acme:auth/check"];',
      ],
      expected: {
        ...both,
        modules: { api, auth, third: { ...auth, digest: digest("third"), guarded: {} } },
        exports: [
          { from: "api", export: "acme:shop/api" },
          { from: "auth", export: "acme:auth/check" },
        ],
      },
      fault: "it is used as module auth",
    },
    "a denial can call": {
      lines: [
        guarded("auth"),
        authWith(env("auth")),
        guarded("api"),
        apiWith(env("api"), `"${random}": (new module:caller { ... })["${random}"],`),
      ],
      expected: { ...both, modules: { auth, api: { ...api, open: [], denied: [random] } } },
      fault: "is no module, guard, rules or denial: it lowers a function",
    },
    "a guard is exported": {
      lines: [...good, `export ${env("api")};`],
      fault: "export wasi:cli/environment@0.2.0 is not a module's",
    },
    "an export is none of those that were planned": {
      lines: [...good, 'export auth["acme:auth/check"];'],
      fault: "export acme:auth/check is not as planned",
    },
    "an export is missing": {
      lines: good,
      expected: { ...both, exports: [...(both.exports ?? []), { from: "auth", export: "acme:auth/check" }] },
      fault: "export acme:auth/check is missing",
    },
    "a module is missing": {
      lines: good,
      expected: { ...both, modules: { api, auth, third: { ...auth, digest: digest("third") } } },
      fault: "module third is not in it",
    },
    "a module is in it twice": {
      lines: [
        ...good,
        guarded("more", { text: "auth-rules" }),
        `let two = new module:auth { "wasi:cli/environment@0.2.6": ${env("more")} };`,
      ],
      fault: "module auth is in it 2 times",
    },
    "a guard serves nobody": {
      lines: [...good, guarded("more", { text: "api-rules" })],
      fault: "it serves no module",
    },
    "a module is not the one that was read": {
      lines: good,
      expected: { ...both, modules: { api, auth: { ...auth, digest: digest("third") } } },
      fault: "is no module, guard, rules or denial: it lowers a function",
    },
    "two things are expected of an import": {
      lines: good,
      expected: { ...both, modules: { auth, api: { ...api, denied: [random] } } },
      fault: `module api: two things are expected of ${random}`,
    },
  };

  test.each(Object.entries(cases))("are refused where %s", async (_, { lines, expected = both, fault }) => {
    const bytes = await composed(...lines);
    expect(() => checkSeal(bytes, expected)).toThrow(SealError);
    expect(() => checkSeal(bytes, expected)).toThrow(fault);
  });

  test("may be wired by a text of the user's, whatever it gives to its modules", async () => {
    const { links: _, exports: __, ...free } = both;
    const more = [
      guarded("more", { text: "auth-rules" }),
      `let two = new module:auth { "wasi:cli/environment@0.2.6": ${env("more")} };`,
    ];
    const bytes = await composed(...good, ...more, 'export two["acme:auth/check"];');
    expect(checkSeal(bytes, free).instances.map(({ module }) => module)).toEqual(["auth", "api", "auth"]);
    const unguarded = await composed(guarded("auth"), authWith(env("auth")), apiWith(""));
    expect(() => checkSeal(unguarded, free)).toThrow("it should come from the guard environment");
  });
});

describe("a root is refused", () => {
  const nothing: Expected = { modules: {}, guards: {} };
  test.each([
    ["with a core module", "(core module)", "the root has a section 1"],
    [
      "with a function of its own",
      '(core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (canon lift (core func $i "f")))',
      "the root has a section 8",
    ],
    [
      "with an import that nothing uses",
      '(import "wasi:io/poll@0.2.0" (instance))',
      "the root imports wasi:io/poll@0.2.0, which nothing uses",
    ],
    [
      "that makes instances of what it imports",
      '(import "c" (component $c)) (instance (instantiate $c))',
      "is made of a component that is not embedded",
    ],
    [
      "that lists its imports as an instance",
      '(import "f" (func $f)) (instance (export "f" (func $f)))',
      "is made of other items",
    ],
    [
      "that exports its imports",
      '(import "f" (func $f)) (export "g" (func $f))',
      "export g is not a module's: it is the root's f",
    ],
    ["with a component that is no part of it", "(component)", "component 0 is never instantiated"],
    [
      "that takes components out of others",
      '(component $a (component $b) (export "b" (component $b))) (instance $i (instantiate $a)) (alias export $i "b" (component))',
      "is not embedded in it",
    ],
    ["that is a core module", "", "not a component"],
  ])("%s", async (_, text, fault) => {
    const bytes = await binary(text === "" ? "(module)" : `(component ${text})`);
    expect(() => checkSeal(bytes, nothing)).toThrow(fault);
  });
});

test("an import may be left that gives types alone, though it is denied: nothing calls it", async () => {
  const client = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/client.wasm")));
  const access = { client: granted({ http: ["https://a.test"], ambient: { clocks: false } }) };
  const { bytes, expected } = await seal(shop, { modules: { client }, access });
  const proof = checkSeal(bytes, expected);
  expect(proof.instances[0]?.imports["wasi:clocks/monotonic-clock@0.2.6"]).toEqual({ from: "deny" });
  expect(proof.uncalled).toEqual(["wasi:clocks/monotonic-clock@0.2.6"]);
  expect(proof.imports).toContain("wasi:clocks/monotonic-clock@0.2.6");
});

describe("a seal is read from the bytes", () => {
  const guest = (name: string) => readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`));

  test("with each module's rules, guards and denials", async () => {
    const client = await shop.add(await guest("client"));
    const modules = { client, plain: await shop.add(await guest("plain")) };
    const access = {
      client: granted({ http: ["https://a.test"], environment: ["KEY"], ambient: { random: false } }),
    };
    const { bytes, expected } = await seal(shop, { modules, access });
    const [sealed, ...others] =
      readSeal(bytes, expected.guards)?.modules.filter(({ name }) => name === "client") ?? [];
    expect(others).toEqual([]);
    expect(sealed).toMatchObject({
      digest: client.artifact.digest,
      rules: {
        module: "client",
        rules: {
          http: [{ scheme: "https", host: "a.test", port: 443 }],
          environment: ["KEY"],
          filesystem: [],
          ambient: { clocks: true, random: false },
        },
        hostKeys: { environment: { KEY: "CLIENT__KEY" } },
      },
      denied: [],
      linked: [],
    });
    expect(sealed?.guards.map(({ name, digest, serves }) => [name, digest, serves])).toEqual(
      ["http", "environment"].map((name) => [
        name,
        expected.guards[name],
        [name === "http" ? "wasi:http/outgoing-handler@0.2.4" : "wasi:cli/environment@0.2.6"],
      ]),
    );
    expect(sealed?.open).toContain("wasi:http/types@0.2.4");
    expect(readSeal(bytes, {})?.modules.flatMap(({ guards }) => guards.map(({ name }) => name))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("where all that a module asks for is denied", async () => {
    const { bytes } = await seal(shop, {
      modules: { main: await shop.add(await guest("needs-kv")) },
      access: {},
    });
    const [module] = readSeal(bytes, {})?.modules ?? [];
    expect(module).toMatchObject({ name: "main", rules: undefined, guards: [] });
    expect(module?.denied).toContain("wasi:keyvalue/store@0.2.0-draft");
  });

  test("and is not there where nothing is sealed", async () => {
    const plain = await shop.add(await guest("plain"));
    const client = await guest("client");
    const unsealed = await composer.compose({ modules: { plain, client: await shop.add(client) } });
    for (const bytes of [
      client,
      await store.read(unsealed.digest),
      await binary("(module)"),
      Buffer.from("text"),
    ]) {
      expect(readSeal(bytes, {})).toBeUndefined();
    }
  });
});

test("every guest is sealed and proven, whatever it is granted, alone and as part of a composition", {
  timeout: 120_000,
}, async () => {
  const folder = join(import.meta.dirname, "../fixtures/guests");
  const files = (await readdir(folder)).filter(
    (name) => name.endsWith(".wasm") && name !== "label-host.wasm",
  );
  const modules: Record<string, CompositionModule> = {};
  for (const file of files)
    modules[file.replace(".wasm", "")] = await shop.add(await readFile(join(folder, file)));
  const everything = {
    http: ["https://a.test"],
    environment: ["KEY"],
    config: ["key"],
    keyValue: ["store"],
    blobs: ["container"],
    messaging: ["channel"],
    filesystem: [{ path: "/data", access: "read", volume: "data" }],
    sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }],
    nameLookup: ["db.test"],
  };
  const lines = Object.keys(modules).map((name) => `let ${name} = new module:${name} { ... };`);
  const [served] = (await shop.inspector.inspect(modules.echo!.artifact.digest)).exports;
  const wac = `package test:all;\n${lines.join("\n")}\nexport echo["${served}"];`;
  for (const grants of [{}, { ambient: { clocks: false, random: false, stdio: false } }, everything]) {
    const access = Object.fromEntries(Object.keys(modules).map((name) => [name, granted(grants)]));
    const { bytes, expected } = await seal(shop, { modules, access, wac });
    const proof = checkSeal(bytes, expected);
    expect(proof.instances.map(({ module }) => module).sort()).toEqual(Object.keys(modules).sort());
    const sealed = readSeal(bytes, expected.guards)?.modules ?? [];
    expect(sealed.map(({ name }) => name)).toEqual(proof.instances.map(({ module }) => module));
    const inner = await composer.compose({ modules, access, wac });
    const nested = await seal(shop, { modules: { inner }, access: { inner: granted(grants) } });
    expect(() => checkSeal(nested.bytes, nested.expected)).not.toThrow();
  }
});

describe("what is sealed", () => {
  const names = [
    "wasi:cli/environment@0.2.3",
    random,
    "wasi:clocks/wall-clock@0.2.6",
    "wasi:config/runtime@0.2.0-draft",
    "acme:ai/model@1.2.0",
    "acme:b/b",
  ] as const;
  const bodies: Record<string, string> = { "wasi:cli/environment@0.2.3": environment("0.2.3") };
  const world = fc.subarray([...names]);
  const made = new Map<string, Promise<CompositionModule>>();
  const moduleOf = (imports: readonly string[], index: number) => {
    const key = `${index} ${imports.join()}`;
    const known =
      made.get(key) ??
      shop.module(
        `${imports.map((name) => `import ${name};`).join(" ")} export acme:m${index}/run;`,
        imports.map((name) => bodies[name] ?? wit(name)).join("") + wit(`acme:m${index}/run`),
      );
    made.set(key, known);
    return known;
  };
  const grant = fc.record({
    environment: fc.subarray(["A", "B"]),
    interfaces: fc.subarray(["acme:ai/model@1.2.0"]),
    ambient: fc.record({ clocks: fc.boolean(), random: fc.boolean() }),
  });

  test("asks its host for what some module may use, and the checker agrees", {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(world, grant), { minLength: 1, maxLength: 3 }), async (all) => {
        const parts = await Promise.all(all.map(([imports], index) => moduleOf(imports, index)));
        const modules = Object.fromEntries(parts.map((part, index) => [`m${index}`, part]));
        const access = Object.fromEntries(all.map(([, grants], index) => [`m${index}`, granted(grants)]));
        const { bytes, expected } = await seal(shop, { modules, access });
        const proof = checkSeal(bytes, expected);
        const may = all.flatMap(([imports, { environment: keys, interfaces, ambient }]) =>
          imports.flatMap((name) => {
            if (name.startsWith("wasi:cli/")) return keys.length > 0 ? ["wasi:cli/environment@0.2.0"] : [];
            if (name === random) return ambient.random ? [name] : [];
            if (name.startsWith("wasi:clocks/")) return ambient.clocks ? [name] : [];
            return interfaces.includes(name) ? [name] : [];
          }),
        );
        expect(proof.imports).toEqual([...new Set(may)].sort());
        expect(proof.instances.map(({ module }) => module).sort()).toEqual(Object.keys(modules));
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});
