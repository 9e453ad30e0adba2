/** Compositions that cannot be: what `pulumi preview` of the real engine says, in full. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { core, dummy, shopModules } from "../runtime/compositionModules.ts";
import { wit } from "../unit/composeSetup.ts";
import { composing, parts, writeModules } from "./compositionProgram.ts";
import { EngineFailure, type Outcome, Workspace } from "./workspace.ts";

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.create();
});
afterAll(() => workspace.remove());

const api = wit("acme:shop/api");

/** What imports `acme:auth/check`, and what exports it, with these contents. */
async function pair(wanted: string, given: string) {
  return {
    api: await dummy(
      "import acme:auth/check@1.2.0; export acme:shop/api;",
      wit("acme:auth/check@1.2.0", wanted),
      api,
    ),
    auth: await dummy("export acme:auth/check@1.2.0;", wit("acme:auth/check@1.2.0", given)),
  };
}

const one = (name: string) => dummy(`export ${name};`, wit(name));

/** Imports and exports interfaces of one function. */
const taking = (from: string, to: string) => dummy(`import ${from}; export ${to};`, wit(from), wit(to));

const record = (field: string) => `record user { name: string, ${field} } f: func(u: list<user>);`;
const variant = (other: string) => `variant reason { expired, ${other} } f: func() -> result<_, reason>;`;

const kv = `package acme:kv {
  interface store { resource bucket { get: func() -> string; } }
  interface check { use store.{bucket}; verify: func(b: borrow<bucket>) -> bool; }
  interface api { run: func(); } }`;

interface Fault {
  modules: Record<string, Uint8Array>;
  /** What the Composition has beside its modules. */
  shop?: Record<string, unknown>;
  /** What its modules have beside their artifact. */
  module?: Record<string, unknown>;
  /** What the program has beside the modules and their Composition. */
  resources?: Record<string, unknown>;
}

const differ = (detail: string): [string, string] => [
  "modules.api",
  `\`api\` and \`auth\` differ in acme:auth/check@1.2.0#${detail}. Build both against the same WIT.`,
];
const link = (from: string, name: string, to: string) => ({ from, import: name, to });
const wacText = (...lines: string[]) => ["package acme:shop;", ...lines].join("\n");

