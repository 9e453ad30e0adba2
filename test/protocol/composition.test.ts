import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { composerVersion, parseCompositionRecipe } from "../../provider/artifacts/compose/index.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { encodeGrant, type Grant, grantOf } from "../../provider/capabilities/grant.ts";
import { unknown } from "../../provider/schema/fields.ts";
import type { Properties, Value } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile, modules, samples } from "./samples.ts";

const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
const type = "wasm:index:Composition";
const sample = samples[type]?.[0] as { modules: Record<string, Properties> } & Properties;
const grant = (inputs: object): string => encodeGrant(grantOf("access", inputs) as Grant);
const client = { artifact: { ...moduleArtifact(guestDigest("client"), "component") } };

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-composition-"));
  engine = await TestEngine.attach({ cacheDirectory });
  const store = new Store({ folder: cacheDirectory });
  for (const bytes of Object.values(modules)) await store.addBytes(bytes);
  await store.addFile(guestFile("client"));
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

const problems = async (inputs: Properties) => (await engine.check(type, inputs)).failures;

describe(type, () => {
  it("names imports that no grant covers at the module's grants, with the line to paste", async () => {
    expect(await problems({ modules: { client } })).toEqual([
      {
        property: "modules.client.grants",
        reason:
          'module client imports wasi:http/outgoing-handler@0.2.4, and no grant covers it. Grant what it may reach, for example http: ["https://api.example.com"] or calls: ["app"]. Or deny: denied: ["wasi:http/outgoing-handler"]',
      },
    ]);
    expect(
      await problems({ modules: { client: { ...client, denied: ["wasi:http/outgoing-handler"] } } }),
    ).toEqual([]);
  });

  it("does not deny what another module serves", async () => {
    const { front, auth } = sample.modules as { front: Properties; auth: Properties };
    const denied = ["acme:auth/check"];
    expect(await problems({ ...sample, modules: { front: { ...front, denied }, auth } })).toEqual([
      {
        property: "modules.front.denied[0]",
        reason:
          "names acme:auth/check@1.2.0, which module auth serves: only what the host serves can be denied. Remove it, or the link.",
      },
    ]);
  });

  it("seals what it composes", async () => {
    const grants = [grant({ http: ["https://api.example"] })];
    const { outputs } = await engine.create(type, { modules: { client: { ...client, grants } } });
    const { recipe } = outputs.artifact as { recipe: string };
    expect(parseCompositionRecipe(recipe)?.seal?.client).toMatchObject({
      guards: { http: ["wasi:http/outgoing-handler@0.2.4"] },
      denied: ["wasi:cli/environment@0.2.6"],
    });
    expect(outputs.imports).not.toContain("wasi:cli/environment@0.2.6");
  });

  it("moves its digest with what is granted, and with nothing else of a grant", async () => {
    const digest = async (name: string, origin: string): Promise<Value | undefined> => {
      const grants = [encodeGrant(grantOf(name, { http: [origin] }))];
      const { outputs } = await engine.create(type, { modules: { client: { ...client, grants } } });
      return outputs.digest;
    };
    const first = await digest("first", "https://api.example");
    expect(await digest("renamed", "https://api.example")).toBe(first);
    expect(await digest("first", "https://other.example")).not.toBe(first);
  });

  it.each([
    ["calls", { calls: ["auth"] }, DIFF_SOME],
    ["anything else", { http: ["https://api.example"] }, DIFF_NONE],
  ])(
    "made by composer 0.2, which opened no calls, is made anew where a grant names %s",
    async (_name, granted, changes) => {
      const inputs = { modules: { client: { ...client, grants: [grant(granted)] } } };
      const { id, outputs, inputs: checked } = await engine.create(type, inputs);
      const artifact = outputs.artifact as Properties & { recipe: string };
      const recipe = artifact.recipe.replace(`"${composerVersion}"`, '"0.2.0"');
      const recorded = { id, inputs: checked, outputs: { ...outputs, artifact: { ...artifact, recipe } } };
      expect((await engine.diff(type, recorded, inputs)).changes).toBe(changes);
    },
  );

  it("checks the wiring while a grant is not known, and knows nothing of the bytes", async () => {
    const { front, auth } = sample.modules as { front: Properties; auth: Properties };
    const partly = grant({ http: [unknown] });
    const values: Value[] = [unknown, [unknown], [partly]];
    for (const grants of values) {
      const asking: Properties = { ...front, grants, denied: [] };
      const inputs: Properties = { modules: { front: asking, auth: auth as Value } };
      expect(await problems(inputs)).toEqual([]);
      const { outputs } = await engine.create(type, inputs, { preview: true });
      expect([outputs.artifact, outputs.digest, outputs.imports]).toEqual([unknown, unknown, unknown]);
      expect(await problems({ modules: { front: asking }, links: sample.links as Value })).toMatchObject([
        { property: "links[0].to", reason: expect.stringContaining("There is no module `auth`") },
      ]);
    }
  });
});
