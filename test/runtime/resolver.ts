/** What answers look-ups in the host's place, as a test needs it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { binary } from "../unit/inspectComponents.ts";

const lookup = "wasi:sockets/ip-name-lookup@0.2.0";

/** One of the packages that the guards are built on, as part of another source. */
async function definition(name: string): Promise<string> {
  const path = join(import.meta.dirname, "../../composer/guards/wit/deps", `${name}.wit`);
  return `${(await readFile(path, "utf8")).replace(/^package ([^;]+);/, "package $1 {")} }\n`;
}

/** A component that gives these IPv4 addresses for each name, at once. */
export async function resolver(addresses: readonly string[]): Promise<Uint8Array> {
  const packages = await Promise.all(["io", "clocks", "sockets"].map(definition));
  const witSource = `package test:resolver;\nworld w { export ${lookup}; }\n${packages.join("")}`;
  const bytes = addresses.flatMap((address) => address.split(".").map(Number));
  const data = bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  // The answer to a look-up stands at 0, that to a question for the next address at 16; a stream is the place of its
  // next address, kept at 64, of those that stand at 128.
  const code = await binary(`(module
    (import "[export]${lookup}" "[resource-new]resolve-address-stream" (func $new (param i32) (result i32)))
    (import "wasi:sockets/network@0.2.0" "[resource-drop]network" (func $drop (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 128) "${data}")
    (global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      global.get $free
      (global.set $free (i32.add (global.get $free) (local.get 3))))
    (func (export "${lookup}#resolve-addresses") (param $network i32) (param i32 i32) (result i32)
      (call $drop (local.get $network))
      (i32.store (i32.const 64) (i32.const 128))
      (i32.store (i32.const 4) (call $new (i32.const 64)))
      i32.const 0)
    (func (export "${lookup}#[method]resolve-address-stream.resolve-next-address") (param $at i32) (result i32)
      (local $next i32)
      (local.set $next (i32.load (local.get $at)))
      (i32.store8 (i32.const 18) (i32.lt_u (local.get $next) (i32.const ${128 + bytes.length})))
      (i32.store align=2 (i32.const 22) (i32.load (local.get $next)))
      (i32.store (local.get $at) (i32.add (local.get $next) (i32.const 4)))
      i32.const 16)
    (func (export "${lookup}#[method]resolve-address-stream.subscribe") (param i32) (result i32) unreachable)
    (func (export "${lookup}#[dtor]resolve-address-stream") (param i32)))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}
