/** What the composer makes, in the engine that runs it elsewhere: real Wasmtime, of which nothing else is asked. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CompositionSpec } from "../../provider/artifacts/compose/index.ts";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { Workshop, wit } from "../unit/composeSetup.ts";
import { authenticator, core, dummy, environment, relay } from "./compositionModules.ts";

const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const examples = join(import.meta.dirname, "../../examples");
const quickstart = join(examples, "quickstart/module/quickstart.wasm");

type Modules = Record<string, Uint8Array>;

/** Composes components, or core modules where they are named in `cores`. @returns the result's path */
async function composed(
  modules: Modules,
  declaration: Omit<CompositionSpec, "modules"> = {},
  cores: string[] = [],
): Promise<string> {
  const added = Object.entries(modules).map(async ([name, bytes]) => {
    return [name, await shop.add(bytes, cores.includes(name) ? "core" : "component")] as const;
  });
  const spec = { modules: Object.fromEntries(await Promise.all(added)), ...declaration };
  const { artifact } = await shop.composer.compose(spec);
  return shop.store.path(await shop.composer.ensure(artifact));
}

/** Starts a component's function, or its command; both need all of it validated, compiled and instantiated. */
async function runs(path: string, call?: string): Promise<{ stdout: string; errors: string }> {
  const invoke = call === undefined ? [] : ["--invoke", call];
  const options = ["run", "-W", "component-model-async=y", "-S", "http", ...invoke, path];
  const { stdout, errors } = await run(wasmtime ?? "", options);
  return { stdout: stdout.trim(), errors: errors.join("\n") };
}

/** What a dummy does when it is called: the component was instantiated. */
const trap = { stdout: "", errors: expect.stringContaining("wasm `unreachable` instruction executed") };
const answers = (text: string) => ({ stdout: text, errors: "" });
const check = (from: string, to: string) => ({ from, import: "acme:auth/check", to });

const kv = `package acme:kv {
  interface store { resource bucket { get: func() -> string; } }
  interface check { use store.{bucket}; verify: func(b: borrow<bucket>) -> bool; }
  interface api { use-all: func(); } }`;
const stream = wit("acme:s/s@0.1.0", "f: async func(s: stream<u8>) -> future<string>;");

