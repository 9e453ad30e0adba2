/** The stack's maximum of grants: how the engine hands it over, and what an Admission says of a grant above it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import type { GrantInputs } from "../../provider/capabilities/grantFields.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import { OutputValue, type Properties, Secret, type Value } from "../../provider/values.ts";
import { detailOf, struct, TestEngine, unary } from "./harness.ts";
import { guestDigest, guestFile, modules, samples } from "./samples.ts";

const type = "wasm:index:Admission";

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-maximum-"));
  engine = await TestEngine.attach({ cacheDirectory });
  await engine.invoke("wasm:index:inspect", { file: guestFile("client") });
  for (const bytes of Object.values(modules)) await new Store({ folder: cacheDirectory }).addBytes(bytes);
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

const grant = (name: string, inputs: GrantInputs) => encodeGrant(grantOf(name, inputs));
const web = grant("web", { http: ["https://api.example.com"] });
const client = guestDigest("client");

/** As the engine has it from `pulumi config` and from the SDKs: JSON text. */
function limited(maximumGrants: unknown): Promise<unknown> {
  return engine.configure({ cacheDirectory, maximumGrants: JSON.stringify(maximumGrants) });
}

function admission(more: Properties = {}): Properties {
  const artifact = { ...moduleArtifact(client, "component") };
  return { artifact, target: encodeTarget({ kind: "local" }), grants: [web], ...more };
}

async function failures(inputs: Properties): Promise<string[]> {
  const checked = await engine.check(type, inputs);
  return checked.failures.map(({ property, reason }) => `${property}: ${reason}`);
}

describe("a grant above the maximum", () => {
  const above =
    "grants: http https://api.example.com (module main, grant web) is above the maximum: wasm:maximumGrants allows http https://*.stripe.com. Narrow the grant, or have the maximum raised.";

  it("is an error in preview", async () => {
    await limited({ http: ["https://*.stripe.com"] });
    expect(await failures(admission())).toEqual([above]);
  });

  it("is one in create, where preview could not see it", async () => {
    await limited({ http: ["https://*.stripe.com"] });
    expect(await failures(admission({ grants: [unknown] }))).toEqual([]);
    await expect(engine.create(type, admission())).rejects.toMatchObject({ details: above });
  });

  it("is none below it, nor without one", async () => {
    await limited({ http: ["https://*.example.com"] });
    expect(await failures(admission())).toEqual([]);
    await engine.configure({ cacheDirectory });
    expect(await failures(admission())).toEqual([]);
  });

  it("is named by the grant that includes it", async () => {
    await limited({});
    const { outputs } = await engine.create("wasm:index:CapabilityGrant", { extends: [web] });
    expect(await failures(admission({ grants: [outputs.grant as Value] }))).toEqual([
      expect.stringContaining("(module main, grant it) is above the maximum"),
    ]);
  });

  it("is measured by the maximum of the very module", async () => {
    await limited({ modules: { [client]: { http: ["https://api.example.com"] } } });
    expect(await failures(admission())).toEqual([]);
    await limited({ http: ["https://api.example.com"], modules: { [client]: {} } });
    expect(await failures(admission())).toEqual([
      expect.stringContaining(`modules["${client}"] allows nothing of http`),
    ]);
  });

  it("is found in each module of a composition, by that module's digest", async () => {
    const sample = samples["wasm:index:Composition"]?.[0] as Properties;
    const made = await engine.create("wasm:index:Composition", sample);
    const composed = { artifact: made.outputs.artifact as Value, target: encodeTarget({ kind: "local" }) };
    const { artifact } = (sample.modules as Record<string, Record<string, Properties>>).front as Record<
      string,
      Properties
    >;
    await limited({
      modules: { [String(artifact?.digest)]: { unlimited: ["http", "environment", "config"] } },
    });
    const found = (await failures(composed)).filter((line) => line.includes("above the maximum"));
    expect(found).toEqual([
      expect.stringMatching(/^grants: filesystem read \/data from catalog \(module front, grant web\)/),
    ]);
  });
});

describe("the setting", () => {
  async function checkConfig(news: Properties) {
    const request = new providerPb.CheckRequest();
    request.setNews(struct(news));
    const response = await unary<providerPb.CheckResponse>((reply) =>
      engine.client.checkConfig(request, reply),
    );
    return response.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]);
  }

  it.each<[string, Value]>([
    ["JSON text", JSON.stringify({ http: ["https://a.example.com"] })],
    ["an object", { http: ["https://a.example.com"] }],
    ["an output", new OutputValue('{"http":["https://a.example.com"]}', false, [])],
    ["not known yet", unknown],
  ])("can be %s", async (_what, maximumGrants) => {
    expect(await checkConfig({ maximumGrants, version: "0.1.0" })).toEqual([]);
    await engine.configure({ cacheDirectory, maximumGrants });
  });

  it.each<[string, Value, [property: string, reason: string]]>([
    ["no JSON", "{", ["maximumGrants", "expected an object, got a string"]],
    ["a list", "[]", ["maximumGrants", "expected an object, got a list"]],
    ["a bad entry", '{"http":["a.com"]}', ["maximumGrants.http[0]", "has no scheme; write https://a.com"]],
    ["a secret", new Secret('{"http":[]}'), ["maximumGrants (secret)", "is secret, but errors quote it; set it without --secret"]],
    ["a secret within the text", '{"http":[{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","value":"https://a.com"}]}', ["maximumGrants", "is secret, but errors quote it; set it without --secret"]],
  ])("is refused when it is %s", async (_what, maximumGrants, failure) => {
    expect(await checkConfig({ maximumGrants })).toEqual([failure]);
    const error = await engine.configure({ maximumGrants }).catch((refused: ServiceError) => refused);
    const [path] = failure[0].split(" ");
    expect(detailOf(error as ServiceError).inputErrors).toEqual([{ path, reason: failure[1] }]);
  }); // biome-ignore format: a table

  it("is not quoted where it is secret and wrong", async () => {
    const found = await checkConfig({ maximumGrants: new Secret('{"http":["https://hidden7/gopher9"]}') });
    expect(found.map(([property]) => property)).toEqual([
      "maximumGrants (secret)",
      "maximumGrants.http[0] (secret)",
    ]);
    expect(JSON.stringify(found)).not.toMatch(/hidden7|gopher9/);
  });
});
