/** Core modules without the imports that are denied; `test/runtime/coreStubs.test.ts` runs them in Wasmtime. */
import { describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { deniedOfCore } from "../../provider/capabilities/coreSealing.ts";
import { grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { coreSealer, preview1 } from "./coreStubsSetup.ts";
import { binary } from "./inspectComponents.ts";

interface Exports {
  memory: { buffer: ArrayBuffer };
  [name: string]: unknown;
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Exports } }>;
  };
};

const { seal, store, inspector } = await coreSealer();

/** What the host answers to whatever is left open. */
const open = 0;
const notCapable = 76;

async function instantiated(text: string, denied: string[]) {
  const { digest } = await seal(await binary(text), denied);
  const host = new Proxy({}, { get: () => () => open });
  const { instance } = await WebAssembly.instantiate(
    await store.read(digest),
    new Proxy({}, { get: () => host }),
  );
  const { imports } = await inspector.inspect(digest);
  return {
    imports,
    exports: instance.exports as Exports & Record<string, (...values: unknown[]) => unknown>,
  };
}

const importing = (name: string, type: string, id = name) =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${id} ${type}))`;
const fdRead = importing("fd_read", "(param i32 i32 i32 i32) (result i32)");
const fdClose = importing("fd_close", "(param i32) (result i32)");
const random = importing("random_get", "(param i32 i32) (result i32)");

describe("a sealed core module", () => {
  test("calls what it called, wherever its functions are named", async () => {
    const { imports, exports } = await instantiated(
      `(module ${fdRead} ${random} ${fdClose}
        (memory (export "memory") 1) (table (export "table") 4 funcref) (global $g funcref (ref.func $own))
        (elem (i32.const 0) $random_get $own $fd_close $fd_read)
        (export "random" (func $random_get)) (export "close" (func $fd_close))
        (func $start (i32.store (i32.const 0) (i32.const 7))) (start $start)
        (func $own (export "own") (result i32) (i32.add (call $fd_close (i32.const 1)) (i32.const 1000)))
        (func (export "indirect") (result i32) (call_indirect (param i32) (result i32) (i32.const 3) (i32.const 2)))
        (func (export "global") (result i32) (table.set (i32.const 0) (global.get $g))
          (call_indirect (result i32) (i32.const 0)))
        (func (export "open") (result i32) (call $random_get (i32.const 0) (i32.const 4))))`,
      [preview1("fd_close"), preview1("fd_read")],
    );
    expect(imports).toEqual([preview1("random_get")]);
    expect(exports.own?.()).toBe(1000 + notCapable);
    expect(exports.indirect?.()).toBe(notCapable);
    expect(exports.global?.()).toBe(1000 + notCapable);
    expect(exports.close?.(1)).toBe(notCapable);
    expect(exports.random?.(0, 4)).toBe(open);
    expect(exports.open?.()).toBe(open);
    expect(new DataView(exports.memory.buffer).getInt32(0, true)).toBe(7);
  });

  test("has neither arguments, variables nor preopened folders", async () => {
    const pair = "(param i32 i32) (result i32)";
    const names = ["args_sizes_get", "environ_sizes_get", "args_get", "environ_get", "fd_prestat_get"];
    const { imports, exports } = await instantiated(
      `(module ${names.map((name) => importing(name, pair)).join(" ")}
        (memory 1) (memory $answers (export "memory") 1) (data (memory $answers) (i32.const 0) "\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff")
        ${names.map((name) => `(export "${name}" (func $${name}))`).join(" ")})`,
      names.map(preview1),
    );
    expect(imports).toEqual([]);
    expect(names.slice(2).map((name) => exports[name]?.(0, 4))).toEqual([0, 0, 8]);
    for (const name of names.slice(0, 2)) {
      new Uint8Array(exports.memory.buffer).fill(0xff, 0, 9);
      expect(exports[name]?.(0, 4)).toBe(0);
      expect([...new Uint8Array(exports.memory.buffer, 0, 9)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
    }
  });

  test("is refused its arguments where there is no place to say that there are none", async () => {
    const { exports } = await instantiated(
      `(module ${importing("args_sizes_get", "(param i32 i32) (result i32)")} (export "f" (func $args_sizes_get)))`,
      [preview1("args_sizes_get")],
    );
    expect(exports.f?.(0, 4)).toBe(notCapable);
  });

  test("traps where nobody knows how to say no", async () => {
    const { imports, exports } = await instantiated(
      `(module (import "env" "send" (func $send (param i64) (result i32))) ${importing("fd_close", "(param i64)")}
        (export "send" (func $send)) (export "close" (func $fd_close)))`,
      ["env#send", preview1("fd_close")],
    );
    expect(imports).toEqual([]);
    expect(() => exports.send?.(1n)).toThrow("unreachable");
    expect(() => exports.close?.(1n)).toThrow("unreachable");
  });

  test("loses an import that it has twice", async () => {
    const { imports, exports } = await instantiated(
      `(module ${fdClose} ${random} ${importing("fd_close", "(param i32) (result i32)", "again")}
        (export "first" (func $fd_close)) (export "second" (func $again)) (export "random" (func $random_get)))`,
      [preview1("fd_close")],
    );
    expect(imports).toEqual([preview1("random_get")]);
    expect([exports.first?.(1), exports.second?.(1), exports.random?.(0, 0)]).toEqual([76, 76, open]);
  });

  test("keeps what else it imports", async () => {
    const { imports } = await instantiated(
      `(module (import "env" "b" (func)) ${fdClose} (import "env" "a" (func)) ${random})`,
      [preview1("fd_close")],
    );
    expect(imports).toEqual(["env#a", "env#b", preview1("random_get")]);
  });

  test("keeps names and producers, and nothing that speaks of places in its code", async () => {
    const bytes = await binary(
      `(module ${fdClose} ${random} (func $own) (@producers (language "C11" ""))
        (@custom ".debug_info" "places") (@custom "linking" "places") (@custom "kept" "text"))`,
    );
    const { digest } = await seal(bytes, [preview1("fd_close")]);
    const sealed = Buffer.from(await store.read(digest));
    expect(sealed.includes("places")).toBe(false);
    expect(sealed.includes("kept")).toBe(true);
    // In the order of the functions' new indices: the import, the function, the stub.
    expect(
      sealed.includes(Buffer.from("\u0003\u0000\u000arandom_get\u0001\u0003own\u0002\u0008fd_close")),
    ).toBe(true);
    expect((await inspector.inspect(digest)).producers).toEqual([
      { field: "language", name: "C11", version: "" },
    ]);
  });

  test("has the same bytes again", async () => {
    const bytes = await binary(`(module ${fdClose} ${random})`);
    const { digest } = await seal(bytes, [preview1("fd_close"), preview1("random_get")]);
    await store.discard(digest);
    const again = await seal(bytes, [preview1("random_get"), preview1("fd_close")]);
    expect(again.digest).toBe(digest);
    expect(digestOf(await store.read(digest))).toBe(digest);
  });

  test.each([
    [
      "that is no function",
      '(module (import "env" "memory" (memory 1)))',
      "env#memory",
      "The module cannot be sealed: `env#memory` is no function: only functions can be denied.",
    ],
    [
      "without which no program ends",
      `(module ${importing("proc_exit", "(param i32)")})`,
      preview1("proc_exit"),
      "The module cannot be sealed: `wasi_snapshot_preview1#proc_exit` cannot say no: it is how a program ends.",
    ],
    [
      "that is not there",
      `(module ${fdClose})`,
      preview1("fd_clos"),
      "The module cannot be sealed: `wasi_snapshot_preview1#fd_clos` is not imported, so that it cannot be denied.",
    ],
  ])("is denied nothing %s", async (_what, text, denied, message) => {
    await expect(seal(await binary(text), [denied])).rejects.toMatchObject({
      code: "not-deployable",
      message,
    });
  });
});

