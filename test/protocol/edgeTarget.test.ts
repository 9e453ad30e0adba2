import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unknown } from "../../provider/schema/fields.ts";
import { decodeTarget } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
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

  it("hands its registry on, with what of it is not known yet", async () => {
    const registry: Properties = { push: unknown, pull: "mirror.example/acme", insecure: true };
    const { outputs } = await engine.create(type, { local: {}, registry }, { preview: true });
    expect(decodeTarget(outputs.target as string)).toEqual({ kind: "local", registry });
    const whole = await engine.create(type, { local: {}, registry: unknown }, { preview: true });
    expect(decodeTarget(whole.outputs.target as string)).toEqual({ kind: "local", registry: unknown });
  });

  it.each([
    ["acme/shop", "it does not begin with the host of a registry"],
    ["registry.example/Acme", "upper-case"],
    ["registry.example/acme/", "ends with a slash"],
    ["https://registry.example/acme", "leave out the scheme"],
    ["registry.example/acme:1.0", "may only have lower-case letters"],
  ])("refuses %s as the place of a registry", async (push, why) => {
    const { failures } = await engine.check(type, { local: {}, registry: { push, pull: push } });
    expect(failures.map(({ property }) => property)).toEqual(["registry.push", "registry.pull"]);
    for (const { reason } of failures) expect(reason).toContain(why);
  });

  it("takes a host alone as the place of a registry", async () => {
    const { failures } = await engine.check(type, { local: {}, registry: { push: "localhost:5000" } });
    expect(failures).toEqual([]);
  });

  it("is exactly one place", async () => {
    const kubernetes = { runtime: "wasmtime", runtimeClassName: "wasmtime-v1" };
    const reasons = async (inputs: Properties) =>
      (await engine.check(type, inputs)).failures.map(({ property, reason }) => `${property}: ${reason}`);
    expect(await reasons({})).toEqual([
      ": name the place: give `local: {}` to run on this machine, or `kubernetes: { … }`",
    ]);
    const registry = { push: "registry.example/acme" };
    expect(await reasons({ local: {}, kubernetes, registry })).toEqual([
      ": names two places, `local` and `kubernetes`: leave one of them out, and make another EdgeTarget of it if both are needed",
    ]);
    expect(await reasons({ kubernetes, registry })).toEqual([]);
  });

  it("hands on a cluster with what is not known of it", async () => {
    const kubernetes: Properties = {
      runtime: "wasmtime",
      runtimeClassName: "wasmtime-v1",
      namespace: unknown,
    };
    const registry: Properties = { push: unknown };
    const { outputs } = await engine.create(type, { kubernetes, registry }, { preview: true });
    expect(decodeTarget(outputs.target as string)).toEqual({ kind: "kubernetes", kubernetes, registry });
    const whole = await engine.create(type, { kubernetes: unknown, registry }, { preview: true });
    expect(decodeTarget(whole.outputs.target as string)).toEqual({ kind: unknown, registry });
  });
});
