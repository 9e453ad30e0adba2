import { describe, expect, test } from "vitest";
import { mermaid, wire } from "../../provider/artifacts/compose/index.ts";
import type { ExportChoice, Link, ModuleWorld } from "../../provider/artifacts/compose/types.ts";

/** `api: "a:b/c -> d:e/f"`: what it imports, and what it exports. */
function world(text: string): ModuleWorld {
  const [imports = "", exports = ""] = text.split("->");
  const names = (list: string) => list.trim().split(/\s+/).filter(Boolean);
  return { imports: names(imports), exports: names(exports) };
}

function planOf(
  modules: Record<string, string>,
  { links, exports }: { links?: Link[]; exports?: ExportChoice[] } = {},
) {
  const worlds = Object.fromEntries(Object.entries(modules).map(([name, text]) => [name, world(text)]));
  return wire({ modules: worlds, links, exports });
}

function linksOf(...args: Parameters<typeof planOf>): string[] | undefined {
  return planOf(...args).plan?.links.map(
    (link) => `${link.from} ${link.import} <- ${link.to} ${link.export}`,
  );
}

function exportsOf(...args: Parameters<typeof planOf>): string[] | undefined {
  return planOf(...args).plan?.exports.map((item) => `${item.from} ${item.export}`);
}

const shop = { api: "acme:auth/check@1.2.0 -> acme:shop/api", auth: "-> acme:auth/check@1.2.0" };

describe("inference", () => {
  test("links what exactly one other module exports, and exports what nothing consumes", () => {
    expect(linksOf(shop)).toEqual(["api acme:auth/check@1.2.0 <- auth acme:auth/check@1.2.0"]);
    expect(exportsOf(shop)).toEqual(["api acme:shop/api"]);
    expect(planOf(shop).plan?.modules).toEqual(["auth", "api"]);
  });

  test.each([
    ["1.2.0", "1.9.1", true],
    ["1.9.1", "1.2.0", true],
    ["1.2.0", "2.0.0", false],
    ["0.2.0", "0.2.7", true],
    ["0.2.0", "0.3.0", false],
    ["0.0.1", "0.0.1", true],
    ["0.0.1", "0.0.2", false],
    ["1.0.0-rc.1", "1.0.0-rc.1", true],
    ["1.0.0-rc.1", "1.0.0", false],
    ["1.0.0+a", "1.0.0+b", true],
  ])("takes an import of %s from an export of %s: %s", (wanted, given, fits) => {
    const modules = {
      api: `acme:auth/check@${wanted} -> acme:shop/api`,
      auth: `-> acme:auth/check@${given}`,
    };
    if (fits)
      expect(linksOf(modules)).toEqual([`api acme:auth/check@${wanted} <- auth acme:auth/check@${given}`]);
    else {
      expect(planOf(modules).problems[0]).toEqual({
        path: "modules.api",
        message: `\`api\` imports \`acme:auth/check@${wanted}\`, and \`auth\` exports \`acme:auth/check@${given}\`: versions that are not compatible. Build one of them against the other's version.`,
      });
    }
  });

  test("shares one instance among all its users", () => {
    const modules = { a: "x:x/x -> a:a/a", b: "x:x/x -> b:b/b", x: "-> x:x/x" };
    expect(linksOf(modules)).toEqual(["a x:x/x <- x x:x/x", "b x:x/x <- x x:x/x"]);
    expect(planOf(modules).plan?.modules).toEqual(["x", "a", "b"]);
  });

  test.each(["wasi:http/outgoing-handler@0.2.3", "wasi:keyvalue/store@0.2.0-draft", "wasi:made/up@9.0.0"])(
    "never links %s, and says so",
    (name) => {
      const modules = { api: `${name} -> acme:shop/api`, proxy: `-> ${name}` };
      const { plan, notes } = planOf(modules);
      expect(plan?.links).toEqual([]);
      expect(plan?.unmet).toEqual([{ name, by: ["api"] }]);
      expect(notes).toEqual([
        {
          path: "modules.api",
          message: `\`proxy\` exports \`${name}\`, which \`api\` imports. Calls to the host are not redirected by themselves; to do so: links: [{ from: "api", import: "${name}", to: "proxy" }]`,
        },
      ]);
      const links = [{ from: "api", import: name, to: "proxy" }];
      expect(linksOf(modules, { links })).toEqual([`api ${name} <- proxy ${name}`]);
    },
  );

  test("neither links nor exports bare functions and labelled imports", () => {
    const { plan } = planOf({
      api: "log -> init acme:shop/api",
      other: "-> log acme:other/other",
    });
    expect(plan?.links).toEqual([]);
    expect(plan?.exports.map((item) => item.export)).toEqual(["acme:other/other", "acme:shop/api"]);
    expect(plan?.unmet).toEqual([{ name: "log", by: ["api"] }]);
    const named = planOf({
      a: "url=<https://acme.example/x> -> a:a/a",
      b: "-> url=<https://acme.example/x> b:b/b",
    });
    expect(named.plan?.links).toEqual([]);
    const labelled = { imports: ["cache: acme:kv/store"], exports: ["acme:shop/api"] };
    const giver = { imports: [], exports: ["acme:kv/store"] };
    expect(wire({ modules: { api: labelled, kv: giver } }).plan?.links).toEqual([]);
  });

  test("asks the host once for a track, in its highest version", () => {
    const { plan } = planOf({
      a: "acme:host/log@1.9.0 -> a:a/a",
      b: "acme:host/log@1.10.0 -> b:b/b",
      c: "acme:host/log@2.0.0 -> c:c/c",
    });
    expect(plan?.unmet).toEqual([
      { name: "acme:host/log@1.10.0", by: ["a", "b"] },
      { name: "acme:host/log@2.0.0", by: ["c"] },
    ]);
  });

  test("does not depend on the order in which modules are named", () => {
    const reversed = Object.fromEntries(Object.entries(shop).reverse());
    expect(planOf(reversed)).toEqual(planOf(shop));
  });
});

