/**
 * The guards of what is granted by labels and keys, in real Wasmtime. Behind them stands `label-host`, which gives everything
 * to everybody and tells what it was asked for; in front of them `labels`, which asks for whatever it is told to.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { rulesComponent } from "./rulesComponent.ts";

const wasmtime = await findOnPath("wasmtime");
const shop = await Workshop.open();
const committed = (path: string) => readFile(join(import.meta.dirname, "../..", path));

const wac = `package test:guarded;
let host = new module:host { ... };
let rules = new module:rules {};
let guard = new module:guard { ...rules, ...host };
let guest = new module:guest { ...guard, ...host, ... };
export guest["acme:labels/probe"];`;

/** What a guest behind a guard with these rules says, and what the host was asked for. */
async function guarded(guard: string, rules: string[], call: string): Promise<Answer> {
  const parts = {
    host: await committed("test/fixtures/guests/label-host.wasm"),
    guest: await committed("test/fixtures/guests/labels.wasm"),
    guard: await committed(`composer/guards/${guard}.wasm`),
    rules: await rulesComponent(rules, "api"),
  };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const { artifact } = await shop.composer.compose({
    modules: Object.fromEntries(await Promise.all(added)),
    wac,
  });
  const path = shop.store.path(await shop.composer.ensure(artifact));
  const { stdout, errors } = await run(wasmtime ?? "", ["run", "--invoke", call, path]);
  if (stdout === "") throw new Error(errors.join("\n"));
  const lines: string[] = JSON.parse(stdout);
  const isHosts = (line: string) => line.startsWith("host: ");
  return {
    guest: lines.filter((line) => !isHosts(line)),
    host: lines.filter(isHosts).map((line) => line.replace("host: ", "")),
  };
}

interface Answer {
  guest: string[];
  host: string[];
}

const configurations = [
  ["config-rc1", "rc1"],
  ["config-draft", "draft"],
  ["config-draft", "runtime"],
  ["config-spin", "spin"],
] as const;

const keyed = ["config\tgreeting\tapi__greeting", "config\tunset\tapi__unset", "environment\tHOME\tHOME"];

describe.skipIf(!wasmtime).each(configurations)("%s (%s)", (guard, version) => {
  test("gives the value of a granted key, asked under the host's name for it", async () => {
    expect(await guarded(guard, keyed, `config-get("${version}", "greeting")`)).toEqual({
      guest: ['get: Some("hello")'],
      host: ["config get api__greeting"],
    });
  });

  test.each([
    "HOME",
    "api__greeting",
    "web__greeting",
    "Greeting",
    "greeting ",
    "",
    "greeting\\tapi__greeting",
  ])("has no value for the key %j, and does not ask for it", async (key) => {
    expect(await guarded(guard, keyed, `config-get("${version}", "${key}")`)).toEqual({
      guest: ["get: None"],
      host: [],
    });
  });

  test("lists what is granted and set, under the module's names", async () => {
    expect(await guarded(guard, keyed, `config-all("${version}")`)).toEqual({
      guest: ['all: [("greeting", "hello")]'],
      host: ["config get api__greeting", "config get api__unset"],
    });
  });

  test("lists nothing where nothing is granted", async () => {
    expect(await guarded(guard, [], `config-all("${version}")`)).toEqual({ guest: ["all: []"], host: [] });
  });

  test.each([
    ["api__upstream", /Upstream\("vault is sealed"\)/],
    ["api__io", /Io\("pipe is broken"\)/],
  ])("passes the failure of %s on", async (key, failure) => {
    const { guest } = await guarded(
      guard,
      [`config\tgreeting\t${key}`],
      `config-get("${version}", "greeting")`,
    );
    expect(guest).toEqual([expect.stringMatching(failure)]);
  });
});

const buckets = [
  ["key-value-draft", "draft", []],
  [
    "key-value-draft2",
    "draft2",
    ["current: None", "set: ()", "swap was late: current: Some([120])", "swap: ()", "get: Some([121])"],
  ],
] as const;

