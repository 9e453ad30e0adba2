/** Modules that are wired wrongly: versions, links, circles, names. */
import type { Fault, Peers } from "./fault.ts";
import { composing, dummy, exported, giving, guest, link, taking, versions, wit } from "./modules.ts";

const explicit: Peers = {
  spin: ["push", "spinPushComposes", "spinMissingExport"],
  wasmcloud: ["start", "wasmcloudByName", "wasmcloudInstantiatePre"],
  kubernetes: ["build", "wacNoPlug"],
};
const wacOnly: Peers = {
  spin: ["n/a", "spinUnmatched"],
  wasmcloud: ["n/a", "wasmcloudLinks"],
  kubernetes: ["build", "wacSyntax"],
};

const wac = (...lines: string[]) => ({ wac: ["package acme:shop;", ...lines].join("\n") });
const shop = () => giving("acme:shop/api");
const api = async () =>
  dummy(
    "import acme:auth/check; import acme:kv/store; export acme:shop/api;",
    wit("acme:auth/check"),
    wit("acme:kv/store"),
    wit("acme:shop/api"),
  );
const apiAndAuth = async () => ({ api: await api(), auth: await giving("acme:auth/check") });
const clock = wit(
  "wasi:clocks/wall-clock@0.2.0",
  "record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; resolution: func() -> datetime;",
);

