/** What is granted by labels and keys, sealed by the composer and run in real Wasmtime; see `guardLabels.test.ts`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { Workshop, wit } from "../unit/composeSetup.ts";

const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const guest = async (name: string) =>
  shop.add(await readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`)));

const granted = encodeGrant(
  grantOf("labels", {
    config: ["greeting"],
    keyValue: ["carts"],
    blobs: ["uploads", "images"],
    messaging: ["orders"],
    sql: ["orders"],
    interfaces: ["acme:label-host/log"],
  }),
);

const interfaces = [
  ...["wasi:config/store@0.2.0-rc.1", "wasi:config/store@0.2.0-draft", "wasi:config/runtime@0.2.0-draft"],
  "wasi:config/store@0.2.0-draft-2024-09-27",
  ...["store", "atomics", "batch"].flatMap((name) => [
    `wasi:keyvalue/${name}@0.2.0-draft`,
    `wasi:keyvalue/${name}@0.2.0-draft2`,
  ]),
  ...["types", "container", "blobstore"].map((name) => `wasi:blobstore/${name}@0.2.0-draft`),
  ...["types", "consumer"].map((name) => `wasmcloud:messaging/${name}@0.2.0`),
  ...["fermyon:spin/sqlite@2.0.0", "spin:sqlite/sqlite@3.0.0"],
];

/** The guest `labels` beside its host, which serves all that it imports. @returns the composition's path */
async function composed(grants: string[]): Promise<string> {
  const modules = { api: await guest("labels"), host: await guest("label-host") };
  const links = interfaces.map((name) => ({ from: "api", import: name, to: "host" }));
  const access = { api: { grants } };
  const { artifact } = await shop.composer.compose({ modules, links, access });
  return shop.store.path(await shop.composer.ensure(artifact));
}

async function says(path: string, call: string): Promise<string[]> {
  const { stdout, errors } = await run(wasmtime ?? "", ["run", "--invoke", call, path]);
  if (stdout === "") throw new Error(errors.join("\n"));
  return JSON.parse(stdout);
}

describe.skipIf(!wasmtime)("sealed", () => {
  test("gives what is granted, and nothing else", async () => {
    const path = await composed([granted]);
    for (const version of ["rc1", "draft", "runtime", "spin"])
      expect(await says(path, `config-all("${version}")`)).toEqual([
        "all: []",
        "host: config get api_0_greeting",
      ]);
    for (const version of ["draft", "draft2"]) {
      expect(await says(path, `key-value("${version}", "carts")`)).toContain("increment: 42");
      expect(await says(path, `key-value("${version}", "cart")`)).toEqual([
        "open failed: Error::AccessDenied",
      ]);
    }
    expect(await says(path, 'blobs("uploads", "images")')).toContain("copy: ()");
    expect((await says(path, 'blobs("backups", "images")')).join()).not.toContain("host:");
    expect(await says(path, 'messaging("orders", "")')).toContain("publish: ()");
    expect((await says(path, 'messaging("payments", "")')).join()).not.toContain("host:");
    for (const version of ["v2", "v3"]) {
      expect(await says(path, `sql("${version}", "orders", "SELECT 1")`)).toContain("host: sql drop orders");
      expect(await says(path, `sql("${version}", "users", "SELECT 1")`)).toEqual([
        "open failed: Error::AccessDenied",
      ]);
    }
  });
});

/** Modules that use a part of what a guard stands before, and types of a later WASI than guards are built on. */
const parts: [what: string, grant: object, imports: string[], world: string, packages: string][] = [
  [
    "a key-value store without its atomics and batches",
    { keyValue: ["carts"] },
    ["wasi:keyvalue/store@0.2.0-draft"],
    "import wasi:keyvalue/store@0.2.0-draft;",
    `package wasi:keyvalue@0.2.0-draft { interface store {
      variant error { no-such-store, access-denied, other(string) }
      resource bucket { get: func(key: string) -> result<option<list<u8>>, error>; }
      open: func(identifier: string) -> result<bucket, error>; } }`,
  ],
  [
    "one of the two interfaces of a version of configuration",
    { config: ["greeting"] },
    ["wasi:config/runtime@0.2.0-draft"],
    "import wasi:config/runtime@0.2.0-draft;",
    `package wasi:config@0.2.0-draft { interface runtime {
      variant config-error { upstream(string), io(string) }
      get: func(key: string) -> result<option<string>, config-error>; } }`,
  ],
  [
    "blobs by the streams of WASI 0.2.6",
    { blobs: ["uploads"] },
    ["blobstore", "container", "types"]
      .map((name) => `wasi:blobstore/${name}@0.2.0-draft`)
      .concat("wasi:io/streams@0.2.6"),
    "import wasi:blobstore/blobstore@0.2.0-draft;",
    `package wasi:io@0.2.6 { interface streams { resource output-stream; } }
    package wasi:blobstore@0.2.0-draft {
      interface types { use wasi:io/streams@0.2.6.{output-stream};
        resource outgoing-value { outgoing-value-write-body: func() -> result<output-stream>; } }
      interface container { use types.{outgoing-value};
        resource container { write-data: func(name: string, data: borrow<outgoing-value>) -> result<_, string>; } }
      interface blobstore { use container.{container};
        get-container: func(name: string) -> result<container, string>; } }`,
  ],
  [
    "copies of blobs, by a guard whose containers are the host's",
    { blobs: ["uploads", "images"] },
    ["blobstore", "container", "types"].map((name) => `wasi:blobstore/${name}@0.2.0-draft`),
    "import wasi:blobstore/blobstore@0.2.0-draft;",
    `package wasi:blobstore@0.2.0-draft { interface blobstore {
      record object-id { container: string, object: string }
      copy-object: func(src: object-id, dest: object-id) -> result<_, string>; } }`,
  ],
  [
    "a database that is opened only",
    { sql: ["orders"] },
    ["spin:sqlite/sqlite@3.0.0"],
    "import spin:sqlite/sqlite@3.0.0;",
    `package spin:sqlite@3.0.0 { interface sqlite {
      variant error { no-such-database, access-denied, invalid-connection, database-full, io(string) }
      resource connection { open: static func(database: string) -> result<connection, error>; } } }`,
  ],
  [
    "messages that are sent only",
    { messaging: ["orders"] },
    ["wasmcloud:messaging/consumer@0.2.0", "wasmcloud:messaging/types@0.2.0"],
    "import wasmcloud:messaging/consumer@0.2.0;",
    `package wasmcloud:messaging@0.2.0 {
      interface types { record broker-message { subject: string, body: list<u8>, reply-to: option<string> } }
      interface consumer { use types.{broker-message}; publish: func(msg: broker-message) -> result<_, string>; } }`,
  ],
];

test.each(parts)(
  "seals %s, and asks the host for nothing more",
  async (_what, grant, imports, world, packages) => {
    const main = await shop.module(`${world} export acme:main/run;`, `${packages}\n${wit("acme:main/run")}`);
    const seal = async (grants: string[]) =>
      (await shop.composer.compose({ modules: { main }, access: { main: { grants } } })).imports;
    expect(await seal([encodeGrant(grantOf("granted", grant))])).toEqual(imports);
    const plumbing = (name: string) => /^wasi:io\/|^wasmcloud:messaging\/types@/.test(name);
    expect(await seal([])).toEqual(imports.filter(plumbing));
  },
);