describe("what is denied to a core module", () => {
  const imports = [
    "args_get",
    "clock_time_get",
    "fd_write",
    "path_open",
    "poll_oneoff",
    "proc_exit",
    "sock_send",
  ]
    .map(preview1)
    .concat("env#send");
  const deniedWith = (inputs: GrantInputs, denied: string[] = []) =>
    deniedOfCore({ imports, grants: [grantOf("g", inputs)], denied }).map((name) => name.replace(/^.*#/, ""));

  test.each<[what: string, inputs: GrantInputs, denied: string[]]>([
    ["what no grant opens", {}, ["args_get", "path_open", "sock_send", "send"]],
    [
      "no file with a grant of one",
      { filesystem: [{ path: "/data", access: "read", volume: "v" }] },
      ["args_get", "sock_send", "send"],
    ],
    ["no variable with a grant of one", { environment: ["KEY"] }, ["path_open", "sock_send", "send"]],
    [
      "what a grant takes away",
      { ambient: { clocks: false, stdio: false } },
      ["args_get", "clock_time_get", "fd_write", "path_open", "sock_send", "send"],
    ],
  ])("is %s", (_what, inputs, denied) => {
    expect(deniedWith(inputs)).toEqual(denied);
  });

  test("is what the program denies, except for its end", () => {
    const denied = ["fd_write", "poll_oneoff", "proc_exit"].map(preview1);
    expect(deniedWith({ environment: ["KEY"] }, denied)).toEqual([
      "fd_write",
      "path_open",
      "poll_oneoff",
      "sock_send",
      "send",
    ]);
  });
});
