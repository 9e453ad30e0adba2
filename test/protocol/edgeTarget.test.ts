import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unknown } from "../../provider/schema/fields.ts";
import { decodeTarget } from "../../provider/targets/target.ts";
import { TestEngine } from "./harness.ts";

const type = "wasm:index:EdgeTarget";

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

describe(type, () => {
  it("hands its settings on", async () => {
    const { outputs } = await engine.create(type, { local: { memory: 64, requestTimeout: 2.5 } });
    expect(decodeTarget(outputs.target as string)).toEqual({
      kind: "local",
      memory: 64,
      requestTimeout: 2.5,
    });
  });

  it("is a known string in preview although a setting is not known", async () => {
    const { outputs } = await engine.create(type, { local: { memory: unknown } }, { preview: true });
    expect(decodeTarget(outputs.target as string)).toEqual({ kind: "local", memory: unknown });
  });

  it("is of a kind that is not known where the place itself is not", async () => {
    const { outputs } = await engine.create(type, { local: unknown }, { preview: true });
    expect(decodeTarget(outputs.target as string)).toEqual({ kind: unknown });
  });

  it("needs a place", async () => {
    const { failures } = await engine.check(type, {});
    expect(failures).toEqual([
      { property: "", reason: "name the place: give `local: {}` to run on this machine" },
    ]);
  });
});
