import { describe, expect, test } from "vitest";
import { apiWith, authShop, authWith, check, resources } from "./composeModules.ts";
import { wit } from "./composeSetup.ts";

const { shop, api } = await authShop();

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
    const modules = {
      api: await apiWith(shop, wanted, wantedTypes),
      auth: await authWith(shop, given, givenTypes),
    };
    expect(await shop.problems({ modules })).toEqual([
      {
        path: "modules.api",
        message: `\`api\` and \`auth\` differ in acme:auth/check@1.2.0#${detail}. Build both against the same WIT.`,
      },
    ]);
  });

  test("are reported of all links together, at the link where the program names one", async () => {
    const [wrong, other] = [
      await authWith(shop, "()"),
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
    const { owner, checker, user } = await resources(shop);
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
    const { owner, user } = await resources(shop);
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
