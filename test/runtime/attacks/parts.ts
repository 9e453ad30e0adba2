/** Components that worlds are made of beside the guests, and guests that are changed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew, print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { binary } from "../../unit/inspectComponents.ts";
import { resolver } from "../resolver.ts";
import type { Inner, Part } from "./attack.ts";

const root = join(import.meta.dirname, "../../..");

const made: Record<string, () => Promise<Uint8Array>> = {
  courier,
  /** Finds two addresses of this machine, whatever the name. */
  resolver: () => resolver(["127.0.0.1", "127.0.0.2"]),
};

/** Parts that are core modules, for WASI preview 1. */
const cores: Record<string, () => Promise<Uint8Array>> = { "preview1-command": preview1Command };

/** What is not composed first. */
export type Single = Exclude<Part, Inner>;

export async function moduleOf(part: Single): Promise<{ bytes: Uint8Array; kind: "component" | "core" }> {
  const core = typeof part === "string" ? cores[part] : undefined;
  return core ? { bytes: await core(), kind: "core" } : { bytes: await bytesOf(part), kind: "component" };
}

function bytesOf(part: Single): Promise<Uint8Array> {
  if (typeof part !== "string") return renamed(part);
  return made[part]?.() ?? guest(part);
}

async function guest(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(root, `test/fixtures/guests/${name}.wasm`)));
}

/** A guest that asks for an interface in another version, as if it had been built for that. */
async function renamed(part: Exclude<Single, string>): Promise<Uint8Array> {
  const text = await print(await guest(part.guest));
  const name = new RegExp(`"${part.interface}@[\\d.]+"`, "g");
  if (!name.test(text)) throw new Error(`${part.guest} does not import ${part.interface}.`);
  return binary(text.replace(name, `"${part.interface}@${part.version}"`));
}

/** Sends the requests that others hand to it, as they are. */
async function courier(): Promise<Uint8Array> {
  const handler = "wasi:http/outgoing-handler@0.2.0";
  const definitions = ["io", "clocks", "http"].map(async (name) => {
    const text = await readFile(join(root, `composer/guards/wit/deps/${name}.wit`), "utf8");
    return `${text.replace(/^package ([^;]+);/, "package $1 {")} }\n`;
  });
  const witSource = `package test:courier;\nworld w { import ${handler}; export ${handler}; }\n${(await Promise.all(definitions)).join("")}`;
  const code = await binary(`(module
    (import "${handler}" "handle" (func $handle (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      global.get $free
      (global.set $free (i32.and (i32.const -8) (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
    (func (export "${handler}#handle") (param i32 i32 i32) (result i32)
      (call $handle (local.get 0) (local.get 1) (local.get 2) (i32.const 0))
      i32.const 0))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** Prints its environment, and then the file `file` of the first folder that it has. */
function preview1Command(): Promise<Uint8Array> {
  return binary(`(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "file")
    (func $print (param $at i32) (param $length i32)
      (i32.store (i32.const 16) (local.get $at))
      (i32.store (i32.const 20) (local.get $length))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    (func (export "_start")
      (drop (call $sizes (i32.const 0) (i32.const 4)))
      (drop (call $environ (i32.const 256) (i32.const 1024)))
      (call $print (i32.const 1024) (i32.load (i32.const 4)))
      (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0)
            (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)) (then (return)))
      (i32.store (i32.const 16) (i32.const 32768))
      (i32.store (i32.const 20) (i32.const 1024))
      (drop (call $read (i32.load (i32.const 8)) (i32.const 16) (i32.const 1) (i32.const 12)))
      (call $print (i32.const 32768) (i32.load (i32.const 12)))))`);
}
