/** Modules whose types do not fit. */
import type { Fault, Peers } from "./fault.ts";
import { composing, dummy, link, pair, using, wit } from "./modules.ts";

/** Values of other types: found by whoever compares types. */
const values: Peers = {
  spin: ["push", "spinPushComposes", "spinSubtype"],
  wasmcloud: ["first request", "wasmcloudLinks", "wasmtimeDynamic"],
  kubernetes: ["build", "wacMismatch"],
};
/** Something that the importer needs is not there. */
const missing: Peers = { ...values, wasmcloud: ["start", "wasmcloudSkips", "wasmcloudInstantiatePre"] };

const record = (field: string) => `record user { name: string, ${field} } f: func(u: list<user>);`;
const variant = (other: string) => `variant reason { expired, ${other} } f: func() -> result<_, reason>;`;
const session = (methods: string) => `resource session { ${methods} } open: func() -> session;`;

const differ = (detail: string) => [
  `modules.api: \`api\` and \`auth\` differ in acme:auth/check@1.2.0#${detail}. Build both against the same WIT.`,
];

const kv = `package acme:kv {
  interface store { resource bucket { get: func() -> string; } }
  interface check { use store.{bucket}; verify: func(b: borrow<bucket>) -> bool; }
  interface api { run: func(); } }`;
const owner = () => dummy("export acme:kv/store;", kv);
const checker = () => dummy("import acme:kv/store; export acme:kv/check;", kv);
const user = () => dummy("import acme:kv/store; import acme:kv/check; export acme:kv/api;", kv);

const clock = (name: string, result: string) =>
  dummy(
    `import acme:host/clock; export acme:${name}/api;`,
    wit("acme:host/clock", `now: func() -> ${result};`),
    wit(`acme:${name}/api`),
  );

export const typeFaults: readonly Fault[] = [
  {
    id: "record-field",
    fault: "A field of a record has another type in the module that is called",
    program: pair(record("age: u32"), record("age: string")),
    stage: "preview",
    level: "error",
    says: differ("f: parameter 1 `u`: list: record `user`: field `age`: expected u32, found string"),
    ...values,
    reported: ["cargo-component#155"],
  },
  {
    id: "variant-case",
    fault: "A case of a variant was renamed in one of two modules",
    program: pair(variant("other(string)"), variant("unknown")),
    stage: "preview",
    level: "error",
    says: differ("f: result: result: variant `reason`: case `other` is missing"),
    ...values,
    reported: ["cargo-component#155"],
  },
  {
    id: "enum-grown",
    fault: "An enum has grown in the module that is called, and the caller does not know the new case",
    program: pair("enum level { low } f: func() -> level;", "enum level { low, high } f: func() -> level;"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#f: result: enum `level`: case `high` is not expected. Build both against the same WIT.",
    ],
    ...values,
    reported: [],
  },
  {
    id: "parameter-type",
    fault: "A parameter has another type in the module that is called",
    program: pair("f: func(a: u8, b: list<u8>);", "f: func(a: u8, b: string);"),
    stage: "preview",
    level: "error",
    says: differ("f: parameter 2 `b`: expected list<u8>, found string"),
    ...values,
    reported: ["cargo-component#155"],
  },
  {
    id: "parameter-count",
    fault: "A function has taken on another parameter in the module that is called",
    program: pair("f: func(a: u8);", "f: func(a: u8, b: u8);"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#f: expected 1 parameter, found 2 parameters. Build both against the same WIT.",
    ],
    ...values,
    reported: [],
  },
  {
    id: "result-optional",
    fault: "A result has become optional in the module that is called",
    program: pair("f: func() -> string;", "f: func() -> option<string>;"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#f: result: expected string, found option<string>. Build both against the same WIT.",
    ],
    ...values,
    reported: [],
  },
  {
    id: "function-missing",
    fault: "A function that is called does not exist in the module that should have it",
    program: pair("f: func(); log: func();", "f: func();"),
    stage: "preview",
    level: "error",
    says: differ("log: the function is missing"),
    ...missing,
    reported: ["wash#184"],
  },
  {
    id: "method-missing",
    fault: "A method of a resource does not exist in the module that owns it",
    program: pair(session("close: func(); renew: func();"), session("close: func();")),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#session.renew: the function is missing. Build both against the same WIT.",
    ],
    ...missing,
    reported: [],
  },
  {
    id: "several-at-once",
    fault: "Two functions of one interface differ: both are to be told at once",
    program: pair("f: func(a: string); g: func(x: u8);", "f: func(a: u8); g: func();"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#f: parameter 1 `a`: expected string, found u8. Build both against the same WIT.",
      "modules.api: `api` and `auth` differ in acme:auth/check@1.2.0#g: expected 1 parameter, found 0 parameters. Build both against the same WIT.",
    ],
    ...values,
    reported: [],
  },
  {
    id: "two-owners",
    fault: "A resource comes from one instance and is handed to a module that uses another one's",
    program: composing(
      async () => {
        const artifact = await owner();
        return { one: artifact, two: artifact, checker: await checker(), user: await user() };
      },
      { links: [link("checker", "acme:kv/store", "one"), link("user", "acme:kv/store", "two")] },
    ),
    stage: "preview",
    level: "error",
    says: [
      "modules.user: `user` takes acme:kv/check from `checker`, which uses the resource `bucket` of `one`, while `user` uses the one of `two`: a resource belongs to one instance. Link acme:kv/store of both to the same module.",
    ],
    spin: ["push", "spinPushComposes", "spin#2969"],
    wasmcloud: ["start", "wasmcloudAmbiguous"],
    kubernetes: ["build", "wacValidates", "wac#149"],
    reported: ["wac#149", "wasm-tools#1452", "spin#2969", "wasmCloud#3503"],
  },
  {
    id: "left-behind",
    fault:
      "A module is linked to a resource's owner, and what shares the resource with it stays with the host",
    program: composing(async (stack) => ({
      store: await owner(),
      user: await using(stack, "user", await user(), "acme:kv/check"),
    })),
    stage: "preview",
    level: "error",
    says: [
      "modules.user: `user` takes acme:kv/store from `store`, but its import acme:kv/check, which uses the resource `bucket` of that, stays with the host: a resource belongs to one instance. Give it from a module that takes acme:kv/store from `store` as well.",
    ],
    spin: ["push", "spinPushComposes", "spin#2969"],
    wasmcloud: ["start", "wasmcloudByName", "wasmcloudInstantiatePre"],
    kubernetes: ["build", "wacValidates", "wac#149"],
    reported: ["wac#149"],
  },
  {
    id: "host-types",
    fault: "Two modules ask the host for one interface in types that do not fit together",
    program: composing(async (stack) => ({
      one: await using(stack, "one", await clock("one", "u64"), "acme:host/clock"),
      two: await using(stack, "two", await clock("two", "string"), "acme:host/clock"),
    })),
    stage: "preview",
    level: "error",
    says: [
      "modules.one: `one` and `two` import `acme:host/clock` from outside the composition, in types that do not fit together: mismatched type for export `now`: mismatched type for function result: expected string, found u64. Build them against the same WIT.",
    ],
    spin: ["push", "spinPushComposes", "wacConflict"],
    wasmcloud: ["start", "wasmcloudByName", "wasmcloudInstantiatePre"],
    kubernetes: ["build", "wacConflict"],
    reported: [],
  },
];
