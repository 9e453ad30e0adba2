/** A command that asks `http://auth/` and ends well when the answer has status 200. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { binary } from "../unit/inspectComponents.ts";

const [types, handler, poll, run] = [
  "wasi:http/types@0.2.0",
  "wasi:http/outgoing-handler@0.2.0",
  "wasi:io/poll@0.2.0",
  "wasi:cli/run@0.2.0",
];

async function definition(name: string): Promise<string> {
  const path = join(import.meta.dirname, "../../composer/guards/wit/deps", `${name}.wit`);
  return `${(await readFile(path, "utf8")).replace(/^package ([^;]+);/, "package $1 {")} }\n`;
}

export async function callingCommand(): Promise<Uint8Array> {
  const packages = await Promise.all(["io", "clocks", "http"].map(definition));
  const runs = "package wasi:cli@0.2.0 { interface run { run: func() -> result; } }";
  const witSource = `package test:command;\nworld w { import ${handler}; export ${run}; }\n${packages.join("")}${runs}`;
  const code = await binary(`(module
    (import "${types}" "[constructor]fields" (func $fields (result i32)))
    (import "${types}" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
    (import "${types}" "[method]outgoing-request.set-scheme"
      (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "${types}" "[method]outgoing-request.set-authority"
      (func $authority (param i32 i32 i32 i32) (result i32)))
    (import "${handler}" "handle" (func $handle (param i32 i32 i32 i32)))
    (import "${types}" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
    (import "${poll}" "[method]pollable.block" (func $block (param i32)))
    (import "${types}" "[method]future-incoming-response.get" (func $get (param i32 i32)))
    (import "${types}" "[method]incoming-response.status" (func $status (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 512) "auth")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "${run}#run") (result i32) (local $it i32)
      (local.set $it (call $request (call $fields)))
      (drop (call $scheme (local.get $it) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $authority (local.get $it) (i32.const 1) (i32.const 512) (i32.const 4)))
      (call $handle (local.get $it) (i32.const 0) (i32.const 0) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
      (local.set $it (i32.load (i32.const 8)))
      (call $block (call $subscribe (local.get $it)))
      (call $get (local.get $it) (i32.const 0))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 1))))
      (i32.ne (call $status (i32.load (i32.const 24))) (i32.const 200))))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}
