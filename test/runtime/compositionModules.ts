/** Modules to compose, made without a compiler. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { wit } from "../unit/composeSetup.ts";
import { binary, component } from "../unit/inspectComponents.ts";

/** A component that traps when it is called: `import` and `export` lines, and the packages that they name. */
export const dummy = (world: string, ...packages: string[]) =>
  component(`package test:module;\nworld w { ${world} }\n${packages.join("\n")}`);

export const core = (body: string) => binary(`(module ${body})`);

const signature = wit("acme:auth/check@1.2.0", "verify: func(token: string) -> result<string, string>;");

/** Gives memory and never takes it back. */
const allocator = `(global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      global.get $free
      (global.set $free (i32.and (i32.const -8) (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))`;

/** Accepts tokens of six bytes, which are the user's name; refuses all others with this reason. */
export async function authenticator(reason: string): Promise<Uint8Array> {
  const witSource = `package test:module;\nworld w { export acme:auth/check@1.2.0; }\n${signature}`;
  const code = await core(`
    (memory (export "memory") 1)
    (data (i32.const 16) "${reason}")
    ${allocator}
    (func $result (param $tag i32) (param $text i32) (param $length i32) (result i32)
      (i32.store8 (i32.const 0) (local.get $tag))
      (i32.store (i32.const 4) (local.get $text))
      (i32.store (i32.const 8) (local.get $length))
      i32.const 0)
    (func (export "acme:auth/check@1.2.0#verify") (param $token i32) (param $length i32) (result i32)
      (if (result i32) (i32.eq (local.get $length) (i32.const 6))
        (then (call $result (i32.const 0) (local.get $token) (local.get $length)))
        (else (call $result (i32.const 1) (i32.const 16) (i32.const ${reason.length})))))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** Passes tokens on to `acme:auth/check`: `sign-in-<name>` of an interface of its own. */
export async function relay(name: string): Promise<Uint8Array> {
  const own = `acme:${name}/api`;
  const body = `sign-in-${name}: func(token: string) -> result<string, string>;`;
  const witSource = `package test:module;\nworld w { import acme:auth/check@1.2.0; export ${own}; }\n${signature}${wit(own, body)}`;
  const code = await core(`
    (import "acme:auth/check@1.2.0" "verify" (func $verify (param i32 i32 i32)))
    (memory (export "memory") 1)
    ${allocator}
    (func (export "${own}#sign-in-${name}") (param $token i32) (param $length i32) (result i32)
      (call $verify (local.get $token) (local.get $length) (i32.const 0))
      i32.const 0)`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** The environment that a module is given instead of the host's: one value. */
export async function environment(key: string, value: string): Promise<Uint8Array> {
  const name = "wasi:cli/environment@0.2.6";
  const witSource = `package test:module;\nworld w { export ${name}; }\n${wit(
    name,
    `get-environment: func() -> list<tuple<string, string>>;
     get-arguments: func() -> list<string>;
     initial-cwd: func() -> option<string>;`,
  )}`;
  const code = await core(`
    (memory (export "memory") 1)
    (data (i32.const 64) "${key}") (data (i32.const 128) "${value}")
    ${allocator}
    (func (export "${name}#get-environment") (result i32)
      (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const ${key.length}))
      (i32.store (i32.const 24) (i32.const 128)) (i32.store (i32.const 28) (i32.const ${value.length}))
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
      i32.const 0)
    (func (export "${name}#get-arguments") (result i32) i32.const 32)
    (func (export "${name}#initial-cwd") (result i32) i32.const 32)`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

/** A key-value store that nobody may call. */
const store = () =>
  dummy(
    "export wasi:keyvalue/store@0.2.0-draft;",
    wit(
      "wasi:keyvalue/store@0.2.0-draft",
      `variant error { no-such-store, access-denied, other(string) }
       record key-response { keys: list<string>, cursor: option<u64> }
       open: func(identifier: string) -> result<bucket, error>;
       resource bucket {
         get: func(key: string) -> result<option<list<u8>>, error>;
         set: func(key: string, value: list<u8>) -> result<_, error>;
         delete: func(key: string) -> result<_, error>;
         exists: func(key: string) -> result<bool, error>;
         list-keys: func(cursor: option<u64>) -> result<key-response, error>;
       }`,
    ),
  );

/** The link without which the front's store is the host's. */
export const storeLink = { from: "front", import: "wasi:keyvalue/store", to: "kv" };

/** A guest in Rust that answers over HTTP, and what it asks for. */
export async function shopModules() {
  return {
    front: await readFile(join(import.meta.dirname, "../fixtures/guests/needs-kv.wasm")),
    auth: await authenticator("unknown token"),
    kv: await store(),
  };
}
