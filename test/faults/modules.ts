/** Modules of the seeds, made without a compiler, and the guests of the tests. */
import { readFile } from "node:fs/promises";
import type { Properties } from "../../provider/values.ts";
import { guestFile } from "../protocol/samples.ts";
import { binary, component } from "../unit/inspectComponents.ts";
import type { Answer, Fault } from "./fault.ts";
import type { Stack } from "./stack.ts";

type Program = Fault["program"];

export const guest = (name: string): Promise<Uint8Array> => readFile(guestFile(name));

/** A component that traps when it is called: `import` and `export` lines, and the packages that they name. */
export const dummy = (world: string, ...packages: string[]) =>
  component(`package test:module;\nworld w { ${world} }\n${packages.join("\n")}`);

export const core = (body: string) => binary(`(module ${body})`);

/** An interface of one function, in a package of one interface: `acme:auth/check@1.2.0` and what it holds. */
export function wit(name: string, body = "f: func();"): string {
  const [, head, item, version = ""] = /^(.+)\/([^@]+)(@.+)?$/.exec(name) ?? [];
  return `package ${head}${version} { interface ${item} { ${body} } }\n`;
}

/** Exports interfaces of one function. */
export const giving = (...names: string[]) =>
  dummy(names.map((name) => `export ${name};`).join(" "), ...names.map((name) => wit(name)));

/** Imports and exports interfaces of one function. */
export const taking = (from: string, to: string) =>
  dummy(`import ${from}; export ${to};`, wit(from), wit(to));

const api = wit("acme:shop/api");

/** A composition of what imports `acme:auth/check`, and of what exports it, with these contents. */
export function pair(wanted: string, given: string): Program {
  return versions("acme:auth/check@1.2.0", "acme:auth/check@1.2.0", wanted, given);
}

/** A composition of a module that imports one interface and of a module that exports another one. */
export function versions(
  wanted: string,
  given: string,
  body = "f: func();",
  givenBody = "f: func();",
): Program {
  return async (stack) => {
    await stack.composition({
      api: await dummy(`import ${wanted}; export acme:shop/api;`, wit(wanted, body), api),
      auth: await dummy(`export ${given};`, wit(given, givenBody)),
    });
  };
}

/** A composition of modules of the seed's own. */
export function composing(
  make: (stack: Stack) => Promise<Record<string, Uint8Array | Properties>>,
  more: Properties = {},
): Program {
  return async (stack) => {
    await stack.composition(await make(stack), more);
  };
}

/** A module of a composition that may use interfaces by name. */
export async function using(stack: Stack, name: string, bytes: Uint8Array, ...interfaces: string[]) {
  const grants = [await stack.grant(name, { interfaces })];
  return { artifact: await stack.module(name, bytes), grants };
}

/** A Module of these bytes alone. */
export function moduleOf(make: () => Promise<Uint8Array | string>, more: Properties = {}): Program {
  return async (stack) => {
    await stack.module("api", await make(), more);
  };
}

/** A CapabilityGrant alone. */
export function granting(inputs: Properties): Program {
  return async (stack) => {
    await stack.grant("stripe", inputs);
  };
}

type AppInputs = Parameters<Stack["app"]>[0];

/** An App of one module and at most one grant. */
export function running(
  make: () => Promise<Uint8Array>,
  grant?: Properties,
  inputs: Omit<AppInputs, "artifact" | "grants"> = {},
): Program {
  return async (stack) => {
    const artifact = await stack.module("api", await make());
    const grants = grant && [await stack.grant("stripe", grant)];
    await stack.app({ artifact, ...(grants && { grants }), ...inputs });
  };
}

export const link = (from: string, name: string, to: string): Properties => ({ from, import: name, to });

export const exported = (from: string, name: string): Properties => ({ from, export: name });

/** `<status> <text>` of a request to the App; refused by the host, or in the guest's own words. */
export function get(path: string, init?: RequestInit) {
  return async ({ url }: Stack): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, init);
    const text = `${response.status} ${(await response.text()).trim()}`;
    return { text, isRefused: /^5\d\d |\berror:? /.test(text) };
  };
}
