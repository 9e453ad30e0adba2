import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { hostImports } from "../../provider/targets/local/runtime/host/imports.ts";
import { Mailbox } from "../../provider/targets/local/runtime/host/mailbox.ts";
import { rules } from "../runtime/localSupport.ts";

/** The declarations that jco's own host implements: one file for each interface of WASI 0.2. */
const shim = dirname(
  dirname(dirname(createRequire(import.meta.url).resolve("@bytecodealliance/preview2-shim"))),
);
const declarations = join(shim, "types", "interfaces");

/** Interfaces that a guest exports and never imports. */
const exported = new Set(["wasi:cli/run", "wasi:http/incoming-handler"]);

function interfaces(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(declarations).filter((name) => name.endsWith(".d.ts"))) {
    const [, pack, name] = /^wasi-([a-z]+)-(.+)\.d\.ts$/.exec(file) ?? [];
    const key = `wasi:${pack}/${name}`;
    if (pack && !exported.has(key)) found.set(key, readFileSync(join(declarations, file), "utf8"));
  }
  return found;
}

const { port1, port2 } = new MessageChannel();
const host = hostImports(
  {
    code: "",
    rules: rules(),
    environment: {},
    config: {},
    arguments: [],
    preopens: [],
    requestTimeoutMs: 1,
    concurrency: 1,
  },
  new Mailbox(port1, new SharedArrayBuffer(8)),
).imports as Record<string, Record<string, unknown>>;
port1.close();
port2.close();

type Class = { prototype: object } & Record<string, unknown>;

test.for([...interfaces()])("the host has all of %s", ([name, text]) => {
  const own = host[name] ?? {};
  const functions = [...text.matchAll(/^export function (\w+)\(/gm)].map((match) => match[1] ?? "");
  for (const functionName of functions) {
    expect([functionName, Reflect.has(own, functionName)]).toEqual([functionName, true]);
  }
  const classes = [...text.matchAll(/^export class (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)];
  for (const [, className = "", body = ""] of classes) {
    const found = own[className] as Class;
    expect([className, Reflect.has(own, className)]).toEqual([className, true]);
    for (const [, isStatic, method = ""] of body.matchAll(/^ {2}(static )?(\w+)\(/gm)) {
      if (method === "constructor") continue;
      const holder = isStatic ? found : found.prototype;
      expect([`${className}.${method}`, method in holder]).toEqual([`${className}.${method}`, true]);
    }
  }
  expect(functions.length + classes.length).toBeGreaterThan(0);
});

test("what no host has links, and traps with its name", () => {
  const { thing } = host["acme:other/stuff"] as { thing: () => void };
  expect(() => thing()).toThrow("acme:other/stuff thing, which it is not granted");
});
