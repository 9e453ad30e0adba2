import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ComposerTool } from "../../provider/artifacts/compose/composerTool.ts";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { expectedModule } from "../../provider/artifacts/proof/index.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { pluginFile } from "../../provider/pluginFiles.ts";
import { Secret } from "../../provider/values.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { wasmArtifact } from "../unit/ociArtifacts.ts";
import { TestEngine } from "./harness.ts";
import { pushArtifact } from "./pushedArtifact.ts";
import { guestDigest, guestFile, modules, registry, samples } from "./samples.ts";

const token = "wasm:index:inspect";

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-inspect-"));
  engine = await TestEngine.attach({ cacheDirectory, registries: { [registry.host]: { insecure: true } } });
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

describe(token, () => {
  it("says what a module is made of, with its world as text", async () => {
    const { result } = await engine.invoke(token, { file: guestFile("plain") });
    expect(result).toMatchObject({
      digest: guestDigest("plain"),
      kind: "component",
      imports: [],
      exports: ["acme:math/add@0.1.0"],
      needs: { program: [], language: [] },
    });
    expect(result.wit).toContain("export acme:math/add@0.1.0;");
  });

  it("names a wrong argument at its property", async () => {
    const { failures } = await engine.invoke(token, { file: 7, path: "a" });
    expect(failures).toEqual([
      { property: "file", reason: "expected a string, got a number" },
      {
        property: "path",
        reason: "unknown property; the properties are file, reference, component, artifact",
      },
    ]);
  });

  it("says what is wrong with a file", async () => {
    const failed = engine.invoke(token, { file: join(cacheDirectory, "none.wasm") });
    await expect(failed).rejects.toMatchObject({ code: 9, details: expect.stringContaining("none.wasm") });
  });

  it("draws how the modules of a composition are wired", async () => {
    const store = new Store({ folder: cacheDirectory });
    for (const bytes of Object.values(modules)) await store.addBytes(bytes);
    const [composition = {}] = samples["wasm:index:Composition"] ?? [];
    const { outputs } = await engine.create("wasm:index:Composition", composition, { preview: true });
    const { result } = await engine.invoke(token, { artifact: outputs.artifact ?? null });
    expect(result).toMatchObject({ digest: outputs.digest, exports: ["acme:shop/orders@0.1.0"] });
    expect(result.graph).toBe(`flowchart TD
  m0["auth"]
  m1["front"]
  e0(["acme:shop/orders@0.1.0"]) --> m1
  m1 -->|"acme:auth/check@1.2.0"| m0
`);
  });

  it("tells from the bytes alone what is sealed in them", async () => {
    const workshop = await Workshop.open();
    const client = await workshop.add(await readFile(guestFile("client")));
    const grant = encodeGrant(
      grantOf("access", { http: ["https://api.example"], ambient: { stdio: false } }),
    );
    const access = { client: { grants: [grant] } };
    const { artifact } = await workshop.composer.compose({ modules: { client }, access });
    const file = workshop.store.path(await workshop.composer.ensure(artifact));
    const { result } = await engine.invoke(token, { file });
    expect(result.sealed).toEqual([
      {
        module: "client",
        digest: guestDigest("client"),
        grants: ["http https://api.example"],
        guards: ["http"],
        denied: [
          "wasi:cli/environment@0.2.6",
          "wasi:cli/stderr@0.2.6",
          "wasi:cli/stdin@0.2.6",
          "wasi:cli/stdout@0.2.6",
        ],
        traps: [
          "wasi:cli/stderr@0.2.6#get-stderr",
          "wasi:cli/stdin@0.2.6#get-stdin",
          "wasi:cli/stdout@0.2.6#get-stdout",
        ],
        open: expect.arrayContaining(["wasi:http/types@0.2.4", "wasi:clocks/monotonic-clock@0.2.6"]),
      },
    ]);
  });

  it("does not take another guard for one of those that are shipped", async () => {
    const workshop = await Workshop.open();
    const bytes = await readFile(guestFile("client"));
    const { artifact } = await workshop.add(bytes);
    const shipped = await readFile(pluginFile("composer/guards/http.wasm"));
    const guard = join(workshop.folder, "guard.wasm");
    // The same code, with a custom section that says nothing.
    await writeFile(guard, Buffer.concat([shipped, Buffer.from([0, 2, 1, 0x78])]));
    const digest = digestOf(await readFile(guard));
    const imports = ["wasi:http/outgoing-handler@0.2.4"];
    const rules = "pulumi-wasm rules 1\tclient\nhttp\thttps://api.example:443\n";
    const inspection = await workshop.inspector.inspect(artifact.digest);
    const seal = { rules, guards: { http: imports }, denied: ["wasi:cli/environment@0.2.6"] };
    const composer = new ComposerTool({});
    const reply = await composer.ask(
      {
        kind: "compose",
        text: 'package a:b;\nlet c = new module:client { ... };\nexport c["wasi:http/incoming-handler@0.2.0"];',
        modules: [{ name: "client", digest: artifact.digest, path: guestFile("client") }],
        links: [],
        seals: {
          guards: [{ name: "http", digest, path: guard }],
          modules: [
            {
              module: "client",
              rules,
              guards: [{ guard: "http", imports, closed: [] }],
              denied: seal.denied,
            },
          ],
          expected: { modules: { client: expectedModule(inspection, seal) }, guards: { http: digest } },
        },
      },
      undefined,
    );
    await composer.close();
    if (!("bytes" in reply)) throw new Error(JSON.stringify(reply));
    const file = join(workshop.folder, "sealed.wasm");
    await writeFile(file, reply.bytes);
    const { result } = await engine.invoke(token, { file });
    expect(result.sealed).toMatchObject([{ module: "client", guards: [`unknown ${digest}`] }]);
  });

  it("says nothing of a seal where there is none", async () => {
    const { result } = await engine.invoke(token, { file: guestFile("client") });
    expect(result).not.toHaveProperty("sealed");
  });

  it("takes a file, a reference or an artifact, one of them", async () => {
    const details = "give exactly one of `file`, `reference` and `artifact`";
    await expect(engine.invoke(token, {})).rejects.toMatchObject({ details });
    const file = guestFile("plain");
    await expect(engine.invoke(token, { file, reference: "a.b/c:1" })).rejects.toMatchObject({ details });
    await expect(engine.invoke(token, { file, component: "web" })).rejects.toMatchObject({
      details: "component: goes with `reference` only: leave it out",
    });
  });

  it("reads a module in a registry, by tag or digest, and says which artifact it was", async () => {
    const bytes = await readFile(guestFile("plain"));
    const { pinned, tagged } = await pushArtifact(registry.host, wasmArtifact(bytes), { tag: "1" });
    for (const reference of [pinned, tagged]) {
      const { result } = await engine.invoke(token, { reference });
      expect(result).toMatchObject({ digest: guestDigest("plain"), resolved: pinned });
    }
  });

  it("keeps what it says of a secret path a secret", async () => {
    const { result } = await engine.invoke(token, { file: new Secret(guestFile("plain")) });
    expect(Object.values(result).every((value) => value instanceof Secret)).toBe(true);
  });
});
