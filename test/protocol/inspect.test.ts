import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../provider/protocol/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

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
      { property: "path", reason: "unknown property; the properties are file" },
    ]);
  });

  it("says what is wrong with a file", async () => {
    const failed = engine.invoke(token, { file: join(cacheDirectory, "none.wasm") });
    await expect(failed).rejects.toMatchObject({ code: 9, details: expect.stringContaining("none.wasm") });
  });

  it("keeps what it says of a secret path a secret", async () => {
    const { result } = await engine.invoke(token, { file: new Secret(guestFile("plain")) });
    expect(Object.values(result).every((value) => value instanceof Secret)).toBe(true);
  });
});
