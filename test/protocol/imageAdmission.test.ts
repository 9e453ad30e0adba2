/** What an Admission hands to the Image of its App: the artifact as it is delivered. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { composerVersion } from "../../provider/artifacts/compose/index.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import type { Properties } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Admission";
const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-image-admission-"));
  engine = await TestEngine.attach({ cacheDirectory: folder });
  await engine.invoke("wasm:index:inspect", { file: guestFile("echo") });
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const module = { ...moduleArtifact(guestDigest("echo"), "component") };
const local: Properties = { artifact: module, target: encodeTarget({ kind: "local" }), run: "service" };
const registry = { push: "localhost:5000/acme" };
const quiet = encodeGrant(grantOf("quiet", { ambient: { random: false } }));
const delivered: Properties = { ...local, target: encodeTarget({ kind: "local", registry }) };

it("has nothing to hand on where the target names no registry", async () => {
  const { outputs } = await engine.create(type, local);
  expect(outputs).not.toHaveProperty("artifact");
});

it("hands on what a single Module is sealed into, in preview as in up", async () => {
  const planned = await engine.create(type, delivered, { preview: true });
  const { outputs } = await engine.create(type, delivered);
  expect(outputs).toEqual(planned.outputs);
  const { digest, recipe } = outputs.artifact as { digest: string; recipe: string };
  expect(digest).not.toBe(module.digest);
  expect(JSON.parse(recipe)).toMatchObject({ modules: { main: module.digest } });
});

it("does not know it while a grant is not known", async () => {
  const { outputs } = await engine.create(type, { ...delivered, grants: [unknown] }, { preview: true });
  expect(outputs.artifact).toBe(unknown);
});

it("changes where other bytes are to be delivered, and where a registry comes to be named", async () => {
  const state = await engine.create(type, delivered);
  expect(await engine.diff(type, state, { ...delivered, grants: [quiet] })).toMatchObject({
    changes: DIFF_SOME,
  });
  const before = await engine.create(type, local);
  expect(await engine.diff(type, before, delivered)).toMatchObject({ changes: DIFF_SOME, diffs: ["target"] });
});

it("keeps what an earlier composer has sealed: an upgrade delivers nothing anew by itself", async () => {
  const state = await engine.create(type, delivered);
  const artifact = state.outputs.artifact as { recipe: string };
  const recipe = artifact.recipe.replace(`"composer":"${composerVersion}"`, '"composer":"0.1.9"');
  expect(recipe).not.toBe(artifact.recipe);
  const earlier = { digest: `sha256:${"0".repeat(64)}`, kind: "component", recipe };
  const old = { ...state, outputs: { ...state.outputs, artifact: earlier } };
  expect(await engine.diff(type, old, delivered)).toMatchObject({ changes: DIFF_NONE });
  const { outputs } = await engine.update(type, old, { ...delivered, run: "service" });
  expect(outputs.artifact).toEqual(earlier);
  // Other grants are another artifact, and the new composer makes it.
  const other = await engine.update(type, old, {
    ...delivered,
    grants: [quiet],
    denied: ["wasi:random/random"],
  });
  expect(other.outputs.artifact).not.toEqual(earlier);
});

it("hands its own on where a state lost it", async () => {
  const state = await engine.create(type, delivered);
  const { artifact: _lost, ...outputs } = state.outputs;
  expect(await engine.diff(type, { ...state, outputs }, delivered)).toMatchObject({ diffs: ["artifact"] });
});