/** What is made, the properties that the messages are about, and the messages in full. */
const faults: [fault: string, make: () => Promise<Fault>, ...said: [property: string, message: string][]][] =
  [
    [
      "the field of a record",
      async () => ({ modules: await pair(record("age: u32"), record("age: string")) }),
      differ("f: parameter 1 `u`: list: record `user`: field `age`: expected u32, found string"),
    ],
    [
      "the case of a variant",
      async () => ({ modules: await pair(variant("other(string)"), variant("unknown")) }),
      differ("f: result: result: variant `reason`: case `other` is missing"),
    ],
    [
      "the parameter of a function",
      async () => ({ modules: await pair("f: func(a: u8, b: list<u8>);", "f: func(a: u8, b: string);") }),
      differ("f: parameter 2 `b`: expected list<u8>, found string"),
    ],
    [
      "a function that is missing",
      async () => ({ modules: await pair("f: func(); log: func();", "f: func();") }),
      differ("log: the function is missing"),
    ],
    [
      "a resource of two owners",
      async () => {
        const owner = await dummy("export acme:kv/store;", kv);
        const checker = await dummy("import acme:kv/store; export acme:kv/check;", kv);
        const user = await dummy("import acme:kv/store; import acme:kv/check; export acme:kv/api;", kv);
        const links = [link("checker", "acme:kv/store", "one"), link("user", "acme:kv/store", "two")];
        return { modules: { one: owner, two: owner, checker, user }, shop: { links } };
      },
      [
        "modules.user",
        "`user` takes acme:kv/check from `checker`, which uses the resource `bucket` of `one`, while `user` uses the one of `two`: a resource belongs to one instance. Link acme:kv/store of both to the same module.",
      ],
    ],
    [
      "versions that never fit",
      async () => ({
        modules: {
          api: await taking("acme:auth/check@2.0.0", "acme:shop/api"),
          auth: await one("acme:auth/check@1.2.0"),
        },
      }),
      [
        "modules.api",
        "`api` imports `acme:auth/check@2.0.0`, and `auth` exports `acme:auth/check@1.2.0`: versions that are not compatible. Build one of them against the other's version.",
      ],
    ],
    [
      "two modules that export the same, and no link",
      async () => ({
        modules: {
          api: await taking("acme:auth/check", "acme:shop/api"),
          auth: await one("acme:auth/check"),
          sso: await one("acme:auth/check"),
        },
        shop: { exports: [{ from: "api", export: "acme:shop/api" }] },
      }),
      [
        "modules.api",
        '`api` imports `acme:auth/check`, and `auth`, `sso` export it. Choose one: links: [{ from: "api", import: "acme:auth/check", to: "auth" }]',
      ],
    ],
    [
      "links to a module and to interfaces that do not exist",
      async () => ({
        modules: {
          api: await dummy(
            "import acme:auth/check; import acme:kv/store; export acme:shop/api;",
            wit("acme:auth/check") + wit("acme:kv/store") + api,
          ),
          auth: await one("acme:auth/check"),
        },
        shop: {
          links: [
            link("api", "acme:auth/check", "aut"),
            link("api", "acme:auth/chek", "auth"),
            link("api", "acme:kv/store", "auth"),
          ],
        },
      }),
      ["links[0].to", "There is no module `aut`. The modules are: api, auth."],
      [
        "links[1].import",
        "`api` does not import `acme:auth/chek`. It imports: acme:auth/check, acme:kv/store.",
      ],
      ["links[2].to", "`auth` does not export `acme:kv/store`. It exports: acme:auth/check."],
    ],
    [
      "a circle",
      async () => ({
        modules: { a: await taking("b:b/b", "a:a/a"), b: await taking("a:a/a", "b:b/b") },
      }),
      [
        "modules.a",
        "The modules need one another in a circle: `a` takes `b:b/b` from `b`, `b` takes `a:a/a` from `a`. Components are made one after the other: break the circle by moving one of the interfaces into a module of its own.",
      ],
    ],
    [
      "a module that nothing uses",
      async () => ({
        modules: { api: await one("acme:shop/api"), mail: await one("acme:mail/send") },
        shop: { exports: [{ from: "api", export: "acme:shop/api" }] },
      }),
      [
        "modules.mail",
        "Nothing uses `mail`: no export of the composition leads to it. Link one of its exports, export it, or remove it.",
      ],
    ],
    [
      "one interface exported twice",
      async () => ({ modules: { api: await one("acme:shop/api"), other: await one("acme:shop/api") } }),
      [
        "modules.other",
        '`api`, `other` export `acme:shop/api`, and no link consumes it: the composition can export it once. Name all that it exports: exports: [{ from: "api", export: "acme:shop/api" }, …]',
      ],
    ],
    [
      "the same export twice",
      async () => ({
        modules: { api: await one("acme:shop/api") },
        shop: { exports: ["acme:shop/api", "acme:shop/api"].map((name) => ({ from: "api", export: name })) },
      }),
      ["exports[1].export", "`acme:shop/api` is exported already, from `api`. Remove one of them."],
    ],
    [
      "a core module that does not say what it is",
      async () => ({ modules: { job: await core('(memory (export "memory") 1)') } }),
      [
        "modules.job.adapt",
        'Module `job`: It is a core module that exports neither `_start` nor `_initialize`: say what it is, adapt: "command" (a program) or "reactor" (a library).',
      ],
    ],
    [
      "a core module that cannot be adapted",
      async () => ({
        modules: {
          job: await core(
            '(import "env" "abort" (func)) (memory (export "memory") 1) (func (export "_start"))',
          ),
        },
      }),
      [
        "modules.job",
        "Module `job`: It is a core module and cannot be adapted as a command: module was not valid: failed to resolve import `env::abort`: module requires an import interface named `env`. Build `job` as a component, for instance for wasm32-wasip2.",
      ],
    ],
    [
      "a component that needs no adapter",
      async () => ({ modules: { api: await one("acme:shop/api") }, module: { adapt: "reactor" } }),
      [
        "modules.api.adapt",
        "Module `api`: It is a component already. Leave `adapt` out, which is for core modules.",
      ],
    ],
    [
      "a component that fails validation",
      async () => ({ modules: { broken: (await one("acme:shop/api")).slice(0, -3) } }),
      [
        "file",
        "The module is damaged or uses a form that is not supported: unexpected end-of-file (at offset 0x32d). Build it again with current tools.",
      ],
    ],
    [
      "WAC that does not parse",
      async () => ({ modules: { api: await one("acme:shop/api") }, shop: { wac: wacText("let = 1;") } }),
      ["wac", "line 2, column 5: expected identifier, found `=`."],
    ],
    [
      "WAC that names what there is not",
      async () => ({
        modules: { api: await one("acme:shop/api") },
        shop: { wac: wacText("let api = new module:apj { ... };", "export api...;") },
      }),
      ["wac", "line 2, column 15: unknown package `module:apj`."],
    ],
    [
      "several modules that do not fit, together",
      async () => {
        const { auth } = await pair("", "f: func(a: u8); g: func();");
        const mail = await dummy("export acme:mail/send;", wit("acme:mail/send", "f: func() -> bool;"));
        const front = await dummy(
          "import acme:auth/check@1.2.0; import acme:mail/send; export acme:shop/api;",
          wit("acme:auth/check@1.2.0", "f: func(a: string); g: func(x: u8);") + wit("acme:mail/send") + api,
        );
        const links = [link("front", "acme:mail/send", "mail")];
        return { modules: { front, auth, mail }, shop: { links } };
      },
      [
        "modules.front",
        "`front` and `auth` differ in acme:auth/check@1.2.0#f: parameter 1 `a`: expected string, found u8. Build both against the same WIT.",
      ],
      [
        "modules.front",
        "`front` and `auth` differ in acme:auth/check@1.2.0#g: expected 1 parameter, found 0 parameters. Build both against the same WIT.",
      ],
      [
        "links[0]",
        "`front` and `mail` differ in acme:mail/send#f: result: expected none, found bool. Build both against the same WIT.",
      ],
    ],
  ];