describe("links of the program", () => {
  const two = { api: shop.api, auth: shop.auth, sso: shop.auth };

  test("decide where two modules export the same, also for the same artifact under two names", () => {
    const links = [{ from: "api", import: "acme:auth/check", to: "sso" }];
    const exports = [
      { from: "api", export: "acme:shop/api" },
      { from: "auth", export: "acme:auth/check" },
    ];
    expect(linksOf(two, { links, exports })).toEqual([
      "api acme:auth/check@1.2.0 <- sso acme:auth/check@1.2.0",
    ]);
    expect(exportsOf(two, { links, exports })).toEqual(["auth acme:auth/check@1.2.0", "api acme:shop/api"]);
  });

  test.each<[string, Record<string, string>, Link[], string, string]>([
    [
      "an unknown importer",
      shop,
      [{ from: "apj", import: "acme:auth/check", to: "auth" }],
      "links[0].from",
      "There is no module `apj`. The modules are: api, auth.",
    ],
    [
      "an unknown exporter",
      shop,
      [{ from: "api", import: "acme:auth/check", to: "aut" }],
      "links[0].to",
      "There is no module `aut`. The modules are: api, auth.",
    ],
    [
      "an interface that is not imported",
      shop,
      [{ from: "api", import: "acme:auth/chek", to: "auth" }],
      "links[0].import",
      "`api` does not import `acme:auth/chek`. It imports: acme:auth/check@1.2.0.",
    ],
    [
      "an interface that is not exported",
      { ...shop, api: "acme:auth/check@1.2.0 acme:kv/store -> acme:shop/api" },
      [{ from: "api", import: "acme:kv/store", to: "auth" }],
      "links[0].to",
      "`auth` does not export `acme:kv/store`. It exports: acme:auth/check@1.2.0.",
    ],
    [
      "versions that never fit",
      { api: "acme:auth/check@2.0.0 -> acme:shop/api", auth: "-> acme:auth/check@1.2.0" },
      [{ from: "api", import: "acme:auth/check", to: "auth" }],
      "links[0].to",
      "`auth` exports `acme:auth/check@1.2.0`, which is not compatible with `acme:auth/check@2.0.0` that `api` imports. Build one of them against the other's version.",
    ],
    [
      "an import in two versions, with none named",
      { api: "acme:auth/check@1.2.0 acme:auth/check@2.0.0 -> acme:shop/api", auth: shop.auth },
      [{ from: "api", import: "acme:auth/check", to: "auth" }],
      "links[0].import",
      "`api` imports `acme:auth/check` in several versions: name one of acme:auth/check@1.2.0, acme:auth/check@2.0.0.",
    ],
    [
      "a module that takes from itself",
      { api: "acme:a/a -> acme:a/a acme:shop/api" },
      [{ from: "api", import: "acme:a/a", to: "api" }],
      "links[0].to",
      "`api` cannot take `acme:a/a` from itself. Name another module; the same artifact may stand under a second name.",
    ],
    [
      "an import that is linked twice",
      shop,
      [
        { from: "api", import: "acme:auth/check", to: "auth" },
        { from: "api", import: "acme:auth/check@1.2.0", to: "auth" },
      ],
      "links[1]",
      "`api` has a link for `acme:auth/check@1.2.0` already. Remove one of them.",
    ],
  ])("refuse %s", (_name, modules, links, path, message) => {
    expect(planOf(modules, { links }).problems).toContainEqual({ path, message });
  });

  test("are all looked at", () => {
    const links = ["x", "y", "z"].map((to) => ({ from: "api", import: `acme:${to}/${to}`, to }));
    expect(planOf(shop, { links }).problems.map(({ path }) => path)).toEqual([
      ...links.flatMap((_link, index) => [`links[${index}].to`, `links[${index}].import`]),
    ]);
  });
});