export const wiringFaults: readonly Fault[] = [
  {
    id: "version-major",
    fault: "A module wants the next major version of what the other one exports",
    program: versions("acme:auth/check@2.0.0", "acme:auth/check@1.2.0"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` imports `acme:auth/check@2.0.0`, and `auth` exports `acme:auth/check@1.2.0`: versions that are not compatible. Build one of them against the other's version.",
    ],
    ...explicit,
    reported: ["wasmCloud#4063"],
  },
  {
    id: "version-zero-minor",
    fault: "Before 1.0 each minor version is a break: 0.2 is wanted, 0.1 is exported",
    program: versions("acme:auth/check@0.2.0", "acme:auth/check@0.1.4"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` imports `acme:auth/check@0.2.0`, and `auth` exports `acme:auth/check@0.1.4`: versions that are not compatible. Build one of them against the other's version.",
    ],
    ...explicit,
    reported: ["wasmCloud#4063"],
  },
  {
    id: "version-older",
    fault: "A compatible version that is too old: what was added since is called",
    program: versions("acme:auth/check@1.3.0", "acme:auth/check@1.2.0", "f: func(); g: func();"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` and `auth` (its acme:auth/check@1.2.0) differ in acme:auth/check@1.3.0#g: the function is missing. Build both against the same WIT.",
    ],
    spin: ["push", "spinPushComposes", "spinMissingExport"],
    wasmcloud: ["start", "wasmcloudByName", "wasmcloudInstantiatePre"],
    kubernetes: ["build", "wacMismatch"],
    reported: [],
  },
  {
    id: "version-missing",
    fault: "A module wants an interface without a version, and the other one exports it with one",
    program: versions("acme:auth/check", "acme:auth/check@1.2.0"),
    stage: "preview",
    level: "error",
    says: [
      "modules.api: `api` imports `acme:auth/check`, and `auth` exports `acme:auth/check@1.2.0`: versions that are not compatible. Build one of them against the other's version.",
    ],
    ...explicit,
    reported: [],
  },
  {
    id: "version-several",
    fault: "A link does not say which of two versions of an interface it is about",
    program: composing(
      async () => ({
        api: await dummy(
          "import acme:auth/check@1.2.0; import acme:auth/check@2.0.0; export acme:shop/api;",
          wit("acme:auth/check@1.2.0"),
          wit("acme:auth/check@2.0.0"),
          wit("acme:shop/api"),
        ),
        auth: await giving("acme:auth/check@1.2.0"),
      }),
      { links: [link("api", "acme:auth/check", "auth")] },
    ),
    stage: "preview",
    level: "error",
    says: [
      "links[0].import: `api` imports `acme:auth/check` in several versions: name one of acme:auth/check@1.2.0, acme:auth/check@2.0.0.",
      "modules.api: `api` imports `acme:auth/check@2.0.0`, and `auth` exports `acme:auth/check@1.2.0`: versions that are not compatible. Build one of them against the other's version.",
    ],
    spin: ["push", "spinPushComposes", "spinMissingExport"],
    wasmcloud: ["n/a", "wasmcloudLinks"],
    kubernetes: ["build", "wacArgument"],
    reported: [],
  },
  {
    id: "ambiguous",
    fault: "Two modules export what a third one imports, and nothing says which one is meant",
    program: composing(
      async () => ({
        api: await taking("acme:auth/check", "acme:shop/api"),
        auth: await giving("acme:auth/check"),
        sso: await giving("acme:auth/check"),
      }),
      { exports: [exported("api", "acme:shop/api")] },
    ),
    stage: "preview",
    level: "error",
    says: [
      'modules.api: `api` imports `acme:auth/check`, and `auth`, `sso` export it. Choose one: links: [{ from: "api", import: "acme:auth/check", to: "auth" }]',
    ],
    spin: ["push", "spinPushComposes", "spinConflicts"],
    wasmcloud: ["start", "wasmcloudAmbiguous"],
    kubernetes: ["build", "wacTwice"],
    reported: [],
  },
  {
    id: "circle",
    fault: "Two modules need one another",
    program: composing(async () => ({
      a: await taking("b:b/b", "a:a/a"),
      b: await taking("a:a/a", "b:b/b"),
    })),
    stage: "preview",
    level: "error",
    says: [
      "modules.a: The modules need one another in a circle: `a` takes `b:b/b` from `b`, `b` takes `a:a/a` from `a`. Components are made one after the other: break the circle by moving one of the interfaces into a module of its own.",
    ],
    spin: ["start", "spinNeedsComposed", "spinInstantiatePre"],
    wasmcloud: ["start", "wasmcloudCycle"],
    kubernetes: ["build", "wacCycle"],
    reported: ["wasm-tools#1165", "wash#185", "wac#166"],
  },
  {
    id: "link-module",
    fault: "A link names a module that there is not",
    program: composing(apiAndAuth, { links: [link("api", "acme:auth/check", "aut")] }),
    stage: "preview",
    level: "error",
    says: ["links[0].to: There is no module `aut`. The modules are: api, auth."],
    spin: ["push", "spinDependencyFile"],
    wasmcloud: ["n/a", "wasmcloudLinks"],
    kubernetes: ["build", "wacUnknownPackage"],
    reported: [],
  },
  {
    id: "link-import",
    fault: "A link names an import that the module does not have",
    program: composing(apiAndAuth, { links: [link("api", "acme:auth/chek", "auth")] }),
    stage: "preview",
    level: "error",
    says: [
      "links[0].import: `api` does not import `acme:auth/chek`. It imports: acme:auth/check, acme:kv/store.",
    ],
    spin: ["push", "spinPushComposes", "spinUnmatched"],
    wasmcloud: ["n/a", "wasmcloudLinks"],
    kubernetes: ["build", "wacArgument"],
    reported: ["wac#56", "wac#167"],
  },
  {
    id: "link-export",
    fault: "A link leads to a module that does not export the interface",
    program: composing(apiAndAuth, { links: [link("api", "acme:kv/store", "auth")] }),
    stage: "preview",
    level: "error",
    says: ["links[0].to: `auth` does not export `acme:kv/store`. It exports: acme:auth/check."],
    spin: ["push", "spinPushComposes", "spinMissingExport"],
    wasmcloud: ["start", "wasmcloudByName", "wasmcloudInstantiatePre"],
    kubernetes: ["build", "wacMissingExport"],
    reported: ["wac#167"],
  },
  {
    id: "unused-module",
    fault: "A module that nothing uses is delivered with the others",
    program: composing(async () => ({ api: await shop(), mail: await giving("acme:mail/send") }), {
      exports: [exported("api", "acme:shop/api")],
    }),
    stage: "preview",
    level: "error",
    says: [
      "modules.mail: Nothing uses `mail`: no export of the composition leads to it. Link one of its exports, export it, or remove it.",
    ],
    spin: ["never", "spinUntriggered"],
    wasmcloud: ["never", "wasmcloudNoHandler"],
    kubernetes: ["never", "wacPlugSkips"],
    reported: ["spin#2130"],
  },
  {
    id: "two-handlers",
    fault: "Two modules of one application serve HTTP, and nothing says which one answers",
    program: composing(async () => ({ front: await guest("echo"), admin: await guest("config") })),
    stage: "preview",
    level: "error",
    says: [
      'modules.front: `admin`, `front` export `wasi:http/incoming-handler@0.2.0`, and no link consumes it: the composition can export it once. Name all that it exports: exports: [{ from: "admin", export: "wasi:http/incoming-handler@0.2.0" }, …]',
    ],
    spin: ["start", "spinDuplicateRoutes"],
    wasmcloud: ["never", "wasmcloudFirstExporter"],
    kubernetes: ["build", "wacExportTwice"],
    reported: ["spin#341"],
  },
  {
    id: "takes-over-host-calls",
    fault:
      "A new version of a module begins to export what its neighbour asks of the host, and would receive its calls",
    program: composing(async () => ({
      front: await dummy(
        "import wasi:clocks/wall-clock@0.2.0; export acme:shop/api;",
        clock,
        wit("acme:shop/api"),
      ),
      auth: await dummy(
        "export wasi:clocks/wall-clock@0.2.0; export acme:auth/check;",
        clock,
        wit("acme:auth/check"),
      ),
    })),
    stage: "preview",
    level: "note",
    says: [
      'modules.front: `auth` exports `wasi:clocks/wall-clock@0.2.0`, which `front` imports. Calls to the host are not redirected by themselves; to do so: links: [{ from: "front", import: "wasi:clocks/wall-clock@0.2.0", to: "auth" }]',
    ],
    spin: ["n/a", "spinUnmatched"],
    wasmcloud: ["never", "wasmcloudSiblingFirst"],
    kubernetes: ["never", "wacPlugSkips"],
    reported: [],
  },
  {
    id: "module-name",
    fault: "A module has a name that WIT and WAC cannot write",
    program: composing(async () => ({ Api_v2: await shop() })),
    stage: "preview",
    level: "error",
    says: [
      "modules.Api_v2: `Api_v2` cannot name a module: use words of lower-case letters and digits that begin with a letter, joined by hyphens, at most 64 characters. For instance: `api-v2`.",
    ],
    spin: ["push", "spinUnknownFields"],
    wasmcloud: ["n/a", "wasmcloudLinks"],
    kubernetes: ["build", "wacSyntax"],
    reported: [],
  },
  {
    id: "wac-syntax",
    fault: "A WAC text does not parse",
    program: composing(async () => ({ api: await shop() }), wac("let = 1;")),
    stage: "preview",
    level: "error",
    says: ["wac: line 2, column 5: expected identifier, found `=`."],
    ...wacOnly,
    reported: [],
  },
  {
    id: "wac-package",
    fault: "A WAC text instantiates what there is not",
    program: composing(
      async () => ({ api: await shop() }),
      wac("let api = new module:apj { ... };", "export api...;"),
    ),
    stage: "preview",
    level: "error",
    says: ["wac: line 2, column 15: unknown package `module:apj`."],
    ...wacOnly,
    kubernetes: ["build", "wacUnknownPackage"],
    reported: [],
  },
  {
    id: "wac-unused",
    fault: "A WAC text leaves out one of the modules",
    program: composing(
      async () => ({ api: await shop(), mail: await giving("acme:mail/send") }),
      wac("let api = new module:api { ... };", "export api...;"),
    ),
    stage: "preview",
    level: "error",
    says: [
      "modules.mail: The WAC text does not use `mail`. Instantiate it (`new module:mail { ... }`), or remove it.",
    ],
    ...wacOnly,
    kubernetes: ["never", "wacNamed"],
    reported: [],
  },
];
