/** Components that worlds are made of beside the guests, and guests that are changed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew, print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { binary } from "../../unit/inspectComponents.ts";
import { resolver } from "../resolver.ts";
import type { Part } from "./attack.ts";

const root = join(import.meta.dirname, "../../..");

const made: Record<string, () => Promise<Uint8Array>> = {
  courier,
  /** Finds two addresses of this machine, whatever the name. */
  resolver: () => resolver(["127.0.0.1", "127.0.0.2"]),
};

export function bytesOf(part: Part): Promise<Uint8Array> {
  if (typeof part !== "string") return renamed(part);
  return made[part]?.() ?? guest(part);
}

async function guest(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(root, `test/fixtures/guests/${name}.wasm`)));
}

/** A guest that asks for an interface in another version, as if it had been built for that. */
async function renamed(part: Exclude<Part, string>): Promise<Uint8Array> {
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
