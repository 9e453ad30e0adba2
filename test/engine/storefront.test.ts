/** The storefront, as a user runs it: four modules in three languages answer as one, and move one by one. */
import { appendFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lockEntry, readLock } from "../../tools/rustComponents.ts";
import { buildLargeModules } from "../../tools/storefront/build.ts";
import { storefrontSet } from "../../tools/storefront/rust.ts";
import { taskSignal } from "../../tools/task.ts";
import { Unavailable } from "../../tools/toolchain/tool.ts";
import { nodeWorkspace } from "./nodeProgram.ts";
import { changed, type Outcome, repository, type Workspace } from "./workspace.ts";

const example = join(repository, "examples/storefront");
const names = ["front", "auth", "validation", "images"];

/** Installing tools and building with them, where no clone on this machine has done so. */
const buildLimit = 15 * 60_000;

test.each(storefrontSet.components)("the committed %s has the digest of its lock entry", async (name) => {
  const bytes = await readFile(join(storefrontSet.folder, `${name}.wasm`));
  expect(lockEntry(bytes)).toEqual((await readLock(storefrontSet)).components[name]);
});

describe("the storefront", () => {
  let missing: Unavailable | undefined;
  let workspace: Workspace;
  let url: string;

  beforeAll(async () => {
    const log = (line: string) => console.error(line);
    missing = await buildLargeModules({ log, signal: taskSignal }).then(() => undefined, unavailable);
    if (missing) return;
    workspace = await nodeWorkspace({ typeCheck: true });
    for (const file of ["index.ts", "package.json", "tsconfig.json"]) await copy(file);
    for (const name of names) await copy(`modules/${name}.wasm`);
    // For the README's; a program of a user's has no use for it in its state.
    await appendFile(
      join(workspace.program, "index.ts"),
      "export const graph = wasm.inspectOutput({ artifact: shop.artifact }).graph;\n",
    );
    await workspace.up();
    url = String((await workspace.outputs()).url);
  }, buildLimit);
  afterAll(() => workspace?.remove());
  beforeEach((context) => context.skip(missing !== undefined, missing?.message));

  const copy = (file: string) => cp(join(example, file), join(workspace.program, file));

  const post = (path: string, body: unknown) =>
    fetch(`${url}${path}`, {
      method: "POST",
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
    });

  async function answer(path: string, body: unknown): Promise<[status: number, body: unknown]> {
    const response = await post(path, body);
    return [response.status, await response.json()];
  }

  test("signs a customer in", async () => {
    expect(await answer("/sign-in", { user: "ada", password: "analytical engine" })).toEqual([
      200,
      { user: "ada", name: "Ada Lovelace", role: "customer" },
    ]);
  });

  test("refuses a wrong password, an unknown user alike, and a closed account", async () => {
    const wrong = [401, { error: "wrong-credentials" }];
    expect(await answer("/sign-in", { user: "ada", password: "difference engine" })).toEqual(wrong);
    expect(await answer("/sign-in", { user: "nobody", password: "analytical engine" })).toEqual(wrong);
    expect(await answer("/sign-in", { user: "", password: "" })).toEqual(wrong);
    expect(await answer("/sign-in", { user: "charles", password: "difference engine" })).toEqual([
      403,
      { error: "locked", reason: "unpaid invoice" },
    ]);
  });

  test("adds a valid order up", async () => {
    const lines = [
      { article: "TE-0001", quantity: 2, cents: 1250 },
      { article: "CU-0042", quantity: 100, cents: 1_000_000 },
    ];
    expect(await answer("/order", { email: "ada@example.com", lines })).toEqual([
      200,
      { pieces: 102, cents: 100_002_500 },
    ]);
  });

  test("names everything that is wrong with an order", async () => {
    const lines = [
      { article: "TE-0001", quantity: 0, cents: 1250 },
      { article: "tea", quantity: 1, cents: 1250 },
      { quantity: 101, cents: 1 },
    ];
    expect(await answer("/order", { email: "ada", lines })).toEqual([
      422,
      {
        error: "violations",
        violations: [
          { field: "email", problem: "malformed", expected: "name@example.com" },
          { field: "lines[0].quantity", problem: "out-of-range", expected: { minimum: 1, maximum: 100 } },
          { field: "lines[1].article", problem: "malformed", expected: "AB-1234" },
          { field: "lines[2].article", problem: "missing" },
          { field: "lines[2].quantity", problem: "out-of-range", expected: { minimum: 1, maximum: 100 } },
        ],
      },
    ]);
    expect(await answer("/order", {})).toEqual([
      422,
      {
        error: "violations",
        violations: [
          { field: "email", problem: "missing" },
          { field: "lines", problem: "missing" },
        ],
      },
    ]);
  });

  test("makes a thumbnail of a picture, in its proportions", async () => {
    const picture = await readFile(join(example, "pictures/lake.jpg"));
    const sizes = { "": [160, 107], "?width=64&height=64": [64, 43], "?width=999&height=50": [75, 50] };
    for (const [query, size] of Object.entries(sizes)) {
      const response = await post(`/thumbnail${query}`, picture);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
      expect(pngSize(Buffer.from(await response.arrayBuffer()))).toEqual(size);
    }
    const large = await post("/thumbnail?width=2000&height=2000", picture);
    expect(pngSize(Buffer.from(await large.arrayBuffer()))).toEqual([640, 427]);
  });

  test("says why there is no thumbnail", async () => {
    const picture = await readFile(join(example, "pictures/lake.jpg"));
    const [status, body] = await answer("/thumbnail", picture.subarray(0, 300));
    expect([status, body]).toEqual([422, { error: "damaged", detail: expect.any(String) }]);
    expect(await answer("/thumbnail", Buffer.from("a lake"))).toEqual([415, { error: "unknown-format" }]);
    expect(await answer("/thumbnail?width=0", picture)).toEqual([400, { error: "empty-bounds" }]);
    expect(await answer("/thumbnail", pngHeader(9000, 10))).toEqual([
      413,
      { error: "too-large", detail: { width: 8192, height: 8192 } },
    ]);
  });

  test("answers for itself what never reaches another module", async () => {
    const bad = (message: string) => [400, { error: "bad-request", message }];
    expect(await answer("/sign-in", Buffer.from("{"))).toEqual(bad("the body is not JSON"));
    expect(await answer("/sign-in", { user: "ada" })).toEqual(bad("password is missing"));
    expect(await answer("/order", { lines: [{ quantity: -1 }] })).toEqual(
      bad("quantity is no whole number from 0 to 4294967295"),
    );
    expect(await answer("/elsewhere", {})).toEqual([404, { error: "not-found" }]);
    expect((await fetch(`${url}/order`)).status).toBe(405);
  });

  test("has the graph that its README shows", async () => {
    const readme = await readFile(join(example, "README.md"), "utf8");
    const shown = /```mermaid\n(?<graph>.*?)```/s.exec(readme)?.groups?.graph;
    expect((await workspace.outputs()).graph).toBe(shown);
  });

  test("moves with one module: that Module, the Composition and the App", async () => {
    expect(changed(await workspace.preview())).toEqual([]);
    await appendFile(join(workspace.program, "modules/auth.wasm"), emptyCustomSection);
    const plan = [
      "update wasm:index:Composition shop",
      "update wasm:index:Module auth",
      "update wasm:local:Server storefront",
    ];
    expect(plannedBy(await workspace.preview())).toEqual(plan);
    expect(plannedBy(await workspace.up())).toEqual(plan);
    const [status] = await answer("/sign-in", { user: "grace", password: "nanoseconds" });
    expect(status).toBe(200);
    expect(changed(await workspace.preview())).toEqual([]);
  });
});

/** What is none of its business in a module: the bytes differ, and it does as before. Section 0, 5 bytes, named "note". */
const emptyCustomSection = Buffer.from([0, 5, 4, ...Buffer.from("note")]);

function plannedBy(outcome: Outcome): string[] {
  return changed(outcome)
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();
}

function unavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}

const pngSignature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** Width and height by a PNG file's header, which is its first chunk. */
function pngSize(file: Buffer): [width: number, height: number] {
  expect(file.subarray(0, 8)).toEqual(pngSignature);
  expect(file.toString("latin1", 12, 16)).toBe("IHDR");
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}

/** A PNG file that has nothing but its header. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = Buffer.concat([Buffer.from("IHDR"), Buffer.alloc(8), Buffer.from([8, 2, 0, 0, 0])]);
  chunk.writeUInt32BE(width, 4);
  chunk.writeUInt32BE(height, 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(chunk));
  return Buffer.concat([pngSignature, Buffer.from([0, 0, 0, 13]), chunk, tail]);
}
