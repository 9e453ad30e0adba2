/** Each form in which a real registry can hold a module, and each that holds none: what a Module says of it in Check. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { TestEngine } from "../protocol/harness.ts";
import { pushArtifact } from "../protocol/pushedArtifact.ts";
import { guestDigest, guestFile } from "../protocol/samples.ts";
import {
  type Artifact, artifact, document, imageArtifact, layer, spinArtifact, tar, types, wasmArtifact,
} from "../unit/ociArtifacts.ts"; // biome-ignore format: one import
import { type Registry, startRegistry } from "./registry.ts";

const type = "wasm:index:Module";
const plain = await readFile(guestFile("plain"));
const elf = Buffer.from("\x7fELF\x02\x01\x01\xc8 and so on", "latin1");

let engine: TestEngine;
let registry: Registry;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-module-formats-"));
  registry = await startRegistry();
  engine = await TestEngine.attach();
});
afterAll(async () => {
  engine.close();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Puts the artifact there, and declares the Module on a machine that has nothing of it. */
async function declare(from: Artifact, component?: string) {
  const { pinned } = await pushArtifact(registry.host, from);
  const inputs = { reference: pinned, ...(component !== undefined && { component }) };
  const cacheDirectory = await mkdtemp(join(folder, "cache-"));
  await engine.configure({ cacheDirectory, registries: { [registry.host]: { insecure: true } } });
  const { failures } = await engine.check(type, inputs);
  expect(await readdir(join(cacheDirectory, "tmp")).catch(() => [])).toEqual([]);
  return { pinned, inputs, failures };
}

async function expectPlain(from: Artifact, component?: string): Promise<void> {
  const { pinned, inputs, failures } = await declare(from, component);
  expect(failures).toEqual([]);
  const { outputs } = await engine.create(type, inputs, { preview: true });
  expect(outputs).toMatchObject({
    digest: guestDigest("plain"),
    size: plain.length,
    exports: ["acme:math/add@0.1.0"],
    resolved: pinned,
  });
}

const wasmConfig = { type: types.wasmConfig, value: {} };
const wasm = (bytes: Uint8Array) => ({ type: types.wasm, bytes });
const inImage = async (path: string, bytes: Uint8Array) => layer([{ name: path, content: bytes }]);

const forms: [what: string, make: () => Promise<Artifact>][] = [
  ["a CNCF Wasm artifact", async () => wasmArtifact(plain, { imports: [], exports: ["acme:math/add@0.1.0"] })],
  ["a layer of the Bytecode Alliance's type", async () => artifact([{ type: "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", bytes: plain }], { type: "application/vnd.bytecodealliance.component.v1+json", value: {} })],
  ["a content layer", async () => artifact([{ type: types.spinWasm, bytes: plain }], { type: "application/vnd.wasm.config.v1+json", value: {} })],
  ["a file in an ordinary image", async () => imageArtifact([await inImage("app/api.wasm", plain)], { Entrypoint: ["/app/api.wasm"] })],
  ["a file in one of several uncompressed layers", async () => imageArtifact([await inImage("other.txt", elf), { type: types.tar, bytes: await tar([{ name: "api.wasm", content: plain }]) }])],
  ["the only component of a Spin application", async () => spinArtifact([{ id: "web", source: { digest: digestOf(plain) } }], [plain])],
]; // biome-ignore format: a table

it.each(forms)("takes %s", async (_what, make) => expectPlain(await make()));

describe("a Spin application as Spin writes it", () => {
  const folder = fileURLToPath(new URL("../../../shared/fixtures/spin-locked-apps/", import.meta.url));
  it.skipIf(!existsSync(folder)).each(["service-chaining", "valid-manifest"])(
    "gives its components: %s",
    async (name) => {
      const app = JSON.parse(await readFile(join(folder, `${name}.lock.json`), "utf8")) as {
        components: { id: string }[];
      };
      // Pushing replaces the places of the sources by digests of layers.
      const source = { content_type: "application/wasm", digest: digestOf(plain) };
      const pushed = spinArtifact(
        app.components.map((component) => ({ ...component, source })),
        [plain],
        app,
      );
      for (const { id } of app.components) await expectPlain(pushed, id);
      const { failures } = await declare(pushed);
      expect(failures).toEqual([
        { property: "component", reason: expect.stringContaining("It has: four-lights, old-test, web.") },
      ]);
    },
  );
});