test.each(faults)("%s fails preview", async (_fault, make, ...said) => {
  const failure = await preview(await make()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EngineFailure);
  expect(problemsOf((failure as EngineFailure).outcome)).toEqual(said);
});

test("a module that begins to export what another one asks of the host is told, and receives nothing", async () => {
  const { front, auth, kv } = await shopModules();
  const { messages, outputs } = await preview({
    modules: { front, auth, kv },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
    module: { grants: ["${stores.grant}"] },
    resources: { stores: { type: "wasm:CapabilityGrant", properties: { keyValue: ["carts"] } } },
  });
  expect(messages).toContain(
    'modules.front: `kv` exports `wasi:keyvalue/store@0.2.0-draft`, which `front` imports. Calls to the host are not redirected by themselves; to do so: links: [{ from: "front", import: "wasi:keyvalue/store@0.2.0-draft", to: "kv" }]',
  );
  expect(outputs.imports).toContain("wasi:keyvalue/store@0.2.0-draft");
});

/** What is wrong with which property, without the value that the engine puts between the two. */
function problemsOf({ messages }: Outcome): string[][] {
  return messages.flatMap((message) => {
    const found = /^wasm:index:\w+ resource '\w+': property (\S+) value \S.*? has a problem: (.*)$/s.exec(
      message,
    );
    return found ? [found.slice(1)] : [];
  });
}

async function preview({ modules, shop, module, resources: others }: Fault): Promise<Outcome> {
  await writeModules(workspace, modules);
  const names = Object.keys(modules);
  const all = Object.entries(parts(...names)).map(([name, part]) => [
    name,
    { ...part, ...structuredClone(module) },
  ]);
  const resources = composing(names, { shop: { modules: Object.fromEntries(all), ...shop } });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so
  await workspace.write({ resources: { ...resources, ...others }, outputs: { imports: "${shop.imports}" } });
  return workspace.preview();
}
