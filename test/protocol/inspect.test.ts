import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../../provider/artifacts/store.ts";
import { Secret } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile, modules, samples } from "./samples.ts";

const token = "wasm:index:inspect";

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-inspect-"));
  engine = await TestEngine.attach({ cacheDirectory });
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
      { property: "path", reason: "unknown property; the properties are file, artifact" },
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

  it("takes a file or an artifact, one of them", async () => {
    await expect(engine.invoke(token, {})).rejects.toMatchObject({
      details: "give either `file` or `artifact`",
    });
  });

  it("keeps what it says of a secret path a secret", async () => {
    const { result } = await engine.invoke(token, { file: new Secret(guestFile("plain")) });
    expect(Object.values(result).every((value) => value instanceof Secret)).toBe(true);
  });
});
