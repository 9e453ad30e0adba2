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
  network,
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

const handler = "wasi:http/outgoing-handler@0.2.0";

/** Sends the requests that others hand to it, as they are. */
function courier(): Promise<Uint8Array> {
  return sender("", "");
}

/**
 * Sends the requests that others hand to it, as a host to whom every name is this machine's and to whom nothing before or behind
 * a name matters. Addresses stay what they are.
 */
function network(): Promise<Uint8Array> {
  const types = "wasi:http/types@0.2.0";
  return sender(
    `(import "${types}" "[method]outgoing-request.authority" (func $authority (param i32 i32)))
    (import "${types}" "[method]outgoing-request.set-authority" (func $set (param i32 i32 i32 i32) (result i32)))`,
    `(data (i32.const 64) "127.0.0.1")
    (func $readdress (param $request i32) (local $start i32) (local $end i32) (local $port i32)
      (call $authority (local.get $request) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16))) (then (return)))
      (local.set $start (i32.load (i32.const 20)))
      (local.set $end (i32.add (local.get $start) (i32.load (i32.const 24))))
      ;; Digits and brackets come before letters.
      (if (i32.lt_u (i32.load8_u (local.get $start)) (i32.const 65)) (then (return)))
      (if (i32.eq (i32.load8_u (local.get $start)) (i32.const 91)) (then (return)))
      ;; Without a colon nothing is copied.
      (local.set $port (local.get $end))
      (block $done (loop $back
        (br_if $done (i32.eq (local.get $port) (local.get $start)))
        (local.set $port (i32.sub (local.get $port) (i32.const 1)))
        (br_if $back (i32.ne (i32.load8_u (local.get $port)) (i32.const 58)))))
      (if (i32.eq (local.get $port) (local.get $start)) (then (local.set $port (local.get $end))))
      (memory.copy (i32.const 73) (local.get $port) (i32.sub (local.get $end) (local.get $port)))
      (drop (call $set (local.get $request) (i32.const 1) (i32.const 64)
        (i32.add (i32.const 9) (i32.sub (local.get $end) (local.get $port))))))`,
    "(call $readdress (local.get 0))",
  );
}

/** @param first what it does with a request before that is sent */
async function sender(imports: string, functions: string, first = ""): Promise<Uint8Array> {
  const definitions = ["io", "clocks", "http"].map(async (name) => {
    const text = await readFile(join(root, `composer/guards/wit/deps/${name}.wit`), "utf8");
    return `${text.replace(/^package ([^;]+);/, "package $1 {")} }\n`;
  });
  const witSource = `package test:courier;\nworld w { import ${handler}; export ${handler}; }\n${(await Promise.all(definitions)).join("")}`;
  const code = await binary(`(module
    ${imports}
    (import "${handler}" "handle" (func $handle (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    ${functions}
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      global.get $free
      (global.set $free (i32.and (i32.const -8) (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
    (func (export "${handler}#handle") (param i32 i32 i32) (result i32)
      ${first}
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
