/** What a Module says of a file that cannot be deployed: input → message, at the property. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Asset, type Properties, Secret } from "../../provider/values.ts";
import { binary } from "../unit/inspectComponents.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Module";
const client = readFileSync(guestFile("client"));
const isRoot = process.getuid?.() === 0;

const witPackage = () =>
  binary(`(component
    (type (component
      (type (component (type (instance (type (func)) (export "f" (func (type 0))))) (export "a:b/i" (instance (type 0)))))
      (export "a:b/w" (component (type 0)))))
    (export "w" (type 0)))`);

let engine: TestEngine;
let folder: string;
let cacheDirectory: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-bad-module-"));
  cacheDirectory = join(folder, "cache");
  engine = await TestEngine.attach({ cacheDirectory });
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, "module.wasm");
  await writeFile(path, bytes);
  return path;
}

/** Root may read every file; some of the system's own fail all the same. */
async function unreadableFile(): Promise<string> {
  if (isRoot) return "/proc/self/mem";
  const path = await fileOf(client);
  await chmod(path, 0);
  return path;
}

async function pipe(): Promise<string> {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

/** No half-written bytes, whatever was wrong. */
async function expectNothingLeft(): Promise<void> {
  expect(await readdir(join(cacheDirectory, "tmp")).catch(() => [])).toEqual([]);
}

const files: [input: string, path: () => Promise<string>, message: RegExp][] = [
  ["missing", async () => join(folder, "none.wasm"), /^There is no file \/.*\/none\.wasm\. Build the module/],
  ["empty", () => fileOf(""), /^\/.*\/module\.wasm is empty\. Build the module again\.$/],
  ["cut within its header", () => fileOf(client.subarray(0, 5)), /ends after 5 bytes, within its header/],
  ["cut within a section", () => fileOf(client.subarray(0, -100)), /^The module is damaged .*unexpected end-of-file/],
  ["text", () => fileOf("hello"), /module\.wasm is not WebAssembly: it begins with 68656c6c, not 0061736d/],
  ["WebAssembly text", () => fileOf("(component)"), /is WebAssembly text \(WAT\)\. Make a binary of it first/],
  ["a WIT package", async () => fileOf(await witPackage()), /^The module is a WIT package .* holds no code/],
  ["precompiled (ELF)", () => fileOf(Buffer.from("\x7fELF\x02\x01\x01\xc8", "latin1")), /is a native image \(ELF\).*\.cwasm/],
  ["a folder", async () => folder, /is not a regular file\. Give the path of a \.wasm file\.$/],
  ["a pipe", pipe, /is not a regular file\. Give the path of a \.wasm file\.$/],
  ["unreadable", unreadableFile, /^\/.* cannot be read \(E[A-Z]+\)\.$/],
]; // biome-ignore format: a table

it.each(files)("file: %s", async (_input, path, message) => {
  const { failures } = await engine.check(type, { file: new Asset({ path: await path() }) });
  expect(failures).toEqual([{ property: "file", reason: expect.stringMatching(message) }]);
  await expectNothingLeft();
});

const good = new Asset({ path: guestFile("client") });
const otherDigest = guestDigest("echo");
const pinned = `registry.example/acme/auth@${otherDigest}`;
const inputs: [input: string, inputs: Properties, property: string, message: string | RegExp][] = [
  ["nothing at all", {}, "", "give `file`, a file asset, or `reference`, a module in a registry"],
  ["a mere path", { file: "modules/api.wasm" }, "file", /^expected a file asset, such as/],
  ["a text asset", { file: new Asset({ text: "(module)" }) }, "file", "expected a file on this machine, got text: use a file asset with a path"],
  ["a remote asset", { file: new Asset({ uri: "https://example.com/a.wasm" }) }, "file", "expected a file on this machine, got the address https://example.com/a.wasm: use a file asset with a path"],
  ["more than maxSize", { file: good, maxSize: 1000 }, "file", /client\.wasm is larger than 1000 bytes\. Build it smaller, or raise maxSize\.$/],
  ["maxSize of no size", { file: good, maxSize: -1 }, "maxSize", "must be more than 0"],
  ["maxSize with a fraction", { file: good, maxSize: 1.5 }, "maxSize", "expected a whole number, got one with a fraction"],
  ["maxSize as text", { file: good, maxSize: "1 MB" }, "maxSize", "expected a number, got a string"],
  ["another digest", { file: good, expectedDigest: otherDigest }, "file", new RegExp(`^The module's digest is ${guestDigest("client")}, but expectedDigest is ${otherDigest}\\.`)],
  ["a digest in another form", { file: good, expectedDigest: "sha256:ABC" }, "expectedDigest", "not a digest: expected sha256: and 64 lower-case hexadecimal digits"],
  ["a misspelt property", { file: good, maxsize: 1 }, "maxsize", "unknown property; the properties are file, reference, allowTag, component, verify, maxSize, expectedDigest"],
  ["a file and a reference", { file: good, reference: pinned }, "reference", "give either `file` or `reference`, not both"],
  ["a tag's permission beside a file", { file: good, allowTag: true }, "allowTag", "goes with `reference` only: leave it out"],
  ["a component beside a file", { file: good, component: "web" }, "component", "goes with `reference` only: leave it out"],
  ["a reference with bad characters", { reference: "registry.example/acme/Auth:1" }, "reference", /^"registry\.example\/acme\/Auth:1" is not a reference: "Auth" has upper-case letters/],
  ["a reference without a registry", { reference: "acme/auth:1" }, "reference", /it does not begin with the host of a registry/],
  ["a reference without a version", { reference: "registry.example/acme/auth", allowTag: true }, "reference", "registry.example/acme/auth names no version. Write registry.example/acme/auth@sha256:…, or registry.example/acme/auth:<tag> with allowTag: true."],
  ["a key that is none", { reference: pinned, verify: { key: "secret" } }, "verify.key", /is not a public key in PEM/],
  ["a verification without a key", { reference: pinned, verify: {} }, "verify.key", /^is required: Public key in PEM/],
]; // biome-ignore format: a table

it.each(inputs)("%s", async (_input, properties, property, message) => {
  const { failures } = await engine.check(type, properties);
  const reason = typeof message === "string" ? message : expect.stringMatching(message);
  expect(failures).toEqual([{ property, reason }]);
  await expectNothingLeft();
});

it("says all of it at once", async () => {
  const ofForm = await engine.check(type, { file: 1, maxSize: "x", expectedDigest: 3, more: true });
  const ofUse = await engine.check(type, { allowTag: true, component: "web", verify: { key: "none" } });
  const properties = (checked: typeof ofForm) => checked.failures.map(({ property }) => property).sort();
  expect(properties(ofForm)).toEqual(["expectedDigest", "file", "maxSize", "more"]);
  expect(properties(ofUse)).toEqual(["", "allowTag", "component", "verify", "verify.key"]);
});

it.each(["Create", "Update"] as const)("a file that was changed between Check and %s", async (method) => {
  const path = await fileOf(client);
  const file = new Asset({ path }, guestDigest("client").slice("sha256:".length));
  const { inputs } = await engine.check(type, { file });
  const state = await engine.create(type, inputs);
  await fileOf(readFileSync(guestFile("echo")));
  const call = method === "Create" ? engine.create(type, inputs) : engine.update(type, state, inputs);
  const error = await call.catch((caught: ServiceError) => caught);
  expect(error).toMatchObject({
    code: status.FAILED_PRECONDITION,
    details: expect.stringMatching(
      /^file: .*\/module\.wasm was changed while this run was under way\. Run it again/,
    ),
  });
});

it("a file that went away between Check and Create", async () => {
  const path = await fileOf(client);
  const { inputs } = await engine.check(type, { file: new Asset({ path }) });
  await rm(path);
  const error = await engine.create(type, inputs).catch((caught: ServiceError) => caught);
  expect(error).toMatchObject({
    code: status.FAILED_PRECONDITION,
    details: expect.stringMatching(/^file: There is no file .*\/module\.wasm\./),
  });
});

it("a secret path stays out of the message", async () => {
  const { failures } = await engine.check(type, {
    file: new Secret(new Asset({ path: join(folder, "hunter2.wasm") })),
  });
  expect(failures).toMatchObject([
    { property: "file (secret)", reason: expect.stringContaining("There is no file [secret].") },
  ]);
});
