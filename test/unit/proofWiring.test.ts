import { describe, expect, test } from "vitest";
import type { CompositionModule } from "../../provider/artifacts/compose/index.ts";
import {
  checkSeal,
  type Expected,
  type ExpectedModule,
  SealError,
} from "../../provider/artifacts/proof/index.ts";
import { Workshop, wit } from "./composeSetup.ts";
import { binary, component } from "./inspectComponents.ts";
import { environment, random } from "./proofSamples.ts";

const shop = await Workshop.open();
const { composer, store } = shop;

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
