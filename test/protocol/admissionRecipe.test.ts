import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

let engine: TestEngine;
let cacheDirectory: string;
let made: { digest: string; kind: string; recipe: string };

const grant = (http: string[]) => encodeGrant(grantOf("web", { http }));

beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-admission-"));
  engine = await TestEngine.attach({ cacheDirectory });
  await engine.invoke("wasm:index:inspect", { file: guestFile("client") });
  const client = {
    artifact: { ...moduleArtifact(guestDigest("client"), "component") },
    grants: [grant(["https://api.example.com", "https://more.example.com"])],
  };
  const { outputs } = await engine.create("wasm:index:Composition", { modules: { client } });
  made = outputs.artifact as typeof made;
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

async function reasons(recipe: string): Promise<string[]> {
  const inputs: Properties = { artifact: { ...made, recipe }, target: encodeTarget({ kind: "local" }) };
  const { failures } = await engine.check("wasm:index:Admission", inputs);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

describe("a recipe that was edited by hand", () => {
  it("is admitted as it was made", async () => {
    expect(await reasons(made.recipe)).toEqual([]);
  });

  it("is refused where it says less than the bytes permit", async () => {
    const recipe = JSON.parse(made.recipe);
    recipe.access.client.grants = [grant(["https://api.example.com"])];
    expect(await reasons(JSON.stringify(recipe))).toEqual([
      expect.stringMatching(
        /^artifact: permits module client more than its recipe says: http https:\/\/more\.example\.com/,
      ),
    ]);
  });
});