const publish =
  /Publish the module as a Wasm artifact: one layer of the type application\/wasm \(wkg oci push\)/;
const refused: [what: string, make: () => Promise<Artifact>, message: RegExp][] = [
  ["several layers", async () => artifact([wasm(plain), wasm(elf)], wasmConfig), /has 2 layers \(application\/wasm, application\/wasm\), and a module is exactly one/],
  ["no layers", async () => artifact([], wasmConfig), /has no layers, so there is no module in it\. Publish/],
  ["a layer of an unknown type", async () => artifact([{ type: "application/vnd.acme.thing.v1", bytes: plain }], wasmConfig), /has layers of a type that holds no module: application\/vnd\.acme\.thing\.v1\. Publish/],
  ["a Wasm layer and another one", async () => artifact([wasm(plain), { type: "text/plain", bytes: elf }], wasmConfig), publish],
  ["native code", async () => wasmArtifact(elf), /is a native image \(ELF\), for example one that Wasmtime or wasmCloud precompiled/],
  ["native code in an image", async () => imageArtifact([await inImage("api.wasm", elf)]), /^\/api\.wasm in .* is a native image \(ELF\)/],
  ["bytes that are cut", async () => wasmArtifact(plain.subarray(0, -100)), /^The module is damaged .*unexpected end-of-file/],
  ["an image of several Wasm files", async () => imageArtifact([await layer([{ name: "a.wasm", content: plain }, { name: "b.wasm", content: plain }])]), /several Wasm files \(\/a\.wasm, \/b\.wasm\)/],
  ["an image without any", async () => imageArtifact([await inImage("bin/sh", elf)], { Cmd: ["/bin/bash"] }), /is an image without a \.wasm file/],
  ["a layer that is no archive", async () => imageArtifact([{ type: types.tarGzip, bytes: gzipSync("nothing of the kind") }]), /is not a whole tar archive in gzip/],
]; // biome-ignore format: a table

it.each(refused)("refuses %s", async (_what, make, message) => {
  const { failures } = await declare(await make());
  expect(failures).toEqual([{ property: "reference", reason: expect.stringMatching(message) }]);
});

it("refuses an index, and names what is in it", async () => {
  const module = wasmArtifact(plain);
  await pushArtifact(registry.host, module);
  const manifest = { mediaType: types.manifest, digest: module.digest, size: module.bytes.length };
  const platform = { os: "wasi", architecture: "wasm" };
  const index = document(types.index, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [{ ...manifest, platform }],
  });
  const { failures, pinned } = await declare(index);
  const reason = `${pinned} is an index, a list of manifests, and not one artifact. Give one of these by its digest:\n  ${module.digest} (wasi/wasm)`;
  expect(failures).toEqual([{ property: "reference", reason }]);
});

it("refuses a manifest that lies about size", async () => {
  const { failures } = await declare(artifact([{ ...wasm(plain), size: plain.length - 1 }], wasmConfig));
  expect(failures).toEqual([{ property: "reference", reason: expect.stringContaining(digestOf(plain)) }]);
});

it("refuses a component with dependencies that are not composed, at the component", async () => {
  const dependencies = { "acme:auth/check@1.2.0": { source: { digest: digestOf(plain) } } };
  const app = spinArtifact([{ id: "web", source: { digest: digestOf(plain) }, dependencies }], [plain]);
  const { failures } = await declare(app, "web");
  expect(failures).toEqual([
    { property: "component", reason: expect.stringContaining("not composed into it: acme:auth/check@1.2.0") },
  ]);
});