const results: [what: string, make: () => Promise<string>, call: string | undefined, expected: object][] = [
  [
    "a call from one module to another, with its answer",
    async () => composed({ api: await relay("shop"), auth: await authenticator("unknown token") }),
    'sign-in-shop("123456")',
    answers('ok("123456")'),
  ],
  [
    "a refusal",
    async () => composed({ api: await relay("shop"), auth: await authenticator("unknown token") }),
    'sign-in-shop("")',
    answers('err("unknown token")'),
  ],
  [
    "two modules that take the same interface from different ones, by links",
    async () => {
      const modules = {
        first: await relay("first"),
        second: await relay("second"),
        auth: await authenticator("no"),
        sso: await authenticator("never"),
      };
      return composed(modules, { links: [check("first", "auth"), check("second", "sso")] });
    },
    'sign-in-second("")',
    answers('err("never")'),
  ],
  [
    "a composition in a composition",
    async () => {
      const inner = await composed({ api: await relay("shop"), auth: await authenticator("no") });
      const web = await dummy(
        "import acme:shop/api; export acme:web/web;",
        wit("acme:shop/api", "sign-in-shop: func(token: string) -> result<string, string>;"),
        wit("acme:web/web", "show: func();"),
      );
      return composed({ web, shop: await readFile(inner) });
    },
    "show()",
    trap,
  ],
  [
    "a WAC text",
    async () =>
      composed(
        { api: await relay("shop"), auth: await authenticator("no") },
        {
          wac: `package acme:shop;
let auth = new module:auth { ... };
let api = new module:api { "acme:auth/check@1.2.0": auth["acme:auth/check@1.2.0"], ... };
export api["acme:shop/api"];`,
        },
      ),
    'sign-in-shop("")',
    answers('err("no")'),
  ],
  [
    "a resource whose owner is shared",
    async () =>
      composed({
        owner: await dummy("export acme:kv/store;", kv),
        checker: await dummy("import acme:kv/store; export acme:kv/check;", kv),
        user: await dummy("import acme:kv/store; import acme:kv/check; export acme:kv/api;", kv),
      }),
    "use-all()",
    trap,
  ],
  [
    "async functions, streams and futures",
    async () =>
      composed({
        from: await dummy(
          "import acme:s/s@0.1.0; export acme:a/a;",
          stream,
          wit("acme:a/a", "start: func();"),
        ),
        to: await dummy("export acme:s/s@0.1.0;", stream),
      }),
    "start()",
    trap,
  ],
  [
    "modules of the first and the last WASI 0.2 together",
    async () => {
      const made = (name: string, version: string, imports: string[]) =>
        dummy(
          `${imports.map((item) => `import wasi:${item}@${version};`).join(" ")} export acme:${name}/${name};`,
          `package wasi:io@${version} {
            interface poll { resource pollable { block: func(); } }
            interface streams { use poll.{pollable}; resource input-stream { subscribe: func() -> pollable; } }
          }`,
          wit(
            `wasi:cli/stdin@${version}`,
            `use wasi:io/streams@${version}.{input-stream}; get-stdin: func() -> input-stream;`,
          ),
          wit(`acme:${name}/${name}`, `draw-${name}: func();`),
        );
      const io = ["io/poll", "io/streams"];
      return composed({
        // The types of `stdin` stay those of its version.
        old: await made("old", "0.2.0", [...io, "cli/stdin"]),
        new: await made("new", "0.2.12", io),
      });
    },
    "draw-old()",
    trap,
  ],
  [
    "a core module for WASI preview 1",
    async () => {
      const main = await core(`
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 16) "hello\\n")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))))`);
      return composed({ main }, {}, ["main"]);
    },
    undefined,
    answers("hello"),
  ],
  [
    "thirty modules in a row",
    async () => {
      const packages = `package acme:chain { ${Array.from({ length: 30 }, (_, at) => `interface i${at} { step${at}: func(); }`).join(" ")} }`;
      const made = Array.from({ length: 30 }, async (_, at) => {
        const next = at === 29 ? "" : `import acme:chain/i${at + 1};`;
        return [`m${at}`, await dummy(`${next} export acme:chain/i${at};`, packages)] as const;
      });
      return composed(Object.fromEntries(await Promise.all(made)));
    },
    "step0()",
    trap,
  ],
];

describe.skipIf(!wasmtime)("in Wasmtime", () => {
  test.each(results)("%s", async (_what, make, call, expected) => {
    expect(await runs(await make(), call)).toEqual(expected);
  });

  test("a host without what stays unmet refuses it by its name", async () => {
    const [api, auth] = [await relay("shop"), await authenticator("no")];
    const lacking = await composed({ api });
    expect((await runs(lacking, 'sign-in-shop("")')).errors).toContain("acme:auth/check@1.2.0");
    expect(await runs(await composed({ api, auth }), 'sign-in-shop("")')).toEqual(answers('err("no")'));
  });

  test("a guest that serves HTTP answers with what a neighbour gives it in the host's place", async () => {
    const modules = {
      front: await readFile(quickstart),
      settings: await environment("GREETING", "its neighbour"),
    };
    const links = [{ from: "front", import: "wasi:cli/environment", to: "settings" }];
    const url = await serve(await composed(modules, { links }));
    expect(await (await fetch(url)).text()).toBe("Hello from its neighbour\n");
  });

  const parts = ["front", "auth", "validation", "images"];
  const path = (name: string) => join(examples, "storefront/modules", `${name}.wasm`);
  test.skipIf(!parts.every((name) => existsSync(path(name))))(
    "the storefront serves",
    {
      // Its JavaScript and Python bring their languages along: 30 MB to compile.
      timeout: 240_000,
    },
    async () => {
      const modules: Modules = {};
      for (const name of parts) modules[name] = await readFile(path(name));
      const url = await serve(await composed(modules));
      expect((await fetch(`${url}elsewhere`)).status).toBe(404);
    },
  );
});

/** Serves a component until the test ends. @returns its address, with a slash at the end */
async function serve(path: string): Promise<string> {
  const child = spawn(wasmtime ?? "", ["serve", "-S", "cli", "--addr", "127.0.0.1:0", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => ended(child));
  for await (const line of createInterface(child.stderr)) {
    const url = /^Serving HTTP on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) {
      child.stderr.resume();
      return url;
    }
  }
  throw new Error("wasmtime serve ended before it listened.");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
