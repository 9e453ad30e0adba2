/** The guard `stdio-clock` in real Wasmtime: one kind of pollable for silent streams and for the host's clock. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { core } from "./compositionModules.ts";

const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const guards = join(import.meta.dirname, "../../composer/guards");

const probe = `package acme:probe {
  interface probe {
    /// Nanoseconds that pass while it waits for 20 ms of the clock by \`block\`, after time has been found to go forward.
    block: func() -> u64;
    /// The same by \`poll\` over a clock that takes an hour, and that one.
    poll-clocks: func() -> u64;
    /// Which of an hour, a stream, a moment that is over and a stream are ready: bit by bit.
    poll-both: func() -> u32;
    poll-nothing: func();
  }
}`;

/** Calls the clock, and what a stream can be waited for by, without a language between. */
async function guest(): Promise<Uint8Array> {
  const deps = await Promise.all(
    ["cli", "io", "clocks"].map(async (name) => {
      const text = await readFile(join(guards, `wit/deps/${name}.wit`), "utf8");
      return text.replace(/^package (\S+);/, "package $1 {").concat("}");
    }),
  );
  const witSource = `package test:module;
    world w {
      import wasi:io/poll@0.2.0;
      import wasi:io/streams@0.2.0;
      import wasi:cli/stdout@0.2.0;
      import wasi:clocks/monotonic-clock@0.2.0;
      export acme:probe/probe;
    }
    ${deps.join("\n")} ${probe}`;
  const clock = (name: string) => `"wasi:clocks/monotonic-clock@0.2.0" "${name}"`;
  const code = await core(`
    (import ${clock("now")} (func $now (result i64)))
    (import ${clock("resolution")} (func $resolution (result i64)))
    (import ${clock("subscribe-duration")} (func $after (param i64) (result i32)))
    (import ${clock("subscribe-instant")} (func $at (param i64) (result i32)))
    (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.0" "[method]output-stream.subscribe" (func $when-writable (param i32) (result i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-out (param i32)))
    (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
    (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
    (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)

    ;; Four pollables at 0, and the answer at 64.
    (func $put (param $index i32) (param $pollable i32)
      (i32.store (i32.shl (local.get $index) (i32.const 2)) (local.get $pollable)))
    (func $take (param $index i32) (result i32)
      (i32.load (i32.shl (local.get $index) (i32.const 2))))
    (func $hour (result i32) (call $after (i64.const 3600000000000)))

    (func (export "acme:probe/probe#block") (result i64) (local $start i64) (local $wait i32)
      (if (i64.eqz (call $resolution)) (then unreachable))
      (local.set $start (call $now))
      (local.set $wait (call $at (i64.add (local.get $start) (i64.const 20000000))))
      (call $block (local.get $wait))
      (if (i32.eqz (call $ready (local.get $wait))) (then unreachable))
      (call $drop (local.get $wait))
      (i64.sub (call $now) (local.get $start)))

    (func (export "acme:probe/probe#poll-clocks") (result i64) (local $start i64)
      (local.set $start (call $now))
      (call $put (i32.const 0) (call $hour))
      (call $put (i32.const 1) (call $after (i64.const 20000000)))
      (if (call $ready (call $take (i32.const 0))) (then unreachable))
      (call $poll (i32.const 0) (i32.const 2) (i32.const 64))
      ;; The second one alone.
      (if (i32.ne (i32.load (i32.const 68)) (i32.const 1)) (then unreachable))
      (if (i32.ne (i32.load (i32.load (i32.const 64))) (i32.const 1)) (then unreachable))
      (call $drop (call $take (i32.const 0)))
      (call $drop (call $take (i32.const 1)))
      (i64.sub (call $now) (local.get $start)))

    (func (export "acme:probe/probe#poll-both") (result i32) (local $out i32) (local $at i32) (local $end i32) (local $bits i32)
      (local.set $out (call $stdout))
      (call $put (i32.const 0) (call $hour))
      (call $put (i32.const 1) (call $when-writable (local.get $out)))
      (call $put (i32.const 2) (call $at (i64.const 0)))
      (call $put (i32.const 3) (call $when-writable (local.get $out)))
      (call $block (call $take (i32.const 2)))
      (call $block (call $take (i32.const 3)))
      (call $poll (i32.const 0) (i32.const 4) (i32.const 64))
      (local.set $at (i32.load (i32.const 64)))
      (local.set $end (i32.add (local.get $at) (i32.shl (i32.load (i32.const 68)) (i32.const 2))))
      (loop $each
        (local.set $bits (i32.or (local.get $bits) (i32.shl (i32.const 1) (i32.load (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $each (i32.lt_u (local.get $at) (local.get $end))))
      (call $drop (call $take (i32.const 0)))
      (call $drop (call $take (i32.const 1)))
      (call $drop (call $take (i32.const 2)))
      (call $drop (call $take (i32.const 3)))
      (call $drop-out (local.get $out))
      local.get $bits)

    (func (export "acme:probe/probe#poll-nothing")
      (call $poll (i32.const 0) (i32.const 0) (i32.const 64))) `);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** The guest behind the guard, which asks its host for the clock alone. */
async function guarded(): Promise<{ path: string; imports: string[] }> {
  const parts = { guard: await readFile(join(guards, "stdio-clock.wasm")), guest: await guest() };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const wac = `package test:guarded;
let guard = new module:guard { ... };
let guest = new module:guest { ...guard };
export guest["acme:probe/probe"];`;
  const modules = Object.fromEntries(await Promise.all(added));
  const { artifact, imports } = await shop.composer.compose({ modules, wac });
  return { path: shop.store.path(await shop.composer.ensure(artifact)), imports };
}

describe.skipIf(!wasmtime)("silent streams beside the clock", async () => {
  const { path, imports } = await guarded();
  const call = async (name: string) => {
    const { stdout, errors } = await run(wasmtime ?? "", ["run", "--invoke", `${name}()`, path]);
    return { stdout: stdout.trim(), errors: errors.join("\n") };
  };

  test("ask the host for the clock alone", () => {
    expect(imports).toEqual(["wasi:clocks/monotonic-clock@0.2.0", "wasi:io/poll@0.2.0"]);
  });

  test.each(["block", "poll-clocks"])("the host's time passes while a guest waits: %s", async (name) => {
    const { stdout, errors } = await call(name);
    expect(errors).toBe("");
    expect(Number(stdout)).toBeGreaterThanOrEqual(20_000_000);
  });

  test("are ready where the clock is not, and clocks are beside them", async () => {
    expect(await call("poll-both")).toEqual({ stdout: String(0b1110), errors: "" });
  });

  test("end a guest that waits for nothing", async () => {
    expect(await call("poll-nothing")).toMatchObject({ errors: expect.stringContaining("unreachable") });
  });
});
