import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeGrant } from "../../provider/capabilities/grant.ts";
import { ambients, families } from "../../provider/capabilities/vocabulary.ts";
import { unknown } from "../../provider/schema/fields.ts";
import type { Properties } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { samples } from "./samples.ts";

const type = "wasm:index:CapabilityGrant";
const { ADD, UPDATE, DELETE } = providerPb.PropertyDiff.Kind;

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.attach();
});
afterAll(() => engine.close());

describe(type, () => {
  it("takes every family, and hands it on under its own name", async () => {
    const { outputs } = await engine.create(type, samples[type]?.[0] ?? {});
    const grant = decodeGrant(outputs.grant as string);
    expect(grant?.name).toBe("it");
    expect(grant?.rules).toMatchObject({
      http: [
        { scheme: "http", host: "localhost", port: 8080 },
        { scheme: "https", host: "api.example.com", port: 443 },
      ],
      filesystem: [{ path: "/data", access: "read", volume: "catalog" }],
      interfaces: ["acme:ai/model@1.2.0"],
    });
  });

  it("gives the same string for the same permissions, however they are written", async () => {
    const one = await engine.create(type, { http: ["https://API.example.com.", "https://b.example.com"] });
    const two = await engine.create(type, { http: ["https://b.example.com:443", "https://api.example.com"] });
    expect(one.outputs.grant).toBe(two.outputs.grant);
  });

  it("is a known string in preview although an entry is not known, and says which family is open", async () => {
    const inputs: Properties = { http: ["https://api.example.com", unknown], environment: ["KEY"] };
    const { outputs } = await engine.create(type, inputs, { preview: true });
    expect(decodeGrant(outputs.grant as string)).toMatchObject({
      unknown: ["http"],
      rules: { http: [{ host: "api.example.com" }], environment: ["KEY"] },
    });
  });

  it("differs entry by entry", async () => {
    const state = await engine.create(type, { http: ["https://a.example.com"], environment: ["A", "B"] });
    const news = { http: ["https://a.example.com", "https://b.example.com"], environment: ["C"] };
    const { detailed, diffs, replaces } = await engine.diff(type, state, news);
    expect(detailed).toEqual({
      "http[1]": { kind: ADD, inputdiff: true },
      "environment[0]": { kind: UPDATE, inputdiff: true },
      "environment[1]": { kind: DELETE, inputdiff: true },
    });
    expect([...diffs].sort()).toEqual(["environment", "http"]);
    expect(replaces).toEqual([]);
  });

  describe("that extends others", () => {
    const made = async (inputs: Properties) => (await engine.create(type, inputs)).outputs.grant as string;
    const preview = async (inputs: Properties) => {
      expect((await engine.check(type, inputs)).failures).toEqual([]);
      const { outputs } = await engine.create(type, inputs, { preview: true });
      return decodeGrant(outputs.grant as string);
    };

    it("permits what any of them does, through several of them too, under its own name", async () => {
      const first = await made({ http: ["https://*.example.com"], environment: ["A"] });
      const second = await made({ extends: [first], environment: ["B"] });
      const whole = await preview({ extends: [second], http: ["https://a.example.com", "https://b.test"] });
      expect(whole?.name).toBe("it");
      expect(whole?.unknown).toEqual([]);
      expect(whole?.rules).toMatchObject({
        http: [{ host: "*.example.com" }, { host: "b.test" }],
        environment: ["A", "B"],
      });
    });

    it("is the same string as a grant that says it all itself", async () => {
      const base = await made({ http: ["https://a.example.com"], ambient: { clocks: false } });
      expect(await made({ extends: [base], http: ["https://b.example.com"] })).toBe(
        await made({ http: ["https://a.example.com", "https://b.example.com"], ambient: { clocks: false } }),
      );
    });

    it.each<[own: Properties, base: Properties, clocks: boolean | undefined]>([
      [{}, {}, undefined],
      [{}, { clocks: false }, false],
      [{ clocks: false }, {}, false],
      [{ clocks: true }, { clocks: false }, true],
      [{ clocks: false }, { clocks: true }, true],
    ])("of ambient says %j with %j: clocks are %s", async (own, base, clocks) => {
      const whole = await preview({ ambient: own, extends: [await made({ ambient: base })] });
      expect(whole?.ambient.clocks).toBe(clocks);
      expect(whole?.rules.ambient.clocks).toBe(clocks ?? true);
    });

    it("keeps what is known in preview, and says what is not", async () => {
      const partly = await engine.create(
        type,
        { http: [unknown], environment: ["A"], ambient: { clocks: unknown } },
        { preview: true },
      );
      const inputs: Properties = { extends: [partly.outputs.grant as string], config: ["c", unknown] };
      const whole = await preview(inputs);
      expect(whole?.unknown.sort()).toEqual(["clocks", "config", "http"]);
      expect(whole?.rules).toMatchObject({ environment: ["A"], config: ["c"] });
    });

    it.each<[string, Properties]>([
      ["one of them", { extends: [unknown] }],
      ["the list of them", { extends: unknown }],
    ])("could permit anything while %s is not known", async (_what, inputs) => {
      const whole = await preview({ environment: ["A"], ...inputs });
      expect(whole?.rules.environment).toEqual(["A"]);
      expect(whole?.unknown).toEqual([...families, ...ambients]);
    });
  });

  it("cannot be imported, for nothing of it exists outside the program", async () => {
    await expect(engine.read(type, { id: "stripe" })).rejects.toMatchObject({
      details: "A CapabilityGrant exists in the program only, so there is nothing to import: declare it.",
    });
  });
});