describe("what cannot be wired", () => {
  test("two modules that export the same interface, and no link", () => {
    const { problems } = planOf({ api: shop.api, auth: shop.auth, sso: shop.auth });
    expect(problems).toContainEqual({
      path: "modules.api",
      message:
        '`api` imports `acme:auth/check@1.2.0`, and `auth`, `sso` export it. Choose one: links: [{ from: "api", import: "acme:auth/check@1.2.0", to: "auth" }]',
    });
  });

  test("a circle", () => {
    const { problems } = planOf({ a: "b:b/b -> a:a/a", b: "c:c/c -> b:b/b", c: "a:a/a -> c:c/c d:d/d" });
    expect(problems).toEqual([
      {
        path: "modules.a",
        message:
          "The modules need one another in a circle: `a` takes `b:b/b` from `b`, `b` takes `c:c/c` from `c`, `c` takes `a:a/a` from `a`. Components are made one after the other: break the circle by moving one of the interfaces into a module of its own.",
      },
    ]);
  });

  test("a circle through a link of the program is reported there", () => {
    const links = [{ from: "b", import: "a:a/a", to: "a" }];
    const { problems } = planOf({ a: "b:b/b -> a:a/a", b: "a:a/a -> b:b/b d:d/d" }, { links });
    expect(problems.map(({ path }) => path)).toEqual(["links[0]"]);
  });

  test("a module that nothing uses", () => {
    const exports = [{ from: "api", export: "acme:shop/api" }];
    const modules = { ...shop, mail: "-> acme:mail/send", idle: "log -> init" };
    expect(planOf(modules, { exports }).problems).toEqual([
      {
        path: "modules.idle",
        message:
          "Nothing can use `idle`: it exports no interface. Export one in its WIT world, or remove it.",
      },
      {
        path: "modules.mail",
        message:
          "Nothing uses `mail`: no export of the composition leads to it. Link one of its exports, export it, or remove it.",
      },
    ]);
  });

  test("one interface exported twice, by default", () => {
    const { problems } = planOf({ a: "-> wasi:cli/run@0.2.3", b: "-> wasi:cli/run@0.2.3" });
    expect(problems).toEqual([
      {
        path: "modules.b",
        message:
          '`a`, `b` export `wasi:cli/run@0.2.3`, and no link consumes it: the composition can export it once. Name all that it exports: exports: [{ from: "a", export: "wasi:cli/run@0.2.3" }, …]',
      },
    ]);
  });

  test.each<[string, ExportChoice[], string, string]>([
    [
      "nothing",
      [],
      "exports",
      "A composition that exports nothing can do nothing. Name an export, or leave `exports` out.",
    ],
    [
      "from an unknown module",
      [{ from: "apj", export: "acme:shop/api" }],
      "exports[0].from",
      "There is no module `apj`. The modules are: api, auth.",
    ],
    [
      "an unknown interface",
      [{ from: "api", export: "acme:shop/app" }],
      "exports[0].export",
      "`api` does not export the interface `acme:shop/app`. It exports: acme:shop/api.",
    ],
    [
      "the same twice",
      [
        { from: "api", export: "acme:shop/api" },
        { from: "api", export: "acme:shop/api" },
      ],
      "exports[1].export",
      "`acme:shop/api` is exported already, from `api`. Remove one of them.",
    ],
  ])("exports that name %s", (_name, exports, path, message) => {
    expect(planOf(shop, { exports }).problems).toContainEqual({ path, message });
  });
});

test("the graph shows exports, links and what the host gives", () => {
  const { plan } = planOf({
    ...shop,
    api: "acme:auth/check@1.2.0 wasi:http/types@0.2.3 wasi:http/outgoing-handler@0.2.3 log -> acme:shop/api",
  });
  expect(plan && mermaid(plan)).toBe(`flowchart TD
  m0["api"]
  m1["auth"]
  e0(["acme:shop/api"]) --> m0
  m0 -->|"acme:auth/check@1.2.0"| m1
  h0[/"log"/]
  m0 -.-> h0
  h1[/"wasi:http"/]
  m0 -.-> h1
`);
});