const bucketRules = ["keyValue\tcarts", "keyValue\tabsent", "keyValue\tbroken", "blobs\tuploads"];

describe.skipIf(!wasmtime).each(buckets)("%s", (guard, version, swaps) => {
  test("opens a granted bucket, works on it, and lets go of it", async () => {
    const found = version === "draft" ? '[Some(("b", [2])), None]' : '[("b", Some([2])), ("none", None)]';
    expect(await guarded(guard, bucketRules, `key-value("${version}", "carts")`)).toEqual({
      guest: [
        "set: ()",
        "increment: 42",
        "get: Some([52, 50])",
        "set many: ()",
        `get many: ${found}`,
        "delete: ()",
        "exists: false",
        "delete many: ()",
        'keys: ["a"]',
        ...swaps,
      ],
      // What a swap came from is gone before the bucket is.
      host: [
        "keyvalue open carts",
        ...(version === "draft2" ? ["keyvalue drop carts c", "keyvalue drop carts c"] : []),
        "keyvalue drop carts",
      ],
    });
  });

  test.each(["cart", "carts ", "Carts", "uploads", "", "*", "carts\\n", "api__carts"])(
    "denies the bucket %j before the host hears of it",
    async (bucket) => {
      expect(await guarded(guard, bucketRules, `key-value("${version}", "${bucket}")`)).toEqual({
        guest: ["open failed: Error::AccessDenied"],
        host: [],
      });
    },
  );

  test.each([
    ["absent", "Error::NoSuchStore"],
    ["broken", 'Error::Other("disk is full")'],
  ])("passes the host's refusal of %s on", async (bucket, error) => {
    const { guest } = await guarded(guard, bucketRules, `key-value("${version}", "${bucket}")`);
    expect(guest).toEqual([`open failed: ${error}`]);
  });

  test("denies a bucket without a name, where a rule has none either", async () => {
    const { guest } = await guarded(guard, ["keyValue"], `key-value("${version}", "")`);
    expect(guest).toEqual(["open failed: Error::AccessDenied"]);
  });
});

const refusal = (family: string, label: string) => `"access denied: ${family} ${label} is not granted"`;

describe.skipIf(!wasmtime)("blobs", () => {
  const rules = ["blobs\tuploads", "blobs\timages", "blobs\tabsent", "keyValue\tbackups"];

  test("opens granted containers, and copies and moves between them", async () => {
    expect(await guarded("blobs", rules, 'blobs("uploads", "images")')).toEqual({
      guest: [
        'create: "uploads"',
        'get: "uploads"',
        'read: "uploads/a"',
        "exists: true",
        "copy: ()",
        "copy back: ()",
        "move: ()",
        "move back: ()",
        "delete: ()",
      ],
      host: [
        ...["blobs create uploads", "blobs drop uploads"],
        ...["blobs get uploads", "blobs drop uploads"],
        ...["blobs get uploads", "blobs drop uploads"],
        "blobs exists uploads",
        "blobs copy uploads/a images/b",
        "blobs copy images/b uploads/a",
        "blobs move uploads/a images/b",
        "blobs move images/b uploads/a",
        "blobs delete uploads",
      ],
    });
  });

  test.each(["backups", "upload", "uploads/", "../uploads", "Uploads", ""])(
    "denies the container %j before the host hears of it",
    async (container) => {
      const denied = refusal("blobs", container);
      const { guest, host } = await guarded("blobs", rules, `blobs("${container}", "images")`);
      const calls = ["create", "get", "read", "exists", "copy", "copy back", "move", "move back", "delete"];
      expect(guest).toEqual(calls.map((call) => `${call} failed: ${denied}`));
      expect(host).toEqual([]);
    },
  );

  test("denies copies and moves to and from another container, whichever of the two it is", async () => {
    const { guest, host } = await guarded("blobs", rules, 'blobs("uploads", "backups")');
    const denied = refusal("blobs", "backups");
    expect(guest).toEqual(expect.arrayContaining(['get: "uploads"', "delete: ()"]));
    for (const call of ["copy", "copy back", "move", "move back"])
      expect(guest).toContain(`${call} failed: ${denied}`);
    expect(host.join()).not.toMatch(/copy|move|backups/);
  });

  test("passes the host's refusal on", async () => {
    const { guest } = await guarded("blobs", rules, 'blobs("absent", "images")');
    expect(guest).toContain('get failed: "no such container"');
  });
});

