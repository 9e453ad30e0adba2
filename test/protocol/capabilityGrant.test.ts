import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeGrant } from "../../provider/capabilities/grant.ts";
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

  it("cannot be imported, for nothing of it exists outside the program", async () => {
    await expect(engine.read(type, { id: "stripe" })).rejects.toMatchObject({
      details: "A CapabilityGrant exists in the program only, so there is nothing to import: declare it.",
    });
  });
});
