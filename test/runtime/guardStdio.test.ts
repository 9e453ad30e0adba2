/** The silent streams of `stdio` in real Wasmtime, whose own streams are there and open. */
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
    /// Whether each way to read finds the end.
    read: func() -> bool;
    /// Bytes that were written, or zero where one call failed.
    write: func() -> u64;
    /// How many of three pollables are ready.
    wait: func() -> u32;
    /// Waits for nothing.
    wait-for-nothing: func();
    /// Whether a stream is a terminal.
    terminal: func() -> bool;
  }
}`;

const interfaces = ["stdin", "stdout", "stderr", "terminal-stdin", "terminal-stdout", "terminal-stderr"];

/** Calls what `wasi:cli` and `wasi:io` have, without a language between. */
async function guest(): Promise<Uint8Array> {
  const imports = interfaces.map((name) => `import wasi:cli/${name}@0.2.0;`).join(" ");
  const deps = await Promise.all(
    ["cli", "io"].map(async (name) => {
      const text = await readFile(join(guards, `wit/deps/${name}.wit`), "utf8");
      return text.replace(/^package (\S+);/, "package $1 {").concat("}");
    }),
  );
  const witSource = `package test:module;
    world w { import wasi:io/poll@0.2.0; import wasi:io/streams@0.2.0; ${imports} export acme:probe/probe; }
    ${deps.join("\n")} ${probe}`;
  const streams = (resource: string, method: string) =>
    `"wasi:io/streams@0.2.0" "[method]${resource}-stream.${method}"`;
  const code = await core(`
    (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
    (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
    (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
    (import "wasi:cli/terminal-stdin@0.2.0" "get-terminal-stdin" (func $tty-in (param i32)))
    (import "wasi:cli/terminal-stdout@0.2.0" "get-terminal-stdout" (func $tty-out (param i32)))
    (import "wasi:cli/terminal-stderr@0.2.0" "get-terminal-stderr" (func $tty-err (param i32)))
    (import ${streams("input", "read")} (func $read (param i32 i64 i32)))
    (import ${streams("input", "blocking-read")} (func $blocking-read (param i32 i64 i32)))
    (import ${streams("input", "skip")} (func $skip (param i32 i64 i32)))
    (import ${streams("input", "blocking-skip")} (func $blocking-skip (param i32 i64 i32)))
    (import ${streams("input", "subscribe")} (func $when-readable (param i32) (result i32)))
    (import ${streams("output", "check-write")} (func $check-write (param i32 i32)))
    (import ${streams("output", "write")} (func $write (param i32 i32 i32 i32)))
    (import ${streams("output", "blocking-write-and-flush")} (func $write-flush (param i32 i32 i32 i32)))
    (import ${streams("output", "blocking-write-zeroes-and-flush")} (func $zeroes (param i32 i64 i32)))
    (import ${streams("output", "blocking-flush")} (func $flush (param i32 i32)))
    (import ${streams("output", "blocking-splice")} (func $splice (param i32 i32 i64 i32)))
    (import ${streams("output", "subscribe")} (func $when-writable (param i32) (result i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $drop-in (param i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-out (param i32)))
    (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
    (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
    (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
    (memory (export "memory") 4)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)

    ;; Whether the answer at an address is the error "closed", whose place depends on what else the answer may hold.
    (func $closed (param $answer i32) (param $error i32) (result i32)
      (i32.and (i32.load8_u (local.get $answer)) (i32.load8_u (local.get $error))))

    (func (export "acme:probe/probe#read") (result i32) (local $in i32) (local $out i32) (local $all i32)
      (local.set $in (call $stdin))
      (local.set $out (call $stdout))
      (call $read (local.get $in) (i64.const 9) (i32.const 0))
      (local.set $all (call $closed (i32.const 0) (i32.const 4)))
      (call $blocking-read (local.get $in) (i64.const 9) (i32.const 16))
      (local.set $all (i32.and (local.get $all) (call $closed (i32.const 16) (i32.const 20))))
      (call $skip (local.get $in) (i64.const 9) (i32.const 32))
      (local.set $all (i32.and (local.get $all) (call $closed (i32.const 32) (i32.const 40))))
      (call $blocking-skip (local.get $in) (i64.const 9) (i32.const 48))
      (local.set $all (i32.and (local.get $all) (call $closed (i32.const 48) (i32.const 56))))
      (call $splice (local.get $out) (local.get $in) (i64.const 9) (i32.const 64))
      (local.set $all (i32.and (local.get $all) (call $closed (i32.const 64) (i32.const 72))))
      (call $drop-out (local.get $out))
      (call $drop-in (local.get $in))
      local.get $all)

    ;; As much as is permitted, a thousand times, and by the other ways once.
    (func (export "acme:probe/probe#write") (result i64)
      (local $out i32) (local $err i32) (local $failed i32) (local $rounds i32) (local $written i64)
      (local.set $out (call $stdout))
      (local.set $err (call $stderr))
      (loop $again
        (call $check-write (local.get $out) (i32.const 0))
        (local.set $failed (i32.or (local.get $failed) (i32.load8_u (i32.const 0))))
        (call $write (local.get $out) (i32.const 4096) (i32.wrap_i64 (i64.load (i32.const 8))) (i32.const 16))
        (local.set $failed (i32.or (local.get $failed) (i32.load8_u (i32.const 16))))
        (local.set $written (i64.add (local.get $written) (i64.load (i32.const 8))))
        (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $rounds) (i32.const 1000))))
      (call $write-flush (local.get $err) (i32.const 4096) (i32.const 4096) (i32.const 32))
      (call $zeroes (local.get $err) (i64.const 4096) (i32.const 48))
      (call $flush (local.get $out) (i32.const 64))
      (local.set $failed (i32.or (local.get $failed) (i32.load8_u (i32.const 32))))
      (local.set $failed (i32.or (local.get $failed) (i32.load8_u (i32.const 48))))
      (local.set $failed (i32.or (local.get $failed) (i32.load8_u (i32.const 64))))
      (call $drop-out (local.get $out))
      (call $drop-out (local.get $err))
      (select (i64.const 0) (local.get $written) (local.get $failed)))

    (func (export "acme:probe/probe#wait") (result i32) (local $in i32) (local $out i32)
      (local.set $in (call $stdin))
      (local.set $out (call $stdout))
      (i32.store (i32.const 0) (call $when-readable (local.get $in)))
      (i32.store (i32.const 4) (call $when-writable (local.get $out)))
      (i32.store (i32.const 8) (call $when-readable (local.get $in)))
      (call $block (i32.load (i32.const 0)))
      (if (i32.eqz (call $ready (i32.load (i32.const 4)))) (then unreachable))
      (call $poll (i32.const 0) (i32.const 3) (i32.const 16))
      (call $drop-pollable (i32.load (i32.const 0)))
      (call $drop-pollable (i32.load (i32.const 4)))
      (call $drop-pollable (i32.load (i32.const 8)))
      (call $drop-in (local.get $in))
      (call $drop-out (local.get $out))
      (i32.load (i32.const 20)))

    (func (export "acme:probe/probe#wait-for-nothing")
      (call $poll (i32.const 0) (i32.const 0) (i32.const 16)))

    (func (export "acme:probe/probe#terminal") (result i32)
      (call $tty-in (i32.const 0))
      (call $tty-out (i32.const 8))
      (call $tty-err (i32.const 16))
      (i32.or (i32.load8_u (i32.const 0)) (i32.or (i32.load8_u (i32.const 8)) (i32.load8_u (i32.const 16))))) `);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** The guest behind the guard, which asks its host for nothing. */
async function silenced(): Promise<string> {
  const parts = { guard: await readFile(join(guards, "stdio.wasm")), guest: await guest() };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const wac = `package test:guarded;
let guard = new module:guard {};
let guest = new module:guest { ...guard };
export guest["acme:probe/probe"];`;
  const { artifact } = await shop.composer.compose({
    modules: Object.fromEntries(await Promise.all(added)),
    wac,
  });
  return shop.store.path(await shop.composer.ensure(artifact));
}

describe.skipIf(!wasmtime)("silent streams", async () => {
  const path = await silenced();
  const call = async (name: string) => {
    const { stdout, errors } = await run(wasmtime ?? "", ["run", "--invoke", `${name}()`, path]);
    return { stdout: stdout.trim(), errors: errors.join("\n") };
  };

  test("have nothing to read", async () => {
    expect(await call("read")).toEqual({ stdout: "true", errors: "" });
  });

  test("take what is written, and show none of it", async () => {
    expect(await call("write")).toEqual({ stdout: String(1000 * 64 * 1024), errors: "" });
  });

  test("are always ready", async () => {
    expect(await call("wait")).toEqual({ stdout: "3", errors: "" });
  });

  test("end a guest that waits for nothing", async () => {
    expect(await call("wait-for-nothing")).toMatchObject({ errors: expect.stringContaining("unreachable") });
  });

  test("are no terminals", async () => {
    expect(await call("terminal")).toEqual({ stdout: "false", errors: "" });
  });
});