describe.skipIf(!wasmtime)("messaging", () => {
  const rules = ["messaging\torders", "messaging\torders.replies"];

  test("sends and asks on granted subjects", async () => {
    expect(await guarded("messaging", rules, 'messaging("orders", "orders.replies")')).toEqual({
      guest: ['request: "ping"', "publish: ()"],
      host: ["messaging request orders within 100 ms", "messaging publish orders, reply to orders.replies"],
    });
    const { host } = await guarded("messaging", rules, 'messaging("orders", "")');
    expect(host.at(-1)).toBe("messaging publish orders");
  });

  test.each(["order", "orders.new", "orders.>", ">", "*", "Orders", "orders ", "$SYS.REQ", ""])(
    "denies the subject %j before the host hears of it",
    async (subject) => {
      const denied = refusal("messaging", subject);
      expect(await guarded("messaging", rules, `messaging("${subject}", "orders.replies")`)).toEqual({
        guest: [`request failed: ${denied}`, `publish failed: ${denied}`],
        host: [],
      });
    },
  );

  test("denies to have answers sent to a subject that is not granted", async () => {
    const { guest, host } = await guarded("messaging", rules, 'messaging("orders", "payments")');
    expect(guest).toEqual(['request: "ping"', `publish failed: ${refusal("messaging", "payments")}`]);
    expect(host).toEqual(["messaging request orders within 100 ms"]);
  });
});

const databases = [
  ["sqlite-v2", "v2", []],
  ["sqlite-v3", "v3", ["row -7, 3 changes"]],
] as const;

describe.skipIf(!wasmtime).each(databases)("%s", (guard, version, counts) => {
  const rules = ["sql\torders", "sql\tabsent", "sql\tbroken", "keyValue\tusers"];
  const sql = (database: string, statement: string) =>
    guarded(guard, rules, `sql("${version}", "${database}", "${statement}")`);

  test("opens a granted database, passes values both ways, and lets go of it", async () => {
    expect(await sql("orders", "SELECT ?1")).toEqual({
      guest: [
        expect.stringMatching(
          /^execute: .*\["all"\].*Integer\(-1\).*Real\(0\.5\).*Text\("é"\).*Blob\(\[0\]\).*Null/,
        ),
        ...counts,
      ],
      host: ["sql open orders", "sql execute SELECT ?1", "sql drop orders"],
    });
  });

  test.each(["order", "orders ", "Orders", "users", "default", "", "*", "../orders", "orders\\n"])(
    "denies the database %j before the host hears of it",
    async (database) => {
      expect(await sql(database, "SELECT 1")).toEqual({
        guest: ["open failed: Error::AccessDenied"],
        host: [],
      });
    },
  );

  test.each([
    "ATTACH 'users.db' AS users",
    "SELECT 1; /* two */ attach 'users.db' AS users",
    "VACUUM INTO 'copy.db'",
  ])("denies to open another file by %j", async (statement) => {
    const { guest, host } = await sql("orders", statement);
    expect(guest[0]).toBe("execute failed: Error::AccessDenied");
    expect(host).toEqual(["sql open orders", "sql drop orders"]);
  });

  test.each([
    ["absent", "SELECT 1", "open failed: Error::NoSuchDatabase"],
    ["broken", "SELECT 1", 'open failed: Error::Io("disk is broken")'],
    ["orders", "fill", "execute failed: Error::DatabaseFull"],
    ["orders", "close", "execute failed: Error::InvalidConnection"],
  ])("passes the host's refusal of %s on: %s", async (database, statement, failure) => {
    const { guest } = await sql(database, statement);
    expect(guest[0]).toBe(failure);
  });
});
